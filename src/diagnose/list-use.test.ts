/** Which lists a Report names, and when it calls one old: by the capture's time, for what the list told or might have told. */
import { describe, expect, test } from "vitest";
import { DAY, NOW, observations, pseudoTls, type Spec, tls, udp } from "../../test/support/observations.ts";
import { diagnose } from "./diagnose.ts";
import { type ImportedList, ServiceLists } from "./service-lists.ts";

const date = (days: number) => new Date((NOW - days * DAY) * 1000).toISOString().slice(0, 10);
const zoom = (days: number): ImportedList => ({
  service: "zoom",
  date: date(days),
  source: "Zoom.txt",
  sha256: "0".repeat(64),
  blocks: ["9.9.0.0/16"],
  names: [],
});

const uses = (specs: readonly Spec[], imported?: readonly ImportedList[]) =>
  diagnose(observations(specs), imported && new ServiceLists(imported)).lists.map(({ list, connections, stale }) => [
    list.service,
    list.date,
    connections,
    stale,
  ]);

describe("a list that told", () => {
  test("is named, with the connections it told, those that were folded too", () => {
    const relay = { to: "52.112.0.1", protocol: "unknown" } as const;
    expect(uses([tls(relay), tls({ ...relay, alike: 4 })])).toEqual([["teams", "2026-06-06", 6, true]]);
  });

  test.each([
    [90, false],
    [91, true],
    [-500, false],
  ])("%i days older than the capture: old is %s", (days, stale) => {
    expect(uses([tls({ to: "9.9.1.1" })], [zoom(days)])).toEqual([["zoom", date(days), 1, stale]]);
  });

  test("is not called old by packets without a time", () => {
    expect(uses([tls({ to: "9.9.1.1", untimed: true })], [zoom(400)])).toEqual([["zoom", date(400), 1, false]]);
  });

  test("a service that its name tells needs none", () => {
    expect(uses([tls({ to: "52.112.0.1", name: "teams.microsoft.com" })])).toEqual([]);
  });
});

describe("a list that did not know the address", () => {
  const old = ["teams", "meet"].map((service) => [service, "2026-06-06", 0, true]);

  test("is named when it is old, and some role of its service has the port", () => {
    const stun = udp({ to: "9.9.1.1", stun: { requests: 2, responses: 2 } });
    expect(uses([stun])).toEqual([old[0], ["zoom", "2026-06-06", 0, true], old[1]]);
    expect(uses([tls({ to: "9.9.1.1", port: 993 })])).toEqual([]);
  });

  test("not when a newer one of the service has been imported", () => {
    const stun = udp({ to: "8.8.1.1", stun: { requests: 2, responses: 2 } });
    expect(uses([stun], [zoom(3)])).toEqual([old[0], ["zoom", date(3), 0, false], old[1]]);
  });

  test.each<[string, Spec]>([
    ["the client asks for a name", tls({ to: "9.9.1.1", name: "www.fabrikam.example" })],
    ["the address is private", udp({ to: "10.1.2.3", stun: { requests: 2, responses: 2 } })],
    ["the address is for documentation", udp({ to: "203.0.113.5", stun: { requests: 2, responses: 2 } })],
    ["IPv6, not global", tls({ to: "fe80::1" })],
    ["what is said tells", pseudoTls("documented", { to: "9.9.1.1" })],
    ["it is no meeting's", tls({ to: "9.9.1.1", protocol: "smtp" })],
  ])("has nothing to do with it when %s", (_, spec) => {
    expect(uses([spec])).toEqual([]);
  });

  test("an imported one is always named, because the Report may depend on it", () => {
    expect(uses([tls({ name: "www.fabrikam.example" })], [zoom(3)])).toEqual([["zoom", date(3), 0, false]]);
  });
});
