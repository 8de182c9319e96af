/**
 * What needs cryptography, or a look over all connections: digests of certificates, trust of chains, what signed a leaf,
 * where the capture was taken. Owns the last step from drafts to Observations; judges nothing.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../bytes/text.ts";
import type { Writable } from "../bytes/writable.ts";
import type { Certificate } from "../protocol/x509/certificate.ts";
import { sameBytes } from "../protocol/x509/der.ts";
import { verifiesUnderOwnKey, verifySignature } from "../protocol/x509/signature.ts";
import { judgeChain, type Trust, type TrustStore } from "../protocol/x509/trust.ts";
import type { PooledCertificate } from "./certificate-pool.ts";
import type { Draft, TlsDraft } from "./draft.ts";
import type {
  ConnectionObservation,
  InputFile,
  LeafSigning,
  Observations,
  ObservedCertificate,
  TlsObservation,
} from "./observations.ts";

/**
 * CA certificates of one name, from all of the capture, tried as the signer of one leaf. A CA has a few under one name (renewed,
 * cross-signed); a hostile capture may hold thousands, and then the signer stays unknown.
 */
const MAX_SIGNERS = 16;
/**
 * CA certificates of one name handed to the judging of chains, which looks through all of them at every step. More than the 100
 * that x509/trust.ts follows, so that it still notices, and says, that there are too many.
 */
const MAX_SAME_NAME = 128;
/** Chains worked on side by side; as many chains may go beyond what trust.ts grants hard ones (MAX_HARD_CHAINS). */
const AT_ONCE = 16;
export async function derive(
  files: readonly InputFile[],
  drafts: readonly Draft[],
  { vantage, names, totals }: Pick<Observations, "vantage" | "names" | "totals">,
  store: TrustStore,
): Promise<Observations> {
  const pooled = new Set<PooledCertificate>();
  for (const { tls } of drafts) for (const presented of tls?.certificates ?? []) pooled.add(presented.pooled);
  // Those of DTLS vouch for nobody, and nobody for them.
  const vouching = pooled.size;
  for (const { dtls } of drafts) for (const presented of dtls?.certificates ?? []) pooled.add(presented.pooled);
  const entries = [...pooled];
  const digests = new Map<PooledCertificate, string>();
  const keys = new Map<Certificate, string>();
  const certificates = new Map<string, ObservedCertificate>();
  for (const [index, entry] of entries.entries()) {
    const { der, certificate } = entry;
    const hash = digest(der);
    digests.set(entry, hash);
    if (certificate === undefined) continue;
    const spkiSha256 = digest(certificate.spki);
    certificates.set(hash, { certificate, spkiSha256 });
    if (index < vouching) keys.set(certificate, spkiSha256);
  }
  const judged = await judgeChains(drafts, keys, store);
  const connections = drafts.map((draft, index): ConnectionObservation => {
    const { tls, dtls } = draft;
    if (tls === undefined && dtls === undefined) return draft as Draft & { tls?: never; dtls?: never };
    const certificates = (tls ?? dtls)?.certificates ?? [];
    const presented = certificates.map((p) => ({ sha256: digests.get(p.pooled) as string, frame: p.frame }));
    return observed(draft, presented, judged[index]);
  });
  return { files, vantage, connections, certificates, names, totals };
}

/** The draft itself, completed: a copy of every draft would cost as much as judging it. */
function observed(
  draft: Draft,
  certificates: TlsObservation["certificates"],
  judged: Judged | undefined,
): ConnectionObservation {
  const tls = (draft.tls ?? draft.dtls) as unknown as Writable<TlsObservation>;
  tls.certificates = certificates;
  if (judged !== undefined) {
    tls.trust = judged.trust;
    tls.signing = judged.signing;
  }
  return draft as unknown as ConnectionObservation;
}

interface Judged {
  readonly trust: Trust;
  readonly signing: LeafSigning;
}

/**
 * By index of `drafts`, of those that show a readable leaf. Identical chains are judged once per day of capture: trust changes
 * with the date, and a root's end is a day. `keys`: SHA-256 of the key of every certificate of the capture.
 */
async function judgeChains(
  drafts: readonly Draft[],
  keys: ReadonlyMap<Certificate, string>,
  store: TrustStore,
): Promise<(Judged | undefined)[]> {
  const byName = new Map<string, Certificate[]>();
  for (const issuer of keys.keys()) {
    if (!issuer.isCa) continue;
    const same = byName.get(issuer.subject.text);
    if (same === undefined) byName.set(issuer.subject.text, [issuer]);
    else if (same.length < MAX_SAME_NAME) same.push(issuer);
  }
  const intermediates = [...byName.values()].flat();
  const chains = drafts.map((draft) => (draft.tls === undefined ? undefined : chainKey(draft.tls, momentOf(draft))));
  const first = new Map<string, number>();
  for (const [index, key] of chains.entries()) if (key !== undefined && !first.has(key)) first.set(key, index);
  const judged = await inBatches([...first.values()], (index) => {
    const draft = drafts[index] as Draft & { tls: TlsDraft };
    const chain = draft.tls.certificates.flatMap(({ pooled }) => pooled.certificate ?? []);
    return judgeOne(chain as [Certificate], intermediates, byName, keys, momentOf(draft), store);
  });
  const known = new Map([...first.keys()].map((key, index) => [key, judged[index]]));
  return chains.map((key) => (key === undefined ? undefined : known.get(key)));
}

/** Seconds since 1970; undefined where time is not known. */
function momentOf({ from, untimed }: Draft): number | undefined {
  return untimed === true ? undefined : from.seconds;
}

/** Undefined when there is no readable leaf. */
function chainKey(tls: TlsDraft, at: number | undefined): string | undefined {
  if (tls.certificates[0]?.pooled.certificate === undefined) return undefined;
  let key = at === undefined ? "untimed" : `${Math.floor(at / 86_400)}`;
  for (const { pooled } of tls.certificates) key += ` ${pooled.number}`;
  return key;
}

async function judgeOne(
  chain: readonly [Certificate, ...Certificate[]],
  intermediates: readonly Certificate[],
  byName: ReadonlyMap<string, readonly Certificate[]>,
  keys: ReadonlyMap<Certificate, string>,
  at: number | undefined,
  store: TrustStore,
): Promise<Judged> {
  const trust = await judgeChain(chain, intermediates, at, store);
  const signing = await signingOf(chain, byName, keys);
  const namesake = trust.is === "public-root" ? undefined : publicNamesake(chain, store);
  return { trust, signing: namesake === undefined ? signing : { ...signing, namesake } };
}

async function signingOf(
  [leaf, ...others]: readonly [Certificate, ...Certificate[]],
  byName: ReadonlyMap<string, readonly Certificate[]>,
  keys: ReadonlyMap<Certificate, string>,
): Promise<LeafSigning> {
  const presented = others.filter(({ subject }) => subject.text === leaf.issuer.text);
  for (const issuer of [...presented, ...(byName.get(leaf.issuer.text) ?? [])].slice(0, MAX_SIGNERS)) {
    if ((await verifySignature(leaf, issuer)) !== "valid") continue;
    return { ownKey: await isKeyOf(issuer, leaf), issuerKey: keys.get(issuer) as string };
  }
  if ((await verifiesUnderOwnKey(leaf)) !== "valid") return { ownKey: false };
  return { ownKey: true, issuerKey: keys.get(leaf) as string };
}

/** The first certificate above the leaf that bears the name of a public root, where none of that name has its key. */
function publicNamesake([, ...others]: readonly Certificate[], store: TrustStore): Certificate | undefined {
  return others.find((certificate) => {
    const roots = store.named(certificate.subject).filter(({ declared }) => declared !== "private-ca");
    return roots.length > 0 && store.same(certificate) === undefined;
  });
}

/** Does what `issuer` has signed, `leaf`, verify under the leaf's own key as well? The signature covers that key, so only if it is the same. */
async function isKeyOf(issuer: Certificate, leaf: Certificate): Promise<boolean> {
  if (issuer.key !== leaf.key) return false;
  if (issuer.spki.length === leaf.spki.length) return sameBytes(issuer.spki, leaf.spki);
  // One key can be written in two ways.
  return (await verifiesUnderOwnKey(leaf)) === "valid";
}

/** A certificate is hashed faster than handed to WebCrypto. */
function digest(bytes: Uint8Array): string {
  return toHex(sha256(bytes));
}

/** In order. One batch after the other: each is worked on by the threads of WebCrypto while the rest waits. */
async function inBatches<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < all.length; start += AT_ONCE) {
    results.push(...(await Promise.all(all.slice(start, start + AT_ONCE).map(work))));
  }
  return results;
}
