import { describe, expect, test } from "vitest";
import { payload } from "../../test/support/capture-writer.ts";
import { Frame } from "../capture/frame.ts";
import { Packet, SYN } from "../packet/packet.ts";
import { Known } from "../stream/flow.ts";
import { FOLLOWING, HALF, HALF0, MARKS, SENT, STRIDE } from "../stream/words.ts";
import { Courier, type CourierMemory, courierMemory, Recipient } from "./courier.ts";
import type { Told } from "./desk.ts";

const RING = 1 << 14;

/** Keeps what it is told, in words. */
class Listener implements Told {
  readonly needsCiphers = false;
  readonly heard: unknown[][] = [];

  open(...[transport, at, file, number, { seconds, nanos }]: Parameters<Told["open"]>): void {
    this.heard.push(["open", transport, at, file, number, seconds, nanos]);
  }
  segment(...[at, side, known, packet, number, frame]: Parameters<Told["segment"]>): void {
    const { flags, sequence, tcpStart, payloadStart } = packet;
    const isOpening = (flags & SYN) !== 0;
    const header = isOpening ? [...frame.bytes.subarray(tcpStart, Math.min(payloadStart, endOf(frame)))] : [];
    this.heard.push(["segment", at, side, { ...known }, number, flags, sequence, header]);
    this.payload(packet, frame);
  }
  datagram(...[at, side, packet, number, frame]: Parameters<Told["datagram"]>): void {
    this.heard.push(["datagram", at, side, number]);
    this.payload(packet, frame);
  }
  unreachable(...[transport, at, side, packet, number]: Parameters<Told["unreachable"]>): void {
    const { icmpType, icmpCode, ipVersion, source0, source1, source2, source3 } = packet;
    this.heard.push(["unreachable", transport, at, side, number, icmpType, icmpCode, ipVersion]);
    this.heard.push([source0, source1, source2, source3]);
  }
  close(...given: Parameters<Told["close"]>): void {
    this.heard.push(["close", ...given]);
  }
  attribute(): void {}
  learn(): void {}

  private payload({ ttl, payloadLength, payloadStart, payloadCaptured }: Packet, frame: Frame): void {
    const bytes = [...frame.bytes.subarray(payloadStart, payloadStart + payloadCaptured)];
    const { seconds, nanos, untimed } = frame;
    this.heard.push([ttl, payloadLength, bytes, seconds, nanos, untimed]);
  }
}

function endOf({ start, captured }: Frame): number {
  return start + captured;
}

function follow(memory: CourierMemory, at: number): void {
  for (const flows of [memory.tcp, memory.udp]) {
    const words = new Int32Array(flows);
    words[at + HALF0 + MARKS] = words[at + HALF0 + HALF + MARKS] = FOLLOWING;
  }
}

/** Behind a TCP header of `header` bytes. */
function segment(length: number, header = 5): [Packet, Frame] {
  const [packet, frame] = [new Packet(), new Frame()];
  frame.bytes = payload(length + header + 4, length);
  frame.start = 1;
  frame.captured = length + header + 1;
  frame.seconds = -3.5e9;
  frame.nanos = 999_999_999;
  packet.flags = 0xff & ~SYN;
  packet.ttl = 255;
  packet.sequence = -1;
  packet.tcpStart = 2;
  packet.payloadStart = packet.tcpStart + header;
  packet.payloadCaptured = length;
  packet.payloadLength = length + 1;
  return [packet, frame];
}

const known = (some: Partial<Known> = {}): Known => Object.assign(new Known(), some);

/** Everything a courier can be told. */
function tellAll(told: Told, at: number): void {
  const [packet, frame] = segment(0);
  packet.icmpType = 3;
  packet.icmpCode = 4;
  packet.ipVersion = 6;
  packet.source0 = -1;
  packet.source3 = 0x01020304;
  told.open("tcp", at, 2, 1, frame);
  told.open("udp", at, 0, 2, frame);
  for (const length of [0, 1, 2, 3, 4, 5, 1460]) {
    told.segment(at, 0, known({ heard: 0x7fffffff }), ...withNumber(length, 4 + length));
    told.segment(at, 1, known({ copy: true, acked0: -1 }), ...withNumber(length, 5 + length));
    told.segment(at, 0, known({ acked0Set: true }), ...opening(length, 60));
    told.datagram(at, 1, ...withNumber(length, 6 + length));
  }
  // The header is cut off.
  const [cut, number, cutFrame] = opening(0, 60);
  cut.payloadCaptured = -20;
  cutFrame.captured = 41;
  told.segment(at, 1, known({ acked1Set: true, acked1: 1 }), cut, number, cutFrame);
  frame.untimed = true;
  told.segment(at, 1, known(), packet, 8, frame);
  told.unreachable("udp", at, 1, packet, 9);
  told.unreachable("tcp", at, 0, packet, 10);
  told.close("tcp", at, { seconds: 3e9, nanos: 999_999_999 });
  told.close("udp", at, { seconds: 0, nanos: 0 });
}

function opening(length: number, header: number): [Packet, number, Frame] {
  const [packet, frame] = segment(length, header);
  packet.flags = SYN;
  return [packet, 7, frame];
}

function withNumber(length: number, number: number): [Packet, number, Frame] {
  const [packet, frame] = segment(length);
  return [packet, number, frame];
}

describe("what is sent is what arrives", () => {
  test.each([0, 2 ** 31 - 1000, 2 ** 32 - 1000, 2 ** 32 * 5 - 1])("after %i cells, round and round", (start) => {
    const memory = courierMemory(RING);
    const recipient = new Recipient(memory);
    const courier = new Courier(memory, () => recipient.read(there, 1));
    const there = new Listener();
    const here = new Listener();
    // As if so much had gone before.
    Object.assign(courier, { head: start, told: start, tail: start });
    Object.assign(recipient, { head: start | 0, told: start | 0, tail: start | 0 });
    new Int32Array(memory.ring).fill(start | 0, 0, 1).fill(start | 0, 32, 33);
    for (let round = 1; round < 60; round++) {
      follow(memory, round * STRIDE);
      tellAll(courier, round * STRIDE);
      tellAll(here, round * STRIDE);
      if (round % 3 === 0) recipient.read(there, round);
    }
    courier.end();
    while (recipient.read(there, 100) !== "end");
    expect(there.heard).toEqual(here.heard);
    expect(recipient.read(there, 1)).toBe("end");
  });

  test("without payload that nobody follows", () => {
    const memory = courierMemory(RING);
    const [recipient, there] = [new Recipient(memory), new Listener()];
    const courier = new Courier(memory, () => {});
    courier.segment(STRIDE, 0, known(), ...withNumber(100, 1));
    courier.segment(STRIDE, 0, known(), ...opening(100, 40));
    courier.tell();
    expect(recipient.read(there, 3)).toBe("none");
    const [, , shown] = opening(100, 40);
    expect(there.heard).toEqual([
      ["segment", STRIDE, 0, { ...known() }, 1, 0xff & ~SYN, -1, []],
      [255, 101, [], -3.5e9, 999_999_999, false],
      ["segment", STRIDE, 0, { ...known() }, 7, SYN, -1, [...shown.bytes.subarray(2, 42)]],
      [255, 101, [], -3.5e9, 999_999_999, false],
    ]);
  });
});

describe("whose the words of a flow are", () => {
  test("the writer's again when all that was sent for it is done", () => {
    const memory = courierMemory(RING);
    const [recipient, there] = [new Recipient(memory), new Listener()];
    const courier = new Courier(memory, () => {});
    const sent = (at: number) => courier.tcp.doubles[(at + SENT) >> 1] as number;
    expect(courier.isRead(sent(STRIDE))).toBe(true);
    const latest = { seconds: 1, nanos: 2 };
    courier.close("tcp", STRIDE, latest);
    courier.close("tcp", 2 * STRIDE, latest);
    expect([courier.isRead(sent(STRIDE)), courier.isRead(sent(2 * STRIDE))]).toEqual([false, false]);
    courier.tell();
    recipient.read(there, 1);
    // The reader says so now and then, and when it has nothing more to do.
    recipient.read(there, 10);
    expect([courier.isRead(sent(STRIDE)), courier.isRead(sent(2 * STRIDE))]).toEqual([true, true]);
  });

  test("secrets and names of programs are not carried", () => {
    const courier = new Courier(courierMemory(RING), () => {});
    expect(() => courier.learn()).toThrow("one thread");
    expect(() => courier.attribute()).toThrow("one thread");
  });
});
