/**
 * Captures as tests: every folder of test/captures holds a capture, what it is (about.md), what must be said of it
 * (expect.json) and the whole Report as it was last accepted (report.json); some the secrets of their TLS 1.3 (keys.log), with
 * which all must be known and without which nothing wrong may be said. To add a case, add a folder.
 *
 * `npm run goldens` accepts the Reports as they are now; read the difference before you commit it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fileSource } from "../src/cli/sources.ts";
import { endpoint } from "../src/diagnose/words.ts";
import { analyze, type Report } from "../src/index.ts";
import { reportJson } from "../src/report/json.ts";
import type { ReportConnection } from "../src/report/schema.ts";
import { reportSchema } from "../src/report/schema.ts";

const FOLDER = join(import.meta.dirname, "captures");
const ROOTS = readFileSync(join(FOLDER, "roots.pem"), "utf8");
const UPDATE = process.env["SIGHTLINE_UPDATE_GOLDENS"] === "1";

/** As the lab that made the captures labelled them. */
interface Expected {
  /** The most important problem, null for none. */
  readonly cause: string | null;
  readonly intercepted: readonly Endpoint[];
  readonly genuine: readonly Endpoint[];
  readonly failed: readonly unknown[];
  /** What of this case is not built yet; until then the answer must be safe, not right. */
  readonly later?: string;
  /** What came of relays, media and DTLS; what is not there must not be in the Report either. */
  readonly calls?: readonly Call[];
}

interface Call {
  readonly id: string;
  readonly protocol: string;
  readonly version?: string;
  readonly serverName?: string;
  readonly srtp?: string;
  /** How many are shown. */
  readonly certificates?: number;
  readonly allocation?: string;
  readonly error?: number;
  readonly relay?: string;
  readonly mapped?: string;
  readonly media?: "both" | "from client" | "from server";
}

interface Endpoint {
  readonly ip: string;
  readonly port: number;
  readonly transport: string;
  /** `plain`: readable in the capture; `keylog`: only with its key log; `none`: not on the wire. */
  readonly certificate: "plain" | "keylog" | "none";
  readonly product?: string;
  /** Numbers of the connections; absent: all to this endpoint. */
  readonly streams?: readonly number[];
  readonly provable?: boolean;
}

/** The lab's names of products. */
const PRODUCTS: Readonly<Record<string, string>> = {
  forcepoint: "forcepoint-content-gateway",
  fortigate: "fortinet-fortigate",
  zscaler: "zscaler",
  mitmproxy: "mitmproxy",
};

const cases = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

test("there are cases", () => {
  expect(cases.length).toBeGreaterThan(50);
});

describe.each(cases)("%s", (name) => {
  const folder = join(FOLDER, name);
  const expected = JSON.parse(readFileSync(join(folder, "expect.json"), "utf8")) as Expected;
  const report = read(folder);
  const keys = join(folder, "keys.log");
  const withKeys = existsSync(keys) ? read(folder, readFileSync(keys, "utf8")) : undefined;

  const reports: Record<string, Promise<Report>> = { "as it is": report };
  if (withKeys !== undefined) reports["with its keys"] = withKeys;
  describe.each(Object.entries(reports))("the Report %s", (_, report) => {
    test("is valid", async () => {
      reportSchema.parse(await report);
    });

    test("comes from rules that all worked", async () => {
      expect((await report).rules.filter(({ is }) => is === "failed")).toEqual([]);
    });

    test("accuses nobody wrongly, and calls nothing intercepted genuine", async () => {
      const { connections } = await report;
      for (const endpoint of expected.genuine) {
        if (endpoint.streams === undefined) continue;
        for (const { id, verdict } of of(connections, endpoint)) expect(verdict.is, id).not.toBe("intercepted");
      }
      for (const endpoint of expected.intercepted) {
        for (const { id, verdict } of of(connections, endpoint)) expect(verdict.is, id).not.toBe("genuine");
      }
    });
  });

  const asLabelled = (found: Report) => {
    expect(verdictCauses(found)).toContain(expected.cause ?? "nothing wrong");
    for (const endpoint of expected.intercepted.filter(({ certificate }) => certificate !== "none")) {
      const connections = of(found.connections, endpoint);
      expect(connections, JSON.stringify(endpoint)).not.toEqual([]);
      for (const { id, verdict } of connections) {
        const product = endpoint.product === undefined ? undefined : PRODUCTS[endpoint.product];
        expect({ id, is: verdict.is }).toEqual({ id, is: "intercepted" });
        expect("interceptor" in verdict ? verdict.interceptor?.id : undefined, id).toBe(product);
      }
    }
    for (const endpoint of expected.genuine.filter(({ provable }) => provable === true)) {
      for (const { id, verdict } of of(found.connections, endpoint))
        expect({ id, is: verdict.is }).toEqual({ id, is: "genuine" });
    }
  };

  if (expected.later === undefined) {
    test("the verdict, the cause and the product are as labelled", async () => asLabelled(await (withKeys ?? report)));
  } else {
    test(`not yet as labelled: ${expected.later}`, async () => {
      const found = await (withKeys ?? report);
      expect(found.verdict.is).not.toBe("clear");
      // When this fails, the thing has been built: remove `later` from expect.json.
      expect(() => asLabelled(found)).toThrow();
    });
  }

  const { calls } = expected;
  if (calls !== undefined) {
    test("relays, media and DTLS are as they were made", async () => {
      const { connections } = await (withKeys ?? report);
      for (const call of calls) {
        const connection = connections.find(({ id }) => id === call.id);
        // An address that the label leaves open may be any.
        const found = connection === undefined ? undefined : toCall(connection);
        expect({ ...found, relay: call.relay && found?.relay, mapped: call.mapped && found?.mapped }).toEqual(call);
      }
    });
  }

  test("the Report is the accepted one", async () => {
    const golden = join(folder, "report.json");
    const text = [...reportJson(await report)].join("");
    if (UPDATE) writeFileSync(golden, text);
    expect(existsSync(golden), "no report.json: run npm run goldens").toBe(true);
    expect(text).toBe(readFileSync(golden, "utf8"));
  });
});

function read(folder: string, ...keyLogs: readonly string[]): Promise<Report> {
  const file = readdirSync(folder).find((entry) => entry.startsWith("capture.")) as string;
  const source = fileSource(join(folder, file));
  return analyze([{ ...source, name: file, read: (into) => source.read(into), close: () => source.close() }], {
    roots: [ROOTS],
    keyLogs,
  });
}

function of(connections: readonly ReportConnection[], { ip, port, transport, streams }: Endpoint): ReportConnection[] {
  return connections.filter((connection) =>
    streams === undefined
      ? connection.server.ip === ip && connection.server.port === port && connection.transport === transport
      : streams.some((number) => connection.id === `${transport}/${number}`),
  );
}

function toCall({ id, protocol, tls, serverName, certificates, stun, media }: ReportConnection): Call {
  const { allocation, mapped } = stun ?? {};
  const both = media?.fromClient !== undefined && media.fromServer !== undefined;
  const call: Record<keyof Call, unknown> = {
    id,
    protocol,
    version: tls?.version,
    serverName: protocol === "dtls" ? serverName : undefined,
    srtp: tls?.srtp,
    certificates: protocol === "dtls" && certificates.length > 0 ? certificates.length : undefined,
    allocation: allocation?.is,
    error: allocation?.error?.code,
    relay: allocation?.relay && endpoint(allocation.relay),
    mapped: mapped && endpoint(mapped),
    media: media && (both ? "both" : media.fromClient === undefined ? "from server" : "from client"),
  };
  return Object.fromEntries(Object.entries(call).filter(([, value]) => value !== undefined)) as unknown as Call;
}

/** The causes that the overall verdict stands for. */
function verdictCauses({ verdict, connections }: Report): string[] {
  if (verdict.is === "intercepted") return ["tls-interception"];
  if (verdict.is !== "impaired") return ["nothing wrong"];
  return connections.flatMap(({ verdict: of }) => (of.is === "impaired" ? [of.cause] : []));
}
