/**
 * Every distinct certificate of a capture once, as long as a connection holds it. Owns the identity of certificates by
 * their bytes; knows nothing of trust. SHA-256 is computed later, and only for those that a Report will show.
 */
import { ByteTable } from "../bytes/byte-table.ts";
import { ParseError } from "../bytes/parse-error.ts";
import { decompressCertificate } from "../protocol/tls/certificate-compression.ts";
import { parseCertificateList } from "../protocol/tls/messages.ts";
import { type Certificate, type NameTable, parseCertificate } from "../protocol/x509/certificate.ts";

/** Certificates kept per chain; OpenSSL's and browsers' path limits are far below. */
const MAX_CERTIFICATES = 32;
/** Chains remembered as a whole, and their length in bytes: a capture has thousands of connections to a few hundred servers. */
const MAX_CHAINS = 1024;
const MAX_CHAIN_BYTES = 16 * 1024;

/** Compressed messages that turn out to be no chain: a hostile one may take half a second. */
const MAX_DAMAGED = 20;

/** Keys, and names, that certificates share: CAs renew theirs and have them cross-signed, servers keep one key for many names. */
const MAX_SHARED = 4096;

export class PooledCertificate {
  readonly number: number;
  readonly der: Uint8Array;
  /** How many connections hold it. */
  holders = 1;
  /** Hidden: two are the same whether they were read or not. */
  readonly #read: (der: Uint8Array) => Certificate | undefined;
  #parsed: Certificate | undefined;
  #isParsed = false;

  constructor(number: number, der: Uint8Array, read: (der: Uint8Array) => Certificate | undefined) {
    this.number = number;
    this.der = der;
    this.#read = read;
  }

  /** Undefined when the bytes are no certificate we can read. Read when first asked for: most chains are only counted. */
  get certificate(): Certificate | undefined {
    if (!this.#isParsed) {
      this.#isParsed = true;
      this.#parsed = this.#read(this.der);
    }
    return this.#parsed;
  }
}

/** What a Certificate message presents, the leaf first. */
export interface Chain {
  readonly certificates: readonly PooledCertificate[];
  /** Two chains of the same certificates have the same one. */
  readonly key: string;
}

export class CertificatePool {
  private readonly known = new ByteTable<PooledCertificate>();
  /** By the message that presents it, in the layout up to TLS 1.2 and in that of TLS 1.3. They hold their certificates. */
  private readonly chains12 = new ByteTable<Chain>(MAX_CHAINS);
  private readonly chains13 = new ByteTable<Chain>(MAX_CHAINS);
  /** The first array with a key stands for all: the key is imported, and a signature verified with it, once. */
  private readonly keys = new ByteTable<Uint8Array>(MAX_SHARED);
  private readonly names: NameTable = new ByteTable(MAX_SHARED);
  private count = 0;
  /** How many more may. */
  private patience = MAX_DAMAGED;

  /** The chain that the body of a Certificate message presents, each of its certificates with one more holder. Throws ParseError when it is none. */
  holdChain(body: Uint8Array, tls13: boolean): Chain {
    const chains = tls13 ? this.chains13 : this.chains12;
    const known = chains.get(body);
    if (known !== undefined) {
      for (const pooled of known.certificates) pooled.holders++;
      return known;
    }
    const chain = this.readChain(body, tls13);
    // Not slice(), as below.
    if (body.length <= MAX_CHAIN_BYTES && !chains.isFull && chains.add(new Uint8Array(body), chain)) {
      for (const pooled of chain.certificates) pooled.holders++;
    }
    return chain;
  }

  /** As `holdChain`, for the body of a CompressedCertificate; undefined when it cannot be read. */
  holdCompressed(body: Uint8Array): Chain | undefined {
    if (this.patience === 0) return undefined;
    try {
      return this.holdChain(decompressCertificate(body), true);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.patience--;
      return undefined;
    }
  }

  releaseChain(chain: Chain): void {
    for (const pooled of chain.certificates) this.release(pooled);
  }

  /** The pooled certificate with these bytes, with one more holder. `der` is copied only when it is new. */
  hold(der: Uint8Array): PooledCertificate {
    const known = this.known.get(der);
    if (known !== undefined) {
      known.holders++;
      return known;
    }
    // Not slice(): on a Buffer that would be a view of the caller's reused memory.
    const copy = new Uint8Array(der);
    const added = new PooledCertificate(this.count++, copy, this.read);
    this.known.add(copy, added);
    return added;
  }

  private readonly read = (der: Uint8Array): Certificate | undefined => {
    try {
      return this.withSharedKey(parseCertificate(der, this.names));
    } catch (error) {
      if (error instanceof ParseError) return undefined;
      throw error;
    }
  };

  private withSharedKey(certificate: Certificate): Certificate {
    const { spki } = certificate;
    const known = this.keys.get(spki);
    if (known !== undefined) return { ...certificate, spki: known };
    // Not slice(), as above: the key does not keep the certificate.
    const own = new Uint8Array(spki);
    return this.keys.add(own, own) ? { ...certificate, spki: own } : certificate;
  }

  private readChain(body: Uint8Array, tls13: boolean): Chain {
    const ders = parseCertificateList(body, tls13).slice(0, MAX_CERTIFICATES);
    const certificates = ders.map((der) => this.hold(der));
    return { certificates, key: certificates.map(({ number }) => number).join(" ") };
  }

  /** One holder less; the last one lets it go. */
  release(pooled: PooledCertificate): void {
    pooled.holders--;
    if (pooled.holders === 0) this.known.delete(pooled.der, pooled);
  }
}
