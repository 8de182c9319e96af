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

/**
 * In a summary: of connections without incident under one name, with the same certificates and facts, this many are kept, and
 * one in every network; rules that compare connections (one key on two addresses, a neighbour that is intercepted) need few.
 */
export const SAMPLE = 8;

/** Kept connections that differ in client, time and the server's address alone. */
interface Similar {
  readonly first: Draft;
  count: number;
  readonly networks: Set<string>;
}

export class Keeper {
  handshakes = 0;
  chains = 0;
  private readonly keep: number;
  private readonly summarize: boolean;
  private readonly kept: Draft[] = [];
  private readonly kinds = new Map<string, Draft>();
  /** As `kinds`, whatever the address of the server, as long as the client named it. */
  private readonly named = new Map<string, Similar>();
  /** Servers that something happened with: what comes later shows whether it was got over. */
  private readonly eventful = new Set<string>();
  /** Without server and names: for connections that show no certificate. */
  private readonly broad = new Map<string, Draft>();
  /** Stands for the connections of which no detail is kept. */
  private rest: Draft | undefined;

  /** `keep`: connections kept in full. `summarize`: of those without incident only a SAMPLE. */
  constructor(keep: number, summarize = false) {
    this.keep = keep;
    this.summarize = summarize;
  }

  /**
   * Takes in a connection: counts it with one already kept, or keeps what `draft` makes; `draft(false)` is asked for one without
   * detail. Answers whether its detail is kept.
   */
  add(summary: Summary, draft: (inFull: boolean) => Draft): boolean {
    if (summary.handshakeSeen) this.handshakes++;
    if (summary.chainSeen) this.chains++;
    const { facts, names, named, server, network, uneventful } = summary;
    const name = `${facts}|${names}`;
    const kind = `${name}|${server}`;
    const full = this.kept.length >= this.keep;
    const known = this.kinds.get(kind);
    const similar = named ? this.named.get(name) : undefined;
    const sampled =
      this.summarize &&
      uneventful &&
      similar !== undefined &&
      similar.count >= SAMPLE &&
      similar.networks.has(network) &&
      !this.eventful.has(server);
    if (known !== undefined && (full || sampled)) {
      known.alike++;
      return false;
    }
    if (sampled || (full && this.kept.length >= this.keep + MAX_KINDS)) {
      const standIn = similar?.first ?? (summary.chainSeen ? undefined : this.broad.get(facts));
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
    if (similar !== undefined) {
      similar.count++;
      similar.networks.add(network);
    } else if (named) this.named.set(name, { first: made, count: 1, networks: new Set([network]) });
    if (!this.broad.has(facts)) this.broad.set(facts, made);
    if (!uneventful) this.eventful.add(server);
    this.kept.push(made);
    return true;
  }

  /** In the order of first frames. */
  drafts(): Draft[] {
    const kept = this.rest === undefined ? [...this.kept] : [...this.kept, this.rest];
    return kept.sort((one, other) => one.frames.first - other.frames.first);
  }
}
