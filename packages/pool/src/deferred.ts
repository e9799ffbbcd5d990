/** A promise that is settled from outside. */
export class Deferred<T = void> {
  readonly promise: Promise<T>;
  resolve!: (value: T) => void; // both are set by the promise's executor, which runs at once
  reject!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}
