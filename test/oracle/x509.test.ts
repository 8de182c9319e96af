/**
 * Real chains judged at the time they were captured: certificates as tshark reads them from every capture of two collections
 * without interception. Whatever does not reach a public root is listed here by name, with what it is.
 */
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { fromHex } from "../../src/bytes/text.ts";
import { PUBLIC_ROOTS } from "../../src/knowledge/roots/index.ts";
import { parseCertificate } from "../../src/protocol/x509/certificate.ts";
import { judgeChain, TrustStore } from "../../src/protocol/x509/trust.ts";
import { HAS_TSHARK, tsharkFields } from "../support/tshark.ts";

const captures = new URL("../../../shared/captures/", import.meta.url);
const isThere = existsSync(captures) && HAS_TSHARK;

const FILES = isThere
  ? ["zeek-tls", "ja4"].flatMap((folder) =>
      readdirSync(new URL(folder, captures))
        .sort()
        .map((file) => `${folder}/${file}`),
    )
  : [];

/** Capture → leaf subject → trust, for everything that is not `public-root`. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  // A malformed PSS signature made to crash OpenSSL, under a public CA's name.
  "zeek-tls/CVE-2015-3194.pcap CN=bro.org, L=Berkeley, ST=CA, C=US": "unknown",
  // Test servers of their own making.
  "zeek-tls/cert-no-cn.pcap O=TestCorp": "self-signed",
  "zeek-tls/certificate-request-failed.pcap CN=testing.zeek.org, O=SomeOrg, ST=Some-State, C=US": "private-root",
  "zeek-tls/dtls1_0.pcap CN=bro": "self-signed",
  "zeek-tls/dtls1_2.pcap O=Internet Widgits Pty Ltd, ST=Some-State, C=AU": "self-signed",
  "zeek-tls/x509-generalizedtime.pcap CN=bro-generalizedtime-test, O=Bro, C=NL": "self-signed",
  "ja4/dtls-udp.notest.cap O=Internet Widgits Pty Ltd, ST=Some-State, C=XX": "self-signed",
  // ML-DSA is not checkable.
  "zeek-tls/ml-dsa-44-cert.pcap CN=ml-dsa.example.com, O=PQC-Test, C=US": "unknown",
  // The two ends of a WebRTC call.
  "zeek-tls/webrtc-stun.pcap CN=a": "self-signed",
  "zeek-tls/webrtc-stun.pcap CN=mantis.tokbox.com, O=Tokbox, L=San Francisco, ST=California, C=US": "self-signed",
  // Public CAs (StartCom, Starfield); the server forgot its intermediate.
  "zeek-tls/heartbleed-encrypted-short.pcap emailAddress=postmaster@lilawelt.de, CN=www.lilawelt.de, C=US":
    "incomplete",
  "zeek-tls/missing-intermediate.pcap CN=www.cviis.org, OU=Domain Control Validated": "incomplete",
  // A private CA, not presented.
  "zeek-tls/pop3-starttls.pcap emailAddress=postmaster@lilawelt.de, CN=chimaera.lilawelt.de, OU=Servers, O=Lilawelt, L=Munich, C=DE":
    "incomplete",
  // CAcert was never in Mozilla's list; its presented root is signed with MD5.
  "zeek-tls/xmpp-starttls.pcap CN=jabber.ccc.de, O=Chaos Computer Club e.V., L=Hamburg, ST=Hamburg, C=DE": "unknown",
  // CVE-2020-0601: a root with a generator of the forger's choice.
  "ja4/badcurveball.pcap CN=SANS ISC DShield Test, O=SANS Internet Storm Center, C=US": "invalid-signature",
  // The vendor's own service under the vendor's own CA.
  "ja4/ssh2.pcapng OU=SaaS, O=Sophos Ltd., C=GB, ST=Oxfordshire, CN=mcs2-cloudstation-eu-west-1.prod.hydra.sophos.com":
    "private-root",
};

describe.skipIf(!isThere)("captures without interception: needs ../shared and tshark (absent: skipped)", () => {
  const store = new TrustStore({ publicRoots: PUBLIC_ROOTS });

  async function judgeCapture(file: string): Promise<[string, string][]> {
    const rows = tsharkFields(
      fileURLToPath(new URL(file, captures)),
      "tls.handshake.type==11 || dtls.handshake.type==11",
      ["frame.time_epoch", "tls.handshake.certificate", "dtls.handshake.certificate"],
      ["-o", "tcp.reassemble_out_of_order:TRUE", "-n"],
    );
    const judged: [string, string][] = [];
    for (const [time = "", overTls = "", overDtls = ""] of rows) {
      const chain = (overTls || overDtls)
        .split(",")
        .flatMap((hex) => (hex === "" ? [] : [parseCertificate(fromHex(hex))]));
      // A fragment, or a client that sent an empty list.
      if (chain[0] === undefined) continue;
      const trust = await judgeChain(chain, [], Number(time), store);
      judged.push([`${file} ${chain[0].subject.text}`, trust.is]);
    }
    return judged;
  }

  test.each(FILES)("%s: every chain reaches a root that was public then, but for those listed", async (file) => {
    const others = (await judgeCapture(file)).filter(([, is]) => is !== "public-root");
    const listed = Object.entries(EXCEPTIONS).filter(([name]) => name.startsWith(`${file} `));
    expect(Object.fromEntries(others)).toEqual(Object.fromEntries(listed));
  });

  test("what is listed is there, and most chains are public", async () => {
    const named = Object.keys(EXCEPTIONS).map((name) => name.slice(0, name.indexOf(" ")));
    expect(named.filter((file) => !FILES.includes(file))).toEqual([]);
    // Eight chains of one capture, so that an empty answer of the oracle cannot pass for a good one.
    expect((await judgeCapture("zeek-tls/google-cert-repeat.pcap")).map(([, is]) => is)).toEqual(
      Array(8).fill("public-root"),
    );
  });
});
