import { describe, expect, test } from "vitest";
import type { Draft, Summary } from "./draft.ts";
import { Keeper, MAX_KINDS, SAMPLE } from "./keeper.ts";

function summary(given: Partial<Summary> = {}): Summary {
  return {
    clientSide: 0,
    protocol: "tls",
    outcome: "reset",
    handshakeSeen: true,
    chainSeen: false,
    facts: "tls reset",
    names: "443",
    server: "192.0.2.10",
    network: "192.0.2",
    client: "10.0.0.5",
    firstFrame: 1,
    issued: [],
    resumes: [],
    named: false,
    uneventful: false,
    ...given,
  };
}

/** A draft as the keeper sees it; the fields it passes on are those of any connection. */
function draft(number: number, inFull: boolean): Draft {
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
    elsewhere: 0,
    ...(!inFull && { undetailed: true }),
  };
}

/** Adds a connection; answers whether it was kept. */
const add = (keeper: Keeper, number: number, given: Partial<Summary> = {}) =>
  keeper.add(summary({ firstFrame: number + 1, ...given }), (inFull) => draft(number, inFull)) === "kept";

const counted = (keeper: Keeper) => keeper.drafts().reduce((sum, { alike }) => sum + 1 + alike, 0);

describe("the keeper", () => {
  test("keeps the asked-for number in full, alike or not", () => {
    const keeper = new Keeper(3);
    for (let i = 0; i < 3; i++) expect(add(keeper, i)).toBe(true);
    expect(keeper.drafts().map(({ id, alike }) => [id, alike])).toEqual([
      ["tcp/0", 0],
      ["tcp/1", 0],
      ["tcp/2", 0],
    ]);
  });

  test.each(["facts", "names", "server"] as const)(
    "past it folds what is alike into the first of its kind, and keeps one of every new kind: %s",
    (field) => {
      const keeper = new Keeper(2);
      const kinds = ["a", "b", "a", "c", "b", "c", "a"];
      const kept = kinds.map((kind, i) => add(keeper, i, { [field]: kind }));
      expect(kept).toEqual([true, true, false, true, false, false, false]);
      expect(keeper.drafts().map(({ id, alike, elsewhere }) => [id, alike, elsewhere])).toEqual([
        ["tcp/0", 2, 0],
        ["tcp/1", 1, 0],
        ["tcp/3", 1, 0],
      ]);
    },
  );

  test("makes no draft of what it only counts", () => {
    const keeper = new Keeper(1);
    add(keeper, 0);
    const unasked = () => {
      throw new Error("asked for a draft");
    };
    expect(keeper.add(summary(), unasked)).toBe("counted");
  });

  test("counts handshakes and chains of all, folded or not", () => {
    const keeper = new Keeper(1);
    for (let i = 0; i < 5; i++) add(keeper, i, { handshakeSeen: i !== 0, chainSeen: i > 2 });
    expect([keeper.handshakes, keeper.chains]).toEqual([4, 2]);
  });

  test("hands over in the order of first frames, not of ends", () => {
    const keeper = new Keeper(5);
    for (const i of [3, 1, 2]) add(keeper, i);
    expect(keeper.drafts().map(({ id }) => id)).toEqual(["tcp/1", "tcp/2", "tcp/3"]);
  });
});

describe("past MAX_KINDS", () => {
  /** Every one of another server, named or not. */
  function full(given: Partial<Summary> = {}): Keeper {
    const keeper = new Keeper(0);
    for (let i = 0; i < MAX_KINDS; i++) expect(add(keeper, i, { server: `server ${i}`, ...given })).toBe(true);
    return keeper;
  }

  test("another address under a known name is counted with the name, chain or not", () => {
    const keeper = full({ named: true, names: "443 www.example 1", chainSeen: true });
    expect(add(keeper, 90_000, { named: true, names: "443 www.example 1", chainSeen: true, server: "new" })).toBe(
      false,
    );
    expect(keeper.drafts()[0]).toMatchObject({ alike: 1, elsewhere: 1 });
  });

  test("a new name or chain, or other facts, are still kept, as many again", () => {
    const keeper = full({ named: true, names: "443 www.example 1", chainSeen: true });
    for (let i = 0; i < MAX_KINDS; i++)
      expect(add(keeper, i, { named: true, names: `443 ${i}.example 1`, chainSeen: true })).toBe(true);
    expect(add(keeper, 90_000, { named: true, names: "443 other.example 1", chainSeen: true })).toBe(false);
    expect(keeper.drafts().at(-1)).toMatchObject({ id: "tcp/90000", undetailed: true });
    expect(counted(keeper)).toBe(2 * MAX_KINDS + 1);
  });

  test("what shows no certificate is folded with what differs in the server alone", () => {
    const keeper = full();
    expect(add(keeper, 90_000, { server: "new" })).toBe(false);
    expect(keeper.drafts()[0]).toMatchObject({ alike: 1, elsewhere: 1 });
    expect(counted(keeper)).toBe(MAX_KINDS + 1);
  });

  test("a chain without a name is never counted with another server's: nothing is said of it, and state stays bounded", () => {
    const keeper = full();
    const before = keeper.drafts().length;
    for (let i = 0; i < 1000; i++) {
      const facts = i % 2 === 0 ? "tls reset" : `other ${i}`;
      expect(add(keeper, 90_000 + i, { server: `new ${i}`, facts, chainSeen: true })).toBe(false);
    }
    const drafts = keeper.drafts();
    expect(drafts.length).toBe(before + 1);
    expect(drafts.at(-1)).toMatchObject({ id: "tcp/90000", alike: 999, undetailed: true });
    expect(counted(keeper)).toBe(before + 1000);
    expect(keeper.chains).toBe(1000);
  });

  test("kinds that a capture makes up one after the other do not add up", () => {
    const keeper = full();
    const before = keeper.drafts().length;
    for (let i = 0; i < 1000; i++) add(keeper, 90_000 + i, { facts: `alerts ${i}` });
    expect(keeper.drafts().length).toBe(before + 1);
    expect(counted(keeper)).toBe(before + 1000);
  });
});

describe("a summary", () => {
  const ordinary = { named: true, names: "443 www.example 1", uneventful: true } as const;

  /** As many of one name as are kept, each to another server of one network. */
  function sampled(): Keeper {
    const keeper = new Keeper(1000, true);
    for (let i = 0; i < SAMPLE; i++) expect(add(keeper, i, { ...ordinary, server: `server ${i}` })).toBe(true);
    return keeper;
  }

  const ids = (keeper: Keeper) => keeper.drafts().map(({ id }) => id);

  test("counts what has no incident with its sample, with the same server's or as gone elsewhere, and keeps the last one", () => {
    const keeper = sampled();
    expect(add(keeper, 100, { ...ordinary, server: "server 3" })).toBe(false);
    expect(add(keeper, 101, { ...ordinary, server: "new" })).toBe(false);
    expect(add(keeper, 102, { ...ordinary, server: "new" })).toBe(false);
    const drafts = keeper.drafts();
    expect(drafts.map(({ id }) => id).slice(SAMPLE)).toEqual(["tcp/102"]);
    expect(drafts[3]).toMatchObject({ alike: 1, elsewhere: 0 });
    expect(drafts[0]).toMatchObject({ alike: 1, elsewhere: 1 });
    expect(counted(keeper)).toBe(SAMPLE + 3);
  });

  test.each([
    ["another network", { network: "198.51.100" }],
    ["another name or chain", { names: "443 www.example 2" }],
    ["other facts", { facts: "tls closed" }],
    ["no name", { named: false }],
    ["an incident", { uneventful: false }],
  ])("keeps %s", (_, given) => {
    const keeper = sampled();
    expect(add(keeper, 100, { ...ordinary, server: "new", ...given })).toBe(true);
  });

  test("keeps a second server of a sample that had one", () => {
    const keeper = new Keeper(1000, true);
    for (let i = 0; i < SAMPLE; i++) add(keeper, i, ordinary);
    expect(add(keeper, 100, { ...ordinary, server: "new" })).toBe(true);
    expect(add(keeper, 101, { ...ordinary, server: "newer" })).toBe(false);
  });

  test("keeps all that a client or server of an incident did, before it and after it", () => {
    const keeper = sampled();
    add(keeper, 100, { ...ordinary, client: "a", server: "x" });
    add(keeper, 101, { ...ordinary, client: "b", server: "y" });
    add(keeper, 102, { ...ordinary, facts: "tls reset", uneventful: false, client: "a", server: "y" });
    add(keeper, 103, { ...ordinary, client: "a", server: "x" });
    add(keeper, 104, { ...ordinary, client: "c", server: "x" });
    add(keeper, 105, { ...ordinary, client: "c", server: "x" });
    expect(ids(keeper).slice(SAMPLE)).toEqual(["tcp/100", "tcp/101", "tcp/102", "tcp/103", "tcp/105"]);
    expect(counted(keeper)).toBe(SAMPLE + 6);
  });

  test("keeps who gave out a session that another client resumed", () => {
    const keeper = sampled();
    const session = (number: number) => [`session ${number}`];
    for (const i of [1, 2, 3]) add(keeper, 100 + i, { ...ordinary, client: `${i}`, server: "x", issued: session(i) });
    add(keeper, 110, { ...ordinary, uneventful: false, client: "z", server: "z", resumes: session(2) });
    expect(ids(keeper).slice(SAMPLE)).toEqual(["tcp/102", "tcp/103", "tcp/110"]);
  });

  test("sets aside no more than it may keep", () => {
    const keeper = new Keeper(2 * SAMPLE, true);
    for (let i = 0; i < 100; i++) add(keeper, i, { ...ordinary, client: "a", server: `server ${i % 2}` });
    add(keeper, 100, { ...ordinary, uneventful: false, client: "a" });
    expect(keeper.drafts().length).toBe(SAMPLE + 2 * SAMPLE + 1);
    expect(counted(keeper)).toBe(101);
  });

  test("is not made unless asked for", () => {
    const keeper = new Keeper(1000);
    for (let i = 0; i < 2 * SAMPLE; i++) expect(add(keeper, i, ordinary)).toBe(true);
  });
});
