import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const MODELS = path.resolve(import.meta.dirname, '../../../models');

test('the model card names the files that are there, by size and SHA-256', () => {
  const card = readFileSync(path.join(MODELS, 'README.md'), 'utf8');
  let bytes = 0;
  for (const name of ['encoder.onnx', 'decoder.onnx', 'detector.onnx']) {
    const file = path.join(MODELS, name);
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    const line = card.split('\n').find((row) => row.startsWith(`| \`${name}\``));
    expect(line, name).toContain(sha256);
    expect(line, name).toContain(` ${statSync(file).size} `);
    bytes += statSync(file).size;
  }
  expect(bytes).toBeLessThan(25 * 1024 * 1024);
});
