import { expect, test } from "vitest";
import { grouped } from "./grouped.ts";

test("by key, in the order of appearance, without what has none", () => {
  const parity = (number: number) => (number === 0 ? undefined : number % 2 === 0 ? "even" : "odd");
  expect([...grouped([3, 0, 2, 1, 4], parity)]).toEqual([
    ["odd", [3, 1]],
    ["even", [2, 4]],
  ]);
});
