import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { ParseError } from "../../bytes/parse-error.ts";
import { fromHex, toHex } from "../../bytes/text.ts";
import { loadCiphers } from "../ciphers.ts";
import { parseClientHello, parseServerHello } from "../tls/messages.ts";
import { CryptoStream } from "./crypto-stream.ts";
import { type QuicFrame, readFrames } from "./frames.ts";
import { beginsLong, type LongPacket, packets } from "./packet.ts";
import { isGenuineRetry, PacketKeys } from "./protection.ts";
import { isQuicVersion, QUIC_V1, QUIC_V2, quicVersionName } from "./versions.ts";

beforeAll(loadCiphers);

interface Vectors {
  readonly destination: string;
  readonly secret: string;
  readonly number: number;
  readonly versions: readonly {
    readonly name: string;
    readonly version: number;
    readonly clientInitial: string;
    readonly serverInitial: string;
    readonly retry: string;
    readonly short: string;
  }[];
}

const VECTORS = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../test/vectors/quic-appendix-a.json"), "utf8"),
) as Vectors;
const DESTINATION = fromHex(VECTORS.destination);

function only(hex: string): LongPacket {
  const [packet, ...others] = [...packets(fromHex(hex))];
  expect(others).toEqual([]);
  return packet as LongPacket;
}

function cryptoOf(frames: Uint8Array | undefined): { offset: number; data: Uint8Array } {
  const [crypto] = [...readFrames(frames as Uint8Array)];
  return crypto as Extract<QuicFrame, { type: "crypto" }>;
}

describe.each(VECTORS.versions)("$name appendix A", ({ version, clientInitial, serverInitial, retry, short }) => {
  test("A.2: the client's Initial opens to its ClientHello", () => {
    const packet = only(clientInitial);
    expect(packet).toMatchObject({ type: "initial", version, numberAt: 18 });
    expect([packet.bytes.length, toHex(packet.destination), packet.source.length]).toEqual([
      1200,
      VECTORS.destination,
      0,
    ]);
    const { offset, data } = cryptoOf(PacketKeys.initial(version, DESTINATION, "client")?.open(packet));
    expect([offset, data.length, parseClientHello(data.subarray(4)).serverName]).toEqual([0, 241, "example.com"]);
  });

  test("A.3: the server's Initial opens to its ServerHello", () => {
    const packet = only(serverInitial);
    expect(packet).toMatchObject({ type: "initial", version });
    expect(toHex(packet.source)).toBe("f067a5502a4262b5");
    const { offset, data } = cryptoOf(PacketKeys.initial(version, DESTINATION, "server")?.open(packet));
    const hello = parseServerHello(data.subarray(4));
    expect([offset, hello.cipherSuite, hello.selectedVersion]).toEqual([0, 0x1301, 0x0304]);
  });

  test("A.4: a Retry proves itself by the client's connection id, and by no other", () => {
    const packet = only(retry);
    expect([packet.type, toHex(packet.source)]).toEqual(["retry", "f067a5502a4262b5"]);
    expect(isGenuineRetry(packet, DESTINATION)).toBe(true);
    expect(isGenuineRetry(packet, DESTINATION.subarray(1))).toBe(false);
    for (let i = 0; i < packet.bytes.length; i++) {
      const bytes = packet.bytes.with(i, (packet.bytes[i] as number) ^ 1);
      expect(isGenuineRetry({ ...packet, bytes }, DESTINATION)).toBe(false);
    }
  });

  test("A.5: ChaCha20-Poly1305 and a short header, whose number is cut", () => {
    const keys = PacketKeys.of(version, 0x1303, fromHex(VECTORS.secret));
    const [packet] = [...packets(fromHex(short))];
    expect(packet?.type).toBe("short");
    // Before anything was opened the number is too far to be told from three bytes.
    expect(keys?.open({ bytes: fromHex(short), numberAt: 1 })).toBeUndefined();
    (keys as unknown as { largest: number }).largest = VECTORS.number - 1;
    expect(toHex(keys?.open({ bytes: fromHex(short), numberAt: 1 }) as Uint8Array)).toBe("01");
  });

  test("opens to nobody else's keys, and not when a bit is changed", () => {
    const packet = only(serverInitial);
    for (const keys of [
      PacketKeys.initial(version, DESTINATION, "client"),
      PacketKeys.initial(version, DESTINATION.subarray(1), "server"),
      PacketKeys.initial(version === QUIC_V1 ? QUIC_V2 : QUIC_V1, DESTINATION, "server"),
      PacketKeys.of(version, 0x1301, fromHex(VECTORS.secret)),
      PacketKeys.of(version, 0x1303, fromHex(VECTORS.secret)),
    ])
      expect(keys?.open(packet)).toBeUndefined();
    const keys = PacketKeys.initial(version, DESTINATION, "server");
    for (let i = 0; i < packet.bytes.length; i++) {
      expect(
        keys?.open({ ...packet, bytes: packet.bytes.with(i, (packet.bytes[i] as number) ^ 0x10) }),
      ).toBeUndefined();
    }
  });

  test("every proper prefix of a packet is none; what follows it in the datagram is the next", () => {
    for (const hex of [clientInitial, serverInitial]) {
      const bytes = fromHex(hex);
      for (let length = 1; length < bytes.length; length += 7) {
        expect(() => [...packets(bytes.subarray(0, length))]).toThrow(ParseError);
      }
    }
    const both = [...packets(fromHex(clientInitial + serverInitial + short))];
    expect(both.map(({ type }) => type)).toEqual(["initial", "initial", "short"]);
    expect([...packets(fromHex(`${serverInitial}000000`))]).toHaveLength(1);
  });
});

test("no keys for suites and secrets that do not fit", () => {
  expect(PacketKeys.of(QUIC_V1, 0x1302, fromHex(VECTORS.secret))).toBeUndefined();
  expect(PacketKeys.of(QUIC_V1, 0xc02f, fromHex(VECTORS.secret))).toBeUndefined();
  expect(PacketKeys.of(0xff00001d, 0x1301, fromHex(VECTORS.secret))).toBeUndefined();
  expect(PacketKeys.initial(0xff00001d, DESTINATION, "client")).toBeUndefined();
});

describe("packet numbers", () => {
  const whole = (largest: number, sent: number, bytes: number): number => {
    const keys = PacketKeys.of(QUIC_V1, 0x1301, fromHex(VECTORS.secret)) as unknown as {
      largest: number;
      whole(sent: number, window: number): number;
    };
    keys.largest = largest;
    return keys.whole(sent, 256 ** bytes);
  };

  test.each([
    // RFC 9000 appendix A.3.
    [0xa82f30ea, 0x9b32, 2, 0xa82f9b32],
    [-1, 0, 1, 0],
    [-1, 5, 4, 5],
    [0, 1, 1, 1],
    [250, 3, 1, 259],
    [259, 250, 1, 250],
    [3, 250, 1, 250],
    [2 ** 40, 7, 1, 2 ** 40 + 7],
  ])("after %i, %i in %i bytes is %i", (largest, sent, bytes, number) => {
    expect(whole(largest, sent, bytes)).toBe(number);
  });
});

describe("Version Negotiation", () => {
  // The client's ids turned round, and the versions 1, a reserved one and draft-29.
  const bytes = fromHex("ca 00000000 03 010203 04 0a0b0c0d 00000001 1a2a3a4a ff00001d");

  test("ids and versions", () => {
    const [packet, ...others] = [...packets(bytes)];
    expect(others).toEqual([]);
    expect(packet).toEqual({
      type: "version-negotiation",
      destination: fromHex("010203"),
      source: fromHex("0a0b0c0d"),
      versions: [1, 0x1a2a3a4a, 0xff00001d],
    });
    expect(() => [...packets(bytes.subarray(0, -1))]).toThrow(ParseError);
  });

  test("is recognised where it lists versions, and nothing else", () => {
    expect(beginsLong(bytes, () => false)).toBe(true);
    expect(beginsLong(bytes.subarray(0, 14), () => false)).toBe(false);
    expect(beginsLong(bytes.with(17, 0), () => false)).toBe(false);
  });
});

describe("versions", () => {
  test.each([
    [1, "1"],
    [0x6b3343cf, "2"],
    [0xff00001d, "draft-29"],
    [0x51303530, "Q050"],
    [0x54303531, "T051"],
    [0x1a2a3a4a, "reserved"],
    [0xfaceb002, "0xfaceb002"],
  ])("%i: %s", (version, name) => {
    expect([quicVersionName(version), isQuicVersion(version)]).toEqual([name, true]);
  });

  test("any other number has a name and is not taken for one", () => {
    expect([quicVersionName(0x12345678), isQuicVersion(0x12345678)]).toEqual(["0x12345678", false]);
    expect(isQuicVersion(0)).toBe(false);
  });

  test("a packet of a version that is not read says only that", () => {
    const bytes = fromHex("c3 ff00001d 02 aabb 01 cc 0011223344");
    expect([...packets(bytes)]).toEqual([
      { type: "other", version: 0xff00001d, destination: fromHex("aabb"), source: fromHex("cc") },
    ]);
  });
});

describe("frames", () => {
  const read = (hex: string) => [...readFrames(fromHex(hex))];

  test.each<[string, string]>([
    ["PADDING, PING, HANDSHAKE_DONE", "00 00 01 1e"],
    ["ACK", "02 05 00 01 02 03 04"],
    ["ACK with ECN", "03 05 00 00 02 01 01 01"],
    ["RESET_STREAM and STOP_SENDING", "04 00 01 02 05 00 01"],
    ["NEW_TOKEN", "07 02 aabb"],
    ["STREAM with offset and length", "0f 04 4100 02 aabb"],
    ["STREAM with length", "0a 04 02 aabb"],
    ["limits", "10 01 11 00 01 12 01 13 01 14 01 15 00 01 16 01 17 01"],
    ["NEW_CONNECTION_ID and RETIRE_CONNECTION_ID", `18 01 00 02 aabb ${"00".repeat(16)} 19 01`],
    ["paths", `1a ${"11".repeat(8)} 1b ${"11".repeat(8)}`],
    ["DATAGRAM with length", "31 02 aabb"],
  ])("%s are stepped over", (_, before) => {
    expect(read(`${before} 06 00 02 0102`)).toEqual([{ type: "crypto", offset: 0, data: fromHex("0102") }]);
    const whole = fromHex(before);
    // What is cut is noticed, unless the cut is between two frames.
    for (let length = 1; length < whole.length; length++) {
      try {
        expect([...readFrames(whole.subarray(0, length))]).toEqual([]);
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError);
      }
    }
  });

  test.each(["08 04 aabb", "30 aabb", "40 53"])("%s goes to the end, or is not known", (rest) => {
    expect(read(`${rest} 06 00 01 01`)).toEqual([]);
  });

  test("a close ends it: an alert of TLS, another error; one of the application's is none", () => {
    expect(read("1c 4130 06 00")).toEqual([{ type: "close", error: 0x130 }]);
    expect(read("1c 0a 00 00")).toEqual([{ type: "close", error: 0x0a }]);
    expect(read("1d 41 00 00")).toEqual([]);
  });
});

describe("handshake messages from pieces", () => {
  const MESSAGES = [fromHex("01 000003 aabbcc"), fromHex("0b 000000"), fromHex("0f 000002 0102")];
  const ALL = Uint8Array.from(MESSAGES.flatMap((message) => [...message]));

  function put(pieces: readonly (readonly [offset: number, length: number])[], limit = 1000) {
    const stream = new CryptoStream(limit);
    return pieces.flatMap(([offset, length], i) => stream.add(offset, ALL.subarray(offset, offset + length), i + 1));
  }

  test.each<[string, (readonly [number, number])[], number[][]]>([
    ["at once", [[0, 17]], [[1], [1], [1]]],
    [
      "one by one",
      [
        [0, 7],
        [7, 4],
        [11, 6],
      ],
      [[1], [2], [3]],
    ],
    [
      "backwards",
      [
        [11, 6],
        [7, 4],
        [0, 7],
      ],
      [[3], [2], [1]],
    ],
    [
      "across their borders",
      [
        [0, 9],
        [9, 8],
      ],
      [[1], [1, 2], [2]],
    ],
    [
      "overlapping and again",
      [
        [0, 9],
        [0, 9],
        [4, 13],
        [0, 17],
      ],
      [[1], [1, 3], [3]],
    ],
  ])("%s", (_, pieces, frames) => {
    const found = put(pieces);
    expect(found.map(({ type, body }) => [type, toHex(body)])).toEqual([
      [1, "aabbcc"],
      [11, ""],
      [15, "0102"],
    ]);
    expect(found.map((message) => message.frames)).toEqual(frames);
  });

  test("byte by byte, in any order", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...ALL.keys()], { minLength: ALL.length }), (order) => {
        expect(put(order.map((offset) => [offset, 1] as const)).map(({ type }) => type)).toEqual([1, 11, 15]);
      }),
    );
  });

  test("what is missing is waited for, what is too far or too long is not", () => {
    expect(
      put([
        [0, 6],
        [7, 10],
      ]),
    ).toEqual([]);
    expect(put([[0, 17]], 16)).toEqual([]);
    const stream = new CryptoStream(1000);
    expect(stream.add(0, fromHex("01 ffffff"), 1)).toEqual([]);
    expect(JSON.stringify(stream)).toContain('"pieces":[]');
    const many = new CryptoStream(100_000);
    for (let i = 0; i < 1000; i++) many.add(2 * i + 1, Uint8Array.of(1), i);
    expect(JSON.stringify(many).length).toBeLessThan(200);
  });
});

test("any datagram: packets, or ParseError; never past its end", () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc.constantFrom(
      ...VECTORS.versions.flatMap(({ serverInitial, retry, short }) => [serverInitial, retry, short]).map(fromHex),
    ),
    fc.constantFrom("c000000001", "d06b3343cf", "c000000000", "c0ff00001d").map(fromHex),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
      const datagram = Uint8Array.from(parts.flatMap((bytes) => [...bytes]));
      let total = 0;
      try {
        for (const packet of packets(datagram)) {
          if (!("bytes" in packet)) continue;
          total += packet.bytes.length;
          PacketKeys.initial(QUIC_V1, DESTINATION, "client")?.open({ numberAt: 1, ...packet });
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError);
      }
      expect(total).toBeLessThanOrEqual(datagram.length);
    }),
  );
});

test("any frames: returns or throws ParseError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const stream = new CryptoStream(500);
      try {
        for (const frame of readFrames(bytes)) if (frame.type === "crypto") stream.add(frame.offset, frame.data, 1);
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError);
      }
    }),
    { numRuns: 1000 },
  );
});
