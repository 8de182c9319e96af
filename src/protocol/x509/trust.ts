/**
 * Chain trust: signatures verified up to a root that was public when the capture was taken. Owns path building;
 * knows nothing of TLS or of verdicts.
 *
 * Paths are built as browsers do (RFC 4158): the presented order means nothing, strangers and duplicates may lie between,
 * cross-signed issuers give alternatives, and all are explored. Names only propose an issuer; the signature decides.
 */
import { ParseError } from "../../bytes/parse-error.ts";
import { type Certificate, type DistinguishedName, issuingRights, parseCertificate } from "./certificate.ts";
import { sameBytes } from "./der.ts";
import { fromBase64 } from "./pem.ts";
import { verifySignature } from "./signature.ts";

/**
 * As in the report contract. The first that holds, from the top:
 * - `private-root` with `declared: "inspection-ca"`: a path of valid signatures reaches a certificate given with `--inspection-ca`, whatever
 *   that may issue and whatever its dates. Not where one given with `--private-ca` stands nearer to the leaf.
 * - `public-root`: a path of valid signatures reaches a root that was public at the time, or one given with `--roots`. Expired
 *   intermediates and roots on it stay `public-root` with a `detail`: a signature by a public CA is a fact whatever the
 *   date, and an interceptor cannot make one; whether clients accepted the chain is for other rules. Such a path is
 *   taken only when there is none without. The leaf's own dates are not looked at here.
 * - `private-root` with `declared`: a path reaches a certificate given with `--private-ca`.
 * - `unknown`: a path reaches a public root that had been retired, or one through a signature that cannot be checked, or
 *   through a certificate that may not issue (no CA, keyCertSign or path length against it).
 * - `private-root`: a path of valid signatures reaches a presented self-signed certificate that is no public root. What its
 *   certificates may issue does not matter: nothing is trusted for it.
 * - `self-signed`: the leaf is self-issued and verifies under its own key.
 * - `incomplete`: the top certificate's issuer is not there; nothing is invalid.
 * - `unknown`: the top certificate's signature cannot be checked.
 * - `invalid-signature`: an issuer of the right name is there (presented in this chain, or a public root) and the signature is
 *   not its (a forged curve counts: see signature.ts). A certificate of that name from elsewhere in the capture does not
 *   count: product default CAs share names.
 */
export type TrustKind = "public-root" | "private-root" | "self-signed" | "incomplete" | "invalid-signature" | "unknown";

export interface Trust {
  readonly is: TrustKind;
  /** Subject (text) of the root reached, or the issuer nobody presented, or whose signature it is not. Absent when empty. */
  readonly anchor?: string;
  /** In words, when something could not be checked or is odd: `signature not checkable: md5WithRSAEncryption`. */
  readonly detail?: string;
  /** Of a path to a public or declared anchor, where there is none without: the lowest CA certificate that was outside its validity. */
  readonly outdated?: Certificate;
  /** The anchor was given by the person with `--private-ca` / `--roots` / `--inspection-ca`; `baseline`: the leaf itself, with `--baseline`. */
  readonly declared?: Declared | "baseline";
}

/** By which option. */
type Declared = "private-ca" | "roots" | "inspection-ca";

/** A public root of `knowledge/roots`. */
export interface PublicRoot {
  /** `nameKey` of its subject: a root is parsed only when somebody names it. */
  readonly name: string;
  /** DER in base64. */
  readonly der: string;
  /** `YYYY-MM-DD`: public for captures before this day; absent for roots that still are. */
  readonly until?: string;
  /** The first and last list that held it, as evidence: `node 0.10.48`. */
  readonly first: string;
  readonly last: string;
}

export interface TrustAnchors {
  readonly publicRoots: readonly PublicRoot[];
  /** `--roots`: public whatever the date. */
  readonly roots?: readonly Certificate[];
  /** `--private-ca`: self-signed or not. */
  readonly privateCas?: readonly Certificate[];
  /** `--inspection-ca`: self-signed or not. None that is public or among the others. */
  readonly inspectionCas?: readonly Certificate[];
}

/** The anchors a chain may end in, by name. Costs nothing until the first chain is judged. */
export class TrustStore {
  private readonly anchors: TrustAnchors;
  private rootsByName: ReadonlyMap<string, readonly PublicRoot[]> | undefined;
  /** By `nameKey`, of names asked for. */
  private readonly byName = new Map<string, readonly Anchor[]>();
  /** Chains judged by this store that needed more than ORDINARY_CHECKS. */
  hardChains = 0;

  constructor(anchors: TrustAnchors) {
    this.anchors = anchors;
  }

  /** Anchors whose subject is `name`. Throws ParseError when a public root of that name is broken: a bad list is fatal. */
  named(name: DistinguishedName): readonly Anchor[] {
    const key = nameKey(name);
    const known = this.byName.get(key);
    if (known !== undefined) return known;
    const found = this.find(key);
    this.byName.set(key, found);
    return found;
  }

  /** The anchor with this certificate's name and key, whatever else differs: CAs reissue their roots. */
  same(certificate: Certificate): Anchor | undefined {
    return this.named(certificate.subject).find((anchor) => sameBytes(anchor.certificate.spki, certificate.spki));
  }

  /** One anchor per key. */
  private find(key: string): Anchor[] {
    const found: Anchor[] = [];
    const add = (anchor: Anchor) => {
      if (nameKey(anchor.certificate.subject) !== key) return;
      const index = found.findIndex((other) => sameBytes(other.certificate.spki, anchor.certificate.spki));
      const known = found[index];
      if (known === undefined) found.push(anchor);
      else found[index] = merged(known, anchor);
    };
    this.rootsByName ??= indexRoots(this.anchors.publicRoots);
    for (const root of this.rootsByName.get(key) ?? []) add(publicAnchor(root));
    for (const certificate of this.anchors.roots ?? []) add({ certificate, declared: "roots" });
    for (const certificate of this.anchors.privateCas ?? []) add({ certificate, declared: "private-ca" });
    for (const certificate of this.anchors.inspectionCas ?? []) add({ certificate, declared: "inspection-ca" });
    return found;
  }
}

interface Anchor {
  readonly certificate: Certificate;
  /** Seconds; public before this moment. */
  readonly until?: number;
  readonly last?: string;
  readonly declared?: Declared;
}

function indexRoots(roots: readonly PublicRoot[]): ReadonlyMap<string, readonly PublicRoot[]> {
  const byName = new Map<string, PublicRoot[]>();
  for (const root of roots) {
    const same = byName.get(root.name);
    if (same === undefined) byName.set(root.name, [root]);
    else same.push(root);
  }
  return byName;
}

function publicAnchor({ der, until, last }: PublicRoot): Anchor {
  const bytes = fromBase64(der);
  if (bytes === undefined) throw new ParseError("malformed", "publicRoots", 0, "broken base64");
  const certificate = parseCertificate(bytes);
  return { certificate, ...(until !== undefined && { until: Date.parse(`${until}T00:00:00Z`) / 1000 }), last };
}

/** The latest end of trust and of validity count; a current public root needs no declaration. */
function merged(one: Anchor, other: Anchor): Anchor {
  const certificate = one.certificate.notAfter >= other.certificate.notAfter ? one.certificate : other.certificate;
  const longer = (one.until ?? Infinity) >= (other.until ?? Infinity) ? one : other;
  return { ...longer, certificate };
}

/**
 * How many signatures may be asked for to judge one chain. Go's crypto/x509 stops at 100, for the same reason: a server may
 * present any number of certificates of one name. Real chains need fewer than ten.
 */
const MAX_SIGNATURE_CHECKS = 100;
/** Signatures that an honest chain may need, cross-signs and copies in the capture included. */
const ORDINARY_CHECKS = 16;
/**
 * Chains of one capture that may need more than that. A hard chain costs up to a tenth of a second, so a capture of many
 * thousands would take minutes; once these are used up, a chain that is no easier is `unknown`.
 */
export const MAX_HARD_CHAINS = 64;
/** Issuers tried for one certificate; more of one name than this have no use but to exhaust us. */
const MAX_CANDIDATES = 100;
/** Certificates on one path. OpenSSL allows 100, browsers about 20; public chains have at most six. */
const MAX_PATH_LENGTH = 12;

/**
 * Judges the chain whose leaf is `presented[0]` as of `at` (seconds since 1970, capture time). Undefined: the time is not known; then
 * nobody is called expired, and a root that is public no longer may have been, or not.
 *
 * `extra`: certificates that other connections of the same capture presented, to complete this chain; the array must not
 * change between calls that are given it (it is indexed once). Never rejects.
 */
export async function judgeChain(
  presented: readonly Certificate[],
  extra: readonly Certificate[],
  at: number | undefined,
  store: TrustStore,
): Promise<Trust> {
  const leaf = presented[0];
  if (leaf === undefined) return { is: "unknown", detail: "no certificate" };
  const checks = store.hardChains < MAX_HARD_CHAINS ? MAX_SIGNATURE_CHECKS : ORDINARY_CHECKS;
  const search: Search = {
    presented,
    extra: indexOf(extra),
    at,
    store,
    checksLeft: checks,
    limited: false,
    best: undefined,
  };
  const own = store.same(leaf);
  // The leaf is an anchor itself: a private server's certificate given with --private-ca, or a root CA's own.
  if (own !== undefined) consider(search, atAnchor(search, own, { certificates: [], flaws: [], unchecked: undefined }));
  await explore(search, { certificates: [leaf], flaws: [], unchecked: undefined });
  if (checks - search.checksLeft > ORDINARY_CHECKS) store.hardChains++;
  // What was not looked at might have reached a public root.
  if (search.limited && (search.best?.rank ?? Infinity) > RANK.retiredOrUnchecked) {
    return { is: "unknown", detail: "too many certificates of one name to follow them all" };
  }
  // Every way ends in an outcome or at a bound.
  return search.best?.trust ?? { is: "unknown" };
}

/** Lower is better; see TrustKind for the meaning of the order. */
const RANK = {
  declaredInspection: 0,
  public: 1,
  publicExpired: 2,
  declaredPrivate: 3,
  retiredOrUnchecked: 4,
  privateRoot: 5,
  selfSigned: 6,
  incomplete: 7,
  notCheckable: 8,
  invalid: 9,
} as const;

interface Outcome {
  readonly rank: number;
  /** Of a declared CA, how many certificates stand below it. */
  readonly below?: number;
  readonly trust: Trust;
}

interface Search {
  readonly presented: readonly Certificate[];
  readonly extra: ReadonlyMap<string, readonly Certificate[]>;
  readonly at: number | undefined;
  readonly store: TrustStore;
  checksLeft: number;
  /** A bound was hit: not every path was followed. */
  limited: boolean;
  best: Outcome | undefined;
}

interface Path {
  /** Leaf first; the last is the one whose issuer is looked for. */
  readonly certificates: readonly Certificate[];
  readonly flaws: readonly Flaw[];
  /** Why a signature below could not be checked; such a path proves nothing and accuses nobody. */
  readonly unchecked: string | undefined;
}

interface Flaw {
  readonly kind: "dates" | "rights";
  readonly text: string;
  /** Whose it is. */
  readonly issuer: Certificate;
}

/** Follows every issuer of the path's top certificate, and registers what each way ends in. */
async function explore(search: Search, path: Path): Promise<void> {
  const top = path.certificates.at(-1) as Certificate;
  const isLeaf = path.certificates.length === 1;
  let issuerFound = false;
  let uncheckable: string | undefined;
  let refused: { readonly issuer: Certificate; readonly isPublic: boolean } | undefined;
  /** Keys whose signature it is not: of several certificates of such a key the first has said so for all. */
  const others = new Set<Uint8Array>();

  const candidates = candidatesFor(search, top);
  for (const { certificate: issuer, anchor, counts } of candidates) {
    if (search.best !== undefined && search.best.rank <= RANK.public) return;
    // An issuer below itself is a loop; the top's own copy is the question of self-signature, answered below.
    if (path.certificates.some((below) => isSameCa(below, issuer)) || others.has(issuer.spki)) continue;
    if (search.checksLeft-- <= 0) {
      search.limited = true;
      return;
    }
    const check = await verifySignature(top, issuer);
    const isPublic = anchor !== undefined && mayBePublic(anchor);
    if (check === "invalid") {
      others.add(issuer.spki);
      if (counts && (refused === undefined || isPublic)) refused = { issuer, isPublic };
      continue;
    }
    const why = check === "valid" ? path.unchecked : (path.unchecked ?? notCheckable(top, issuer));
    if (check === "valid") issuerFound = true;
    else uncheckable ??= why;
    const next = { certificates: path.certificates, flaws: path.flaws, unchecked: why };
    if (anchor !== undefined) consider(search, atAnchor(search, anchor, withRights(next, issuer, true)));
    else if (path.certificates.length >= MAX_PATH_LENGTH) search.limited = true;
    else {
      const above = withDates(withRights(next, issuer, false), issuer, search.at);
      await explore(search, { ...above, certificates: [...path.certificates, issuer] });
    }
  }

  // Of a path with an unchecked signature only a public or declared end is of interest, and that is registered above.
  if (path.unchecked !== undefined) return;
  const selfIssued = nameKey(top.issuer) === nameKey(top.subject);
  if (selfIssued && search.store.same(top) === undefined) {
    const check = await verifySignature(top, top);
    if (check === "valid") return consider(search, isLeaf ? selfSigned(top) : privateRoot(search, top, path));
    if (check === "not-checkable") uncheckable ??= notCheckable(top, top);
  }
  if (issuerFound) return;
  consider(search, deadEnd(top, uncheckable, refused));
}

interface Candidate {
  readonly certificate: Certificate;
  readonly anchor: Anchor | undefined;
  /** Its refusal makes the signature invalid (see TrustKind). */
  readonly counts: boolean;
}

/**
 * Possible issuers: anchors first, then what this chain presents, then the rest of the capture; within each, those with
 * the key identifier that the certificate names first (RFC 5280 section 4.2.1.1; order only, as CAs get it wrong).
 */
function candidatesFor(search: Search, top: Certificate): Candidate[] {
  const wanted = nameKey(top.issuer);
  const candidates: Candidate[] = search.store.named(top.issuer).map((anchor) => ({
    certificate: anchor.certificate,
    anchor,
    counts: mayBePublic(anchor),
  }));
  // Those that every other connection presented are distinct (`indexOf`), and many: they are not compared with each other.
  let known = Number.POSITIVE_INFINITY;
  const add = (certificate: Certificate, counts: boolean) => {
    if (nameKey(certificate.subject) !== wanted) return;
    // An anchor's own certificate is the anchor; a cross-signed one with its name and key may lead on to another.
    const anchor = search.store.same(certificate);
    if (anchor !== undefined && nameKey(certificate.issuer) === wanted) return;
    for (let i = 0; i < candidates.length && i < known; i++) {
      if (sameBytes((candidates[i] as Candidate).certificate.der, certificate.der)) return;
    }
    if (candidates.length >= MAX_CANDIDATES) search.limited = true;
    else candidates.push({ certificate, anchor: undefined, counts });
  };
  for (const certificate of search.presented) add(certificate, true);
  known = candidates.length;
  for (const certificate of search.extra.get(wanted) ?? []) add(certificate, false);
  const order = ({ certificate, anchor, counts }: Candidate) =>
    (anchor !== undefined ? 0 : counts ? 2 : 4) + (keyIdsDiffer(top, certificate) ? 1 : 0);
  return candidates.sort((one, other) => order(one) - order(other));
}

/** Public itself, or declared to be. */
function mayBePublic({ declared }: Anchor): boolean {
  return declared === undefined || declared === "roots";
}

function consider(search: Search, outcome: Outcome): void {
  const { best } = search;
  // Of two declared CAs the nearer one tells more of the leaf.
  const isNearer = best?.below !== undefined && outcome.below !== undefined && outcome.below < best.below;
  const isFarther = best?.below !== undefined && outcome.below !== undefined && outcome.below > best.below;
  if (best === undefined || isNearer || (!isFarther && outcome.rank < best.rank)) search.best = outcome;
}

function atAnchor(search: Search, anchor: Anchor, path: Path): Outcome {
  const root = anchor.certificate;
  const named = anchorText(root.subject);
  const retired = anchor.until !== undefined && (search.at === undefined || search.at >= anchor.until);
  const before =
    search.at === undefined ? "root retired, perhaps before this capture" : "root retired before this capture";
  const rights = path.flaws.find((flaw) => flaw.kind === "rights");
  const declared = anchor.declared === undefined ? {} : { declared: anchor.declared };
  if (anchor.declared === "inspection-ca" && path.unchecked === undefined) {
    const below = path.certificates.length;
    return { rank: RANK.declaredInspection, below, trust: { is: "private-root", ...named, ...declared } };
  }
  const why = path.unchecked ?? rights?.text ?? (retired ? `${before}; last held by ${anchor.last}` : undefined);
  if (why !== undefined)
    return { rank: RANK.retiredOrUnchecked, trust: { is: "unknown", ...named, detail: why, ...declared } };
  const dates = withDates(path, root, search.at).flaws;
  const [lowest] = dates;
  const detail =
    lowest === undefined ? {} : { detail: dates.map(({ text }) => text).join("; "), outdated: lowest.issuer };
  if (anchor.declared === "private-ca") {
    const below = path.certificates.length;
    return { rank: RANK.declaredPrivate, below, trust: { is: "private-root", ...named, ...detail, ...declared } };
  }
  const rank = dates.length === 0 ? RANK.public : RANK.publicExpired;
  return { rank, trust: { is: "public-root", ...named, ...detail, ...declared } };
}

function privateRoot(search: Search, root: Certificate, path: Path): Outcome {
  const notes = path.flaws.map((flaw) => flaw.text);
  const copied = search.store.named(root.subject).some(mayBePublic);
  if (copied) notes.unshift("bears the name of a public root, and another key");
  const detail = notes.length === 0 ? {} : { detail: notes.join("; ") };
  return { rank: RANK.privateRoot, trust: { is: "private-root", ...anchorText(root.subject), ...detail } };
}

function selfSigned(leaf: Certificate): Outcome {
  return { rank: RANK.selfSigned, trust: { is: "self-signed", ...anchorText(leaf.subject) } };
}

/**
 * No issuer's key verifies the top's signature. A public root that refuses it settles the matter even when a presented
 * certificate cannot be checked: that is what a forger with explicit curve parameters presents (CVE-2020-0601).
 * A self-issued top that is not self-signed is not held against anyone: private CAs do have servers named like themselves.
 */
function deadEnd(
  top: Certificate,
  uncheckable: string | undefined,
  refused: { readonly issuer: Certificate; readonly isPublic: boolean } | undefined,
): Outcome {
  const anchor = anchorText(top.issuer);
  if (uncheckable !== undefined && refused?.isPublic !== true) {
    return { rank: RANK.notCheckable, trust: { is: "unknown", ...anchor, detail: uncheckable } };
  }
  if (refused === undefined) return { rank: RANK.incomplete, trust: { is: "incomplete", ...anchor } };
  const whose = refused.isPublic ? "the public root of that name" : "the presented issuer";
  const detail = `signature of ${describe(top)} does not verify under ${whose}${
    keyIdsDiffer(top, refused.issuer) ? ", whose key identifier is not the one it names either" : ""
  }`;
  return { rank: RANK.invalid, trust: { is: "invalid-signature", ...anchor, detail } };
}

/** The path with what forbids `issuer` to issue its top (RFC 5280 section 6.1.4 (k) to (n)). v1 roots may be anchors. */
function withRights(path: Path, issuer: Certificate, isAnchor: boolean): Path {
  const rights = issuingRights(issuer);
  const flaws: Flaw[] = [];
  const add = (what: string) => flaws.push({ kind: "rights", text: `${describe(issuer)} ${what}`, issuer });
  if (!isAnchor && !issuer.isCa) add("is no CA");
  if (!isAnchor && rights.keyCertSign === false) add("may not sign certificates");
  // The leaf and self-issued certificates do not count.
  const between = path.certificates.slice(1).filter((c) => nameKey(c.issuer) !== nameKey(c.subject)).length;
  if (rights.pathLength !== undefined && between > rights.pathLength) {
    add(`allows ${rights.pathLength} CA(s) below it, not ${between}`);
  }
  return flaws.length === 0 ? path : { ...path, flaws: [...path.flaws, ...flaws] };
}

function withDates(path: Path, issuer: Certificate, at: number | undefined): Path {
  if (at === undefined) return path;
  const when = at > issuer.notAfter ? "had expired" : at < issuer.notBefore ? "was not yet valid" : undefined;
  if (when === undefined) return path;
  return {
    ...path,
    flaws: [...path.flaws, { kind: "dates", text: `${describe(issuer)} ${when} at the time`, issuer }],
  };
}

function notCheckable(subject: Certificate, issuer: Certificate): string {
  return `signature not checkable: ${subject.signature} under ${issuer.key}`;
}

function describe(certificate: Certificate): string {
  return certificate.subject.text === "" ? `serial ${certificate.serial}` : certificate.subject.text;
}

function anchorText(name: DistinguishedName): { readonly anchor?: string } {
  return name.text === "" ? {} : { anchor: name.text };
}

function keyIdsDiffer(subject: Certificate, issuer: Certificate): boolean {
  const { authorityKeyId } = subject;
  return authorityKeyId !== undefined && issuer.subjectKeyId !== undefined && authorityKeyId !== issuer.subjectKeyId;
}

/** The same CA whatever certificate of it: name and key. A path that holds one twice is a loop. */
function isSameCa(one: Certificate, other: Certificate): boolean {
  return sameBytes(one.spki, other.spki) && nameKey(one.subject) === nameKey(other.subject);
}

const NAME_KEYS = new WeakMap<DistinguishedName, string>();

/**
 * What two names have in common when they are the same name (RFC 5280 section 7.1): attributes in order, string types,
 * letter case and the amount of white space left out of account. Lenient on purpose, as the signature decides.
 */
export function nameKey(name: DistinguishedName): string {
  let key = NAME_KEYS.get(name);
  if (key === undefined) {
    key = JSON.stringify(name.attributes.map((a) => [a.type, a.value.trim().replace(/\s+/g, " ").toLowerCase()]));
    NAME_KEYS.set(name, key);
  }
  return key;
}

const INDEXES = new WeakMap<readonly Certificate[], ReadonlyMap<string, readonly Certificate[]>>();

/** Certificates, each once, by the key of their subject; made once per array. */
function indexOf(certificates: readonly Certificate[]): ReadonlyMap<string, readonly Certificate[]> {
  const known = INDEXES.get(certificates);
  if (known !== undefined) return known;
  const index = new Map<string, Certificate[]>();
  for (const certificate of certificates) {
    const key = nameKey(certificate.subject);
    const list = index.get(key);
    if (list === undefined) index.set(key, [certificate]);
    else if (!list.some((other) => sameBytes(other.der, certificate.der))) list.push(certificate);
  }
  INDEXES.set(certificates, index);
  return index;
}
