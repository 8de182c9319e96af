/**
 * A proxy that was asked for a tunnel (HTTP CONNECT, SOCKS) and said no: it wants to know who asks, it does not allow the target, or
 * it cannot reach it. Its last answer counts, and a demand for credentials that the same client met, on this connection or on a
 * later one, is no refusal: NTLM and Kerberos take several rounds.
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
    "https://www.rfc-editor.org/rfc/rfc1928#section-6",
  ],
  doc: {
    about:
      "Looks for a proxy that was asked for a tunnel (HTTP CONNECT, SOCKS) and said no: it wants to know who asks, it does not allow the target, or it cannot reach it. Rounds of NTLM or Kerberos that end in a tunnel are no refusal. No TLS began, so nothing was intercepted.",
    finds: { proven: "always: the answer is in the capture" },
    causes: ["proxy-auth-required", "proxy-denied", "proxy-upstream-failed"],
    innocent: [],
    advice:
      "Let the target pass the proxy without authentication, allow it in the proxy's rules, or find out why the proxy does not reach it.",
  },
  check(context) {
    const asked = context.connections.filter(({ through }) => through !== undefined);
    const refused = asked.filter(isRefusal);
    const letIn = refused.length === 0 ? new Map<string, number>() : lastGrants(asked);
    return answer(refused.filter((refusal) => !isMetLater(refusal, letIn)).map(finding), asked.length);
  },
};

function isRefusal(connection: ConnectionObservation): connection is Refusal {
  // A client that goes on in TLS was let in, whatever the capture has of it.
  const goesOn = connection.tls !== undefined || connection.pseudoTls !== undefined;
  return isRefused(connection.through) && !goesOn;
}

// --- a demand for credentials, and what came of it

/** First frame of the last connection that was granted: by client and proxy, with and without the target. */
function lastGrants(asked: readonly ConnectionObservation[]): Map<string, number> {
  const last = new Map<string, number>();
  for (const connection of asked) {
    if (connection.through?.granted !== true) continue;
    const { first } = connection.frames;
    for (const key of [dialogueOf(connection, connection.through.target), dialogueOf(connection, undefined)])
      last.set(key, Math.max(last.get(key) ?? 0, first));
  }
  return last;
}

function isMetLater(refusal: Refusal, letIn: ReadonlyMap<string, number>): boolean {
  const { through, frames } = refusal;
  if (through.status !== AUTHENTICATION_REQUIRED && through.login === undefined) return false;
  return (letIn.get(dialogueOf(refusal, through.target)) ?? 0) > frames.first;
}

function dialogueOf({ client, server }: ConnectionObservation, target: string | undefined): string {
  return `${client.ip} ${endpoint(server)} ${target?.toLowerCase() ?? ""}`;
}

// --- words

interface Words {
  readonly cause: Cause;
  readonly why: string;
  readonly fix: string;
}

function finding(connection: Refusal): Finding {
  const { server, through, file } = connection;
  const { kind, status, statusFrame: frame, headers } = through;
  const proxy = endpoint(server);
  const target = through.target === undefined ? undefined : short(through.target);
  const page = through.title === undefined ? "" : ` “${short(through.title)}”`;
  const said = kind === "socks" ? socksAnswer(through) : `${status}${page}`;
  const what =
    through.login === undefined
      ? `The proxy ${proxy} answered the request for a tunnel to ${target} with ${said} (frame ${frame}).`
      : `The SOCKS proxy ${proxy} ${said} (frame ${frame}).`;
  const { cause, why, fix } =
    kind === "socks"
      ? socksRefusal(through, target ?? "the server", proxy)
      : httpRefusal(status ?? 0, target ?? "the server", proxy, wanted(through));
  const path = kind === "socks" ? "socks.results" : "http.response.code";
  const value = [said, ...headers.map(({ name, value }) => `${name}: ${value}`)].join("; ");
  const expected = kind === "socks" ? "granted" : "200";
  return {
    confidence: "proven",
    cause,
    connections: [connection],
    what,
    why,
    fix,
    evidence: [{ file, frame, path, value, expected }],
  };
}

function wanted({ headers }: RefusedTunnel): string {
  const schemes = headers.filter(({ name }) => name.toLowerCase() === "proxy-authenticate");
  return schemes.map(({ value }) => short(value)).join(", ");
}

const NOTHING_BEGAN = "No TLS began, so nothing was intercepted.";

function whoAsks(target: string, wants: string): Words {
  return {
    cause: "proxy-auth-required",
    why: `The proxy wants to know who asks${wants === "" ? "" : ` (${wants})`}, and the client did not say, or not well enough. ${NOTHING_BEGAN}`,
    fix: `Let ${target} pass the proxy without authentication, or give the client credentials that it can use: many meeting clients cannot authenticate to a proxy.`,
  };
}

function upstream(target: string, proxy: string): Words {
  return {
    cause: "proxy-upstream-failed",
    why: `The proxy let the client in but did not reach the server itself. ${NOTHING_BEGAN}`,
    fix: `Find out why ${proxy} cannot reach ${target}: its name resolution, its route, or a firewall behind it.`,
  };
}

function httpRefusal(status: number, target: string, proxy: string, wants: string): Words {
  if (status === AUTHENTICATION_REQUIRED) return whoAsks(target, wants);
  if (status >= 500) return upstream(target, proxy);
  return {
    cause: "proxy-denied",
    why: `The proxy's rules do not allow this target. ${NOTHING_BEGAN}`,
    fix: `Allow CONNECT to ${target} on the proxy ${proxy}.`,
  };
}

/** RFC 1928 section 6, and the memorandum on SOCKS 4. */
const REPLIES: ReadonlyMap<number, string> = new Map([
  [1, "general failure"],
  [2, "not allowed by the rules"],
  [3, "network unreachable"],
  [4, "host unreachable"],
  [5, "connection refused"],
  [6, "TTL expired"],
  [7, "command not supported"],
  [8, "address type not supported"],
  [91, "rejected or failed"],
  [92, "rejected: no identd on the client"],
  [93, "rejected: identd names another user"],
]);
/** The proxy tried, and failed. */
const FAILURES: ReadonlySet<number> = new Set([1, 3, 4, 5, 6]);
const IDENTD: ReadonlySet<number> = new Set([92, 93]);

function socksAnswer({ login, target, status = 0 }: RefusedTunnel): string {
  if (login !== undefined)
    return target === undefined
      ? "takes none of the client's ways to log in, or refused its login"
      : "refused the login";
  return `SOCKS reply ${status} (${REPLIES.get(status) ?? "unassigned"})`;
}

function socksRefusal({ login, status = 0 }: RefusedTunnel, target: string, proxy: string): Words {
  if (login !== undefined || IDENTD.has(status)) return whoAsks(target, "");
  if (FAILURES.has(status)) return upstream(target, proxy);
  const why =
    status === 91
      ? "The proxy's rules do not allow this target, or it cannot be reached from there: version 4 of SOCKS does not say which."
      : "The proxy does not allow this target, or does not know how to reach one of its kind.";
  return { cause: "proxy-denied", why: `${why} ${NOTHING_BEGAN}`, fix: `Allow ${target} on the SOCKS proxy ${proxy}.` };
}
