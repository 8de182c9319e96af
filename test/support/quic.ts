/** What the tests of QUIC's readers start from. */
import { Hellos } from "../../src/observe/hellos.ts";
import type { QuicShared } from "../../src/observe/quic-reader.ts";

/** What the readers of a capture share, at its beginning; `connections`: how many may be opened. */
export const quicShared = (connections = 1): QuicShared => ({
  hellos: new Hellos("q"),
  connections,
  failures: 100,
  met: false,
});
