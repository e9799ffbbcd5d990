import { describeLayer, noCall, outcomeOfError, warn, type Call, type Guard, type Outcome, type Work } from "@breakwater/core";

/** How an error counts. */
export type Classify = (error: unknown, call: Call) => Outcome;

/**
 * Sees how calls end, and passes result and error on untouched.
 *
 * One promise hop with two handlers that are bound once. Only an error that is judged by its call, because the call can
 * be aborted or the classifier is the user's, costs a closure that holds the call.
 */
export class CallWatch {
  readonly #classify: Classify;
  readonly #record: (outcome: Outcome) => void;

  constructor(classify: Classify, record: (outcome: Outcome) => void) {
    this.#classify = classify;
    this.#record = record;
  }

  run<T>(work: Work<T>, call: Call): Promise<T> {
    let answer: Promise<T>;
    try {
      answer = Promise.resolve(work(call));
    } catch (error) {
      answer = Promise.reject(error);
    }
    return this.#watch(answer, call);
  }

  readonly layer: Guard = describeLayer<Guard>((next) => (input, call) => {
    let answer: ReturnType<typeof next>;
    try {
      answer = Promise.resolve(next(input, call));
    } catch (error) {
      answer = Promise.reject(error);
    }
    return this.#watch(answer, call);
  }, { kind: "health" });

  #watch<T>(answer: Promise<T>, call: Call): Promise<T> {
    const isPlain = call.signal === undefined && this.#classify === outcomeOfError;
    return answer.then(this.#succeeded<T>, isPlain ? this.#failed : (error: unknown) => this.#fail(error, call));
  }

  readonly #succeeded = <T>(value: T): T => {
    this.#record("success");
    return value;
  };

  readonly #failed = (error: unknown): never => this.#fail(error, noCall);

  #fail(error: unknown, call: Call): never {
    this.#record(this.#outcomeOf(error, call));
    throw error;
  }

  // A classifier that throws must not replace the caller's error.
  #outcomeOf(error: unknown, call: Call): Outcome {
    try {
      return this.#classify(error, call);
    } catch (classifierError) {
      warn(classifierError);
      return "failure";
    }
  }
}
