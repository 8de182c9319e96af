// Invariant: returns one of its names, and throws nothing, for any bytes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex } from "../bytes/text.ts";
import { identifyTcp, identifyUdp } from "./identify.ts";

const text = (value: string) => new TextEncoder().encode(value);

const MS_HELLO = fromHex(
  `160301002d010000290301c1fcd5a36d93dd7e0b45673fec7985fbbc3fd660c2ce8485081b8121bcaa10fb00000200180100`,
);
const TLS_HELLO = fromHex(`160301002f0100002b0301${"07".repeat(32)}000004001800ff0100`);
const ALLOCATE = fromHex("000300082112a4425a5a6766714b33552f38664f0019000411000000");
const BINDING = fromHex("000100002112a442534f70436969354a6663317a");
const MS_ALLOCATE = fromHex("00030010b222374b4e71ec040eea651a9acc9ade000f000472c64bc68008000400000001");

const byClient: [string, Uint8Array][] = [
  ["pseudo-tls", MS_HELLO],
  ["tls", TLS_HELLO],
  ["tls", fromHex("802e0100020015000000100700c0050080030080010080060040040080020080aabbccddeeff00112233445566778899")],
  ["turn", ALLOCATE],
  ["turn", Uint8Array.of(0, ALLOCATE.length, ...ALLOCATE)],
  ["turn", Uint8Array.of(2, 0, 0, MS_ALLOCATE.length, ...MS_ALLOCATE)],
  ["stun", BINDING],
  ["stun", Uint8Array.of(0, BINDING.length, ...BINDING)],
  ["unknown", Uint8Array.of(0, BINDING.length + 1, ...BINDING)],
  ["http-connect", text("CONNECT av.fabrikam.example:443 HTTP/1.1\r\n\r\n")],
  ["http", text("GET / HTTP/1.1\r\n")],
  ["http", text("RPC_IN_DATA /rpc/rpcproxy.dll?host:6001 HTTP/1.1\r\n")],
  ["http", text("OPTIONS * HTTP/1.1\r\n")],
  ["unknown", text("OPTIONS sip:alice@fabrikam.example SIP/2.0\r\n")],
  ["smtp", text("EHLO client.example\r\n")],
  ["imap", text("a001 STARTTLS\r\n")],
  ["pop3", text("STLS\r\n")],
  ["xmpp", text("<?xml version='1.0'?><stream:stream to='fabrikam.example' xmlns='jabber:client'>")],
  ["unknown", text("SSH-2.0-OpenSSH_9.2\r\n")],
  ["unknown", text("USER anonymous\r\n")],
  ["unknown", fromHex("000000000000000000000000")],
];

const byServer: [string, Uint8Array][] = [
  ["pseudo-tls", fromHex(`160301004e020000460301${"11".repeat(32)}20${"22".repeat(32)}0018000e000000`)],
  ["tls", fromHex("15030100020228")],
  ["http", text("HTTP/1.0 400 Bad Request\r\n")],
  ["smtp", text("220 mail.fabrikam.example ESMTP Postfix\r\n")],
  ["imap", text("* OK IMAP4rev1 ready\r\n")],
  ["pop3", text("+OK ready\r\n")],
  ["unknown", text("220 ftp.fabrikam.example FTP server ready\r\n")],
];

const dnsQuery = fromHex("1234010000010000000000000377777707657861 6d706c650000010001");
const dnsAnswer = fromHex(
  "1234818000010001000000000377777707657861 6d706c650000010001c00c000100010000003c0004c0000201",
);
const dtlsHello = fromHex("16feff00000000000000000010010000040000000000000004fefd0000");
const quicInitial = fromHex(`c300000001088394c8f03e5157080000449e${"00".repeat(60)}`);

const datagrams: [string, Uint8Array][] = [
  ["turn", ALLOCATE],
  ["turn", MS_ALLOCATE],
  ["stun", BINDING],
  ["stun", fromHex("000100080000000000000000000000000b87dfce0003000400000000")],
  ["turn", fromHex("40000005aabbccddee")],
  ["turn", fromHex("40000005aabbccddee000000")],
  // Multiplexed TURN; and what only begins as it does.
  ["turn", fromHex("ff10000a01020304050607088072")],
  ["unknown", fromHex("ff10000b01020304050607088072")],
  // RTP proves itself in several packets only.
  ["unknown", fromHex("80600001000000a0000012340102030405")],
  // NTP begins with a byte that DTLS begins with.
  ["unknown", fromHex(`1b0104fa${"00".repeat(44)}`)],
  ["dns", dnsQuery],
  ["dns", dnsAnswer],
  // A compression pointer must point back.
  ["unknown", fromHex("123481800001000100000000c01c0001 0001c00c000100010000003c0004c0000201".replaceAll(" ", ""))],
  ["dtls", dtlsHello],
  ["dtls", Uint8Array.of(...dtlsHello, 0x2d, 0x01)],
  ["quic", quicInitial],
  ["unknown", fromHex("80720000000000000000123426a56af3ce4d")],
  ["unknown", text("RSP/2.0 STUN\r\n\r\n")],
];

describe("identifyTcp", () => {
  it.each(byClient)("%s by what the client sends", (expected, bytes) => {
    expect(identifyTcp(bytes, undefined)).toBe(expected);
    // Whatever answers a hello, the client has said what it is.
    if (expected !== "unknown") expect(identifyTcp(bytes, text("HTTP/1.1 400 Bad Request\r\n\r\n"))).toBe(expected);
  });

  it.each(byServer)("%s by the server alone", (expected, bytes) => {
    expect(identifyTcp(undefined, bytes)).toBe(expected);
    expect(identifyTcp(new Uint8Array(0), bytes)).toBe(expected);
  });

  it("every prefix answers unknown or the same, and further bytes change nothing", () => {
    for (const [expected, bytes] of byClient) {
      for (let length = 0; length < bytes.length; length++) {
        expect(["unknown", expected]).toContain(identifyTcp(bytes.subarray(0, length), undefined));
      }
      if (expected !== "unknown") expect(identifyTcp(Uint8Array.of(...bytes, 0, 255, 10), undefined)).toBe(expected);
    }
  });

  it("does not call a hello that differs from the pseudo hello in one fixed byte pseudo-TLS", () => {
    for (let at = 0; at < MS_HELLO.length; at++) {
      const changed = MS_HELLO.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(identifyTcp(changed, undefined) === "pseudo-tls").toBe(at >= 11 && at < 43);
    }
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.uint8Array({ maxLength: 600 }), (client, server) => {
        expect(identifyTcp(client, server)).toBeTypeOf("string");
      }),
    );
  });
});

describe("identifyUdp", () => {
  it.each(datagrams)("%s", (expected, bytes) => {
    expect(identifyUdp(bytes)).toBe(expected);
  });

  it("a cut datagram is not taken for what it was (QUIC and ChannelData prove too little of their end)", () => {
    for (const [expected, bytes] of datagrams) {
      if (expected === "quic" || expected === "unknown" || bytes[0] === 0x40) continue;
      for (let length = 0; length < bytes.length; length++) {
        // The first record of the two-record DTLS datagram is whole.
        if (expected === "dtls" && length >= dtlsHello.length) continue;
        expect(identifyUdp(bytes.subarray(0, length)), `${expected} ${length}`).toBe("unknown");
      }
    }
  });

  it("random payloads are unknown", () => {
    // A fixed generator, so that the count is a fact and not a tolerance.
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed >>> 24;
    };
    const found: Record<string, number> = {};
    for (let i = 0; i < 100_000; i++) {
      const protocol = identifyUdp(Uint8Array.from({ length: 12 + (i % 40) }, random));
      found[protocol] = (found[protocol] ?? 0) + 1;
    }
    expect(found).toEqual({ unknown: 100_000 });
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(identifyUdp(bytes)).toBeTypeOf("string");
      }),
    );
    for (const [, bytes] of datagrams) {
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
          const changed = bytes.slice();
          changed[at] = value;
          expect(identifyUdp(changed)).toBeTypeOf("string");
        }),
        { numRuns: 50 },
      );
    }
  });
});
