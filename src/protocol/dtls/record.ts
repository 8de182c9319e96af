/**
 * DTLS records of one datagram, and the handshake fragments in those that are not protected. Owns the structure; knows nothing of
 * UDP, of what is in a message, or of how fragments come together.
 *
 * Sources: RFC 6347 sections 4.1 and 4.2.2 (DTLS 1.2; 1.0 alike), RFC 9147 section 4 (DTLS 1.3), RFC 9146 (connection ids).
 */
import { Cursor } from "../../bytes/cursor.ts";

export interface DtlsRecord {
  /** 20 to 24 as in TLS, 25 with a connection id. */
  readonly type: number;
  /** 0xfeff, 0xfefd; 0x0100 of OpenSSL before 0.9.8f. */
  readonly version: number;
  /** 0: not protected. */
  readonly epoch: number;
  /** View of the input. */
  readonly content: Uint8Array;
}

/** A fragment of a handshake message, which may be all of it. */
export interface DtlsFragment {
  readonly type: number;
  /** Bytes of the whole message's body. */
  readonly length: number;
  /** message_seq: counts the messages of one side. */
  readonly sequence: number;
  /** Where in the body `data` stands. */
  readonly offset: number;
  /** View of the input. */
  readonly data: Uint8Array;
}

/** Whether a datagram may begin with a record that has its version in it: a cheap test for the many that do not. */
export function mayBeDtls(bytes: Uint8Array): boolean {
  const [type = 0, version] = bytes;
  return type >= FIRST_TYPE && type <= LAST_TYPE && (version === 0xfe || version === 0x01);
}

/**
 * The records of a datagram, up to the first protected one of DTLS 1.3, which hides what follows. Throws ParseError when the
 * datagram is not made of records to its end.
 */
export function dtlsRecords(datagram: Uint8Array): DtlsRecord[] {
  const cursor = new Cursor(datagram, "dtls");
  const records: DtlsRecord[] = [];
  do {
    const type = cursor.u8("type");
    if (type >> 5 === 1) return records;
    if (type < FIRST_TYPE || type > LAST_TYPE) throw cursor.fail("malformed", "type", "not one of DTLS");
    const version = cursor.u16("version");
    if (!DTLS_VERSIONS.has(version)) throw cursor.fail("malformed", "version", "not one of DTLS");
    const epoch = cursor.u16("epoch");
    cursor.take(6, "sequence");
    // Its length stands behind a connection id whose length nobody tells.
    if (type === WITH_CONNECTION_ID) return records;
    const content = cursor.take(cursor.u16("length"), "content");
    if (content.length === 0) throw cursor.fail("malformed", "content", "empty");
    records.push({ type, version, epoch, content });
  } while (cursor.remaining > 0);
  return records;
}

/** The handshake fragments in the content of a record of epoch 0. Throws ParseError. */
export function handshakeFragments(content: Uint8Array): DtlsFragment[] {
  const cursor = new Cursor(content, "dtlsHandshake");
  const fragments: DtlsFragment[] = [];
  while (cursor.remaining > 0) {
    const type = cursor.u8("type");
    const length = cursor.u24("length");
    const sequence = cursor.u16("sequence");
    const offset = cursor.u24("offset");
    const data = cursor.take(cursor.u24("fragmentLength"), "fragment");
    if (offset + data.length > length) throw cursor.fail("malformed", "offset", "reaches beyond the message");
    fragments.push({ type, length, sequence, offset, data });
  }
  return fragments;
}

/** DTLS 1.0, 1.2, and 1.0 as OpenSSL before 0.9.8f wrote it. */
const DTLS_VERSIONS: ReadonlySet<number> = new Set([0xfeff, 0xfefd, 0x0100]);

/** RFC 9147 section 4: protected records of DTLS 1.3 have types of their own, 001xxxxx; ACK is 26. */
const FIRST_TYPE = 20;
const WITH_CONNECTION_ID = 25;
const LAST_TYPE = 26;
