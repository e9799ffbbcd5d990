import { StatusError } from "@breakwater/http";
import { httpRoute, type HttpRequest, type HttpRoute } from "@breakwater/http/node";
import type { NetworkService } from "./compose-service.ts";
import { productCount, type Note, type Order, type ProductQuestion, type SocketInput } from "./operations.ts";
import { paths } from "./wire-paths.ts";

/** How the operations stand on the wire: what comes is read, checked, and nothing else of it taken over. */
type Fields = Readonly<Record<string, unknown>>;

/** `POST /orders` and `GET /products?id=7`, each with a bearer token. */
export function httpRoutes(service: NetworkService): Readonly<Record<string, HttpRoute>> {
  return {
    [paths.orders]: httpRoute(service.operation("order"), { methods: ["POST"], decode: (request) => readOrder(fieldsOf(request.body), bearerOf(request)) }),
    [paths.products]: httpRoute(service.operation("product"), {
      methods: ["GET"],
      decode: (request) => readQuestion({ product: Number(new URLSearchParams(request.query).get("id") ?? NaN) }, bearerOf(request)),
    }),
  };
}

/** A message says which operation it is for, and brings its token. */
export function readSocketInput(message: unknown): SocketInput {
  const { operation, input } = fieldsOf(message);
  const fields = fieldsOf(input);
  if (operation === "order") return { operation, input: readOrder(fields, fields.token) };
  if (operation === "product") return { operation, input: readQuestion(fields, fields.token) };
  if (operation === "note") return { operation, input: readNote(fields) };
  throw wrong("operation must be order, product or note");
}

export function serveSocket(service: NetworkService, message: SocketInput, call: Parameters<NetworkService["call"]>[2]): Promise<unknown> {
  if (message.operation === "order") return service.call("order", message.input, call);
  if (message.operation === "product") return service.call("product", message.input, call);
  return service.call("note", message.input, call);
}

function readNote({ id, token }: Fields): Note {
  return { id: readId(id), token: typeof token === "string" ? token : undefined };
}

function readOrder({ id, data, product, fail }: Fields, token: unknown): Order {
  if (typeof data !== "string") throw wrong("data must be a string");
  return { id: readId(id), data, fail: fail === true, ...readQuestion({ product }, token) };
}

function readQuestion({ product }: Fields, token: unknown): ProductQuestion & { readonly product: number } {
  if (typeof product !== "number" || !Number.isInteger(product) || product < 0 || product >= productCount) {
    throw wrong(`product must be a whole number from 0 to ${productCount - 1}`);
  }
  return { product, token: typeof token === "string" ? token : undefined };
}

function readId(id: unknown): number {
  if (typeof id !== "number" || !Number.isSafeInteger(id)) throw wrong("id must be a whole number");
  return id;
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null) throw wrong("the request must be an object");
  return value as Fields; // any object may be asked for a property
}

function bearerOf({ headers: { authorization = "" } }: HttpRequest): string | undefined {
  return /^Bearer (.+)$/i.exec(authorization)?.[1];
}

function wrong(message: string): StatusError {
  return new StatusError(400, message, { reason: "malformed" });
}
