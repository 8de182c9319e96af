import { expect, test } from "vitest";
import { ParseError } from "../bytes/parse-error.ts";
import { communityId } from "./community-id.ts";

// Baseline of the specification (corelight/community-id-spec), seed 0; test/oracle/community-id.test.ts compares more with tshark.
test("the specification's example, either end first", () => {
  const client = { ip: "128.232.110.120", port: 34855 };
  const server = { ip: "66.35.250.204", port: 80 };
  expect(communityId("tcp", client, server)).toBe("1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
  expect(communityId("tcp", server, client)).toBe("1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
});

test("between equal addresses the ports decide", () => {
  const [one, other] = [
    { ip: "127.0.0.1", port: 300 },
    { ip: "127.0.0.1", port: 80 },
  ];
  expect(communityId("udp", one, other)).toBe(communityId("udp", other, one));
  expect(communityId("udp", one, other)).not.toBe(communityId("tcp", one, other));
});

test("what is no address", () => {
  expect(() => communityId("tcp", { ip: "x", port: 1 }, { ip: "192.0.2.1", port: 2 })).toThrow(ParseError);
});
