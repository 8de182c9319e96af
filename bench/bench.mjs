// Measures `sightline analyze` beside tcpdump in one run on one machine: `node bench/bench.mjs [--runs N] [capture …]`.
// Without captures it looks for bench/data/big.pcap (1 GiB of bulk data) and bench/data/handshakes.pcap (200 036 short
// connections); bench/README.md says what they are and how to make such captures. Build first: `node scripts/build.mjs`.
//
// Every command runs as a whole process, in turn, after one warm-up round that fills the page cache; the figures are the
// median wall time and the highest peak memory (maximum resident set, of wait4 through Python).
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const args = process.argv.slice(2);
const at = args.indexOf("--runs");
const runs = at < 0 ? 5 : Number(args.splice(at, 2)[1]);
const data = join(root, "bench", "data");
const files =
  args.length > 0 ? args : [join(data, "big.pcap"), join(data, "handshakes.pcap")].filter((file) => existsSync(file));
if (files.length === 0) {
  process.stderr.write(
    "bench: error: no capture\nbench: hint: name one, or make bench/data/big.pcap (see bench/README.md)\n",
  );
  process.exit(2);
}

const commands = {
  tcpdump: (file) => ["tcpdump", "-r", file, "-w", "/dev/null"],
  sightline: (file) => [process.execPath, join(root, "dist/cli/main.js"), "analyze", file],
  "sightline --json": (file) => [process.execPath, join(root, "dist/cli/main.js"), "analyze", "--json", file],
};

// wait4 through Python's resource module: GNU time is not everywhere, and its output would mix with the command's.
const MEASURE = `
import os, resource, sys, time
null = os.open(os.devnull, os.O_RDWR)
start = time.monotonic()
pid = os.fork()
if pid == 0:
    os.dup2(null, 1); os.dup2(null, 2)
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
`;

function measure(command) {
  const { stdout, status, stderr } = spawnSync("python3", ["-c", MEASURE, ...command], { encoding: "utf8" });
  if (status !== 0) throw new Error(`cannot measure ${command[0]}: ${stderr}`);
  const [wall, cpu, memory, exit] = stdout.trim().split(" ").map(Number);
  return { wall, cpu, memory: memory / 1024, exit };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

process.stdout.write(
  `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, ${runs} runs after one warm-up\n\n`,
);
process.stdout.write(
  "| capture | command | wall s (min–max) | CPU s | peak MiB | × tcpdump |\n|---|---|---|---|---|---|\n",
);
for (const file of files) {
  const results = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let run = 0; run <= runs; run++) {
    for (const [name, command] of Object.entries(commands)) {
      const result = measure(command(file));
      if (run > 0) results[name].push(result);
    }
  }
  const base = median(results.tcpdump.map(({ wall }) => wall));
  for (const [name, list] of Object.entries(results)) {
    const walls = list.map(({ wall }) => wall);
    const wall = median(walls);
    process.stdout.write(
      `| ${file.split("/").at(-1)} (${(statSync(file).size / 2 ** 20).toFixed(0)} MiB) | ${name} | ${wall.toFixed(2)} (${Math.min(...walls).toFixed(2)}–${Math.max(...walls).toFixed(2)}) | ${median(list.map(({ cpu }) => cpu)).toFixed(2)} | ${Math.max(...list.map(({ memory }) => memory)).toFixed(0)} | ${(wall / base).toFixed(2)} |\n`,
    );
  }
}
