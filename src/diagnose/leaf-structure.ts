/**
 * Which interception product builds its leaves as this one is built: extensions, their order and contents, lifetime. Owns the
 * comparison only; the products' structures are knowledge, and what a likeness is worth is judged by the rule.
 */
import { ParseError } from "../bytes/parse-error.ts";
import { toHex } from "../bytes/text.ts";
import type { InterceptorProduct, LeafExtension, LeafStructure } from "../knowledge/interceptors/product.ts";
import {
  type Certificate,
  type CertificateExtension,
  citesIssuerSerial,
  rsaNumbers,
} from "../protocol/x509/certificate.ts";

export interface StructureMatch {
  readonly product: InterceptorProduct;
  readonly structure: LeafStructure;
  /** The key has the unusual exponent of those that the product makes itself. */
  readonly ownExponent: boolean;
}

/** notBefore and notAfter are each taken from the clock, which may tick in between. Seconds. */
const TICK = 1;

export function structureOf(leaf: Certificate, products: readonly InterceptorProduct[]): StructureMatch | undefined {
  for (const product of products) {
    const structure = product.leafStructure;
    if (structure === undefined || !isBuilt(leaf, structure)) continue;
    const exponent = structure.ownExponent;
    return { product, structure, ownExponent: exponent !== undefined && exponentOf(leaf) === exponent };
  }
  return undefined;
}

function isBuilt(leaf: Certificate, structure: LeafStructure): boolean {
  const extra = leaf.notAfter - leaf.notBefore - structure.lifetime;
  return (
    extra >= 0 &&
    extra <= TICK &&
    hasExtensions(leaf.extensions, structure.extensions) &&
    citesIssuerSerial(leaf) === structure.citesIssuerSerial
  );
}

function hasExtensions(found: readonly CertificateExtension[], wanted: readonly LeafExtension[]): boolean {
  let at = 0;
  for (const want of wanted) {
    const extension = found[at];
    if (extension !== undefined && isAs(extension, want)) at++;
    else if (want.optional !== true) return false;
  }
  return at === found.length;
}

function isAs({ oid, critical, value }: CertificateExtension, want: LeafExtension): boolean {
  if (oid !== want.oid || (want.critical !== undefined && critical !== want.critical)) return false;
  return (
    want.values === undefined || want.values.some((hex) => hex.length === 2 * value.length && hex === toHex(value))
  );
}

/** Undefined when it is no RSA key, or larger than any number that is used. */
function exponentOf(leaf: Certificate): number | undefined {
  try {
    const exponent = rsaNumbers(leaf)?.exponent;
    if (exponent === undefined || exponent.length > 4) return undefined;
    return exponent.reduce((sum, byte) => sum * 256 + byte, 0);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
