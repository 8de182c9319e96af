/**
 * Servers of unrelated names in unrelated networks that answer one client's hello exactly alike in TLS 1.3: the same choices, the
 * same kind of key, EncryptedExtensions and session tickets of the same length. Unrelated servers rarely agree in all of these; one
 * program that answers for all of them does. So do the customers of one content network: possible only. Asked where nobody has read
 * the certificates, and of flights whose messages have records of their own alone.
 */
import { networkOf } from "../../bytes/address.ts";
import { registrableDomain, type TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { grouped } from "../grouped.ts";
import { peerOf } from "../peer.ts";
import { answer, type Rule } from "../rule.ts";
import { plural, servers } from "../words.ts";
import { isOwn, LOOK_INSIDE, onePerOwner } from "./support.ts";

/** Unrelated names: two servers may happen to be alike. */
const MIN_DOMAINS = 3;
/** One network is one host's business. */
const MIN_NETWORKS = 2;
/** Evidence rows of one finding. */
const MAX_EVIDENCE = 10;
/** Records behind the flight that are compared: session tickets, of which OpenSSL sends two. */
const TICKETS = 2;

export const uniformTlsServer: Rule = {
  id: "uniform-tls-server",
  title: "unrelated servers that answer exactly alike",
  references: ["https://www.rfc-editor.org/rfc/rfc8446#section-4.3.1"],
  doc: {
    about:
      "Looks for servers of unrelated names and networks that answer one client's hello exactly alike in TLS 1.3: the same choices, key, extensions and tickets by their lengths. One program that answers for all of them does that. Asked where nobody has read the certificates.",
    finds: { possible: "always" },
    causes: ["tls-interception"],
    innocent: [
      "a content network of which all of them are customers",
      "servers that run the same software with the same settings",
    ],
    advice: "Capture again with the client's key log (SSLKEYLOGFILE): then the certificates tell.",
  },
  check(context) {
    const hidden = context.tls().filter(isHidden);
    const findings = [...grouped(hidden, likeness).values()].flatMap((one) => finding(one));
    return answer(findings, hidden.length);
  },
};

function isHidden(connection: TlsConnection): boolean {
  const { tls, transport, through } = connection;
  if (transport !== "tcp" || through !== undefined || isOwn(connection)) return false;
  return tls.flight?.layout === "separate" && tls.resumed === false && tls.certificates.length === 0;
}

/** All that a server decides, and what it was asked; undefined when too little of it was seen. */
function likeness({ client, tls }: TlsConnection): string | undefined {
  const { flight, clientHello, serverHello } = tls;
  if (flight?.key === undefined || flight.after.length < TICKETS || clientHello?.ja3 === undefined) return undefined;
  const choice = [serverHello?.cipherSuite, serverHello?.group, tls.retryGroup];
  return [
    client.ip,
    clientHello.ja3,
    ...choice,
    flight.key,
    flight.server[0],
    ...flight.after.slice(0, TICKETS),
  ].join();
}

function finding(connections: readonly TlsConnection[]): Finding[] {
  const domains = onePerOwner(connections.flatMap(({ tls }) => domainOf(tls.clientHello?.serverName) ?? []));
  const networks = new Set(connections.map((connection) => networkOf(peerOf(connection).ip ?? "")));
  const [first] = connections;
  if (domains.length < MIN_DOMAINS || networks.size < MIN_NETWORKS || first?.tls.flight === undefined) return [];
  const { key, server, after } = first.tls.flight;
  return [
    {
      confidence: "possible",
      cause: "tls-interception",
      connections,
      what: `${plural(domains.length, "unrelated domain")} in ${plural(networks.size, "network")} answered one hello exactly alike (key ${key}, EncryptedExtensions of ${server[0]} bytes, tickets of ${after.slice(0, TICKETS).join(" and ")}): ${servers(connections)}.`,
      why: "One program seems to answer for all of them. A proxy that intercepts TLS does that; so does a content network of which all of them are customers.",
      fix: LOOK_INSIDE,
      evidence: connections.slice(0, MAX_EVIDENCE).map(({ file, tls, frames }) => ({
        file,
        frame: tls.encrypted.server ?? frames.first,
        path: "tls.flight",
        value: `records of ${tls.flight?.server.join(", ")} bytes`,
      })),
    },
  ];
}

function domainOf(name: string | undefined): string | undefined {
  return name === undefined ? undefined : registrableDomain(name);
}
