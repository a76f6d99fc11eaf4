/**
 * Bytes of one RTSP connection -> messages and interleaved packets (RFC 2326 sections 4, 6, 7 and 10.12). Gives the same
 * result however the bytes are cut into chunks. A packet that lies whole in a chunk is handed on where it lies; only what
 * a chunk's end cuts off is copied. Nothing is kept beyond one header block, one body or one packet, each bounded.
 */
import { LIMITS } from '../../base/limits.ts';

/**
 * Header values by lower-case name, in order of arrival. One character a byte (latin1): a realm in whatever encoding goes
 * back to the server as it came.
 */
export type Headers = ReadonlyMap<string, readonly string[]>;

export interface RtspResponse {
  readonly kind: 'response';
  readonly statusCode: number;
  readonly reason: string;
  readonly headers: Headers;
  readonly body: Buffer;
}

export interface RtspRequest {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
  readonly headers: Headers;
  readonly body: Buffer;
}

export type RtspMessage = RtspResponse | RtspRequest;

export interface MessageHandler {
  /** One packet of `channel`: `bytes[start, end)`. The memory is used again after the call: copy what must outlive it. */
  onInterleaved(channel: number, bytes: Buffer, start: number, end: number): void;
  onMessage(message: RtspMessage): void;
}

/** The peer's bytes are not RTSP, or pass a bound. The parser is of no use afterwards. */
export class MalformedMessage extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'MalformedMessage';
  }
}

const DOLLAR = 0x24;
const LF = 0x0a;
const CR = 0x0d;
const FRAME_HEADER_BYTES = 4;
const FIRST_CARRY_BYTES = 2048;

/** @returns the first value of a header, or undefined */
export function headerOf(message: { headers: Headers }, name: string): string | undefined {
  return message.headers.get(name.toLowerCase())?.[0];
}

type Head = Omit<RtspResponse, 'body'> | Omit<RtspRequest, 'body'>;

export class MessageParser {
  readonly #handler: MessageHandler;
  #stopped = false;
  /** What a chunk's end cut off: the beginning of a packet, a header block or a body. */
  #carry = Buffer.alloc(0);
  #carried = 0;
  #place: 'boundary' | 'packet' | 'header' | 'body' = 'boundary';
  /** Of the header line being read, characters other than CR so far: none at its end means the block is over. */
  #lineLength = 0;
  #head: Head | undefined;
  #bodyBytes = 0;

  constructor(handler: MessageHandler) {
    this.#handler = handler;
  }

  /** Nothing is handed on after this, not even the rest of the chunk that is being read. */
  stop(): void {
    this.#stopped = true;
    this.#carry = Buffer.alloc(0);
    this.#carried = 0;
  }

  /**
   * Reads `chunk[0, length)`.
   * @throws MalformedMessage
   */
  push(chunk: Buffer, length: number = chunk.length): void {
    let at = 0;
    while (at < length && !this.#stopped) {
      switch (this.#place) {
        case 'boundary':
          at = this.#readBoundary(chunk, at, length);
          break;
        case 'packet':
          at = this.#readPacket(chunk, at, length);
          break;
        case 'header':
          at = this.#readHeader(chunk, at, length);
          break;
        case 'body':
          at = this.#readBody(chunk, at, length);
          break;
      }
    }
  }

  #readBoundary(chunk: Buffer, from: number, length: number): number {
    let at = from;
    while (at < length && !this.#stopped) {
      const first = chunk[at] ?? 0;
      if (first !== DOLLAR) {
        if (first === CR || first === LF) {
          at += 1;
          continue;
        }
        if (!isTokenCharacter(first)) {
          throw new MalformedMessage(
            `byte 0x${first.toString(16).padStart(2, '0')} where a message or packet should begin`,
          );
        }
        this.#place = 'header';
        this.#lineLength = 0;
        return at;
      }
      const end =
        at + FRAME_HEADER_BYTES <= length
          ? at + FRAME_HEADER_BYTES + (((chunk[at + 2] ?? 0) << 8) | (chunk[at + 3] ?? 0))
          : Infinity;
      if (end > length) {
        this.#place = 'packet';
        return at;
      }
      this.#handler.onInterleaved(chunk[at + 1] ?? 0, chunk, at + FRAME_HEADER_BYTES, end);
      at = end;
    }
    return at;
  }

  /** A packet that did not lie whole in one chunk. */
  #readPacket(chunk: Buffer, from: number, length: number): number {
    let at = from;
    if (this.#carried < FRAME_HEADER_BYTES) {
      at = this.#keep(chunk, at, Math.min(length, at + FRAME_HEADER_BYTES - this.#carried));
      if (this.#carried < FRAME_HEADER_BYTES) return at;
    }
    const total = FRAME_HEADER_BYTES + this.#carry.readUInt16BE(2);
    at = this.#keep(chunk, at, Math.min(length, at + total - this.#carried));
    if (this.#carried < total) return at;
    this.#carried = 0;
    this.#place = 'boundary';
    this.#handler.onInterleaved(this.#carry[1] ?? 0, this.#carry, FRAME_HEADER_BYTES, total);
    return at;
  }

  #readHeader(chunk: Buffer, from: number, length: number): number {
    for (let at = from; at < length; at += 1) {
      const byte = chunk[at];
      if (byte !== LF) {
        if (byte !== CR) this.#lineLength += 1;
        if (this.#carried + (at - from) >= LIMITS.rtspHeaderBytes) {
          throw new MalformedMessage(`headers longer than ${LIMITS.rtspHeaderBytes} bytes`);
        }
        continue;
      }
      if (this.#lineLength > 0) {
        this.#lineLength = 0;
        continue;
      }
      const next = this.#keep(chunk, from, at + 1);
      const text = this.#carry.toString('latin1', 0, this.#carried);
      this.#carried = 0;
      this.#head = parseHead(text);
      this.#bodyBytes = contentLengthOf(this.#head.headers);
      this.#place = 'body';
      if (this.#bodyBytes === 0) this.#finishMessage(Buffer.alloc(0));
      return next;
    }
    return this.#keep(chunk, from, length);
  }

  #readBody(chunk: Buffer, from: number, length: number): number {
    const at = this.#keep(chunk, from, Math.min(length, from + this.#bodyBytes - this.#carried));
    if (this.#carried === this.#bodyBytes) {
      const body = Buffer.from(this.#carry.subarray(0, this.#carried));
      this.#carried = 0;
      this.#finishMessage(body);
    }
    return at;
  }

  #finishMessage(body: Buffer): void {
    const head = this.#head;
    this.#head = undefined;
    this.#place = 'boundary';
    if (head) this.#handler.onMessage({ ...head, body });
  }

  /** Copies `chunk[from, to)` behind what is carried. @returns `to` */
  #keep(chunk: Buffer, from: number, to: number): number {
    const needed = this.#carried + to - from;
    if (needed > this.#carry.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_CARRY_BYTES, this.#carry.length * 2, needed));
      this.#carry.copy(grown, 0, 0, this.#carried);
      this.#carry = grown;
    }
    chunk.copy(this.#carry, this.#carried, from, to);
    this.#carried = needed;
    return to;
  }
}

/** RFC 2326 section 15.1 `token`: what a request's method and the word `RTSP` are made of. */
function isTokenCharacter(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f;
}

function parseHead(text: string): Head {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  // Values come back in our requests (nonce, Session): a bare CR in one would end a line of ours.
  if (lines.some((line) => /[\x00-\x08\x0b-\x1f\x7f]/.test(line))) {
    throw new MalformedMessage('a control character in the headers');
  }
  const first = lines[0] ?? '';
  const headers = parseHeaders(lines.slice(1));
  const status = /^RTSP\/\d\.\d +(\d{3})(?: +(.*))?$/i.exec(first);
  if (status) return { kind: 'response', statusCode: Number(status[1]), reason: printable(status[2] ?? ''), headers };
  const request = /^([A-Za-z_]+) +(\S+) +RTSP\/\d\.\d$/i.exec(first);
  if (request) return { kind: 'request', method: (request[1] ?? '').toUpperCase(), uri: request[2] ?? '', headers };
  throw new MalformedMessage(`the line "${printable(first)}" where a status or request line should be`);
}

function parseHeaders(lines: string[]): Headers {
  const headers = new Map<string, string[]>();
  let last: string[] | undefined;
  let count = 0;
  for (const line of lines) {
    if (line === '') continue;
    if (/^[ \t]/.test(line)) {
      // A folded value goes on in the next line (RFC 2326 section 15.1, after RFC 2616 section 2.2).
      if (!last) throw new MalformedMessage('a folded header line without a header');
      last.push(`${last.pop() ?? ''} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    if (colon < 1) throw new MalformedMessage(`the header line "${printable(line)}" without a name`);
    count += 1;
    if (count > LIMITS.rtspHeaders) throw new MalformedMessage(`more than ${LIMITS.rtspHeaders} headers`);
    const name = line.slice(0, colon).trim().toLowerCase();
    last = headers.get(name) ?? [];
    last.push(line.slice(colon + 1).trim());
    headers.set(name, last);
  }
  return headers;
}

function contentLengthOf(headers: Headers): number {
  const value = headers.get('content-length')?.[0];
  if (value === undefined) return 0;
  if (!/^\d{1,9}$/.test(value)) throw new MalformedMessage(`Content-Length "${printable(value)}"`);
  const bytes = Number(value);
  if (bytes > LIMITS.rtspBodyBytes) {
    throw new MalformedMessage(`a body of ${bytes} bytes, more than the ${LIMITS.rtspBodyBytes} allowed`);
  }
  return bytes;
}

/** What a peer sent, fit for an error text: short and without control characters. */
export function printable(text: string): string {
  const clean = Buffer.from(text, 'latin1')
    .toString('utf8')
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
  return clean.length > 100 ? `${clean.slice(0, 100)}…` : clean;
}
