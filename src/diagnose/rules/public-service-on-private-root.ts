/**
 * A name of a public meeting service on a chain that reaches no public root. Microsoft, Zoom, Cisco and Google serve these
 * names with public certificates only. "Public service" means a name on the services list, never just any name.
 */
import { describe, list } from "../context.ts";
import { answer, type Rule } from "../rule.ts";
import { isPublicServiceName } from "../service.ts";
import { bypassAdvice, byIssuer, certificateEvidence, reachesNoPublicRoot } from "./support.ts";

export const publicServiceOnPrivateRoot: Rule = {
  id: "public-service-on-private-root",
  title: "a public service under a private root",
  references: ["https://learn.microsoft.com/en-us/microsoft-365/enterprise/urls-and-ip-address-ranges"],
  check(context) {
    const judged = context.tls().filter((connection) => {
      const name = connection.tls.clientHello?.serverName;
      return name !== undefined && isPublicServiceName(name) && context.leaf(connection) !== undefined;
    });
    const found = judged.filter(
      // A chain of which a part is missing may still lead to a public root.
      (connection) => reachesNoPublicRoot(connection) && connection.tls.trust?.is !== "incomplete",
    );
    const findings = byIssuer(context, found).map(({ issuer, connections }) => ({
      confidence: "likely" as const,
      cause: "tls-interception" as const,
      connections,
      what: `${list(connections.map(describe))} was presented with a certificate issued by ${issuer}, which leads to no public root.`,
      why: "The operator of this service uses certificates of public authorities only.",
      fix: bypassAdvice(connections, "the proxy"),
      evidence: certificateEvidence(context, connections, "issuer", (leaf) => leaf.issuer.text, "a public authority"),
    }));
    return answer(findings, judged.length);
  },
};
