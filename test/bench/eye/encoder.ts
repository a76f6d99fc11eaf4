/** Encodings of the pictures of one view at a time, aligned to its first lawful picture as the program does it. */
import {
  standsApart,
  workingSizeOf,
  type EncodedBaseline,
  type Encoding,
  type Eye,
} from '../../../src/comparison/comparison.ts';
import { readPicture } from '../../../src/drivers/codec/codec.ts';

export class Encoder {
  readonly #eye: Eye;
  readonly #kept = new Map<string, Encoding>();
  #view = '';

  constructor(eye: Eye) {
    this.#eye = eye;
  }

  /** @param of a picture of the view, whose shape the lawful ones are encoded for */
  async baselines(view: string, of: string, files: readonly string[]): Promise<EncodedBaseline[]> {
    if (view !== this.#view) this.#kept.clear();
    this.#view = view;
    const { widthPx, heightPx } = await readPicture(of);
    const size = workingSizeOf(widthPx, heightPx);
    const encoded: EncodedBaseline[] = [];
    for (const [id, file] of files.entries()) {
      let encoding = await this.#encoding(file, { size });
      const reference = encoded[0]?.encoding;
      if (reference && standsApart(encoding, reference)) {
        encoding = await this.#encoding(file, { size, reference }, files[0]);
      }
      encoded.push({ id, encoding, polygon: null, lighting: '' });
    }
    return encoded;
  }

  async #encoding(file: string, how: Parameters<Eye['encode']>[1], to = ''): Promise<Encoding> {
    const key = `${file}>${to}`;
    const encoding = this.#kept.get(key) ?? (await this.#eye.encode(await readPicture(file), how));
    this.#kept.set(key, encoding);
    return encoding;
  }
}
