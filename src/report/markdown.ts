/**
 * The Report as Markdown for a ticket: CommonMark with the tables of GitHub, which GitLab, Gitea and others read too. Owns the markup and
 * its escaping; what is said is `document.ts`'s.
 *
 * Ticket systems act on text: they make links of addresses, notify whoever stands behind an @ and run formulas. Words from the
 * capture that could do so are shown as code; `<` and `|` never get through, so that neither HTML nor another column can begin.
 */
import { type Block, documentOf, type Inline, type Line } from "./document.ts";
import { ladder } from "./ladder.ts";
import { Page } from "./layout.ts";
import { printable } from "./printable.ts";
import type { Report } from "./schema.ts";

/** Columns of the ladder: ticket systems show about as many of a block of code. */
const LADDER_COLUMNS = 88;

export function renderMarkdown(report: Report): string {
  const { verdict, headline, first, sections, footer } = documentOf(report);
  const { mark, words, confidence } = verdict;
  const parts = [
    `# ${mark} ${words}${confidence === "" ? "" : `, ${confidence}`}`,
    paragraph(headline),
    ...first.map(({ label, line }) => paragraph([{ is: "tone", tone: "strong", text: `${label}: ` }, ...line])),
    ...sections.flatMap(({ title, blocks }) => [`## ${title}`, ...blocks.map(block)]),
    "---",
    paragraph([footer]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function block(one: Block): string {
  switch (one.is) {
    case "paragraph":
      return paragraph(one.line);
    case "heading":
      return `### ${inlines(one.line)}`;
    case "list":
      return one.items.map((item) => `- ${paragraph(item)}`).join("\n");
    case "table":
      return [
        row(one.head.map((text) => [text])),
        row(
          one.head.map(() => ["---"]),
          (text) => text,
        ),
        ...one.rows.map((cells) => row(cells)),
      ].join("\n");
    case "command":
      return `\`\`\`sh\n${printable(one.text, true)}\n\`\`\``;
    case "ladder": {
      const page = new Page({ columns: LADDER_COLUMNS, color: false, unicode: true });
      ladder(page, one.connection, one.marked);
      // Every line begins with its columns, so none can end the block.
      return `\`\`\`text\n${page.text().replaceAll("<", "\\x3c")}\`\`\``;
    }
  }
}

function row(cells: readonly Line[], write: (text: string) => string = (text) => text): string {
  return `| ${cells.map((cell) => write(inlines(cell)) || " ").join(" | ")} |`;
}

/** What begins a paragraph may not begin a list, a heading or a rule (CommonMark section 4, 5.2). */
function paragraph(line: Line): string {
  return inlines(line)
    .trimStart()
    .replace(/^[-+=]/, "\\$&")
    .replace(/^(\d{1,9})([.)])(?=\s|$)/, "$1\\$2");
}

function inlines(line: Line): string {
  return line.map(inline).reduce((all, next) => {
    // Two runs of backticks would be one.
    const space = all.endsWith("`") && next.startsWith("`") ? " " : "";
    return all + space + next;
  }, "");
}

function inline(piece: Inline): string {
  if (typeof piece === "string") return prose(piece);
  switch (piece.is) {
    case "code":
      return code(printable(piece.text, true));
    case "link":
      return isPlainUrl(piece.url) ? `<${piece.url}>` : code(printable(piece.url, true));
    case "tone": {
      const [, before = "", text = "", after = ""] = /^( *)(.*?)( *)$/s.exec(prose(piece.text)) ?? [];
      // Emphasis must not begin or end with a space (CommonMark section 6.2).
      return text === "" || piece.tone === "plain" || piece.tone === "dim"
        ? before + text + after
        : `${before}**${text}**${after}`;
    }
  }
}

/** A web page in nothing but the characters of RFC 3986; anything else is shown and not linked. */
function isPlainUrl(url: string): boolean {
  return /^https?:\/\/[\w.~:/?#@!$&'()*+,;=%-]+$/.test(url);
}

/** Mentions, links without brackets, numbers of tickets. */
const ACTIVE = /[@#]|:\/\/|www\./i;

function prose(text: string): string {
  return printable(text, true).replace(/[^ ]+/g, (word) => (ACTIVE.test(word) ? code(word) : escaped(word)));
}

/** Printable text. What code cannot hold in every dialect is prose, with what could act taken out of it. */
function code(text: string): string {
  if (text === "") return "";
  if (!/[`<>|]/.test(text)) return `\`${text}\``;
  return escaped(text.replace(/[@#]/g, (sign) => `\\x${sign.charCodeAt(0).toString(16)}`))
    .replace(/:(?=\/\/)/g, "\\:")
    .replace(/www\./gi, (word) => word.replace(".", "\\."));
}

const ENTITIES: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;" };

function escaped(text: string): string {
  return text
    .replace(/[\\`*[\]~$]/g, "\\$&")
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, "\\_")
    .replace(/[<>&|]/g, (sign) => ENTITIES[sign] as string);
}
