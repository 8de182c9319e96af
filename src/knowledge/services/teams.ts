/**
 * Microsoft Teams: HTTPS and WebSocket signalling, and transport relays for media with a fallback to TCP 443.
 * Data only. The address lists carry their dates: they changed twice between 2022 and 2026.
 * What exactly runs on the relays' TCP 443 (TLS, plain TURN or pseudo-TLS) is not documented.
 */
import type { MeetingService } from "./service.ts";

const M365_2022 = "Microsoft 365 endpoints, version 2022072800, ids 11 and 12";
const M365_2024 = "Microsoft 365 endpoints, list of 2024-07-22";
const M365_2026 = "Microsoft 365 endpoints, list of 2026-06-06";
const M365_NAMES = "Microsoft 365 endpoints, version 2022072800";

export const teams: MeetingService = {
  id: "teams",
  name: "Microsoft Teams",
  vendor: "Microsoft",
  roles: [
    {
      id: "signalling",
      name: "chat and signalling",
      paths: [{ transport: "tcp", ports: [443, 80], protocol: "HTTPS and secure WebSocket" }],
      features: ["sign-in", "im-presence", "meeting-join"],
    },
    {
      id: "media-relay",
      name: "transport relay",
      paths: [
        { transport: "udp", ports: [[3478, 3481]], protocol: "STUN, TURN, SRTP" },
        { transport: "tcp", ports: [443], protocol: "TURN" },
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
        basis: "documented",
        source: `${M365_NAMES}, id 12`,
      },
    ],
    "im-presence": [
      {
        role: "signalling",
        transport: "tcp",
        ports: [443],
        use: "required",
        reason: "Chat and presence are HTTPS and a secure WebSocket, which some proxies cut.",
        basis: "documented",
        source: "msxfaq.de teams_media.htm",
      },
    ],
    "meeting-join": [
      {
        role: "signalling",
        transport: "tcp",
        ports: [443],
        use: "required",
        reason: "Joining is HTTPS.",
        basis: "inferred",
        source: `${M365_NAMES}, id 12`,
      },
    ],
    "audio-video": [
      {
        role: "media-relay",
        transport: "udp",
        ports: [[3478, 3481]],
        use: "preferred",
        reason: "Media goes over UDP 3478 to 3481 when it can.",
        basis: "documented",
        source: `${M365_NAMES}, id 11`,
      },
      {
        role: "media-relay",
        transport: "tcp",
        ports: [443],
        use: "fallback",
        reason: "Without UDP, media falls back to TCP 443 of a transport relay.",
        basis: "documented",
        source: "msxfaq.de teams_transport_relay.htm",
      },
    ],
    "desktop-sharing": [
      {
        role: "media-relay",
        transport: "udp",
        ports: [[3478, 3481]],
        use: "preferred",
        reason: "Screen sharing is a media stream as audio and video are.",
        basis: "inferred",
        source: `${M365_NAMES}, id 11`,
      },
      {
        role: "media-relay",
        transport: "tcp",
        ports: [443],
        use: "fallback",
        reason: "Without UDP, screen sharing falls back to TCP 443 of a transport relay.",
        basis: "inferred",
        source: "msxfaq.de teams_transport_relay.htm",
      },
    ],
  },
  names: [
    { name: "*.tr.teams.microsoft.com", role: "media-relay", source: "msxfaq.de teams_transport_relay.htm" },
    { name: "*.teams.microsoft.com", source: `${M365_NAMES}, id 12` },
    { name: "*.teams.cloud.microsoft", source: M365_2026 },
    { name: "*.broadcast.skype.com", source: `${M365_NAMES}, id 13` },
    { name: "*.skype.com", source: `${M365_NAMES}, id 127` },
    { name: "*.mstea.ms", source: `${M365_NAMES}, id 27` },
    { name: "*.secure.skypeassets.com", source: `${M365_NAMES}, id 27` },
    { name: "mlccdnprod.azureedge.net", source: M365_2026 },
    { name: "aka.ms", shared: true, source: `${M365_NAMES}, id 17` },
  ],
  prefixes: [],
  addresses: [
    {
      date: "2026-06-06",
      source: M365_2026,
      blocks: [
        "52.112.0.0/14",
        "52.122.0.0/15",
        "2603:1063::/38",
        "2603:1027::/48",
        "2603:1037::/48",
        "2603:1047::/48",
        "2603:1057::/48",
        "2620:1ec:6::/48",
        "2620:1ec:40::/42",
      ],
    },
    {
      date: "2024-07-22",
      source: M365_2024,
      blocks: ["13.107.64.0/18", "52.112.0.0/14", "52.122.0.0/15"],
    },
    {
      date: "2022-07-28",
      source: M365_2022,
      partial: true,
      blocks: [
        "13.107.64.0/18",
        "52.112.0.0/14",
        "52.120.0.0/14",
        "52.238.119.141/32",
        "52.244.160.207/32",
        "2603:1063::/38",
      ],
    },
  ],
  inspection: [
    {
      by: "Microsoft",
      statement: '"We recommend that Teams traffic bypasses proxy server infrastructure, including SSL inspection."',
      url: "https://learn.microsoft.com/microsoftteams/proxy-servers-for-skype-for-business-online",
      date: "2017-11-28",
      dated: "page",
      basis: "documented",
    },
    {
      by: "Microsoft",
      statement:
        'Endpoints of the categories Optimize and Allow are to bypass devices that do "traffic interception, TLS decryption, deep packet inspection".',
      url: "https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-network-connectivity-principles",
      date: "2023-10-26",
      dated: "page",
      basis: "documented",
    },
    {
      by: "Microsoft",
      statement: 'Decrypting Microsoft 365 traffic on the way "isn\'t a supported scenario".',
      url: "https://learn.microsoft.com/microsoft-365/enterprise/network-intermediation",
      date: "2025-07-01",
      dated: "page",
      basis: "documented",
    },
    {
      by: "Zscaler",
      statement: 'Inspects Microsoft applications by default; its setting "M365 Exempted" follows Microsoft\'s advice.',
      url: "https://help.zscaler.com/unified/reviewing-ssl-inspection",
      date: "2026-11",
      dated: "read",
      basis: "documented",
    },
  ],
  references: [
    "https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges",
    "https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-ip-web-service",
  ],
};
