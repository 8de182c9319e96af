/**
 * FINGERPRINT of a STUN message: a CRC-32 by which receivers tell STUN from whatever else comes to the same port. Owns the
 * computation; knows nothing of messages.
 *
 * Sources: RFC 8489 section 14.7; ISO-HDLC CRC-32 (polynomial 0x04c11db7, reflected).
 */

/** RFC 8489: the CRC is XORed with it, so that it differs from a CRC that an application has of the same bytes. */
const STUN_XOR = 0x5354554e;

const POLYNOMIAL = 0xedb88320;

/** Entry of the table that Windows Live Messenger and Lync have written with a digit too few (libnice: WLM2009), and what it became. */
const MISTYPED = 0x8bbeb8ea;
const AS_TYPED = 0x08bbe8ea;

/** Whether `value` (4 bytes) is the fingerprint of a message whose bytes before the attribute are `covered`. */
export function isFingerprint(value: Uint8Array, covered: Uint8Array): boolean {
  if (value.length !== 4) return false;
  const [a = 0, b = 0, c = 0, d = 0] = value;
  const sent = ((a << 24) | (b << 16) | (c << 8) | d) ^ STUN_XOR;
  return sent === crc32(covered, MISTYPED) || sent === crc32(covered, AS_TYPED);
}

/** The value of the attribute for a message whose bytes before it are `covered`, as a signed number. */
export function fingerprintOf(covered: Uint8Array): number {
  return crc32(covered, MISTYPED) ^ STUN_XOR;
}

/** As a signed number. `disputed`: the entry that implementations do not agree on. */
function crc32(bytes: Uint8Array, disputed: number): number {
  const entries = table();
  let crc = -1;
  for (const byte of bytes) {
    const entry = entries[(crc ^ byte) & 0xff] as number;
    crc = (entry === MISTYPED ? disputed : entry) ^ (crc >>> 8);
  }
  return ~crc;
}

let made: Uint32Array | undefined;

/** Made when first needed: most captures have no fingerprint. */
function table(): Uint32Array {
  made ??= Uint32Array.from({ length: 256 }, (_, index) => {
    let entry = index;
    for (let bit = 0; bit < 8; bit++) entry = (entry & 1) === 1 ? (entry >>> 1) ^ POLYNOMIAL : entry >>> 1;
    return entry;
  });
  return made;
}
