import { expect, test } from "vitest";
import { isNear } from "./near.ts";

test.each([
  ["shared-forger", "shared-forgr", true],
  ["shared-forger", "sharedforger", true],
  ["forcepoint-web-security-websense", "websense", true],
  ["lync", "lyncs", true],
  ["squid", "sqid", true],
  ["squid", "zoom", false],
  ["lync", "zzz", false],
  ["teams", "t", false],
  ["teams", "", false],
  ["x".repeat(100), "y".repeat(5000), false],
])("%s, asked as %s: %s", (known, word, near) => {
  expect(isNear(known, word)).toBe(near);
});
