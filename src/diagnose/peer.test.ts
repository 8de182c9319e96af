import { expect, test } from "vitest";
import { certificate, observations, PUBLIC, tcp, tls, tunnel } from "../../test/support/observations.ts";
import type { ConnectionObservation } from "../observe/observations.ts";
import { bypassEntries } from "./bypass.ts";
import { diagnose } from "./diagnose.ts";
import { nameOf, peerOf } from "./peer.ts";
import { describe as described } from "./words.ts";

const only = (...specs: Parameters<typeof observations>[0]) =>
  observations(specs).connections[0] as ConnectionObservation;

test.each([
  ["av.fabrikam.example:443", "av.fabrikam.example", 443, undefined, "av.fabrikam.example"],
  ["AV.Fabrikam.example:443", "AV.Fabrikam.example", 443, undefined, "av.fabrikam.example"],
  ["av.fabrikam.example.:443", "av.fabrikam.example.", 443, undefined, "av.fabrikam.example"],
  [".:443", ".", 443, undefined, undefined],
  ["203.0.113.10:5061", "203.0.113.10", 5061, "203.0.113.10", undefined],
  ["[2001:db8::1]:443", "2001:db8::1", 443, "2001:db8::1", undefined],
  ["2001:db8::1", "2001:db8::1", undefined, "2001:db8::1", undefined],
  ["nonsense", "nonsense", undefined, undefined, "nonsense"],
  ["av.fabrikam.example:65535", "av.fabrikam.example", 65_535, undefined, "av.fabrikam.example"],
  ["av.fabrikam.example:65536", "av.fabrikam.example", undefined, undefined, "av.fabrikam.example"],
  ["av.fabrikam.example:0", "av.fabrikam.example", undefined, undefined, "av.fabrikam.example"],
])("behind a proxy: %s", (target, host, port, ip, name) => {
  const connection = only(tcp({ port: 3128, through: tunnel(target) }));
  expect(peerOf(connection)).toEqual({ host, port, ip });
  expect(nameOf(connection)).toBe(name);
  expect(described(connection)).toBe(`${name ?? target} (through 192.0.2.10:3128)`);
});

test("the name in the hello counts before the proxy's, and without a proxy alone", () => {
  expect(nameOf(only(tls({ name: "a.example", through: tunnel("b.example:443") })))).toBe("a.example");
  expect(nameOf(only(tls({ name: "a.example" })))).toBe("a.example");
  expect(nameOf(only(tls()))).toBeUndefined();
  expect(peerOf(only(tls({ to: "192.0.2.7", port: 8443 })))).toEqual({
    host: "192.0.2.7",
    port: 8443,
    ip: "192.0.2.7",
  });
});

test("the dot of the root at its end makes it no other name", () => {
  const good = { chain: [certificate({ issuer: "R3", names: ["www.fabrikam.com"] })], trust: PUBLIC };
  for (const spec of [
    tls({ name: "www.fabrikam.com.", ...good }),
    tls({ port: 3128, through: tunnel("www.fabrikam.com.:443"), ...good }),
  ]) {
    expect(nameOf(only(spec))).toBe("www.fabrikam.com");
    expect(diagnose(observations([spec])).connections.map(({ verdict }) => verdict.is)).toEqual(["genuine"]);
  }
});

test("what to exempt is the peer, never the proxy", () => {
  const exempt = (target: string) =>
    bypassEntries([
      {
        connection: only(tls({ port: 3128, through: tunnel(target) })),
        verdict: { is: "intercepted", confidence: "proven", cause: "tls-interception", findings: ["f1"] },
      },
    ]).map(({ match, value, port }) => [match, value, port]);
  expect(exempt("sip.fabrikam.com:5061")).toEqual([["domain", "sip.fabrikam.com", 5061]]);
  expect(exempt("203.0.113.10:443")).toEqual([["ip", "203.0.113.10/32", 443]]);
  expect(exempt("sip.fabrikam.com.:5061")).toEqual([["domain", "sip.fabrikam.com", 5061]]);
  expect(exempt("sip.fabrikam.com")).toEqual([["domain", "sip.fabrikam.com", undefined]]);
  expect(exempt("sip.fabrikam.com:70000")).toEqual([["domain", "sip.fabrikam.com", undefined]]);
});
