import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildProgram, type Program } from "../support/program.ts";
import { parseTranscript, runStep } from "../support/transcript.ts";

const transcripts = readdirSync("test/cli").filter((name) => name.endsWith(".txt"));

let program: Program;

beforeAll(async () => {
  program = await buildProgram();
  cpSync("test/cli/files", program.cwd, { recursive: true });
  cpSync("test/captures/roots.pem", join(program.cwd, "roots.pem"));
  cpSync("test/captures/d38-sharing-after-websense-squid/capture.pcap", join(program.cwd, "after.pcap"));
  cpSync("test/captures/f14-private-ca-origin-trusted/capture.pcap", join(program.cwd, "private.pcap"));
  cpSync("test/captures/f28-any-interface-sll2-intercepted/capture.pcap", join(program.cwd, "inspected.pcap"));
  cpSync("test/compare/roots.pem", join(program.cwd, "compare-roots.pem"));
  cpSync("test/compare/mitm-bypass-tls12", program.cwd, { recursive: true });
  cpSync("test/captures/b31-mitmproxy-tls13/capture.pcap", join(program.cwd, "tls13.pcap"));
  cpSync("test/captures/b31-mitmproxy-tls13/keys.log", join(program.cwd, "tls13-keys.txt"));
});

afterAll(() => program?.remove());

describe.skipIf(process.platform === "win32")("transcripts", () => {
  describe.each(transcripts)("%s", (name) => {
    // In order and in one folder: a step may leave a file for the next.
    test.each(parseTranscript(readFileSync(`test/cli/${name}`, "utf8")))("$ $command", (step) => {
      const { expected, actual } = runStep(step, program.cwd, program.env);
      expect(actual).toEqual(expected);
    });
  });

  test("README shows what the program prints", () => {
    const shown = [...readFileSync("README.md", "utf8").matchAll(/^```console\n(.*?)^```$/gms)].map(
      ([, block]) => block ?? "",
    );
    expect(shown).toHaveLength(2);
    for (const step of shown.flatMap((block) => parseTranscript(block.replace(/^…$/gm, "...")))) {
      // A terminal shows both; what it intercepts ends the analysis with 1.
      const command = `{ ${step.command}; } 2>&1`;
      const status = step.command.includes("analyze") ? 1 : 0;
      const { expected, actual } = runStep({ ...step, command, status }, program.cwd, program.env);
      expect(actual).toEqual(expected);
    }
  });
});
