/**
 * Prelude: what is said in the clear on a TCP connection before TLS begins on it: a tunnel asked of an HTTP proxy, STARTTLS in
 * a mail or chat protocol. Owns how such a dialogue is recognised by its first bytes; knows nothing of TLS or frames.
 */
import { toLatin1 } from "../../bytes/text.ts";
import { HttpConnect } from "./http-connect.ts";
import { StartTls } from "./starttls.ts";

export interface Prelude {
  readonly protocol: "http-connect" | "smtp" | "imap" | "pop3" | "xmpp";
  /**
   * Takes what one side says next, `bytes[start..end)`, carried by `frame`. Answers the index of the first byte that belongs to
   * what follows the prelude on that side, `end` when there is none yet.
   */
  data(fromClient: boolean, bytes: Uint8Array, start: number, end: number, frame: number): number;
  /** What that side says next is no part of the prelude any more. */
  isOver(fromClient: boolean): boolean;
  /** `length` bytes of one side were never captured. */
  gap(fromClient: boolean, length: number): void;
  /** Nothing that follows can be read: it is not what it seemed to be, or too long. */
  readonly dead: boolean;
}

interface Beginning {
  readonly text: string;
  readonly fromClient: boolean;
  make(): Prelude;
}

const BEGINNINGS: readonly Beginning[] = [
  { text: "CONNECT ", fromClient: true, make: () => new HttpConnect() },
  { text: "<?xml", fromClient: true, make: () => new StartTls("xmpp") },
  { text: "<stream:stream", fromClient: true, make: () => new StartTls("xmpp") },
  { text: "220 ", fromClient: false, make: () => new StartTls("smtp") },
  { text: "220-", fromClient: false, make: () => new StartTls("smtp") },
  { text: "* OK", fromClient: false, make: () => new StartTls("imap") },
  { text: "+OK", fromClient: false, make: () => new StartTls("pop3") },
];
const LONGEST = Math.max(...BEGINNINGS.map(({ text }) => text.length));
/** Less of a beginning that was cut by a segment's end says too little. */
const SHORTEST = 3;

/** The prelude that the first bytes of a connection begin, and whether the client sent them; undefined when they begin none. */
export function beginPrelude(
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly prelude: Prelude; readonly fromClient: boolean } | undefined {
  // Nearly every connection begins with a TLS record.
  if (end - start < SHORTEST || (bytes[start] as number) < 0x20) return undefined;
  const text = toLatin1(bytes.subarray(start, Math.min(end, start + LONGEST)));
  const found = BEGINNINGS.find((one) => text.startsWith(one.text) || one.text.startsWith(text));
  return found === undefined ? undefined : { prelude: found.make(), fromClient: found.fromClient };
}
