/**
 * KeyLog: the secrets of TLS connections by the random of the ClientHello, read from key logs (the SSLKEYLOGFILE format of NSS,
 * draft-ietf-tls-keylogfile). Owns the format and the bound on what is remembered; knows nothing of how records are opened.
 *
 * What is kept opens handshakes of TLS 1.3, and the first data of the application, which show whether TURN is inside.
 */

/** Connections remembered, about 1 kB each; past it the oldest are forgotten, as logs are appended to. */
const MAX_CONNECTIONS = 200_000;

/** A secret of TLS 1.3 is as long as the hash of the cipher suite: SHA-256 or SHA-384; the master secret has 48 bytes. */
const LINE =
  /^(CLIENT_HANDSHAKE_TRAFFIC_SECRET|SERVER_HANDSHAKE_TRAFFIC_SECRET|CLIENT_TRAFFIC_SECRET_0|SERVER_TRAFFIC_SECRET_0|CLIENT_RANDOM) ([0-9a-f]{64}) ([0-9a-f]{64}|[0-9a-f]{96})\s*$/gim;

/** Hexadecimal; of a connection that was logged in part not all. */
export interface TlsSecrets {
  client?: string;
  server?: string;
  /** What the client sends after its Finished. */
  clientTraffic?: string;
  /** What the server sends after its Finished: session tickets first. */
  serverTraffic?: string;
  /** Master secret, up to TLS 1.2. */
  master?: string;
}

const FIELDS: Readonly<Record<string, keyof TlsSecrets>> = {
  CLIENT_HANDSHAKE_TRAFFIC_SECRET: "client",
  SERVER_HANDSHAKE_TRAFFIC_SECRET: "server",
  CLIENT_TRAFFIC_SECRET_0: "clientTraffic",
  SERVER_TRAFFIC_SECRET_0: "serverTraffic",
  CLIENT_RANDOM: "master",
};

/** Whether a text has a line that `KeyLog.add` would take. */
export function isKeyLog(text: string): boolean {
  return text.search(LINE) >= 0;
}

export class KeyLog {
  private recent = new Map<string, TlsSecrets>();
  /** What was recent before: forgotten as a whole, for a Map from whose beginning is deleted gets slower and slower. */
  private older = new Map<string, TlsSecrets>();

  /** Connections of which something is known. */
  get size(): number {
    return this.recent.size + this.older.size;
  }

  /** Takes in a key log, whole or a piece that ends with a line; lines of any other kind are passed over. */
  add(text: string): void {
    for (const [, label = "", random = "", secret = ""] of text.matchAll(LINE)) {
      this.secretsOf(random.toLowerCase())[FIELDS[label.toUpperCase()] as keyof TlsSecrets] = secret;
    }
  }

  /** `random`: of the ClientHello, lower-case hexadecimal. */
  find(random: string): TlsSecrets | undefined {
    return this.recent.get(random) ?? this.older.get(random);
  }

  private secretsOf(random: string): TlsSecrets {
    const known = this.find(random);
    if (known !== undefined) return known;
    if (this.recent.size >= MAX_CONNECTIONS / 2) {
      this.older = this.recent;
      this.recent = new Map();
    }
    const secrets: TlsSecrets = {};
    this.recent.set(random, secrets);
    return secrets;
  }
}
