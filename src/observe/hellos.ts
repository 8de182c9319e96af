/**
 * What is kept of the hellos of a connection: name, version and fingerprints instead of the bytes. Owns the sharing of what
 * is the same on many connections: a capture has thousands of hellos and a handful of programs that send them.
 */
import { ja3, ja3s, ja4 } from "../protocol/tls/fingerprints.ts";
import type { ClientHello, ServerHello } from "../protocol/tls/messages.ts";

/** Shapes whose fingerprints are remembered; a client that varies its hello at every connection must not cost memory. */
const MAX_SHAPES = 4096;

export interface ObservedClientHello {
  /** legacy_version as sent, e.g. 0x0303. */
  readonly version: number;
  /** server_name, lower case. */
  readonly serverName?: string;
  /** Undefined for a hello in SSLv2 format, for which they are not defined. */
  readonly ja3?: string;
  readonly ja4?: string;
}

export interface ObservedServerHello {
  readonly cipherSuite: number;
  /** ALPN answered in the clear. */
  readonly alpn?: string;
  readonly ja3s: string;
}

type ClientShape = Omit<ObservedClientHello, "serverName">;

export class Hellos {
  private readonly clients = new Map<string, ClientShape>();
  private readonly servers = new Map<string, ObservedServerHello>();

  client(hello: ClientHello): ObservedClientHello {
    const shape = remembered(this.clients, clientKey(hello), () => {
      const [one, four] = [ja3(hello), ja4(hello, "t")];
      return {
        version: hello.version,
        ...(one !== undefined && { ja3: one }),
        ...(four !== undefined && { ja4: four }),
      };
    });
    return hello.serverName === undefined ? shape : { ...shape, serverName: hello.serverName };
  }

  server(hello: ServerHello): ObservedServerHello {
    const types = hello.extensions?.map(({ type }) => type).join();
    return remembered(this.servers, `${hello.version} ${hello.cipherSuite} ${types} ${hello.alpn}`, () => ({
      cipherSuite: hello.cipherSuite,
      ...(hello.alpn !== undefined && { alpn: hello.alpn }),
      ja3s: ja3s(hello),
    }));
  }
}

function remembered<T>(known: Map<string, T>, key: string, make: () => T): T {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  if (known.size < MAX_SHAPES) known.set(key, made);
  return made;
}

/** Everything the fingerprints look at. */
function clientKey(hello: ClientHello): string {
  const types = hello.extensions?.map(({ type }) => type);
  return [
    hello.format,
    hello.version,
    hello.cipherSuites,
    types,
    hello.supportedGroups,
    hello.ecPointFormats,
    hello.signatureAlgorithms,
    hello.supportedVersions,
    JSON.stringify(hello.alpn),
  ].join(" ");
}
