/**
 * The shape of one bypass dialect: how a product is told which servers it must not inspect. Owns types only. How a text is made of
 * it, and what may be put into it, is `src/report/bypass.ts`.
 */

/**
 * What an entry names: `host` one name, `domain` a name and all below it, `ipv4` and `ipv6` one address.
 */
export type EntryKind = "host" | "domain" | "ipv4" | "ipv6";

/**
 * A part of the text, made of one piece for every entry of a kind that it has a template for; nothing when there is no such entry.
 * In a template stand for the entry:
 *
 * - `%name%` the host name, in lower case, without a leading dot
 * - `%address%` `198.51.100.30` or `2001:db8::30`; `%prefix%` the same as `198.51.100.30/32` or `2001:db8::30/128`
 * - `%regex%` the name or address with whatever a regular expression takes for more than itself escaped by a backslash
 * - `%port%` its port, or the dialect's `anyPort`; `%:port%` the same after a colon, nothing where it has no port
 * - `%number%` its number among all entries, from 1
 */
export interface Pieces {
  readonly before?: string;
  readonly host?: string;
  readonly domain?: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** A line break when absent. */
  readonly between?: string;
  readonly after?: string;
}

export interface BypassDialect {
  /** Stable, lower case with hyphens; equals the file's name. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** What else people call it, as an id. */
  readonly alsoCalled?: readonly string[];
  /** Ids of the products in `knowledge/interceptors` that are told so. */
  readonly interceptors: readonly string[];
  /** What the text is: `squid.conf`, `FortiOS CLI`, `list`. */
  readonly format: string;
  /**
   * - `verified`: text that the product reads, or a list with its place, as its vendor documents it, as its source reads it, or as the
   *   product itself took it in our tests; what of it is not that sure is among the pitfalls
   * - `unverified`: a list of hosts and a place, both at least partly from memory
   */
  readonly status: "verified" | "unverified";
  /** Where the text goes: a file, or the clicks that lead there. */
  readonly where: string;
  /** Begins a line of comment; absent where the text has no room for any. */
  readonly comment?: string;
  /** Absent where entries are for all ports; else what stands for any port. */
  readonly anyPort?: string;
  /** The product is only ever deployed so: entries that work elsewhere alone are left out. */
  readonly only?: "transparent" | "explicit";
  readonly text: readonly Pieces[];
  /** For every kind that no part of the text has a template for: why, and what to do instead. */
  readonly cannot?: Partial<Readonly<Record<EntryKind, string>>>;
  /** What an entry for one host matches beyond it. */
  readonly wider?: string;
  /** What goes wrong in practice, a sentence each. */
  readonly pitfalls: readonly string[];
  /** Where the syntax was read or tried. */
  readonly source: string;
  /** Date of that: `2026-11`. */
  readonly checked: string;
}
