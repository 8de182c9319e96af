import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  DAY,
  DECLARED,
  found,
  INCOMPLETE,
  NOW,
  PRIVATE,
  PUBLIC,
  SELF_SIGNED,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { refusedCertificate as rule } from "./refused-certificate.ts";

const NAME = "intranet.litware.example";
const LEAF = certificate({ issuer: { O: "Litware", CN: "Litware Issuing CA 01" }, names: [NAME] });
const refusing = (code: number, options: TlsOptions = {}) =>
  tls({
    name: NAME,
    chain: [LEAF],
    outcome: "alert",
    alerts: [{ from: "client", code, description: `alert_${code}` }],
    ...options,
  });

describe("the client refused what it was shown", () => {
  test.each([
    ["unknown_ca", 48, PRIVATE, "private-ca"],
    ["bad_certificate", 42, PRIVATE, "private-ca"],
    ["certificate_unknown", 46, INCOMPLETE, "private-ca"],
    ["unknown_ca", 48, SELF_SIGNED, "self-signed"],
    ["another reason than the issuer: revoked", 44, PRIVATE, "tls-alert"],
    ["another reason than the issuer: expired", 45, SELF_SIGNED, "tls-alert"],
    ["a signature that is not its issuer's", 48, { is: "invalid-signature" } as const, "tls-alert"],
    ["a chain that could not be checked", 48, { is: "unknown" } as const, "tls-alert"],
    ["a good certificate: an old root store, a pin, a clock", 48, PUBLIC, "tls-alert"],
    ["a declared CA that the client does not have", 48, DECLARED, "tls-alert"],
  ])("%s", (_, code, trust, cause) => {
    const [finding, ...more] = found(rule, [refusing(code, { trust })]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ confidence: "proven", cause });
  });

  test.each<[string, TlsOptions]>([
    ["another name", { name: "other.example" }],
    ["wrong dates", { chain: [certificate({ issuer: "CA", names: [NAME], notAfter: NOW - DAY })] }],
  ])("a chain that is not good is refused for its issuer first: %s", (_, options) => {
    expect(found(rule, [refusing(48, { trust: PRIVATE, ...options })])[0]?.cause).toBe("private-ca");
  });

  test.each([
    ["first", { notBefore: NOW }],
    ["last", { notAfter: NOW }],
  ])("refused in the %s second of its validity: not for its dates", (_, dates) => {
    const chain = [certificate({ issuer: "R3", names: [NAME], ...dates })];
    expect(found(rule, [refusing(48, { trust: PUBLIC, chain })])[0]?.cause).toBe("tls-alert");
  });

  test("one for another name is not to be installed", () => {
    const [finding] = found(rule, [refusing(48, { trust: SELF_SIGNED, name: "www.fabrikam.example" })]);
    expect(finding?.cause).toBe("self-signed");
    expect(finding?.fix).toContain(
      "Install nothing: the certificate is not even for www.fabrikam.example, but for intranet.litware.example.",
    );
    expect(found(rule, [refusing(48, { trust: SELF_SIGNED })])[0]?.fix).toContain("install its root on the client");
  });

  test("in words", () => {
    const [ca] = found(rule, [refusing(48, { trust: PRIVATE })]);
    expect(ca?.what).toBe(
      "The client refused the certificate of intranet.litware.example (192.0.2.10:443) with alert_48 (frame 9); it was issued by “Litware Issuing CA 01”.",
    );
    const [self] = found(rule, [refusing(48, { trust: SELF_SIGNED })]);
    expect(self?.what).toMatch(/with alert_48 \(frame 9\); it is self-signed\.$/);
    expect(ca?.why).toContain("Nothing in this capture shows whether");
  });
});

describe("the server does not send the certificate of its issuer", () => {
  const CA = { O: "Sample Trust", CN: "Sample TLS CA 7" };
  const ANCHOR = "CN=Sample TLS CA 7, O=Sample Trust";
  const leaf = certificate({ issuer: CA, names: [NAME], scts: 2 });
  const between = certificate({ subject: CA, issuer: "Sample Root", isCa: true });
  const ROOT = { is: "public-root", anchor: "CN=Sample Root" } as const;
  const MISSING = { is: "incomplete", anchor: ANCHOR } as const;
  const unsent = "The server does not send the certificate of “Sample TLS CA 7”";

  test.each<[string, TlsOptions]>([
    ["a leaf with SCTs", { chain: [leaf], trust: MISSING }],
    ["one that is good with what another connection showed", { chain: [leaf], trust: ROOT }],
  ])("told, and no root is to be installed: %s", (_, options) => {
    const [finding, ...more] = found(rule, [refusing(48, options)]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ confidence: "proven", cause: "tls-alert" });
    expect(finding?.why).toContain(unsent);
    expect(finding?.fix).toContain("install the intermediate certificate of “Sample TLS CA 7” beside the server's own");
  });

  test.each<[string, number, TlsOptions, string]>([
    ["it was sent", 48, { chain: [leaf, between], trust: ROOT }, "tls-alert"],
    [
      "what is not sent is further up: it may be a root that is not known here",
      48,
      { chain: [leaf, between], trust: { is: "incomplete", anchor: "CN=Sample Root" } },
      "private-ca",
    ],
    ["issued by the root itself", 48, { chain: [leaf], trust: { is: "public-root", anchor: ANCHOR } }, "tls-alert"],
    [
      "nothing looks public",
      48,
      { trust: { is: "incomplete", anchor: "CN=Litware Issuing CA 01, O=Litware" } },
      "private-ca",
    ],
    ["another reason than the issuer", 44, { chain: [leaf], trust: MISSING }, "tls-alert"],
  ])("not told: %s", (_, code, options, cause) => {
    const [finding] = found(rule, [refusing(code, options)]);
    expect(finding?.cause).toBe(cause);
    expect(finding?.why).not.toContain("The server does not send");
  });
});

describe("the client closed at that point, without an alert", () => {
  const flight = ["Certificate", "ServerKeyExchange", "ServerHelloDone"].map(
    (message) => ["server", message, 7] as const,
  );
  const leaving = (options: TlsOptions = {}) =>
    refusing(0, {
      alerts: [],
      messages: [["client", "ClientHello", 4], ["server", "ServerHello", 6], ...flight],
      outcome: "closed",
      trust: PRIVATE,
      tcp: { client: { fin: 9 }, server: { fin: 11 } },
      ...options,
    });

  test.each<[string, TlsOptions, string, string]>([
    ["a FIN, a private CA", {}, "private-ca", "tcp.flags.fin"],
    [
      "a reset, a self-signed one",
      { trust: SELF_SIGNED, outcome: "reset", tcp: { reset: { from: "client", frame: 9 } } },
      "self-signed",
      "tcp.flags.reset",
    ],
    [
      "an alert of the server's afterwards: it missed the rest",
      { trust: INCOMPLETE, alerts: [{ from: "server", code: 50, description: "decode_error" }] },
      "private-ca",
      "tcp.flags.fin",
    ],
  ])("%s", (_, options, cause, path) => {
    const [finding] = found(rule, [leaving(options)]);
    expect(finding).toMatchObject({ confidence: "likely", cause });
    expect(finding?.evidence[0]).toMatchObject({ frame: 9, path });
    expect(finding?.what).toContain(
      "The client closed the connection to intranet.litware.example (192.0.2.10:443) when it had seen the certificate, without an alert (frame 9); it ",
    );
  });

  test("in TLS 1.3, read with its keys", () => {
    const messages = [
      ["client", "ClientHello", 4],
      ["server", "ServerHello", 6],
      ["server", "Certificate", 7],
      ["server", "Finished", 7],
    ] as const;
    const encrypted = { server: 6 };
    const seen = { version: 0x0304, decrypted: true, encrypted };
    expect(found(rule, [leaving({ messages, tls: seen })])).toHaveLength(1);
    expect(found(rule, [leaving({ messages, tls: { ...seen, encrypted: { server: 6, client: 8 } } })])).toEqual([]);
  });

  test.each<[string, TlsOptions]>([
    ["a good chain: whoever left, it was not for that", { trust: PUBLIC }],
    ["a declared CA", { trust: DECLARED }],
    [
      "one that lacks a certificate, and looks public",
      { trust: INCOMPLETE, chain: [certificate({ issuer: "R3", names: [NAME], scts: 2 })] },
    ],
    ["a chain that could not be checked", { trust: { is: "unknown" } }],
    ["the server closed first", { tcp: { client: { fin: 11 }, server: { fin: 9 } } }],
    ["nobody closed", { outcome: "stalled", tcp: {} }],
    [
      "the client still waited for the rest",
      {
        messages: [
          ["client", "ClientHello", 4],
          ["server", "Certificate", 7],
        ],
      },
    ],
    ["the rest is missing in the capture", { tcp: { client: { fin: 9 }, server: { missing: 9 } } }],
    ["the rest was lost", { tcp: { client: { fin: 9 }, server: { lost: 9 } } }],
    ["it went on", { messages: [["client", "ClientHello", 4], ...flight, ["client", "ClientKeyExchange", 8]] }],
    ["it said another reason", { alerts: [{ from: "client", code: 40, description: "handshake_failure" }] }],
  ])("no finding: %s", (_, options) => {
    expect(ask(rule, [leaving(options)])).toEqual({ is: "clear", checked: 1 });
  });
});

test.each([
  [44, PRIVATE, "The client gives another reason than an unknown issuer. "],
  [48, { is: "invalid-signature" } as const, "Its signature is not that of the issuer it names. "],
  [48, { is: "unknown" } as const, "The chain could not be checked here. "],
])("why, for alert %i and %j", (code, trust, why) => {
  expect(found(rule, [refusing(code, { trust })])[0]?.why.startsWith(why)).toBe(true);
});

test.each<[string, TlsOptions]>([
  ["accepted", { alerts: [] }],
  ["the server's alert", { alerts: [{ from: "server", code: 48, description: "unknown_ca" }] }],
  ["an alert about something else", { alerts: [{ from: "client", code: 40, description: "handshake_failure" }] }],
  ["a good chain for another name: a cause of its own", { name: "other.example", trust: PUBLIC }],
  [
    "an expired good chain: a cause of its own",
    { trust: PUBLIC, chain: [certificate({ issuer: "R3", names: [NAME], notAfter: NOW - DAY })] },
  ],
])("no finding: %s", (_, options) => {
  expect(ask(rule, [refusing(48, { trust: PRIVATE, ...options })])).toEqual({ is: "clear", checked: 1 });
});

test("nothing to see", () => {
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [tls({ tls: { version: 0x0304 } })])).toEqual({ is: "not-observed", missing: "key log" });
});
