import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, ints, payload } from "../../../test/support/capture-writer.ts";
import { text } from "../../../test/support/packets.ts";
import {
  alert,
  bareStun,
  CHANGE_CIPHER_SPEC,
  certificate,
  clientHello,
  flight,
  MS_TURN_HELLO,
  message,
  msTurnFrame,
  record,
  serverHello,
} from "../../../test/support/tls-messages.ts";
import { toLatin1 } from "../../bytes/text.ts";
import { AddressMap } from "../../packet/address-map.ts";
import { anonymousStream, type Stream } from "./stream.ts";

const map = new AddressMap(new Uint8Array(32).fill(9));
const CLIENT: Omit<Stream, "bytes"> = {
  gaps: [],
  fromClient: true,
  sealed: { records: 0, alerts: false },
  session: undefined,
};
const SERVER = { ...CLIENT, fromClient: false };
const left = (bytes: Uint8Array, stream: Omit<Stream, "bytes"> = CLIENT): Uint8Array =>
  anonymousStream({ ...stream, bytes }, map);

describe("TLS", () => {
  test("the handshake in the clear stays, of what is sealed the headers, of alerts in the clear all", () => {
    const hello = flight(clientHello({ name: "sip.example.com" }));
    const finished = record(22, payload(40, 1));
    const data = record(23, payload(100, 1));
    expect(left(concat(hello, CHANGE_CIPHER_SPEC, finished, data))).toEqual(
      concat(hello, CHANGE_CIPHER_SPEC, record(22, new Uint8Array(40)), record(23, new Uint8Array(100))),
    );
    expect(left(concat(hello, alert(2, 48)))).toEqual(concat(hello, alert(2, 48)));
  });

  test("of data no more than the first records", () => {
    const records = Array.from({ length: 40 }, () => record(23, payload(100, 1)));
    expect(left(concat(...records))).toEqual(
      concat(...records.slice(0, 16).map(() => record(23, new Uint8Array(100)))),
    );
  });

  test("a server's certificate stays, a client's does not, whatever records it is in", () => {
    const chain = certificate(payload(300, 7), payload(50, 7));
    expect(left(flight(chain), SERVER)).toEqual(flight(chain));
    const blank = certificate(new Uint8Array(300), new Uint8Array(50));
    expect(left(flight(chain))).toEqual(flight(blank));
    for (let cut = 1; cut < chain.length; cut++) {
      const split = (whole: Uint8Array): Uint8Array =>
        concat(record(22, whole.subarray(0, cut)), record(22, whole.subarray(cut)));
      expect(left(split(chain))).toEqual(split(blank));
      // Cut off by the capture.
      expect(left(record(22, chain).subarray(0, 5 + cut))).toEqual(record(22, blank).subarray(0, 5 + cut));
    }
  });

  test("behind a hole nothing of a client's stays: it may be its certificate", () => {
    const chain = certificate(payload(300, 7));
    const bytes = flight(clientHello(), chain);
    const hello = clientHello().length;
    const stream = { ...CLIENT, gaps: [[5 + hello, 5 + hello + 8]] as const };
    expect(left(bytes, stream).subarray(5)).toEqual(new Uint8Array(hello + chain.length));
  });

  test("an address for a name becomes another", () => {
    const changed = toLatin1(left(flight(clientHello({ name: "192.0.2.17" }))));
    expect(changed).not.toContain("192.0.2.17");
    expect(changed).toHaveLength(flight(clientHello({ name: "192.0.2.17" })).length);
  });

  test("what is sealed stays where the handshake in it was read", () => {
    const sealed = record(23, payload(90, 1));
    const short = record(23, payload(19, 1));
    const bytes = concat(flight(serverHello()), sealed, sealed, short);
    const stream = { ...SERVER, sealed: { records: 2, alerts: false } };
    expect(left(bytes, stream)).toEqual(
      concat(flight(serverHello()), sealed, record(23, new Uint8Array(90)), record(23, new Uint8Array(19))),
    );
    expect(left(bytes, { ...stream, sealed: { records: 2, alerts: true } }).subarray(-24)).toEqual(short);
  });
});

describe("before TLS, and in its place", () => {
  test("pseudo-TLS, then TURN in frames: messages stay, data does not", () => {
    const data = concat(ints(true, [0x0300, 2], [10, 2]), payload(10, 1));
    expect(left(concat(MS_TURN_HELLO, msTurnFrame(), data))).toEqual(
      concat(MS_TURN_HELLO, msTurnFrame(), ints(true, [0x0300, 2], [10, 2]), new Uint8Array(10)),
    );
  });

  test("STUN", () => {
    expect(left(bareStun(1))).toEqual(bareStun(1));
  });

  test("SOCKS 5: an address becomes another, name and password zeros", () => {
    const request = concat(Uint8Array.of(5, 1, 0, 1, 192, 0, 2, 1), ints(true, [443, 2]));
    const login = concat(Uint8Array.of(1, 3), text("bob"), Uint8Array.of(6), text("secret"));
    const changed = left(concat(Uint8Array.of(5, 2, 0, 2), login, request, flight(clientHello())));
    const other = map.text("192.0.2.1").split(".").map(Number);
    expect(changed).toEqual(
      concat(
        Uint8Array.of(5, 2, 0, 2),
        Uint8Array.of(1, 3, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0),
        Uint8Array.of(5, 1, 0, 1, ...other),
        ints(true, [443, 2]),
        flight(clientHello()),
      ),
    );
  });

  test("SOCKS 5 with a name, and 4 with a user", () => {
    const named = concat(Uint8Array.of(5, 1, 0), Uint8Array.of(5, 1, 0, 3, 8), text("sip.test"), ints(true, [443, 2]));
    expect(left(named)).toEqual(named);
    const four = concat(
      Uint8Array.of(4, 1),
      ints(true, [443, 2]),
      Uint8Array.of(192, 0, 2, 1),
      text("bob"),
      Uint8Array.of(0),
    );
    const other = map.text("192.0.2.1").split(".").map(Number);
    expect(left(four)).toEqual(
      concat(Uint8Array.of(4, 1), ints(true, [443, 2]), Uint8Array.from(other), text("xxx"), Uint8Array.of(0)),
    );
  });

  test("RDP: who logs in does not stay", () => {
    const cookie = text("Cookie: mstshash=bob\r\n");
    const negotiation = Uint8Array.of(1, 0, 8, 0, 3, 0, 0, 0);
    const length = 11 + cookie.length + 8;
    const head = concat(ints(true, [0x0300, 2], [length, 2]), Uint8Array.of(length - 5, 0xe0, 0, 0, 0, 0, 0));
    expect(left(concat(head, cookie, negotiation))).toEqual(concat(head, text("x".repeat(cookie.length)), negotiation));
  });

  test("a tunnel, then TLS in it", () => {
    const asked = text("CONNECT sip.example.com:443 HTTP/1.1\r\nUser-Agent: bob\r\n\r\n");
    const hello = flight(clientHello());
    expect(left(concat(asked, hello))).toEqual(
      concat(text("CONNECT sip.example.com:443 HTTP/1.1\r\nUser-Agent: xxx\r\n\r\n"), hello),
    );
    const granted = text("HTTP/1.1 200 Connection established\r\n\r\n");
    expect(left(concat(granted, flight(serverHello())), SERVER)).toEqual(concat(granted, flight(serverHello())));
  });

  test("of what nobody knows that there was something, at its beginning", () => {
    expect(left(text("my secret"))).toEqual(text("xxxxxxxxx"));
    expect(left(concat(flight(clientHello()), text("my secret")))).toEqual(flight(clientHello()));
    expect(left(new Uint8Array(10_000).fill(0x61))).toHaveLength(4096);
  });
});

test("returns, never longer than what there was, for any bytes and holes", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom(
      flight(clientHello({ name: "10.0.0.1" })),
      flight(certificate(payload(60))),
      record(22, message(11, payload(9))),
      CHANGE_CIPHER_SPEC,
      bareStun(3),
      MS_TURN_HELLO,
      text("HTTP/1.1 200 OK\r\n\r\n"),
      text("CONNECT a:1 HTTP/1.1\r\n\r\n"),
      Uint8Array.of(5, 1, 0),
      Uint8Array.of(4, 1, 0, 80, 1, 2, 3, 4, 0),
      Uint8Array.of(3, 0, 0, 19, 14, 0xe0),
    ),
  );
  const hole = fc.tuple(fc.nat(200), fc.nat(40)).map(([from, size]) => [from, from + size] as const);
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 6 }),
      fc.array(hole, { maxLength: 2 }),
      fc.boolean(),
      fc.constantFrom<Stream["session"]>(undefined, "lines", "xml"),
      (pieces, gaps, fromClient, session) => {
        const bytes = concat(...pieces);
        expect(left(bytes, { ...CLIENT, gaps, fromClient, session }).length).toBeLessThanOrEqual(bytes.length);
      },
    ),
  );
});
