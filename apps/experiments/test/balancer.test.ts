import { expect, it } from "vitest";
import { slowHosts } from "../src/balancer/slow-hosts.ts";

const options = { seeds: [4], progress: () => undefined };

it("blind policies drown two slow machines, two choices spare them; the same seed gives the same figures", async () => {
  const table = await slowHosts(options);
  const shares = table.lines.map(({ cells }) => cells.find(({ values }) => "slowRatio" in values)?.values.slowRatio ?? NaN);
  expect(shares[0]).toBeCloseTo(0.1, 2);
  expect(shares[2]).toBeLessThan(0.04);
  expect(shares[3]).toBeLessThan(0.02);
  expect(table.claims.filter(({ holds }) => !holds)).toEqual([]);
  expect(await slowHosts(options)).toEqual(table);
}, 30_000);
