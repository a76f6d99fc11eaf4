/**
 * The few requests of Amazon's S3 protocol that a store of blobs needs, to any server that speaks it: signed with AWS
 * Signature Version 4 over the body's own SHA-256, path-style or by host name, tried again when the server is busy or gone.
 * A clock that differs from the server's is put right by the server's own `Date`.
 */
import { AwsV4Signer } from 'aws4fetch';
import type { Clock } from '../../base/clock.ts';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';

export interface S3Target {
  /** `https://host:port`, without a path. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Put before each key; empty, or ends in `/`. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** `endpoint/bucket/key` rather than `bucket.endpoint/key`. */
  readonly pathStyle: boolean;
}

interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  /** Absent: the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Of the body, hexadecimal; absent where there is none. */
  readonly bodySha256?: string;
  /** Most bytes of an answer; a longer one is a failure. */
  readonly answerBytes: number;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const BUSY = new Set([429, 500, 502, 503, 504]);
/** Codes by which servers say that nothing more fits. */
const FULL = /StorageFull|QuotaExceeded|EntityTooLarge.*quota|InsufficientStorage/i;

export class S3Client {
  /** For people: `s3://bucket/prefix at host`. */
  readonly where: string;
  readonly #target: S3Target;
  readonly #clock: Clock;
  readonly #bucketUrl: URL;
  readonly #waiting: (() => void)[] = [];
  #free: number = LIMITS.s3RequestsAtOnce;
  /** The server's clock minus ours, once it has refused a request for it. */
  #serverAheadMs = 0;

  constructor(target: S3Target, clock: Clock) {
    this.#target = target;
    this.#clock = clock;
    const { endpoint, bucket, prefix, pathStyle } = target;
    this.#bucketUrl = new URL(endpoint);
    if (pathStyle) this.#bucketUrl.pathname = `/${bucket}`;
    else this.#bucketUrl.hostname = `${bucket}.${this.#bucketUrl.hostname}`;
    this.where = `s3://${bucket}/${prefix} at ${this.#bucketUrl.host}`;
  }

  /**
   * One request, tried up to `LIMITS.s3Attempts` times.
   * @returns whatever the server answered last; 4xx are answers too
   * @throws SentinelError blob.unreachable
   */
  async ask(request: S3Request): Promise<S3Answer> {
    if (this.#free > 0) this.#free--;
    else {
      if (this.#waiting.length >= LIMITS.s3RequestsWaiting) throw this.unreachable('too many requests wait for it');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      return await this.#askPatiently(request);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }

  /** What a refusal means, as one of our errors. */
  refusal(answer: S3Answer): SentinelError {
    const code = codeOf(answer);
    const problem = `${answer.status}${code === undefined ? '' : ` ${code}`}${hintOf(answer.status, code)}`;
    if (answer.status === 507 || (code !== undefined && FULL.test(code))) {
      return new SentinelError('blob.disk_full', { dir: this.where, problem });
    }
    return this.unreachable(problem);
  }

  unreachable(problem: string, cause?: unknown): SentinelError {
    return new SentinelError('blob.unreachable', { where: this.where, problem }, { cause });
  }

  async #askPatiently(request: S3Request): Promise<S3Answer> {
    for (let attempt = 1; ; attempt++) {
      const last = attempt >= LIMITS.s3Attempts;
      try {
        const answer = await this.#askOnce(request);
        if (!last && this.#corrected(answer)) continue;
        if (last || !BUSY.has(answer.status) || FULL.test(codeOf(answer) ?? '')) return answer;
      } catch (thrown) {
        if (last) throw this.unreachable(causeOf(thrown), thrown);
      }
      await this.#clock.sleep(Math.random() * LIMITS.s3RetryFirstMs * 2 ** attempt);
    }
  }

  async #askOnce(request: S3Request): Promise<S3Answer> {
    const { prefix, region, accessKeyId, secretAccessKey } = this.#target;
    const url = new URL(this.#bucketUrl);
    if (request.key !== undefined) url.pathname = `${url.pathname.replace(/\/$/, '')}/${prefix}${request.key}`;
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    const at = new Date(this.#clock.nowMs() + this.#serverAheadMs);
    const signed = await new AwsV4Signer({
      ...{ region, accessKeyId, secretAccessKey, service: 's3' },
      method: request.method,
      url: url.href,
      headers: { ...request.headers, 'x-amz-content-sha256': request.bodySha256 ?? SHA256_OF_NOTHING },
      datetime: at.toISOString().replace(/[:-]|\.\d{3}/g, ''),
    }).sign();

    const patience = new AbortController();
    const limitMs = LIMITS.s3RequestMs;
    const timer = this.#clock.after(limitMs, () => patience.abort(new Error(`no whole answer within ${limitMs} ms`)));
    try {
      const response = await fetch(signed.url, {
        method: signed.method,
        headers: signed.headers,
        // A redirect would carry the signature to where it does not hold.
        redirect: 'manual',
        signal: patience.signal,
        ...(request.body && { body: request.body }),
      });
      return {
        status: response.status,
        headers: response.headers,
        body: await bodyOf(response, request.answerBytes),
      };
    } finally {
      timer.cancel();
    }
  }

  /** Takes the server's clock for the right one where it refused ours. @returns whether to ask again */
  #corrected(answer: S3Answer): boolean {
    // The answer to a HEAD has no code to tell the reason by.
    if (answer.status !== 403) return false;
    const aheadMs = Date.parse(answer.headers.get('date') ?? '') - this.#clock.nowMs();
    if (!(Math.abs(aheadMs - this.#serverAheadMs) > LIMITS.s3ClockSkewMs)) return false;
    this.#serverAheadMs = aheadMs;
    return true;
  }
}

/** What a longer answer has beyond the limit is not read. */
async function bodyOf(response: Response, limitBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > limitBytes) break;
  }
  return Buffer.concat(chunks);
}

/** Of an error document (Amazon S3 API Reference, Error responses). */
function codeOf(answer: S3Answer): string | undefined {
  return answer.status < 400 ? undefined : /<Code>([\w.-]{1,100})<\/Code>/.exec(answer.body.toString('utf8'))?.[1];
}

function hintOf(status: number, code: string | undefined): string {
  if (code === 'NoSuchBucket' || (status === 404 && code === undefined)) return ': the bucket does not exist';
  if (code === 'SignatureDoesNotMatch') return ': check blobs.s3.secret_access_key';
  if (status === 403) return ': check the access key and what it may do';
  if (status >= 300 && status < 400) return ': check blobs.s3.region and blobs.s3.path_style';
  return '';
}

/** `fetch` only says that it failed; why is in the cause. */
function causeOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause instanceof Error ? problemOf(cause) : problemOf(thrown);
}
