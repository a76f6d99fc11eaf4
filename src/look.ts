/**
 * The verb `look`: the eye tried on one's own pictures, without a camera or a database.
 *
 *     sentinel look frame.jpg --baseline a.jpg [--baseline b.jpg ...] [--min-score S] [--json] [--overlay out.jpg]
 *     sentinel look --batch FILE --json [--min-score S]
 *
 * FILE holds one JSON object a line, `{"id", "frame", "baselines": [...]}`, paths relative to FILE. Each line is answered
 * by one JSON line, in order: `{"id", "judged": true, "regions": [{"score", "box", "polygon"}]}` in fractions of the
 * picture, `{"id", "judged": false, "reason"}`, or `{"id", "error"}`; a bad line stops nothing. Empty lines are passed over.
 *
 * Exit status: 0 answered, 1 a picture or the model cannot be read, 2 wrong usage.
 */
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { problemOf, SentinelError } from './base/errors.ts';
import { LIMITS } from './base/limits.ts';
import type { Picture } from './base/picture.ts';
import {
  drawOverlay,
  openEye,
  standsApart,
  workingSizeOf,
  type ComparisonResult,
  type EncodedBaseline,
  type Encoding,
  type Eye,
  type WorkingSize,
} from './comparison/comparison.ts';
import { readPicture, writeJpeg } from './drivers/codec/codec.ts';

interface Output {
  write(text: string, done: () => void): unknown;
}

const USAGE = `usage: sentinel look FRAME --baseline PICTURE [--baseline PICTURE ...] [--min-score 0..1] [--json] [--overlay OUT.jpg]
       sentinel look --batch FILE --json [--min-score 0..1]
`;
const MODEL_DIR = fileURLToPath(new URL('../models', import.meta.url));

/** @param argv what follows the verb. @returns the exit status */
export async function runLook(argv: readonly string[], io: { stdout: Output; stderr: Output }): Promise<number> {
  if (argv.includes('--help')) {
    await say(io.stdout, USAGE);
    return 0;
  }
  let order: Order;
  try {
    order = parse(argv);
  } catch (thrown) {
    await say(io.stderr, `${problemOf(thrown)}\n${USAGE}`);
    return 2;
  }
  let eye: Eye;
  try {
    eye = await openEye({ modelDir: MODEL_DIR, threads: Math.min(4, os.availableParallelism()) });
  } catch (thrown) {
    await say(io.stderr, `${problemOf(thrown)}\n`);
    return 1;
  }
  try {
    const looker = new Looker(eye, order.minScore);
    return 'batch' in order ? await lookBatch(order, looker, io) : await lookOnce(order, looker, io);
  } finally {
    await eye.close();
  }
}

type Order = { readonly minScore: number | undefined } & (
  | { readonly batch: string }
  | {
      readonly frame: string;
      readonly baselines: readonly string[];
      readonly json: boolean;
      readonly overlay: string | undefined;
    }
);

function parse(argv: readonly string[]): Order {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      baseline: { type: 'string', multiple: true, default: [] },
      batch: { type: 'string' },
      json: { type: 'boolean', default: false },
      overlay: { type: 'string' },
      'min-score': { type: 'string' },
    },
  });
  const score = values['min-score'];
  const minScore = score === undefined ? undefined : Number(score);
  if (minScore !== undefined && !(score?.trim() && minScore >= 0 && minScore <= 1)) {
    throw new SentinelError('config.usage', {
      problem: `--min-score takes a number from 0 to 1, not "${score ?? ''}"`,
    });
  }
  const usage = (problem: string): SentinelError => new SentinelError('config.usage', { problem });
  const { batch, baseline: baselines, json, overlay } = values;
  if (batch !== undefined) {
    if (positionals.length > 0 || baselines.length > 0) throw usage('--batch names every picture in its file');
    if (overlay !== undefined) throw usage('--overlay is for a single picture');
    if (!json) throw usage('--batch answers JSON only: add --json');
    return { batch, minScore };
  }
  const [frame, ...more] = positionals;
  if (frame === undefined) throw usage('which picture is to be looked at?');
  if (more.length > 0) throw usage(`one picture at a time; what is ${more.join(' ')}?`);
  if (baselines.length === 0) throw usage('at least one --baseline is needed: a lawful picture of the same view');
  if (baselines.length > LIMITS.lookBaselines) throw usage(`at most ${LIMITS.lookBaselines} baselines`);
  return { frame, baselines, json, overlay, minScore };
}

async function lookOnce(
  order: Extract<Order, { frame: string }>,
  looker: Looker,
  io: { stdout: Output; stderr: Output },
): Promise<number> {
  try {
    const { picture, result } = await looker.look(order.frame, order.baselines);
    if (order.overlay !== undefined) {
      const drawn = drawOverlay(picture, result.judged ? result.regions : []);
      await writeFile(order.overlay, await writeJpeg(drawn));
    }
    const answer = order.json
      ? JSON.stringify({ frame: order.frame, ...answerOf(result) })
      : inWords(order.frame, result);
    await say(io.stdout, `${answer}\n`);
    return 0;
  } catch (thrown) {
    await say(io.stderr, `${problemOf(thrown)}\n`);
    return 1;
  }
}

async function lookBatch(
  order: Extract<Order, { batch: string }>,
  looker: Looker,
  io: { stdout: Output; stderr: Output },
): Promise<number> {
  const folder = path.dirname(path.resolve(order.batch));
  try {
    for await (const line of linesOf(order.batch)) {
      await say(io.stdout, `${JSON.stringify(await answerLine(line, folder, looker))}\n`);
    }
    return 0;
  } catch (thrown) {
    await say(io.stderr, `${order.batch}: ${problemOf(thrown)}\n`);
    return 2;
  }
}

async function answerLine(line: string | undefined, folder: string, looker: Looker): Promise<object> {
  let id: string | number | null = null;
  try {
    if (line === undefined) throw new Error(`the line is longer than ${LIMITS.lookLineBytes} bytes`);
    const asked = read(line);
    id = asked.id;
    const inFolder = (file: string): string => path.resolve(folder, file);
    const { result } = await looker.look(inFolder(asked.frame), asked.baselines().map(inFolder));
    return { id, ...answerOf(result) };
  } catch (thrown) {
    return { id, error: problemOf(thrown) };
  }
}

/** The id is read first, so that whatever else is wrong with the line is answered under it. */
function read(line: string): { id: string | number | null; frame: string; baselines: () => string[] } {
  let asked: unknown;
  try {
    asked = JSON.parse(line);
  } catch (thrown) {
    throw new Error(`the line is no JSON: ${problemOf(thrown)}`, { cause: thrown });
  }
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked))
    throw new Error('the line is no JSON object');
  const { id, frame, baselines } = asked as Record<string, unknown>;
  return {
    id: typeof id === 'string' || typeof id === 'number' ? id : null,
    frame: typeof frame === 'string' ? frame : '',
    baselines: () => {
      if (typeof frame !== 'string' || frame === '') throw new Error('"frame" is no path');
      if (!Array.isArray(baselines) || !baselines.every((file) => typeof file === 'string' && file !== '')) {
        throw new Error('"baselines" is no list of paths');
      }
      if (baselines.length === 0) throw new Error('"baselines" is empty: at least one lawful picture is needed');
      if (baselines.length > LIMITS.lookBaselines) throw new Error(`more than ${LIMITS.lookBaselines} baselines`);
      return baselines as string[];
    },
  };
}

function answerOf(result: ComparisonResult): object {
  if (!result.judged) return { judged: false, reason: result.reason, detail: result.detail };
  return {
    judged: true,
    regions: result.regions.map(({ score, box, polygon }) => ({ score, box, polygon })),
  };
}

function inWords(frame: string, result: ComparisonResult): string {
  if (!result.judged) return `${frame}: not judged: ${result.reason} (${result.detail})`;
  const aside = result.setAside.length;
  const explained = aside === 0 ? [] : [`  ${aside} more set aside: people or vehicles stand there`];
  if (result.regions.length === 0) {
    return [`${frame}: nothing new (highest score ${result.maxScore.toFixed(2)})`, ...explained].join('\n');
  }
  const percent = (fraction: number): string => `${(fraction * 100).toFixed(0)} %`;
  const lines = result.regions.map(({ score, box: [x, y, width, height], areaFraction }, index) =>
    [
      `  ${index + 1}. score ${score.toFixed(2)}, ${(areaFraction * 100).toFixed(1)} % of the picture,`,
      `from ${percent(x)} to ${percent(x + width)} across and ${percent(y)} to ${percent(y + height)} down`,
    ].join(' '),
  );
  const count = result.regions.length;
  return [`${frame}: ${count} changed ${count === 1 ? 'region' : 'regions'}`, ...lines, ...explained].join('\n');
}

// --- pictures --------------------------------------------------------------------------------------------------------

/** Looks at pictures in files; what it learned of a baseline is kept for the next look, the longest unused given up. */
class Looker {
  readonly #eye: Eye;
  readonly #minScore: number | undefined;
  readonly #encodings = new Map<string, Encoding>();

  constructor(eye: Eye, minScore: number | undefined) {
    this.#eye = eye;
    this.#minScore = minScore;
  }

  async look(frameFile: string, files: readonly string[]): Promise<{ picture: Picture; result: ComparisonResult }> {
    const picture = await open(frameFile);
    const size = workingSizeOf(picture.widthPx, picture.heightPx);
    const baselines: EncodedBaseline[] = [];
    let reference: { file: string; encoding: Encoding } | undefined;
    for (const [id, file] of files.entries()) {
      let encoding = await this.#encoding(file, size);
      if (!reference) {
        reference = { file, encoding };
      } else if (standsApart(encoding, reference.encoding)) {
        encoding = await this.#encoding(file, size, reference);
      }
      baselines.push({ id, encoding, polygon: null, lighting: '' });
    }
    const result = await this.#eye.compare({
      frame: picture,
      baselines,
      ignore: [],
      ...(this.#minScore !== undefined && { minScore: this.#minScore }),
    });
    return { picture, result };
  }

  async #encoding(
    file: string,
    size: WorkingSize,
    reference?: { file: string; encoding: Encoding },
  ): Promise<Encoding> {
    const key = JSON.stringify([file, size.widthPx, size.heightPx, reference?.file]);
    const kept = this.#encodings.get(key);
    const encoding =
      kept ?? (await this.#eye.encode(await open(file), { size, ...(reference && { reference: reference.encoding }) }));
    this.#encodings.delete(key);
    this.#encodings.set(key, encoding);
    if (this.#encodings.size > LIMITS.lookEncodingsKept) {
      this.#encodings.delete(this.#encodings.keys().next().value as string);
    }
    return encoding;
  }
}

async function open(file: string): Promise<Picture> {
  const picture = await readPicture(file);
  if (Math.min(picture.widthPx, picture.heightPx) < LIMITS.lookSmallestSidePx) {
    throw new SentinelError('picture.unreadable', {
      what: file,
      problem: `${picture.widthPx} x ${picture.heightPx} pixels are too few to judge`,
    });
  }
  return picture;
}

// --- lines -----------------------------------------------------------------------------------------------------------

/** The lines of a file that hold anything; undefined for one that is too long. */
async function* linesOf(file: string): AsyncGenerator<string | undefined> {
  let parts: Buffer[] = [];
  let length = 0;
  const line = (): string | undefined => {
    const whole =
      length > LIMITS.lookLineBytes
        ? undefined
        : Buffer.concat(parts)
            .toString('utf8')
            .replace(/^\uFEFF/, '')
            .trim();
    [parts, length] = [[], 0];
    return whole;
  };
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      take(chunk.subarray(from, end));
      const text = line();
      if (text !== '') yield text;
      from = end + 1;
    }
    take(chunk.subarray(from));
  }
  const last = line();
  if (last !== '') yield last;

  function take(part: Buffer): void {
    length += part.length;
    if (length <= LIMITS.lookLineBytes) parts.push(part);
    else parts = [];
  }
}

function say(output: Output, text: string): Promise<void> {
  return new Promise((resolve) => output.write(text, () => resolve()));
}
