import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { concat, ints } from "../../../test/support/capture-writer.ts";
import { expandLabel, seal } from "../../../test/support/sealing.ts";
import { message as handshakeMessage } from "../../../test/support/tls-messages.ts";
import { fromHex, toHex } from "../../bytes/text.ts";
import { loadCiphers } from "../ciphers.ts";
import { RecordProtection } from "./protection.ts";
import { TlsStream } from "./stream.ts";

beforeAll(loadCiphers);

const RFC = JSON.parse(
  readFileSync(new URL("../../../test/vectors/rfc8448-section-3.json", import.meta.url), "utf8"),
) as Readonly<Record<string, string>>;
const bytes = (name: string): Uint8Array => fromHex(RFC[name] as string);

const HEADER = 5;
const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;

type Piece = readonly [bytes: Uint8Array, frame: number];

/** Reads a server's direction; from its ServerHello on with `protection`. A number: so many bytes were not captured. */
function read(pieces: readonly (Piece | number)[], protection: RecordProtection | undefined) {
  const messages: string[] = [];
  const alerts: string[] = [];
  const encrypted: string[] = [];
  const stream = new TlsStream({
    record: () => {},
    handshake: ({ type, frames, whole }) => {
      messages.push(`${type} @${frames.join("+")}${whole ? "" : " cut"}`);
      if (type === 2 && protection !== undefined) stream.protect(protection);
    },
    alert: (level, description, frame) => alerts.push(`${level} ${description} @${frame}`),
    changeCipherSpec: () => {},
    encrypted: (type, length, frame) => encrypted.push(`${type} ${length} @${frame}`),
    notTls: () => {},
    lost: () => {},
  });
  for (const piece of pieces) {
    if (typeof piece === "number") stream.gap(piece);
    else stream.data(piece[0], 0, piece[0].length, piece[1]);
  }
  stream.end();
  return { messages, alerts, encrypted, state: stream.state };
}

describe("RFC 8448 section 3", () => {
  test.each([
    ["serverFlightRecord", "serverSecret", "serverFlight"],
    ["clientFinishedRecord", "clientSecret", "clientFinished"],
  ])("%s opens", (record, secret, content) => {
    const protection = RecordProtection.of(0x1301, bytes(secret)) as RecordProtection;
    expect(protection.proven).toBe(false);
    const opened = protection.open(bytes(record).subarray(HEADER));
    expect(opened?.type).toBe(HANDSHAKE);
    expect(toHex(opened?.content as Uint8Array)).toBe(RFC[content]);
    expect(protection.proven).toBe(true);
    // The next number is another nonce.
    expect(protection.open(bytes(record).subarray(HEADER))).toBeUndefined();
  });

  test("the flight gives its messages, each with the frames that carried it, until the handshake is over", () => {
    const flight = bytes("serverFlightRecord");
    const pieces: Piece[] = [
      [bytes("serverHelloRecord"), 1],
      [flight.subarray(0, 200), 2],
      [flight.subarray(200, 500), 3],
      [concat(flight.subarray(500), bytes("serverDataRecord")), 4],
    ];
    const seen = read(pieces, RecordProtection.of(0x1301, bytes("serverSecret")));
    expect(seen.messages).toEqual(["2 @1", "8 @2", "11 @2+3", "15 @3+4", "20 @4"]);
    expect(seen.encrypted).toEqual(["23 674 @2", "23 67 @4"]);
    expect(seen.state).toBe("tls");
    expect(read(pieces, undefined)).toEqual({ ...seen, messages: ["2 @1"] });
  });
});

const SUITES = [
  { suite: 0x1301, cipher: "aes-128-gcm", hash: "sha256", keyLength: 16, secretLength: 32 },
  { suite: 0x1302, cipher: "aes-256-gcm", hash: "sha384", keyLength: 32, secretLength: 48 },
  { suite: 0x1303, cipher: "chacha20-poly1305", hash: "sha256", keyLength: 32, secretLength: 32 },
  { suite: 0x1304, cipher: "aes-128-ccm", hash: "sha256", keyLength: 16, secretLength: 32 },
  { suite: 0x1305, cipher: "aes-128-ccm", hash: "sha256", keyLength: 16, secretLength: 32, tagLength: 8 },
] as const;

/** Both ends of one direction. */
function direction({ suite, cipher, hash, keyLength, secretLength, ...rest }: (typeof SUITES)[number], fill = 7) {
  const tagLength = "tagLength" in rest ? rest.tagLength : 16;
  const secret = new Uint8Array(secretLength).fill(fill);
  const [key, iv] = [expandLabel(hash, secret, "key", keyLength), expandLabel(hash, secret, "iv", 12)];
  let number = 0;
  const sealed = (type: number, content: Uint8Array, padding = 0): Uint8Array => {
    const inner = concat(content, Uint8Array.of(type), new Uint8Array(padding));
    const header = ints(true, [APPLICATION_DATA, 1], [0x0303, 2], [inner.length + tagLength, 2]);
    return seal({ cipher, key, iv, number: number++, tagLength }, header, inner);
  };
  return { seal: sealed, open: RecordProtection.of(suite, secret) as RecordProtection };
}

const message = (type: number, length: number) => handshakeMessage(type, new Uint8Array(length).fill(type));

const HELLO: Piece = [bytes("serverHelloRecord"), 1];

describe.each(SUITES)("$suite: $cipher", (suite) => {
  test("opens what OpenSSL sealed, padded or not, record after record", () => {
    const { seal, open } = direction(suite);
    const records = [message(8, 2), message(11, 3000), message(15, 70)].map((content, i) =>
      seal(HANDSHAKE, content, 100 * i),
    );
    const seen = read([HELLO, [concat(...records), 2], [seal(HANDSHAKE, message(20, 32)), 3]], open);
    expect(seen.messages).toEqual(["2 @1", "8 @2", "11 @2", "15 @2", "20 @3"]);
  });

  test("a message over two records, and two in one", () => {
    const { seal, open } = direction(suite);
    const [certificate, rest] = [message(11, 3000), concat(message(15, 70), message(20, 32))];
    const seen = read(
      [
        HELLO,
        [seal(HANDSHAKE, concat(message(8, 2), certificate.subarray(0, 999))), 2],
        [seal(HANDSHAKE, certificate.subarray(999)), 3],
        [seal(HANDSHAKE, rest), 4],
      ],
      open,
    );
    expect(seen.messages).toEqual(["2 @1", "8 @2", "11 @2+3", "15 @4", "20 @4"]);
  });
});

describe("a protected direction", () => {
  const [suite] = SUITES;

  test("an alert under protection is an alert", () => {
    const { seal, open } = direction(suite);
    const seen = read([HELLO, [seal(HANDSHAKE, message(8, 2)), 2], [seal(ALERT, Uint8Array.of(2, 42)), 3]], open);
    expect(seen.alerts).toEqual(["2 42 @3"]);
  });

  test("with another secret says no more than without one", () => {
    const records: Piece[] = [HELLO, [direction(suite).seal(HANDSHAKE, message(11, 300)), 2]];
    expect(read(records, direction(suite, 8).open)).toEqual(read(records, undefined));
  });

  test("early data under another key goes ahead", () => {
    const early = direction(suite, 8);
    const { seal, open } = direction(suite);
    const ahead = Array.from({ length: 3 }, (): Piece => [early.seal(APPLICATION_DATA, new Uint8Array(1000)), 2]);
    expect(read([HELLO, ...ahead, [seal(HANDSHAKE, message(20, 32)), 3]], open).messages).toEqual(["2 @1", "20 @3"]);
  });

  test("gives up when nothing opens", () => {
    const other = direction(suite, 8);
    const { seal, open } = direction(suite);
    const ahead = Array.from({ length: 9 }, (): Piece => [other.seal(APPLICATION_DATA, new Uint8Array(10)), 2]);
    expect(read([HELLO, ...ahead, [seal(HANDSHAKE, message(20, 32)), 3]], open).messages).toEqual(["2 @1"]);
  });

  test("invents nothing once bytes are missing", () => {
    const { seal, open } = direction(suite);
    const records = concat(
      seal(HANDSHAKE, concat(message(8, 2), message(11, 900).subarray(0, 500))),
      seal(HANDSHAKE, message(11, 900).subarray(500)),
      seal(HANDSHAKE, message(20, 32)),
    );
    for (let at = 0; at < records.length - 40; at += 7) {
      const seen = read(
        [HELLO, [records.subarray(0, at), 2], 40, [records.subarray(at + 40), 3]],
        direction(suite).open,
      );
      const [hello, extensions, certificate, ...others] = seen.messages;
      expect([hello, others]).toEqual(["2 @1", []]);
      expect(["8 @2", undefined]).toContain(extensions);
      expect(["11 @2", "11 @2 cut", undefined]).toContain(certificate);
    }
    expect(read([HELLO, [records, 2]], open).messages).toEqual(["2 @1", "8 @2", "11 @2", "20 @2"]);
  });
});

test("suites and secrets that do not belong together are refused", () => {
  expect(RecordProtection.of(0x1306, new Uint8Array(32))).toBeUndefined();
  expect(RecordProtection.of(0x1301, new Uint8Array(48))).toBeUndefined();
  expect(RecordProtection.of(0x1302, new Uint8Array(32))).toBeUndefined();
});

test.each([
  ["nothing", new Uint8Array(0)],
  ["less than a tag", new Uint8Array(15)],
  ["a tag alone", new Uint8Array(16)],
])("%s is no record", (_, sealed) => {
  expect(RecordProtection.of(0x1301, new Uint8Array(32))?.open(sealed)).toBeUndefined();
});

test.each(SUITES)(
  "$cipher: any bytes, or a record that was changed: returns or throws ParseError, and opens nothing",
  (suite) => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, change) => {
          const { seal, open } = direction(suite);
          expect(open.open(bytes)).toBeUndefined();
          const sealed = seal(HANDSHAKE, bytes).slice(HEADER);
          const place = at % sealed.length;
          expect(open.open(sealed.with(place, (sealed[place] as number) ^ change))).toBeUndefined();
          expect(open.proven).toBe(false);
          expect(open.open(sealed)?.content).toEqual(bytes);
        },
      ),
    );
  },
);
