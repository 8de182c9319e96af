/**
 * CompressedCertificate (RFC 8879): back to the body of the Certificate message it stands for. Owns the bounds on what comes
 * out; decompression is a library's. Chrome offers Brotli, and large sites answer with it.
 */
import { Z_FINISH, Z_STREAM_END, ZStream, zlibInflate, zlibInflateInit } from "pako";
import { Cursor } from "../../bytes/cursor.ts";
import { ParseError } from "../../bytes/parse-error.ts";
import { ciphers } from "../ciphers.ts";

const ZLIB = 1;
const BROTLI = 2;

/** Chains have a few kB, post-quantum ones some 30; OpenSSL takes 100 KiB (SSL_MAX_CERT_LIST_DEFAULT). */
const MAX_LENGTH = 256 * 1024;

/** Throws ParseError when the body is damaged, too long, or compressed in another way (zstd; Brotli while it is not loaded). */
export function decompressCertificate(body: Uint8Array): Uint8Array {
  const cursor = new Cursor(body, "compressedCertificate");
  const algorithm = cursor.u16("algorithm");
  const length = cursor.u24("uncompressedLength");
  const packed = cursor.take(cursor.u24("length"), "message");
  cursor.end();
  if (length > MAX_LENGTH) throw cursor.fail("limit", "uncompressedLength", `${length} bytes`);
  const bytes =
    algorithm === ZLIB ? inflate(packed, length) : algorithm === BROTLI ? brotli(packed, length) : undefined;
  if (bytes === undefined) throw cursor.fail("unsupported", "algorithm", `algorithm ${algorithm}`);
  if (bytes.length !== length) throw cursor.fail("malformed", "message", `${bytes.length} bytes instead of ${length}`);
  return bytes;
}

function inflate(packed: Uint8Array, length: number): Uint8Array {
  const stream = new ZStream();
  zlibInflateInit(stream);
  stream.input = packed;
  stream.avail_in = packed.length;
  // One byte more shows that there is more.
  stream.output = new Uint8Array(length + 1);
  stream.avail_out = length + 1;
  if (zlibInflate(stream, Z_FINISH) !== Z_STREAM_END) throw damaged();
  return stream.output.subarray(0, stream.total_out);
}

function brotli(packed: Uint8Array, length: number): Uint8Array | undefined {
  const decompress = ciphers()?.brotli;
  if (decompress === undefined) return undefined;
  try {
    return decompress(packed, length);
  } catch {
    throw damaged();
  }
}

function damaged(): ParseError {
  return new ParseError("malformed", "compressedCertificate.message", 0, "does not decompress");
}
