import { describe, expect, test } from "vitest";
import { CLIENT, CLIENT6, frameOf, type Peer, SERVER, SERVER6, SYN, tcpFrame } from "../../test/support/packets.ts";
import { decode, Packet, TCP } from "../packet/packet.ts";
import { FlowTable, flowMemory, Known, MAX_FLOWS } from "./flow.ts";
import { findTcpFlow } from "./tcp.ts";
import { HASH } from "./words.ts";

function packetOf(from: Peer, to: Peer, fields: { sequence?: number; flags?: number } = {}): Packet {
  const packet = new Packet();
  decode(frameOf(tcpFrame(from, to, new Uint8Array(0), fields)), packet);
  expect(packet.kind).toBe(TCP);
  return packet;
}

/** The table, and the numbers of the flows it forgot. */
function newTable(): { table: FlowTable; forgotten: number[] } {
  const forgotten: number[] = [];
  const table: FlowTable = new FlowTable(flowMemory("tcp"), (at) => forgotten.push(table.numberOf(at)));
  return { table, forgotten };
}

const add = (table: FlowTable, packet: Packet): number => table.add(packet, 1, 0, 0);
/** 0: nothing was found. */
const find = (table: FlowTable, packet: Packet): number => table.find(packet);

/** A peer of its own for every number; a slot is bent in place, which is faster than building a frame. */
function bend(packet: Packet, number: number): Packet {
  packet.source3 = 0x0a000000 | number;
  packet.sourcePort = 1024 + (number % 60_000);
  return packet;
}

describe("a flow", () => {
  test.each([
    ["IPv4", CLIENT, SERVER],
    ["IPv6", CLIENT6, SERVER6],
  ])("is found from both sides (%s)", (_, client, server) => {
    const { table } = newTable();
    const flow = add(table, packetOf(client, server));
    expect(find(table, packetOf(client, server))).toBe(flow);
    expect(table.side).toBe(0);
    expect(find(table, packetOf(server, client))).toBe(flow);
    expect(table.side).toBe(1);
  });

  test("differs in every field", () => {
    const { table } = newTable();
    add(table, packetOf(CLIENT6, SERVER6));
    const groups = CLIENT6.ip.split(":");
    const others = groups.map((_, i) => ({ ...CLIENT6, ip: groups.map((g, j) => (i === j ? "9" : g)).join(":") }));
    for (const other of [...others, { ...CLIENT6, port: CLIENT6.port + 1 }]) {
      expect(find(table, packetOf(other, SERVER6))).toBe(0);
      expect(find(table, packetOf(SERVER6, other))).toBe(0);
    }
    // Ports exchanged, addresses not.
    expect(find(table, packetOf({ ...CLIENT6, port: SERVER6.port }, { ...SERVER6, port: CLIENT6.port }))).toBe(0);
  });

  test("of IPv4 is not that of the IPv4-mapped addresses in IPv6", () => {
    const { table } = newTable();
    add(table, packetOf(CLIENT, SERVER));
    const mapped = ({ ip, port }: Peer) => {
      const [a = 0, b = 0, c = 0, d = 0] = ip.split(".").map(Number);
      return { ip: `0:0:0:0:0:ffff:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`, port };
    };
    expect(find(table, packetOf(mapped(CLIENT), mapped(SERVER)))).toBe(0);
  });

  test("from an endpoint to itself is one flow", () => {
    const { table } = newTable();
    const flow = add(table, packetOf(CLIENT, CLIENT));
    expect(find(table, packetOf(CLIENT, CLIENT))).toBe(flow);
  });
});

describe("port reuse", () => {
  const syn = (sequence: number) => packetOf(CLIENT, SERVER, { flags: SYN, sequence });

  function opened(table: FlowTable, packet: Packet): number {
    const at = add(table, packet);
    table.note(at, packet, Infinity, new Known());
    return at;
  }

  test("a SYN with another sequence number begins a new flow, the same SYN again does not", () => {
    const { table } = newTable();
    const first = opened(table, syn(1000));
    expect(findTcpFlow(table, syn(1000))).toBe(first);
    expect(findTcpFlow(table, syn(2000))).toBe(0);
    const second = opened(table, syn(2000));
    expect(findTcpFlow(table, packetOf(SERVER, CLIENT))).toBe(second);
    expect([table.numberOf(first), table.numberOf(second), table.total]).toEqual([0, 1, 2]);
    expect([...table.places()]).toEqual([first, second]);
  });

  test("neither SYN-ACK nor data begins one; nor a SYN of a side not heard before", () => {
    const { table } = newTable();
    const flow = opened(table, syn(1000));
    expect(findTcpFlow(table, packetOf(SERVER, CLIENT, { flags: SYN | 0x10, sequence: 9 }))).toBe(flow);
    expect(findTcpFlow(table, packetOf(CLIENT, SERVER, { sequence: 9 }))).toBe(flow);
    expect(findTcpFlow(table, packetOf(SERVER, CLIENT, { flags: SYN, sequence: 9 }))).toBe(flow);
  });
});

describe("many flows", () => {
  test("all are found again after the table grew", () => {
    const { table } = newTable();
    const packet = packetOf(CLIENT, SERVER);
    const flows = Array.from({ length: 5000 }, (_, i) => add(table, bend(packet, i)));
    for (const [i, flow] of flows.entries()) expect(find(table, bend(packet, i))).toBe(flow);
    expect([...table.places()].length).toBe(5000);
  });

  test("a replaced flow stays behind its replacement when the table grows", () => {
    const { table } = newTable();
    const packet = packetOf(CLIENT, SERVER);
    add(table, bend(packet, 7));
    const replacement = add(table, bend(packet, 7));
    for (let i = 100; i < 5000; i++) add(table, bend(packet, i));
    expect(find(table, bend(packet, 7))).toBe(replacement);
  });
});

describe("collisions", () => {
  /**
   * Different connections of one hash value: it takes the addresses by exclusive or, and from the ports their exclusive or and
   * their sum, so the pairs (a ^ x, b ^ x) of addresses all collide.
   */
  function colliding(packet: Packet, number: number): Packet {
    packet.source3 = 0x0a000001 ^ (number << 4);
    packet.destination3 = 0x0b000001 ^ (number << 4);
    return packet;
  }

  test("the flows made here do collide", () => {
    const { table } = newTable();
    const packet = packetOf(CLIENT, SERVER);
    const hashes = new Set(Array.from({ length: 100 }, (_, i) => table.words[add(table, colliding(packet, i)) + HASH]));
    expect(hashes.size).toBe(1);
  });

  test("beyond 16 in a bucket they are found in the overflow, from both sides", () => {
    const { table } = newTable();
    const packet = packetOf(CLIENT, SERVER);
    const flows = Array.from({ length: 2000 }, (_, i) => add(table, colliding(packet, i)));
    for (const [i, flow] of flows.entries()) expect(find(table, colliding(packet, i))).toBe(flow);
    const back = packetOf(SERVER, CLIENT);
    for (const [i, flow] of flows.entries()) {
      back.source3 = 0x0b000001 ^ (i << 4);
      back.destination3 = 0x0a000001 ^ (i << 4);
      expect(find(table, back)).toBe(flow);
    }
    expect(find(table, colliding(packet, 2000))).toBe(0);
  });

  test.each([3, 40])(
    "number %i of a full bucket is replaced: the new one is found, the old one never again",
    (number) => {
      const { table } = newTable();
      const packet = packetOf(CLIENT, SERVER);
      for (let i = 0; i < 60; i++) add(table, colliding(packet, i));
      const second = add(table, colliding(packet, number));
      expect(find(table, colliding(packet, number))).toBe(second);
      const third = add(table, colliding(packet, number));
      expect(find(table, colliding(packet, number))).toBe(third);
      expect([...table.places()].length).toBe(62);
    },
  );
});

describe("forgetting", () => {
  test("at the limit every new flow takes the place of one that was not touched, once", () => {
    const { table, forgotten } = newTable();
    const packet = packetOf(CLIENT, SERVER);
    const first = Array.from({ length: MAX_FLOWS }, (_, i) => add(table, bend(packet, i)));
    expect(forgotten).toEqual([]);
    for (let i = 0; i < 1000; i++) add(table, bend(packet, MAX_FLOWS + i));
    expect([...table.places()].length).toBe(MAX_FLOWS);
    expect(new Set(forgotten).size).toBe(1000);
    expect(table.total).toBe(MAX_FLOWS + 1000);
    for (const number of forgotten.slice(0, 50)) expect(find(table, bend(packet, number))).toBe(0);
    // Who spoke since the hand went by stays; what has ended goes at once.
    const [speaks, silent] = first.slice(1000) as [number, number];
    const [kept, gone] = [table.numberOf(speaks), table.numberOf(silent)];
    table.touch(speaks, 2, 0, 0);
    add(table, bend(packet, 2 * MAX_FLOWS));
    expect(forgotten).not.toContain(kept);
    expect(forgotten.at(-1)).toBe(gone);
  });

  test("places are used again, and each belongs to one flow", () => {
    const { table, forgotten } = newTable();
    const packet = packetOf(CLIENT, SERVER);
    // Three times as many as there are places.
    const count = 250_000;
    for (let i = 0; i < count; i++) add(table, bend(packet, i));
    expect(forgotten).toEqual(Array.from({ length: count - MAX_FLOWS }, (_, i) => i));
    const places = new Set<number>();
    for (let i = count - MAX_FLOWS; i < count; i++) {
      const at = find(table, bend(packet, i));
      expect(table.numberOf(at)).toBe(i);
      places.add(at);
    }
    expect(places.size).toBe(MAX_FLOWS);
    expect([...table.places()].length).toBe(MAX_FLOWS);
  });

  test("an ended flow goes before a silent one", () => {
    const { table, forgotten } = newTable();
    const packet = packetOf(CLIENT, SERVER);
    const flows = Array.from({ length: MAX_FLOWS }, (_, i) => add(table, bend(packet, i)));
    table.close(flows[500] as number);
    add(table, bend(packet, MAX_FLOWS));
    // It was closed already: nobody is told again.
    expect(forgotten).toEqual([]);
    expect(table.find(bend(packet, 500))).toBe(0);
    expect(find(table, bend(packet, 0))).toBe(flows[0]);
  });

  test("a replaced flow is forgotten without taking its replacement with it", () => {
    const { table, forgotten } = newTable();
    const packet = packetOf(CLIENT, SERVER);
    add(table, bend(packet, 0));
    const replacement = add(table, bend(packet, 0));
    for (let i = 1; i < MAX_FLOWS - 1; i++) add(table, bend(packet, i));
    add(table, bend(packet, MAX_FLOWS));
    expect(forgotten).toEqual([0]);
    expect(find(table, bend(packet, 0))).toBe(replacement);
  });
});
