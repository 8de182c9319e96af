/**
 * `sightline analyze`: opens the files, runs the analysis, prints the Report. Owns what is said to the person around it:
 * unreadable files, damage, progress, exit status. Knows nothing of captures or verdicts.
 */
import { readFileSync } from "node:fs";
import { ParseError } from "../../bytes/parse-error.ts";
import { CaptureFile } from "../../capture/index.ts";
import type { ByteSource } from "../../capture/input.ts";
import { type AnalyzeOptions, analyze } from "../../index.ts";
import { PUBLIC_ROOTS } from "../../knowledge/roots/index.ts";
import { isKeyLog } from "../../protocol/tls/key-log.ts";
import { parseCertificate } from "../../protocol/x509/certificate.ts";
import { parsePem } from "../../protocol/x509/pem.ts";
import { TrustStore } from "../../protocol/x509/trust.ts";
import { readBaseline } from "../../report/baseline.ts";
import type { Report, ReportFile } from "../../report/schema.ts";
import { NodeCaptureThread } from "../capture-thread.ts";
import { tune } from "../engine.ts";
import { storedLists } from "../knowledge/store.ts";
import { EXIT_COULD_NOT_RUN, say, UserError } from "../messages.ts";
import { writeOut } from "../output.ts";
import { Progress } from "../progress.ts";
import { EXIT_STATUS, listsAll, type RenderingFlags, rendered } from "../renderings.ts";
import { fileSource, SourceError, stdinSource } from "../sources.ts";

export interface AnalyzeFlags extends RenderingFlags, JudgingFlags {}

/** What changes a verdict: the same for every command that judges. */
export interface JudgingFlags {
  readonly roots?: readonly string[];
  readonly privateCa?: readonly string[];
  readonly inspectionCa?: readonly string[];
  readonly baseline?: readonly string[];
  readonly keylog?: readonly string[];
  readonly maxConnections?: number;
}

/** Bytes from which on it pays to prepare for much work: fewer are read in a tenth of a second. */
const MUCH = 64 * 1024 * 1024;

/** More lines about one file than this help nobody; the Report has all. */
const MAX_WARNINGS_PER_FILE = 5;

/** Resolves to the exit status. Throws UserError when nothing could be read. */
export async function analyzeCommand(files: readonly string[], flags: AnalyzeFlags): Promise<number> {
  const names = [...new Set(files.length === 0 ? ["-"] : files)];
  if (names.includes("-") && process.stdin.isTTY) throw noInput();
  const judging = await readJudging(flags);

  const interrupt = new Interrupt();
  const { sources, unreadable } = await openAll(names, interrupt);
  if (sources.length === 0) return EXIT_COULD_NOT_RUN;

  const progress = new Progress(
    (text) => process.stderr.write(text),
    () => performance.now(),
  );
  const options: AnalyzeOptions = {
    ...judging,
    signal: interrupt,
    summarize: !listsAll(flags),
    ...(process.stderr.isTTY && { onProgress: (state) => progress.update(state) }),
  };
  const report = await (isMuch(sources) ? analyzeMuch(sources, options) : analyze(sources, options))
    .catch((error: unknown) => {
      // Files were looked at before: this is about what comes through a pipe.
      throw explained(error, error instanceof ParseError ? error.path : STDIN);
    })
    .finally(() => {
      progress.end();
      interrupt.release();
    });

  for (const file of report.input.files) warnOf(file);
  const whole = withUnreadable(report, unreadable);
  await writeOut(process.stdout, rendered(whole, flags));
  return EXIT_STATUS[whole.verdict.is];
}

/** Throws UserError when one of the files is not what it should be. */
export async function readJudging(flags: JudgingFlags): Promise<AnalyzeOptions> {
  const roots = (flags.roots ?? []).map((file) => readPem("--roots", file));
  const privateCa = (flags.privateCa ?? []).map((file) => readPem("--private-ca", file));
  const inspectionCa = (flags.inspectionCa ?? []).map((file) => readPem("--inspection-ca", file));
  if (inspectionCa.length > 0) checkInspection(flags.inspectionCa ?? [], inspectionCa, { roots, privateCa });
  const baseline: string[] = [];
  for (const file of flags.baseline ?? []) baseline.push(await readBaselineFile(file));
  const keyLogs = (flags.keylog ?? []).map(readKeyLog);
  const { maxConnections } = flags;
  const lists = storedLists();
  return {
    roots,
    privateCa,
    inspectionCa,
    baseline,
    keyLogs,
    ...(maxConnections !== undefined && { maxConnections }),
    ...(lists.length > 0 && { lists }),
  };
}

/** Nobody knows how much comes through a pipe. */
function isMuch(sources: readonly ByteSource[]): boolean {
  return sources.reduce((sum, { size }) => sum + (size ?? MUCH), 0) >= MUCH;
}

async function analyzeMuch(sources: readonly ByteSource[], options: AnalyzeOptions): Promise<Report> {
  tune(true);
  const thread = options.keyLogs?.length === 0 ? NodeCaptureThread.start(sources) : undefined;
  return analyze(sources, options, thread).finally(() => {
    thread?.end();
    tune(false);
  });
}

/**
 * The first Ctrl-C ends the capture that comes through stdin, not the answer about it; a second one ends the program. While
 * only files are read, nobody catches it and the first one ends the program.
 */
class Interrupt {
  aborted = false;
  release: () => void = () => {};

  /** The same bytes until Ctrl-C; then the end, even while a read is waiting. */
  guard(source: ByteSource): ByteSource {
    // Of the read that waits. A race of every read with one promise would keep something of each of them until the end.
    let end: (count: number) => void = () => {};
    const stop = (): void => {
      this.aborted = true;
      end(0);
    };
    process.once("SIGINT", stop);
    this.release = () => process.off("SIGINT", stop);
    const read = (into: Uint8Array): Promise<number> =>
      new Promise((resolve, reject) => {
        end = resolve;
        Promise.resolve(source.read(into)).then(resolve, reject);
      });
    return {
      name: STDIN,
      size: source.size,
      read: (into) => (this.aborted ? 0 : read(into)),
      close: () => source.close(),
    };
  }
}

/** As the Report and messages name it. */
const STDIN = "stdin";

/**
 * Looks at every file before the analysis begins: what is no capture is said at once and does not keep the others from being
 * read. Pipes give their bytes only once and are looked at by the analysis.
 */
async function openAll(
  names: readonly string[],
  interrupt: Interrupt,
): Promise<{ sources: ByteSource[]; unreadable: ReportFile[] }> {
  const sources: ByteSource[] = [];
  const unreadable: ReportFile[] = [];
  const hints = new Set<string>();
  for (const name of names) {
    try {
      sources.push(await looked(name === "-" ? interrupt.guard(stdinSource()) : fileSource(name)));
    } catch (error) {
      const reason = explained(error, name);
      if (!(reason instanceof UserError)) throw reason;
      say("error", reason.message);
      for (const hint of reason.hints) hints.add(hint);
      const problems = [{ kind: "unreadable", frame: 0, detail: reason.message.slice(`${name}: `.length) }] as const;
      unreadable.push({ name, bytes: 0, format: "unknown", frames: 0, problems });
    }
  }
  for (const hint of hints) say("hint", hint);
  return { sources, unreadable };
}

/** A capture that can be read; a pipe is not looked into. Throws UserError. */
export async function openCapture(name: string): Promise<ByteSource> {
  try {
    return await looked(fileSource(name));
  } catch (error) {
    throw explained(error, name);
  }
}

async function looked(source: ByteSource): Promise<ByteSource> {
  if (source.rewind === undefined) return source;
  (await CaptureFile.open(source)).close();
  source.rewind();
  return source;
}

/** The person asked for these files too: the Report says that they are missing from it. After the others, whose indices stay. */
function withUnreadable(report: Report, unreadable: readonly ReportFile[]): Report {
  if (unreadable.length === 0) return report;
  const files = [...report.input.files, ...unreadable];
  return { ...report, input: { ...report.input, files } };
}

export function warnOf({ name, format, problems }: ReportFile): void {
  for (const { frame, detail } of problems.slice(0, MAX_WARNINGS_PER_FILE)) {
    if (format === "unknown") say("error", `${name}: ${detail}`);
    else say("warning", `${name}: ${frame === 0 ? "" : `after frame ${frame}: `}${detail}`);
  }
  const more = problems.length - MAX_WARNINGS_PER_FILE;
  if (more > 0) say("warning", `${name}: and ${more} more problems (--json has all)`);
}

function noInput(): UserError {
  return new UserError(
    "no capture: no file was named and stdin is the terminal",
    "name a file: sightline analyze capture.pcapng",
    "or pipe a capture: tcpdump -i eth0 -U -w - | sightline analyze",
  );
}

export function cannotRead(name: string, code: string): UserError {
  switch (code) {
    case "ENOENT":
      return new UserError(
        `${name}: no such file`,
        /[*?]/.test(name) ? "no file matches this pattern" : "check the name and the folder",
      );
    case "EISDIR":
      return new UserError(`${name}: is a directory`, `name the files in it: ${name.replace(/\/+$/, "")}/*.pcapng`);
    case "EACCES":
    case "EPERM":
      return new UserError(
        `${name}: no permission to read it`,
        "a capture made by root belongs to root: change its owner",
      );
    default:
      return new UserError(`${name}: cannot be read (${code})`);
  }
}

/** What opening or reading `name` threw, in words; what is not about the file stays as it is. */
export function explained(error: unknown, name: string): unknown {
  if (error instanceof SourceError) return cannotRead(error.file, error.code);
  if (!(error instanceof ParseError)) return error;
  const detail = detailOf(error);
  const reason = error.kind === "unsupported" ? `not a capture that sightline reads: ${detail}` : detail;
  return new UserError(`${name}: ${reason}`, ...formatHints(name, detail));
}

/** Without the place: a person reads it, and the file is named before it. */
export function detailOf(error: ParseError): string {
  return error.message.replace(/^.*? at byte \d+: /s, "");
}

function formatHints(name: string, detail: string): string[] {
  if (/\.etl$/i.test(name) || detail.includes(".etl")) {
    return [
      "convert a Windows trace with Microsoft's etl2pcapng: etl2pcapng in.etl out.pcapng",
      "or with pktmon, which made it: pktmon etl2pcap in.etl --out out.pcapng",
    ];
  }
  if (detail.includes("0 bytes")) return ["nothing was captured, or the capturing program had not yet written it"];
  return [
    "sightline reads pcap, pcapng, snoop and Network Monitor, plain, gzip or zstd; Wireshark's editcap converts others: editcap -F pcapng in out.pcapng",
  ];
}

const PEM_HINT =
  "a PEM file is text with -----BEGIN CERTIFICATE-----; from DER: openssl x509 -inform der -in ca.cer -out ca.pem";

/** The text, after a look whether the analysis will be able to read it. */
function readPem(option: string, file: string): string {
  const text = readText(option, file);
  try {
    for (const der of parsePem(text)) parseCertificate(der);
  } catch (error) {
    if (error instanceof ParseError) throw new UserError(`${option} ${file}: ${detailOf(error)}`, PEM_HINT);
    throw error;
  }
  return text;
}

/** One CA cannot be both, and a public one is none for inspection. */
function checkInspection(
  files: readonly string[],
  inspectionCa: readonly string[],
  { roots, privateCa }: { readonly roots: readonly string[]; readonly privateCa: readonly string[] },
): void {
  const read = (texts: readonly string[]) =>
    texts.flatMap((text) => parsePem(text).map((der) => parseCertificate(der)));
  const legitimate = new TrustStore({ publicRoots: PUBLIC_ROOTS, roots: read(roots), privateCas: read(privateCa) });
  for (const [index, text] of inspectionCa.entries()) {
    const file = `--inspection-ca ${files[index]}`;
    for (const certificate of read([text])) {
      const known = legitimate.same(certificate);
      const subject = certificate.subject.text;
      if (known === undefined) continue;
      if (known.declared === undefined)
        throw new UserError(
          `${file}: ${subject} is a public root`,
          "name the CA whose key the proxy has; a chain from a browser may hold others besides",
        );
      throw new UserError(
        `${file}: ${subject} is also given with --${known.declared}`,
        "a CA is either legitimate (--private-ca, --roots) or signs for inspection (--inspection-ca); of a company's root give the CA below it that the proxy has",
      );
    }
  }
}

/** The text, after a look whether the analysis will be able to read it. */
async function readBaselineFile(file: string): Promise<string> {
  const text = readText("--baseline", file);
  try {
    await readBaseline(text, new TrustStore({ publicRoots: [] }));
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new UserError(
      `--baseline ${file}: ${detailOf(error)}`,
      "a baseline is a Report (--json), the chain of a server in PEM (openssl s_client -showcerts), or lines such as `www.fabrikam.example:443 sha256:HEX`",
    );
  }
  return text;
}

const KEY_LOG_HINT =
  "a key log has lines such as SERVER_HANDSHAKE_TRAFFIC_SECRET …; browsers write one to the file that SSLKEYLOGFILE names";

function readKeyLog(file: string): string {
  const text = readText("--keylog", file);
  if (!isKeyLog(text)) throw new UserError(`--keylog ${file}: no key log`, KEY_LOG_HINT);
  return text;
}

function readText(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new UserError(`${option} ${cannotRead(file, code ?? String(error)).message}`);
  }
}
