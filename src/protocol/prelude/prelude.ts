/**
 * Prelude: what is said in the clear on a TCP connection before TLS begins on it: a tunnel asked of a proxy (HTTP, SOCKS),
 * STARTTLS in a mail or chat protocol, RDP's upgrade. Owns how such a dialogue is recognised by its first bytes; knows nothing of TLS or frames.
 */
import { toLatin1 } from "../../bytes/text.ts";
import { HttpConnect } from "./http-connect.ts";
import { beginsRdp, RdpUpgrade } from "./rdp.ts";
import { beginsSocks, Socks } from "./socks.ts";
import { StartTls } from "./starttls.ts";

export interface Prelude {
  readonly protocol: "http-connect" | "socks" | "smtp" | "imap" | "pop3" | "xmpp" | "rdp";
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

/** First bytes of what is no text. */
const SOCKS_4 = 4;
const SOCKS_5 = 5;
const TPKT = 3;

/** The prelude that the first bytes of a connection begin, and whether the client sent them; undefined when they begin none. */
export function beginPrelude(
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly prelude: Prelude; readonly fromClient: boolean } | undefined {
  const first = bytes[start] as number;
  if (end - start < SHORTEST) return undefined;
  // Nearly every connection begins with a TLS record.
  if (first < 0x20) return binary(first, bytes, start, end);
  const text = toLatin1(bytes.subarray(start, Math.min(end, start + LONGEST)));
  const found = BEGINNINGS.find((one) => text.startsWith(one.text) || one.text.startsWith(text));
  return found === undefined ? undefined : { prelude: found.make(), fromClient: found.fromClient };
}

function binary(first: number, bytes: Uint8Array, start: number, end: number): ReturnType<typeof beginPrelude> {
  if ((first === SOCKS_5 || first === SOCKS_4) && beginsSocks(bytes, start, end))
    return { prelude: new Socks(), fromClient: true };
  if (first === TPKT && beginsRdp(bytes, start, end)) return { prelude: new RdpUpgrade(), fromClient: true };
  return undefined;
}
