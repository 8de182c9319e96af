/**
 * Which evidence wins, and above all what is no evidence: a port, a borrowed name, a conventional prefix without a Lync
 * service beside it.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SERVICES } from "../knowledge/services/index.ts";
import {
  findService,
  identifyService,
  isMeetingPort,
  isPublicServiceName,
  type ServiceClues,
  serviceContext,
} from "./service.ts";
import { ServiceLists } from "./service-lists.ts";

const nothing = serviceContext([]);
const tls: ServiceClues = { protocol: "tls", transport: "tcp", server: { ip: "192.0.2.10", port: 443 } };
const pseudoTls: ServiceClues = {
  protocol: "pseudo-tls",
  dialect: "ms-turn",
  transport: "tcp",
  server: { ip: "198.51.100.30", port: 443 },
};
const msTurn: ServiceClues = {
  ...pseudoTls,
  protocol: "turn",
  transport: "udp",
  server: { ip: "198.51.100.30", port: 3478 },
};
const turn: ServiceClues = { ...msTurn, dialect: "rfc5389" };

const at = (clues: ServiceClues, ip: string, port = clues.server.port): ServiceClues => ({
  ...clues,
  server: { ip, port },
});

describe("what is said on the wire", () => {
  test("pseudo-TLS and MS-TURN are an A/V Edge's", () => {
    expect(identifyService(pseudoTls, nothing)).toEqual({
      id: "lync",
      role: "av-edge",
      because: "pseudo-TLS client hello",
    });
    expect(identifyService(msTurn, nothing)).toEqual({ id: "lync", role: "av-edge", because: "MS-TURN magic cookie" });
  });

  test("ssltcp, and STUN or TURN with the RFC's cookie, are WebRTC's", () => {
    const ssltcp: ServiceClues = { ...tls, protocol: "ssltcp", dialect: "ssltcp" };
    expect(identifyService(ssltcp, nothing)).toMatchObject({ id: "webrtc", role: "turn-relay" });
    expect(identifyService(turn, nothing)).toMatchObject({ id: "webrtc", role: "turn-relay" });
    expect(identifyService({ ...turn, protocol: "stun" }, nothing)).toMatchObject({ id: "webrtc", role: "stun" });
  });

  test("STUN in a stream is a relay's when it is bare, a peer's in frames", () => {
    const stream: ServiceClues = { ...turn, protocol: "stun", transport: "tcp" };
    expect(identifyService({ ...stream, framing: "bare" }, nothing)).toMatchObject({ role: "turn-relay" });
    expect(identifyService({ ...stream, framing: "rfc4571" }, nothing)).toMatchObject({ role: "stun" });
  });

  test("what follows STUN on a port is of the same service: DTLS, media", () => {
    for (const protocol of ["dtls", "rtp"] as const)
      expect(identifyService({ ...turn, protocol }, nothing)).toMatchObject({ id: "webrtc", role: "stun" });
  });

  test("MS-TURN to an address of Teams is Teams', and makes no Lync of what is beside it", () => {
    const relay = at(msTurn, "52.112.0.1");
    expect(identifyService(relay, nothing)).toMatchObject({ id: "teams", role: "media-relay" });
    expect(serviceContext([relay]).lync).toBe(false);
    expect(identifyService(at(pseudoTls, "52.112.0.1"), nothing)).toMatchObject({ id: "lync" });
    // The address of a proxy says nothing.
    expect(identifyService({ ...relay, proxied: true }, nothing)).toMatchObject({ id: "lync" });
  });

  test("STUN without any cookie tells nothing", () => {
    expect(identifyService({ ...turn, protocol: "stun", dialect: "rfc3489" }, nothing)).toBeUndefined();
  });

  test("it comes before a name", () => {
    expect(identifyService({ ...pseudoTls, serverName: "relay.zoom.us" }, nothing)).toMatchObject({ id: "lync" });
  });
});

describe("names", () => {
  test.each([
    ["pool.lync.com", "lync", undefined],
    ["teams.microsoft.com", "teams", undefined],
    ["euaz.tr.teams.microsoft.com", "teams", "media-relay"],
    ["us04web.zoom.us", "zoom", undefined],
    ["zoom.us", "zoom", undefined],
    ["Litware.WebEx.com.", "webex", undefined],
    ["meet.google.com:443", "meet", "web"],
    ["meet.turns.goog", "meet", "media"],
  ])("%s is of %s", (serverName, id, role) => {
    const found = identifyService({ ...tls, serverName }, nothing);
    expect([found?.id, found?.role]).toEqual([id, role]);
  });

  test.each(["zoom.us.fabrikam.example", "notzoom.us", "accounts.google.com", "www.google.com", "us", ""])(
    "%j is of none",
    (serverName) => {
      expect(identifyService({ ...tls, serverName }, nothing)).toBeUndefined();
    },
  );

  test("the port tells the role where it fits only one", () => {
    const found = identifyService({ ...turn, serverName: "relay.teams.microsoft.com" }, nothing);
    expect(found).toEqual({ id: "teams", role: "media-relay", because: "name *.teams.microsoft.com" });
  });

  test("they come before addresses", () => {
    expect(identifyService({ ...at(tls, "52.112.0.1"), serverName: "zoom.us" }, nothing)).toMatchObject({ id: "zoom" });
  });
});

describe("conventional names of an Edge Server", () => {
  const expected = [
    ["sip.fabrikam.example", "access-edge"],
    ["webcon.fabrikam.example", "webconf-edge"],
    ["webconf.fabrikam.example", "webconf-edge"],
    ["av.fabrikam.example", "av-edge"],
  ] as const;

  test.each(expected)("%s alone is anybody's", (serverName) => {
    expect(identifyService({ ...tls, serverName }, nothing)).toBeUndefined();
  });

  test.each(expected)("%s beside a Lync service is its %s", (serverName, role) => {
    for (const evidence of [pseudoTls, msTurn, { ...tls, serverName: "pool.lync.com" }]) {
      const found = identifyService({ ...tls, serverName }, serviceContext([tls, evidence, tls]));
      expect(found).toMatchObject({ id: "lync", role });
    }
  });

  test("neither another service beside it nor another label makes one", () => {
    const zoom = serviceContext([{ ...tls, serverName: "zoom.us" }, turn]);
    expect(identifyService({ ...tls, serverName: "sip.fabrikam.example" }, zoom)).toBeUndefined();
    const lync = serviceContext([pseudoTls]);
    expect(identifyService({ ...tls, serverName: "www.fabrikam.example" }, lync)).toBeUndefined();
    expect(identifyService({ ...tls, serverName: "sip" }, lync)).toBeUndefined();
  });
});

describe("addresses", () => {
  test.each([
    ["52.112.0.0", "teams", "52.112.0.0/14, on the address list of 2026-06-06"],
    ["52.115.255.255", "teams", "52.112.0.0/14"],
    ["13.107.64.1", "teams", "13.107.64.0/18, on the address list of 2024-07-22"],
    ["52.120.0.9", "teams", "52.120.0.0/14, on the address list of 2022-07-28"],
    ["52.244.160.207", "teams", "52.244.160.207/32"],
    ["2603:1063:3ff:ffff::1", "teams", "2603:1063::/38"],
    ["3.7.35.127", "zoom", "3.7.35.0/25"],
    ["206.247.255.255", "zoom", "206.247.0.0/16"],
    ["23.89.1.2", "webex", "23.89.0.0/16"],
    ["2001:4860:4864:4:8000::", "meet", "2001:4860:4864:4:8000::/128"],
  ])("%s is of %s", (ip, id, because) => {
    const found = identifyService(at(tls, ip), nothing);
    expect(found?.id).toBe(id);
    expect(found?.because).toContain(because);
  });

  test.each([
    "52.111.255.255",
    "52.116.0.0",
    "52.244.160.206",
    "3.7.35.128",
    "2603:1063:400::",
    "2001:4860:4864:4:8000::1",
    "10.0.0.1",
    "::1",
    "::",
    "0.0.0.0",
  ])("%s is of none", (ip) => {
    expect(identifyService(at(tls, ip), nothing)).toBeUndefined();
  });

  test("they tell what the RFC's STUN and TURN alone do not", () => {
    expect(identifyService(at(turn, "52.112.0.1"), nothing)).toMatchObject({ id: "teams", role: "media-relay" });
  });

  test("a proxy's address says nothing", () => {
    const edges = serviceContext([{ ...pseudoTls, proxied: true }]);
    expect(edges).toMatchObject({ lync: true, avEdges: new Set(), hosts: new Set() });
    expect(identifyService({ ...at(tls, "52.112.0.1"), proxied: true }, edges)).toBeUndefined();
    expect(identifyService({ ...at(tls, "192.0.2.10", 5061), proxied: true }, edges)).toBeUndefined();
  });
});

describe("what the rest of the capture shows", () => {
  const beside = serviceContext([msTurn]);
  const unanswered: ServiceClues = { ...at(tls, "198.51.100.30"), protocol: "unknown" };

  test("a blocked TCP 443 of an address that speaks MS-TURN is the A/V Edge's", () => {
    expect(identifyService(unanswered, beside)).toMatchObject({ id: "lync", role: "av-edge" });
    expect(identifyService({ ...turn, protocol: "stun" }, beside)).toMatchObject({ id: "lync", role: "av-edge" });
    expect(identifyService(unanswered, nothing)).toBeUndefined();
  });

  test("another port of it, or another address, is not", () => {
    expect(identifyService(at(unanswered, "198.51.100.30", 8080), beside)).toBeUndefined();
    expect(identifyService(at(unanswered, "198.51.100.31"), beside)).toBeUndefined();
  });

  test("its Access Edge may listen on 443 under the same address: the name says so", () => {
    const signIn = { ...at(tls, "198.51.100.30"), serverName: "sip.fabrikam.example" };
    expect(identifyService(signIn, beside)).toMatchObject({ id: "lync", role: "access-edge" });
  });

  test("TLS on 5061 is an Access Edge's only beside a Lync service", () => {
    expect(identifyService(at(tls, "192.0.2.10", 5061), beside)).toMatchObject({ id: "lync", role: "access-edge" });
    expect(identifyService(at(tls, "192.0.2.10", 5061), nothing)).toBeUndefined();
  });
});

describe("other ports of a server that is known to be Lync's", () => {
  const frontEnd = at(tls, "10.9.8.7", 5061);
  const beside = serviceContext([msTurn, frontEnd, { ...at(tls, "10.9.8.6"), serverName: "sip.fabrikam.example" }]);

  test.each([
    [5062, "tcp", "av-authentication"],
    [5065, "tcp", "sharing-service"],
    [49_200, "tcp", "sharing-service"],
    [60_000, "udp", "sharing-service"],
    [8057, "tcp", "webconf-edge"],
    [8058, "tcp", "webconf-edge"],
    [4443, "tcp", "web"],
    [5269, "tcp", "xmpp-gateway"],
    [6900, "tcp", "other-client"],
  ] as const)("%i over %s is its %s", (port, transport, role) => {
    for (const ip of ["10.9.8.7", "10.9.8.6"]) {
      const clues: ServiceClues = { protocol: "unknown", transport, server: { ip, port } };
      expect(identifyService(clues, beside)).toEqual({
        id: "lync",
        role,
        because: `${transport.toUpperCase()} ${port} of ${ip}, a Lync server in this input`,
      });
      expect(identifyService({ ...clues, proxied: true }, beside)).toBeUndefined();
      expect(identifyService({ ...clues, server: { ip: "10.9.8.5", port } }, beside)).toBeUndefined();
      expect(identifyService(clues, serviceContext([frontEnd]))).toBeUndefined();
    }
  });

  test("a port that several roles have, or none, tells nothing", () => {
    for (const port of [443, 80, 3389]) expect(identifyService(at(tls, "10.9.8.7", port), beside)).toBeUndefined();
  });
});

describe("imported lists", () => {
  const imported = {
    service: "zoom",
    date: "2026-11-20",
    source: "Zoom.txt",
    sha256: "0".repeat(64),
    blocks: ["198.18.5.0/24", "52.112.0.0/14"],
    names: ["*.zoom-new.example"],
  } as const;
  const context = serviceContext([], new ServiceLists([imported]));

  test("tell the service by address and by name, and say of which list", () => {
    expect(findService(at(tls, "198.18.5.9", 8801), context)).toMatchObject({
      identity: {
        id: "zoom",
        role: "media",
        because: "198.18.5.9 is in 198.18.5.0/24, on the address list of 2026-11-20",
      },
      list: { source: "Zoom.txt" },
    });
    expect(findService({ ...tls, serverName: "us.zoom-new.example" }, context)).toMatchObject({
      identity: { id: "zoom", because: "name *.zoom-new.example, on the list of 2026-11-20" },
      list: { source: "Zoom.txt" },
    });
    expect(identifyService(at(tls, "198.18.5.9"), nothing)).toBeUndefined();
  });

  test("take nothing from built-in ones: of two services the first has the address, and built-in names come first", () => {
    expect(identifyService(at(tls, "52.112.0.1"), context)).toMatchObject({ id: "teams" });
    const greedy = serviceContext(
      [],
      new ServiceLists([{ ...imported, names: ["*.microsoft.com", "accounts.google.com"] }]),
    );
    expect(identifyService({ ...tls, serverName: "teams.microsoft.com" }, greedy)).toMatchObject({ id: "teams" });
    // Names that a vendor's services share tell none.
    expect(identifyService({ ...tls, serverName: "accounts.google.com" }, greedy)).toBeUndefined();
  });

  test("make no name a public service's, by which an interception could be told", () => {
    expect(isPublicServiceName("us.zoom-new.example")).toBe(false);
  });

  test("of one service the newest list tells", () => {
    const newer = { ...imported, blocks: ["206.247.0.0/16"] };
    expect(findService(at(tls, "206.247.1.1"), serviceContext([], new ServiceLists([newer])))?.list?.date).toBe(
      "2026-11-20",
    );
    const older = { ...newer, date: "2020-01-01" };
    expect(findService(at(tls, "206.247.1.1"), serviceContext([], new ServiceLists([older])))?.list?.date).toBe(
      "2026-06-06",
    );
  });
});

test("a port alone tells no service", () => {
  for (const service of SERVICES) {
    for (const { transport, ports } of service.roles.flatMap((role) => role.paths)) {
      for (const port of ports.flat()) {
        const clues: ServiceClues = { protocol: "unknown", transport, server: { ip: "192.0.2.10", port } };
        expect(identifyService(clues, nothing)).toBeUndefined();
        expect(identifyService(clues, serviceContext([pseudoTls]))).toBeUndefined();
        expect(identifyService({ ...clues, protocol: "tls" }, nothing)).toBeUndefined();
      }
    }
  }
});

test("ports that any program may use are no meeting's", () => {
  for (const port of [443, 5061, 5062, 8057, 50_000]) expect(isMeetingPort("tcp", port), `${port}`).toBe(true);
  for (const port of [22, 6891, 49_152, 65_535]) expect(isMeetingPort("tcp", port), `${port}`).toBe(false);
});

describe("isPublicServiceName", () => {
  test.each(["pool.lync.com", "teams.microsoft.com", " ZOOM.US. ", "accounts.google.com", "a.b.webex.com:443"])(
    "%j is one",
    (name) => {
      expect(isPublicServiceName(name)).toBe(true);
    },
  );

  test.each(["sip.fabrikam.example", "microsoft.com", "google.com", "xzoom.us", "zoom.us.evil.example", "", ".", "*"])(
    "%j is none",
    (name) => {
      expect(isPublicServiceName(name)).toBe(false);
    },
  );
});

test("any name and any port: no exception, and the role is one of the service's", () => {
  const labels = fc.constantFrom("sip", "zoom", "us", "teams", "microsoft", "com", "*", "", "x".repeat(300));
  const serverName = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(labels).map((parts) => parts.join(".")),
  );
  fc.assert(
    fc.property(serverName, fc.ipV4(), fc.integer({ min: 0, max: 65535 }), (name, ip, port) => {
      const clues = { ...at(tls, ip, port), serverName: name };
      const found = identifyService(clues, serviceContext([clues, pseudoTls]));
      if (found?.role === undefined) return;
      const service = SERVICES.find(({ id }) => id === found.id);
      expect(service?.roles.map(({ id }) => id)).toContain(found.role);
    }),
  );
});
