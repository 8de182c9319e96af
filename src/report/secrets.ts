/**
 * The TLS secrets that a capture carries, handed out with the ClientHello that they belong to: what opens other connections stays
 * behind. Owns the looking; knows nothing of what secrets open.
 */
import { toHex, toLatin1 } from "../bytes/text.ts";
import type { Frame } from "../capture/frame.ts";

/** Label, random of the ClientHello, secret: a line of a key log (NSS). */
const LINE = /^[A-Z0-9_]+ ([0-9a-f]{64}) [0-9a-f]+\s*$/gim;
const HANDSHAKE_LINE = /^(?:CLIENT|SERVER)_HANDSHAKE_TRAFFIC_SECRET /i;
const RANDOM = 32;

/** Type and length of the message, version; then the random (RFC 8446 section 4.1.2). */
const CLIENT_HELLO = 1;
const BEFORE_RANDOM = 6;

const ASCII = new TextEncoder();

export class Secrets {
  /** Lines by random. */
  private readonly lines = new Map<string, string[]>();

  /** Takes in a key log. */
  add(log: Uint8Array): void {
    for (const [line, random = ""] of toLatin1(log).matchAll(LINE)) {
      const key = random.toLowerCase();
      const known = this.lines.get(key);
      if (known === undefined) this.lines.set(key, [line.trim()]);
      else known.push(line.trim());
    }
  }

  /**
   * The key log of the connection whose ClientHello begins in this frame; once. `kind`: with `handshake` what opens the handshake of
   * TLS 1.3 alone. Nothing that follows it can be derived from that (RFC 8446 section 7.1).
   */
  of({ bytes, start, captured }: Frame, kind: "all" | "handshake"): Uint8Array | undefined {
    if (this.lines.size === 0) return undefined;
    const end = start + captured - BEFORE_RANDOM - RANDOM;
    for (let at = start; at <= end; at++) {
      // A hello is shorter than 64 KiB, and all versions begin with 3.
      if (bytes[at] !== CLIENT_HELLO || bytes[at + 1] !== 0 || bytes[at + 4] !== 3) continue;
      const random = toHex(bytes.subarray(at + BEFORE_RANDOM, at + BEFORE_RANDOM + RANDOM));
      const lines = this.lines.get(random);
      if (lines === undefined) continue;
      this.lines.delete(random);
      const given = kind === "all" ? lines : lines.filter((line) => HANDSHAKE_LINE.test(line));
      return given.length === 0 ? undefined : ASCII.encode(`${given.join("\n")}\n`);
    }
    return undefined;
  }
}
