import { describe, expect, test } from "vitest";
import {
  certificate,
  NOW,
  observations,
  pseudoTls,
  type Spec,
  tcp,
  tls,
  udp,
} from "../../test/support/observations.ts";
import { Context, registrableDomain, serverClose } from "./context.ts";
import type { Finding } from "./finding.ts";
import type { Confidence } from "./vocabulary.ts";

/** The context of these connections, and the first of them. */
function one(specs: readonly Spec[], seconds?: number) {
  const seen = observations(specs, seconds === undefined ? {} : { seconds });
  const [connection] = seen.connections;
  if (connection === undefined) throw new Error("no connection");
  return { context: new Context(seen, []), connection };
}

test("TLS connections are those on which TLS was spoken, pseudo-TLS with them", () => {
  const { context } = one([tcp(), tls(), udp(), pseudoTls("documented")]);
  expect(context.tls().map(({ id }) => id)).toEqual(["tcp/1", "tcp/2"]);
});

describe("the domain a leaf was issued for", () => {
  const domain = (names: readonly string[], asked?: string, subject: Record<string, string> = {}) => {
    const chain = [certificate({ issuer: "CA", names, subject })];
    const { context, connection } = one([tls({ chain, ...(asked === undefined ? {} : { name: asked }) })]);
    return context.domain(connection);
  };

  test.each([
    ["asked for and covered", ["*.fabrikam.example", "other.example"], "www.fabrikam.example", "fabrikam.example"],
    ["asked for and not covered: its own", ["nas.maker.example"], "www.fabrikam.example", "maker.example"],
    ["nothing asked", ["www.fabrikam.example"], undefined, "fabrikam.example"],
    ["its first that can be registered", ["10.0.0.1", "localhost", "*.co.uk", "*.b.co.uk"], undefined, "b.co.uk"],
    ["none", ["10.0.0.1", "com", ""], undefined, undefined],
  ])("%s", (_, names, asked, expected) => {
    expect(domain(names, asked)).toBe(expected);
  });

  test("a leaf without names has its CN", () => {
    expect(domain([], undefined, { O: "x.example", CN: "www.fabrikam.example" })).toBe("fabrikam.example");
  });

  test("no leaf, no domain", () => {
    const { context, connection } = one([tls({ name: "www.fabrikam.example" })]);
    expect(context.domain(connection)).toBeUndefined();
  });
});

test("hosts of several people under one provider's domain are one domain", () => {
  expect(registrableDomain("a.github.io")).toBe("github.io");
  expect(registrableDomain("x".repeat(10_000))).toBeUndefined();
});

test.each(["wiki.corp", "nas.local", "a.b.lan", "db.internal", "pc.home.arpa", "x.mail", "foo.INTRANET", "vc.test."])(
  "nobody registers %s",
  (host) => {
    expect(registrableDomain(host)).toBeUndefined();
  },
);

test.each(["www.corp.example", "lan.example", "mail.com", "nothome.arpa.example"])("but %s", (host) => {
  expect(registrableDomain(host)).toBeDefined();
});

describe("how long the client waited", () => {
  test("to the end of the capture", () => {
    const { context, connection } = one([tls({ lasts: 1 })], 60);
    expect(context.waited(connection, 0.25)).toBe(59.75);
  });

  test.each([
    ["closed", { client: { fin: 9 } }],
    ["reset", { reset: { from: "client", frame: 9 } as const }],
  ])("to its last frame when it %s", (_, options) => {
    const { context, connection } = one([tls({ lasts: 1.5, tcp: options })], 60);
    expect(context.waited(connection, 0.5)).toBe(1);
  });

  test("a file whose end is not known ends with the connection", () => {
    const seen = observations([tls({ lasts: 7 })]);
    const context = new Context({ ...seen, files: [] }, []);
    expect(seen.connections.map((connection) => context.waited(connection, 0))).toEqual([7]);
  });

  test("a connection that outlasts the known end of the files ends with itself", () => {
    const seen = observations([tls({ lasts: 7.25 })]);
    const [file] = seen.files;
    if (file === undefined) throw new Error("no file");
    const { to: _, ...endless } = file;
    const files = [endless, { ...file, to: { seconds: NOW + 6, nanos: 900_000_000 } }];
    expect(seen.connections.map((c) => new Context({ ...seen, files }, []).waited(c, 0))).toEqual([7.25]);
  });

  test("not at all, as far as packets without a time show", () => {
    const { context, connection } = one([tls({ lasts: 1, untimed: true, outcome: "open" })], 60);
    expect(context.waited(connection, 0)).toBe(0);
    expect(context.isCutShort(connection)).toBe(true);
  });

  test("nanoseconds count", () => {
    const seen = observations([tls({ lasts: 1.25 })]);
    const files = seen.files.map((file) => ({ ...file, to: { seconds: NOW + 1, nanos: 500_000_000 } }));
    expect(seen.connections.map((c) => new Context({ ...seen, files }, []).waited(c, 0))).toEqual([1.5]);
  });
});

test.each([
  ["nobody closed", {}, undefined],
  ["the server", { server: { fin: 9 } }, 9],
  ["the server, with a reset after its FIN", { server: { fin: 9 }, reset: { from: "server", frame: 12 } }, 9],
  ["the server, with a FIN after its reset", { server: { fin: 12 }, reset: { from: "server", frame: 9 } }, 9],
  ["the server before the client", { server: { fin: 9 }, client: { fin: 10 } }, 9],
  ["the client before the server", { server: { fin: 10 }, client: { fin: 9 } }, undefined],
  [
    "the client's reset before the server's FIN",
    { server: { fin: 10 }, reset: { from: "client", frame: 9 } },
    undefined,
  ],
] as const)("who closed: %s", (_, options, frame) => {
  expect(serverClose(one([tls({ tcp: options })]).connection)).toBe(frame);
});

describe("the interception that earlier rules found", () => {
  const seen = observations([tls(), tls()]);
  const finding = (confidence: Confidence, cause: Finding["cause"] = "tls-interception"): Finding => ({
    confidence,
    cause,
    connections: seen.connections.slice(0, 1),
    what: "",
    why: "",
    fix: "",
    evidence: [],
  });
  const best = (...findings: Finding[]) =>
    seen.connections.map((c) => new Context(seen, findings).interception(c)?.confidence);

  test.each([
    [[], undefined],
    [[finding("possible")], undefined],
    [[finding("likely")], "likely"],
    [[finding("likely"), finding("proven")], "proven"],
    [[finding("proven", "captive-portal")], undefined],
  ])("%#", (findings, confidence) => {
    expect(best(...findings)).toEqual([confidence, undefined]);
  });
});
