/**
 * The capture readers against tshark: numbers, lengths, times, interfaces and link types of every frame, for the pcapng
 * test-suite, tcpdump's hostile captures, compressed and converted ones, captures written here for what those lack, and
 * merged ones against mergecap. Where the two part, EXPLAINED says why and what exactly is expected instead.
 */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { CaptureFile } from "../../src/capture/index.ts";
import { CaptureSet } from "../../src/capture/set.ts";
import { fileSource } from "../../src/cli/sources.ts";
import { drain, type SeenFrame, walk } from "../support/capture-walk.ts";
import {
  appleProcess,
  block,
  concat,
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  ints,
  nameRecord,
  obsoletePacket,
  option,
  payload,
  pcapHeader,
  pcapRecord,
  sectionHeader,
  simplePacket,
} from "../support/capture-writer.ts";
import { fileTime, netmonFile, netmonProcess } from "../support/netmon-writer.ts";
import { HAS_TSHARK } from "../support/tshark.ts";

const CAPTURES = join(import.meta.dirname, "../../../shared/captures");
const READY = HAS_TSHARK && existsSync(CAPTURES);
const NEEDS = "needs tshark and ../shared; skipped when absent";

/** number, frame.len, frame.cap_len, frame.time_epoch, interface (empty for pcap), WTAP_ENCAP_ number. */
type Row = readonly string[];

interface Told {
  readonly rows: readonly Row[];
  /** What tshark said on stderr: empty for a file it finds sound. */
  readonly complaint: string;
}

/** LINKTYPE_ → WTAP_ENCAP_ as tshark 4.0 prints it in frame.encap_type, for every link type that occurs here. */
const ENCAPSULATIONS: Readonly<Record<number, string>> = {
  0: "15",
  1: "1",
  8: "3",
  9: "4",
  50: "4",
  101: "7",
  104: "28",
  105: "20",
  106: "11",
  107: "26",
  113: "25",
  123: "13",
  127: "23",
  129: "9",
  149: "47",
  178: "83",
  195: "104",
  228: "129",
  229: "130",
  231: "146",
  239: "141",
  258: "171",
  271: "185",
};

/** tshark's rows as they have to be read: what it shows differently, and why ours is right. */
const EXPLAINED: Readonly<Record<string, (rows: readonly Row[]) => readonly Row[]>> = {
  // Custom blocks hold no frame. tshark numbers and lists them (without interface); here they take a number only.
  "pcapng-suite/test017.pcapng": withInterface,
  "pcapng-suite/test018.pcapng": withInterface,
  "pcapng-suite/test102.pcapng": withInterface,
  "pcapng-suite/test202.pcapng": withInterface,
  // SunATM: Wireshark takes the 4-byte pseudo-header away before it counts lengths.
  "malformed/atm-oam-heapoverflow.pcap": (rows) => [["1", "262144", "4", ...(rows[0] as Row).slice(3)]],
  // Impossible fractions, here carried into the seconds: 1 000 000 µs, of which tshark prints ten digits behind the point, and
  // 2^31 µs, which overflow its 32-bit nanoseconds to 0.
  "malformed/timestamp_invalid_micro.pcap": ([first, second, third]) => [
    first as Row,
    (second as Row).with(3, "1418145371.000000000"),
    (third as Row).with(3, "1418147517.483648000"),
  ],
};

/** Link types tshark 4.0 does not know: it shows nothing of the file. Frames as tcpdump counts them. */
const UNKNOWN_TO_TSHARK: readonly string[] = [
  "malformed/brcm-tag.pcap",
  "malformed/dsa.pcap",
  "malformed/edsa.pcap",
  "malformed/frf16_magic_ie-oobr.pcap",
  "malformed/hoobr_juniper3.pcap",
  "malformed/vtp_asan.pcap",
];

describe.skipIf(!READY)(`frames as tshark has them (${NEEDS})`, () => {
  const files = !READY
    ? []
    : [
        ...listed("pcapng-suite"),
        ...listed("malformed"),
        ...listed("formats"),
        ...listed("zeek-tls").filter((name) => name.endsWith(".gz")),
        ...listed("lab").filter((name) => /\.(gz|pcapng)$/.test(name)),
      ];

  test("there are captures to compare", () => {
    expect(files.filter((name) => name.startsWith("pcapng-suite/"))).toHaveLength(24);
    expect(files.filter((name) => name.startsWith("malformed/")).length).toBeGreaterThan(200);
    for (const name of [...Object.keys(EXPLAINED), ...UNKNOWN_TO_TSHARK]) expect(files).toContain(name);
  });

  const compared = files.filter((name) => !UNKNOWN_TO_TSHARK.includes(name));
  test.concurrent.each(compared)("%s", async (name) => {
    const path = join(CAPTURES, name);
    const { rows, complaint } = await tshark(path);
    const seen = await walk(fileSource(path));
    const explain = EXPLAINED[name];
    const expected = explain?.(rows) ?? rows;
    // An explanation that no longer changes anything is no explanation.
    if (explain !== undefined) expect(expected).not.toEqual(rows);
    expect(ours(seen.frames, seen.format)).toEqual(expected);
    expect(seen.count).toBe(rows.length);
    expect(seen.problems.length > 0, JSON.stringify(seen.problems)).toBe(complaint !== "");
  });

  test.each(UNKNOWN_TO_TSHARK)("%s: a link type unknown to tshark", async (name) => {
    const path = join(CAPTURES, name);
    expect((await tshark(path)).complaint).toContain("network type");
    const counted = execFileSync("tcpdump", ["--count", "-r", path], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const seen = await walk(fileSource(path));
    expect(`${seen.count} packet${seen.count === 1 ? "" : "s"}\n`).toBe(counted);
    expect(seen.problems).toEqual([]);
  });
});

const P = payload(60);
const START = concat(sectionHeader(), interfaceDescription());
const EPB = enhancedPacket(P, { time: 1_000_000n });
const TIMES = [0n, 1n, 999_999_999n, 1_340_954_905_298_858_123n];

/** Each must be read as tshark reads it, and be found damaged if and only if tshark finds it so. */
const WRITTEN: Readonly<Record<string, Uint8Array>> = {
  "captured more than original, pcap": concat(pcapHeader(), pcapRecord(P, { original: 20 }), pcapRecord(P)),
  "captured more than original, pcapng": concat(START, enhancedPacket(P, { original: 20 }), EPB),
  "pcap 2.3": concat(
    pcapHeader({ minor: 3 }),
    pcapRecord(P, { captured: 100, original: 60 }),
    pcapRecord(P, { original: 70 }),
  ),
  "pcap 2.2": concat(pcapHeader({ minor: 2 }), pcapRecord(P, { captured: 100, original: 60 }), pcapRecord(P)),
  "pcap 543.0": concat(
    pcapHeader({ major: 543, minor: 0 }),
    pcapRecord(P, { captured: 100, original: 60 }),
    pcapRecord(P),
  ),
  "AIX, nanoseconds": concat(
    pcapHeader({ big: true, minor: 2, link: 6 }),
    pcapRecord(P, { big: true, seconds: 5, fraction: 999_999_999, captured: 99, original: 60 }),
  ),
  ...Object.fromEntries(
    (
      [
        ["Red Hat 6.1", 0xa1b2c3d4, ints(false, [2, 4], [0x0800, 2], [4, 1], [0, 1])],
        ["Nokia", 0xa1b2c3d4, ints(false, [0xbfbfd901, 4])],
        ["Kuznetsov", 0xa1b2cd34, ints(false, [2, 4], [0x0800, 2], [4, 1], [0, 1])],
        ["SuSE 6.3", 0xa1b2cd34, concat(ints(false, [2, 4], [0x0800, 2], [4, 1]), payload(5, 70))],
      ] as const
    ).map(([name, magic, rest]) => [
      name,
      concat(pcapHeader({ magic }), ...[60, 61, 99].map((size) => pcapRecord(payload(size), { seconds: size, rest }))),
    ]),
  ),
  // Its fractions are nanoseconds (Wireshark issue 14073), which tshark 4.0 takes for microseconds: whole seconds only.
  "Ixia, hardware": concat(pcapHeader({ magic: 0x1c0001ac }), payload(4), pcapRecord(P, { seconds: 999_999_999 })),
  "Ixia, software": concat(pcapHeader({ magic: 0x1c0001ab }), payload(4), pcapRecord(P, { fraction: 999_999 })),
  "big-endian nanoseconds": concat(
    pcapHeader({ big: true, nanos: true }),
    pcapRecord(P, { big: true, seconds: 0xffffffff, fraction: 999_999_999 }),
  ),
  "FCS length in the link type": concat(pcapHeader({ link: 0x24000001 }), pcapRecord(P)),
  "no bytes captured": concat(pcapHeader(), pcapRecord(new Uint8Array(0), { original: 60 }), pcapRecord(P)),
  "longest frame": concat(pcapHeader(), pcapRecord(payload(262_144)), pcapRecord(P)),
  "frame too long": concat(pcapHeader(), pcapRecord(P), pcapRecord(payload(262_145)), pcapRecord(P)),
  "pcap cut": concat(pcapHeader(), pcapRecord(P), pcapRecord(P)).subarray(0, -1),
  "pcap cut in a header": concat(pcapHeader(), pcapRecord(P), new Uint8Array(15)),
  "lengths of a block differ": concat(START, EPB, block(false, 6, payload(80), 99), EPB),
  "lengths of an unknown block differ": concat(START, EPB, block(false, 0x77, payload(80), 99), EPB),
  "pcapng cut in the last length": concat(START, EPB, EPB).subarray(0, -4),
  "pcapng with a few bytes more": concat(START, EPB, new Uint8Array(5)),
  "names, statistics, processes and comments between frames": concat(
    sectionHeader(false, 0, option(false, 1, payload(9, 65))),
    interfaceDescription(),
    block(false, 4, concat(nameRecord(false, payload(4, 10), "a.example"), option(false, 0, new Uint8Array(0)))),
    appleProcess(false, 77, "Teams"),
    enhancedPacket(P, { trailer: option(false, 1, payload(7, 65)) }),
    interfaceStatistics(false, 0, option(false, 5, ints(false, [4, 8]))),
    EPB,
  ),
  "pcapng 1.2": concat(sectionHeader(false, 2), interfaceDescription(), EPB),
  "second section in the other byte order": concat(
    START,
    EPB,
    sectionHeader(true),
    interfaceDescription({ big: true, link: 113 }),
    enhancedPacket(P, { big: true, time: 7n }),
    simplePacket(P, 60, true),
    obsoletePacket(P, { big: true, time: 1n << 33n, original: 70 }),
  ),
  "second section unreadable": concat(START, EPB, sectionHeader(true, 7), EPB),
  "interface description damaged": concat(
    sectionHeader(),
    block(false, 1, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 200, 0, 9, 0, 0, 0)),
  ),
  ...Object.fromEntries(
    [0x00, 0x03, 0x06, 0x09, 0x80, 0x8a, 0x94, 0x9e, 0x9f, 0xa0].map((resolution) => [
      `if_tsresol 0x${resolution.toString(16)}`,
      concat(
        sectionHeader(),
        interfaceDescription({ resolution, offset: 5n }),
        // Counts of whole seconds only up to what both programs print exactly.
        ...TIMES.slice(0, resolution === 0 || resolution === 0x80 ? 3 : 4).map((time) => enhancedPacket(P, { time })),
      ),
    ]),
  ),
};

/** Network Monitor, whose clock before version 2.3 tshark takes for local time: it is run in UTC. */
const NETMON: Readonly<Record<string, Uint8Array>> = {
  ...Object.fromEntries(
    [
      [1, 1],
      [2, 0],
      [2, 1],
      [2, 2],
      [2, 3],
    ].map(([major = 0, minor = 0]) => [
      `${major}.${minor}`,
      netmonFile(
        [
          { data: P },
          { data: payload(33, 9), since: 999_999, original: 1500, owner: 0 },
          { data: P, since: 86_400_000, utc: fileTime(1_700_000_000, 1_234_567) },
        ],
        { major, minor, processes: [netmonProcess("C:\\a.exe", 7, { icon: 50 })] },
      ),
    ]),
  ),
  "frames that are none": netmonFile(
    [1, 0xfffc, 0xfffd, 0xfffe, 9, 0xe065, 0, 7].map((media, i) => ({ data: P, media, since: i })),
    { minor: 1 },
  ),
  "in the table's order": netmonFile(
    [70, 80, 90].map((size) => ({ data: payload(size) })),
    { minor: 1, gap: 9, order: [2, 0, 1] },
  ),
  "before the beginning": netmonFile([{ data: P, since: BigInt.asUintN(64, -5_000_016n) / 10n }], { minor: 1 }),
};

/** tshark stops at these; the block around each is sound, so here the frames behind it are read too. */
const READ_ON: Readonly<Record<string, Uint8Array>> = {
  "interface that is not there": enhancedPacket(P, { on: 3 }),
  "more captured than the block holds": enhancedPacket(P, { captured: 1000 }),
  "frame too long": enhancedPacket(payload(262_145)),
  "simple packet too short": simplePacket(P, 100),
};

describe.skipIf(!HAS_TSHARK)(
  "captures written for this, as tshark has them (needs tshark; skipped when absent)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "sightline-"));
    afterAll(() => rmSync(folder, { recursive: true }));
    const written = (name: string, bytes: Uint8Array) => {
      const path = join(folder, name.replaceAll(/\W/g, "-"));
      writeFileSync(path, bytes);
      return path;
    };

    test.concurrent.each(Object.entries(WRITTEN))("%s", async (name, bytes) => {
      const path = written(name, bytes);
      const { rows, complaint } = await tshark(path);
      const seen = await walk(fileSource(path));
      expect(ours(seen.frames, seen.format)).toEqual(rows);
      expect(seen.problems.length > 0, JSON.stringify(seen.problems)).toBe(complaint !== "");
    });

    test.concurrent.each(Object.entries(NETMON))("Network Monitor: %s", async (name, bytes) => {
      const path = written(`netmon ${name}`, bytes);
      const { rows, complaint } = await tshark(path);
      const { frames, format, problems } = await walk(fileSource(path));
      expect(ours(frames, format)).toEqual(rows);
      expect([problems, complaint]).toEqual([[], ""]);
    });

    test("Network Monitor: frames without a packet that are numbered", async () => {
      const media = [1, 0xfffb, 1, 0xffff, 0xffe0, 1];
      const path = written(
        "netmon numbered",
        netmonFile(
          media.map((media) => ({ data: P, media })),
          { minor: 1 },
        ),
      );
      const { rows } = await tshark(path);
      const { frames, format, count } = await walk(fileSource(path));
      const packets = new Set(media.flatMap((media, index) => (media === 1 ? [String(index + 1)] : [])));
      expect(count).toBe(rows.length);
      expect(ours(frames, format)).toEqual(rows.filter(([number = ""]) => packets.has(number)));
    });

    test("comments that editcap writes", async () => {
      const plain = written("plain", concat(START, EPB, EPB, EPB));
      const path = join(folder, "commented");
      const comments = ["here it breaks", "zwei Zeilen\nsind möglich"];
      const options = comments.flatMap((comment, index) => ["-a", `${index + 2}:${comment}`]);
      execFileSync("editcap", [...options, "--capture-comment", "of the whole", plain, path], { stdio: "ignore" });
      const file = await CaptureFile.open(fileSource(path));
      const frames = await drain(file);
      expect(frames.map(({ comment }) => comment)).toEqual([undefined, ...comments]);
      expect(file.comments).toEqual(["of the whole"]);
      const shown = execFileSync("tshark", ["-r", path, "-T", "json", "-e", "frame.comment"], {
        encoding: "utf8",
        stdio: "pipe",
      });
      const rows = JSON.parse(shown) as { _source: { layers: { "frame.comment"?: string[] } } }[];
      expect(rows.map(({ _source }) => _source.layers["frame.comment"]?.[0])).toEqual([undefined, ...comments]);
    });

    test.concurrent.each(Object.entries(READ_ON))("read on behind: %s", async (name, bytes) => {
      const path = written(name, concat(START, EPB, bytes, EPB));
      const { rows, complaint } = await tshark(path);
      const { frames, format, count, problems } = await walk(fileSource(path));
      expect(complaint).not.toBe("");
      expect(ours(frames.slice(0, 1), format)).toEqual(rows);
      expect([frames.map(({ number }) => number), count, problems.length]).toEqual([[1, 3], 3, 1]);
    });

    test("negative if_tsoffset: tshark prints -8.5 s as -9.5, seconds and fraction side by side", async () => {
      const start = concat(sectionHeader(), interfaceDescription({ offset: -10n }));
      const times = [1_500_000n, 0n, 10_500_000n].map((time) => enhancedPacket(P, { time }));
      const path = written("negative", concat(start, ...times));
      expect((await tshark(path)).rows.map((row) => row[3])).toEqual(["-9.500000000", "-10.000000000", "0.500000000"]);
      const { frames } = await walk(fileSource(path));
      expect(frames.map(({ time }) => time)).toEqual(["-8.500000000", "-10.000000000", "0.500000000"]);
    });
  },
);

describe.skipIf(!READY)(`several files as one (${NEEDS})`, () => {
  const folder = mkdtempSync(join(tmpdir(), "sightline-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const lab = (name: string) => join(CAPTURES, "lab", name);

  test("split by editcap and given in any order: the capture it was", async () => {
    const whole = lab("a01-direct-tls12-six-hosts.pcap");
    execFileSync("editcap", ["-F", "pcap", "-c", "20", whole, join(folder, "part.pcap")], { stdio: "ignore" });
    const parts = readdirSync(folder).map((name) => join(folder, name));
    expect(parts.length).toBeGreaterThan(3);
    const { frames } = await walk(fileSource(whole));
    for (const order of [parts, [...parts].reverse(), [...parts.slice(2), ...parts.slice(0, 2)]]) {
      expect(await drain(await CaptureSet.open(order.map(fileSource)))).toEqual(frames);
    }
  });

  test("three captures moved over each other: as mergecap has them", async () => {
    const names = ["a01-direct-tls12-six-hosts.pcap", "b01-squid-bump-tls12.pcap", "d01-direct-turn-udp.pcap"];
    const paths = [];
    for (const [i, name] of names.entries()) {
      const { frames } = await walk(fileSource(lab(name)));
      const path = join(folder, `moved-${i}.pcap`);
      execFileSync("editcap", ["-F", "pcap", "-t", String(-Math.floor(Number(frames[0]?.time))), lab(name), path], {
        stdio: "ignore",
      });
      paths.push(path);
    }
    const together = join(folder, "together.pcap");
    execFileSync("mergecap", ["-F", "pcap", "-w", together, ...paths], { stdio: "ignore" });
    const { frames } = await walk(fileSource(together));
    expect(frames.length).toBeGreaterThan(300);
    for (const order of [paths, [...paths].reverse()]) {
      const set = await CaptureSet.open(order.map(fileSource));
      let switches = 0;
      let last = -1;
      const merged = await drain(set, () => {
        if (set.currentFile !== last) switches++;
        last = set.currentFile;
      });
      expect(merged).toEqual(frames);
      // They really interleave.
      expect(switches).toBeGreaterThan(10);
    }
  });
});

function listed(folder: string): string[] {
  return readdirSync(join(CAPTURES, folder))
    .sort()
    .map((name) => `${folder}/${name}`);
}

function tshark(path: string): Promise<Told> {
  const fields = [
    "frame.number",
    "frame.len",
    "frame.cap_len",
    "frame.time_epoch",
    "frame.interface_id",
    "frame.encap_type",
  ];
  const args = ["-n", "-r", path, "-T", "fields", ...fields.flatMap((field) => ["-e", field])];
  return new Promise((resolve) => {
    execFile("tshark", args, { maxBuffer: 1 << 28, env: { ...process.env, TZ: "UTC" } }, (_, stdout, stderr) => {
      const complaint = stderr.replace(/^Running as user .*\n/, "").trim();
      resolve({ rows: stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")])), complaint });
    });
  });
}

function ours(frames: readonly SeenFrame[], format: string): Row[] {
  return frames.map(({ number, original, data, time, interfaceIndex, linkType }) => [
    String(number),
    String(original),
    String(data.length),
    time,
    format.startsWith("pcapng") ? String(interfaceIndex) : "",
    ENCAPSULATIONS[linkType] ?? `link type ${linkType}`,
  ]);
}

function withInterface(rows: readonly Row[]): readonly Row[] {
  return rows.filter((row) => row[4] !== "");
}
