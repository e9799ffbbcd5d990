import { pgPool } from "@breakwater/pool/pg";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sleep, TestServer, until, whyNoServer } from "./server.ts";

const reason = whyNoServer();
const max = 10;
const callers = 50;
const acquireTimeoutMs = 5_000;
const retryMaxMs = 400;
const impatientMs = 30;

/** What became of the calls of one phase. */
class Fates {
  readonly counts = new Map<string, number>();
  /** The longest that a call took to settle, in milliseconds. */
  slowestMs = 0;
  causeless = 0;

  note(fate: string, tookMs: number): void {
    this.counts.set(fate, (this.counts.get(fate) ?? 0) + 1);
    this.slowestMs = Math.max(this.slowestMs, tookMs);
  }

  of(fate: string): number {
    return this.counts.get(fate) ?? 0;
  }

  toString(): string {
    return `${[...this.counts].map(([fate, count]) => `${fate} ${count}`).join(", ")}; slowest ${Math.round(this.slowestMs)} ms`;
  }
}

describe.skipIf(reason !== undefined)(`a server that is killed and comes back${reason === undefined ? "" : `: ${reason}`}`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  }, 60_000);
  afterAll(() => server.stop());

  // One in five wants something slow and has no patience, so that cancels are under way when the server falls. Those use one connection more.
  it.each([
    { impatient: "nobody is impatient", table: "written_a", isMixed: false, mostExpected: max },
    { impatient: "some have no patience", table: "written_b", isMixed: true, mostExpected: max + 1 },
  ])("under load, when $impatient: all calls settle, nothing confirmed is lost, it is over after one pause", async ({ table, isMixed, mostExpected }) => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    process.on("uncaughtExceptionMonitor", note);
    const timersBefore = timers();
    const made: pg.Client[] = [];
    const client = (): pg.Client => {
      const own = server.client("load");
      made.push(own);
      return own;
    };
    const pool = pgPool({ client, max, acquireTimeoutMs, retryMaxMs, name: "load" });
    const told = { created: 0, destroyed: 0, createFailed: 0, recovered: 0 };
    for (const type of ["created", "destroyed", "createFailed", "recovered"] as const) pool.on(type, () => (told[type] += 1));
    await pool.use((own) => own.query(`create table ${table} (id int)`));

    let phase = new Fates();
    let isOver = false;
    let begun = 0;
    let settled = 0;
    const confirmed: number[] = [];
    const caller = async (number: number): Promise<void> => {
      while (!isOver) {
        const id = (begun += 1);
        const askedAt = performance.now();
        const isImpatient = isMixed && number % 5 === 0;
        const text = isImpatient ? "select pg_sleep(1)" : `insert into ${table} values ($1)`;
        const signal = isImpatient ? AbortSignal.timeout(impatientMs) : undefined;
        const fate = await pool.use((own) => own.query(text, isImpatient ? [] : [id]), { signal }).then(() => "ok", (error: unknown) => fateOf(error, phase));
        settled += 1;
        if (fate === "ok" && !isImpatient) confirmed.push(id);
        phase.note(fate, performance.now() - askedAt);
        await sleep(fate === "ok" ? 0 : 5);
      }
    };
    let mostBackends = 0;
    const watch = async (): Promise<void> => {
      while (!isOver) {
        const rows = await server.ask<{ n: number }>("select count(*)::int as n from pg_stat_activity where application_name = 'load'").catch(() => []);
        mostBackends = Math.max(mostBackends, rows[0]?.n ?? 0);
        await sleep(20);
      }
    };
    const running = [watch(), ...Array.from({ length: callers }, (_, number) => caller(number))];

    await until(() => confirmed.length > 300);
    const before = phase;
    const fall = (phase = new Fates());
    await server.kill();
    await until(() => pool.stats.isDown);
    const down = (phase = new Fates());
    const confirmedBefore = confirmed.length;
    await sleep(1_500);
    expect(confirmed.length).toBe(confirmedBefore);
    const back = (phase = new Fates());
    const startedAt = performance.now();
    await server.run();
    const upAt = performance.now();
    await until(() => confirmed.length > confirmedBefore);
    const recoveredMs = performance.now() - upAt;
    await until(() => confirmed.length > confirmedBefore + 300);
    isOver = true;
    await Promise.all(running);
    if (process.env.SHOW === "1") {
      console.log([before, fall, down, back].map(String).join("\n"));
      console.log(`server up after ${Math.round(upAt - startedAt)} ms, calls again ${Math.round(recoveredMs)} ms later; backends at most ${mostBackends}`);
    }

    expect(settled).toBe(begun);
    expect(unhandled).toEqual([]);
    // While it is down nobody waits for a timeout: the answer is the connect's own error, or the pool's with that as its cause.
    expect(down.of("ERR_POOL_UNAVAILABLE")).toBeGreaterThan(0);
    expect([fall, down, back].map((fates) => fates.of("ERR_POOL_TIMEOUT"))).toEqual([0, 0, 0]);
    expect([fall, down, back].map(({ causeless }) => causeless)).toEqual([0, 0, 0]);
    for (const fates of [fall, down, back]) expect(fates.slowestMs).toBeLessThan(acquireTimeoutMs);
    expect(down.of("ok")).toBe(0);
    expect(recoveredMs).toBeLessThan(retryMaxMs + 4_000); // one pause, a connect, and a busy machine
    expect(told.recovered).toBe(1);
    expect(mostBackends).toBeLessThanOrEqual(mostExpected);
    const written = new Set((await server.ask<{ id: number }>(`select id from ${table}`)).map(({ id }) => id));
    expect(confirmed.filter((id) => !written.has(id))).toEqual([]);

    expect(await pool.close()).toEqual({ revoked: 0, abandoned: 0, destroyFailures: 0 });
    const { stats } = pool;
    const { created, createFailures, destroyed, destroyedBecause, size, waiting } = stats;
    expect([size, waiting, created - destroyed]).toEqual([0, 0, 0]);
    expect(Object.values(destroyedBecause).reduce((sum, count) => sum + count, 0)).toBe(destroyed);
    expect([told.created, told.destroyed, told.createFailed]).toEqual([created, destroyed, createFailures]);
    await until(() => made.every((own) => own.listenerCount("error") + own.listenerCount("end") === 0));
    await until(async () => (await server.ask("select 1 from pg_stat_activity where application_name = 'load'")).length === 0);
    await until(() => timers() <= timersBefore);
    process.off("unhandledRejection", note);
    process.off("uncaughtExceptionMonitor", note);
  }, 60_000);
});

function fateOf(error: unknown, phase: Fates): string {
  const { cause, code, message, name } = error as { readonly cause?: unknown; readonly code?: unknown; readonly message: string; readonly name: string }; // an Error
  if (code === "ERR_POOL_UNAVAILABLE" && !(cause instanceof Error)) phase.causeless += 1;
  if (name === "TimeoutError") return name;
  return typeof code === "string" ? code : message;
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((type) => type === "Timeout").length;
}
