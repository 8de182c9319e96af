/**
 * What an ICMP error says: in words, and what that means for whoever wants to get through. Owns the names of the codes (RFC 792,
 * 1122, 1812; of ICMPv6 RFC 4443); judges nothing.
 */
import type { IcmpError } from "../stream/flow.ts";

interface Said {
  readonly name: string;
  readonly why: string;
  readonly look: (where: Where) => string;
}

interface Where {
  /** Where the packets should go. */
  readonly host: string;
  /** `TCP 443` */
  readonly port: string;
  /** Who sent the error. */
  readonly sender: string;
}

/** `an ICMP error from 10.0.0.1: administratively prohibited (type 3, code 13)`. */
export function icmpError(error: IcmpError): string {
  return `an ICMP error from ${error.from}: ${said(error).name} (type ${error.type}, code ${error.code})`;
}

/** Why the packets to `host` (an address) and `port` (`TCP 443`) do not get there, and what to do about it. */
export function icmpAdvice(error: IcmpError, host: string, port: string): { why: string; fix: string } {
  const { why, look } = said(error);
  return { why, fix: look({ host, port, sender: error.from }) };
}

const PROHIBITED = {
  why: "Whoever sent it says that a rule forbids these packets: a firewall or a router's filter.",
  look: ({ host, port, sender }: Where) =>
    `Allow ${port} to ${host} on ${sender}, or on the firewall that it speaks for.`,
} as const;
const NOTHING_THERE = {
  why: "Nothing listens there, or a firewall refuses these packets in this way.",
  look: ({ host, port }: Where) =>
    `Allow ${port} to ${host} on the firewall, or ask the operator whether the service is up.`,
} as const;
const NO_WAY = {
  why: "Whoever sent it knows no way there, or got no answer from the host itself.",
  look: ({ host, port, sender }: Where) =>
    `Check that ${host} is the right address and up, and the route to it on ${sender} (${port} must be allowed on the way).`,
} as const;
const IN_CIRCLES = {
  why: "The packets were passed on until their hop limit was used up: mostly they go in circles.",
  look: ({ host, port, sender }: Where) =>
    `Look at the routes to ${host}, from ${sender} on (traceroute shows the circle); ${port} is not reached.`,
} as const;
const IN_PIECES = {
  why: "The packets came in pieces, and not all of them arrived.",
  look: ({ host, port }: Where) =>
    `Look for what drops fragments between here and ${host} (${port}), and for a link with a smaller MTU.`,
} as const;
const OTHER = {
  why: "Whoever sent it says that the packets cannot get there.",
  look: ({ host, port, sender }: Where) =>
    `Check that ${host} is the right address and up, and allow ${port} to it on the firewall; the error comes from ${sender}.`,
} as const;

function said({ type, code, from }: IcmpError): Said {
  const known = (from.includes(":") ? ICMPV6 : ICMP).get(type * 256 + code);
  return known ?? { name: "it cannot get there", ...OTHER };
}

const UNREACHABLE = 3 * 256;
const EXCEEDED = 11 * 256;
const ICMP: ReadonlyMap<number, Said> = new Map([
  [UNREACHABLE, { name: "network unreachable", ...NO_WAY }],
  [UNREACHABLE + 1, { name: "host unreachable", ...NO_WAY }],
  [UNREACHABLE + 2, { name: "protocol unreachable", ...NOTHING_THERE }],
  [UNREACHABLE + 3, { name: "port unreachable", ...NOTHING_THERE }],
  [UNREACHABLE + 5, { name: "source route failed", ...NO_WAY }],
  [UNREACHABLE + 6, { name: "network unknown", ...NO_WAY }],
  [UNREACHABLE + 7, { name: "host unknown", ...NO_WAY }],
  [UNREACHABLE + 8, { name: "source host isolated", ...NO_WAY }],
  [UNREACHABLE + 9, { name: "network administratively prohibited", ...PROHIBITED }],
  [UNREACHABLE + 10, { name: "host administratively prohibited", ...PROHIBITED }],
  [UNREACHABLE + 11, { name: "network unreachable for this type of service", ...NO_WAY }],
  [UNREACHABLE + 12, { name: "host unreachable for this type of service", ...NO_WAY }],
  [UNREACHABLE + 13, { name: "administratively prohibited", ...PROHIBITED }],
  [UNREACHABLE + 14, { name: "host precedence violation", ...PROHIBITED }],
  [UNREACHABLE + 15, { name: "precedence cutoff in effect", ...PROHIBITED }],
  [EXCEEDED, { name: "time to live exceeded in transit", ...IN_CIRCLES }],
  [EXCEEDED + 1, { name: "fragment reassembly time exceeded", ...IN_PIECES }],
]);

const UNREACHABLE6 = 1 * 256;
const EXCEEDED6 = 3 * 256;
const ICMPV6: ReadonlyMap<number, Said> = new Map([
  [UNREACHABLE6, { name: "no route to destination", ...NO_WAY }],
  [UNREACHABLE6 + 1, { name: "administratively prohibited", ...PROHIBITED }],
  [UNREACHABLE6 + 2, { name: "beyond scope of source address", ...NO_WAY }],
  [UNREACHABLE6 + 3, { name: "address unreachable", ...NO_WAY }],
  [UNREACHABLE6 + 4, { name: "port unreachable", ...NOTHING_THERE }],
  [UNREACHABLE6 + 5, { name: "source address failed ingress/egress policy", ...PROHIBITED }],
  [UNREACHABLE6 + 6, { name: "reject route to destination", ...PROHIBITED }],
  [EXCEEDED6, { name: "hop limit exceeded in transit", ...IN_CIRCLES }],
  [EXCEEDED6 + 1, { name: "fragment reassembly time exceeded", ...IN_PIECES }],
]);
