import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOSTILE, hostileText, withStrings } from "../../test/support/hostile.ts";
import * as reports from "../../test/support/reports.ts";
import { renderEcs } from "./ecs.ts";
import type { Report } from "./schema.ts";

/** Fields of ECS 8.12 that the events use, as its generated/csv/fields.csv lists them, with their types. */
const ECS: Readonly<Record<string, "keyword" | "text" | "date" | "ip" | "long" | "boolean">> = {
  "@timestamp": "date",
  message: "text",
  "ecs.version": "keyword",
  "event.action": "keyword",
  "event.category": "keyword",
  "event.dataset": "keyword",
  "event.end": "date",
  "event.id": "keyword",
  "event.kind": "keyword",
  "event.module": "keyword",
  "event.outcome": "keyword",
  "event.provider": "keyword",
  "event.reason": "keyword",
  "event.severity": "long",
  "event.start": "date",
  "event.type": "keyword",
  "observer.product": "keyword",
  "observer.type": "keyword",
  "observer.vendor": "keyword",
  "observer.version": "keyword",
  "network.bytes": "long",
  "network.community_id": "keyword",
  "network.packets": "long",
  "network.protocol": "keyword",
  "network.transport": "keyword",
  "network.type": "keyword",
  "source.address": "keyword",
  "source.bytes": "long",
  "source.ip": "ip",
  "source.port": "long",
  "destination.address": "keyword",
  "destination.bytes": "long",
  "destination.domain": "keyword",
  "destination.ip": "ip",
  "destination.port": "long",
  "process.executable": "keyword",
  "process.name": "keyword",
  "process.pid": "long",
  "http.response.status_code": "long",
  "tls.cipher": "keyword",
  "tls.client.ja3": "keyword",
  "tls.client.server_name": "keyword",
  "tls.curve": "keyword",
  "tls.next_protocol": "keyword",
  "tls.resumed": "boolean",
  "tls.server.hash.sha256": "keyword",
  "tls.server.issuer": "keyword",
  "tls.server.ja3s": "keyword",
  "tls.server.not_after": "date",
  "tls.server.not_before": "date",
  "tls.server.subject": "keyword",
  "tls.server.x509.alternative_names": "keyword",
  "tls.server.x509.issuer.common_name": "keyword",
  "tls.server.x509.issuer.distinguished_name": "keyword",
  "tls.server.x509.not_after": "date",
  "tls.server.x509.not_before": "date",
  "tls.server.x509.public_key_algorithm": "keyword",
  "tls.server.x509.public_key_curve": "keyword",
  "tls.server.x509.public_key_size": "long",
  "tls.server.x509.serial_number": "keyword",
  "tls.server.x509.signature_algorithm": "keyword",
  "tls.server.x509.subject.common_name": "keyword",
  "tls.server.x509.subject.distinguished_name": "keyword",
  "tls.version": "keyword",
  "tls.version_protocol": "keyword",
  "rule.category": "keyword",
  "rule.id": "keyword",
  "rule.name": "keyword",
  "rule.reference": "keyword",
  "rule.ruleset": "keyword",
  "rule.version": "keyword",
  "related.hash": "keyword",
  "related.hosts": "keyword",
  "related.ip": "ip",
};

type Event = Record<string, unknown>;

/** `{"event.kind": ["alert"]}`, without what is ours. */
function fieldsOf(event: object, path = ""): Map<string, unknown[]> {
  const fields = new Map<string, unknown[]>();
  for (const [key, value] of Object.entries(event)) {
    const name = path + key;
    if (name === "sightline") continue;
    if (Array.isArray(value)) fields.set(name, value);
    else if (typeof value === "object" && value !== null)
      for (const [inner, values] of fieldsOf(value, `${name}.`)) fields.set(inner, values);
    else fields.set(name, [value]);
  }
  return fields;
}

function eventsOf(report: Report): Event[] {
  return [...renderEcs(report)].map((line) => JSON.parse(line) as Event);
}

function field(event: Event | undefined, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], event);
}

function eventOf(report: Report, id: string): Event | undefined {
  return eventsOf(report).find((event) => field(event, "sightline.connection.id") === id);
}

const IS: Readonly<Record<(typeof ECS)[string], (value: unknown) => boolean>> = {
  keyword: (value) => typeof value === "string",
  text: (value) => typeof value === "string",
  date: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(String(value)),
  ip: (value) => /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:.]*)$/.test(String(value)),
  long: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === "boolean",
};

describe("the story as events", () => {
  const sip = eventOf(reports.story, "tcp/0");
  const sharing = eventOf(reports.story, "tcp/1");

  test("one for every connection that was judged, none for the others", () => {
    expect(eventsOf(reports.story).map((event) => field(event, "sightline.connection.id"))).toEqual([
      "tcp/0",
      "tcp/1",
      "tcp/2",
    ]);
  });

  test("an interception is an alert with its rule", () => {
    expect(field(sip, "event.kind")).toBe("alert");
    expect(field(sip, "event.category")).toEqual(["network", "intrusion_detection"]);
    expect(field(sip, "event.action")).toBe("tls-interception");
    expect(field(sip, "rule.id")).toBe("leaf-signed-by-own-key");
    expect(field(sip, "rule.category")).toBe("tls-interception");
    expect(field(sip, "event.severity")).toBe(73);
    expect(field(sharing, "event.severity")).toBe(47);
    expect(field(sharing, "event.outcome")).toBe("failure");
  });

  test("who, with whom, and what was presented", () => {
    expect(field(sip, "source")).toEqual({ address: "10.20.0.50", ip: "10.20.0.50", port: 37104, bytes: 452 });
    expect(field(sip, "destination.domain")).toBe("sip.fabrikam.example");
    expect(field(sip, "tls.version")).toBe("1.2");
    expect(field(sip, "tls.server.x509.issuer.common_name")).toEqual(["Websense Public Primary Certificate Authority"]);
    expect(field(sip, "tls.server.hash.sha256")).toMatch(/^471704D3[0-9A-F]{56}$/);
    expect(field(sip, "tls.server.x509.public_key_size")).toBe(2048);
    expect(field(sharing, "tls.client.server_name")).toBeUndefined();
  });

  test("what is ours: the verdict, the frames that prove it, what suffers, what to exempt", () => {
    expect(field(sip, "sightline.verdict.interceptor.id")).toBe("forcepoint-content-gateway");
    expect(field(sharing, "sightline.findings")).toMatchObject([
      { rule: "undocumented-pseudo-tls-answer", frames: [34, 28] },
    ]);
    expect(field(sharing, "sightline.features")).toEqual({ broken: ["lync/desktop-sharing"] });
    expect(field(sharing, "sightline.bypass")).toEqual([{ match: "ip", value: "198.51.100.30/32", port: 443 }]);
  });
});

test("the other verdicts", () => {
  const outcomes = (report: Report) =>
    eventsOf(report).map((event) =>
      ["kind", "action", "outcome", "severity"].map((key) => field(event, `event.${key}`)),
    );
  expect(outcomes(reports.clear)).toEqual([
    ["event", "genuine", "success", 0],
    ["event", "genuine", "success", 0],
  ]);
  expect(outcomes(reports.cannotTell)).toEqual([["event", "cannot-tell", "unknown", 21]]);
  expect(outcomes(reports.impaired)[0]).toEqual(["event", "port-blocked", "failure", 47]);
  expect(field(eventsOf(reports.impaired)[0], "event.type")).toEqual(["connection", "denied"]);
});

test("the same connection has the same id each time, another one another", () => {
  const ids = (report: Report) => eventsOf(report).map((event) => field(event, "event.id"));
  expect(ids(reports.story)).toEqual(ids(reports.story));
  expect(new Set(ids(reports.story)).size).toBe(3);
  const files = reports.story.input.files.map((file) => ({ ...file, bytes: 1 }));
  expect(ids({ ...reports.story, input: { ...reports.story.input, files } })[0]).not.toBe(ids(reports.story)[0]);
});

test("behind a proxy the name that was asked of it is not the destination's", () => {
  const connections = reports.story.connections.map((one) => ({
    ...one,
    through: { kind: "http-connect" as const, target: "sip.fabrikam.example:443", status: 200 },
  }));
  const event = eventOf({ ...reports.story, connections }, "tcp/0");
  expect(field(event, "destination.domain")).toBeUndefined();
  expect(field(event, "tls.client.server_name")).toBeUndefined();
  expect(field(event, "sightline.connection.through")).toEqual({
    kind: "http-connect",
    target: "sip.fabrikam.example:443",
    status: 200,
  });
  expect(field(event, "related.hosts")).toEqual(["sip.fabrikam.example"]);
});

test("a name in quotes of RFC 4514 is one name", () => {
  const certificates = Object.fromEntries(
    Object.entries(reports.story.certificates).map(([sha256, leaf]) => [
      sha256,
      { ...leaf, issuer: "CN=a\\, CN=b\\\\, O=CN=c, CN=d", subject: "O=nobody" },
    ]),
  );
  const event = eventOf({ ...reports.story, certificates }, "tcp/0");
  expect(field(event, "tls.server.x509.issuer.common_name")).toEqual(["a, CN=b\\", "d"]);
  expect(field(event, "tls.server.x509.subject.common_name")).toBeUndefined();
});

// --- whatever the capture holds

function expectSound(report: Report): void {
  for (const line of renderEcs(report)) {
    // What any reader may take for the end of a line, and what acts on a terminal.
    expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(line.endsWith("\n")).toBe(true);
    const event = JSON.parse(line) as Event;
    for (const [name, values] of fieldsOf(event)) {
      const type = ECS[name];
      if (type === undefined) expect.fail(`${name} is no field of ECS`);
      for (const value of values) if (!IS[type](value)) expect.fail(`${name} is no ${type}: ${value}`);
    }
  }
}

describe("whatever the capture holds: one JSON value per line, in fields of ECS", () => {
  test.each(HOSTILE.map((text) => [JSON.stringify(text).slice(0, 60), text]))("%s", (_, text) => {
    for (const report of Object.values(reports)) {
      expectSound(withStrings(report, () => text));
      expectSound(withStrings(report, (plain) => plain + text));
    }
  });

  test("random strings in every place; what is read is what was written", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const hostile = withStrings(reports.story, (plain) => plain + text);
        expectSound(hostile);
        expect(field(eventOf(hostile, "tcp/0"), "tls.server.issuer")).toBe(
          hostile.certificates[hostile.connections[0]?.certificates[0]?.sha256 ?? ""]?.issuer,
        );
      }),
    );
  });

  test("years beyond the calendar of others are left out", () => {
    const connections = reports.story.connections.map((one) => ({
      ...one,
      time: { from: "+275760-09-13T00:00:00Z", to: "-000001-01-01T00:00:00Z" },
    }));
    expectSound({ ...reports.story, connections });
    expect(eventsOf({ ...reports.story, connections })[0]).not.toHaveProperty("@timestamp");
  });

  test("every capture of the tests", () => {
    for (const name of readdirSync("test/captures")) {
      if (!name.includes("-")) continue;
      expectSound(JSON.parse(readFileSync(`test/captures/${name}/report.json`, "utf8")) as Report);
    }
  });
});
