/** What a service process has to know of the world around it. */
export interface ServiceConfig {
  readonly databaseUrl: string;
  /** Undefined: the cache has its first level only. */
  readonly redisPort: number | undefined;
  readonly upstreamOrigin: string;
  /** How many requests it serves at a time, and how many may wait. */
  readonly workers: number;
  readonly queueLimit: number;
  /** Of its pool. */
  readonly maxConnections: number;
  /** How long a request may take, in ms from its arrival. */
  readonly timeoutMs: number;
  /** How long an open breaker leaves its dependency alone. */
  readonly breakMs: number;
  /** How long it serves on, not ready any more, when it is told to stop. */
  readonly lameDuckMs: number;
}

/** By environment, because a password must not stand in the list of processes. */
const variable = "BREAKWATER_DEMO_SERVICE";

export function environmentOf(config: ServiceConfig): NodeJS.ProcessEnv {
  return { ...process.env, [variable]: JSON.stringify(config) };
}

export function readConfig(): ServiceConfig {
  const text = process.env[variable];
  if (text === undefined) throw new Error(`${variable} is not set: this process is started by the demo`);
  return JSON.parse(text) as ServiceConfig; // environmentOf wrote it, of the same build
}
