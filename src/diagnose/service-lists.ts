/**
 * The dated lists of what belongs to a service: those that are built in, and those that a person has imported. Owns their order
 * and the look-ups; knows nothing of connections.
 */
import { SERVICES } from "../knowledge/services/index.ts";
import type { AddressList, ServiceId } from "../knowledge/services/service.ts";
import { AddressIndex, type Listed } from "./address-index.ts";

/** A vendor's list as `sightline update-knowledge` keeps it. */
export interface ImportedList {
  readonly service: ServiceId;
  /** YYYY-MM-DD: the vendor said so on this day. */
  readonly date: string;
  /** Name of the file, or URL. */
  readonly source: string;
  /** Of the file as it came, in hexadecimal. */
  readonly sha256: string;
  /** CIDR blocks, IPv4 and IPv6. */
  readonly blocks: readonly string[];
  /** Host names, `*.` and a domain for all below it. */
  readonly names: readonly string[];
}

export interface ServiceList extends AddressList {
  readonly service: ServiceId;
  /** Besides those that are built in. */
  readonly names: readonly string[];
  /** Of what was imported; undefined: built in. */
  readonly sha256: string | undefined;
}

export class ServiceLists {
  /** In the order of services, then the newest first. */
  readonly all: readonly ServiceList[];
  readonly #index: AddressIndex<ServiceList>;
  readonly #named: readonly ServiceList[];

  /** Throws ParseError when a block is none. */
  constructor(imported: readonly ImportedList[] = []) {
    this.all = SERVICES.flatMap(({ id, addresses }) => {
      const own = imported.filter(({ service }) => service === id);
      const builtIn = addresses.map((list) => ({ ...list, service: id, names: [], sha256: undefined }));
      // Stable: of one day the imported one is the fuller.
      return [...own, ...builtIn].sort((one, other) => (one.date === other.date ? 0 : one.date < other.date ? 1 : -1));
    });
    this.#index = new AddressIndex(this.all);
    this.#named = this.all.filter(({ names }) => names.length > 0);
  }

  /** Throws ParseError when `ip` is no address. */
  byAddress(ip: string): Listed<ServiceList> | undefined {
    return this.#index.find(ip);
  }

  /** `host` in lower case, without a dot at its end. */
  byName(host: string): { readonly list: ServiceList; readonly name: string } | undefined {
    for (const list of this.#named) {
      const name = list.names.find((pattern) => covers(pattern, host));
      if (name !== undefined) return { list, name };
    }
    return undefined;
  }

  /** The newest of a service; undefined when it has none. */
  newest(service: ServiceId): ServiceList | undefined {
    return this.all.find((list) => list.service === service);
  }
}

let builtIn: ServiceLists | undefined;

/** Made when first needed: not every run judges. */
export function builtInLists(): ServiceLists {
  builtIn ??= new ServiceLists();
  return builtIn;
}

/** `*.zoom.us` covers `zoom.us` and all below it. */
export function covers(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return host === pattern;
  return host === pattern.slice(2) || host.endsWith(pattern.slice(1));
}
