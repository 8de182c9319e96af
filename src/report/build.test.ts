import { describe, expect, test } from "vitest";
import { certificate, observations, PRIVATE, tls } from "../../test/support/observations.ts";
import { buildReport } from "./build.ts";

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

  test("say nothing of elsewhere when nothing went there", () => {
    const { groups } = build(spec({ alike: 9 }), spec({ to: "192.0.2.99" }));
    expect(groups.map(({ connections }) => connections)).toEqual([10, 1]);
    for (const group of groups) expect(group).not.toHaveProperty("elsewhere");
  });
});
