import { expect, it } from "vitest";
import { hungProbe } from "../src/breaker/hung-probe.ts";
import { stampede } from "../src/breaker/stampede.ts";
import type { Table } from "../src/experiment.ts";

const options = { seeds: [4], progress: () => undefined };

function valueOf(table: Table | undefined, line: number, key: string): number {
  return table?.lines[line]?.cells.find(({ values }) => key in values)?.values[key] ?? NaN;
}

it("the rivals fail as they are said to, by a stampede and by a herd; the same seed gives the same figures", async () => {
  const table = await stampede(options);
  expect(valueOf(table, 0, "mostAtOnce")).toBeGreaterThan(400);
  expect(valueOf(table, 1, "herd")).toBeGreaterThan(50);
  expect(table.claims.filter(({ holds }) => !holds)).toEqual([]);
  expect(await stampede(options)).toEqual(table);
}, 30_000);

it("a breaker without leases never closes once its probe is lost", async () => {
  const [lost] = await hungProbe(options);
  expect(valueOf(lost, 0, "lateMs")).toBe(Infinity);
  expect(valueOf(lost, 2, "lateMs")).toBeLessThan(5_200);
}, 30_000);
