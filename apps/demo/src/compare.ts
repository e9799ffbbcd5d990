import { runBare } from "./bare.ts";
import { bold, dim, percent, seconds } from "./text.ts";
import { idealMs } from "./workload.ts";

/** The two side by side: medians of rounds in turn, so that what else the machine does hits both alike. Times in ms. */
export interface Comparison {
  readonly requests: number;
  readonly workers: number;
  readonly rounds: number;
  readonly bareMs: number;
  readonly serviceMs: number;
  /** Service over bare: 1.03 is three per cent more. */
  readonly ratio: number;
  readonly idealMs: number;
}

/** Odd, so that the median is a measured value. */
const rounds = 7;

/** @param runService One burst through the composed service; resolves with its elapsed ms. */
export async function compare(
  requests: number,
  workers: number,
  runService: () => Promise<number>,
  onRound: () => void,
): Promise<Comparison> {
  const bare: number[] = [];
  const service: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const elapsed = [await runBare(requests, workers), await runService()] as const;
    onRound();
    if (round === 0) continue; // both ran cold
    bare.push(elapsed[0]);
    service.push(elapsed[1]);
  }
  const bareMs = median(bare);
  const serviceMs = median(service);
  return { requests, workers, rounds, bareMs, serviceMs, ratio: serviceMs / bareMs, idealMs: idealMs(requests, workers) };
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

export function printComparison(comparison: Comparison): void {
  const { requests, workers, bareMs, serviceMs, ratio } = comparison;
  const line = (label: string, ms: number): string => `  ${label.padEnd(28)} ${seconds(ms)}   ${((requests / ms) * 1000).toFixed(0)} QPS`;
  console.log(
    [
      "",
      bold(`${requests} requests at once, ${workers} workers: medians of ${comparison.rounds} rounds in turn`),
      "",
      line("ideal", comparison.idealMs),
      line("bare semaphore, bare timers", bareMs),
      line("the composed service", serviceMs),
      "",
      `  The service takes ${percent(Math.abs(ratio - 1))} ${ratio < 1 ? "less" : "more"} time than the bare semaphore.`,
      dim("  For that it has admission, pool, breaker, middleware, metrics, health and a drain."),
      "",
    ].join("\n"),
  );
}
