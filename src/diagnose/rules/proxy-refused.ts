/**
 * A proxy that was asked for a tunnel (HTTP CONNECT) and said no: it wants to know who asks, it does not allow the target, or it
 * cannot reach it. Its last answer counts: a client that is asked for credentials may give them.
 */
import type { ConnectionObservation } from "../../observe/observations.ts";
import type { Finding } from "../finding.ts";
import { isRefused, type RefusedTunnel } from "../peer.ts";
import { answer, type Rule } from "../rule.ts";
import type { Cause } from "../vocabulary.ts";
import { endpoint, short } from "../words.ts";

const AUTHENTICATION_REQUIRED = 407;

type Refusal = ConnectionObservation & { readonly through: RefusedTunnel };

export const proxyRefused: Rule = {
  id: "proxy-refused",
  title: "a proxy that refuses the tunnel",
  references: [
    "https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6",
    "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.8",
  ],
  check(context) {
    const asked = context.connections.filter(({ through }) => through !== undefined);
    return answer(asked.filter(isRefusal).map(finding), asked.length);
  },
};

function isRefusal(connection: ConnectionObservation): connection is Refusal {
  // A client that goes on in TLS was let in, whatever the capture has of it.
  const goesOn = connection.tls !== undefined || connection.pseudoTls !== undefined;
  return isRefused(connection.through) && !goesOn;
}

function finding(connection: Refusal): Finding {
  const { server, through, file } = connection;
  const { status, statusFrame: frame, target, headers } = through;
  const proxy = endpoint(server);
  const wanted = headers.filter(({ name }) => name.toLowerCase() === "proxy-authenticate").map(({ value }) => value);
  const said = headers.map(({ name, value }) => `${name}: ${value}`);
  const { cause, why, fix } = refusal(status, short(target), proxy, wanted.map(short).join(", "));
  return {
    confidence: "proven",
    cause,
    connections: [connection],
    what: `The proxy ${proxy} answered the request for a tunnel to ${short(target)} with ${status} (frame ${frame}).`,
    why,
    fix,
    evidence: [{ file, frame, path: "http.response.code", value: [status, ...said].join("; "), expected: "200" }],
  };
}

function refusal(
  status: number,
  target: string,
  proxy: string,
  wanted: string,
): { readonly cause: Cause; readonly why: string; readonly fix: string } {
  if (status === AUTHENTICATION_REQUIRED) {
    return {
      cause: "proxy-auth-required",
      why: `The proxy wants to know who asks${wanted === "" ? "" : ` (${wanted})`}, and the client did not say, or not well enough. No TLS began, so nothing was intercepted.`,
      fix: `Let ${target} pass the proxy without authentication, or give the client credentials that it can use: many meeting clients cannot authenticate to a proxy.`,
    };
  }
  if (status >= 500) {
    return {
      cause: "proxy-upstream-failed",
      why: "The proxy let the client in but did not reach the server itself. No TLS began, so nothing was intercepted.",
      fix: `Find out why ${proxy} cannot reach ${target}: its name resolution, its route, or a firewall behind it.`,
    };
  }
  return {
    cause: "proxy-denied",
    why: "The proxy's rules do not allow this target. No TLS began, so nothing was intercepted.",
    fix: `Allow CONNECT to ${target} on the proxy ${proxy}.`,
  };
}
