import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../bytes/text.ts";
import { CertificatePool } from "./certificate-pool.ts";
import { DtlsReader, type DtlsShared } from "./dtls-reader.ts";
import { Hellos } from "./hellos.ts";

const RANDOM = "5a".repeat(32);
const clientHello = fromHex(`fefd${RANDOM}00000002c02b0100`);
const serverHello = fromHex(`fefd${RANDOM}00c02b00`);
/** A list of one entry that is no certificate: it is kept as what was presented. */
const certificate = fromHex("000007 000004 deadbeef");

const hex = (value: number, bytes: number) => value.toString(16).padStart(2 * bytes, "0");

/** A fragment of a handshake message, in a record of its own. */
function record(
  type: number,
  sequence: number,
  body: Uint8Array,
  { offset = 0, end = body.length, epoch = 0, length = body.length } = {},
): Uint8Array {
  const part = body.subarray(offset, end);
  const message = `${hex(type, 1)}${hex(length, 3)}${hex(sequence, 2)}${hex(offset, 3)}${hex(part.length, 3)}${toHex(part)}`;
  return fromHex(`16fefd${hex(epoch, 2)}000000000000${hex(message.length / 2, 2)}${message}`);
}

const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

function newShared(room = 10_000): DtlsShared {
  return { hellos: new Hellos("d"), pool: new CertificatePool(), room };
}

type Datagram = readonly [side: 0 | 1, bytes: Uint8Array];

function read(datagrams: readonly Datagram[], shared = newShared()): DtlsReader {
  const reader = new DtlsReader(shared);
  datagrams.forEach(([side, bytes], i) => {
    reader.datagram(side, bytes, i + 1, i / 10);
  });
  reader.end();
  return reader;
}

const names = ({ messages }: DtlsReader) => messages.map(({ side, name, frames }) => `${side} ${name} ${frames}`);

describe("a handshake", () => {
  const whole: Datagram[] = [
    [1, record(1, 0, clientHello)],
    [0, record(3, 0, fromHex("feff04aabbccdd"))],
    [1, record(1, 1, clientHello)],
    [0, join(record(2, 1, serverHello), record(11, 2, certificate))],
  ];

  test("says who is who, and what was chosen and presented", () => {
    const reader = read(whole);
    expect(names(reader)).toEqual([
      "1 ClientHello 1",
      "0 HelloVerifyRequest 2",
      "1 ClientHello 3",
      "0 ServerHello 4",
      "0 Certificate 4",
    ]);
    expect(reader.clientSide).toBe(1);
    expect(reader.clientHello?.version).toBe(0xfefd);
    expect(reader.serverHello).toMatchObject({ version: 0xfefd, observed: { cipherSuite: 0xc02b } });
    expect(reader.chain?.certificates).toHaveLength(1);
    expect(reader.chainFrame).toBe(4);
    expect(reader.messages.at(-1)).toMatchObject({ record: 3, length: certificate.length, at: 0.3 });
  });

  test("sent again says nothing new", () => {
    expect(names(read([...whole, ...whole]))).toEqual(names(read(whole)));
  });

  test("of the certificates of both sides keeps the server's", () => {
    const reader = read([...whole, [1, record(11, 2, fromHex("000000"))]]);
    expect(reader.chain?.certificates).toHaveLength(1);
    // A Certificate before any hello is nobody's.
    expect(read([[0, record(11, 2, certificate)]]).chain).toBeUndefined();
  });

  test("under protection is not read; alerts in the clear are", () => {
    const reader = read([
      [1, record(1, 0, clientHello, { epoch: 1 })],
      [0, fromHex("15fefd00000000000000000002022e")],
      [0, fromHex("15fefd00010000000000000002022e")],
    ]);
    expect(reader.messages).toEqual([]);
    expect(reader.alerts).toEqual([{ side: 0, level: 2, code: 46, frame: 2, at: 0.1 }]);
  });

  test("gives its certificates back", () => {
    const shared = newShared();
    const reader = read(whole, shared);
    const [pooled] = reader.chain?.certificates ?? [];
    const before = pooled?.holders ?? 0;
    reader.release();
    expect(pooled?.holders).toBe(before - 1);
    expect(reader.chain).toBeUndefined();
  });
});

describe("fragments", () => {
  const body = Uint8Array.from({ length: 300 }, (_, i) => i);
  const parts = [
    [0, 100],
    [100, 180],
    [180, 300],
  ] as const;
  const part = (index: number) => {
    const [offset = 0, end = 0] = parts[index] ?? [];
    return record(12, 3, body, { offset, end });
  };

  test.each([
    [[0, 1, 2], "1,2,3"],
    [[2, 0, 1], "1,2,3"],
    [[1, 1, 0, 0, 2], "1,3,5"],
  ])("in the order %s make a message", (order, frames) => {
    const shared = newShared();
    const reader = read(
      order.map((index) => [0, part(index)]),
      shared,
    );
    expect(names(reader)).toEqual([`0 ServerKeyExchange ${frames}`]);
    expect(shared.room).toBe(10_000);
  });

  test("that overlap make one too", () => {
    const reader = read([
      [0, record(12, 3, body, { offset: 0, end: 200 })],
      [0, record(12, 3, body, { offset: 50, end: 300 })],
    ]);
    expect(names(reader)).toEqual(["0 ServerKeyExchange 1,2"]);
  });

  test("with a hole make none, and leave no room taken", () => {
    const shared = newShared();
    expect(
      names(
        read(
          [
            [0, part(0)],
            [0, part(2)],
          ],
          shared,
        ),
      ),
    ).toEqual([]);
    expect(shared.room).toBe(10_000);
  });

  test("that contradict each other, or belong to a message too long, are not kept", () => {
    const shared = newShared();
    const reader = new DtlsReader(shared);
    reader.datagram(0, part(0), 1, 0);
    reader.datagram(0, record(11, 3, body, { offset: 100, end: 180 }), 2, 0);
    reader.datagram(0, record(12, 4, body, { offset: 0, end: 100, length: 40_000 }), 3, 0);
    expect(shared.room).toBe(9_900);
  });

  test("find no more room than there is, nor places than eight", () => {
    const shared = newShared(250);
    const reader = new DtlsReader(shared);
    for (let i = 0; i < 20; i++) reader.datagram(0, record(12, i, body, { offset: 0, end: 10 }), i + 1, 0);
    expect(shared.room).toBe(170);
    reader.datagram(0, record(12, 3, body, { offset: 10, end: 190 }), 30, 0);
    expect(shared.room).toBe(170);
    reader.datagram(0, record(12, 3, body, { offset: 10, end: 180 }), 31, 0);
    expect(shared.room).toBe(0);
  });
});

test("anything is taken without throwing", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc
      .tuple(fc.constantFrom(1, 2, 3, 11, 12, 20), fc.nat(3), fc.uint8Array({ maxLength: 60 }), fc.nat(80))
      .map(([type, sequence, body, offset]) => record(type, sequence, body, { offset: Math.min(offset, body.length) })),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(0 as const, 1 as const), piece), { maxLength: 20 }), (datagrams) => {
      const shared = newShared();
      read(datagrams, shared);
      expect(shared.room).toBe(10_000);
    }),
  );
});
