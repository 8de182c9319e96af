/**
 * A leaf that is built as an interception product builds the ones it forges, under an issuer that no public root vouches for: visible
 * on a single host, and whatever the administrator called the CA.
 *
 * Who uses the same library may come to the same build, so it is never more than one sign. Alone it counts only together with the
 * product's own unusual exponent, and is possible then. Likely with another sign that has nothing to do with the build: the leaf was made
 * for this very connection and dated back as the product does it, or TCP is answered near and TLS far; without the exponent with both.
 *
 * No product is named: the issuer does that, and others have taken over the code.
 */
import { INTERCEPTORS } from "../../knowledge/interceptors/index.ts";
import type { Certificate } from "../../protocol/x509/certificate.ts";
import type { Context, TlsConnection } from "../context.ts";
import type { Evidence, Finding } from "../finding.ts";
import { type StructureMatch, structureOf } from "../leaf-structure.ts";
import type { Rule } from "../rule.ts";
import { called, list, milliseconds, moment, plural, servers } from "../words.ts";
import { answersFar, daysBack } from "./minting.ts";
import {
  bypassAdvice,
  certificateAnswer,
  certificateEvidence,
  compareAdvice,
  hasPrivateIssuer,
  isBelowDeclared,
  isOwn,
} from "./support.ts";

const DAY = 86_400;

/** A leaf and where it was presented. */
interface Suspect {
  readonly leaf: Certificate;
  readonly match: StructureMatch;
  readonly connections: TlsConnection[];
}

/** What else speaks against a leaf. */
interface Signs {
  /** Made for one of its connections. */
  readonly isFresh: boolean;
  /** TCP is answered near and TLS far, wherever that can be seen. */
  readonly isFar: boolean;
}

export const forgedLeafStructure: Rule = {
  id: "forged-leaf-structure",
  title: "a certificate built as an interceptor builds them",
  references: ["https://github.com/droe/sslsplit/blob/master/ssl.c"],
  doc: {
    about:
      "Looks for certificates that are built exactly as the code of an interception product builds those it forges (extensions in order, lifetime, key), under an issuer that no public root vouches for. It shows on a single host, whatever the CA is called, and never names the product: others have taken over its code.",
    finds: {
      likely:
        "two of: the product's own unusual key, a date that fits this very connection, TCP answered near and TLS far",
      possible: "only the key or only the date",
    },
    causes: ["tls-interception"],
    innocent: ["a private authority that uses the same library in the same way"],
    advice:
      "Exempt the servers named in the finding from TLS inspection on the proxy. Where it is only possible: compare with the certificate that the same server presents on another network.",
  },
  check(context) {
    const judged = context.tls().filter((connection) => context.leaf(connection) !== undefined);
    // Alike in all that the finding says.
    const groups = new Map<string, { match: StructureMatch; signs: Signs; connections: TlsConnection[] }>();
    for (const { leaf, match, connections } of suspects(context, judged)) {
      const signs = signsOf(context, match, connections);
      const key = `${match.product.id} ${match.ownExponent} ${signs.isFresh} ${signs.isFar} ${leaf.issuer.text}`;
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { match, signs, connections: [...connections] });
      else known.connections.push(...connections);
    }
    const findings = [...groups.values()].flatMap(({ match, signs, connections }) =>
      finding(context, match, signs, connections),
    );
    return certificateAnswer(context.tls(), findings, judged.length);
  },
};

function suspects(context: Context, judged: readonly TlsConnection[]): Iterable<Suspect> {
  const found = new Map<Certificate, Suspect>();
  for (const connection of judged) {
    const leaf = context.leaf(connection);
    const below = isBelowDeclared(context, connection);
    if (leaf === undefined || !(below || hasPrivateIssuer(context, connection))) continue;
    const match = structureOf(leaf, INTERCEPTORS);
    if (match === undefined) continue;
    // An organisation's own CA may build its leaves by any library, but not with such keys.
    if (!match.ownExponent && (below || isOwn(connection))) continue;
    const known = found.get(leaf);
    if (known === undefined) found.set(leaf, { leaf, match, connections: [connection] });
    else known.connections.push(connection);
  }
  return found.values();
}

function signsOf(context: Context, { structure }: StructureMatch, connections: readonly TlsConnection[]): Signs {
  const far = connections.map(answersFar).filter((is) => is !== undefined);
  return {
    // Proxies keep a forged leaf for later connections.
    isFresh: connections.some((connection) => daysBack(context, connection) === structure.daysBack),
    isFar: far.length > 0 && far.every((is) => is),
  };
}

function finding(
  context: Context,
  { product, structure, ownExponent }: StructureMatch,
  { isFresh, isFar }: Signs,
  connections: readonly TlsConnection[],
): Finding[] {
  const issuer = connections[0] === undefined ? undefined : context.leaf(connections[0])?.issuer;
  // Many servers are slow to answer a hello.
  if (issuer === undefined || !(ownExponent || isFresh)) return [];
  const likely = Number(ownExponent) + Number(isFresh) + Number(isFar) >= 2;
  const marks = [
    `valid for ${plural(structure.lifetime / DAY, "day")}`,
    ...(ownExponent ? [`a key with the exponent ${structure.ownExponent}`] : []),
  ];
  const signs = [
    ...(isFresh ? [`it begins ${plural(structure.daysBack, "day")} before the connection, to within minutes`] : []),
    ...(isFar ? ["TCP is answered near and TLS far"] : []),
  ];
  return [
    {
      confidence: likely ? "likely" : "possible",
      cause: "tls-interception",
      connections,
      what: `${servers(connections)} presented a certificate issued by ${called(issuer)} that is built as those that ${product.name} forges: ${list(["the same extensions in the same order", ...marks])}${signs.map((sign) => `; ${sign}`).join("")}.`,
      why: likely
        ? `No public root vouches for the issuer, and a server's own authority that happens to build its certificates like that would not also ${isFresh ? "have issued this one just then" : "be further away than the server"}.`
        : "No public root vouches for the issuer. It may be the server's own and use the same library in the same way, so this proves nothing by itself.",
      fix: likely ? bypassAdvice(connections, "the proxy") : compareAdvice(connections),
      evidence: connections
        .slice(0, MAX_SHOWN)
        .flatMap((connection) => evidence(context, connection, marks, { isFresh, isFar })),
    },
  ];
}

function evidence(context: Context, connection: TlsConnection, marks: readonly string[], signs: Signs): Evidence[] {
  const build = certificateEvidence(
    context,
    [connection],
    "extensions",
    ({ extensions }) => `${extensions.map(({ oid }) => NAMES.get(oid) ?? oid).join(", ")}; ${list(marks)}`,
    "what the server's own authority makes",
  );
  if (signs.isFresh) {
    const begins = ({ notBefore }: Certificate) => moment(notBefore);
    const expected = "a date that has nothing to do with this connection";
    build.push(...certificateEvidence(context, [connection], "validity.notBefore", begins, expected));
  }
  const { tcpRtt, hello } = connection.timing;
  const frame = connection.tcp?.synAckFrame;
  if (signs.isFar && tcpRtt !== undefined && hello !== undefined && frame !== undefined) {
    const value = `SYN-ACK after ${milliseconds(tcpRtt)}, ServerHello ${milliseconds(hello)} after the ClientHello`;
    build.push({ file: connection.file, frame, path: "tcp.rtt", value, expected: "about the same" });
  }
  return build;
}

/** Three rows of evidence each; the others are named in the finding anyway. */
const MAX_SHOWN = 6;

/** RFC 5280 section 4.2.1. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["2.5.29.14", "subjectKeyIdentifier"],
  ["2.5.29.15", "keyUsage"],
  ["2.5.29.17", "subjectAltName"],
  ["2.5.29.19", "basicConstraints"],
  ["2.5.29.31", "cRLDistributionPoints"],
  ["2.5.29.35", "authorityKeyIdentifier"],
  ["2.5.29.37", "extendedKeyUsage"],
]);
