/**
 * How the server is set. The times are shorter than one would have them, because the whole takes half a minute; sizes and numbers are
 * such as one has.
 */
export const limits = {
  headersTimeoutMs: 800,
  requestTimeoutMs: 1_600,
  stalledTimeoutMs: 1_000,
  checkIntervalMs: 100,
  maxConnections: 2_000,
  maxBodyBytes: 65_536,
  maxInFlight: 32,
  maxPayloadBytes: 65_536,
  highWaterBytes: 262_144,
  closeTimeoutMs: 300,
  /** Of each client, a second. */
  ratePerClient: 100,
  maxKeys: 50_000,
  maxSeries: 1_000,
} as const;

/** Where it is. */
export const paths = { work: "/work", large: "/large", keys: "/keys", socket: "/socket" } as const;

/** What an answer of `large` weighs. */
export const largeBytes = 150_000;
