/**
 * Builds TLS records and handshake messages, and the two pseudo-TLS dialogues, for tests. Independent of src/protocol on
 * purpose: a shared mistake would hide itself.
 */
import { fromHex } from "../../src/bytes/text.ts";
import { concat, ints, payload } from "./capture-writer.ts";

const vector = (size: 1 | 2, ...parts: readonly Uint8Array[]): Uint8Array => {
  const content = concat(...parts);
  return concat(ints(true, [content.length, size]), content);
};

export const u24 = (value: number): Uint8Array => ints(true, [value >> 16, 1], [value & 0xffff, 2]);

export const record = (type: number, content: Uint8Array, version = 0x0303): Uint8Array =>
  concat(ints(true, [type, 1], [version, 2], [content.length, 2]), content);

export const message = (type: number, body: Uint8Array): Uint8Array =>
  concat(ints(true, [type, 1]), u24(body.length), body);

/** Handshake messages in one record. */
export const flight = (...messages: readonly Uint8Array[]): Uint8Array => record(22, concat(...messages));

export const CHANGE_CIPHER_SPEC = record(20, Uint8Array.of(1));
/** A handshake record after ChangeCipherSpec, as a Finished is. */
export const FINISHED = record(22, payload(40, 0x90));
/** How each side ends a handshake of TLS 1.2. */
export const FINISH = concat(CHANGE_CIPHER_SPEC, FINISHED);
export const APPLICATION_DATA = record(23, payload(60, 0x90));
export const alert = (level: number, code: number): Uint8Array => record(21, Uint8Array.of(level, code));

export const extension = (type: number, content: Uint8Array): Uint8Array =>
  concat(ints(true, [type, 2]), vector(2, content));

export interface HelloOptions {
  readonly name?: string;
  readonly session?: Uint8Array;
  readonly ticket?: Uint8Array;
  /** First identity of pre_shared_key. */
  readonly psk?: Uint8Array;
  /** Further extensions. */
  readonly more?: Uint8Array;
}

export function clientHello(options: HelloOptions = {}): Uint8Array {
  const { name, session = new Uint8Array(0), ticket, psk, more = new Uint8Array(0) } = options;
  const extensions = concat(
    more,
    ...(name === undefined
      ? []
      : [extension(0, vector(2, Uint8Array.of(0), vector(2, new TextEncoder().encode(name))))]),
    ...(ticket === undefined ? [] : [extension(35, ticket)]),
    ...(psk === undefined
      ? []
      : [extension(41, concat(vector(2, vector(2, psk), ints(true, [0, 4])), vector(2, vector(1, payload(32)))))]),
  );
  return message(
    1,
    concat(
      ints(true, [0x0303, 2]),
      payload(32, 0x20),
      vector(1, session),
      vector(2, ints(true, [0xc02f, 2], [0x1301, 2])),
      vector(1, Uint8Array.of(0)),
      vector(2, extensions),
    ),
  );
}

interface ServerHelloOptions {
  readonly session?: Uint8Array;
  readonly tls13?: boolean;
  readonly psk?: boolean;
  readonly random?: Uint8Array;
  /** Further extensions. */
  readonly more?: Uint8Array;
}

export function serverHello(options: ServerHelloOptions = {}): Uint8Array {
  const { session = new Uint8Array(0), tls13 = false, psk = false, more = new Uint8Array(0) } = options;
  const { random = payload(32, 0x60) } = options;
  const extensions = concat(
    more,
    ...(tls13 ? [extension(43, ints(true, [0x0304, 2]))] : []),
    ...(psk ? [extension(41, ints(true, [0, 2]))] : []),
  );
  return message(
    2,
    concat(
      ints(true, [0x0303, 2]),
      random,
      vector(1, session),
      ints(true, [tls13 ? 0x1301 : 0xc02f, 2], [0, 1]),
      vector(2, extensions),
    ),
  );
}

export function certificate(...chain: readonly Uint8Array[]): Uint8Array {
  const list = concat(...chain.map((der) => concat(u24(der.length), der)));
  return message(11, concat(u24(list.length), list));
}

export const SERVER_HELLO_DONE = message(14, new Uint8Array(0));
export const SERVER_KEY_EXCHANGE = message(12, payload(40));
export const CERTIFICATE_REQUEST = message(
  13,
  concat(vector(1, Uint8Array.of(1)), vector(2, ints(true, [0x0401, 2])), vector(2)),
);
/** What a server answers to a hello in TLS 1.2, in one record. */
export const serverFlight = (...chain: readonly Uint8Array[]): Uint8Array =>
  flight(serverHello(), certificate(...chain), SERVER_KEY_EXCHANGE, SERVER_HELLO_DONE);
export const CLIENT_KEY_EXCHANGE = message(16, payload(33));
export const CERTIFICATE_VERIFY = message(15, payload(68));
export const newSessionTicket = (ticket: Uint8Array): Uint8Array =>
  message(4, concat(ints(true, [300, 4]), vector(2, ticket)));

// --- pseudo-TLS

/** [MS-TURN] section 2.1.1; the random is any. */
export const MS_TURN_HELLO = concat(fromHex("160301002d 010000290301"), payload(32, 0x40), fromHex("00 00020018 0100"));
export const MS_TURN_ANSWER = concat(
  fromHex("160301004e 020000460301"),
  payload(32, 0x50),
  fromHex("20"),
  payload(32, 0x70),
  fromHex("001800 0e000000"),
);

/** WebRTC's socket_adapters.cc. */
export const SSLTCP_HELLO = fromHex(
  "804601 0301002d00000010 0100800300800700c0060040020080040080000004 00feff00000a00fefe000009000064000062000003000006 1f170ca62f0078fc46552eb18339f1ea",
);
export const SSLTCP_ANSWER = fromHex(
  "160301004a 020000460301 428545a727a95da0b3c5e753da482b3fc65aca89c15852a1783c5b174600853f 20 0ed306725b5b1b5f15ac13f988539d9be83d7b0c30326e384da27557416c345c 000400",
);

/** An MS-TURN message in its frame ([MS-TURN] section 2.1.4): the magic cookie attribute alone. */
export function msTurnFrame(type = 3): Uint8Array {
  const cookie = fromHex("000f 0004 72c64bc6");
  const stun = concat(ints(true, [type, 2], [cookie.length, 2]), payload(16, 3), cookie);
  return concat(ints(true, [2, 1], [0, 1], [stun.length, 2]), stun);
}

/** A STUN Binding message without attributes, bare, as it follows ssltcp. */
export const bareStun = (type: number): Uint8Array =>
  concat(ints(true, [type, 2], [0, 2], [0x2112a442, 4]), payload(12, 9));
