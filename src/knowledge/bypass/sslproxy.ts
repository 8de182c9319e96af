/** SSLproxy: how it is told which sites to pass. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

const NOT_BY_ADDRESS =
  "PassSite knows names only: keep the address out of what the NAT rule redirects to SSLproxy, by a rule for this destination before it";

export const sslproxy: BypassDialect = {
  id: "sslproxy",
  name: "SSLproxy",
  interceptors: ["sslsplit-sslproxy"],
  format: "sslproxy.conf",
  status: "verified",
  where: "sslproxy.conf, as global options; restart SSLproxy",
  comment: "# ",
  only: "transparent",
  text: [{ host: "PassSite %name%" }],
  cannot: {
    domain: "only exact names were verified for PassSite: list the hosts one by one",
    ipv4: NOT_BY_ADDRESS,
    ipv6: NOT_BY_ADDRESS,
  },
  pitfalls: [
    "A site is matched by the client's SNI or by a common name in the certificate.",
    "SSLsplit, of which this is a descendant, has no such list: exclude the server from its NAT rule.",
  ],
  source: 'sonertari/SSLproxy README.md, "PassSite"',
  checked: "2026-11",
};
