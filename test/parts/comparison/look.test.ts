import { mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { readPicture, writeJpeg } from '../../../src/drivers/codec/codec.ts';
import { runLook } from '../../../src/look.ts';
import { blank } from '../../support/scenery.ts';

const PICTURES = path.join(import.meta.dirname, 'pictures');
const picture = (name: string): string => path.join(PICTURES, `${name}.jpg`);
const lawful = [0, 1, 2].flatMap((index) => ['--baseline', picture(`yard-${index}`)]);

async function look(...argv: string[]): Promise<{ status: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const into = (side: 'out' | 'err') => ({
    write(text: string, done: () => void) {
      written[side] += text;
      done();
    },
  });
  const status = await runLook(argv, { stdout: into('out'), stderr: into('err') });
  return { status, ...written };
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'look-'));
afterAll(() => rm(folder, { recursive: true }));

describe('look at one picture', () => {
  test('says in words which picture, how many regions, where and how sure', async () => {
    const { status, out, err } = await look(picture('yard-hut'), ...lawful);
    expect(err).toBe('');
    expect(out).toMatch(
      /yard-hut\.jpg: \d+ changed regions?\n {2}1\. score 0\.\d\d, \d+\.\d % of the picture, from \d+ % to \d+ % across/,
    );
    expect(status).toBe(0);
  });

  test('says nothing new, and not judged with the reason', async () => {
    const same = await look(picture('yard-0'), ...lawful);
    expect(same).toMatchObject({
      status: 0,
      out: expect.stringMatching(/yard-0\.jpg: nothing new \(highest score 0\.\d\d\)/),
    });
    const other = await look(picture('street'), ...lawful);
    expect(other).toMatchObject({ status: 0, out: expect.stringContaining('street.jpg: not judged: pose') });
  });

  test('answers JSON with places in fractions, and draws an overlay', async () => {
    const overlay = path.join(folder, 'overlay.jpg');
    const { status, out } = await look(picture('yard-hut'), ...lawful, '--json', '--overlay', overlay);
    expect(status).toBe(0);
    const answer = JSON.parse(out);
    expect(answer.judged).toBe(true);
    for (const { score, box, polygon } of answer.regions) {
      expect(score).toBeGreaterThan(0);
      expect(box.every((value: number) => value >= 0 && value <= 1)).toBe(true);
      expect(polygon.length).toBeGreaterThanOrEqual(3);
    }
    const [drawn, original] = [await readPicture(overlay), await readPicture(picture('yard-hut'))];
    expect(drawn.widthPx).toBe(original.widthPx);
    expect(Buffer.compare(Buffer.from(drawn.rgb), Buffer.from(original.rgb))).not.toBe(0);
  });

  test.each([
    [['--baseline', picture('yard-0')], /which picture/],
    [[picture('yard-0')], /--baseline/],
    [[picture('yard-0'), picture('yard-1'), ...lawful], /one picture at a time/],
    [[picture('yard-0'), ...lawful, '--min-score', '1.5'], /from 0 to 1/],
    [[picture('yard-0'), ...lawful, '--min-score', ''], /from 0 to 1/],
    [[picture('yard-0'), ...lawful, '--colour'], /--colour/],
    [['--batch', 'list.jsonl'], /--json/],
    [['--batch', 'list.jsonl', '--json', picture('yard-0')], /--batch names/],
    [['--batch', 'list.jsonl', '--json', '--overlay', 'o.jpg'], /--overlay/],
  ])('wrong usage %# is status 2 and says what is wrong', async (argv, message) => {
    const { status, err, out } = await look(...argv);
    expect(status).toBe(2);
    expect(err).toMatch(message);
    expect(err).toContain('usage:');
    expect(out).toBe('');
  });

  test('a picture that cannot be read is status 1 and named', async () => {
    expect(await look(path.join(folder, 'none.jpg'), ...lawful)).toMatchObject({
      status: 1,
      err: expect.stringContaining('none.jpg'),
    });
  });

  test('asked for help, it helps', async () => {
    expect(await look('--help')).toMatchObject({ status: 0, out: expect.stringContaining('usage: sentinel look') });
  });
});

describe('look at a batch', () => {
  async function batch(
    text: string,
    ...more: string[]
  ): Promise<{ status: number; answers: ReturnType<typeof JSON.parse>[] }> {
    const file = path.join(folder, 'list.jsonl');
    await writeFile(file, text);
    const { status, out } = await look('--batch', file, '--json', ...more);
    return {
      status,
      answers: out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    };
  }
  const relative = (name: string): string => path.relative(folder, picture(name));
  const known = [0, 1, 2].map((index) => relative(`yard-${index}`));

  test('answers each line in order, paths relative to the file, whatever is wrong with some', async () => {
    await writeFile(path.join(folder, 'broken.jpg'), (await writeJpeg(blank(200, 100, [9, 9, 9]))).subarray(0, 300));
    await writeFile(path.join(folder, 'text.jpg'), 'no picture');
    await writeFile(path.join(folder, 'tiny.jpg'), await writeJpeg(blank(3, 2, [9, 9, 9])));
    // A PNG header that claims 60000 x 60000 pixels.
    const huge = Buffer.from('89504e470d0a1a0a0000000d494844520000ea600000ea6008020000005ddf3a8e', 'hex');
    await writeFile(path.join(folder, 'huge.png'), huge);
    const line = (id: unknown, frame: unknown, baselines: unknown = known): string =>
      JSON.stringify({ id, frame, baselines });
    const { status, answers } = await batch(
      [
        '\uFEFF' + line('a', relative('yard-hut')),
        '{"id": "b", "frame": ',
        line('c', 'missing.jpg'),
        line('d', 'broken.jpg'),
        '',
        line('e', 'text.jpg'),
        line('f', 'tiny.jpg'),
        line('g', 'huge.png'),
        line('h', relative('yard-hut'), []),
        line('i', relative('yard-hut'), 'yard-0.jpg'),
        line('j', relative('yard-hut'), [relative('yard-0'), 'missing.jpg']),
        line('k', 7),
        '[1, 2]',
        'null',
        line({ not: 'an id' }, relative('yard-0')),
        line('l', relative('street')),
        line(42, relative('yard-hut')) + '\r',
        line('a', relative('yard-0')),
      ].join('\n'),
    );
    expect(status).toBe(0);
    expect(answers.map(({ id }) => id)).toEqual([
      'a',
      null,
      'c',
      'd',
      'e',
      'f',
      'g',
      'h',
      'i',
      'j',
      'k',
      null,
      null,
      null,
      'l',
      42,
      'a',
    ]);
    expect(answers[0]).toMatchObject({ id: 'a', judged: true });
    expect(answers[0].regions.length).toBeGreaterThan(0);
    for (const index of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) {
      expect(Object.keys(answers[index])).toEqual(['id', 'error']);
      expect(answers[index].error).not.toBe('');
    }
    expect(answers[14]).toMatchObject({ id: 'l', judged: false, reason: 'pose' });
    expect(answers[15].regions).toEqual(answers[0].regions);
    expect(answers[16]).toMatchObject({ id: 'a', judged: true });
  });

  test('a line too long to be one is an error and the next is answered', async () => {
    const long = JSON.stringify({ id: 'x', frame: 'y'.repeat(LIMITS.lookLineBytes) });
    const { answers } = await batch(
      `${long}\n${JSON.stringify({ id: 1, frame: relative('yard-0'), baselines: known })}\n`,
    );
    expect(answers[0]).toMatchObject({ id: null, error: expect.stringContaining('longer than') });
    expect(answers[1]).toMatchObject({ id: 1, judged: true });
  });

  test('--min-score 1 reports nothing, 0 more than the default', async () => {
    const text = JSON.stringify({ id: 1, frame: relative('yard-hut'), baselines: known });
    const count = async (...more: string[]) => (await batch(text, ...more)).answers[0].regions.length;
    expect(await count('--min-score', '1')).toBe(0);
    expect(await count('--min-score', '0.01')).toBeGreaterThan(await count());
  });

  test('a list that cannot be read is status 2; an empty one answers nothing', async () => {
    expect(await look('--batch', path.join(folder, 'none.jsonl'), '--json')).toMatchObject({
      status: 2,
      err: expect.stringContaining('none.jsonl'),
    });
    expect(await batch('\n\n')).toEqual({ status: 0, answers: [] });
  });
});
