import { describe, expect, it } from "vitest";
import { CIPHER_SUITES } from "./cipher-suites.ts";
import { alertName, cipherSuiteName, handshakeName, isHandshakeType, versionName } from "./names.ts";

describe("names", () => {
  it("names messages of both formats", () => {
    expect([1, 2, 11, 14, 200].map((type) => handshakeName(type))).toEqual([
      "ClientHello",
      "ServerHello",
      "Certificate",
      "ServerHelloDone",
      "unknown(200)",
    ]);
    expect(handshakeName(4, "sslv2")).toBe("ServerHello");
    expect(handshakeName(11, "sslv2")).toBe("unknown(11)");
    expect(isHandshakeType(11, "tls")).toBe(true);
    expect(isHandshakeType(56, "tls")).toBe(false);
  });

  it("names alerts as IANA does", () => {
    expect([0, 40, 48, 70, 255].map(alertName)).toEqual([
      "close_notify",
      "handshake_failure",
      "unknown_ca",
      "protocol_version",
      "unknown(255)",
    ]);
  });

  it("names versions and drafts", () => {
    expect([0x0002, 0x0300, 0x0303, 0x0304, 0x7f12, 0x7f1d, 0x3a3a].map(versionName)).toEqual([
      "SSL 2.0",
      "SSL 3.0",
      "TLS 1.2",
      "TLS 1.3",
      "TLS 1.3 (draft 18)",
      "unknown(0x7f1d)",
      "unknown(0x3a3a)",
    ]);
  });

  it("names cipher suites", () => {
    expect([0x0018, 0x1301, 0xc02f, 0x00ff, 0x5600, 0x010080, 0x3a3a, 0xab00cd].map(cipherSuiteName)).toEqual([
      "TLS_DH_anon_WITH_RC4_128_MD5",
      "TLS_AES_128_GCM_SHA256",
      "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
      "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
      "TLS_FALLBACK_SCSV",
      "SSL2_RC4_128_WITH_MD5",
      "unknown(0x3a3a)",
      "unknown(0xab00cd)",
    ]);
  });

  it("holds the cipher list in order, every line well-formed, no code twice", () => {
    const lines = CIPHER_SUITES.trim().split("\n");
    const codes = lines.map((line) => Number.parseInt(line, 16));
    expect(lines.filter((line) => !/^[0-9a-f]{4,6} [A-Z][A-Za-z0-9_]+$/.test(line))).toEqual([]);
    expect(codes).toEqual([...new Set(codes)].sort((a, b) => a - b));
  });
});
