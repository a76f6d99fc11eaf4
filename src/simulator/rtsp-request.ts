/** Cuts what a client sends into RTSP requests and interleaved packets (RFC 2326 sections 6 and 10.12). */
import { LIMITS } from '../base/limits.ts';

export interface RtspRequest {
  readonly kind: 'request';
  readonly method: string;
  readonly url: string;
  readonly version: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

export type Received =
  RtspRequest | { readonly kind: 'packet'; readonly channel: number } | { readonly kind: 'nonsense' };

export class RequestReader {
  #held: Buffer = Buffer.alloc(0);

  /** What became complete with `bytes`. After `nonsense` the connection is of no further use. */
  push(bytes: Buffer): Received[] {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const received: Received[] = [];
    for (;;) {
      const [item, length] = this.#first();
      if (!item) return received;
      received.push(item);
      if (item.kind === 'nonsense') {
        this.#held = Buffer.alloc(0);
        return received;
      }
      this.#held = this.#held.subarray(length);
    }
  }

  #first(): [Received | undefined, number] {
    const held = this.#held;
    if (held[0] === 0x24) {
      const length = held.length < 4 ? Infinity : 4 + held.readUInt16BE(2);
      return held.length < length ? [undefined, 0] : [{ kind: 'packet', channel: held[1] ?? 0 }, length];
    }
    // Some clients end a request with a stray line break.
    if (held[0] === 0x0d || held[0] === 0x0a) {
      let skip = 0;
      while (held[skip] === 0x0d || held[skip] === 0x0a) skip++;
      this.#held = held.subarray(skip);
      return this.#first();
    }
    const end = held.indexOf('\r\n\r\n');
    if (end < 0) return [held.length > LIMITS.rtspHeaderBytes ? { kind: 'nonsense' } : undefined, 0];
    const [start = '', ...lines] = held.toString('latin1', 0, end).split('\r\n');
    const [, method, url, version] = /^([A-Z_]{3,20}) (\S{1,2000}) (RTSP\/\d\.\d)$/.exec(start) ?? [];
    if (end > LIMITS.rtspHeaderBytes || method === undefined || url === undefined || version === undefined) {
      return [{ kind: 'nonsense' }, 0];
    }
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
    const bodyBytes = Number(headers.get('content-length') ?? 0);
    if (!(bodyBytes >= 0 && bodyBytes <= LIMITS.rtspBodyBytes)) return [{ kind: 'nonsense' }, 0];
    const length = end + 4 + bodyBytes;
    return held.length < length ? [undefined, 0] : [{ kind: 'request', method, url, version, headers }, length];
  }
}
