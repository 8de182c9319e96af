import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat } from "../../../test/support/capture-writer.ts";
import { fromHex } from "../../bytes/text.ts";
import { beginPrelude } from "./prelude.ts";
import { RdpUpgrade } from "./rdp.ts";

const ascii = (text: string) => new TextEncoder().encode(text);
/** Stands for the TLS that follows. */
const HELLO = concat(fromHex("160301"), ascii("hello"));

function tpkt(x224: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(3, 0, (x224.length + 5) >> 8, (x224.length + 5) & 0xff, x224.length), x224);
}

const CORRELATION = concat(fromHex("06002400"), new Uint8Array(32));
const request = (protocols: string, before = "Cookie: mstshash=alice\r\n", after: Uint8Array = new Uint8Array(0)) =>
  tpkt(concat(fromHex("e00000 0000 00"), ascii(before), fromHex(protocols), after));
/** [MS-RDPBCGR] section 4.1.1: the request of the annotated example, which offers the old security alone. */
const DOCUMENTED = fromHex("0300002c27e00000000000436f6f6b69653a206d737473686173683d656c746f6e730d0a 0100080000000000");
/** The same with PROTOCOL_SSL. */
const EXAMPLE = DOCUMENTED.with(40, 1);
const CONFIRM = tpkt(fromHex("d00000 1234 00 0200080001000000"));

/** What is left to TLS on each side. */
function talk(said: readonly (readonly ["c" | "s", Uint8Array])[], piece: number) {
  const rdp = new RdpUpgrade();
  const left = { c: "", s: "" };
  for (const [from, bytes] of said) {
    for (let start = 0; start < bytes.length; start += piece) {
      const end = Math.min(bytes.length, start + piece);
      const at = left[from] === "" ? rdp.data(from === "c", bytes, start, end) : start;
      left[from] += Buffer.from(bytes.subarray(at, end)).toString("hex");
    }
  }
  return { rdp, ...left };
}

const TLS = Buffer.from(HELLO).toString("hex");

describe("an upgrade", () => {
  test.each<[string, Uint8Array, Uint8Array]>([
    ["the documented example, with TLS", EXAMPLE, CONFIRM],
    ["without a cookie", request("0100080003000000", ""), CONFIRM],
    ["with a token of a load balancer", request("010008000b000000", "Cookie: msts=3640205228.15629.0000\r\n"), CONFIRM],
    ["with correlation", request("010808000b000000", "Cookie: mstshash=a\r\n", CORRELATION), CONFIRM],
    ["to CredSSP", EXAMPLE, tpkt(fromHex("d00000 1234 00 021f080002000000"))],
    ["to RDSTLS", EXAMPLE, tpkt(fromHex("d00000 1234 00 021f080004000000"))],
  ])("%s: whole, byte by byte, and in one segment with what follows", (_, asked, confirm) => {
    const begun = beginPrelude(asked, 0, asked.length);
    expect([begun?.prelude.protocol, begun?.fromClient]).toEqual(["rdp", true]);
    for (const piece of [1000, 1, 3, 11]) {
      const { rdp, c, s } = talk(
        [
          ["c", asked],
          ["s", confirm],
          ["c", HELLO],
          ["s", HELLO],
        ],
        piece,
      );
      expect([c, s, rdp.isOver(), rdp.dead]).toEqual([TLS, TLS, true, false]);
    }
    const { c, s } = talk(
      [
        ["c", concat(asked, HELLO)],
        ["s", concat(confirm, HELLO)],
      ],
      1000,
    );
    expect([c, s]).toEqual([TLS, TLS]);
    for (let length = 0; length < confirm.length; length++) {
      const { rdp } = talk(
        [
          ["c", asked],
          ["s", confirm.subarray(0, length)],
        ],
        1000,
      );
      expect([rdp.isOver(), rdp.dead]).toEqual([false, false]);
    }
  });

  test("keeps no user's name", () => {
    const { rdp } = talk(
      [
        ["c", EXAMPLE],
        ["s", CONFIRM],
      ],
      1000,
    );
    expect(JSON.stringify(rdp)).not.toContain(String([..."eltons"].map((character) => character.charCodeAt(0))));
  });
});

describe("no TLS follows", () => {
  test.each<[string, Uint8Array]>([
    ["the old security", tpkt(fromHex("d00000 1234 00 0200080000000000"))],
    ["a failure", tpkt(fromHex("d00000 1234 00 0300080005000000"))],
    ["a confirm without negotiation", tpkt(fromHex("d00000 1234 00"))],
    ["a disconnect", tpkt(fromHex("800000 0000 01"))],
    ["something else", ascii("HTTP/1.1 400 Bad Request\r\n")],
  ])("%s", (_, answer) => {
    for (const piece of [1000, 1]) {
      const { rdp, s } = talk(
        [
          ["c", EXAMPLE],
          ["s", concat(answer, HELLO)],
        ],
        piece,
      );
      expect([rdp.dead, rdp.isOver(), s]).toEqual([true, false, ""]);
    }
  });

  test("a gap before the confirm", () => {
    const { rdp } = talk([["c", EXAMPLE]], 1000);
    rdp.gap();
    expect(rdp.dead).toBe(true);
  });
});

test.each<[string, Uint8Array]>([
  ["no negotiation", tpkt(concat(fromHex("e00000 0000 00"), ascii("Cookie: mstshash=alice\r\n")))],
  ["the old security alone", DOCUMENTED],
  ["S7 (ISO-TSAP)", fromHex("0300001611e00000000100c1020100c2020102c0010a")],
  ["H.225", fromHex("0300000f080200010 5040888 0011".replace(/ /g, ""))],
  ["a request that is not whole", EXAMPLE.subarray(0, 30)],
  ["a length that is wrong", EXAMPLE.with(4, 0x26)],
])("it does not begin with %s", (_, bytes) => {
  expect(beginPrelude(bytes, 0, bytes.length)).toBeUndefined();
});

test("any bytes at all: answers within bounds", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.boolean(), fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(EXAMPLE, CONFIRM, HELLO))),
        { maxLength: 12 },
      ),
      (said) => {
        const rdp = new RdpUpgrade();
        for (const [fromClient, bytes] of said) {
          const at = rdp.data(fromClient, bytes, 0, bytes.length);
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at).toBeLessThanOrEqual(bytes.length);
        }
      },
    ),
    { numRuns: 500 },
  );
});
