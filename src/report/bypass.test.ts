/**
 * Exemptions as text: one golden per dialect in test/bypass/, and that nothing else than hosts and addresses ever gets into a text.
 * What real products make of the texts is test/oracle/bypass-products.test.ts.
 */
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BYPASS_DIALECTS } from "../knowledge/bypass/index.ts";
import { renderBypass } from "./bypass.ts";
import type { BypassEntry } from "./schema.ts";

function entry(value: string, rest: Partial<BypassEntry> = {}): BypassEntry {
  const match = /^[\da-f.:]+\/\d+$/.test(value) ? "ip" : "domain";
  return { match, value, effective: "transparent+explicit", findings: ["f1"], ...rest };
}

function dialect(id: string) {
  const found = BYPASS_DIALECTS.find((dialect) => dialect.id === id);
  if (found === undefined) throw new Error(`no dialect ${id}`);
  return found;
}

const render = (id: string, ...bypass: BypassEntry[]) => renderBypass({ bypass }, dialect(id));

/** Of the lines without remarks. */
function lines(id: string, ...bypass: BypassEntry[]): string[] {
  const { comment } = dialect(id);
  const { text } = render(id, ...bypass);
  return text.split("\n").filter((line) => line !== "" && (comment === undefined || !line.startsWith(comment)));
}

/** Every kind, with and without a port; one name twice with different ports. */
const ALL = [
  entry("sip.fabrikam.example", { port: 443 }),
  entry("198.51.100.30/32", { port: 443, note: "the client sends no server name here" }),
  entry("2001:db8::30/128", { port: 443 }),
  entry(".tailspin.example"),
  entry("sip.fabrikam.example", { port: 5061 }),
  entry("av.fabrikam.example", { port: 443, effective: "explicit" }),
];

describe("goldens", () => {
  test.each(BYPASS_DIALECTS.map(({ id }) => id))("%s", async (id) => {
    const { text, remarks, warnings, notes } = render(id, ...ALL);
    const whole = [
      text,
      ...remarks.map((line) => `remark: ${line}\n`),
      ...warnings.map((line) => `warning: ${line}\n`),
      ...notes.map((line) => `note: ${line}\n`),
    ];
    await expect(whole.join("")).toMatchFileSnapshot(`../../test/bypass/${id}.txt`);
  });
});

test("an entry by address where the product can, and what to do instead where it cannot", () => {
  const address = entry("198.51.100.30/32", { port: 443 });
  expect(lines("forcepoint", address)).toEqual(["198.51.100.30"]);
  expect(lines("squid", address)).toEqual([
    "acl sightline_address_1 dst 198.51.100.30",
    "acl sightline_port_1 port 443",
    "ssl_bump splice sightline_address_1 sightline_port_1",
  ]);
  expect(lines("mitmproxy", address)).toEqual(["ignore_hosts:", "  - '^198\\.51\\.100\\.30(:443)?$'"]);
  for (const id of ["umbrella", "sophos", "cloud-swg", "forcepoint-cloud", "sslproxy"]) {
    const { text, remarks, warnings } = render(id, address);
    expect([text, remarks]).toEqual(["", []]);
    expect(warnings).toEqual([expect.stringMatching(/^left out: 198\.51\.100\.30\/32: .*: (send|add|keep) /)]);
  }
});

test("a name that is asked of the proxy alone: with a warning, and not at all where nobody asks a proxy", () => {
  const asked = entry("av.fabrikam.example", { effective: "explicit" });
  expect(render("squid", asked).warnings).toEqual([
    expect.stringMatching(/^av\.fabrikam\.example: .*on a transparent one exempt the server's address$/),
  ]);
  expect(lines("squid", asked)).toContain(
    "acl sightline_name_1 ssl::server_name --client-requested av.fabrikam.example",
  );
  expect(render("sslproxy", asked)).toMatchObject({ text: "", warnings: [expect.stringContaining("left out")] });
  expect(render("pac", asked).warnings).toEqual([]);
  expect(render("pac", entry("a.example", { effective: "transparent" }))).toMatchObject({
    text: "",
    warnings: [expect.stringContaining("left out")],
  });
});

test("ports count where the product knows them, else the server is one entry", () => {
  const both = [
    entry("a.example", { port: 443 }),
    entry("a.example", { port: 5061 }),
    entry("A.example", { port: 443 }),
  ];
  expect(lines("list", ...both)).toEqual(["a.example"]);
  expect(lines("privoxy", ...both)).toEqual(["{-https-inspection}", "a.example:443", "a.example:5061"]);
  expect(lines("privoxy", entry("a.example"))).toEqual(["{-https-inspection}", "a.example"]);
});

test("an address is written as everybody else writes it", () => {
  expect(lines("list", entry("2001:DB8:0:0::0030/128", { match: "ip" }))).toEqual(["2001:db8::30/128"]);
  expect(lines("list", entry("198.51.100.30", { match: "ip" }))).toEqual(["198.51.100.30/32"]);
});

test("what is verified is text, what is not says so, and each states the price once", () => {
  for (const one of BYPASS_DIALECTS) {
    const { text, remarks } = renderBypass({ bypass: ALL }, one);
    const said = (one.comment === undefined ? remarks.join(" ") : text).replaceAll(`\n${one.comment}  `, " ");
    expect(said.split("neither decrypted nor scanned")).toHaveLength(2);
    expect(said.includes("Not verified")).toBe(one.status === "unverified");
    expect(text.endsWith("\n")).toBe(true);
  }
});

test("the PAC lines are JavaScript that does what it says", () => {
  const { text } = render("pac", ...ALL);
  const program = `function FindProxyForURL(url, host) {\n${text}return "PROXY 10.0.0.1:3128";\n}\nFindProxyForURL("", host)`;
  const dnsDomainIs = (host: string, domain: string) => host.endsWith(domain);
  const proxyFor = (host: string) => runInNewContext(program, { host, dnsDomainIs });
  for (const host of [
    "sip.fabrikam.example",
    "198.51.100.30",
    "[2001:db8::30]",
    "tailspin.example",
    "a.tailspin.example",
  ])
    expect([host, proxyFor(host)]).toEqual([host, "DIRECT"]);
  for (const host of ["fabrikam.example", "x.sip.fabrikam.example", "198.51.100.3", "xtailspin.example"])
    expect([host, proxyFor(host)]).toEqual([host, "PROXY 10.0.0.1:3128"]);
});

describe("a Report is a file that anybody can write", () => {
  const HOSTILE = [
    entry("*"),
    entry(".com"),
    entry(".co.uk"),
    entry("a.example\nssl_bump splice all"),
    entry("a.example' # "),
    entry('a.example") return "DIRECT'),
    entry("-i.example"),
    entry("..example"),
    entry("%name%.example"),
    entry("a.example "),
    entry("0.0.0.0/0", { match: "ip" }),
    entry("0.0.0.0/32", { match: "ip" }),
    entry("::/128", { match: "ip" }),
    entry("::ffff:0.0.0.0/128", { match: "ip" }),
    entry("198.51.100.0/24", { match: "ip" }),
    entry("2001:db8::/32", { match: "ip" }),
    entry("198.51.100.30/128", { match: "ip" }),
    entry("fe80::1%eth0", { match: "ip" }),
    entry("198.51.100.30/32\n0.0.0.0/0", { match: "ip" }),
    entry("a.example", { match: "ip" }),
    entry("1.2.3", { match: "ip" }),
  ];

  test.each(BYPASS_DIALECTS.map(({ id }) => id))("%s: none of it is written, all of it is told", (id) => {
    const { text, warnings } = render(id, ...HOSTILE);
    expect(text).toBe("");
    expect(warnings.length).toBe(HOSTILE.length);
    const good = [entry("good.example", { port: 443 })];
    expect(render(id, ...HOSTILE, ...good).text).toBe(render(id, ...good).text);
  });

  const SYNTAX = ` \t\r\n\0%$*?+^|()[]{}<>'"\`\\/;:,=#!&~@.-_aZ09é\u202e`;
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9_-]{0,8}[a-z0-9])?$/);
  const host = fc.tuple(label, label).map(([one, other]) => `${one}.x${other}.example`);

  test("whatever a value is, a text holds hosts and addresses alone", () => {
    const odd = fc.string({ unit: fc.constantFrom(...SYNTAX), maxLength: 12 });
    const value = fc.oneof(
      odd,
      fc.tuple(odd, host, odd).map((parts) => parts.join("")),
      host,
      fc.string(),
    );
    fc.assert(
      fc.property(
        value,
        fc.constantFrom("ip", "domain"),
        fc.constantFrom(...BYPASS_DIALECTS),
        (value, match, dialect) => {
          const { text } = renderBypass({ bypass: [entry(value, { match })] }, dialect);
          if (text === "") return;
          expect(value.toLowerCase()).toMatch(
            match === "ip" ? /^[\da-f.:]+(\/\d+)?$/ : /^\.?[a-z\d_][a-z\d_.-]*[a-z\d_]$/,
          );
          // And nothing but the name is different.
          if (match === "ip") return;
          const dot = value.startsWith(".") ? "." : "";
          const plain = renderBypass({ bypass: [entry(`${dot}plain.example`)] }, dialect).text.replaceAll("\\.", ".");
          const expected = plain.replaceAll("plain.example", value.slice(dot.length).toLowerCase());
          expect(text.replaceAll("\\.", ".")).toBe(expected);
        },
      ),
      { numRuns: 2000 },
    );
  });

  /** Names that a careless pattern takes for `name` as well. */
  const near = (name: string) =>
    fc.oneof(
      fc.constantFrom(
        `x${name}`,
        `${name}x`,
        `x.${name}`,
        `${name}.x`,
        name.replace(".", "x"),
        name.replaceAll(".", "-"),
        "",
      ),
      host,
    );

  test("the patterns of mitmproxy match the host alone, with its port or without any", () => {
    fc.assert(
      fc.property(
        host.chain((name) => fc.tuple(fc.constant(name), near(name))),
        fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined }),
        ([name, other], port) => {
          const [, line = ""] = lines("mitmproxy", entry(name, port === undefined ? {} : { port }));
          const pattern = new RegExp(/^ {2}- '(.*)'$/.exec(line)?.[1] ?? "", "i");
          expect(pattern.test(name)).toBe(true);
          expect(pattern.test(`${name}:${port ?? 1234}`)).toBe(true);
          expect(pattern.test(`${name}:${port}0`)).toBe(false);
          expect(pattern.test(other)).toBe(other === name);
          expect(pattern.test(`${other}:443`)).toBe(other === name && (port ?? 443) === 443);
          const [, below = ""] = lines("mitmproxy", entry(`.${name}`));
          const all = new RegExp(/^ {2}- '(.*)'$/.exec(below)?.[1] ?? "", "i");
          expect([all.test(name), all.test(`a.b.${name}:443`), all.test(`x${name}`)]).toEqual([true, true, false]);
        },
      ),
    );
  });

  test("the patterns of mitmproxy match the address alone", () => {
    const [, ...patterns] = lines("mitmproxy", entry("198.51.100.30/32", { port: 443 }), entry("2001:db8::30/128"));
    const [four, six] = patterns.map((line) => new RegExp(/^ {2}- '(.*)'$/.exec(line)?.[1] ?? "")) as [RegExp, RegExp];
    for (const good of ["198.51.100.30", "198.51.100.30:443"]) expect(four.test(good)).toBe(true);
    for (const bad of ["198.51.100.3", "198.51.100.301", "1198.51.100.30", "198x51.100.30", "198.51.100.30:44"])
      expect(four.test(bad)).toBe(false);
    for (const good of ["2001:db8::30", "[2001:db8::30]:443", "2001:db8::30:443"]) expect(six.test(good)).toBe(true);
    for (const bad of ["2001:db8::3", "2001:db8::30a", "12001:db8::30"]) expect(six.test(bad)).toBe(false);
  });

  test("the patterns of a Sophos exception match the host's URLs alone", () => {
    fc.assert(
      fc.property(
        host.chain((name) => fc.tuple(fc.constant(name), near(name))),
        ([name, other]) => {
          const [exact = "", below = ""] = lines("sophos-web-proxy", entry(name), entry(`.${name}`));
          expect(new RegExp(exact).test(`${name}/path`)).toBe(true);
          expect(new RegExp(exact).test(`${other}/${name}/`)).toBe(other === name);
          expect(new RegExp(below).test(`a.b.${name}/`)).toBe(true);
          expect(new RegExp(below).test(`x${name}/`)).toBe(false);
        },
      ),
    );
  });
});
