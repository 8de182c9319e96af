/**
 * Incident: what happened on a connection that did not simply go well, as far as rules tell such connections apart: what came before
 * what, what was said, and on which side of the lines that rules draw. Owns the text by which two of them count as alike; draws no
 * conclusion.
 */
import type { Flow, Half } from "../stream/flow.ts";
import { isStuck, losesFullSize, MIN_TRIES, PATIENCE } from "./lines.ts";
import type { Moment, StuckSegment, Timestamp, Tunnel } from "./observations.ts";
import type { TcpReader } from "./tcp-reader.ts";

const CLOSE_NOTIFY = 0;

/** Of a connection over TCP, what is known besides its packets. */
interface Known {
  readonly clientSide: 0 | 1;
  readonly reader: TcpReader | undefined;
  readonly isPseudo: boolean;
  readonly through: Tunnel | undefined;
  readonly inside: { readonly client?: Moment; readonly server?: Moment } | undefined;
}

/** `latest`: the latest moment of the capture so far. Empty for a connection that went well. */
export function tcpIncident(flow: Flow, known: Known, latest: Timestamp): string {
  const { clientSide, reader, through } = known;
  const client = flow.half(clientSide);
  const server = flow.half(clientSide === 0 ? 1 : 0);
  const clientStuck = stuckSegment(client, server);
  const serverStuck = stuckSegment(server, client);
  if (clientStuck === undefined && serverStuck === undefined && wentWell(known, client, server)) return "";
  const stuck = [clientStuck, serverStuck];
  const asked = known.inside === undefined ? client.firstDataFrame : (known.inside.client?.frame ?? 0);
  const answered = known.inside === undefined ? server.firstDataFrame : (known.inside.server?.frame ?? 0);
  const rtt = flow.synFrame > 0 && flow.synAckFrame > 0 ? flow.synAckAt - flow.synAt : 0;
  const since = [0, known.inside?.client?.at ?? rtt, ...stuck.map((segment) => segment?.at ?? 0)];
  if (reader !== undefined && reader.clientHelloFrame > 0) since.push(reader.clientHelloAt);
  const flags = [
    flow.syns >= MIN_TRIES,
    client.frames > 0,
    server.frames > 0,
    client.retransmissions > 0,
    client.unacknowledged > 0,
    client.unacknowledged >= client.bytes,
    losesFullSize(client, server),
    ...stuck.map((segment) => segment !== undefined && isStuck(segment)),
    ...waits(flow, client, clientSide, since, latest),
    reader !== undefined && reader.clientHelloAt - rtt >= PATIENCE,
  ];
  let text = ` ${bits(flags)} ${story(flow, known, asked, answered)}`;
  // What a capture has lost, its file may tell.
  if (server.lost > 0) text += ` in ${flow.file}`;
  if (through !== undefined && through.granted !== true) text += ` ${wanted(through)}`;
  return reader === undefined ? text : text + said(reader, clientSide);
}

/** Of datagrams that nobody answered. */
export function udpIncident(flow: Flow, tries: number, latest: Timestamp): string {
  return ` ${bits([tries >= MIN_TRIES, hasWaited(flow, latest, 0)])}`;
}

/**
 * The first segment of its size that was sent again and never acknowledged, while all that was smaller was. `other`: the side that
 * should have acknowledged it.
 */
export function stuckSegment(half: Half, other: Half): StuckSegment | undefined {
  const { grown, grownBefore, acked, repeated, repeats } = half;
  if (!half.ackedSet || repeats === 0 || repeated !== acked) return undefined;
  const found = grown?.sequence === acked ? grown : grownBefore;
  if (found?.sequence !== acked) return undefined;
  return { frame: found.frame, size: found.size, repeats, at: found.at, heard: other.frames - found.heard };
}

/** It was answered, and what was begun went on: then no rule asks how it ended. */
function wentWell({ reader, isPseudo, through, inside }: Known, client: Half, server: Half): boolean {
  const isAnswered = inside === undefined ? server.firstDataFrame > 0 : inside.server !== undefined;
  if (!isAnswered || isPseudo || client.lost > 0 || server.lost > 0) return false;
  if (through !== undefined && through.granted !== true) return false;
  if (reader?.isTls !== true) return true;
  const [one, other] = reader.sides;
  if (one.encryptedFrame === 0 || other.encryptedFrame === 0) return false;
  // In TLS 1.3 the end of a handshake is encrypted too.
  const isEnded = !reader.decrypted || reader.clientCertificates !== 0;
  return isEnded && reader.alerts.every(({ code }) => code === CLOSE_NOTIFY);
}

/** Whether the client waited long enough after each of these moments; last, whether it did after the last packet. */
function waits(flow: Flow, client: Half, clientSide: 0 | 1, since: readonly number[], latest: Timestamp): boolean[] {
  const last = { seconds: flow.lastSeconds, nanos: flow.lastNanos };
  const isClosed = client.finFrame > 0 || (flow.resetFrame > 0 && flow.resetSide === clientSide);
  const end = isClosed ? last : latest;
  return [...since, flow.since(last.seconds, last.nanos)].map((at) => hasWaited(flow, end, at));
}

function hasWaited(flow: Flow, end: Timestamp, at: number): boolean {
  return flow.since(end.seconds, end.nanos) - at >= PATIENCE;
}

/**
 * What came before what, a letter each: the first bytes of client and server, FIN and reset of each, an ICMP error, the hello, the
 * last handshake message of each, alerts. `=` between those of one frame.
 */
function story(flow: Flow, { clientSide, reader }: Known, asked: number, answered: number): string {
  const client = flow.half(clientSide);
  const server = flow.half(clientSide === 0 ? 1 : 0);
  const events: (readonly [frame: number, letter: string])[] = [
    [asked, "c"],
    [answered, "s"],
    [client.finFrame, "f"],
    [server.finFrame, "F"],
    [flow.resetFrame, flow.resetSide === clientSide ? "r" : "R"],
    [client.unreachable?.frame ?? 0, "u"],
  ];
  if (reader !== undefined) {
    const last: [number, number] = [0, 0];
    for (const { side, frame } of reader.messages) last[side] = frame;
    events.push([reader.clientHelloFrame, "h"], [last[clientSide], "m"], [last[clientSide === 0 ? 1 : 0], "M"]);
    for (const { side, frame } of reader.alerts) events.push([frame, side === clientSide ? "a" : "A"]);
  }
  let text = "";
  let before = 0;
  for (const [frame, letter] of events.sort(([one], [other]) => one - other)) {
    if (frame === 0) continue;
    text += frame === before ? `=${letter}` : letter;
    before = frame;
  }
  return text;
}

/** What was said in the handshake and to it. */
function said(reader: TcpReader, clientSide: 0 | 1): string {
  const { messages, sides } = reader;
  let text = "";
  for (const side of [clientSide, clientSide === 0 ? 1 : 0] as const) {
    const { encryptedFrame, changeCipherSpecFrame, head } = sides[side];
    text += ` ${bits([encryptedFrame > 0, changeCipherSpecFrame > 0])}`;
    for (const { side: by, name } of messages) if (by === side) text += ` ${name}`;
    // By these anybody can see whether it is TLS.
    if (reader.isTls && head.length > 0) text += ` ${head.bytes[0]}.${head.bytes[1]}`;
  }
  return text;
}

/** How a proxy wants to be told who asks; the rest is made for each request. */
function wanted({ headers }: Tunnel): string {
  return headers
    .filter(({ name }) => name.toLowerCase() === "proxy-authenticate")
    .map(({ value }) => value.split(" ", 1)[0]?.toLowerCase())
    .join();
}

function bits(flags: readonly boolean[]): string {
  return flags.map(Number).join("");
}
