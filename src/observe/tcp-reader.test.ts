/** What only a reader fed by hand shows; the rest is in from-capture.test.ts. */
import { expect, test } from "vitest";
import { CLIENT, frameOf, SERVER, tcpFrame } from "../../test/support/packets.ts";
import { MS_TURN_ANSWER, MS_TURN_HELLO, msTurnFrame } from "../../test/support/tls-messages.ts";
import { Blocks } from "../bytes/blocks.ts";
import { decode, Packet } from "../packet/packet.ts";
import { KeyLog } from "../protocol/tls/key-log.ts";
import { Flow, FlowTable, flowMemory } from "../stream/flow.ts";
import { TcpReassembly } from "../stream/tcp.ts";
import { CertificatePool } from "./certificate-pool.ts";
import { Hellos } from "./hellos.ts";
import { TcpReader } from "./tcp-reader.ts";

function newReader(): { reader: TcpReader; say: (side: 0 | 1, bytes: Uint8Array, frame: number) => void } {
  const packet = new Packet();
  decode(frameOf(tcpFrame(CLIENT, SERVER, new Uint8Array(0))), packet);
  const table = new FlowTable(flowMemory("tcp"), () => {});
  const flow = new Flow(table, table.add(packet, 1, 0, 0), 0, 1, 0, 0);
  flow.half0.fromStart = flow.half1.fromStart = true;
  const reader = new TcpReader(flow, {
    reassembly: new TcpReassembly(),
    pool: new CertificatePool(),
    hellos: new Hellos(),
    keyLog: new KeyLog(),
    blocks: new Blocks(),
    dtls: { hellos: new Hellos("d"), pool: new CertificatePool(), room: 0 },
  });
  return { reader, say: (side, bytes, frame) => reader.data(side, bytes, 0, bytes.length, frame, frame, 0) };
}

test.each([0, 20])(
  "an answer stored before the hello, then %i bytes that were not captured, then a message",
  (missing) => {
    const { reader, say } = newReader();
    say(1, MS_TURN_ANSWER, 1);
    if (missing > 0) reader.gap(1, missing);
    say(0, MS_TURN_HELLO, 2);
    say(1, msTurnFrame(0x0113), 3);
    expect([reader.pseudoAnswered, reader.pseudoAnswerFrame]).toEqual([true, 1]);
    // Behind a hole nothing proves that a message begins.
    expect(reader.sides[1].turnFrame).toBe(missing === 0 ? 3 : 0);
  },
);
