/** Whether a connection went on after its handshake, whatever it had shown: its client accepted that. Knows no verdict. */
import type { ConnectionObservation } from "../observe/observations.ts";

/** Application data of TLS flowed from both sides. */
export function wentOn({ tls, pseudoTls }: ConnectionObservation): boolean {
  return pseudoTls === undefined && tls?.applicationData.client === true && tls.applicationData.server;
}
