/**
 * Keeper: which connections are kept in full. Owns the bound: past it a connection that looks like one already kept, in
 * everything the rules see, is only counted with it. Knows nothing of verdicts.
 */
import type { Draft, Summary } from "./draft.ts";

/**
 * Connections kept beyond the asked-for number: one of each kind, to another server or with another certificate. A few kB each.
 * Past it, what differs in the server's address alone, under one name and with one chain (a large site has many addresses), is
 * counted together; of that there may be as many again.
 */
export const MAX_KINDS = 5_000;

export class Keeper {
  handshakes = 0;
  chains = 0;
  private readonly keep: number;
  private readonly kept: Draft[] = [];
  private readonly kinds = new Map<string, Draft>();
  /** As `kinds`, whatever the address of the server, as long as the client named it. */
  private readonly named = new Map<string, Draft>();
  /** Without server and names: for connections that show no certificate. */
  private readonly broad = new Map<string, Draft>();
  /** Stands for the connections of which no detail is kept. */
  private rest: Draft | undefined;

  constructor(keep: number) {
    this.keep = keep;
  }

  /**
   * Takes in a connection: counts it with one already kept, or keeps what `draft` makes; `draft(false)` is asked for one without
   * detail. Answers whether its detail is kept.
   */
  add(summary: Summary, draft: (inFull: boolean) => Draft): boolean {
    if (summary.handshakeSeen) this.handshakes++;
    if (summary.chainSeen) this.chains++;
    const { facts, names, named } = summary;
    const kind = `${facts}|${names}|${summary.server}`;
    const full = this.kept.length >= this.keep;
    const known = this.kinds.get(kind);
    if (known !== undefined && full) {
      known.alike++;
      return false;
    }
    if (full && this.kept.length >= this.keep + MAX_KINDS) {
      const similar = named ? this.named.get(`${facts}|${names}`) : undefined;
      const standIn = similar ?? (summary.chainSeen ? undefined : this.broad.get(facts));
      if (standIn !== undefined) {
        standIn.alike++;
        standIn.elsewhere++;
        return false;
      }
      if (!named || this.kept.length >= this.keep + 2 * MAX_KINDS) {
        if (this.rest === undefined) this.rest = draft(false);
        else this.rest.alike++;
        return false;
      }
    }
    const made = draft(true);
    if (known === undefined) this.kinds.set(kind, made);
    if (named && !this.named.has(`${facts}|${names}`)) this.named.set(`${facts}|${names}`, made);
    if (!this.broad.has(facts)) this.broad.set(facts, made);
    this.kept.push(made);
    return true;
  }

  /** In the order of first frames. */
  drafts(): Draft[] {
    const kept = this.rest === undefined ? [...this.kept] : [...this.kept, this.rest];
    return kept.sort((one, other) => one.frames.first - other.frames.first);
  }
}
