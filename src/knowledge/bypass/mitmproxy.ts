/** mitmproxy: how it is told what not to intercept. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const mitmproxy: BypassDialect = {
  id: "mitmproxy",
  name: "mitmproxy",
  alsoCalled: ["mitmdump", "mitmweb"],
  interceptors: ["mitmproxy"],
  format: "config.yaml",
  status: "verified",
  where: "~/.mitmproxy/config.yaml; where it has ignore_hosts already, add the lines to that list; restart mitmproxy",
  comment: "# ",
  anyPort: "\\d+",
  text: [
    {
      before: "ignore_hosts:\n",
      // Version 8 compares the bare host, others host:port, where an IPv6 address has no brackets.
      host: "  - '^%regex%(:%port%)?$'",
      domain: "  - '^(.+\\.)?%regex%(:%port%)?$'",
      ipv4: "  - '^%regex%(:%port%)?$'",
      ipv6: "  - '^\\[?%regex%\\]?(:%port%)?$'",
    },
  ],
  pitfalls: [
    "Some versions (8.1 is one) compare the host without its port: there an entry is for all its ports.",
    "ignore_hosts and allow_hosts exclude each other.",
  ],
  source: "docs.mitmproxy.org/stable/howto/ignore-domains; mitmproxy/addons/next_layer.py; tried with mitmproxy 8.1.1",
  checked: "2026-11",
};
