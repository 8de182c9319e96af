import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ParseError } from "../bytes/parse-error.ts";
import { parseCertificate } from "../protocol/x509/certificate.ts";
import { parsePem } from "../protocol/x509/pem.ts";
import { TrustStore } from "../protocol/x509/trust.ts";
import { readBaseline } from "./baseline.ts";

const golden = readFileSync("test/captures/d38-sharing-after-websense-squid/report.json", "utf8");
const chain = readFileSync("test/cli/files/intranet.pem", "utf8");
const roots = readFileSync("test/captures/roots.pem", "utf8");
const store = new TrustStore({ publicRoots: [] });

const HEX = "0123456789abcdef".repeat(4);
const failure = async (text: string): Promise<string> => {
  const error = await readBaseline(text, store).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ParseError);
  return (error as ParseError).message.replace(/^.*? at byte \d+: /, "");
};

test("a Report: what it judged genuine, by name and port", async () => {
  const entries = await readBaseline(golden, store);
  expect(entries.map(({ host, port, leaf }) => [host, port, leaf?.root])).toEqual([
    ["sip.fabrikam.example", 443, "public"],
    ["webconf.fabrikam.example", 443, "public"],
  ]);
  const { certificates } = JSON.parse(golden);
  for (const { sha256, leaf } of entries) {
    expect(leaf?.serial).toBe(certificates[sha256].serial);
    expect(leaf?.notAfter).toBe(Date.parse(certificates[sha256].notAfter) / 1000);
  }
});

test("a Report of a probe: also what it could not judge, but never what it found intercepted", async () => {
  const report = JSON.parse(readFileSync("test/captures/f14-private-ca-origin-trusted/report.json", "utf8"));
  report.input.kind = "probe";
  expect((await readBaseline(JSON.stringify(report), store)).map(({ host }) => host)).toContain(
    "intranet.litware.example",
  );
  const before = JSON.parse(readFileSync("test/captures/d37-sharing-before-websense-squid/report.json", "utf8"));
  before.input.kind = "probe";
  expect(await failure(JSON.stringify(before))).toContain("no certificate that it judged genuine");
});

test("a Report in which nothing is genuine", async () => {
  const before = readFileSync("test/captures/d37-sharing-before-websense-squid/report.json", "utf8");
  expect(await failure(before)).toContain("no certificate that it judged genuine");
});

describe("a chain in PEM", () => {
  test("for the names of its leaf, with where it leads", async () => {
    const [entry, ...more] = await readBaseline(`\uFEFF${chain}`, store);
    expect(more.map(({ host }) => host)).toEqual(["intranet"]);
    const leaf = parseCertificate(parsePem(chain)[0] as Uint8Array);
    expect(entry).toMatchObject({ host: "intranet.litware.example", leaf: { issuer: leaf.issuer.text } });
    expect(entry?.leaf?.root).toBe("unknown");
    const [last] = parsePem(chain).slice(-1);
    const declared = new TrustStore({ publicRoots: [], roots: [parseCertificate(last as Uint8Array)] });
    expect((await readBaseline(chain, declared))[0]?.leaf?.root).toBe("public");
  });

  test("of CAs alone", async () => {
    expect(await failure(roots)).toContain("it may be a CA's");
  });

  test("cut off", async () => {
    expect(await failure(chain.slice(0, 500))).toContain("begins and does not end");
  });
});

describe("lines", () => {
  test.each([
    [`www.Fabrikam.example sha256:${HEX}`, { host: "www.fabrikam.example" }],
    [`www.fabrikam.example.\tSHA256:${HEX.toUpperCase()}  # from home`, { host: "www.fabrikam.example" }],
    [`www.fabrikam.example:8443 sha256:${HEX}\r`, { host: "www.fabrikam.example", port: 8443 }],
    [`www.fabrikam.example=sha256:${HEX}`, { host: "www.fabrikam.example" }],
    [`192.0.2.1:443 sha256:${HEX}`, { host: "192.0.2.1", port: 443 }],
    [`2001:DB8:0::1 sha256:${HEX}`, { host: "2001:db8::1" }],
    [`[2001:db8::1]:443 sha256:${(HEX.match(/../g) ?? []).join(":")}`, { host: "2001:db8::1", port: 443 }],
    [`*.fabrikam.example sha256:${HEX}`, { host: "*.fabrikam.example" }],
    [`intranet sha256:${HEX}`, { host: "intranet" }],
  ])("%s", async (line, where) => {
    expect(await readBaseline(`# what it should be\n\n${line}\n`, store)).toEqual([{ ...where, sha256: HEX }]);
  });

  test.each([
    ["www.fabrikam.example", "line 3: not of the form `host[:port] sha256:HEX`"],
    [`www.fabrikam.example sha256:${HEX} more`, "line 3: not of the form `host[:port] sha256:HEX`"],
    [`www.fabrikam.example ${HEX}`, "line 3: not `sha256:` and 64 hexadecimal digits after the host"],
    [`www.fabrikam.example sha256:${HEX.slice(1)}`, "line 3: not `sha256:` and 64 hexadecimal digits after the host"],
    [`www.fabrikam.example sha1:${HEX}`, "line 3: not `sha256:` and 64 hexadecimal digits after the host"],
    [`https://www.fabrikam.example/ sha256:${HEX}`, "line 3: the host is neither a name nor an address"],
    [`www.fabrikam.example:70000 sha256:${HEX}`, "line 3: the port is none"],
  ])("%s", async (line, message) => {
    expect(await failure(`# a comment\n a.example sha256:${HEX}\n${line}\n`)).toBe(message);
  });

  test.each(["", " \n", "# only a comment\n"])("nothing in it: %j", async (text) => {
    expect(await failure(text)).toBe("there is nothing in it");
  });
});

test("any text: returns or throws ParseError", async () => {
  const line = fc
    .tuple(fc.string(), fc.constantFrom(" ", "=", "\t"), fc.constantFrom("sha256:", ""), fc.string())
    .map((parts) => parts.join(""));
  const text = fc.oneof(
    fc.string(),
    line,
    fc.json(),
    fc.string().map((more) => `${chain}${more}-----BEGIN ${more}`),
  );
  await fc.assert(
    fc.asyncProperty(text, async (any) => {
      const result = await readBaseline(any, store).catch((error: unknown) => error);
      expect(Array.isArray(result) || result instanceof ParseError).toBe(true);
    }),
  );
});
