/**
 * The shape of one interception product: how the certificates it forges name their issuer, and what else gives it away.
 * Owns types only. How issuers are matched, and what a match is worth, is `src/diagnose/issuer.ts`; whether a chain
 * reaches a public root is judged elsewhere, and always before a product is named to anyone.
 */

type ProductKind =
  | "secure-web-gateway"
  | "ngfw"
  | "antivirus"
  | "parental-control"
  | "malware"
  | "state-interception"
  | "debug-proxy";

/**
 * How sure the pattern is, best first. `source-code-or-certificate` and `curated-list` weigh the same.
 *
 * - `observed`: seen in a certificate of a running product
 * - `source-code-or-certificate`: read in the product's source or its published root
 * - `curated-list`: on a list that somebody maintains for this purpose
 * - `recalled`: from memory, or from a paper quoted from memory
 * - `vendor-name-heuristic`: merely the vendor's name
 */
export type PatternConfidence =
  | "observed"
  | "source-code-or-certificate"
  | "curated-list"
  | "recalled"
  | "vendor-name-heuristic";

/** Short name of an issuer attribute; `*` stands for any attribute and is never more than a hint. */
export type IssuerField = "CN" | "O" | "OU" | "C" | "emailAddress" | "*";

export interface IssuerPattern {
  readonly field: IssuerField;
  /** Applied to one attribute value as it was sent: case and white space count. Without flags, so that it has no state. */
  readonly pattern: RegExp;
  /** The same distinguished name must carry this attribute as well, else the pattern does not apply. */
  readonly needs?: { readonly field: Exclude<IssuerField, "*">; readonly pattern: RegExp };
  /** Supports other patterns of the product; never decides alone. */
  readonly weak?: true;
  /** The CA of this name also signs the product's own pages (portal, VPN gateway), under names that the customer gives them. */
  readonly ownPages?: true;
  /** Somebody legitimate whose certificates carry the same value: the name alone tells nothing apart. */
  readonly sharedWith?: string;
  readonly confidence: PatternConfidence;
  readonly source: string;
}

/** One extension of a forged leaf. */
export interface LeafExtension {
  readonly oid: string;
  /** Absent where it may be either: the extension is copied from the server's certificate. */
  readonly critical?: boolean;
  /** It may be missing. */
  readonly optional?: true;
  /** Contents it can have, hexadecimal DER; any when absent. */
  readonly values?: readonly string[];
}

/**
 * How a program builds the leaves it forges, as far as its code fixes it whatever the server and the administrator's CA are. A build
 * proves nothing alone: whoever uses the same library may come to the same.
 */
export interface LeafStructure {
  /** All of them, in wire order. */
  readonly extensions: readonly LeafExtension[];
  /** The authorityKeyIdentifier also cites the issuer's certificate by issuer and serial number. */
  readonly citesIssuerSerial: boolean;
  /** Seconds from notBefore to notAfter. */
  readonly lifetime: number;
  /** Whole days by which notBefore is earlier than the moment at which the leaf is made. */
  readonly daysBack: number;
  /** Exponent of the RSA keys it makes itself, where hardly anybody else uses that one. It may be given a key instead. */
  readonly ownExponent?: number;
  readonly source: string;
}

export interface InterceptorProduct {
  /** Stable, lower case with hyphens; equals the file's name. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly vendor: string;
  readonly kind: ProductKind;
  /**
   * The vendor's own sites are what everybody uses, under public authorities: a certificate for one of them by this issuer is a
   * forged one, not the vendor's own.
   */
  readonly vendorSitesArePublic?: true;
  /** Registrable domains of the vendor's own services, beside those that are called like the vendor. */
  readonly ownDomains?: readonly string[];
  /** Empty when the administrator always supplies the CA, so that no issuer gives the product away. */
  readonly issuerPatterns: readonly IssuerPattern[];
  readonly notes?: string;
  readonly leafStructure?: LeafStructure;
  /** Header fields the product adds to HTTP messages, lower case. */
  readonly httpHeaders?: readonly string[];
  /** SHA-256 of the SubjectPublicKeyInfo of roots built into the product, base64 as in key pins. */
  readonly rootSpkiSha256?: readonly string[];
  /** SHA-256 of the DER of such roots, hexadecimal. */
  readonly rootCertSha256?: readonly string[];
}
