/**
 * Captures made to exhaust us: whatever they hold, state stays within the named limits and the totals are exact. No time is
 * measured; a quadratic step would show as a test that does not end.
 */

import { describe, expect, test } from "vitest";
import type { ByteSource } from "../../src/capture/input.ts";
import { CaptureSet } from "../../src/capture/set.ts";
import { analyze } from "../../src/index.ts";
import { type Collected, collect } from "../../src/observe/from-capture.ts";
import { Keeper, MAX_KINDS } from "../../src/observe/keeper.ts";
import { reportSchema } from "../../src/report/schema.ts";
import { concat, ints, payload, pcapHeader, pcapRecord } from "../support/capture-writer.ts";
import { ecKeys, makeCertificate } from "../support/certificates.ts";
import { ACK, CLIENT, Conversation, ethernet, ipv4, SERVER, SYN, tcpFrame, UDP } from "../support/packets.ts";
import { certificate, clientHello, flight, record, SERVER_HELLO_DONE, serverHello } from "../support/tls-messages.ts";

const MiB = 1024 * 1024;

/** A pcap file that is made while it is read: a million frames cost nothing to hold. */
class MadeUp implements ByteSource {
  readonly name = "made-up.pcap";
  readonly size = undefined;
  private readonly frames: Iterator<Uint8Array>;
  private left = pcapHeader();
  private count = 0;

  constructor(frames: Iterable<Uint8Array>) {
    this.frames = frames[Symbol.iterator]();
  }

  read(into: Uint8Array): number {
    let at = 0;
    while (at < into.length) {
      if (this.left.length === 0) {
        const { value, done } = this.frames.next();
        if (done === true) break;
        const micros = this.count++ * 10;
        this.left = pcapRecord(value, { seconds: 1_700_000_000 + Math.floor(micros / 1e6), fraction: micros % 1e6 });
      }
      const piece = this.left.subarray(0, into.length - at);
      into.set(piece, at);
      at += piece.length;
      this.left = this.left.subarray(piece.length);
    }
    return at;
  }

  close(): void {}
}

interface Outcome extends Collected {
  /** How much larger the heap (and its buffers) was at most than before. */
  readonly growth: number;
}

async function read(frames: Iterable<Uint8Array>, keep = 5000): Promise<Outcome> {
  const set = await CaptureSet.open([new MadeUp(frames)]);
  const before = used();
  let most = before;
  const collected = await collect(set, new Keeper(keep), {
    progress() {
      most = Math.max(most, used());
      return false;
    },
  });
  set.close();
  return { ...collected, growth: Math.max(most, used()) - before };
}

function used(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The same frame again and again with another number in it: a frame is read before the next is asked for. */
const SEQUENCE = 14 + 20 + 4;
const SOURCE = 14 + 12;
const IDENTIFICATION = 14 + 4;

function bent(frame: Uint8Array, at: number, value: number): Uint8Array {
  new DataView(frame.buffer).setUint32(at, value);
  return frame;
}

/** Connections however folded. */
const counted = ({ drafts }: Collected) => drafts.reduce((sum, { alike }) => sum + 1 + alike, 0);

const peer = (number: number) => ({
  ip: `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`,
  port: 1024 + (number % 60_000),
});

describe("many connections", () => {
  test("200 000 half-open ones", async () => {
    function* frames() {
      const bytes = tcpFrame(CLIENT, SERVER, new Uint8Array(0), { flags: SYN, sequence: 1 });
      for (let i = 0; i < 200_000; i++) yield bent(bytes, SOURCE, 0x0a000000 + i);
    }
    const outcome = await read(frames());
    expect(outcome.totals).toEqual({ connections: 200_000, handshakes: 0, chains: 0, frames: 200_000 });
    expect(counted(outcome)).toBe(200_000);
    expect(outcome.drafts.length).toBeLessThanOrEqual(5001);
    expect(outcome.growth).toBeLessThan(300 * MiB);
  });

  test("70 000 with data that are never closed", async () => {
    const hello = flight(clientHello({ name: "www.example.com" }));
    function* frames() {
      const syn = tcpFrame(CLIENT, SERVER, new Uint8Array(0), { flags: SYN, sequence: 1 });
      const data = tcpFrame(CLIENT, SERVER, hello, { flags: ACK, sequence: 2 });
      for (let i = 0; i < 70_000; i++) {
        yield bent(syn, SOURCE, 0x0a000000 + i);
        yield bent(data, SOURCE, 0x0a000000 + i);
      }
    }
    const outcome = await read(frames());
    expect(outcome.totals).toEqual({ connections: 70_000, handshakes: 70_000, chains: 0, frames: 140_000 });
    expect(counted(outcome)).toBe(70_000);
    expect(outcome.growth).toBeLessThan(700 * MiB);
  });

  test("50 000 of one hash value", async () => {
    // Both addresses changed by the same bits: their exclusive or, and so the hash, stays.
    function* frames() {
      const bytes = tcpFrame(CLIENT, { ...SERVER, ip: "10.0.0.6" }, payload(10), { sequence: 1 });
      for (let i = 0; i < 100_000; i++) {
        const flow = i % 50_000;
        const changed = [10, (flow >> 12) & 255, (flow >> 4) & 255, ((flow & 15) << 4) | 5];
        bytes.set(changed, 14 + 12);
        bytes.set([...changed.slice(0, 3), (changed[3] as number) ^ 3], 14 + 16);
        yield bytes;
      }
    }
    const outcome = await read(frames());
    expect(outcome.totals).toMatchObject({ connections: 50_000, frames: 100_000 });
    expect(counted(outcome)).toBe(50_000);
  });

  test("22 000 that differ in their alerts: more kinds than are kept", async () => {
    function* frames() {
      for (let i = 0; i < 22_000; i++) {
        const alerts = concat(...[0, 4, 8, 12].map((shift) => record(21, Uint8Array.of(1, 100 + ((i >> shift) & 15)))));
        const hello = flight(clientHello());
        yield* new Conversation({ client: peer(i) }).open().say("client", concat(hello, alerts)).reset("server").frames;
      }
    }
    const outcome = await read(frames(), 10);
    expect(outcome.totals).toMatchObject({ connections: 22_000, handshakes: 22_000 });
    expect(counted(outcome)).toBe(22_000);
    expect(outcome.drafts.length).toBeLessThanOrEqual(MAX_KINDS + 11);
  });
});

describe("one connection", () => {
  const start = tcpFrame(CLIENT, SERVER, new Uint8Array(0), { flags: SYN, sequence: 0 });

  test("of 300 000 segments behind a hole that never fills, in falling order", async () => {
    const data = payload(100);
    function* frames() {
      yield start;
      const frame = tcpFrame(CLIENT, SERVER, data);
      for (let i = 300_000; i > 0; i--) yield bent(frame, SEQUENCE, 10 + i * 101);
    }
    const { drafts, growth } = await read(frames());
    expect(drafts[0]?.frames.count).toBe(300_001);
    expect(growth).toBeLessThan(150 * MiB);
  });

  test("of 300 000 segments with a hole before each", async () => {
    const data = payload(100);
    function* frames() {
      yield start;
      const frame = tcpFrame(CLIENT, SERVER, data);
      for (let i = 0; i < 300_000; i++) yield bent(frame, SEQUENCE, 10 + i * 101);
    }
    const { drafts, growth } = await read(frames());
    expect(drafts[0]?.bytes.fromClient).toBe(300_000 * 100);
    expect(growth).toBeLessThan(150 * MiB);
  });

  test("of a million records of one byte", async () => {
    const piece = concat(...Array.from({ length: 200 }, () => record(22, Uint8Array.of(1))));
    function* frames() {
      yield start;
      for (let i = 0; i < 5000; i++) yield tcpFrame(CLIENT, SERVER, piece, { sequence: 1 + i * piece.length });
    }
    const { drafts, growth } = await read(frames());
    expect(drafts[0]?.bytes.fromClient).toBe(5000 * piece.length);
    expect(drafts[0]?.handshake.length).toBeLessThanOrEqual(64);
    expect(growth).toBeLessThan(150 * MiB);
  });

  test("of a million empty records, and of empty messages", async () => {
    for (const one of [record(22, new Uint8Array(0)), flight(SERVER_HELLO_DONE), record(21, Uint8Array.of(1, 0))]) {
      const piece = concat(...Array.from({ length: 150 }, () => one));
      function* frames() {
        yield start;
        for (let i = 0; i < 6700; i++) yield tcpFrame(CLIENT, SERVER, piece, { sequence: 1 + i * piece.length });
      }
      const { drafts, growth } = await read(frames());
      expect(drafts[0]?.handshake.length).toBeLessThanOrEqual(64);
      expect(drafts[0]?.tls?.alerts.length).toBeLessThanOrEqual(16);
      expect(growth).toBeLessThan(150 * MiB);
    }
  });

  test("of bytes one by one", async () => {
    const stream = concat(flight(clientHello({ name: "www.example.com" })), record(22, payload(16_000)));
    function* frames() {
      yield start;
      for (let i = 0; i < stream.length; i++)
        yield tcpFrame(CLIENT, SERVER, stream.subarray(i, i + 1), { sequence: 1 + i });
    }
    const { drafts } = await read(frames());
    expect(drafts[0]?.tls?.clientHello?.serverName).toBe("www.example.com");
    expect(drafts[0]?.bytes.fromClient).toBe(stream.length);
  });
});

describe("claimed lengths", () => {
  test("20 000 messages of 16 MiB of which the first bytes are there", async () => {
    const claim = record(22, concat(ints(true, [11, 1], [0xff, 1], [0xffff, 2]), payload(20)));
    function* frames() {
      for (let i = 0; i < 20_000; i++) {
        yield tcpFrame(SERVER, peer(i), new Uint8Array(0), { flags: SYN | ACK, sequence: 0 });
        yield tcpFrame(SERVER, peer(i), claim, { sequence: 1 });
      }
    }
    const { totals, growth } = await read(frames());
    expect(totals.connections).toBe(20_000);
    expect(growth).toBeLessThan(300 * MiB);
  });

  test("a frame that claims 4 GiB on the wire, again and again: sums stay numbers", async () => {
    const bytes = ethernet(ipv4(tcpFrame(CLIENT, SERVER, payload(10)).subarray(34), { total: 0 }));
    const file = concat(
      pcapHeader(),
      ...Array.from({ length: 5000 }, () => pcapRecord(bytes, { original: 0xffffffff, seconds: 1_700_000_000 })),
    );
    const source = {
      name: "a.pcap",
      size: file.length,
      close: () => {},
      at: 0,
      read: (into: Uint8Array) => take(into),
    };
    const take = (into: Uint8Array): number => {
      const piece = file.subarray(source.at, source.at + into.length);
      into.set(piece);
      source.at += piece.length;
      return piece.length;
    };
    const report = await analyze([source]);
    reportSchema.parse(report);
    expect(report.connections[0]?.bytes.fromClient).toBeLessThan(5000 * MiB);
  });

  test("200 000 fragments whose packets never become whole", async () => {
    function* frames() {
      const frame = ethernet(ipv4(payload(1400), { protocol: UDP, offset: 1400, more: true }));
      for (let i = 0; i < 200_000; i++) {
        bent(frame, IDENTIFICATION, (i << 16) | 0x2000 | (1400 / 8));
        yield bent(frame, SOURCE, 0x0a000000 + (i >> 16));
      }
    }
    const { totals, growth } = await read(frames());
    expect(totals).toMatchObject({ connections: 0, frames: 200_000 });
    expect(growth).toBeLessThan(150 * MiB);
  });
});

describe("certificates", () => {
  test("60 connections, each with 31 CA certificates of one name: an answer, and nobody is accused", async () => {
    const keys = ecKeys();
    const basic = Uint8Array.of(
      0x30,
      0x0f,
      0x06,
      0x03,
      0x55,
      0x1d,
      0x13,
      0x01,
      0x01,
      0xff,
      0x04,
      0x05,
      0x30,
      0x03,
      0x01,
      0x01,
      0xff,
    );
    const issuer = makeCertificate({
      subject: "ca",
      issuer: "ca",
      signer: keys,
      extensions: [basic],
      serial: payload(8, 1),
    });
    const leaf = makeCertificate({ subject: "leaf", issuer: "ca", signer: ecKeys(), serial: payload(8, 1) });
    const at = indexOf(issuer, payload(8, 1));
    const leafAt = indexOf(leaf, payload(8, 1));
    function* frames() {
      let serial = 0;
      for (let i = 0; i < 60; i++) {
        leaf.set(ints(true, [i, 4]), leafAt + 4);
        const chain = Array.from({ length: 31 }, () => {
          const copy = issuer.slice();
          copy.set(ints(true, [++serial, 4]), at + 4);
          return copy;
        });
        const conversation = new Conversation({ client: peer(i) }).open().say("client", flight(clientHello()));
        yield* conversation.say("server", flight(serverHello()).slice()).frames;
        const more = new Conversation({
          client: peer(i),
          serverStart: 5001 + flight(serverHello()).length,
          clientStart: 1001 + flight(clientHello()).length,
        });
        yield* more.say("server", flight(certificate(leaf, ...chain)), 1400).reset("server").frames;
      }
    }
    const report = await analyze([new MadeUp(frames())], { maxConnections: 20 });
    expect(report.totals).toMatchObject({ connections: 60, handshakes: 60, chains: 60 });
    expect(report.connections.length).toBe(20);
    expect(report.verdict.is).not.toBe("intercepted");
    expect(report.rules.filter(({ is }) => is === "failed")).toEqual([]);
  });
});

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  const at = bytes.findIndex((_, i) => part.every((byte, j) => bytes[i + j] === byte));
  expect(at).toBeGreaterThan(0);
  return at;
}
