import { Breaker, consecutiveFailures } from "@breakwater/breaker";
import { noCall } from "@breakwater/core";
import { timeout } from "@breakwater/deadline";
import { stack } from "@breakwater/middleware";
import { retry } from "@breakwater/retry";
import { circuitBreaker, ConsecutiveBreaker, ConstantBackoff, handleAll, retry as retryOf, timeout as timeoutOf, TimeoutStrategy, wrap } from "cockatiel";
import { verify, type Case } from "../candidate.ts";
import { work } from "./work.ts";

/** Several patterns in one stack, as people use them. */
export const policiesCase: Case = {
  group: "retry",
  name: "retry, breaker and timeout together",
  candidates: [
    { name: "await work()", kind: "floor", prepare: () => async (count) => { for (let i = 0; i < count; i += 1) await work(); } },
    {
      name: "a stack of the three",
      kind: "ours",
      prepare: async () => {
        const breaker = new Breaker({ trip: consecutiveFailures(5), breakMs: 30_000 });
        const guarded = stack(retry({ attempts: 3 }), breaker.layer, timeout({ timeoutMs: 10_000, mode: "aggressive" }))(work);
        verify((await guarded(undefined, noCall)) === 1, "our stack calls the work");
        return async (count) => { for (let i = 0; i < count; i += 1) await guarded(undefined, noCall); };
      },
    },
    {
      name: "cockatiel's wrap of its three",
      kind: "rival",
      package: "cockatiel",
      prepare: () => {
        const policy = wrap(
          retryOf(handleAll, { maxAttempts: 2, backoff: new ConstantBackoff(100) }),
          circuitBreaker(handleAll, { halfOpenAfter: 30_000, breaker: new ConsecutiveBreaker(5) }),
          timeoutOf(10_000, TimeoutStrategy.Aggressive),
        );
        return async (count) => { for (let i = 0; i < count; i += 1) await policy.execute(work); };
      },
    },
  ],
};
