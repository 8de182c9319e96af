import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { text as ascii } from "../../../test/support/packets.ts";
import { toLatin1 } from "../../bytes/text.ts";
import { AddressMap } from "../../packet/address-map.ts";
import { beginsHttp, copyHttp, copySession, withoutAddresses } from "./text.ts";

const map = new AddressMap(new Uint8Array(32).fill(3));

function http(message: string): { kept: string; end: number } {
  const bytes = ascii(message);
  const into = new Uint8Array(bytes.length);
  const end = copyHttp(bytes, into, 0, map);
  return { kept: toLatin1(into.subarray(0, end)), end };
}

function session(given: string, isXml = false): string {
  const bytes = ascii(given);
  const into = new Uint8Array(bytes.length);
  return toLatin1(into.subarray(0, copySession(bytes, into, 0, isXml)));
}

describe("addresses in text", () => {
  test("keep their length, and are the other ones where these fit", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const changed = withoutAddresses(`<${address}>`, map);
        expect(changed).toHaveLength(address.length + 2);
        const plain = changed.slice(1, -1).split(".").map(Number).join(".");
        if (!/^[0.]+$/.test(changed.slice(1, -1)) && !/^(10|127|169\.254|172|192\.168)\./.test(address))
          expect(plain).toBe(map.text(address));
      }),
    );
  });

  test.each([
    ["version 1.2.3, or 1.2.3.4.5", "version 1.2.3, or 1.2.3.4.5"],
    ["at 12:34:56", "at 00:00:00"],
    ["[2001:db8::1]:443", "[0000:000::0]:443"],
  ])("%s", (given, expected) => {
    expect(withoutAddresses(given, map)).toBe(expected);
  });

  test("a private one that has no room for its other stays private", () => {
    expect(withoutAddresses("10.1.2.3:80", map)).toMatch(/^10\.\d\.\d\.\d:80$/);
  });
});

describe("HTTP", () => {
  test("a request for a tunnel: the name stays, who asks does not", () => {
    const { kept } = http(
      "CONNECT sip.example.com:443 HTTP/1.1\r\nHost: sip.example.com:443\r\nProxy-Authorization: Basic Ym9iOnNlY3JldA==\r\nUser-Agent: Lync/16 (bob's)\r\nCookie: id=7\r\n\r\n",
    );
    expect(kept).toBe(
      "CONNECT sip.example.com:443 HTTP/1.1\r\nHost: sip.example.com:443\r\nProxy-Authorization: xxxxx xxxxxxxxxxxxxxxx\r\nUser-Agent: xxxxxxx xxxxxxx\r\nCookie: xxxx\r\n\r\n",
    );
  });

  test("a page that refuses: who says so stays, for whom does not", () => {
    const page = "<html><title>Denied by Contoso</title>Dear bob at 10.1.2.3</html>";
    const { kept, end } = http(
      `HTTP/1.1 407 Proxy Authentication Required\r\nVia: 1.1 gw\r\nProxy-Authenticate: NTLM TlRMTVNTUAACAAAADAAMADgAAAA=\r\nX-Client-IP: 10.1.2.3\r\nContent-Length: ${page.length}\r\n\r\n${page}trailing`,
    );
    expect(kept).toContain(
      "HTTP/1.1 407 Proxy Authentication Required\r\nVia: 1.1 gw\r\nProxy-Authenticate: NTLM xxxx",
    );
    expect(kept).toContain("<title>Denied by Contoso</title>");
    expect(kept).not.toMatch(/TlRM|bob|10\.1\.2\.3|trailing/);
    expect(kept).toHaveLength(end);
  });

  test("where a portal leads, without what it knows", () => {
    const { kept } = http(
      "HTTP/1.1 302 Found\r\nLocation: http://login.example/start?mac=001122334455&ip=10.0.0.7\r\nContent-Length: 0\r\n\r\n",
    );
    expect(kept).toMatch(/^HTTP\/1\.1 302 Found\r\nLocation: http:\/\/login\.example\/start\?x{28}\r\n/);
  });

  test("chunks: their lengths stay, and the title", () => {
    const { kept } = http(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1b;who=bob\r\n<title>Hi</title> secret....\r\n0\r\n\r\n".replace(
        "....",
        "..",
      ),
    );
    expect(kept).toContain("\r\n\r\n1b        \r\n<title>Hi</title> xxxxxxxx");
    expect(kept.endsWith("\r\n0\r\n\r\n")).toBe(true);
  });

  test("never longer or shorter, whatever it is", () => {
    const piece = fc.constantFrom(
      "GET / HTTP/1.1\r\n",
      "HTTP/1.1 200 OK\r\n",
      "Via: 10.0.0.1\r\n",
      "\r\n",
      "Content-Length: 5\r\n",
      "Transfer-Encoding: chunked\r\n",
      "5\r\n",
      "<title>",
      "x",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 20 }), (pieces) => {
        const bytes = ascii(pieces.join(""));
        const into = new Uint8Array(bytes.length);
        const end = copyHttp(bytes, into, 0, map);
        expect(end).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(bytes.length);
        beginsHttp(bytes, 0);
      }),
    );
  });
});

describe("sessions that go on in TLS", () => {
  test("mail: commands and codes stay", () => {
    expect(
      session("220 mail.example.com ESMTP\r\n250-mail greets bob\r\n250-STARTTLS\r\n220 2.0.0 go\r\n\x16\x03\x01"),
    ).toBe("220 xxxxxxxxxxxxxxxx xxxxx\r\n250-xxxx xxxxxx xxx\r\n250-STARTTLS\r\n220 xxxxx xx\r\n");
    expect(session("EHLO bobs-laptop\r\nSTARTTLS\r\n")).toBe("EHLO xxxxxxxxxxx\r\nSTARTTLS\r\n");
    expect(session("* OK host ready\r\na1 OK begin\r\n")).toBe("* OK xxxx xxxxx\r\na1 OK xxxxx\r\n");
    expect(session("a1 LOGIN bob secret\r\na2 STARTTLS\r\n")).toBe("a1 xxxxx xxx xxxxxx\r\na2 STARTTLS\r\n");
  });

  test("chat: elements stay", () => {
    expect(session("<stream:stream from='bob@x.example' xmlns='jabber:client'><starttls xmlns='urn:x'/>hi", true)).toBe(
      "<stream:stream from='xxxxxxxxxxxxx' xmlns='jabber:client'><starttls xmlns='urn:x'/>xx",
    );
  });
});
