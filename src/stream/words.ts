/**
 * What every frame of a known connection touches, as words (32 bits) of one array: where a flow and its halves have what.
 * Owns the layout alone; flow.ts owns the array.
 *
 * Two may work on a flow: who tells connections apart, and who reads what they say (observe/courier.ts). The latter's are BYTES,
 * NEXT, LARGEST and MARKS of the halves, while there is something that it has not read yet; all else is always the former's.
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
/** A double: how far the way to the other thread had been used when something was last sent for the flow (observe/courier.ts). */
export const SENT = 38;
/** Wireshark's stream number, which also tells the flow from others that have had its place. */
export const NUMBER = 40;
/** Of the tunnel in which its first packet was, 0 for none; and what tells one in each direction (`Packet.path`). */
export const TUNNEL = 41;
export const PATH0 = 42;
export const PATH1 = 43;
/** The sequence number before the first byte of each direction, as BASE has it, for whoever tells flows apart. */
export const START0 = 44;
export const START1 = 45;
export const STRIDE = 46;

/** In a half. */
/** A double. */
export const BYTES = 0;
export const FRAMES = 2;
export const NEXT = 3;
export const ACKED = 4;
export const REACHED = 5;
export const LARGEST = 6;
export const MARKS = 7;
/** Of the latest IP packet: what tells a copy, as mirror ports make them. */
export const IDENTIFICATION = 8;
/** What tells the latest datagram from others. */
export const DATAGRAM = 9;
export const HALF = 10;

/** Bits of STATE. */
export const IPV6 = 1;
export const DONE = 2;
export const TOUCHED = 4;
/** Its packets were in a tunnel. */
export const TUNNELLED = 8;
/** PATH0, PATH1 mean something. */
export const PATH0_SET = 16;
export const PATH1_SET = 32;
/** A FIN of endpoint 0, of endpoint 1, and a RST were seen. */
export const FIN0 = 64;
export const FIN1 = 128;
export const RESET = 256;
/** In the queue of connections that have ended. */
export const ENDED = 512;
/** START0, START1 mean something. */
export const START0_SET = 1024;
export const START1_SET = 2048;
/** Forgotten: its place waits for another flow. */
export const RETIRED = 4096;

/** REACHED and ACKED of a half mean something. */
export const REACHED0_SET = 8192;
export const REACHED1_SET = 16384;
export const ACKED0_SET = 32768;
export const ACKED1_SET = 65536;

/** Bits of MARKS. */
/** Its payload is wanted. */
export const FOLLOWING = 1;
/** NEXT means something. */
export const NEXT_SET = 2;
export const DATA_SEEN = 4;
/** What a half must have before a segment with payload can simply be counted. */
export const COUNTED = NEXT_SET | DATA_SEEN;
