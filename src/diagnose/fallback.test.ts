import { describe, expect, test } from "vitest";
import { observations, quic, type Spec, type TlsOptions, tcp, tls } from "../../test/support/observations.ts";
import { Fallbacks } from "./fallback.ts";

/** Index of the connection that the first one fell back to. */
function fallback(...specs: readonly Spec[]): number | undefined {
  const { connections } = observations(specs);
  const [first] = connections;
  const found = first === undefined ? undefined : new Fallbacks(connections).of(first);
  return found === undefined ? undefined : connections.indexOf(found);
}

const SILENT = { fromClient: 3600, fromServer: 0 };
/** Connections begin a second after each other. */
const asked = (options: TlsOptions = {}) =>
  quic({ name: "www.fabrikam.example", bytes: SILENT, messages: [["client", "ClientHello", 1]], ...options });
const over = (options: TlsOptions = {}) => tls({ name: "www.fabrikam.example", ...options });
const other = tcp({ to: "203.0.113.1" });

describe("QUIC that got no answer, then TCP", () => {
  test.each<[string, Spec[], number | undefined]>([
    ["to the same address and name", [asked(), over()], 1],
    ["to the same name at another address", [asked(), over({ to: "192.0.2.11" })], 1],
    ["to the same address under another name", [asked(), over({ name: "b.example" })], 1],
    ["the first of several", [asked(), other, over({ to: "192.0.2.11" }), over()], 2],
    [
      "through a proxy, to the name",
      [
        asked(),
        over({
          to: "10.0.0.9",
          through: { kind: "http-connect", target: "www.fabrikam.example:443", requestFrame: 4, headers: [] },
        }),
      ],
      1,
    ],
    ["after 15 seconds", [asked(), ...Array<Spec>(14).fill(other), over()], 15],
    ["after 16", [asked(), ...Array<Spec>(15).fill(other), over()], undefined],
    ["by another client", [asked(), over({ client: "10.20.0.99" })], undefined],
    ["to another port", [asked(), over({ port: 8443, name: "b.example" })], undefined],
    ["to another server", [asked(), over({ to: "192.0.2.11", name: "b.example" })], undefined],
    ["that is not answered either", [asked(), over({ messages: [["client", "ClientHello", 4]] })], undefined],
    ["of no TLS", [asked(), tcp()], undefined],
    ["QUIC again", [asked(), quic({ name: "www.fabrikam.example" })], undefined],
  ])("%s", (_, specs, index) => {
    expect(fallback(...specs)).toBe(index);
  });

  test("a proxy's address is not the server's", () => {
    const through = { kind: "http-connect", target: "b.example:443", requestFrame: 4, headers: [] } as const;
    expect(fallback(asked(), over({ name: "b.example", through }))).toBeUndefined();
  });

  test("tried at once: TCP may be a moment earlier", () => {
    const { connections } = observations([over(), asked(), other]);
    const found = new Fallbacks(connections).of(connections[1] as (typeof connections)[number]);
    expect(found).toBe(connections[0]);
  });
});
