/** Privoxy: the action that switches HTTPS inspection off. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const privoxy: BypassDialect = {
  id: "privoxy",
  name: "Privoxy",
  interceptors: ["privoxy-https-inspection"],
  format: "user.action",
  status: "verified",
  where: "user.action, at its end; Privoxy reads it again by itself",
  comment: "# ",
  anyPort: "",
  only: "explicit",
  text: [
    {
      before: "{-https-inspection}\n",
      host: "%name%%:port%",
      domain: ".%name%%:port%",
      ipv4: "%address%%:port%",
      ipv6: "<%address%>%:port%",
    },
  ],
  pitfalls: ["Later sections win: one that switches +https-inspection on must stand before this one."],
  source: "Privoxy user manual 8.4 and 8.5.30; tried with privoxy 3.0.34",
  checked: "2026-11",
};
