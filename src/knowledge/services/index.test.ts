/**
 * The services are whole and agree with themselves: every role, port, name, address block and feature that one part
 * mentions exists in the others; their ids are those of the report.
 */
import { describe, expect, test } from "vitest";
import { parseAddress } from "../../bytes/address.ts";
import type * as report from "../../report/schema.ts";
import { SERVICES } from "./index.ts";
import type { FeatureId, FeaturePath, Ports, ServiceId } from "./service.ts";

// Checked by the compiler: the ids here and in the Report are the same closed lists.
type Same<A, B> = [A, B] extends [B, A] ? true : false;
true satisfies Same<ServiceId, report.ServiceId>;
true satisfies Same<FeatureId, report.FeatureId>;

const bounds = (ports: Ports): readonly [number, number] => (typeof ports === "number" ? [ports, ports] : ports);

test("every id once", () => {
  expect(SERVICES.map(({ id }) => id)).toEqual(["lync", "teams", "zoom", "webex", "meet", "webrtc"]);
});

test("no name is listed twice, and a narrower one comes before the wider", () => {
  const names = SERVICES.flatMap((service) => service.names.map(({ name }) => name));
  expect(new Set(names).size).toBe(names.length);
  for (const [i, wide] of names.entries()) {
    const hidden = names.slice(i + 1).filter((later) => wide.startsWith("*.") && later.endsWith(wide.slice(1)));
    expect(hidden).toEqual([]);
  }
});

describe.each(SERVICES.map((service) => [service.id, service] as const))("%s", (_, service) => {
  const roles = new Map(service.roles.map((role) => [role.id, role]));
  const paths = (Object.entries(service.features) as [FeatureId, readonly FeaturePath[]][]).flatMap(([feature, list]) =>
    list.map((path) => ({ feature, ...path })),
  );

  test("a feature's path is one that its role has and carries", () => {
    expect(roles.size).toBe(service.roles.length);
    for (const { feature, role, transport, ports } of paths) {
      expect(roles.get(role)?.features, `${feature}: ${role}`).toContain(feature);
      const offered = roles.get(role)?.paths.filter((path) => path.transport === transport) ?? [];
      for (const [first, last] of ports.map(bounds)) {
        const fits = offered.some((path) => path.ports.map(bounds).some(([from, to]) => from <= first && last <= to));
        expect(fits, `${feature}: ${role} ${transport} ${first}`).toBe(true);
      }
    }
  });

  test("a feature that a role carries has a path over it", () => {
    for (const role of service.roles) {
      for (const feature of role.features) {
        expect(
          service.features[feature]?.map((path) => path.role),
          `${role.id}: ${feature}`,
        ).toContain(role.id);
      }
    }
  });

  test("alternatives are in order: a required path stands alone, preferred comes before fallback", () => {
    for (const list of Object.values(service.features)) {
      const uses = list.map(({ use }) => use).filter((use) => use !== "sometimes");
      expect(uses.join(" ")).toMatch(/^(required|preferred( fallback)*)$/);
    }
  });

  test("names are lower-case host names, roles exist", () => {
    for (const { name, role } of service.names) {
      expect(name).toMatch(/^(\*\.)?([a-z0-9-]+\.)+[a-z]+$/);
      if (role !== undefined) expect(roles.has(role)).toBe(true);
    }
    for (const { label, role } of service.prefixes) {
      expect(label).toMatch(/^[a-z]+$/);
      expect(roles.has(role)).toBe(true);
    }
  });

  test("address lists are dated, newest first, and hold blocks without host bits", () => {
    const dates = service.addresses.map(({ date }) => date);
    expect(dates).toEqual([...dates].sort().reverse());
    for (const { date, blocks } of service.addresses) {
      expect(date).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(new Set(blocks).size).toBe(blocks.length);
      for (const block of blocks) {
        const [address = "", length = ""] = block.split("/");
        const words = parseAddress(address).map((word) => (word >>> 0).toString(2).padStart(32, "0"));
        const bits = words.join("").slice(address.includes(":") ? 0 : 96);
        expect(Number(length), block).toBeGreaterThanOrEqual(8);
        expect(Number(length), block).toBeLessThanOrEqual(bits.length);
        expect(bits.slice(Number(length)), block).not.toContain("1");
      }
    }
  });

  test("positions on TLS inspection and references have URLs", () => {
    expect(service.inspection.length).toBeGreaterThan(0);
    for (const { statement, url } of service.inspection) {
      expect(statement).not.toBe("");
      expect(URL.canParse(url), url).toBe(true);
    }
    for (const url of service.references) expect(URL.canParse(url), url).toBe(true);
  });
});
