/**
 * QUIC packets within a datagram: what their headers say before anything is opened (RFC 8999; RFC 9000 section 17; RFC 9369). Owns
 * headers and lengths; knows nothing of keys or of connections. Answers values or throws ParseError.
 */
import { Cursor } from "../../bytes/cursor.ts";
import { type PacketType, VERSIONS } from "./versions.ts";

/** RFC 9000 section 17.2: connection ids of these versions. */
const MAX_CONNECTION_ID = 20;
/** The tag that ends a Retry, and the shortest protected packet: a packet number and a tag. */
const TAG = 16;
const SHORTEST = 1 + TAG;
/** Versions of a Version Negotiation packet that are kept; servers offer a handful. */
const MAX_VERSIONS = 32;

/** A packet with a long header, of a version that is read. */
export interface LongPacket {
  readonly type: PacketType;
  readonly version: number;
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  /** From the first byte of the header to the end of the packet. */
  readonly bytes: Uint8Array;
  /** Index into `bytes` of the packet number; the end for a Retry, which has none. */
  readonly numberAt: number;
}

/** RFC 8999 section 6: the server does not speak the client's version, and says what it speaks. */
export interface VersionNegotiation {
  readonly type: "version-negotiation";
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly versions: readonly number[];
}

/** A packet of a version that is not read, to the end of the datagram. */
export interface OtherPacket {
  readonly type: "other";
  readonly version: number;
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
}

/** A packet with a short header, to the end of the datagram: whose connection id it bears only its receiver knows. */
export interface ShortPacket {
  readonly type: "short";
  readonly bytes: Uint8Array;
}

export type Packet = LongPacket | VersionNegotiation | OtherPacket | ShortPacket;

/** The packets of a datagram (RFC 9000 section 12.2). Throws ParseError at the first that is none. */
export function* packets(datagram: Uint8Array): Generator<Packet> {
  for (let start = 0; start < datagram.length; ) {
    const packet = packetAt(datagram, start);
    if (packet === undefined) return;
    yield packet;
    if (!("bytes" in packet)) return;
    start += packet.bytes.length;
  }
}

/** Undefined for what is no packet: the padding of a whole datagram. */
function packetAt(datagram: Uint8Array, start: number): Packet | undefined {
  const cursor = new Cursor(datagram, "quic", start);
  const flags = cursor.u8("flags");
  if ((flags & 0x80) === 0) {
    // RFC 9000 section 17.3.1: the fixed bit.
    return (flags & 0x40) === 0 ? undefined : { type: "short", bytes: datagram.subarray(start) };
  }
  const version = cursor.u32("version");
  const destination = connectionId(cursor, "destination");
  const source = connectionId(cursor, "source");
  if (version === 0) return { type: "version-negotiation", destination, source, versions: versionList(cursor) };
  const known = VERSIONS.get(version);
  if (known === undefined) return { type: "other", version, destination, source };
  if (flags < 0xc0) throw cursor.fail("malformed", "flags", "the fixed bit is not set");
  const type = known.types[(flags >> 4) & 3] as PacketType;
  if (type === "retry") {
    cursor.take(cursor.remaining - TAG, "token");
    return { type, version, destination, source, bytes: datagram.subarray(start), numberAt: datagram.length - start };
  }
  if (type === "initial") cursor.take(variableLength(cursor, "tokenLength"), "token");
  const length = variableLength(cursor, "length");
  const numberAt = cursor.position - start;
  cursor.take(length, "payload");
  return { type, version, destination, source, bytes: datagram.subarray(start, cursor.position), numberAt };
}

/** Whether a datagram begins with a packet that has a long header, judged by its header alone. */
export function beginsLong(datagram: Uint8Array, isVersion: (version: number) => boolean): boolean {
  const cursor = new Cursor(datagram, "quic");
  if (cursor.u8("flags") < 0xc0) return false;
  const version = cursor.u32("version");
  if (version !== 0 && !isVersion(version)) return false;
  connectionId(cursor, "destination");
  connectionId(cursor, "source");
  if (version !== 0) return cursor.remaining >= SHORTEST;
  const versions = versionList(cursor);
  return versions.length > 0 && !versions.includes(0);
}

function versionList(cursor: Cursor): number[] {
  const versions: number[] = [];
  while (cursor.remaining > 0 && versions.length < MAX_VERSIONS) versions.push(cursor.u32("supportedVersion"));
  return versions;
}

function connectionId(cursor: Cursor, field: string): Uint8Array {
  const length = cursor.u8(`${field}Length`);
  if (length > MAX_CONNECTION_ID) throw cursor.fail("malformed", field, `connection id of ${length} bytes`);
  return cursor.take(length, field);
}

/** RFC 9000 section 16. Up to 2^62, of which no length can be beyond what is there. */
export function variableLength(cursor: Cursor, field: string): number {
  const first = cursor.u8(field);
  let value = first & 0x3f;
  for (let more = (1 << (first >> 6)) - 1; more > 0; more--) value = value * 256 + cursor.u8(field);
  return value;
}
