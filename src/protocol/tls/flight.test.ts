/**
 * Flights made message by message as RFC 8446 lays them out, put into records and read back by their lengths alone. What captures of
 * real stacks show is compared in test/flights.test.ts.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Flight,
  finishedAt,
  flightOffer,
  isClientDone,
  MAX_AFTER,
  MAX_RECORDS,
  readFlight,
  type SeenRecords,
  signerKind,
} from "./flight.ts";
import type { ClientHello } from "./messages.ts";

const AES_128_GCM = 0x1301;
const AES_256_GCM = 0x1302;
const AES_128_CCM_8 = 0x1305;

interface Hello {
  readonly extensions?: readonly number[];
  readonly alpn?: readonly string[];
  readonly signatures?: readonly number[];
}

const ALL_SIGNATURES = [0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0904];

function offer({ extensions = [], alpn = [], signatures = ALL_SIGNATURES }: Hello = {}) {
  const types = alpn.length > 0 ? [...extensions, 16] : extensions;
  const hello: Pick<ClientHello, "extensions" | "alpn" | "signatureAlgorithms"> = {
    extensions: types.map((type) => ({ type, data: new Uint8Array(0) })),
    alpn,
    signatureAlgorithms: signatures,
  };
  return flightOffer(hello as ClientHello);
}

const text = (lengths: readonly number[]) => String.fromCharCode(...lengths);

function read(server: readonly number[], more: Partial<Omit<SeenRecords, "server" | "client">> & Given = {}) {
  const { client = [69], after = [], ...rest } = more;
  return readFlight({
    cipherSuite: AES_256_GCM,
    resumed: false,
    offer: offer({ extensions: [0, 10], alpn: ["h2", "http/1.1"] }),
    before: client.length === 0 ? undefined : server.length,
    ...rest,
    server: text([...server, ...after]),
    client: text(client),
  });
}

interface Given {
  readonly client?: readonly number[];
  readonly after?: readonly number[];
}

describe("values measured on real stacks (facts/interception.md, section 4)", () => {
  test.each<[string, number[], Partial<Flight>]>([
    ["direct, ECDSA, h2", [32, 1642, 95, 69], { alpn: "answered", protocol: "h2", key: "EC P-256", certificate: 1621 }],
    ["Squid", [23, 2854, 281, 69], { alpn: "not-answered", key: "RSA 2048", certificate: 2833 }],
    ["sslsplit", [27, 2055, 281, 69], { alpn: "not-answered", key: "RSA 2048", certificate: 2034 }],
    ["mitmproxy", [32, 835, 281, 69], { alpn: "answered", protocol: "h2", key: "RSA 2048", certificate: 814 }],
  ])("%s", (_, server, reading) => {
    const after = [250, 250, 600];
    expect(read(server, { after })).toEqual({
      layout: "separate",
      server,
      after,
      client: [69],
      answer: "finished",
      ...reading,
    });
  });
});

describe("layouts that are not read", () => {
  const other = (layout: Flight["layout"], server: readonly number[], after: readonly number[] = []) => ({
    layout,
    server,
    after,
    client: [69],
    answer: "finished",
  });

  test.each([
    ["all in one record, as NSS has it", [1145]],
    ["all in records of 512 bytes", [529, 529, 529, 303]],
    ["16 bytes of padding on each, as Java has it", [65, 448, 112, 85]],
    ["filled up to 512 bytes, as OpenSSL does when told to", [528, 528, 528, 528]],
    ["a Certificate and its CertificateVerify together", [32, 912, 69]],
    ["CertificateVerify and Finished together", [32, 412, 164]],
    ["a first record that no EncryptedExtensions for this client is as long as", [26, 432, 96, 69]],
    ["a signature as no key makes it", [32, 432, 110, 69]],
    ["a Finished of another hash", [32, 432, 96, 53]],
    ["Certificate pieces of different lengths", [32, 500, 400, 300, 96, 69]],
    ["more than a flight in front of the Finished", [32, 529, 529, 600, 281, 69]],
  ])("%s", (_, server) => {
    expect(read(server, { after: [282, 282] })).toEqual(other("joined-or-padded", server, [282, 282]));
  });

  test("a flight whose end did not come", () => {
    const server = [32, 2764];
    expect(read(server, { client: [] })).toEqual({ layout: "unfinished", server, after: [], client: [] });
    const long = Array<number>(MAX_RECORDS).fill(529);
    expect(read(long)).toEqual(other("unfinished", long));
  });

  test("nothing is said where the client spoke first, nothing was sent, or the suite is another", () => {
    expect(read([32, 432, 96, 69], { before: 0 })).toBeUndefined();
    expect(read([])).toBeUndefined();
    expect(read([32, 432, 96, 69], { cipherSuite: 0xc02f })).toBeUndefined();
  });
});

describe("what the client asked and answered", () => {
  test("a request for its certificate stands between EncryptedExtensions and Certificate", () => {
    const server = [23, 66, 2484, 281, 69];
    expect(read(server, { client: [25, 69] })).toMatchObject({ answer: "certificate", certificate: 2463 });
    expect(read(server, { client: [432, 96, 69] })).toMatchObject({ answer: "certificate", certificate: 2463 });
    // Without the client's answer the two may be the pieces of one Certificate.
    const unknown = read(server, { client: [] });
    expect(unknown).toMatchObject({ layout: "separate", key: "RSA 2048" });
    expect(unknown?.certificate).toBeUndefined();
    // And there it cannot have been.
    expect(read([32, 432, 96, 69], { client: [25, 69] })?.layout).toBe("joined-or-padded");
    expect(read([32, 432, 96, 69], { client: [512] })?.layout).toBe("joined-or-padded");
  });

  test("a Certificate too long for a record", () => {
    expect(read([32, 16401, 16401, 900, 281, 69])?.certificate).toBe(2 * 16384 + 883 - 4);
    expect(read([32, 529, 303, 281, 69])?.certificate).toBe(512 + 286 - 4);
    expect(read([32, 66, 529, 303, 281, 69], { client: [25, 69] })?.certificate).toBe(512 + 286 - 4);
  });

  test("an alert instead of a Finished, which need not wait for the end of the flight", () => {
    expect(read([32, 432, 96, 69], { client: [19] })).toMatchObject({ answer: "alert", key: "EC P-256" });
    expect(read([32, 432, 96, 69], { client: [19], before: 2 })).toMatchObject({ layout: "separate", answer: "alert" });
    expect(read([32, 432], { client: [19] })?.layout).toBe("unfinished");
    // A Finished does: they are not in the order in which they were sent.
    expect(read([32, 432, 96, 69], { client: [69], before: 2 })).toBeUndefined();
  });

  test("data before the end of the handshake is no part of the flight", () => {
    const flight = read([32, 432, 96, 69, 79, 79], { after: [282] });
    expect(flight).toMatchObject({ layout: "separate", server: [32, 432, 96, 69], after: [79, 79, 282] });
  });

  test("of what follows, no more than tells tickets from data", () => {
    expect(read([32, 432, 96, 69], { after: [282, 282, 300, 300] })?.after).toEqual([282, 282, 300]);
    expect(read([32, 432, 96, 69], { after: [16401, 282] })?.after).toEqual([16401]);
  });

  test("a resumption has no certificate", () => {
    const resumed = read([32, 69], { resumed: true, after: [282] });
    expect(resumed).toEqual({
      layout: "separate",
      server: [32, 69],
      after: [282],
      client: [69],
      answer: "finished",
      alpn: "answered",
      protocol: "h2",
    });
    expect(read([32, 432, 96, 69], { resumed: true })?.layout).toBe("joined-or-padded");
  });

  test("CCM_8 has a tag of 8 bytes", () => {
    expect(read([24, 424, 88, 45], { cipherSuite: AES_128_CCM_8, client: [45] })).toMatchObject({
      ...{ layout: "separate", alpn: "answered", protocol: "h2", key: "EC P-256", certificate: 411 },
    });
  });

  test("a Certificate that may be compressed", () => {
    const flight = read([23, 432, 96, 69], { offer: offer({ extensions: [27] }) });
    expect(flight).toMatchObject({ certificate: 411, perhapsCompressed: true });
    expect(read([23, 432, 96, 69], { offer: undefined })).toMatchObject({ certificate: 411, perhapsCompressed: true });
    expect(read([23, 432, 96, 69])?.perhapsCompressed).toBeUndefined();
  });
});

describe("ALPN by the length of EncryptedExtensions", () => {
  const firefox = {
    extensions: [0, 23, 65281, 10, 11, 35, 5, 34, 51, 43, 13, 45, 28, 65037],
    alpn: ["h2", "http/1.1"],
  };
  const chrome = { extensions: [0x1a1a, 0, 23, 65281, 10, 11, 35, 5, 13, 18, 51, 45, 43, 27, 17513, 65037] };
  test.each<[string, Hello, number, Partial<Flight> | undefined]>([
    ["nothing", {}, 0, {}],
    ["nothing, of a client that offers", firefox, 0, { alpn: "not-answered" }],
    ["the name", firefox, 4, { alpn: "not-answered" }],
    ["h2", firefox, 9, { alpn: "answered", protocol: "h2" }],
    ["h2 and the name", firefox, 13, { alpn: "answered", protocol: "h2" }],
    ["http/1.1, or h2 and the size of records", firefox, 15, { alpn: "answered" }],
    ["groups: even", firefox, 10, { alpn: "not-answered" }],
    ["from here on retry configurations may be in it", firefox, 31, {}],
    ["shorter than any", firefox, 3, undefined],
    ["odd, and too short for h2", firefox, 7, undefined],
    ["h2, of Chrome", { ...chrome, alpn: ["h2", "http/1.1"] }, 9, { alpn: "answered", protocol: "h2" }],
    ["h2 with settings of any length", { ...chrome, alpn: ["h2"] }, 21, { alpn: "answered", protocol: "h2" }],
    ["9 bytes: h2, or the name and a heartbeat", { extensions: [0, 15], alpn: ["h2"] }, 9, {}],
    ["an extension that nobody knows", { extensions: [1234], alpn: ["h2"] }, 9, {}],
    ["two names of one length", { alpn: ["h2", "h3"] }, 9, { alpn: "answered" }],
    ["one name twice", { alpn: ["h2", "h2"] }, 9, { alpn: "answered", protocol: "h2" }],
    ["nothing that was offered", {}, 9, undefined],
    ["more names than anybody offers", { alpn: Array.from({ length: 20 }, (_, i) => `p${i}`) }, 9, {}],
    ["longer than any", { extensions: [1234] }, 3000, undefined],
  ])("%s", (_, hello, length, reading) => {
    const flight = read([length + 2 + 4 + 17, 432, 96, 69], { offer: offer(hello) });
    if (reading === undefined) expect(flight?.layout).toBe("joined-or-padded");
    else {
      expect(flight?.layout).toBe("separate");
      expect({ alpn: flight?.alpn, protocol: flight?.protocol }).toEqual({
        alpn: undefined,
        protocol: undefined,
        ...reading,
      });
    }
  });
});

describe("keys by the length of CertificateVerify", () => {
  test.each([
    [256, "RSA 2048"],
    [384, "RSA 3072"],
    [512, "RSA 4096"],
    [128, "RSA 1024"],
    [66, "EC P-256"],
    [72, "EC P-256"],
    [104, "EC P-384"],
    [139, "EC P-521"],
    [64, "Ed25519"],
    [114, "Ed448"],
    [2420, "ML-DSA-44"],
  ])("%i: %s", (length, key) => {
    expect(read([23, 432, length + 25, 69])?.key).toBe(key);
    expect(signerKind(AES_256_GCM, text([23, 432, length + 25, 69]), 3)).toBe(key);
  });

  test.each([65, 73, 97, 105, 113, 257, 4096])("%i: none", (length) => {
    expect(read([23, 432, length + 25, 69])?.layout).toBe("joined-or-padded");
  });

  test("what the client takes decides, or leaves it open", () => {
    const key = (signatures: readonly number[]) => read([23, 432, 96, 69], { offer: offer({ signatures }) });
    expect(key([0x0403, 0x0804])?.key).toBe("EC P-256");
    expect(key([0x0403, 0x0708])?.key).toBe("EC P-256 or EC SM2");
    expect(key([0x081a])?.key).toBe("EC brainpoolP256r1");
    expect(key([0x0804])?.layout).toBe("joined-or-padded");
  });
});

test("the client's flight is over with its Finished, or with more records than it has", () => {
  const done = (...lengths: number[]) => isClientDone(AES_256_GCM, text(lengths));
  expect([done(), done(69), done(25), done(25, 69), done(432, 96), done(432, 96, 69), done(1, 2, 3)]).toEqual(
    // Nothing, Finished, an empty Certificate, …
    [false, true, false, true, false, true, true],
  );
  expect(isClientDone(0xc02f, "")).toBe(true);
});

// --- any flight at all

const HASH: Readonly<Record<number, number>> = { [AES_128_GCM]: 32, [AES_256_GCM]: 48, [AES_128_CCM_8]: 32 };

/** Of each extension that a server may answer in EncryptedExtensions the lengths of some answers, without the header. */
const ANSWERED: readonly (readonly [type: number, contents: readonly number[]])[] = [
  [0, [0]],
  [1, [1]],
  [10, [4, 6, 12, 30]],
  [15, [1]],
  [19, [1]],
  [20, [1]],
  [28, [2]],
  [58, [1]],
  [0xfe0d, [64, 130]],
  [777, [0, 5, 9, 11]],
];

const SIGNERS: readonly (readonly [key: string, scheme: number, lengths: readonly number[]])[] = [
  ["RSA 2048", 0x0804, [256]],
  ["RSA 3072", 0x0809, [384]],
  ["RSA 4096", 0x0806, [512]],
  ["EC P-256", 0x0403, [70, 71, 72, 69]],
  ["EC P-384", 0x0503, [102, 103, 104]],
  ["EC P-521", 0x0603, [137, 138, 139]],
  ["Ed25519", 0x0807, [64]],
];

interface Truth {
  readonly seen: Omit<SeenRecords, "server" | "client" | "before">;
  readonly messages: readonly { readonly name: string; readonly length: number }[];
  readonly alpn: string | undefined;
  readonly offers: boolean;
  readonly key: string;
  readonly answer: "finished" | "certificate" | "alert" | undefined;
  readonly tag: number;
}

const subset = <T>(all: readonly T[]) => fc.subarray([...all]);
const one = <T>(all: readonly T[]) => fc.constantFrom(...all);

/** A flight as a server may send it to a client as it may be. */
const truths: fc.Arbitrary<Truth> = fc
  .record({
    suite: one([AES_128_GCM, AES_256_GCM, AES_128_CCM_8]),
    offered: subset(ANSWERED),
    others: subset([5, 13, 23, 27, 35, 43, 51, 0x2a2a]),
    protocols: subset(["h2", "http/1.1", "h3", "spdy/3", "acme-tls/1", "ftp"]),
    signers: fc.subarray([...SIGNERS], { minLength: 1 }),
    resumed: fc.boolean(),
    asked: fc.boolean(),
    chain: fc.integer({ min: 60, max: 40_000 }),
    request: fc.integer({ min: 15, max: 300 }),
    refused: fc.boolean(),
    unanswered: fc.boolean(),
  })
  .chain((given) =>
    fc
      .record({
        answers: subset(given.offered.flatMap(([, contents]) => [contents])),
        chosen: fc.option(given.protocols.length === 0 ? fc.constant(undefined) : one(given.protocols), {
          nil: undefined,
        }),
        signer: one(given.signers),
        pick: fc.nat(),
      })
      .map(({ answers, chosen, signer: [key, , lengths], pick }) => {
        const extensions = answers.reduce((sum, contents) => sum + 4 + (contents[pick % contents.length] as number), 0);
        const alpn = chosen === undefined ? 0 : 4 + 2 + 1 + chosen.length;
        const asked = given.asked && !given.resumed;
        const message = (name: string, body: number) => ({ name, length: 4 + body });
        const messages = [
          message("EncryptedExtensions", 2 + extensions + alpn),
          ...(asked ? [message("CertificateRequest", given.request)] : []),
          ...(given.resumed ? [] : [message("Certificate", given.chain)]),
          ...(given.resumed ? [] : [message("CertificateVerify", 2 + 2 + (lengths[pick % lengths.length] as number))]),
          message("Finished", HASH[given.suite] as number),
        ];
        return {
          seen: {
            cipherSuite: given.suite,
            resumed: given.resumed,
            offer: offer({
              extensions: [...given.offered.map(([type]) => type), ...given.others],
              alpn: given.protocols,
              signatures: given.signers.map(([, scheme]) => scheme),
            }),
          },
          messages,
          alpn: chosen,
          offers: given.protocols.length > 0,
          key,
          answer: given.unanswered ? undefined : given.refused ? "alert" : asked ? "certificate" : "finished",
          tag: given.suite === AES_128_CCM_8 ? 8 : 16,
        };
      }),
  );

/** Lengths of the records that these pieces of plaintext make. */
const seal = (pieces: readonly number[], { tag }: Truth, padding = (_: number) => 0) =>
  pieces.map((length) => length + 1 + padding(length + 1) + tag);

/** A message in records of at most `limit` bytes of plaintext. */
const cut = (length: number, limit: number): number[] =>
  length <= limit ? [length] : [limit, ...cut(length - limit, limit)];

function readBack(truth: Truth, server: readonly number[], after: readonly number[] = []): Flight | undefined {
  const finished = 4 + (HASH[truth.seen.cipherSuite] as number);
  const said = { finished: [finished], certificate: [8, finished], alert: [2] };
  const client = truth.answer === undefined ? [] : said[truth.answer];
  return readFlight({
    ...truth.seen,
    server: text([...server, ...after].slice(0, MAX_RECORDS)),
    client: text(seal(client, truth)),
    before: truth.answer === undefined ? undefined : Math.min(server.length, MAX_RECORDS),
  });
}

/** Nothing that is claimed is false. */
function expectTrue(flight: Flight, { messages, alpn, offers, key, seen, answer }: Truth): void {
  if (flight.alpn === "answered") expect(alpn).toBeDefined();
  if (flight.alpn === "not-answered") expect([alpn, offers]).toEqual([undefined, true]);
  if (flight.protocol !== undefined) expect(flight.protocol).toBe(alpn);
  if (flight.key !== undefined) expect(flight.key).toBe(key);
  if (flight.certificate !== undefined)
    expect(flight.certificate + 4).toBe(messages.find(({ name }) => name === "Certificate")?.length);
  if (flight.answer !== undefined) expect(flight.answer).toBe(answer);
  expect(flight.perhapsCompressed ?? false).toBe(flight.certificate !== undefined && seen.offer?.compression === true);
}

describe("of flights made to the specification", () => {
  test("each message in a record of its own, or several: all that is claimed is true, and the layout is seen", () => {
    let claims = 0;
    fc.assert(
      fc.property(truths, one([16384, 4096, 1024, 512]), (truth, limit) => {
        const server = seal(
          truth.messages.flatMap(({ length }) => cut(length, limit)),
          truth,
        );
        fc.pre(server.length < MAX_RECORDS);
        const flight = readBack(truth, server, [300, 300]) as Flight;
        // With an EncryptedExtensions or a CertificateVerify in pieces it is not one message a record.
        const whole = truth.messages.every(
          ({ name, length }) => /^Certificate(Request)?$/.test(name) || length <= limit,
        );
        if (whole) expect(flight.layout).toBe("separate");
        if (flight.layout !== "separate") return;
        expectTrue(flight, truth);
        expect([flight.server, flight.answer]).toEqual([server, truth.answer]);
        expect(flight.after).toEqual([300, 300].slice(0, MAX_RECORDS - server.length));
        expect(flight.key).toBe(truth.seen.resumed ? undefined : truth.key);
        if (flight.alpn !== undefined) claims++;
      }),
      { numRuns: 2000 },
    );
    // ALPN stays open where an unknown extension was offered, and often besides.
    expect(claims).toBeGreaterThan(300);
  });

  test.each([
    ["run on from record to record", 16384],
    ["run on in records of 512 bytes", 512],
    ["run on in records of 1 200 bytes", 1200],
  ])("messages that %s are not read", (_, limit) => {
    fc.assert(
      fc.property(truths, (truth) => {
        const all = truth.messages.reduce((sum, { length }) => sum + length, 0);
        const server = seal(cut(all, limit), truth);
        const flight = readBack(truth, server);
        expect(flight?.layout).not.toBe("separate");
      }),
      { numRuns: 1000 },
    );
  });

  test("records filled up to a multiple, or by a constant, are not read", () => {
    fc.assert(
      fc.property(truths, fc.integer({ min: 2, max: 1024 }), fc.boolean(), (truth, step, constant) => {
        const padding = (length: number) => (constant ? step : (step - (length % step)) % step);
        const server = seal(
          truth.messages.flatMap(({ length }) => cut(length, 16384)),
          truth,
          padding,
        );
        const finished = truth.messages.at(-1)?.length as number;
        // A Finished that is a multiple as it is, is not padded: 37 and 53 bytes.
        fc.pre(padding(finished + 1) > 0);
        expect(readBack(truth, server)?.layout).not.toBe("separate");
      }),
      { numRuns: 1000 },
    );
  });
});

test("any lengths at all: returns, never throws, and keeps every length in its place", () => {
  const lengths = fc.array(fc.oneof(fc.nat(40_000), one([0, 19, 23, 32, 53, 69, 95, 281])), { maxLength: MAX_RECORDS });
  fc.assert(
    fc.property(
      one([AES_128_GCM, AES_256_GCM, AES_128_CCM_8, 0]),
      fc.boolean(),
      lengths,
      lengths,
      fc.option(fc.nat(MAX_RECORDS), { nil: undefined }),
      fc.option(
        fc.record({
          extensions: fc.array(fc.nat(65_535), { maxLength: 30 }),
          alpn: fc.array(fc.string({ maxLength: 12 }), { maxLength: 30 }),
          signatures: fc.array(fc.nat(65_535), { maxLength: 10 }),
        }),
        { nil: undefined },
      ),
      (cipherSuite, resumed, server, client, before, hello) => {
        const seen = { cipherSuite, resumed, server: text(server), client: text(client), before };
        const flight = readFlight({ ...seen, offer: hello && offer(hello) });
        expect(finishedAt(seen)).toBeLessThan(server.length);
        isClientDone(cipherSuite, seen.client);
        if (flight === undefined) return;
        expect([...flight.server, ...flight.after]).toEqual(
          server.slice(0, flight.server.length + flight.after.length),
        );
        expect(flight.client).toEqual(client.slice(0, flight.client.length));
        expect(flight.after.length).toBeLessThanOrEqual(MAX_AFTER);
        expect(flight.certificate ?? 1).toBeGreaterThan(0);
      },
    ),
    { numRuns: 2000 },
  );
});
