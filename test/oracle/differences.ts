/** Where our Report and tshark 4.0 differ, capture by capture, and why. */
export interface Difference {
  readonly why: string;
  /** As `connections.test.ts` writes them: `+` only ours, `-` only tshark's. */
  readonly lines: readonly string[];
}

export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  "lab/f52-snaplen-96-direct.pcap": {
    why: "frames cut at 96 bytes: with reassemble_out_of_order tshark waits for the cut bytes for ever; without it, it shows this message too",
    lines: ["+ tcp/2 ServerHelloDone in 64"],
  },
  "zeek-tls/https-to-http.pcap": {
    why: "the server answers in HTTP, so tshark takes the connection for HTTP; the client's first message is a ClientHello all the same",
    lines: ["+ tcp/0 ClientHello in 4", "+ tcp/0 ja3 78f0dc5ac5b19daf131a133cfdee9691"],
  },
  "zeek-tls/ssl-to-http-server.pcap": {
    why: "the server answers in HTTP, so tshark takes the connection for HTTP; the client's first message is a ClientHello all the same",
    lines: ["+ tcp/0 ClientHello in 3", "+ tcp/0 ja3 823b0b2334cc80f23d595d19661af2df"],
  },
  "zeek-tls/ssl-v2.pcap": {
    why: "an SSL 2.0 handshake, which has message types of its own (4 is its ServerHello): tshark names them by TLS's types; we recognise it and read only the hello",
    lines: [
      "+ tcp/0 ServerHello in 6",
      "- tcp/0 NewSessionTicket in 6",
      "- tcp/0 ServerHello in 8",
      "- tcp/0 certificate 8ce7a4de80166f61 in 6",
    ],
  },
  "zeek-tls/tls-fragmented-handshake.pcap.gz": {
    why: "the Certificate is cut into hundreds of tiny records: tshark gives up putting it together",
    lines: ["+ tcp/0 Certificate in 410", "+ tcp/0 certificate af4a46e989dc2407 in 410"],
  },
  "zeek-tls/tls1.2-protocol-violation.pcap": {
    why: "two records with several messages each and a length that lies: tshark takes the ServerHelloDone for an encrypted message",
    lines: ["+ tcp/0 ServerHelloDone in 8"],
  },
  "ja4/socks-https-example.pcap": {
    why: "the same messages in the same frames; tshark gives what is inside a SOCKS tunnel a stream number of its own, so the later connections have higher ones",
    lines: [
      "+ tcp/1 Certificate in 47",
      "+ tcp/1 ClientHello in 38",
      "+ tcp/1 ClientKeyExchange in 49",
      "+ tcp/1 ServerHello in 39",
      "+ tcp/1 ServerHelloDone in 47",
      "+ tcp/1 certificate 1f95b6a991762945 in 47",
      "+ tcp/1 certificate 21eb37ab4cf6ef89 in 47",
      "+ tcp/1 frames 31–60, 30",
      "+ tcp/1 ja3 06a92bf69b367389d2feb0d70501ddfe",
      "+ tcp/1 ja3s 280ca4511bfaa384b2e931c058e8816e",
      "+ tcp/2 Certificate in 80",
      "+ tcp/2 ClientHello in 71",
      "+ tcp/2 ClientKeyExchange in 82",
      "+ tcp/2 ServerHello in 72",
      "+ tcp/2 ServerHelloDone in 80",
      "+ tcp/2 certificate 1f95b6a991762945 in 80",
      "+ tcp/2 certificate 21eb37ab4cf6ef89 in 80",
      "+ tcp/2 frames 61–93, 33",
      "- tcp/2 Certificate in 47",
      "- tcp/2 ClientHello in 38",
      "- tcp/2 ClientKeyExchange in 49",
      "- tcp/2 ServerHello in 39",
      "- tcp/2 ServerHelloDone in 47",
      "- tcp/2 certificate 1f95b6a991762945 in 47",
      "- tcp/2 certificate 21eb37ab4cf6ef89 in 47",
      "- tcp/2 frames 31–60, 30",
      "- tcp/4 Certificate in 80",
      "- tcp/4 ClientHello in 71",
      "- tcp/4 ClientKeyExchange in 82",
      "- tcp/4 ServerHello in 72",
      "- tcp/4 ServerHelloDone in 80",
      "- tcp/4 certificate 1f95b6a991762945 in 80",
      "- tcp/4 certificate 21eb37ab4cf6ef89 in 80",
      "- tcp/4 frames 61–93, 33",
      "- tcp/4 ja3 06a92bf69b367389d2feb0d70501ddfe",
      "- tcp/4 ja3s 280ca4511bfaa384b2e931c058e8816e",
    ],
  },
  "malformed/arcnet-rfc1051-arp-icmp-http.pcap": {
    why: "traffic in a tunnel, quoted in a sample or on a link layer that is not read yet",
    lines: ["- tcp/0 frames 11–24, 14", "- udp/0 frames 7–10, 4"],
  },
  "malformed/bigtcp-ipv4-vxlan-ipv4.pcap": {
    why: "BIG TCP: the length fields are zero, and tshark gives up before UDP; we read it with the frame's own length",
    lines: ["+ tcp/0 frames 1–1, 1", "+ udp/0 frames 1–1, 1"],
  },
  "malformed/bigtcp-ipv6-geneve-ipv4.pcap": {
    why: "BIG TCP: the length fields are zero, and tshark gives up before UDP; we read it with the frame's own length",
    lines: ["+ tcp/0 frames 1–1, 1", "+ udp/0 frames 1–1, 1"],
  },
  "malformed/bigtcp-ipv6-vxlan-ipv4.pcap": {
    why: "BIG TCP: the length fields are zero, and tshark gives up before UDP; we read it with the frame's own length",
    lines: ["+ tcp/0 frames 1–1, 1", "+ udp/0 frames 1–1, 1"],
  },
  "malformed/macsec-short-longer.pcap": {
    why: "a link layer that is not read yet (MACsec)",
    lines: ["- udp/0 frames 1–1, 1"],
  },
  "malformed/nsh.pcap": {
    why: "traffic in a tunnel, quoted in a sample or on a link layer that is not read yet",
    lines: ["- udp/0 frames 1–1, 1"],
  },
  "malformed/pim-packet-assortment.pcap": {
    why: "traffic in a tunnel, quoted in a sample or on a link layer that is not read yet",
    lines: [
      "- udp/0 frames 55–55, 1",
      "- udp/1 frames 56–56, 1",
      "- udp/10 frames 74–74, 1",
      "- udp/11 frames 75–75, 1",
      "- udp/12 frames 76–76, 1",
      "- udp/13 frames 77–77, 1",
      "- udp/14 frames 182–182, 1",
      "- udp/15 frames 183–183, 1",
      "- udp/16 frames 184–184, 1",
      "- udp/17 frames 185–185, 1",
      "- udp/18 frames 190–194, 5",
      "- udp/2 frames 57–57, 1",
      "- udp/3 frames 58–58, 1",
      "- udp/4 frames 63–67, 5",
      "- udp/5 frames 69–69, 1",
      "- udp/6 frames 70–70, 1",
      "- udp/7 frames 71–71, 1",
      "- udp/8 frames 72–72, 1",
      "- udp/9 frames 73–73, 1",
    ],
  },
  "malformed/sflow_expanded.pcap": {
    why: "traffic in a tunnel, quoted in a sample or on a link layer that is not read yet",
    lines: ["- tcp/0 frames 1–1, 1"],
  },
};
