/**
 * ZIP files, written entry by entry: stored, nothing compressed, no data descriptors, so that the file depends on nothing
 * but its entries and the time given. What is written is on the disk when `close` answers.
 *
 * Errors: `package.unwritable`.
 */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import type { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { problemOf, SentinelError } from '../../base/errors.ts';

export interface ZipOptions {
  /** Path; a file that is there already is replaced. */
  readonly file: string;
  /** `yyyy-MM-dd HH:mm:ss` that every entry carries. */
  readonly time: string;
  /** UNIX mode of every entry, file type included. */
  readonly mode: number;
}

export class ZipWriter {
  readonly #zip = new ZipFile();
  readonly #options: ZipOptions;
  readonly #written: Promise<void>;
  #failure: unknown;

  constructor(options: ZipOptions) {
    this.#options = options;
    const out = createWriteStream(options.file, { mode: 0o640, flush: true });
    this.#zip.outputStream.pipe(out);
    this.#zip.on('error', (thrown: Error) => out.destroy(thrown));
    this.#written = finished(out);
    this.#written.catch((thrown: unknown) => {
      this.#failure = thrown;
      // Whoever waits for the output to drain would wait for ever.
      this.#zip.outputStream.emit('drain');
    });
  }

  /** Answers once the bytes are on their way and another entry may come; one entry is in memory at a time. */
  async add(name: string, bytes: Uint8Array): Promise<void> {
    const { mode, time } = this.#options;
    const output = this.#zip.outputStream as unknown as Pick<PassThrough, 'writableNeedDrain'> & NodeJS.EventEmitter;
    this.#zip.addBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), name, {
      ...{ compress: false, mode, forceDosTimestamp: true },
      // The library writes the time as the machine's own zone shows it, which is how it is read here.
      mtime: new Date(time.replace(' ', 'T')),
    });
    if (output.writableNeedDrain && this.#failure === undefined) await once(output, 'drain');
    if (this.#failure !== undefined) throw this.#problem(this.#failure);
  }

  async close(): Promise<void> {
    this.#zip.end();
    try {
      await this.#written;
    } catch (thrown) {
      throw this.#problem(thrown);
    }
  }

  #problem(thrown: unknown): SentinelError {
    return new SentinelError(
      'package.unwritable',
      { file: this.#options.file, problem: problemOf(thrown) },
      { cause: thrown },
    );
  }
}
