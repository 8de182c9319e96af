/** Whether a connection went on after its handshake, whatever it had shown: its client accepted that. Judges nothing. */
import type { ConnectionObservation } from "../observe/observations.ts";
import type { JudgedConnection } from "./diagnosis.ts";
import type { Cause } from "./vocabulary.ts";

/** Faults of a certificate that a client may accept, as many a mail program does. */
const ACCEPTABLE: ReadonlySet<Cause> = new Set(["certificate-expired", "certificate-not-yet-valid", "name-mismatch"]);

/** Application data of TLS flowed from both sides. */
export function wentOn({ tls, pseudoTls }: ConnectionObservation): boolean {
  return pseudoTls === undefined && tls?.applicationData.client === true && tls.applicationData.server;
}

/** The client accepted a certificate that others refuse, and the connection works. */
export function isUsedAnyway({ connection, verdict }: JudgedConnection): boolean {
  return verdict.is === "impaired" && ACCEPTABLE.has(verdict.cause) && wentOn(connection);
}
