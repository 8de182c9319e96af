import { describe, expect, test } from "vitest";
import { certificate, observations, PRIVATE, tcp, tls, tunnel } from "../../test/support/observations.ts";
import { buildReport } from "./build.ts";
import { renderText } from "./text.ts";

const LEAF = certificate({ issuer: "Contoso Issuing CA", names: ["www.fabrikam.example"] });
const spec = (given: Parameters<typeof tls>[0]) =>
  tls({ name: "www.fabrikam.example", chain: [LEAF], trust: PRIVATE, ...given });
const build = (...specs: Parameters<typeof observations>[0]) =>
  buildReport(observations(specs), { version: "0", maxConnections: 5000 });

describe("answers in plain HTTP", () => {
  const http = (status: number, options: object = {}) =>
    build(tcp({ protocol: "http", port: 80, http: { status, title: "a", host: "b.example" }, ...options }))
      .connections[0]?.http;

  test("are listed where they do not give what was asked for, and of ordinary pages nothing", () => {
    expect([200, 204, 304].map((status) => http(status))).toEqual([undefined, undefined, undefined]);
    expect([301, 403, 511].map((status) => http(status)?.status)).toEqual([301, 403, 511]);
    expect(http(403)).toEqual({ frame: 6, at: 0.1, status: 403, title: "a" });
  });

  test("are listed where TLS was asked for, or is at home", () => {
    expect(http(200, { protocol: "tls" })?.status).toBe(200);
    expect(http(200, { port: 443 })?.status).toBe(200);
  });
});

describe("groups", () => {
  test("count look-alikes, and tell which of them went elsewhere", () => {
    const { groups } = build(spec({}), spec({ alike: 9, elsewhere: 4 }), spec({ alike: 2, elsewhere: 1 }));
    expect(groups).toMatchObject([
      { serverName: "www.fabrikam.example", connections: 14, elsewhere: 5, firstId: "tcp/0" },
    ]);
  });

  test("tell apart what a proxy was asked for", () => {
    const targets = ["198.51.100.1:443", "198.51.100.2:443", "198.51.100.2:443"];
    const report = build(...targets.map((target) => tcp({ port: 3128, through: tunnel(target) })));
    expect(report.groups.map(({ connections, firstId }) => [connections, firstId])).toEqual([
      [2, "tcp/1"],
      [1, "tcp/0"],
    ]);
    for (const shown of [1, 2]) {
      expect(renderText(report, { columns: 100, color: false, unicode: true })).toContain(
        `192.0.2.10:3128 198.51.100.${shown}:443`,
      );
    }
  });

  test("say nothing of elsewhere when nothing went there", () => {
    const { groups } = build(spec({ alike: 9 }), spec({ to: "192.0.2.99" }));
    expect(groups.map(({ connections }) => connections)).toEqual([10, 1]);
    for (const group of groups) expect(group).not.toHaveProperty("elsewhere");
  });
});

describe("what the capture adds", () => {
  const annotated = (specs: Parameters<typeof observations>[0]) => {
    const seen = observations(specs);
    const files = seen.files.map((file) => ({ ...file, dropped: 3, comments: [{ frame: 5, text: "look" }] }));
    const names = new Map([["192.0.2.10", "called.example"]]);
    return buildReport({ ...seen, files, names }, { version: "0", maxConnections: 5000 });
  };

  test("names of addresses stand beside them and are no server names", () => {
    const { connections, groups } = annotated([tls({ to: "192.0.2.10" }), tls({ to: "192.0.2.11" })]);
    expect(connections.map(({ server }) => server.name)).toEqual(["called.example", undefined]);
    expect(groups.map((group) => "server" in group && group.server.name)).toEqual(["called.example", undefined]);
    for (const connection of connections) expect(connection).not.toHaveProperty("serverName");
  });

  test("they change no verdict", () => {
    const spec = tls({ to: "192.0.2.10", chain: [certificate({ issuer: "Evil", names: ["other.example"] })] });
    const { connections: called, findings, verdict } = annotated([spec]);
    const { connections, findings: plain, verdict: before } = build(spec);
    expect(called.map((connection) => connection.verdict)).toEqual(connections.map((connection) => connection.verdict));
    expect([findings, verdict]).toEqual([plain, before]);
  });

  test("losses and comments are the file's", () => {
    expect(annotated([]).input.files).toMatchObject([{ dropped: 3, comments: [{ frame: 5, text: "look" }] }]);
    for (const file of build().input.files) {
      expect(file).not.toHaveProperty("dropped");
      expect(file).not.toHaveProperty("comments");
    }
  });
});
