/**
 * What to exempt from TLS inspection: as narrow as the evidence allows, by name where the client sends one, by address
 * where it does not. Owns the choice of entries; knows no product's syntax.
 */
import { isPublicSuffix } from "./context.ts";
import type { BypassEntry, JudgedConnection } from "./diagnosis.ts";
import { nameOf, peerOf } from "./peer.ts";

const NO_NAME = "the client sends no server name here, so an entry by name cannot match on a transparent proxy";
const ASKED_NAME =
  "the client names the server to the proxy alone, not in its hello, so this entry cannot match on a transparent proxy";
const ODD_NAME = "the server name that the client sends is no host name, so it must not stand in a list";
const ALL_INSPECTED =
  "no connection of a known meeting service is intercepted here: exempt this only if it must not be inspected";

/**
 * Labels of letters, digits, hyphens and underscores (RFC 1123 section 2.1), with no hyphen at either end (it would begin an option),
 * the last one no number. The name comes from the capture: what is no host, such as `*` or an address, must not get into a list of
 * names.
 */
const HOST_NAME = /^(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)+(?=[^.]*[a-z])(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;
/** RFC 1035 section 2.3.4, as text. */
const MAX_NAME_LENGTH = 253;

/**
 * Entries for the intercepted connections of meeting services; when none is recognised as one, for all intercepted
 * connections, with a note that says so.
 */
export function bypassEntries(judged: readonly JudgedConnection[]): BypassEntry[] {
  const intercepted = judged.filter(({ verdict }) => verdict.is === "intercepted");
  const ofServices = intercepted.filter(({ service }) => service !== undefined);
  const entries = new Map<string, Gathered>();
  for (const { connection, verdict } of ofServices.length > 0 ? ofServices : intercepted) {
    const asked = nameOf(connection);
    const name = asked !== undefined && isHostName(asked) ? asked : undefined;
    const { ip, port } = peerOf(connection);
    // A target that is neither host nor address is nothing to put into a list.
    if (name === undefined && ip === undefined) continue;
    const value = name ?? `${ip}/${ip?.includes(":") ? 128 : 32}`;
    const key = `${value} ${port}`;
    const known = entries.get(key) ?? {
      match: name === undefined ? "ip" : "domain",
      value,
      port,
      isOdd: name === undefined && asked !== undefined,
      isSent: false,
      findings: new Set(),
    };
    entries.set(key, known);
    known.isSent ||= connection.tls?.clientHello?.serverName !== undefined;
    for (const finding of verdict.findings) known.findings.add(finding);
  }
  return [...entries.values()].map((gathered) => toEntry(gathered, ofServices.length === 0));
}

/** What several connections say of one entry. */
interface Gathered {
  readonly match: BypassEntry["match"];
  readonly value: string;
  readonly port: number | undefined;
  /** The name that was asked for is no host name. */
  readonly isOdd: boolean;
  /** Some client sends the name in its hello: a proxy that nobody asked for a tunnel sees it there alone. */
  isSent: boolean;
  readonly findings: Set<string>;
}

function toEntry({ match, value, port, isOdd, isSent, findings }: Gathered, isAll: boolean): BypassEntry {
  const isHidden = match === "domain" && !isSent;
  const note = match === "ip" ? [isOdd ? ODD_NAME : NO_NAME] : isHidden ? [ASKED_NAME] : [];
  if (isAll) note.push(ALL_INSPECTED);
  return {
    match,
    value,
    ...(port === undefined ? {} : { port }),
    effective: isHidden ? "explicit" : "transparent+explicit",
    findings: [...findings],
    ...(note.length === 0 ? {} : { note: note.join("; ") }),
  };
}

/** May the name stand in a list? A public suffix such as `co.uk` is nobody's host: exempting it would exempt all below it. */
export function isHostName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && HOST_NAME.test(name) && !isPublicSuffix(name);
}
