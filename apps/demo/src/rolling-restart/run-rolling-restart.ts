import { setTimeout as sleep } from "node:timers/promises";
import { createService } from "@breakwater/service";
import type { Claim } from "../claim.ts";
import { freePort } from "../free-port.ts";
import { interruption, start } from "../interruption.ts";
import { Network } from "../network/network.ts";
import type { ServiceExit, ServiceProcess } from "../network/service-process.ts";
import { StatusLine } from "../status-line.ts";
import { EmbeddedServer } from "../postgres.ts";
import type { RestartArguments } from "./arguments.ts";
import { judge } from "./claims.ts";
import { Gateway } from "./gateway.ts";
import { HttpLoad, type HttpLoadReport } from "./http-load.ts";
import { MessageLoad } from "./message-load.ts";
import { makeNotes, readNotes } from "./notes.ts";
import { ReadinessWatch } from "./readiness-watch.ts";

/** How one process was replaced. Times in ms from the signal. */
export interface RestartReport {
  readonly process: string;
  /** When traffic went past it. */
  readonly passedOverMs: number;
  /** When it had ended, having answered all that it had. */
  readonly drainedMs: number;
  /** When its successor got traffic. */
  readonly backMs: number;
  readonly exit: ServiceExit;
}

/** What `--json` prints. */
export interface RollingRestartReport {
  readonly processes: number;
  readonly restarts: readonly RestartReport[];
  readonly http: HttpLoadReport & { readonly retriedByGateway: number };
  readonly messages: {
    readonly sent: number;
    readonly acknowledged: number;
    readonly failed: Readonly<Record<string, number>>;
    /** Acknowledged, and not in the database. */
    readonly lost: number;
    readonly slowestMs: number;
  };
  readonly claims: readonly Claim[];
  readonly areKept: boolean;
}

const deadlineMs = 5_000;
/** Longer than whoever asks for readiness needs to see that it is gone. */
const lameDuckMs = 300;

class RollingRestart {
  readonly network: Network;
  readonly restarts: RestartReport[] = [];
  readonly #args: RestartArguments;
  readonly #watch: ReadinessWatch;
  readonly #gateway: Gateway;
  #postgres: EmbeddedServer | undefined;
  #http: HttpLoad | undefined;
  #messages: MessageLoad | undefined;
  #now = "starting";

  constructor(args: RestartArguments) {
    this.#args = args;
    const { processes, connections, senders } = args;
    this.network = new Network({
      processes,
      workers: 100,
      queueLimit: connections + senders, // all of them may come to one
      maxConnections: 10,
      deadlineMs,
      timeoutMs: deadlineMs,
      breakMs: 300,
      lameDuckMs,
      postgres: (maxConnections) => this.#startPostgres(maxConnections), // one of our own: it gets a table
    });
    this.#watch = new ReadinessWatch(this.network.processes, (ready) => this.network.clients.update(ready));
    this.#gateway = new Gateway(this.network.clients.balancer, deadlineMs);
  }

  get status(): string {
    return `${this.#now}, ${this.#messages?.acknowledged ?? 0} messages acknowledged`;
  }

  async run(signal: AbortSignal): Promise<RollingRestartReport> {
    const { processes } = this.network;
    await this.#gateway.start();
    this.#watch.start();
    await Promise.all(processes.map((process) => this.#watch.until(process, true)));
    this.#http = new HttpLoad(this.#gateway.url, this.#args.connections);
    this.#messages = new MessageLoad(this.network.clients.socket, this.#args.senders);
    await this.#settle(signal);
    for (const process of processes) {
      this.#now = `restarting ${process.name}`;
      this.restarts.push(await this.#restart(process));
      await this.#settle(signal);
    }
    return this.#report();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#http?.stop(), this.#messages?.stop()]);
    await this.#watch.stop();
    await this.#gateway.stop();
  }

  async #restart(process: ServiceProcess): Promise<RestartReport> {
    const startedAt = performance.now();
    const passed = this.#watch.until(process, false).then(() => performance.now());
    const exit = await process.stop();
    const drainedAt = performance.now();
    const passedAt = await passed;
    await process.start();
    await this.#watch.until(process, true);
    const [passedOverMs = 0, drainedMs = 0, backMs = 0] = [passedAt, drainedAt, performance.now()].map((at) => at - startedAt);
    return { process: process.name, passedOverMs, drainedMs, backMs, exit };
  }

  async #report(): Promise<RollingRestartReport> {
    const [http, messages] = await Promise.all([this.#http?.stop(), this.#messages?.stop()]);
    if (http === undefined || messages === undefined) throw new Error("bug: there was no load");
    const kept = await readNotes(this.#postgres?.connectionString ?? "");
    const { sent, acknowledged, failed, slowestMs } = messages;
    const lost = [...acknowledged].filter((id) => !kept.has(id)).length;
    const figures = {
      processes: this.#args.processes,
      restarts: this.restarts,
      http: { ...http, retriedByGateway: this.#gateway.retries },
      messages: { sent, acknowledged: acknowledged.size, failed, lost, slowestMs },
    };
    const claims = judge(figures);
    return { ...figures, claims, areKept: claims.every(({ isKept }) => isKept) };
  }

  #settle(signal: AbortSignal): Promise<void> {
    return sleep(this.#args.settleMs, undefined, { signal });
  }

  async #startPostgres(maxConnections: number): Promise<EmbeddedServer> {
    this.#postgres = new EmbeddedServer(await freePort(), maxConnections);
    await this.#postgres.start();
    await makeNotes(this.#postgres.connectionString);
    return this.#postgres;
  }
}

/** Starts everything, restarts each process in turn under load, and stops everything again, whatever happened in between. */
export async function runRollingRestart(args: RestartArguments): Promise<RollingRestartReport> {
  const test = new RollingRestart(args);
  const service = createService({ name: "rolling-restart", resources: test.network.resources }).handle(() => Promise.resolve());
  const interrupted = interruption();
  const over = new AbortController();
  const status = new StatusLine(() => test.status);
  status.start();
  try {
    await Promise.race([start(service), interrupted.promise]);
    return await Promise.race([test.run(over.signal), interrupted.promise]);
  } finally {
    status.clear();
    over.abort();
    await test.stop();
    const { resources } = await service.stop({ graceMs: 0, abortMs: 0 });
    interrupted.dispose();
    for (const { name, error } of resources) if (error !== undefined) console.error(`demo: stopping ${name}:`, error);
  }
}
