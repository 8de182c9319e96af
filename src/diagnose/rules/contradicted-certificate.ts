/**
 * Two identities of one server: under the name and at the address where it presented a good public certificate on one connection, it
 * presented one of a private issuer on another. The capture is its own reference here.
 *
 * Only likely: one machine behind a load balancer may have been set up with another certificate. Self-signed ones do not count,
 * which is what such a machine has by default.
 */
import type { Context, TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { nameOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import { called, describe, endpoint } from "../words.ts";
import { byIssuer, bypassAdvice, certificateAnswer, hasPrivateIssuer } from "./support.ts";

export const contradictedCertificate: Rule = {
  id: "contradicted-certificate",
  title: "a private certificate where the server has a public one",
  references: ["https://www.rfc-editor.org/rfc/rfc9525"],
  doc: {
    about:
      "Looks for one server, by name and address, that shows a good public certificate on one connection and one of a private issuer on another: the capture is its own reference. A server that has a public certificate has no use for a private one under the same name.",
    finds: { likely: "always: one machine of several may be set up differently" },
    causes: ["tls-interception"],
    innocent: ["a machine behind the same load balancer with another certificate"],
    advice:
      "Exempt the servers named in the finding from TLS inspection on the proxy. If a load balancer stands before the server, look for a machine with another certificate.",
  },
  check(context) {
    const judged = context.tls().filter((c) => context.leaf(c) !== undefined && identityOf(c) !== undefined);
    const references = new Map<string, TlsConnection>();
    for (const connection of judged) {
      const identity = identityOf(connection) ?? "";
      if (connection.tls.trust?.is === "public-root" && !references.has(identity)) references.set(identity, connection);
    }
    const found = judged.filter((c) => references.has(identityOf(c) ?? "") && hasPrivateIssuer(context, c));
    const findings = byIssuer(context, found).map(({ connections: [first, ...rest] }) =>
      finding(context, [first as TlsConnection, ...rest], references),
    );
    return certificateAnswer(context.tls(), findings, judged.length);
  },
};

/** Name and address that were asked. Undefined without a name: an address has many. */
function identityOf(connection: TlsConnection): string | undefined {
  const name = nameOf(connection);
  const { server, through } = connection;
  return name === undefined ? undefined : `${name.toLowerCase()} ${endpoint(server)} ${through?.target ?? ""}`;
}

function finding(
  context: Context,
  connections: readonly [TlsConnection, ...TlsConnection[]],
  references: ReadonlyMap<string, TlsConnection>,
): Finding {
  const [first] = connections;
  const reference = references.get(identityOf(first) ?? "") ?? first;
  const shown = (connection: TlsConnection, expected?: string) => ({
    file: connection.file,
    frame: connection.tls.certificates[0]?.frame ?? connection.frames.first,
    path: "tls.certificate[0].issuer",
    value: context.leaf(connection)?.issuer.text ?? "",
    ...(expected !== undefined && { expected }),
  });
  const issuer = context.leaf(first)?.issuer;
  const expected = context.leaf(reference)?.issuer;
  return {
    confidence: "likely",
    cause: "tls-interception",
    connections,
    what: `${describe(first)} presented a certificate issued by ${issuer === undefined ? "a private authority" : called(issuer)}; on another connection (${reference.id}) the same server has one of ${expected === undefined ? "a public authority" : called(expected)}, which verifies.`,
    why: "A server that has a public certificate has no use for a private one under the same name; something between made it, for some of its connections.",
    fix: `${bypassAdvice(connections, "the proxy")} If a load balancer stands before it, look for a machine with another certificate.`,
    evidence: [shown(first, expected?.text), shown(reference)],
  };
}
