/**
 * One non-public key that signs for unrelated registrable domains. Within one domain it may be that organisation's own CA;
 * for three it is a forger (proven), for two it is likely.
 *
 * The key is the one that verifies the leaf. When the issuer's certificate was not sent, issuer name and
 * authorityKeyIdentifier stand for it: they count as one domain less and never prove, as anyone can write them. The name alone
 * is only possible: many have taken over one that a manual or a program proposes. So are hosts on one address, which may be one
 * machine under many names, and an authority below a CA that was declared legitimate.
 * Authorities known to sign for many owners without being on browsers' lists are shown and accused of nothing.
 */
import type { Context, TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { addressesOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import { called, describe, list, short } from "../words.ts";
import {
  bypassAdvice,
  certificateAnswer,
  certificateEvidence,
  compareAdvice,
  hasPrivateIssuer,
  isBelowDeclared,
  isDeclaredPrivate,
  otherAuthority,
  unrelatedDomains,
} from "./support.ts";

const PROVEN_DOMAINS = 3;
const LIKELY_DOMAINS = 2;

interface Signer {
  /** What tells this signer from others of the name: its key, at least the identifier of one, or nothing. */
  readonly known: "key" | "key-id" | "name";
  readonly connections: TlsConnection[];
}

export const sharedForger: Rule = {
  id: "shared-forger",
  title: "one private issuer for unrelated hosts",
  references: ["https://jhalderm.com/pub/papers/interception-ndss17.pdf"],
  doc: {
    about:
      "Looks for one private key that signs for unrelated domains. Hosts of unrelated owners do not share a private authority; a box in between that makes certificates for all of them does. The key is the one that verifies the certificates; where the issuer's was not sent, its name and key identifier stand for it and count for less.",
    finds: {
      proven: "the key is known, for three unrelated domains or more",
      likely: "the key is known, for two; or name and key identifier alone, for three",
      possible:
        "only the name is the same, all are on one address, the authority stands below a declared CA, or it is known to sign honestly for many",
    },
    causes: ["tls-interception"],
    innocent: [
      "one owner with several domains and a CA of its own",
      "an authority that honestly signs for many without being on browsers' lists",
    ],
    advice:
      "Exempt the servers named in the finding from TLS inspection on the proxy. If all are one owner's, declare its CA with --private-ca instead.",
  },
  check(context) {
    const judged = context.tls().filter((connection) => context.leaf(connection) !== undefined);
    const signers = new Map<string, Signer>();
    for (const connection of judged) {
      if (!hasPrivateIssuer(context, connection) && !isBelowDeclared(context, connection)) continue;
      const leaf = context.leaf(connection);
      const key = connection.tls.signing?.issuerKey;
      const keyId = leaf?.authorityKeyId;
      const signer = key ?? `${leaf?.issuer.text} ${keyId ?? ""}`;
      const known = key !== undefined ? "key" : keyId !== undefined ? "key-id" : "name";
      const before = signers.get(signer);
      if (before === undefined) signers.set(signer, { known, connections: [connection] });
      else before.connections.push(connection);
    }
    const findings = [...signers.values()].flatMap((signer) => finding(context, signer));
    return certificateAnswer(context.tls(), findings, judged.length);
  },
};

const BY_NAME = "Only the name says that it is one authority; others may have taken the same.";

/** Why this may be no forger. */
function doubts(connections: readonly TlsConnection[]): string | undefined {
  if (connections.some(isDeclaredPrivate))
    return "It stands below a CA that was declared legitimate; if it is legitimate itself, declare its own certificate with --private-ca.";
  // What a proxy was asked for by name has an address that nobody here knows.
  const direct = connections.every(({ through }) => through === undefined);
  return direct && addressesOf(connections).size < 2
    ? "All of them are on one address, which may be one machine under many names."
    : undefined;
}

function finding(context: Context, { known, connections }: Signer): Finding[] {
  const domains = unrelatedDomains(context, connections);
  const weight = domains.length - (known === "key" ? 0 : 1);
  const issuer = connections[0] === undefined ? undefined : context.leaf(connections[0])?.issuer;
  if (weight < LIKELY_DOMAINS || issuer === undefined) return [];
  const honest = otherAuthority(issuer);
  const proven = known === "key" && weight >= PROVEN_DOMAINS;
  const doubt = known === "name" ? BY_NAME : doubts(connections);
  const decides = honest === undefined && doubt === undefined;
  return [
    {
      confidence: !decides ? "possible" : proven ? "proven" : "likely",
      cause: "tls-interception",
      connections,
      what: `${called(issuer)}, which no public root vouches for, issued the certificates of ${domains.length} unrelated domains: ${list(domains.map(short), 4)}.`,
      why:
        honest === undefined
          ? `Hosts of unrelated owners do not share a private certificate authority; one box in between that makes certificates for all of them does.${doubt === undefined ? "" : ` ${doubt}`}`
          : `This is the name of ${honest.name}, which signs for several domains without being on browsers' lists; only its name speaks for it here.`,
      fix: !decides
        ? compareAdvice(connections)
        : `${bypassAdvice(connections, "the proxy")}${proven ? "" : " If all of them are one owner's and this is its own CA, declare it with --private-ca instead."}`,
      evidence: certificateEvidence(
        context,
        connections,
        "issuer",
        (leaf, connection) => `${describe(connection)}: ${leaf.issuer.text}`,
        "a public authority, or one per owner",
      ),
    },
  ];
}
