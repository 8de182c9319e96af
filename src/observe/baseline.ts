/**
 * Baseline: what servers really present, as the person says who has seen them from elsewhere. Owns its shape and the look-up by host;
 * knows nothing of the files it comes from, and draws no conclusion.
 */

/** Of a certificate, as far as the baseline has it. */
export interface BaselineLeaf {
  /** As text. */
  readonly issuer: string;
  /** Hexadecimal. */
  readonly serial: string;
  /** Seconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly spkiSha256: string;
  /** Where its chain leads, by signatures. */
  readonly root: "public" | "private" | "unknown";
}

/** One certificate of one host; a host may have several. */
export interface BaselineEntry {
  /** Name or address in lower case; `*.example.com` stands for one label, as in a certificate. */
  readonly host: string;
  /** Absent: any. */
  readonly port?: number;
  /** Of the leaf, hexadecimal. */
  readonly sha256: string;
  /** Absent where only the digest is known. */
  readonly leaf?: BaselineLeaf;
}

export class Baseline {
  readonly #byHost = new Map<string, BaselineEntry[]>();

  constructor(entries: readonly BaselineEntry[]) {
    for (const entry of entries) {
      const known = this.#byHost.get(entry.host);
      if (known === undefined) this.#byHost.set(entry.host, [entry]);
      else known.push(entry);
    }
  }

  /** Entries of this very host. */
  of(host: string, port: number | undefined): readonly BaselineEntry[] {
    return (this.#byHost.get(host) ?? []).filter((entry) => entry.port === undefined || entry.port === port);
  }

  /** Also those that are for all hosts of its domain. */
  covering(host: string, port: number | undefined): readonly BaselineEntry[] {
    const dot = host.indexOf(".");
    const wildcard = dot > 0 ? this.of(`*${host.slice(dot)}`, port) : [];
    return [...this.of(host, port), ...wildcard];
  }
}
