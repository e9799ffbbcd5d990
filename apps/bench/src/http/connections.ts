import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { verify } from "../candidate.ts";

/**
 * Asks a server the same again and again over connections that stay open, one question at a time on each.
 *
 * A client that reads answers as HTTP costs more than a server, and what would be measured is the client. But all answers of one
 * server to one question are equally long and begin alike: so the first one is read and checked, and of the others the bytes are
 * counted and the beginning compared.
 */
export class Connections {
  readonly #connections: readonly Connection[];

  private constructor(connections: readonly Connection[]) {
    this.#connections = connections;
  }

  static async open(port: number, count: number, head: string, isRight: (answer: string) => boolean): Promise<Connections> {
    const question = Buffer.from(head, "latin1");
    const connections = await Promise.all(Array.from({ length: count }, () => Connection.open(port, question, isRight, isWhole)));
    return new Connections(connections);
  }

  /** The same over WebSockets: short texts at once, and a frame as the answer to each. */
  static async openSockets(port: number, count: number, texts: readonly string[], isRight: (answer: string) => boolean): Promise<Connections> {
    // Masked with zeros, so that they stay as they are.
    const question = Buffer.concat(texts.flatMap((text) => [Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]));
    const isComplete = (answer: string): boolean => hasFrames(answer, texts.length);
    const connections = await Promise.all(Array.from({ length: count }, () => Connection.open(port, question, isRight, isComplete, upgrade)));
    return new Connections(connections);
  }

  /** Resolves when so many questions have been answered. */
  ask(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let toAsk = count;
      let toAnswer = count;
      const next = (connection: Connection): void => {
        if (toAsk === 0) return;
        toAsk -= 1;
        connection.ask(() => {
          toAnswer -= 1;
          if (toAnswer === 0) resolve();
          else next(connection);
        }, reject);
      };
      for (const connection of this.#connections) next(connection);
    });
  }
}

class Connection {
  readonly #socket: Socket;
  readonly #question: Buffer;
  readonly #length: number;
  readonly #beginning: string;
  #missing = 0;
  #answered!: () => void;
  #failed: ((error: Error) => void) | undefined = undefined;

  private constructor(socket: Socket, question: Buffer, first: string) {
    this.#socket = socket;
    this.#question = question;
    this.#length = Buffer.byteLength(first, "latin1");
    this.#beginning = first.slice(0, 12); // HTTP/1.1 200
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("close", () => this.#failed?.(new Error("the server closed a connection")));
  }

  static async open(
    port: number,
    question: Buffer,
    isRight: (answer: string) => boolean,
    isComplete: (answer: string) => boolean,
    greeting?: string,
  ): Promise<Connection> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    if (greeting !== undefined) {
      socket.write(greeting);
      const welcome = await read(socket, (text) => text.endsWith("\r\n\r\n"));
      verify(welcome.startsWith("HTTP/1.1 101"), `it answers the upgrade\n${welcome}`);
    }
    socket.write(question);
    const answer = await read(socket, isComplete);
    verify(isRight(answer), `it answers\n${answer}`);
    return new Connection(socket, question, answer);
  }

  ask(answered: () => void, failed: (error: Error) => void): void {
    this.#missing = this.#length;
    this.#answered = answered;
    this.#failed = failed;
    if (this.#socket.destroyed) failed(new Error("the server has closed a connection"));
    this.#socket.write(this.#question);
  }

  #received(bytes: Buffer): void {
    const isFirst = this.#missing === this.#length;
    if (isFirst && bytes.toString("latin1", 0, this.#beginning.length) !== this.#beginning) this.#failed?.(new Error(`it answered ${bytes.toString()}`));
    this.#missing -= bytes.length;
    if (this.#missing === 0) this.#answered();
    else if (this.#missing < 0) this.#failed?.(new Error("it answered more than it was asked"));
  }
}

const upgrade = `GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${Buffer.alloc(16).toString("base64")}\r\n\r\n`;

async function read(socket: Socket, isComplete: (text: string) => boolean): Promise<string> {
  let text = "";
  while (!isComplete(text)) {
    const [bytes] = (await once(socket, "data")) as [Buffer]; // without an encoding
    text += bytes.toString("latin1");
  }
  return text;
}

/** Whether so many frames, each of less than 126 bytes, have come. */
function hasFrames(answer: string, count: number): boolean {
  let end = 0;
  for (let frame = 0; frame < count; frame += 1) {
    if (end + 2 > answer.length) return false;
    end += 2 + answer.charCodeAt(end + 1);
  }
  return end <= answer.length;
}

/** Whether a body as long as its head says has come. */
function isWhole(answer: string): boolean {
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /content-length: (\d+)/i.exec(answer)?.[1];
  verify(length !== undefined, "an answer says how long it is");
  return answer.length - end - 4 >= Number(length);
}
