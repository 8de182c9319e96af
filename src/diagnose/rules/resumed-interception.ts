/**
 * A session that continues an intercepted one: the abbreviated handshake shows no certificate, but only the box that gave
 * out the session can resume it.
 */
import { describe, list } from "../context.ts";
import { answer, type Finding, type Rule } from "../rule.ts";
import { resumesSessionOf } from "../sessions.ts";
import { bypassAdvice } from "./support.ts";

export const resumedInterception: Rule = {
  id: "resumed-interception",
  title: "a resumed session of an intercepted connection",
  references: ["https://www.rfc-editor.org/rfc/rfc5246#section-7.3", "https://www.rfc-editor.org/rfc/rfc5077#section-3"],
  check(context) {
    const resumed = context.tls().filter(({ tls }) => tls.resumed === true);
    const findings = resumed.flatMap((connection): Finding[] => {
      const origin = context
        .tls()
        .find((candidate) => context.intercepted(candidate) && resumesSessionOf(connection.tls, candidate.tls));
      if (origin === undefined) return [];
      const first = context.earlier.find(
        ({ cause, confidence, connections }) =>
          cause === "tls-interception" && confidence !== "possible" && connections.includes(origin),
      );
      return [
        {
          confidence: first?.confidence ?? "likely",
          cause: "tls-interception",
          connections: [connection],
          what: `${describe(connection)} resumes the session of ${origin.id} to ${describe(origin)}, which is intercepted.`,
          why: "Whoever gave out a session holds its keys; the connection that resumes it ends at the same box.",
          fix: bypassAdvice([connection], "the proxy"),
          evidence: [
            {
              file: connection.file,
              frame: connection.tls.clientHelloFrame ?? connection.frames.first,
              path: "tls.clientHello.session",
              value: list(connection.tls.offeredSessions.map((session) => session.slice(0, 32))),
            },
          ],
          ...(first?.interceptor === undefined ? {} : { interceptor: first.interceptor }),
        },
      ];
    });
    return answer(findings, resumed.length);
  },
};
