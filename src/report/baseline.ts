/**
 * A baseline file → what servers really present: a Report (what it judged genuine, or what a probe saw), the chain of a server in PEM,
 * or lines `host[:port] sha256:HEX`. Owns the three forms, told apart by content; knows nothing of how a capture is compared with it.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { addressText, parseAddress } from "../bytes/address.ts";
import { ParseError } from "../bytes/parse-error.ts";
import { toHex } from "../bytes/text.ts";
import type { BaselineEntry, BaselineLeaf } from "../observe/baseline.ts";
import { type Certificate, parseCertificate } from "../protocol/x509/certificate.ts";
import { certificateNames, withoutRoot } from "../protocol/x509/host-name.ts";
import { parsePem } from "../protocol/x509/pem.ts";
import { judgeChain, type TrustKind, type TrustStore } from "../protocol/x509/trust.ts";
import { readReport } from "./read.ts";
import type { Report, ReportConnection } from "./schema.ts";

/**
 * Never empty. Throws ParseError with the line's number in its text, where lines are wrong. `store`: what a chain in PEM is judged by,
 * at the day its leaf was issued.
 */
export async function readBaseline(text: string, store: TrustStore): Promise<BaselineEntry[]> {
  const content = text.replace(/^\uFEFF/, "");
  if (/^\s*\{/.test(content)) return ofReport(await readReport(content));
  if (content.includes("-----BEGIN")) return ofChain(parsePem(content), store);
  return ofLines(content);
}

function ofReport({ input, connections, certificates }: Report): BaselineEntry[] {
  const entries = connections.flatMap((connection): BaselineEntry[] => {
    const { verdict, protocol, trust } = connection;
    // A probe looks on purpose from where nothing intercepts, also at what a private CA signed.
    const counts = verdict.is === "genuine" || (input.kind === "probe" && verdict.is !== "intercepted");
    const sha256 = connection.certificates[0]?.sha256;
    const leaf = certificates[sha256 ?? ""];
    if (!counts || protocol === "dtls" || sha256 === undefined || leaf === undefined) return [];
    return [
      {
        ...askedFor(connection),
        sha256,
        leaf: {
          issuer: leaf.issuer,
          serial: leaf.serial,
          notBefore: Date.parse(leaf.notBefore) / 1000,
          notAfter: Date.parse(leaf.notAfter) / 1000,
          spkiSha256: leaf.spkiSha256,
          root: rootOf(trust?.is),
        },
      },
    ];
  });
  if (entries.length === 0)
    throw new ParseError("malformed", "baseline", 0, "this Report has no certificate that it judged genuine");
  return entries;
}

function askedFor({ serverName, server, through }: ReportConnection): Pick<BaselineEntry, "host" | "port"> {
  if (through === undefined) return { host: (serverName ?? server.ip).toLowerCase(), port: server.port };
  const [, host = "", port] = /^(.*):(\d{1,5})$/.exec(through.target ?? "") ?? [];
  const asked = (serverName ?? host.replace(/^\[|\]$/g, "")).toLowerCase();
  return { host: asked, ...(port !== undefined && { port: Number(port) }) };
}

/** The first certificate is a server's, and all others are that are no CA's. */
async function ofChain(ders: readonly Uint8Array[], store: TrustStore): Promise<BaselineEntry[]> {
  const certificates = ders.map((der) => parseCertificate(der));
  const leaves = certificates.filter((certificate, index) => index === 0 || !certificate.isCa);
  const entries: BaselineEntry[] = [];
  for (const certificate of leaves) {
    const chain = [certificate, ...certificates.filter((other) => other !== certificate)];
    const trust = await judgeChain(chain, [], certificate.notBefore, store);
    const leaf = leafOf(certificate, rootOf(trust.is));
    const digest = toHex(sha256(certificate.der));
    const hosts = certificateNames(certificate).filter(isHost);
    for (const host of hosts) entries.push({ host: withoutRoot(host.toLowerCase()), sha256: digest, leaf });
  }
  if (entries.length === 0)
    throw new ParseError("malformed", "baseline", 0, "its first certificate is for no host: it may be a CA's");
  return entries;
}

function leafOf({ issuer, serial, notBefore, notAfter, spki }: Certificate, root: BaselineLeaf["root"]): BaselineLeaf {
  return { issuer: issuer.text, serial, notBefore, notAfter, spkiSha256: toHex(sha256(spki)), root };
}

function rootOf(trust: TrustKind | undefined): BaselineLeaf["root"] {
  if (trust === "public-root") return "public";
  return trust === "private-root" || trust === "self-signed" ? "private" : "unknown";
}

/** Colons as `openssl x509 -fingerprint` writes them. */
const DIGEST = /^sha256:((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})$/i;

function ofLines(text: string): BaselineEntry[] {
  const entries: BaselineEntry[] = [];
  let at = 0;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.replace(/#.*/, "").trim();
    const fail = (what: string) => new ParseError("malformed", "baseline", at, `line ${index + 1}: ${what}`);
    at += raw.length + 1;
    if (line === "") continue;
    const [, server = "", digest = ""] = /^([^\s=]+)(?:\s*=\s*|\s+)(\S+)$/.exec(line) ?? [];
    if (server === "") throw fail("not of the form `host[:port] sha256:HEX`");
    const hex = DIGEST.exec(digest)?.[1];
    if (hex === undefined) throw fail("not `sha256:` and 64 hexadecimal digits after the host");
    const where = hostAndPort(server);
    if (where === undefined) throw fail("the host is neither a name nor an address");
    if (where.port !== undefined && (where.port < 1 || where.port > 0xffff)) throw fail("the port is none");
    entries.push({ ...where, sha256: hex.replaceAll(":", "").toLowerCase() });
  }
  if (entries.length === 0) throw new ParseError("malformed", "baseline", 0, "there is nothing in it");
  return entries;
}

/** `host`, `host:443`, `192.0.2.1`, `[2001:db8::1]:443`, `2001:db8::1`. */
function hostAndPort(text: string): Pick<BaselineEntry, "host" | "port"> | undefined {
  if (isAddress(text)) return { host: canonical(text) };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text) ?? [];
  const given = bracketed ?? plain ?? "";
  if (bracketed === undefined ? !isHost(given) : !isAddress(bracketed)) return undefined;
  const host = isAddress(given) ? canonical(given) : withoutRoot(given.toLowerCase());
  return { host, ...(digits !== undefined && { port: Number(digits) }) };
}

/** Names as servers have them, also of one label. A CA's common name is none: it has blanks. */
function isHost(text: string): boolean {
  return isAddress(text) || /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/i.test(text);
}

/** As captures show it. */
function canonical(address: string): string {
  return addressText(address.includes(":") ? 6 : 4, ...parseAddress(address));
}

function isAddress(text: string): boolean {
  if (!/^[\d.]+$|:/.test(text)) return false;
  try {
    parseAddress(text);
    return true;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}
