/** A plain list, for whatever has no dialect of its own. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const list: BypassDialect = {
  id: "list",
  name: "any product: plain list",
  alsoCalled: ["text", "plain"],
  interceptors: [],
  format: "list",
  status: "verified",
  where: "the list of destinations that the product does not decrypt",
  text: [{ host: "%name%", domain: ".%name%", ipv4: "%prefix%", ipv6: "%prefix%" }],
  pitfalls: [],
  source: "Sightline",
  checked: "2026-11",
};
