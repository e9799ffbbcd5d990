import { ignoreAbort, listenForAbort, type AbortListener, type Clock, type Timer } from "@breakwater/core";
import type { LinkedAbort } from "@breakwater/core";

export interface Following {
  /** Stops the attempt. */
  readonly link: LinkedAbort;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  /** When the body must have ended, in the clock's ms; Infinity for never. */
  readonly deadlineAt: number;
  readonly clock: Clock;
  readonly timeoutError: () => Error;
  /** Called once, when the body has ended, one way or another. */
  readonly ended: () => void;
}

/**
 * A body that goes on to follow the caller's signal, and a time, until it has ended, and no longer.
 *
 * How it works, and why. When the headers are there the call is over for all layers, but the body is still to come, and the
 * caller may still go away. To follow his signal is easy; to stop following it needs to know when the body has ended, and only
 * who reads it knows that. So the caller reads through here. Rejected: `AbortSignal.any`, which on Node 20 keeps what it made
 * for as long as the signal lives, and a signal may live as long as the process.
 *
 * Nothing is read ahead: a chunk is asked for when the caller asks.
 *
 * Many look at a status and forget the body. The platform lets go of the connection when such a response is collected, so this
 * must not be what keeps it: the signal, which may be the process's own, leads here by a weak reference only, and what is left when
 * nobody has the body any more is cleaned up.
 */
class FollowedBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #following: Following;
  #timer: Timer | undefined = undefined;
  readonly #listener: WeakListener = new WeakListener(this);
  #hasEnded = false;
  #controller!: ReadableStreamDefaultController<Uint8Array>; // set by start, which the stream's constructor calls

  constructor(body: ReadableStream<Uint8Array>, following: Following) {
    const { signal, deadlineAt, clock } = following;
    this.#reader = body.getReader();
    this.#following = following;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: (reason) => {
          this.#end();
          return this.#reader.cancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
    if (signal !== undefined) listenForAbort(signal, this.#listener);
    forgotten.register(this, { reader: this.#reader, signal, listener: this.#listener, ended: following.ended }, this.#listener);
    if (deadlineAt < Infinity) this.#timer = clock.setTimer(() => this.#fail(following.timeoutError()), deadlineAt - clock.now());
  }

  /** @internal The caller has gone away. */
  aborted(reason: unknown): void {
    this.#fail(reason);
  }

  async #pull(): Promise<void> {
    try {
      const { done, value } = await this.#reader.read();
      if (this.#hasEnded) return; // failed meanwhile
      if (!done) {
        this.#controller.enqueue(value);
        return;
      }
      this.#end();
      this.#controller.close();
    } catch (error) {
      if (this.#hasEnded) return;
      this.#end();
      this.#controller.error(error);
    }
  }

  #fail(reason: unknown): void {
    this.#end();
    this.#controller.error(reason);
    this.#following.link.abort(reason);
    this.#reader.cancel(reason).catch(() => undefined); // it has failed by the abort, most likely
  }

  #end(): void {
    this.#hasEnded = true;
    this.#timer?.cancel();
    if (this.#following.signal !== undefined) ignoreAbort(this.#following.signal, this.#listener);
    forgotten.unregister(this.#listener);
    this.#following.ended();
  }
}

/** What the caller's signal knows of a body. */
class WeakListener implements AbortListener {
  readonly #body: WeakRef<FollowedBody>;

  constructor(body: FollowedBody) {
    this.#body = new WeakRef(body);
  }

  /** @internal The caller has gone away. */
  aborted(reason: unknown): void {
    this.#body.deref()?.aborted(reason);
  }
}

/** What has to be let go when a body was collected before it has ended. */
interface Leftover extends Pick<Following, "signal" | "ended"> {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly listener: WeakListener;
}

const forgotten = new FinalizationRegistry<Leftover>(({ reader, signal, listener, ended }) => {
  if (signal !== undefined) ignoreAbort(signal, listener);
  reader.cancel().catch(() => undefined); // it has failed by now: there is nothing to let go
  ended();
});

/** The same response, whose body follows. One without a body has ended, and is returned as it is. */
export function followBody(response: Response, following: Following): Response {
  if (response.body === null) {
    following.ended();
    return response;
  }
  const { stream } = new FollowedBody(response.body, following);
  return alike(new Response(stream, { headers: response.headers }), response);
}

// What a constructor cannot set, and status and its text, which a server may choose more freely than a constructor lets anybody.
function alike(made: Response, { url, redirected, type, status, statusText, ok }: Head): Response {
  const fixed = (value: unknown): PropertyDescriptor => ({ value, configurable: true });
  return Object.defineProperties(made, {
    url: fixed(url),
    redirected: fixed(redirected),
    type: fixed(type),
    status: fixed(status),
    statusText: fixed(statusText),
    ok: fixed(ok),
    clone: fixed(() => alike(Response.prototype.clone.call(made), { url, redirected, type, status, statusText, ok })),
  });
}

type Head = Pick<Response, "url" | "redirected" | "type" | "status" | "statusText" | "ok">;
