/**
 * Lync 2010 and 2013, Skype for Business Server: an Edge Server with three services, a reverse proxy, and pseudo-TLS.
 * Data only. The installations are their owners', so there is no address list, and names are conventions.
 *
 * Edge requirements: MicrosoftDocs/OfficeDocs-SkypeForBusiness, edge-server-deployments/edge-environmental-requirements.md
 * Ports: the same repository, network-requirements/ports-and-protocols.md
 */
import type { MeetingService } from "./service.ts";

const EDGE = "MicrosoftDocs/OfficeDocs-SkypeForBusiness edge-environmental-requirements.md";
const PORTS = "MicrosoftDocs/OfficeDocs-SkypeForBusiness ports-and-protocols.md";
const VBSS = "MicrosoftDocs/OfficeDocs-SkypeForBusiness video-based-screen-sharing.md";
const M365 = "Microsoft 365 endpoints, version 2022072800, Skype rows";

export const lync: MeetingService = {
  id: "lync",
  name: "Lync / Skype for Business Server",
  vendor: "Microsoft",
  roles: [
    {
      id: "access-edge",
      name: "Access Edge",
      paths: [{ transport: "tcp", ports: [443, 5061], protocol: "SIP over TLS (mutual TLS between servers)" }],
      features: ["sign-in", "im-presence", "federation"],
    },
    {
      id: "av-edge",
      name: "A/V Edge",
      paths: [
        { transport: "udp", ports: [3478], protocol: "MS-TURN" },
        { transport: "tcp", ports: [443], protocol: "MS-TURN in pseudo-TLS" },
        { transport: "udp", ports: [[50000, 59999]], protocol: "SRTP, relayed" },
        { transport: "tcp", ports: [[50000, 59999]], protocol: "SRTP, relayed" },
      ],
      features: ["audio-video", "desktop-sharing", "file-transfer"],
    },
    {
      id: "webconf-edge",
      name: "Web Conferencing Edge",
      paths: [{ transport: "tcp", ports: [443, 8057, 8058], protocol: "PSOM over TLS" }],
      features: ["whiteboard", "powerpoint", "file-transfer"],
    },
    {
      id: "web-apps",
      name: "Office Web Apps Server behind the reverse proxy",
      paths: [{ transport: "tcp", ports: [443], protocol: "HTTPS" }],
      features: ["powerpoint"],
    },
    {
      id: "web",
      name: "web services behind the reverse proxy",
      paths: [{ transport: "tcp", ports: [443, 4443], protocol: "HTTPS" }],
      features: ["meeting-join"],
    },
    {
      id: "sharing-service",
      name: "Application Sharing service of the Front End",
      paths: [
        { transport: "tcp", ports: [5065], protocol: "SIP over TLS" },
        { transport: "tcp", ports: [[49152, 65535]], protocol: "RDP in SRTP", anybodys: true },
        { transport: "udp", ports: [[49152, 65535]], protocol: "SRTP", anybodys: true },
      ],
      features: ["desktop-sharing"],
    },
    {
      id: "av-authentication",
      name: "A/V authentication service (MRAS) of the Edge",
      paths: [{ transport: "tcp", ports: [5062], protocol: "SIP over mutual TLS" }],
      features: ["audio-video"],
    },
    {
      id: "xmpp-gateway",
      name: "XMPP gateway of the Edge",
      paths: [{ transport: "tcp", ports: [5269], protocol: "XMPP" }],
      features: ["federation"],
    },
    {
      id: "other-client",
      name: "the other client",
      paths: [{ transport: "tcp", ports: [[6891, 6901]], protocol: "file transfer of older clients", anybodys: true }],
      features: ["file-transfer"],
    },
  ],
  features: {
    "sign-in": [
      {
        role: "access-edge",
        transport: "tcp",
        ports: [443, 5061],
        use: "required",
        reason: "Sign-in is SIP over TLS: TCP 443 from outside, 5061 inside.",
        basis: "documented",
        source: EDGE,
      },
    ],
    "im-presence": [
      {
        role: "access-edge",
        transport: "tcp",
        ports: [443, 5061],
        use: "required",
        reason: "Messages, presence and call set-up travel in the SIP connection that sign-in opened.",
        basis: "documented",
        source: EDGE,
      },
    ],
    federation: [
      {
        role: "access-edge",
        transport: "tcp",
        ports: [5061],
        use: "required",
        reason:
          "Access Edges of two organisations speak SIP over mutual TLS; a forged certificate fails on both sides.",
        basis: "documented",
        source: EDGE,
      },
      {
        role: "xmpp-gateway",
        transport: "tcp",
        ports: [5269],
        use: "sometimes",
        reason: "Federation with XMPP services has a port of its own; Skype for Business Server 2019 no longer has it.",
        basis: "documented",
        source: EDGE,
      },
    ],
    "audio-video": [
      {
        role: "av-edge",
        transport: "udp",
        ports: [3478],
        use: "preferred",
        reason: "Audio and video try UDP 3478 first, so they keep working when only TCP 443 is intercepted.",
        basis: "documented",
        source: EDGE,
      },
      {
        role: "av-edge",
        transport: "tcp",
        ports: [443],
        use: "fallback",
        reason: "Without UDP 3478 audio and video fall back to TCP 443, MS-TURN behind a pseudo-TLS hello.",
        basis: "documented",
        source: EDGE,
      },
      {
        role: "av-authentication",
        transport: "tcp",
        ports: [5062],
        use: "sometimes",
        reason: "Inside, servers fetch the credentials for the A/V Edge over SIP with mutual TLS.",
        basis: "documented",
        source: EDGE,
      },
    ],
    "desktop-sharing": [
      {
        role: "av-edge",
        transport: "tcp",
        ports: [443],
        use: "required",
        reason:
          "RDP desktop sharing is TCP only: it needs TCP 443 of the A/V Edge with its pseudo-TLS hello untouched, whatever UDP 3478 does.",
        basis: "documented",
        source: PORTS,
      },
      {
        role: "av-edge",
        transport: "udp",
        ports: [3478],
        use: "sometimes",
        reason:
          "Video-based screen sharing (Skype for Business Server 2015 CU3, Windows client 16.0.6330.1000 or later) uses UDP; it drops to RDP over TCP for good when an older client joins, a window or program is shared, someone takes control, the meeting is recorded, or more than 250 people join.",
        basis: "documented",
        source: VBSS,
      },
      {
        role: "sharing-service",
        transport: "tcp",
        ports: [5065, [49152, 65535]],
        use: "sometimes",
        reason: "Inside, meetings share through the Front End: SIP on TCP 5065, RDP on TCP 49152 to 65535.",
        basis: "documented",
        source: PORTS,
      },
      {
        role: "sharing-service",
        transport: "udp",
        ports: [[49152, 65535]],
        use: "sometimes",
        reason: "Inside, video-based screen sharing goes to UDP 49152 to 65535 of the Front End.",
        basis: "documented",
        source: PORTS,
      },
    ],
    "file-transfer": [
      {
        role: "av-edge",
        transport: "tcp",
        ports: [443],
        use: "required",
        reason: "Between two people files travel over TCP through the A/V Edge, as desktop sharing does.",
        basis: "documented",
        source: EDGE,
      },
      {
        role: "webconf-edge",
        transport: "tcp",
        ports: [443, 8057, 8058],
        use: "sometimes",
        reason: "In a meeting files go through the Web Conferencing Edge.",
        basis: "documented",
        source: PORTS,
      },
      {
        role: "other-client",
        transport: "tcp",
        ports: [[6891, 6901]],
        use: "sometimes",
        reason: "Older clients send files directly to each other.",
        basis: "documented",
        source: PORTS,
      },
    ],
    whiteboard: [
      {
        role: "webconf-edge",
        transport: "tcp",
        ports: [443, 8057, 8058],
        use: "required",
        reason: "Whiteboard and polls are PSOM over TLS: real TLS, but not HTTP inside.",
        basis: "documented",
        source: PORTS,
      },
    ],
    powerpoint: [
      {
        role: "web-apps",
        transport: "tcp",
        ports: [443],
        use: "preferred",
        reason: "Since 2013 PowerPoint is ordinary HTTPS from an Office Web Apps Server.",
        basis: "documented",
        source: PORTS,
      },
      {
        role: "webconf-edge",
        transport: "tcp",
        ports: [443, 8057, 8058],
        use: "fallback",
        reason: "In Lync 2010 PowerPoint went through the Web Conferencing Edge.",
        basis: "documented",
        source: PORTS,
      },
    ],
    "meeting-join": [
      {
        role: "web",
        transport: "tcp",
        ports: [443, 4443],
        use: "required",
        reason:
          "The join page, the address book and the meet and dial-in URLs are ordinary HTTPS through a reverse proxy.",
        basis: "documented",
        source: PORTS,
      },
    ],
  },
  names: [
    { name: "*.lync.com", source: `${M365}, id 12` },
    { name: "*.skypeforbusiness.com", source: `${M365}, id 22` },
  ],
  prefixes: [
    { label: "sip", role: "access-edge", source: `${EDGE} (sample sip.contoso.com)` },
    { label: "webcon", role: "webconf-edge", source: `${EDGE} (sample webcon.contoso.com)` },
    { label: "webconf", role: "webconf-edge", source: "common variant of webcon" },
    { label: "av", role: "av-edge", source: `${EDGE} (sample av.contoso.com)` },
  ],
  addresses: [],
  inspection: [
    {
      by: "Microsoft",
      statement:
        "[MS-TURN] 2.1.1: the pseudo-TLS hello is answered with ServerHello and ServerHelloDone in one record, without a Certificate; so nothing that inspects TLS can take part.",
      url: "https://learn.microsoft.com/en-us/openspecs/office_protocols/ms-turn/ae97f19f-88ea-44a7-bb2e-2b23cb645da5",
      date: "2026-11",
      dated: "read",
      basis: "documented",
    },
    {
      by: "Microsoft",
      statement:
        '"As Microsoft Teams and Skype for Business media traffic is already encrypted, passing this traffic through a proxy server doesn\'t make the traffic any more secure."',
      url: "https://learn.microsoft.com/microsoftteams/proxy-servers-for-skype-for-business-online",
      date: "2017-11-28",
      dated: "page",
      basis: "documented",
    },
    {
      by: "Broadcom",
      statement:
        'Skype for Business uses SIP and MS-TURN over pseudo-TLS, which "either do not follow the SSL protocol completely or use a protocol within SSL that is not HTTPS"; enable protocol detection and tunnel on protocol error.',
      url: "https://knowledge.broadcom.com/external/article/169284",
      date: "2026-11",
      dated: "read",
      basis: "documented",
    },
    {
      by: "Fortinet",
      statement:
        "Lync stops when deep inspection replaces the certificate: exempt its servers or turn deep inspection off.",
      url: "http://kb.fortinet.com/kb/documentLink.do?externalID=FD38118",
      date: "2026-11",
      dated: "read",
      basis: "documented",
    },
  ],
  references: [
    "https://learn.microsoft.com/en-us/archive/blogs/qchoi/lync-desktop-sharing-issue-and-the-web-securityproxy-service",
    "https://learn.microsoft.com/en-us/openspecs/office_protocols/ms-turn/ae97f19f-88ea-44a7-bb2e-2b23cb645da5",
  ],
};
