import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { payload } from "../../test/support/capture-writer.ts";
import { ethernet, frameOf, ipv4, UDP } from "../../test/support/packets.ts";
import { decode, FRAGMENT, Packet } from "../packet/packet.ts";
import { Fragments } from "./fragments.ts";

interface Piece {
  readonly from: number;
  readonly to: number;
  readonly id?: number;
  readonly source?: string;
  readonly at?: number;
  readonly more?: boolean;
  /** Bytes that the snapshot length cut off. */
  readonly cut?: number;
  /** Other bytes than the packet has there. */
  readonly fill?: number;
}

const WHOLE = payload(64);

/** Adds pieces of `whole`; answers what each gave. */
function add(fragments: Fragments, pieces: readonly Piece[], whole = WHOLE): (Uint8Array | undefined)[] {
  return pieces.map(({ from, to, id = 1, source = "10.0.0.5", at = 0, more = to < whole.length, cut = 0, fill }) => {
    const data = fill === undefined ? whole.slice(from, to) : new Uint8Array(to - from).fill(fill);
    const bytes = ethernet(ipv4(data, { offset: from, more, id, from: source, protocol: UDP }));
    const frame = frameOf(bytes.subarray(0, bytes.length - cut), { original: bytes.length, at });
    const packet = new Packet();
    decode(frame, packet);
    expect(packet.kind).toBe(FRAGMENT);
    return fragments.add(frame, packet);
  });
}

const FIRST = { from: 0, to: 24 };
const MIDDLE = { from: 24, to: 48 };
const LAST = { from: 48, to: 64 };

describe("pieces", () => {
  test.each([
    ["in order", [FIRST, MIDDLE, LAST]],
    ["last first", [LAST, MIDDLE, FIRST]],
    ["middle last", [FIRST, LAST, MIDDLE]],
    ["some twice", [FIRST, FIRST, LAST, LAST, MIDDLE]],
    ["overlapping", [FIRST, { from: 16, to: 48 }, { from: 40, to: 64 }]],
    ["one within another", [{ from: 8, to: 16 }, { from: 0, to: 48 }, LAST]],
  ])("%s give the packet with the piece that completes it", (_, pieces) => {
    const given = add(new Fragments(), pieces);
    expect(given.slice(0, -1)).toEqual(pieces.slice(1).map(() => undefined));
    expect(given.at(-1)).toEqual(WHOLE);
  });

  test("a piece that never comes: no packet", () => {
    expect(add(new Fragments(), [FIRST, LAST])).toEqual([undefined, undefined]);
    expect(add(new Fragments(), [MIDDLE, LAST])).toEqual([undefined, undefined]);
    expect(add(new Fragments(), [FIRST, MIDDLE])).toEqual([undefined, undefined]);
  });

  test("where pieces disagree the first holds", () => {
    const given = add(new Fragments(), [FIRST, { from: 16, to: 48, fill: 0xee }, LAST]);
    const expected = WHOLE.slice();
    expected.fill(0xee, 24, 48);
    expect(given.at(-1)).toEqual(expected);
  });

  test("a piece beyond the declared end adds nothing", () => {
    const given = add(new Fragments(), [{ from: 64, to: 72, more: true, fill: 0xee }, FIRST, MIDDLE, LAST]);
    expect(given.at(-1)).toEqual(WHOLE);
  });

  test("a piece that was cut completes nothing; sent again whole it does", () => {
    const fragments = new Fragments();
    expect(add(fragments, [FIRST, { ...MIDDLE, cut: 1 }, LAST])).toEqual([undefined, undefined, undefined]);
    expect(add(fragments, [MIDDLE])).toEqual([WHOLE]);
  });

  test("an empty piece, and one beyond the largest packet, is passed over", () => {
    const fragments = new Fragments();
    const huge = payload(65_535);
    const given = add(
      fragments,
      [
        { from: 0, to: 0, more: true },
        { from: 65_528, to: 65_544, fill: 1 },
      ],
      huge,
    );
    expect(given).toEqual([undefined, undefined]);
    expect(
      add(
        fragments,
        [
          { from: 0, to: 32_768 },
          { from: 32_768, to: 65_535 },
        ],
        huge,
      ).at(-1),
    ).toEqual(huge);
  });
});

describe("packets", () => {
  test("of different identification, source or protocol are not mixed", () => {
    const fragments = new Fragments();
    const others = [FIRST, MIDDLE].flatMap((piece) => [
      { ...piece, id: 2 },
      { ...piece, source: "10.0.0.6" },
    ]);
    expect(add(fragments, [...others, LAST])).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(add(fragments, [FIRST, MIDDLE]).at(-1)).toEqual(WHOLE);
  });

  test("of the same identification a minute later are not mixed", () => {
    const old = { ...FIRST, fill: 0xee };
    expect(
      add(new Fragments(), [old, { ...MIDDLE, at: 61 }, { ...LAST, at: 61 }, { ...FIRST, at: 61 }]).at(-1),
    ).toEqual(WHOLE);
    // Within the minute they are one packet, also where the later frame is stored first.
    expect(add(new Fragments(), [{ ...FIRST, at: 60 }, MIDDLE, LAST]).at(-1)).toEqual(WHOLE);
  });

  test("a completed packet leaves nothing behind", () => {
    const fragments = new Fragments();
    expect(add(fragments, [FIRST, MIDDLE, LAST]).at(-1)).toEqual(WHOLE);
    expect(add(fragments, [MIDDLE, LAST])).toEqual([undefined, undefined]);
  });
});

describe("limits", () => {
  test("257 pieces of one packet: it is given up", () => {
    const fragments = new Fragments();
    const whole = payload(8 * 257);
    const pieces = Array.from({ length: 257 }, (_, i) => ({ from: 8 * i, to: 8 * i + 8 }));
    expect(add(fragments, pieces.slice(0, 256), whole).every((given) => given === undefined)).toBe(true);
    expect(add(fragments, pieces.slice(256), whole)).toEqual([undefined]);
    expect(add(new Fragments(), pieces.slice(1), whole).every((given) => given === undefined)).toBe(true);
    const enough = payload(8 * 256);
    expect(add(new Fragments(), pieces.slice(0, 256), enough).at(-1)).toEqual(enough);
  });

  test("more than 1024 packets in pieces: the oldest is forgotten, the others are not", () => {
    const fragments = new Fragments();
    const ids = Array.from({ length: 1025 }, (_, i) => i + 1);
    for (const id of ids)
      add(fragments, [
        { ...FIRST, id },
        { ...MIDDLE, id },
      ]);
    expect(add(fragments, [{ ...LAST, id: 2 }])).toEqual([WHOLE]);
    expect(add(fragments, [{ ...LAST, id: 1025 }])).toEqual([WHOLE]);
    expect(add(fragments, [{ ...LAST, id: 1 }])).toEqual([undefined]);
  });

  test("more than 4 MiB waiting: the oldest is forgotten", () => {
    const fragments = new Fragments();
    const whole = payload(65_528);
    const most = [
      { from: 0, to: 32_760 },
      { from: 32_760, to: 65_520 },
    ];
    const last = { from: 65_520, to: 65_528 };
    // 65 × 65 520 bytes are more than 4 MiB, 64 are not.
    for (let id = 1; id <= 65; id++)
      add(
        fragments,
        most.map((piece) => ({ ...piece, id })),
        whole,
      );
    expect(add(fragments, [{ ...last, id: 2 }], whole)).toEqual([whole]);
    expect(add(fragments, [{ ...last, id: 1 }], whole)).toEqual([undefined]);
  });
});

test("invariant: pieces in any order, doubled and overlapping, give the packet or nothing, never other bytes", () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { maxLength: 7 });
  const extra = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 4 });
  fc.assert(
    fc.property(cuts, extra, fc.infiniteStream(fc.nat()), (at, overlaps, random) => {
      const borders = [0, ...at.sort((one, other) => one - other), 8].map((value) => value * 8);
      const pieces = borders.slice(1).map((to, i) => ({ from: borders[i] as number, to }));
      for (const [one, other] of overlaps) {
        const [from, to] = [Math.min(one, other) * 8, Math.max(one, other) * 8 + 8];
        pieces.push({ from, to });
      }
      // The whole packet in one piece is no fragment.
      const parts = pieces.filter(({ from, to }) => from > 0 || to < 64);
      fc.pre(parts.length === pieces.length);
      const order = parts.map((piece) => ({ piece, key: random.next().value as number })).sort((a, b) => a.key - b.key);
      const given = add(
        new Fragments(),
        order.map(({ piece }) => piece),
      );
      const whole = given.filter((packet) => packet !== undefined);
      expect(whole.length).toBeGreaterThan(0);
      for (const packet of whole) expect(packet).toEqual(WHOLE);
    }),
  );
});
