// Invariant: takes any bytes in any cut without throwing; what is reported does not depend on the cut.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../bytes/text.ts";
import { type TurnFraming, TurnStream, turnFraming } from "./stream.ts";

const msAllocate = fromHex("02000024 00030010b222374b4e71ec040eea651a9acc9ade000f000472c64bc68008000400000001");
const msData = fromHex("03000005 8072000102");
const multiplexed = fromHex("ff10000a 0102030405060708 8072");
const binding = fromHex("000100002112a442534f70436969354a6663317a");
const allocate = fromHex("000300082112a4425a5a6766714b33552f38664f0019000411000000");
const channel = fromHex("40000005aabbccddee000000");
const framed = (bytes: Uint8Array) => Uint8Array.of(bytes.length >> 8, bytes.length & 255, ...bytes);
const dtls = fromHex("16feff0000000000000000000c010000000000000000000000");
const rtp = fromHex("80600001000000a0000012340102030405");

interface Seen {
  /** `type@frame` of messages, hexadecimal@frame of data. */
  readonly found: string[];
  readonly done: boolean;
}

/** Feeds pieces as frames 1, 2, …, from a buffer that is used again. */
function feed(framing: TurnFraming | undefined, ...pieces: Uint8Array[]): Seen {
  const found: string[] = [];
  const stream = new TurnStream(framing, {
    message: ({ type }, _framing, frame) => found.push(`${type}@${frame}`),
    data: (bytes, kind, frame) => found.push(`${kind} ${toHex(bytes)}@${frame}`),
  });
  const buffer = new Uint8Array(70_000);
  pieces.forEach((piece, i) => {
    buffer.set(piece, 5);
    stream.data(buffer, 5, 5 + piece.length, i + 1);
    buffer.fill(0);
  });
  return { found, done: stream.done };
}

const bytewise = (bytes: Uint8Array) => [...bytes].map((byte) => Uint8Array.of(byte));
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

const streams: [TurnFraming, string, Uint8Array, string[]][] = [
  ["ms-turn", "a control message", msAllocate, ["3"]],
  [
    "ms-turn",
    "a message, data, multiplexed data",
    join(msAllocate, msData, multiplexed),
    ["3", "ms-turn 8072000102", "ms-turn 8072"],
  ],
  ["bare", "a message", binding, ["1"]],
  ["bare", "messages and data of a channel", join(binding, allocate, channel), ["1", "3", "bare aabbccddee"]],
  ["rfc4571", "a message", framed(binding), ["1"]],
  [
    "rfc4571",
    "a message, DTLS, RTP",
    join(framed(binding), framed(dtls), framed(rtp)),
    ["1", `rfc4571 ${toHex(dtls)}`, `rfc4571 ${toHex(rtp)}`],
  ],
];

describe.each(streams)("%s: %s", (framing, _, bytes, expected) => {
  const strip = ({ found }: Seen) => found.map((text) => text.replace(/@\d+$/, ""));

  it("is read whole, byte by byte, and told by its beginning", () => {
    expect(turnFraming(bytes)).toBe(framing);
    for (const known of [framing, undefined]) {
      expect(feed(known, bytes)).toEqual({ found: expected.map((text) => `${text}@1`), done: false });
      const cut = feed(known, ...bytewise(bytes));
      expect(strip(cut)).toEqual(expected);
      expect(cut.found.at(-1)).toMatch(new RegExp(`@${bytes.length}$`));
    }
  });

  it("a proper prefix says less, and never something else", () => {
    for (let length = 0; length < bytes.length; length++) {
      const { found, done } = feed(framing, bytes.subarray(0, length));
      expect(done).toBe(false);
      expect(expected.map((text) => `${text}@1`).slice(0, found.length)).toEqual(found);
      expect(found.length).toBeLessThan(expected.length);
      expect([framing, "need-more"]).toContain(turnFraming(bytes.subarray(0, length)));
    }
  });

  it("ends at trailing bytes that are not framed so", () => {
    const { found, done } = feed(framing, join(bytes, fromHex("ffffffffffffffff")));
    // Any length is one in RFC 4571.
    expect(done).toBe(framing !== "rfc4571");
    expect(found).toHaveLength(expected.length);
  });
});

describe("turnFraming", () => {
  it.each([
    ["a length before a message of another length", "0015000100002112a442534f70436969354a6663317a"],
    ["a TLS hello", "160301002d010000290301"],
    ["HTTP", "474554202f20485454502f312e31"],
    ["a control frame without the cookie", "02000024 00030010b222374b4e71ec040eea651a9acc9ade000f000472c64bc7"],
    ["a control frame of another length", "02000025 00030010b222374b4e71ec040eea651a9acc9ade000f000472c64bc6"],
    ["data of a channel, which proves nothing", "40000005aabbccddee000000"],
  ])("is none for %s", (_, hex) => {
    expect(turnFraming(fromHex(hex))).toBe("no");
  });
});

describe("TurnStream", () => {
  it("does not believe a frame without a valid message", () => {
    const noCookie = msAllocate.slice();
    noCookie[24] = 1;
    const gone = { found: [], done: true };
    expect(feed("ms-turn", noCookie)).toEqual(gone);
    expect(feed("ms-turn", fromHex("02000000"))).toEqual(gone);
    expect(feed("ms-turn", fromHex("02010024"))).toEqual(gone);
    expect(feed("ms-turn", fromHex("16030100"))).toEqual(gone);
    expect(feed("ms-turn", join(Uint8Array.of(2, 0, 0, binding.length), binding))).toEqual(gone);
    expect(feed(undefined, new TextEncoder().encode("\0\u0005HTTP/1.1 400 Bad Request"))).toEqual(gone);
  });

  it("gives up at a gap, when told, and after 256 frames", () => {
    for (const end of ["gap", "finish"] as const) {
      const stream = new TurnStream("ms-turn", { message: () => {}, data: () => {} });
      stream[end]();
      expect(stream.done).toBe(true);
    }
    expect(feed("bare", ...Array.from({ length: 255 }, () => binding)).done).toBe(false);
    const all = feed("bare", ...Array.from({ length: 300 }, () => binding));
    expect(all.done).toBe(true);
    expect(all.found).toHaveLength(256);
  });

  it("hands over the beginning of long data, and reads on behind it", () => {
    const long = new Uint8Array(4 + 5000);
    long.set([3, 0, 5000 >> 8, 5000 & 255]);
    long.fill(0x5a, 4);
    const stream = join(long, msAllocate);
    for (const size of [stream.length, 700, 1]) {
      const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
        stream.subarray(i * size, (i + 1) * size),
      );
      const { found } = feed("ms-turn", ...pieces);
      expect(found.map((text) => text.length)).toEqual([expect.any(Number), expect.any(Number)]);
      expect(found[0]?.replace(/@\d+$/, "")).toBe(`ms-turn ${"5a".repeat(2048)}`);
      expect(found[1]).toMatch(/^3@/);
    }
  });

  it("never throws, and does not depend on the cut", () => {
    const parts = fc.oneof(
      fc.uint8Array({ maxLength: 50 }),
      fc.constantFrom(msAllocate, msData, multiplexed, binding, allocate, channel, framed(binding), framed(dtls)),
    );
    fc.assert(
      fc.property(
        fc.constantFrom<TurnFraming | undefined>("ms-turn", "bare", "rfc4571", undefined),
        fc.array(parts, { maxLength: 8 }),
        fc.nat(30),
        (framing, pieces, size) => {
          const text = ({ found, done }: Seen) => [found.map((item) => item.replace(/@\d+$/, "")), done];
          const all = join(...pieces);
          const cut = Array.from({ length: Math.ceil(all.length / (size + 1)) }, (_, i) =>
            all.subarray(i * (size + 1), (i + 1) * (size + 1)),
          );
          expect(text(feed(framing, ...cut))).toEqual(text(feed(framing, all)));
          feed(framing, ...pieces);
        },
      ),
    );
  });
});
