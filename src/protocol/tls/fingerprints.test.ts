import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ja3, ja3String, ja3s, ja3sString, ja4 } from "./fingerprints.ts";
import type { ClientHello, ServerHello } from "./messages.ts";

const sha = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);
const md5 = (text: string) => createHash("md5").update(text).digest("hex");
const extension = (type: number) => ({ type, data: new Uint8Array(0) });

const hello: ClientHello = {
  format: "tls",
  version: 0x0303,
  random: new Uint8Array(32),
  sessionId: new Uint8Array(0),
  cipherSuites: [0x3a3a, 0xc02f, 0x1301],
  compressionMethods: [0],
  extensions: [0x1a1a, 0, 16, 10, 11, 13, 43].map(extension),
  serverName: "av.fabrikam.example",
  alpn: ["h2", "http/1.1"],
  supportedVersions: [0xfafa, 0x0304, 0x0303],
  supportedGroups: [0x2a2a, 29, 23],
  ecPointFormats: [0],
  signatureAlgorithms: [0x0403, 0x0201],
  tickets: [],
};

describe("JA3", () => {
  it("leaves GREASE out and keeps wire order", () => {
    expect(ja3String(hello)).toBe("771,49199-4865,0-16-10-11-13-43,29-23,0");
    expect(ja3(hello)).toBe(md5("771,49199-4865,0-16-10-11-13-43,29-23,0"));
    expect(ja3String({ ...hello, extensions: undefined, supportedGroups: [], ecPointFormats: [] })).toBe(
      "771,49199-4865,,,",
    );
  });

  it("is not defined for SSLv2-format hellos", () => {
    expect(ja3({ ...hello, format: "sslv2" })).toBeUndefined();
    expect(ja4({ ...hello, format: "sslv2" }, "t")).toBeUndefined();
  });
});

describe("JA3S", () => {
  it("joins version, cipher and extensions", () => {
    const answer: ServerHello = {
      version: 0x0303,
      random: new Uint8Array(32),
      sessionId: new Uint8Array(0),
      cipherSuite: 0x1301,
      compressionMethod: 0,
      extensions: [extension(51), extension(43)],
      selectedVersion: 0x0304,
      isHelloRetryRequest: false,
      acceptsPsk: false,
      group: undefined,
    };
    expect(ja3sString(answer)).toBe("771,4865,51-43");
    expect(ja3s(answer)).toBe(md5("771,4865,51-43"));
    expect(ja3sString({ ...answer, extensions: undefined })).toBe("771,4865,");
  });
});

describe("JA4", () => {
  const tail = `${sha("1301,c02f")}_${sha("000a,000b,000d,002b_0403,0201")}`;

  it("counts SNI and ALPN, hashes the rest", () => {
    expect(ja4(hello, "t")).toBe(`t13d0206h2_${tail}`);
    expect(ja4(hello, "q")).toBe(`q13d0206h2_${tail}`);
  });

  it("takes the highest offered version, or the legacy one", () => {
    expect(ja4({ ...hello, supportedVersions: [] }, "t")).toContain("t12d");
    expect(ja4({ ...hello, supportedVersions: [], version: 0x0300 }, "t")).toContain("ts3d");
    expect(ja4({ ...hello, supportedVersions: [0x7f12] }, "t")).toContain("t00d");
  });

  it("says i without SNI, 00 without ALPN, zeros for empty lists, no underscore without signature algorithms", () => {
    const bare = {
      ...hello,
      cipherSuites: [0x0a0a],
      extensions: undefined,
      alpn: [],
      supportedVersions: [],
      signatureAlgorithms: [],
    };
    expect(ja4(bare, "t")).toBe("t12i000000_000000000000_000000000000");
    expect(ja4({ ...bare, extensions: [extension(0)] }, "t")).toBe("t12d000100_000000000000_000000000000");
    expect(ja4({ ...bare, extensions: [extension(23)] }, "t")).toBe(`t12i000100_000000000000_${sha("0017")}`);
  });

  it("writes ALPN ends as they are, or from hexadecimal when one is not alphanumeric", () => {
    const end = (name: string) => ja4({ ...hello, alpn: [name] }, "t")?.slice(8, 10);
    expect(end("h2")).toBe("h2");
    expect(end("h")).toBe("hh");
    expect(end("http/1.1")).toBe("h1");
    expect(end("/")).toBe("2f");
    expect(end("0\u00ab")).toBe("3b");
    expect(end("\u00ba\u00ad")).toBe("99");
  });

  it("stops counting at 99", () => {
    expect(ja4({ ...hello, cipherSuites: Array.from({ length: 120 }, (_, i) => 0x100 + i) }, "t")?.slice(4, 6)).toBe(
      "99",
    );
  });
});
