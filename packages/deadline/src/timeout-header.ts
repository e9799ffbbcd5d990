import { checkNumber } from "@breakwater/core";

/**
 * What is left of a deadline, as it travels between processes: relative, because clocks differ; each hop loses what is under way.
 *
 * - `ms`: whole milliseconds, as in `x-request-timeout-ms: 800`.
 * - `grpc`: the `grpc-timeout` header of gRPC over HTTP/2: 1 to 8 digits and a unit, H M S m u n, as in `800m`.
 */
export type TimeoutFormat = "ms" | "grpc";

export interface TimeoutHeaderOptions {
  /** Default `ms`. */
  readonly format?: TimeoutFormat | undefined;
  /** No more than this, whatever the header says, in ms from 0. Default Infinity. */
  readonly maxMs?: number | undefined;
}

const unitMs = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 } as const;
type Unit = keyof typeof unitMs;

// Milliseconds, as everybody writes them, and the coarser ones for what does not fit.
const units: readonly Unit[] = ["m", "S", "M", "H"];
const mostDigits = 99_999_999;

/**
 * What a header says is left, in ms, 0 or more; undefined when there is none, or when it is not exactly of that form: strangers
 * send headers, so nothing is guessed, nothing is thrown, and a header sent twice counts as none. Give it to `shrinkDeadline`.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function readTimeoutHeader(
  header: string | readonly string[] | null | undefined,
  { format = "ms", maxMs = Infinity }: TimeoutHeaderOptions = {},
): number | undefined {
  checkFormat(format);
  checkNumber("maxMs", maxMs);
  const text = typeof header === "string" || header?.length !== 1 ? header : header[0];
  if (typeof text !== "string") return undefined;
  const ms = format === "grpc" ? readGrpc(text) : readMs(text);
  return ms === undefined ? undefined : Math.min(ms, maxMs);
}

/**
 * The header for so many ms, rounded down, so that it never promises more than is left: what is over is 0. Undefined for
 * Infinity, for which there is no header.
 *
 * @throws TypeError or RangeError when it is no number; TypeError or RangeError naming the option and the value.
 */
export function formatTimeoutHeader(ms: number, { format = "ms", maxMs = Infinity }: TimeoutHeaderOptions = {}): string | undefined {
  checkFormat(format);
  const leftMs = Math.max(0, Math.min(checkNumber("ms", ms, { min: -Infinity }), checkNumber("maxMs", maxMs)));
  if (leftMs === Infinity) return undefined;
  return format === "grpc" ? formatGrpc(leftMs) : String(Math.min(Math.floor(leftMs), Number.MAX_SAFE_INTEGER));
}

function readMs(header: string): number | undefined {
  // 15 digits are exact.
  return /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

function readGrpc(header: string): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(header) ?? [];
  // The expression lets no other unit through.
  return digits === undefined ? undefined : Number(digits) * unitMs[unit as Unit];
}

function formatGrpc(ms: number): string {
  if (ms < 1) return `${Math.floor(ms / unitMs.u)}u`;
  const unit = units.find((one) => ms / unitMs[one] < mostDigits + 1);
  return unit === undefined ? `${mostDigits}H` : `${Math.floor(ms / unitMs[unit])}${unit}`;
}

function checkFormat(format: unknown): void {
  if (format !== "ms" && format !== "grpc") throw new RangeError(`format must be "ms" or "grpc", got ${String(format)}`);
}
