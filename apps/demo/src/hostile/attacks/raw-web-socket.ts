import { FrameReader, opcodes } from "./raw-frames.ts";
import { RawConnection } from "./raw-connection.ts";
import { paths } from "../limits.ts";

/** A WebSocket that speaks frames, whatever they are. */
export class RawWebSocket {
  readonly connection: RawConnection;
  /** The close code; where it was not told one, how the connection ended. */
  readonly told: Promise<string>;
  /** Resolves when the handshake is done, and with false when it did not come to that. */
  readonly opened: Promise<boolean>;
  /** What came as messages. */
  heard: (message: string) => void = () => undefined;
  readonly #reads: boolean;
  readonly #frames = new FrameReader((opcode, payload) => this.#frame(opcode, payload));
  #code: number | undefined;
  #head = "";
  #open: (isOpen: boolean) => void = () => undefined;

  constructor(port: number, client: string, { reads = true }: { readonly reads?: boolean } = {}) {
    this.#reads = reads;
    this.connection = new RawConnection(port, { reads: false });
    const { socket } = this.connection;
    this.opened = new Promise((resolve) => (this.#open = resolve));
    this.told = this.connection.told.then((ending) => {
      this.#open(false);
      return this.#code === undefined ? ending : String(this.#code);
    });
    socket.on("data", (chunk) => this.#data(chunk)).on("end", () => socket.destroy());
    const fields = `host: demo\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n`;
    socket.write(`GET ${paths.socket} HTTP/1.1\r\nx-client: ${client}\r\n${fields}\r\n`);
  }

  /** As that of the connection, with the close code. */
  async giveUpAt(until: number): Promise<string> {
    await this.connection.giveUpAt(until);
    return this.told;
  }

  #data(chunk: Buffer): void {
    if (this.#head.endsWith("\r\n\r\n")) {
      this.#frames.add(chunk);
      return;
    }
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n") + 4;
    if (end < 4) return;
    const rest = Buffer.from(this.#head.slice(end), "latin1");
    this.#head = this.#head.slice(0, end);
    if (!this.#reads) this.connection.socket.pause();
    this.#frames.add(rest);
    this.#open(this.#head.startsWith("HTTP/1.1 101"));
  }

  #frame(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.text) this.heard(payload.toString());
    if (opcode === opcodes.close && payload.length >= 2) this.#code ??= payload.readUInt16BE();
  }
}
