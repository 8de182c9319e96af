/**
 * TLS 1.3 without keys, held to TLS 1.3 with them: over all captures that have a key log, whatever is read from the lengths of
 * encrypted records must be what decryption shows.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fileSource } from "../src/cli/sources.ts";
import { analyze, type Report } from "../src/index.ts";
import type { ReportConnection } from "../src/report/schema.ts";

const FOLDER = join(import.meta.dirname, "captures");
const SHARED = join(import.meta.dirname, "../../shared/captures/lab");

interface Case {
  readonly capture: string;
  readonly keys: string;
}

const own = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(FOLDER, entry.name, "keys.log")))
  .map(({ name }): [string, Case] => {
    const file = readdirSync(join(FOLDER, name)).find((entry) => entry.startsWith("capture.")) as string;
    return [name, { capture: join(FOLDER, name, file), keys: join(FOLDER, name, "keys.log") }];
  });

/** Of the lab all that have a key log. */
const lab = !existsSync(join(SHARED, "keys"))
  ? []
  : readdirSync(SHARED).flatMap((file): [string, Case][] => {
      const keys = join(SHARED, "keys", `${file.replace(/\.(pcap|pcapng)(\.gz)?$/, "")}.keylog`);
      return existsSync(keys) ? [[`lab/${file}`, { capture: join(SHARED, file), keys }]] : [];
    });

const title = lab.length > 0 ? "" : " (the lab of ../shared: SKIPPED)";
/** Of a handshake message. */
const HEADER = 4;

const compared = {
  flights: 0,
  joined: 0,
  padded: 0,
  alerts: 0,
  certificates: 0,
  answered: 0,
  notAnswered: 0,
  resumed: 0,
  asked: 0,
  tickets: 0,
};

describe(`what is read without keys is what decryption shows${title}`, () => {
  test.each([...own, ...lab])("%s", async (_, { capture, keys }) => {
    const decrypted = await read(capture, readFileSync(keys, "utf8"));
    for (const { id, tls } of (await read(capture)).connections) {
      const shown = decrypted.connections.find((one) => one.id === id);
      if (tls?.version !== "TLS 1.3" || shown?.tls?.decrypted !== true) continue;
      expect(shown.tls.flight, id).toEqual(tls.flight);
      const leaf = decrypted.certificates[shown.certificates[0]?.sha256 ?? ""];
      if (tls.flight !== undefined) compare(tls.flight, shown, leaf?.key);
    }
  });

  afterAll(() => {
    // A comparison of nothing would hold.
    expect(Math.min(...Object.values(compared)), JSON.stringify(compared)).toBeGreaterThan(0);
    expect(compared.flights).toBeGreaterThan(20);
  });
});

type Flight = NonNullable<NonNullable<ReportConnection["tls"]>["flight"]>;

/** `shown`: the same connection, decrypted; `key`: of its leaf, undefined when it was resumed. */
function compare(flight: Flight, shown: ReportConnection, key: string | undefined): void {
  const { id } = shown;
  const messages = (side: "client" | "server") => {
    const all = shown.handshake.filter(({ from }) => from === side);
    const hello = all.findLastIndex(({ message }) => message === "ClientHello" || message === "ServerHello");
    return all.slice(hello + 1).map(({ message, length, record }) => ({ message, length, record }));
  };
  const server = messages("server");
  const end = server.findIndex(({ message }) => message === "Finished") + 1;
  const lengthOf = (name: string) => server.find(({ message }) => message === name)?.length;
  // Content type and tag.
  const protection = shown.tls?.cipher?.endsWith("CCM_8_SHA256") === true ? 9 : 17;
  const bytes = server.slice(0, end).reduce((sum, { length }) => sum + HEADER + length, 0);
  const padded = flight.server.reduce((sum, length) => sum + length - protection, 0) > bytes;
  const joined = new Set(server.slice(0, end).map(({ record }) => record)).size < end;
  if (padded) compared.padded++;
  if (joined) compared.joined++;
  // Of a client that refused it the end of the flight may not have been read.
  if (end > 0) expect(flight.layout, id).toBe(padded || joined ? "joined-or-padded" : "separate");
  if (flight.layout !== "separate") return;
  compared.flights++;
  expect(
    flight.server.reduce((sum, length) => sum + length - protection, 0),
    id,
  ).toBe(bytes);
  expect(flight.server[0], id).toBe((lengthOf("EncryptedExtensions") ?? 0) + HEADER + protection);
  if (shown.tls?.resumed === true) compared.resumed++;
  expect(flight.certificate, id).toBe(lengthOf("Certificate"));
  expect(flight.key, id).toBe(key);
  if (key !== undefined) compared.certificates++;

  // Absent: the client offered none.
  if (flight.alpn === "answered") {
    expect(flight.protocol, id).toBe(shown.tls?.alpn);
    compared.answered++;
  } else {
    expect(shown.tls?.alpn, id).toBeUndefined();
    if (flight.alpn === "not-answered") compared.notAnswered++;
  }

  const [first] = messages("client");
  const alert = first === undefined && shown.tls?.alerts.some(({ from }) => from === "client") === true;
  if (alert) compared.alerts++;
  expect(flight.answer, id).toBe(alert ? "alert" : first?.message.toLowerCase());
  expect(flight.answer === "certificate", id).toBe(lengthOf("CertificateRequest") !== undefined);
  if (flight.answer === "certificate") compared.asked++;

  const tickets = server.slice(end).filter(({ message }) => message === "NewSessionTicket");
  const lengths = tickets.map(({ length }) => length + HEADER + protection).slice(0, flight.after.length);
  expect(flight.after.slice(0, lengths.length), id).toEqual(lengths);
  compared.tickets += lengths.length;
}

function read(capture: string, ...keyLogs: readonly string[]): Promise<Report> {
  return analyze([fileSource(capture)], { keyLogs, maxConnections: 100_000 });
}
