/** WebSocket frames, as somebody makes them who does not mean well: see RFC 6455, section 5.2. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameShape {
  readonly opcode: number;
  /** Default true. */
  readonly isLast?: boolean;
  /** What the head says, where that is not the truth. */
  readonly claims?: number;
}

/** A client's frame. It is masked as it has to be, with zeros, which leave everything as it is. */
export function frame(payload: Buffer | string, { opcode, isLast = true, claims }: FrameShape): Buffer {
  const bytes = Buffer.from(payload as string); // either is taken
  const length = claims ?? bytes.length;
  const size = length < 126 ? [0x80 | length] : length < 65_536 ? [0x80 | 126, length >> 8, length & 255] : [0x80 | 127, 0, 0, 0, 0, ...bytesOf(length)];
  return Buffer.concat([Buffer.from([(isLast ? 0x80 : 0) | opcode, ...size, 0, 0, 0, 0]), bytes]);
}

function bytesOf(length: number): number[] {
  return [(length >>> 24) & 255, (length >>> 16) & 255, (length >>> 8) & 255, length & 255];
}

/** Reads a server's frames out of what comes, in whatever pieces. */
export class FrameReader {
  readonly #heard: (opcode: number, payload: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(heard: (opcode: number, payload: Buffer) => void) {
    this.#heard = heard;
  }

  add(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (let end = endOf(bytes, at); end.frame <= bytes.length; end = endOf(bytes, at)) {
      this.#heard((bytes[at] ?? 0) & 15, bytes.subarray(end.head, end.frame));
      at = end.frame;
    }
    this.#rest = bytes.subarray(at);
  }
}

/** Where its head and the whole of it end; beyond everything while too little is there to tell. */
function endOf(bytes: Buffer, at: number): { readonly head: number; readonly frame: number } {
  if (bytes.length < at + 2) return { head: Infinity, frame: Infinity };
  const short = (bytes[at + 1] ?? 0) & 127;
  const head = at + (short === 126 ? 4 : short === 127 ? 10 : 2);
  if (bytes.length < head) return { head, frame: Infinity };
  const length = short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short;
  return { head, frame: head + length };
}
