/**
 * WebRTC without a vendor's name: browsers and apps that speak STUN and TURN to a server of their operator's.
 * Data only. It has no names and no addresses: only what is said on the wire tells it.
 */
import type { MeetingService } from "./service.ts";

const TURN = "RFC 8656, RFC 7065";

export const webrtc: MeetingService = {
  id: "webrtc",
  name: "WebRTC",
  vendor: "WebRTC",
  roles: [
    {
      id: "turn-relay",
      name: "TURN server",
      paths: [
        { transport: "udp", ports: [3478], protocol: "TURN" },
        { transport: "tcp", ports: [3478, 443], protocol: "TURN, or TURN behind the ssltcp hello" },
        { transport: "tcp", ports: [5349, 443], protocol: "TURN over TLS" },
      ],
      features: ["audio-video", "desktop-sharing"],
    },
    {
      id: "stun",
      name: "STUN server or ICE peer",
      paths: [{ transport: "udp", ports: [3478], protocol: "STUN" }],
      features: ["audio-video", "desktop-sharing"],
    },
  ],
  features: {
    "audio-video": [
      {
        role: "stun",
        transport: "udp",
        ports: [3478],
        use: "preferred",
        reason: "ICE takes a direct path over UDP when there is one.",
        basis: "recalled",
        source: "RFC 8445",
      },
      {
        role: "turn-relay",
        transport: "udp",
        ports: [3478],
        use: "fallback",
        reason: "Without a direct path media is relayed over UDP.",
        basis: "recalled",
        source: TURN,
      },
      {
        role: "turn-relay",
        transport: "tcp",
        ports: [3478, 5349, 443],
        use: "fallback",
        reason: "Where UDP is blocked media is relayed over TCP, last of all in TLS on 443.",
        basis: "documented",
        source: "livekit/livekit#71",
      },
    ],
    "desktop-sharing": [
      {
        role: "stun",
        transport: "udp",
        ports: [3478],
        use: "preferred",
        reason: "Screen sharing is a media stream as audio and video are.",
        basis: "inferred",
        source: "RFC 8445",
      },
      {
        role: "turn-relay",
        transport: "udp",
        ports: [3478],
        use: "fallback",
        reason: "Without a direct path media is relayed over UDP.",
        basis: "inferred",
        source: TURN,
      },
      {
        role: "turn-relay",
        transport: "tcp",
        ports: [3478, 5349, 443],
        use: "fallback",
        reason: "Where UDP is blocked media is relayed over TCP, last of all in TLS on 443.",
        basis: "inferred",
        source: "livekit/livekit#71",
      },
    ],
  },
  names: [],
  prefixes: [],
  addresses: [],
  inspection: [
    {
      by: "WebRTC",
      statement:
        "A client closes the connection when the answer to the ssltcp hello is not the documented one, so any interception of it is fatal.",
      url: "https://webrtc.googlesource.com/src/+/refs/heads/main/rtc_base/socket_adapters.cc",
      date: "2026-11",
      dated: "read",
      basis: "documented",
    },
  ],
  references: ["https://www.rfc-editor.org/rfc/rfc8656", "https://www.rfc-editor.org/rfc/rfc8445"],
};
