/**
 * A session that continues an intercepted one: the abbreviated handshake shows no certificate, but only the box that gave
 * out the session can resume it.
 */
import type { Finding } from "../finding.ts";
import { answer, type Rule } from "../rule.ts";
import { describe, list, short } from "../words.ts";
import { bypassAdvice } from "./support.ts";

export const resumedInterception: Rule = {
  id: "resumed-interception",
  title: "a resumed session of an intercepted connection",
  references: [
    "https://www.rfc-editor.org/rfc/rfc5246#section-7.3",
    "https://www.rfc-editor.org/rfc/rfc5077#section-3",
  ],
  doc: {
    about:
      "Looks for sessions that continue an intercepted one. The short handshake shows no certificate, but only who gave out the session can resume it.",
    finds: {
      proven: "the connection that began the session is proven to be intercepted",
      likely: "it is likely to be",
    },
    causes: ["tls-interception"],
    innocent: [],
    advice: "Exempt the servers named in the finding from TLS inspection on the proxy.",
  },
  check(context) {
    const resumed = context.tls().filter(({ tls }) => tls.resumed === true);
    const findings = resumed.flatMap((connection): Finding[] => {
      const origin = context.origins(connection).find((candidate) => context.interception(candidate) !== undefined);
      const shown = origin === undefined ? undefined : context.interception(origin);
      if (origin === undefined || shown === undefined) return [];
      return [
        {
          confidence: shown.confidence,
          cause: "tls-interception",
          connections: [connection],
          what: `${describe(connection)} resumes the session of ${origin.id} to ${describe(origin)}, which is ${shown.confidence === "proven" ? "" : "very likely "}intercepted.`,
          why: "Whoever gave out a session holds its keys; the connection that resumes it ends at the same box.",
          fix: bypassAdvice([connection], "the proxy"),
          evidence: [
            {
              file: connection.file,
              frame: connection.tls.clientHelloFrame ?? connection.frames.first,
              path: "tls.clientHello.session",
              value: list(connection.tls.offeredSessions.map((session) => short(hex(session)))),
            },
          ],
          ...(shown.interceptor === undefined ? {} : { interceptor: shown.interceptor }),
        },
      ];
    });
    return answer(findings, resumed.length);
  },
};

/** A character per byte. */
function hex(session: string): string {
  return Array.from(session, (character) =>
    character === "…" ? character : character.charCodeAt(0).toString(16).padStart(2, "0"),
  ).join("");
}
