import { expect, test } from "vitest";
import { BLOCK_SIZE, Blocks } from "./blocks.ts";

test("a block is lent again only after it was given back", () => {
  const blocks = new Blocks();
  const [one, other] = [blocks.take(), blocks.take()];
  expect(one.length).toBe(BLOCK_SIZE);
  expect(other).not.toBe(one);
  blocks.give(one);
  expect(blocks.take()).toBe(one);
  expect(blocks.take()).not.toBe(one);
});

test("what is given back is kept within bounds", () => {
  const blocks = new Blocks();
  const lent = new Set(Array.from({ length: 1000 }, () => blocks.take()));
  for (const block of lent) blocks.give(block);
  const known = Array.from({ length: 1000 }, () => blocks.take()).filter((block) => lent.has(block));
  expect(known.length).toBeGreaterThan(0);
  expect(known.length).toBeLessThan(1000);
});
