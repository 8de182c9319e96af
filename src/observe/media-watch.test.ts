import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, ints } from "../../test/support/capture-writer.ts";
import { fromHex } from "../bytes/text.ts";
import { MediaWatch } from "./media-watch.ts";

interface Rtp {
  readonly ssrc?: number;
  readonly sequence: number;
  readonly timestamp?: number;
  readonly payload?: number;
  readonly length?: number;
}

function rtp({ ssrc = 0xcafe, sequence, timestamp = 160 * sequence, payload = 0, length = 20 }: Rtp): Uint8Array {
  return concat(
    ints(true, [0x80, 1], [payload, 1], [sequence & 0xffff, 2], [timestamp >>> 0, 4], [ssrc, 4]),
    new Uint8Array(length),
  );
}

/** The datagrams as those of frames 1, 2, …, all of side 0. */
function watch(datagrams: readonly Uint8Array[]): { rtp: number; rtcp: number } {
  const media = new MediaWatch();
  datagrams.forEach((bytes, i) => {
    media.datagram(0, bytes, i + 1);
  });
  expect([media.rtp[1], media.rtcp[1]]).toEqual([0, 0]);
  return { rtp: media.rtp[0], rtcp: media.rtcp[0] };
}

const sequence = (...numbers: number[]) => numbers.map((number) => rtp({ sequence: number }));

describe("RTP", () => {
  test("is sure with the fourth packet of one source, per side", () => {
    expect(watch(sequence(1, 2, 3)).rtp).toBe(0);
    expect(watch(sequence(1, 2, 3, 4, 5, 6)).rtp).toBe(4);
    const media = new MediaWatch();
    for (const [i, bytes] of sequence(1, 2, 3, 4).entries()) {
      media.datagram(0, bytes, 2 * i + 1);
      media.datagram(1, bytes, 2 * i + 2);
    }
    expect(media.rtp).toEqual([7, 8]);
  });

  test.each([
    ["numbers that wrap", [65_534, 65_535, 0, 1], 4],
    ["packets lost", [1, 9, 20, 52], 4],
    ["packets doubled by the capture", [1, 1, 2, 2, 3, 3, 4], 7],
    ["packets that come late", [1, 3, 2, 4, 5], 5],
    ["a number that stays", [7, 7, 7, 7, 7, 7], 0],
    ["numbers that fall", [40, 30, 20, 10, 0], 0],
    ["numbers that jump", [0, 100, 200, 300, 400, 500], 0],
    ["a jump, then steps", [0, 1, 500, 501, 502, 503], 6],
  ])("%s", (_, numbers, frame) => {
    expect(watch(sequence(...numbers)).rtp).toBe(frame);
  });

  test("of several sources in turn, among other packets", () => {
    const packets = Array.from({ length: 12 }, (_, i) => rtp({ ssrc: i % 3, sequence: 100 + Math.floor(i / 3) }));
    expect(watch(packets.flatMap((packet) => [packet, Uint8Array.of(0x80)])).rtp).toBe(19);
  });

  test("a clock that jumps, a source of its own each time, and a length in the place of the number are none", () => {
    const far = Array.from({ length: 9 }, (_, i) => rtp({ sequence: i, timestamp: i * 2 ** 25 }));
    expect(watch(far).rtp).toBe(0);
    const others = Array.from({ length: 9 }, (_, i) => rtp({ sequence: i, ssrc: i }));
    expect(watch(others).rtp).toBe(0);
    const lengths = Array.from({ length: 9 }, (_, i) => rtp({ sequence: 32 + i, length: 20 + i, timestamp: 5 }));
    expect(watch(lengths).rtp).toBe(0);
  });

  test("sources are bounded", () => {
    const flood = Array.from({ length: 50 }, (_, i) => rtp({ sequence: 1, ssrc: i }));
    expect(watch([...sequence(1, 2, 3), ...flood, ...sequence(4)]).rtp).toBe(0);
  });
});

describe("RTCP", () => {
  const report = (ssrc: number) => concat(ints(true, [0x80, 1], [201, 1], [1, 2], [ssrc, 4]));

  test("is sure with a compound of two packets, or two of one source", () => {
    expect(watch([concat(report(1), fromHex("81ca000200000001 01000000"))]).rtcp).toBe(1);
    expect(watch([report(1), report(2), report(1)]).rtcp).toBe(3);
    expect(watch([report(1), report(2), report(3)])).toEqual({ rtp: 0, rtcp: 0 });
  });
});

describe("what is no media", () => {
  /** A fixed generator, so that the count is a fact and not a tolerance. */
  function generator(seed: number): () => number {
    let state = seed;
    return () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    };
  }

  test("random datagrams that begin as RTP does", () => {
    const random = generator(1);
    for (let flow = 0; flow < 500; flow++) {
      const datagrams = Array.from({ length: 64 }, () => {
        const bytes = Uint8Array.from({ length: 100 }, random);
        bytes[0] = 0x80 | (random() & 0x3f);
        return bytes;
      });
      expect(watch(datagrams)).toEqual({ rtp: 0, rtcp: 0 });
    }
  });

  test("DNS, whose id is random and whose flags stay", () => {
    const random = generator(2);
    const queries = Array.from({ length: 64 }, () =>
      concat(
        Uint8Array.of(0x80 | (random() & 0x3f), random()),
        fromHex("0100000100000000000003777777076578616d706c650000010001"),
      ),
    );
    expect(watch(queries)).toEqual({ rtp: 0, rtcp: 0 });
  });

  test.each([
    // RFC 9000 section 17.2: version and ids stay; RFC 9287 lets the fixed bit be anything.
    [
      "QUIC with a greased bit",
      (i: number) => concat(fromHex("8300000001088394c8f03e5157080000449e"), ints(true, [i, 4]), new Uint8Array(40)),
    ],
    // RFC 5905: leap indicator 2; the reference id and the times stay or jump.
    [
      "NTP",
      (i: number) =>
        concat(fromHex("a4020aec00000f0e00000e0fc0000201e7a1b2c3"), ints(true, [i * 77_777, 4]), new Uint8Array(24)),
    ],
    // RFC 7296 section 2: the initiator's SPI stays for the exchange.
    [
      "IKE",
      (i: number) =>
        concat(fromHex("9c5f11aa22bb33cc0102030405060708 2e202308"), ints(true, [i, 4], [64, 4]), new Uint8Array(36)),
    ],
    // RFC 3948: SPI, then the sequence number.
    ["ESP in UDP", (i: number) => concat(fromHex("a1b2c3d4"), ints(true, [i, 4]), new Uint8Array(60))],
    // ASHRAE 135 annex J: type, function, length of the whole.
    [
      "BACnet",
      (i: number) =>
        concat(fromHex("810a"), ints(true, [17 + i, 2]), fromHex("0104000112340c0c"), new Uint8Array(5 + i)),
    ],
    // SRT (Haivision): control packets.
    [
      "SRT",
      (i: number) => concat(fromHex("80020000"), ints(true, [i, 4], [i * 10_000, 4], [99, 4]), new Uint8Array(16)),
    ],
  ])("%s", (_, datagram) => {
    expect(watch(Array.from({ length: 64 }, (_, i) => datagram(i)))).toEqual({ rtp: 0, rtcp: 0 });
  });

  test("anything: it never throws", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 }), (datagrams) => {
        const media = new MediaWatch();
        for (const bytes of datagrams) if (bytes.length > 0) media.datagram(0, Uint8Array.of(0x80, ...bytes), 1);
      }),
    );
  });
});
