import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildProgram, type Program } from "../support/program.ts";

// script(1) of util-linux gives a command a terminal; elsewhere its options differ.
const hasTerminal = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") ?? false;

let program: Program;

beforeAll(async () => {
  program = await buildProgram();
  cpSync("test/cli/files", program.cwd, { recursive: true });
});

afterAll(() => program?.remove());

function onTerminal(command: string, env: NodeJS.ProcessEnv = {}): { text: string; status: number | null } {
  const { stdout, status } = spawnSync("script", ["-qec", command, "/dev/null"], {
    cwd: program.cwd,
    env: { ...program.env, TERM: "xterm", ...env },
    encoding: "utf8",
  });
  return { text: stdout.replaceAll("\r\n", "\n"), status };
}

describe.skipIf(!hasTerminal)("on a terminal (needs script of util-linux)", () => {
  test("stdin that is the terminal is no capture, and nobody waits for it", () => {
    expect(onTerminal("sightline analyze")).toEqual({
      text: [
        "sightline: error: no capture: no file was named and stdin is the terminal",
        "sightline: hint: name a file: sightline analyze capture.pcapng",
        "sightline: hint: or pipe a capture: tcpdump -i eth0 -U -w - | sightline analyze",
        "",
      ].join("\n"),
      status: 2,
    });
  });

  test("colour and the width of the terminal", () => {
    const { text, status } = onTerminal("stty cols 100; sightline analyze sharing.pcap");
    expect(text).toContain("\x1b[1;31m✗ INTERCEPTED\x1b[0m");
    const widths = text
      .split("\n")
      .filter((line) => !line.includes("See "))
      .map((line) => line.replace(/\x1b\[[0-9;]*m/g, "").length);
    expect(Math.max(...widths)).toBeGreaterThan(80);
    expect(Math.max(...widths)).toBeLessThanOrEqual(100);
    expect(status).toBe(1);
  });

  test("NO_COLOR", () => {
    expect(onTerminal("sightline analyze sharing.pcap", { NO_COLOR: "1" }).text).not.toContain("\x1b");
  });
});

describe.skipIf(process.platform === "win32")("Ctrl-C while a capture comes through stdin", () => {
  test("ends the capture, not the answer about it", async () => {
    const child = spawn("sightline", ["analyze"], {
      cwd: program.cwd,
      env: program.env,
      stdio: ["pipe", "pipe", "pipe"],
    });
    const exit = once(child, "exit");
    let stdout = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.stdin.write(readFileSync("test/cli/files/sharing.pcap"));
    // stdin stays open: only the signal can end the reading. Sent until it is caught, since nothing tells when it would be.
    const again = setInterval(() => child.kill("SIGINT"), 2000);
    expect(await exit).toEqual([1, null]);
    clearInterval(again);
    expect(stdout).toContain("stdin: pcap, 62 frames");
    expect(stderr).toBe("");
  });
});
