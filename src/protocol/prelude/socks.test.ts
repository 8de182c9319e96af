import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat } from "../../../test/support/capture-writer.ts";
import { fromHex } from "../../bytes/text.ts";
import { beginPrelude } from "./prelude.ts";
import { Socks } from "./socks.ts";

const ascii = (text: string) => new TextEncoder().encode(text);
const hex = fromHex;
/** Stands for the TLS that follows. */
const HELLO = concat(hex("160301"), ascii("hello"));

type Said = readonly [from: "c" | "s", bytes: Uint8Array];

/** Fed `piece` bytes at a time, a frame each; the hexadecimal of what is left to TLS on each side. */
function talk(said: readonly Said[], piece = Number.POSITIVE_INFINITY): { socks: Socks; c: string; s: string } {
  const socks = new Socks();
  const left = { c: "", s: "" };
  let frame = 0;
  for (const [from, bytes] of said) {
    for (let start = 0; start < bytes.length; start += piece) {
      const end = Math.min(bytes.length, start + piece);
      frame++;
      const at = left[from] === "" ? socks.data(from === "c", bytes, start, end, frame) : start;
      left[from] += Buffer.from(bytes.subarray(at, end)).toString("hex");
    }
  }
  return { socks, ...left };
}

const HOST = concat(hex("05010003"), Uint8Array.of(19), ascii("av.fabrikam.example"), hex("01bb"));
const ADDRESS = hex("05010001 c000020a 01bb");
const ADDRESS6 = hex("05010004 20010db8000000000000000000000030 1f90");
const GRANTED = hex("05000001 0a000009 c001");
const GRANTED6 = hex("05000004 20010db8000000000000000000000001 c001");
const NAMED = concat(hex("05000003"), Uint8Array.of(5), ascii("proxy"), hex("0438"));
const LOGIN = concat(hex("01"), Uint8Array.of(5), ascii("alice"), Uint8Array.of(8), ascii("s3cr3t!!"));
const REQUEST4 = concat(hex("0401 01bb c000020a"), ascii("alice\0"));
const REQUEST4A = concat(hex("0401 01bb 00000001"), ascii("\0av.fabrikam.example\0"));
const GRANTED4 = hex("005a 0000 00000000");

const TUNNELS: readonly (readonly [name: string, version: string, target: string, said: readonly Said[]])[] = [
  [
    "4: address",
    "4",
    "192.0.2.10:443",
    [
      ["c", REQUEST4],
      ["s", GRANTED4],
    ],
  ],
  [
    "4a: name",
    "4a",
    "av.fabrikam.example:443",
    [
      ["c", REQUEST4A],
      ["s", GRANTED4],
    ],
  ],
  [
    "5: name, no login",
    "5",
    "av.fabrikam.example:443",
    [
      ["c", hex("050100")],
      ["s", hex("0500")],
      ["c", HOST],
      ["s", GRANTED],
    ],
  ],
  [
    "5: address",
    "5",
    "192.0.2.10:443",
    [
      ["c", hex("05020002")],
      ["s", hex("0500")],
      ["c", ADDRESS],
      ["s", NAMED],
    ],
  ],
  [
    "5: IPv6",
    "5",
    "[2001:db8::30]:8080",
    [
      ["c", hex("050100")],
      ["s", hex("0500")],
      ["c", ADDRESS6],
      ["s", GRANTED6],
    ],
  ],
  [
    "5: password",
    "5",
    "av.fabrikam.example:443",
    [
      ["c", hex("05020002")],
      ["s", hex("0502")],
      ["c", LOGIN],
      ["s", hex("0100")],
      ["c", HOST],
      ["s", GRANTED],
    ],
  ],
  [
    "5: nobody waits",
    "5",
    "av.fabrikam.example:443",
    [
      ["c", concat(hex("050102"), LOGIN, HOST)],
      ["s", concat(hex("0502 0100"), GRANTED)],
    ],
  ],
  [
    "5: GSS-API",
    "5",
    "192.0.2.10:443",
    [
      ["c", hex("05020001")],
      ["s", hex("0501")],
      ["c", hex("0101 0004 60820102")],
      ["s", hex("0101 0003 a18203")],
      ["c", hex("0102 0001 03")],
      ["s", hex("0102 0001 03")],
      ["c", ADDRESS],
      ["s", GRANTED],
    ],
  ],
  [
    "5: GSS-API, nobody waits",
    "5",
    "192.0.2.10:443",
    [
      ["c", concat(hex("050101 0101 0004 60820102"), ADDRESS)],
      ["s", concat(hex("0501 0101 0000"), GRANTED)],
    ],
  ],
  [
    "5: the answers are stored first",
    "5",
    "192.0.2.10:443",
    [
      ["s", hex("0500")],
      ["c", hex("050100")],
      ["c", ADDRESS],
      ["s", GRANTED],
    ],
  ],
];

describe("a tunnel", () => {
  test.each(TUNNELS)("version %s", (_, version, target, said) => {
    const all: Said[] = [...said, ["c", HELLO], ["s", HELLO]];
    for (const piece of [Number.POSITIVE_INFINITY, 1, 2, 3, 7]) {
      const { socks, c, s } = talk(all, piece);
      const hello = Buffer.from(HELLO).toString("hex");
      expect({ version: socks.version, target: socks.target, granted: socks.granted, c, s }).toEqual({
        version,
        target,
        granted: true,
        c: hello,
        s: hello,
      });
      expect([socks.confirmed, socks.dead, socks.isOver(true), socks.isOver(false)]).toEqual([true, false, true, true]);
    }
  });

  test.each(TUNNELS)(
    "version %s: the hello may be stored before the grant, or with it",
    (_, _version, _target, said) => {
      const grant = said.at(-1) as Said;
      const { c, s } = talk([...said.slice(0, -1), ["c", HELLO], ["s", concat(grant[1], HELLO)]]);
      expect([c, s]).toEqual([Buffer.from(HELLO).toString("hex"), Buffer.from(HELLO).toString("hex")]);
    },
  );

  test.each(TUNNELS)("version %s: at no proper prefix is it granted", (_, _version, _target, said) => {
    const grant = (said.at(-1) as Said)[1];
    for (let length = 0; length < grant.length; length++) {
      // Where nobody waits the first message holds all.
      const { socks } = talk([...said.slice(0, -1), ["s", grant.subarray(0, length)]]);
      expect([socks.granted, socks.dead]).toEqual([undefined, false]);
    }
  });

  test("the frames of request and reply", () => {
    const { socks } = talk([
      ["c", hex("050100")],
      ["s", hex("0500")],
      ["c", HOST],
      ["s", GRANTED],
    ]);
    expect([socks.requestFrame, socks.statusFrame, socks.status]).toEqual([3, 4, 0]);
  });
});

test("neither names nor passwords are kept", () => {
  for (const said of [
    [
      ["c", hex("050102")],
      ["s", hex("0502")],
      ["c", LOGIN.subarray(0, 10)],
    ],
    [
      ["c", hex("050102")],
      ["s", hex("0502")],
      ["c", LOGIN],
      ["s", hex("0100")],
      ["c", HOST],
      ["s", GRANTED],
    ],
    [
      ["c", REQUEST4],
      ["s", GRANTED4],
    ],
  ] as Said[][]) {
    for (const piece of [1, 100]) {
      const { socks } = talk(said, piece);
      const text = JSON.stringify(socks, (_, value) =>
        Array.isArray(value) && value.every((n) => typeof n === "number") ? String.fromCharCode(...value) : value,
      );
      expect(text).not.toMatch(/alice|s3c/);
    }
  }
});

describe("a refusal", () => {
  test.each<[string, Said[], Partial<Socks>]>([
    [
      "version 4",
      [
        ["c", REQUEST4],
        ["s", hex("005b 0000 00000000")],
      ],
      { status: 91, target: "192.0.2.10:443" },
    ],
    [
      "version 5",
      [
        ["c", hex("050100")],
        ["s", hex("0500")],
        ["c", HOST],
        ["s", hex("05020001 00000000 0000")],
      ],
      { status: 2, target: "av.fabrikam.example:443" },
    ],
    [
      "no way to log in",
      [
        ["c", hex("050100")],
        ["s", hex("05ff")],
      ],
      { loginRefused: true, status: undefined, target: undefined },
    ],
    [
      "a wrong password",
      [
        ["c", hex("050102")],
        ["s", hex("0502")],
        ["c", LOGIN],
        ["s", hex("0101")],
      ],
      { loginRefused: true, target: undefined },
    ],
    [
      "GSS-API gives up",
      [
        ["c", hex("050101")],
        ["s", hex("0501")],
        ["c", hex("0101 0000")],
        ["s", hex("01ff")],
      ],
      { loginRefused: true },
    ],
  ])("%s", (_, said, wanted) => {
    for (const piece of [100, 1]) {
      const { socks } = talk([...said, ["c", HELLO]], piece);
      expect(socks).toMatchObject({ granted: false, confirmed: true, dead: true, ...wanted });
      expect(socks.statusFrame).toBeGreaterThan(0);
    }
  });
});

describe("nothing follows that can be read", () => {
  test.each<[string, Said[]]>([
    [
      "a port to be called on",
      [
        ["c", hex("050100")],
        ["s", hex("0500")],
        ["c", hex("05020001 c000020a 01bb")],
        ["s", GRANTED],
      ],
    ],
    [
      "datagrams",
      [
        ["c", hex("050100")],
        ["s", hex("0500")],
        ["c", hex("05030001 00000000 0000")],
        ["s", GRANTED],
      ],
    ],
    [
      "a port to be called on, version 4",
      [
        ["c", concat(hex("0402 01bb c000020a"), ascii("\0"))],
        ["s", GRANTED4],
      ],
    ],
    [
      "a way to log in that is not known",
      [
        ["c", hex("050103")],
        ["s", hex("0503")],
      ],
    ],
    [
      "GSS-API protects what is asked",
      [
        ["c", hex("050101")],
        ["s", hex("0501")],
        ["c", hex("0101 0001 00")],
        ["s", hex("0101 0001 00")],
        ["c", hex("0103 0010 ffff")],
      ],
    ],
    [
      "an answer to something else",
      [
        ["c", hex("050100")],
        ["s", hex("0502")],
      ],
    ],
    [
      "an answer in another protocol",
      [
        ["c", hex("050100")],
        ["s", ascii("HTTP/1.1 400 Bad Request\r\n")],
      ],
    ],
    [
      "a reply of version 4 that is none",
      [
        ["c", REQUEST4],
        ["s", hex("0001 0000 00000000")],
      ],
    ],
    [
      "a request that is none",
      [
        ["c", hex("050100")],
        ["s", hex("0500")],
        ["c", hex("05010005 00")],
      ],
    ],
    [
      "a request with something in a reserved byte",
      [
        ["c", hex("050100")],
        ["s", hex("0500")],
        ["c", hex("05010101 c000020a 01bb")],
      ],
    ],
  ])("%s", (_, said) => {
    for (const piece of [100, 1]) {
      const { socks, c, s } = talk([...said, ["c", HELLO], ["s", HELLO]], piece);
      expect([socks.dead, socks.granted === true && socks.target !== undefined, c, s]).toEqual([true, false, "", ""]);
    }
  });

  test("a gap before the end; behind it it does no harm", () => {
    const { socks } = talk([
      ["c", hex("050100")],
      ["s", hex("0500")],
    ]);
    socks.gap(true);
    expect(socks.dead).toBe(true);
    const open = talk([
      ["c", REQUEST4],
      ["s", GRANTED4],
    ]).socks;
    open.gap(true);
    open.gap(false);
    expect(open.dead).toBe(false);
  });
});

describe("how it begins", () => {
  const begins = (bytes: Uint8Array) => beginPrelude(bytes, 0, bytes.length)?.prelude instanceof Socks;

  test.each(TUNNELS.filter(([, , , said]) => said[0]?.[0] === "c"))("version %s", (_, _version, _target, said) => {
    expect(begins((said[0] as Said)[1])).toBe(true);
  });

  test.each<[string, Uint8Array]>([
    ["a request of version 4 that goes on without TLS", concat(REQUEST4, ascii("GET"))],
    ["half a request of version 4", REQUEST4.subarray(0, 12)],
    ["a command that is none", concat(hex("0403 01bb c000020a"), ascii("\0"))],
    ["no methods", hex("0500 03 10")],
    ["DCE/RPC", hex("05000b0310000000")],
    ["a method twice", hex("05030000 02")],
    ["the method that is none", hex("0502 00ff")],
    ["other bytes behind the methods", hex("050100 47")],
    [
      "forty methods",
      concat(
        hex("0528"),
        Uint8Array.from({ length: 40 }, (_, i) => i),
      ),
    ],
    ["two bytes", hex("0501")],
  ])("not with %s", (_, bytes) => {
    expect(begins(bytes)).toBe(false);
  });
});

test("any bytes at all: answers within bounds", () => {
  const messages = [
    hex("050100"),
    hex("0500"),
    hex("0502"),
    hex("0501"),
    LOGIN,
    HOST,
    GRANTED,
    REQUEST4,
    GRANTED4,
    hex("0101ffff"),
  ];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.constantFrom(...messages))), {
        maxLength: 20,
      }),
      (said) => {
        const socks = new Socks();
        for (const [fromClient, bytes] of said) {
          const at = socks.data(fromClient, bytes, 0, bytes.length, 1);
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at).toBeLessThanOrEqual(bytes.length);
        }
      },
    ),
    { numRuns: 1000 },
  );
});
