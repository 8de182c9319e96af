/**
 * Lines: where rules draw a line between connections that are else alike, so that those on different sides of it are not counted
 * together. Owns the numbers and what is measured by them; draws no conclusion.
 */
import type { TcpDirection } from "./observations.ts";

/**
 * Who has waited this long without an answer has none: longer than any handshake that goes well, and TCP has retransmitted
 * twice (RFC 6298: after 1 and 2 more seconds). Seconds. A capture that ends sooner says nothing.
 */
export const PATIENCE = 3;

/** One SYN, or one datagram, at the very end of a capture says nothing: TCP's first retransmission comes after a second (RFC 6298). */
export const MIN_TRIES = 2;

/** Payload of a full-size segment: every path of the IPv6 minimum MTU (1280, RFC 8200 section 5) carries less than this. */
const FULL_SIZE = 1200;
/** Of Ethernet and IPv4, where the capture does not show what the ends said. */
const ETHERNET_MSS = 1460;
const TIMESTAMPS = 12;
/** One retransmission is ordinary loss. */
const MIN_RETRANSMISSIONS = 2;

/** TLS answered later than TCP by this factor and time: somebody dials on (measured: direct paths 0.9–1.2, proxies 2.4 and more). */
const FAR_RATIO = 3;
const FAR_SECONDS = 0.01;

/** A round trip within one network segment: measured 0.03 to 0.3 ms. Seconds. */
const AT_HAND = 0.001;

/** Seconds between minting and connection: proxies keep a forged certificate for later connections. */
const FRESH = 600;
/** A certificate that begins after its connection: clocks differ by a little. Seconds. */
const SKEW = 60;
const DAY = 86_400;
/** Days by which proxies date back, to survive wrong clocks: mitmproxy two, sslsplit one. */
const MAX_DAYS_BACK = 2;

/** Whether the answer to the hello comes from further away than the one to the SYN. Seconds. */
export function isFar(tcpRtt: number, hello: number): boolean {
  return hello - tcpRtt >= FAR_SECONDS && hello >= tcpRtt * FAR_RATIO;
}

/** Whether the SYN was answered within this network segment. Seconds. */
export function isAtHand(tcpRtt: number): boolean {
  return tcpRtt <= AT_HAND;
}

/**
 * By how many whole days a certificate is dated back if it was made for a connection, which begins `age` seconds after its notBefore;
 * undefined when it was not.
 */
export function daysBackAt(age: number): number | undefined {
  for (let days = 0; days <= MAX_DAYS_BACK; days++) {
    const since = age - days * DAY;
    if (since >= -SKEW && since <= FRESH) return days;
  }
  return undefined;
}

/** What is looked at of a direction: of one that was observed, or of one that still goes on. */
type Lossy = Pick<TcpDirection, "lost" | "largestSegment"> & Opened;
interface Opened {
  readonly opening?: TcpDirection["opening"] | undefined;
}

/** Seen from the client: whether even the smallest segment of the server's that never arrived was larger than all that did. */
export function losesFullSize(client: Opened, server: Lossy): boolean {
  if (server.lost === 0) return false;
  // Behind a VPN or PPPoE, segments of over 1200 bytes still pass.
  const smallest = smallestLost(server.lost, fullSize(client, server));
  return smallest >= FULL_SIZE && smallest > server.largestSegment;
}

/** Whether a segment of full size is stuck: repeated, and nothing of what was sent behind it has the other side answered. */
export function isStuck({ size, repeats, heard }: NonNullable<TcpDirection["stuck"]>): boolean {
  // Who got a smaller packet behind the lost one says so (RFC 5681 section 4.2). One that says nothing any more may as well be
  // cut off, by a filter that dislikes the hello for one.
  return size >= FULL_SIZE && repeats >= MIN_RETRANSMISSIONS && heard > 0;
}

/** Bytes of the smallest segment among `lost` bytes when all others were of `full` size: who sends more than a segment fills them. */
function smallestLost(lost: number, full: number): number {
  return ((lost - 1) % full) + 1;
}

/** Payload of the largest segments that both ends allow (RFC 9293 section 3.7.1); timestamps take 12 bytes of it (RFC 7323 appendix A). */
function fullSize(client: Opened, server: Opened): number {
  const openings = [client.opening?.options ?? "", server.opening?.options ?? ""];
  const sizes = openings.map((options) => Number(/\bmss (\d+)/.exec(options)?.[1] ?? ETHERNET_MSS));
  const timestamps = openings.every((options) => /\bTS\b/.test(options));
  return Math.max(1, Math.min(...sizes) - (timestamps ? TIMESTAMPS : 0));
}
