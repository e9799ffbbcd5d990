import { lendAbort } from "@breakwater/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Admitted, InWork } from "../src/in-work.ts";

interface Request {
  readonly controller: AbortController;
  readonly admitted: Admitted;
}

const steps = fc.array(fc.record({ adds: fc.boolean(), which: fc.nat(9) }), { maxLength: 40 });

it("aborts exactly those that are in work, and one that is not keeps hold of no other", () => {
  fc.assert(
    fc.property(steps, (run) => {
      const inWork = new InWork();
      const open: Request[] = [];
      const gone: Request[] = [];
      for (const { adds, which } of run) {
        if (adds) {
          const controller = new AbortController();
          const admitted = new Admitted({ signal: lendAbort(controller), receivedAt: 0 }, 0);
          inWork.add(admitted);
          open.push({ controller, admitted });
        } else if (open.length > 0) {
          const [request] = open.splice(which % open.length, 1);
          if (request === undefined) continue;
          inWork.delete(request.admitted);
          gone.push(request);
        }
      }
      for (const { admitted } of gone) {
        expect(admitted.previous === admitted && admitted.next === admitted).toBe(true);
        inWork.delete(admitted); // changes nothing
      }
      inWork.abort("enough");
      expect(open.every(({ controller: { signal } }) => signal.reason === "enough")).toBe(true);
      expect(gone.some(({ controller: { signal } }) => signal.aborted)).toBe(false);
    }),
  );
});
