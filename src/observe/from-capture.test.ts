/** Frames → drafts: who is the client, how a connection ended, what answered; through the whole collector. */

import { describe, expect, test } from "vitest";
import {
  appleProcess,
  concat,
  enhancedPacket,
  interfaceDescription,
  ints,
  memorySource,
  option,
  payload,
  secretsBlock,
  sectionHeader,
} from "../../test/support/capture-writer.ts";
import { ecKeys, makeCertificate } from "../../test/support/certificates.ts";
import { pktap, wifi } from "../../test/support/links.ts";
import {
  ACK,
  CLIENT,
  Conversation,
  ethernet,
  ICMP,
  icmp,
  ip,
  ipv4,
  type Peer,
  pcapOf,
  RST,
  SERVER,
  SYN,
  tcp,
  tcpFrame,
  text,
  UDP,
  udp,
  udpFrame,
} from "../../test/support/packets.ts";
import {
  APPLICATION_DATA,
  alert,
  bareStun,
  CERTIFICATE_REQUEST,
  CERTIFICATE_VERIFY,
  CHANGE_CIPHER_SPEC,
  CLIENT_KEY_EXCHANGE,
  certificate,
  clientHello,
  FINISH,
  flight,
  MS_TURN_ANSWER,
  MS_TURN_HELLO,
  message,
  msTurnFrame,
  newSessionTicket,
  SERVER_HELLO_DONE,
  SERVER_KEY_EXCHANGE,
  SSLTCP_ANSWER,
  SSLTCP_HELLO,
  serverFlight,
  serverHello,
} from "../../test/support/tls-messages.ts";
import { handshake } from "../../test/support/traffic.ts";
import { CaptureSet } from "../capture/set.ts";
import type { Draft } from "./draft.ts";
import { type Collected, collect } from "./from-capture.ts";
import { Keeper } from "./keeper.ts";

const keys = ecKeys();
const LEAF = makeCertificate({ subject: "server", issuer: "ca", signer: keys });
const ISSUER = makeCertificate({ subject: "ca", issuer: "ca", signer: keys });
const USER = makeCertificate({ subject: "user", issuer: "company", signer: keys });

async function collectAll(files: readonly Uint8Array[], keep = 1000): Promise<Collected> {
  const set = await CaptureSet.open(files.map((bytes, i) => memorySource(bytes, { name: `${i}.pcap` })));
  try {
    return await collect(set, new Keeper(keep), { progress: () => false });
  } finally {
    set.close();
  }
}

const read = async (frames: readonly Uint8Array[], options?: Parameters<typeof pcapOf>[1]): Promise<Draft[]> => [
  ...(await collectAll([pcapOf(frames, options)])).drafts,
];

async function only(frames: readonly Uint8Array[], options?: Parameters<typeof pcapOf>[1]): Promise<Draft> {
  const drafts = await read(frames, options);
  expect(drafts.length).toBe(1);
  return drafts[0] as Draft;
}

const opened = () => new Conversation().open();
const NAME = "www.example.com";
const HELLO = flight(clientHello({ name: NAME }));
const SERVER_FLIGHT = serverFlight(LEAF, ISSUER);

/** A whole TLS 1.2 handshake and some data. */
const session = () =>
  handshake(opened(), NAME, [LEAF, ISSUER], 500).say("client", APPLICATION_DATA).say("server", APPLICATION_DATA);

describe("a handshake", () => {
  test("with its messages, certificates and frames", async () => {
    const draft = await only(session().fin("client").fin("server").ack("client").frames);
    expect(draft).toMatchObject({
      id: "tcp/0",
      protocol: "tls",
      client: CLIENT,
      server: SERVER,
      outcome: "closed",
      timing: { tcpRtt: 0.001, hello: 0.001 },
    });
    const of = (name: string) => draft.handshake.find(({ message }) => message === name);
    expect(of("ClientHello")).toMatchObject({ from: "client", frame: 4, record: 1, incomplete: false });
    expect(of("ServerHello")).toMatchObject({ from: "server", frame: 6, frames: [5], record: 1 });
    const last = 4 + Math.ceil(SERVER_FLIGHT.length / 500);
    expect(of("ServerHelloDone")?.frame).toBe(last);
    expect(draft.tls?.certificates.map(({ pooled }) => pooled.certificate?.subject.text)).toEqual([
      "CN=server",
      "CN=ca",
    ]);
    expect(draft.tls).toMatchObject({
      version: 0x0303,
      resumed: false,
      certificateUnreadable: false,
      certificateRequested: false,
      applicationData: { client: true, server: true },
    });
    expect(draft.frames).toEqual({
      first: 1,
      last: 4 + Math.ceil(SERVER_FLIGHT.length / 500) + 7,
      count: draft.frames.last,
    });
  });

  test("with one frame of the certificate missing: seen, not readable, and no resumption", async () => {
    const { frames } = session();
    const draft = await only(frames.filter((_, i) => i !== 5));
    expect(draft.tls).toMatchObject({ certificates: [], certificateUnreadable: true, resumed: false });
    expect(draft.tcp?.server.missing).toBe(SERVER_FLIGHT.length - 500);
  });

  test("with everything from the certificate on missing: nothing is said of resumption", async () => {
    const conversation = opened().say("client", HELLO).say("server", flight(serverHello()));
    conversation.skip("server", 900).say("server", FINISH);
    const draft = await only(conversation.frames);
    expect(draft.tls).toMatchObject({ certificateUnreadable: false });
    expect(draft.tls).not.toHaveProperty("resumed");
  });

  test("without a certificate, anonymous or with a pre-shared key: nothing is resumed", async () => {
    for (const messages of [[SERVER_KEY_EXCHANGE, SERVER_HELLO_DONE], [SERVER_HELLO_DONE]]) {
      const conversation = opened()
        .say("client", HELLO)
        .say("server", flight(serverHello(), ...messages));
      conversation.say("client", concat(flight(CLIENT_KEY_EXCHANGE), FINISH)).say("server", FINISH);
      expect((await only(conversation.frames)).tls).toMatchObject({ resumed: false, certificates: [] });
    }
  });

  test("that stalls, is reset, ends with an alert", async () => {
    expect((await only(opened().say("client", HELLO).frames)).outcome).toBe("stalled");
    expect((await only(opened().say("client", HELLO).reset("server").frames)).outcome).toBe("reset");
    const alerted = await only(opened().say("client", HELLO).say("server", alert(2, 40)).fin("server").frames);
    expect(alerted).toMatchObject({ outcome: "alert" });
    expect(alerted.tls?.alerts).toMatchObject([
      { from: "server", level: "fatal", code: 40, description: "handshake_failure", frame: 5 },
    ]);
    const polite = await only(opened().say("client", HELLO).say("server", alert(1, 0)).fin("server").frames);
    expect(polite.outcome).toBe("closed");
  });
});

describe("resumption", () => {
  test("by session id: what the server gave out is what the client offers", async () => {
    const id = payload(32, 0xa0);
    const first = opened().say("client", HELLO);
    first.say("server", flight(serverHello({ session: id }), certificate(LEAF), SERVER_HELLO_DONE));
    const second = new Conversation({ client: { ...CLIENT, port: 50_001 } }).open();
    second.say("client", flight(clientHello({ session: id })));
    second.say("server", concat(flight(serverHello({ session: id })), FINISH));
    const [one, two] = await read([...first.frames, ...second.frames]);
    expect(one?.tls?.resumed).toBe(false);
    expect(two?.tls?.resumed).toBe(true);
    expect(two?.tls?.offeredSessions).toEqual(one?.tls?.issuedSessions);
  });

  test("by ticket", async () => {
    const ticket = payload(180, 3);
    const first = opened().say("client", HELLO).say("server", SERVER_FLIGHT);
    first.say("server", concat(flight(newSessionTicket(ticket)), CHANGE_CIPHER_SPEC));
    const second = new Conversation({ client: { ...CLIENT, port: 50_001 } }).open();
    second.say("client", flight(clientHello({ ticket })));
    const [one, two] = await read([...first.frames, ...second.frames]);
    expect(one?.tls?.issuedSessions).toEqual(two?.tls?.offeredSessions);
    expect(one?.tls?.issuedSessions.length).toBe(1);
  });

  test("by pre-shared key in TLS 1.3", async () => {
    const psk = payload(100, 7);
    const with13 = (accepted: boolean) =>
      only(
        opened()
          .say("client", flight(clientHello({ psk })))
          .say("server", flight(serverHello({ tls13: true, psk: accepted }))).frames,
      );
    expect((await with13(true)).tls).toMatchObject({ version: 0x0304, resumed: true });
    expect((await with13(false)).tls).toMatchObject({ version: 0x0304, resumed: false });
    expect((await with13(true)).tls?.offeredSessions.length).toBe(1);
  });
});

describe("who is the client", () => {
  // The client's port is the lower one: whoever goes by ports is wrong.
  const low: Peer = { ip: CLIENT.ip, port: 300 };
  const high: Peer = { ip: SERVER.ip, port: 8443 };
  const talk = () => new Conversation({ client: low, server: high });

  test("who sent the SYN", async () => {
    expect((await only(talk().open().frames)).client).toEqual(low);
  });

  test("who did not send the SYN-ACK", async () => {
    expect((await only(talk().open().frames.slice(1))).client).toEqual(low);
  });

  test("who sent the ClientHello", async () => {
    const { frames } = talk().open().say("client", HELLO).ack("server");
    expect((await only(frames.slice(3))).client).toEqual(low);
    expect((await only([...frames.slice(4), ...frames.slice(3, 4)])).client).toEqual(low);
  });

  test("who did not send the ServerHello, or sent the ClientKeyExchange, or the CertificateVerify", async () => {
    const hello = talk().open().say("client", HELLO).say("server", SERVER_FLIGHT);
    expect((await only(hello.frames.slice(4))).client).toEqual(low);
    for (const message of [CLIENT_KEY_EXCHANGE, CERTIFICATE_VERIFY]) {
      const late = talk().open().say("client", flight(message));
      expect((await only(late.frames.slice(3))).client).toEqual(low);
    }
  });

  test("who sent the first ClientHello, when both do", async () => {
    const { frames } = talk().open().say("client", HELLO).say("server", HELLO);
    expect((await only(frames.slice(3))).client).toEqual(low);
  });

  test("else the higher port", async () => {
    const [first, second] = [tcpFrame(SERVER, CLIENT, text("a")), tcpFrame(CLIENT, SERVER, text("b"))];
    for (const frames of [[first], [second], [first, second]]) {
      expect((await only(frames)).client).toEqual(CLIENT);
    }
  });
});

describe("a client's certificate is never taken for the server's", () => {
  // A record each: only so can a message be read whose beginning on the connection is not in the capture.
  const CLIENT_FLIGHT = concat(flight(certificate(USER)), flight(CLIENT_KEY_EXCHANGE), flight(CERTIFICATE_VERIFY));
  const mutual = (peers: { client?: Peer; server?: Peer } = {}) =>
    new Conversation(peers)
      .open()
      .say("client", HELLO)
      .say("server", flight(serverHello(), certificate(LEAF), CERTIFICATE_REQUEST, SERVER_HELLO_DONE))
      .say("client", CLIENT_FLIGHT);
  const subjects = ({ tls }: Draft) => tls?.certificates.map(({ pooled }) => pooled.certificate?.subject.text);

  test("both are there", async () => {
    const draft = await only(mutual().frames);
    expect(subjects(draft)).toEqual(["CN=server"]);
    expect(draft.tls).toMatchObject({ clientCertificates: 1, certificateRequested: true });
  });

  test("the server's flight is not in the capture", async () => {
    const draft = await only(mutual().frames.filter((_, i) => i !== 4));
    expect(subjects(draft)).toEqual([]);
    expect(draft.tls).toMatchObject({ clientCertificates: 1, certificateUnreadable: false });
  });

  test("the client's flight is stored before the server's", async () => {
    const { frames } = mutual();
    const draft = await only([...frames.slice(0, 4), ...frames.slice(5), ...frames.slice(4, 5)]);
    expect(subjects(draft)).toEqual(["CN=server"]);
    expect(draft.tls?.clientCertificates).toBe(1);
  });

  test.each([
    ["ports as usual", {}],
    ["ports the other way round", { client: { ip: CLIENT.ip, port: 300 }, server: { ip: SERVER.ip, port: 8443 } }],
  ])("nothing but the client's flight is in the capture, %s", async (_, peers) => {
    const draft = await only(mutual(peers).frames.slice(5));
    expect(subjects(draft)).toEqual([]);
    expect(draft.tls?.clientCertificates).toBe(1);
  });

  test("both before it is clear who is who, the client's first", async () => {
    const peers = { client: { ip: CLIENT.ip, port: 300 }, server: { ip: SERVER.ip, port: 8443 } };
    const answer = new Conversation(peers).skip("server", 1).say("server", flight(certificate(LEAF))).frames;
    const draft = await only([...mutual(peers).frames.slice(5), ...answer]);
    expect(draft.client.port).toBe(300);
    expect(subjects(draft)).toEqual(["CN=server"]);
  });

  test("an empty one, as a client without a certificate sends", async () => {
    const conversation = opened().say("client", HELLO);
    conversation.say("server", flight(serverHello(), certificate(LEAF), CERTIFICATE_REQUEST, SERVER_HELLO_DONE));
    const draft = await only(conversation.say("client", flight(certificate(), CLIENT_KEY_EXCHANGE)).frames);
    expect(draft.tls?.clientCertificates).toBe(0);
    expect(subjects(draft)).toEqual(["CN=server"]);
  });
});

describe("outcomes without a handshake", () => {
  const sent = (flags: number, from: Peer, to: Peer, sequence = 1000, acknowledgement = 0) =>
    tcpFrame(from, to, new Uint8Array(0), { flags, sequence, acknowledgement });
  const syn = sent(SYN, CLIENT, SERVER);

  test.each([
    ["SYNs alone", [syn, syn, syn], "unanswered"],
    ["a SYN and a RST of the server", [syn, sent(RST | ACK, SERVER, CLIENT, 0, 1001)], "refused"],
    ["SYNs, then the client gives up with a RST", [syn, syn, sent(RST, CLIENT, SERVER, 1001)], "unanswered"],
    ["a whole connection without data", opened().frames, "open"],
    ["closed by one side", opened().fin("client").frames, "closed"],
    ["closed by both, then a late RST", opened().fin("client").fin("server").reset("client").frames, "closed"],
    ["reset", opened().say("client", text("hi")).reset("server").frames, "reset"],
    [
      "only the client's side of a connection with data",
      opened()
        .say("client", text("hi"))
        .frames.filter((_, i) => i !== 1),
      "open",
    ],
  ] as const)("%s", async (_, frames, outcome) => {
    expect((await only(frames)).outcome).toBe(outcome);
  });

  describe("the first full-size segment that nobody acknowledges", () => {
    const data = (length: number) => new Uint8Array(length).fill(0x41);
    const talk = opened().say("client", data(500)).ack("server");
    const heard = talk.frames.at(-1) as Uint8Array;
    const [large, tail] = talk.say("client", data(1448)).say("client", data(700)).frames.slice(-2) as [
      Uint8Array,
      Uint8Array,
    ];
    const stuck = async (frames: readonly Uint8Array[]) =>
      (await only([...talk.frames, ...frames], { every: 500_000 })).tcp?.client.stuck;

    test("with its size, how often it was sent again, and whether the other side spoke meanwhile", async () => {
      expect(await stuck([heard, large, large])).toEqual({ frame: 6, size: 1448, repeats: 2, at: 2.5, heard: 1 });
      expect(await stuck([large])).toMatchObject({ repeats: 1, heard: 0 });
    });

    test("where a larger one followed", async () => {
      const [larger] = new Conversation({ clientStart: 1001 + 500 + 1448 + 700 }).say("client", data(1460)).frames;
      expect(await stuck([larger as Uint8Array, large, large])).toMatchObject({ size: 1448, repeats: 2 });
    });

    test("none where it was acknowledged, was not sent again, or what is sent again lies behind it", async () => {
      const whole = new Conversation({ clientStart: 1001 + 2648, serverStart: 5001 }).ack("server")
        .frames[0] as Uint8Array;
      expect(await stuck([heard, large, large, whole])).toBeUndefined();
      expect(await stuck([heard])).toBeUndefined();
      expect(await stuck([large, tail])).toBeUndefined();
    });
  });

  const unreachable = (quoted: Uint8Array, code = 13, type = 3) =>
    ethernet(ipv4(icmp(type, code, quoted), { protocol: ICMP, from: "198.51.100.1", to: CLIENT.ip }));
  const quote = ipv4(tcp(CLIENT.port, SERVER.port, new Uint8Array(0), { sequence: 1000, flags: SYN }));

  test("an ICMP error is counted with the connection it quotes", async () => {
    const draft = await only([syn, unreachable(quote)]);
    expect(draft).toMatchObject({ outcome: "refused", frames: { first: 1, last: 2, count: 2 } });
    expect(draft.unreachable).toEqual({ frame: 2, type: 3, code: 13, from: "198.51.100.1" });
  });

  test("an ICMP error that quotes no more than 8 bytes (RFC 792) is about the connection, though no frame of it", async () => {
    const draft = await only([syn, unreachable(quote.subarray(0, 28))]);
    expect(draft).toMatchObject({ outcome: "refused", frames: { first: 1, last: 1, count: 1 } });
    expect(draft.unreachable?.frame).toBe(2);
  });

  test("time exceeded refuses a SYN, a wish for smaller packets does not, nor does an error about the server's", async () => {
    expect((await only([syn, unreachable(quote, 0, 11)])).outcome).toBe("refused");
    expect((await only([syn, syn, unreachable(quote, 4)])).outcome).toBe("unanswered");
    const answer = ipv4(tcp(SERVER.port, CLIENT.port, new Uint8Array(0), { flags: SYN | ACK }), {
      from: SERVER.ip,
      to: CLIENT.ip,
    });
    const draft = await only([syn, syn, unreachable(answer), unreachable(quote, 1)]);
    expect(draft).toMatchObject({ outcome: "refused", unreachable: { frame: 4, code: 1 } });
  });

  test("an ICMP error about a connection that is not there begins one as in Wireshark, with 8 bytes of it none", async () => {
    expect((await read([unreachable(quote)])).length).toBe(1);
    expect(await read([unreachable(quote.subarray(0, 28))])).toEqual([]);
  });

  test("UDP: answered, unanswered, port unreachable", async () => {
    const [ask, again] = [1, 2].map((id) =>
      ethernet(ipv4(udp(CLIENT.port, 3478, bareStun(1)), { protocol: UDP, id })),
    ) as [Uint8Array, Uint8Array];
    const answer = udpFrame({ ...SERVER, port: 3478 }, CLIENT, bareStun(0x101));
    expect(await only([ask, again])).toMatchObject({
      id: "udp/0",
      protocol: "stun",
      outcome: "unanswered",
      bytes: { fromClient: 40 },
    });
    expect(await only([ask, answer])).toMatchObject({ outcome: "open", stun: { responses: 1 } });
    const quoted = ipv4(udp(CLIENT.port, 3478, bareStun(1)), { protocol: UDP });
    const refused = await only([ask, unreachable(quoted, 3)]);
    expect(refused.frames.count).toBe(2);
    expect(refused.unreachable).toEqual({ frame: 2, type: 3, code: 3, from: "198.51.100.1" });
  });
});

describe("pseudo-TLS", () => {
  const asked = (hello = MS_TURN_HELLO) => opened().say("client", hello);
  const answerOf = async (frames: readonly Uint8Array[], options?: Parameters<typeof pcapOf>[1]) =>
    (await only(frames, options)).pseudoTls;

  test("the documented answer, then TURN", async () => {
    const { frames } = asked()
      .say("server", MS_TURN_ANSWER)
      .say("client", msTurnFrame())
      .say("server", msTurnFrame(0x0113));
    const draft = await only(frames);
    expect(draft.protocol).toBe("pseudo-tls");
    expect(draft.pseudoTls).toEqual({
      dialect: "ms-turn",
      helloFrame: 4,
      answer: "documented",
      answerFrame: 5,
      framedTurn: { client: 6, server: 7 },
    });
  });

  test("ssltcp", async () => {
    const { frames } = asked(SSLTCP_HELLO)
      .say("server", SSLTCP_ANSWER)
      .say("client", bareStun(1))
      .say("server", bareStun(0x101));
    const draft = await only(frames);
    expect(draft.protocol).toBe("ssltcp");
    expect(draft.pseudoTls).toMatchObject({
      dialect: "ssltcp",
      answer: "documented",
      framedTurn: { client: 6, server: 7 },
    });
  });

  test("hello, answer and TURN in pieces of one byte, and all in one segment", async () => {
    const stream = (size: number) =>
      opened()
        .say("client", concat(MS_TURN_HELLO, msTurnFrame()), size)
        .say("server", concat(MS_TURN_ANSWER, msTurnFrame(0x0113)), size).frames;
    for (const size of [1, 7, 1000]) {
      const seen = await answerOf(stream(size));
      expect(seen, `${size}`).toMatchObject({ answer: "documented" });
      expect(seen?.framedTurn.client, `${size}`).toBeGreaterThan(3);
      expect(seen?.framedTurn.server, `${size}`).toBeGreaterThan(3);
    }
  });

  test("the answer stored before the hello", async () => {
    const { frames } = asked()
      .say("server", MS_TURN_ANSWER)
      .say("client", msTurnFrame())
      .say("server", msTurnFrame(0x0113));
    const order = (...indices: number[]) => indices.map((i) => frames[i] as Uint8Array);
    expect(await answerOf(order(0, 1, 2, 4, 3, 5, 6))).toMatchObject({
      answer: "documented",
      helloFrame: 5,
      answerFrame: 4,
      framedTurn: { client: 6, server: 7 },
    });
    // And what followed it, too.
    expect(await answerOf(order(0, 1, 2, 4, 6, 3, 5))).toMatchObject({
      answer: "documented",
      framedTurn: { client: 7, server: 4 },
    });
  });

  test.each([
    ["a Certificate", "certificate", SERVER_FLIGHT],
    ["a ServerHello alone", "server-hello", flight(serverHello(), SERVER_HELLO_DONE)],
    ["an alert", "alert", alert(2, 40)],
    ["something else", "other-bytes", text("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ] as const)("%s", async (_, answer, bytes) => {
    expect(await answerOf(asked().say("server", bytes).frames)).toMatchObject({ answer, answerFrame: 5 });
  });

  test("a reset, a FIN", async () => {
    expect(await answerOf(asked().reset("server").frames)).toMatchObject({ answer: "reset", answerFrame: 5 });
    expect(await answerOf(asked().fin("server").frames)).toMatchObject({ answer: "fin", answerFrame: 5 });
  });

  test("silence is called so when the client gave up, or three seconds went by", async () => {
    expect(await answerOf(asked().ack("server").fin("client").frames)).toMatchObject({ answer: "silence" });
    expect(await answerOf(asked().ack("server").reset("client").frames)).toMatchObject({ answer: "silence" });
    // Five frames; the hello is the fourth.
    expect(await answerOf(asked().ack("server").frames, { every: 3_000_000 })).toMatchObject({ answer: "silence" });
    expect(await answerOf(asked().ack("server").frames, { every: 2_900_000 })).toMatchObject({
      answer: "not-captured",
    });
  });

  test("a Certificate counts only where the server's stream was seen from its start", async () => {
    const { frames } = asked().say("server", SERVER_FLIGHT);
    expect(await answerOf(frames.filter((_, i) => i !== 1))).toMatchObject({ answer: "not-captured" });
  });

  describe("an answer that is not in the capture is never called anything else", () => {
    const dialogue = asked()
      .say("server", MS_TURN_ANSWER, 50)
      .say("client", msTurnFrame())
      .say("server", msTurnFrame(0x0113))
      .ack("client")
      .fin("server")
      .fin("client")
      .ack("server").frames;

    test.each(Array.from({ length: 1 << (dialogue.length - 4) }, (_, mask) => [mask]))(
      "of the frames after the hello, those of mask %i are lost",
      async (mask) => {
        const kept = dialogue.filter((_, i) => i < 4 || ((mask >> (i - 4)) & 1) === 0);
        expect(["documented", "not-captured"]).toContain((await answerOf(kept))?.answer);
      },
    );

    test("cut off after any frame", async () => {
      for (let end = 4; end <= dialogue.length; end++) {
        expect(["documented", "not-captured"], `${end}`).toContain((await answerOf(dialogue.slice(0, end)))?.answer);
      }
    });

    test("cut by any snapshot length that leaves the hello", async () => {
      for (let snap = 54 + MS_TURN_HELLO.length; snap < 200; snap += 3) {
        expect(["documented", "not-captured"], `${snap}`).toContain((await answerOf(dialogue, { snap }))?.answer);
      }
    });

    test("only one direction", async () => {
      const client = dialogue.filter((bytes) => bytes[14 + 12] === 10);
      expect(await answerOf(client)).toMatchObject({ answer: "not-captured" });
    });
  });
});

describe("frames", () => {
  test("a fragmented datagram is one packet, of the frame that completes it", async () => {
    const whole = udp(CLIENT.port, 3478, bareStun(1));
    const piece = (from: number, to: number) =>
      ethernet(ipv4(whole.subarray(from, to), { protocol: UDP, offset: from, more: to < whole.length }));
    const draft = await only([piece(8, 16), piece(0, 8), piece(16, whole.length)]);
    expect(draft).toMatchObject({ protocol: "stun", frames: { first: 3, count: 1 }, bytes: { fromClient: 20 } });
  });

  test("of a datagram that the snapshot length cut, the first piece tells whose it is", async () => {
    const whole = udp(CLIENT.port, 3478, payload(1000));
    const first = ethernet(ipv4(whole.subarray(0, 800), { protocol: UDP, offset: 0, more: true }));
    expect(await only([first], { snap: 96 })).toMatchObject({ id: "udp/0", frames: { count: 1 } });
  });

  test("a bogus TCP header counts as a frame of its stream and nothing more", async () => {
    const bad = tcpFrame(CLIENT, SERVER, text("hello"), { words: 3 });
    expect(await only([bad, bad])).toMatchObject({ frames: { count: 2 }, bytes: { fromClient: 0, fromServer: 0 } });
  });

  test("ports used again are another connection", async () => {
    const drafts = await read([
      ...session().frames,
      ...new Conversation({ clientStart: 9_000_000, serverStart: 8_000_000 }).open().say("client", HELLO).frames,
    ]);
    expect(drafts.map(({ id, outcome }) => [id, outcome])).toEqual([
      ["tcp/0", "open"],
      ["tcp/1", "stalled"],
    ]);
  });

  test("a time that runs backwards gives negative moments, and the span is right", async () => {
    const { frames } = opened().say("client", HELLO);
    const pcap = pcapOf(frames);
    const view = new DataView(pcap.buffer);
    // The last record a minute before the others.
    const at = pcap.length - 16 - (frames[3]?.length ?? 0);
    view.setUint32(at, 1_700_000_000 - 60, true);
    const { drafts, files } = await collectAll([pcap]);
    expect(drafts[0]?.handshake[0]?.at).toBeCloseTo(-59.997, 6);
    expect(files[0]).toMatchObject({ from: { seconds: 1_699_999_940 }, to: { seconds: 1_700_000_000 } });
  });

  test("several files: numbers run on, and each connection says where it began", async () => {
    const first = pcapOf(opened().frames, { seconds: 100 });
    const other = new Conversation({ client: { ...CLIENT, port: 50_001 } }).open();
    const second = pcapOf([...opened().say("client", HELLO).frames.slice(3), ...other.frames], { seconds: 200 });
    for (const files of [
      [first, second],
      [second, first],
    ]) {
      const { drafts, totals } = await collectAll(files);
      expect(drafts.map(({ id, file, frames: { first, last } }) => [id, file, first, last])).toEqual([
        ["tcp/0", 0, 1, 4],
        ["tcp/1", 1, 5, 7],
      ]);
      expect(drafts[0]?.handshake[0]).toMatchObject({ message: "ClientHello", frame: 4, at: expect.closeTo(100, 3) });
      expect(totals).toEqual({ connections: 2, handshakes: 1, chains: 0, frames: 7 });
    }
  });

  test("link types that are not read are counted by file", async () => {
    const { files, totals } = await collectAll([pcapOf([payload(20), payload(30)], { link: 147 })]);
    expect(files[0]?.problems).toEqual([
      { kind: "unsupported", frame: 0, detail: "2 frame(s) of link type 147 were passed over" },
    ]);
    expect(totals).toMatchObject({ connections: 0, frames: 2 });
  });
});

describe("folding", () => {
  const connection = (number: number, server = SERVER) =>
    new Conversation({ client: { ip: CLIENT.ip, port: 20_000 + number }, server })
      .open()
      .say("client", HELLO)
      .say("server", SERVER_FLIGHT)
      .fin("client")
      .fin("server").frames;

  test("past `keep` totals stay exact, what is alike adds up, certificates stay with who keeps them", async () => {
    const frames = Array.from({ length: 50 }, (_, i) => connection(i)).flat();
    const { drafts, totals } = await collectAll([pcapOf(frames)], 5);
    expect(totals).toEqual({ connections: 50, handshakes: 50, chains: 50, frames: frames.length });
    expect(drafts.length).toBe(5);
    expect(drafts.map(({ alike }) => alike)).toEqual([45, 0, 0, 0, 0]);
    // Each of the two is held once by each draft that is left, and by the chain that is remembered.
    const pooled = new Set(drafts.flatMap(({ tls }) => tls?.certificates.map((presented) => presented.pooled) ?? []));
    expect([...pooled].map(({ holders }) => holders)).toEqual([6, 6]);
  });

  test("another server, another name, another certificate is another kind", async () => {
    const other = { ip: "192.0.2.11", port: 443 };
    const frames = [0, 1, 2, 3].flatMap((i) => connection(i, i % 2 === 0 ? SERVER : other));
    const { drafts } = await collectAll([pcapOf(frames)], 1);
    expect(drafts.map(({ server, alike }) => [server.ip, alike])).toEqual([
      [SERVER.ip, 1],
      [other.ip, 1],
    ]);
  });

  test("more connections than linger at once", async () => {
    const frames = Array.from({ length: 2500 }, (_, i) => connection(i)).flat();
    const { drafts, totals } = await collectAll([pcapOf(frames)], 5000);
    expect(totals.connections).toBe(2500);
    expect(drafts.map(({ id }) => id)).toEqual(Array.from({ length: 2500 }, (_, i) => `tcp/${i}`));
    expect(drafts.every(({ outcome, tls }) => outcome === "closed" && tls?.certificates[0] !== undefined)).toBe(true);
  });
});

describe("a tunnel through a proxy", () => {
  const asked = () => opened().say("client", text("CONNECT av.fabrikam.example:443 HTTP/1.1\r\n\r\n"));
  const granted = () => asked().say("server", text("HTTP/1.1 200 OK\r\nVia: 1.1 proxy\r\n\r\n"));

  test("TLS inside is read, its time counts from the hello", async () => {
    const draft = await only(granted().say("client", HELLO).say("server", SERVER_FLIGHT).frames);
    expect(draft).toMatchObject({
      protocol: "tls",
      through: {
        kind: "http-connect",
        target: "av.fabrikam.example:443",
        requestFrame: 4,
        status: 200,
        statusFrame: 5,
        headers: [{ name: "Via", value: "1.1 proxy" }],
      },
      timing: { hello: 0.001 },
    });
    expect(draft.tls?.certificates.length).toBe(2);
    expect(draft.handshake[0]).toMatchObject({ message: "ClientHello", frame: 6 });
  });

  test("pseudo-TLS inside is recognised", async () => {
    const draft = await only(granted().say("client", MS_TURN_HELLO).say("server", SERVER_FLIGHT).frames);
    expect(draft).toMatchObject({ protocol: "pseudo-tls", pseudoTls: { dialect: "ms-turn", answer: "certificate" } });
    expect(draft.through?.target).toBe("av.fabrikam.example:443");
  });

  test("a refusal is kept, and no TLS is seen in it", async () => {
    const draft = await only(
      asked().say("server", text("HTTP/1.1 407 Who?\r\nProxy-Authenticate: NTLM\r\n\r\n")).frames,
    );
    expect(draft).toMatchObject({ protocol: "http-connect", through: { status: 407 } });
    expect(draft.tls).toBeUndefined();
  });

  test("without an answer there is a request", async () => {
    const draft = await only(asked().frames);
    expect(draft.through).toEqual({
      kind: "http-connect",
      target: "av.fabrikam.example:443",
      requestFrame: 4,
      headers: [],
    });
  });

  test("the server of a connection asks for no tunnel", async () => {
    const draft = await only(opened().say("server", text("CONNECT a:1 HTTP/1.1\r\n\r\n")).say("client", HELLO).frames);
    expect(draft.through).toBeUndefined();
    expect(draft.tls?.clientHello?.serverName).toBe("www.example.com");
  });

  test("bytes of the request that are missing leave the tunnel dark", async () => {
    const { frames } = opened().skip("client", 10).say("client", text("443 HTTP/1.1\r\n\r\n")).say("client", HELLO);
    expect((await only(frames)).through).toBeUndefined();
  });
});

test("a stopped reading keeps what is known", async () => {
  const set = await CaptureSet.open([memorySource(pcapOf(session().frames), { piece: 700 })]);
  let asked = 0;
  const { drafts, totals } = await collect(set, new Keeper(10), { progress: () => ++asked === 2 });
  set.close();
  expect(totals.frames).toBeGreaterThan(0);
  expect(totals.frames).toBeLessThan(session().frames.length);
  expect(drafts.length).toBe(1);
});

test("alerts, sessions and certificates of one connection are bounded", async () => {
  const many = opened().say("client", HELLO);
  many.say("server", flight(serverHello(), certificate(...Array.from({ length: 40 }, () => LEAF))));
  for (let i = 0; i < 20; i++) many.say("server", flight(newSessionTicket(payload(80, i))));
  for (let i = 0; i < 30; i++) many.say("server", alert(1, 90));
  const { tls, handshake: messages } = await only(many.frames);
  expect([tls?.certificates.length, tls?.issuedSessions.length, tls?.alerts.length]).toEqual([32, 8, 16]);
  const noise = opened().say("client", concat(...Array.from({ length: 100 }, () => flight(clientHello()))));
  expect((await only(noise.frames)).handshake.length).toBe(64);
  expect(messages.length).toBeLessThanOrEqual(64);
});

test("fields of a message that does not parse are kept as seen, and conclude nothing", async () => {
  const broken = flight(message(2, payload(3)));
  const draft = await only(opened().say("client", HELLO).say("server", broken).frames);
  expect(draft.handshake.map(({ message }) => message)).toEqual(["ClientHello", "ServerHello"]);
  expect(draft.tls).not.toHaveProperty("serverHello");
  const unread = await only(
    opened()
      .say("client", HELLO)
      .say("server", flight(serverHello(), certificate(payload(50)))).frames,
  );
  expect(unread.tls).toMatchObject({ certificateUnreadable: true });
});

test("a FIN of the server before the client's, and the other way round, is noted with its frame", async () => {
  const draft = await only(opened().fin("server").fin("client").frames);
  expect([draft.tcp?.server.fin, draft.tcp?.client.fin]).toEqual([4, 5]);
});

describe("secrets inside a capture", () => {
  const line = text(`CLIENT_HANDSHAKE_TRAFFIC_SECRET ${"ab".repeat(32)} ${"cd".repeat(32)}\n`);
  const secrets = secretsBlock(line);

  test.each([false, true])("leave the frames of other files alone: %s", async (with_) => {
    const many = Array.from({ length: 600 }, (_, i) =>
      udpFrame({ ...CLIENT, port: 10_000 + i }, SERVER, payload(958, i)),
    );
    const one = udpFrame({ ...CLIENT, port: 7 }, SERVER, payload(40));
    const file = concat(
      sectionHeader(),
      interfaceDescription(),
      ...(with_ ? [secrets] : []),
      enhancedPacket(one, { time: 1_700_000_000_400_500n }),
    );
    const set = await CaptureSet.open([
      memorySource(file, { name: "a.pcapng" }),
      memorySource(pcapOf(many, { seconds: 1_700_000_000, every: 1000 }), { name: "b.pcap", piece: 100_000 }),
    ]);
    const { drafts } = await collect(set, new Keeper(1000), { progress: () => false });
    set.close();
    expect(drafts.length).toBe(601);
    expect(drafts.every(({ frames }) => frames.count === 1)).toBe(true);
  });
});

test("a CompressedCertificate that is not under protection is none", async () => {
  const compressed = message(25, concat(Uint8Array.of(0, 1, 0, 0, 9, 0, 0, 4), payload(4)));
  const draft = await only(
    opened()
      .say("client", HELLO)
      .say("server", flight(serverHello({ tls13: true }), message(8, Uint8Array.of(0, 0)), compressed)).frames,
  );
  expect(draft.tls).toMatchObject({ certificates: [], certificateUnreadable: false, decrypted: false });
});

describe("what a capture says of its frames", () => {
  const start = concat(sectionHeader(), interfaceDescription(), appleProcess(false, 5, "Teams"));
  const by = option(false, 0x8001, ints(false, [0, 4]));
  const frame = (bytes: Uint8Array, trailer?: Uint8Array) =>
    enhancedPacket(bytes, { time: 1_700_000_000_000_000n, ...(trailer !== undefined && { trailer }) });
  const other = { ...CLIENT, port: 7 };

  test("the program of a connection, whichever of its frames names it", async () => {
    const frames = opened().frames.map((bytes, index) => frame(bytes, index === 1 ? by : undefined));
    const file = concat(
      start,
      ...frames,
      frame(udpFrame(other, SERVER, payload(9)), by),
      frame(udpFrame({ ...other, port: 8 }, SERVER, payload(9))),
    );
    const { drafts } = await collectAll([file]);
    const teams = { path: "Teams", pid: 5 };
    expect(drafts.map(({ id, application }) => [id, application])).toEqual([
      ["tcp/0", teams],
      ["udp/0", teams],
      ["udp/1", undefined],
    ]);
  });

  test("the program that keeps a tunnel is not that of the connections in it", async () => {
    const inner = ip(udp(1000, 2000, payload(20)), other, SERVER, UDP);
    const tunnelled = ethernet(ip(inner, { ip: "10.9.9.1", port: 0 }, { ip: "10.9.9.2", port: 0 }, 4));
    const { drafts } = await collectAll([concat(start, frame(tunnelled, by))]);
    expect(drafts).toMatchObject([{ id: "udp/0" }]);
    expect(drafts[0]).not.toHaveProperty("application");
  });

  test("the program that PKTAP names", async () => {
    const frames = opened().frames.map((bytes) => pktap(bytes, 1));
    expect(await only(frames, { link: 258 })).toMatchObject({ application: { path: "Teams", pid: 412 } });
  });

  test("frames that Wi-Fi encrypts are counted: nothing else says why there are no connections", async () => {
    const packet = ip(udp(1, 2, payload(20)), other, SERVER, UDP);
    const frames = [wifi(packet), wifi(packet, { flags: 0x41 }), wifi(packet, { flags: 0x42 })];
    const { files, drafts } = await collectAll([pcapOf(frames, { link: 105 })]);
    expect(files[0]?.problems).toEqual([
      { kind: "unsupported", frame: 0, detail: expect.stringContaining("2 frame(s) are encrypted by Wi-Fi") },
    ]);
    expect(drafts).toHaveLength(1);
  });

  test("a user's own link type is not read, unless it is PKTAP's", async () => {
    const { files, drafts } = await collectAll([pcapOf([payload(80), ...opened().frames], { link: 149 })]);
    expect(files[0]?.problems).toEqual([
      { kind: "unsupported", frame: 0, detail: "4 frame(s) of link type 149 were passed over" },
    ]);
    expect(drafts).toHaveLength(0);
  });

  test("comments, by the number that the frame has in all files together", async () => {
    const said = option(false, 1, text("look here"));
    const one = concat(start, frame(udpFrame(other, SERVER, payload(9))), frame(payload(20), said));
    const { files } = await collectAll([one, one]);
    expect(files.map((file) => file?.comments)).toEqual([
      [{ frame: 2, text: "look here" }],
      [{ frame: 4, text: "look here" }],
    ]);
  });

  test("comments are bounded, and those left out counted", async () => {
    const said = option(false, 1, text("x".repeat(60_000)));
    const { files } = await collectAll([concat(start, ...Array.from({ length: 30 }, () => frame(payload(20), said)))]);
    expect(files[0]?.comments).toHaveLength(17);
    expect(files[0]?.problems).toEqual([
      { kind: "limit", frame: 0, detail: expect.stringContaining("13 comment(s) on frames are left out") },
    ]);
  });
});
