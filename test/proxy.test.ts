/**
 * Behind an explicit proxy: what is said of a tunnel must not be said of the server behind it. Whole captures, as they go wrong.
 */
import { describe, expect, test } from "vitest";
import { fromHex } from "../src/bytes/text.ts";
import { analyze, type Report } from "../src/index.ts";
import { concat, memorySource } from "./support/capture-writer.ts";
import { authority, ecKeys, pem } from "./support/certificates.ts";
import { Conversation, pcapOf, text, udpFrame } from "./support/packets.ts";
import {
  APPLICATION_DATA,
  certificate,
  clientHello,
  flight,
  MS_TURN_HELLO,
  serverHello,
} from "./support/tls-messages.ts";
import { handshake } from "./support/traffic.ts";

const PROXY = { ip: "10.0.0.9", port: 3128 };
const GRANTED = text("HTTP/1.1 200 Connection established\r\n\r\n");
const DEMAND = text("HTTP/1.1 407 Who?\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n");
const connect = (target: string) => text(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
const request = (target: string, port: number) =>
  new Conversation({ client: { ip: "10.0.0.5", port }, server: PROXY }).open().say("client", connect(target));

const PAGE = text(
  "HTTP/1.1 403 No\r\nServer: filter\r\nContent-Type: text/html\r\n\r\n<html><head><title>Blocked</title></head></html>",
);

/** The client's way to a tunnel through SOCKS 5 to av.fabrikam.com, or to `address` (type and bytes); the proxy's reply. */
function socks(address = [3, 15, ...text("av.fabrikam.com")], reply = 0): Conversation {
  return new Conversation({ client: { ip: "10.0.0.5", port: 50_000 }, server: PROXY })
    .open()
    .say("client", Uint8Array.of(5, 1, 0))
    .say("server", Uint8Array.of(5, 0))
    .say("client", Uint8Array.of(5, 1, 0, ...address, 1, 187))
    .say("server", Uint8Array.of(5, reply, 0, 1, 10, 0, 0, 9, 1, 187));
}

const { certificate: ROOT, leaf } = authority("Root");
const CORP = ecKeys();
const LONG = ["200101000000Z", "450101000000Z"] as const;

/** A whole connection in the tunnel. */
function inTunnel(talk: Conversation, name: string, chain: readonly Uint8Array[]): Conversation {
  return handshake(talk, name, chain)
    .say("client", APPLICATION_DATA)
    .say("server", APPLICATION_DATA)
    .fin("client")
    .fin("server")
    .ack("client");
}

async function report(...frames: readonly (readonly Uint8Array[])[]): Promise<Report> {
  return analyze([memorySource(pcapOf(frames.flat(), { seconds: 1_790_000_000 }))], { roots: [pem(ROOT)] });
}

const HELLO = flight(clientHello({ name: "av.fabrikam.com" }));
const tunnel = () => request("av.fabrikam.com:443", 50_000).say("server", GRANTED);

describe("the proxy's grant is no answer of the server's", () => {
  test.each([
    ["TLS, and the capture ends", tunnel().say("client", HELLO)],
    ["pseudo-TLS, and the capture ends", tunnel().say("client", MS_TURN_HELLO)],
  ])("%s: nothing is accused", async (_, talk) => {
    const stun = udpFrame({ ip: "10.0.0.5", port: 60_000 }, { ip: PROXY.ip, port: 3478 }, new Uint8Array(20));
    const { verdict, connections, findings } = await report(talk.frames, [stun]);
    expect(verdict.is).toBe("cannot-tell");
    expect(findings.filter(({ rule }) => rule !== "capture-incomplete")).toEqual([]);
    expect(connections[0]).toMatchObject({ through: { target: "av.fabrikam.com:443", status: 200 } });
  });

  test.each([
    ["reset-on-hello", tunnel().say("client", HELLO).reset("server")],
    ["closed-without-answer", tunnel().say("client", HELLO).fin("server")],
    ["non-tls-answer", tunnel().say("client", HELLO).say("server", PAGE).fin("server")],
    ["reset-on-hello", socks().say("client", HELLO).reset("server")],
    ["non-tls-answer", socks().say("client", HELLO).say("server", PAGE).fin("server")],
  ])("%s in the tunnel is what fails, whoever did it", async (cause, talk) => {
    const { verdict, connections } = await report(talk.frames);
    expect(verdict).toMatchObject({ is: "impaired", confidence: "proven" });
    expect(connections[0]?.verdict).toMatchObject({ is: "impaired", cause });
    expect(verdict.headline).toContain("av.fabrikam.com (through 10.0.0.9:3128) failed");
  });

  test("a page in the tunnel is kept with its status, title and server", async () => {
    const { connections } = await report(tunnel().say("client", HELLO).say("server", PAGE).frames);
    expect(connections[0]?.http).toMatchObject({ frame: 7, status: 403, title: "Blocked", server: "filter" });
  });
});

describe("SOCKS", () => {
  test("TLS in the tunnel is judged by the name, and exempted by it", async () => {
    const forged = leaf("av.fabrikam.com", { issuer: "Corp CA", keys: CORP, signer: CORP });
    const { connections, bypass } = await report(inTunnel(socks(), "av.fabrikam.com", [forged]).frames);
    expect(connections[0]).toMatchObject({
      protocol: "tls",
      server: { ip: "10.0.0.9", port: 3128 },
      through: { kind: "socks", version: "5", target: "av.fabrikam.com:443", status: 0 },
      serverName: "av.fabrikam.com",
      verdict: { is: "intercepted", confidence: "proven" },
    });
    expect(bypass).toMatchObject([{ match: "domain", value: "av.fabrikam.com", port: 443 }]);
  });

  test("a pseudo-TLS hello in the tunnel: the target's address is what to exempt", async () => {
    const forged = leaf("x", { issuer: "Corp CA", signer: ecKeys() });
    const talk = socks([1, 203, 0, 113, 10])
      .say("client", MS_TURN_HELLO)
      .say("server", flight(serverHello(), certificate(forged)));
    const { verdict, bypass } = await report(talk.frames);
    expect(verdict).toMatchObject({ is: "intercepted", confidence: "proven" });
    expect(bypass).toMatchObject([{ match: "ip", value: "203.0.113.10/32", port: 443 }]);
  });

  test("a genuine certificate in the tunnel", async () => {
    const { verdict } = await report(inTunnel(socks(), "av.fabrikam.com", [leaf("av.fabrikam.com")]).frames);
    expect(verdict.is).toBe("clear");
  });

  test("a refusal is what fails", async () => {
    const { connections, verdict } = await report(socks(undefined, 5).frames);
    expect(verdict).toMatchObject({ is: "impaired", confidence: "proven" });
    expect(connections[0]).toMatchObject({ protocol: "socks", through: { status: 5 } });
    expect(connections[0]?.verdict).toMatchObject({ cause: "proxy-upstream-failed" });
  });

  test("neither name nor password is in the Report", async () => {
    const login = Uint8Array.of(1, 5, ...text("alice"), 8, ...text("s3cr3t!!"));
    const greeted = new Conversation({ client: { ip: "10.0.0.5", port: 50_000 }, server: PROXY }).open();
    greeted
      .say("client", Uint8Array.of(5, 1, 2))
      .say("server", Uint8Array.of(5, 2))
      .say("client", login)
      .say("server", Uint8Array.of(1, 1));
    const refused = await report(greeted.frames);
    expect(JSON.stringify(refused)).not.toMatch(/alice|s3cr/);
    expect(refused.connections[0]).toMatchObject({ protocol: "socks", through: { kind: "socks", version: "5" } });
    expect(refused.connections[0]?.verdict).toMatchObject({ cause: "proxy-auth-required" });
  });
});

describe("one host behind several names is one host", () => {
  const shared = { issuer: "Corp CA", signer: ecKeys(), keys: ecKeys(), dates: LONG };
  const names = ["app.contoso.com", "www.fabrikam.org"];

  test("one key for both proves nothing", async () => {
    const talks = names.map((name, i) =>
      inTunnel(request(`${name}:443`, 50_000 + i).say("server", GRANTED), name, [leaf(name, shared)]),
    );
    const { findings } = await report(...talks.map(({ frames }) => frames));
    expect(findings.filter(({ rule }) => rule === "shared-leaf-key" || rule === "minted-on-demand")).toEqual([]);
  });

  test("one default certificate for both is no portal", async () => {
    const chain = [leaf("default.contoso.com")];
    const talks = names.map((name, i) =>
      inTunnel(request(`${name}:443`, 50_000 + i).say("server", GRANTED), name, chain),
    );
    const { findings } = await report(...talks.map(({ frames }) => frames));
    expect(findings.filter(({ rule }) => rule === "captive-portal")).toEqual([]);
    expect(findings.some(({ rule }) => rule === "name-mismatch")).toBe(true);
  });
});

describe("a demand for credentials", () => {
  test("that was met on the same connection is none, though the answer is not in the capture", async () => {
    const asked = request("av.fabrikam.com:443", 50_000)
      .say("server", DEMAND)
      .say("client", connect("av.fabrikam.com:443"));
    const { connections, findings } = await report(asked.frames);
    expect(findings).toEqual([]);
    expect(connections[0]?.through).toEqual({ kind: "http-connect", target: "av.fabrikam.com:443" });
  });

  test("with an empty line before the second request, and in other letters on a second connection", async () => {
    const chain = [leaf("av.fabrikam.com")];
    const first = request("AV.fabrikam.com:443", 50_000).say("server", DEMAND).fin("server").fin("client");
    const second = request("av.fabrikam.com:443", 50_001)
      .say("server", DEMAND)
      .say("client", concat(text("\r\n"), connect("av.fabrikam.com:443")))
      .say("server", GRANTED);
    const { verdict } = await report(first.frames, inTunnel(second, "av.fabrikam.com", chain).frames);
    expect(verdict.is).toBe("clear");
  });

  test("that is met on a second connection, whose certificate nobody knows, is got over", async () => {
    const first = request("app.contoso.com:443", 50_000).say("server", DEMAND).fin("server").fin("client");
    const second = request("app.contoso.com:443", 50_001).say("server", GRANTED);
    const chain = [leaf("app.contoso.com", { issuer: "Corp CA", signer: ecKeys(), dates: LONG })];
    const { verdict } = await report(first.frames, inTunnel(second, "app.contoso.com", chain).frames);
    expect(verdict.is).toBe("cannot-tell");
  });

  test("that stays is what fails", async () => {
    const { verdict } = await report(request("av.fabrikam.com:443", 50_000).say("server", DEMAND).frames);
    expect(verdict).toMatchObject({ is: "impaired", confidence: "proven" });
  });
});

test("a box in the own network that is asked for by a name of its own is not accused", async () => {
  const chain = [leaf("fw", { issuer: "FortiGate CA", signer: ecKeys() })];
  const { verdict } = await report(inTunnel(request("fw:443", 50_000).say("server", GRANTED), "fw", chain).frames);
  expect(verdict.is).toBe("cannot-tell");
});

test.each(["*:443", "*.com:443", 'a,b;c"d:443'])("%s is put into no list", async (target) => {
  const talk = request(target, 50_000).say("server", GRANTED).say("client", MS_TURN_HELLO);
  const answered = talk.say(
    "server",
    flight(serverHello(), certificate(leaf("x", { issuer: "Corp CA", signer: ecKeys() }))),
  );
  const { verdict, bypass } = await report(answered.frames);
  expect(verdict.is).toBe("intercepted");
  expect(bypass).toEqual([]);
  expect(verdict.next).toMatch(/^Add the server \(.+\) to the proxy's TLS inspection bypass list, /);
});

describe("what is said in a tunnel before TLS is read as elsewhere", () => {
  const rdp = (code: string) => fromHex(`030000130e${code}0000000000 0100080001000000`);
  const dialogues: readonly (readonly [string, string, (talk: Conversation) => Conversation])[] = [
    [
      "STARTTLS of chat",
      "xmpp",
      (talk) =>
        talk
          .say("client", text("<?xml version='1.0'?><stream:stream to='fabrikam.com'>"))
          .say("server", text("<stream:stream><stream:features><starttls/></stream:features>"))
          .say("client", text("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"))
          .say("server", text("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")),
    ],
    [
      "STARTTLS of mail, where the server speaks first",
      "smtp",
      (talk) =>
        talk.say("server", text("220 ready\r\n")).say("client", text("STARTTLS\r\n")).say("server", text("220 go\r\n")),
    ],
    [
      "RDP",
      "rdp",
      (talk) => talk.say("client", rdp("e0")).say("server", fromHex("030000130ed000001234000200080001000000")),
    ],
  ];

  test.each(dialogues)("%s", async (_, protocol, speak) => {
    for (const talk of [tunnel(), socks()]) {
      const whole = inTunnel(speak(talk), "av.fabrikam.com", [leaf("av.fabrikam.com")]);
      const { connections, verdict } = await report(whole.frames);
      expect(connections[0]).toMatchObject({ protocol, serverName: "av.fabrikam.com", verdict: { is: "genuine" } });
      expect(connections[0]?.through?.target).toBe("av.fabrikam.com:443");
      expect(verdict.is).toBe("clear");
    }
  });

  test.each(dialogues)("%s, and then nothing", async (_, protocol, speak) => {
    const { connections } = await report(speak(tunnel()).say("client", HELLO).reset("server").frames);
    expect(connections[0]).toMatchObject({ protocol, verdict: { is: "impaired", cause: "reset-on-hello" } });
  });

  test("of one tunnel in another the outer one is told", async () => {
    const { connections } = await report(
      tunnel().say("client", connect("b.fabrikam.com:443")).say("server", GRANTED).frames,
    );
    expect(connections[0]?.through?.target).toBe("av.fabrikam.com:443");
  });
});

describe("RDP servers sign their certificates themselves", () => {
  const RDP = {
    request: fromHex("030000130ee00000000000010008000b000000"),
    confirm: fromHex("030000130ed000001234000200080001000000"),
  };
  const session = (ip: string, name: string, options: object) =>
    inTunnel(
      new Conversation({ server: { ip, port: 3389 } }).open().say("client", RDP.request).say("server", RDP.confirm),
      name,
      [leaf(name, options)],
    );

  test("nobody is accused, not even where images share a key", async () => {
    const keys = ecKeys();
    const hosts = ["rdp01.corp.fabrikam.com", "WIN-4F2K9", "desk.northwind.org", "ts.wingtip.net"];
    const frames = hosts.flatMap(
      (name, i) => session(`198.51.100.${10 + i}`, name, { issuer: name, signer: keys, keys }).frames,
    );
    const { verdict, connections, findings } = await report(frames);
    expect(findings.filter(({ confidence }) => confidence !== "possible")).toEqual([]);
    expect(connections.map(({ protocol, verdict: { is } }) => [protocol, is])).toEqual(
      hosts.map(() => ["rdp", "cannot-tell"]),
    );
    expect(verdict.is).toBe("cannot-tell");
  });

  test("one that an organisation's authority signed is not accused either", async () => {
    const signer = ecKeys();
    const frames = ["a.corp.fabrikam.com", "b.corp.fabrikam.com"].flatMap(
      (name, i) => session(`198.51.100.${10 + i}`, name, { issuer: "Fabrikam CA", signer }).frames,
    );
    expect((await report(frames)).verdict.is).toBe("cannot-tell");
  });
});

test("mail without its beginning is read as what is found in it", async () => {
  const whole = new Conversation().open();
  const before = whole.frames.length;
  whole.say("server", text("220 FTP\r\n")).say("client", text("AUTH TLS\r\n")).say("server", text("234 go\r\n"));
  const { frames } = inTunnel(whole, "ftp.fabrikam.com", [leaf("ftp.fabrikam.com")]);
  const { connections } = await report(frames.slice(before));
  expect(connections[0]?.handshake.map(({ message }) => message)).toContain("Certificate");
});
