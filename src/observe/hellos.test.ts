// Invariant: what is remembered of earlier hellos never changes what is said of a later one.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ParseError } from "../bytes/parse-error.ts";
import { fromHex, toHex } from "../bytes/text.ts";
import { HELLO_RETRY_RANDOM } from "../protocol/tls/messages.ts";
import { Hellos, sessionKey } from "./hellos.ts";

const RANDOM = "00112233445566778899aabbccddeeff".repeat(2);
const length16 = (hex: string) => (hex.length / 2).toString(16).padStart(4, "0");
const extension = (type: string, data: string) => type + length16(data) + data;
const name = (host: string) => {
  const hex = toHex(new TextEncoder().encode(host));
  return extension("0000", `${length16(`000000${hex}`)}00${length16(hex)}${hex}`);
};

interface Parts {
  readonly version?: string;
  readonly random?: string;
  readonly session?: string;
  readonly suites?: string;
  readonly extensions?: readonly string[];
}

const COMMON = [
  extension("0a0a", ""),
  extension("0010", "000c02683208687474702f312e31"),
  extension("000a", "00046a6a001d"),
  extension("000b", "0100"),
  extension("000d", "000404030804"),
  extension("002b", "061a1a03040303"),
];

function client({ version = "0303", random = RANDOM, session = "", suites = "6a6a1301", extensions }: Parts = {}) {
  const block = (extensions ?? [name("av.fabrikam.example"), ...COMMON]).join("");
  const id = (session.length / 2).toString(16).padStart(2, "0") + session;
  return fromHex(`${version}${random}${id}${length16(suites)}${suites}0100${length16(block)}${block}`);
}

function server({ version = "0303", random = RANDOM, session = "", suites = "c02f", extensions = [] }: Parts = {}) {
  const block = extensions.join("");
  const id = (session.length / 2).toString(16).padStart(2, "0") + session;
  return fromHex(`${version}${random}${id}${suites}00${block === "" ? "" : length16(block) + block}`);
}

const SERVER = server({ session: RANDOM, extensions: [extension("0010", "0003026832"), extension("ff01", "00")] });

/** What is said of a hello, or that it is none. */
function said(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof ParseError) return "no hello";
    throw error;
  }
}

/** A hello with some bytes changed, cut off or added: mostly still one, often of another shape. */
const spoiled = (hello: Uint8Array) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 4 }),
      fc.option(fc.nat(hello.length), { nil: hello.length, freq: 5 }),
      fc.uint8Array({ maxLength: 3 }),
    )
    .map(([changes, length, more]) => {
      const changed = Uint8Array.from(hello);
      for (const [at, byte] of changes) changed[at] = byte;
      return Uint8Array.of(...changed.subarray(0, length), ...(more.length === 3 ? more : []));
    });

const WITH_TICKETS = client({
  session: RANDOM,
  extensions: [name("a.example"), extension("0023", "aabbcc"), ...COMMON, extension("0029", "00080002beef00000000")],
});

describe("with hellos of the same shape before it, a hello is read as without", () => {
  test.each([
    ["ClientHello", client()],
    ["ClientHello with tickets", WITH_TICKETS],
    ["ClientHello without extensions", client({ extensions: [] })],
  ])("%s", (_, hello) => {
    fc.assert(
      fc.property(fc.array(spoiled(hello), { minLength: 1, maxLength: 4 }), (hellos) => {
        const hellosBefore = new Hellos();
        hellosBefore.client(hello);
        for (const one of hellos) {
          expect(said(() => hellosBefore.client(one))).toEqual(said(() => new Hellos().client(one)));
        }
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    ["ServerHello", SERVER],
    [
      "ServerHello of TLS 1.3",
      server({ session: RANDOM, extensions: [extension("0033", "001d0002beef"), extension("002b", "0304")] }),
    ],
    ["ServerHello without extensions", server()],
  ])("%s", (_, hello) => {
    fc.assert(
      fc.property(fc.array(spoiled(hello), { minLength: 1, maxLength: 4 }), (hellos) => {
        const hellosBefore = new Hellos();
        hellosBefore.server(hello);
        for (const one of hellos) {
          expect(said(() => hellosBefore.server(one))).toEqual(said(() => new Hellos().server(one)));
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe("what differs between connections of one client", () => {
  test("is read every time", () => {
    const hellos = new Hellos();
    const first = hellos.client(client());
    const second = hellos.client(
      client({ random: "ff".repeat(32), session: "0102", extensions: [name("Other.Example."), ...COMMON] }),
    );
    expect(first).toMatchObject({ observed: { serverName: "av.fabrikam.example" }, offers: [] });
    expect(second).toMatchObject({ observed: { serverName: "other.example" }, offers: [sessionKey(fromHex("0102"))] });
    expect(second.observed.ja4).toBe(first.observed.ja4);
    expect(hellos.client(WITH_TICKETS).offers).toEqual(
      [fromHex(RANDOM), fromHex("aabbcc"), fromHex("beef")].map(sessionKey),
    );
    expect(hellos.client(WITH_TICKETS).offers).toEqual(
      [fromHex(RANDOM), fromHex("aabbcc"), fromHex("beef")].map(sessionKey),
    );
  });

  test("the group of a server's key share is its own", () => {
    const hellos = new Hellos();
    const share = (group: string) => server({ extensions: [extension("0033", `${group}0002beef`)] });
    expect(hellos.server(share("001d")).observed.group).toBe(29);
    expect(hellos.server(share("0017")).observed.group).toBe(23);
    expect(hellos.server(server({ extensions: [extension("0033", "0018")] })).observed.group).toBe(24);
    expect(hellos.server(server()).observed.group).toBeUndefined();
  });

  test("a HelloRetryRequest is told from a ServerHello of its shape", () => {
    const hellos = new Hellos();
    const extensions = [extension("002b", "0304")];
    const retry = server({ random: toHex(HELLO_RETRY_RANDOM), extensions });
    expect(hellos.server(server({ extensions })).isHelloRetryRequest).toBe(false);
    expect(hellos.server(retry).isHelloRetryRequest).toBe(true);
    expect(hellos.server(server({ extensions }))).toMatchObject({ isHelloRetryRequest: false, version: 0x0304 });
  });

  test("a client of which every hello has another shape is read all the same", () => {
    const hellos = new Hellos();
    for (let i = 0; i < 5000; i++) {
      const suites = i.toString(16).padStart(4, "0");
      expect(hellos.client(client({ suites })).observed.serverName).toBe("av.fabrikam.example");
    }
    const again = client({ suites: "1387" });
    expect(hellos.client(again)).toEqual(new Hellos().client(again));
  });
});

test("sessions have the same key when they are the same; of long tickets the ends tell", () => {
  const session = (length: number, change?: number) =>
    Uint8Array.from({ length }, (_, i) => (i === change ? 0 : i + 1) & 0xff);
  for (const length of [1, 2, 3, 15, 16, 17, 32, 63, 64]) {
    const key = sessionKey(session(length));
    expect(sessionKey(session(length))).toBe(key);
    for (let change = 0; change < length; change++) expect(sessionKey(session(length, change))).not.toBe(key);
  }
  expect(sessionKey(Uint8Array.of(7))).not.toBe(sessionKey(Uint8Array.of(7, 0)));
  const long = sessionKey(session(200));
  expect([0, 31, 168, 199].map((change) => sessionKey(session(200, change)) === long)).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(sessionKey(session(201))).not.toBe(long);
});
