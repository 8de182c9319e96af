/**
 * Anonymized evidence over all captures of the lab: its own analysis gives the same findings, about other addresses; and none of the real
 * ones is left in the file, in whatever form.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAddress } from "../src/bytes/address.ts";
import { fromHex, toHex } from "../src/bytes/text.ts";
import { CaptureSet } from "../src/capture/set.ts";
import { fileSource } from "../src/cli/sources.ts";
import { type AnalyzeOptions, analyze, type Report } from "../src/index.ts";
import { addressesOf, follow } from "../src/observe/follow.ts";
import { AddressMap } from "../src/packet/address-map.ts";
import { ICMP_ERROR, OTHER } from "../src/packet/packet.ts";
import { concat, ints, memorySource, payload } from "./support/capture-writer.ts";
import { analyzeBytes, evidenceOf, findingsOf, verdictsOf } from "./support/evidence.ts";
import { Conversation, ethernet, ICMP, icmp, ipv4, pcapOf, SYN, tcpFrame, text, udpFrame } from "./support/packets.ts";
import { LAB_ROOTS } from "./support/real-captures.ts";

const KEY = new Uint8Array(32).fill(7);
const FOLDER = join(import.meta.dirname, "captures");

const cases = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => {
    const folder = join(FOLDER, name);
    const file = readdirSync(folder).find((entry) => entry.startsWith("capture."));
    if (file === undefined) return [];
    const keys = join(folder, "keys.log");
    const path = join(folder, file);
    return [
      { name, path, keyLogs: [] },
      ...(existsSync(keys) ? [{ name: `${name}, with its keys`, path, keyLogs: [readFileSync(keys, "utf8")] }] : []),
    ];
  });

interface Original {
  readonly what: string;
  readonly bytes: Uint8Array;
}

/** Every address of the capture, hardware addresses among them, in each form in which it may be written. */
async function originalsIn(path: string, report: Report): Promise<Original[]> {
  const ips = new Set<string>();
  const macs = new Set<string>();
  const set = await CaptureSet.open([fileSource(path)]);
  await follow(
    set,
    () => {},
    ({ frame, packet, quoted }) => {
      const { bytes, start, linkType, captured } = frame;
      if (linkType === 1 && captured >= 14)
        for (const at of [start, start + 6]) macs.add(toHex(bytes.subarray(at, at + 6)));
      for (const one of packet.kind === ICMP_ERROR ? [packet, quoted] : [packet]) {
        if (one.kind === OTHER) continue;
        const { source, destination } = addressesOf(one);
        ips.add(source).add(destination);
      }
    },
  );
  set.close();
  for (const { stun, through } of report.connections) {
    for (const one of [stun?.mapped, stun?.allocation?.relay, stun?.allocation?.alternate]) if (one) ips.add(one.ip);
    const host = /^\[?(.*?)\]?:\d+$/.exec(through?.target ?? "")?.[1] ?? "";
    if (isIP(host) !== 0) ips.add(host);
  }
  // Certificates stay as they are: their addresses are told of.
  const certified = new Set(Object.values(report.certificates).flatMap(({ names }) => names));
  const map = new AddressMap(KEY);
  const originals: Original[] = [...macs]
    .filter((mac) => !/^(?:0{12}|f{12}|01005e|3333)/.test(mac))
    .map((mac) => ({ what: mac, bytes: fromHex(mac) }));
  // Loopback, multicast and the like are nobody's.
  return originals.concat(formsOf([...ips].filter((ip) => map.text(ip) !== ip && !certified.has(ip))));
}

/** An address as it stands in headers, XORed as in STUN, in the other order of bytes, as text. */
function formsOf(ips: readonly string[]): Original[] {
  return ips.flatMap((ip) => {
    const words = parseAddress(ip);
    const binary = Buffer.alloc(16);
    for (const [i, word] of words.entries()) binary.writeInt32BE(word | 0, 4 * i);
    const short = ip.includes(":") ? binary : binary.subarray(12);
    const xored = Buffer.from(short);
    xored.writeInt32BE(xored.readInt32BE(0) ^ 0x2112a442, 0);
    const forms = { binary: short, xored, reversed: Uint8Array.from(short).reverse(), text: Buffer.from(ip) };
    return Object.entries(forms).map(([form, bytes]) => ({ what: `${ip} ${form}`, bytes }));
  });
}

/** Such as are not met by chance: four octets that headers seldom have. */
const octet = fc.integer({ min: 130, max: 222 });
const anyIp = fc
  .uniqueArray(octet, { minLength: 4, maxLength: 4 })
  .map((octets) => octets.join("."))
  .filter((ip) => !/^(?:169\.254|172|192\.168)\./.test(ip));

describe("generated captures", () => {
  test("no address is left, wherever it stood", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(anyIp, { minLength: 6, maxLength: 6 }), async (ips) => {
        const [client = "", proxy = "", target = "", far = "", router = "", relay = ""] = ips;
        const capture = leaky({ client, proxy, target, far, router, relay });
        const report = await analyze([memorySource(capture)]);
        expect(report.findings.map(({ rule }) => rule)).toEqual(
          expect.arrayContaining(["proxy-refused", "port-refused"]),
        );
        const evidence = await evidenceOf(report, [memorySource(capture)], { anonymize: { key: KEY } });
        expect(leaksIn(evidence, formsOf(ips))).toEqual([]);
        const again = await analyzeBytes(evidence, {});
        expect(again.findings.map(({ rule, confidence }) => [rule, confidence])).toEqual(
          report.findings.map(({ rule, confidence }) => [rule, confidence]),
        );
      }),
      { numRuns: 40 },
    );
  });

  // Each form would be found if it were there.
  test("the search finds what leaks", () => {
    const ip = "203.0.113.77";
    const [binary, xored, reversed, written] = formsOf([ip]).map(({ bytes }) => bytes);
    expect(leaksIn(fromHex("00cb00714d00"), formsOf([ip]))).toEqual([`${ip} binary`]);
    expect(leaksIn(xored as Uint8Array, formsOf([ip]))).toEqual([`${ip} xored`]);
    expect(leaksIn(reversed as Uint8Array, formsOf([ip]))).toEqual([`${ip} reversed`]);
    expect(leaksIn(written as Uint8Array, formsOf([ip]))).toEqual([`${ip} text`]);
    expect(toHex(binary as Uint8Array)).toBe("cb00714d");
  });
});

/** Addresses in headers, in ICMP errors, in what is said to a proxy and by it, in TCP options, STUN and SOCKS. */
function leaky(ips: Record<"client" | "proxy" | "target" | "far" | "router" | "relay", string>): Uint8Array {
  const { client, proxy, target, far, router, relay } = ips;
  const word = (ip: string): number => parseAddress(ip)[3] >>> 0;
  const page = `<title>No way to ${target}</title>${client}`;
  const connect = new Conversation({ client: { ip: client, port: 50_001 }, server: { ip: proxy, port: 3128 } })
    .open()
    .say("client", text(`CONNECT ${target}:443 HTTP/1.1\r\nHost: ${target}:443\r\nX-Forwarded-For: ${client}\r\n\r\n`))
    .say(
      "server",
      text(
        `HTTP/1.1 403 Forbidden\r\nVia: 1.1 ${proxy}\r\nX-Client-Ip: ${client}\r\nX-Squid-Error: ERR ${target}\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
      ),
    )
    .fin("server")
    .fin("client");
  const syn = tcpFrame({ ip: client, port: 50_002 }, { ip: far, port: 443 }, new Uint8Array(0), {
    flags: SYN,
    options: concat(Uint8Array.of(254, 8), ints(true, [word(client), 4], [8080, 2])),
  });
  const error = ethernet(ipv4(icmp(3, 13, syn.subarray(14)), { from: router, to: client, protocol: ICMP }));
  const stun = (type: number, ...attributes: readonly Uint8Array[]): Uint8Array => {
    const body = concat(...attributes);
    return concat(ints(true, [type, 2], [body.length, 2], [0x2112a442, 4]), payload(12, 3), body);
  };
  const address = (type: number, value: number): Uint8Array =>
    ints(true, [type, 2], [8, 2], [1, 2], [5000, 2], [value, 4]);
  const ends = [
    { ip: client, port: 50_003 },
    { ip: far, port: 3478 },
  ] as const;
  const asked = udpFrame(...ends, stun(0x0001, address(0x0012, (word(relay) ^ 0x2112a442) >>> 0)));
  const told = udpFrame(
    ends[1],
    ends[0],
    stun(
      0x0101,
      address(0x0020, (word(client) ^ 0x2112a442) >>> 0),
      address(0x802c, word(relay)),
      address(0xc001, word(far)),
    ),
  );
  const socks = new Conversation({ client: { ip: client, port: 50_004 }, server: { ip: proxy, port: 3128 } })
    .open()
    .say("client", Uint8Array.of(5, 1, 0))
    .say("server", Uint8Array.of(5, 0))
    .say("client", concat(Uint8Array.of(5, 1, 0, 1), ints(true, [word(relay), 4], [443, 2])))
    .say("server", concat(Uint8Array.of(5, 2, 0, 1), ints(true, [word(proxy), 4], [443, 2])))
    .fin("server")
    .fin("client");
  return pcapOf([...connect.frames, syn, error, asked, told, ...socks.frames]);
}

function leaksIn(file: Uint8Array, originals: readonly Original[]): string[] {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  return originals.filter((original) => bytes.includes(Buffer.from(original.bytes))).map(({ what }) => what);
}

describe.each(cases)("$name", ({ path, keyLogs }) => {
  test("the same findings about other addresses", () => staysTheSame(path, { roots: [LAB_ROOTS], keyLogs }));
});

const SHARED = join(import.meta.dirname, "../../shared/captures");
const others = ["formats", "ja4", "media", "pcapng-suite", "zeek-tls"].flatMap((folder) =>
  existsSync(join(SHARED, folder))
    ? readdirSync(join(SHARED, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /cap|netmon|snoop|ntar/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name))
    : [],
);

describe.skipIf(others.length === 0)("captures of others (needs ../shared; skipped when absent)", () => {
  test.each(others.map((path) => [path.slice(SHARED.length + 1), path]))("%s", async (_, path) => {
    await staysTheSame(path, {});
  });
});

async function staysTheSame(path: string, options: AnalyzeOptions): Promise<void> {
  const source = fileSource(path);
  const report = await analyze([source], options).catch(() => undefined);
  // No capture, or nothing found in it.
  if (report === undefined || report.findings.length === 0) return;
  const evidence = await evidenceOf(report, [source], { anonymize: { key: KEY } });
  const map = new AddressMap(KEY);
  const again = await analyzeBytes(evidence, options);
  expect(again.input.files[0]?.problems).toEqual([]);
  const ip = (address: string): string => map.text(address);
  expect(leaksIn(evidence, await originalsIn(path, report))).toEqual([]);
  // Where an address is written, zeros fill its place up.
  const plain = (address: string): string =>
    address.includes(":") ? address : address.split(".").map(Number).join(".");
  expect(findingsOf(again, plain)).toEqual(findingsOf(report, ip));
  expect(verdictsOf(again)).toEqual(verdictsOf(report, ip));
}
