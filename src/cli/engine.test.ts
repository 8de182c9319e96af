import { cachedDataVersionTag } from "node:v8";
import { expect, test } from "vitest";
import { tuned } from "./engine.ts";

// The tag stands for V8's version and flags: compiled code is taken back only under the same one.
test("the engine's flags are others during the work, and as before after it", async () => {
  const before = cachedDataVersionTag();
  expect(await tuned(() => Promise.resolve(cachedDataVersionTag()))).not.toBe(before);
  expect(cachedDataVersionTag()).toBe(before);
  await expect(tuned(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(cachedDataVersionTag()).toBe(before);
});
