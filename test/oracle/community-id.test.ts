/** Community IDs of the connections of test/captures, against tshark's own. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { communityId } from "../../src/report/community-id.ts";
import type { Report } from "../../src/report/schema.ts";
import { HAS_TSHARK } from "../support/tshark.ts";

const CAPTURES = "test/captures";
/** Of every kind. Not SOCKS: what goes through the proxy has a stream number of its own in tshark. */
const folders = readdirSync(CAPTURES).filter((name) => /^(d37|f28|g01|m0[1-6]|o0[2-4]|t01)-/.test(name));

/** By `tcp/0`: what tshark says of the connection's frames. */
function tsharkIds(file: string): Map<string, Set<string>> {
  const fields = ["tcp.stream", "udp.stream", "communityid"].flatMap((name) => ["-e", name]);
  const { stdout } = spawnSync("tshark", ["--enable-protocol", "communityid", "-r", file, "-T", "fields", ...fields], {
    encoding: "utf8",
  });
  const ids = new Map<string, Set<string>>();
  for (const line of stdout.split("\n")) {
    const [tcp = "", udp = "", id = ""] = line.split("\t");
    // Tunnels have several; ICMP errors quote a connection and are none of it.
    if (id === "" || id.includes(",") || (tcp === "") === (udp === "")) continue;
    const connection = tcp === "" ? `udp/${udp}` : `tcp/${tcp}`;
    ids.set(connection, (ids.get(connection) ?? new Set()).add(id));
  }
  return ids;
}

describe.skipIf(!HAS_TSHARK)("Community IDs against tshark (skipped where there is none)", () => {
  it("has captures", () => expect(folders.length).toBeGreaterThan(8));

  it.each(folders)("%s", (name) => {
    const folder = join(CAPTURES, name);
    const file = readdirSync(folder).find((entry) => entry.startsWith("capture.")) ?? "";
    const theirs = tsharkIds(join(folder, file));
    const { connections } = JSON.parse(readFileSync(join(folder, "report.json"), "utf8")) as Report;
    const ours = connections.filter(({ id }) => theirs.has(id));
    expect(ours.length).toBeGreaterThan(0);
    for (const { id, transport, client, server } of ours)
      expect(theirs.get(id), id).toContain(communityId(transport, client, server));
  });
});
