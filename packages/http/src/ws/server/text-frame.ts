/**
 * A text message as a server sends it: unmasked, in one frame, in one piece. No extension is negotiated here, so nothing else is needed.
 *
 * `ws` hands the head and the text of a frame to its stream as two pieces, which makes a vector of each message; for a small one
 * that costs more than all that is done for its call. A short text without other letters than ASCII, as most answers are, is a
 * string with its head, and needs no memory outside of the heap either.
 *
 * @returns a string in latin1, or bytes
 */
export function textFrame(text: string): string | Buffer {
  const length = Buffer.byteLength(text);
  if (length < 126 && length === text.length) return String.fromCharCode(textOpcode, length) + text; // all of it is ASCII
  const head = headOf(length);
  const frame = Buffer.allocUnsafe(head.length + length);
  frame.set(head);
  frame.write(text, head.length, length);
  return frame;
}

// The last frame of its message, and text.
const textOpcode = 0x81;

function headOf(length: number): Uint8Array {
  if (length < 126) return Uint8Array.of(textOpcode, length);
  if (length < 65_536) return Uint8Array.of(textOpcode, 126, length >> 8, length & 255);
  const head = new DataView(new ArrayBuffer(10));
  head.setUint8(0, textOpcode);
  head.setUint8(1, 127);
  head.setBigUint64(2, BigInt(length));
  return new Uint8Array(head.buffer);
}
