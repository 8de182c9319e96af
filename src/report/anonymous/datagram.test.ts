import fc from "fast-check";
import { expect, test } from "vitest";
import { concat, ints, payload } from "../../../test/support/capture-writer.ts";
import { bareStun } from "../../../test/support/tls-messages.ts";
import { fromHex, toHex } from "../../bytes/text.ts";
import { AddressMap } from "../../packet/address-map.ts";
import { anonymousDatagram } from "./datagram.ts";

const map = new AddressMap(new Uint8Array(32).fill(9));
const left = (bytes: Uint8Array, fromClient = true, sealedStays = false): Uint8Array =>
  anonymousDatagram({ bytes, fromClient, sealedStays }, map);

const dtlsRecord = (type: number, epoch: number, content: Uint8Array): Uint8Array =>
  concat(ints(true, [type, 1], [0xfefd, 2], [epoch, 2], [0, 2], [1, 4], [content.length, 2]), content);
const fragment = (type: number, body: Uint8Array): Uint8Array =>
  concat(ints(true, [(type << 24) | body.length, 4], [1, 2], [0, 1], [0, 2], [0, 1], [body.length, 2]), body);

test("STUN stays, data of a channel does not", () => {
  expect(left(bareStun(1))).toEqual(bareStun(1));
  expect(left(concat(fromHex("40000004"), fromHex("c0000201")))).toEqual(fromHex("40000004"));
});

test("DTLS: hellos and a server's certificate stay; a client's, and what is protected, are blanked", () => {
  const hello = dtlsRecord(22, 0, fragment(1, payload(40)));
  const shown = dtlsRecord(22, 0, fragment(11, payload(40, 1)));
  const sealed = dtlsRecord(23, 1, payload(30, 1));
  expect(left(concat(hello, sealed))).toEqual(concat(hello, dtlsRecord(23, 1, new Uint8Array(30).fill(0xff))));
  expect(left(shown, false)).toEqual(shown);
  expect(left(shown, true)).toEqual(dtlsRecord(22, 0, fragment(11, new Uint8Array(40))));
});

test("QUIC: of a sealed handshake and of another version the headers", () => {
  // RFC 9000 section 17.2.4: type 2, version 1, ids of 4 and 0 bytes, length 20.
  const handshake = concat(fromHex("e0 00000001 04 aabbccdd 00 14"), payload(20, 1));
  expect(toHex(left(handshake))).toBe(`e00000000104aabbccdd0014${"00".repeat(20)}`);
  expect(left(handshake, true, true)).toEqual(handshake);
  const other = concat(fromHex("c0 51303530 04 aabbccdd 00"), payload(20, 1));
  expect(toHex(left(other))).toBe(`c05130353004aabbccdd00${"00".repeat(20)}`);
});

test("of DNS the counts, of what nobody knows nothing", () => {
  const query = fromHex("1234 0100 0001 0000 0000 0000 03777777 07636f6e746f736f 03636f6d 00 0001 0001");
  expect(left(query)).toEqual(query.subarray(0, 12));
  expect(left(fromHex("80 60 0001 00000000 c0000201 0a000001"))).toEqual(new Uint8Array(0));
});

test("returns, never longer than what there was, for any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), fc.boolean(), (bytes, fromClient, sealedStays) => {
      expect(left(bytes, fromClient, sealedStays).length).toBeLessThanOrEqual(bytes.length);
    }),
  );
});
