/**
 * A leaf that carries its issuer's own key: it verifies under its own key although it names another issuer. A certificate
 * authority never gives its signing key to a server; several proxies (squid, mitmproxy, Burp) use it for every leaf.
 * Visible even when only the leaf was sent.
 *
 * Not judged: certificates that are self-signed in all but form, chains that are good, leaves of a baseline, and devices in the own network that answer
 * for no name anybody could register: their factory certificates name an authority that never was. An authority below a CA that
 * was declared legitimate is judged: it may be the one for inspection.
 */
import type { Certificate, DistinguishedName } from "../../protocol/x509/certificate.ts";
import { speaksFor } from "../../protocol/x509/host-name.ts";
import type { TlsConnection } from "../context.ts";
import { nameOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import { called, servers } from "../words.ts";
import {
  byIssuer,
  bypassAdvice,
  certificateAnswer,
  certificateEvidence,
  chainIsGood,
  isBelowDeclared,
  isInBaseline,
  isOwn,
} from "./support.ts";

export const leafWithIssuerKey: Rule = {
  id: "leaf-with-issuer-key",
  title: "a server certificate that carries its issuer's key",
  references: ["https://www.rfc-editor.org/rfc/rfc5280#section-6.1"],
  doc: {
    about:
      "Looks for a certificate that verifies under its own key although it names another issuer: then that key is the issuer's. No authority gives its signing key to a server; squid, mitmproxy, Burp and others put theirs on everything they forge. It shows even when only the leaf was sent. Not judged: what is self-signed in all but form, and devices of the own network under no registered name.",
    finds: { proven: "always: who has that key can answer for any name" },
    causes: ["tls-interception"],
    innocent: [],
    advice: "Exempt the servers named in the finding from TLS inspection on the proxy.",
  },
  check(context) {
    const judged = context.tls().filter(({ tls }) => tls.signing !== undefined);
    const found = judged.filter((connection) => {
      const leaf = context.leaf(connection);
      if (leaf === undefined || connection.tls.signing?.ownKey !== true) return false;
      if (isInBaseline(connection)) return false;
      if (chainIsGood(connection) && !isBelowDeclared(context, connection)) return false;
      if (isOwn(connection) && context.domain(connection) === undefined) return false;
      return !isOwnIssuer(leaf, connection);
    });
    const findings = byIssuer(context, found).map(({ leaf, connections }) => ({
      confidence: "proven" as const,
      cause: "tls-interception" as const,
      connections,
      what: `${servers(connections)} presented a certificate that names ${called(leaf.issuer)} as its issuer, but is signed with the very key it carries.`,
      why: "Who answers here holds the signing key of the authority that is named as issuer. No authority hands that out: who has it can answer for any name.",
      fix: bypassAdvice(connections, "the proxy"),
      evidence: certificateEvidence(
        context,
        connections,
        "subjectPublicKeyInfo",
        (shown) => `verifies the certificate's own signature; issuer: ${shown.issuer.text}`,
        "a key of the server's own",
      ),
    }));
    return certificateAnswer(context.tls(), findings, judged.length);
  },
};

/**
 * An honest self-signed certificate names itself as issuer. Devices that make their own are not always exact: the issuer
 * is empty, differs in case or order, or is the host's own name with fewer attributes. A proxy's issuer is none of these.
 */
function isOwnIssuer(leaf: Certificate, connection: TlsConnection): boolean {
  const { isSubject, hosts } = issuerOf(leaf);
  return isSubject || hosts.has(nameOf(connection)?.toLowerCase() ?? "");
}

interface Issuer {
  /** The issuer is the leaf's subject, or one of its names. */
  readonly isSubject: boolean;
  /** What it may be called as a host, in lower case. */
  readonly hosts: ReadonlySet<string>;
}

/** Names may have thousands of attributes, and a leaf is presented again and again. */
const ISSUERS = new WeakMap<Certificate, Issuer>();

function issuerOf(leaf: Certificate): Issuer {
  let known = ISSUERS.get(leaf);
  if (known === undefined) {
    const { issuer, subject } = leaf;
    const hosts = new Set(commonNames(issuer).map((host) => host.trim()));
    hosts.delete("");
    const own = new Set(commonNames(subject));
    const isEmpty = issuer.attributes.every(({ value }) => value.trim() === "");
    const isSubject =
      isEmpty ||
      values(issuer) === values(subject) ||
      [...hosts].some((host) => own.has(host) || speaksFor(leaf, host));
    known = { isSubject, hosts };
    ISSUERS.set(leaf, known);
  }
  return known;
}

/** In lower case. */
function commonNames({ attributes }: DistinguishedName): string[] {
  return attributes.filter(({ type }) => type === "CN").map(({ value }) => value.toLowerCase());
}

function values({ attributes }: DistinguishedName): string {
  return attributes
    .map(({ type, value }) => `${type}=${value.trim().toLowerCase()}`)
    .sort()
    .join("\n");
}
