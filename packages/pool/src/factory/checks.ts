import type { PoolSettings } from "../options.ts";
import type { Report } from "../report.ts";
import type { Slot, SlotWatch } from "../stock/slot.ts";
import { Check } from "./check.ts";

/** The two checks of a pool, where its factory has the functions for them. */
export interface ChecksOptions<R> {
  readonly settings: PoolSettings<R>;
  readonly watch: SlotWatch;
  readonly report: Report<R>;
  readonly passed: (slot: Slot<R>) => void;
  readonly failed: (slot: Slot<R>) => void;
}

export function makeValidator<R>({ settings, watch, report, passed, failed }: ChecksOptions<R>): Check<R> | undefined {
  const { clock, name: poolName, validate, validateTimeoutMs: timeoutMs } = settings;
  if (validate === undefined) return undefined;
  return new Check({
    step: "validate",
    state: "validating",
    poolName,
    timeoutMs,
    watch,
    ask: validate,
    isGood: Boolean, // callers without types answer with anything
    passed: (slot) => {
      slot.provenAt = clock.now();
      passed(slot);
    },
    failed: (slot, failure) => {
      report.invalid(slot, failure);
      failed(slot);
    },
  });
}

export function makeResetter<R>({ settings, watch, report, passed, failed }: ChecksOptions<R>): Check<R> | undefined {
  const { name: poolName, reset, resetTimeoutMs: timeoutMs } = settings;
  if (reset === undefined) return undefined;
  return new Check({
    step: "reset",
    state: "resetting",
    poolName,
    timeoutMs,
    watch,
    ask: reset,
    isGood: () => true,
    passed,
    failed: (slot, failure) => {
      report.notReset(slot, failure);
      failed(slot);
    },
  });
}
