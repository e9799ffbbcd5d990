import { expect, it } from "vitest";
import { ask, until } from "../server/helpers.ts";
import { connect, serve } from "./servers.ts";

it("a flood of requests that are answered at once leaves a turn to everybody else", async () => {
  let served = 0;
  const { server, front, url } = await serve(
    async () => {
      served += 1;
      throw new Error("refused");
    },
    { maxInFlight: 10, onError: () => undefined },
  );
  const client = await connect(url);
  const inTurns: number[] = [];
  let before = 0;
  const turn = (): void => {
    inTurns.push(served - before);
    before = served;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  for (let id = 0; id < 5_000; id += 1) client.send({ id });
  expect((await ask(server)).status).toBe(200);
  await until(() => client.messages.length === 5_000);
  clearImmediate(next);
  // As many of a piece of input that is read as may be in flight, and as many of what was left of it.
  expect(Math.max(...inTurns)).toBeLessThanOrEqual(20);
  expect(client.messages.map((message) => (message as { id: number }).id)).toEqual(Array.from({ length: 5_000 }, (_, id) => id));
  expect(front.stats).toMatchObject({ failed: 5_000, inFlight: 0, waiting: 0 });
});

it("a backlog that waits for its turn is refused when the front closes", async () => {
  let served = 0;
  const { front, url } = await serve(
    async () => {
      served += 1;
      if (served === 15) front.close();
      return served;
    },
    { maxInFlight: 10 },
  );
  const client = await connect(url);
  for (let id = 0; id < 100; id += 1) client.send({ id });
  expect((await client.closed).code).toBe(1001);
  const answered = client.messages.filter((message) => "output" in (message as object)).length;
  const refused = client.messages.filter((message) => (message as { error?: { reason?: string } }).error?.reason === "draining").length;
  expect([answered + refused, served]).toEqual([100, answered]);
  await until(() => front.stats.connections === 0);
  expect(front.stats).toMatchObject({ waiting: 0, inFlight: 0 });
});
