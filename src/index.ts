/**
 * Public API: captures in, a Report out. Owns the order of the steps; runs in Node and in a browser alike.
 *
 * ```ts
 * const report = await analyze([source], { roots: [pem] });
 * ```
 */
import type { ByteSource } from "./capture/input.ts";
import { CaptureSet } from "./capture/set.ts";
import { besides } from "./diagnose/baseline.ts";
import { type ImportedList, ServiceLists } from "./diagnose/service-lists.ts";
import { PUBLIC_ROOTS } from "./knowledge/roots/index.ts";
import type { BaselineEntry } from "./observe/baseline.ts";
import { derive } from "./observe/derive.ts";
import { type Collected, collect, type Watcher } from "./observe/from-capture.ts";
import { type CaptureThread, collectFrom, Left, ThreadLost, Trial } from "./observe/from-thread.ts";
import { Keeper } from "./observe/keeper.ts";
import type { Observations } from "./observe/observations.ts";
import { KeyLog } from "./protocol/tls/key-log.ts";
import { type Certificate, parseCertificate } from "./protocol/x509/certificate.ts";
import { parsePem } from "./protocol/x509/pem.ts";
import { TrustStore } from "./protocol/x509/trust.ts";
import { readBaseline } from "./report/baseline.ts";
import { type BuildOptions, buildReport } from "./report/build.ts";
import type { Report } from "./report/schema.ts";
import { VERSION } from "./version.ts";

export { ParseError, type ParseErrorKind } from "./bytes/parse-error.ts";
export type { ByteSource } from "./capture/input.ts";
export type { ImportedList } from "./diagnose/service-lists.ts";
export { readReport } from "./report/read.ts";
export type { Report } from "./report/schema.ts";
export { VERSION } from "./version.ts";

export interface AnalyzeOptions {
  /** PEM texts of roots to treat as public besides the built-in ones. */
  readonly roots?: readonly string[];
  /** PEM texts of legitimate private CAs. */
  readonly privateCa?: readonly string[];
  /** PEM texts of inspection CAs: what they signed is interception. None that is also among `privateCa`. */
  readonly inspectionCa?: readonly string[];
  /** What servers really present: texts of Reports, chains in PEM, or lines `host[:port] sha256:HEX`. */
  readonly baseline?: readonly string[];
  /** Key logs (SSLKEYLOGFILE of NSS): handshakes of TLS 1.3 that they have the secrets of are read, and TURN inside TLS. */
  readonly keyLogs?: readonly string[];
  /** Connections listed in the Report; default 5000. */
  readonly maxConnections?: number;
  /** Lists of vendors besides the built-in ones; see `sightline update-knowledge`. */
  readonly lists?: readonly ImportedList[];
  /**
   * For a summary: of connections without incident that differ in client, time and their server's address alone, a sample is
   * kept, and those that may tell of an incident; the others are counted with it.
   */
  readonly summarize?: boolean;
  onProgress?(state: { bytesRead: number; bytesTotal: number | undefined; frames: number }): void;
  /** Set `aborted` to stop reading and get the Report of what was read. */
  readonly signal?: { readonly aborted: boolean };
}

/** As the report contract has it. */
const DEFAULT_MAX_CONNECTIONS = 5000;

/**
 * Diagnoses one capture, or several files of one as one capture. Throws ParseError when no source is a capture that can be
 * read, or when a PEM text, a baseline or a block of a list is none; damage in a capture is in the Report instead. `thread` can read the same sources, and does where
 * that is faster; when it is lost, they are read here.
 */
export async function analyze(
  sources: readonly ByteSource[],
  options: AnalyzeOptions = {},
  thread?: CaptureThread,
): Promise<Report> {
  const prepared = await prepare(options);
  const observations = await observe(sources, options, prepared, false, thread);
  return buildReport(observations, prepared.building);
}

/**
 * Diagnoses a capture at the client beside one at the server's end, made at the same time: which connections are in both, whatever NAT
 * does between, and whether their hellos are the same. The Report is of the client's capture, its connections with their other ends.
 * Throws as `analyze` does.
 */
export async function compare(
  client: readonly ByteSource[],
  edge: readonly ByteSource[],
  options: AnalyzeOptions = {},
): Promise<Report> {
  const context = await prepare(options);
  const near = await observe(client, options, context, true);
  const far = await observe(edge, options, context, true);
  const shift = near.files.length;
  const connections = far.connections.map((connection) => ({ ...connection, file: connection.file + shift }));
  return buildReport({ ...near, far: { ...far, connections } }, context.building);
}

interface Prepared {
  readonly store: TrustStore;
  readonly baseline: readonly BaselineEntry[] | undefined;
  readonly building: BuildOptions;
}

async function prepare(options: AnalyzeOptions): Promise<Prepared> {
  const { roots, privateCa, inspectionCa, baseline, lists, maxConnections = DEFAULT_MAX_CONNECTIONS } = options;
  const store = new TrustStore({
    publicRoots: PUBLIC_ROOTS,
    roots: certificates(roots),
    privateCas: certificates(privateCa),
    inspectionCas: certificates(inspectionCa),
  });
  const building = { version: VERSION, maxConnections, ...(lists !== undefined && { lists: new ServiceLists(lists) }) };
  return { store, baseline: await readBaselines(baseline, store), building };
}

/** `traced`: with what tells a connection in another capture. */
async function observe(
  sources: readonly ByteSource[],
  options: AnalyzeOptions,
  { store, baseline, building: { maxConnections } }: Prepared,
  traced: boolean,
  thread?: CaptureThread,
): Promise<Observations> {
  const { files, drafts, totals, vantage, names } = await collectAll(sources, options, maxConnections, traced, thread);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const derived = await derive(files, drafts, { vantage, names, totals: { ...totals, bytes } }, store);
  const seen = options.inspectionCa?.length ? { ...derived, inspectionDeclared: true as const } : derived;
  return baseline === undefined ? seen : besides(seen, baseline);
}

async function collectAll(
  sources: readonly ByteSource[],
  { summarize, keyLogs = [], onProgress, signal }: AnalyzeOptions,
  maxConnections: number,
  traced: boolean,
  thread: CaptureThread | undefined,
): Promise<Collected> {
  const bytesTotal = total(sources);
  const watcher = {
    progress(frames: number, bytesRead: number): boolean {
      onProgress?.({ bytesRead, bytesTotal, frames });
      return signal?.aborted === true;
    },
  };
  const keeper = (): Keeper => new Keeper(maxConnections, summarize === true);
  if (thread !== undefined && keyLogs.length === 0) {
    try {
      return await collectHere(sources, keeper(), new Trial(watcher, thread));
    } catch (error) {
      if (!(error instanceof Left)) throw error;
      for (const source of sources) source.rewind?.();
    }
    thread.begin();
    try {
      return await collectFrom(thread, keeper(), watcher.progress);
    } catch (error) {
      if (!(error instanceof ThreadLost)) throw error;
    }
  }
  return collectHere(sources, keeper(), watcher, keyLogs, traced);
}

async function collectHere(
  sources: readonly ByteSource[],
  keeper: Keeper,
  watcher: Watcher,
  keyLogs: readonly string[] = [],
  traced = false,
): Promise<Collected> {
  const keyLog = new KeyLog();
  for (const text of keyLogs) keyLog.add(text);
  const set = await CaptureSet.open(sources);
  try {
    return await collect(set, keeper, watcher, keyLog, traced);
  } finally {
    set.close();
  }
}

/** Undefined without any; few analyses have one. */
async function readBaselines(texts: readonly string[] = [], store: TrustStore): Promise<BaselineEntry[] | undefined> {
  if (texts.length === 0) return undefined;
  const all = await Promise.all(texts.map((text) => readBaseline(text, store)));
  return all.flat();
}

function certificates(texts: readonly string[] = []): Certificate[] {
  return texts.flatMap((text) => parsePem(text).map((der) => parseCertificate(der)));
}

function total(sources: readonly ByteSource[]): number | undefined {
  let sum = 0;
  for (const { size } of sources) {
    if (size === undefined) return undefined;
    sum += size;
  }
  return sum;
}
