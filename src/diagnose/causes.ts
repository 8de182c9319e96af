/**
 * What each cause of a verdict means, for `sightline explain`: when it is said, why it is not taken for interception, what to do. Owns
 * the words; which rules find it is said by the rules themselves. The list is closed (`vocabulary.ts`).
 */
import type { Cause } from "./vocabulary.ts";

export interface CauseDoc {
  /** As a noun phrase. */
  readonly title: string;
  readonly about: string;
  readonly advice: string;
}

export const CAUSE_DOCS: Readonly<Record<Cause, CauseDoc>> = {
  "tls-interception": {
    title: "something in between ends TLS",
    about:
      "Something other than the server ended the client's TLS, or what looks like it. Proven: nothing else explains what was seen. Likely: two independent signs. A finding that is merely possible never sets it. It comes before all other causes.",
    advice:
      "Exempt from TLS inspection what the Report lists, as narrowly as it lists it; then capture again at the same place and compare. If the CA is legitimate, declare it with --private-ca.",
  },
  "captive-portal": {
    title: "a portal answers until somebody logs in",
    about:
      "Unrelated servers all show one valid certificate for another name, or redirect to one host. Nothing is forged: the network wants a login first, and lets nothing else through until then.",
    advice: "Open a browser, log in, and try again.",
  },
  "proxy-auth-required": {
    title: "the proxy wants to know who asks",
    about:
      "The proxy answered the request for a tunnel with a demand for credentials (407, or a login of SOCKS), and the client never satisfied it. No TLS began, so nothing was intercepted. Many meeting clients cannot authenticate to a proxy.",
    advice: "Let the target pass without authentication, or give the client credentials that it can use.",
  },
  "proxy-denied": {
    title: "the proxy does not allow the target",
    about:
      "The proxy answered the request for a tunnel with 403 or the like. No TLS began, so nothing was intercepted.",
    advice: "Allow the target in the proxy's rules.",
  },
  "proxy-upstream-failed": {
    title: "the proxy does not reach the server",
    about: "The proxy let the client in, and failed itself: names, routes, or a firewall behind it.",
    advice: "Find out from the proxy's log why it cannot reach the target.",
  },
  "port-blocked": {
    title: "a port that never answers",
    about:
      "SYNs were sent again and again, and nothing came back. A firewall drops them, or the address is dead. No TLS was reached, so no certificate is involved; where UDP is blocked, media falls back to TCP and meets what is there.",
    advice: "Check that the address is right and up, then allow the port on the firewall.",
  },
  "port-refused": {
    title: "a port that refuses",
    about:
      "The SYN was answered by a reset or an ICMP error: nothing listens there, or a firewall says no. TLS was not reached.",
    advice: "Allow the port on the firewall, or ask the operator whether the service is up.",
  },
  "reset-on-hello": {
    title: "a reset in answer to the ClientHello",
    about:
      "TCP connects, and the hello alone ends it before any byte of the server: a filter that reads the hello, often its server name. It blocks rather than intercepts, for no certificate was shown.",
    advice: "Look for the rule that matches the name or the address on the firewall or filter.",
  },
  "path-mtu-black-hole": {
    title: "full-size packets are lost on the path",
    about:
      "Small segments pass and full-size ones never do, and the ICMP messages that would say why are filtered. The Certificate is the first large thing a server sends, so it looks as if TLS were blocked. No foreign certificate is ever seen.",
    advice: "Let ICMP “fragmentation needed” and “packet too big” pass, or clamp the MSS on the router or VPN.",
  },
  "client-certificate-required": {
    title: "the server demands a client certificate",
    about:
      "The server asked for a certificate of the client's, got none, and ended the handshake for that. The certificate it showed itself has nothing to do with it.",
    advice: "Install the client certificate that the server expects; a proxy that inspects cannot present it.",
  },
  "tls-version-mismatch": {
    title: "no TLS version in common",
    about: "One side ended the handshake with the alert protocol_version. Its alert does not show who sent it.",
    advice: "Allow a version that both sides have, on the client or on the server.",
  },
  "tls-alert": {
    title: "an alert ended the handshake",
    about:
      "One side ended the handshake with a fatal alert that has no cause of its own; or the client refused a certificate that is good, that lacks its intermediate, or that cannot be seen. The alert names a reason, not who is to blame.",
    advice: "Look at the log of the side that sent it, at that moment; compare the hello with one that works.",
  },
  "certificate-expired": {
    title: "a certificate that has expired",
    about:
      "The chain is genuine and out of date at the time of the capture: the server's certificate, or an authority's that the client could not do without.",
    advice: "The server's operator must renew it. Check the clocks first.",
  },
  "certificate-not-yet-valid": {
    title: "a certificate that is not valid yet",
    about:
      "The chain is genuine, and begins after the time of the capture: a clock is wrong, or it was installed early.",
    advice: "Check the clock of the capturing machine and of the client.",
  },
  "name-mismatch": {
    title: "a certificate for another name",
    about:
      "The chain is genuine, and for none of the names asked for: a wrong address, a default site, or a portal that took this connection over. Nobody forged it.",
    advice: "Check to which address the name resolves, and what answers there.",
  },
  "self-signed": {
    title: "a self-signed certificate that the client refused",
    about:
      "The client refused it, and nothing shows interception: devices and test servers present such certificates. Where the client did not refuse, the verdict is `cannot-tell`.",
    advice: "If it is the server's own, make the client trust it; if not, compare with what it presents elsewhere.",
  },
  "private-ca": {
    title: "a private authority that the client refused",
    about:
      "The client refused a chain that ends at a private root, and nothing shows interception: an organisation's own server looks the same. Where the client did not refuse, the verdict is `cannot-tell`.",
    advice:
      "If the CA is the server's own, install its root on the client and declare it with --private-ca; if not, compare with what the server presents elsewhere.",
  },
  "local-agent": {
    title: "a program on the computer ends TLS",
    about:
      "The wire shows the server's own certificate while the application sees another: an antivirus, a filter or a debugging proxy on the computer itself. The network is innocent. A capture shows it only where loopback was captured too, or beside what was seen in the application (--baseline).",
    advice: "Exempt the host in that program; the network needs no change.",
  },
  "non-tls-answer": {
    title: "an answer that is not TLS",
    about:
      "Bytes that are not TLS answered a hello: a page in plain HTTP of a filter, proxy or portal, or another service on that port.",
    advice: "Look at what it says, and find out what answers at that address.",
  },
  "closed-without-answer": {
    title: "closed without an answer",
    about:
      "The connection came up, and the other side closed it after the client's first bytes without one of its own: a proxy that expects another protocol, a load balancer without a server, or the server.",
    advice: "Find out what answers on that port, and why it closes.",
  },
  "no-answer": {
    title: "no answer at all",
    about:
      "The connection came up, or datagrams were sent, and nothing came back for long enough: the service behind the port is not reached, or a filter drops this content.",
    advice: "Check the path to that address and port, and the service behind it.",
  },
  "packet-loss": {
    title: "packets are lost",
    about: "The handshake stopped on bytes that never arrived, of any size: neither a filter nor an MTU.",
    advice: "Look for a congested or faulty link; compare with a capture on another one.",
  },
  "capture-incomplete": {
    title: "the capture lacks something",
    about:
      "Only with `cannot-tell`: one direction, the beginning of the connection, or bytes of it are not in the capture. What is not in it proves nothing, neither for nor against.",
    advice: "Capture on the client, both directions, whole packets, and start before the client connects.",
  },
};
