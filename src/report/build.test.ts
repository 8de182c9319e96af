import { describe, expect, test } from "vitest";
import { certificate, observations, PRIVATE, tcp, tls, tunnel } from "../../test/support/observations.ts";
import { buildReport } from "./build.ts";
import { renderText } from "./text.ts";

const LEAF = certificate({ issuer: "Contoso Issuing CA", names: ["www.fabrikam.example"] });
const spec = (given: Parameters<typeof tls>[0]) =>
  tls({ name: "www.fabrikam.example", chain: [LEAF], trust: PRIVATE, ...given });
const build = (...specs: Parameters<typeof observations>[0]) =>
  buildReport(observations(specs), { version: "0", maxConnections: 5000 });

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
