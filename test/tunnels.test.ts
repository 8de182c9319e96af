/** Networks that use the same addresses, each in a tunnel of its own: nobody answers for the other. */
import { expect, test } from "vitest";
import { analyze, type Report } from "../src/index.ts";
import { concat, memorySource } from "./support/capture-writer.ts";
import { altNames, ascii, ecKeys, makeCertificate, oid, sequence, tlv } from "./support/certificates.ts";
import { Conversation, ethernet, ip, pcapOf, udpFrame } from "./support/packets.ts";
import { clientHello, flight } from "./support/tls-messages.ts";
import { handshake } from "./support/traffic.ts";

const [ONE, OTHER] = [
  { ip: "172.16.0.1", port: 33_333 },
  { ip: "172.16.0.2", port: 4789 },
];

const attribute = (type: string, value: string) => tlv(0x31, sequence(oid(type), ascii(0x0c, value)));
const FORGED = makeCertificate({
  issuer: [attribute("2.5.4.10", "Fortinet"), attribute("2.5.4.3", "FortiGate CA")],
  subject: "a.example",
  signer: ecKeys(),
  extensions: [altNames(ascii(0x82, "a.example"))],
});

const intercepted = () =>
  handshake(new Conversation({ clientStart: 900_000, serverStart: 910_000 }).open(), "a.example", [FORGED], 1400)
    .fin("client")
    .fin("server").frames;

const unanswered = () =>
  new Conversation({ clientStart: 1000, serverStart: 5000 })
    .open()
    .say("client", flight(clientHello({ name: "b.example" }))).frames;

const vxlan = (network: number) => (frame: Uint8Array) =>
  udpFrame(ONE, OTHER, concat(Uint8Array.of(8, 0, 0, 0, 0, 0, network, 0), frame));
const gre = (key: number) => (frame: Uint8Array) =>
  ethernet(ip(concat(Uint8Array.of(0x20, 0, 8, 0, 0, 0, 0, key), frame.subarray(14)), ONE, OTHER, 47));
const mpls = (label: number) => (frame: Uint8Array) =>
  ethernet(concat(Uint8Array.of(0, label, 0x01, 64), frame.subarray(14)), { type: 0x8847 });
const pptp = (frame: Uint8Array) => {
  const packet = frame.subarray(14);
  const header = Uint8Array.of(0x30, 0x81, 0x88, 0x0b, packet.length >> 8, packet.length & 0xff, 0, 5);
  return ethernet(ip(concat(header, new Uint8Array(8), Uint8Array.of(0, 0x21), packet), ONE, OTHER, 47));
};
const erspan = (frame: Uint8Array) =>
  ethernet(ip(concat(Uint8Array.of(0x10, 0, 0x88, 0xbe), new Uint8Array(12), frame), ONE, OTHER, 47));
const pppoe = (frame: Uint8Array) =>
  ethernet(concat(Uint8Array.of(0x11, 0, 0, 7, 0, 0, 0, 0x21), frame.subarray(14)), { type: 0x8864 });
const plain = (frame: Uint8Array) => frame;

const read = (frames: readonly Uint8Array[]): Promise<Report> => analyze([memorySource(pcapOf(frames))]);
const named = ({ connections }: Report) =>
  connections.filter(({ transport }) => transport === "tcp").map(({ serverName, verdict }) => [serverName, verdict.is]);

test.each([
  ["two VXLAN networks", vxlan(1), vxlan(2)],
  ["two GRE tunnels", gre(1), gre(2)],
  ["two labels", mpls(1), mpls(2)],
  ["a tunnel and none", gre(1), plain],
  ["none and a tunnel", plain, gre(1)],
])("%s: a certificate of one is never laid at the other's door", async (_, first, second) => {
  const a = intercepted().map(first);
  const b = unanswered().map(second);
  expect(named(await read(a))).toEqual([["a.example", "intercepted"]]);
  for (let at = 0; at <= a.length; at++) {
    for (const [name, is] of named(await read([...a.slice(0, at), ...b, ...a.slice(at)]))) {
      if (name !== "a.example") expect([at, name, is]).not.toEqual([at, name, "intercepted"]);
    }
  }
});

test.each([
  ["GRE", gre(1)],
  ["PPTP", pptp],
  ["ERSPAN", erspan],
  ["PPPoE", pppoe],
  ["VXLAN", vxlan(1)],
  ["MPLS", mpls(1)],
])("inside %s a connection is read as outside, and what is seen on both sides counts once", async (_, wrap) => {
  const frames = intercepted();
  const once = await read(frames);
  const twice = await read(frames.flatMap((frame) => [frame, wrap(frame)]));
  const facts = ({ connections }: Report) =>
    connections
      .filter(({ transport }) => transport === "tcp")
      .map(({ bytes, verdict, handshake }) => [bytes, verdict.is, handshake.map(({ message }) => message)]);
  expect(facts(twice)).toEqual(facts(once));
  expect(facts(await read(frames.map(wrap)))).toEqual(facts(once));
});
