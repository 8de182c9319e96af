/**
 * Public API: captures in, a Report out. Owns the order of the steps; runs in Node and in a browser alike.
 *
 * ```ts
 * const report = await analyze([source], { roots: [pem] });
 * ```
 */
import type { ByteSource } from "./capture/input.ts";
import type { CaptureProblem } from "./capture/problem.ts";
import { addProblem } from "./capture/problem.ts";
import { CaptureSet } from "./capture/set.ts";
import { PUBLIC_ROOTS } from "./knowledge/roots/index.ts";
import { derive } from "./observe/derive.ts";
import { type Collected, collect, MAX_COMMENTS } from "./observe/from-capture.ts";
import { Keeper } from "./observe/keeper.ts";
import type { InputFile } from "./observe/observations.ts";
import { KeyLog } from "./protocol/tls/key-log.ts";
import { type Certificate, parseCertificate } from "./protocol/x509/certificate.ts";
import { parsePem } from "./protocol/x509/pem.ts";
import { TrustStore } from "./protocol/x509/trust.ts";
import { buildReport } from "./report/build.ts";
import type { Report } from "./report/schema.ts";
import { VERSION } from "./version.ts";

export { ParseError, type ParseErrorKind } from "./bytes/parse-error.ts";
export type { ByteSource } from "./capture/input.ts";
export type { Report } from "./report/schema.ts";
export { VERSION } from "./version.ts";

export interface AnalyzeOptions {
  /** PEM texts of roots to treat as public besides the built-in ones. */
  readonly roots?: readonly string[];
  /** PEM texts of legitimate private CAs. */
  readonly privateCa?: readonly string[];
  /** Key logs (SSLKEYLOGFILE of NSS): handshakes of TLS 1.3 that they have the secrets of are read, and TURN inside TLS. */
  readonly keyLogs?: readonly string[];
  /** Connections listed in the Report; default 5000. */
  readonly maxConnections?: number;
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
 * read, or when a PEM text is none; damage in a capture is in the Report instead.
 */
export async function analyze(sources: readonly ByteSource[], options: AnalyzeOptions = {}): Promise<Report> {
  const store = new TrustStore({
    publicRoots: PUBLIC_ROOTS,
    roots: certificates(options.roots),
    privateCas: certificates(options.privateCa),
  });
  const maxConnections = options.maxConnections ?? DEFAULT_MAX_CONNECTIONS;
  const keyLog = new KeyLog();
  for (const text of options.keyLogs ?? []) keyLog.add(text);
  const set = await CaptureSet.open(sources);
  try {
    const bytesTotal = total(sources);
    const watcher = {
      progress(frames: number): boolean {
        options.onProgress?.({ bytesRead: set.bytesRead, bytesTotal, frames });
        return options.signal?.aborted === true;
      },
    };
    const keeper = new Keeper(maxConnections, options.summarize === true);
    const collected = await collect(set, keeper, watcher, keyLog);
    const files = filesOf(set, collected);
    const totals = { ...collected.totals, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
    const names = namesOf(set);
    const observations = await derive(files, collected.drafts, { vantage: collected.vantage, names, totals }, store);
    return buildReport(observations, { version: VERSION, maxConnections });
  } finally {
    set.close();
  }
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

function filesOf(set: CaptureSet, { files }: Collected): InputFile[] {
  return set.files.map((file, index): InputFile => {
    const seen = files[index];
    const problems: CaptureProblem[] = [...file.problems];
    for (const [linkType, frames] of seen?.unreadLinkTypes ?? []) {
      const detail = `${frames} frame(s) of link type ${linkType} were passed over`;
      addProblem(problems, { kind: "unsupported", frame: 0, detail });
    }
    const encrypted = seen?.encrypted ?? 0;
    if (encrypted > 0) {
      const detail = `${encrypted} frame(s) are encrypted by Wi-Fi: capture on the computer itself, or decrypt them first`;
      addProblem(problems, { kind: "unsupported", frame: 0, detail });
    }
    const leftOut = seen?.commentsLeftOut ?? 0;
    if (leftOut > 0) {
      const detail = `${leftOut} comment(s) on frames are left out: ${MAX_COMMENTS} characters are kept`;
      addProblem(problems, { kind: "limit", frame: 0, detail });
    }
    return {
      name: file.name,
      bytes: file.size ?? file.bytesRead,
      format: file.format,
      frames: file.frames,
      ...(seen?.from !== undefined && { from: seen.from }),
      ...(seen?.to !== undefined && { to: seen.to }),
      problems,
      dropped: file.dropped,
      localTime: file.localTime,
      comments: [...file.comments.map((text) => ({ text })), ...(seen?.comments ?? [])],
    };
  });
}

/** Names of addresses of all files; of two for one address that of the first file. */
function namesOf(set: CaptureSet): Map<string, string> {
  const names = new Map<string, string>();
  for (const file of set.files) for (const [ip, name] of file.names) if (!names.has(ip)) names.set(ip, name);
  return names;
}
