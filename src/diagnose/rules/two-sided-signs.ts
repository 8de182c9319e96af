/**
 * What speaks for it that two connections with different hellos, which belong together by time, are one that something between has cut in
 * two: a forged certificate, another one at the server's end, a client whose SYN is answered near to it. Owns the signs and their
 * weight; knows nothing of how the two were found.
 */
import type { ConnectionObservation } from "../../observe/observations.ts";
import type { Certificate } from "../../protocol/x509/certificate.ts";
import { speaksFor } from "../../protocol/x509/host-name.ts";
import type { Context, TlsConnection } from "../context.ts";
import type { Pair } from "../pairing.ts";
import { nameOf } from "../peer.ts";
import type { Confidence } from "../vocabulary.ts";
import { called, milliseconds, short } from "../words.ts";
import { chainIsGood, hasPrivateIssuer, isInBaseline, isOwn } from "./support.ts";

const TLS_1_3 = 0x0304;
/** Round trips that differ by so much are told apart, whatever waits in queues: as factor, and in seconds. */
const NEARER = 3;
const NEARER_SECONDS = 0.005;

export interface Weight {
  readonly confidence: Confidence;
  /** In words, what else speaks for it. */
  readonly signs: readonly string[];
}

/** Of a pair by time with different hellos; `near`: its connection at the client. */
export function weigh(context: Context, pair: Pair, near: TlsConnection): Weight {
  const { far, nested, sameServer } = pair;
  const signs: string[] = [];
  const possible = { confidence: "possible" as const, signs };
  const leaf = context.leaf(near);
  const name = nameOf(near);
  if (leaf !== undefined) {
    if (chainIsGood(near) || isInBaseline(near) || !hasPrivateIssuer(context, near)) return possible;
    if (name !== undefined && speaksFor(leaf, name))
      signs.push(`the client was shown a certificate for ${short(name)} by ${called(leaf.issuer)}`);
  }
  // Behind another address there may be a load balancer: a public one has a public certificate, one inside perhaps a private one.
  if (!sameServer && (leaf === undefined || isOwn(near))) return possible;
  const isOther = isOtherCertificate(near, far, leaf);
  if (isOther === false) return possible;
  if (isOther === true)
    signs.push(
      leaf !== undefined && leafOf(far) !== undefined
        ? "the server's is another one"
        : "the server's certificate has another key or size",
    );
  const ways = distances(near, far);
  if (ways !== undefined) {
    if (isMuchLess(ways.toServer, ways.toClient)) return possible;
    if (isMuchLess(ways.toClient, ways.toServer))
      signs.push(
        `the client's SYN is answered after ${milliseconds(ways.toClient)}, while the server is ${milliseconds(ways.toServer)} further on`,
      );
  }
  const all = signs.length + (nested ? 1 : 0);
  if (all < 2) return { confidence: "possible", signs };
  return { confidence: all > 2 && sameServer ? "proven" : "likely", signs };
}

/** Undefined when it cannot be told. Sizes and keys of hidden certificates may be alike by chance, and then are taken for the same. */
function isOtherCertificate(near: TlsConnection, far: ConnectionObservation, leaf?: Certificate): boolean | undefined {
  const there = leafOf(far);
  if (leaf !== undefined && there !== undefined) return leafOf(near) !== there;
  const [one, other] = [near.tls.flight, far.tls?.flight];
  if (leaf !== undefined) {
    if (other?.key === undefined) return undefined;
    if (other.key !== leaf.key) return true;
    return other.certificate === sizeInTls13(near) ? false : undefined;
  }
  if (one?.key === undefined || other?.key === undefined) return undefined;
  return one.key !== other.key || one.certificate !== other.certificate;
}

/**
 * Bytes of the Certificate message of TLS 1.2, were it sent in TLS 1.3, which adds an empty context and the lengths of extensions, that
 * are mostly none (RFC 8446 section 4.4.2).
 */
function sizeInTls13({ handshake, tls }: TlsConnection): number | undefined {
  const message = handshake.find(({ from, message }) => from === "server" && message === "Certificate");
  if (message === undefined) return undefined;
  return tls.version === TLS_1_3 ? message.length : message.length + 1 + 2 * tls.certificates.length;
}

/** Seconds from who answered the client's SYN to the client and back, and on to the server and back. */
function distances(near: ConnectionObservation, far: ConnectionObservation) {
  const toClient = near.timing.tcpRtt;
  const { tcpRtt, tcpAck } = far.timing;
  if (near.through !== undefined || toClient === undefined || tcpRtt === undefined || tcpAck === undefined)
    return undefined;
  return { toClient, toServer: tcpRtt + tcpAck };
}

function isMuchLess(one: number, other: number): boolean {
  return other - one >= NEARER_SECONDS && other >= one * NEARER;
}

/** SHA-256 of its leaf. */
export function leafOf({ tls }: ConnectionObservation): string | undefined {
  return tls?.certificates[0]?.sha256;
}
