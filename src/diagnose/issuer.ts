/**
 * Which interception products an issuer name points to. Owns the matching of distinguished names against the products'
 * patterns and the weighing of what matched. It only names candidates: anyone can copy a name, so whether the chain
 * reaches a public root, and whether the leaf is the vendor's own, is judged by the rules, never here.
 *
 * The input is hostile: the number of names, the attributes of each and the length of a value are bounded, and no
 * pattern repeats a group (see the tests), so matching is linear or at worst quadratic in a bounded length.
 */
import type {
  InterceptorProduct,
  IssuerField,
  IssuerPattern,
  PatternConfidence,
} from "../knowledge/interceptors/product.ts";
import type { DistinguishedName, NameAttribute } from "../protocol/x509/certificate.ts";

/**
 * - `strong`: a sourced pattern decided
 * - `recalled`: the best that decided is from memory
 * - `ambiguous`: two products match equally well, or a public CA carries the same name: no product is named
 * - `hint`: only a vendor's name somewhere, or a pattern for "any attribute": no product is named
 */
type IssuerStrength = "strong" | "recalled" | "ambiguous" | "hint";

interface MatchedPattern {
  readonly product: InterceptorProduct;
  /** The attribute type that matched, as the name has it: for a `*` pattern the actual one. */
  readonly field: string;
  readonly value: string;
  /** `vendor-name-heuristic` for every `*` pattern, however well it is sourced: the attribute is not known. */
  readonly confidence: PatternConfidence;
  readonly ownPages: boolean;
  readonly source: string;
}

export interface IssuerMatch {
  /** The one product that may be named; absent when `strength` is `ambiguous` or `hint`. */
  readonly product?: InterceptorProduct;
  readonly strength: IssuerStrength;
  /** The products that match best: one, or several that match equally. In the order given. */
  readonly candidates: readonly InterceptorProduct[];
  /** Every pattern of the candidates that matched, deciding and supporting ones, best confidence first. */
  readonly matched: readonly MatchedPattern[];
}

/**
 * RFC 5280 appendix A.1 allows 64 characters for commonName, organizationName and organizationalUnitName and 255 for
 * emailAddress. A longer value is passed over whole: cut short, it could end where a pattern wants the end.
 */
const MAX_VALUE_LENGTH = 256;

/** Real names have fewer than ten attributes. */
const MAX_ATTRIBUTES = 64;

/** Real chains have two to five certificates, each with one or two names looked at; OpenSSL gives up at a depth of 100. */
const MAX_NAMES = 32;

/**
 * Matches issuer names against the products.
 *
 * `issuers`: the leaf's issuer, and the issuers and subjects of the CA certificates presented with it; never the leaf's
 * subject, which for a vendor's own web site carries the vendor's name. Undefined when nothing matches, or only patterns
 * that never decide alone.
 *
 * The best confidence decides, then the number of patterns of that product that decided.
 */
export function matchIssuer(
  issuers: readonly DistinguishedName[],
  products: readonly InterceptorProduct[],
): IssuerMatch | undefined {
  const names = issuers.slice(0, MAX_NAMES).map(usableAttributes);
  let best: Candidate[] = [];
  for (const product of products) {
    const candidate = matchProduct(product, names);
    if (candidate === undefined) continue;
    const order = best[0] === undefined ? 1 : compare(candidate, best[0]);
    if (order > 0) best = [candidate];
    else if (order === 0) best.push(candidate);
  }
  const first = best[0];
  if (first === undefined) return undefined;
  const candidates = best.map((candidate) => candidate.product);
  const matched = best
    .flatMap((candidate) => candidate.matched)
    .sort((a, b) => RANK[b.confidence] - RANK[a.confidence]);
  const strength = strengthOf(best);
  if (strength === "ambiguous" || strength === "hint") return { strength, candidates, matched };
  return { product: first.product, strength, candidates, matched };
}

const RANK: Readonly<Record<PatternConfidence, number>> = {
  observed: 4,
  "source-code-or-certificate": 3,
  "curated-list": 3,
  recalled: 2,
  "vendor-name-heuristic": 1,
};

interface Candidate {
  readonly product: InterceptorProduct;
  readonly matched: readonly MatchedPattern[];
  /** Best rank among the patterns that may decide. */
  readonly rank: number;
  /** How many patterns of this product decided. */
  readonly deciding: number;
  /** Every pattern that decided is one that somebody legitimate shares. */
  readonly shared: boolean;
}

function compare(a: Candidate, b: Candidate): number {
  return a.rank - b.rank || a.deciding - b.deciding;
}

function strengthOf(best: readonly Candidate[]): IssuerStrength {
  const rank = best[0]?.rank ?? 0;
  if (rank <= RANK["vendor-name-heuristic"]) return "hint";
  if (best.length > 1 || best[0]?.shared === true) return "ambiguous";
  return rank <= RANK.recalled ? "recalled" : "strong";
}

function matchProduct(
  product: InterceptorProduct,
  names: readonly (readonly NameAttribute[])[],
): Candidate | undefined {
  const matched: MatchedPattern[] = [];
  let rank = 0;
  let deciding = 0;
  let shared = true;
  for (const pattern of product.issuerPatterns) {
    const attribute = firstMatch(pattern, names);
    if (attribute === undefined) continue;
    const confidence = pattern.field === "*" ? "vendor-name-heuristic" : pattern.confidence;
    matched.push({
      product,
      field: attribute.type,
      value: attribute.value,
      confidence,
      ownPages: pattern.ownPages === true,
      source: pattern.source,
    });
    if (pattern.weak === true) continue;
    deciding++;
    if (RANK[confidence] > rank) rank = RANK[confidence];
    if (pattern.sharedWith === undefined) shared = false;
  }
  return deciding === 0 ? undefined : { product, matched, rank, deciding, shared };
}

/** A pattern counts once, however many names carry it: a chain repeats its names. */
function firstMatch(pattern: IssuerPattern, names: readonly (readonly NameAttribute[])[]): NameAttribute | undefined {
  for (const attributes of names) {
    const found = attributes.find((attribute) => matches(attribute, pattern.field, pattern.pattern));
    if (found === undefined) continue;
    const { needs } = pattern;
    if (needs === undefined || attributes.some((attribute) => matches(attribute, needs.field, needs.pattern))) {
      return found;
    }
  }
  return undefined;
}

function matches(attribute: NameAttribute, field: IssuerField, pattern: RegExp): boolean {
  return (field === "*" || attribute.type === field) && pattern.test(attribute.value);
}

function usableAttributes(name: DistinguishedName): readonly NameAttribute[] {
  return name.attributes.slice(0, MAX_ATTRIBUTES).filter((attribute) => attribute.value.length <= MAX_VALUE_LENGTH);
}
