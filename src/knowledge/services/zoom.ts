/**
 * Zoom: media over UDP 3478, 3479 and 8801 to 8810, with TCP 8801, 8802 and 443 as fallback.
 * Data only. The address list is a part of the vendor's 49 IPv4 ranges, as published on the date it carries.
 */
import type { MeetingService } from "./service.ts";

const PORTS = "Zoom support KB0060561";
const FALLBACK = "Zoom support KB0061864";
const RANGES = "https://assets.zoom.us/docs/ipranges/Zoom.txt";

export const zoom: MeetingService = {
  id: "zoom",
  name: "Zoom",
  roles: [
    {
      id: "web",
      name: "web and signalling",
      paths: [{ transport: "tcp", ports: [443, 80], protocol: "HTTPS" }],
      features: ["sign-in", "im-presence", "meeting-join"],
    },
    {
      id: "media",
      name: "meeting media",
      paths: [
        { transport: "udp", ports: [3478, 3479, [8801, 8810]], protocol: "Zoom media" },
        { transport: "tcp", ports: [8801, 8802, 443], protocol: "Zoom media in TLS" },
      ],
      features: ["audio-video", "desktop-sharing"],
    },
  ],
  features: {
    "sign-in": [
      {
        role: "web",
        transport: "tcp",
        ports: [443],
        use: "required",
        reason: "Sign-in is HTTPS.",
        basis: "documented",
        source: PORTS,
      },
    ],
    "im-presence": [
      {
        role: "web",
        transport: "tcp",
        ports: [443],
        use: "required",
        reason: "Chat and presence run over TCP 443.",
        basis: "inferred",
        source: PORTS,
      },
    ],
    "meeting-join": [
      {
        role: "web",
        transport: "tcp",
        ports: [443],
        use: "required",
        reason: "Joining is HTTPS.",
        basis: "inferred",
        source: PORTS,
      },
    ],
    "audio-video": [
      {
        role: "media",
        transport: "udp",
        ports: [3478, 3479, [8801, 8810]],
        use: "preferred",
        reason: "Media goes over UDP when it can.",
        basis: "documented",
        source: PORTS,
      },
      {
        role: "media",
        transport: "tcp",
        ports: [8801, 8802, 443],
        use: "fallback",
        reason: "Media falls back to TCP 443 when UDP 8801 is not available.",
        basis: "documented",
        source: FALLBACK,
      },
    ],
    "desktop-sharing": [
      {
        role: "media",
        transport: "udp",
        ports: [3478, 3479, [8801, 8810]],
        use: "preferred",
        reason: "Screen sharing is carried with the meeting's media.",
        basis: "inferred",
        source: PORTS,
      },
      {
        role: "media",
        transport: "tcp",
        ports: [8801, 8802, 443],
        use: "fallback",
        reason: "Screen sharing falls back to TCP with the meeting's media.",
        basis: "inferred",
        source: FALLBACK,
      },
    ],
  },
  names: [
    { name: "*.zoom.us", source: PORTS },
    { name: "*.zoom.com", source: PORTS },
  ],
  prefixes: [],
  addresses: [
    {
      date: "2026-06-06",
      source: RANGES,
      partial: true,
      blocks: [
        "3.7.35.0/25",
        "3.235.82.0/23",
        "64.211.144.0/24",
        "64.224.32.0/19",
        "101.36.167.0/24",
        "134.224.0.0/16",
        "137.66.128.0/17",
        "144.195.0.0/16",
        "147.124.96.0/19",
        "149.137.0.0/17",
        "156.45.0.0/17",
        "159.124.0.0/16",
        "162.255.36.0/22",
        "166.108.64.0/18",
        "168.140.0.0/17",
        "170.114.0.0/16",
        "173.231.80.0/20",
        "192.204.12.0/22",
        "198.251.128.0/17",
        "204.80.104.0/21",
        "206.247.0.0/16",
      ],
    },
  ],
  inspection: [
    {
      by: "Zoom",
      statement:
        'Clients show "Untrusted Server Certificate" under inspection, and as little packet inspection as possible is advised; no statement that it is unsupported was found.',
      url: "https://library.zoom.com",
      basis: "second-hand",
    },
  ],
  references: [RANGES],
};
