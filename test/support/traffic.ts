/**
 * Traffic of many connections on one clock: whole TLS 1.2 connections and unanswered requests, each event with its time, and the
 * capture of them all. Knows nothing of what is made of it.
 */
import { concat, pcapHeader, pcapRecord } from "./capture-writer.ts";
import { ACK, Conversation, type Peer, SYN, udpFrame } from "./packets.ts";
import {
  APPLICATION_DATA,
  CLIENT_KEY_EXCHANGE,
  certificate,
  clientHello,
  FINISH,
  flight,
  SERVER_HELLO_DONE,
  SERVER_KEY_EXCHANGE,
  serverFlight,
  serverHello,
} from "./tls-messages.ts";

/** 2026-09-21. */
export const START = 1_790_000_000;

/** `at`: seconds after START. */
export interface Event {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface Connection {
  readonly at: number;
  readonly client: Peer;
  readonly server: Peer;
  readonly name: string;
  readonly chain?: readonly Uint8Array[];
  /** Session id that the server gives out. */
  readonly session?: Uint8Array;
  /** Session id that the client offers, and is resumed with. */
  readonly resumes?: Uint8Array;
  /** Seconds from the hello to its answer. */
  readonly hello?: number;
  /** When it is closed. */
  readonly until?: number;
  /** ServerHello alone in its packet. */
  readonly split?: boolean;
  readonly sequence?: number;
}

/** A whole handshake of TLS 1.2; the server's flight in segments of at most `size` bytes. */
export function handshake(talk: Conversation, name: string, chain: readonly Uint8Array[], size?: number): Conversation {
  return talk
    .say("client", flight(clientHello({ name })))
    .say("server", serverFlight(...chain), size)
    .say("client", concat(flight(CLIENT_KEY_EXCHANGE), FINISH))
    .say("server", FINISH);
}

export function connection(given: Connection): Event[] {
  const { client, server, name, chain = [], session = new Uint8Array(0), resumes, hello = 0.001 } = given;
  const talk = new Conversation({ client, server, clientStart: given.sequence ?? 1000 });
  const events: Event[] = [];
  let at = given.at;
  const say = (after: number, act: () => unknown): void => {
    at += after;
    const before = talk.frames.length;
    act();
    for (const bytes of talk.frames.slice(before)) events.push({ at, bytes });
  };
  say(0, () => talk.segment("client", SYN));
  say(0.001, () => talk.segment("server", SYN | ACK));
  say(0.0001, () => talk.segment("client", ACK));
  say(0, () => talk.say("client", flight(clientHello({ name, ...(resumes !== undefined && { session: resumes }) }))));
  if (resumes !== undefined) {
    say(hello, () => talk.say("server", concat(flight(serverHello({ session: resumes })), FINISH)));
    say(0.001, () => talk.say("client", FINISH));
  } else {
    const rest = [certificate(...chain), SERVER_KEY_EXCHANGE, SERVER_HELLO_DONE];
    const first = serverHello({ session });
    say(hello, () => talk.say("server", given.split === true ? flight(first) : flight(first, ...rest)));
    if (given.split === true) say(0.001, () => talk.say("server", flight(...rest)));
    say(0.001, () => talk.say("client", concat(flight(CLIENT_KEY_EXCHANGE), FINISH)));
    say(0.001, () => talk.say("server", FINISH));
  }
  say(0.001, () => talk.say("client", APPLICATION_DATA));
  say(0.001, () => talk.say("server", APPLICATION_DATA));
  say((given.until ?? at + 0.001) - at, () => talk.fin("client").fin("server").ack("client"));
  return events;
}

/** A SYN, sent again twice, that nobody answers. */
export function unansweredSyns(at: number, client: Peer, server: Peer): Event[] {
  const [bytes] = new Conversation({ client, server }).segment("client", SYN).frames as [Uint8Array];
  return [0, 1.5, 4.5].map((after) => ({ at: at + after, bytes }));
}

/** Datagrams that nobody answers. */
export function unansweredUdp(at: number, client: Peer, server: Peer, payload: Uint8Array): Event[] {
  return [0, 1, 2].map((after) => ({ at: at + after, bytes: udpFrame(client, server, payload) }));
}

/** In order of time. */
export function captureOf(events: readonly Event[]): Uint8Array {
  const records = events
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, bytes }) => {
      const micros = Math.round(at * 1e6);
      return pcapRecord(bytes, { seconds: START + Math.floor(micros / 1e6), fraction: micros % 1e6 });
    });
  return concat(pcapHeader(), ...records);
}
