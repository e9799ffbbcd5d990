import type { IncomingMessage, ServerResponse } from "node:http";
import { discard } from "../front/abandon.ts";
import { ClientGoneError } from "../front/abort-reasons.ts";
import { isOfConnection } from "../front/connection-fields.ts";
import { isBodiless } from "../front/bodiless.ts";
import { jsonText } from "../front/json-text.ts";
import type { ExchangeOutcome } from "../front/measures.ts";
import { refuseExpectation, refuseMethod, refusePath } from "../front/refusals.ts";
import type { ExchangeHost, Expectation } from "./exchange-host.ts";
import { endAfterBody } from "./linger.ts";
import type { Peer } from "./peer.ts";
import { checkHead, hasBody, parseBody, readBody } from "./read-body.ts";
import { isReply, type HttpReply, type ReplyHeaders, type ReplyStream } from "../front/reply.ts";
import { headerOf, IncomingRequest } from "./request.ts";
import type { HttpRoute } from "./route.ts";
import { StreamBody } from "./stream-body.ts";
import { isLarge, streamOf, watchStall, writeWhole } from "./whole-body.ts";

/**
 * One request and its answer. The signal of its call is aborted when the connection closes before the answer is out, or when the
 * server's patience ends.
 */
export class Exchange {
  readonly peer: Peer;
  readonly #host: ExchangeHost;
  readonly #request: IncomingRequest;
  readonly #response: ServerResponse;
  readonly #expects: Expectation;
  readonly #controller: AbortController;
  #route: HttpRoute | undefined = undefined;
  #stream: StreamBody | undefined = undefined;
  #isEndless = false;
  #isClosed = false;
  /** Cut off for taking nothing. */
  #isCut = false;

  constructor(host: ExchangeHost, peer: Peer, message: IncomingMessage, response: ServerResponse, expects: Expectation) {
    this.#host = host;
    this.peer = peer;
    this.#controller = peer.controller;
    this.#response = response;
    this.#request = new IncomingRequest(message);
    this.#expects = expects;
    response.on("close", this.over);
  }

  get outcome(): ExchangeOutcome {
    if (!this.#isOut()) return "gone";
    return this.#response.statusCode < 500 ? "answered" : "failed";
  }

  get isAnswering(): boolean {
    return this.#response.headersSent || this.#request.raw.complete;
  }

  get isHeadOut(): boolean {
    return this.#response.headersSent;
  }

  begin(): void {
    try {
      if (this.#expects === "other") throw refuseExpectation();
      const route = (this.#route = this.#findRoute());
      const { raw } = this.#request;
      if (route.body === "raw" || !hasBody(raw)) {
        this.#serve(route);
        return;
      }
      checkHead(raw, route);
      if (this.#expects === "continue") this.#response.writeContinue();
      // A stream whose client has gone says so here as well; the response's end tells all that is needed.
      raw.on("error", () => undefined);
      readBody(raw, route.maxBodyBytes, (error, bytes) => this.#bodyRead(route, error, bytes));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** For the signal of its call. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Ends a stream that would not end by itself. */
  endEndless(): void {
    if (this.#isEndless) this.#stream?.stop();
  }

  #findRoute(): HttpRoute {
    const route = this.#host.routing(this.#request);
    if (route === undefined) throw refusePath();
    if (route.methods.has(this.#request.method)) return route;
    throw refuseMethod(route.allow);
  }

  #bodyRead(route: HttpRoute, error: Error | undefined, bytes: Buffer): void {
    if (error !== undefined) {
      this.#fail(error);
      return;
    }
    try {
      this.#request.body = parseBody(bytes, route.body);
      this.#serve(route);
    } catch (other) {
      this.#fail(other);
    }
  }

  #serve({ service, decode, body }: HttpRoute): void {
    if (this.#expects === "continue" && body === "raw") this.#response.writeContinue();
    const request = this.#request;
    const input = decode === undefined ? request : decode(request);
    service(input, this.#host.calls.makeWith(this.#controller.signal, request, headerOf)).then(this.#succeed, this.#fail);
  }

  readonly #succeed = (out: unknown): void => {
    if (this.#isClosed) {
      discard(out);
      return;
    }
    let answer = out;
    try {
      const encode = this.#route?.encode;
      if (encode !== undefined) answer = encode(out, this.#request);
      if (isReply(answer)) this.#reply(answer);
      else if (answer === undefined) this.#send(204, undefined, {});
      else this.#sendJson(jsonText(answer));
    } catch (error) {
      discard(answer);
      this.#fail(error);
    }
  };

  readonly #fail = (error: unknown): void => {
    // That the connection has gone the answers of a pipeline hear one after the other, and all their calls from the first.
    if (this.#isClosed || (error instanceof ClientGoneError && error === this.#controller.signal.reason)) return;
    const response = this.#response;
    if (response.headersSent) {
      this.#host.failures.report(error);
      response.destroy();
      return;
    }
    const { status, headers, problem } = this.#host.failures.answer(error);
    this.#refuse(status, headers, JSON.stringify(problem));
  };

  #reply({ body, status, headers, isEndless }: HttpReply): void {
    if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
      this.#send(status, body, { ...headers });
      return;
    }
    if (isBodiless(this.#request.method, status)) {
      discard(body);
      this.#send(status, undefined, { ...headers });
      return;
    }
    this.#isEndless = isEndless;
    this.#sendStream(status, { ...headers }, body);
    if (isEndless && this.#host.isClosing) this.#stream?.stop();
  }

  // Apart from `#send`, for the answer that nearly all are: a field that is added to an object later costs more than all of it.
  #sendJson(body: string): void {
    if (isLarge(body)) {
      this.#send(200, body, { "content-type": "application/json" });
      return;
    }
    const length = Buffer.byteLength(body);
    const keepAlive = this.#keepOrClose();
    if (keepAlive === undefined) this.#response.writeHead(200, { "content-type": "application/json", "content-length": length });
    else this.#response.writeHead(200, { "content-type": "application/json", "content-length": length, "keep-alive": keepAlive });
    this.#sendWhole(body);
  }

  /** @param headers - belongs to this answer alone */
  #send(status: number, body: string | Uint8Array | undefined, headers: Record<string, ReplyHeaders[string]>): void {
    const { method } = this.#request;
    const isBare = body === undefined || isBodiless(method, status);
    if (body !== undefined && (!isBare || method === "HEAD")) headers["content-length"] = Buffer.byteLength(body);
    if (!isBare && isLarge(body)) {
      this.#sendStream(status, headers, streamOf(body));
      return;
    }
    this.#head(status, headers);
    if (isBare) this.#response.end();
    else this.#sendWhole(body);
  }

  #sendWhole(body: string | Uint8Array): void {
    const response = this.#response;
    writeWhole(response, body);
    watchStall(response, this.#host, () => {
      this.#isCut = true;
      response.destroy();
    });
  }

  #sendStream(status: number, headers: Record<string, ReplyHeaders[string]>, body: ReplyStream): void {
    this.#head(status, headers);
    this.#response.flushHeaders();
    const { clock, stalledMs } = this.#host;
    this.#stream = new StreamBody(this.#response, body, { clock, stalledMs, failed: this.#fail });
  }

  /** @param headers - belongs to this answer alone */
  #head(status: number, headers: Record<string, ReplyHeaders[string]>): void {
    const response = this.#response;
    const keepAlive = this.#keepOrClose();
    // HTTP/1.0 knows the end of an answer without a length by the end of its connection.
    const isPersistent = response.useChunkedEncodingByDefault || headers["content-length"] !== undefined;
    if (keepAlive !== undefined && isPersistent && !Object.keys(headers).some(isOfConnection)) headers["keep-alive"] = keepAlive;
    response.writeHead(status, headers as Record<string, string | number | string[]>); // it does not change the lists
  }

  /** Closes the connection behind its final answer. Returns what any other says about how long it may be idle. */
  #keepOrClose(): string | undefined {
    const response = this.#response;
    if (this.peer.isFinal(this)) response.shouldKeepAlive = false;
    return response.shouldKeepAlive ? this.#host.keepAlive : undefined;
  }

  #refuse(status: number, fields: Record<string, string>, body: string): void {
    const { raw } = this.#request;
    const headers: Record<string, ReplyHeaders[string]> = { ...fields, "content-type": "application/problem+json" };
    if (raw.complete || !hasBody(raw)) {
      this.#send(status, body, headers);
      return;
    }
    this.#response.shouldKeepAlive = false;
    this.#head(status, { ...headers, "content-length": Buffer.byteLength(body) });
    this.#response.write(body);
    endAfterBody(raw, this.#response, this.#host.clock, this.#expects === "continue");
  }

  /** The response is out, or its connection has closed, maybe before its turn to answer came. */
  readonly over = (): void => {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isOut()) this.abort(new ClientGoneError());
    this.#host.closed(this);
    this.#stream?.stop();
  };

  // A response whose socket closes first says all the same that it finished. One that is out has let go of its socket, which is well.
  #isOut(): boolean {
    const response = this.#response;
    return response.writableFinished && response.socket === null && !this.#isCut && this.#request.raw.socket.errored === null;
  }
}
