import { checkNumber } from "@breakwater/core";
import { constant, exponential, type Distribution } from "./random.ts";
import type { Simulation } from "./simulation.ts";

export interface OpenLoop {
  /** How many a second: a number, or a function of the virtual time in ms. */
  readonly ratePerSecond: number | ((nowMs: number) => number);
  /** `poisson`: each on its own, as many independent users come; the default. `regular`: evenly spaced. */
  readonly arrivals?: "poisson" | "regular" | undefined;
  /** From when, in virtual ms. Default 0. */
  readonly fromMs?: number | undefined;
  /** Until when. Default Infinity. */
  readonly untilMs?: number | undefined;
  /** Tells its random numbers from those of other clients. Default `clients`. */
  readonly name?: string | undefined;
}

// While the rate is 0, how often to look again.
const idleLookMs = 10;

/** Requests come whether or not the earlier ones were answered, as from many users: what overloads a server. */
export function openLoop(sim: Simulation, options: OpenLoop, send: (index: number) => void): void {
  const { ratePerSecond, arrivals = "poisson", fromMs = 0, untilMs = Infinity, name = "clients" } = options;
  const random = sim.stream(name);
  const gap: Distribution = arrivals === "poisson" ? exponential(1) : constant(1);
  const rateAt = typeof ratePerSecond === "number" ? () => ratePerSecond : ratePerSecond;
  let index = 0;
  const next = (sends: boolean): void => {
    if (sim.now() >= untilMs) return;
    if (sends) send(index++);
    const rate = rateAt(sim.now());
    if (rate > 0) sim.setTimer(() => next(true), (1000 / rate) * gap(random));
    else sim.setTimer(() => next(false), idleLookMs);
  };
  const first = rateAt(fromMs);
  sim.at(fromMs + (first > 0 ? (1000 / first) * gap(random) : 0), () => next(first > 0));
}

export interface ClosedLoop {
  /** How many clients, each of which waits for its answer before it asks again. */
  readonly clients: number;
  /** How long each thinks between answer and next request, in ms. Default none. */
  readonly thinkMs?: Distribution | undefined;
  readonly fromMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly name?: string | undefined;
}

/** So many clients, one request each at a time: their load falls when the server slows down. */
export function closedLoop(sim: Simulation, options: ClosedLoop, send: (client: number) => Promise<unknown>): void {
  const { clients, thinkMs = constant(0), fromMs = 0, untilMs = Infinity, name = "clients" } = options;
  checkNumber("clients", clients, { min: 1, integer: true, max: Number.MAX_SAFE_INTEGER });
  const random = sim.stream(name);
  const turn = async (client: number): Promise<void> => {
    while (sim.now() < untilMs) {
      await send(client).catch(() => undefined); // a client that is refused asks again, too
      // Not even a client that does not think asks twice at the same time: a refusal takes none.
      await sim.sleep(Math.max(thinkMs(random), 0.001));
    }
  };
  for (let client = 0; client < clients; client += 1) sim.at(fromMs, () => void turn(client));
}

export interface Burst {
  readonly atMs: number;
  readonly count: number;
  /** Between one and the next. Default 0: all at the same time. */
  readonly spacingMs?: number | undefined;
}

/** So many requests at that time. */
export function burst(sim: Simulation, { atMs, count, spacingMs = 0 }: Burst, send: (index: number) => void): void {
  for (let index = 0; index < count; index += 1) sim.at(atMs + index * spacingMs, () => send(index));
}
