/**
 * Words that somebody may have meant. Owns how near is near; knows nothing of what the words stand for.
 */

/** Shorter ones are part of too many words. */
const MIN_PART = 3;
/** Letters of one word, mistyped. */
const MAX_DISTANCE = 2;

export function isNear(known: string, word: string): boolean {
  if (word.length >= MIN_PART && (known.includes(word) || (known.length >= MIN_PART && word.includes(known))))
    return true;
  return distance(known, word) <= Math.min(MAX_DISTANCE, Math.floor(word.length / MIN_PART));
}

/** Letters to change, add or leave out (Levenshtein); what is too different in length to be near counts as far. */
function distance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > MAX_DISTANCE) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? Number.POSITIVE_INFINITY;
}
