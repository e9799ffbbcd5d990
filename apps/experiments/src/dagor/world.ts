import { exponential, openLoop, Server, Simulation } from "@breakwater/sim";

/**
 * Subsequent overload: a task needs several calls to the same overloaded service, and is lost when one of them fails. If each
 * call is judged on its own, work goes into tasks that fail later on; if all calls of a task get the same verdict, none does.
 *
 * The model is that of `reference/limiter.md` 5.4, after Zhou et al., Overload Control for Scaling WeChat Microservices
 * (DAGOR, SoCC 2018): one server, a client that asks again, tasks of n calls, as many calls a second whatever n is.
 */
export const workers = 15;
export const serviceMs = 20;
export const capacityPerSecond = (1000 * workers) / serviceMs;
export const taskTimeoutMs = 500;
const maxResends = 3;
const resendAfterMs = 2;

/** 10 kinds of business, 128 users of each: 0 is the most important. */
export const levels = 10 * 128;

export interface Task {
  readonly level: number;
  /** When its client is gone. The server knows only if the policy says so. */
  readonly deadlineAt: number;
}

/** What stands between client and workers. */
export interface Policy {
  readonly name: string;
  make(sim: Simulation, work: () => Promise<void>): Guard;
}

export interface Guard {
  /** Rejects when the call is refused, at once or after a wait. */
  readonly call: (task: Task) => Promise<void>;
  /** Whether the client sends it at all. Default always. */
  readonly sends?: (task: Task) => boolean;
}

export interface Load {
  readonly calls: number;
  /** What tasks would need in all, if every call were made once. */
  readonly callsPerSecond: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface Figures {
  /** Tasks done in time, of those that came. */
  readonly success: number;
  /** Calls that the workers did, of those they could have done: what is not success here was in vain. */
  readonly busy: number;
}

async function isAnswered(sim: Simulation, guard: Guard, task: Task): Promise<boolean> {
  for (let resends = 0; ; resends += 1) {
    if (guard.sends?.(task) === false) return false;
    try {
      await guard.call(task);
      return sim.now() <= task.deadlineAt;
    } catch {
      // refused
    }
    if (resends === maxResends) return false;
    await sim.sleep(resendAfterMs);
    if (sim.now() >= task.deadlineAt) return false;
  }
}

async function isDone(sim: Simulation, guard: Guard, task: Task, calls: number): Promise<boolean> {
  for (let call = 0; call < calls; call += 1) if (!(await isAnswered(sim, guard, task))) return false;
  return true;
}

export async function simulate(policy: Policy, { calls, callsPerSecond, fromMs, untilMs }: Load, seed: number): Promise<Figures> {
  const sim = new Simulation({ seed });
  const server = new Server(sim, { slots: workers, serviceMs: exponential(serviceMs) });
  const guard = policy.make(sim, () => server.serve());
  const priorities = sim.stream("priorities");
  let offered = 0;
  let done = 0;
  openLoop(sim, { ratePerSecond: callsPerSecond / calls, untilMs }, () => {
    const task = { level: Math.floor(priorities() * levels), deadlineAt: sim.now() + taskTimeoutMs };
    const isCounted = sim.now() >= fromMs;
    if (isCounted) offered += 1;
    void isDone(sim, guard, task, calls).then((is) => {
      if (is && isCounted) done += 1;
    });
  });
  let servedBefore = 0;
  sim.at(fromMs, () => (servedBefore = server.served));
  await sim.run(untilMs);
  const busy = ((server.served - servedBefore) * 1000) / (untilMs - fromMs) / capacityPerSecond;
  await sim.run(untilMs + taskTimeoutMs); // the last ones get their time
  return { success: done / offered, busy };
}
