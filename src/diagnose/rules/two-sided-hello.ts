/**
 * Two views of one connection, at the client and at the server's end: another hello there means that something between ended TLS and
 * spoke it anew. The same two hellos mean that nothing did, whatever the certificate, for all that follows is bound to them.
 *
 * - *proven* where one TCP connection (both initial sequence numbers, which who ends TCP does not keep) carries another hello at the
 *   other end, and where the client's hello is answered by another ServerHello, or another certificate, than at the server's end.
 * - Hellos that belong together by time alone are one sign, where nothing else may be meant: another client may ask one of several machines in that very moment. Each
 *   further one counts: the client was shown a private issuer's certificate for the name it asked for; the server's is another, or
 *   of another key or size where TLS 1.3 hides it; who answered the client's SYN is far nearer to it than to the server, where no load
 *   balancer of the server's stands. Two signs are *likely*, three are *proven* where the server's address is known to be the same.
 * - *possible* without a second one, where the pair may be chance. And where a load balancer of the operator's, which ends TLS as well,
 *   looks just so: the client was shown a certificate that is good, or may be the server's very own; or the server has another address
 *   and is in the own network, or the certificate is hidden.
 */

import type { ConnectionObservation } from "../../observe/observations.ts";
import type { Context, TlsConnection } from "../context.ts";
import type { Evidence, Finding } from "../finding.ts";
import { grouped } from "../grouped.ts";
import { type Pair, pairingOf } from "../pairing.ts";
import { answer, type Rule } from "../rule.ts";
import type { Confidence } from "../vocabulary.ts";
import { endpoint, servers } from "../words.ts";
import { bypassAdvice, MAX_EVIDENCE } from "./support.ts";
import { leafOf, type Weight, weigh } from "./two-sided-signs.ts";

/** What is not the same at both ends. */
type Difference = "client hello" | "server hello" | "certificate";

interface Contradiction extends Weight {
  readonly pair: Pair;
  readonly near: TlsConnection;
  readonly difference: Difference;
}

/** What systems send with; 32 is too near to 64 for a way of some hops. */
const INITIAL_TTLS = [64, 128, 255];
/** Routers between a server and who captures beside it: a firewall and a switch that routes. */
const MAX_HOPS = 2;

export const twoSidedHello: Rule = {
  id: "two-sided-hello",
  title: "another hello at the server's end than at the client's",
  references: ["https://www.rfc-editor.org/rfc/rfc8446#section-4.1.2"],
  doc: {
    about:
      "Compares the hellos of one connection in a capture made at the client and in one made at the server's end (sightline compare). Another hello there means that something between ended TLS and spoke it anew; the same two mean that nothing did, whatever the certificate.",
    finds: {
      proven:
        "one TCP connection carries another hello at the other end; or the client's hello has another answer or certificate there; or hellos belong together by time, and at least two more signs speak for it",
      likely: "hellos belong together by time, and one more sign speaks for it",
      possible: "the pair may be chance, or a load balancer of the operator's explains it",
    },
    causes: ["tls-interception"],
    innocent: [
      "a load balancer of the server's operator that ends TLS",
      "another client that asks for the same server at that very moment",
    ],
    advice:
      "Exempt the servers named in the finding from TLS inspection on the proxy. Where it is only possible, ask who runs the server whether a load balancer ends TLS between the two points, or capture nearer to the client.",
  },
  check(context) {
    const pairing = pairingOf(context.observations);
    if (pairing === undefined) {
      if (context.tls().length === 0) return { is: "not-applicable" };
      return { is: "not-observed", missing: "a capture from the server's side" };
    }
    const compared = pairing.pairs.filter(({ near, far }) => near.tls !== undefined && far.tls !== undefined);
    if (compared.length === 0 && context.tls().length > 0)
      return { is: "not-observed", missing: "a connection that is in both captures" };
    const found = compared.flatMap((pair) => contradictionIn(context, pair) ?? []);
    const groups = grouped(
      found,
      ({ pair, difference, confidence, signs }) => `${confidence} ${difference} ${pair.by} ${signs.length}`,
    );
    return answer(
      [...groups.values()].map((group) => finding(group as [Contradiction, ...Contradiction[]])),
      compared.length,
    );
  },
};

/**
 * The same hellos at both ends, of client and server: nothing between them has ended TLS. Only where the other capture was made next to
 * the server, as far as its packets show: behind the border of a network there may be a proxy in the cloud.
 */
export function passedUnchanged(context: Context, connection: ConnectionObservation): boolean {
  const pair = context.pair(connection);
  if (pair === undefined || pair.by !== "hello" || differenceIn(pair) !== undefined) return false;
  const ttl = pair.far.tcp?.server.ttl;
  if (ttl !== undefined && hopsFrom(ttl) > MAX_HOPS) return false;
  return pair.near.trace?.serverRandom !== undefined && pair.far.trace?.serverRandom !== undefined;
}

/** Hops from the sender, which begins with one of the usual values. */
function hopsFrom(ttl: number): number {
  return (INITIAL_TTLS.find((initial) => initial >= ttl) ?? ttl) - ttl;
}

/** Undefined where all that can be compared is the same. */
export function differenceIn({ near, far, by }: Pair): Difference | undefined {
  const [here, there] = [near.trace, far.trace];
  const differ = (one: string | undefined, other: string | undefined) =>
    one !== undefined && other !== undefined && one !== other;
  if (by !== "hello") {
    const isPseudo = near.pseudoTls !== undefined && far.pseudoTls !== undefined;
    return !isPseudo && differ(here?.clientRandom, there?.clientRandom) ? "client hello" : undefined;
  }
  if (differ(here?.serverRandom, there?.serverRandom)) return "server hello";
  return differ(leafOf(near), leafOf(far)) ? "certificate" : undefined;
}

function contradictionIn(context: Context, pair: Pair): Contradiction | undefined {
  const difference = differenceIn(pair);
  const { near, by } = pair;
  if (difference === undefined || near.tls === undefined) return undefined;
  const shown = near as TlsConnection;
  if (by !== "time") return { pair, near: shown, difference, confidence: "proven", signs: [] };
  return { pair, near: shown, difference, ...weigh(context, pair, shown) };
}

function finding(group: readonly [Contradiction, ...Contradiction[]]): Finding {
  const [{ confidence, difference, pair, signs }] = group;
  const connections = group.map(({ near }) => near);
  return {
    confidence,
    cause: "tls-interception",
    connections,
    what: `${WHAT[difference]} ${servers(connections)} ${difference === "client hello" ? "did not arrive at the server's end; another one did" : "is another one at the server's end"}${HOW[pair.by]}${signs.map((sign) => `; ${sign}`).join("")}.`,
    why: whyOf(confidence, difference, pair.by),
    fix:
      confidence === "possible"
        ? "Ask who runs the server whether a load balancer of its own ends TLS between the two points; or capture nearer to the client, before any other device."
        : bypassAdvice(connections, "the proxy"),
    evidence: group.slice(0, MAX_EVIDENCE).map(evidenceOf),
  };
}

const WHAT: Record<Difference, string> = {
  "client hello": "The client's hello to",
  "server hello": "The answer to the client's hello to",
  certificate: "The certificate of",
};

const HOW: Record<Pair["by"], string> = {
  hello: ", on the connection with the same client hello",
  tcp: ", on the same TCP connection",
  time: " at that moment, for the same server",
};

function whyOf(confidence: Confidence, difference: Difference, by: Pair["by"]): string {
  if (confidence === "possible")
    return "If the two belong together, something between the two points ended TLS; a load balancer of the operator's does that, too, and another client's connection may look so.";
  if (difference !== "client hello")
    return "Both ends of a TLS connection see the same messages; something between answered in the server's place.";
  if (by === "tcp")
    return "Both ends of a TLS connection see the same hello, whose random is the client's own; within one TCP connection something between has put another in its place.";
  return confidence === "likely"
    ? "Who ends TLS sends a hello of its own, while the client waits for its answer; only another client, or a load balancer of the operator's, would do so too."
    : "While the client waited for its answer, something between made a TLS connection of its own to the server, and shows the client another certificate than the server's.";
}

function evidenceOf({ pair, near, difference }: Contradiction): Evidence {
  const { far } = pair;
  const at = (connection: ConnectionObservation, frame: number | undefined) => frame ?? connection.frames.first;
  const [frame, farFrame, value, expected] =
    difference === "client hello"
      ? ([
          near.tls.clientHelloFrame,
          far.tls?.clientHelloFrame,
          near.trace?.clientRandom,
          far.trace?.clientRandom,
        ] as const)
      : difference === "server hello"
        ? ([
            near.tls.serverHelloFrame,
            far.tls?.serverHelloFrame,
            near.trace?.serverRandom,
            far.trace?.serverRandom,
          ] as const)
        : ([near.tls.certificates[0]?.frame, far.tls?.certificates[0]?.frame, leafOf(near), leafOf(far)] as const);
  return {
    file: near.file,
    frame: at(near, frame),
    path: PATHS[difference],
    value: value ?? "",
    expected: `${expected}, as in frame ${at(far, farFrame)} at the server's end (from ${endpoint(far.client)})`,
  };
}

const PATHS: Record<Difference, string> = {
  "client hello": "tls.clientHello.random",
  "server hello": "tls.serverHello.random",
  certificate: "tls.certificate[0].sha256",
};
