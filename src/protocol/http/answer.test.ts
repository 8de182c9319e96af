import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { beginsAnswer, HttpAnswer } from "./answer.ts";

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const utf8 = (text: string) => new TextEncoder().encode(text);

/** Fed `piece` bytes at a time, a frame each; what is left of them. */
function read(
  bytes: Uint8Array,
  piece = Number.POSITIVE_INFINITY,
  tunnels = false,
): { answer: HttpAnswer; left: number } {
  const answer = new HttpAnswer(/^(?:server|location|via|x-.*)$/i, tunnels);
  let left = 0;
  for (let at = 0, frame = 1; at < bytes.length; at += piece, frame++) {
    const end = Math.min(bytes.length, at + piece);
    left += end - answer.data(bytes, at, end, frame);
  }
  return { answer, left };
}

const PAGE = "<!DOCTYPE html><html><head><title>Access &amp; denied</title></head><body>No.</body></html>";
const HEAD = "HTTP/1.1 403 Forbidden\r\nServer: squid/5.7\r\nVia: 1.1 proxy\r\n";

const FORMS: readonly (readonly [name: string, text: string, over: boolean])[] = [
  ["of a length that it says", `${HEAD}Content-Length: ${PAGE.length}\r\n\r\n${PAGE}`, true],
  [
    "in chunks that cut the title",
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n${(35).toString(16)}\r\n${PAGE.slice(0, 35)}\r\n${(PAGE.length - 35).toString(16)};x=y\r\n${PAGE.slice(35)}\r\n0\r\nTrailer: z\r\n\r\n`,
    true,
  ],
  ["to the end of the connection", `${HEAD}Content-Type: text/html; charset=utf-8\r\n\r\n${PAGE}`, false],
  [
    "behind an interim answer",
    `HTTP/1.1 100 Continue\r\nServer: x\r\n\r\n${HEAD}Content-Length: ${PAGE.length}\r\n\r\n${PAGE}`,
    true,
  ],
];

describe("an answer with a page", () => {
  test.each(FORMS)("%s: whole, byte by byte, in pieces, and with what follows it", (_, text, over) => {
    for (const piece of [Number.POSITIVE_INFINITY, 1, 2, 7, 100]) {
      const { answer, left } = read(latin1(text), piece);
      expect(answer.headers).toEqual([
        { name: "Server", value: "squid/5.7" },
        { name: "Via", value: "1.1 proxy" },
      ]);
      expect([answer.status, answer.title, answer.isOver, answer.isSettled, left]).toEqual([
        403,
        "Access & denied",
        over,
        true,
        0,
      ]);
    }
    if (over) expect(read(latin1(`${text}HTTP/1.1 200 OK\r\n`)).left).toBe("HTTP/1.1 200 OK\r\n".length);
  });

  test.each(FORMS)("%s: every proper prefix wants more, or has its title", (_, text) => {
    const bytes = latin1(text);
    for (let length = 0; length < bytes.length; length++) {
      const { answer, left } = read(bytes.subarray(0, length));
      expect(answer.isBroken || left > 0).toBe(false);
      expect([undefined, "Access & denied"]).toContain(answer.title);
    }
  });

  test("its frame is that of the status line", () => {
    expect(read(latin1(FORMS[3]?.[1] as string), 40).answer.frame).toBe(2);
  });
});

describe("where an answer ends", () => {
  test.each([
    ["HTTP/1.1 204 No Content\r\n\r\n", true],
    ["HTTP/1.1 304 Not Modified\r\nContent-Length: 400\r\n\r\n", true],
    ["HTTP/1.1 101 Switching Protocols\r\n\r\n", true],
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd", false],
    ["HTTP/1.1 200 OK\r\n\r\n", false],
  ])("%j", (text, over) => {
    expect(read(latin1(text)).answer.isOver).toBe(over);
  });

  test("of a granted tunnel with its head, of a refused one with its page", () => {
    const granted = latin1("HTTP/1.1 200 Connection established\r\nTransfer-Encoding: chunked\r\n\r\n\x16\x03\x01");
    expect(read(granted, 1, true).left).toBe(3);
    const refused = latin1("HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\npage\x16");
    expect(read(refused, 1, true).left).toBe(1);
  });
});

describe("what is no answer", () => {
  test.each(["HTTP/2 200 OK\r\n", "HTTP/1.1 20 OK\r\n", "HTTP/1.1 OK\r\n", "ICY 200 OK\r\n"])("%j", (text) => {
    expect(read(latin1(text)).answer.isBroken).toBe(true);
  });

  test.each([
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "a chunk without a size"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", "a chunk longer than its size"],
    [`HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(300)}`, "endless headers"],
  ])("%j: %s", (text) => {
    expect(read(latin1(text)).answer.isBroken).toBe(true);
  });

  test("its first bytes", () => {
    expect(
      ["H", "HTTP/1.", "HTTP/1.1 200 OK", "HTTP/2 200", "\x16\x03", ""].map((text) =>
        beginsAnswer(latin1(text), 0, text.length),
      ),
    ).toEqual([true, true, true, false, false, false]);
  });
});

describe("bytes that were not captured", () => {
  const body = `HTTP/1.1 403 No\r\nContent-Length: ${PAGE.length}\r\n\r\n`;

  test("within the page: its end is known, its title is not guessed", () => {
    const { answer } = read(latin1(body + PAGE.slice(0, 40)));
    answer.gap(PAGE.length - 40);
    expect([answer.isOver, answer.isSettled, answer.title]).toEqual([true, true, undefined]);
  });

  test("within the head, or past the end: nothing more is known", () => {
    for (const [text, length] of [
      [HEAD, 10],
      [body + PAGE.slice(0, 40), 4000],
    ] as const) {
      const { answer } = read(latin1(text));
      answer.gap(length);
      expect(answer.isBroken).toBe(true);
    }
  });
});

describe("the title of a page", () => {
  const titleOf = (page: Uint8Array, headers = "") =>
    read(Uint8Array.of(...latin1(`HTTP/1.1 403 No\r\n${headers}\r\n`), ...page)).answer.title;

  test.each<[string, string | undefined]>([
    ["<TITLE>\n  Blocked\n\tby  policy </TITLE>", "Blocked by policy"],
    ['<title lang="en">a</title>', "a"],
    ["<title>a</title><title>b</title>", "a"],
    ["<title>&lt;b&gt; &quot;x&quot; &#39;y&#x27; &euro; &#0;&#x110000;</title>", "<b> \"x\" 'y' &euro;"],
    ["<title>a\x1b[31m\x00b\x7f\u202ec\u200b</title>", "a[31mbc"],
    ["<title>&#x202e;a</title>", "a"],
    ["<title>   </title>", undefined],
    ["<title>never ends", undefined],
    ["<p>no title</p>", undefined],
    ["<titles>a</titles>", undefined],
    ["</title>", undefined],
  ])("%j", (page, title) => {
    expect(titleOf(utf8(page))).toBe(title);
  });

  test("in its character set, in UTF-8 when it names none or a wrong one, else a character per byte", () => {
    const page = (text: string) => utf8(`<title>${text}</title>`);
    expect(titleOf(page("Zugriff verweigert – größer"))).toBe("Zugriff verweigert – größer");
    const german = latin1("<title>gesperrt f\xfcr Sie</title>");
    expect(titleOf(german)).toBe("gesperrt für Sie");
    expect(titleOf(german, "Content-Type: text/html; charset=utf-8\r\n")).toBe("gesperrt für Sie");
    const russian = latin1("<title>\xc4\xee\xf1\xf2\xf3\xef</title>");
    expect(titleOf(russian, 'Content-Type: text/html; charset="windows-1251"\r\n')).toBe("Доступ");
    expect(titleOf(page("ü"), "Content-Type: text/html; charset=nonsense\r\n")).toBe("ü");
  });

  test("is not looked for in what is no page, or packed", () => {
    const page = utf8("<title>a</title>");
    expect(titleOf(page, "Content-Type: image/png\r\n")).toBeUndefined();
    expect(titleOf(page, "Content-Encoding: gzip\r\n")).toBeUndefined();
    expect(titleOf(page, "Content-Encoding: identity\r\nContent-Type: application/xhtml+xml\r\n")).toBe("a");
  });

  test("is cut, whole characters kept, and not looked for endlessly", () => {
    expect(titleOf(utf8(`<title>${"😀".repeat(150)}</title>`))).toMatch(/^(😀){100}…$/u);
    expect(titleOf(utf8(`<title>${"x".repeat(5000)}`))).toMatch(/^x{200}…$/);
    expect(titleOf(utf8(`${" ".repeat(20_000)}<title>late</title>`))).toBeUndefined();
  });
});

test("headers: those asked for, ten at most, cut at 200 characters", () => {
  const many = Array.from({ length: 30 }, (_, i) => `X-${i}: ${"v".repeat(500)}\r\n`).join("");
  const { headers } = read(
    latin1(`HTTP/1.1 403 No\r\nSet-Cookie: a=b\r\nno colon\r\n: nameless\r\n${many}\r\n`),
  ).answer;
  expect(headers.map(({ name }) => name)).toEqual(Array.from({ length: 10 }, (_, i) => `X-${i}`));
  expect(headers[0]?.value).toBe("v".repeat(200));
});

test("any bytes at all: answers within bounds and throws nothing", () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .constantFrom(
        "\r\n",
        "HTTP/1.1 403 No\r\n",
        "Transfer-Encoding: chunked\r\n",
        "ffffffffffff\r\n",
        "<title>",
        "</title>",
        PAGE,
      )
      .map(latin1),
  );
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          part.map((bytes) => ({ bytes })),
          fc.nat(100).map((gap) => ({ gap })),
        ),
        { maxLength: 30 },
      ),
      (parts) => {
        const answer = new HttpAnswer(/./);
        for (const one of parts) {
          if ("gap" in one) answer.gap(one.gap);
          else {
            const at = answer.data(one.bytes, 0, one.bytes.length, 1);
            expect(at).toBeGreaterThanOrEqual(0);
            expect(at).toBeLessThanOrEqual(one.bytes.length);
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});
