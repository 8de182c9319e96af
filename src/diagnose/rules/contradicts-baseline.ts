/**
 * Another certificate than the baseline has of the very host that was asked for. That alone is nothing: certificates are renewed, and
 * CDNs have several per host. So a chain to a public root, or to a CA declared legitimate, contradicts nothing, nor does one that
 * cannot be checked, a leaf with the same key, or one of the same private authority. Wildcards of the baseline's certificates vouch
 * for what matches and speak against nothing: below `*.contoso.com` a company has servers of many kinds.
 *
 * What is left is a private issuer where the baseline has another authority:
 *
 * - *proven* where the leaf has the serial number or both dates, to the second, of the baseline's: whoever made it had the genuine one
 *   before it, which two authorities do not. And where one private issuer stands for two unrelated owners whose certificates in the
 *   baseline are public and in force: a machine that was set up differently, or a view from inside, is one owner's.
 * - *likely* where the baseline's certificate, with its chain, was in force at that moment, and the presented one is for the name
 *   asked for, which default certificates and portals are not. There may be one differently set up machine behind a load balancer.
 * - *possible*: only the digest is known (lines), so the server may be a private CA's whose certificate was renewed; the baseline's was
 *   not in force or the time is not known; self-signed, as machines come; in the own network, where the same name may lead to
 *   another machine than outside; an authority that is on no browser's list, and honest.
 */
import type { BaselineEntry } from "../../observe/baseline.ts";
import type { Certificate } from "../../protocol/x509/certificate.ts";
import { speaksFor } from "../../protocol/x509/host-name.ts";
import { baselineOf } from "../baseline.ts";
import type { Context, TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { grouped } from "../grouped.ts";
import { nameOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import type { Confidence } from "../vocabulary.ts";
import { called, servers, short } from "../words.ts";
import {
  bypassAdvice,
  certificateAnswer,
  hasPrivateIssuer,
  isInBaseline,
  isOwn,
  MAX_EVIDENCE,
  otherAuthority,
  unrelatedDomains,
} from "./support.ts";

/** Bytes of a serial number that nobody meets by chance. */
const TELLING_SERIAL = 8;

interface Contradiction {
  readonly connection: TlsConnection;
  readonly leaf: Certificate;
  readonly known: BaselineEntry;
  readonly confidence: Confidence;
}

export const contradictsBaseline: Rule = {
  id: "contradicts-baseline",
  title: "another certificate than the server has elsewhere",
  references: ["https://www.rfc-editor.org/rfc/rfc9525"],
  doc: {
    about:
      "Looks for servers that present another certificate than the baseline (--baseline) has of them. Certificates are renewed, and a host may have several: what a public authority or the same private one has issued contradicts nothing, nor does a leaf with the same key.",
    finds: {
      proven:
        "the leaf has the serial number or both dates of the baseline's and another issuer; or one private issuer stands for unrelated owners' public certificates that were in force",
      likely: "a private issuer, for the name asked for, in the place of a certificate that was in force",
      possible:
        "only the digest is known, the baseline's was not in force, or the certificate is self-signed, for another name, or of a server in the own network",
    },
    causes: ["tls-interception"],
    innocent: [
      "a machine behind the same load balancer with another certificate",
      "another server of that name inside the network than outside",
      "a private CA's certificate that was renewed, where the baseline has only its digest",
    ],
    advice:
      "Exempt the servers named in the finding from TLS inspection on the proxy. Where it is only possible, look at what the server presents on another network today, and give its whole chain with --baseline.",
  },
  check(context) {
    const asked = context.tls().filter(({ pseudoTls }) => pseudoTls === undefined);
    if (asked.length > 0 && context.observations.baseline === undefined)
      return { is: "not-observed", missing: "what the servers present elsewhere: --baseline" };
    let checked = 0;
    const found: Contradiction[] = [];
    const covered = asked.filter((c) => isInBaseline(c) || baselineOf(context.observations, c).length > 0);
    for (const connection of covered) {
      const leaf = context.leaf(connection);
      if (leaf === undefined) continue;
      checked++;
      const contradiction = contradictionOf(context, connection, leaf);
      if (contradiction !== undefined) found.push(contradiction);
    }
    const findings = [...grouped(found, ({ leaf }) => leaf.issuer.text).values()].flatMap((all) => {
      const shares = isForUnrelatedOwners(context, all);
      return [...grouped(all, ({ confidence }) => confidence).values()].map((alike) =>
        finding(alike as [Contradiction, ...Contradiction[]], shares && alike[0]?.confidence === "likely"),
      );
    });
    if (covered.length === 0 && asked.length > 0)
      return { is: "not-observed", missing: "a baseline of the servers in this capture" };
    return certificateAnswer(covered, findings, checked);
  },
};

function contradictionOf(context: Context, connection: TlsConnection, leaf: Certificate): Contradiction | undefined {
  const isSelfSigned = connection.tls.trust?.is === "self-signed" && !isInBaseline(connection);
  if (!isSelfSigned && !hasPrivateIssuer(context, connection)) return undefined;
  const key = context.leafKey(connection);
  const entries = baselineOf(context.observations, connection);
  if (entries.some((entry) => entry.leaf?.spkiSha256 === key)) return undefined;
  if (entries.some((entry) => entry.leaf?.root !== "public" && entry.leaf?.issuer === leaf.issuer.text))
    return undefined;
  const copied = entries.find((entry) => isCopyOf(leaf, entry));
  if (copied !== undefined) return { connection, leaf, known: copied, confidence: "proven" };
  const inForce = entries.find((entry) => isInForce(connection, entry));
  const known = inForce ?? (entries[0] as BaselineEntry);
  const name = nameOf(connection);
  const isDoubtful =
    inForce === undefined ||
    isSelfSigned ||
    isOwn(connection) ||
    otherAuthority(leaf.issuer) !== undefined ||
    (name !== undefined && !speaksFor(leaf, name));
  return { connection, leaf, known, confidence: isDoubtful ? "possible" : "likely" };
}

/** It has what authorities give each certificate anew. */
function isCopyOf({ serial, notBefore, notAfter }: Certificate, { leaf }: BaselineEntry): boolean {
  if (leaf === undefined) return false;
  const isSameSerial = serial.length >= 2 * TELLING_SERIAL && serial === leaf.serial;
  return isSameSerial || (notBefore === leaf.notBefore && notAfter === leaf.notAfter);
}

function isInForce({ from, untimed }: TlsConnection, { leaf }: BaselineEntry): boolean {
  if (leaf === undefined || leaf.root === "unknown" || untimed === true) return false;
  return leaf.notBefore <= from.seconds && from.seconds <= leaf.notAfter;
}

/** Public certificates of two owners that have nothing in common, and one issuer in their place. */
function isForUnrelatedOwners(context: Context, all: readonly Contradiction[]): boolean {
  const replaced = all.filter(({ confidence, known }) => confidence !== "possible" && known.leaf?.root === "public");
  return (
    unrelatedDomains(
      context,
      replaced.map(({ connection }) => connection),
    ).length > 1
  );
}

function finding(all: readonly [Contradiction, ...Contradiction[]], shares: boolean): Finding {
  const [{ leaf, known, confidence }] = all;
  const connections = all.map(({ connection }) => connection);
  const whose = known.leaf === undefined ? "another certificate" : `one issued by ${short(known.leaf.issuer)}`;
  return {
    confidence: shares ? "proven" : confidence,
    cause: "tls-interception",
    connections,
    what: `${servers(connections)} presented a certificate issued by ${called(leaf.issuer)}; the baseline has ${whose}.`,
    why: whyOf(confidence, shares),
    fix:
      confidence === "possible"
        ? "Look at what the server presents on another network today, and give its whole chain with --baseline; if it is the same as here, nothing intercepts."
        : bypassAdvice(connections, "the proxy"),
    evidence: all.slice(0, MAX_EVIDENCE).map(({ connection, leaf: shown, known: expected }) => ({
      file: connection.file,
      frame: connection.tls.certificates[0]?.frame ?? connection.frames.first,
      path: "tls.certificate[0]",
      value: `sha256:${connection.tls.certificates[0]?.sha256}, issued by ${shown.issuer.text}`,
      expected: `sha256:${expected.sha256}${expected.leaf === undefined ? "" : `, issued by ${expected.leaf.issuer}`}`,
    })),
  };
}

function whyOf(confidence: Confidence, shares: boolean): string {
  if (confidence === "proven")
    return "It has the serial number or the dates of the server's own certificate, and another issuer: whoever made it had that one before it.";
  if (shares)
    return "Servers of unrelated owners have public certificates, in force at that moment, and here one private authority stands in for all of them.";
  if (confidence === "likely")
    return "The server's certificate was in force at that moment, and a private authority's stands in its place, for the same name; something between made it, unless a machine behind a load balancer is set up differently.";
  return "A server whose certificate was renewed, that has several, or that is another one inside the network than outside, looks the same.";
}
