import { ManualClock, settled } from "@breakwater/core/testing";
import { randomFrom } from "../random.ts";
import { expect } from "./law.ts";
import type { Held, MakeSubject } from "./subject.ts";
import { watch, type Watched } from "./watch.ts";

const seeds = 40;
const steps = 60;
const capacity = 3;

/** Random schedules of everything that can happen; a failure tells the seed and the step, which repeat it. */
export async function conserves(make: MakeSubject): Promise<void> {
  for (let seed = 1; seed <= seeds; seed += 1) await runOf(make, seed);
}

async function runOf(make: MakeSubject, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const upTo = (count: number): number => Math.floor(random() * count);
  const clock = new ManualClock(1_000);
  const subject = make({ clock, capacity });
  const all: { readonly watched: Watched<Held>; released: boolean }[] = [];
  const aborts: AbortController[] = [];
  const heldNow = (): number => all.filter(({ watched, released }) => watched.status === "fulfilled" && !released).length;
  for (let step = 0; step < steps; step += 1) {
    const kind = upTo(10);
    if (kind < 4) {
      const controller = new AbortController();
      aborts.push(controller);
      const deadlineAt = random() < 0.3 ? clock.now() + 1 + upTo(40) : undefined;
      const watched = watch(subject.acquire({ signal: controller.signal, ...(deadlineAt !== undefined && { deadlineAt }) }));
      all.push({ watched, released: false });
    } else if (kind < 7) {
      // Any that there ever was: some are given back twice, and some in the turn of another.
      const one = all[upTo(Math.max(1, all.length))];
      if (one?.watched.value !== undefined) {
        one.released = true;
        one.watched.value.release();
      }
    } else if (kind === 7) aborts[upTo(Math.max(1, aborts.length))]?.abort();
    else if (kind === 8) await clock.advanceAsync(upTo(30));
    else await settled();
    if (random() < 0.7) await settled();
    expect(heldNow() <= capacity, `seed ${seed}, step ${step}: ${heldNow()} of ${capacity} are held`);
  }
  await settled();
  for (const one of all) {
    // Each release may serve another: until nobody holds anything.
    for (const each of all) {
      if (each.watched.value === undefined || each.released) continue;
      each.released = true;
      each.watched.value.release();
    }
    await settled();
    if (one.watched.status === "pending") await clock.advanceAsync(100);
  }
  await settled();
  const open = all.filter(({ watched }) => watched.status === "pending").length;
  expect(open === 0, `seed ${seed}: ${open} callers never heard back`);
  expect(subject.inUse() === 0 && subject.waiting() === 0, `seed ${seed}: ${subject.inUse()} in use, ${subject.waiting()} waiting at the end`);
  expect(clock.pendingRefTimers === 0, `seed ${seed}: ${clock.pendingRefTimers} timers are left`);
}
