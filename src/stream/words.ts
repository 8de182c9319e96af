/**
 * What every frame of a known connection touches, as words (32 bits) of one array: where a flow and its halves have what.
 * Owns the layout alone; flow.ts owns the array.
 *
 * A double stands at an even word. Counts and frame numbers are below 2^31; sequence numbers and addresses are signed.
 */

/** Of a flow, from its place on. */
export const HASH = 0;
/** Place of the next flow of the bucket; 0 = none. */
export const CHAIN = 1;
/** Ports of endpoint 0 (upper half) and 1. */
export const PORTS = 2;
export const STATE = 3;
export const A3 = 4;
export const B3 = 5;
export const LAST_FRAME = 6;
export const FRAME_COUNT = 7;
/** A double: capture formats have 64 bits for seconds. */
export const LAST_SECONDS = 8;
export const LAST_NANOS = 10;
/** What endpoint 0 sent; HALF words further on what endpoint 1 sent. */
export const HALF0 = 12;
/** Upper words of the addresses, alike for all of IPv4. */
export const A2 = 32;
export const A1 = 33;
export const A0 = 34;
export const B2 = 35;
export const B1 = 36;
export const B0 = 37;
export const STRIDE = 38;

/** In a half. */
/** A double. */
export const BYTES = 0;
export const FRAMES = 2;
export const NEXT = 3;
export const ACKED = 4;
export const REACHED = 5;
export const LARGEST = 6;
export const MARKS = 7;
export const BASE = 8;
/** Of the latest IP packet: what tells a copy, as mirror ports make them. */
export const IDENTIFICATION = 9;
/** What tells the latest datagram from others: what UDP has where TCP has NEXT. */
export const DATAGRAM = 3;
export const HALF = 10;

/** Bits of STATE. */
export const IPV6 = 1;
export const DONE = 2;
export const TOUCHED = 4;
/** Its packets were in a tunnel. */
export const TUNNELLED = 8;

/** Bits of MARKS: which fields of a half mean something. */
export const FOLLOWING = 1;
export const BASE_SET = 2;
export const NEXT_SET = 4;
export const ACKED_SET = 8;
export const REACHED_SET = 16;
export const DATA_SEEN = 32;
/** What a half must have before a segment with payload can simply be counted. */
export const COUNTED = BASE_SET | NEXT_SET | REACHED_SET | DATA_SEEN;
