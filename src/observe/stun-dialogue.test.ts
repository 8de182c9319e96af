import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../bytes/text.ts";
import { parseStun, type StunMessage } from "../protocol/stun/message.ts";
import { StunDialogue } from "./stun-dialogue.ts";

const ALLOCATE = { request: 0x0003, success: 0x0103, error: 0x0113 };
const CHALLENGE = "00000401";
const RELAY = [0x0016, "0001e6d4490c37b1"] as const;
const MAPPED = [0x0020, "0001cfa74d2ab5d9"] as const;
const INTEGRITY = [0x0008, "00".repeat(20)] as const;

type Attribute = readonly [type: number, value: string];

const hex4 = (value: number) => value.toString(16).padStart(4, "0");

function message(type: number, id: number, attributes: readonly Attribute[] = []): StunMessage {
  const body = attributes
    .map(([kind, value]) => {
      const length = value.length / 2;
      return hex4(kind) + hex4(length) + value + "00".repeat((4 - (length % 4)) % 4);
    })
    .join("");
  return parseStun(fromHex(`${hex4(type)}${hex4(body.length / 2)}2112a442${id.toString(16).padStart(24, "0")}${body}`));
}

const text = (value: string) => toHex(new TextEncoder().encode(value));
const nonce = (value: string): Attribute => [0x0015, text(value)];
const error = (code: string): Attribute => [0x0009, code];

/** Frames 1, 2, …, a tenth of a second apart. */
function read(...messages: readonly (readonly [side: 0 | 1, StunMessage])[]): StunDialogue {
  const [first] = messages;
  if (first === undefined) throw new Error("no message");
  const dialogue = new StunDialogue(...first);
  messages.forEach(([side, each], i) => {
    dialogue.message(side, each, i + 1, i / 10);
  });
  return dialogue;
}

const asked = [0, message(ALLOCATE.request, 1)] as const;
const challenged = [1, message(ALLOCATE.error, 1, [error(CHALLENGE), nonce("n1"), [0x0014, text("example")]])] as const;
const proved = [0, message(ALLOCATE.request, 2, [nonce("n1"), INTEGRITY])] as const;

describe("an allocation", () => {
  test("granted after the challenge", () => {
    const { observation, turn } = read(asked, challenged, proved, [
      1,
      message(ALLOCATE.success, 2, [RELAY, MAPPED, [0x000d, "00000258"], [0x8022, text("server 1")]]),
    ]);
    expect(turn).toBe(true);
    expect(observation).toEqual({
      dialect: "rfc5389",
      requests: 2,
      responses: 2,
      firstRequestFrame: 1,
      firstResponseFrame: 2,
      allocate: true,
      allocated: true,
      rtt: 0.1,
      realm: "example",
      software: "server 1",
      mapped: { ip: "108.56.17.155", port: 61109 },
      allocation: { is: "allocated", frame: 4, relay: { ip: "104.30.147.243", port: 51142 }, lifetime: 600 },
    });
  });

  test.each([
    ["no answer", [asked, asked], { is: "unanswered", frame: 1 }],
    [
      "a challenge alone",
      [asked, challenged],
      { is: "challenged", frame: 2, error: { code: 401, reason: "Unauthenticated" } },
    ],
    ["no answer to the proof", [asked, challenged, proved], { is: "unanswered", frame: 3 }],
    [
      "the proof not accepted",
      [asked, challenged, proved, [1, message(ALLOCATE.error, 2, [error(CHALLENGE), nonce("n2")])]],
      { is: "refused", frame: 4, error: { code: 401, reason: "Unauthenticated" } },
    ],
    [
      "a proof with an old nonce, which is only asked for again",
      [proved, [1, message(ALLOCATE.error, 2, [error(CHALLENGE), nonce("n2")])]],
      { is: "challenged", frame: 2, error: { code: 401, reason: "Unauthenticated" } },
    ],
    [
      "a nonce that has gone stale",
      [asked, challenged, proved, [1, message(ALLOCATE.error, 2, [error("00000426"), nonce("n2")])]],
      { is: "challenged", frame: 4, error: { code: 438, reason: "Stale Nonce" } },
    ],
    [
      "a quota",
      [proved, [1, message(ALLOCATE.error, 2, [[0x0009, `00000456${text("Quota")}`]])]],
      { is: "refused", frame: 2, error: { code: 486, reason: "Quota" } },
    ],
    ["an error without a code", [asked, [1, message(ALLOCATE.error, 1)]], { is: "refused", frame: 2 }],
    [
      "another server",
      [proved, [1, message(ALLOCATE.error, 2, [error("00000300"), [0x8023, "00010d96c0000205"]])]],
      {
        is: "redirected",
        frame: 2,
        error: { code: 300, reason: "Try Alternate" },
        alternate: { ip: "192.0.2.5", port: 3478 },
      },
    ],
    [
      "a relay that cannot be read",
      [proved, [1, message(ALLOCATE.success, 2, [[0x0016, "0007"]])]],
      { is: "allocated", frame: 2 },
    ],
  ] as const)("%s", (_, messages, allocation) => {
    expect(read(...messages).observation.allocation).toEqual(allocation);
  });

  test("that stands is not undone by an error after it", () => {
    const { observation } = read(
      proved,
      [1, message(ALLOCATE.success, 2)],
      [0, message(ALLOCATE.request, 3)],
      [1, message(ALLOCATE.error, 3, [error("00000425")])],
    );
    expect(observation).toMatchObject({ allocated: true, allocation: { is: "allocated", frame: 2 } });
  });

  test("of Microsoft's dialect says what it is for", () => {
    const request = parseStun(fromHex(`00030010${"5a".repeat(16)}000f000472c64bc68055000400040001`));
    expect(read([0, request]).observation).toMatchObject({
      dialect: "ms-turn",
      allocation: { is: "unanswered", stream: "data" },
    });
  });
});

test("a Binding is no allocation, and its errors are none of it", () => {
  const { observation, turn } = read([0, message(0x0001, 1)], [1, message(0x0111, 1, [error("00000400")])]);
  expect(turn).toBe(false);
  expect(observation).toMatchObject({ requests: 1, responses: 1, allocate: false });
  expect(observation).not.toHaveProperty("allocation");
});
