import type { HealthStatus } from "./status.ts";

/** How one run of a check ended. */
export type RunVerdict = "passed" | "slow" | "failed";

/**
 * What several results in a row say together, as Kubernetes' probes do: so many failures make a check fail, so many
 * passes make it pass again, and until then it is what it was. Before the first of both it is UNKNOWN.
 *
 * A slow run passes; whether a check that passes is HEALTHY or DEGRADED says the last run that passed.
 */
export class Streak {
  readonly #failuresToFail: number;
  readonly #successesToPass: number;
  #verdict: HealthStatus = "UNKNOWN";
  #failures = 0;
  #passes = 0;

  constructor(failuresToFail: number, successesToPass: number) {
    this.#failuresToFail = failuresToFail;
    this.#successesToPass = successesToPass;
  }

  get verdict(): HealthStatus {
    return this.#verdict;
  }

  /** How often it ended like the last time, of how often it takes: `2 of 3`. */
  get progress(): string {
    return this.#failures > 0 ? `${this.#failures} of ${this.#failuresToFail}` : `${this.#passes} of ${this.#successesToPass}`;
  }

  note(run: RunVerdict): void {
    if (run === "failed") this.#fail();
    else this.#pass(run === "slow" ? "DEGRADED" : "HEALTHY");
  }

  /** What was is too long ago to be continued. */
  reset(): void {
    this.#verdict = "UNKNOWN";
    this.#failures = 0;
    this.#passes = 0;
  }

  #fail(): void {
    this.#passes = 0;
    this.#failures += 1;
    if (this.#failures >= this.#failuresToFail) this.#verdict = "UNHEALTHY";
  }

  #pass(verdict: HealthStatus): void {
    this.#failures = 0;
    this.#passes += 1;
    const isPassing = this.#verdict === "HEALTHY" || this.#verdict === "DEGRADED";
    if (isPassing || this.#passes >= this.#successesToPass) this.#verdict = verdict;
  }
}
