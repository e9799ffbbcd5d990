import { CoarseClock, systemClock, type Call } from "@breakwater/core";
import { Deadline, Timeout } from "@breakwater/deadline";
import { timeout as timeoutOf, TimeoutStrategy } from "cockatiel";
import type { Candidate, Case } from "../candidate.ts";
import { byWorkers, work } from "./work.ts";

const floor: Candidate = {
  name: "await work()",
  kind: "floor",
  prepare: () => async (count) => { for (let i = 0; i < count; i += 1) await work(); },
};

/** It goes on, so that it is the call and not the layer that has the last word. */
const tighter = (): Call => ({ deadlineAt: systemClock.now() + 3_600_000 });

const timeouts: Case = {
  group: "deadline",
  name: "a timeout that does not fire",
  candidates: [
    floor,
    {
      name: "timeout, aggressive",
      kind: "ours",
      prepare: () => {
        const timeout = new Timeout({ timeoutMs: 10_000, mode: "aggressive" });
        return async (count) => { for (let i = 0; i < count; i += 1) await timeout.run(work); };
      },
    },
    {
      name: "timeout, cooperative",
      kind: "ours",
      prepare: () => {
        const timeout = new Timeout({ timeoutMs: 10_000 });
        return async (count) => { for (let i = 0; i < count; i += 1) await timeout.run(work); };
      },
    },
    {
      name: "timeout, and the work looks at its signal",
      kind: "ours",
      prepare: () => {
        const timeout = new Timeout({ timeoutMs: 10_000, mode: "aggressive" });
        const looking = async ({ signal }: Call): Promise<boolean> => signal?.aborted ?? false;
        return async (count) => { for (let i = 0; i < count; i += 1) await timeout.run(looking); };
      },
    },
    ...[TimeoutStrategy.Aggressive, TimeoutStrategy.Cooperative].map((strategy): Candidate => ({
      name: `cockatiel, ${strategy}`,
      kind: "rival",
      package: "cockatiel",
      prepare: () => {
        const timeout = timeoutOf(10_000, strategy);
        return async (count) => { for (let i = 0; i < count; i += 1) await timeout.execute(work); };
      },
    })),
  ],
};

const crowd: Case = {
  group: "deadline",
  name: "a timeout that does not fire, 1000 at a time",
  candidates: [
    { name: "await work()", kind: "floor", prepare: () => (count) => byWorkers(1000, count, work) },
    {
      name: "timeout, aggressive",
      kind: "ours",
      prepare: () => {
        const timeout = new Timeout({ timeoutMs: 10_000, mode: "aggressive" });
        return (count) => byWorkers(1000, count, () => timeout.run(work));
      },
    },
    {
      name: "cockatiel, aggressive",
      kind: "rival",
      package: "cockatiel",
      prepare: () => {
        const timeout = timeoutOf(10_000, TimeoutStrategy.Aggressive);
        return (count) => byWorkers(1000, count, () => timeout.execute(work));
      },
    },
  ],
};

const deadlines: Case = {
  group: "deadline",
  name: "a deadline",
  candidates: [
    floor,
    {
      name: "inside a tighter one, coarse clock",
      kind: "ours",
      prepare: () => {
        const deadline = new Deadline({ timeoutMs: 7_200_000, clock: new CoarseClock() });
        const call = tighter();
        return async (count) => { for (let i = 0; i < count; i += 1) await deadline.run(work, call); };
      },
    },
    {
      name: "inside a tighter one",
      kind: "ours",
      prepare: () => {
        const deadline = new Deadline({ timeoutMs: 7_200_000 });
        const call = tighter();
        return async (count) => { for (let i = 0; i < count; i += 1) await deadline.run(work, call); };
      },
    },
    {
      name: "inside a later one: it shrinks it, and enforces",
      kind: "ours",
      prepare: () => {
        const deadline = new Deadline({ timeoutMs: 10_000 });
        const call = tighter();
        return async (count) => { for (let i = 0; i < count; i += 1) await deadline.run(work, call); };
      },
    },
  ],
};

export const deadlineCases: readonly Case[] = [timeouts, crowd, deadlines];
