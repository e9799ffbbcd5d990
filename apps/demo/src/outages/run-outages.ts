import { setTimeout as sleep } from "node:timers/promises";
import { createService } from "@breakwater/service";
import type { Claim } from "../claim.ts";
import { freePort } from "../free-port.ts";
import { interruption, start } from "../interruption.ts";
import { Network } from "../network/network.ts";
import { EmbeddedServer } from "../postgres.ts";
import type { OutageArguments } from "./arguments.ts";
import { BreakerWatch } from "./breaker-watch.ts";
import { judgeExits, judgeOutage } from "./claims.ts";
import { Load } from "./load.ts";
import { runOutage, type Dependency, type OutageReport } from "./outage.ts";
import { StatusLine } from "../status-line.ts";
import { Tally, total, type PhaseReport } from "./tally.ts";

/** What `--json` prints. */
export interface OutagesReport {
  readonly ratePerSecond: number;
  readonly deadlineMs: number;
  readonly processes: number;
  /** Whether there was a Redis to kill. */
  readonly hasRedis: boolean;
  readonly outages: readonly OutageReport[];
  readonly claims: readonly Claim[];
  readonly areKept: boolean;
}

const processes = 2;
const warmUpLimitMs = 15_000;

/** The network, the load on it, and what is known of both. */
class OutageTest {
  readonly network: Network;
  readonly load: Load;
  readonly tally = new Tally();
  readonly watch = new BreakerWatch();
  readonly outages: OutageReport[] = [];
  readonly #args: OutageArguments;
  #postgres: EmbeddedServer | undefined;
  #now = "starting";

  constructor(args: OutageArguments) {
    this.#args = args;
    const { deadlineMs, ratePerSecond } = args;
    this.network = new Network({
      processes,
      // Twice what the default rate keeps busy. Who has no place soon is refused, rather than answered when nobody waits any more.
      workers: 25,
      queueLimit: 25,
      maxConnections: 10,
      deadlineMs,
      timeoutMs: deadlineMs * 0.8, // what takes longer is refused while its client still waits
      breakMs: 300,
      lameDuckMs: 0,
      postgres: (maxConnections) => this.#startPostgres(maxConnections), // one of our own in any case: nobody else's is killed
      heard: (message, from) => this.watch.hear(message, from.name),
    });
    this.load = new Load(this.network.clients, ratePerSecond, (settled) => this.tally.note(settled));
  }

  get status(): string {
    const { name, answered, refused } = this.tally.current;
    if (name === "") return this.#now;
    return `${this.#now}, ${name}: ${answered.order + answered.product} answered, ${total(refused.order) + total(refused.product)} refused`;
  }

  /** All of it, under load from the first to the last. */
  async run(signal: AbortSignal): Promise<void> {
    this.#now = "warming up";
    this.load.start();
    await this.#warmUp(signal);
    for (const dependency of this.#dependencies()) {
      this.#now = dependency.name;
      this.outages.push(await runOutage(dependency, { ...this.#args, tally: this.tally, watch: this.watch, signal }));
    }
    await this.load.stop();
  }

  report(): OutagesReport {
    const { ratePerSecond, deadlineMs } = this.#args;
    const claims = [...this.outages.flatMap((outage) => judgeOutage(outage, { deadlineMs, processes })), judgeExits(this.network.exits)];
    const areKept = claims.every(({ isKept }) => isKept);
    return { ratePerSecond, deadlineMs, processes, hasRedis: this.network.redis !== undefined, outages: this.outages, claims, areKept };
  }

  /** Until half a phase went well, which takes a while on a machine that has other things to do: all processes are cold. */
  async #warmUp(signal: AbortSignal): Promise<void> {
    const { phaseMs, deadlineMs } = this.#args;
    const until = performance.now() + warmUpLimitMs;
    do {
      this.tally.open(""); // of no phase, so it is not kept
      await sleep(phaseMs / 2, undefined, { signal });
    } while (!isWell(this.tally.current, deadlineMs) && performance.now() < until);
  }

  #dependencies(): Dependency[] {
    const { upstream, redis } = this.network;
    const postgres = this.#postgres;
    if (postgres === undefined) throw new Error("bug: the network has not been started");
    return [
      { name: "upstream", guarded: "external-api", kill: () => upstream.kill(), comeBack: () => upstream.start() },
      { name: "postgres", guarded: "postgres", kill: () => postgres.kill(), comeBack: () => postgres.restart() },
      ...(redis === undefined ? [] : [{ name: "redis", guarded: "redis", kill: () => redis.kill(), comeBack: () => redis.start() } as const]),
    ];
  }

  async #startPostgres(maxConnections: number): Promise<EmbeddedServer> {
    this.#postgres = new EmbeddedServer(await freePort(), maxConnections);
    await this.#postgres.start();
    return this.#postgres;
  }
}

function isWell({ refused, failed, slowestMs }: PhaseReport, deadlineMs: number): boolean {
  const isTrouble = [refused, failed].some(({ order, product }) => total(order) + total(product) > 0);
  return !isTrouble && slowestMs < deadlineMs / 4;
}

/** Starts everything, takes each dependency away in turn, and stops everything again, whatever happened in between. */
export async function runOutages(args: OutageArguments): Promise<OutagesReport> {
  const test = new OutageTest(args);
  const service = createService({ name: "outages", resources: test.network.resources }).handle(() => Promise.resolve());
  const interrupted = interruption();
  const over = new AbortController();
  const status = new StatusLine(() => test.status);
  status.start();
  try {
    await Promise.race([start(service), interrupted.promise]);
    await Promise.race([test.run(over.signal), interrupted.promise]);
  } finally {
    status.clear();
    over.abort();
    const silent = test.load.stop();
    const { resources } = await service.stop({ graceMs: 0, abortMs: 0 });
    await silent;
    interrupted.dispose();
    for (const { name, error } of resources) if (error !== undefined) console.error(`demo: stopping ${name}:`, error);
  }
  return test.report();
}
