/**
 * A TURN server that was asked for a relay and said no: wrong credentials, a quota, no room, a policy. Nothing on the path does
 * that, and no cause of a verdict says it: the finding stands beside the verdict, and tells why media has no relay.
 */
import type { AllocationObservation, ConnectionObservation, StunObservation } from "../../observe/observations.ts";
import type { Finding } from "../finding.ts";
import { answer, type Rule } from "../rule.ts";
import { describe, short } from "../words.ts";

type Asked = ConnectionObservation & {
  readonly stun: StunObservation & { readonly allocation: AllocationObservation };
};

export const turnRefused: Rule = {
  id: "turn-refused",
  title: "a TURN server that refuses a relay",
  references: [
    "https://www.rfc-editor.org/rfc/rfc8656#section-7.4",
    "https://www.rfc-editor.org/rfc/rfc8656#section-19",
  ],
  doc: {
    about:
      "Looks for TURN servers that were asked for a relay and said no: wrong credentials, a quota, no room, a policy. Nothing on the path does that. It gives no cause, and stands beside the verdict: without a relay media may find no way.",
    finds: {
      proven: "always: the server's answer is in the capture, and no other request of the client's was granted there",
    },
    causes: [],
    innocent: [],
    advice: "Check the credentials that the client is given, the quota and the ports of the TURN server, and its log.",
  },
  check(context) {
    const asked = context.connections.filter(isAsked);
    const granted = new Set(asked.filter(({ stun }) => stun.allocated).map(pair));
    const refused = asked.filter(isRefused).filter((connection) => !granted.has(pair(connection)));
    return answer(refused.map(finding), asked.length);
  },
};

/** Clients ask for IPv6 as well as for IPv4, and do without the one that a server has not (RFC 8656 section 7.2). */
const FAMILY_NOT_SUPPORTED = 440;

function isAsked(connection: ConnectionObservation): connection is Asked {
  return connection.stun?.allocation !== undefined;
}

function isRefused({ stun: { allocation } }: Asked): boolean {
  return allocation.is === "refused" && allocation.error?.code !== FAMILY_NOT_SUPPORTED;
}

/** A relay that the same server granted to the same client is not missed: clients ask several times, and do with what they get. */
function pair({ client, server }: ConnectionObservation): string {
  return `${client.ip} ${server.ip}`;
}

function finding(connection: Asked): Finding {
  const { allocation } = connection.stun;
  const { error, frame } = allocation;
  const said = error === undefined ? "an error without a code" : `${error.code} ${short(error.reason)}`.trim();
  const { why, fix } = ADVICE[error?.code ?? 0] ?? OTHERWISE;
  return {
    confidence: "proven",
    connections: [connection],
    what: `${describe(connection)} refused the client a relay: ${said} (frame ${frame}).`,
    why,
    fix,
    evidence: [
      { file: connection.file, frame, path: "stun.errorCode", value: said, expected: "a success response to Allocate" },
    ],
  };
}

interface Advice {
  readonly why: string;
  readonly fix: string;
}

const CREDENTIALS: Advice = {
  why: "The client proved a password with the server's own nonce, and the server did not accept it. The path is fine.",
  fix: "Check the credentials that the client is given for the TURN server: the shared secret, their expiry, and both clocks.",
};

const OTHERWISE: Advice = {
  why: "The server answered, and its answer is no. The path is fine.",
  fix: "Look at the TURN server's log for this request.",
};

/** RFC 8656 section 19. */
const ADVICE: Readonly<Record<number, Advice>> = {
  401: CREDENTIALS,
  403: {
    why: "The server's policy does not allow this. The path is fine.",
    fix: "Look at what the TURN server allows: by user, by origin, by the client's address.",
  },
  431: CREDENTIALS,
  436: CREDENTIALS,
  437: {
    why: "The server still has an allocation for the client's address and port, made with other credentials or by another client behind the same NAT.",
    fix: "Let the client ask again from another port; if it happens often, look for a NAT that reuses ports too soon.",
  },
  441: CREDENTIALS,
  486: {
    why: "The user has as many relays as the server's quota allows. The path is fine.",
    fix: "Raise the quota of relays for each user on the TURN server, or let clients ask for fewer.",
  },
  508: {
    why: "The server has no room: no free port, or no bandwidth. The path is fine.",
    fix: "Give the TURN server more ports or another server beside it.",
  },
};
