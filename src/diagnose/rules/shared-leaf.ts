/**
 * One and the same certificate of a private issuer in answer to names of unrelated owners, none of which it is for, in several networks:
 * whoever holds its key answers for all of them. A box in between that was given one certificate does.
 *
 * So do a network's login page, a block page, and a hoster's default certificate: alone it is possible only. Likely for three owners when
 * TCP is answered near and TLS far everywhere: a page of the box's own need not wait for the servers.
 *
 * Not judged: self-signed certificates, which images and firmware ship to many owners. Good ones are `captive-portal`'s.
 */
import { networkOf } from "../../bytes/address.ts";
import { speaksFor } from "../../protocol/x509/host-name.ts";
import { type Context, registrableDomain, type TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { grouped } from "../grouped.ts";
import { addressesOf, nameOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import { called, holder, holders, list, servers, short } from "../words.ts";
import { answersFar } from "./minting.ts";
import {
  bypassAdvice,
  certificateAnswer,
  certificateEvidence,
  compareAdvice,
  hasPrivateIssuer,
  isOwn,
  onePerOwner,
  otherAuthority,
} from "./support.ts";

/** Owners of two domains may be one. */
const POSSIBLE_OWNERS = 2;
const LIKELY_OWNERS = 3;

export const sharedLeaf: Rule = {
  id: "shared-leaf",
  title: "one certificate for unrelated names",
  references: ["https://dl.acm.org/doi/10.1145/2987443.2987455"],
  doc: {
    about:
      "Looks for one and the same private certificate in answer to names of unrelated owners, in several networks, none of which it is for: whoever holds its key answers for all of them.",
    finds: {
      likely:
        "three owners, and TCP answered near and TLS far everywhere: a page of the box's own would not wait for the servers",
      possible: "two owners, or without those times",
    },
    causes: ["tls-interception"],
    innocent: [
      "the login page of a network, or a block page",
      "a hoster that shows its own certificate for names it does not know",
    ],
    advice:
      "If the network has a login page, log in there first. Else exempt the servers on the proxy, or compare with what they present elsewhere.",
  },
  check(context) {
    const judged = context.tls().filter((c) => context.leaf(c) !== undefined && nameOf(c) !== undefined);
    const strangers = grouped(judged, (connection) => {
      const leaf = context.leaf(connection);
      if (leaf === undefined || isOwn(connection) || !hasPrivateIssuer(context, connection)) return undefined;
      return speaksFor(leaf, nameOf(connection) ?? "") ? undefined : connection.tls.certificates[0]?.sha256;
    });
    const findings = [...strangers.values()].flatMap((connections) => finding(context, connections));
    return certificateAnswer(context.tls(), findings, judged.length);
  },
};

function finding(context: Context, connections: readonly TlsConnection[]): Finding[] {
  const domains = ownersOf(connections);
  const networks = new Set([...addressesOf(connections)].map(networkOf));
  const leaf = connections[0] === undefined ? undefined : context.leaf(connections[0]);
  if (leaf === undefined || domains.length < POSSIBLE_OWNERS || networks.size < POSSIBLE_OWNERS) return [];
  const isFar = connections.every((connection) => answersFar(connection) === true);
  const likely = isFar && domains.length >= LIKELY_OWNERS && otherAuthority(leaf.issuer) === undefined;
  return [
    {
      confidence: likely ? "likely" : "possible",
      cause: "tls-interception",
      connections,
      what: `${servers(connections)} all presented one and the same certificate, that of ${holder(leaf)}, issued by ${called(leaf.issuer)}, in answer to names of ${list(domains.map(short), 4)}${isFar ? "; TCP is answered near and TLS far" : ""}.`,
      why: likely
        ? "Unrelated servers in different networks do not share a private key, and a login or block page would not wait for servers further away: a box in between answers for all of them."
        : "Unrelated servers in different networks rarely share a private key. A box in between that answers for all of them looks like this; so do the login page of a network, a block page, and a hoster that shows its own certificate for names that it does not know.",
      fix: likely
        ? `${bypassAdvice(connections, "the proxy")} If this network has a login page, log in there first and try again.`
        : `${compareAdvice(connections)} If this network has a login page, log in there first and try again.`,
      evidence: certificateEvidence(
        context,
        connections,
        "subjectAltName",
        holders,
        "a certificate for the name that was asked for",
      ),
    },
  ];
}

/** Of what was asked for. */
function ownersOf(connections: readonly TlsConnection[]): string[] {
  return onePerOwner(connections.flatMap((connection) => registrableDomain(nameOf(connection) ?? "") ?? []));
}
