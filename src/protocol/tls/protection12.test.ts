// Invariant: opens what was sealed with its keys, answers undefined for anything else, and throws nothing.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../bytes/text.ts";
import { loadCiphers } from "../ciphers.ts";
import { RecordProtection12 } from "./protection12.ts";

interface Vector {
  readonly suite: string;
  readonly code: string;
  readonly clientRandom: string;
  readonly serverRandom: string;
  readonly master: string;
  readonly client: { readonly sealed: string; readonly opened: string };
  readonly server: { readonly sealed: string; readonly opened: string };
}

const { vectors } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../test/vectors/tls12-application-data.json"), "utf8"),
) as { vectors: readonly Vector[] };

function protection({ code, master, clientRandom, serverRandom }: Vector, fromClient: boolean, suite = code) {
  const secret = {
    master: fromHex(master),
    clientRandom: fromHex(clientRandom),
    serverRandom: fromHex(serverRandom),
  };
  const made = RecordProtection12.of(Number.parseInt(suite, 16), secret, fromClient);
  if (made === undefined) throw new Error("not one of ours");
  return made;
}

beforeAll(loadCiphers);

describe.each(vectors)("$suite", (vector) => {
  test.each(["client", "server"] as const)("opens what the %s sent, in its turn", (side) => {
    const { sealed, opened } = vector[side];
    const reader = protection(vector, side === "client");
    // The Finished goes before it.
    reader.pass();
    expect(reader.proven).toBe(false);
    const record = reader.open(fromHex(sealed));
    expect({ type: record?.type, content: record && toHex(record.content) }).toEqual({ type: 23, content: opened });
    expect(reader.proven).toBe(true);
  });

  test("does not open it out of turn, with the keys of the other side, or with another secret", () => {
    const sealed = fromHex(vector.client.sealed);
    expect(protection(vector, true).open(sealed)).toBeUndefined();
    const other = protection(vector, false);
    other.pass();
    expect(other.open(sealed)).toBeUndefined();
    const wrong = protection({ ...vector, master: "00".repeat(48) }, true);
    wrong.pass();
    expect(wrong.open(sealed)).toBeUndefined();
    expect(wrong.proven).toBe(false);
  });

  test("opens nothing that was changed, and throws nothing", () => {
    const sealed = fromHex(vector.client.sealed);
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(40), (at, change, cut) => {
        const changed = sealed.slice(0, Math.max(0, sealed.length - (cut > 30 ? cut : 0)));
        if (at < changed.length) changed[at] = (changed[at] as number) ^ change;
        const reader = protection(vector, true);
        reader.pass();
        expect(reader.open(changed)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });
});

test.each([
  ["AES-128-CBC", 0x002f],
  ["AES-256-CCM", 0xc09d],
  ["ECDHE with CBC and SHA-384", 0xc028],
  ["TLS 1.3", 0x1301],
])("%s is not one of ours", (_, code) => {
  const secret = { master: new Uint8Array(48), clientRandom: new Uint8Array(32), serverRandom: new Uint8Array(32) };
  expect(RecordProtection12.of(code, secret, true)).toBeUndefined();
});
