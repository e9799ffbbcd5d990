import { checkFunction, noopMeter, type Service } from "@breakwater/core";
import { discard } from "../front/abandon.ts";
import { isBodiless } from "../front/bodiless.ts";
import { CallMaker } from "../front/call-options.ts";
import { Failures } from "../front/failures.ts";
import { jsonText } from "../front/json-text.ts";
import { Measures } from "../front/measures.ts";
import { refuseMethod } from "../front/refusals.ts";
import { isReply, type HttpReply } from "../front/reply.ts";
import { readRouteBounds, type RouteSettings } from "../front/route-settings.ts";
import { serviceOf, type ServiceLike } from "../front/service-like.ts";
import { Arrival } from "./arrival.ts";
import { bodyOf } from "./body-of.ts";
import type { FetchOptions } from "./fetch-options.ts";
import { ArrivedRequest, type FetchRequest } from "./fetch-request.ts";
import { goneResponse, problemResponse } from "./problem-response.ts";
import { followed, streamed } from "./streamed.ts";

const headerOf = ({ headers }: FetchRequest, name: string): string | null => headers.get(name);

/** What fetch-style handlers have in common, whatever their framework. */
export class FetchFront<Context> {
  readonly #service: Service<unknown, unknown>;
  readonly #settings: RouteSettings;
  readonly #decode: ((request: FetchRequest, context: Context) => unknown) | undefined;
  readonly #encode: ((out: unknown, request: FetchRequest) => HttpReply | Response) | undefined;
  readonly #calls: CallMaker<FetchRequest>;
  readonly #failures: Failures;
  readonly #measures: Measures;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(service: ServiceLike<unknown, unknown>, options: FetchOptions<unknown, unknown, Context>) {
    const { decode, encode, name = "fetch", meter = noopMeter } = options;
    if (decode !== undefined) checkFunction("decode", decode);
    if (encode !== undefined) checkFunction("encode", encode);
    if (typeof name !== "string") throw new TypeError(`name must be a string, got ${typeof name}`);
    this.#service = serviceOf(service);
    this.#settings = readRouteBounds(options);
    this.#decode = decode;
    this.#encode = encode;
    this.#calls = new CallMaker(options);
    this.#failures = new Failures(options);
    this.#measures = new Measures(meter, name);
  }

  /**
   * Never rejects.
   *
   * @param read - has the body's bytes, where somebody has read the stream before
   */
  async respond(raw: Request, context: Context, read?: () => Promise<ArrayBuffer>): Promise<Response> {
    const arrival = new Arrival(raw);
    const request = new ArrivedRequest(raw);
    let response: Response;
    try {
      response = this.#answer(await this.#serve(request, arrival, context, read), request, arrival);
    } catch (error) {
      response = this.#failed(error, arrival);
    }
    this.#measures.count(arrival.isAborted ? "gone" : response.status < 500 ? "answered" : "failed");
    return response;
  }

  async #serve(request: ArrivedRequest, arrival: Arrival, context: Context, read: (() => Promise<ArrayBuffer>) | undefined): Promise<unknown> {
    if (!this.#settings.methods.has(request.method)) throw refuseMethod(this.#settings.allow);
    request.body = await bodyOf(request.raw, this.#settings, read);
    const input = this.#decode === undefined ? request : this.#decode(request, context);
    return this.#service(input, this.#calls.make(arrival, request, headerOf));
  }

  #answer(out: unknown, request: FetchRequest, arrival: Arrival): Response {
    if (arrival.isAborted) {
      discard(out);
      return goneResponse();
    }
    let answer = out;
    try {
      if (this.#encode !== undefined) answer = this.#encode(out, request);
      return this.#response(answer, request, arrival);
    } catch (error) {
      discard(answer);
      throw error;
    }
  }

  #response(answer: unknown, request: FetchRequest, arrival: Arrival): Response {
    if (isReply(answer)) return this.#reply(answer, request, arrival);
    if (isResponse(answer)) return followed(answer, arrival);
    arrival.release();
    if (answer === undefined) return new Response(null, { status: 204 });
    return whole(jsonText(answer), 200, new Headers({ "content-type": "application/json" }), request);
  }

  #reply({ body, status, headers }: HttpReply, request: FetchRequest, arrival: Arrival): Response {
    const fields = fieldsOf(headers);
    if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
      arrival.release();
      return whole(body, status, fields, request);
    }
    if (isBodiless(request.method, status)) {
      arrival.release();
      discard(body);
      return new Response(null, { status, headers: fields });
    }
    return new Response(streamed(body, arrival, (error) => this.#failures.report(error)), { status, headers: fields });
  }

  #failed(error: unknown, arrival: Arrival): Response {
    arrival.release();
    return problemResponse(error, this.#failures, arrival);
  }
}

function whole(body: string | Uint8Array | undefined, status: number, headers: Headers, { method }: FetchRequest): Response {
  if (body === undefined || (method !== "HEAD" && isBodiless(method, status))) return new Response(null, { status, headers });
  if (!isBodiless(method, status)) return new Response(body as string | Uint8Array<ArrayBuffer>, { status, headers }); // what is sent is not shared memory
  headers.set("content-length", String(typeof body === "string" ? new TextEncoder().encode(body).length : body.length));
  return new Response(null, { status, headers });
}

function fieldsOf(headers: HttpReply["headers"]): Headers {
  const fields = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "object") for (const each of value) fields.append(name, each);
    else fields.set(name, String(value));
  }
  return fields;
}

/** By its shape: servers put classes of their own in the place of the platform's. */
function isResponse(value: unknown): value is Response {
  return typeof value === "object" && value !== null && "arrayBuffer" in value && "headers" in value && "status" in value;
}
