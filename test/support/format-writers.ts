/**
 * The same packets in every format that is read, for tests that hold formats to one Report. Knows how each is written, and how
 * fine its clock is; nothing of what packets hold.
 */
import { gzipSync } from "node:zlib";
import {
  block,
  concat,
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  ints,
  nameRecord,
  option,
  payload,
  pcapHeader,
  pcapRecord,
  sectionHeader,
} from "./capture-writer.ts";
import { zstdStored } from "./compressed.ts";
import { fileTime, netmonFile, netmonProcess } from "./netmon-writer.ts";

export interface TimedPacket {
  readonly seconds: number;
  readonly nanos: number;
  readonly original: number;
  readonly data: Uint8Array;
}

export interface Writer {
  /** Nanoseconds that its clock cannot tell apart. */
  readonly clock: number;
  /** Writes packets of Ethernet, or of `link` where it can. */
  write(packets: readonly TimedPacket[], link?: number): Uint8Array;
  /** It writes no other link types than Ethernet. */
  readonly ethernetOnly?: true;
}

interface PcapKind {
  readonly big?: boolean;
  readonly magic?: number;
  readonly minor?: number;
  readonly rest?: Uint8Array;
  readonly more?: Uint8Array;
  /** Nanoseconds per unit. */
  readonly unit?: number;
}

function pcapWriter({ big = false, magic, minor = 4, rest, more, unit = 1000 }: PcapKind): Writer {
  return {
    clock: unit,
    write: (packets, link = 1) =>
      concat(
        pcapHeader({ big, minor, link: minor === 2 ? 6 : link, ...(magic !== undefined && { magic }) }),
        more ?? new Uint8Array(0),
        ...packets.map(({ seconds, nanos, original, data }) =>
          pcapRecord(data, {
            big,
            seconds,
            fraction: Math.floor(nanos / unit),
            // Before version 2.3 the two lengths stand in the other order.
            ...(minor < 3 ? { captured: original, original: data.length } : { original }),
            ...(rest !== undefined && { rest }),
          }),
        ),
      ),
    ...(minor === 2 && { ethernetOnly: true }),
  };
}

const count = ({ seconds, nanos }: TimedPacket, perSecond: bigint, nanosPerUnit: number) =>
  BigInt(seconds) * perSecond + BigInt(Math.floor(nanos / nanosPerUnit));

function pcapngWriter({ big = false, nanos = false, annotated = false } = {}): Writer {
  const resolution = nanos ? 9 : 6;
  const perSecond = nanos ? 1_000_000_000n : 1_000_000n;
  const unit = nanos ? 1 : 1000;
  return {
    clock: unit,
    write: (packets, link = 1) => {
      const described = interfaceDescription({ big, link, resolution });
      const other = interfaceDescription({ big, link: link === 1 ? 101 : 1 });
      const blocks = packets.map((packet, index) =>
        enhancedPacket(packet.data, {
          big,
          // The second of two interfaces; the first has another link type.
          on: annotated ? 1 : 0,
          time: count(packet, perSecond, unit),
          original: packet.original,
          ...(annotated && index % 3 === 0 && { trailer: option(big, 2, ints(big, [1, 4])) }),
        }),
      );
      if (!annotated) return concat(sectionHeader(big), described, ...blocks);
      // A section in each byte order would need blocks in each: here the second begins half-way.
      const half = blocks.length >> 1;
      const start = concat(
        sectionHeader(big),
        other,
        described,
        interfaceStatistics(big, 1, option(big, 5, ints(big, [0, 8]))),
      );
      const names = block(big, 4, nameRecord(big, payload(4, 250), "nobody.example"));
      return concat(start, names, ...blocks.slice(0, half), start, ...blocks.slice(half));
    },
  };
}

/** The first half in one byte order, the second in the other. */
const bothOrders: Writer = {
  clock: 1000,
  write: (packets, link) => {
    const half = packets.length >> 1;
    return concat(
      pcapngWriter().write(packets.slice(0, half), link),
      pcapngWriter({ big: true }).write(packets.slice(half), link),
    );
  },
};

const snoop: Writer = {
  clock: 1000,
  ethernetOnly: true,
  write: (packets) =>
    concat(
      new TextEncoder().encode("snoop\0\0\0"),
      ints(true, [2, 4], [4, 4]),
      ...packets.map(({ seconds, nanos, original, data }) => {
        const padding = -data.length & 3;
        const length = 24 + data.length + padding;
        const micros = Math.floor(nanos / 1000);
        return concat(
          ints(true, [original, 4], [data.length, 4], [length, 4], [0, 4], [seconds, 4], [micros, 4]),
          data,
          new Uint8Array(padding),
        );
      }),
    ),
};

function netmonWriter(major: number, minor: number): Writer {
  const clock = major === 1 ? 1_000_000 : minor < 3 ? 1000 : 100;
  return {
    clock,
    ...(minor < 1 || major === 1 ? { ethernetOnly: true } : {}),
    write: (packets, link = 1) => {
      const start = packets.reduce((first, { seconds }) => Math.min(first, seconds), packets[0]?.seconds ?? 0);
      return netmonFile(
        packets.map((packet) => {
          const { seconds, nanos, original, data } = packet;
          const unit = major === 1 ? 1_000_000 : 1000;
          const since = (BigInt(seconds - start) * 1_000_000_000n + BigInt(nanos)) / BigInt(unit);
          return {
            data,
            original,
            since,
            media: link === 1 ? 1 : 0xe000 | link,
            utc: fileTime(seconds, Math.floor(nanos / 100)),
          };
        }),
        { major, minor, start, millis: 0, gap: minor, processes: minor >= 2 ? [netmonProcess("nobody.exe", 1)] : [] },
      );
    },
  };
}

const KUZNETSOV = ints(false, [2, 4], [0x0800, 2], [0, 1], [0, 1]);

const PLAIN: Readonly<Record<string, Writer>> = {
  pcap: pcapWriter({}),
  "pcap, big-endian": pcapWriter({ big: true }),
  "pcap, nanoseconds": pcapWriter({ magic: 0xa1b23c4d, unit: 1 }),
  "pcap, nanoseconds, big-endian": pcapWriter({ magic: 0xa1b23c4d, unit: 1, big: true }),
  "pcap 2.2 of AIX": pcapWriter({ minor: 2, unit: 1, big: true }),
  "pcap of Red Hat 6.1": pcapWriter({ rest: KUZNETSOV }),
  "pcap of Kuznetsov": pcapWriter({ magic: 0xa1b2cd34, rest: KUZNETSOV }),
  "pcap of SuSE 6.3": pcapWriter({ magic: 0xa1b2cd34, rest: concat(KUZNETSOV.subarray(0, 7), payload(5, 9)) }),
  "pcap of Nokia": pcapWriter({ rest: ints(false, [0x9fbfb602, 4]) }),
  "pcap of Ixia's hardware": pcapWriter({ magic: 0x1c0001ac, unit: 1, more: payload(4) }),
  "pcap of Ixia's software": pcapWriter({ magic: 0x1c0001ab, more: payload(4), big: true }),
  pcapng: pcapngWriter(),
  "pcapng, big-endian, nanoseconds": pcapngWriter({ big: true, nanos: true }),
  "pcapng of two sections, interfaces of two links, names, statistics": pcapngWriter({ annotated: true }),
  "pcapng in both byte orders": bothOrders,
  snoop,
  "Network Monitor 1.1": netmonWriter(1, 1),
  "Network Monitor 2.0": netmonWriter(2, 0),
  "Network Monitor 2.1": netmonWriter(2, 1),
  "Network Monitor 2.2": netmonWriter(2, 2),
  "Network Monitor 2.3": netmonWriter(2, 3),
};

function packed(writer: Writer, pack: (bytes: Uint8Array) => Uint8Array): Writer {
  return { ...writer, write: (packets, link) => pack(writer.write(packets, link)) };
}

/** Every format, and some of them compressed. */
export const WRITERS: Readonly<Record<string, Writer>> = {
  ...PLAIN,
  "pcap, gzip": packed(PLAIN["pcap"] as Writer, gzipSync),
  "pcapng, zstd": packed(PLAIN["pcapng"] as Writer, zstdStored),
  "Network Monitor 2.3, gzip": packed(PLAIN["Network Monitor 2.3"] as Writer, gzipSync),
  "snoop, zstd": packed(snoop, zstdStored),
};

/** The packets as a clock that fine shows them. */
export function seenBy(packets: readonly TimedPacket[], clock: number): TimedPacket[] {
  return packets.map((packet) => ({ ...packet, nanos: packet.nanos - (packet.nanos % clock) }));
}
