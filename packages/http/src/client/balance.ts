import { isRejected, outcomeOfError, warn, type Call, type Service } from "@breakwater/core";
import { retryAfterMs } from "@breakwater/retry";
import type { Answer, ClientCall, Outbound, Sending } from "./answer.ts";
import { isMistake } from "./mistakes.ts";
import type { ClientBalancer, PickedEndpoint } from "./options.ts";

// Enough that with two endpoints the other one is all but certain; a balancer that answers by a key answers the same each time.
const mostPicks = 4;

/**
 * A new choice for each attempt. Without a balancer the request goes where it says.
 *
 * How it works, and why. A hedge that goes to the slow endpoint again is of little use, and a retry where it has just failed of
 * hardly more. A balancer is asked for one endpoint and knows nothing of the call's others, so it is asked again, a few times, while
 * it answers one that this call has been to. What it answered meanwhile stays picked until there is a choice: a balancer that counts
 * what is in flight is pushed elsewhere by that. If there is nothing new its first choice holds.
 */
export function balanceWith<Out extends Outbound<A>, A extends Answer>(
  balancer: ClientBalancer | undefined,
  next: Service<Sending<Out>, A, ClientCall>,
): Service<Out, A, ClientCall> {
  if (balancer === undefined) return (outgoing, call) => next({ outgoing, base: undefined, origin: outgoing.origin }, call);
  return async (outgoing, call) => {
    const picked = pickNew(balancer, call, (outgoing.tried ??= new Set()));
    try {
      const base = new URL(picked.value);
      const answer = await next({ outgoing, base, origin: base.origin }, call);
      tellAnswer(picked, answer);
      return answer;
    } catch (error) {
      tellError(picked, error, call);
      throw error;
    }
  };
}

function pickNew(balancer: ClientBalancer, call: Call, tried: Set<string>): PickedEndpoint {
  const declined: PickedEndpoint[] = [];
  let picked = balancer.pick(call);
  try {
    while (tried.has(String(picked.value)) && declined.length + 1 < mostPicks) {
      declined.push(picked);
      picked = balancer.pick(call);
    }
  } catch (error) {
    for (const one of declined) tell(() => one.release());
    throw error;
  }
  const chosen = tried.has(String(picked.value)) ? (declined[0] ?? picked) : picked;
  for (const one of [...declined, picked]) if (one !== chosen) tell(() => one.release());
  tried.add(String(chosen.value));
  return chosen;
}

// Who refuses with 429 is quick, and must not draw more for it.
function tellAnswer(picked: PickedEndpoint, answer: Answer): void {
  const { status } = answer;
  if (status >= 500 || status === 429) tell(() => picked.failure({ status, retryAfterMs: retryAfterMs(answer) }));
  else tell(() => picked.success());
}

function tellError(picked: PickedEndpoint, error: unknown, call: Call): void {
  const isAborted = call.signal?.aborted === true && !isRejected(error);
  if (isAborted && picked.cancel !== undefined) tell(() => picked.cancel?.());
  else if (outcomeOfError(error, call) === "failure" && !isMistake(error)) tell(() => picked.failure(error));
  else tell(() => picked.release());
}

// It is foreign, and fails no call.
function tell(say: () => void): void {
  try {
    say();
  } catch (error) {
    warn(error);
  }
}
