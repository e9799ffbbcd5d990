import { RejectedError, type Service } from "@breakwater/core";
import type { Hedge } from "@breakwater/retry";
import type { Answer, ClientCall, Discard, Outbound } from "./answer.ts";

/** An answer with a status that is asked for again, on its way through the race. Nobody outside sees it. */
class Unwanted<A extends Answer> extends RejectedError {
  readonly answer: A;

  constructor(answer: A) {
    super("ERR_UNWANTED_ANSWER", `the status is ${answer.status}`, { reason: "status" });
    this.answer = answer;
  }
}

/** The unwanted answers of one race, until it is over. */
class Held<A extends Answer> {
  readonly #discard: Discard<A>;
  readonly #answers = new Set<A>();
  #isOver = false;

  constructor(discard: Discard<A>) {
    this.#discard = discard;
  }

  hold(answer: A): void {
    if (this.#isOver) this.#discard(answer);
    else this.#answers.add(answer);
  }

  /** All but the one that is handed out are let go, and so are those to come. */
  end(kept?: A): void {
    this.#isOver = true;
    for (const answer of this.#answers) if (answer !== kept) this.#discard(answer);
  }
}

/**
 * A race between attempts, won by the first answer that is wanted.
 *
 * How it works, and why. To a hedge whatever a try answers is an answer, a 503 as well, and servers that cannot do anything say so
 * quickly: the hedge that is sent to a full server would win, and abort the slow one that was about to answer. So in the race such
 * an answer is an error, and a refusal at that, which sends no other try: the server has asked to be left alone, and whether and
 * when it is asked again is for the retry. When no try had anything better, it is the answer again.
 */
export function hedged<Out extends Outbound<A>, A extends Answer>(
  hedge: Hedge<A>,
  statuses: ReadonlySet<number>,
  discard: Discard<A>,
  next: Service<Out, A, ClientCall>,
): Service<Out, A, ClientCall> {
  const race = hedge.layer(async ({ outgoing, held }: { readonly outgoing: Out; readonly held: Held<A> }, call: ClientCall) => {
    const answer = await next(outgoing, call);
    if (!statuses.has(answer.status)) return answer;
    held.hold(answer);
    throw new Unwanted(answer);
  });
  return async (outgoing, call) => {
    const held = new Held(discard);
    let answer: A | undefined;
    try {
      answer = await race({ outgoing, held }, call);
    } catch (error) {
      if (!(error instanceof Unwanted)) throw error;
      answer = error.answer as A; // its own: races are not nested
    } finally {
      held.end(answer);
    }
    outgoing.latest = answer;
    return answer;
  };
}
