/**
 * What the JavaScript engine is told for the length of an analysis. Owns V8's flags, which never change an answer, only what it
 * costs.
 */

/**
 * V8 puts objects of a place in the code that lived long at first straight among the old ones. The first connections of a capture are
 * kept and most of the others are not, so it guesses wrong: each of these would then wait, with all it refers to, for the rare full
 * collection. On a capture of 200 000 connections this is a quarter of the CPU time and a third of the memory. V8 has had the flag
 * since 2013; to one that it does not know it answers on stderr.
 */
const FLAG = "allocation-site-pretenuring";

/**
 * Sets the flags, or sets them back: compiled code is only taken (main.ts) under the flags it was kept under. `node:v8` takes a
 * millisecond to load and is not worth it when there is little to read.
 */
export function tune(on: boolean): void {
  process.getBuiltinModule("node:v8").setFlagsFromString(on ? `--no-${FLAG}` : `--${FLAG}`);
}
