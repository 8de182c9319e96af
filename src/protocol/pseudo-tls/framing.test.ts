// Invariant: takes any bytes in any cut without throwing, and reports at most one frame.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex } from "../../bytes/text.ts";
import { TurnFraming } from "./framing.ts";
import type { PseudoTlsDialect } from "./hello.ts";

const allocate = fromHex("02000024 00030010b222374b4e71ec040eea651a9acc9ade000f000472c64bc68008000400000001");
const data = fromHex("03000005 8072000102");
const binding = fromHex("000100002112a442534f70436969354a6663317a");
const framedBinding = Uint8Array.of(0, binding.length, ...binding);

/** Feeds pieces as frames 1, 2, …; gives the reported frames and whether it is done. */
function feed(dialect: PseudoTlsDialect, ...pieces: Uint8Array[]): { found: number[]; done: boolean } {
  const found: number[] = [];
  const framing = new TurnFraming(dialect, (frame) => found.push(frame));
  const buffer = new Uint8Array(70_000);
  pieces.forEach((piece, i) => {
    buffer.set(piece, 5);
    framing.data(buffer, 5, 5 + piece.length, i + 1);
    buffer.fill(0);
  });
  return { found, done: framing.done };
}

const bytewise = (bytes: Uint8Array) => [...bytes].map((byte) => Uint8Array.of(byte));
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

const streams: [PseudoTlsDialect, string, Uint8Array][] = [
  ["ms-turn", "a control message", allocate],
  ["ms-turn", "data, then a control message", join(data, data, allocate)],
  ["ssltcp", "a bare message", binding],
  ["ssltcp", "a message in an RFC 4571 frame", framedBinding],
];

describe.each(streams)("TurnFraming, %s: %s", (dialect, _, bytes) => {
  it("reports the frame that completes it: whole, byte by byte, with trailing bytes", () => {
    expect(feed(dialect, bytes)).toEqual({ found: [1], done: true });
    expect(feed(dialect, ...bytewise(bytes))).toEqual({ found: [bytes.length], done: true });
    expect(feed(dialect, join(bytes, bytes))).toEqual({ found: [1], done: true });
  });

  it("waits on every proper prefix", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(feed(dialect, bytes.subarray(0, length))).toEqual({ found: [], done: false });
    }
  });
});

describe("TurnFraming", () => {
  it("does not believe a frame without a valid message", () => {
    const noCookie = allocate.slice();
    noCookie[24] = 1;
    expect(feed("ms-turn", noCookie)).toEqual({ found: [], done: true });
    expect(feed("ms-turn", fromHex("02000000"))).toEqual({ found: [], done: true });
    expect(feed("ms-turn", fromHex("02010024"))).toEqual({ found: [], done: true });
    expect(feed("ms-turn", fromHex("16030100"))).toEqual({ found: [], done: true });
    expect(feed("ms-turn", join(Uint8Array.of(2, 0, 0, binding.length), binding))).toEqual({ found: [], done: true });
    expect(feed("ssltcp", new TextEncoder().encode("\0\u0005HTTP/1.1 400 Bad Request"))).toEqual({
      found: [],
      done: true,
    });
  });

  it("takes data alone for no proof, and gives up at a gap", () => {
    expect(feed("ms-turn", data, data)).toEqual({ found: [], done: false });
    const framing = new TurnFraming("ms-turn", () => {});
    framing.gap();
    expect(framing.done).toBe(true);
  });

  it("never throws", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<PseudoTlsDialect>("ms-turn", "ssltcp"),
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.constantFrom(allocate, data, binding, framedBinding)), {
          maxLength: 8,
        }),
        (dialect, pieces) => {
          expect(feed(dialect, ...pieces).found.length).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});
