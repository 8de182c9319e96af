/** Networks that use the same addresses, each in a tunnel of its own: nobody answers for the other. */
import { expect, test } from "vitest";
import { analyze, type Report } from "../src/index.ts";
import { concat, ints, memorySource } from "./support/capture-writer.ts";
import { altNames, ascii, ecKeys, makeCertificate, oid, sequence, tlv } from "./support/certificates.ts";
import { Conversation, ethernet, pcapOf } from "./support/packets.ts";
import { clientHello, flight } from "./support/tls-messages.ts";
import { handshake } from "./support/traffic.ts";
import { gre, mplsLabel, outer, overlay, pppoe, vxlan } from "./support/tunnels.ts";

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

type Wrap = (frame: Uint8Array) => Uint8Array;

const packetOf = (frame: Uint8Array) => frame.subarray(14);
const inVxlan =
  (network: number): Wrap =>
  (frame) =>
    overlay(4789, concat(vxlan(network), frame));
const inGre =
  (key: number): Wrap =>
  (frame) =>
    outer(47, gre(0x2000, 0x0800, ints(true, [key, 4]), packetOf(frame)));
const inMpls =
  (label: number): Wrap =>
  (frame) =>
    ethernet(concat(mplsLabel(true, label), packetOf(frame)), { type: 0x8847 });
const inPptp: Wrap = (frame) => {
  const packet = packetOf(frame);
  const fields = ints(true, [packet.length, 2], [5, 2], [0, 8], [0x0021, 2]);
  return outer(47, gre(0x3081, 0x880b, fields, packet));
};
const inErspan: Wrap = (frame) => outer(47, gre(0x1000, 0x88be, new Uint8Array(12), frame));
const inPppoe: Wrap = (frame) => pppoe(concat(ints(true, [0x0021, 2]), packetOf(frame)));
const plain: Wrap = (frame) => frame;

const read = (frames: readonly Uint8Array[]): Promise<Report> => analyze([memorySource(pcapOf(frames))]);
const named = ({ connections }: Report) =>
  connections.filter(({ transport }) => transport === "tcp").map(({ serverName, verdict }) => [serverName, verdict.is]);

test.each([
  ["two VXLAN networks", inVxlan(1), inVxlan(2)],
  ["two GRE tunnels", inGre(1), inGre(2)],
  ["two labels", inMpls(1), inMpls(2)],
  ["a tunnel and none", inGre(1), plain],
  ["none and a tunnel", plain, inGre(1)],
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
  ["GRE", inGre(1)],
  ["PPTP", inPptp],
  ["ERSPAN", inErspan],
  ["PPPoE", inPppoe],
  ["VXLAN", inVxlan(1)],
  ["MPLS", inMpls(1)],
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
