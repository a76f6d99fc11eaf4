/** An RTSP client that hides nothing: one request at a time by hand, every interleaved packet kept. */
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  status: number;
  headers: Map<string, string>;
  body: string;
}

export interface RawPacket {
  channel: number;
  bytes: Buffer;
  arrivedAtMs: number;
}

export class RawRtsp {
  readonly packets: RawPacket[] = [];
  /** Resolves when the other side ends or cuts the connection. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #held = Buffer.alloc(0);
  #cseq = 0;
  #awaited: ((answer: RawAnswer) => void) | undefined;
  #chunks = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', () => resolve());
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('data', (bytes) => this.#take(bytes));
  }

  static connect(port: number): Promise<RawRtsp> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawRtsp(socket)));
    });
  }

  get chunksReceived(): number {
    return this.#chunks;
  }

  request(method: string, url: string, headers: Record<string, string> = {}): Promise<RawAnswer> {
    const lines = Object.entries({ CSeq: String(++this.#cseq), ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    return this.send(`${method} ${url} RTSP/1.0\r\n${lines.join('')}\r\n`);
  }

  /** Sends text as it is and waits for an answer. */
  send(text: string | Buffer): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      this.#awaited = resolve;
      void this.closed.then(() => reject(new Error('the connection was closed')));
      this.#socket.write(text);
    });
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#chunks++;
    this.#held = Buffer.concat([this.#held, bytes]);
    for (;;) {
      if (this.#held[0] === 0x24) {
        if (this.#held.length < 4) return;
        const end = 4 + this.#held.readUInt16BE(2);
        if (this.#held.length < end) return;
        const packet = Buffer.from(this.#held.subarray(4, end));
        this.packets.push({ channel: this.#held[1] ?? 0, bytes: packet, arrivedAtMs: performance.now() });
        this.#held = this.#held.subarray(end);
        continue;
      }
      const end = this.#held.indexOf('\r\n\r\n');
      if (end < 0) return;
      const [start = '', ...lines] = this.#held.toString('utf8', 0, end).split('\r\n');
      const headers = new Map<string, string>();
      for (const line of lines) {
        const name = line.slice(0, line.indexOf(':')).toLowerCase();
        headers.set(
          name,
          headers.has(name)
            ? `${headers.get(name) ?? ''}\n${line.slice(name.length + 2)}`
            : line.slice(name.length + 2),
        );
      }
      const length = Number(headers.get('content-length') ?? 0);
      if (this.#held.length < end + 4 + length) return;
      const body = this.#held.toString('utf8', end + 4, end + 4 + length);
      this.#held = this.#held.subarray(end + 4 + length);
      this.#awaited?.({ status: Number(start.split(' ')[1]), headers, body });
    }
  }
}

/** The `Authorization` value that answers a Digest challenge without `qop` (RFC 2069). */
export function digestAnswer(
  offer: string,
  method: string,
  uri: string,
  { username, password }: { username: string; password: string },
): string {
  const field = (name: string): string => new RegExp(`${name}="?([^",]*)`).exec(offer)?.[1] ?? '';
  const algorithm = field('algorithm') || 'MD5';
  const hash = (text: string): string =>
    createHash(algorithm.replace('-', '').toLowerCase()).update(text).digest('hex');
  const who = hash(`${username}:${field('realm')}:${password}`);
  const response = hash(`${who}:${field('nonce')}:${hash(`${method}:${uri}`)}`);
  return `Digest username="${username}", realm="${field('realm')}", nonce="${field('nonce')}", uri="${uri}", algorithm=${algorithm}, response="${response}"`;
}
