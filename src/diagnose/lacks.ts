/**
 * What a capture lacks, in the words of the Report's `missing`: the other direction, the beginning, whole packets, the key
 * log. Owns these words and when each applies; draws no conclusion.
 */
import type { ConnectionObservation, TlsObservation } from "../observe/observations.ts";

export const BASELINE = "a baseline or --private-ca";
/** The one that was given has another certificate of the server, which does not settle it. */
export const NEWER_BASELINE = "a newer baseline with the server's whole certificate, or --private-ca";
export const KEY_LOG = "key log";
export const OVER_TCP = "TLS over TCP instead of QUIC";
export const OTHER_DIRECTION = "the other direction";
export const START = "the start of the connection";
export const WHOLE_PACKETS = "whole packets";
export const WHOLE_FILE = "the whole file";
export const TIME = "the time of the packets";
export const DROPPED_PACKETS = "the packets that were lost while capturing";
export const FULL_HANDSHAKE = "the full handshake that this connection resumes";
/** Anonymous, or by a key that both sides had before (RFC 5246 section F.1.1.1, RFC 4279). */
export const CERTIFICATE =
  "a connection that presents a certificate (this one is anonymous, or goes by a key that both sides had before)";
/** Connections of more kinds than are kept. */
export const FEWER_SERVERS = "the detail of connections beyond the limit";
/** It was still going on when the capture or the connection ended. */
/** The server has shown a good certificate, and then the handshake was broken off. */
export const WHAT_BROKE_IT = "what broke the handshake off after a good certificate";
export const WHOLE_HANDSHAKE = "the whole handshake";

/** TLS 1.3: the certificate is encrypted (RFC 8446 section 4.4). Drafts have versions of their own above it. */
const TLS_1_3 = 0x0304;

/** The capture has the connection from its beginning on. */
export function isBegun({ tcp }: ConnectionObservation): boolean {
  return tcp !== undefined && (tcp.syns > 0 || tcp.synAckFrame !== undefined);
}

/** What is missing of the connection itself to judge it; undefined when the capture has all of it. */
export function missingFrom(connection: ConnectionObservation): string | undefined {
  const { tcp, tls, protocol } = connection;
  if (tcp === undefined) return undefined;
  const { client, server } = tcp;
  if (client.frames === 0 || (server.frames === 0 && client.firstData !== undefined)) return OTHER_DIRECTION;
  const helloLost = tls?.clientHello === undefined || tls.serverHello === undefined;
  if (!isBegun(connection) && (protocol === "unknown" || (protocol === "tls" && helloLost))) return START;
  const unseen = tls !== undefined && tls.certificates.length === 0;
  return unseen && client.missing + server.missing > 0 ? WHOLE_PACKETS : undefined;
}

/** A full handshake up to TLS 1.2 that has no Certificate. */
export function presentsNone({ tls, tcp, handshake }: ConnectionObservation): boolean {
  if (tls === undefined || tls.certificates.length > 0 || tls.certificateUnreadable) return false;
  const isWhole = handshake.some(({ from, message }) => from === "server" && message === "ServerHelloDone");
  return isWhole && (tcp === undefined || tcp.server.missing + tcp.server.lost === 0);
}

/** Why the handshake shows no certificate though it went well: a session resumed, or encrypted. */
export function hidesCertificate(tls: TlsObservation): string | undefined {
  if (tls.certificates.length > 0) return undefined;
  if (tls.resumed === true) return FULL_HANDSHAKE;
  return tls.version !== undefined && tls.version >= TLS_1_3 && !tls.decrypted ? KEY_LOG : undefined;
}
