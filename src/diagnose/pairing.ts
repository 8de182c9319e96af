/**
 * Pairing: which connections of a capture at the client and of one at the server's end are one and the same, or were made one for the
 * other. Owns the matching and the difference of the two clocks; what a pair shows is for its rule.
 *
 * Addresses and ports are no help, as NAT changes them. In this order:
 *
 * 1. `hello`: the same client random. 28 of its 32 bytes are random (RFC 5246 section 7.4.1.2); who ends TLS makes a new one.
 * 2. `tcp`: the same initial sequence numbers of both sides, 64 bits that nobody has by chance. Who ends TCP has others; firewalls
 *    that rewrite them only keep such pairs from being found.
 * 3. `time`: the same server name, or address where none is asked for, and the one hello at about the time of the other. That may
 *    be chance, so it comes with what speaks for it.
 */
import type { ConnectionObservation, Observations, Trace } from "../observe/observations.ts";
import { grouped } from "./grouped.ts";
import { nameOf, peerOf } from "./peer.ts";

export interface Pair {
  readonly near: ConnectionObservation;
  readonly far: ConnectionObservation;
  readonly by: "hello" | "tcp" | "time";
  /** Of pairs by time: the far hello came between the near one and its answer, and each is the only one of its kind at that time. */
  readonly nested: boolean;
  /** The far connection is to the address that the near one is for, as far as NAT is known. */
  readonly sameServer: boolean;
}

export interface Pairing {
  /** In the order of the near capture. */
  readonly pairs: readonly Pair[];
  /** Seconds by which the far clock is ahead, the way between the two points included; undefined when no sure pair tells. */
  readonly offset: number | undefined;
  /** Connections with a hello that are in one capture alone. */
  readonly nearOnly: number;
  readonly farOnly: number;
}

/** Seconds in which whoever ends TLS makes its own connection, where its hello is not nested in the client's wait for an answer. */
const WINDOW = 5;
/** Before the client's hello, it may have been prepared; clocks of captures step, too. */
const BEFORE = 1;
/** Seconds by which the order of events in two captures is sure to be known. */
const JITTER = 0.02;
/** Random bytes that a program has made up by hand stand on many connections. */
const MAX_ALIKE = 4;

/** Connections of each capture that are matched by time: each is compared with all of its name. As many as a Report lists. */
const MAX_BY_TIME = 5000;

const PAIRINGS = new WeakMap<Observations, Pairing>();

/** Undefined where there is no far capture. Made once. */
export function pairingOf(near: Observations): Pairing | undefined {
  if (near.far === undefined) return undefined;
  const known = PAIRINGS.get(near) ?? pairUp(near.connections, near.far.connections);
  PAIRINGS.set(near, known);
  return known;
}

/** A connection with a hello, and its moments in seconds since the first one of the near capture. */
interface Seen {
  readonly connection: ConnectionObservation;
  readonly hello: number;
  /** The first that the server answered; the hello's own time where it did not. */
  readonly answer: number;
  readonly name: string | undefined;
}

function pairUp(near: readonly ConnectionObservation[], far: readonly ConnectionObservation[]): Pairing {
  const epoch = near.find(({ untimed }) => untimed !== true)?.from.seconds ?? 0;
  const seen = (connections: readonly ConnectionObservation[]) => connections.flatMap((c) => toSeen(c, epoch) ?? []);
  const [nearSeen, farSeen] = [seen(near), seen(far)];
  const pairs = new Map<Seen, Pair>();
  const taken = new Set<Seen>();
  const delays: number[] = [];
  const join = (one: Seen, other: Seen, by: Pair["by"], nested = false): void => {
    const sameServer = by !== "time" || isSameServer(one.connection, other.connection);
    pairs.set(one, { near: one.connection, far: other.connection, by, nested, sameServer });
    taken.add(other);
    if (one.connection.untimed !== true && other.connection.untimed !== true) delays.push(other.hello - one.hello);
  };
  const joinBy = (by: "hello" | "tcp", keyOf: (seen: Seen) => string | undefined): void => {
    const rest = grouped(farSeen, (one) => (taken.has(one) ? undefined : keyOf(one)));
    for (const one of nearSeen) {
      const key = pairs.has(one) ? undefined : keyOf(one);
      const candidates = key === undefined ? undefined : rest.get(key);
      const other = candidates?.find((candidate) => !taken.has(candidate));
      if (other !== undefined && (candidates as Seen[]).length <= MAX_ALIKE) join(one, other, by);
    }
  };
  joinBy("hello", ({ connection }) => helloKey(connection));
  joinBy("tcp", ({ connection }) => sequenceKey(connection.trace));

  const offset = median(delays.length > 0 ? delays : clockDelays(near, far));
  const translated = new Map(
    [...pairs.values()].map((pair) => [endpointKey(pair.near), endpointKey(pair.far)] as const),
  );
  const isSameServer = (one: ConnectionObservation, other: ConnectionObservation): boolean => {
    const there = endpointKey(other);
    return endpointKey(one) === there || translated.get(endpointKey(one)) === there;
  };

  const isTimed = ({ connection }: Seen) => connection.untimed !== true;
  const open = nearSeen.filter((one) => !pairs.has(one) && isTimed(one));
  const free = farSeen.filter((one) => !taken.has(one) && isTimed(one));
  for (const [one, other, nested] of byTime(
    open.slice(0, MAX_BY_TIME),
    free.slice(0, MAX_BY_TIME),
    offset ?? 0,
    isSameServer,
  ))
    join(one, other, "time", nested);
  return {
    pairs: nearSeen.flatMap((one) => pairs.get(one) ?? []),
    offset,
    nearOnly: nearSeen.length - pairs.size,
    farOnly: farSeen.length - taken.size,
  };
}

/** What the clocks differ by, from connections of any kind that are in both captures. */
function clockDelays(near: readonly ConnectionObservation[], far: readonly ConnectionObservation[]): number[] {
  const there = grouped(far, ({ trace, untimed }) => (untimed === true ? undefined : sequenceKey(trace)));
  return near.flatMap(({ trace, untimed, from }) => {
    const key = untimed === true ? undefined : sequenceKey(trace);
    const [other] = (key === undefined ? undefined : there.get(key)) ?? [];
    if (other === undefined) return [];
    return [other.from.seconds - from.seconds + (other.from.nanos - from.nanos) / 1e9];
  });
}

type IsSameServer = (one: ConnectionObservation, other: ConnectionObservation) => boolean;

/** Each once, first those that are nested. `open` and `free` are in the order of their captures. */
function* byTime(
  open: readonly Seen[],
  free: readonly Seen[],
  offset: number,
  isSameServer: IsSameServer,
): Generator<[Seen, Seen, boolean]> {
  const byKey = grouped(free, keyForTime);
  const nearByKey = grouped(open, keyForTime);
  const taken = new Set<Seen>();
  const done = new Set<Seen>();
  for (const isNested of [true, false]) {
    for (const one of open) {
      if (done.has(one)) continue;
      const key = keyForTime(one);
      const fits = (candidate: Seen, of: Seen): boolean => {
        const at = candidate.hello - offset;
        const inTime = isNested
          ? isWithin(at, of.hello, of.answer)
          : at >= of.hello - BEFORE && at <= of.hello + WINDOW;
        return inTime && (of.name !== undefined || isSameServer(of.connection, candidate.connection));
      };
      const candidates = (byKey.get(key) ?? []).filter((candidate) => !taken.has(candidate) && fits(candidate, one));
      const [first] = candidates;
      if (first === undefined) continue;
      const rivals = (nearByKey.get(key) ?? []).filter((other) => !done.has(other) && fits(first, other));
      taken.add(first);
      done.add(one);
      yield [one, first, isNested && candidates.length === 1 && rivals.length === 1];
    }
  }
}

/** Between the two, as far as clocks tell, and there is something between. */
function isWithin(at: number, from: number, to: number): boolean {
  return to > from && at >= from - JITTER && at <= to + JITTER;
}

/** Names lead to one server at many addresses; without one the address is all there is. */
function keyForTime({ connection, name }: Seen): string {
  const { transport } = connection;
  return `${transport} ${peerOf(connection).port} ${name ?? ""}`;
}

/** Undefined without a hello of the client's, real or pseudo. */
function toSeen(connection: ConnectionObservation, epoch: number): Seen | undefined {
  const { handshake, from, trace } = connection;
  const hello = handshake.find(({ message, from: side }) => message === "ClientHello" && side === "client");
  if (hello === undefined || trace === undefined) return undefined;
  const start = from.seconds - epoch + from.nanos / 1e9;
  const answered = handshake.find(({ from: side }) => side === "server")?.at ?? connection.tls?.alerts[0]?.at;
  return {
    connection,
    hello: start + hello.at,
    answer: start + Math.max(hello.at, answered ?? 0),
    name: nameOf(connection)?.toLowerCase(),
  };
}

/** A pseudo-TLS hello is the same every time. */
function helloKey({ pseudoTls, trace }: ConnectionObservation): string | undefined {
  return pseudoTls === undefined ? trace?.clientRandom : undefined;
}

function sequenceKey(trace: Trace | undefined): string | undefined {
  if (trace?.clientSequence === undefined || trace.serverSequence === undefined) return undefined;
  return `${trace.clientSequence} ${trace.serverSequence}`;
}

/** Of the server, or of what a proxy was asked for. */
function endpointKey(connection: ConnectionObservation): string {
  const { host, port } = peerOf(connection);
  return `${host} ${port}`;
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((one, other) => one - other)[values.length >> 1];
}
