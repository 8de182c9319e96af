/**
 * What a list of a vendor's addresses and names may hold: a list that would take half of the Internet for a meeting service makes
 * everything that is said with it wrong. Owns the limits; knows no format.
 */
import { ParseError } from "../../bytes/parse-error.ts";
import { AddressIndex, compareBlocks, isWithin, parseBlock } from "../../diagnose/address-index.ts";
import { isPublicSuffix } from "../../diagnose/context.ts";

/** The longest known (Microsoft 365, all services) has a few hundred. */
const MAX_BLOCKS = 10_000;
/** A service has some dozens. */
const MAX_NAMES = 1000;
/** Microsoft's widest is a /14, those of IPv6 a /36: wider ones belong to registries. Bits of IPv4 and of IPv6. */
const WIDEST = { ipv4: 10, ipv6: 24 } as const;
/** A sixty-fourth of all IPv4 addresses; the largest known list has 650 000. */
const MAX_ADDRESSES = 2 ** 26;

/** Nobody's on the Internet (RFC 1918, RFC 6890, RFC 5771, RFC 4193, RFC 4291): no vendor can mean them. */
const NOT_UNICAST = new AddressIndex(
  [
    ["0.0.0.0/8", "nobody's"],
    ["10.0.0.0/8", "private"],
    ["100.64.0.0/10", "private"],
    ["127.0.0.0/8", "this machine's own"],
    ["169.254.0.0/16", "private"],
    ["172.16.0.0/12", "private"],
    ["192.168.0.0/16", "private"],
    ["224.0.0.0/3", "for groups, not for servers"],
    ["::/96", "this machine's own"],
    ["fc00::/7", "private"],
    ["fe80::/10", "private"],
    ["ff00::/8", "for groups, not for servers"],
  ].map(([block, what]) => ({ blocks: [block as string], what })),
);

/**
 * Blocks in the order of their addresses, without those inside others. Throws ParseError when one is none, when one cannot be a
 * service's, and when there are too many.
 */
export function checkBlocks(blocks: readonly string[]): string[] {
  if (blocks.length > MAX_BLOCKS)
    throw new ParseError(
      "limit",
      "blocks",
      0,
      `${blocks.length} address ranges: no service has more than ${MAX_BLOCKS}`,
    );
  const parsed = blocks.map((block) => ({ block: block.toLowerCase(), ...parseBlock(block) }));
  for (const { block, bits } of parsed) {
    const address = block.replace(/\/.*/, "");
    const [length, widest] = address.includes(":") ? [bits, WIDEST.ipv6] : [bits - 96, WIDEST.ipv4];
    if (length < widest)
      throw new ParseError(
        "malformed",
        "blocks",
        0,
        `${block} is too wide for a service: the widest may be a /${widest}`,
      );
    const special = NOT_UNICAST.find(address);
    if (special !== undefined)
      throw new ParseError("malformed", "blocks", 0, `${block} is ${special.list.what}, so it is no vendor's`);
  }
  parsed.sort(compareBlocks);
  const kept: typeof parsed = [];
  for (const each of parsed) {
    const around = kept.at(-1);
    if (around === undefined || !isWithin(each.words, around)) kept.push(each);
  }
  const addresses = kept.reduce((sum, { block, bits }) => sum + (block.includes(":") ? 0 : 2 ** (128 - bits)), 0);
  if (addresses > MAX_ADDRESSES)
    throw new ParseError("limit", "blocks", 0, `${addresses} addresses: no service has more than ${MAX_ADDRESSES}`);
  return kept.map(({ block }) => block);
}

/** Labels of letters, digits and hyphens (RFC 1123 section 2.1), before them perhaps `*.`. */
const NAME = /^(\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/;
/** RFC 1035 section 2.3.4, as text. */
const MAX_NAME_LENGTH = 253;

/**
 * Names in lower case, each once; those with a wildcard elsewhere than before the first dot apart, because nothing here matches them.
 * Throws ParseError when one is no host name, or covers what several owners share.
 */
export function checkNames(names: readonly string[]): { names: string[]; leftOut: string[] } {
  if (names.length > MAX_NAMES)
    throw new ParseError("limit", "names", 0, `${names.length} names: no service has more than ${MAX_NAMES}`);
  const kept = new Set<string>();
  const leftOut = new Set<string>();
  for (const given of names) {
    const name = given.toLowerCase();
    const domain = /^\*\.([^*]*)$/.exec(name)?.[1];
    if (name === "*" || (domain !== undefined && isPublicSuffix(domain)))
      throw new ParseError("malformed", "names", 0, `the name "${given.slice(0, 64)}" covers what has many owners`);
    if (name.replace(/^\*\./, "").includes("*")) leftOut.add(given);
    else if (name.length > MAX_NAME_LENGTH || !NAME.test(name))
      throw new ParseError("malformed", "names", 0, `"${given.slice(0, 64)}" is no host name`);
    else kept.add(name);
  }
  return { names: [...kept].sort(), leftOut: [...leftOut] };
}

/** Does the text begin as an address or a block does? Whether it is one is another question. */
export function looksLikeBlock(text: string): boolean {
  return /^(?:\d{1,3}\.|[0-9a-f]{0,4}:[0-9a-f]{0,4}:[0-9a-f:./]*$)/i.test(text);
}
