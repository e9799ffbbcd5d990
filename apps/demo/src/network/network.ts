import type { Resource } from "@breakwater/service";
import { freePort } from "../free-port.ts";
import { startPostgres, type PostgresServer } from "../postgres.ts";
import { hasRedis, RedisServer } from "../redis-server.ts";
import { UpstreamProcess } from "../upstream-process.ts";
import { Clients } from "./clients.ts";
import type { ServiceMessage, ServiceState } from "./messages.ts";
import type { ServiceConfig } from "./service-config.ts";
import { ServiceProcess, type ServiceExit } from "./service-process.ts";

export interface NetworkOptions extends Omit<ServiceConfig, "databaseUrl" | "redisPort" | "upstreamOrigin"> {
  /** How many processes the service has. The rest of the options is for each of them. */
  readonly processes: number;
  /** How long each client waits for its answer. */
  readonly deadlineMs: number;
  /** Where the database comes from. Default: the server of `DATABASE_URL`, else one of our own. */
  readonly postgres?: ((maxConnections: number) => Promise<PostgresServer>) | undefined;
  readonly heard?: ((message: ServiceMessage, from: ServiceProcess) => void) | undefined;
}

/**
 * The whole of it on one machine, nothing simulated:
 *
 *     clients -> balancer -> service processes -> cache (memory, Redis), pool -> PostgreSQL, breaker and retry -> upstream
 *
 * It is a list of resources that a service starts and stops, each when what it depends on is there.
 */
export class Network {
  readonly upstream = new UpstreamProcess();
  readonly processes: readonly ServiceProcess[];
  readonly clients: Clients;
  /** How the processes ended, when they have. */
  readonly exits: ServiceExit[] = [];
  readonly #options: NetworkOptions;
  #postgres: PostgresServer | undefined;
  #redis: RedisServer | undefined;

  constructor(options: NetworkOptions) {
    this.#options = options;
    const { processes, workers, queueLimit, deadlineMs, heard } = options;
    this.processes = Array.from({ length: processes }, (_, index) => new ServiceProcess(`service-${index + 1}`, () => this.#config(), heard));
    this.clients = new Clients({ deadlineMs, limit: 2 * workers, queueLimit: processes * queueLimit });
  }

  get postgres(): PostgresServer | undefined {
    return this.#postgres;
  }

  /** Undefined where none is installed: then the cache has its first level only. */
  get redis(): RedisServer | undefined {
    return this.#redis;
  }

  get resources(): readonly Resource[] {
    return [
      { name: "postgres", dependsOn: [], start: () => this.#startPostgres(), stop: () => this.#postgres?.stop(), startTimeoutMs: 60_000, stopTimeoutMs: 20_000 },
      { name: "redis", dependsOn: [], start: () => this.#startRedis(), stop: () => this.#redis?.stop() },
      { name: "upstream", dependsOn: [], start: () => this.upstream.start(), stop: () => this.upstream.stop() },
      { name: "processes", start: ({ signal }) => this.#startProcesses(signal), stop: () => this.#stopProcesses(), stopTimeoutMs: 10_000 },
      { name: "clients", start: () => this.clients.update(this.processes), stop: () => this.clients.close() },
    ];
  }

  /** What the processes say of themselves. */
  states(): Promise<ServiceState[]> {
    return Promise.all(this.processes.map((process) => process.state()));
  }

  async #startPostgres(): Promise<void> {
    const { processes, maxConnections, postgres = startPostgres } = this.#options;
    this.#postgres = await postgres(processes * (maxConnections + 1) + 10);
  }

  async #startRedis(): Promise<void> {
    if (!hasRedis()) return;
    this.#redis = new RedisServer(await freePort());
    await this.#redis.start();
  }

  async #startProcesses(signal: AbortSignal): Promise<void> {
    const starts = await Promise.allSettled(this.processes.map((process) => process.start(signal)));
    for (const start of starts) if (start.status === "rejected") throw start.reason;
  }

  async #stopProcesses(): Promise<void> {
    this.exits.push(...(await Promise.all(this.processes.map((process) => process.stop()))));
  }

  #config(): ServiceConfig {
    const { workers, queueLimit, maxConnections, timeoutMs, breakMs, lameDuckMs } = this.#options;
    const databaseUrl = this.#postgres?.connectionString ?? "";
    const { origin } = this.upstream;
    return { databaseUrl, redisPort: this.#redis?.port, upstreamOrigin: origin, workers, queueLimit, maxConnections, timeoutMs, breakMs, lameDuckMs };
  }
}
