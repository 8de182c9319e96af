import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  found,
  idsOf,
  PRIVATE,
  PUBLIC,
  SELF_SIGNED,
  type TlsOptions,
  tls,
  tunnel,
} from "../../../test/support/observations.ts";
import { Baseline, type BaselineEntry, type BaselineLeaf } from "../../observe/baseline.ts";
import { localAgent as rule } from "./local-agent.ts";

const HOST = "www.fabrikam.example";
const local = (options: TlsOptions = {}) =>
  tls({
    client: "127.0.0.1",
    to: "127.0.0.1",
    port: 8080,
    name: HOST,
    through: tunnel(`${HOST}:443`),
    chain: [certificate({ issuer: "Contoso Endpoint Filter CA", names: [HOST] })],
    trust: PRIVATE,
    ...options,
  });
const network = (options: TlsOptions = {}) =>
  tls({ name: HOST, chain: [certificate({ issuer: "R3", names: [HOST] })], trust: PUBLIC, ...options });

test("a program that was asked for a tunnel and shows another certificate than the network: proven", () => {
  const [finding, ...more] = found(rule, [local(), network()]);
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ confidence: "proven", cause: "tls-interception" });
  expect(idsOf(finding)).toEqual(["tcp/0"]);
  expect(finding?.what).toBe(
    `On this computer, 127.0.0.1:8080 presented a certificate for ${HOST} issued by “Contoso Endpoint Filter CA”; from the network comes the server's own, issued by “R3” (${HOST} (192.0.2.10:443), tcp/1).`,
  );
  expect(finding?.fix).toContain("in the program that listens at 127.0.0.1:8080");
  expect(finding?.evidence.map(({ frame, value }) => [frame, value])).toEqual([
    [7, "CN=Contoso Endpoint Filter CA"],
    [107, "CN=R3"],
  ]);
});

test("asked directly it may be a server of the developer's own: likely", () => {
  const direct = tls({
    client: "::1",
    to: "::1",
    name: HOST.toUpperCase(),
    chain: [certificate({ issuer: "CA", names: [HOST] })],
    trust: PRIVATE,
  });
  expect(found(rule, [direct, network()])[0]?.confidence).toBe("likely");
});

test.each([
  ["the network shows no good certificate either", [local(), network({ trust: PRIVATE })]],
  ["the network shows another host's", [local(), network({ name: "www.northwind.example" })]],
  ["what the program shows is good", [local({ trust: PUBLIC }), network()]],
  ["or self-signed, as what a developer makes", [local({ trust: SELF_SIGNED }), network()]],
  ["both are on this computer", [local(), local({ chain: network().certificates, trust: PUBLIC })]],
])("nothing where %s", (_, specs) => {
  expect(found(rule, specs)).toEqual([]);
});

describe("a baseline that a person has seen in a program", () => {
  const seen = (root: BaselineLeaf["root"], more: readonly BaselineEntry[] = []) => {
    const leaf = {
      issuer: "CN=Contoso Antivirus Root",
      serial: "01",
      notBefore: 0,
      notAfter: 1,
      spkiSha256: "11",
      root,
    };
    return { baseline: new Baseline([{ host: HOST, sha256: "aa".repeat(32), leaf }, ...more]) };
  };

  test("of a private issuer, beside the server's own on the wire: possibly a program on that computer", () => {
    const [finding, ...more] = found(rule, [network()], seen("private"));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ confidence: "possible", cause: "local-agent" });
    expect(finding?.what).toBe(
      `The baseline has a certificate of ${HOST} issued by CN=Contoso Antivirus Root; what arrives here is the server's own, issued by “R3”.`,
    );
    expect(finding?.evidence[0]).toMatchObject({ frame: 7, value: "CN=R3", expected: "CN=Contoso Antivirus Root" });
  });

  test.each([
    ["of a public issuer", [network()], seen("public")],
    ["of which one is public", [network()], seen("private", seen("public").baseline.of(HOST, 443))],
    ["where the wire shows a private one", [network({ trust: PRIVATE })], seen("private")],
    ["of another host", [network({ name: "www.northwind.example" })], seen("private")],
  ])("nothing %s", (_, specs, baseline) => {
    expect(found(rule, specs, baseline)).toEqual([]);
  });
});

test("other answers", () => {
  expect(ask(rule, [network()])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [local()])).toEqual({ is: "clear", checked: 1 });
});
