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
    const shown = /^```console\n(.*?)^```$/ms.exec(readFileSync("README.md", "utf8"))?.[1] ?? "";
    for (const step of parseTranscript(`${shown.replace(/^…$/m, "...")}[exit 1]`)) {
      const { expected, actual } = runStep(step, program.cwd, program.env);
      expect(actual).toEqual(expected);
    }
  });
});
