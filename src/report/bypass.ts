/**
 * The Report's exemptions in the words of one product. Owns what may be written at all, and how a dialect becomes text; knows no
 * product (that is `knowledge/bypass/`) and no terminal.
 *
 * Names come from the capture, and a Report is a file that anybody can write: only what is one host, one domain below a public suffix
 * or one address gets into a text, in characters that mean nothing but themselves in any of the dialects.
 */
import { addressText, parseAddress } from "../bytes/address.ts";
import { ParseError } from "../bytes/parse-error.ts";
import { isHostName } from "../diagnose/bypass.ts";
import { short } from "../diagnose/words.ts";
import type { BypassDialect, EntryKind, Pieces } from "../knowledge/bypass/dialect.ts";
import type { BypassEntry, Report } from "./schema.ts";

export interface BypassText {
  /** Nothing else than what is to be pasted, with remarks as comments where the dialect has any; empty when no entry can be written. */
  readonly text: string;
  /** What a person must know to use it, where the text does not say it: a sentence each. */
  readonly remarks: readonly string[];
  /** Entries that are missing from the text or do not match everywhere, with what to do instead. Quotes the Report: hostile. */
  readonly warnings: readonly string[];
  /** What the Report says of its entries. Hostile. */
  readonly notes: readonly string[];
}

/** How many notes of the Report are worth reading before a list is pasted. */
const MAX_NOTES = 3;

const TRADE_OFF =
  "What is exempt is neither decrypted nor scanned: malware and leaks in these connections go unseen, so exempt no more than this.";
const UNVERIFIED =
  "Not verified with the vendor: the names and addresses are those of the Report, how and where they are entered may differ in your version.";

export function renderBypass({ bypass }: Pick<Report, "bypass">, dialect: BypassDialect): BypassText {
  const warnings: string[] = [];
  const entries = new Map<string, Entry>();
  for (const given of bypass) {
    const entry = readEntry(given);
    if (typeof entry === "string") {
      warnings.push(`left out: ${short(given.value)}: ${entry}`);
      continue;
    }
    const reason = dialect.cannot?.[entry.kind] ?? deployment(given, dialect);
    if (reason !== undefined) {
      warnings.push(`left out: ${given.value}: ${reason}`);
      continue;
    }
    if (given.effective === "explicit" && dialect.only !== "explicit") warnings.push(`${given.value}: ${ASKED_ALONE}`);
    const port = dialect.anyPort === undefined ? undefined : given.port;
    const key = `${entry.kind} ${entry.value} ${port}`;
    if (!entries.has(key)) entries.set(key, { ...entry, port, number: entries.size + 1 });
  }
  const all = [...entries.values()];
  const parts = dialect.text.flatMap((part) => write(part, all, dialect) ?? []);
  if (parts.length === 0) return { text: "", remarks: [], warnings: [...new Set(warnings)], notes: [] };
  const remarks = [
    `${dialect.name}. Where: ${dialect.where}.`,
    ...(dialect.status === "unverified" ? [UNVERIFIED] : []),
    TRADE_OFF,
    ...(dialect.wider !== undefined && all.some(({ kind }) => kind === "host")
      ? [`Wider than asked for: ${dialect.wider}.`]
      : []),
    ...dialect.pitfalls,
  ];
  const { comment } = dialect;
  const head = comment === undefined ? [] : remarks.flatMap((remark) => commented(remark, comment));
  return {
    text: `${[...head, ...parts].join("\n")}\n`,
    remarks: comment === undefined ? remarks : [],
    warnings: [...new Set(warnings)],
    notes: [...new Set(bypass.flatMap(({ note }) => note ?? []))].slice(0, MAX_NOTES),
  };
}

interface Value {
  readonly kind: EntryKind;
  /** A name without a leading dot, or an address without a length. */
  readonly value: string;
}

interface Entry extends Value {
  readonly port: number | undefined;
  readonly number: number;
}

const ODD_NAME = "no host name, and not safe in a list";
const ODD_ADDRESS = "no address of one server; a wider network would exempt what nobody saw";

/** The entry, or why it is none. */
function readEntry({ match, value }: BypassEntry): Value | string {
  if (match === "domain") {
    const isBelow = value.startsWith(".");
    const name = (isBelow ? value.slice(1) : value).toLowerCase();
    return isHostName(name) ? { kind: isBelow ? "domain" : "host", value: name } : ODD_NAME;
  }
  const [, address = "", length] = /^([0-9a-f.:]{2,45})(?:\/(\d{1,3}))?$/i.exec(value) ?? [];
  const isIpv6 = address.includes(":");
  if (length !== undefined && Number(length) !== (isIpv6 ? 128 : 32)) return ODD_ADDRESS;
  try {
    const words = parseAddress(address);
    // Nobody's, and some products read any address in it.
    if (words[0] === 0 && words[1] === 0 && words[3] === 0) return ODD_ADDRESS;
    // As everybody else writes it.
    return { kind: isIpv6 ? "ipv6" : "ipv4", value: addressText(isIpv6 ? 6 : 4, ...words) };
  } catch (error) {
    if (error instanceof ParseError) return ODD_ADDRESS;
    throw error;
  }
}

const ASKED_ALONE =
  "the client names the server to the proxy alone, so this matches only where clients use it as an explicit proxy; on a transparent one exempt the server's address";

/** Why the entry cannot work where the product is used. */
function deployment({ effective }: BypassEntry, { only }: BypassDialect): string | undefined {
  if (only === "transparent" && effective === "explicit") return ASKED_ALONE;
  if (only === "explicit" && effective === "transparent")
    return "this entry is for a transparent proxy, where clients ask for no server by name";
  return undefined;
}

/** Undefined when there is no entry for the part. */
function write(part: Pieces, entries: readonly Entry[], { anyPort = "" }: BypassDialect): string | undefined {
  const { before = "", between = "\n", after = "" } = part;
  const pieces = entries.flatMap((entry) => {
    const template = part[entry.kind];
    return template === undefined ? [] : [fill(template, entry, anyPort)];
  });
  return pieces.length === 0 ? undefined : before + pieces.join(between) + after;
}

function fill(template: string, { kind, value, port, number }: Entry, anyPort: string): string {
  const isName = kind === "host" || kind === "domain";
  const words: Readonly<Record<string, string>> = {
    "%name%": value,
    "%address%": value,
    "%prefix%": isName ? value : `${value}/${kind === "ipv6" ? 128 : 32}`,
    "%regex%": value.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"),
    "%port%": port === undefined ? anyPort : String(port),
    "%:port%": port === undefined ? "" : `:${port}`,
    "%number%": String(number),
  };
  return template.replace(/%[a-z:]+%/g, (word) => words[word] ?? word);
}

/** Columns of a line of comment. */
const COMMENT_WIDTH = 100;

function commented(sentence: string, comment: string): string[] {
  const lines: string[] = [];
  for (const word of sentence.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= COMMENT_WIDTH)
      lines[lines.length - 1] = `${last} ${word}`;
    // What goes on is set in.
    else lines.push(last === undefined ? comment + word : `${comment}  ${word}`);
  }
  return lines;
}
