/**
 * Invariant: what QUIC says does not depend on when the ciphers are there, so neither on how much is read at once nor, with two
 * threads, on which is faster. A file of its own: once loaded, ciphers stay.
 */
import { expect, test } from "vitest";
import { fromHex } from "../src/bytes/text.ts";
import { CaptureSet } from "../src/capture/set.ts";
import { Courier, courierMemory, Recipient } from "../src/observe/courier.ts";
import { Desk } from "../src/observe/desk.ts";
import { collect, tell } from "../src/observe/from-capture.ts";
import { Keeper } from "../src/observe/keeper.ts";
import { ciphers } from "../src/protocol/ciphers.ts";
import { KeyLog } from "../src/protocol/tls/key-log.ts";
import { memorySource } from "./support/capture-writer.ts";
import { CLIENT, pcapOf, SERVER, udpFrame } from "./support/packets.ts";
import { ACK, crypto, initial } from "./support/quic-packets.ts";
import { clientHello, serverHello } from "./support/tls-messages.ts";

const watcher = { progress: () => false };
const hello = initial("client", [crypto(clientHello({ name: "av.fabrikam.example" }))]);
const answer = initial("server", [ACK, crypto(serverHello({ tls13: true }))], { destination: fromHex("01") });
/** The client sends its hello again and again before it gets an answer. */
const capture = pcapOf(
  [...Array.from({ length: 12 }, () => udpFrame(CLIENT, SERVER, hello)), udpFrame(SERVER, CLIENT, answer)],
  { every: 1e6 },
);
const opened = () => CaptureSet.open([memorySource(capture, { name: "a.pcap" })]);

// The order of these matters: nothing loads ciphers in the first.
test("whoever works on what another thread reads stops for them", async () => {
  const memory = courierMemory();
  const courier = new Courier(memory, () => {});
  await tell(await opened(), courier, courier.tcp, courier.udp, watcher, courier);
  courier.end();
  const recipient = new Recipient(memory);
  const desk = new Desk(new Keeper(10), new KeyLog(), recipient.tcp, recipient.udp);
  expect(recipient.read(desk, 100)).toBe("more");
  expect([desk.needsCiphers, recipient.frames]).toEqual([true, 1]);
  // Once.
  expect(recipient.read(desk, 100)).toBe("end");
});

test("one thread stops for them too", async () => {
  expect(ciphers()).toBeUndefined();
  const found = await collect(await opened(), new Keeper(10), watcher);
  expect(ciphers()).toBeDefined();
  expect(await collect(await opened(), new Keeper(10), watcher)).toEqual(found);
  expect(found.drafts[0]?.tls?.serverHello).toBeDefined();
});
