/**
 * StunDialogue: what the STUN and TURN messages of one connection come to: whether requests are answered, which addresses the
 * server told, and how the allocation of a relay ended. Knows nothing of what carried the messages, or of verdicts.
 */
import { ParseError } from "../bytes/parse-error.ts";
import { toHex } from "../bytes/text.ts";
import type { Writable } from "../bytes/writable.ts";
import {
  alternateServer,
  errorCode,
  isAuthenticated,
  lifetime,
  mappedAddress,
  nonce,
  realm,
  relayedAddress,
  type StunError,
  software,
  streamType,
} from "../protocol/stun/attributes.ts";
import { ALLOCATE, isTurn, type StunMessage } from "../protocol/stun/message.ts";
import type { AllocationObservation, StunObservation } from "./observations.ts";

/** Requests remembered until answered, and bytes of their nonces. */
const MAX_REQUESTS = 32;
const MAX_NONCE = 128;

/** Errors after which a client asks again, with what the error told it (RFC 8489 section 9.2.4; 430 to 435: [MS-TURN] section 3.3.5). */
const CHALLENGES: ReadonlySet<number> = new Set([401, 430, 432, 434, 435, 438]);
const UNAUTHENTICATED = 401;
const TRY_ALTERNATE = 300;

interface Asked {
  readonly at: number;
  /** Of the nonce that came with a password's proof, hexadecimal; undefined without proof. */
  readonly nonce: string | undefined;
}

export class StunDialogue {
  /** Who asked first; who answers is the server. */
  readonly clientSide: 0 | 1;
  /** A message of TURN was among them. */
  turn = false;
  private readonly seen: Writable<StunObservation>;
  private readonly asked = new Map<string, Asked>();
  private allocation: Writable<AllocationObservation> | undefined = undefined;
  /** The last one that came with a challenge. */
  private nonce: string | undefined = undefined;

  constructor(side: 0 | 1, first: StunMessage) {
    const { dialect } = first;
    this.clientSide = first.class === "request" ? side : side === 0 ? 1 : 0;
    this.seen = { dialect, requests: 0, responses: 0, allocate: false, allocated: false };
  }

  get observation(): StunObservation {
    const { seen, allocation } = this;
    return allocation === undefined ? seen : { ...seen, allocation };
  }

  /** A request or a response. */
  message(side: 0 | 1, message: StunMessage, frame: number, at: number): void {
    // In ICE both sides ask; whose requests are answered matters for the one who asked first.
    const fromClient = side === this.clientSide;
    if (fromClient !== (message.class === "request")) return;
    if (isTurn(message)) this.turn = true;
    if (fromClient) this.request(message, frame, at);
    else this.response(message, frame, at);
  }

  private request(message: StunMessage, frame: number, at: number): void {
    const { seen, asked } = this;
    const id = toHex(message.transactionId);
    if (!asked.has(id) && asked.size < MAX_REQUESTS) {
      asked.set(id, { at, nonce: isAuthenticated(message) ? nonceOf(message) : undefined });
    }
    seen.requests++;
    seen.firstRequestFrame ??= frame;
    if (message.method !== ALLOCATE) return;
    seen.allocate = true;
    if (this.allocation === undefined || this.allocation.is === "challenged") {
      this.allocation = { is: "unanswered", frame };
      const stream = told(() => streamType(message));
      if (stream !== undefined) this.allocation.stream = stream;
    }
  }

  private response(message: StunMessage, frame: number, at: number): void {
    const { seen } = this;
    const asked = this.asked.get(toHex(message.transactionId));
    seen.responses++;
    seen.firstResponseFrame ??= frame;
    if (asked !== undefined) seen.rtt ??= at - asked.at;
    const program = told(() => software(message));
    const domain = told(() => realm(message));
    const mapped = message.class === "success" ? told(() => mappedAddress(message)) : undefined;
    if (program !== undefined) seen.software ??= program;
    if (domain !== undefined) seen.realm ??= domain;
    if (mapped !== undefined) seen.mapped ??= mapped;
    if (message.method === ALLOCATE) this.answer(message, asked, frame);
  }

  /** What the server made of an Allocate request. An allocation that stands is not undone by what fails after it. */
  private answer(message: StunMessage, asked: Asked | undefined, frame: number): void {
    if (this.seen.allocated) return;
    const stream = this.allocation?.stream;
    const made: Writable<AllocationObservation> = { is: "allocated", frame };
    if (stream !== undefined) made.stream = stream;
    this.allocation = made;
    if (message.class === "success") {
      this.seen.allocated = true;
      const relay = told(() => relayedAddress(message));
      const seconds = told(() => lifetime(message));
      if (relay !== undefined) made.relay = relay;
      if (seconds !== undefined) made.lifetime = seconds;
      return;
    }
    const error = told(() => errorCode(message));
    if (error === undefined) {
      made.is = "refused";
      return;
    }
    made.error = error;
    made.is = this.outcome(error, asked);
    const alternate = error.code === TRY_ALTERNATE ? told(() => alternateServer(message)) : undefined;
    if (alternate !== undefined) made.alternate = alternate;
    this.nonce = nonceOf(message) ?? this.nonce;
  }

  /** Who proves a password with the nonce of the last challenge, and is challenged again, has the wrong one. */
  private outcome({ code }: StunError, asked: Asked | undefined): AllocationObservation["is"] {
    if (code === TRY_ALTERNATE) return "redirected";
    if (!CHALLENGES.has(code)) return "refused";
    const tried = asked?.nonce !== undefined && asked.nonce === this.nonce;
    return code === UNAUTHENTICATED && tried ? "refused" : "challenged";
  }
}

/** Hexadecimal. Honest ones have fewer than 128 characters (RFC 8489 section 14.10); of longer ones the beginning. */
function nonceOf(message: StunMessage): string | undefined {
  const given = told(() => nonce(message));
  return given && toHex(given.subarray(0, MAX_NONCE));
}

/** What an attribute says; undefined when it is not there, or malformed: the rest of the message is still true. */
function told<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
