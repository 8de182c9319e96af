/** Which connection a resumed one continues: the client offers what the server gave out (RFC 5246 section 7.3, RFC 5077). */
import type { TlsObservation } from "../observe/observations.ts";

export function resumesSessionOf(resumed: TlsObservation, origin: TlsObservation): boolean {
  return resumed.resumed === true && resumed.offeredSessions.some((session) => origin.issuedSessions.includes(session));
}
