import { describe, expect, test } from "vitest";
import { concat, ints } from "../../test/support/capture-writer.ts";
import { quicShared } from "../../test/support/quic.ts";
import { CertificatePool } from "./certificate-pool.ts";
import { Hellos } from "./hellos.ts";
import type { StunObservation } from "./observations.ts";
import { UdpReader } from "./udp-reader.ts";

const BINDING_REQUEST = 0x0001;
const BINDING_INDICATION = 0x0011;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
const ALLOCATE_REQUEST = 0x0003;
const ALLOCATE_SUCCESS = 0x0103;
const ALLOCATE_ERROR = 0x0113;

/** A STUN message without attributes; `id` in its transaction id. */
function stun(type: number, id = 1, cookie = 0x2112a442): Uint8Array {
  return concat(ints(true, [type, 2], [0, 2], [cookie, 4], [0, 8], [id, 4]));
}

type Datagram = readonly [side: 0 | 1, bytes: Uint8Array, at?: number, whole?: boolean];

function newReader(): UdpReader {
  return new UdpReader(quicShared(), { hellos: new Hellos("d"), pool: new CertificatePool(), room: 100_000 });
}

interface Read {
  readonly reader: UdpReader;
  readonly stun: StunObservation | undefined;
  readonly protocol: string;
  readonly clientSide: 0 | 1;
}

function read(...datagrams: readonly Datagram[]): Read {
  const reader = newReader();
  datagrams.forEach(([side, bytes, at = 0, whole = true], i) => {
    reader.datagram(side, bytes, whole, i + 1, at);
  });
  reader.end();
  const { protocol, clientSide, realTime } = reader;
  return { reader, protocol, clientSide, stun: realTime.stun?.observation };
}

describe("requests and responses", () => {
  test("a binding: answered, with its round trip", () => {
    const { stun: seen, protocol, clientSide } = read([0, stun(BINDING_REQUEST), 1], [1, stun(BINDING_SUCCESS), 1.25]);
    expect(protocol).toBe("stun");
    expect(clientSide).toBe(0);
    expect(seen).toEqual({
      dialect: "rfc5389",
      requests: 1,
      responses: 1,
      firstRequestFrame: 1,
      firstResponseFrame: 2,
      allocate: false,
      allocated: false,
      rtt: 0.25,
    });
  });

  test("an allocation with its challenge is TURN; the round trip is that of the first answered request", () => {
    const { stun: seen, protocol } = read(
      [0, stun(ALLOCATE_REQUEST, 1), 0],
      [0, stun(ALLOCATE_REQUEST, 1), 0.5],
      [1, stun(ALLOCATE_ERROR, 1), 0.6],
      [0, stun(ALLOCATE_REQUEST, 2), 1],
      [1, stun(ALLOCATE_SUCCESS, 2), 1.1],
    );
    expect(protocol).toBe("turn");
    expect(seen).toMatchObject({ requests: 3, responses: 2, allocate: true, allocated: true, rtt: 0.6 });
  });

  test("an error is an answer, and no allocation", () => {
    expect(read([0, stun(ALLOCATE_REQUEST)], [1, stun(ALLOCATE_ERROR)]).stun).toMatchObject({
      responses: 1,
      allocated: false,
    });
    expect(read([0, stun(BINDING_REQUEST)], [1, stun(BINDING_ERROR)]).stun).toMatchObject({ responses: 1 });
  });

  test("a response to another transaction is one, without a round trip", () => {
    const { stun: seen } = read([0, stun(BINDING_REQUEST, 1)], [1, stun(BINDING_SUCCESS, 9)]);
    expect(seen).toMatchObject({ responses: 1 });
    expect(seen).not.toHaveProperty("rtt");
  });

  test("requests without an answer", () => {
    const { stun: seen } = read(...Array.from({ length: 7 }, () => [0, stun(BINDING_REQUEST)] as const));
    expect(seen).toMatchObject({ requests: 7, responses: 0, firstRequestFrame: 1 });
    expect(seen).not.toHaveProperty("firstResponseFrame");
  });
});

describe("who is the client", () => {
  test("who asked first, though the other sent the first datagram", () => {
    const { clientSide } = read([0, Uint8Array.of(0xff, 0xff)], [1, stun(BINDING_REQUEST)]);
    expect(clientSide).toBe(1);
  });

  test("who a first response is for", () => {
    const reader = read([0, stun(BINDING_SUCCESS)], [1, stun(BINDING_REQUEST)]);
    expect(reader.clientSide).toBe(1);
    expect(reader.stun).toMatchObject({ requests: 1, responses: 1 });
  });

  test("in ICE both ask: the requests of the other side, and the answers to them, do not count", () => {
    const { stun: seen } = read(
      [0, stun(BINDING_REQUEST, 1)],
      [1, stun(BINDING_REQUEST, 2)],
      [0, stun(BINDING_SUCCESS, 2)],
    );
    expect(seen).toMatchObject({ requests: 1, responses: 0 });
  });

  test("an indication tells nothing", () => {
    const reader = read([1, stun(BINDING_INDICATION)]);
    expect(reader.stun).toBeUndefined();
    expect(reader.clientSide).toBe(0);
  });
});

describe("limits and damage", () => {
  test("what the snapshot length cut is recognised and not read", () => {
    const reader = read([0, stun(BINDING_REQUEST), 0, false]);
    expect(reader.stun).toBeUndefined();
  });

  test("64 datagrams of a side are looked at, and 256 messages beside them", () => {
    const reader = newReader();
    for (let i = 1; i <= 256; i++) reader.datagram(0, stun(BINDING_REQUEST, i), true, i, 0);
    for (let i = 1; i <= 63; i++) reader.datagram(0, Uint8Array.of(1), true, i, 0);
    expect(reader.wants(0)).toBe(true);
    reader.datagram(0, stun(BINDING_REQUEST, 257), true, 64, 0);
    expect(reader.wants(0)).toBe(false);
    expect(reader.wants(1)).toBe(true);
  });

  test("of the first 32 requests the time is remembered", () => {
    const asked = Array.from({ length: 33 }, (_, i) => [0, stun(BINDING_REQUEST, i + 1), i] as const);
    expect(read(...asked, [1, stun(BINDING_SUCCESS, 32), 40]).stun?.rtt).toBe(9);
    expect(read(...asked, [1, stun(BINDING_SUCCESS, 33), 40]).stun).not.toHaveProperty("rtt");
  });

  test("noise is unknown; the protocol once known stays", () => {
    expect(read([0, Uint8Array.of(1)], [0, new Uint8Array(0)]).protocol).toBe("unknown");
    expect(read([0, stun(BINDING_REQUEST)], [0, Uint8Array.of(1, 2, 3)]).protocol).toBe("stun");
  });
});
