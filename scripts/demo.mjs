// `npm run demo`: on a fresh machine, installs, builds and diagnoses the story's capture, which the repository ships.
import { spawnSync } from "node:child_process";
import { build, installPackages, root } from "./setup.mjs";

installPackages();
build();
const story = "test/captures/d37-sharing-before-websense-squid";
const args = ["dist/cli/main.js", "analyze", `${story}/capture.pcap`, "--roots", "test/captures/roots.pem"];
process.stderr.write(`\n$ sightline ${args.slice(1).join(" ")}\n\n`);
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
// 1 = "intercepted": the right answer for this capture.
process.stderr.write(`\nexit status ${status} (1: something intercepts or fails)\n`);
process.exit(status === 1 ? 0 : 1);
