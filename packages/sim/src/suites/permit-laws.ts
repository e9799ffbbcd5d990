import { isRejected } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { conserves } from "./conservation.ts";
import { expect, type Law } from "./law.ts";
import type { Held, LawOptions, MakeSubject, Subject } from "./subject.ts";
import { countListeners, watch, type Watched } from "./watch.ts";

interface World {
  readonly clock: ManualClock;
  readonly subject: Subject;
}

function worldOf(make: MakeSubject, capacity: number): World {
  const clock = new ManualClock(1_000);
  return { clock, subject: make({ clock, capacity }) };
}

async function hold(subject: Subject): Promise<Held> {
  const held = watch(subject.acquire({}));
  await settled();
  if (held.value === undefined) throw new Error("bug: nothing could be acquired though nothing is held");
  return held.value;
}

/** Afterwards everything can be held again, and nothing is left behind. */
async function expectWhole({ clock, subject }: World, capacity: number, when: string): Promise<void> {
  const held: Held[] = [];
  for (let i = 0; i < capacity; i += 1) held.push(await hold(subject).catch(() => fail(`${when}: only ${i} of ${capacity} can be held`)));
  const beyond = watch(subject.acquire({ deadlineAt: clock.now() + 1 }));
  await settled();
  expect(beyond.status !== "fulfilled", `${when}: more than ${capacity} can be held`);
  await clock.advanceAsync(1);
  for (const each of held) each.release();
  await settled();
  expect(subject.inUse() === 0 && subject.waiting() === 0, `${when}: ${subject.inUse()} in use and ${subject.waiting()} waiting at the end`);
  expect(clock.pendingRefTimers === 0, `${when}: ${clock.pendingRefTimers} timers are left that hold the process`);
}

function fail(what: string): never {
  expect(false, what);
  throw new Error("bug: unreachable");
}

const outcomes = (all: readonly Watched<unknown>[]): string => all.map(({ status }) => status).join(", ");

/**
 * For limits, pools and whatever else hands out a number of places: permits are conserved, places are handed over in order,
 * everybody settles once, and nothing is left behind.
 */
export function permitLaws(make: MakeSubject, { order = "fifo" }: LawOptions = {}): readonly Law[] {
  const laws: Law[] = [
    { name: "permits are conserved whatever happens", check: () => conserves(make) },
    { name: "giving back twice mints nothing", check: () => givesBackOnce(make) },
    { name: "a newcomer cannot take what was freed for one who waits", check: () => handsOver(make) },
    { name: "an abort at any moment has one outcome and loses nothing", check: () => survivesAborts(make) },
    { name: "an aborted signal is refused though there is room", check: () => refusesAborted(make) },
    { name: "a wait ends at its deadline, behind others too, and leaves no timer", check: () => keepsDeadlines(make) },
    { name: "one listener serves all who share a signal, and none is left", check: () => sharesListeners(make) },
    { name: "a clock that jumps settles nobody twice and loses nobody", check: () => survivesJumps(make) },
    { name: "closing settles everybody, once, with a refusal", check: () => closes(make) },
  ];
  return order === "any" ? laws : [{ name: "those who wait are served in order, also after some have left", check: () => keepsOrder(make) }, ...laws];
}

async function keepsOrder(make: MakeSubject): Promise<void> {
  const { subject } = worldOf(make, 1);
  let held: Held | undefined = await hold(subject);
  const served: number[] = [];
  const leaving = new AbortController();
  for (let i = 0; i < 8; i += 1) {
    const options = i % 3 === 1 ? { signal: leaving.signal } : {};
    subject.acquire(options).then((next) => {
      served.push(i);
      held = next;
    }, () => undefined);
  }
  await settled();
  leaving.abort();
  for (let i = 0; i < 8; i += 1) {
    const last: Held | undefined = held;
    held = undefined;
    last?.release();
    await settled();
  }
  expect(served.join() === "0,2,3,5,6", `served in the order ${served.join()} rather than 0,2,3,5,6`);
}

async function givesBackOnce(make: MakeSubject): Promise<void> {
  const world = worldOf(make, 2);
  const held = await hold(world.subject);
  const other = await hold(world.subject);
  held.release();
  held.release();
  await settled();
  held.release();
  expect(world.subject.inUse() === 1, `${world.subject.inUse()} in use after one of two was given back three times`);
  other.release();
  await expectWhole(world, 2, "after giving back twice");
}

async function handsOver(make: MakeSubject): Promise<void> {
  for (const hops of [0, 1, 2, 3]) {
    const { subject } = worldOf(make, 1);
    const held = await hold(subject);
    const waiting = watch(subject.acquire({}));
    await settled();
    held.release();
    for (let hop = 0; hop < hops; hop += 1) await Promise.resolve();
    expect(subject.tryAcquire?.() === undefined, `tryAcquire took the place ${hops} microtasks after it was freed`);
    const newcomer = watch(subject.acquire({}));
    await settled();
    expect(waiting.status === "fulfilled" && newcomer.status === "pending", `after ${hops} microtasks: ${outcomes([waiting, newcomer])}`);
  }
}

async function survivesAborts(make: MakeSubject): Promise<void> {
  // Every interleaving of a release and an abort, some microtasks apart, either first.
  for (let abortAt = 0; abortAt < 8; abortAt += 1) {
    for (let releaseAt = 0; releaseAt < 8; releaseAt += 1) {
      const world = worldOf(make, 1);
      const held = await hold(world.subject);
      const controller = new AbortController();
      const reason = { why: "the caller left" };
      const waiting = watch(world.subject.acquire({ signal: controller.signal }));
      const behind = watch(world.subject.acquire({}));
      for (let step = 0; step < 8; step += 1) {
        if (step === abortAt) controller.abort(reason);
        if (step === releaseAt) held.release();
        await Promise.resolve();
      }
      await settled();
      const when = `abort at ${abortAt}, release at ${releaseAt}`;
      expect(waiting.settled === 1, `${when}: the caller settled ${waiting.settled} times`);
      if (waiting.status === "rejected") expect(waiting.error === reason, `${when}: the reason was replaced`);
      waiting.value?.release();
      await settled();
      expect(behind.status === "fulfilled", `${when}: the one behind is ${behind.status}`);
      behind.value?.release();
      await expectWhole(world, 1, when);
    }
  }
}

async function refusesAborted(make: MakeSubject): Promise<void> {
  const world = worldOf(make, 1);
  const refused = watch(world.subject.acquire({ signal: AbortSignal.abort("stop") }));
  let started = false;
  const run = watch(world.subject.run(() => { started = true; }, { signal: AbortSignal.abort("stop") }));
  await settled();
  expect(refused.error === "stop" && run.error === "stop" && !started, `an aborted signal: ${outcomes([refused, run])}, started: ${started}`);
  await expectWhole(world, 1, "after an aborted signal");
}

async function keepsDeadlines(make: MakeSubject): Promise<void> {
  const world = worldOf(make, 1);
  const held = await hold(world.subject);
  const first = watch(world.subject.acquire({}));
  const second = watch(world.subject.acquire({ deadlineAt: world.clock.now() + 50 }));
  const third = watch(world.subject.acquire({ deadlineAt: world.clock.now() + 10_000 }));
  await world.clock.advanceAsync(49);
  expect(second.status === "pending", `the wait was ${second.status} before its deadline`);
  await world.clock.advanceAsync(1);
  expect(second.status === "rejected", `the wait was ${second.status} at its deadline`);
  held.release();
  await settled();
  // In whatever order: one of the other two, and then the last.
  const next = first.status === "fulfilled" ? first : third;
  next.value?.release();
  await settled();
  expect(first.status === "fulfilled" && third.status === "fulfilled", `the others are ${outcomes([first, third])}`);
  (next === first ? third : first).value?.release();
  await expectWhole(world, 1, "after a deadline");
}

async function sharesListeners(make: MakeSubject): Promise<void> {
  const world = worldOf(make, 1);
  const held = await hold(world.subject);
  const controller = new AbortController();
  const listeners = countListeners(controller.signal);
  const all = Array.from({ length: 100 }, () => watch(world.subject.acquire({ signal: controller.signal })));
  await settled();
  expect(listeners.most <= 1, `${listeners.most} listeners for 100 who wait with one signal`);
  held.release();
  await settled();
  controller.abort("stop");
  await settled();
  expect(listeners.left === 0, `${listeners.left} listeners are left`);
  expect(all.every(({ settled: times }) => times === 1), `some settled never, or twice`);
  for (const { value } of all) value?.release();
  await expectWhole(world, 1, "after a shared signal");
}

async function survivesJumps(make: MakeSubject): Promise<void> {
  for (const jumpMs of [10_000, -500]) {
    const world = worldOf(make, 1);
    const held = await hold(world.subject);
    const timed = watch(world.subject.acquire({ deadlineAt: world.clock.now() + 100 }));
    const patient = watch(world.subject.acquire({}));
    world.clock.jump(jumpMs);
    held.release();
    await settled();
    timed.value?.release();
    await world.clock.advanceAsync(20_000);
    const when = `after a jump of ${jumpMs} ms`;
    expect(timed.settled === 1, `${when}: the one with a deadline settled ${timed.settled} times`);
    if (jumpMs > 0) expect(timed.status === "rejected", `${when}: one whose time was over was served`);
    expect(patient.status === "fulfilled", `${when}: the one without a deadline is ${patient.status}`);
    patient.value?.release();
    await expectWhole(world, 1, when);
  }
}

async function closes(make: MakeSubject): Promise<void> {
  const { clock, subject } = worldOf(make, 1);
  if (subject.close === undefined) return;
  const held = await hold(subject);
  const waiting = watch(subject.acquire({}));
  await settled();
  subject.close();
  subject.close();
  const late = watch(subject.acquire({}));
  await settled();
  expect(waiting.settled === 1 && late.settled === 1, `after closing: ${outcomes([waiting, late])}`);
  expect(isRejected(waiting.error) && isRejected(late.error), "closing did not refuse with a RejectedError");
  held.release();
  await settled();
  expect(clock.pendingRefTimers === 0, `${clock.pendingRefTimers} timers are left after closing`);
}
