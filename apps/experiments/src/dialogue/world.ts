import { Simulation, type Random } from "@breakwater/sim";
import { Balanced, Line, Pinned, Session } from "./routes.ts";
import type { Scenario } from "./scenarios.ts";
import { noAnswer } from "./score.ts";
import { SimulatedServer, type ServerPlan } from "./server.ts";
import type { Strategy } from "./strategy.ts";
import { aimdOf, Target, type Route } from "./target.ts";

export interface Figures {
  /** Of all requests; those without an answer are none. */
  readonly successPercent: number;
  readonly meanSeconds: number;
  readonly serverAnswers: number;
  /** The least and the greatest mean of a client; the burst is one. */
  readonly leastClientMean: number;
  readonly greatestClientMean: number;
}

const maxRetries = 4;
const backoffMs = 250;

const appearsAt = ({ appearsAtMs = 0 }: ServerPlan): number => appearsAtMs;

interface Client {
  line: Line;
  answers: number;
  /** All its response times together. */
  ms: number;
  /** When a session asked that does not know its server yet. */
  early: number[] | undefined;
  isKnown: boolean;
}

/**
 * Runs one scenario. A request goes the way it goes in dialogue:
 *
 *     client -> retries -> line -> choice of a server -> host limit (refuses) -> endpoint limit (lets wait) -> server
 *
 * A session of a sticky channel has a limit of its own behind its line, even where clients are unlimited, and shares the rest
 * with the other sessions. Checked against palantir/dialogue's sources and its report; where its order of things at one and the
 * same moment is unknown, answers go before requests come (it decides whether a server of capacity 2 is found full).
 */
class World {
  readonly sim: Simulation;
  readonly servers: readonly SimulatedServer[];
  readonly #scenario: Scenario;
  readonly #strategy: Strategy;
  readonly #choice: Random;
  readonly #jitter: Random;
  readonly #endpoint: Random;
  readonly #clients: readonly Client[];
  #sent = 0;
  #successes = 0;

  constructor(scenario: Scenario, strategy: Strategy, seed: number) {
    this.sim = new Simulation({ seed });
    this.#scenario = scenario;
    this.#strategy = strategy;
    this.servers = scenario.servers(this.sim).map((plan) => new SimulatedServer(this.sim, plan));
    this.#choice = this.sim.stream("choice");
    this.#jitter = this.sim.stream("jitter");
    this.#endpoint = this.sim.stream("endpoint");
    const lines = this.#lines(scenario.clients + (scenario.burst === undefined ? 0 : 1));
    this.#clients = lines.map((line) => ({ line, answers: 0, ms: 0, early: undefined, isKnown: false }));
  }

  start(): void {
    const { ratePerSecond, requests, clients, burst = 0 } = this.#scenario;
    const who = this.sim.stream("clients");
    const next = (index: number): void => {
      if (index >= requests) return;
      this.#ask(Math.floor(who() * clients));
      this.sim.at(((index + 1) * 1000) / ratePerSecond, () => next(index + 1));
    };
    next(0);
    for (const { plan } of this.servers) if (appearsAt(plan) > 0) this.sim.at(appearsAt(plan), () => this.#reload());
    for (let index = 0; index < burst; index += 1) this.#ask(clients);
  }

  get figures(): Figures {
    const answers = this.#clients.reduce((sum, client) => sum + client.answers, 0);
    const ms = this.#clients.reduce((sum, client) => sum + client.ms, 0);
    const means = this.#clients.filter((client) => client.answers > 0).map((client) => client.ms / client.answers / 1000);
    return {
      successPercent: (100 * this.#successes) / this.#sent,
      meanSeconds: ms / answers / 1000,
      serverAnswers: this.servers.reduce((sum, server) => sum + server.answers, 0),
      leastClientMean: Math.min(...means),
      greatestClientMean: Math.max(...means),
    };
  }

  // Sessions share the limits of one channel; other clients have a channel each.
  #lines(clients: number): readonly Line[] {
    const shared = this.#scenario.isSticky === true ? this.#selection() : undefined;
    return Array.from({ length: clients }, () => new Line(shared === undefined ? this.#selection() : this.#sessionOf(shared)));
  }

  #sessionOf(shared: Route): Route {
    // All wait in the endpoint's limiter, whose queue is fair to sessions.
    if (this.#strategy.isFair) return { send: (attempt) => shared.send(attempt, true) };
    return new Session(aimdOf(this.sim), shared);
  }

  #selection(): Route {
    const known = this.servers.filter(({ plan }) => this.sim.now() >= appearsAt(plan));
    const targets = known.map((server) => new Target(this.sim, server, this.#strategy, this.#scenario.usualMs));
    return this.#strategy.selection === "pinned" ? new Pinned(this.sim, targets, this.#choice) : new Balanced(targets, this.#choice);
  }

  // A new list of servers makes a new channel, with new limits and scores; the old one finishes what waits in it.
  #reload(): void {
    for (const client of this.#clients) client.line = new Line(this.#selection());
  }

  // A session's first request shows which server is its own; the others wait for it.
  #ask(client: number): void {
    const asking = this.#clients[client];
    if (asking === undefined) throw new Error("bug: no such client");
    const askedAt = this.sim.now();
    this.#sent += 1;
    if (this.#scenario.isSticky !== true || asking.isKnown) this.#send(asking, client, askedAt);
    else if (asking.early !== undefined) asking.early.push(askedAt);
    else {
      asking.early = [];
      this.#send(asking, client, askedAt);
    }
  }

  #send(asking: Client, session: number, askedAt: number): void {
    const { endpoints = ["endpoint"] } = this.#scenario;
    const endpoint = endpoints[Math.floor(this.#endpoint() * endpoints.length)] ?? "endpoint";
    let failures = 0;
    const { line } = asking;
    const send = (): void => line.send({ endpoint, session, answered });
    const answered = (status: number): void => {
      if (this.#isSentAgain(status) && (failures += 1) <= maxRetries) {
        this.sim.setTimer(send, this.#backoffMs(status, failures));
        return;
      }
      asking.answers += 1;
      asking.ms += this.sim.now() - askedAt;
      if (status === 200) this.#successes += 1;
      asking.isKnown = true;
      const early = asking.early ?? [];
      asking.early = undefined;
      for (const at of early) this.#send(asking, session, at);
    };
    send();
  }

  #isSentAgain(status: number): boolean {
    return status === 429 || status === 503 || status === noAnswer || (status === 500 && this.#scenario.isSafe === true);
  }

  // Whoever got no answer tries another server at once; whoever was refused waits.
  #backoffMs(status: number, failures: number): number {
    if (status === 429 && !this.#strategy.backsOff) return 0;
    return status === noAnswer && failures === 1 ? 0 : backoffMs * this.#jitter() * 2 ** (failures - 1);
  }
}

export async function simulate(scenario: Scenario, strategy: Strategy, seed: number): Promise<Figures> {
  const world = new World(scenario, strategy, seed);
  world.start();
  await world.sim.run(scenario.abortMs);
  return world.figures;
}
