/** What the tests of QUIC's readers start from. */
import { CertificatePool } from "../../src/observe/certificate-pool.ts";
import { Hellos } from "../../src/observe/hellos.ts";
import type { QuicShared } from "../../src/observe/quic-reader.ts";
import { KeyLog } from "../../src/protocol/tls/key-log.ts";

/** What the readers of a capture share, at its beginning; `connections`: how many may be opened. */
export const quicShared = (connections = 1, keyLog = new KeyLog()): QuicShared => ({
  hellos: new Hellos("q"),
  pool: new CertificatePool(),
  keyLog,
  connections,
  failures: 100,
  met: false,
});
