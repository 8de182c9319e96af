/** What vendors publish, what people save instead of it, and what must never be taken for a service's. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ParseError } from "../../bytes/parse-error.ts";
import { SERVICES } from "../../knowledge/services/index.ts";
import { MAX_BYTES, readVendorList } from "./vendor-list.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string, name = "list", service?: Parameters<typeof readVendorList>[2]) =>
  readVendorList(bytes(text), name, service);

const TEAMS = { id: 11, serviceArea: "Skype", category: "Optimize", udpPorts: "3478,3479,3480,3481" };
const microsoft = (...entries: object[]) => JSON.stringify(entries);

describe("Microsoft's endpoints", () => {
  test("of Skype and Teams, those that Microsoft hosts for them alone", () => {
    const text = microsoft(
      { ...TEAMS, ips: ["52.112.0.0/14", "52.122.0.0/15", "2603:1063::/38"] },
      { ...TEAMS, id: 12, category: "Allow", ips: ["52.112.0.0/14"], urls: ["*.Teams.microsoft.com", "*.lync.com"] },
      { ...TEAMS, id: 27, category: "Default", urls: ["aka.ms"], ips: ["13.107.6.0/24"] },
      { id: 1, serviceArea: "Exchange", category: "Optimize", ips: ["40.96.0.0/13"], urls: ["outlook.office.com"] },
    );
    expect(read(text)).toEqual({
      service: "teams",
      told: "by its format",
      blocks: ["52.112.0.0/14", "52.122.0.0/15", "2603:1063::/38"],
      names: ["*.lync.com", "*.teams.microsoft.com"],
      leftOut: [],
    });
    // As PowerShell's `>` writes it.
    const utf16 = new Uint8Array(Buffer.from(`\ufeff${text}`, "utf16le"));
    expect(readVendorList(utf16, "list")).toEqual(read(text));
    expect(read(`\ufeff${text}`)).toEqual(read(text));
  });

  test("names with a wildcard inside are left out, and known", () => {
    const urls = ["autodiscover.*.skype.com", "*-a.skype.com", "*.skype.com"];
    const found = read(microsoft({ ...TEAMS, ips: ["52.112.0.0/14"], urls }));
    expect(found).toMatchObject({ names: ["*.skype.com"], leftOut: ["autodiscover.*.skype.com", "*-a.skype.com"] });
  });

  test.each([
    ["*", "covers what has many owners"],
    ["*.com", "covers what has many owners"],
    ["*.co.uk", "covers what has many owners"],
    ["https://teams.microsoft.com/", "is no host name"],
    ["teams microsoft com", "is no host name"],
    ["10.0.0.1", "is no host name"],
  ])("the name %j %s", (name, what) => {
    expect(() => read(microsoft({ ...TEAMS, ips: ["52.112.0.0/14"], urls: [name] }))).toThrow(what);
  });

  test.each<[string, string, string]>([
    [
      "of other services",
      microsoft({ ...TEAMS, serviceArea: "Exchange" }),
      "endpoints of Exchange, without those of Skype",
    ],
    ["without addresses", microsoft({ ...TEAMS, urls: ["*.skype.com"] }), "no address range in it"],
    ["with a text for a list", microsoft({ ...TEAMS, ips: "52.112.0.0/14" }), "entry 11: ips is no list of texts"],
    ["with numbers for texts", microsoft({ ...TEAMS, ips: [1] }), "entry 11: ips is no list of texts"],
    ["their version alone", '{"instance":"Worldwide","latest":"2022072800"}', "number of the latest version"],
    ["as a table", "id,serviceArea,ips\n11,Skype,52.112.0.0/14", "format=JSON"],
  ])("%s", (_, text, what) => {
    expect(() => read(text)).toThrow(what);
  });
});

describe("Google's prefixes", () => {
  const prefixes = [{ ipv4Prefix: "74.125.250.0/24" }, { ipv6Prefix: "2001:4860:4864:5::/64" }];

  test("are dated by themselves", () => {
    expect(read(JSON.stringify({ creationTime: "2026-08-01T10:00:00.0", prefixes }))).toMatchObject({
      service: "meet",
      told: "by its addresses",
      date: "2026-08-01",
      blocks: ["74.125.250.0/24", "2001:4860:4864:5::/64"],
    });
    for (const creationTime of ["2026-02-30", "yesterday", 3, undefined])
      expect(read(JSON.stringify({ creationTime, prefixes })).date).toBeUndefined();
  });

  test("all of Google's are not Meet's, whatever the person says", () => {
    const all = JSON.stringify({ prefixes: [...prefixes, { ipv4Prefix: "8.8.8.0/24" }] });
    expect(() => read(all)).toThrow("not every server of Google's is Meet's");
    expect(() => read(all, "meet.json", "meet")).toThrow("not every server of Google's is Meet's");
  });

  test("Amazon's are none", () => {
    expect(() => read('{"prefixes":[{"ip_prefix":"3.5.140.0/22"}]}')).toThrow("prefix 1 has neither");
  });
});

describe("lines", () => {
  test.each([
    ["one to a line", "170.114.0.0/16\n206.247.0.0/16\n"],
    ["of Windows", "170.114.0.0/16\r\n206.247.0.0/16"],
    ["with comments", "# Zoom\n170.114.0.0/16 # a\n\n; b\n206.247.0.0/16"],
    ["with commas", "170.114.0.0/16, 206.247.0.0/16"],
    ["a table with its head", '"Range","Region"\n"170.114.0.0/16","US, and 2 more"\n206.247.0.0/16,US'],
    ["a table, several to a row", "170.114.0.0/16,206.247.0.0/16\n"],
    ["in disorder, some in others", "206.247.0.0/16\n170.114.0.0/16\n170.114.3.0/24\n170.114.0.0/16\n206.247.1.1"],
  ])("%s", (_, text) => {
    expect(read(text)).toMatchObject({ service: "zoom", blocks: ["170.114.0.0/16", "206.247.0.0/16"], names: [] });
  });

  test("as Webex documents them", () => {
    const text = "* 64.68.96.0/19 (CIDR) or 64.68.96.0 - 64.68.127.255 (net range)\n\u2022 66.114.160.0/20 (CIDR)";
    expect(read(text)).toMatchObject({ service: "webex", blocks: ["64.68.96.0/19", "66.114.160.0/20"] });
  });

  test("single addresses, as Meet has", () => {
    expect(read("74.125.247.128\n")).toMatchObject({ service: "meet", blocks: ["74.125.247.128"] });
  });

  test.each([
    ["170.114.0.0/16\nfoo", "line 2, “foo”, is no address range"],
    ["170.114.0.0/16 foo", "line 1: “foo” is no address range"],
    ["170.114.0.0/16\n170.114.0", '"170.114.0" is no IP address'],
    ["170.114.0.0/16\n170.114.0.0/", "no length"],
    ["170.114.0.0/33", "no length"],
    ["170.114.0.1/16", "bits beyond its length"],
    ["to whom it may concern", "text without address ranges"],
    ["", "an empty file"],
    ["  \n", "an empty file"],
  ])("%j: %s", (text, what) => {
    expect(() => read(text)).toThrow(what);
  });
});

describe("what cannot be a service's", () => {
  const SERVICE = "170.114.0.0/16\n";
  test.each([
    ["0.0.0.0/0", "too wide"],
    ["170.0.0.0/9", "too wide"],
    ["::/0", "too wide"],
    ["2600::/23", "too wide"],
    ["10.1.0.0/16", "private"],
    ["192.168.1.0/24", "private"],
    ["127.0.0.1", "this machine's own"],
    ["224.0.0.0/24", "for groups"],
    ["fe80::/64", "private"],
    ["::1", "this machine's own"],
  ])("%s: %s", (block, what) => {
    expect(() => read(SERVICE + block)).toThrow(what);
  });

  test("half of the Internet in pieces", () => {
    const pieces = Array.from({ length: 17 }, (_, i) => `${60 + i}.0.0.0/10`).join("\n");
    expect(() => read(pieces, "zoom.txt")).toThrow("no service has more than 67108864");
  });

  test("more ranges than anybody has, and more bytes", () => {
    const many = Array.from({ length: 10_001 }, (_, i) => `170.${i >> 8}.${i & 255}.0/24`).join("\n");
    expect(() => read(many)).toThrow("10001 address ranges");
    expect(() => readVendorList(new Uint8Array(MAX_BYTES + 1), "list")).toThrow("no vendor's list has more");
  });
});

describe("whose it is", () => {
  const nobodys = "9.9.9.0/24\n";

  test("the built-in lists are recognised", () => {
    for (const { id, addresses } of SERVICES)
      for (const { blocks } of addresses)
        expect(read(blocks.join("\n")), id).toMatchObject({ service: id, told: "by its addresses" });
  });

  test.each([
    ["Zoom.txt", "zoom"],
    ["ZoomMeetings.txt", "zoom"],
    ["https://assets.zoom.us/docs/ipranges/Other.txt", "zoom"],
    ["webex-subnets.csv", "webex"],
    ["google_meet.txt", "meet"],
  ])("where nothing is known of it, its name tells: %s", (name, service) => {
    expect(read(nobodys, name)).toMatchObject({ service, told: "by its name" });
  });

  test("or what is written into it", () => {
    expect(read(`# Zoom's ranges\n${nobodys}`)).toMatchObject({ service: "zoom", told: "by its name" });
  });

  test("or the person", () => {
    expect(read(nobodys, "list", "webex")).toMatchObject({ service: "webex", told: "because you say so" });
  });

  test.each(["list", "meetings.txt", "zoom-and-webex.txt", "lync.txt"])("else nobody knows: %s", (name) => {
    expect(() => read(nobodys, name)).toThrow("whose they are cannot be told");
  });

  test("one that belongs to two services is nobody's, and no one's word changes whose an address is", () => {
    expect(() => read("170.114.0.0/16\n52.112.0.0/14")).toThrow(
      "addresses of two services: 52.112.0.0/14 is of Microsoft Teams, 170.114.0.0/16 of Zoom",
    );
    expect(() => read("52.112.0.0/14", "zoom.txt", "zoom")).toThrow("52.112.0.0/14 is of Microsoft Teams, not of Zoom");
    // One that is wider than what is known.
    expect(() => read("52.112.0.0/13", "zoom.txt", "zoom")).toThrow("52.112.0.0/13 is of Microsoft Teams");
    expect(() => read(microsoft({ ...TEAMS, ips: ["9.9.9.0/24"] }), "list", "zoom")).toThrow(
      "a list of Microsoft Teams",
    );
  });
});

describe("what is no list", () => {
  test.each([
    ["<!DOCTYPE html><html><head><title>Proxy\n Authentication</title>", "a web page (“Proxy Authentication”)"],
    ["<Error><Code>AccessDenied</Code></Error>", "a web page, perhaps an error or a login"],
    ['[{"id":11,"serviceArea":"Sky', "JSON that is damaged or not whole"],
    ['{"prefixes":[{"ipv4Prefix":"74.125.250.0/24"}', "JSON that is damaged or not whole"],
    ['{"prefixes":[{"ipv4Prefix":"74.125.250.0/24"', "JSON that is damaged or not whole"],
    ["[1, 2]", "none of the lists that are known"],
    ["[]", "none of the lists that are known"],
    ["{}", "none of the lists that are known"],
    ["[".repeat(100_000), "JSON"],
  ])("%j: %s", (text, what) => {
    expect(() => read(text)).toThrow(what);
  });

  test("bytes", () => {
    expect(() => readVendorList(new Uint8Array([0x1f, 0x8b, 8, 0]), "list")).toThrow("unpack it first");
    expect(() => readVendorList(new Uint8Array([0xd4, 0xc3, 0xb2, 0xa1]), "list")).toThrow("not text");
  });
});

test("returns or throws ParseError, whatever the bytes", () => {
  const piece = fc.constantFrom(
    "170.114.0.0/16",
    "52.112.0.0/14",
    "::",
    "/8",
    "\n",
    ",",
    "#",
    "[",
    "]",
    "{",
    "}",
    '"',
    '"ips":',
    "*.",
    "com",
    " ",
    "<",
  );
  const text = fc.array(piece, { maxLength: 30 }).map((parts) => bytes(parts.join("")));
  const json = fc.json().map(bytes);
  const entries = fc
    .array(
      fc.record(
        {
          serviceArea: fc.constantFrom("Skype", "X", 3),
          category: fc.constant("Allow"),
          ips: fc.jsonValue(),
          urls: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
    )
    .map((value) => bytes(JSON.stringify(value)));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), text, json, entries), fc.constantFrom("list", "zoom.txt"), (input, name) => {
      try {
        expect(readVendorList(input, name).blocks.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError);
      }
    }),
    { numRuns: 500 },
  );
});
