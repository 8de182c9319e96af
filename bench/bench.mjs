// Measures `sightline analyze` beside other programs in one run on one machine:
// `node bench/bench.mjs [--runs N] [--tshark] [--stream] [capture …]`.
// Without captures it looks for bench/data/big.pcap, handshakes.pcap and distinct.pcap; bench/README.md says how to make them.
// Build first: `node scripts/build.mjs`.
//
// Every command runs as a whole process, in turn, after one warm-up round that fills the page cache; the figures are the
// median wall time and the highest peak memory (maximum resident set, of wait4 through Python). ndpiReader is measured when it is
// installed; tshark, which takes minutes, when asked for, once. --stream measures instead the peak memory for ten times the
// capture, in other clients' and servers' names, on standard input.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join } from "node:path";

const root = join(import.meta.dirname, "..");
const args = process.argv.slice(2);
const at = args.indexOf("--runs");
const runs = at < 0 ? 5 : Number(args.splice(at, 2)[1]);
const flag = (name) => args.includes(name) && args.splice(args.indexOf(name), 1).length > 0;
const [withTshark, stream] = [flag("--tshark"), flag("--stream")];
const data = join(root, "bench", "data");
const files =
  args.length > 0
    ? args
    : ["big.pcap", "handshakes.pcap", "distinct.pcap"]
        .map((name) => join(data, name))
        .filter((file) => existsSync(file));
if (files.length === 0) {
  process.stderr.write(
    "bench: error: no capture\nbench: hint: name one, or make bench/data/big.pcap (see bench/README.md)\n",
  );
  process.exit(2);
}

const sightline = [process.execPath, join(root, "dist/cli/main.js"), "analyze"];
const FIELDS = ["frame.number", "tcp.stream", "tls.handshake.extensions_server_name", "tls.handshake.certificate"];

const commands = {
  tcpdump: (file) => ["tcpdump", "-r", file, "-w", "/dev/null"],
  sightline: (file) => [...sightline, file],
  "sightline --json": (file) => [...sightline, "--json", file],
  ...(isInstalled("ndpiReader") && { ndpiReader: (file) => ["ndpiReader", "-i", file] }),
};
const tshark = (file) => [
  ...["tshark", "-r", file, "-o", "tcp.reassemble_out_of_order:TRUE", "-Y", "tls.handshake", "-T", "fields"],
  ...FIELDS.flatMap((field) => ["-e", field]),
];

function isInstalled(name) {
  return spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
}

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

function result(name, status, stdout, stderr) {
  if (status !== 0) throw new Error(`cannot measure ${name}: ${stderr}`);
  const [wall, cpu, memory] = stdout.trim().split(" ").map(Number);
  return { wall, cpu, memory: memory / 1024 };
}

function measure(command) {
  const { stdout, status, stderr } = spawnSync("python3", ["-c", MEASURE, ...command], { encoding: "utf8" });
  return result(command[0], status, stdout, stderr);
}

/** Of sightline reading the capture `times` times over from a pipe: every time all addresses differ. */
function measureStream(file, times) {
  const quoted = [process.execPath, join(root, "bench/repeat.mjs"), file, times].map((word) => `'${word}'`).join(" ");
  const command = ["sh", "-c", `${quoted} | exec "$@"`, "sh", "python3", "-c", MEASURE, ...sightline, "-"];
  const { stdout, status, stderr } = spawnSync(command[0], command.slice(1), { encoding: "utf8" });
  return result("sightline", status, stdout, stderr);
}

/** Certificate chains that sightline found. */
function chainsIn(file) {
  const { stdout } = spawnSync(sightline[0], [...sightline.slice(1), "--json", "--max-connections", "1", file], {
    maxBuffer: 2 ** 30,
  });
  return JSON.parse(stdout.toString()).totals.chains;
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const mib = (file) => (statSync(file).size / 2 ** 20).toFixed(0);
const say = (line) => process.stdout.write(`${line}\n`);

say(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, ${runs} runs after one warm-up\n`);

if (stream) {
  say("| capture on stdin | times | wall s | peak MiB |\n|---|---|---|---|");
  for (const file of files) {
    for (const times of [1, 10]) {
      const { wall, memory } = measureStream(file, times);
      say(`| ${basename(file)} | ${times} | ${wall.toFixed(1)} | ${memory.toFixed(0)} |`);
    }
  }
  process.exit();
}

say("| capture | command | wall s (min–max) | CPU s | peak MiB | × tcpdump |\n|---|---|---|---|---|---|");
for (const file of files) {
  const results = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let run = 0; run <= runs; run++) {
    for (const [name, command] of Object.entries(commands)) {
      const measured = measure(command(file));
      if (run > 0) results[name].push(measured);
    }
  }
  if (withTshark) results.tshark = [measure(tshark(file))];
  const base = median(results.tcpdump.map(({ wall }) => wall));
  for (const [name, list] of Object.entries(results)) {
    const walls = list.map(({ wall }) => wall);
    const wall = median(walls);
    const range = `${Math.min(...walls).toFixed(2)}–${Math.max(...walls).toFixed(2)}`;
    const cpu = median(list.map(({ cpu }) => cpu)).toFixed(2);
    const memory = Math.max(...list.map(({ memory }) => memory)).toFixed(0);
    const ratio = (wall / base).toFixed(2);
    say(
      `| ${basename(file)} (${mib(file)} MiB) | ${name} | ${wall.toFixed(2)} (${range}) | ${cpu} | ${memory} | ${ratio} |`,
    );
  }
  say(`\n${basename(file)}: sightline finds ${chainsIn(file)} certificate chains\n`);
}
