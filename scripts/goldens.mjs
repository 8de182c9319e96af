// `npm run goldens`: accepts the Reports of test/captures as they are now. Read `git diff test/captures` before you commit.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

process.chdir(join(import.meta.dirname, ".."));
const { status } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "test/captures.test.ts"], {
  stdio: "inherit",
  env: { ...process.env, SIGHTLINE_UPDATE_GOLDENS: "1" },
});
process.exit(status ?? 1);
