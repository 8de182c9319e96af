/**
 * Is a certificate under a product's issuer the vendor's own, or the product's for itself (its admin page, its VPN portal)?
 * Then the issuer proves nothing: nobody is imitated. Knows no rule.
 */
import type { InterceptorProduct } from "../../knowledge/interceptors/product.ts";
import type { ConnectionObservation } from "../../observe/observations.ts";
import type { Certificate, DistinguishedName } from "../../protocol/x509/certificate.ts";
import { type Context, registrableDomain } from "../context.ts";
import { nameOf, peerOf } from "../peer.ts";
import { isOwnNetwork } from "./support.ts";

export function isVendorsOwn(
  context: Context,
  connection: ConnectionObservation,
  leaf: Certificate,
  product: InterceptorProduct,
): boolean {
  // For no name anybody could register, a box in the own network, or whatever a proxy was asked for by such a name, answers
  // for itself.
  const { ip } = peerOf(connection);
  const domain = context.domain(connection);
  if ((ip === undefined || isOwnNetwork(ip)) && domain === undefined) return true;
  const vendor = words(product.vendor);
  const [first] = vendor;
  // Nobody's organisation is called "open source" or "unknown"; those products have no sites or appliances of their own.
  if (first === undefined || product.vendor === "open source" || product.vendor === "unknown") return false;
  // An appliance's subject is its vendor and its serial number, no site. Forged ones may name the vendor as well: Zscaler writes
  // its own name beside that of the site.
  const subject = (...types: readonly string[]) =>
    leaf.subject.attributes.filter(({ type }) => types.includes(type)).map(({ value }) => value);
  const called = subject("CN");
  const namesSite =
    called.length === 0
      ? domain !== undefined
      : called.some((name) => registrableDomain(name.replace(/^\*\./, "")) !== undefined);
  if (!namesSite && subject("O", "OU").some((name) => words(name).includes(first))) return true;
  const asked = registrableDomain(nameOf(connection) ?? "");
  if (asked !== undefined && (product.ownDomains?.includes(asked) === true || names(leaf.issuer, asked))) return true;
  if (product.vendorSitesArePublic === true) return false;
  const label = asked?.split(".")[0]?.replaceAll("-", "");
  return label !== undefined && (label === first || label === vendor.join("") || label === words(product.name)[0]);
}

/** Who is called like the site, `ca.contoso.goskope.com` for addon-contoso.goskope.com, is the site's own authority. */
function names({ attributes }: DistinguishedName, domain: string): boolean {
  return attributes.some(({ type, value }) => type === "CN" && registrableDomain(value.trim()) === domain);
}

function words(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}
