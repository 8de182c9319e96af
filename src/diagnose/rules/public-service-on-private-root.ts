/**
 * A name of a public meeting service on a chain that reaches no public root. Microsoft, Zoom, Cisco and Google serve these
 * names with public certificates only, so that a private CA that was declared legitimate is no excuse here. "Public service"
 * means a name on the services list, never just any name.
 *
 * Only possible where the certificate has SCTs (its authority may be younger than the list of roots), or names an authority that
 * honestly signs without being on browsers' lists.
 */
import { nameOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import { isPublicServiceName } from "../service.ts";
import { called, servers } from "../words.ts";
import {
  byIssuer,
  bypassAdvice,
  certificateAnswer,
  certificateEvidence,
  compareAdvice,
  isDeclaredPrivate,
  otherAuthority,
  reachesNoPublicRoot,
} from "./support.ts";

export const publicServiceOnPrivateRoot: Rule = {
  id: "public-service-on-private-root",
  title: "a public service under a private root",
  references: ["https://learn.microsoft.com/en-us/microsoft-365/enterprise/urls-and-ip-address-ranges"],
  doc: {
    about:
      "Looks for a name of a public meeting service on a chain that reaches no public root. Microsoft, Zoom, Cisco and Google serve these names with public certificates only, so a declared private CA is no excuse here.",
    finds: {
      likely: "no public root vouches for the chain",
      possible: "the certificate has SCTs, or names an authority that honestly signs without being on browsers' lists",
    },
    causes: ["tls-interception"],
    innocent: [
      "the login page of a network that answers for every name",
      "an authority that is younger than the roots known here",
    ],
    advice:
      "Exempt the servers named in the finding from TLS inspection on the proxy. If the network has a login page, log in there first.",
  },
  check(context) {
    const isPublic = new Map<string, boolean>();
    const named = context.tls().filter((connection) => {
      const name = nameOf(connection);
      if (name === undefined) return false;
      const known = isPublic.get(name) ?? isPublicServiceName(name);
      isPublic.set(name, known);
      return known;
    });
    const judged = named.filter((connection) => context.leaf(connection) !== undefined);
    const found = judged.filter(
      // A chain of which a part is missing may still lead to a public root.
      (connection) =>
        isDeclaredPrivate(connection) || (reachesNoPublicRoot(connection) && connection.tls.trust?.is !== "incomplete"),
    );
    const findings = byIssuer(context, found).map(({ leaf, connections }) => {
      const decides = otherAuthority(leaf.issuer) === undefined && leaf.embeddedScts === 0;
      return {
        confidence: decides ? ("likely" as const) : ("possible" as const),
        cause: "tls-interception" as const,
        connections,
        what: `${servers(connections)} presented a certificate issued by ${called(leaf.issuer)}, which leads to no public root.`,
        why: decides
          ? "The operator of this service uses certificates of public authorities only, so something else answered: a proxy, or the login page of a network."
          : "The operator of this service uses certificates of public authorities; this may be one of its own, or one that is younger than the roots known here.",
        fix: decides
          ? `${bypassAdvice(connections, "the proxy")} If this network has a login page, log in there first and try again.`
          : compareAdvice(connections),
        evidence: certificateEvidence(
          context,
          connections,
          "issuer",
          (shown) => shown.issuer.text,
          "a public authority",
        ),
      };
    });
    return certificateAnswer(named, findings, judged.length);
  },
};
