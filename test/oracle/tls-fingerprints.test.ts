/**
 * JA3, JA3S and JA4 on the hellos that tshark finds, whatever carried them (TCP, CONNECT, SOCKS, QUIC): the first two against
 * tshark, JA4 against the JA4 repository's expected results (../shared/captures/ja4-expected).
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fromHex } from "../../src/bytes/text.ts";
import { ja3, ja3String, ja3s, ja3sString, ja4 } from "../../src/protocol/tls/fingerprints.ts";
import { parseClientHello, parseServerHello } from "../../src/protocol/tls/messages.ts";
import { HAS_TSHARK, tsharkHellos } from "../support/tshark.ts";

const CAPTURES = join(import.meta.dirname, "../../../shared/captures");
const READY = HAS_TSHARK && existsSync(CAPTURES);

const captures = !READY
  ? []
  : ["lab", "zeek-tls", "ja4"].flatMap((folder) =>
      readdirSync(join(CAPTURES, folder))
        .filter((name) => /\.(pcap|pcapng|cap|gz)$/.test(name))
        .map((name) => `${folder}/${name}`),
    );
const expectations = !READY ? [] : readdirSync(join(CAPTURES, "ja4-expected"));

describe.skipIf(!READY)(
  "fingerprints against tshark and the JA4 repository (needs tshark and ../shared; skipped when absent)",
  () => {
    it("finds captures and expectations", () => {
      expect(captures.length).toBeGreaterThan(100);
      expect(expectations.length).toBe(16);
    });

    it.each(captures)("JA3 and JA3S: %s", (name) => {
      // DTLS hellos have other fields.
      for (const hello of tsharkHellos(join(CAPTURES, name))) {
        const body = fromHex(hello.message).subarray(4);
        if (hello.type === 1) {
          const parsed = parseClientHello(body);
          expect([ja3String(parsed), ja3(parsed)], `frame ${hello.frame}`).toEqual([hello.ja3String, hello.ja3]);
        } else {
          const parsed = parseServerHello(body);
          expect([ja3sString(parsed), ja3s(parsed)], `frame ${hello.frame}`).toEqual([hello.ja3String, hello.ja3]);
        }
      }
    });

    it.each(expectations)("JA4: %s", (name) => {
      const expected = JSON.parse(readFileSync(join(CAPTURES, "ja4-expected", name), "utf8")) as Record<
        string,
        string | number
      >[];
      const hellos = tsharkHellos(join(CAPTURES, "ja4", name.replace(/\.json$/, ""))).filter(({ type }) => type === 1);
      for (const row of expected) {
        const found = hellos
          .filter(({ stream }) => stream === String(row["stream"]))
          .map(({ message }) => ja4(parseClientHello(fromHex(message).subarray(4)), "t"));
        const wanted = ["JA4.1", "JA4.2"].flatMap((key) => row[key] ?? []);
        expect(found, `stream ${row["stream"]}`).toEqual(wanted);
      }
    });
  },
);
