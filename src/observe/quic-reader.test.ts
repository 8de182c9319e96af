import { beforeAll, describe, expect, test } from "vitest";
import { concat } from "../../test/support/capture-writer.ts";
import { ecKeys, makeCertificate } from "../../test/support/certificates.ts";
import { quicShared } from "../../test/support/quic.ts";
import {
  ACK,
  closing,
  crypto,
  DESTINATION,
  handshake,
  initial,
  type PacketOptions,
  short,
  u16,
  u32,
} from "../../test/support/quic-packets.ts";
import { clientHello, message, serverHello } from "../../test/support/tls-messages.ts";
import { fromHex, toHex } from "../bytes/text.ts";
import { loadCiphers } from "../protocol/ciphers.ts";
import { QUIC_V1, QUIC_V2 } from "../protocol/quic/versions.ts";
import { KeyLog } from "../protocol/tls/key-log.ts";
import { sessionKey } from "./hellos.ts";
import { QuicReader } from "./quic-reader.ts";

beforeAll(loadCiphers);

const HELLO = clientHello({ name: "av.fabrikam.example" });
const ANSWER = serverHello({ tls13: true });

function read(...datagrams: readonly (readonly [0 | 1, Uint8Array])[]): QuicReader {
  const reader = new QuicReader(quicShared());
  for (const [i, [side, bytes]] of datagrams.entries()) reader.datagram(side, bytes, i + 1, i);
  return reader;
}

describe.each([QUIC_V1, QUIC_V2] as const)("version %i", (version) => {
  test("both hellos", () => {
    const reader = read(
      [1, initial("client", [crypto(HELLO)], { version })],
      [0, initial("server", [ACK, crypto(ANSWER)], { version, destination: fromHex("01") })],
    );
    expect(reader.clientSide).toBe(1);
    expect(reader.clientHello?.serverName).toBe("av.fabrikam.example");
    expect(reader.clientHello?.ja4).toMatch(/^q12d/);
    expect(reader.serverHello?.version).toBe(0x0304);
    expect(reader.messages.map(({ side, name, frame, record }) => [side, name, frame, record])).toEqual([
      [1, "ClientHello", 1, 1],
      [0, "ServerHello", 2, 1],
    ]);
  });
});

test("a hello in pieces, in any order and over two packets", () => {
  const reader = read(
    [0, initial("client", [crypto(HELLO, 30, 20), crypto(HELLO, 0, 20), crypto(HELLO, 70)])],
    [0, initial("client", [crypto(HELLO, 15, 20), crypto(HELLO, 45, 30)], { number: 1 })],
  );
  expect(reader.clientHello?.serverName).toBe("av.fabrikam.example");
  expect(reader.messages[0]).toMatchObject({ frame: 2, frames: [1, 2], record: 2, length: HELLO.length - 4 });
});

test("after a Retry the keys are others; one that does not prove itself is not told", () => {
  const chosen = fromHex("0011223344556677");
  const retry = concat(Uint8Array.of(0xf0), u32(QUIC_V1), Uint8Array.of(0, 8), chosen, new Uint8Array(30));
  const reader = read(
    [0, initial("client", [crypto(HELLO, 0, 10)])],
    [1, retry],
    [0, initial("client", [crypto(HELLO)], { keyedBy: chosen, number: 1 })],
    [1, initial("server", [crypto(ANSWER)], { keyedBy: chosen, destination: fromHex("01") })],
  );
  expect(reader.clientHello).toBeDefined();
  expect(reader.serverHello).toBeDefined();
  expect(reader.retry).toBe(false);
});

test("a Retry that proves itself is told", () => {
  // RFC 9001 appendix A.4, for the connection id that all packets here begin with.
  const retry = fromHex("ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba");
  expect(read([0, initial("client", [crypto(HELLO)])], [1, retry]).retry).toBe(true);
  expect(read([0, initial("client", [crypto(HELLO)])], [0, retry]).retry).toBe(false);
});

describe("versions", () => {
  const ids: PacketOptions = { source: fromHex("0102") };
  const negotiation = (destination: string, source: string) =>
    fromHex(`c000000000 ${destination} ${source} 00000001 6b3343cf`);

  test("what the server speaks instead; an answer to something else is none", () => {
    const [mine, its] = ["020102", `08${toHex(DESTINATION)}`];
    const hello: [0, Uint8Array] = [0, initial("client", [crypto(HELLO)], ids)];
    expect(read(hello, [1, negotiation(mine, its)]).offered).toEqual([QUIC_V1, QUIC_V2]);
    expect(read(hello, [1, negotiation("020103", its)]).offered).toBeUndefined();
    expect(read(hello, [1, negotiation(its, mine)]).offered).toBeUndefined();
    expect(read(hello, [0, negotiation(mine, its)]).offered).toBeUndefined();
    expect(read([1, negotiation(mine, its)]).offered).toBeUndefined();
  });

  test("one that is not read, then one that is", () => {
    const draft = fromHex(`c0ff00001d 08${toHex(DESTINATION)} 020102 ${"00".repeat(40)}`);
    const mine = negotiation("020102", `08${toHex(DESTINATION)}`);
    expect(read([0, draft])).toMatchObject({ version: 0xff00001d, clientHello: undefined });
    const reader = read([0, draft], [1, mine], [0, initial("client", [crypto(HELLO)], ids)]);
    expect(reader).toMatchObject({ version: QUIC_V1, offered: [QUIC_V1, QUIC_V2] });
    expect(reader.clientHello).toBeDefined();
  });

  test("the server goes on in a compatible one (RFC 9368), and the client after it", () => {
    const second = initial("client", [crypto(HELLO, 0, 40)], { version: QUIC_V2, number: 1, keyedBy: DESTINATION });
    const reader = read(
      [0, initial("client", [crypto(HELLO, 40)])],
      [1, initial("server", [ACK], { version: QUIC_V2, destination: fromHex("01") })],
      [0, second],
      [1, initial("server", [crypto(ANSWER)], { version: QUIC_V2, destination: fromHex("01"), number: 1 })],
    );
    expect(reader.version).toBe(QUIC_V2);
    expect([reader.clientHello, reader.serverHello]).not.toContain(undefined);
  });
});

describe("with its keys", () => {
  const secrets = {
    client: new Uint8Array(32).fill(1),
    server: new Uint8Array(32).fill(2),
    data: new Uint8Array(32).fill(3),
  };
  const keys = ecKeys();
  const leaf = makeCertificate({ subject: "av.fabrikam.example", issuer: "CA", signer: keys });
  const u24 = (length: number) => concat(Uint8Array.of(length >> 16), u16(length & 0xffff));
  const CERTIFICATE = message(11, concat(Uint8Array.of(0), u24(leaf.length + 5), u24(leaf.length), leaf, u16(0)));
  const EXTENSIONS = message(8, fromHex("0009 0010 0005 0003 02 6833"));
  const VERIFY = message(15, new Uint8Array(70));
  const FINISHED = message(20, new Uint8Array(32));
  const TICKET = message(4, concat(u32(7200), u32(0), Uint8Array.of(0), u16(9), new Uint8Array(9).fill(7), u16(0)));
  const FLIGHT = concat(EXTENSIONS, CERTIFICATE, VERIFY, FINISHED);
  const CLIENT_ID: PacketOptions = { destination: fromHex("c1c2c3") };

  function keyLog(...lines: readonly (readonly [label: string, secret: Uint8Array])[]): KeyLog {
    const log = new KeyLog();
    const random = toHex(HELLO.subarray(6, 38));
    for (const [label, secret] of lines) log.add(`${label} ${random} ${toHex(secret)}\n`);
    return log;
  }
  const ALL = [
    ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", secrets.client],
    ["SERVER_HANDSHAKE_TRAFFIC_SECRET", secrets.server],
    ["SERVER_TRAFFIC_SECRET_0", secrets.data],
  ] as const;

  function talk(log: KeyLog, datagrams: readonly (readonly [0 | 1, Uint8Array])[]): QuicReader {
    const reader = new QuicReader(quicShared(1, log));
    for (const [i, [side, bytes]] of datagrams.entries()) reader.datagram(side, bytes, i + 1, i);
    reader.end();
    return reader;
  }

  const hello: [0, Uint8Array] = [0, initial("client", [crypto(HELLO)], { source: fromHex("c1c2c3") })];
  const answer = initial("server", [ACK, crypto(ANSWER)], CLIENT_ID);
  const flight = handshake(secrets.server, [crypto(FLIGHT)], CLIENT_ID);
  const finished = handshake(secrets.client, [ACK, crypto(FINISHED)]);
  const ticket = short(secrets.data, [Uint8Array.of(0x1e), crypto(TICKET)], CLIENT_ID);

  test("the certificate, ALPN and tickets are read", () => {
    const reader = talk(keyLog(...ALL), [hello, [1, concat(answer, flight)], [0, finished], [1, ticket]]);
    expect(reader.decrypted).toBe(true);
    expect(reader.chain?.certificates.map(({ certificate }) => certificate?.subject.text)).toEqual([
      "CN=av.fabrikam.example",
    ]);
    expect([reader.chainFrame, reader.alpn, reader.issuedSessions]).toEqual([
      2,
      "h3",
      [sessionKey(new Uint8Array(9).fill(7))],
    ]);
    expect(reader.messages.map(({ side, name, frame }) => [side, name, frame])).toEqual([
      [0, "ClientHello", 1],
      [1, "ServerHello", 2],
      [1, "EncryptedExtensions", 2],
      [1, "Certificate", 2],
      [1, "CertificateVerify", 2],
      [1, "Finished", 2],
      [0, "Finished", 3],
      [1, "NewSessionTicket", 4],
    ]);
    expect(reader.data).toEqual([false, true]);
  });

  test.each(["aes256", "chacha20"] as const)("under %s", (suite) => {
    const long = new Uint8Array(suite === "aes256" ? 48 : 32).fill(9);
    const hex = suite === "aes256" ? "1302" : "1303";
    const other = fromHex(toHex(ANSWER).replace("1301", hex));
    const reader = talk(keyLog(["SERVER_HANDSHAKE_TRAFFIC_SECRET", long]), [
      hello,
      [1, initial("server", [crypto(other)], CLIENT_ID)],
      [1, handshake(long, [crypto(FLIGHT)], { ...CLIENT_ID, suite })],
    ]);
    expect(reader.chain).toBeDefined();
  });

  test("in pieces, over packets in any order, some before the ServerHello", () => {
    const cut = 100;
    const pieces = [
      handshake(secrets.server, [crypto(FLIGHT, cut)], { ...CLIENT_ID, number: 1 }),
      handshake(secrets.server, [crypto(FLIGHT, 0, cut)], { ...CLIENT_ID, number: 0 }),
    ] as const;
    const reader = talk(keyLog(...ALL), [hello, [1, pieces[0]], [1, answer], [1, pieces[1]], [0, finished]]);
    expect(reader.chain).toBeDefined();
    expect(reader.messages.find(({ name }) => name === "Certificate")).toMatchObject({ frame: 4, frames: [2, 4] });
  });

  test("an alert is in the close: the client refuses the certificate", () => {
    const refusal = handshake(secrets.client, [ACK, closing(0x100 + 48)]);
    const reader = talk(keyLog(...ALL), [hello, [1, concat(answer, flight)], [0, refusal], [0, finished]]);
    expect(reader.alerts).toEqual([{ side: 0, level: 2, code: 48, frame: 3, at: 2 }]);
    expect(reader.messages.map(({ side }) => side)).toEqual([0, 1, 1, 1, 1, 1]);
  });

  test("a close in the clear, too; one that is no alert ends the reading only", () => {
    const refused = read(
      [0, initial("client", [crypto(HELLO)])],
      [1, initial("server", [closing(0x100 + 120)], CLIENT_ID)],
    );
    expect(refused.alerts).toMatchObject([{ side: 1, code: 120 }]);
    expect(
      read([0, initial("client", [crypto(HELLO)])], [1, initial("server", [closing(2)], CLIENT_ID)]).alerts,
    ).toEqual([]);
  });

  test("another hello that the server asks for is waited for", () => {
    const random = fromHex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c");
    const retry = concat(ANSWER.subarray(0, 6), random, ANSWER.subarray(38));
    const reader = talk(keyLog(...ALL), [
      hello,
      [1, initial("server", [crypto(retry)], CLIENT_ID)],
      [0, initial("client", [crypto(HELLO, 0, HELLO.length, HELLO.length)], { number: 1 })],
      [
        1,
        concat(
          initial("server", [crypto(ANSWER, 0, ANSWER.length, retry.length)], { ...CLIENT_ID, number: 1 }),
          flight,
        ),
      ],
    ]);
    expect(reader.helloRetryRequest).toBe(true);
    expect(reader.serverHelloFrame).toBe(4);
    expect(reader.chain).toBeDefined();
  });

  test("without them, or with others, nothing more than the hellos", () => {
    const others = keyLog(["SERVER_HANDSHAKE_TRAFFIC_SECRET", secrets.client]);
    for (const log of [new KeyLog(), others]) {
      const reader = talk(log, [hello, [1, concat(answer, flight)], [0, finished], [0, short(secrets.data, [])]]);
      expect([reader.decrypted, reader.chain, reader.messages.length]).toEqual([false, undefined, 2]);
      expect(reader.data).toEqual([true, false]);
    }
  });

  test("the chain is given back", () => {
    const state = quicShared(1, keyLog(...ALL));
    const reader = new QuicReader(state);
    for (const [side, bytes] of [hello, [1, concat(answer, flight)]] as const) reader.datagram(side, bytes, 1, 0);
    const held = state.pool.hold(leaf);
    expect(held.holders).toBe(3);
    reader.release();
    expect(held.holders).toBe(2);
  });
});

test.each([
  ["damaged", (bytes: Uint8Array) => bytes.with(60, (bytes[60] as number) ^ 1)],
  ["cut short", (bytes: Uint8Array) => bytes.subarray(0, 100)],
  ["of another version", (bytes: Uint8Array) => bytes.with(4, 9)],
])("a packet that is %s says nothing", (_, change) => {
  const reader = read([0, change(initial("client", [crypto(HELLO)]))]);
  expect([reader.clientSide, reader.clientHello, reader.messages]).toEqual([-1, undefined, []]);
});

test("what does not open is left alone after a while", () => {
  const bad = initial("client", [crypto(HELLO)]).with(80, 0);
  const good: [0, Uint8Array] = [0, initial("client", [crypto(HELLO)])];
  expect(read(...Array.from({ length: 7 }, () => [0, bad] as const), good).clientHello).toBeDefined();
  expect(read(...Array.from({ length: 8 }, () => [0, bad] as const), good).clientHello).toBeUndefined();
});

test("that holds for packets in one datagram, too, and for all connections together", () => {
  const one = Uint8Array.of(0xc0, 0, 0, 0, 1, 0, 0, 0, 21, ...new Uint8Array(21));
  const many = concat(...Array.from({ length: 100 }, () => one));
  const state = { ...quicShared(3), failures: 20 };
  const readers = [new QuicReader(state), new QuicReader(state), new QuicReader(state)];
  for (const reader of readers) for (let i = 0; i < 5; i++) reader.datagram(0, many, 1, 0);
  expect(state.failures).toBe(0);
  const good: [0, Uint8Array, number, number] = [0, initial("client", [crypto(HELLO)]), 1, 0];
  const last = new QuicReader({ ...state, connections: 1 });
  last.datagram(...good);
  expect(last.clientHello).toBeUndefined();
});

test("a hello that is sent again and again, or claims too much, is not kept", () => {
  const endless = initial("client", [crypto(concat(Uint8Array.of(1, 0xff, 0xff, 0xff), new Uint8Array(900)))]);
  const reader = read(...Array.from({ length: 60 }, () => [0, endless] as const));
  expect(JSON.stringify(reader).length).toBeLessThan(20_000);
  const hello = initial("client", [crypto(HELLO, 0, 50)]);
  expect(
    read(...Array.from({ length: 200 }, () => [0, hello] as const), [0, initial("client", [crypto(HELLO, 50)])])
      .clientHello,
  ).toBeDefined();
});

test("past the limit of connections none is opened", () => {
  const reader = new QuicReader(quicShared(0));
  reader.datagram(0, initial("client", [crypto(HELLO)]), 1, 0);
  expect(reader.clientHello).toBeUndefined();
});
