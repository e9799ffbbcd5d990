import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { checkFunction, LazyAbort, type Service } from "@breakwater/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { discard } from "../front/abandon.ts";
import { ClientGoneError } from "../front/abort-reasons.ts";
import { isBodiless } from "../front/bodiless.ts";
import { CallMaker, type CallOptions } from "../front/call-options.ts";
import { Failures, type FailureOptions } from "../front/failures.ts";
import { jsonText } from "../front/json-text.ts";
import { isReply, type HttpReply, type ReplyStream } from "../front/reply.ts";
import { serviceOf, type ServiceLike } from "../front/service-like.ts";
import { readableOf } from "./readable-of.ts";

export interface FastifyHandlerOptions<In, Out, Request extends FastifyRequest = FastifyRequest> extends CallOptions<Request>, FailureOptions {
  /** The service's input. What it throws is answered as if the service had thrown it. Default: fastify's request. */
  readonly decode?: ((request: Request) => In) | undefined;
  /** The answer. Default: a reply as it is, undefined as 204, anything else as JSON, objects by the route's schema. */
  readonly encode?: ((out: Out, request: Request) => HttpReply) | undefined;
}

/** The calls in flight of each fastify server, for its stop. By the server under it, which plugins share. */
const inFlight = new WeakMap<object, Set<LazyAbort>>();

/** @internal */
export function callsOf(server: object): Set<LazyAbort> {
  let calls = inFlight.get(server);
  if (calls === undefined) inFlight.set(server, (calls = new Set()));
  return calls;
}

/** The calls of each connection, for its end: Node tells an answer that waits for its turn in a pipeline nothing of that. */
const ofSocket = new WeakMap<object, Set<LazyAbort>>();

function callsOn(socket: Socket): Set<LazyAbort> {
  const known = ofSocket.get(socket);
  if (known !== undefined) return known;
  const calls = new Set<LazyAbort>();
  ofSocket.set(socket, calls);
  socket.once("close", () => {
    for (const call of calls) call.abort(new ClientGoneError());
  });
  return calls;
}

const headerOf = ({ headers }: FastifyRequest, name: string): string | readonly string[] | undefined => headers[name];

/**
 * A service as a handler of fastify. Bodies are read, bounded and parsed by fastify, with its answers; what the service answers,
 * refuses and fails with is answered as `createHttpServer` does, and fastify's error handler does not hear of it. The call's signal
 * is aborted when the connection closes before the answer is out.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function fastifyHandler<In = FastifyRequest, Out = unknown, Request extends FastifyRequest = FastifyRequest>(
  service: ServiceLike<In, Out>,
  options: FastifyHandlerOptions<In, Out, Request> = {},
): (request: Request, reply: FastifyReply) => Promise<FastifyReply> {
  const { decode, encode } = options;
  if (decode !== undefined) checkFunction("decode", decode);
  if (encode !== undefined) checkFunction("encode", encode);
  // `decode` makes the In that the service reads, and without one In is the request.
  const serve = serviceOf(service) as Service<unknown, Out>;
  const calls = new CallMaker<Request>(options);
  const failures = new Failures(options);
  return async (request, reply) => {
    const abort = new LazyAbort();
    const lists = [callsOf(request.server.server), callsOn(request.raw.socket)];
    for (const list of lists) list.add(abort);
    const leave = (): void => lists.forEach((list) => list.delete(abort));
    reply.raw.once("close", () => {
      leave();
      if (!reply.raw.writableFinished) abort.abort(new ClientGoneError());
    });
    const isGone = (): boolean => reply.raw.destroyed || request.raw.socket.destroyed;
    try {
      const out = await serve(decode === undefined ? request : decode(request), calls.make(abort, request, headerOf));
      if (isGone()) discard(out);
      else await send(reply, encode === undefined ? out : encode(out, request), failures);
    } catch (error) {
      if (!isGone()) fail(reply, error, failures);
    } finally {
      if (request.raw.socket.destroyed) leave();
    }
    return reply;
  };
}

async function send(reply: FastifyReply, answer: unknown, failures: Failures): Promise<void> {
  if (isReply(answer)) {
    const { body, status, headers } = answer;
    const fields = headers as Record<string, string | number | string[]>; // it does not change the lists
    await reply.code(status).headers(fields).send(isStream(body) ? streamOf(reply, body, status, failures) : body);
  } else if (answer === undefined) await reply.code(204).send();
  else if (typeof answer === "object" && answer !== null) await reply.send(answer);
  else await reply.header("content-type", "application/json").send(jsonText(answer));
}

function isStream(body: HttpReply["body"]): body is ReplyStream {
  return body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array);
}

/** Fastify reads on to its end what it sends to nobody, and some have none. */
function streamOf({ request }: FastifyReply, body: ReplyStream, status: number, failures: Failures): Readable {
  if (!isBodiless(request.method, status)) return readableOf(body, (error) => failures.report(error));
  discard(body);
  return Readable.from([]);
}

function fail(reply: FastifyReply, error: unknown, failures: Failures): void {
  if (reply.sent) {
    failures.report(error);
    reply.raw.destroy();
    return;
  }
  const { status, headers, problem } = failures.answer(error);
  void reply.code(status).headers({ ...headers, "content-type": "application/problem+json" }).send(JSON.stringify(problem));
}
