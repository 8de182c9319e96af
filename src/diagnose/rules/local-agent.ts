/**
 * One host with two certificates in one capture: what a program on this computer presents for it is of a private issuer, what comes
 * from the network is the server's own. Then whatever ends TLS is on the computer: an antivirus, a filter for children, a debugging
 * proxy. Seen where loopback was captured too.
 *
 * Proven where the program was asked for a tunnel to that host; a server of the developer's own that bears the name (a line in the
 * hosts file) is asked directly: then likely only. What a person has seen in a program and given as a baseline may have been seen
 * elsewhere: beside the server's own certificate on the wire it is possible only.
 */
import { baselineOf } from "../baseline.ts";
import type { Context, TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { isLocal, nameOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import { called, describe, endpoint, short } from "../words.ts";
import { certificateAnswer, certificateEvidence, hasPrivateIssuer } from "./support.ts";

export const localAgent: Rule = {
  id: "local-agent",
  title: "a program on this computer that ends TLS",
  references: ["https://www.rfc-editor.org/rfc/rfc9525"],
  doc: {
    about:
      "Looks for one host with two certificates in one capture: a program on this computer shows one of a private issuer, and from the network comes the server's own. Then what ends TLS is on the computer (an antivirus, a filter, a debugging proxy), and the network is innocent. Seen only where loopback was captured too.",
    finds: {
      proven: "the local program was asked for a tunnel to that host",
      likely: "it was asked directly: a developer's own server may bear the name",
      possible: "the baseline (--baseline) has a private issuer's certificate where the wire shows the server's own",
    },
    causes: ["tls-interception", "local-agent"],
    innocent: ["a test server on the same computer under the host's name (a line in the hosts file)"],
    advice: "Exempt the host in the program that listens there. The network needs no change.",
  },
  check(context) {
    const local = context.tls().filter((c) => isLocal(c) && context.leaf(c) !== undefined && nameOf(c) !== undefined);
    const declared = context.tls().filter((c) => baselineOf(context.observations, c).length > 0);
    if (local.length + declared.length === 0) return { is: "not-applicable" };
    const genuine = new Map<string, TlsConnection>();
    for (const connection of context.tls()) {
      const host = nameOf(connection)?.toLowerCase();
      if (host === undefined || isLocal(connection) || connection.tls.trust?.is !== "public-root") continue;
      if (!genuine.has(host)) genuine.set(host, connection);
    }
    const findings = local.flatMap((connection) => {
      const reference = genuine.get(nameOf(connection)?.toLowerCase() ?? "");
      if (reference === undefined || !hasPrivateIssuer(context, connection)) return [];
      return [finding(context, connection, reference)];
    });
    const seenElsewhere = declared.flatMap((connection) => declaredFinding(context, connection) ?? []);
    return certificateAnswer(local, [...findings, ...seenElsewhere], local.length + declared.length);
  },
};

/** The server's own certificate is on the wire, and the person knows only others of it, none under a public root. */
function declaredFinding(context: Context, connection: TlsConnection): Finding | undefined {
  const leaf = context.leaf(connection);
  const entries = baselineOf(context.observations, connection);
  if (leaf === undefined || connection.tls.trust?.is !== "public-root") return undefined;
  const known = entries.every((entry) => entry.leaf?.root === "private") ? entries[0]?.leaf : undefined;
  if (known === undefined) return undefined;
  const host = short(nameOf(connection) ?? connection.server.ip);
  return {
    confidence: "possible",
    cause: "local-agent",
    connections: [connection],
    what: `The baseline has a certificate of ${host} issued by ${short(known.issuer)}; what arrives here is the server's own, issued by ${called(leaf.issuer)}.`,
    why: "If the baseline was taken in a program on this computer, another program there ends TLS, such as an antivirus, and nothing in the network does. If it was taken elsewhere, something intercepts there.",
    fix: `Look at the certificate of ${host} in the program that fails; exempt the host in the product that its issuer names.`,
    evidence: certificateEvidence(context, [connection], "issuer", (shown) => shown.issuer.text, known.issuer),
  };
}

function finding(context: Context, connection: TlsConnection, reference: TlsConnection): Finding {
  const [leaf, own] = [context.leaf(connection), context.leaf(reference)];
  const host = short(nameOf(connection) ?? "");
  const issuer = leaf === undefined ? "" : called(leaf.issuer);
  const ownIssuer = own === undefined ? "" : called(own.issuer);
  return {
    confidence: connection.through === undefined ? "likely" : "proven",
    cause: "tls-interception",
    connections: [connection],
    what: `On this computer, ${endpoint(connection.server)} presented a certificate for ${host} issued by ${issuer}; from the network comes the server's own, issued by ${ownIssuer} (${describe(reference)}, ${reference.id}).`,
    why: "The server's own certificate reaches the computer and the program sees another: what ends TLS is a program on the computer, such as an antivirus or a debugging proxy, and nothing in the network.",
    fix: `Exempt ${host} in the program that listens at ${endpoint(connection.server)}; the network needs no change.`,
    evidence: [
      ...certificateEvidence(context, [connection], "issuer", (shown) => shown.issuer.text, own?.issuer.text ?? ""),
      ...certificateEvidence(context, [reference], "issuer", (shown) => shown.issuer.text, "a public authority"),
    ],
  };
}
