/**
 * Calls in other clothes: what real calls said (test/captures/m0…), cut into other segments, over another transport, behind a
 * proxy, with bytes missing, cut by the snapshot length. What comes of relays and media must not depend on it.
 */
import { describe, expect, test } from "vitest";
import { analyze, type Report } from "../src/index.ts";
import type { ReportConnection } from "../src/report/schema.ts";
import { renderText } from "../src/report/text.ts";
import { concat, memorySource } from "./support/capture-writer.ts";
import { Conversation, pcapOf, udpFrame } from "./support/packets.ts";
import { REAL_CAPTURES } from "./support/real-captures.ts";

interface Said {
  readonly from: "client" | "server";
  readonly bytes: Uint8Array;
}

const CLIENT = { ip: "10.20.0.50", port: 50_000 };
const SERVER = { ip: "203.0.113.40", port: 443 };

/** Payloads of one flow of a capture, in order: all with `port` on either side. `proto`: 6 or 17. */
function payloads(name: string, proto: number, port: number, client = CLIENT.ip): Said[] {
  const capture = REAL_CAPTURES.find((each) => each.name === name);
  if (capture === undefined) throw new Error(`no ${name}`);
  return capture.records.flatMap((record): Said[] => {
    const ip = record.subarray(16 + 14);
    const transport = ip.subarray(20);
    const view = new DataView(transport.buffer, transport.byteOffset, transport.length);
    if (ip[9] !== proto || (view.getUint16(0) !== port && view.getUint16(2) !== port)) return [];
    const end = ((ip[2] as number) << 8) + (ip[3] as number) - 20;
    const header = proto === 17 ? 8 : ((transport[12] as number) >> 4) * 4;
    const bytes = transport.subarray(header, end);
    return bytes.length === 0 ? [] : [{ from: ip.subarray(12, 16).join(".") === client ? "client" : "server", bytes }];
  });
}

const relayed = payloads("m03-webrtc-relayed-tcp", 6, 3478);
const direct = payloads("m01-webrtc-direct", 17, 59916);

async function report(frames: readonly Uint8Array[], options: Parameters<typeof pcapOf>[1] = {}): Promise<Report> {
  return await analyze([memorySource(pcapOf(frames, options), { name: "call.pcap" })]);
}

async function only(frames: readonly Uint8Array[], options?: Parameters<typeof pcapOf>[1]): Promise<ReportConnection> {
  const { connections } = await report(frames, options);
  expect(connections.length).toBe(1);
  return connections[0] as ReportConnection;
}

/** What must be the same, without the numbers of frames. */
function outcome({ protocol, stun, media, tls, certificates, service }: ReportConnection) {
  return {
    protocol,
    service: service?.role,
    relay: stun?.allocation?.relay,
    allocation: stun?.allocation?.is,
    mapped: stun?.mapped,
    software: stun?.software,
    media: media && Object.keys(media),
    tls: tls?.version,
    certificates: certificates.length,
  };
}

const RELAYED = {
  protocol: "turn",
  service: "turn-relay",
  relay: { ip: "203.0.113.40", port: 50419 },
  allocation: "allocated",
  mapped: { ip: "10.20.0.50", port: 35954 },
  software: "Coturn-4.6.1 'Gorst'",
  media: ["fromClient", "fromServer"],
  tls: undefined,
  certificates: 0,
};
const DIRECT = {
  ...RELAYED,
  protocol: "dtls",
  service: "stun",
  relay: undefined,
  allocation: undefined,
  mapped: expect.anything(),
  software: undefined,
  tls: "DTLS 1.2",
  certificates: 1,
};

/** The words as a stream between client and server. */
function stream(
  said: readonly Said[],
  size?: number,
  talk = new Conversation({ client: CLIENT, server: SERVER }).open(),
) {
  for (const { from, bytes } of said) talk.say(from, bytes, size);
  return talk;
}

describe("TURN over TCP", () => {
  test.each([undefined, 536, 100, 7, 1])("in segments of %s bytes", async (size) => {
    expect(outcome(await only(stream(relayed, size).frames))).toEqual(RELAYED);
  });

  test("through an HTTP proxy that was asked for a tunnel", async () => {
    const text = (words: string) => new TextEncoder().encode(words);
    const talk = new Conversation({ client: CLIENT, server: { ip: "10.0.0.9", port: 3128 } })
      .open()
      .say("client", text("CONNECT turn.fabrikam.example:443 HTTP/1.1\r\n\r\n"))
      .say("server", text("HTTP/1.1 200 OK\r\n\r\n"));
    const connection = await only(stream(relayed, undefined, talk).frames);
    expect(outcome(connection)).toEqual(RELAYED);
    expect(connection.through?.target).toBe("turn.fabrikam.example:443");
  });

  test("begun before the capture: the frames of a segment's beginning are found", async () => {
    const talk = new Conversation({ client: CLIENT, server: SERVER });
    expect(outcome(await only(stream(relayed, undefined, talk).frames))).toEqual(RELAYED);
  });

  test("a hole ends what is known, and nothing is made up behind it", async () => {
    const [first, second, ...rest] = relayed as [Said, Said, ...Said[]];
    const talk = new Conversation({ client: CLIENT, server: SERVER }).open();
    talk.say(first.from, first.bytes).say(second.from, second.bytes).skip("client", 40).skip("server", 40);
    expect(outcome(await only(stream(rest, undefined, talk).frames))).toMatchObject({
      protocol: "turn",
      allocation: "challenged",
      media: undefined,
    });
  });
});

describe("a call without a relay", () => {
  const datagrams = direct.map(({ from, bytes }) =>
    from === "client" ? udpFrame(CLIENT, SERVER, bytes) : udpFrame(SERVER, CLIENT, bytes),
  );

  test("over UDP: STUN, DTLS, SRTP", async () => {
    expect(outcome(await only(datagrams))).toEqual(DIRECT);
  });

  test.each([undefined, 100, 1])("over TCP in frames of RFC 4571, in segments of %s bytes", async (size) => {
    const framed = direct.map(({ from, bytes }) => ({
      from,
      bytes: concat(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes),
    }));
    expect(outcome(await only(stream(framed, size).frames))).toEqual(DIRECT);
  });

  test("cut by the snapshot length: what is recognised by its first bytes", async () => {
    const { connections } = await report(datagrams, { snap: 96 });
    expect(connections.map(({ protocol, verdict }) => [protocol, verdict.is])).toEqual([["rtp", "not-judged"]]);
    expect(Object.keys(connections[0]?.media ?? {})).toEqual(["fromClient", "fromServer"]);
  });

  test("of which one direction was captured", async () => {
    const { connections } = await report(
      direct.flatMap(({ from }, i) => (from === "server" ? [datagrams[i] as Uint8Array] : [])),
    );
    expect(Object.keys(connections[0]?.media ?? {})).toHaveLength(1);
  });

  test("begun before the capture: media alone", async () => {
    const media = datagrams.filter((_, i) => ((direct[i]?.bytes[0] as number) & 0xc0) === 0x80);
    const connection = await only(media);
    expect(outcome(connection)).toMatchObject({
      protocol: "rtp",
      service: undefined,
      media: ["fromClient", "fromServer"],
    });
    expect(connection.verdict.is).toBe("not-judged");
  });

  test("the first hundred thousand packets of it are only counted", async () => {
    const media = datagrams.filter((_, i) => ((direct[i]?.bytes[0] as number) & 0xc0) === 0x80).slice(0, 10);
    const many = Array.from({ length: 10_000 }, () => media).flat();
    const connection = await only(many);
    expect(connection.frames.count).toBe(100_000);
    expect(connection.protocol).toBe("rtp");
  });
});

describe("what the person reads", () => {
  const read = async (name: string, keyLogs: readonly string[] = []) => {
    const capture = REAL_CAPTURES.find((each) => each.name === name);
    const source = memorySource(capture?.bytes as Uint8Array, { name: "call.pcap" });
    return renderText(await analyze([source], { keyLogs }), { columns: 100, color: false, unicode: true }).replace(
      /\s+/g,
      " ",
    );
  };

  test("where the relay is, and that media flowed", async () => {
    const text = await read("m02-webrtc-relayed-udp");
    expect(text).toContain("✓ works audio-video: 203.0.113.40:3478 (udp/0) works: media flowed both ways.");
    expect(text).toContain(
      "udp/0 203.0.113.40:3478, turn: relay 203.0.113.40:50790 for 10.20.0.50:46097; RTP flowed both ways (from frames 21 and 22 on)",
    );
  });

  test("why there is no relay, and what to do", async () => {
    const text = await read("m04-turn-refused");
    expect(text).toContain(
      "relay refused: 486 Allocation Quota Reached. Raise the quota of relays for each user on the TURN server, or let clients ask for fewer.",
    );
    expect(text).toContain("relay refused: 401 Unauthorized. Check the credentials");
    expect(text).toContain("relay asked for, and not again after the challenge: 401 Unauthorized");
  });

  test("what DTLS was for", async () => {
    expect(await read("m06-dtls")).toContain("udp/2 203.0.113.40:4435 DTLS");
    expect(await read("m01-webrtc-direct")).toContain("RTP flowed both ways");
  });
});

test("certificates of DTLS accuse nobody, whatever names they bear and however many share a key", async () => {
  for (const name of ["m01-webrtc-direct", "m06-dtls"]) {
    const capture = REAL_CAPTURES.find((each) => each.name === name);
    const { findings, rules, certificates } = await analyze([
      memorySource(capture?.bytes as Uint8Array, { name: "call.pcap" }),
    ]);
    expect(Object.values(certificates)[0]?.issuer).toContain("Fortinet");
    expect(findings.filter(({ rule }) => rule !== "unanswered")).toEqual([]);
    expect(rules.filter(({ rule }) => rule === "known-interceptor-issuer")).toEqual([
      { rule: "known-interceptor-issuer", is: "not-applicable" },
    ]);
  }
});
