/** A certificate outside its validity at the time of the capture, on a chain that is otherwise good. */
import { describe } from "../context.ts";
import { answer, type Finding, type Rule } from "../rule.ts";
import { chainIsGood } from "./support.ts";

export const certificateDates: Rule = {
  id: "certificate-dates",
  title: "an expired or not yet valid certificate",
  references: ["https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5"],
  check(context) {
    const judged = context.tls().filter((connection) => chainIsGood(connection) && context.leaf(connection) !== undefined);
    const findings = judged.flatMap((connection): Finding[] => {
      const leaf = context.leaf(connection);
      if (leaf === undefined) return [];
      const now = connection.from.seconds;
      const expired = now > leaf.notAfter;
      if (!expired && now >= leaf.notBefore) return [];
      const limit = day(expired ? leaf.notAfter : leaf.notBefore);
      return [
        {
          confidence: "proven",
          cause: expired ? "certificate-expired" : "certificate-not-yet-valid",
          connections: [connection],
          what: `The certificate of ${describe(connection)} ${expired ? "expired on" : "is valid only from"} ${limit}; the capture is of ${day(now)}.`,
          why: expired
            ? "It is the server's own, signed by a public authority, and out of date."
            : "It is the server's own, and not valid yet at the time of the capture: a clock is wrong, or it was installed too early.",
          fix: expired ? "The server's operator must renew the certificate." : "Check the clock of the capturing machine and of the client; then tell the server's operator.",
          evidence: [
            {
              file: connection.file,
              frame: connection.tls.certificates[0]?.frame ?? connection.frames.first,
              path: `tls.certificate[0].validity.${expired ? "notAfter" : "notBefore"}`,
              value: limit,
              expected: `${expired ? "after" : "before"} ${day(now)}`,
            },
          ],
        },
      ];
    });
    return answer(findings, judged.length);
  },
};

/** `2026-11-22 13:05:09 UTC`. */
function day(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
