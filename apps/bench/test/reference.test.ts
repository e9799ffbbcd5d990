import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Row } from "../src/candidate.ts";
import { caseName, parseFigures, referenceRows } from "../src/reference.ts";

const folder = mkdtempSync(join(tmpdir(), "bench-"));
afterAll(() => rmSync(folder, { recursive: true }));

function program(source: string): string {
  const file = join(folder, `program-${Math.random().toString(36).slice(2)}.py`);
  writeFileSync(file, source);
  return file;
}

const isMissing = spawnSync("python3", ["--version"]).error !== undefined;
const reason = isMissing ? ": python3 is not on the PATH" : "";

const floor = (concurrency: number): Row => ({
  group: "service",
  case: caseName(concurrency),
  name: "bare",
  kind: "floor",
  version: "",
  nsPerOp: 500,
  vsFloor: 1,
});

describe("an outside program", () => {
  it("is read line by line, and what is no figure is passed over", () => {
    const output = "starting\nconcurrency 1: 333300 req/s, 3.00 us/request\nconcurrency 100: 200000 req/s, 5.25 us/request\n";
    expect(parseFigures(output)).toEqual([
      { concurrency: 1, microsecondsPerRequest: 3 },
      { concurrency: 100, microsecondsPerRequest: 5.25 },
    ]);
  });

  it.skipIf(isMissing)(`joins the service group, against its floors${reason}`, async () => {
    const file = program('print("concurrency 1: 1 req/s, 3.00 us/request")\nprint("concurrency 7: 1 req/s, 9.00 us/request")');
    expect(await referenceRows(file, [floor(1)])).toMatchObject([
      { group: "service", case: caseName(1), kind: "rival", nsPerOp: 3000, vsFloor: 6 },
    ]);
  });

  it.skipIf(isMissing).each([
    ["raise SystemExit('no luck')", "no luck"],
    ["print('hello')", "printed no line"],
  ])(`that does not work is told in one line: %s${reason}`, async (source, message) => {
    const failed: unknown = await referenceRows(program(source), []).catch((error: unknown) => error);
    expect(String(failed)).toContain(message);
    expect(String(failed)).not.toContain("\n");
  });
});
