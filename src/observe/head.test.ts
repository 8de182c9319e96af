import { expect, test } from "vitest";
import { payload } from "../../test/support/capture-writer.ts";
import { HEAD_BYTES, Head } from "./head.ts";

test("keeps the first bytes, a copy, and no more of them than its size", () => {
  const head = new Head();
  expect(head.bytes).toEqual(new Uint8Array(0));
  const bytes = payload(300);
  head.append(bytes, 10, 20);
  head.append(bytes, 20, 300);
  bytes.fill(0);
  expect(head.bytes).toEqual(payload(HEAD_BYTES, 10));
  expect(head.length).toBe(HEAD_BYTES);
});

test("ends where a part was not captured", () => {
  const head = new Head();
  head.append(payload(10), 0, 10);
  head.broken = true;
  head.append(payload(10), 0, 10);
  expect(head.bytes).toEqual(payload(10));
});
