/** What is read from link layers other than Ethernet, against tshark: addresses, ports, numbers and payload of a segment. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { addressText } from "../../src/bytes/address.ts";
import { toHex } from "../../src/bytes/text.ts";
import { decode, Packet } from "../../src/packet/packet.ts";
import { concat, payload, pcapHeader, pcapRecord } from "../support/capture-writer.ts";
import { LINK_CASES } from "../support/links.ts";
import { ACK, CLIENT, CLIENT6, frameOf, ipv4, ipv6, SERVER, SERVER6, tcp } from "../support/packets.ts";
import { HAS_TSHARK, tsharkFields } from "../support/tshark.ts";

const SEGMENT = tcp(CLIENT.port, SERVER.port, payload(10, 0x50), { sequence: 77, flags: ACK });
const PACKETS = [ipv4(SEGMENT), ipv6(SEGMENT, { from: CLIENT6.ip, to: SERVER6.ip })];

/** tshark 4.0 looks for a whole header of HDLC behind the direction and shows nothing; tcpdump reads it as libpcap describes it. */
const AS_TCPDUMP: readonly string[] = ["PPP of pppd, out"];

describe.skipIf(!HAS_TSHARK)("link layers as tshark has them (needs tshark; skipped when absent)", () => {
  const folder = mkdtempSync(join(tmpdir(), "sightline-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(LINK_CASES)("%s", (name, link, wrap) => {
    const frames = PACKETS.map((packet) => wrap(packet));
    const path = join(folder, `${name.replaceAll(/\W/g, "-")}.pcap`);
    const big = name.includes("big-endian");
    writeFileSync(path, concat(pcapHeader({ link, big }), ...frames.map((bytes) => pcapRecord(bytes, { big }))));
    const fields = ["ip.src", "ipv6.dst", "tcp.srcport", "tcp.seq_raw", "tcp.payload"];
    const rows = tsharkFields(path, "tcp", fields);
    if (AS_TCPDUMP.includes(name)) {
      expect(rows).toEqual([]);
      const shown = execFileSync("tcpdump", ["-n", "-r", path], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      expect(shown).toMatch(
        /IP 10\.0\.0\.5\.50000 > 192\.0\.2\.10\.443: .* length 10\n.*IP6 2001:db8::5\.50000 > 2001:db8::10\.443: /,
      );
      return;
    }
    const ours = frames.map((bytes) => {
      const packet = new Packet();
      const frame = frameOf(bytes, { link });
      decode(frame, packet);
      const { ipVersion: version, payloadStart: at, payloadCaptured } = packet;
      const { source0, source1, source2, source3 } = packet;
      const { destination0, destination1, destination2, destination3 } = packet;
      return [
        version === 4 ? addressText(4, source0, source1, source2, source3) : "",
        version === 6 ? addressText(6, destination0, destination1, destination2, destination3) : "",
        String(packet.sourcePort),
        String(packet.sequence),
        toHex(frame.bytes.subarray(at, at + payloadCaptured)),
      ];
    });
    expect(ours).toEqual(rows);
  });
});
