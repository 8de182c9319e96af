/**
 * Versions of QUIC: what differs between those that are read, and what the others are called. Owns the constants of RFC 9001
 * section 5 and RFC 9369 section 3.3; knows nothing of packets.
 */
import { fromHex } from "../../bytes/text.ts";

export const QUIC_V1 = 1;
export const QUIC_V2 = 0x6b3343cf;

export type PacketType = "initial" | "0-rtt" | "handshake" | "retry";

export interface Version {
  /** From which the keys of Initial packets are derived. */
  readonly salt: Uint8Array;
  readonly labels: { readonly key: string; readonly iv: string; readonly hp: string };
  /** With which a Retry proves that its sender saw the client's packet. */
  readonly retry: { readonly key: Uint8Array; readonly nonce: Uint8Array };
  /** By the two type bits of a long header. */
  readonly types: readonly PacketType[];
}

/** Those that are read. */
export const VERSIONS: ReadonlyMap<number, Version> = new Map([
  [
    QUIC_V1,
    {
      salt: fromHex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
      labels: { key: "quic key", iv: "quic iv", hp: "quic hp" },
      retry: { key: fromHex("be0c690b9f66575a1d766b54e368c84e"), nonce: fromHex("461599d35d632bf2239825bb") },
      types: ["initial", "0-rtt", "handshake", "retry"],
    },
  ],
  [
    QUIC_V2,
    {
      salt: fromHex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
      labels: { key: "quicv2 key", iv: "quicv2 iv", hp: "quicv2 hp" },
      retry: { key: fromHex("8fb4b01b56ac48e260fbcbcead7ccc92"), nonce: fromHex("d86969bc2d7c6d9990efb04a") },
      types: ["retry", "initial", "0-rtt", "handshake"],
    },
  ],
]);

/** `1`, `2`, `draft-29`, `Q050`; `reserved` for those that only make the other side negotiate; else `0xfaceb002`. */
export function quicVersionName(version: number): string {
  if (version === QUIC_V1) return "1";
  if (version === QUIC_V2) return "2";
  if (isDraft(version)) return `draft-${version & 0xff}`;
  if (isReserved(version)) return "reserved";
  if (isGoogle(version)) return String.fromCharCode(...[24, 16, 8, 0].map((shift) => (version >>> shift) & 0xff));
  return `0x${version.toString(16).padStart(8, "0")}`;
}

/**
 * One that somebody speaks or has spoken, or a reserved one: what is none of these may be any bytes. `0x709a50c4` was the draft of
 * version 2; `0xfaceb00x` are Meta's, `0xabcd000x` Microsoft's (both as registered with IANA).
 */
export function isQuicVersion(version: number): boolean {
  return (
    VERSIONS.has(version) ||
    isDraft(version) ||
    isReserved(version) ||
    isGoogle(version) ||
    version === 0x709a50c4 ||
    (version & 0xfffffff0) >>> 0 === 0xfaceb000 ||
    (version & 0xfffffff0) >>> 0 === 0xabcd0000
  );
}

/** Of the IETF. */
function isDraft(version: number): boolean {
  return version >>> 8 === 0xff0000;
}

/** RFC 9000 section 15. */
function isReserved(version: number): boolean {
  return (version & 0x0f0f0f0f) === 0x0a0a0a0a;
}

/** `Q039` to `Q050`, `T050`, `T051`. */
function isGoogle(version: number): boolean {
  const [first, ...digits] = [24, 16, 8, 0].map((shift) => (version >>> shift) & 0xff);
  return (first === 0x51 || first === 0x54) && digits.every((digit) => digit >= 0x30 && digit <= 0x39);
}
