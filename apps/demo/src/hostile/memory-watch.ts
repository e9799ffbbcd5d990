import type { Memory } from "./messages.ts";

const everyMs = 50;

/** Knows how much memory this process has, and the most that it had since somebody asked. */
export class MemoryWatch {
  #highest: Memory = { rss: 0, heap: 0 };
  /** Of the whole life, which the kernel keeps without gaps. */
  #most = 0;

  start(): void {
    this.look();
    setInterval(() => this.#sample(), everyMs).unref();
  }

  /** Collects garbage first, where the process was started with `--expose-gc`: what is left then is held by somebody. */
  look(): { readonly memory: Memory; readonly highest: Memory } {
    this.#sample();
    const most = process.resourceUsage().maxRSS * 1024;
    const highest = { ...this.#highest, rss: most > this.#most ? most : this.#highest.rss };
    globalThis.gc?.();
    const memory = now();
    this.#highest = memory;
    this.#most = most;
    return { memory, highest };
  }

  #sample(): void {
    const { rss, heap } = now();
    this.#highest = { rss: Math.max(this.#highest.rss, rss), heap: Math.max(this.#highest.heap, heap) };
  }
}

function now(): Memory {
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heap: heapUsed };
}
