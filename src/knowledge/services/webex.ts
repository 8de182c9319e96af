/**
 * Cisco Webex: media over UDP 5004 and 9000, with TCP 5004 and TLS on 443 as fallback.
 * Data only. Names and addresses are the vendor's of the date given; the ports are from memory and say so.
 */
import type { MeetingService } from "./service.ts";

const PORTS = "https://help.webex.com/article/WBX000028782";
const RANGES = "https://help.webex.com/article/WBX264";

export const webex: MeetingService = {
  id: "webex",
  name: "Webex",
  vendor: "Cisco",
  roles: [
    {
      id: "signalling",
      name: "web and signalling",
      paths: [{ transport: "tcp", ports: [443], protocol: "HTTPS" }],
      features: ["sign-in", "im-presence", "meeting-join"],
    },
    {
      id: "media",
      name: "meeting media",
      paths: [
        { transport: "udp", ports: [5004, 9000], protocol: "SRTP" },
        { transport: "tcp", ports: [5004, 443], protocol: "SRTP over TCP or TLS" },
      ],
      features: ["audio-video", "desktop-sharing"],
    },
  ],
  features: {
    "sign-in": [
      {
        role: "signalling",
        transport: "tcp",
        ports: [443],
        use: "required",
        reason: "Sign-in is HTTPS.",
        basis: "recalled",
        source: PORTS,
      },
    ],
    "im-presence": [
      {
        role: "signalling",
        transport: "tcp",
        ports: [443],
        use: "required",
        reason: "Messages and presence run over TCP 443.",
        basis: "recalled",
        source: PORTS,
      },
    ],
    "meeting-join": [
      {
        role: "signalling",
        transport: "tcp",
        ports: [443],
        use: "required",
        reason: "Joining is HTTPS.",
        basis: "recalled",
        source: PORTS,
      },
    ],
    "audio-video": [
      {
        role: "media",
        transport: "udp",
        ports: [5004, 9000],
        use: "preferred",
        reason: "Media goes over UDP when it can.",
        basis: "recalled",
        source: PORTS,
      },
      {
        role: "media",
        transport: "tcp",
        ports: [5004, 443],
        use: "fallback",
        reason: "Without UDP, media falls back to TCP 5004, then to TLS on 443.",
        basis: "recalled",
        source: PORTS,
      },
    ],
    "desktop-sharing": [
      {
        role: "media",
        transport: "udp",
        ports: [5004, 9000],
        use: "preferred",
        reason: "Screen sharing is carried with the meeting's media.",
        basis: "inferred",
        source: PORTS,
      },
      {
        role: "media",
        transport: "tcp",
        ports: [5004, 443],
        use: "fallback",
        reason: "Screen sharing falls back to TCP with the meeting's media.",
        basis: "inferred",
        source: PORTS,
      },
    ],
  },
  names: [
    { name: "*.webex.com", source: PORTS },
    { name: "*.wbx2.com", source: PORTS },
    { name: "*.ciscospark.com", source: PORTS },
    { name: "*.webexcontent.com", source: PORTS },
  ],
  prefixes: [],
  addresses: [
    {
      date: "2026-06-06",
      source: RANGES,
      blocks: [
        "23.89.0.0/16",
        "62.109.192.0/18",
        "64.68.96.0/19",
        "66.114.160.0/20",
        "66.163.32.0/19",
        "69.26.160.0/19",
        "114.29.192.0/19",
        "144.196.0.0/16",
        "150.253.128.0/17",
        "163.129.0.0/16",
        "170.72.0.0/16",
        "170.133.128.0/18",
        "173.39.224.0/19",
        "173.243.0.0/20",
        "207.182.160.0/19",
        "209.197.192.0/19",
        "210.4.192.0/20",
        "216.151.128.0/19",
        "20.68.154.0/24",
      ],
    },
  ],
  inspection: [
    {
      by: "Cisco",
      statement:
        "Signalling can be inspected: the apps pin certificates, but desktop apps accept a proxy's CA from the operating system's trust store.",
      url: PORTS,
      date: "2026-11",
      dated: "read",
      basis: "second-hand",
    },
  ],
  references: [PORTS, RANGES],
};
