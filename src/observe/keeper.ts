/**
 * Keeper: which connections are kept in full. Owns the bound: past it a connection that looks like one already kept, in
 * everything the rules see, is only counted with it. Knows nothing of verdicts.
 */
import type { AddressKey, Draft, Summary } from "./draft.ts";

/**
 * Connections kept beyond the asked-for number: one of each kind, to another server or with another certificate. A few kB each.
 * Past it, what differs in the server's address alone, under one name and with one chain (a large site has many addresses), is
 * counted together; of that there may be as many again.
 */
export const MAX_KINDS = 5_000;

/**
 * In a summary: of connections without incident under one name, with the same certificates and facts, this many are kept, one in
 * every network and two servers at least; rules that compare connections (one key on two addresses, a neighbour that is
 * intercepted) need no more. The others are set aside until the end, when it is known what they might tell of.
 */
export const SAMPLE = 8;

/** Addresses and sessions remembered; past it nothing that was set aside is left out. */
const MAX_EVENTFUL = 20_000;

/** Kept connections that differ in client, time and the server's address alone. */
interface Similar {
  readonly first: Draft;
  count: number;
  readonly networks: Set<AddressKey>;
  /** The first of every server. */
  readonly byServer: Map<AddressKey, Draft>;
}

/** As little as can be: thousands wait. */
interface SetAside {
  readonly similar: Similar;
  /** One kept that differs in client and time alone. */
  readonly known: Draft | undefined;
  readonly client: AddressKey;
  readonly server: AddressKey;
  readonly firstFrame: number;
  readonly issued: readonly string[];
  readonly draft: (inFull: boolean) => Draft;
}

export class Keeper {
  handshakes = 0;
  chains = 0;
  private readonly keep: number;
  private readonly summarize: boolean;
  private readonly kept: Draft[] = [];
  /** One of each kind, where the client did not name the server. */
  private readonly kinds = new Map<string, Draft>();
  /** Where it did, by facts and by names, whatever the address. */
  private readonly named = new Map<string, Map<string, Similar>>();
  /** Look-alikes of a summary, at most `keep`. */
  private aside: SetAside[] = [];
  /** Clients and servers that something happened with: all that they did is kept, for it may show how that ended. */
  private readonly eventful = new Set<AddressKey>();
  /** Sessions with which connections were resumed: who gave them out is kept. */
  private readonly resumed = new Set<string>();
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
   * Takes in a connection: keeps what `draft` makes, sets it aside (then `draft` may be called later), or counts it with one
   * already kept; `draft(false)` is asked for one without detail.
   */
  add(summary: Summary, draft: (inFull: boolean) => Draft): "kept" | "aside" | "counted" {
    if (summary.handshakeSeen) this.handshakes++;
    if (summary.chainSeen) this.chains++;
    const { facts, names, named, server, network, uneventful } = summary;
    const full = this.kept.length >= this.keep;
    const kind = named ? "" : `${facts}|${names}|${server}`;
    const similar = named ? this.named.get(facts)?.get(names) : undefined;
    const known = named ? similar?.byServer.get(server) : this.kinds.get(kind);
    if (!uneventful) this.note(summary);
    if (this.summarize && uneventful && similar !== undefined && isSampled(similar, network, server)) {
      if (this.aside.length < this.keep) {
        const { client, firstFrame, issued } = summary;
        this.aside.push({ similar, known, client, server, firstFrame, issued, draft });
        return "aside";
      }
      fold(known ?? similar.first, known === undefined);
      return "counted";
    }
    if (known !== undefined && full) {
      fold(known, false);
      return "counted";
    }
    if (full && this.kept.length >= this.keep + MAX_KINDS) {
      const standIn = similar?.first ?? (summary.chainSeen ? undefined : this.broad.get(facts));
      if (standIn !== undefined) {
        fold(standIn, true);
        return "counted";
      }
      if (!named || this.kept.length >= this.keep + 2 * MAX_KINDS) {
        if (this.rest === undefined) this.rest = draft(false);
        else this.rest.alike++;
        return "counted";
      }
    }
    const made = draft(true);
    if (!named) {
      if (known === undefined) this.kinds.set(kind, made);
    } else if (similar === undefined) {
      const byNames = this.named.get(facts) ?? new Map<string, Similar>();
      this.named.set(facts, byNames);
      byNames.set(names, { first: made, count: 1, networks: new Set([network]), byServer: new Map([[server, made]]) });
    } else {
      similar.count++;
      similar.networks.add(network);
      if (known === undefined) similar.byServer.set(server, made);
    }
    if (!this.broad.has(facts)) this.broad.set(facts, made);
    this.kept.push(made);
    return "kept";
  }

  /** In the order of first frames. */
  drafts(): Draft[] {
    this.settle();
    const kept = this.rest === undefined ? [...this.kept] : [...this.kept, this.rest];
    return kept.sort((one, other) => one.frames.first - other.frames.first);
  }

  /** What a connection that is not ordinary may be explained by. */
  private note({ client, server, resumes }: Summary): void {
    if (this.eventful.size < MAX_EVENTFUL) this.eventful.add(client).add(server);
    if (this.resumed.size < MAX_EVENTFUL) for (const session of resumes) this.resumed.add(session);
  }

  /** Keeps of what was set aside all that may tell of an incident, and the last of every kind; counts the rest. */
  private settle(): void {
    const { aside } = this;
    this.aside = [];
    const last = new Map<Similar, SetAside>();
    for (const one of aside) {
      if ((last.get(one.similar)?.firstFrame ?? 0) < one.firstFrame) last.set(one.similar, one);
    }
    const everything = this.eventful.size >= MAX_EVENTFUL || this.resumed.size >= MAX_EVENTFUL;
    for (const one of aside) {
      const { similar, known, draft } = one;
      if (everything || last.get(similar) === one || this.tells(one)) this.kept.push(draft(true));
      else fold(known ?? similar.first, known === undefined);
    }
  }

  private tells({ client, server, issued }: SetAside): boolean {
    if (this.eventful.has(client) || this.eventful.has(server)) return true;
    return this.resumed.size > 0 && issued.some((session) => this.resumed.has(session));
  }
}

function isSampled({ count, networks, byServer }: Similar, network: AddressKey, server: AddressKey): boolean {
  return count >= SAMPLE && networks.has(network) && (byServer.size > 1 || byServer.has(server));
}

function fold(standIn: Draft, elsewhere: boolean): void {
  standIn.alike++;
  if (elsewhere) standIn.elsewhere++;
}
