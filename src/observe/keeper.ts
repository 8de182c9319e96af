/**
 * Keeper: which connections are kept in full. Owns the bound: past it a connection that looks like one already kept, in
 * everything the rules see, is only counted with it. Knows nothing of verdicts.
 */
import type { Draft } from "./draft.ts";

/**
 * Kinds of connections kept beyond the asked-for number, one of each. About 5 kB each with its certificates; a capture with
 * more kinds than this (every connection to another server with another certificate) loses the detail of the rest. Those
 * without certificates are counted with one that differs in the server alone; the others with one that nothing is known
 * of, and nothing is said of: counted with a connection to another server they would share its verdict.
 */
export const MAX_KINDS = 20_000;

export class Keeper {
  handshakes = 0;
  chains = 0;
  private readonly keep: number;
  private readonly kept: Draft[] = [];
  private readonly kinds = new Map<string, Draft>();
  /** Stands for the connections of which no detail is kept. */
  private rest: Draft | undefined;

  constructor(keep: number) {
    this.keep = keep;
  }

  /** False when the connection was only counted. */
  add(draft: Draft): boolean {
    if (draft.handshakeSeen) this.handshakes++;
    if (draft.chainSeen) this.chains++;
    const known = this.kinds.get(draft.kind);
    if (known !== undefined && this.kept.length >= this.keep) {
      known.alike++;
      return false;
    }
    if (known === undefined) {
      if (this.kept.length >= this.keep && this.kinds.size >= MAX_KINDS) {
        const similar = draft.chainSeen ? undefined : this.kinds.get(draft.broadKind);
        if (similar !== undefined) similar.alike++;
        else if (this.rest !== undefined) this.rest.alike++;
        else this.rest = withoutDetail(draft);
        return false;
      }
      this.kinds.set(draft.kind, draft);
      if (!this.kinds.has(draft.broadKind)) this.kinds.set(draft.broadKind, draft);
    }
    this.kept.push(draft);
    return true;
  }

  /** In the order of first frames. */
  drafts(): Draft[] {
    const kept = this.rest === undefined ? [...this.kept] : [...this.kept, this.rest];
    return kept.sort((one, other) => one.firstFrame - other.firstFrame);
  }
}

/** What a connection is without anything that could be judged. */
function withoutDetail({ tcp: _tcp, tls: _tls, pseudoTls: _pseudo, stun: _stun, ...draft }: Draft): Draft {
  return { ...draft, protocol: "unknown", handshake: [], head: {}, timing: {}, outcome: "open" };
}
