import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HttpConnect } from "./http-connect.ts";
import { beginPrelude, type Prelude } from "./prelude.ts";

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
/** Stands for the TLS that follows. */
const HELLO = "\x16\x03\x01hello";

type Said = readonly [from: "c" | "s", text: string];

/** What of each side's bytes is left to TLS, when they come `piece` at a time; frames count pieces. */
function talk(said: readonly Said[], piece = Number.POSITIVE_INFINITY): { prelude: Prelude; c: string; s: string } {
  let prelude: Prelude | undefined;
  let frame = 0;
  const left = { c: "", s: "" };
  for (const [from, text] of said) {
    for (let at = 0; at < text.length; at += piece) {
      const part = text.slice(at, at + piece);
      const all = bytes(part);
      frame++;
      if (left[from] !== "") {
        left[from] += part;
        continue;
      }
      prelude ??= beginPrelude(bytes(text), 0, text.length)?.prelude;
      if (prelude === undefined) throw new Error("no prelude");
      left[from] += part.slice(prelude.data(from === "c", all, 0, all.length, frame));
    }
  }
  return { prelude: prelude as Prelude, ...left };
}

const CONNECT = "CONNECT av.fabrikam.example:443 HTTP/1.1\r\nHost: av.fabrikam.example\r\n\r\n";
const GRANTED = "HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n";
const DEMAND =
  "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 5\r\n\r\nlogin";

const DIALOGUES: readonly (readonly [name: string, protocol: Prelude["protocol"], said: readonly Said[]])[] = [
  [
    "a tunnel",
    "http-connect",
    [
      ["c", CONNECT],
      ["s", GRANTED],
      ["c", HELLO],
      ["s", HELLO],
    ],
  ],
  [
    "a tunnel asked for twice",
    "http-connect",
    [
      ["c", CONNECT],
      ["s", DEMAND],
      ["c", CONNECT],
      ["s", GRANTED],
      ["c", HELLO],
      ["s", HELLO],
    ],
  ],
  [
    "a tunnel asked for twice, the demand of unknown length",
    "http-connect",
    [
      ["c", CONNECT],
      ["s", "HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"],
      ["c", CONNECT],
      ["s", GRANTED],
      ["c", HELLO],
      ["s", HELLO],
    ],
  ],
  [
    "a tunnel with an interim answer",
    "http-connect",
    [
      ["c", CONNECT],
      ["s", `HTTP/1.1 100 Continue\r\n\r\n${GRANTED}`],
      ["c", HELLO],
      ["s", HELLO],
    ],
  ],
  [
    "a tunnel whose grant is stored behind the hello",
    "http-connect",
    [
      ["c", CONNECT],
      ["c", HELLO],
      ["s", GRANTED],
      ["s", HELLO],
    ],
  ],
  [
    "SMTP",
    "smtp",
    [
      ["s", "220-mail\r\n220 ready\r\n"],
      ["c", "EHLO pc\r\n"],
      ["s", "250-mail\r\n250 STARTTLS\r\n"],
      ["c", "STARTTLS\r\n"],
      ["s", "220 go\r\n"],
      ["c", HELLO],
      ["s", HELLO],
    ],
  ],
  [
    "SMTP, refused once",
    "smtp",
    [
      ["s", "220 ready\r\n"],
      ["c", "starttls\r\n"],
      ["s", "454 later\r\n"],
      ["c", "STARTTLS\r\n"],
      ["s", "220 go\r\n"],
      ["c", HELLO],
      ["s", HELLO],
    ],
  ],
  [
    "IMAP",
    "imap",
    [
      ["s", "* OK ready\r\n"],
      ["c", "a1 CAPABILITY\r\n"],
      ["s", "* CAPABILITY STARTTLS\r\na1 OK done\r\n"],
      ["c", "a2 STARTTLS\r\n"],
      ["s", "* BYE no\r\na2 OK go\r\n"],
      ["c", HELLO],
      ["s", HELLO],
    ],
  ],
  [
    "POP3",
    "pop3",
    [
      ["s", "+OK ready\r\n"],
      ["c", "STLS\r\n"],
      ["s", "+OK go\r\n"],
      ["c", HELLO],
      ["s", HELLO],
    ],
  ],
  [
    "XMPP",
    "xmpp",
    [
      ["c", "<?xml version='1.0'?><stream:stream to='a'>"],
      ["s", "<stream:stream from='a'><stream:features><starttls/></stream:features>"],
      ["c", "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"],
      ["s", "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"],
      ["c", HELLO],
      ["s", HELLO],
    ],
  ],
];

describe("what follows the prelude is left alone, and nothing else", () => {
  test.each(DIALOGUES)("%s", (_, protocol, said) => {
    for (const piece of [Number.POSITIVE_INFINITY, 1, 3, 17]) {
      const { prelude, c, s } = talk(said, piece);
      expect([prelude.protocol, c, s, prelude.dead]).toEqual([protocol, HELLO, HELLO, false]);
    }
  });

  test("the grant and the first bytes behind it in one segment", () => {
    expect(
      talk([
        ["c", CONNECT],
        ["s", GRANTED + HELLO],
      ]).s,
    ).toBe(HELLO);
    expect(
      talk([
        ["s", "220 ready\r\n"],
        ["c", `STARTTLS\r\n${HELLO}`],
        ["s", `220 go\r\n${HELLO}`],
      ]),
    ).toMatchObject({ c: HELLO, s: HELLO });
  });
});

describe("no TLS follows", () => {
  test.each<readonly [string, readonly Said[]]>([
    [
      "a tunnel that is denied",
      [
        ["c", CONNECT],
        ["s", "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"],
        ["s", HELLO],
      ],
    ],
    [
      "a demand that nobody meets",
      [
        ["c", CONNECT],
        ["s", DEMAND],
      ],
    ],
    [
      "mail without STARTTLS",
      [
        ["s", "220 ready\r\n"],
        ["c", "EHLO pc\r\n"],
        ["s", "250 ok\r\n"],
        ["c", "MAIL FROM:<a>\r\n"],
        ["s", "220 odd\r\n"],
      ],
    ],
    [
      "another's answer",
      [
        ["s", "* OK ready\r\n"],
        ["c", "a2 STARTTLS\r\n"],
        ["s", "a1 OK go\r\n"],
      ],
    ],
  ])("%s", (_, said) => {
    expect(talk(said)).toMatchObject({ c: "", s: "" });
  });
});

describe("what a tunnel's request and answer say", () => {
  const connect = (said: readonly Said[]) => talk(said).prelude as HttpConnect;

  test("target, status and headers, with their frames", () => {
    const prelude = connect([
      ["c", CONNECT],
      ["s", DEMAND],
    ]);
    expect(prelude).toMatchObject({ target: "av.fabrikam.example:443", requestFrame: 1 });
    expect(prelude.answered).toMatchObject({ status: 407, frame: 2 });
    expect(prelude.headers).toEqual([
      { name: "Proxy-Authenticate", value: "NTLM" },
      { name: "Proxy-Authenticate", value: "Basic realm=x" },
    ]);
  });

  test("the rounds of NTLM on one connection: the last answer counts, no token is kept", () => {
    const token = "TlRMTVNTUAACAAAADAAMADgAAAAFgomi".repeat(5);
    const challenge = `HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM ${token}\r\nContent-Length: 0\r\n\r\n`;
    const rounds: Said[] = [
      ["c", CONNECT],
      ["s", DEMAND],
      ["c", CONNECT.replace("\r\n\r\n", `\r\nProxy-Authorization: NTLM ${token}\r\n\r\n`)],
      ["s", challenge],
    ];
    const asked = connect(rounds);
    expect(asked.answered?.status).toBe(407);
    expect(asked.headers).toEqual([{ name: "Proxy-Authenticate", value: "NTLM" }]);
    const { prelude, c, s } = talk([...rounds, ["c", CONNECT], ["s", GRANTED], ["c", HELLO], ["s", HELLO]]);
    expect((prelude as HttpConnect).answered?.status).toBe(200);
    expect([c, s]).toEqual([HELLO, HELLO]);
  });

  test("a second request takes the first answer back, wherever it is stored", () => {
    expect(
      connect([
        ["c", CONNECT],
        ["s", DEMAND],
        ["c", CONNECT],
      ]).answered,
    ).toBeUndefined();
    const late = connect([
      ["c", CONNECT],
      ["s", DEMAND.slice(0, -2)],
      ["c", CONNECT],
      ["s", DEMAND.slice(-2)],
    ]);
    expect(late.answered).toBeUndefined();
  });

  test("the page of a refusal, and what vendors say of themselves, not of the person", () => {
    const page = "<html><title>Blocked</title>";
    const prelude = connect([
      ["c", CONNECT],
      [
        "s",
        `HTTP/1.1 403 No\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\nProxy-Agent: x\r\nProxy-Status: y; error=z\r\nX-BlueCoat-User: alice\r\nX-Sophos-WSA-ClientIP: 10.0.0.5\r\nX-Authenticated-Username: alice\r\nSet-Cookie: a=b\r\nEdgewave-Proxy: 1\r\nLocation: http://login.example/?who=alice\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
      ],
    ]);
    expect(prelude.answered?.title).toBe("Blocked");
    expect(prelude.headers.map(({ name }) => name)).toEqual([
      "X-Squid-Error",
      "Proxy-Agent",
      "Proxy-Status",
      "Edgewave-Proxy",
      "Location",
    ]);
    expect(prelude.headers.at(-1)?.value).toBe("http://login.example/");
  });
});

describe("how a prelude begins", () => {
  test.each([
    ["CONNECT a", true],
    ["CONN", true],
    ["220 mail", false],
    ["220", false],
    ["+OK", false],
  ])("%s", (text, fromClient) => {
    expect(beginPrelude(bytes(text), 0, text.length)?.fromClient).toBe(fromClient);
  });

  test.each(["GET / HTTP/1.1", "CO", "\x16\x03\x01", "SSH-2.0"])("not with %j", (text) => {
    expect(beginPrelude(bytes(text), 0, text.length)).toBeUndefined();
  });
});

describe("what is lost or too much", () => {
  test("a gap in a header leaves nothing to tell; behind the answer it does no harm", () => {
    const request = bytes(CONNECT);
    const cut = new HttpConnect();
    cut.data(true, request, 0, 20, 1);
    cut.gap(true, 30);
    expect(cut.dead).toBe(true);
    const whole = new HttpConnect();
    whole.data(true, request, 0, request.length, 1);
    whole.data(false, bytes(GRANTED), 0, GRANTED.length, 2);
    whole.gap(true, 30);
    expect(whole.dead).toBe(false);
  });

  test("endless headers and lines end it", () => {
    const prelude = new HttpConnect();
    const line = bytes("CONNECT a:1 HTTP/1.1\r\n");
    prelude.data(true, line, 0, line.length, 1);
    const header = bytes("x: y\r\n");
    for (let i = 0; i < 300; i++) prelude.data(true, header, 0, header.length, 1);
    expect(prelude.dead).toBe(true);
    const { prelude: mail } = talk([
      ["s", "220 ready\r\n"],
      ["s", "250-x\r\n".repeat(10_000)],
    ]);
    expect(mail.dead).toBe(true);
  });

  test("any bytes at all: returns or throws ParseError, and within bounds", () => {
    const beginnings = ["CONNECT ", "220 ", "* OK", "+OK", "<?xml", CONNECT, "220 x\r\n", ""];
    fc.assert(
      fc.property(
        fc.constantFrom(...beginnings),
        fc.array(
          fc.tuple(
            fc.boolean(),
            fc.oneof(
              fc.uint8Array({ maxLength: 40 }),
              fc.constantFrom("STARTTLS\r\n", GRANTED, "\r\n\r\n", "220 \r\n", HELLO).map(bytes),
            ),
          ),
        ),
        (beginning, pieces) => {
          const first = bytes(beginning);
          const begun = beginPrelude(first, 0, first.length);
          if (begun === undefined) return;
          for (const [fromClient, data] of [[begun.fromClient, first] as const, ...pieces]) {
            const at = begun.prelude.data(fromClient, data, 0, data.length, 1);
            expect(at).toBeGreaterThanOrEqual(0);
            expect(at).toBeLessThanOrEqual(data.length);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
