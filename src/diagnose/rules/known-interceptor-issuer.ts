/**
 * The issuer of a known interception product on a chain that reaches no public root. The name alone would prove nothing
 * (anyone can copy one); together with a chain that no public authority signed it does.
 *
 * Not judged: a leaf that is the vendor's own, such as an appliance's admin page under its factory CA. Only possible: hosts of one
 * owner in its own network, or under a CA that signs the product's own pages too: the product's portal looks the same.
 */
import { INTERCEPTORS } from "../../knowledge/interceptors/index.ts";
import type { ConnectionObservation } from "../../observe/observations.ts";
import type { Certificate } from "../../protocol/x509/certificate.ts";
import type { Context } from "../context.ts";
import type { Finding } from "../finding.ts";
import { type IssuerMatch, matchIssuer } from "../issuer.ts";
import type { Rule } from "../rule.ts";
import type { Confidence } from "../vocabulary.ts";
import { called, servers, short } from "../words.ts";
import {
  bypassAdvice,
  certificateAnswer,
  certificateEvidence,
  compareAdvice,
  isOwn,
  reachesNoPublicRoot,
} from "./support.ts";
import { isVendorsOwn } from "./vendors-own.ts";

/** How much a match is worth: a name from a list or a certificate proves, one from memory needs the chain as its second sign. */
const CONFIDENCE: Record<IssuerMatch["strength"], Confidence> = {
  strong: "proven",
  recalled: "likely",
  ambiguous: "possible",
  hint: "possible",
};

interface Group {
  readonly match: IssuerMatch;
  readonly leaf: Certificate;
  readonly connections: ConnectionObservation[];
}

export const knownInterceptorIssuer: Rule = {
  id: "known-interceptor-issuer",
  title: "an issuer known from interception products",
  references: ["https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.4"],
  doc: {
    about:
      "Looks for the issuer of a known interception product on a chain that reaches no public root. The name alone proves nothing, as anyone can copy one; with a chain that no public authority signed it does. The vendor's own sites and devices are not judged. This is the rule that names a product.",
    finds: {
      proven: "the name was seen in certificates, in source code or on a curated list",
      likely: "the name is known from memory; the chain is the second sign",
      possible:
        "others use the name as well, or it is merely the vendor's; or all hosts may be the product's own pages",
    },
    causes: ["tls-interception"],
    innocent: [
      "the product's own pages, such as its admin interface or login page",
      "a private authority that took the name a manual proposes",
    ],
    advice: "Exempt the servers from TLS inspection on that product.",
  },
  check(context) {
    let checked = 0;
    const groups = new Map<string, Group>();
    const matches = new Map<string, IssuerMatch | undefined>();
    for (const connection of context.tls()) {
      const [leaf, ...others] = context.chain(connection);
      if (leaf === undefined || context.leaf(connection) !== leaf) continue;
      checked++;
      if (!reachesNoPublicRoot(connection) || connection.tls.trust?.is === "self-signed") continue;
      const chain = connection.tls.certificates.map(({ sha256 }) => sha256).join();
      if (!matches.has(chain)) matches.set(chain, matchIssuer(issuerNames(leaf, others), INTERCEPTORS));
      const match = matches.get(chain);
      if (match === undefined) continue;
      if (match.candidates.some((product) => isVendorsOwn(context, connection, leaf, product))) continue;
      const key = `${match.strength} ${match.candidates.map(({ id }) => id).join(" ")} ${leaf.issuer.text}`;
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { match, leaf, connections: [connection] });
      else known.connections.push(connection);
    }
    return certificateAnswer(
      context.tls(),
      [...groups.values()].map((group) => finding(context, group)),
      checked,
    );
  },
};

function finding(context: Context, { match, leaf, connections }: Group): Finding {
  const names = match.candidates.map(({ name }) => name).join(" or ");
  const issuer = called(leaf.issuer);
  const first = match.matched[0];
  const pattern =
    first === undefined || issuer === `“${first.value}”` ? "" : ` (${first.field} “${short(first.value)}”)`;
  const decides = !mayBeOwnPages(context, match, connections);
  const product = decides ? match.product : undefined;
  return {
    confidence: decides ? CONFIDENCE[match.strength] : "possible",
    cause: "tls-interception",
    connections,
    what: `${servers(connections)} presented a certificate issued by ${issuer}, ${product === undefined ? "a name as used by" : "the issuer of"} ${names}${pattern}.`,
    why:
      product === undefined
        ? "The chain reaches no public root. The name fits the product, but others may use it too, so it proves nothing by itself."
        : "The chain reaches no public root, and this is the name under which the product issues certificates for sites it decrypts.",
    fix: product === undefined ? compareAdvice(connections) : bypassAdvice(connections, names),
    evidence: certificateEvidence(
      context,
      connections,
      "issuer",
      (shown) => shown.issuer.text,
      "an issuer that leads to a public root",
    ),
    ...(product === undefined ? {} : { interceptor: { id: product.id, name: product.name, named: "by-issuer" } }),
  };
}

/** All of one owner, and where the product answers for itself. */
function mayBeOwnPages(
  context: Context,
  { matched }: IssuerMatch,
  connections: readonly ConnectionObservation[],
): boolean {
  const owners = new Set(connections.map((connection) => context.domain(connection)?.split(".")[0]));
  return owners.size < 2 && (matched.some(({ ownPages }) => ownPages) || connections.every(isOwn));
}

/** The leaf's issuer, and what the presented CA certificates call themselves and their issuers. Never the leaf's subject. */
function issuerNames(leaf: Certificate, others: readonly Certificate[]) {
  return [leaf.issuer, ...others.filter(({ isCa }) => isCa).flatMap(({ issuer, subject }) => [issuer, subject])];
}
