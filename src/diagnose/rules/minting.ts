/**
 * Signs that a leaf was made for the connection it appears on: it begins at that moment or a whole number of days before, and TCP is
 * answered near while TLS is far. Owns how each is measured; knows no rule.
 */
import type { Context, TlsConnection } from "../context.ts";

/** Seconds between minting and connection: proxies keep a forged certificate for later connections. */
const FRESH = 600;
/** A certificate that begins after its connection: clocks differ by a little. Seconds. */
const SKEW = 60;
const DAY = 86_400;
/** Days by which proxies date back, to survive wrong clocks: mitmproxy two, sslsplit one. */
const MAX_DAYS_BACK = 2;
/** TLS answered later than TCP by this factor and time: somebody dials on (measured: direct paths 0.9–1.2, proxies 2.4 and more). */
const FAR_RATIO = 3;
const FAR_SECONDS = 0.01;

/** By how many whole days the leaf is dated back if it was made for this connection; undefined when it was not. */
export function daysBack(context: Context, connection: TlsConnection): number | undefined {
  const leaf = context.leaf(connection);
  // Minutes count here: not where there is no time, nor on a clock that may be off by hours.
  if (leaf === undefined || connection.untimed === true || context.hasLocalTime(connection)) return undefined;
  const age = connection.from.seconds - leaf.notBefore;
  for (let days = 0; days <= MAX_DAYS_BACK; days++) {
    const since = age - days * DAY;
    if (since >= -SKEW && since <= FRESH) return days;
  }
  return undefined;
}

/** Undefined where it cannot be seen. Behind a proxy that was asked for a tunnel TLS is always further away. */
export function answersFar({ timing: { tcpRtt, hello }, through }: TlsConnection): boolean | undefined {
  if (through !== undefined || tcpRtt === undefined || hello === undefined) return undefined;
  return hello - tcpRtt >= FAR_SECONDS && hello >= tcpRtt * FAR_RATIO;
}
