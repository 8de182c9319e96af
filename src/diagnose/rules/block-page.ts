/**
 * A page in plain HTTP from an address whose TLS is intercepted: what a person sees who points a browser there. It often names the
 * filter, and confirms what the certificate shows; by itself it proves nothing, so it is said only beside an interception.
 */
import type { ConnectionObservation } from "../../observe/observations.ts";
import { type Context, registrableDomain } from "../context.ts";
import type { Finding } from "../finding.ts";
import { grouped } from "../grouped.ts";
import { answer, type Rule } from "../rule.ts";
import { endpoint, page, servers } from "../words.ts";
import { hostIn } from "./support.ts";

/** Evidence rows of one finding: a browser asks again and again. */
const MAX_EVIDENCE = 5;

export const blockPage: Rule = {
  id: "block-page",
  title: "a page in plain HTTP in the place of an intercepted server",
  references: ["https://www.rfc-editor.org/rfc/rfc9110#section-15.5.4"],
  doc: {
    about:
      "Looks for a page in plain HTTP (a refusal, a way to another site, any page where pseudo-TLS is spoken) from an address whose TLS is intercepted by the word of another rule. It often names the filter, and shows what a browser gets there.",
    finds: { possible: "always: what a page calls itself is its own word" },
    causes: ["tls-interception"],
    innocent: ["a web server at the same address that refuses or redirects of its own accord"],
    advice: "Nothing for this alone. What the page names helps to find whose filter it is.",
  },
  check(context) {
    const pages = context.connections.filter(
      ({ protocol, http, through }) => protocol === "http" && http !== undefined && through === undefined,
    );
    if (pages.length === 0) return answer([], 0);
    const intercepted = interceptedByAddress(context);
    const byAddress = grouped(pages, (connection) => {
      const there = intercepted.get(connection.server.ip);
      return there !== undefined && isTelling(connection, there) ? connection.server.ip : undefined;
    });
    const findings = [...byAddress].map(([ip, shown]) => finding(shown, intercepted.get(ip) ?? []));
    return answer(findings, pages.length);
  },
};

function interceptedByAddress(context: Context): Map<string, ConnectionObservation[]> {
  return grouped(context.connections, (connection) =>
    connection.through === undefined && context.interception(connection) !== undefined
      ? connection.server.ip
      : undefined,
  );
}

/** A refusal, or a way elsewhere; where pseudo-TLS is spoken any page: such a server has none. */
function isTelling({ http }: ConnectionObservation, intercepted: readonly ConnectionObservation[]): boolean {
  if (http === undefined) return false;
  if (http.status >= 400 || intercepted.some(({ pseudoTls }) => pseudoTls !== undefined)) return true;
  const there = hostIn(http.location);
  // A web server sends its own visitors on to HTTPS.
  return there !== undefined && registrableDomain(there) !== registrableDomain(http.host ?? there);
}

function finding(pages: readonly ConnectionObservation[], intercepted: readonly ConnectionObservation[]): Finding {
  const [first] = pages;
  const told = first?.http === undefined ? "" : `${page(first.http)} (frame ${first.http.frame})`;
  const where = first === undefined ? "" : endpoint(first.server);
  return {
    confidence: "possible",
    cause: "tls-interception",
    connections: [...pages, ...intercepted],
    what: `${where} answers in plain HTTP with ${told}, while TLS to ${servers(intercepted)} is intercepted.`,
    why: "A web filter shows such a page in the place of a server that has none. What it calls itself is its own word; the interception is shown by other findings.",
    fix: "Nothing to change for this alone.",
    evidence: pages
      .slice(0, MAX_EVIDENCE)
      .flatMap(({ file, http }) =>
        http === undefined ? [] : [{ file, frame: http.frame, path: "http.response", value: page(http) }],
      ),
  };
}
