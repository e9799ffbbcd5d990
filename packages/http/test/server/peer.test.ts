import { Socket } from "node:net";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Exchange } from "../../src/node/exchange.ts";
import { Peer } from "../../src/node/peer.ts";

/** Requests of one connection, some of them pipelined, which may listen on their signal, hear it abort, and end in any order. */
type Step = "begin" | "listen" | "unlisten" | "abort" | "end first" | "end last" | "close";

interface Request {
  readonly exchange: Exchange;
  readonly controller: AbortController;
  heard: number;
  isOver: boolean;
}

const steps = fc.array(fc.constantFrom<Step>("begin", "begin", "begin", "listen", "unlisten", "abort", "end first", "end first", "end last", "close"), { maxLength: 40 });

it("a connection knows which of its requests are open, ends them all when it closes, and never hands on a signal that was listened to", () => {
  fc.assert(
    fc.property(steps, (run) => {
      const peer = new Peer(new Socket());
      const open: Request[] = [];
      const spoilt = new Set<AbortController>();
      const listeners = new Map<Request, () => void>();
      const end = (request: Request | undefined): void => {
        if (request === undefined) return;
        request.isOver = true;
        open.splice(open.indexOf(request), 1);
        peer.delete(request.exchange);
        // The naive rule: whatever has a listener, or is aborted, when a request ends is not used again.
        const { signal } = request.controller;
        if (signal.aborted || [...listeners.keys()].some(({ controller }) => controller === request.controller)) spoilt.add(request.controller);
      };
      for (const step of run) {
        const last = open.at(-1);
        if (step === "begin") {
          const { controller } = peer;
          expect(spoilt.has(controller)).toBe(false);
          const request: Request = { controller, heard: 0, isOver: false, exchange: { isAnswering: false, over: () => end(request) } as Partial<Exchange> as Exchange }; // all that a peer asks of it
          open.push(request);
          peer.add(request.exchange);
        } else if (step === "listen" && last !== undefined && !listeners.has(last)) {
          const listener = (): void => void (last.heard += 1);
          last.controller.signal.addEventListener("abort", listener);
          listeners.set(last, listener);
        } else if (step === "unlisten" && last !== undefined) {
          const listener = listeners.get(last);
          if (listener !== undefined) last.controller.signal.removeEventListener("abort", listener);
          listeners.delete(last);
        } else if (step === "abort") last?.controller.abort();
        else if (step === "end first") end(open[0]);
        else if (step === "end last") end(last);
        else if (step === "close") peer.closed();
        expect(new Set(peer.exchanges)).toEqual(new Set(open.map(({ exchange }) => exchange)));
      }
      peer.closed();
      expect([peer.exchanges, open]).toEqual([[], []]);
    }),
  );
});

it("a signal that is followed by another one goes to no other request, where this Node lets that be seen", () => {
  const probe = new AbortController().signal;
  const marks = Object.getOwnPropertySymbols(probe).length;
  AbortSignal.any([probe]);
  const isSeen = Object.getOwnPropertySymbols(probe).length > marks;
  const peer = new Peer(new Socket());
  const { controller } = peer;
  const exchange = { over: () => undefined } as Partial<Exchange> as Exchange; // all that a peer asks of it
  peer.add(exchange);
  const follower = AbortSignal.any([controller.signal]);
  peer.delete(exchange);
  expect(peer.controller === controller).toBe(!isSeen);
  controller.abort("gone");
  expect(follower.reason).toBe("gone");
});
