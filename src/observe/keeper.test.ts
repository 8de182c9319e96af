import { describe, expect, test } from "vitest";
import type { Draft } from "./draft.ts";
import { Keeper, MAX_KINDS } from "./keeper.ts";

/** A draft as the keeper sees it; the fields it passes on are those of any connection. */
function draft(number: number, given: Partial<Draft> = {}): Draft {
  return {
    id: `tcp/${number}`,
    transport: "tcp",
    file: 0,
    client: { ip: "10.0.0.5", port: 50_000 },
    server: { ip: "192.0.2.10", port: 443 },
    protocol: "tls",
    frames: { first: number + 1, last: number + 1, count: 1 },
    from: { seconds: 0, nanos: 0 },
    to: { seconds: 0, nanos: 0 },
    bytes: { fromClient: 1, fromServer: 1 },
    handshake: [],
    head: {},
    timing: {},
    outcome: "reset",
    alike: 0,
    firstFrame: number + 1,
    handshakeSeen: true,
    chainSeen: false,
    kind: "a",
    broadKind: "a",
    ...given,
  };
}

const counted = (keeper: Keeper) => keeper.drafts().reduce((sum, { alike }) => sum + 1 + alike, 0);

describe("the keeper", () => {
  test("keeps the asked-for number in full, alike or not", () => {
    const keeper = new Keeper(3);
    for (let i = 0; i < 3; i++) expect(keeper.add(draft(i))).toBe(true);
    expect(keeper.drafts().map(({ id, alike }) => [id, alike])).toEqual([
      ["tcp/0", 0],
      ["tcp/1", 0],
      ["tcp/2", 0],
    ]);
  });

  test("past it folds what is alike into the first of its kind, and keeps one of every new kind", () => {
    const keeper = new Keeper(2);
    const kinds = ["a", "b", "a", "c", "b", "c", "a"];
    const kept = kinds.map((kind, i) => keeper.add(draft(i, { kind })));
    expect(kept).toEqual([true, true, false, true, false, false, false]);
    expect(keeper.drafts().map(({ id, alike }) => [id, alike])).toEqual([
      ["tcp/0", 2],
      ["tcp/1", 1],
      ["tcp/3", 1],
    ]);
  });

  test("counts handshakes and chains of all, folded or not", () => {
    const keeper = new Keeper(1);
    for (let i = 0; i < 5; i++) keeper.add(draft(i, { handshakeSeen: i !== 0, chainSeen: i > 2 }));
    expect([keeper.handshakes, keeper.chains]).toEqual([4, 2]);
  });

  test("hands over in the order of first frames, not of ends", () => {
    const keeper = new Keeper(5);
    for (const i of [3, 1, 2]) keeper.add(draft(i));
    expect(keeper.drafts().map(({ id }) => id)).toEqual(["tcp/1", "tcp/2", "tcp/3"]);
  });
});

describe("past MAX_KINDS", () => {
  /** The broad kind is one of them. */
  function full(): Keeper {
    const keeper = new Keeper(0);
    for (let i = 0; i < MAX_KINDS - 1; i++) keeper.add(draft(i, { kind: `kind ${i}`, broadKind: "broad" }));
    return keeper;
  }

  test("what shows no certificate is folded with what differs in the server alone", () => {
    const keeper = full();
    expect(keeper.add(draft(90_000, { kind: "new", broadKind: "broad" }))).toBe(false);
    expect(keeper.drafts()[0]?.alike).toBe(1);
    expect(counted(keeper)).toBe(MAX_KINDS);
  });

  test("a chain is never counted with another server's: nothing is said of it, and state stays bounded", () => {
    const keeper = full();
    const before = keeper.drafts().length;
    const tls = { certificates: [] } as unknown as NonNullable<Draft["tls"]>;
    for (let i = 0; i < 1000; i++) {
      const given = { kind: `new ${i}`, broadKind: i % 2 === 0 ? "broad" : `other ${i}`, chainSeen: true, tls };
      expect(keeper.add(draft(90_000 + i, given))).toBe(false);
    }
    const drafts = keeper.drafts();
    expect(drafts.length).toBe(before + 1);
    const rest = drafts.at(-1);
    expect(rest).toMatchObject({ id: "tcp/90000", alike: 999, protocol: "unknown", outcome: "open", handshake: [] });
    expect(rest).not.toHaveProperty("tls");
    expect(counted(keeper)).toBe(before + 1000);
    expect(keeper.chains).toBe(1000);
  });

  test("kinds that a capture makes up one after the other do not add up", () => {
    const keeper = full();
    const before = keeper.drafts().length;
    for (let i = 0; i < 1000; i++) keeper.add(draft(90_000 + i, { kind: `new ${i}`, broadKind: `alerts ${i}` }));
    expect(keeper.drafts().length).toBe(before + 1);
    expect(counted(keeper)).toBe(before + 1000);
  });
});
