/**
 * RTP and RTCP packets: the header fields that stay in the clear, also of SRTP and SRTCP, which look the same. Owns the structure
 * of one datagram; it cannot prove that the datagram is RTP: whether several agree is for the reader to see.
 *
 * Sources: RFC 3550 sections 5.1 and 6.1, RFC 5761 section 4 (telling RTP from RTCP), RFC 7983 (telling both from STUN, DTLS and
 * TURN), RFC 3711 section 3 (SRTP).
 */
import { Cursor } from "../../bytes/cursor.ts";

export interface RtpPacket {
  readonly is: "rtp";
  readonly payloadType: number;
  readonly sequence: number;
  /** In units of the payload's clock. */
  readonly timestamp: number;
  /** The stream's source; one for as long as the stream lasts. */
  readonly ssrc: number;
}

export interface RtcpPacket {
  readonly is: "rtcp";
  /** The sender of the first packet. */
  readonly ssrc: number;
  /** Packets in the datagram that follow each other to its end; 1 when the rest cannot be read (SRTCP). */
  readonly packets: number;
}

/** RFC 7983: what the first byte of both is, version 2. */
export function mayBeRtp(bytes: Uint8Array): boolean {
  return (bytes[0] as number) >> 6 === 2 && bytes.length >= SHORTEST_RTCP;
}

/** One datagram. Throws ParseError when it is neither. */
export function parseRtp(bytes: Uint8Array): RtpPacket | RtcpPacket {
  const cursor = new Cursor(bytes, "rtp");
  const first = cursor.u8("flags");
  if (first >> 6 !== 2) throw cursor.fail("malformed", "version", "not 2");
  const second = cursor.u8("payloadType");
  // RFC 5761 section 4: RTP keeps out of 64 to 95 where both share a port; RFC 3551 never had 72 to 76.
  if (second >= 192 && second <= 223) return rtcp(bytes);
  const payloadType = second & 0x7f;
  if (payloadType >= 72 && payloadType <= 76) throw cursor.fail("malformed", "payloadType", "one of RTCP");
  const sequence = cursor.u16("sequence");
  const timestamp = cursor.u32("timestamp");
  const ssrc = cursor.u32("ssrc");
  cursor.take(4 * (first & 0x0f), "csrc");
  if ((first & EXTENSION) !== 0) {
    cursor.u16("profile");
    cursor.take(4 * cursor.u16("extensionLength"), "extension");
  }
  if (cursor.remaining === 0) throw cursor.fail("malformed", "payload", "empty");
  return { is: "rtp", payloadType, sequence, timestamp, ssrc };
}

/** SR, RR, SDES, BYE, APP, RTPFB, PSFB, XR. */
const FIRST_RTCP = 200;
const LAST_RTCP = 207;
const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const EXTENSION = 0x10;
/** Header and SSRC. */
const SHORTEST_RTCP = 8;
/** SRTCP: its index, and the shortest tag (RFC 3711 section 3.4). */
const SRTCP_TRAILER = 8;

function rtcp(bytes: Uint8Array): RtcpPacket {
  const cursor = new Cursor(bytes, "rtcp");
  let packets = 0;
  let ssrc = 0;
  while (cursor.remaining > 0) {
    const start = cursor.position;
    const flags = cursor.u8("flags");
    const type = cursor.u8("type");
    const length = 4 * cursor.u16("length");
    if (packets === 0) {
      if (type < FIRST_RTCP || type > LAST_RTCP) throw cursor.fail("malformed", "type", "not one of RTCP");
      if (length < shortest(type, flags & 0x1f)) throw cursor.fail("malformed", "length", "too short for its type");
      cursor.take(length, "content");
      ssrc = new Cursor(bytes, "rtcp", start + 4).u32("ssrc");
    } else if (flags >> 6 !== 2 || type < FIRST_RTCP || type > LAST_RTCP || length > cursor.remaining) {
      // What follows the first packet may be encrypted: then only its own length tells.
      if (bytes.length - start < SRTCP_TRAILER) throw cursor.fail("malformed", "", "bytes left over");
      return { is: "rtcp", ssrc, packets: 1 };
    } else cursor.take(length, "content");
    packets++;
  }
  return { is: "rtcp", ssrc, packets };
}

/** Bytes after the first four; reports have blocks of 24 bytes. */
function shortest(type: number, count: number): number {
  if (type === SENDER_REPORT) return 24 + 24 * count;
  return 4 + (type === RECEIVER_REPORT ? 24 * count : 0);
}
