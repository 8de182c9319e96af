/**
 * Lists of addresses as vendors publish them, told by their content: Microsoft's endpoints (JSON), Google's prefixes (JSON), and lines
 * of CIDR blocks as Zoom and Webex have them. Owns the formats and the question whose list it is; opens no files.
 *
 * Microsoft: https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-ip-web-service
 * Google: https://www.gstatic.com/ipranges/goog.json · Zoom: https://assets.zoom.us/docs/ipranges/Zoom.txt
 */
import { ParseError } from "../../bytes/parse-error.ts";
import { AddressIndex } from "../../diagnose/address-index.ts";
import { builtInLists } from "../../diagnose/service-lists.ts";
import { plural, short } from "../../diagnose/words.ts";
import { SERVICES } from "../../knowledge/services/index.ts";
import type { ServiceId } from "../../knowledge/services/service.ts";
import { checkBlocks, checkNames, looksLikeBlock } from "./blocks.ts";

/** Microsoft's list of all services has 100 kB. */
export const MAX_BYTES = 4 * 1024 * 1024;

export interface VendorList {
  readonly service: ServiceId;
  /** How it was told whose list it is: recognised `by its format`. */
  readonly told: string;
  /** YYYY-MM-DD, where the list says when it was made. */
  readonly date?: string;
  readonly blocks: readonly string[];
  readonly names: readonly string[];
  /** Names that cannot be used, as they are in the list. */
  readonly leftOut: readonly string[];
}

/** Services that have lists. */
export const LISTED: readonly ServiceId[] = SERVICES.filter(({ addresses }) => addresses.length > 0).map(
  ({ id }) => id,
);

/**
 * `name`: of the file, or the URL; it tells whose list it is where nothing in it does. `service`: as the person says. Throws ParseError
 * when it is no list, when it is not whole, when it cannot be a service's, and when nobody can tell whose it is.
 */
export function readVendorList(bytes: Uint8Array, name: string, service?: ServiceId): VendorList {
  const text = textOf(bytes);
  if (text === "") throw problem("truncated", "an empty file");
  if (text.startsWith("<")) throw problem("unsupported", htmlText(text));
  const found = /^[[{]/.test(text) ? fromJson(parseJson(text)) : fromLines(text);
  if (found.blocks.length === 0) throw problem("malformed", "no address range in it");
  const blocks = checkBlocks(found.blocks);
  const { names, leftOut } = checkNames(found.names);
  const whose = owner(blocks, found, `${found.words} ${name}`, service);
  return { ...whose, ...(found.date !== undefined && { date: found.date }), blocks, names, leftOut };
}

/** What the formats have in common. */
interface Found {
  readonly blocks: readonly string[];
  readonly names: readonly string[];
  readonly date?: string;
  /** Where the format tells it. */
  readonly service?: ServiceId;
  /** Comments, which may say whose list it is. */
  readonly words: string;
}

function problem(kind: "truncated" | "malformed" | "unsupported" | "limit", detail: string): ParseError {
  return new ParseError(kind, "list", 0, detail);
}

function textOf(bytes: Uint8Array): string {
  if (bytes.length > MAX_BYTES)
    throw problem("limit", `${bytes.length} bytes: no vendor's list has more than ${MAX_BYTES}`);
  const [first, second] = bytes;
  if (first === 0x1f && second === 0x8b) throw problem("unsupported", "compressed: unpack it first");
  // PowerShell writes its output so.
  const label = first === 0xff && second === 0xfe ? "utf-16le" : "utf-8";
  const text = new TextDecoder(label).decode(bytes);
  if (/[\0\ufffd]/.test(text)) throw problem("unsupported", "not text");
  return text.trim();
}

function htmlText(text: string): string {
  const title = /<title[^>]*>\s*([^<]*?)\s*</i.exec(text)?.[1]?.replace(/\s+/g, " ");
  return `a web page${title === undefined || title === "" ? "" : ` (“${short(title)}”)`}, perhaps an error or a login: not the list itself`;
}

// JSON

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw problem("truncated", "JSON that is damaged or not whole");
  }
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fromJson(value: unknown): Found {
  if (Array.isArray(value) && value.every(isObject) && value.some((entry) => "serviceArea" in entry))
    return microsoft(value);
  if (isObject(value) && Array.isArray(value["prefixes"])) return google(value, value["prefixes"]);
  if (isObject(value) && "latest" in value)
    throw problem("unsupported", "Microsoft's number of the latest version, not the list of endpoints");
  throw problem("unsupported", "JSON, but none of the lists that are known: Microsoft's endpoints, Google's prefixes");
}

/** In Microsoft's words Teams is part of Skype. */
const AREA = "Skype";
/** What Microsoft hosts for the service alone; Default is what others share, such as aka.ms. */
const DEDICATED: ReadonlySet<unknown> = new Set(["Optimize", "Allow"]);

function microsoft(entries: readonly JsonObject[]): Found {
  const own = entries.filter((entry) => entry["serviceArea"] === AREA);
  if (own.length === 0) {
    const areas = [...new Set(entries.map((entry) => String(entry["serviceArea"])))].slice(0, 4).join(", ");
    throw problem(
      "unsupported",
      `Microsoft's endpoints of ${short(areas)}, without those of Skype and Teams (ServiceAreas=Skype)`,
    );
  }
  const dedicated = own.filter((entry) => DEDICATED.has(entry["category"]));
  return {
    blocks: dedicated.flatMap((entry) => texts(entry, "ips")),
    names: dedicated.flatMap((entry) => texts(entry, "urls")),
    service: "teams",
    words: "",
  };
}

function texts(entry: JsonObject, field: string): string[] {
  const value = entry[field] ?? [];
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string"))
    throw problem("malformed", `entry ${String(entry["id"])}: ${field} is no list of texts`);
  return value;
}

function google(list: JsonObject, prefixes: readonly unknown[]): Found {
  const blocks = prefixes.map((prefix, index) => {
    const block = isObject(prefix) ? (prefix["ipv4Prefix"] ?? prefix["ipv6Prefix"]) : undefined;
    if (typeof block !== "string")
      throw problem("malformed", `prefix ${index + 1} has neither ipv4Prefix nor ipv6Prefix`);
    return block;
  });
  const date = /^\d{4}-\d\d-\d\d/.exec(String(list["creationTime"]))?.[0];
  return { blocks, names: [], ...(date !== undefined && isDate(date) && { date }), words: "" };
}

/** Is there such a day? */
export function isDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

// Lines

/** What Webex writes behind a block. */
const NET_RANGE = /\(CIDR\)(?:\s*or\s*[\d.]+\s*[-\u2013]\s*[\d.]+\s*\(net range\))?/gi;

/** Blocks one to a line, or several; in a table those of its first column. Behind `#` or `;`, and above all blocks, words. */
function fromLines(text: string): Found {
  const blocks: string[] = [];
  const words: string[] = [];
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const [content = "", ...comment] = line.split(/[#;]|\/\//);
    words.push(...comment);
    const plain = content.replace(NET_RANGE, " ").replace(/^\s*[*\-\u2022\u25e6]\s+/, "");
    const cells = plain.split(/[\s,"'|]+/).filter((cell) => cell !== "");
    if (cells.length === 0) continue;
    if (!cells.some(looksLikeBlock)) {
      if (blocks.length > 0)
        throw problem("malformed", `line ${index + 1}, “${short(line.trim())}”, is no address range`);
      if (/\bserviceArea\b/.test(line))
        throw problem("unsupported", "Microsoft's endpoints as a table: download them with format=JSON");
      words.push(line);
      continue;
    }
    // A row of a table: what follows tells of the block.
    const isRow = looksLikeBlock(cells[0] ?? "") && /^[^,|]*[,|]/.test(plain) && !cells.every(looksLikeBlock);
    for (const cell of isRow ? cells.slice(0, 1) : cells) {
      if (!looksLikeBlock(cell)) throw problem("malformed", `line ${index + 1}: “${short(cell)}” is no address range`);
      blocks.push(cell);
    }
  }
  if (blocks.length === 0) throw problem("unsupported", "text without address ranges");
  return { blocks, names: [], words: words.join(" ").slice(0, MAX_WORDS) };
}

/** A vendor names itself at the beginning. */
const MAX_WORDS = 10_000;

// Whose

/** Google's public DNS: whoever lists it means all of Google. */
const GOOGLE_DNS = "8.8.8.8";

function owner(
  blocks: readonly string[],
  found: Found,
  words: string,
  asked: ServiceId | undefined,
): Pick<VendorList, "service" | "told"> {
  if (new AddressIndex([{ blocks }]).find(GOOGLE_DNS) !== undefined)
    throw problem(
      "unsupported",
      `all of Google's addresses (${GOOGLE_DNS} among them): not every server of Google's is Meet's`,
    );
  const others = overlaps(blocks);
  const service = asked ?? found.service;
  if (service !== undefined) {
    const other = [...others].find(([id]) => id !== service);
    if (other !== undefined)
      throw problem("malformed", `${other[1]} is of ${nameOf(other[0])}, not of ${nameOf(service)}`);
    if (found.service !== undefined && found.service !== service)
      throw problem("malformed", `a list of ${nameOf(found.service)}, not of ${nameOf(service)}`);
    return { service, told: asked === undefined ? "by its format" : "because you say so" };
  }
  const [first, second] = others;
  if (first !== undefined && second !== undefined) {
    throw problem(
      "malformed",
      `addresses of two services: ${first[1]} is of ${nameOf(first[0])}, ${second[1]} of ${nameOf(second[0])}`,
    );
  }
  if (first !== undefined) return { service: first[0], told: "by its addresses" };
  const named = LISTED.filter((id) => isNamed(id, words));
  if (named.length === 1 && named[0] !== undefined) return { service: named[0], told: "by its name" };
  throw problem(
    "unsupported",
    `${plural(blocks.length, "address range")}, none of them on a known list: whose they are cannot be told`,
  );
}

/** `zoom` is in `Zoom.txt` and `ZoomMeetings.txt`, `meet` is not in `meetings`. */
function isNamed(id: ServiceId, words: string): boolean {
  const forms = [id, `${id[0]?.toUpperCase()}${id.slice(1)}`, id.toUpperCase()].join("|");
  return new RegExp(`(?<![A-Za-z])(?:${forms})(?![a-z])`).test(words);
}

function nameOf(service: ServiceId): string {
  return SERVICES.find(({ id }) => id === service)?.name ?? service;
}

/** Services whose built-in lists have addresses of these blocks, each with one of them. */
function overlaps(blocks: readonly string[]): Map<ServiceId, string> {
  const found = new Map<ServiceId, string>();
  const firstOf = (block: string) => block.replace(/\/.*/, "");
  const lists = builtInLists();
  for (const block of blocks) {
    const known = lists.byAddress(firstOf(block));
    if (known !== undefined && !found.has(known.list.service)) found.set(known.list.service, block);
  }
  const index = new AddressIndex([{ blocks }]);
  for (const { service, blocks } of lists.all) {
    const known = found.has(service) ? undefined : blocks.find((block) => index.find(firstOf(block)) !== undefined);
    if (known !== undefined) found.set(service, known);
  }
  return found;
}
