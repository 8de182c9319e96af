/**
 * Hand-made Reports for the tests of what renders them: the story (a capture of the lab, numbers as tshark shows them) and
 * one per other kind of answer. They know the schema only, nothing of how a Report comes about.
 */
import type { Report, ReportConnection } from "../../src/report/schema.ts";

const client = "10.20.0.50";
const generator = { name: "sightline", version: "0.1.0" } as const;

const ISSUER =
  "CN=Websense Public Primary Certificate Authority, OU=Websense Endpoint, O=Websense\\, Inc., L=San Diego, ST=California, C=US";
const SIP_LEAF = "471704d33bf5d2b8675a41e3653582fccc089d39ef8844b0f32752ae96766034";
const WEBCONF_LEAF = "6fbbafec60301aa2782989f6479fcc8f7f3444053705821a43f42470a5e0d5a0";
const WEBSENSE_ROOT = "4d496af4401f2a7d59b34ff176a20e07ff6f6bc9566611ee9743133f70b58a78";
const WEBSENSE_KEY = "493066ae87ec5a37284ff4bac92acabd28e4d9f34d6feb7f249b2b483bbaefb0";
const WEBSENSE = {
  id: "forcepoint-content-gateway",
  name: "Forcepoint Web Security (Websense)",
  named: "by-issuer",
} as const;

const websense = {
  issuer: ISSUER,
  notBefore: "2024-12-22T10:47:17Z",
  notAfter: "2033-09-25T22:38:41Z",
  key: "RSA 2048",
  signature: "sha256WithRSAEncryption",
  spkiSha256: WEBSENSE_KEY,
  embeddedScts: 0,
};

function connection(
  id: string,
  server: string,
  port: number,
  rest: Omit<ReportConnection, "id" | "file" | "transport" | "client" | "server"> & { clientPort: number },
): ReportConnection {
  const { clientPort, ...fields } = rest;
  return {
    id,
    file: 0,
    transport: id.startsWith("tcp") ? "tcp" : "udp",
    client: { ip: client, port: clientPort },
    server: { ip: server, port },
    ...fields,
  };
}

const sip = connection("tcp/0", "198.51.100.20", 443, {
  clientPort: 37104,
  serverName: "sip.fabrikam.example",
  protocol: "tls",
  frames: { first: 3, last: 24, count: 22 },
  time: { from: "2026-11-22T21:00:48.904833Z", to: "2026-11-22T21:00:49.077661Z" },
  bytes: { fromClient: 452, fromServer: 5412 },
  handshake: [
    { from: "client", message: "ClientHello", frame: 6, frames: [6], record: 1, at: 0.000219, length: 208 },
    { from: "server", message: "ServerHello", frame: 8, frames: [8], record: 1, at: 0.008091, length: 61 },
    { from: "server", message: "Certificate", frame: 12, frames: [8, 10, 12], record: 1, at: 0.008138, length: 2996 },
    { from: "server", message: "ServerKeyExchange", frame: 12, frames: [12], record: 1, at: 0.008138, length: 296 },
    { from: "server", message: "ServerHelloDone", frame: 12, frames: [12], record: 1, at: 0.008138, length: 0 },
    { from: "client", message: "ClientKeyExchange", frame: 14, frames: [14], record: 2, at: 0.009165, length: 33 },
    { from: "server", message: "NewSessionTicket", frame: 15, frames: [15], record: 2, at: 0.009449, length: 166 },
  ],
  tls: { version: "TLS 1.2", cipher: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", alerts: [], decrypted: false },
  certificates: [
    { sha256: SIP_LEAF, frame: 12 },
    { sha256: WEBSENSE_ROOT, frame: 12 },
  ],
  trust: { is: "private-root", anchor: ISSUER },
  timing: { tcpRtt: 0.000039, hello: 0.007872 },
  outcome: "closed",
  service: { id: "lync", role: "access-edge", because: "name sip.… beside an MS-TURN dialogue" },
  verdict: {
    is: "intercepted",
    confidence: "proven",
    cause: "tls-interception",
    interceptor: WEBSENSE,
    findings: ["f1"],
  },
});

const webconf: ReportConnection = {
  ...sip,
  id: "tcp/2",
  client: { ip: client, port: 55616 },
  server: { ip: "198.51.100.31", port: 443 },
  serverName: "webconf.fabrikam.example",
  frames: { first: 42, last: 62, count: 21 },
  time: { from: "2026-11-22T21:00:49.592682Z", to: "2026-11-22T21:00:49.734916Z" },
  handshake: [
    { from: "client", message: "ClientHello", frame: 45, frames: [45], record: 1, at: 0.000276, length: 212 },
    { from: "server", message: "ServerHello", frame: 47, frames: [47], record: 1, at: 0.008247, length: 61 },
    { from: "server", message: "Certificate", frame: 51, frames: [47, 49, 51], record: 1, at: 0.008302, length: 3004 },
  ],
  certificates: [
    { sha256: WEBCONF_LEAF, frame: 51 },
    { sha256: WEBSENSE_ROOT, frame: 51 },
  ],
  service: { id: "lync", role: "webconf-edge", because: "name webconf.… beside an MS-TURN dialogue" },
};

const sharing = connection("tcp/1", "198.51.100.30", 443, {
  clientPort: 45458,
  protocol: "pseudo-tls",
  frames: { first: 29, last: 39, count: 11 },
  time: { from: "2026-11-22T21:00:49.249609Z", to: "2026-11-22T21:00:49.557826Z" },
  bytes: { fromClient: 50, fromServer: 7 },
  handshake: [{ from: "client", message: "ClientHello", frame: 32, frames: [32], record: 1, at: 0.000532, length: 41 }],
  tls: {
    alerts: [{ from: "server", level: "fatal", description: "handshake_failure", frame: 34, at: 0.007527 }],
    decrypted: false,
  },
  certificates: [],
  timing: { tcpRtt: 0.000083, hello: 0.006995 },
  outcome: "alert",
  service: { id: "lync", role: "av-edge", because: "pseudo-TLS client hello" },
  verdict: {
    is: "intercepted",
    confidence: "likely",
    cause: "tls-interception",
    interceptor: WEBSENSE,
    findings: ["f2"],
  },
});

const media = connection("udp/1", "198.51.100.30", 3478, {
  clientPort: 47713,
  protocol: "turn",
  frames: { first: 25, last: 28, count: 4 },
  time: { from: "2026-11-22T21:00:49.117314Z", to: "2026-11-22T21:00:49.192015Z" },
  bytes: { fromClient: 172, fromServer: 264 },
  handshake: [],
  certificates: [],
  timing: {},
  outcome: "open",
  service: { id: "lync", role: "av-edge", because: "MS-TURN magic cookie" },
  verdict: { is: "not-judged", findings: [] },
});

const dns = connection("udp/0", "192.0.2.53", 53, {
  clientPort: 48291,
  protocol: "dns",
  frames: { first: 1, last: 2, count: 2 },
  time: { from: "2026-11-22T21:00:48.891003Z", to: "2026-11-22T21:00:48.904680Z" },
  bytes: { fromClient: 38, fromServer: 54 },
  handshake: [],
  certificates: [],
  timing: {},
  outcome: "open",
  verdict: { is: "not-judged", findings: [] },
  alike: 1,
});

/** lab/d37: desktop sharing of Lync behind a Websense gateway; audio and video work over UDP. */
export const story: Report = {
  schema: "sightline/report/1",
  generator,
  input: {
    kind: "capture",
    files: [
      {
        name: "d37-sharing-before-websense-squid.pcap",
        bytes: 15934,
        format: "pcap",
        frames: 62,
        from: "2026-11-22T21:00:48.891003Z",
        to: "2026-11-22T21:00:49.734916Z",
        problems: [],
      },
    ],
    vantage: "client",
  },
  verdict: {
    is: "intercepted",
    confidence: "proven",
    judged: 3,
    notJudged: 0,
    headline:
      "Forcepoint Web Security (Websense) intercepts TLS to the Lync Edge; desktop sharing over 198.51.100.30:443 cannot work through it.",
    next: "Add 198.51.100.20/32, 198.51.100.30/32 and 198.51.100.31/32 to the SSL decryption bypass list, then capture again.",
  },
  connections: [sip, sharing, webconf, dns, media],
  certificates: {
    [SIP_LEAF]: {
      ...websense,
      subject: "CN=sip.fabrikam.example",
      serial: "6279a18cdce10f1e562eba6f51f3378b046c95ff",
      names: ["sip.fabrikam.example"],
    },
    [WEBCONF_LEAF]: {
      ...websense,
      subject: "CN=webconf.fabrikam.example",
      serial: "7621bd2e1801c677d13ca8c9e2a5a6ef437d4eb0",
      names: ["webconf.fabrikam.example"],
    },
    [WEBSENSE_ROOT]: { ...websense, subject: ISSUER, serial: "f4be78c29a01e7e6d4704d05841d6f", names: [] },
  },
  totals: { connections: 6, handshakes: 3, chains: 2, frames: 62, bytes: 14918 },
  groups: [
    {
      server: sip.server,
      serverName: "sip.fabrikam.example",
      protocol: "tls",
      leaf: SIP_LEAF,
      verdict: "intercepted",
      connections: 1,
      firstId: "tcp/0",
    },
    { server: sharing.server, protocol: "pseudo-tls", verdict: "intercepted", connections: 1, firstId: "tcp/1" },
    {
      server: webconf.server,
      serverName: "webconf.fabrikam.example",
      protocol: "tls",
      leaf: WEBCONF_LEAF,
      verdict: "intercepted",
      connections: 1,
      firstId: "tcp/2",
    },
    { server: dns.server, protocol: "dns", verdict: "not-judged", connections: 2, firstId: "udp/0" },
    { server: media.server, protocol: "turn", verdict: "not-judged", connections: 1, firstId: "udp/1" },
  ],
  findings: [
    {
      id: "f1",
      rule: "leaf-signed-by-own-key",
      confidence: "proven",
      connections: ["tcp/0", "tcp/2"],
      what: "The certificates for sip.fabrikam.example and webconf.fabrikam.example carry the public key of their own issuer, Websense Public Primary Certificate Authority.",
      why: "A certification authority never gives its own private key to a server: whoever presents this certificate holds the CA key and signs on the fly.",
      fix: "Exempt 198.51.100.20 and 198.51.100.31 from SSL decryption.",
      evidence: [
        {
          file: 0,
          frame: 12,
          path: "tls.certificate[0].issuer",
          value: ISSUER,
          expected: "an issuer whose key is not the leaf's",
        },
      ],
      references: ["https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.4"],
    },
    {
      id: "f2",
      rule: "undocumented-pseudo-tls-answer",
      confidence: "likely",
      connections: ["tcp/1"],
      what: "198.51.100.30:443 answered the pseudo-TLS ClientHello with a TLS alert, handshake_failure.",
      why: "A Lync A/V Edge must answer with ServerHello and ServerHelloDone in one record and never sends an alert; its UDP port 3478 answers, and two servers beside it are intercepted.",
      fix: "Exempt 198.51.100.30 from SSL decryption by address: the client sends no server name here.",
      evidence: [
        {
          file: 0,
          frame: 34,
          path: "tls.alert.description",
          offset: 72,
          length: 1,
          value: "handshake_failure (40)",
          expected: "ServerHello, ServerHelloDone (MS-TURN 2.1.1)",
        },
        { file: 0, frame: 28, path: "stun.type", value: "Allocate Response from 198.51.100.30:3478" },
      ],
      references: [
        "https://learn.microsoft.com/en-us/openspecs/office_protocols/ms-turn/ae97f19f-88ea-44a7-bb2e-2b23cb645da5",
      ],
    },
  ],
  rules: [
    { rule: "leaf-signed-by-own-key", is: "finding", checked: 2 },
    { rule: "undocumented-pseudo-tls-answer", is: "finding", checked: 1 },
    { rule: "shared-forger", is: "clear", checked: 2 },
    { rule: "port-blocked", is: "clear", checked: 3 },
    { rule: "packet-loss", is: "clear", checked: 3 },
    { rule: "path-mtu-black-hole", is: "clear", checked: 3 },
    { rule: "certificate-expired", is: "clear", checked: 2 },
    { rule: "proxy-auth-required", is: "not-applicable" },
    { rule: "two-sided-hello", is: "not-observed", missing: "a capture from the server's side" },
  ],
  features: [
    { service: "lync", feature: "desktop-sharing", status: "broken", findings: ["f2"] },
    {
      service: "lync",
      feature: "audio-video",
      status: "working",
      because: "UDP 3478 of 198.51.100.30 answers (frame 28)",
      findings: [],
    },
    { service: "lync", feature: "sign-in", status: "at-risk", findings: ["f1"] },
    { service: "lync", feature: "powerpoint", status: "at-risk", findings: ["f1"] },
    { service: "lync", feature: "whiteboard", status: "at-risk", findings: ["f1"] },
    { service: "lync", feature: "federation", status: "not-seen", findings: [] },
  ],
  bypass: [
    {
      match: "ip",
      value: "198.51.100.30/32",
      port: 443,
      effective: "transparent+explicit",
      findings: ["f2"],
      note: "the client sends no server name here, so a domain entry cannot match on a transparent proxy",
    },
    { match: "domain", value: "sip.fabrikam.example", port: 443, effective: "transparent+explicit", findings: ["f1"] },
    {
      match: "domain",
      value: "webconf.fabrikam.example",
      port: 443,
      effective: "transparent+explicit",
      findings: ["f1"],
    },
  ],
};

const empty: Report = {
  schema: "sightline/report/1",
  generator,
  input: { kind: "capture", files: [], vantage: "unknown" },
  verdict: { is: "clear", judged: 0, notJudged: 0, headline: "nothing" },
  connections: [],
  certificates: {},
  totals: { connections: 0, handshakes: 0, chains: 0, frames: 0, bytes: 0 },
  groups: [],
  findings: [],
  rules: [],
  features: [],
  bypass: [],
};

const publicLeaf = `${"00".repeat(31)}01`;

const direct: ReportConnection = {
  ...sip,
  certificates: [{ sha256: publicLeaf, frame: 12 }],
  trust: { is: "public-root", anchor: "CN=Example Global Root G2, O=Example Trust, C=US" },
  verdict: { is: "genuine", findings: [] },
};

/** Nothing stands between. */
export const clear: Report = {
  ...story,
  verdict: {
    is: "clear",
    judged: 2,
    notJudged: 0,
    headline: "No interception: both connections that could be judged end at the real server.",
  },
  connections: [direct, { ...sharing, outcome: "closed", verdict: { is: "genuine", findings: [] } }, dns, media],
  certificates: {
    [publicLeaf]: {
      ...websense,
      subject: "CN=sip.fabrikam.example",
      issuer: "CN=Example TLS CA 2, O=Example Trust, C=US",
      serial: "01",
      names: ["sip.fabrikam.example"],
      embeddedScts: 2,
    },
  },
  groups: [
    {
      server: sip.server,
      serverName: "sip.fabrikam.example",
      protocol: "tls",
      leaf: publicLeaf,
      verdict: "genuine",
      connections: 1,
      firstId: "tcp/0",
    },
    { server: sharing.server, protocol: "pseudo-tls", verdict: "genuine", connections: 1, firstId: "tcp/1" },
    { server: dns.server, protocol: "dns", verdict: "not-judged", connections: 2, firstId: "udp/0" },
    { server: media.server, protocol: "turn", verdict: "not-judged", connections: 1, firstId: "udp/1" },
  ],
  findings: [],
  rules: [
    { rule: "leaf-signed-by-own-key", is: "clear", checked: 1 },
    { rule: "port-blocked", is: "clear", checked: 2 },
    { rule: "two-sided-hello", is: "not-observed", missing: "a capture from the server's side" },
  ],
  features: [
    { service: "lync", feature: "desktop-sharing", status: "working", findings: [] },
    { service: "lync", feature: "audio-video", status: "working", findings: [] },
  ],
  bypass: [],
};

/** TLS 1.3 hides the certificate and there is no key log. */
export const cannotTell: Report = {
  ...empty,
  input: { ...story.input, files: [{ ...file("a02-direct-tls13.pcap", 167, 52797) }] },
  verdict: {
    is: "cannot-tell",
    missing: ["key log"],
    judged: 0,
    notJudged: 1,
    headline: "Cannot tell: 1 connection uses TLS 1.3, which hides the certificate.",
    next: "Capture again with the client's key log.",
  },
  connections: [
    {
      ...sip,
      handshake: sip.handshake.slice(0, 2),
      tls: { version: "TLS 1.3", cipher: "TLS_AES_256_GCM_SHA384", alerts: [], decrypted: false },
      certificates: [],
      trust: { is: "unknown" },
      verdict: { is: "cannot-tell", missing: ["key log"], findings: [] },
    },
  ],
  totals: { connections: 1, handshakes: 1, chains: 0, frames: 167, bytes: 50000 },
  groups: [
    {
      server: sip.server,
      serverName: "sip.fabrikam.example",
      protocol: "tls",
      verdict: "cannot-tell",
      connections: 1,
      firstId: "tcp/0",
    },
  ],
  rules: [{ rule: "leaf-signed-by-own-key", is: "not-observed", missing: "a readable certificate" }],
};

/** lab/f01: a firewall drops the SYNs. */
export const impaired: Report = {
  ...empty,
  input: { ...story.input, files: [file("f01-blocked-drop.pcap", 33, 8353)] },
  verdict: {
    is: "impaired",
    confidence: "proven",
    judged: 1,
    notJudged: 0,
    headline: "198.51.100.20:443 never answers: the port is blocked on the way.",
    next: "Open TCP 443 to 198.51.100.20 on the firewall.",
  },
  connections: [
    connection("tcp/0", "198.51.100.20", 443, {
      clientPort: 34204,
      protocol: "unknown",
      frames: { first: 3, last: 8, count: 6 },
      time: { from: "2026-11-22T20:24:41.310327Z", to: "2026-11-22T20:24:46.432033Z" },
      bytes: { fromClient: 0, fromServer: 0 },
      handshake: [],
      certificates: [],
      timing: {},
      outcome: "unanswered",
      verdict: { is: "impaired", confidence: "proven", cause: "port-blocked", findings: ["f1"] },
    }),
  ],
  totals: { connections: 1, handshakes: 0, chains: 0, frames: 33, bytes: 7801 },
  groups: [
    {
      server: { ip: "198.51.100.20", port: 443 },
      protocol: "unknown",
      verdict: "impaired",
      connections: 1,
      firstId: "tcp/0",
    },
  ],
  findings: [
    {
      id: "f1",
      rule: "port-blocked",
      confidence: "proven",
      connections: ["tcp/0"],
      what: "6 SYNs to 198.51.100.20:443 in 5.1 s, none answered.",
      why: "A listening server answers with SYN-ACK, a closed port with RST; silence means that something drops the packets.",
      fix: "Open TCP 443 to 198.51.100.20 on the firewall.",
      evidence: [{ file: 0, frame: 8, path: "tcp.flags.syn", value: "SYN, sixth time", expected: "SYN, ACK" }],
      references: ["https://www.rfc-editor.org/rfc/rfc9293#section-3.5"],
    },
  ],
  rules: [{ rule: "port-blocked", is: "finding", checked: 1 }],
};

/** The story's file, cut: what was before the damage is still judged. */
export const damaged: Report = {
  ...story,
  input: {
    ...story.input,
    files: story.input.files.map((entry) => ({
      ...entry,
      problems: [{ kind: "truncated" as const, frame: 62, detail: "file ends inside a frame" }],
    })),
  },
};

/** The story's file as its capturer annotated it: names, comments, losses, programs. */
export const annotated: Report = {
  ...story,
  input: {
    ...story.input,
    files: story.input.files.map((entry) => ({
      ...entry,
      dropped: 12,
      comments: [
        { text: "Laptop of the help desk" },
        { frame: 34, text: "here sharing breaks" },
        { frame: 35, text: "nobody asks about this one" },
      ],
    })),
  },
  connections: story.connections.map((entry) => ({
    ...entry,
    server: { ...entry.server, name: "av.fabrikam.example" },
    application: { path: "C:\\Program Files\\Microsoft Office\\lync.exe", pid: 4711 },
  })),
  groups: story.groups.map((group) =>
    "folded" in group ? group : { ...group, server: { ...group.server, name: "av.fabrikam.example" } },
  ),
};

/** A capture without a single frame. */
export const emptyCapture: Report = {
  ...empty,
  input: {
    kind: "capture",
    files: [{ name: "f5a-empty-capture.pcap", bytes: 24, format: "pcap", frames: 0, problems: [] }],
    vantage: "unknown",
  },
  verdict: {
    is: "cannot-tell",
    missing: ["frames"],
    judged: 0,
    notJudged: 0,
    headline: "The capture holds no frames.",
    next: "Capture while the meeting fails.",
  },
};

function file(name: string, frames: number, bytes: number): Report["input"]["files"][number] {
  return {
    name,
    bytes,
    format: "pcap",
    frames,
    from: "2026-11-22T20:24:41.297022Z",
    to: "2026-11-22T20:24:48.456364Z",
    problems: [],
  };
}
