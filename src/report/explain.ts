/**
 * What Sightline knows, for a terminal: the list of rules, and the documentation of a rule, cause, product, service or feature, from
 * the very objects that decide. Owns the choice of words around them; judges nothing.
 */
import { CAUSE_DOCS, type CauseDoc } from "../diagnose/causes.ts";
import type { Rule } from "../diagnose/rule.ts";
import { RULES } from "../diagnose/rules/index.ts";
import { CAUSES, type Cause, CONFIDENCES } from "../diagnose/vocabulary.ts";
import { INTERCEPTORS } from "../knowledge/interceptors/index.ts";
import type { InterceptorProduct, IssuerPattern, PatternConfidence } from "../knowledge/interceptors/product.ts";
import { PUBLICATIONS } from "../knowledge/publications.ts";
import { SERVICES } from "../knowledge/services/index.ts";
import type { FeatureId, FeaturePath, MeetingService, Ports } from "../knowledge/services/service.ts";
import { Page, type Piece, span, type TextStyle } from "./layout.ts";

/** Something that can be explained. Ids are unique within a kind. */
export type Topic =
  | { readonly kind: "rule"; readonly id: string; readonly rule: Rule }
  | { readonly kind: "cause"; readonly id: string; readonly cause: Cause; readonly doc: CauseDoc }
  | { readonly kind: "product"; readonly id: string; readonly product: InterceptorProduct }
  | { readonly kind: "service"; readonly id: string; readonly service: MeetingService }
  | { readonly kind: "feature"; readonly id: string; readonly feature: FeatureId };

export function topics(): Topic[] {
  const features = [...new Set(SERVICES.flatMap(({ features }) => Object.keys(features) as FeatureId[]))];
  return [
    ...RULES.map((rule) => ({ kind: "rule" as const, id: rule.id, rule })),
    ...CAUSES.map((cause) => ({ kind: "cause" as const, id: cause, cause, doc: CAUSE_DOCS[cause] })),
    ...INTERCEPTORS.map((product) => ({ kind: "product" as const, id: product.id, product })),
    ...SERVICES.map((service) => ({ kind: "service" as const, id: service.id, service })),
    ...features.map((feature) => ({ kind: "feature" as const, id: feature, feature })),
  ];
}

/** What people call it, besides its id. */
export function nameOfTopic(topic: Topic): string {
  switch (topic.kind) {
    case "rule":
      return topic.rule.title;
    case "cause":
      return topic.doc.title;
    case "product":
      return topic.product.name;
    case "service":
      return topic.service.name;
    case "feature":
      return topic.feature.replaceAll("-", " ");
  }
}

/** Everything that has this id: a fault is often a rule's and a cause's. */
export function explainText(found: readonly Topic[], style: TextStyle): string {
  const page = new Page(style);
  for (const topic of found) {
    page.blank();
    page.row(span("strong", topic.id), span("dim", `  ${topic.kind}`));
    page.paragraph("", [topic.kind === "feature" ? "what it takes, service by service" : nameOfTopic(topic)]);
    page.blank();
    explain(page, topic);
  }
  return page.text();
}

function explain(page: Page, topic: Topic): void {
  switch (topic.kind) {
    case "rule":
      explainRule(page, topic.rule);
      break;
    case "cause":
      explainCause(page, topic.cause, topic.doc);
      break;
    case "product":
      explainProduct(page, topic.product);
      break;
    case "service":
      explainService(page, topic.service);
      break;
    case "feature":
      explainFeature(page, topic.feature);
      break;
  }
}

// --- rules and causes

/** At best, in two groups: what shows interception, and what shows another fault. */
export function rulesText(style: TextStyle): string {
  const page = new Page(style);
  const isSign = ({ doc }: Rule): boolean => doc.causes.includes("tls-interception");
  const groups: [string, Rule[]][] = [
    ["Signs of interception", RULES.filter(isSign)],
    ["Other faults, which may look like it", RULES.filter((rule) => !isSign(rule))],
  ];
  const ids = Math.max(...RULES.map(({ id }) => id.length)) + 2;
  for (const [title, rules] of groups) {
    page.blank();
    page.row(span("strong", title));
    for (const { id, title: name, doc } of rules) {
      const best = CONFIDENCES.find((confidence) => doc.finds[confidence] !== undefined) ?? "";
      page.paragraph(`${id.padEnd(ids)}${best.padEnd(SURE)}`, [name]);
    }
  }
  page.blank();
  page.paragraph("", [
    span(
      "dim",
      "The second column is how sure a rule can be at best. Proven: nothing else explains it. Likely: two independent signs. Possible: has innocent explanations, and never sets a verdict. `sightline explain RULE` says when, and what else looks alike.",
    ),
  ]);
  return page.text();
}

/** Columns of a confidence. */
const SURE = 10;

function explainRule(page: Page, { doc, references }: Rule): void {
  const { about, finds, innocent, causes, advice } = doc;
  labelled(page, "Means", [about]);
  const sure = CONFIDENCES.flatMap((confidence) => {
    const when = finds[confidence];
    return when === undefined ? [] : [`${confidence}: ${when}`];
  });
  items(page, "How sure", sure);
  items(page, "Looks alike", innocent.length === 0 ? ["nothing that is known"] : innocent);
  labelled(page, "To do", [advice]);
  if (causes.length > 0) labelled(page, "Cause", [causes.join(", ")]);
  cited(page, references);
}

function explainCause(page: Page, cause: Cause, { about, advice }: CauseDoc): void {
  const rules = RULES.filter(({ doc }) => doc.causes.includes(cause));
  labelled(page, "Means", [about]);
  labelled(page, "To do", [advice]);
  if (rules.length > 0) labelled(page, "Found by", [rules.map(({ id }) => id).join(", ")]);
  cited(page, [...new Set(rules.flatMap(({ references }) => references))].slice(0, MAX_REFERENCES));
}

/** Of a cause: those of the rules that are asked first. */
const MAX_REFERENCES = 5;

// --- products

const KINDS: Readonly<Record<InterceptorProduct["kind"], string>> = {
  "secure-web-gateway": "secure web gateway",
  ngfw: "firewall",
  antivirus: "antivirus, on the computer itself",
  "parental-control": "parental control",
  malware: "malware or adware",
  "state-interception": "interception by a state",
  "debug-proxy": "proxy for testing and debugging",
};

const SOURCES: Readonly<Record<PatternConfidence, string>> = {
  observed: "seen in a certificate of a running product",
  "source-code-or-certificate": "read in its source or its published root",
  "curated-list": "on a list that somebody maintains",
  recalled: "from memory",
  "vendor-name-heuristic": "merely the vendor's name",
};

/** Of a name that decides, on a chain that no public root vouches for: `known-interceptor-issuer` weighs so. */
const WORTH: Readonly<Record<PatternConfidence, string>> = {
  observed: "proven",
  "source-code-or-certificate": "proven",
  "curated-list": "proven",
  recalled: "likely",
  "vendor-name-heuristic": "possible",
};

function explainProduct(page: Page, product: InterceptorProduct): void {
  const { vendor, kind, issuerPatterns, notes, leafStructure, httpHeaders = [] } = product;
  labelled(page, "Is", [
    `${KINDS[kind]}, ${hasVendor(vendor) ? `by ${vendor}` : vendor === "unknown" ? "of an unknown vendor" : vendor}`,
  ]);
  items(page, "Named by", issuerPatterns.map(patternText));
  if (issuerPatterns.length === 0)
    labelled(page, "Named by", ["nothing: its administrator always supplies the CA, so that no issuer gives it away"]);
  const best = (Object.keys(WORTH) as PatternConfidence[]).find((confidence) =>
    issuerPatterns.some((pattern) => pattern.weak !== true && worthOf(pattern) === confidence),
  );
  if (best !== undefined)
    labelled(page, "How sure", [
      `${WORTH[best]} at best, and only on a chain that no public root vouches for: anyone can copy a name`,
    ]);
  items(page, "Looks alike", [
    ...new Set([
      ...issuerPatterns.flatMap(({ sharedWith }) =>
        sharedWith === undefined ? [] : [`${sharedWith}, under the same name`],
      ),
      ...(issuerPatterns.some(({ ownPages }) => ownPages) ? ["the product's own pages: login page, VPN portal"] : []),
      ...(hasVendor(vendor) ? ["the vendor's own sites and devices, which are not judged"] : []),
    ]),
  ]);
  if (leafStructure !== undefined)
    labelled(page, "Builds", [`certificates in a way of its own (forged-leaf-structure): ${leafStructure.source}`]);
  if (httpHeaders.length > 0) labelled(page, "HTTP", [`adds ${httpHeaders.join(", ")}`]);
  if (notes !== undefined) labelled(page, "Notes", [notes]);
  labelled(page, "To do", [
    "Exempt the servers that the Report lists from TLS inspection on it: `sightline bypass` writes what is to be pasted.",
  ]);
}

/** Those have no sites or devices of their own (`rules/vendors-own.ts`). */
function hasVendor(vendor: string): boolean {
  return vendor !== "open source" && vendor !== "unknown";
}

/** A pattern for any attribute is never more than a hint, however well it is sourced (`diagnose/issuer.ts`). */
function worthOf({ field, confidence }: IssuerPattern): PatternConfidence {
  return field === "*" ? "vendor-name-heuristic" : confidence;
}

/** `CN is “FortiGate CA”: seen …` */
function patternText({ field, pattern, needs, weak, confidence, source }: IssuerPattern): string {
  const where = field === "*" ? "any attribute" : field;
  const and = needs === undefined ? "" : `, where ${needs.field} ${matchText(needs.pattern)}`;
  const support = weak === true ? "; supports others, never decides" : "";
  return `${where} ${matchText(pattern)}${and}: ${SOURCES[confidence]}${support}. Source: ${source}`;
}

/** `is “FortiGate CA”` where the pattern is but a text. */
function matchText({ source }: RegExp): string {
  const [, text] = /^\^((?:[^\\^$.*+?()[\]{}|/]|\\[^a-zA-Z0-9])*)\$$/.exec(source) ?? [];
  return text === undefined ? `matches /${source}/` : `is “${text.replace(/\\(.)/g, "$1")}”`;
}

// --- services and features

function explainService(page: Page, service: MeetingService): void {
  const { roles, features, addresses, inspection, references } = service;
  items(
    page,
    "Servers",
    roles.map(({ name, paths }) => {
      const ways = paths.map(({ transport, ports, protocol }) => `${way(transport, ports)} ${protocol}`);
      return `${name}: ${ways.join("; ")}`;
    }),
  );
  labelled(page, "Features", [Object.keys(features).join(", ")]);
  items(
    page,
    "Addresses",
    addresses.length === 0
      ? ["none: its owners run the servers"]
      : addresses.map(({ date, source, blocks }) => `${blocks.length} blocks of ${date} (${source})`),
  );
  inspection.forEach(({ by, statement, url, date, dated }, index) => {
    labelled(page, index === 0 ? "Inspection" : "", [`${by}: ${statement}`]);
    page.whole(" ".repeat(LABEL), url, span("dim", ` (${dated === "page" ? "of" : "read in"} ${date})`));
  });
  cited(page, references);
}

function explainFeature(page: Page, feature: FeatureId): void {
  for (const { name, roles, features } of SERVICES) {
    const paths: readonly FeaturePath[] = features[feature] ?? [];
    if (paths.length === 0) continue;
    page.blank();
    page.row(span("strong", name));
    for (const { role, transport, ports, use, reason, source } of paths) {
      const server = roles.find(({ id }) => id === role)?.name ?? role;
      labelled(page, USES[use], [`${way(transport, ports)} of ${server}. ${reason} `, span("dim", `(${source})`)]);
    }
  }
}

const USES: Readonly<Record<FeaturePath["use"], string>> = {
  required: "Needs",
  preferred: "First",
  fallback: "Else",
  sometimes: "Sometimes",
};

/** `TCP 443, 5061`, `UDP 50000-59999` */
function way(transport: "tcp" | "udp", ports: readonly Ports[]): string {
  return `${transport.toUpperCase()} ${ports.map((port) => (typeof port === "number" ? port : port.join("-"))).join(", ")}`;
}

// --- pieces

const LABEL = 13;
/** Our own sentences: none is as long as that. */
const MAX_LINES = 40;

function labelled(page: Page, label: string, pieces: readonly Piece[]): void {
  page.paragraph(span("dim", label.padEnd(LABEL)), pieces, MAX_LINES);
}

function items(page: Page, label: string, texts: readonly string[]): void {
  texts.forEach((text, index) => {
    page.paragraph(
      span("dim", `${(index === 0 ? label : "").padEnd(LABEL)}${texts.length === 1 ? "" : "- "}`),
      [text],
      MAX_LINES,
    );
  });
}

function cited(page: Page, urls: readonly string[]): void {
  urls.forEach((url, index) => {
    const published = publishedOf(url);
    page.whole(
      span("dim", (index === 0 ? "See" : "").padEnd(LABEL)),
      url,
      published === undefined ? "" : span("dim", ` (${published})`),
    );
  });
}

/** `RFC 5280, May 2008`; undefined for a page that changes without a date. */
export function publishedOf(url: string): string | undefined {
  return PUBLICATIONS[url.replace(/#.*$/, "")];
}
