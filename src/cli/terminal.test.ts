import { expect, test } from "vitest";
import { type TerminalFacts, terminalStyle } from "./terminal.ts";

const tty: TerminalFacts = { isTTY: true, columns: 132, env: { LANG: "en_GB.UTF-8" }, platform: "linux" };
const pipe: TerminalFacts = { ...tty, isTTY: false, columns: undefined };

test("a terminal: its width, colour and Unicode", () => {
  expect(terminalStyle(tty)).toEqual({ columns: 132, color: true, unicode: true });
});

test("a pipe: 80 columns, no colour; Unicode is a matter of the locale", () => {
  expect(terminalStyle(pipe)).toEqual({ columns: 80, color: false, unicode: true });
});

test.each<[string, TerminalFacts, boolean]>([
  ["NO_COLOR", { ...tty, env: { NO_COLOR: "1" } }, false],
  ["NO_COLOR when empty says nothing", { ...tty, env: { NO_COLOR: "" } }, true],
  ["FORCE_COLOR in a pipe", { ...pipe, env: { FORCE_COLOR: "1" } }, true],
  ["FORCE_COLOR, empty, in a pipe", { ...pipe, env: { FORCE_COLOR: "" } }, true],
  ["FORCE_COLOR=0 on a terminal", { ...tty, env: { FORCE_COLOR: "0" } }, false],
  ["NO_COLOR wins over FORCE_COLOR", { ...tty, env: { NO_COLOR: "1", FORCE_COLOR: "1" } }, false],
  ["TERM=dumb", { ...tty, env: { TERM: "dumb" } }, false],
])("colour: %s", (_, facts, color) => {
  expect(terminalStyle(facts).color).toBe(color);
});

test.each<[string, Partial<TerminalFacts>, boolean]>([
  ["no locale at all", { env: {} }, false],
  ["C", { env: { LANG: "C" } }, false],
  ["C.utf8", { env: { LANG: "C.utf8" } }, true],
  ["LC_ALL wins over LANG", { env: { LC_ALL: "C", LANG: "de_DE.UTF-8" } }, false],
  ["an empty LC_ALL says nothing", { env: { LC_ALL: "", LANG: "de_DE.UTF-8" } }, true],
  ["the Linux console", { env: { LANG: "de_DE.UTF-8", TERM: "linux" } }, false],
  ["macOS without a locale", { env: {}, platform: "darwin" }, true],
  ["Windows Terminal", { env: { WT_SESSION: "1" }, platform: "win32" }, true],
  ["the old Windows console", { env: {}, platform: "win32" }, false],
])("Unicode: %s", (_, facts, unicode) => {
  expect(terminalStyle({ ...tty, ...facts }).unicode).toBe(unicode);
});

test.each(["0", "-5", "wide", ""])("COLUMNS=%j is no width", (COLUMNS) => {
  expect(terminalStyle({ ...pipe, env: { COLUMNS } }).columns).toBe(80);
});

test("COLUMNS is the width of a pipe", () => {
  expect(terminalStyle({ ...pipe, env: { COLUMNS: "120" } }).columns).toBe(120);
});
