/**
 * A name of a public meeting service on a chain that reaches no public root. Microsoft, Zoom, Cisco and Google serve these
 * names with public certificates only. "Public service" means a name on the services list, never just any name.
 */
import { nameOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import { isPublicServiceName } from "../service.ts";
import { called, servers } from "../words.ts";
import { byIssuer, bypassAdvice, certificateAnswer, certificateEvidence, reachesNoPublicRoot } from "./support.ts";

export const publicServiceOnPrivateRoot: Rule = {
  id: "public-service-on-private-root",
  title: "a public service under a private root",
  references: ["https://learn.microsoft.com/en-us/microsoft-365/enterprise/urls-and-ip-address-ranges"],
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
      (connection) => reachesNoPublicRoot(connection) && connection.tls.trust?.is !== "incomplete",
    );
    const findings = byIssuer(context, found).map(({ leaf, connections }) => ({
      confidence: "likely" as const,
      cause: "tls-interception" as const,
      connections,
      what: `${servers(connections)} presented a certificate issued by ${called(leaf.issuer)}, which leads to no public root.`,
      why: "The operator of this service uses certificates of public authorities only, so something else answered: a proxy, or the login page of a network.",
      fix: `${bypassAdvice(connections, "the proxy")} If this network has a login page, log in there first and try again.`,
      evidence: certificateEvidence(context, connections, "issuer", (shown) => shown.issuer.text, "a public authority"),
    }));
    return certificateAnswer(named, findings, judged.length);
  },
};
