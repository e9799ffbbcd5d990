import type { Call, Guard } from "@breakwater/core";
import { koa, onion as onionOf, stack } from "@breakwater/middleware";
import composeKoa from "koa-compose";
import { verify, type Case } from "../candidate.ts";

const handler = async (input: number): Promise<number> => input + 1;
const call: Call = {};

const onion: Guard = (next) => async (input, outer) => await next(input, outer);
const passing: Guard = (next) => (input, outer) => next(input, outer);

const five: Case = {
  group: "middleware",
  name: "five layers round a handler",
  candidates: [
    { name: "await handler()", kind: "floor", prepare: () => async (count) => { for (let i = 0; i < count; i += 1) await handler(i); } },
    {
      name: "stack of async layers",
      kind: "ours",
      prepare: async () => {
        const service = stack(onion, onion, onion, onion, onion)(handler);
        verify((await service(1, call)) === 2, "our stack calls the handler");
        return async (count) => { for (let i = 0; i < count; i += 1) await service(i, call); };
      },
    },
    {
      name: "stack of layers that pass the promise on",
      kind: "ours",
      prepare: () => {
        const service = stack(passing, passing, passing, passing, passing)(handler);
        return async (count) => { for (let i = 0; i < count; i += 1) await service(i, call); };
      },
    },
    {
      name: "stack of onion functions",
      kind: "ours",
      prepare: () => {
        const layer = onionOf(async (_input, _call, next) => await next(), { detectsForgotten: false });
        const service = stack(layer, layer, layer, layer, layer)(handler);
        return async (count) => { for (let i = 0; i < count; i += 1) await service(i, call); };
      },
    },
    {
      name: "koa's functions in a layer",
      kind: "ours",
      prepare: () => {
        const layer = async (_context: object, next: () => Promise<unknown>): Promise<void> => {
          await next();
        };
        const service = koa<number, number>(layer, layer, layer, layer, layer)(handler);
        return async (count) => { for (let i = 0; i < count; i += 1) await service(i, call); };
      },
    },
    {
      name: "koa-compose, async functions",
      kind: "rival",
      package: "koa-compose",
      prepare: async () => {
        const layer = async (_context: { value: number }, next: () => Promise<unknown>): Promise<void> => {
          await next();
        };
        const end = async (context: { value: number }): Promise<void> => {
          context.value = await handler(context.value);
        };
        const composed = composeKoa<{ value: number }>([layer, layer, layer, layer, layer, end]);
        const context = { value: 1 };
        await composed(context);
        verify(context.value === 2, "koa-compose calls the handler");
        return async (count) => { for (let i = 0; i < count; i += 1) await composed({ value: i }); };
      },
    },
  ],
};

export const middlewareCases: readonly Case[] = [five];
