/**
 * Title: what an HTML page calls itself, found in the pieces of an HTTP body. Owns the bounds of the search and the cleaning of the
 * text; knows nothing of HTTP's framing.
 */
import { toLatin1 } from "../../bytes/text.ts";

/** Bytes of a page that are looked through: block pages and login pages have their title near the top, before any style. */
const MAX_PAGE = 16 * 1024;
/** Bytes of a title that are looked at, and characters kept of it; browsers show fewer. */
const MAX_BYTES = 1024;
const MAX_TITLE = 200;
/** Bytes kept of a page to find a tag that comes in pieces; tags with more attributes are passed over. */
const MAX_TAG = 256;

const OPEN = /<title(?:\s[^>]{0,200})?>/i;
const CLOSE = /<\/title/i;

export class Title {
  /** Undefined while it is not found. */
  text: string | undefined = undefined;
  /** Nothing more is looked for. */
  settled = false;

  private readonly charset: string;
  private seen = 0;
  /** A character per byte: the end of what was looked through, or the title so far. */
  private kept = "";
  private found = false;

  /** `charset`: as the header of the page names it, `utf-8` when it does not. */
  constructor(charset: string) {
    this.charset = charset;
  }

  /** The next bytes of the page, `bytes[start..end)`. */
  data(bytes: Uint8Array, start: number, end: number): void {
    if (this.settled) return;
    const stop = Math.min(end, start + MAX_PAGE - this.seen);
    this.seen += stop - start;
    let text = this.kept + toLatin1(bytes.subarray(start, stop));
    if (!this.found) {
      const open = OPEN.exec(text);
      if (open !== null) {
        this.found = true;
        text = text.slice(open.index + open[0].length);
      }
    }
    const close = this.found ? text.search(CLOSE) : -1;
    if (close >= 0 || (this.found && text.length >= MAX_BYTES)) {
      this.text = clean(decode(text.slice(0, close < 0 ? MAX_BYTES : Math.min(close, MAX_BYTES)), this.charset));
      this.end();
      return;
    }
    this.kept = this.found ? text : text.slice(-MAX_TAG);
    if (this.seen === MAX_PAGE) this.end();
  }

  /** The page ends here, or what follows is not known. */
  end(): void {
    this.settled = true;
    this.kept = "";
  }
}

/** `text`: a character per byte. */
function decode(text: string, charset: string): string {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  for (const label of [charset, "utf-8"]) {
    try {
      return new TextDecoder(label, { fatal: true }).decode(bytes);
    } catch {
      // No such character set, or not in it.
    }
  }
  return text;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

/** On one line, without control and formatting characters; undefined when nothing is left. */
function clean(text: string): string | undefined {
  const plain = text
    .replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi, (whole, decimal, hex, name) => {
      if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? whole;
      return character(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal));
    })
    .replace(/\s+/g, " ")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, "")
    .trim();
  // Not through the middle of a surrogate pair.
  const cut = plain.length <= MAX_TITLE ? plain : `${plain.slice(0, MAX_TITLE).replace(/[\uD800-\uDBFF]$/, "")}…`;
  return cut === "" ? undefined : cut;
}

function character(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : "";
}
