/**
 * Google Meet: media over UDP 3478 and 19302 to 19309, or UDP and TCP 443, with TURN in TLS under names of its own.
 * Data only. Many of its web names serve other Google services too and are marked as shared.
 */
import type { MeetingService } from "./service.ts";

const NETWORK = "https://support.google.com/a/answer/1279090";

export const meet: MeetingService = {
  id: "meet",
  name: "Google Meet",
  vendor: "Google",
  roles: [
    {
      id: "web",
      name: "web and signalling",
      paths: [{ transport: "tcp", ports: [443], protocol: "HTTPS" }],
      features: ["sign-in", "meeting-join"],
    },
    {
      id: "media",
      name: "meeting media",
      paths: [
        { transport: "udp", ports: [3478, [19302, 19309], 443], protocol: "STUN, SRTP" },
        { transport: "tcp", ports: [443], protocol: "TURN in TLS" },
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
        source: NETWORK,
      },
    ],
    "meeting-join": [
      {
        role: "web",
        transport: "tcp",
        ports: [443],
        use: "required",
        reason: "Joining is HTTPS.",
        basis: "documented",
        source: NETWORK,
      },
    ],
    "audio-video": [
      {
        role: "media",
        transport: "udp",
        ports: [3478, [19302, 19309], 443],
        use: "preferred",
        reason: "Media goes over UDP when it can.",
        basis: "documented",
        source: NETWORK,
      },
      {
        role: "media",
        transport: "tcp",
        ports: [443],
        use: "fallback",
        reason: "Without UDP, media falls back to TURN in TLS on TCP 443; the vendor says that quality suffers.",
        basis: "documented",
        source: NETWORK,
      },
    ],
    "desktop-sharing": [
      {
        role: "media",
        transport: "udp",
        ports: [3478, [19302, 19309], 443],
        use: "preferred",
        reason: "Screen sharing is a media stream as audio and video are.",
        basis: "inferred",
        source: NETWORK,
      },
      {
        role: "media",
        transport: "tcp",
        ports: [443],
        use: "fallback",
        reason: "Without UDP, screen sharing falls back to TURN in TLS on TCP 443.",
        basis: "inferred",
        source: NETWORK,
      },
    ],
  },
  names: [
    { name: "workspace.turns.goog", role: "media", source: NETWORK },
    { name: "meet.turns.goog", role: "media", source: NETWORK },
    { name: "meet.google.com", role: "web", source: NETWORK },
    { name: "stream.meet.google.com", role: "web", source: NETWORK },
    { name: "meetings.googleapis.com", role: "web", source: NETWORK },
    { name: "hangouts.googleapis.com", role: "web", source: NETWORK },
    { name: "clients2.google.com", shared: true, source: NETWORK },
    { name: "clients4.google.com", shared: true, source: NETWORK },
    { name: "clients6.google.com", shared: true, source: NETWORK },
    { name: "apis.google.com", shared: true, source: NETWORK },
    { name: "accounts.google.com", shared: true, source: NETWORK },
    { name: "apps.google.com", shared: true, source: NETWORK },
    { name: "docs.google.com", shared: true, source: NETWORK },
  ],
  prefixes: [],
  addresses: [
    {
      date: "2026-06-06",
      source: NETWORK,
      blocks: [
        "74.125.250.0/24",
        "74.125.247.128/32",
        "142.250.82.0/24",
        "2001:4860:4864:5::/64",
        "2001:4860:4864:4:8000::/128",
        "2001:4860:4864:6::/64",
      ],
    },
  ],
  inspection: [
    {
      by: "Google",
      statement: '"Avoid proxies, packet inspection, protocol analyzers, and QoS."',
      url: NETWORK,
      date: "2026-11",
      dated: "read",
      basis: "documented",
    },
  ],
  references: [NETWORK],
};
