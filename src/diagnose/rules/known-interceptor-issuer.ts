/**
 * The issuer of a known interception product on a chain that reaches no public root. The name alone would prove nothing
 * (anyone can copy one); together with a chain that no public authority signed it does.
 *
 * Not judged: a leaf that is the vendor's own, such as an appliance's admin page under its factory CA.
 */
import { INTERCEPTORS } from "../../knowledge/interceptors/index.ts";
import type { InterceptorProduct } from "../../knowledge/interceptors/product.ts";
import type { ConnectionObservation } from "../../observe/observations.ts";
import type { Certificate } from "../../protocol/x509/certificate.ts";
import { type Context, describe, list, registrableDomain } from "../context.ts";
import { type IssuerMatch, matchIssuer } from "../issuer.ts";
import { answer, type Finding, type Rule } from "../rule.ts";
import type { Confidence } from "../vocabulary.ts";
import { bypassAdvice, certificateEvidence, reachesNoPublicRoot } from "./support.ts";

/** How much a match is worth: a name from a list or a certificate proves, one from memory needs the chain as its second sign. */
const CONFIDENCE: Record<IssuerMatch["strength"], Confidence> = {
  strong: "proven",
  recalled: "likely",
  ambiguous: "possible",
  hint: "possible",
};

export const knownInterceptorIssuer: Rule = {
  id: "known-interceptor-issuer",
  title: "an issuer known from interception products",
  references: ["https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.4"],
  check(context) {
    let checked = 0;
    const matches = new Map<string, { match: IssuerMatch; issuer: string; connections: ConnectionObservation[] }>();
    for (const connection of context.tls()) {
      const [leaf, ...others] = context.chain(connection);
      if (leaf === undefined) continue;
      checked++;
      if (!reachesNoPublicRoot(connection) || connection.tls.trust?.is === "self-signed") continue;
      const match = matchIssuer(issuerNames(leaf, others), INTERCEPTORS);
      if (match === undefined || match.candidates.some((product) => isVendorsOwn(leaf, connection, product))) continue;
      const key = `${match.strength} ${match.candidates.map(({ id }) => id).join(" ")} ${leaf.issuer.text}`;
      const known = matches.get(key);
      if (known === undefined) matches.set(key, { match, issuer: leaf.issuer.text, connections: [connection] });
      else known.connections.push(connection);
    }
    return answer([...matches.values()].map((found) => finding(context, found)), checked);
  },
};

function finding(
  context: Context,
  { match, issuer, connections }: { match: IssuerMatch; issuer: string; connections: ConnectionObservation[] },
): Finding {
  const names = match.candidates.map(({ name }) => name).join(" or ");
  const first = match.matched[0];
  const pattern = first === undefined ? "" : ` (${first.field} "${first.value}")`;
  const product = match.product;
  return {
    confidence: CONFIDENCE[match.strength],
    cause: "tls-interception",
    connections,
    what: `The certificate for ${list(connections.map(describe))} was issued by ${issuer}, ${product === undefined ? "a name like" : "the issuer of"} ${names}${pattern}.`,
    why: "The chain reaches no public root, and this is the name under which the product issues certificates for sites it decrypts.",
    fix: bypassAdvice(connections, names),
    evidence: certificateEvidence(context, connections, "issuer", (leaf) => leaf.issuer.text, "an issuer that leads to a public root"),
    ...(product === undefined ? {} : { interceptor: { id: product.id, name: product.name, named: "by-issuer" } }),
  };
}

/** The leaf's issuer, and what the presented CA certificates call themselves and their issuers. Never the leaf's subject. */
function issuerNames(leaf: Certificate, others: readonly Certificate[]) {
  return [leaf.issuer, ...others.filter(({ isCa }) => isCa).flatMap(({ issuer, subject }) => [issuer, subject])];
}

/** Its subject, or the name that was asked for, is the vendor's. */
function isVendorsOwn(leaf: Certificate, connection: ConnectionObservation, product: InterceptorProduct): boolean {
  const vendor = product.vendor.toLowerCase().split(/[^a-z0-9]+/)[0] ?? "";
  // Nobody's organisation is called "open source"; those products have no sites or appliances of their own.
  if (vendor === "" || product.vendor === "open source") return false;
  const subject = leaf.subject.attributes.filter(({ type }) => type === "O" || type === "OU");
  if (subject.some(({ value }) => value.toLowerCase().split(/[^a-z0-9]+/).includes(vendor))) return true;
  const domain = registrableDomain(connection.tls?.clientHello?.serverName ?? "");
  return domain?.split(".")[0] === vendor;
}
