/**
 * A portal that answers in plain HTTP until somebody logs in: two or more unrelated servers redirect to one and the same other
 * host, or an answer says so itself (status 511). Nothing is forged, so it is no interception.
 *
 * Sites of one owner send visitors to a common page, for good mostly; and a portal lets nothing through meanwhile.
 */
import { networkOf } from "../../bytes/address.ts";
import type { ConnectionObservation } from "../../observe/observations.ts";
import { speaksFor } from "../../protocol/x509/host-name.ts";
import { type Context, registrableDomain } from "../context.ts";
import type { Evidence, Finding } from "../finding.ts";
import { grouped } from "../grouped.ts";
import { addressesOf, nameOf } from "../peer.ts";
import { answer, type Rule } from "../rule.ts";
import { wentOn } from "../went-on.ts";
import { endpoint, list, page, short } from "../words.ts";
import { isWithin, spansOf } from "./meanwhile.ts";
import { chainIsGood, hostIn, ownerOf } from "./support.ts";

/** Evidence rows of one finding. */
const MAX_EVIDENCE = 20;
/** Nobody reads a portal's page, logs in there and goes on within this time. Seconds. */
const LOGIN = 5;
/** A way elsewhere for now: a portal must not send for good, as browsers remember that (RFC 9110 section 15.4). */
const TEMPORARY: ReadonlySet<number> = new Set([302, 303, 307]);
/** RFC 6585 section 6: no server sends it, but what stands before one. */
const NETWORK_AUTHENTICATION_REQUIRED = 511;

export const portalRedirect: Rule = {
  id: "portal-redirect",
  title: "a captive portal's answer in plain HTTP",
  references: ["https://www.rfc-editor.org/rfc/rfc8952", "https://www.rfc-editor.org/rfc/rfc6585#section-6"],
  doc: {
    about:
      "Looks for servers of different owners and networks that all send the client to one and the same other host in plain HTTP, for now, while it reaches nothing else; and for status 511, which networks use that want a login.",
    finds: { likely: "always: some owners share a sign-on" },
    causes: ["captive-portal"],
    innocent: ["sites with a sign-on in common"],
    advice: "Open a browser, log in at the network's page, then try again.",
  },
  check(context) {
    const answered = context.connections.filter(({ http, through }) => http !== undefined && through === undefined);
    return answer([...byRedirect(context, answered), ...byStatus(answered)], answered.length);
  },
};

function byRedirect(context: Context, answered: readonly ConnectionObservation[]): Finding[] {
  const byPortal = grouped(answered, (connection) => {
    const portal = TEMPORARY.has(connection.http?.status ?? 0) ? hostIn(connection.http?.location) : undefined;
    const asked = askedFor(connection);
    if (portal === undefined || asked === undefined || domainOf(asked) === domainOf(portal)) return undefined;
    return portal;
  });
  return [...byPortal].flatMap(([portal, connections]) => {
    const owners = new Set(connections.map((connection) => ownerOfHost(askedFor(connection) ?? "")));
    const networks = new Set([...addressesOf(connections)].map(networkOf));
    if (owners.size < 2 || networks.size < 2) return [];
    const spans = spansOf(connections);
    const reached = context.connections.some(
      (other) =>
        (isWithin(spans, other) || isSoonAfter(connections, other)) &&
        isReached(context, other) &&
        domainOf(askedFor(other) ?? "") !== domainOf(portal),
    );
    return reached ? [] : [redirected(portal, connections)];
  });
}

function redirected(portal: string, connections: readonly ConnectionObservation[]): Finding {
  return {
    confidence: "likely",
    cause: "captive-portal",
    connections,
    what: `${list(connections.map(site))} all sent the client to ${short(portal)}.`,
    why: "Servers of different owners rarely send their visitors to one and the same host, and nothing else was reached meanwhile: a portal answers for all of them, usually until somebody logs in. Only sites with a sign-on in common do the same.",
    fix: `Open a browser, log in at ${short(portal)}, then try again.`,
    evidence: connections
      .slice(0, MAX_EVIDENCE)
      .flatMap((connection) => evidence(connection, "the page that was asked for")),
  };
}

function byStatus(answered: readonly ConnectionObservation[]): Finding[] {
  const found = answered.filter(({ http }) => http?.status === NETWORK_AUTHENTICATION_REQUIRED);
  return found.map((connection) => ({
    confidence: "likely" as const,
    cause: "captive-portal" as const,
    connections: [connection],
    what: `${site(connection)} answered that the network wants a login: ${connection.http && page(connection.http)}.`,
    why: "This status is made for networks that want a login first, and no server sends it: a portal answers in its place.",
    fix: "Open a browser, log in at the page that this network shows, then try again.",
    evidence: evidence(connection, "the server's own answer"),
  }));
}

function evidence({ file, http }: ConnectionObservation, expected: string): Evidence[] {
  return http === undefined ? [] : [{ file, frame: http.frame, path: "http.response", value: page(http), expected }];
}

/** Begun after the last redirect of the same client, and sooner than anybody could have logged in. */
function isSoonAfter(
  redirects: readonly ConnectionObservation[],
  { client, from, frames }: ConnectionObservation,
): boolean {
  const last = redirects.findLast((redirect) => redirect.client.ip === client.ip);
  if (last === undefined || frames.first < last.frames.first) return false;
  return from.seconds - last.from.seconds + (from.nanos - last.from.nanos) / 1e9 < LOGIN;
}

/** The page that was asked for, a server whose certificate the client accepted, or one that is shown to be genuine. */
function isReached(context: Context, connection: ConnectionObservation): boolean {
  const { http } = connection;
  if (http !== undefined && http.status >= 200 && http.status < 300) return true;
  if (wentOn(connection)) return true;
  const leaf = context.leaf(connection);
  return leaf !== undefined && chainIsGood(connection) && speaksFor(leaf, nameOf(connection) ?? "");
}

/** The host that was asked for: by TLS, or by a plain request. */
function askedFor(connection: ConnectionObservation): string | undefined {
  return nameOf(connection) ?? connection.http?.host?.toLowerCase();
}

function site(connection: ConnectionObservation): string {
  const asked = askedFor(connection);
  const where = endpoint(connection.server);
  return asked === undefined ? where : `${short(asked)} (${where})`;
}

/** The registrable domain; of an address or a name of one label itself. */
function domainOf(host: string): string {
  return registrableDomain(host) ?? host;
}

function ownerOfHost(host: string): string {
  const domain = registrableDomain(host);
  return domain === undefined ? host : ownerOf(domain);
}
