/**
 * Fetches one list from the URL that a person gave: the only place where this program opens a connection. Owns its limits and what is
 * said when it fails; knows no list.
 */
import { VERSION } from "../../version.ts";
import { UserError } from "../messages.ts";
import { MAX_BYTES } from "./vendor-list.ts";

/** Milliseconds for everything. A list of 100 kB takes one second over a bad line. */
const TIMEOUT = 30_000;

/** As many as a server needs to put its own pages in order. */
const MAX_REDIRECTS = 5;

const BY_HAND = "or download the list with a browser and pass the file to --from";

/** Does the text ask for a download, and not for a file? */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(text);
}

/** Follows redirects within the same host only. Throws UserError. */
export async function download(from: string): Promise<Uint8Array> {
  let url = toUrl(from);
  const signal = AbortSignal.timeout(TIMEOUT);
  try {
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const response = await fetch(url.href, {
        redirect: "manual",
        signal,
        headers: { "user-agent": `sightline/${VERSION}`, accept: "application/json, text/plain, */*;q=0.5" },
      });
      const location = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
      if (location === null) return await body(from, response);
      await response.body?.cancel();
      const next = URL.canParse(location, url.href) ? new URL(location, url.href) : undefined;
      if (next === undefined) throw new UserError(`${from}: leads to what is no address: ${location}`);
      if (next.origin !== url.origin)
        throw new UserError(
          `${from}: leads to another server, ${next.href}`,
          `if you mean that one: --from '${next.href}'`,
        );
      url = next;
    }
    throw new UserError(`${from}: leads from one page to the next, more than ${MAX_REDIRECTS} times`);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw explained(from, error);
  }
}

function toUrl(text: string): URL {
  if (!URL.canParse(text)) throw new UserError(`${text}: no address that can be`);
  const url = new URL(text);
  if (url.protocol !== "https:")
    throw new UserError(`${text}: not https`, "without TLS anybody on the way could change the list");
  if (url.username !== "" || url.password !== "")
    throw new UserError(
      `${url.host}: the address holds a password`,
      "lists of vendors need none, and the address is kept with the list",
    );
  return url;
}

async function body(from: string, response: Response): Promise<Uint8Array> {
  if (!response.ok) {
    await response.body?.cancel();
    throw new UserError(`${from}: the server answered ${`${response.status} ${response.statusText}`.trim()}`);
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += piece.length;
    // Leaving the loop ends the download.
    if (length > MAX_BYTES) throw new UserError(`${from}: more than ${MAX_BYTES} bytes: no vendor's list is that long`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, length);
}

function explained(from: string, error: unknown): UserError {
  if ((error as Error).name === "TimeoutError")
    return new UserError(`${from}: not there after ${TIMEOUT / 1000} seconds`, "try again,", BY_HAND);
  const cause = (error as { cause?: NodeJS.ErrnoException }).cause;
  const code = cause?.code ?? cause?.message ?? (error as Error).message;
  if (/CERT|SIGNATURE|ISSUER/.test(code)) {
    return new UserError(
      `${from}: its certificate is not trusted (${code})`,
      "perhaps a proxy intercepts this connection too: let Node trust its CA with NODE_EXTRA_CA_CERTS,",
      BY_HAND,
    );
  }
  return new UserError(`${from}: cannot be fetched (${code})`, "check the address and the network,", BY_HAND);
}
