/** Drafts → Observations: digests, trust, what signed a leaf, and where the capture was taken. */

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { memorySource, payload } from "../../test/support/capture-writer.ts";
import { caExtension, ecKeys, makeCertificate, spkiOf } from "../../test/support/certificates.ts";
import { ACK, CLIENT, Conversation, pcapOf, SERVER, SYN, tcpFrame } from "../../test/support/packets.ts";
import { certificate, clientHello, flight, serverHello } from "../../test/support/tls-messages.ts";
import { CaptureSet } from "../capture/set.ts";
import { parseCertificate } from "../protocol/x509/certificate.ts";
import { TrustStore } from "../protocol/x509/trust.ts";
import { derive } from "./derive.ts";
import { collect } from "./from-capture.ts";
import { Keeper } from "./keeper.ts";
import type { Observations } from "./observations.ts";

const caKeys = ecKeys();
const leafKeys = ecKeys();
const CA = makeCertificate({ subject: "ca", issuer: "ca", signer: caKeys, extensions: [caExtension()] });
const LEAF = makeCertificate({ subject: "leaf", issuer: "ca", signer: caKeys, keys: leafKeys });
const OTHER_CA = makeCertificate({ subject: "ca", issuer: "ca", signer: ecKeys(), extensions: [caExtension()] });

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function observe(
  frames: readonly Uint8Array[],
  roots: readonly Uint8Array[] = [],
  seconds?: number,
): Promise<Observations> {
  const set = await CaptureSet.open([memorySource(pcapOf(frames, seconds === undefined ? {} : { seconds }))]);
  const { drafts, totals, vantage } = await collect(set, new Keeper(1000), { progress: () => false });
  set.close();
  const store = new TrustStore({ publicRoots: [], roots: roots.map((der) => parseCertificate(der)) });
  return derive([], drafts, { vantage, names: new Map(), totals: { ...totals, bytes: 0 } }, store);
}

const presenting = (port: number, ...chain: readonly Uint8Array[]) =>
  new Conversation({ client: { ...CLIENT, port } })
    .open()
    .say("client", flight(clientHello()))
    .say("server", flight(serverHello(), certificate(...chain))).frames;

describe("certificates", () => {
  test("each once, by the SHA-256 of its bytes, with that of its key", async () => {
    const { certificates, connections } = await observe([
      ...presenting(50_000, LEAF, CA),
      ...presenting(50_001, LEAF, CA),
    ]);
    expect([...certificates.keys()]).toEqual([sha256(LEAF), sha256(CA)]);
    expect(certificates.get(sha256(LEAF))?.spkiSha256).toBe(sha256(spkiOf(leafKeys)));
    for (const { tls } of connections)
      expect(tls?.certificates.map((c) => c.sha256)).toEqual([sha256(LEAF), sha256(CA)]);
  });

  test("one that does not parse is presented and not among them", async () => {
    const { certificates, connections } = await observe(presenting(50_000, payload(30), CA));
    expect([...certificates.keys()]).toEqual([sha256(CA)]);
    expect(connections[0]?.tls?.certificates[0]?.sha256).toBe(sha256(payload(30)));
    expect(connections[0]?.tls).not.toHaveProperty("trust");
    expect(connections[0]?.tls).not.toHaveProperty("signing");
  });

  test("nothing of a draft's own bookkeeping is left", async () => {
    const [connection] = (await observe(presenting(50_000, LEAF))).connections;
    for (const field of ["kind", "broadKind", "handshakeSeen", "chainSeen", "firstFrame"]) {
      expect(connection).not.toHaveProperty(field);
    }
  });
});

describe("trust and signing", () => {
  test("a chain to a given root", async () => {
    const { connections } = await observe(presenting(50_000, LEAF, CA), [CA]);
    expect(connections[0]?.tls?.trust).toMatchObject({ is: "public-root", anchor: "CN=ca", declared: "roots" });
    expect(connections[0]?.tls?.signing).toEqual({ ownKey: false, issuerKey: sha256(spkiOf(caKeys)) });
  });

  test("an authority that bears the name of a given root and has another key", async () => {
    const imitated = makeCertificate({ subject: "ca", issuer: "ca", signer: ecKeys(), extensions: [caExtension()] });
    const ofAnother = makeCertificate({ subject: "leaf", issuer: "ca", signer: ecKeys() });
    const namesakes = async (chain: Uint8Array[], roots: Uint8Array[]) => {
      const { connections } = await observe(presenting(50_000, ...chain), roots);
      return connections[0]?.tls?.signing?.namesake?.der;
    };
    expect(await namesakes([ofAnother, imitated], [CA])).toEqual(imitated);
    // Several of one name: any of their keys will do.
    expect(await namesakes([ofAnother, OTHER_CA], [CA, OTHER_CA])).toBeUndefined();
    expect(await namesakes([ofAnother, imitated], [])).toBeUndefined();
    expect(await namesakes([ofAnother], [CA])).toBeUndefined();
    expect(await namesakes([LEAF, CA], [CA])).toBeUndefined();
  });

  test("the issuer may be presented by another connection", async () => {
    const { connections } = await observe([...presenting(50_000, LEAF), ...presenting(50_001, CA)]);
    expect(connections[0]?.tls?.signing?.issuerKey).toBe(sha256(spkiOf(caKeys)));
    const alone = await observe(presenting(50_000, LEAF));
    expect(alone.connections[0]?.tls).toMatchObject({ trust: { is: "incomplete" }, signing: { ownKey: false } });
    expect(alone.connections[0]?.tls?.signing).not.toHaveProperty("issuerKey");
  });

  test("a certificate that only bears the issuer's name has not signed it", async () => {
    const { connections } = await observe(presenting(50_000, LEAF, OTHER_CA));
    expect(connections[0]?.tls?.signing).toEqual({ ownKey: false });
    const both = await observe([...presenting(50_000, LEAF, OTHER_CA), ...presenting(50_001, CA)]);
    expect(both.connections[0]?.tls?.signing?.issuerKey).toBe(sha256(spkiOf(caKeys)));
  });

  test("a leaf that carries the key that signed it", async () => {
    const forged = makeCertificate({ subject: "www.example.com", issuer: "ca", signer: caKeys });
    const { connections } = await observe(presenting(50_000, forged));
    expect(connections[0]?.tls?.signing).toEqual({ ownKey: true, issuerKey: sha256(spkiOf(caKeys)) });
  });

  test("the same chain is judged by the day it was seen", async () => {
    const dates = ["150101000000Z", "200101000000Z"] as const;
    const old = makeCertificate({ subject: "old", issuer: "old", signer: caKeys, extensions: [caExtension()], dates });
    const leaf = makeCertificate({ subject: "leaf", issuer: "old", signer: caKeys, keys: leafKeys });
    const at = async (seconds: number) =>
      (await observe(presenting(50_000, leaf, old), [old], seconds)).connections[0]?.tls?.trust;
    expect(await at(1_500_000_000)).toEqual({ is: "public-root", anchor: "CN=old", declared: "roots" });
    expect((await at(1_700_000_000))?.detail).toBeDefined();
  });

  test("with more issuers of one name than are tried the signer is not known, and nobody is blamed", async () => {
    const strangers = Array.from({ length: 20 }, (_, i) =>
      makeCertificate({
        subject: "ca",
        issuer: "ca",
        signer: ecKeys(),
        extensions: [caExtension()],
        serial: Uint8Array.of(2, i),
      }),
    );
    const frames = [...strangers, CA].flatMap((ca, i) => presenting(40_000 + i, ca));
    const { connections } = await observe([...frames, ...presenting(50_000, LEAF)]);
    expect(connections.at(-1)?.tls?.signing).toEqual({ ownKey: false });
  });
});

describe("where the capture was taken", () => {
  const connection = (client: string, server: string, near: number, far: number) => [
    tcpFrame(
      { ...CLIENT, ip: client },
      { ...SERVER, ip: server },
      new Uint8Array(0),
      { flags: SYN, sequence: 1 },
      near,
    ),
    tcpFrame(
      { ...SERVER, ip: server },
      { ...CLIENT, ip: client },
      new Uint8Array(0),
      { flags: SYN | ACK, sequence: 5, acknowledgement: 2 },
      far,
    ),
  ];
  const vantage = async (...frames: Uint8Array[][]) => (await observe(frames.flat())).vantage;

  test.each([
    ["client", 64, 57],
    ["client", 128, 240],
    ["server", 57, 64],
    ["middle", 63, 63],
    ["unknown", 64, 64],
  ])("%s: TTLs %i and %i", async (expected, near, far) => {
    expect(await vantage(connection("10.0.0.5", "192.0.2.1", near, far))).toBe(expected);
  });

  test("both ends near: one address at one end of everything", async () => {
    const near = (client: string, server: string) => connection(client, server, 64, 64);
    expect(await vantage(near("10.0.0.5", "192.0.2.1"), near("10.0.0.5", "192.0.2.2"))).toBe("client");
    expect(await vantage(near("10.0.0.5", "192.0.2.1"), near("10.0.0.6", "192.0.2.1"))).toBe("server");
    expect(await vantage(near("10.0.0.5", "192.0.2.1"), near("10.0.0.6", "192.0.2.2"))).toBe("unknown");
  });

  test("connections whose beginning, or other side, is not there do not count", async () => {
    expect(await vantage()).toBe("unknown");
    expect(await vantage([connection("10.0.0.5", "192.0.2.1", 64, 57)[0] as Uint8Array])).toBe("unknown");
    expect(await vantage([connection("10.0.0.5", "192.0.2.1", 64, 57)[1] as Uint8Array])).toBe("unknown");
  });
});
