/**
 * The shape of one meeting service: its server roles with their ports, which feature runs over which role, the names and
 * addresses it is known by, and what its vendor says about TLS inspection. Owns types only. How a connection is assigned
 * to a service is `src/diagnose/service.ts`; what a broken role means for a feature is judged by the rules.
 */

export type ServiceId = "lync" | "teams" | "zoom" | "webex" | "meet" | "webrtc";

export type FeatureId =
  | "sign-in"
  | "im-presence"
  | "audio-video"
  | "desktop-sharing"
  | "file-transfer"
  | "whiteboard"
  | "powerpoint"
  | "meeting-join"
  | "federation";

/** How sure a statement is: read in the source named, read in a quotation of it, from memory, or concluded. */
type Basis = "documented" | "second-hand" | "recalled" | "inferred";

/** A port, or the first and last of a range. */
export type Ports = number | readonly [first: number, last: number];

/** A way to reach a role. */
interface ServicePath {
  readonly transport: "tcp" | "udp";
  readonly ports: readonly Ports[];
  /** In field terms: `MS-TURN in pseudo-TLS`, `SIP over TLS`. */
  readonly protocol: string;
  /** Any program may use these ports: they tell something only of a server that is known. */
  readonly anybodys?: true;
}

interface ServiceRole {
  /** Lower case with hyphens, unique within the service. */
  readonly id: string;
  readonly name: string;
  readonly paths: readonly ServicePath[];
  readonly features: readonly FeatureId[];
}

/**
 * One path a feature takes.
 *
 * - `required`: without it the feature does not work
 * - `preferred`, `fallback`: alternatives in this order; one of them is enough
 * - `sometimes`: taken by some clients or in some situations; that it works does not show that the feature works
 */
export interface FeaturePath {
  readonly role: string;
  readonly transport: "tcp" | "udp";
  readonly ports: readonly Ports[];
  readonly use: "required" | "preferred" | "fallback" | "sometimes";
  /** Why the feature takes this path, in words for people. */
  readonly reason: string;
  readonly basis: Basis;
  readonly source: string;
}

export interface ServiceName {
  /** A host name, or `*.` and a domain: that domain and every name below it. Lower case, no final dot. */
  readonly name: string;
  readonly role?: string;
  /** Other services of the same vendor use it too: surely public, but it does not tell which service. */
  readonly shared?: true;
  readonly source: string;
}

/** First labels that administrators conventionally give to their own servers: `sip` in `sip.fabrikam.example`. Never enough alone. */
interface ConventionalPrefix {
  readonly label: string;
  readonly role: string;
  readonly source: string;
}

/** Addresses as published at a date. Lists age: an address that left the list belonged to the service when the list was made. */
export interface AddressList {
  /** YYYY-MM-DD. */
  readonly date: string;
  readonly source: string;
  /** Only part of the list is here. */
  readonly partial?: true;
  /** CIDR blocks, IPv4 and IPv6. */
  readonly blocks: readonly string[];
}

/** What somebody with a say has published about TLS inspection of this service. */
export interface InspectionPosition {
  readonly by: string;
  /** Quoted where in quotation marks. */
  readonly statement: string;
  readonly url: string;
  /** YYYY-MM-DD, or YYYY-MM. */
  readonly date: string;
  /** The date is the page's own; or the page has none, and was read then. */
  readonly dated: "page" | "read";
  readonly basis: Basis;
}

export interface MeetingService {
  readonly id: ServiceId;
  readonly name: string;
  /** Whose position on TLS inspection is the service's own: `by` in `inspection`. */
  readonly vendor: string;
  readonly roles: readonly ServiceRole[];
  /** In order of preference. A feature that is not here is not known to depend on anything. */
  readonly features: { readonly [feature in FeatureId]?: readonly FeaturePath[] };
  readonly names: readonly ServiceName[];
  readonly prefixes: readonly ConventionalPrefix[];
  /** Newest first. */
  readonly addresses: readonly AddressList[];
  readonly inspection: readonly InspectionPosition[];
  /** URLs for further reading. */
  readonly references: readonly string[];
}
