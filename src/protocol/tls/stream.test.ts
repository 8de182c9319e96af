// Invariant: takes any bytes, in any cut, with any gaps, and never throws; what it reports was in the bytes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { message, record } from "../../../test/support/tls-messages.ts";
import { Blocks } from "../../bytes/blocks.ts";
import { fromHex, toHex } from "../../bytes/text.ts";
import { HELLO_RETRY_RANDOM } from "./messages.ts";
import { type HandshakeEvent, TlsStream, type TlsStreamState } from "./stream.ts";

// --- building streams

function bytesOf(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Bytes that repeat no short pattern and are no record header. */
function filler(length: number, seed = 7): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 0x80 | ((i * 31 + seed * 17 + (i >> 5)) & 0x7f));
}

const CCS = record(20, Uint8Array.of(1));
const clientRandom = filler(32, 1);
const clientHello = message(1, bytesOf([3, 3], clientRandom, [0, 0, 2, 0x13, 1, 1, 0]));
const serverHello = message(2, bytesOf([3, 3], filler(32, 2), [0, 0x13, 1, 0]));
const retryRequest = message(2, bytesOf([3, 3], HELLO_RETRY_RANDOM, [0, 0x13, 1, 0]));
const certificate = message(11, filler(900, 3));
const keyExchange = message(12, filler(120, 4));
const helloDone = message(14, new Uint8Array(0));
const encryptedFinished = record(22, filler(40, 5));

/** A TLS 1.2 server: messages alone, coalesced, over two records, an empty record, then encrypted. */
const server12 = bytesOf(
  record(22, serverHello),
  record(22, certificate.subarray(0, 500)),
  record(22, new Uint8Array(0)),
  record(22, bytesOf(certificate.subarray(500), keyExchange, helloDone)),
  record(22, message(4, filler(60, 9))),
  CCS,
  encryptedFinished,
  record(23, filler(300, 6)),
  record(21, filler(26, 8)),
);

// --- recording what comes out

interface Seen {
  readonly log: string[];
  readonly messages: HandshakeEvent[];
  readonly state: TlsStreamState;
}

type Piece = { readonly bytes: Uint8Array; readonly frame?: number } | { readonly gap: number };

/** One buffer for all calls, overwritten after each: what is handed over later must be a copy. */
const buffer = Buffer.alloc(1 << 21);

/** Shared by all streams; a block given back while something still refers to it shows. */
const BLOCKS = new (class extends Blocks {
  override give(block: Uint8Array): void {
    block.fill(0xee);
    super.give(block);
  }
})();

function run(pieces: readonly Piece[], { midStream = false, end = true } = {}): Seen {
  const log: string[] = [];
  const messages: HandshakeEvent[] = [];
  const stream = new TlsStream(
    {
      record: (type, version, length, frame) => log.push(`record ${type} ${version.toString(16)} ${length} @${frame}`),
      handshake: (event) => {
        messages.push(event.own());
        const content = event.body === undefined ? `partial ${toHex(event.captured)}` : toHex(event.body);
        log.push(
          `${event.format} ${event.type} ${event.length} r${event.record} @${event.frames.join("+")} ${content}`,
        );
      },
      alert: (level, description, frame) => log.push(`alert ${level} ${description} @${frame}`),
      changeCipherSpec: (frame) => log.push(`ccs @${frame}`),
      encrypted: (type, length, frame) => log.push(`encrypted ${type} ${length} @${frame}`),
      notTls: (head, frame) => log.push(`notTls ${toHex(head)} @${frame}`),
      lost: (frame) => log.push(`lost @${frame}`),
    },
    midStream,
    BLOCKS,
  );
  for (const piece of pieces) {
    if ("gap" in piece) {
      stream.gap(piece.gap);
      continue;
    }
    buffer.set(piece.bytes, 3);
    stream.data(buffer, 3, 3 + piece.bytes.length, piece.frame ?? 1);
    buffer.fill(0xee, 3, 3 + piece.bytes.length);
  }
  if (end) stream.end();
  return { log, messages, state: stream.state };
}

const whole = (bytes: Uint8Array) => run([{ bytes }]);
const types = (seen: Seen) => seen.messages.map((event) => event.type);

// --- tests

describe("TlsStream", () => {
  it("reads messages coalesced, over several records, and beside an empty record", () => {
    const seen = whole(server12);
    expect(types(seen)).toEqual([2, 11, 12, 14, 4]);
    expect(seen.messages[1]?.body).toEqual(certificate.subarray(4));
    expect(seen.messages.map((event) => event.record)).toEqual([1, 2, 4, 4, 5]);
    expect(seen.log.filter((line) => !line.startsWith("tls ") && !line.startsWith("record"))).toEqual([
      "ccs @1",
      "encrypted 22 40 @1",
      "encrypted 23 300 @1",
      "encrypted 21 26 @1",
    ]);
    expect(seen.state).toBe("tls");
  });

  it("hands on what came in pieces, of messages that share a record with others and of those that fill blocks", () => {
    const long = [3900, 4096, 4097, 9000].map((length, i) => message(11, filler(length, i)));
    const stream = bytesOf(
      record(22, bytesOf(serverHello, ...long.slice(0, 2), helloDone)),
      record(22, bytesOf(...long.slice(2), keyExchange)),
    );
    for (const size of [1, 7, 1000, 1448, 4096, 8192]) {
      const count = Math.ceil(stream.length / size);
      const pieces = Array.from({ length: count }, (_, i) => ({ bytes: stream.subarray(i * size, (i + 1) * size) }));
      const seen = run(pieces);
      expect(seen.messages.map(({ body }) => toHex(body as Uint8Array))).toEqual(
        [serverHello, ...long.slice(0, 2), helloDone, ...long.slice(2), keyExchange].map((m) => toHex(m.subarray(4))),
      );
      // As the log was written while they were handed on.
      for (const [i, { body }] of seen.messages.entries()) {
        expect(seen.log.filter((line) => line.startsWith("tls "))[i]).toContain(toHex(body as Uint8Array));
      }
    }
  });

  it("names the frames that carried a message, also when they were captured out of order", () => {
    const cut = [0, 30, 100, 700, server12.length];
    const frames = [4, 9, 7, 12];
    const pieces = frames.map((frame, i) => ({ bytes: server12.subarray(cut[i], cut[i + 1]), frame }));
    expect(
      run(pieces)
        .messages.slice(0, 2)
        .map((event) => event.frames),
    ).toEqual([
      [4, 9],
      [7, 9, 12],
    ]);
  });

  it("gives the same events byte by byte and in any cut", () => {
    const expected = whole(server12).log;
    expect(run([...server12].map((byte) => ({ bytes: Uint8Array.of(byte) }))).log).toEqual(expected);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(server12.length), { maxLength: 40 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), server12.length];
        const pieces = at.slice(1).map((end, i) => ({ bytes: server12.subarray(at[i], end) }));
        expect(run(pieces).log).toEqual(expected);
      }),
    );
  });

  it("says of every proper prefix the beginning of what it says of the whole", () => {
    const expected = whole(server12).log;
    for (let length = 0; length < server12.length; length++) {
      const { log } = run([{ bytes: server12.subarray(0, length) }], { end: false });
      expect(log).toEqual(expected.slice(0, log.length));
    }
  });

  it("reports at the end the message that was cut short", () => {
    const seen = run([{ bytes: server12.subarray(0, 5 + serverHello.length + 5 + 104) }]);
    expect(types(seen)).toEqual([2, 11]);
    expect(seen.messages[1]).toMatchObject({ length: 900, body: undefined });
    expect(seen.messages[1]?.captured).toEqual(certificate.subarray(4, 104));
  });

  it("reads plaintext alerts, and one of two bytes even after ChangeCipherSpec", () => {
    const fatal = record(21, Uint8Array.of(2, 40), 0x0301);
    expect(whole(fatal).log).toEqual(["record 21 301 2 @1", "alert 2 40 @1"]);
    expect(whole(bytesOf(record(22, clientHello), CCS, fatal)).log.at(-1)).toBe("alert 2 40 @1");
    expect(whole(bytesOf(record(22, clientHello), record(21, filler(26)))).log.at(-1)).toBe("encrypted 21 26 @1");
  });

  it("keeps renegotiation encrypted", () => {
    const seen = whole(
      bytesOf(
        record(22, clientHello),
        record(22, message(16, filler(66))),
        CCS,
        encryptedFinished,
        record(22, clientHello),
      ),
    );
    expect(types(seen)).toEqual([1, 16]);
    expect(seen.log.at(-1)).toBe(`encrypted 22 ${clientHello.length} @1`);
  });

  it("keeps the Finished of an abbreviated handshake encrypted", () => {
    expect(types(whole(bytesOf(record(22, clientHello), CCS, encryptedFinished)))).toEqual([1]);
    expect(types(whole(bytesOf(record(22, serverHello), CCS, encryptedFinished)))).toEqual([2]);
  });

  it("reads both hellos around a HelloRetryRequest, with ChangeCipherSpec between", () => {
    const second = message(1, bytesOf([3, 3], clientRandom, [0, 0, 2, 0x13, 1, 1, 0, 0, 4, 0, 44, 0, 0]));
    const client = bytesOf(record(22, clientHello, 0x0301), CCS, record(22, second), record(23, filler(60)));
    expect(types(whole(client))).toEqual([1, 1]);
    expect(run([...client].map((byte) => ({ bytes: Uint8Array.of(byte) }))).log).toEqual(whole(client).log);
    // Split over records: the first part still repeats the random.
    expect(
      types(
        whole(
          bytesOf(record(22, clientHello), CCS, record(22, second.subarray(0, 20)), record(22, second.subarray(20))),
        ),
      ),
    ).toEqual([1, 1]);
    const server = bytesOf(record(22, retryRequest), CCS, record(22, serverHello), record(23, filler(90)));
    expect(types(whole(server))).toEqual([2, 2]);
  });

  it("does not take another random for a second hello", () => {
    const other = message(1, bytesOf([3, 3], filler(32, 99), [0, 0, 2, 0x13, 1, 1, 0]));
    expect(types(whole(bytesOf(record(22, clientHello), CCS, record(22, other))))).toEqual([1]);
  });

  it("reports an unknown message type that ends in its record and drops one that does not", () => {
    expect(types(whole(bytesOf(record(22, serverHello), record(22, message(200, filler(5))))))).toEqual([2, 200]);
    const lie = bytesOf([0xc8, 0xff, 0xff, 0xff], filler(50));
    expect(types(whole(bytesOf(record(22, serverHello), record(22, lie), record(22, helloDone))))).toEqual([2, 14]);
  });

  it("keeps bodies up to its limit only", () => {
    const body = filler(1024 * 1024 + 5000);
    const flight = message(11, body);
    const records: Uint8Array[] = [];
    for (let at = 0; at < flight.length; at += 16384) records.push(record(22, flight.subarray(at, at + 16384)));
    const seen = run([record(22, serverHello), ...records, record(22, helloDone)].map((bytes) => ({ bytes })));
    expect(types(seen)).toEqual([2, 11, 14]);
    expect(seen.messages[1]?.body).toBeUndefined();
    expect(seen.messages[1]?.captured).toEqual(body.subarray(0, 1024 * 1024));
  });

  it("accepts every version of the record header, and records longer than the RFC by stacks that send them", () => {
    for (const version of [0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x0101]) {
      expect(types(whole(record(22, serverHello, version)))).toEqual([2]);
    }
    expect(whole(bytesOf(record(22, serverHello), CCS, record(23, filler(30000)))).log.at(-1)).toBe(
      "encrypted 23 30000 @1",
    );
    expect(whole(bytesOf(record(22, serverHello), CCS, record(23, filler(40000)))).state).toBe("lost");
  });
});

describe("TlsStream on SSLv2-format hellos", () => {
  const hello = fromHex(
    "802e0100020015000000100700c0050080030080010080060040040080020080aabbccddeeff00112233445566778899",
  );

  it("reads the hello and the TLS records that follow it", () => {
    const seen = whole(bytesOf(hello, record(22, message(16, filler(60)), 0x0301), CCS, encryptedFinished));
    expect(seen.log[0]).toBe("record 22 2 46 @1");
    expect(seen.messages.map(({ format, type }) => [format, type])).toEqual([
      ["sslv2", 1],
      ["tls", 16],
    ]);
    expect(seen.messages[0]?.body).toEqual(hello.subarray(3));
    expect(run([...hello].map((byte) => ({ bytes: Uint8Array.of(byte) }))).log).toEqual(whole(hello).log);
  });

  it("recognises SSL 2.0 after it, without calling it garbage", () => {
    expect(whole(bytesOf(hello, [0x80, 0x50, 2], filler(79)))).toMatchObject({ state: "sslv2", log: { length: 2 } });
    const serverHello2 = bytesOf([0x80, 11 + 30 + 6 + 16, 4, 0, 1, 0, 2, 0, 30, 0, 6, 0, 16], filler(52));
    const seen = whole(bytesOf(serverHello2, [0x80, 0x30], filler(48)));
    expect(seen.state).toBe("sslv2");
    expect(seen.messages.map(({ format, type, length }) => [format, type, length])).toEqual([["sslv2", 4, 62]]);
    expect(run([{ bytes: serverHello2.subarray(0, 40) }, { gap: 500 }]).state).toBe("sslv2");
  });

  it("does not take other bytes above 0x7f for it", () => {
    expect(whole(filler(100)).state).toBe("not-tls");
    const wrong = hello.slice();
    wrong[1] = 0x2f;
    expect(whole(wrong).state).toBe("not-tls");
  });
});

describe("TlsStream on what is not TLS", () => {
  const page = new TextEncoder().encode(`HTTP/1.1 400 Bad Request\r\n\r\n${"x".repeat(1000)}`);

  it("says so once, with the first 512 bytes, in any cut", () => {
    const expected = [`notTls ${toHex(page.subarray(0, 512))} @1`];
    expect(whole(page).log).toEqual(expected);
    expect(run([...page].map((byte) => ({ bytes: Uint8Array.of(byte) }))).log).toEqual(expected);
  });

  it("says so at the end, or at a gap, when there is less", () => {
    expect(run([{ bytes: page.subarray(0, 20), frame: 5 }]).log).toEqual([`notTls ${toHex(page.subarray(0, 20))} @5`]);
    expect(run([{ bytes: page.subarray(0, 20) }, { gap: 9 }, { bytes: page.subarray(29) }]).log).toHaveLength(1);
  });

  it("says nothing of a beginning that could be TLS", () => {
    for (const start of ["", "16", "1603", "160301", "16030100", "80", "802e01"]) {
      expect(whole(fromHex(start))).toMatchObject({ log: [], state: "start" });
    }
  });

  it("is lost after garbage behind valid records", () => {
    const seen = whole(bytesOf(record(22, serverHello), page));
    expect(types(seen)).toEqual([2]);
    expect(seen.log.at(-1)).toBe("lost @1");
    expect(seen.state).toBe("lost");
  });
});

describe("TlsStream with missing bytes", () => {
  const original = whole(server12);
  const signature = ({ type, length }: HandshakeEvent) => `${type} ${length}`;
  const known = new Set(original.messages.map(signature));
  const bodies = new Set(original.messages.map((event) => `${event.type} ${toHex(event.body as Uint8Array)}`));

  /** What was in the stream: every event, whole or in part, must be one of the original. */
  function expectNothingInvented(seen: Seen): void {
    for (const event of seen.messages) {
      if (event.body !== undefined) expect(bodies).toContain(`${event.type} ${toHex(event.body)}`);
      else {
        expect(known).toContain(signature(event));
        const source = original.messages.find((candidate) => signature(candidate) === signature(event))
          ?.body as Uint8Array;
        expect(event.captured).toEqual(source.subarray(0, event.captured.length));
      }
    }
    expect(seen.log.filter((line) => /^(alert|notTls|lost)/.test(line))).toEqual([]);
  }

  it("invents no message, wherever the gap is and however the rest is cut", () => {
    for (let at = 0; at < server12.length; at += 3) {
      for (const length of [1, 2, 5, 17, 100, 500, 1000]) {
        const after = server12.subarray(at + length);
        expectNothingInvented(
          run([{ bytes: server12.subarray(0, at) }, { gap: Math.min(length, server12.length - at) }, { bytes: after }]),
        );
        const segments = [after.subarray(0, 50), after.subarray(50, 90), after.subarray(90)].map((bytes) => ({
          bytes,
        }));
        expectNothingInvented(run([{ bytes: server12.subarray(0, at) }, { gap: length }, ...segments]));
        expectNothingInvented(run(segments, { midStream: true }));
      }
    }
  });

  it("keeps its place over a gap inside one message", () => {
    const at = 5 + serverHello.length + 5 + 50;
    const seen = run([
      { bytes: server12.subarray(0, at), frame: 1 },
      { gap: 200 },
      { bytes: server12.subarray(at + 200), frame: 2 },
    ]);
    expect(types(seen)).toEqual([2, 11, 12, 14, 4]);
    expect(seen.messages[1]).toMatchObject({ body: undefined, length: 900, frames: [1, 2] });
    expect(seen.messages[1]?.captured).toEqual(certificate.subarray(4, 50));
    expect(seen.messages[2]?.body).toEqual(keyExchange.subarray(4));
  });

  it("reads on at a message that fills its record after the boundaries inside a record were lost", () => {
    const lead = 5 + serverHello.length + 5 + 500 + 5 + 5;
    const gap = 404 + 30;
    const seen = run([{ bytes: server12.subarray(0, lead) }, { gap }, { bytes: server12.subarray(lead + gap) }]);
    expect(types(seen)).toEqual([2, 11, 4]);
  });

  it("does not read the rest of a message as a message when its beginning is in the gap", () => {
    // A body that would read as ServerHelloDone, twice.
    const tricky = message(12, bytesOf(filler(40), [14, 0, 0, 0, 14, 0, 0, 0]));
    const flight = bytesOf(
      record(22, bytesOf(certificate, tricky.subarray(0, 44))),
      record(22, tricky.subarray(44)),
      record(22, helloDone),
    );
    const start = 5 + 100;
    const gap = certificate.length - 100 + 20;
    const lead = record(22, serverHello);
    const seen = run([
      { bytes: bytesOf(lead, flight.subarray(0, start)) },
      { gap },
      { bytes: flight.subarray(start + gap) },
    ]);
    expect(types(seen)).toEqual([2, 11, 14]);
    expect(seen.messages[2]?.record).toBe(4);
  });

  it("finds its place again at a segment that begins with a record", () => {
    const flight = bytesOf(record(22, helloDone), CCS, encryptedFinished);
    const seen = run([{ bytes: record(22, serverHello) }, { gap: 700 }, { bytes: filler(300) }, { bytes: flight }]);
    expect(types(seen)).toEqual([2, 14]);
    expect(seen.log.at(-1)).toBe("encrypted 22 40 @1");
  });

  it("begun in the middle, waits for proof: the next header, the segment's end, or a message that fills the record", () => {
    const data = record(23, filler(300));
    const run2 = (...pieces: Uint8Array[]) =>
      run(
        pieces.map((bytes) => ({ bytes })),
        { midStream: true },
      );
    expect(run2(data).log).toEqual(["record 23 303 300 @1", "encrypted 23 300 @1"]);
    expect(run2(data.subarray(0, 200)).log).toEqual([]);
    expect(run2(data.subarray(0, 200)).state).toBe("seeking");
    expect(run2(data.subarray(0, 200), data.subarray(200)).log).toEqual([]);
    expect(run2(data.subarray(0, 200), bytesOf(data.subarray(200), data)).log).toHaveLength(4);
    expect(run2(data.subarray(0, 200), bytesOf(data.subarray(200), filler(50))).log).toEqual([]);
    expect(run2(bytesOf(data, filler(50))).log).toEqual([]);
    // A header that only a stream in step may have (a ChangeCipherSpec of five bytes) confirms nothing.
    expect(run2(data.subarray(0, 200), bytesOf(data.subarray(200), [20, 3, 3, 0, 5])).log).toEqual([]);
    const long = record(22, certificate);
    expect(types(run2(long.subarray(0, 200), long.subarray(200)))).toEqual([11]);
    // Part of a message, or an encrypted one, in a record of its own: the record counts, no message is made of it.
    expect(run2(record(22, certificate.subarray(0, 300))).log).toEqual(["record 22 303 300 @1"]);
    expect(run2(encryptedFinished).log).toEqual(["record 22 303 40 @1"]);
  });

  it("does not make messages of encrypted records when it was not told that the beginning is missing", () => {
    expect(whole(bytesOf(encryptedFinished, record(23, filler(90)))).messages).toEqual([]);
  });

  it("stays encrypted over a gap", () => {
    const seen = run([{ bytes: bytesOf(record(22, serverHello), CCS) }, { gap: 60 }, { bytes: record(22, helloDone) }]);
    expect(types(seen)).toEqual([2]);
    expect(seen.log.at(-1)).toBe("encrypted 22 4 @1");
  });

  it("never throws, whatever the bytes and gaps", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => ({ bytes })),
      fc.nat(200).map((gap) => ({ gap })),
      fc.constantFrom(...[server12, record(22, clientHello), CCS, encryptedFinished].map((bytes) => ({ bytes }))),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), (pieces, midStream) => {
        run(pieces, { midStream });
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.nat(server12.length - 1), fc.nat(255), (at, value) => {
        const changed = server12.slice();
        changed[at] = value;
        whole(changed);
      }),
      { numRuns: 300 },
    );
  });
});
