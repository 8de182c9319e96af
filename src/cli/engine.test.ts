import { cachedDataVersionTag } from "node:v8";
import { expect, test } from "vitest";
import { tune } from "./engine.ts";

// The tag stands for V8's version and flags: compiled code is taken back only under the same one.
test("the engine's flags are others during the work, and as before after it", () => {
  const before = cachedDataVersionTag();
  tune(true);
  expect(cachedDataVersionTag()).not.toBe(before);
  tune(false);
  expect(cachedDataVersionTag()).toBe(before);
});
