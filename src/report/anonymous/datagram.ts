/**
 * The payload of one UDP datagram without what is private: STUN with other addresses, the hellos and certificates of DTLS, the packets of
 * QUIC's handshake, headers of the rest that tell what it is. Everything else is blanked or cut off. Knows nothing of connections.
 */
import { ParseError } from "../../bytes/parse-error.ts";
import type { AddressMap } from "../../packet/address-map.ts";
import { dtlsRecords, handshakeFragments, mayBeDtls } from "../../protocol/dtls/record.ts";
import { identifyUdp } from "../../protocol/identify.ts";
import { packets } from "../../protocol/quic/packet.ts";
import { HANDSHAKE } from "../../protocol/tls/record.ts";
import { anonymousStun } from "./stun.ts";

/** DNS: its number, flags and counts (RFC 1035 section 4.1.1). */
const DNS_HEADER = 12;
/** ChannelData (RFC 8656 section 12.4): channel and length. */
const CHANNEL_HEADER = 4;
/** QUIC's long header without its connection ids: flags, version, two lengths (RFC 8999 section 5.1). */
const LONG_HEADER = 7;
/** In the place of what is protected: zeros would be read as messages. */
const SEALED = 0xff;
const CERTIFICATE = 11;

export interface Datagram {
  readonly bytes: Uint8Array;
  readonly fromClient: boolean;
  /** It is of a connection of QUIC whose handshake was read with its secrets: what is sealed stays. */
  readonly sealedStays: boolean;
}

/** The bytes from the first on; those behind the end are cut off. */
export function anonymousDatagram(datagram: Datagram, map: AddressMap): Uint8Array<ArrayBuffer> {
  const { bytes } = datagram;
  const first = bytes[0] ?? 0;
  try {
    if (first < 4) return anonymousStun(bytes, map);
    if (mayBeDtls(bytes)) return dtls(datagram);
    if (first >= 0xc0) return quic(datagram);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
  }
  // A channel, or QUIC's short header.
  if (first >= 0x40 && first < 0x80) return bytes.slice(0, isChannel(bytes) ? CHANNEL_HEADER : 1);
  return bytes.slice(0, identifyUdp(bytes) === "dns" ? DNS_HEADER : 0);
}

function isChannel(bytes: Uint8Array): boolean {
  return ((bytes[2] ?? 0) << 8) + (bytes[3] ?? 0) <= bytes.length - CHANNEL_HEADER;
}

/** Records that are not protected stay, but for a client's certificate. */
function dtls({ bytes, fromClient }: Datagram): Uint8Array<ArrayBuffer> {
  const into = new Uint8Array(bytes.length);
  for (const { type, epoch, content } of dtlsRecords(bytes)) {
    const start = content.byteOffset - bytes.byteOffset;
    into.set(bytes.subarray(start - 13, start), start - 13);
    if (epoch !== 0) {
      into.fill(SEALED, start, start + content.length);
      continue;
    }
    into.set(content, start);
    if (type !== HANDSHAKE || !fromClient) continue;
    for (const fragment of handshakeFragments(content)) {
      const at = fragment.data.byteOffset - bytes.byteOffset;
      if (fragment.type === CERTIFICATE) into.fill(0, at, at + fragment.data.length);
    }
  }
  return into;
}

/** Initial packets, Retry and Version Negotiation stay; of what is sealed with keys of the handshake the headers. */
function quic({ bytes, sealedStays }: Datagram): Uint8Array<ArrayBuffer> {
  const into = new Uint8Array(bytes);
  for (const packet of packets(bytes)) {
    if (packet.type === "version-negotiation" || (sealedStays && packet.type !== "other")) continue;
    if (packet.type === "other") {
      into.fill(0, LONG_HEADER + packet.destination.length + packet.source.length);
      continue;
    }
    const start = packet.bytes.byteOffset - bytes.byteOffset;
    if (packet.type === "short") into.fill(0, start + 1, start + packet.bytes.length);
    else if (packet.type === "handshake" || packet.type === "0-rtt")
      into.fill(0, start + packet.numberAt, start + packet.bytes.length);
  }
  return into;
}
