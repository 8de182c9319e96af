import { describe, expect, test } from "vitest";
import {
  certificate,
  observations,
  PRIVATE,
  PUBLIC,
  pseudoTls,
  quic,
  type Spec,
  type TlsOptions,
  tcp,
  tls,
  tunnel,
  udp,
} from "../../test/support/observations.ts";
import type { ConnectionObservation } from "../observe/observations.ts";
import { diagnose } from "./diagnose.ts";
import type { OverallVerdict } from "./diagnosis.ts";
import { overallVerdict } from "./overall.ts";

const overall = (...specs: Spec[]): OverallVerdict => diagnose(observations(specs)).verdict;

const genuine = (name = "www.fabrikam.example", options: TlsOptions = {}) =>
  tls({ name, chain: [certificate({ issuer: "R3", names: [name] })], trust: PUBLIC, ...options });
const forged = (name: string, options: TlsOptions = {}, issuer: Record<string, string> = { CN: "Proxy CA" }) =>
  tls({ name, chain: [certificate({ issuer, names: [name] })], trust: PRIVATE, signing: { ownKey: true }, ...options });
const refused = (options: TlsOptions = {}) =>
  tcp({
    outcome: "refused",
    bytes: { fromClient: 0, fromServer: 0 },
    tcp: { synAck: null, reset: { from: "server", frame: 2 } },
    ...options,
  });
const hidden = (options: TlsOptions = {}) => tls({ outcome: "open", ...options, tls: { version: 0x0304 } });
const documented = pseudoTls("documented", { pseudo: { framedTurn: { server: 8 } } });

test("a program on the computer itself is no proxy in between", () => {
  const verdict = overall(
    forged("www.fabrikam.example", {
      client: "127.0.0.1",
      to: "127.0.0.1",
      port: 8080,
      through: tunnel("www.fabrikam.example:443"),
    }),
  );
  expect(verdict.headline).toMatch(/^A program on the computer itself intercepts TLS to www\.fabrikam\.example /);
  expect(verdict).toMatchObject({ next: expect.stringContaining("to the exceptions of the program on that computer") });
});

describe("clear: something was judged, nothing is wrong, nothing of a meeting is open", () => {
  test("one genuine connection", () => {
    expect(overall(genuine())).toEqual({
      is: "clear",
      judged: 1,
      notJudged: 0,
      headline: "Nothing intercepts: 1 connection to www.fabrikam.example (192.0.2.10:443) reached the genuine server.",
    });
  });

  test("what does not matter here may stay open, and is said", () => {
    const verdict = overall(genuine(), hidden({ name: "cdn.northwind.example" }));
    expect(verdict).toMatchObject({ is: "clear", judged: 1, notJudged: 1 });
    expect(verdict.headline).toMatch(/ 1 connection could not be judged \(missing: key log\)\.$/);
  });

  test("next to a certificate that nobody vouches for, interception is not ruled out", () => {
    const unexplained = forged("mail.litware.example", { signing: { ownKey: false } });
    expect(overall(genuine(), unexplained)).toMatchObject({
      is: "clear",
      headline:
        "No interception was found: 1 connection to www.fabrikam.example (192.0.2.10:443) reached the genuine server. 1 connection could not be judged (missing: a baseline or --private-ca).",
    });
  });

  test("nor where a possible one was overcome", () => {
    const verdict = overall(pseudoTls("alert", { outcome: "closed" }), documented);
    expect(verdict).toMatchObject({ is: "clear", headline: expect.stringMatching(/^No interception was found: /) });
  });

  test.each<[string, Spec, OverallVerdict["is"]]>([
    ["of a meeting service", hidden({ name: "teams.microsoft.com" }), "cannot-tell"],
    [
      "an unfinished handshake",
      tls({ name: "a.example", messages: [["client", "ClientHello", 4]], outcome: "stalled" }),
      "cannot-tell",
    ],
    [
      "a handshake of which a part is missing",
      tls({ messages: [["server", "ServerHello", 6]], tcp: { syns: 0, synAck: null } }),
      "cannot-tell",
    ],
    ["a handshake that stalled after both hellos", tls({ outcome: "stalled" }), "cannot-tell"],
    ["a handshake that an alert ended, encrypted", hidden({ outcome: "alert" }), "cannot-tell"],
    ["a handshake that went on, out of sight", hidden(), "clear"],
    ["from the middle of a connection", tcp({ tcp: { syns: 0, synAck: null } }), "clear"],
    ["mail", tcp({ protocol: "smtp", port: 25 }), "clear"],
  ])("with one that cannot be judged: %s", (_, open, expected) => {
    expect(overall(genuine(), open).is).toBe(expected);
  });
});

describe("impaired", () => {
  test("a failure, with its next step", () => {
    expect(overall(genuine(), refused({ to: "198.51.100.20" }))).toEqual({
      is: "impaired",
      confidence: "proven",
      judged: 2,
      notJudged: 0,
      headline: "No interception was found, but 198.51.100.20:443 failed: the port refuses connections.",
      next: "Allow TCP 443 to 198.51.100.20 on the firewall, or ask the operator whether the service is up.",
    });
  });

  test("a possible interception is not called none", () => {
    const alert = pseudoTls("alert", { alerts: [{ from: "server", code: 40, description: "handshake_failure" }] });
    expect(overall(alert).headline).toBe(
      "Interception is possible but not shown; 198.51.100.30:443 failed: the handshake ended with a TLS alert.",
    );
  });

  test("the meeting service's failure comes first, then the order of causes", () => {
    const udpFails = udp({ to: "203.0.113.9", stun: { requests: 5, responses: 0 } });
    const { headline } = overall(refused(), udpFails, refused({ to: "192.0.2.11" }));
    expect(headline).toContain("203.0.113.9:3478 failed: it never answers (and 2 more failed).");
    const expired = genuine("a.example", { chain: [certificate({ issuer: "R3", names: ["a.example"], notAfter: 1 })] });
    expect(overall(expired, refused()).headline).toContain("192.0.2.10:443 failed: the port refuses connections");
  });

  test("what the client uses nevertheless is not said to have failed", () => {
    const used = { tls: { applicationData: { client: true, server: true } } };
    const chain = [certificate({ issuer: "R3", names: ["mail.hoster.example"] })];
    const mail = (options: TlsOptions = {}) => genuine("imap.adatum.com", { port: 993, chain, ...used, ...options });
    expect(overall(mail()).headline).toBe(
      "No interception was found, but imap.adatum.com (192.0.2.10:993) is used in spite of a fault: its certificate is for another name.",
    );
    expect(overall(mail(), mail({ alike: 1 })).headline).toMatch(/ \(and 2 more are used in spite of a fault\)\.$/);
    expect(overall(mail(), mail({ tls: {} })).headline).toMatch(/ is used .* \(and 1 more failed\)\.$/);
    expect(overall(refused({ alike: 1 }), mail()).headline).toMatch(
      / failed: the port refuses connections \(and 1 more failed and 1 more is used in spite of a fault\)\.$/,
    );
    const open = tls({ name: "imap.adatum.com", port: 993, tls: { version: 0x0304, ...used.tls } });
    expect(overall(mail(), open).is).toBe("impaired");
    expect(overall(mail(), genuine("imap.adatum.com", { port: 993 })).is).toBe("clear");
    const lost = tls({ outcome: "stalled", lasts: 9, tcp: { server: { lost: 2000, largestSegment: 500 } }, ...used });
    expect(overall(lost).headline).toContain(" failed: packets are lost");
  });

  test("a likely cause makes it likely", () => {
    const lost = tls({ outcome: "stalled", tcp: { server: { lost: 100 } } });
    expect(overall(lost)).toMatchObject({ is: "impaired", confidence: "likely" });
  });
});

describe("a port that no meeting service uses, refused or silent, beside a meeting service that was reached", () => {
  const meeting = genuine("teams.microsoft.com");
  const probe = (options: TlsOptions = {}) => refused({ to: "10.20.0.77", port: 7680, ...options });

  test("is told, and does not count", () => {
    expect(overall(meeting, probe())).toMatchObject({
      is: "clear",
      judged: 2,
      headline:
        "Nothing intercepts: 1 connection to teams.microsoft.com (192.0.2.10:443) reached the genuine server. 1 connection to 10.20.0.77:7680 failed (the port refuses connections), at ports that no meeting service uses.",
    });
    const silent = probe({ outcome: "unanswered", tcp: { synAck: null, syns: 3 } });
    expect(overall(meeting, silent, probe()).is).toBe("clear");
    expect(overall(meeting, probe(), hidden({ name: "teams.microsoft.com" }))).toMatchObject({
      is: "cannot-tell",
      headline: expect.stringContaining("10.20.0.77:7680 failed"),
    });
  });

  test.each<[string, Spec[]]>([
    ["no meeting service was reached", [genuine(), probe()]],
    ["one of a meeting service's ports", [meeting, probe({ port: 443 })]],
    ["another of them", [meeting, probe({ port: 5061 })]],
    ["a meeting service's address", [meeting, probe({ to: "52.113.194.132" })]],
    ["another fault as well", [meeting, probe(), refused({ to: "192.0.2.11" })]],
    [
      "another kind of fault",
      [
        meeting,
        tcp({ port: 7680, outcome: "closed", bytes: { fromClient: 9, fromServer: 0 }, tcp: { server: { fin: 6 } } }),
      ],
    ],
  ])("but counts: %s", (_, specs) => {
    expect(overall(...specs).is).toBe("impaired");
  });
});

describe("a genuine server, and a handshake that is broken off", () => {
  const off = (options: TlsOptions = {}) =>
    genuine("www.fabrikam.example", { outcome: "reset", ...options, tls: { encrypted: {} } });

  test.each(["reset", "stalled"] as const)("after the certificate (%s): nobody is in the clear", (outcome) => {
    expect(overall(off({ outcome }), genuine("www.adatum.example", { to: "192.0.2.11" }))).toMatchObject({
      is: "cannot-tell",
      missing: ["what broke the handshake off after a good certificate"],
      headline:
        "Cannot tell: www.fabrikam.example (192.0.2.10:443) showed a good certificate, then the handshake was broken off.",
      next: "To find out: look into the client's log at that moment, and capture at the other end of the path too.",
    });
  });

  test.each([
    ["the capture only ends there", [off({ outcome: "open" })]],
    [
      "it is reset when all is over",
      [genuine("www.fabrikam.example", { outcome: "reset", tls: { encrypted: { client: 8, server: 9 } } })],
    ],
    ["the same server was reached as well", [off(), genuine("www.fabrikam.example")]],
  ])("not: %s", (_, specs) => {
    expect(overall(...specs).is).toBe("clear");
  });
});

describe("a failure that a later success to the same server overcame", () => {
  test("is told, and does not count", () => {
    const verdict = overall(refused(), refused(), genuine());
    expect(verdict).toMatchObject({ is: "clear", judged: 3 });
    expect(verdict.headline).toMatch(
      / 2 earlier connections to the same servers failed \(the port refuses connections\)\.$/,
    );
  });

  test.each<[string, Spec[]]>([
    ["a success before it", [genuine(), refused()]],
    ["a success of another client", [refused(), genuine(undefined, { client: "10.20.0.51" })]],
    ["a success at another port", [refused(), genuine(undefined, { port: 444 })]],
    ["a success at another server", [refused(), genuine(undefined, { to: "192.0.2.11" })]],
    ["a later connection that cannot be judged", [refused(), hidden(), genuine(undefined, { to: "192.0.2.11" })]],
    [
      "UDP that fails where TCP works",
      [udp({ to: "192.0.2.10", port: 3478, stun: { requests: 5, responses: 0 } }), genuine(undefined, { port: 3478 })],
    ],
  ])("not by %s", (_, specs) => {
    expect(overall(...specs).is).toBe("impaired");
  });

  test("with a name, only by a success under the same name: a filter, or the certificate, may go by it", () => {
    const wrong = genuine("www.northwind.example", { name: "sip.fabrikam.example" });
    expect(overall(wrong, genuine("sip.fabrikam.example")).is).toBe("clear");
    expect(overall(wrong, genuine("SIP.fabrikam.example")).is).toBe("clear");
    expect(overall(wrong, genuine("www.northwind.example")).is).toBe("impaired");
    expect(
      overall(wrong, tls({ chain: [certificate({ issuer: "R3", names: ["www.northwind.example"] })], trust: PUBLIC }))
        .is,
    ).toBe("impaired");
  });

  test("is one too when it went on out of sight", () => {
    const applicationData = { client: true, server: true };
    const used = (options: TlsOptions = {}) => tls({ ...options, tls: { version: 0x0304, applicationData } });
    const other = genuine("www.fabrikam.example", { to: "192.0.2.11" });
    expect(overall(refused(), used(), other)).toMatchObject({
      is: "clear",
      headline: expect.stringContaining("1 earlier connection to the same servers failed ("),
    });
    expect(overall(refused(), used())).toMatchObject({ is: "cannot-tell", missing: ["key log"] });
    for (const open of [used({ to: "192.0.2.12" }), used({ client: "10.20.0.51" }), hidden()])
      expect(overall(refused(), open, other).is).toBe("impaired");
    expect(overall(used(), refused(), other).is).toBe("impaired");
  });

  test("is found without a look at each failure for each success", () => {
    let reads = 0;
    const specs = [
      ...Array.from({ length: 100 }, (_, i) => tcp({ through: tunnel(`a${i}.example:443`, { status: 502 }) })),
      ...Array.from({ length: 100 }, (_, i) => tcp({ through: tunnel(`A${i + 1}.example:443`) })),
    ];
    const { connections, findings } = diagnose(observations(specs));
    const watched = connections.map(({ connection, ...judged }) => ({
      ...judged,
      connection: {
        ...connection,
        get through() {
          reads++;
          return connection.through;
        },
      } as ConnectionObservation,
    }));
    const { headline } = overallVerdict(watched, findings, [], []);
    expect(headline).toContain("a0.example (through 192.0.2.10:443) failed: the proxy cannot reach it.");
    expect(reads).toBeLessThan(10 * specs.length);
  });

  test("QUIC that is not answered is overcome over TCP", () => {
    const quic = udp({ to: "192.0.2.10", port: 443, protocol: "quic", bytes: { fromClient: 1200, fromServer: 0 } });
    expect(overall(quic).is).toBe("impaired");
    expect(overall(quic, genuine()).is).toBe("clear");
  });

  test("also where the certificate over TCP cannot be seen, and at another address of the name", () => {
    const silent = quic({
      name: "www.fabrikam.example",
      bytes: { fromClient: 1200, fromServer: 0 },
      messages: [["client", "ClientHello", 1]],
    });
    expect(overall(silent).is).toBe("impaired");
    expect(overall(silent, tls({ name: "www.fabrikam.example", to: "192.0.2.11", tls: { version: 0x0304 } })).is).toBe(
      "cannot-tell",
    );
  });
});

describe("intercepted, whatever else failed", () => {
  test("headline, product, entries", () => {
    const zscaler = { O: "Zscaler Inc.", CN: "Zscaler Root CA" };
    expect(
      overall(
        refused({ to: "192.0.2.99" }),
        genuine(),
        forged("a.example", {}, zscaler),
        forged("b.example", {}, zscaler),
      ),
    ).toEqual({
      is: "intercepted",
      confidence: "proven",
      judged: 4,
      notJudged: 0,
      headline: "Zscaler Internet Access intercepts TLS to a.example (192.0.2.10:443) and 1 more.",
      next: "Add a.example and b.example to the proxy's TLS inspection bypass list, then capture again and run `sightline analyze`.",
    });
  });

  test("several products, an unnamed one, a likely one: each with what it intercepts", () => {
    const two = overall(
      forged("a.example", {}, { O: "Zscaler Inc." }),
      forged("b.example", {}, { CN: "FortiGate CA" }),
      forged("c.example", {}, { CN: "FortiGate CA" }),
    );
    expect(two.headline).toBe(
      "Zscaler Internet Access intercepts TLS to a.example (192.0.2.10:443). Fortinet FortiGate intercepts TLS to b.example (192.0.2.10:443) and 1 more.",
    );
    expect(overall(forged("a.example")).headline).toMatch(/^A proxy in between intercepts TLS to /);
    const likely = overall(pseudoTls("other-bytes"), udp());
    expect(likely).toMatchObject({ is: "intercepted", confidence: "likely" });
    expect(likely.headline).toMatch(/^A proxy in between very likely intercepts TLS to 198\.51\.100\.30:443; /);
  });

  test("what is proven of one server, and who intercepts it, is not said of another", () => {
    const { headline } = overall(
      forged("www.adatum.com", {}, { O: "Fortinet", CN: "FortiGate CA" }),
      forged("meet.google.com", { to: "192.0.2.11", signing: { ownKey: false } }, { CN: "Hotel Login CA" }),
    );
    expect(headline).toBe(
      "A proxy in between very likely intercepts TLS to meet.google.com (192.0.2.11:443); sign in and meeting join cannot work through it. Fortinet FortiGate intercepts TLS to www.adatum.com (192.0.2.10:443).",
    );
  });

  test("what another fault breaks is not put down to interception", () => {
    const { headline } = overall(forged("www.adatum.com"), pseudoTls("silence", { outcome: "stalled" }));
    expect(headline).toBe("A proxy in between intercepts TLS to www.adatum.com (192.0.2.10:443).");
  });

  test("many products: the first are told, the rest counted", () => {
    const issuers = [{ O: "Zscaler Inc." }, { CN: "FortiGate CA" }, { CN: "mitmproxy" }, { CN: "Proxy CA" }];
    const { headline } = overall(...issuers.map((issuer, i) => forged(`h${i}.example`, { alike: i }, issuer)));
    expect(headline).toMatch(/^Zscaler .*\. Fortinet .*\. mitmproxy .*\. 4 more connections are intercepted too\.$/);
  });

  test("one proven interception makes the whole proven", () => {
    const specs = [pseudoTls("other-bytes"), udp(), forged("a.example")];
    expect(
      diagnose(observations(specs)).connections.map(({ verdict }) => "confidence" in verdict && verdict.confidence),
    ).toEqual(["likely", false, "proven"]);
    expect(overall(...specs).confidence).toBe("proven");
  });

  test("the meeting's connection is named first, what it breaks after it", () => {
    const broken = pseudoTls("certificate", { chain: [certificate({ issuer: "Proxy CA" })], trust: PRIVATE });
    const { headline } = overall(forged("a.example"), forged("teams.microsoft.com"), broken);
    expect(headline).toContain("TLS to 198.51.100.30:443 and 2 more; ");
    expect(headline).toMatch(/desktop sharing[^;]* cannot work through it\.$/);
  });

  test("what cannot be judged is said there too", () => {
    expect(overall(forged("a.example"), hidden()).headline).toMatch(
      / 1 connection could not be judged \(missing: key log\)\.$/,
    );
  });
});

describe("cannot tell", () => {
  test("says what to get", () => {
    expect(
      overall(hidden(), tls({ tcp: { server: { frames: 0 } }, messages: [["client", "ClientHello", 4]] })),
    ).toEqual({
      is: "cannot-tell",
      missing: ["key log", "the other direction"],
      judged: 0,
      notJudged: 2,
      headline: "Cannot tell: 2 connections could not be judged.",
      next: expect.stringMatching(/^To find out: .*TLS 1\.3 encrypts the certificate.* and capture both directions\.$/),
    });
  });

  test.each<[string, Spec[], string]>([
    ["nothing in it", [], "Cannot tell: there is no connection in this capture."],
    [
      "nothing that shows who answers",
      [udp({ protocol: "dns", port: 53 })],
      "Cannot tell: no connection in this capture shows who is at the other end.",
    ],
  ])("%s", (_, specs, headline) => {
    expect(overall(...specs)).toMatchObject({
      is: "cannot-tell",
      judged: 0,
      notJudged: 0,
      headline,
      missing: [expect.stringContaining("from its first packet on")],
    });
  });
});

describe("look-alikes count, each with all it stands for", () => {
  test("in counts and in words", () => {
    const verdict = overall(genuine(undefined, { alike: 9 }), hidden({ alike: 4 }));
    expect(verdict).toMatchObject({ judged: 10, notJudged: 5 });
    expect(verdict.headline).toContain("10 connections to");
    expect(verdict.headline).toContain("5 connections could not be judged");
  });

  test("those of the failure itself too", () => {
    expect(overall(refused()).headline).not.toContain("more failed");
    expect(overall(refused({ alike: 9 })).headline).toContain("(and 9 more failed)");
    expect(overall(refused({ alike: 9 }), refused({ to: "192.0.2.11", alike: 1 })).headline).toContain(
      "(and 11 more failed)",
    );
  });
});

test("pseudo-TLS that is answered as documented and goes on with TURN is clear", () => {
  expect(overall(documented).is).toBe("clear");
});

test("10 kB names keep out of headline and next step", () => {
  const { headline, next } = overall(
    forged(`${"a".repeat(60)}.${"b".repeat(10_000)}.example`, {}, { CN: "x".repeat(10_000) }),
  );
  expect(headline.length + (next?.length ?? 0)).toBeLessThan(500);
});

describe("what of the service goes over UDP", () => {
  const signIn = forged("sip.fabrikam.example", { to: "198.51.100.20" });
  const sharing = pseudoTls("alert");

  test("and works, is said beside what cannot", () => {
    const turn = udp({ stun: { dialect: "ms-turn", requests: 2, responses: 2 } });
    const { headline, next } = overall(signIn, turn, sharing);
    expect(headline).toContain("desktop sharing and file transfer cannot work through it.");
    expect(headline).toContain(" Audio and video still work, over UDP 3478.");
    expect(next).not.toContain("firewall");
  });

  test("and is blocked, is named, and is to be allowed", () => {
    const silent = udp({ stun: { dialect: "ms-turn", requests: 5, responses: 0 } });
    const { headline, next } = overall(signIn, silent, sharing);
    expect(headline).toContain("audio and video, desktop sharing and file transfer cannot work through it.");
    expect(headline).toContain(
      " UDP 3478 of 198.51.100.30 gets no answer either, so there is no other way for audio and video.",
    );
    expect(next).toMatch(
      / bypass list\. Allow UDP 3478 to 198\.51\.100\.30 on the firewall\. Then capture again and run `sightline analyze`\.$/,
    );
  });

  test("without anything broken there is nothing to say of it", () => {
    const turn = udp({ stun: { dialect: "ms-turn", requests: 2, responses: 2 } });
    const data = { applicationData: { client: true, server: true } };
    const readAlong = forged("sip.fabrikam.example", { to: "198.51.100.20", tls: data });
    expect(overall(readAlong, turn)).toMatchObject({ is: "intercepted", headline: expect.not.stringContaining("UDP") });
  });

  test("where TCP is not known to be intercepted, blocked UDP is no second cause of the interception", () => {
    const silent = udp({ stun: { dialect: "ms-turn", requests: 5, responses: 0 } });
    const { headline } = overall(forged("sip.fabrikam.example"), silent, sharing);
    expect(headline).not.toContain("UDP");
  });
});
