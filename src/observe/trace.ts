/**
 * Trace: what tells that a connection in one capture is one in another: the randoms of its hellos and its initial sequence numbers, which
 * pass networks and translated addresses unchanged. Kept only where captures are compared. Knows nothing of the other capture.
 */
import type { Writable } from "../bytes/writable.ts";
import type { Flow } from "../stream/flow.ts";
import type { Trace } from "./observations.ts";

interface Randoms {
  readonly clientRandom: string | undefined;
  readonly serverRandom: string | undefined;
}

export function tcpTrace(flow: Flow, reader: Randoms | undefined, clientSide: 0 | 1): Trace {
  const client = flow.initialSequence(clientSide);
  const server = flow.initialSequence(clientSide === 0 ? 1 : 0);
  const trace: Writable<Trace> = reader === undefined ? {} : randoms(reader);
  if (client !== undefined) trace.clientSequence = client;
  if (server !== undefined) trace.serverSequence = server;
  return trace;
}

/** Empty ones stand for none. */
export function randoms({ clientRandom = "", serverRandom = "" }: Randoms): Trace {
  return { ...(clientRandom !== "" && { clientRandom }), ...(serverRandom !== "" && { serverRandom }) };
}
