/**
 * Servers of unrelated networks whose TCP is answered at one near distance while TLS is answered from much further away: something
 * near ends TCP for all of them and dials on. A proxy that intercepts does so, and so does one that passes TLS on as it is, a
 * satellite link, a load balancer: possible only. Asked where the certificate does not answer the question: who sees a good one
 * knows that TLS was not ended.
 */
import { networkOf } from "../../bytes/address.ts";
import { isFar } from "../../observe/lines.ts";
import type { TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { grouped } from "../grouped.ts";
import { peerOf } from "../peer.ts";
import { answer, type Rule } from "../rule.ts";
import { milliseconds, plural, servers } from "../words.ts";
import { chainIsGood, isOwn, LOOK_INSIDE } from "./support.ts";

/** Networks from which on no two servers happen to be equally near. */
const MIN_NETWORKS = 3;
/** Round trips to one box differ by this much: measured 0.03 to 0.3 ms on site; seconds. */
const SPREAD = 0.001;
const SPREAD_RATIO = 1.5;
/** Evidence rows of one finding. */
const MAX_EVIDENCE = 10;

type Timed = TlsConnection & { readonly timing: { readonly tcpRtt: number; readonly hello: number } };

export const nearTcpFarTls: Rule = {
  id: "near-tcp-far-tls",
  title: "TCP answered near and TLS far, for servers of unrelated networks",
  references: ["https://www.rfc-editor.org/rfc/rfc3135#section-3.1"],
  doc: {
    about:
      "Looks for servers of unrelated networks whose TCP is answered at one near distance and whose TLS comes from much further away: something near ends TCP for all of them and asks the servers itself. Asked where no certificate answers the question.",
    finds: { possible: "always: what ends TCP need not end TLS" },
    causes: ["tls-interception"],
    innocent: ["a proxy that passes TLS on unchanged", "a device that speeds up a slow or long link"],
    advice:
      "Capture again with the client's key log (SSLKEYLOGFILE): then the certificate tells. Or ask who runs the device.",
  },
  check(context) {
    const timed = context
      .tls()
      .filter(isTimed)
      .filter((connection) => context.interception(connection) === undefined);
    const findings = [...grouped(timed, ({ client }) => client.ip).values()].flatMap((one) => finding(one));
    return answer(findings, timed.length);
  },
};

/** Asked a server directly, with both times known, and shown nothing that settles it. */
function isTimed(connection: TlsConnection): connection is Timed {
  const { timing, through, tcp, pseudoTls, tls } = connection;
  if (timing.tcpRtt === undefined || timing.hello === undefined || through !== undefined) return false;
  // What got lost is answered late everywhere. A pseudo-TLS hello has rules of its own.
  if (tcp === undefined || tcp.client.retransmissions > 0 || pseudoTls !== undefined) return false;
  return tls.serverHello !== undefined && !chainIsGood(connection) && !isOwn(connection);
}

function finding(connections: readonly Timed[]): Finding[] {
  const far = connections.filter(({ timing }) => isFar(timing.tcpRtt, timing.hello));
  const nearest = Math.min(...far.map(({ timing }) => timing.tcpRtt));
  const alike = far.filter(({ timing }) => timing.tcpRtt <= nearest * SPREAD_RATIO + SPREAD);
  const networks = new Set(alike.map((connection) => networkOf(peerOf(connection).ip ?? "")));
  if (networks.size < MIN_NETWORKS) return [];
  const hellos = alike.map(({ timing }) => timing.hello);
  const farthest = Math.max(...alike.map(({ timing }) => timing.tcpRtt));
  return [
    {
      confidence: "possible",
      cause: "tls-interception",
      connections: alike,
      what: `TCP was answered after ${range(nearest, farthest)} and TLS after ${range(Math.min(...hellos), Math.max(...hellos))} on ${servers(alike)}, in ${plural(networks.size, "network")}.`,
      why: "Something near ends TCP for all of them and asks the servers itself. A proxy that intercepts TLS does that; so does one that passes TLS on unchanged, or a device that speeds up a slow link.",
      fix: LOOK_INSIDE,
      evidence: alike.slice(0, MAX_EVIDENCE).map(({ file, tcp, frames, timing }) => ({
        file,
        frame: tcp?.synAckFrame ?? frames.first,
        path: "timing",
        value: `SYN-ACK after ${milliseconds(timing.tcpRtt)}, ServerHello after ${milliseconds(timing.hello)}`,
        expected: "both about as late",
      })),
    },
  ];
}

/** `0.05 to 0.30 ms`, or one of them when they are shown alike. */
function range(least: number, most: number): string {
  const [from, to] = [milliseconds(least), milliseconds(most)];
  return from === to ? from : `${from} to ${to}`;
}
