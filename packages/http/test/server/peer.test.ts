import { Socket } from "node:net";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Exchange } from "../../src/node/exchange.ts";
import { Peer } from "../../src/node/peer.ts";

/** Requests of one connection, some of them pipelined, which may end in any order. */
type Step = "begin" | "end first" | "end last" | "close";

interface Request {
  readonly exchange: Exchange;
  isOver: boolean;
}

const steps = fc.array(fc.constantFrom<Step>("begin", "begin", "begin", "end first", "end first", "end last", "close"), { maxLength: 40 });

it("a connection knows which of its requests are open, and ends them all when it closes", () => {
  fc.assert(
    fc.property(steps, (run) => {
      const peer = new Peer(new Socket());
      const open: Request[] = [];
      const end = (request: Request | undefined): void => {
        if (request === undefined) return;
        request.isOver = true;
        open.splice(open.indexOf(request), 1);
        peer.delete(request.exchange);
      };
      for (const step of run) {
        if (step === "begin") {
          const request: Request = { isOver: false, exchange: { isAnswering: false, over: () => end(request) } as Partial<Exchange> as Exchange }; // all that a peer asks of it
          open.push(request);
          peer.add(request.exchange);
        } else if (step === "end first") end(open[0]);
        else if (step === "end last") end(open.at(-1));
        else peer.closed();
        expect(new Set(peer.exchanges)).toEqual(new Set(open.map(({ exchange }) => exchange)));
      }
      peer.closed();
      expect([peer.exchanges, open]).toEqual([[], []]);
    }),
  );
});
