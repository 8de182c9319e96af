/**
 * Signs that a leaf was made for the connection it appears on: it begins at that moment or a whole number of days before, and TCP is
 * answered near while TLS is far. Owns when each can be seen at all; knows no rule.
 */
import { daysBackAt, isFar } from "../../observe/lines.ts";
import type { Context, TlsConnection } from "../context.ts";

/** By how many whole days the leaf is dated back if it was made for this connection; undefined when it was not. */
export function daysBack(context: Context, connection: TlsConnection): number | undefined {
  const leaf = context.leaf(connection);
  // Minutes count here: not where there is no time, nor on a clock that may be off by hours.
  if (leaf === undefined || connection.untimed === true || context.hasLocalTime(connection)) return undefined;
  return daysBackAt(connection.from.seconds - leaf.notBefore);
}

/** Undefined where it cannot be seen. Behind a proxy that was asked for a tunnel TLS is always further away. */
export function answersFar({ timing: { tcpRtt, hello }, through }: TlsConnection): boolean | undefined {
  if (through !== undefined || tcpRtt === undefined || hello === undefined) return undefined;
  return isFar(tcpRtt, hello);
}
