/**
 * What to exempt from TLS inspection: as narrow as the evidence allows, by name where the client sends one, by address
 * where it does not. Owns the choice of entries; knows no product's syntax.
 */
import { isPublicSuffix } from "./context.ts";
import type { BypassEntry, JudgedConnection } from "./diagnosis.ts";
import { nameOf, peerOf } from "./peer.ts";

const NO_NAME = "the client sends no server name here, so an entry by name cannot match on a transparent proxy";
const ODD_NAME = "the server name that the client sends is no host name, so it must not stand in a list";
const ALL_INSPECTED =
  "no connection of a known meeting service is intercepted here: exempt this only if it must not be inspected";

/**
 * Labels of letters, digits, hyphens and underscores (RFC 1123 section 2.1), the last one no number. The name comes from
 * the capture: what is no host, such as `*` or an address, must not get into a list of names.
 */
const HOST_NAME = /^(?:[a-z0-9_-]{1,63}\.)+(?=[^.]*[a-z])[a-z0-9_-]{1,63}$/i;
/** RFC 1035 section 2.3.4, as text. */
const MAX_NAME_LENGTH = 253;

/**
 * Entries for the intercepted connections of meeting services; when none is recognised as one, for all intercepted
 * connections, with a note that says so.
 */
export function bypassEntries(judged: readonly JudgedConnection[]): BypassEntry[] {
  const intercepted = judged.filter(({ verdict }) => verdict.is === "intercepted");
  const ofServices = intercepted.filter(({ service }) => service !== undefined);
  const entries = new Map<string, { readonly entry: BypassEntry; readonly findings: Set<string> }>();
  for (const { connection, verdict } of ofServices.length > 0 ? ofServices : intercepted) {
    const sent = nameOf(connection);
    const name = sent !== undefined && isHost(sent) ? sent : undefined;
    const { ip, port } = peerOf(connection);
    // A target that is neither host nor address is nothing to put into a list.
    if (name === undefined && ip === undefined) continue;
    const value = name ?? `${ip}/${ip?.includes(":") ? 128 : 32}`;
    const key = `${value} ${port}`;
    const known = entries.get(key);
    if (known !== undefined) {
      for (const finding of verdict.findings) known.findings.add(finding);
      continue;
    }
    const note = name !== undefined ? [] : [sent === undefined ? NO_NAME : ODD_NAME];
    if (ofServices.length === 0) note.push(ALL_INSPECTED);
    const entry: BypassEntry = {
      match: name === undefined ? "ip" : "domain",
      value,
      ...(port === undefined ? {} : { port }),
      effective: "transparent+explicit",
      findings: [],
      ...(note.length === 0 ? {} : { note: note.join("; ") }),
    };
    entries.set(key, { entry, findings: new Set(verdict.findings) });
  }
  return [...entries.values()].map(({ entry, findings }) => ({ ...entry, findings: [...findings] }));
}

/** A public suffix such as `co.uk` is nobody's host: exempting it would exempt all below it. */
function isHost(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && HOST_NAME.test(name) && !isPublicSuffix(name);
}
