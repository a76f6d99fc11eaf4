/**
 * Blobs in a bucket of any service that speaks Amazon's S3 protocol, each under its digest below the prefix. An object
 * appears whole or not at all; the server is told the digest with the bytes, as the payload's signature, and what is
 * read is checked here whatever the server did. When a blob was last put stands in its metadata by our clock, since a
 * listing knows only the server's.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { BlobStore, BlobUsage, StoredBlob } from './blobs.ts';
import { S3Client, type S3Answer, type S3Target } from './s3.ts';

const DIGEST = /^[0-9a-f]{64}$/;
const PUT_AT = 'x-amz-meta-put-at-ms';
/** Error documents and listings are about a kilobyte an entry at most. */
const LISTED_AT_ONCE = 1000;
const DOCUMENT_BYTES = 2 * 1024 * 1024;

/** @throws SentinelError blob.unreachable where the bucket cannot be used */
export async function openBucket(target: S3Target, clock: Clock): Promise<BlobStore> {
  const client = new S3Client(target, clock);
  const store = new BlobBucket(client, target.prefix, clock);
  await store.list()[Symbol.asyncIterator]().next();
  return store;
}

class BlobBucket implements BlobStore {
  readonly #client: S3Client;
  readonly #prefix: string;
  readonly #clock: Clock;

  constructor(client: S3Client, prefix: string, clock: Clock) {
    this.#client = client;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  async put(bytes: Uint8Array, { anew = false } = {}): Promise<string> {
    if (bytes.byteLength > LIMITS.blobBytes) {
      throw new SentinelError('blob.too_large', { bytes: bytes.byteLength, limitBytes: LIMITS.blobBytes });
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const found = anew ? undefined : await this.find(sha256);
    // One put not long ago is young enough for whoever refers to it now.
    const isYoung = found && this.#clock.nowMs() - found.putAtMs < LIMITS.blobYoungMs / 2;
    if (isYoung && found.bytes === bytes.byteLength) return sha256;
    const answer = await this.#client.ask({
      method: 'PUT',
      key: sha256,
      headers: { 'content-type': 'application/octet-stream', [PUT_AT]: String(this.#clock.nowMs()) },
      body: new Uint8Array(bytes),
      bodySha256: sha256,
      answerBytes: DOCUMENT_BYTES,
    });
    if (answer.status !== 200) throw this.#client.refusal(answer);
    return sha256;
  }

  async get(sha256: string): Promise<Buffer> {
    const answer = await this.#client.ask({
      method: 'GET',
      key: keyOf(sha256),
      answerBytes: LIMITS.blobBytes,
    });
    if (answer.status === 404) throw new SentinelError('blob.missing', { sha256 });
    if (answer.status !== 200) throw this.#client.refusal(answer);
    if (createHash('sha256').update(answer.body).digest('hex') !== sha256) {
      throw new SentinelError('blob.damaged', { sha256 });
    }
    return answer.body;
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.find(sha256)) !== undefined;
  }

  async find(sha256: string): Promise<StoredBlob | undefined> {
    if (!DIGEST.test(sha256)) return undefined;
    const answer = await this.#client.ask({ method: 'HEAD', key: sha256, answerBytes: 0 });
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw this.#client.refusal(answer);
    return { sha256, bytes: Number(answer.headers.get('content-length')), putAtMs: putAtMsOf(answer) };
  }

  async delete(sha256: string): Promise<boolean> {
    const found = await this.find(keyOf(sha256));
    if (!found || this.#clock.nowMs() - found.putAtMs < LIMITS.blobYoungMs) return false;
    const answer = await this.#client.ask({ method: 'DELETE', key: sha256, answerBytes: DOCUMENT_BYTES });
    if (answer.status !== 204 && answer.status !== 200) throw this.#client.refusal(answer);
    return true;
  }

  async *list(): AsyncGenerator<StoredBlob> {
    for (let token: string | undefined = ''; token !== undefined;) {
      const answer = await this.#client.ask({
        method: 'GET',
        query: {
          'list-type': '2',
          'max-keys': String(LISTED_AT_ONCE),
          ...(this.#prefix !== '' && { prefix: this.#prefix }),
          ...(token !== '' && { 'continuation-token': token }),
        },
        answerBytes: DOCUMENT_BYTES,
      });
      if (answer.status !== 200) throw this.#client.refusal(answer);
      const page = readListing(answer.body.toString('utf8'));
      if (!page) throw this.#client.unreachable('its list of the bucket cannot be read');
      for (const { key, ...rest } of page.objects) {
        const sha256 = key.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : '';
        if (DIGEST.test(sha256)) yield { sha256, ...rest };
      }
      token = page.next;
    }
  }

  async usage(): Promise<BlobUsage> {
    let count = 0;
    let bytes = 0;
    for await (const blob of this.list()) {
      count++;
      bytes += blob.bytes;
    }
    return { count, bytes };
  }

  /** A bucket does not tell what is left. */
  async space(): Promise<undefined> {
    return undefined;
  }
}

function keyOf(sha256: string): string {
  // What is not a digest names nothing here, whatever it is.
  if (!DIGEST.test(sha256)) throw new SentinelError('blob.missing', { sha256: sha256.slice(0, 64) });
  return sha256;
}

/** An object that another program put there has the server's stamp only. */
function putAtMsOf(answer: S3Answer): number {
  const noted = Number(answer.headers.get(PUT_AT) ?? Number.NaN);
  return Number.isFinite(noted) ? noted : Date.parse(answer.headers.get('last-modified') ?? '') || 0;
}

interface Listing {
  readonly objects: readonly { key: string; bytes: number; putAtMs: number }[];
  readonly next: string | undefined;
}

/** An answer to ListObjectsV2 (Amazon S3 API Reference); undefined where it is none. */
function readListing(xml: string): Listing | undefined {
  if (!/<ListBucketResult[\s>]/.test(xml) || !xml.includes('</ListBucketResult>')) return undefined;
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, entry = '']) => ({
    key: textOf(entry, 'Key') ?? '',
    bytes: Number(textOf(entry, 'Size')),
    putAtMs: Date.parse(textOf(entry, 'LastModified') ?? ''),
  }));
  const isTruncated = textOf(xml, 'IsTruncated') === 'true';
  const next = isTruncated ? textOf(xml, 'NextContinuationToken') : undefined;
  return isTruncated && next === undefined ? undefined : { objects, next };
}

function textOf(xml: string, element: string): string | undefined {
  const text = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  return text?.replace(/&(quot|apos|lt|gt|amp);/g, (_, name: string) => ENTITIES[name] ?? '');
}

const ENTITIES: Readonly<Record<string, string>> = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&' };
