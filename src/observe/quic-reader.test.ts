import { createCipheriv } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { concat, ints } from "../../test/support/capture-writer.ts";
import { quicShared } from "../../test/support/quic.ts";
import { expandLabel, hmac, seal } from "../../test/support/sealing.ts";
import { clientHello, serverHello } from "../../test/support/tls-messages.ts";
import { fromHex } from "../bytes/text.ts";
import { loadCiphers } from "../protocol/ciphers.ts";
import { QUIC_V1, QUIC_V2 } from "../protocol/quic/initial.ts";
import { QuicReader } from "./quic-reader.ts";

beforeAll(loadCiphers);

const DESTINATION = fromHex("8394c8f03e515708");
const HELLO = clientHello({ name: "av.fabrikam.example" });
const ANSWER = serverHello({ tls13: true });

const VERSIONS: Record<number, { salt: string; prefix: string; initial: number }> = {
  [QUIC_V1]: { salt: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a", prefix: "quic", initial: 0xc0 },
  [QUIC_V2]: { salt: "0dede3def700a6db819381be6e269dcbf9bd2ed9", prefix: "quicv2", initial: 0xd0 },
};

/** A frame with `length` bytes of a message from `offset` on. */
function crypto(message: Uint8Array, offset = 0, length = message.length - offset): Uint8Array {
  return concat(
    ints(true, [6, 1], [0x4000 | offset, 2], [0x4000 | length, 2]),
    message.subarray(offset, offset + length),
  );
}

const ACK = Uint8Array.of(2, 0, 0, 0, 0);

function initial(
  side: "client" | "server",
  frames: readonly Uint8Array[],
  given: { version?: number; keyedBy?: Uint8Array; destination?: Uint8Array; number?: number } = {},
): Uint8Array {
  const { version = QUIC_V1, keyedBy = DESTINATION, destination = keyedBy, number = 0 } = given;
  const { salt, prefix, initial: flags } = VERSIONS[version] as (typeof VERSIONS)[number];
  const secret = expandLabel("sha256", hmac("sha256", fromHex(salt), keyedBy), `${side} in`, 32);
  const derive = (label: string, length: number) => expandLabel("sha256", secret, `${prefix} ${label}`, length);
  const payload = concat(...frames, new Uint8Array(40));
  const header = concat(
    ints(true, [flags | 1, 1], [version, 4], [destination.length, 1]),
    destination,
    ints(true, [0, 2], [0x4000 | (2 + payload.length + 16), 2], [number, 2]),
  );
  const packet = seal({ cipher: "aes-128-gcm", key: derive("key", 16), iv: derive("iv", 12), number }, header, payload);
  const at = header.length - 2;
  const mask = createCipheriv("aes-128-ecb", derive("hp", 16), null).update(packet.subarray(at + 4, at + 20));
  packet[0] = (packet[0] as number) ^ ((mask[0] as number) & 0x0f);
  for (const i of [0, 1]) packet[at + i] = (packet[at + i] as number) ^ (mask[1 + i] as number);
  return packet;
}

function read(...datagrams: readonly (readonly [0 | 1, Uint8Array])[]): QuicReader {
  const reader = new QuicReader(quicShared());
  for (const [i, [side, bytes]] of datagrams.entries()) reader.datagram(side, bytes, i + 1, i);
  return reader;
}

describe.each([QUIC_V1, QUIC_V2] as const)("version %i", (version) => {
  test("both hellos", () => {
    const reader = read(
      [1, initial("client", [crypto(HELLO)], { version })],
      [0, initial("server", [ACK, crypto(ANSWER)], { version, destination: fromHex("01") })],
    );
    expect(reader.clientSide).toBe(1);
    expect(reader.clientHello?.serverName).toBe("av.fabrikam.example");
    expect(reader.clientHello?.ja4).toMatch(/^q12d/);
    expect(reader.serverHello?.version).toBe(0x0304);
    expect(reader.messages.map(({ side, name, frame, record }) => [side, name, frame, record])).toEqual([
      [1, "ClientHello", 1, 1],
      [0, "ServerHello", 2, 1],
    ]);
  });
});

test("a hello in pieces, in any order and over two packets", () => {
  const reader = read(
    [0, initial("client", [crypto(HELLO, 30, 20), crypto(HELLO, 0, 20), crypto(HELLO, 70)])],
    [0, initial("client", [crypto(HELLO, 15, 20), crypto(HELLO, 45, 30)], { number: 1 })],
  );
  expect(reader.clientHello?.serverName).toBe("av.fabrikam.example");
  expect(reader.messages[0]).toMatchObject({ frame: 2, frames: [1, 2], record: 2, length: HELLO.length - 4 });
});

test("after a Retry the keys are others", () => {
  const chosen = fromHex("0011223344556677");
  const retry = concat(ints(true, [0xf0, 1], [QUIC_V1, 4], [0, 1], [8, 1]), chosen, new Uint8Array(30));
  const reader = read(
    [0, initial("client", [crypto(HELLO, 0, 10)])],
    [1, retry],
    [0, initial("client", [crypto(HELLO)], { keyedBy: chosen, number: 1 })],
    [1, initial("server", [crypto(ANSWER)], { keyedBy: chosen, destination: fromHex("01") })],
  );
  expect(reader.clientHello).toBeDefined();
  expect(reader.serverHello).toBeDefined();
});

test.each([
  ["damaged", (bytes: Uint8Array) => bytes.with(60, (bytes[60] as number) ^ 1)],
  ["cut short", (bytes: Uint8Array) => bytes.subarray(0, 100)],
  ["of another version", (bytes: Uint8Array) => bytes.with(4, 9)],
])("a packet that is %s says nothing", (_, change) => {
  const reader = read([0, change(initial("client", [crypto(HELLO)]))]);
  expect([reader.clientSide, reader.clientHello, reader.messages]).toEqual([-1, undefined, []]);
});

test("what does not open is left alone after a while", () => {
  const bad = initial("client", [crypto(HELLO)]).with(80, 0);
  const good: [0, Uint8Array] = [0, initial("client", [crypto(HELLO)])];
  expect(read(...Array.from({ length: 7 }, () => [0, bad] as const), good).clientHello).toBeDefined();
  expect(read(...Array.from({ length: 8 }, () => [0, bad] as const), good).clientHello).toBeUndefined();
});

test("that holds for packets in one datagram, too, and for all connections together", () => {
  const one = Uint8Array.of(0xc0, 0, 0, 0, 1, 0, 0, 0, 21, ...new Uint8Array(21));
  const many = concat(...Array.from({ length: 100 }, () => one));
  const state = { ...quicShared(3), failures: 20 };
  const readers = [new QuicReader(state), new QuicReader(state), new QuicReader(state)];
  for (const reader of readers) for (let i = 0; i < 5; i++) reader.datagram(0, many, 1, 0);
  expect(state.failures).toBe(0);
  const good: [0, Uint8Array, number, number] = [0, initial("client", [crypto(HELLO)]), 1, 0];
  const last = new QuicReader({ ...state, connections: 1 });
  last.datagram(...good);
  expect(last.clientHello).toBeUndefined();
});

test("a hello that is sent again and again, or claims too much, is not kept", () => {
  const endless = initial("client", [crypto(concat(Uint8Array.of(1, 0xff, 0xff, 0xff), new Uint8Array(900)))]);
  const reader = read(...Array.from({ length: 60 }, () => [0, endless] as const));
  expect(JSON.stringify(reader).length).toBeLessThan(20_000);
  const hello = initial("client", [crypto(HELLO, 0, 50)]);
  expect(
    read(...Array.from({ length: 200 }, () => [0, hello] as const), [0, initial("client", [crypto(HELLO, 50)])])
      .clientHello,
  ).toBeDefined();
});

test("past the limit of connections none is opened", () => {
  const reader = new QuicReader(quicShared(0));
  reader.datagram(0, initial("client", [crypto(HELLO)]), 1, 0);
  expect(reader.clientHello).toBeUndefined();
});

test("any datagrams, with any frames under protection: returns or throws ParseError, and a message a side at most", () => {
  const side = fc.constantFrom("client" as const, "server" as const);
  const frames = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.tuple(fc.nat(120), fc.nat(60)).map(([from, length]) => crypto(HELLO, Math.min(from, HELLO.length), length)),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => crypto(bytes)),
  );
  const packet = fc
    .tuple(side, fc.array(frames, { maxLength: 3 }), fc.nat(255))
    .map(([from, all, number]) => initial(from, all, { number }));
  const changed = fc
    .tuple(packet, fc.nat(), fc.nat(255))
    .map(([bytes, at, value]) => bytes.with(at % bytes.length, value));
  const datagram = fc.oneof(packet, changed, fc.uint8Array());
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(0 as const, 1 as const), datagram), { maxLength: 6 }),
      (datagrams) => {
        const { messages } = read(...datagrams);
        expect(new Set(messages.map((message) => message.side)).size).toBe(messages.length);
      },
    ),
  );
});
