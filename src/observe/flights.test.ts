/** TLS 1.3 without keys, and the systems at both ends: frames → drafts, through the whole collector. */
import { createCipheriv, createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { concat, ints, memorySource, payload } from "../../test/support/capture-writer.ts";
import { ecKeys, makeCertificate } from "../../test/support/certificates.ts";
import {
  ACK,
  CLIENT,
  Conversation,
  ethernet,
  ip,
  type Peer,
  pcapOf,
  SERVER,
  SYN,
  tcp,
} from "../../test/support/packets.ts";
import {
  CHANGE_CIPHER_SPEC,
  CLIENT_KEY_EXCHANGE,
  certificate,
  clientHello,
  extension,
  FINISHED,
  flight,
  message,
  record,
  SERVER_HELLO_DONE,
  serverHello,
} from "../../test/support/tls-messages.ts";
import { toHex } from "../bytes/text.ts";
import { CaptureSet } from "../capture/set.ts";
import { KeyLog } from "../protocol/tls/key-log.ts";
import { HELLO_RETRY_RANDOM } from "../protocol/tls/messages.ts";
import type { Draft } from "./draft.ts";
import { collect } from "./from-capture.ts";
import { Keeper } from "./keeper.ts";

interface Reading {
  readonly keep?: number;
  readonly keyLog?: KeyLog;
  /** Microseconds between frames. */
  readonly every?: number;
}

async function read(frames: readonly Uint8Array[], { keep = 1000, keyLog, every = 1000 }: Reading = {}) {
  const set = await CaptureSet.open([memorySource(pcapOf(frames, { every }))]);
  const { drafts } = await collect(set, new Keeper(keep), { progress: () => false }, keyLog);
  set.close();
  return drafts;
}

async function only(frames: readonly Uint8Array[], reading: Reading = {}): Promise<Draft> {
  const drafts = await read(frames, reading);
  expect(drafts.length).toBe(1);
  return drafts[0] as Draft;
}

const SIGNATURES = extension(13, ints(true, [4, 2], [0x0403, 2], [0x0804, 2]));
const PROTOCOLS = extension(16, concat(ints(true, [3, 2], [2, 1]), Uint8Array.of(0x68, 0x32)));
const HELLO = flight(clientHello({ name: "www.example.com", more: concat(SIGNATURES, PROTOCOLS) }));
const X25519 = extension(
  51,
  ints(true, [29, 2], [32, 2], [0, 4], [0, 4], [0, 4], [0, 4], [0, 4], [0, 4], [0, 4], [0, 4]),
);
const SERVER_HELLO = concat(flight(serverHello({ tls13: true, more: X25519 })), CHANGE_CIPHER_SPEC);

/** Sealed records of these lengths. */
const sealed = (...lengths: readonly number[]) =>
  concat(...lengths.map((length) => record(23, payload(length, length))));

/** TLS 1.3 up to the client's Finished. The suite has SHA-256. */
function handshake(conversation: Conversation, server: readonly number[], client: readonly number[] = [53]) {
  return conversation
    .open()
    .say("client", HELLO)
    .say("server", concat(SERVER_HELLO, sealed(...server)), 1400)
    .say("client", concat(CHANGE_CIPHER_SPEC, sealed(...client)));
}

const FLIGHT = [32, 2764, 281, 53];
const READING = {
  layout: "separate",
  server: FLIGHT,
  client: [53],
  answer: "finished",
  alpn: "answered",
  protocol: "h2",
  certificate: 2743,
  key: "RSA 2048",
};

describe("the encrypted flight", () => {
  const whole = () => handshake(new Conversation(), FLIGHT).say("server", sealed(282, 282)).say("client", sealed(500));

  test("by the lengths of its records, with what follows it", async () => {
    const { frames } = whole().say("server", sealed(900, 16_000));
    const { tls } = await only(frames);
    expect(tls?.flight).toEqual({ ...READING, after: [282, 282, 900] });
    expect(tls).toMatchObject({ version: 0x0304, serverHello: { cipherSuite: 0x1301, group: 29 } });
    expect(tls?.certificates).toEqual([]);
  });

  test.each([1, 7, 100])("in segments of %i bytes", async (size) => {
    const conversation = new Conversation()
      .open()
      .say("client", HELLO, size)
      .say("server", concat(SERVER_HELLO, sealed(...FLIGHT)), size)
      .say("client", concat(CHANGE_CIPHER_SPEC, sealed(53, 500)), size)
      .say("server", sealed(282, 282, 900), size);
    expect((await only(conversation.frames)).tls?.flight).toEqual({ ...READING, after: [282, 282, 900] });
  });

  test("of which a segment was not captured: nothing is said, unless it was within a record", async () => {
    const { frames } = whole();
    const flights = await Promise.all(
      frames.map(async (_, i) => (await only(frames.filter((__, at) => at !== i))).tls?.flight),
    );
    const kept = flights.flatMap((flight, i) => (flight === undefined ? [] : [i]));
    // An acknowledgement, the middle of the Certificate's record, and data, which is not waited for.
    expect(kept).toEqual([2, 5, 9]);
    for (const i of kept) expect(flights[i]).toEqual({ ...READING, after: [282, 282] });
  });

  test("with a record cut by the snapshot length: its header says how long it was", async () => {
    const { frames } = handshake(new Conversation(), FLIGHT);
    const bytes = pcapOf(frames, { snap: 1400 });
    const set = await CaptureSet.open([memorySource(bytes)]);
    const { drafts } = await collect(set, new Keeper(1), { progress: () => false });
    set.close();
    const { tls, tcp } = drafts[0] as Draft;
    expect(tcp?.server.missing).toBeGreaterThan(0);
    expect(tls?.flight).toEqual({ ...READING, after: [] });
  });

  test("and the client's Finished stored before it, or early data: nothing is said", async () => {
    const { frames } = whole();
    const [finished] = frames.splice(7, 1) as [Uint8Array];
    for (const at of [4, 5, 6]) expect((await only(frames.toSpliced(at, 0, finished))).tls?.flight).toBeUndefined();
    const early = new Conversation().open().say("client", concat(HELLO, CHANGE_CIPHER_SPEC, sealed(300)));
    early.say("server", concat(SERVER_HELLO, sealed(...FLIGHT))).say("client", sealed(21, 53));
    expect((await only(early.frames)).tls?.flight).toBeUndefined();
  });

  test("is none of TLS 1.2, of a draft of TLS 1.3, or of a connection begun before the capture", async () => {
    const old = new Conversation().open().say("client", HELLO).say("server", flight(serverHello(), SERVER_HELLO_DONE));
    old.say("client", concat(flight(CLIENT_KEY_EXCHANGE), CHANGE_CIPHER_SPEC, FINISHED, sealed(53)));
    expect((await only(old.say("server", sealed(...FLIGHT)).frames)).tls?.flight).toBeUndefined();
    const draft = message(2, concat(ints(true, [0x7f12, 2]), payload(32, 1), ints(true, [0x1301, 2], [0, 2])));
    const drafted = new Conversation().open().say("client", HELLO);
    drafted.say("server", concat(flight(draft), sealed(...FLIGHT))).say("client", sealed(53));
    expect((await only(drafted.frames)).tls).toMatchObject({ version: 0x7f12 });
    expect((await only(drafted.frames)).tls?.flight).toBeUndefined();
    expect((await only(whole().frames.slice(3))).tls?.flight).toBeUndefined();
  });

  test("the client refuses the certificate", async () => {
    const { tls } = await only(handshake(new Conversation(), FLIGHT, [19]).fin("client").frames);
    expect(tls?.flight).toMatchObject({ layout: "separate", client: [19], answer: "alert", key: "RSA 2048" });
  });

  test("after a HelloRetryRequest, with the group that it asked for", async () => {
    const retry = serverHello({ tls13: true, random: HELLO_RETRY_RANDOM, more: extension(51, ints(true, [24, 2])) });
    const conversation = new Conversation()
      .open()
      .say("client", HELLO)
      .say("server", concat(flight(retry), CHANGE_CIPHER_SPEC))
      .say("client", concat(CHANGE_CIPHER_SPEC, HELLO))
      .say("server", concat(SERVER_HELLO, sealed(...FLIGHT)))
      .say("client", sealed(53));
    const { tls } = await only(conversation.frames);
    expect(tls).toMatchObject({ helloRetryRequest: true, retryGroup: 24, serverHello: { group: 29 } });
    expect(tls?.flight).toEqual({ ...READING, after: [] });
  });

  test.each([
    ["empty records", sealed(...Array<number>(3000).fill(0))],
    ["records of one byte", sealed(...Array<number>(3000).fill(1))],
    ["records as long as any", sealed(...Array<number>(60).fill(16_640))],
    ["tickets without end", sealed(...Array<number>(3000).fill(282))],
  ])("%s without end: no more lengths than are of use", async (_, records) => {
    const conversation = new Conversation().open().say("client", HELLO).say("server", SERVER_HELLO);
    const alone = await only(conversation.say("server", records, 1400).frames);
    expect(alone.tls?.flight?.layout).toBe("unfinished");
    expect(alone.tls?.flight?.server.length).toBe(16);
    const after = handshake(new Conversation(), FLIGHT).say("server", records, 1400).say("client", records, 1400);
    const { tls } = await only(after.frames);
    expect(tls?.flight).toMatchObject(READING);
    expect(tls?.flight?.after.length).toBeLessThanOrEqual(3);
  });

  test("once it is known, payload is counted and not followed", async () => {
    const conversation = whole().say("server", sealed(900)).say("client", sealed(100));
    // A hole in what is followed would be noted.
    conversation.skip("server", 50_000).say("server", payload(1000)).skip("client", 5000).say("client", payload(10));
    const { tcp, tls } = await only(conversation.frames);
    expect([tcp?.server.missing, tcp?.client.missing]).toEqual([0, 0]);
    expect(tls?.flight?.after).toEqual([282, 282, 900]);
  });
});

describe("with keys, a flight in more records than are counted without", () => {
  const LEAF = makeCertificate({ subject: "leaf", issuer: "ca", signer: ecKeys() });
  const secret = (fill: number) => new Uint8Array(32).fill(fill);

  /** Seals as OpenSSL does, which stands behind node:crypto. */
  function sealer(fill: number): (content: Uint8Array) => Uint8Array {
    const derive = (label: string, length: number): Uint8Array => {
      const name = new TextEncoder().encode(`tls13 ${label}`);
      const info = Uint8Array.of(0, length, name.length, ...name, 0, 1);
      return createHmac("sha256", secret(fill)).update(info).digest().subarray(0, length);
    };
    const [key, iv] = [derive("key", 16), derive("iv", 12)];
    let sequence = 0;
    return (content) => {
      const length = content.length + 17;
      const nonce = Uint8Array.from(iv);
      nonce[11] = (nonce[11] as number) ^ sequence++;
      const header = Uint8Array.of(23, 3, 3, length >> 8, length & 0xff);
      const box = createCipheriv("aes-128-gcm", key, nonce);
      box.setAAD(header);
      return concat(header, box.update(concat(content, Uint8Array.of(22))), box.final(), box.getAuthTag());
    };
  }

  test("is read to its end", async () => {
    const seal = sealer(7);
    const list = concat(ints(true, [0, 1], [LEAF.length, 2]), LEAF, ints(true, [0, 2]));
    const presented = message(11, concat(Uint8Array.of(0, 0), ints(true, [list.length, 2]), list));
    const pieces = Array.from({ length: Math.ceil(presented.length / 10) }, (_, i) =>
      presented.slice(10 * i, 10 * i + 10),
    );
    expect(pieces.length).toBeGreaterThan(20);
    const conversation = new Conversation()
      .open()
      .say("client", HELLO)
      .say("server", concat(SERVER_HELLO, seal(message(8, ints(true, [0, 2])))))
      .say("server", concat(...pieces.map(seal)), 100)
      .say("server", seal(message(20, payload(32))))
      .say("client", concat(CHANGE_CIPHER_SPEC, sealed(53)));
    const keyLog = new KeyLog();
    // After the record's header, the message's and the version.
    keyLog.add(`SERVER_HANDSHAKE_TRAFFIC_SECRET ${toHex(HELLO.subarray(11, 43))} ${toHex(secret(7))}\n`);
    const { tls } = await only(conversation.frames, { keyLog });
    expect(tls?.certificates.map(({ pooled }) => pooled.certificate?.subject.text)).toEqual(["CN=leaf"]);
    expect((await only(conversation.frames)).tls?.certificates).toEqual([]);
  });
});

describe("the systems at both ends", () => {
  const LINUX = Uint8Array.of(2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7);
  const WINDOWS = Uint8Array.of(2, 4, 5, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2);

  const segment = (from: Peer, to: Peer, flags: number, sequence: number, ttl: number, options = new Uint8Array(0)) =>
    ethernet(ip(tcp(from.port, to.port, new Uint8Array(0), { flags, sequence, options }), from, to, 6, ttl));

  test("SYN and SYN-ACK with their times, hop limits and options", async () => {
    const frames = [
      segment(CLIENT, SERVER, SYN, 999, 64, LINUX),
      segment(SERVER, CLIENT, SYN | ACK, 4999, 116, WINDOWS),
      segment(CLIENT, SERVER, ACK, 1000, 64),
    ];
    const { tcp: seen, timing } = await only(frames, { every: 250 });
    expect(timing).toEqual({ tcpRtt: 0.00025, tcpAck: 0.00025 });
    expect(seen?.client.opening).toMatchObject({ ttl: 64, options: "mss 1460,sackOK,TS,nop,wscale 7" });
    expect(seen?.server.opening).toMatchObject({ ttl: 116, options: "mss 1460,nop,wscale 8,nop,nop,sackOK" });
    expect(seen?.server.dataTtl).toBeUndefined();
    // Of a connection begun before the capture nothing is known.
    const later = await only(frames.slice(2));
    expect([later.timing, later.tcp?.client.opening]).toEqual([{}, undefined]);
  });

  test("the hop limit of the server's first data", async () => {
    const { frames } = new Conversation().open().say("client", HELLO).say("server", SERVER_HELLO);
    const near = frames.with(1, segment(SERVER, CLIENT, SYN | ACK, 5000, 255));
    expect((await only(near)).tcp?.server).toMatchObject({ ttl: 255, dataTtl: 64, opening: { ttl: 255 } });
  });
});

describe("connections that differ in what is seen of a server without its certificate are not counted as one", () => {
  const server = (number: number): Peer => ({ ip: `192.0.2.${number}`, port: 443 });
  const client = (number: number): Peer => ({ ip: `10.0.0.${number}`, port: 50_000 });
  const talk = (number: number) => new Conversation({ client: client(number), server: server(1) });

  /** Of two connections, kept when the second is not like the first. */
  const kept = async (one: readonly Uint8Array[], other: readonly Uint8Array[]) =>
    (await read([...one, ...other], { keep: 1 })).length;

  const plain = () => handshake(talk(1), FLIGHT).say("server", sealed(282)).frames;

  test("alike: the same flight; signatures of one kind of key; other tickets", async () => {
    expect(await kept(plain(), handshake(talk(2), FLIGHT).say("server", sealed(74, 74)).frames)).toBe(1);
    const ecdsa = (number: number, length: number) => handshake(talk(number), [32, 1621, length, 53]).frames;
    expect(await kept(ecdsa(1, 95), ecdsa(2, 97))).toBe(1);
  });

  test.each([
    ["ALPN", [23, 2764, 281, 53]],
    ["the chain", [32, 835, 281, 53]],
    ["the key", [32, 2764, 96, 53]],
    ["records", [3180]],
  ])("another length of %s", async (_, lengths) => {
    expect(await kept(plain(), handshake(talk(2), lengths).say("server", sealed(282)).frames)).toBe(2);
  });

  test("another SYN-ACK, another hop limit behind it, an answer that comes much later", async () => {
    const { frames } = handshake(talk(2), FLIGHT).say("server", sealed(282));
    const answer = tcp(443, 50_000, new Uint8Array(0), { flags: SYN | ACK, sequence: 5000, acknowledgement: 1001 });
    const near = ethernet(ip(answer, server(1), client(2), 6, 255));
    expect(await kept(plain(), frames.with(1, near))).toBe(2);
    // Between hello and answer frames of somebody else go by.
    const others = Array.from({ length: 40 }, () => plain()[0] as Uint8Array);
    expect(await kept(plain(), [...frames.slice(0, 4), ...others, ...frames.slice(4)])).toBe(2);
  });

  test("where the certificate was read, it says more: counted together", async () => {
    const LEAF = makeCertificate({ subject: "www.example.com", issuer: "ca", signer: ecKeys() });
    const tls12 = (number: number) =>
      talk(number)
        .open()
        .say("client", HELLO)
        .say("server", flight(serverHello(), certificate(LEAF), SERVER_HELLO_DONE))
        .say("client", concat(flight(CLIENT_KEY_EXCHANGE), CHANGE_CIPHER_SPEC, FINISHED))
        .say("server", concat(CHANGE_CIPHER_SPEC, FINISHED)).frames;
    const frames = tls12(2);
    const answer = tcp(443, 50_000, new Uint8Array(0), {
      ...{ flags: SYN | ACK, sequence: 5000, acknowledgement: 1001 },
      options: Uint8Array.of(2, 4, 5, 0xb4),
    });
    expect(await kept(tls12(1), frames.with(1, ethernet(ip(answer, server(1), client(2), 6))))).toBe(1);
  });
});
