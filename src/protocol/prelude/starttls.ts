/**
 * STARTTLS: a mail or chat session that goes on in TLS: SMTP (RFC 3207), IMAP (RFC 9051 section 6.2.1), POP3 (RFC 2595), XMPP
 * (RFC 6120 section 5). Owns when both sides have agreed; knows nothing else of these protocols.
 */
import { toLatin1 } from "../../bytes/text.ts";
import { Lines } from "../lines.ts";
import { HANDSHAKE } from "../tls/record.ts";
import type { Prelude } from "./prelude.ts";

type LineProtocol = "smtp" | "imap" | "pop3";

/** Bytes of a session without TLS that are looked through. */
const MAX_SESSION = 64 * 1024;
/** What is kept of an XML stream to find an element whose bytes come in pieces. */
const MAX_ELEMENT = 256;

export class StartTls implements Prelude {
  readonly protocol: LineProtocol | "xmpp";
  private readonly client = new Lines();
  private readonly server = new Lines();
  private seen = 0;
  private asked = false;
  private accepted = false;
  /** IMAP: the tag of the command. */
  private tag = "";
  /** XMPP: the end of what was read, by side. */
  private readonly tails = ["", ""];

  constructor(protocol: LineProtocol | "xmpp") {
    this.protocol = protocol;
  }

  get dead(): boolean {
    return this.seen > MAX_SESSION && !this.accepted;
  }

  data(fromClient: boolean, bytes: Uint8Array, start: number, end: number): number {
    if (this.accepted) return start;
    if (fromClient && this.asked && bytes[start] === HANDSHAKE) return start;
    this.seen += end - start;
    if (this.dead) return end;
    return this.protocol === "xmpp"
      ? this.xml(fromClient, bytes, start, end)
      : this.lines(fromClient, bytes, start, end);
  }

  isOver(): boolean {
    return this.accepted;
  }

  gap(fromClient: boolean): void {
    (fromClient ? this.client : this.server).gap();
    this.tails[fromClient ? 0 : 1] = "";
  }

  private lines(fromClient: boolean, bytes: Uint8Array, start: number, end: number): number {
    const lines = fromClient ? this.client : this.server;
    let at = start;
    while (at < end) {
      at = lines.next(bytes, at, end);
      if (at < 0) return end;
      if (fromClient) this.command(lines.line);
      else this.reply(lines.line);
      if (!fromClient && this.accepted) return at;
      // Nothing may follow the command before the answer: what does is TLS whose permission is stored later.
      if (fromClient && this.asked && at < end && bytes[at] === HANDSHAKE) return at;
    }
    return end;
  }

  private command(line: string): void {
    switch (this.protocol) {
      case "smtp":
        this.asked = /^STARTTLS\s*$/i.test(line);
        return;
      case "imap": {
        const tag = /^(\S{1,100}) STARTTLS\s*$/i.exec(line)?.[1];
        this.asked = tag !== undefined;
        this.tag = tag ?? "";
        return;
      }
      case "pop3":
        this.asked = /^STLS\s*$/i.test(line);
        return;
    }
  }

  private reply(line: string): void {
    const answer = this.asked ? this.answer(line) : undefined;
    if (answer === undefined) return;
    this.accepted = answer;
    this.asked = answer;
  }

  /** Whether a line grants what was asked for; undefined when it says nothing of it. */
  private answer(line: string): boolean | undefined {
    switch (this.protocol) {
      case "smtp":
        // Lines of one reply but the last have a hyphen behind the code (RFC 5321 section 4.2.1).
        return /^\d{3}(?: |$)/.test(line) ? line.startsWith("220") : undefined;
      case "imap":
        return line.startsWith(`${this.tag} `) ? /^OK(?: |$)/i.test(line.slice(this.tag.length + 1)) : undefined;
      default:
        return /^(?:\+OK|-ERR)/i.test(line) ? line.startsWith("+") : undefined;
    }
  }

  private xml(fromClient: boolean, bytes: Uint8Array, start: number, end: number): number {
    const side = fromClient ? 0 : 1;
    const before = this.tails[side] as string;
    const text = before + toLatin1(bytes.subarray(start, end));
    this.tails[side] = text.slice(-MAX_ELEMENT);
    if (fromClient) {
      if (/<starttls[\s/>]/.test(text)) this.asked = true;
      return end;
    }
    const proceed = this.asked ? /<proceed(?:\s[^>]{0,200})?>/.exec(text) : null;
    if (proceed === null) return end;
    this.accepted = true;
    return Math.min(end, Math.max(start, start + proceed.index + proceed[0].length - before.length));
  }
}
