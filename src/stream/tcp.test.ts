import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { payload } from "../../test/support/capture-writer.ts";
import { ACK, CLIENT, ethernet, FIN, frameOf, ipv4, RST, SERVER, SYN, tcp } from "../../test/support/packets.ts";
import { decode, Packet, TCP } from "../packet/packet.ts";
import { Flow, type FlowReader, FlowTable, flowMemory, type Half, Known } from "./flow.ts";
import { MAX_PENDING_BYTES, MAX_PENDING_SEGMENTS, MAX_PENDING_TOTAL, TcpReassembly } from "./tcp.ts";

interface Given {
  readonly from?: "client" | "server";
  readonly seq: number;
  readonly ack?: number;
  readonly flags?: number;
  readonly data?: Uint8Array;
  /** Payload bytes that the snapshot length left. */
  readonly kept?: number;
  readonly at?: number;
  /** IP identification; a new one for each frame unless told. */
  readonly id?: number;
}

interface Piece {
  readonly side: 0 | 1;
  readonly bytes: Uint8Array;
  readonly frame: number;
  readonly available: number;
  readonly at: number;
}

/** Feeds frames to a TcpReassembly, as the collector does, and keeps what the reader is given. */
class Run implements FlowReader {
  readonly reassembly: TcpReassembly;
  readonly pieces: (Piece | { readonly side: 0 | 1; readonly gap: number })[] = [];
  flow!: Flow;
  /** Let the table count what only has to be counted. */
  quick = true;
  counted = 0;
  /** Called with every piece, before it is kept. */
  onPiece: () => void = () => {};
  private readonly table = new FlowTable(flowMemory("tcp"), () => {});
  private readonly known = new Known();
  private frames = 0;

  constructor(reassembly = new TcpReassembly()) {
    this.reassembly = reassembly;
  }

  data(side: 0 | 1, bytes: Uint8Array, start: number, end: number, frame: number, available: number, at: number): void {
    this.pieces.push({ side, bytes: bytes.slice(start, end), frame, available, at });
    this.onPiece();
  }

  gap(side: 0 | 1, length: number): void {
    this.pieces.push({ side, gap: length });
  }

  add(...all: readonly Given[]): this {
    for (const { from = "client", seq, ack, flags, data = new Uint8Array(0), kept, at = 0, id } of all) {
      const [source, target] = from === "client" ? [CLIENT, SERVER] : [SERVER, CLIENT];
      this.frames++;
      const segment = tcp(source.port, target.port, data, {
        sequence: seq,
        acknowledgement: ack ?? 0,
        flags: flags ?? (ack === undefined ? 0 : ACK),
      });
      const bytes = ethernet(ipv4(segment, { from: source.ip, to: target.ip, id: id ?? this.frames }));
      const end = kept === undefined ? bytes.length : bytes.length - data.length + kept;
      const frame = frameOf(bytes.subarray(0, end), { original: bytes.length, at });
      const packet = new Packet();
      decode(frame, packet);
      expect(packet.kind).toBe(TCP);
      const place = this.table.find(packet);
      const { seconds, nanos } = frame;
      const idle = place === 0 ? Infinity : this.table.touch(place, this.frames, seconds, nanos);
      if (place !== 0 && this.quick && this.table.countSegment(place, packet, idle)) {
        this.counted++;
        continue;
      }
      if (place === 0) {
        const added = this.table.add(packet, this.frames, seconds, nanos);
        this.flow = new Flow(this.table, added, 0, this.frames, seconds, nanos);
      }
      this.flow.reader = this;
      if (this.table.note(this.flow.at, packet, idle, this.known))
        this.reassembly.segment(this.flow, this.table.side, this.known, packet, frame, this.frames);
    }
    return this;
  }

  finish(): this {
    this.reassembly.finish(this.flow);
    return this;
  }

  get client(): Half {
    return this.flow.half0;
  }

  get server(): Half {
    return this.flow.half1;
  }

  /** What the reader got of one side: bytes as text, gaps as `[n]`. */
  text(side: 0 | 1 = 0): string {
    return this.pieces
      .filter((piece) => piece.side === side)
      .map((piece) => ("gap" in piece ? `[${piece.gap}]` : new TextDecoder("latin1").decode(piece.bytes)))
      .join("");
  }
}

const PSH = 8;
const letters = (text: string) => new TextEncoder().encode(text);
/** A segment at an offset behind the SYN, which has number 999. */
const at = (offset: number, text: string, more: Partial<Given> = {}): Given => ({
  seq: 1000 + offset,
  data: letters(text),
  ...more,
});
const syn: Given = { seq: 999, flags: SYN };
const ackOf = (offset: number): Given => ({ from: "server", seq: 0, ack: 1000 + offset });

describe("copies, as of a mirror port", () => {
  const copy = (of: Partial<Given>, more: Partial<Given> = {}) => at(0, "abc", { ...of, ...more });

  test.each<[string, readonly Given[], number]>([
    ["the packet of the same number", [copy({ id: 8 }), copy({ id: 8, at: 0.00001 })], 0],
    ["another number: sent again", [copy({ id: 8 }), copy({ id: 9, at: 0.00001 })], 1],
    ["the same number long after: a sender that counts nothing", [copy({ id: 8 }), copy({ id: 8, at: 0.3 })], 1],
    ["one packet between them", [copy({ id: 8 }), at(3, "def", { id: 9 }), copy({ id: 8, at: 0.00002 })], 0],
    ["past the end of the numbers", [copy({ id: 65535 }), at(3, "def", { id: 1 }), copy({ id: 65535 })], 0],
    ["no numbers, a moment later", [copy({ id: 0 }), copy({ id: 0, at: 0.0001 })], 0],
    ["no numbers, later than that", [copy({ id: 0 }), copy({ id: 0, at: 0.002 })], 1],
    ["of what waits out of order", [at(3, "def", { id: 8 }), at(3, "def", { id: 8, at: 0.00001 })], 0],
  ])("%s", (_, segments, retransmissions) => {
    for (const quick of [true, false]) {
      const run = new Run();
      run.quick = quick;
      run.add(syn, ackOf(0), ...segments).finish();
      expect(run.client.retransmissions).toBe(retransmissions);
    }
  });

  test("a SYN and a RST count once, and sent again they count again", () => {
    const reset: Given = { seq: 1000, flags: RST, id: 7 };
    const run = new Run().add(
      { ...syn, id: 5 },
      { ...syn, id: 5, at: 0.00001 },
      { ...syn, id: 6, at: 1 },
      reset,
      reset,
    );
    expect(run.flow.syns).toBe(2);
    expect(run.client.frames).toBe(3);
  });

  test("a number seen before hides nothing new", () => {
    const run = new Run().add(syn, at(0, "abc", { id: 8 }), at(3, "def", { id: 8 }), at(6, "ghi", { id: 7 })).finish();
    expect(run.text(0)).toBe("abcdefghi");
  });
});

describe("order", () => {
  test("in order: each piece with its frame", () => {
    const run = new Run().add(syn, at(0, "abc"), at(3, "def", { at: 0.5 })).finish();
    expect(run.pieces).toEqual([
      { side: 0, bytes: letters("abc"), frame: 2, available: 2, at: 0 },
      { side: 0, bytes: letters("def"), frame: 3, available: 3, at: 0.5 },
    ]);
    expect(run.client).toMatchObject({
      bytes: 6,
      missing: 0,
      lost: 0,
      retransmissions: 0,
      largestSegment: 3,
      frames: 3,
    });
    expect(run.client).toMatchObject({ fromStart: true, firstDataFrame: 2, ttl: 64 });
  });

  test("a hole that fills late: later pieces are available with the frame that filled it", () => {
    const run = new Run().add(syn, at(3, "def", { at: 1 }), at(6, "ghi", { at: 2 }), at(0, "abc", { at: 3 }));
    expect(run.pieces).toEqual([
      { side: 0, bytes: letters("abc"), frame: 4, available: 4, at: 3 },
      { side: 0, bytes: letters("def"), frame: 2, available: 4, at: 3 },
      { side: 0, bytes: letters("ghi"), frame: 3, available: 4, at: 3 },
    ]);
    expect(run.client).toMatchObject({ bytes: 9, missing: 0, retransmissions: 0, pendingBytes: 0 });
    expect(run.client.pending).toBeUndefined();
  });

  test("two holes fill one after the other", () => {
    const run = new Run().add(syn, at(8, "i"), at(3, "def"), at(0, "abc"));
    expect(run.text()).toBe("abcdef");
    expect(run.add(at(6, "gh")).text()).toBe("abcdefghi");
  });

  test("both directions are apart", () => {
    const run = new Run().add(
      syn,
      { from: "server", seq: 4999, flags: SYN | ACK, ack: 1000 },
      at(0, "hello", { ack: 5000 }),
      { from: "server", seq: 5000, ack: 1005, data: letters("world") },
    );
    expect([run.text(0), run.text(1)]).toEqual(["hello", "world"]);
    expect(run.flow).toMatchObject({ clientSide: 0, syns: 1, synFrame: 1, synAckFrame: 2 });
    expect(run.server).toMatchObject({ bytes: 5, fromStart: true, firstDataFrame: 4 });
  });
});

describe("repetition and overlap", () => {
  test("a retransmission, whole or part, is counted and not given again", () => {
    const run = new Run().add(syn, at(0, "abcdef"), at(0, "abcdef"), at(2, "cd")).finish();
    expect(run.text()).toBe("abcdef");
    expect(run.client).toMatchObject({ bytes: 6, retransmissions: 2 });
  });

  test.each([
    ["front", [at(0, "abcd"), at(2, "cdef")]],
    ["back, the later part first", [at(4, "efgh"), at(2, "cdef"), at(0, "ab")]],
    ["both", [at(0, "ab"), at(4, "ef"), at(1, "bcdefg")]],
    ["a waiting segment within another", [at(4, "e"), at(2, "cdefgh"), at(0, "ab")]],
    ["a waiting segment twice", [at(2, "cd"), at(2, "cd"), at(0, "ab")]],
    ["a waiting segment again and longer", [at(2, "cd"), at(2, "cdef"), at(0, "ab")]],
    ["a waiting segment again and shorter", [at(2, "cdef"), at(2, "cd"), at(0, "ab")]],
  ])("%s", (_, segments) => {
    const run = new Run().add(syn, ...segments).finish();
    const whole = "abcdefgh".slice(0, Math.max(...segments.map(({ seq, data }) => seq - 1000 + (data?.length ?? 0))));
    expect(run.text()).toBe(whole);
    expect(run.client).toMatchObject({ bytes: whole.length, missing: 0, lost: 0 });
  });

  test("where copies differ the one that came first holds", () => {
    expect(new Run().add(syn, at(0, "abc"), at(0, "xyzdef")).text()).toBe("abcdef");
    expect(new Run().add(syn, at(2, "cd"), at(2, "XX"), at(0, "ab")).text()).toBe("abcd");
  });

  test("a keep-alive repeats the last byte, whatever it is, and is no data", () => {
    const run = new Run().add(syn, at(0, "abc"), at(2, "\0"), at(2, ""), at(3, "def"));
    expect(run.text()).toBe("abcdef");
    expect(run.client).toMatchObject({ bytes: 6, retransmissions: 1 });
  });

  test("a SYN again changes nothing but its count", () => {
    const run = new Run().add(syn, { ...syn, at: 1 }, at(0, "abc"));
    expect(run.text()).toBe("abc");
    expect(run.flow).toMatchObject({ syns: 2, synFrame: 1, synAt: 0 });
  });
});

describe("sequence numbers", () => {
  test.each([0xfffffffe, 0x7ffffffe])("pass %i in order and out of order", (base) => {
    const near = (offset: number, text: string): Given => ({ seq: (base + 1 + offset) >>> 0, data: letters(text) });
    const start: Given = { seq: base, flags: SYN };
    expect(new Run().add(start, near(0, "abc"), near(3, "def")).text()).toBe("abcdef");
    const run = new Run().add(start, near(6, "ghi"), near(3, "def"), near(0, "abc"), near(1, "bcdefghijk")).finish();
    expect(run.text()).toBe("abcdefghijk");
    expect(run.client).toMatchObject({ bytes: 11, missing: 0, lost: 0 });
  });

  test("2^30 and more ahead is no segment of this stream, and no sign of a hole", () => {
    const run = new Run()
      .add(syn, at(0, "abc"), at((1 << 30) + 3, ""), at((1 << 30) + 3, "zzz"), at(3, "def"))
      .finish();
    expect(run.text()).toBe("abcdef");
    expect(run.client).toMatchObject({ bytes: 6, missing: 0, lost: 0 });
  });

  test("data on the SYN counts from behind it", () => {
    const run = new Run().add({ ...syn, data: letters("abc") }, at(0, "abc"), at(3, "def"));
    expect(run.text()).toBe("abcdef");
    expect(run.client).toMatchObject({ bytes: 6, retransmissions: 1, fromStart: true });
  });
});

describe("holes that never fill", () => {
  test("acknowledged: missing in the capture; a gap in its place", () => {
    const run = new Run().add(syn, at(0, "abc"), at(6, "ghi"), ackOf(9)).finish();
    expect(run.text()).toBe("abc[3]ghi");
    expect(run.client).toMatchObject({ bytes: 6, missing: 3, lost: 0 });
  });

  test("acknowledged up to the hole and no further: lost", () => {
    const run = new Run().add(syn, at(0, "abc"), at(6, "ghi"), ackOf(3)).finish();
    expect(run.text()).toBe("abc[3]ghi");
    expect(run.client).toMatchObject({ missing: 0, lost: 3 });
  });

  test("no acknowledgement in the capture: missing, for nothing shows that it was lost", () => {
    const run = new Run().add(syn, at(0, "abc"), at(6, "ghi")).finish();
    expect(run.client).toMatchObject({ missing: 3, lost: 0 });
  });

  test("several holes, one at the very start", () => {
    const run = new Run().add(syn, at(2, "c"), at(5, "f"), ackOf(6)).finish();
    expect(run.text()).toBe("[2]c[2]f");
    expect(run.client).toMatchObject({ bytes: 2, missing: 4 });
  });
});

describe("bytes after the last one captured", () => {
  test("an acknowledgement shows them: missing", () => {
    const run = new Run().add(syn, at(0, "abc"), ackOf(86)).finish();
    expect(run.text()).toBe("abc[83]");
    expect(run.client).toMatchObject({ bytes: 3, missing: 83, lost: 0 });
  });

  test.each([
    ["an empty segment", { seq: 1010, flags: ACK }],
    ["a FIN", { seq: 1010, flags: FIN | ACK }],
    ["a RST", { seq: 1010, flags: RST }],
  ])("%s behind them shows them; not acknowledged: lost", (_, segment) => {
    const run = new Run().add(syn, ackOf(0), segment).finish();
    expect(run.text()).toBe("[10]");
    expect(run.client).toMatchObject({ missing: 0, lost: 10 });
  });

  test("a FIN takes a number, which is no byte", () => {
    const fin = at(3, "", { flags: FIN | ACK });
    const closed = new Run().add(syn, at(0, "abc"), fin, ackOf(4), at(4, "", { flags: ACK })).finish();
    expect(closed.client).toMatchObject({ bytes: 3, missing: 0, lost: 0 });
    // Data on the FIN.
    const both = new Run().add(syn, at(0, "abc", { flags: FIN | ACK }), ackOf(4)).finish();
    expect(both.client).toMatchObject({ bytes: 3, missing: 0, finFrame: 2 });
    // The FIN itself is not in the capture.
    expect(new Run().add(syn, at(0, "abc"), ackOf(4)).finish().client).toMatchObject({ bytes: 3, missing: 0 });
    // Bytes before the FIN are missing, the acknowledgement covers both.
    const cut = new Run().add(syn, at(0, "abc"), at(9, "", { flags: FIN | ACK }), ackOf(10)).finish();
    expect(cut.client).toMatchObject({ missing: 6 });
    expect(cut.text()).toBe("abc[6]");
  });

  test("a RST with a number far off, as something on the path makes up, shows nothing", () => {
    for (const seq of [0, 1000 + MAX_PENDING_BYTES + 1, 0xfffffff0]) {
      const run = new Run().add(syn, at(0, ""), { seq, flags: RST }).finish();
      expect(run.client, `${seq}`).toMatchObject({ missing: 0, lost: 0 });
    }
  });

  test("an acknowledgement 2^30 and more ahead is none of this stream", () => {
    expect(new Run().add(syn, at(0, "abc"), ackOf((1 << 30) + 3)).finish().client).toMatchObject({ missing: 0 });
  });

  test("of a direction without a captured packet that says where it is: nothing is claimed", () => {
    const run = new Run().add({ ...at(0, "abc"), ack: 7000 }, { ...at(3, "def"), ack: 9000 }).finish();
    expect(run.server).toMatchObject({ frames: 0, bytes: 0, missing: 0, lost: 0 });
  });
});

describe("snapshot length", () => {
  test("in order: what was cut is missing, in its place", () => {
    const run = new Run().add(syn, at(0, "abcdef", { kept: 2 }), at(6, "ghi"), at(9, "jkl", { kept: 0 })).finish();
    expect(run.text()).toBe("ab[4]ghi[3]");
    expect(run.client).toMatchObject({ bytes: 12, missing: 7, lost: 0 });
  });

  test("out of order", () => {
    const run = new Run().add(syn, at(6, "ghijkl", { kept: 1 }), at(0, "abcdef", { kept: 5 })).finish();
    expect(run.text()).toBe("abcde[1]g[5]");
    expect(run.client).toMatchObject({ bytes: 12, missing: 6 });
  });

  test("an overlap that begins behind the cut leaves only a gap", () => {
    const run = new Run().add(syn, at(0, "abcd"), at(2, "cdefgh", { kept: 1 })).finish();
    expect(run.text()).toBe("abcd[4]");
    expect(run.client).toMatchObject({ missing: 4 });
  });

  test("a segment of which nothing was kept still waits in its place", () => {
    const run = new Run().add(syn, at(3, "def", { kept: 0 }), at(6, "ghi"), at(0, "abc")).finish();
    expect(run.text()).toBe("abc[3]ghi");
  });
});

describe("where it begins and ends", () => {
  test("in the middle of a connection: from the first data on, and not from the start", () => {
    const run = new Run().add(
      { seq: 777_777, ack: 5, data: letters("abc") },
      { seq: 777_780, ack: 5, data: letters("def") },
    );
    expect(run.text()).toBe("abcdef");
    expect(run.client).toMatchObject({ fromStart: false, bytes: 6, missing: 0 });
    expect(run.flow).toMatchObject({ clientSide: -1, syns: 0 });
  });

  test("times of the SYN, the SYN-ACK and the first acknowledgement of it, and what the two systems are like", () => {
    const opening: Given[] = [
      { seq: 999, flags: SYN, at: 0 },
      { from: "server", seq: 4999, flags: SYN | ACK, ack: 1000, at: 0.25 },
      { seq: 1000, ack: 5000, at: 0.5 },
    ];
    const later: Given[] = [
      { seq: 1000, ack: 5000, at: 0.75 },
      { from: "server", seq: 4999, flags: SYN | ACK, ack: 1000, at: 1 },
      { seq: 1000, ack: 5001, at: 2 },
    ];
    const { flow } = new Run().add(...opening, ...later);
    expect([flow.synAt, flow.synAckAt, flow.ackAt]).toEqual([0, 0.25, 0.5]);
    const plain = { ttl: 64, options: "" };
    expect([flow.half0.opening, flow.half1.opening]).toMatchObject([plain, plain]);
    // The acknowledgement stored before what it acknowledges tells no time.
    const [one, two, three] = opening as [Given, Given, Given];
    expect(new Run().add(one, three, two, ...later).flow.ackAt).toBeNaN();
    expect(new Run().add(one, two).flow.ackAt).toBeNaN();
    expect(new Run().add(two, three).flow.ackAt).toBe(0.25);
  });

  test("a SYN-ACK alone tells who is the client", () => {
    const run = new Run().add({ from: "client", seq: 1, flags: SYN | ACK, ack: 9 });
    expect(run.flow).toMatchObject({ clientSide: 1, syns: 0, synAckFrame: 1 });
  });

  test("the first RST is noted, with who sent it", () => {
    const run = new Run().add(
      syn,
      { from: "server", seq: 0, ack: 1000, flags: RST | ACK, at: 2 },
      { seq: 1000, flags: RST },
    );
    expect(run.flow).toMatchObject({ resetFrame: 2, resetSide: 1, resetAt: 2, resetTtl: 64 });
  });

  test("what a RST carries is no part of the stream (RFC 9293 section 3.5.3)", () => {
    const run = new Run().add(syn, at(0, "abc"), at(3, "go away", { flags: RST | ACK })).finish();
    expect(run.text()).toBe("abc");
    expect(run.client).toMatchObject({ bytes: 3, missing: 0, lost: 0, firstDataFrame: 2 });
  });

  test("the first FIN is noted; data with it is delivered", () => {
    const run = new Run().add(syn, at(0, "abc", { flags: FIN | ACK }), at(3, "", { flags: FIN | ACK }));
    expect(run.text()).toBe("abc");
    expect(run.client.finFrame).toBe(2);
  });
});

describe("limits", () => {
  test("MAX_PENDING_SEGMENTS: the hole is given up, half of them stay", () => {
    const run = new Run().add(syn);
    for (let i = 0; i < MAX_PENDING_SEGMENTS; i++) run.add(at(2 + 2 * i, "x"));
    expect(run.pieces).toEqual([]);
    run.add(at(2 + 2 * MAX_PENDING_SEGMENTS, "x"));
    expect(run.client.pending?.length).toBe(MAX_PENDING_SEGMENTS / 2);
    expect(run.text().startsWith("[2]x[1]x[1]x")).toBe(true);
  });

  test("MAX_PENDING_BYTES", () => {
    const run = new Run().add(syn);
    const big = payload(1460);
    for (let i = 0; i < 400; i++) {
      run.add({ seq: 1001 + 1460 * i, data: big });
      expect(run.client.pendingBytes).toBeLessThanOrEqual(MAX_PENDING_BYTES);
    }
    expect(run.finish().client).toMatchObject({ bytes: 400 * 1460, missing: 1, pendingBytes: 0 });
    expect(run.pieces.map((piece) => ("gap" in piece ? piece.gap : piece.bytes.length))).toEqual([
      1,
      ...Array.from({ length: 400 }, () => 1460),
    ]);
  });

  test("MAX_PENDING_TOTAL: the connection that has waited longest gives up its hole", () => {
    const reassembly = new TcpReassembly();
    const big = payload(60_000);
    const runs: Run[] = [];
    // Each waits with 4 × 60 kB, below its own limit.
    for (let waiting = 0; waiting <= MAX_PENDING_TOTAL; waiting += 240_000) {
      const run = new Run(reassembly).add(syn);
      for (let i = 0; i < 4; i++) run.add({ seq: 1001 + 60_000 * i, data: big });
      runs.push(run);
    }
    const pending = runs.map(({ client }) => client.pendingBytes);
    expect(pending.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(MAX_PENDING_TOTAL);
    expect(pending[0]).toBe(0);
    expect(runs[0]?.pieces.length).toBe(5);
    expect(pending[5]).toBeGreaterThan(240_000);
    // All of it is given back: nobody else has to give up anything.
    for (const run of runs) run.finish();
    const after = new Run(reassembly).add(syn, { seq: 1001, data: big });
    expect(after.client.pendingBytes).toBeGreaterThan(60_000);
  });
});

describe("unfollow", () => {
  test("gives back what waited: a thousand connections do not make another give up its hole", () => {
    const reassembly = new TcpReassembly();
    const big = payload(60_000);
    for (let i = 0; i < 1000; i++) {
      const run = new Run(reassembly).add(syn, { seq: 1001, data: big });
      reassembly.unfollow(run.flow, 0);
    }
    expect(new Run(reassembly).add(syn, { seq: 1001, data: big }).client.pending?.length).toBe(1);
  });

  test("afterwards payload is counted, not given", () => {
    const run = new Run().add(syn, at(0, "abc"));
    run.reassembly.unfollow(run.flow, 0);
    run.add(at(3, "def"), at(3, "def"), at(4, "efgh")).finish();
    expect(run.text()).toBe("abc");
    expect(run.client).toMatchObject({ bytes: 8, retransmissions: 1, missing: 0 });
  });

  test("what waited is counted, holes are not", () => {
    const run = new Run().add(syn, at(0, "abc"), at(6, "ghi"), at(12, "m"));
    run.reassembly.unfollow(run.flow, 0);
    expect(run.client).toMatchObject({ bytes: 7, pendingBytes: 0, following: false });
    expect(run.client.pending).toBeUndefined();
    expect(run.finish().text()).toBe("abc");
  });

  test("by the reader, in the middle of handing over what waited", () => {
    const run = new Run().add(syn, at(1, "b"), at(2, "c"), at(3, "d"), at(7, "h"));
    run.onPiece = () => {
      if (run.pieces.length === 2) run.reassembly.unfollow(run.flow, 0);
    };
    run.add(at(0, "a"));
    expect(run.text()).toBe("ab");
    expect(run.client).toMatchObject({ bytes: 5, pendingBytes: 0 });
    expect(run.client.pending).toBeUndefined();
    expect(run.add(at(8, "i")).finish().client).toMatchObject({ bytes: 6, missing: 0, lost: 0 });
  });

  test("when it shows, the counts are left alone: another thread may go on with them at once", () => {
    const run = new Run().add(syn, at(0, "abc"), at(6, "ghi"), at(12, "m"));
    const half = run.client;
    let shown: unknown;
    const unfollow = half.unfollow.bind(half);
    half.unfollow = () => {
      unfollow();
      shown = { next: half.next, bytes: half.bytes };
    };
    run.reassembly.unfollow(run.flow, 0);
    expect(shown).toEqual({ next: half.next, bytes: 7 });
  });

  test("by the reader, on a gap", () => {
    const run = new Run().add(syn, at(3, "def"), at(9, "jkl"));
    run.gap = () => run.reassembly.unfollow(run.flow, 0);
    expect(run.finish().pieces).toEqual([]);
    expect(run.client).toMatchObject({ bytes: 6, missing: 3, pendingBytes: 0 });
  });
});

describe("invariant: a stream cut, doubled and stored in any order is delivered exactly, with gaps where pieces are gone", () => {
  const LENGTH = 200;
  const STREAM = payload(LENGTH, 1);

  interface Cut {
    readonly from: number;
    readonly to: number;
  }

  const base = fc.oneof(fc.constantFrom(0, 0xffffff80, 0x7fffff80, 0xffffffff), fc.nat(0xffffffff));
  const borders = fc.uniqueArray(fc.integer({ min: 1, max: LENGTH - 1 }), { maxLength: 12 });
  const overlaps = fc.array(fc.tuple(fc.nat(LENGTH), fc.nat(40)), { maxLength: 5 });
  const keys = fc.infiniteStream(fc.nat());

  function cutsOf(at: readonly number[]): Cut[] {
    const all = [0, ...[...at].sort((one, other) => one - other), LENGTH];
    return all.slice(1).map((to, i) => ({ from: all[i] as number, to }));
  }

  function shuffled<T>(items: readonly T[], random: Iterator<number>): T[] {
    return items
      .map((item) => ({ item, key: random.next().value as number }))
      .sort((one, other) => one.key - other.key)
      .map(({ item }) => item);
  }

  function play(start: number, cuts: readonly Cut[], acked: boolean): Run {
    const run = new Run().add({ seq: start, flags: SYN });
    for (const { from, to } of cuts) run.add({ seq: (start + 1 + from) >>> 0, data: STREAM.slice(from, to) });
    if (acked) run.add({ from: "server", seq: 0, ack: (start + 1 + LENGTH) >>> 0 });
    return run.finish();
  }

  /** The stream as the reader got it: bytes, and -1 for each byte of a gap. */
  const flat = (run: Run): number[] =>
    run.pieces.flatMap((piece) => ("gap" in piece ? Array.from({ length: piece.gap }, () => -1) : [...piece.bytes]));

  test("whole", () => {
    fc.assert(
      fc.property(base, borders, overlaps, keys, (start, at, extra, random) => {
        const more = extra.map(([from, length]) => ({ from, to: Math.min(LENGTH, from + length) }));
        const run = play(start, shuffled([...cutsOf(at), ...more], random), true);
        expect(flat(run)).toEqual([...STREAM]);
        expect(run.client).toMatchObject({ bytes: LENGTH, missing: 0, lost: 0, pendingBytes: 0 });
      }),
    );
  });

  test("with pieces gone", () => {
    fc.assert(
      fc.property(base, borders, fc.nat(), keys, fc.boolean(), (start, at, gone, random, acked) => {
        const cuts = cutsOf(at);
        const kept = cuts.filter((_, i) => ((gone >> (i % 30)) & 1) === 0);
        const last = kept.at(-1)?.to ?? 0;
        const run = play(start, shuffled(kept, random), acked);
        const expected = Array.from(STREAM, (byte, i) =>
          kept.some(({ from, to }) => i >= from && i < to) ? byte : -1,
        );
        // Nothing but an acknowledgement tells of what came after the last piece; of a single byte not even that, for it may be a FIN.
        const tail = acked && LENGTH - last > 1 ? LENGTH : last;
        expect(flat(run)).toEqual(expected.slice(0, tail));
        const missing = expected.slice(0, tail).filter((byte) => byte === -1).length;
        expect(run.client).toMatchObject({
          bytes: kept.reduce((sum, { from, to }) => sum + to - from, 0),
          missing,
          lost: 0,
        });
        expect(run.client.pendingBytes).toBe(0);
      }),
    );
  });

  test("each piece cut by the snapshot length", () => {
    fc.assert(
      fc.property(base, borders, keys, fc.integer({ min: 0, max: 30 }), (start, at, random, snap) => {
        const run = new Run().add({ seq: start, flags: SYN });
        const cuts = cutsOf(at);
        for (const { from, to } of shuffled(cuts, random)) {
          run.add({ seq: (start + 1 + from) >>> 0, data: STREAM.slice(from, to), kept: Math.min(snap, to - from) });
        }
        const expected = cuts.flatMap(({ from, to }) =>
          Array.from(STREAM.slice(from, to), (byte, i) => (i < snap ? byte : -1)),
        );
        expect(flat(run.finish())).toEqual(expected);
        expect(run.client).toMatchObject({ bytes: LENGTH, missing: expected.filter((byte) => byte === -1).length });
      }),
    );
  });

  test("any segments at all: nothing is delivered twice, counters never go wrong", () => {
    const segment = fc.record({
      seq: fc.oneof(fc.integer({ min: 900, max: 1400 }), fc.nat(0xffffffff)),
      length: fc.nat(60),
      cut: fc.nat(60),
      flags: fc.constantFrom(0, ACK, SYN, SYN | ACK, FIN | ACK, RST, RST | ACK, SYN | FIN),
      ack: fc.oneof(fc.integer({ min: 900, max: 1400 }), fc.nat(0xffffffff)),
      from: fc.constantFrom("client" as const, "server" as const),
    });
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 40 }), (segments) => {
        const run = new Run();
        for (const { seq, length, cut, flags, ack, from } of segments) {
          run.add({ from, seq, flags, ack, data: payload(length), kept: Math.max(0, length - cut) });
        }
        run.finish();
        for (const side of [0, 1] as const) {
          const { bytes, missing, lost, pending, pendingBytes } = run.flow.half(side);
          const given = run.pieces.filter((piece) => piece.side === side);
          const read = given.reduce((sum, piece) => sum + ("gap" in piece ? 0 : piece.bytes.length), 0);
          const gaps = given.reduce((sum, piece) => sum + ("gap" in piece ? piece.gap : 0), 0);
          expect(missing + lost).toBe(gaps);
          // What was cut by the snapshot length is in `bytes` and in `missing`.
          expect(read).toBeLessThanOrEqual(bytes);
          expect(bytes).toBeLessThanOrEqual(read + gaps);
          expect([pending, pendingBytes]).toEqual([undefined, 0]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("what is only counted does not reach further than the whole way would", () => {
    const runs = [true, false].map((quick) => {
      const run = new Run();
      run.quick = quick;
      run.add(syn, ackOf(0), at(0, "abc", { ack: 1 }));
      run.reassembly.unfollow(run.flow, 0);
      return run.add(at(2 ** 30 + 9, "def", { ack: 1 }), at(2 ** 30 + 12, "ghi", { ack: 1 })).finish();
    });
    const [one, other] = runs as [Run, Run];
    expect([one.counted, other.counted]).toEqual([1, 0]);
    expect(state(one.client)).toEqual(state(other.client));
  });

  test("what is only counted is counted as the whole way would", () => {
    const step = fc.record({
      advance: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.constantFrom(1, -1, -10, 7, 2 ** 30, -(2 ** 31))),
      length: fc.constantFrom(0, 0, 1, 10, 1460),
      flags: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(ACK, ACK | PSH) },
        fc.constantFrom(ACK | FIN, SYN | ACK, RST, 0),
      ),
      acks: fc.constantFrom(0, 0, 1, -5, 2 ** 31 - 1),
      from: fc.constantFrom("client" as const, "server" as const),
      unfollow: fc.boolean(),
    });
    let counted = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(0xffffffff), (steps, start) => {
        const runs = [true, false].map((quick) => {
          const run = new Run();
          run.quick = quick;
          const next = { client: start, server: (start + 77) >>> 0 };
          run.add(
            { seq: start, flags: SYN },
            { from: "server", seq: next.server, ack: (start + 1) >>> 0, flags: SYN | ACK },
          );
          next.client++;
          next.server++;
          for (const { advance, length, flags, acks, from, unfollow } of steps) {
            const to = from === "client" ? "server" : "client";
            const seq = (next[from] + advance) >>> 0;
            run.add({ from, seq, flags, ack: (next[to] + acks) >>> 0, data: payload(length) });
            if (advance >= 0 && advance < 10) next[from] = (seq + length) >>> 0;
            if (unfollow) run.reassembly.unfollow(run.flow, from === "client" ? 0 : 1);
          }
          return run.finish();
        });
        const [one, other] = runs as [Run, Run];
        counted += one.counted;
        expect(other.counted).toBe(0);
        expect(one.pieces).toEqual(other.pieces);
        for (const side of [0, 1] as const) expect(state(one.flow.half(side))).toEqual(state(other.flow.half(side)));
      }),
      { numRuns: 300 },
    );
    expect(counted).toBeGreaterThan(500);
  });
});

function state(half: Half): unknown {
  const { frames, bytes, next, acked, ackedSet, reached, reachedSet, largestSegment, following } = half;
  const { ttl, firstDataFrame, finFrame, missing, lost, retransmissions, pendingBytes } = half;
  return {
    frames,
    bytes,
    next,
    acked,
    reached,
    ackedSet,
    reachedSet,
    largestSegment,
    following,
    ttl,
    firstDataFrame,
    finFrame,
    missing,
    lost,
    retransmissions,
    pendingBytes,
  };
}
