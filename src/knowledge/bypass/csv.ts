/** CSV, for spreadsheets and imports. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const csv: BypassDialect = {
  id: "csv",
  name: "any product: CSV",
  alsoCalled: ["spreadsheet"],
  interceptors: [],
  format: "CSV",
  status: "verified",
  where: "a spreadsheet, or a change request",
  anyPort: "",
  text: [
    {
      before: "match,value,port\n",
      host: "host,%name%,%port%",
      domain: "domain,.%name%,%port%",
      ipv4: "ip,%prefix%,%port%",
      ipv6: "ip,%prefix%,%port%",
    },
  ],
  pitfalls: [],
  source: "RFC 4180",
  checked: "2026-11",
};
