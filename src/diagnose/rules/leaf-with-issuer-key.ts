/**
 * A leaf that carries its issuer's own key: it verifies under its own key although it names another issuer. A certificate
 * authority never gives its signing key to a server; several proxies (squid, mitmproxy, Burp) use it for every leaf.
 * Visible even when only the leaf was sent.
 */
import { describe, list } from "../context.ts";
import { answer, type Rule } from "../rule.ts";
import { bypassAdvice, byIssuer, certificateEvidence } from "./support.ts";

export const leafWithIssuerKey: Rule = {
  id: "leaf-with-issuer-key",
  title: "a server certificate that carries its issuer's key",
  references: ["https://www.rfc-editor.org/rfc/rfc5280#section-6.1"],
  check(context) {
    const judged = context.tls().filter((connection) => connection.tls.signing !== undefined);
    const found = judged.filter((connection) => {
      const leaf = context.leaf(connection);
      // An honest self-signed certificate names itself as issuer.
      return connection.tls.signing?.ownKey === true && leaf !== undefined && leaf.issuer.text !== leaf.subject.text;
    });
    const findings = byIssuer(context, found).map(({ issuer, connections }) => ({
      confidence: "proven" as const,
      cause: "tls-interception" as const,
      connections,
      what: `The certificate for ${list(connections.map(describe))} names ${issuer} as issuer, but is signed with the very key it carries.`,
      why: "The server holds the signing key of the authority that issued its certificate. No authority hands that out: who signs here also answers here, for any name.",
      fix: bypassAdvice(connections, "the proxy"),
      evidence: certificateEvidence(context, connections, "subjectPublicKeyInfo", () => "verifies its own certificate's signature", "a key of the server's own"),
    }));
    return answer(findings, judged.length);
  },
};
