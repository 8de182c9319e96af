/**
 * KeyLog: the handshake secrets of TLS 1.3 by the random of the ClientHello, read from key logs (the SSLKEYLOGFILE format of
 * NSS, draft-ietf-tls-keylogfile). Owns the format and the bound on what is remembered; knows nothing of how records are opened.
 *
 * Only what opens handshakes is kept, and the session tickets that follow them; data of the application is nobody's business here.
 */

/** Connections remembered, about 800 bytes each; past it the oldest are forgotten, as logs are appended to. */
const MAX_CONNECTIONS = 200_000;

/** The secret is as long as the hash of the cipher suite: SHA-256 or SHA-384. */
const LINE =
  /^(CLIENT_HANDSHAKE_TRAFFIC_SECRET|SERVER_HANDSHAKE_TRAFFIC_SECRET|SERVER_TRAFFIC_SECRET_0) ([0-9a-f]{64}) ([0-9a-f]{64}|[0-9a-f]{96})\s*$/gim;

/** Hexadecimal; of a connection that was logged in part not all. */
export interface HandshakeSecrets {
  client?: string;
  server?: string;
  /** What the server sends after its Finished: session tickets first. */
  serverTraffic?: string;
}

/** Whether a text has a line that `KeyLog.add` would take. */
export function isKeyLog(text: string): boolean {
  return text.search(LINE) >= 0;
}

export class KeyLog {
  private recent = new Map<string, HandshakeSecrets>();
  /** What was recent before: forgotten as a whole, for a Map from whose beginning is deleted gets slower and slower. */
  private older = new Map<string, HandshakeSecrets>();

  /** Connections of which something is known. */
  get size(): number {
    return this.recent.size + this.older.size;
  }

  /** Takes in a key log, whole or a piece that ends with a line; lines of any other kind are passed over. */
  add(text: string): void {
    for (const [, label = "", random = "", secret = ""] of text.matchAll(LINE)) {
      const secrets = this.secretsOf(random.toLowerCase());
      if (/^client/i.test(label)) secrets.client = secret;
      else if (/handshake/i.test(label)) secrets.server = secret;
      else secrets.serverTraffic = secret;
    }
  }

  /** `random`: of the ClientHello, lower-case hexadecimal. */
  find(random: string): HandshakeSecrets | undefined {
    return this.recent.get(random) ?? this.older.get(random);
  }

  private secretsOf(random: string): HandshakeSecrets {
    const known = this.find(random);
    if (known !== undefined) return known;
    if (this.recent.size >= MAX_CONNECTIONS / 2) {
      this.older = this.recent;
      this.recent = new Map();
    }
    const secrets: HandshakeSecrets = {};
    this.recent.set(random, secrets);
    return secrets;
  }
}
