import { Balancer, LoadProbe, type BalancerOptions, type Policy } from "@breakwater/balancer";
import { exponential, Server, type Simulation } from "@breakwater/sim";

/** One machine: a server, and its half of Prequal. */
export interface Machine {
  readonly server: Server;
  readonly load: LoadProbe;
}

/** So many machines; `meanMs` of the index is the mean of its exponential service times. */
export function machinesOf(sim: Simulation, count: number, slots: number, meanMs: (index: number) => number): Machine[] {
  return Array.from({ length: count }, (_, index) => ({
    server: new Server(sim, { slots, serviceMs: exponential(meanMs(index)), name: `server-${index}` }),
    load: new LoadProbe({ clock: sim.clock }),
  }));
}

/** Without ejection, unless told otherwise: what is looked at is the policy. */
export function balancerOf(sim: Simulation, machines: readonly Machine[], policy: Policy, options: BalancerOptions<Machine> = {}): Balancer<Machine> {
  const endpoints = machines.map((value, index) => ({ key: `${index}`, value }));
  return new Balancer<Machine>({ endpoints, policy, ejection: false, clock: sim.clock, random: sim.random, ...options });
}
