/** So many pages that look at the benchmark's camera. Says what they got when it is asked; ends with its standard input. */
import { createInterface } from 'node:readline';
import WebSocket from 'ws';
import { LIVE_KEY_FLAG, LIVE_MPEG1_FLAG, LIVE_URL } from '../../../src/web/contract.ts';
import { liveReader } from '../../support/live-message.ts';

const given = JSON.parse(process.argv[2] ?? '{}') as {
  kind: 'sentinel' | 'plain';
  format: 'source' | 'mpeg1' | 'plain';
  count: number;
  port?: number;
  url?: string;
  camera?: number;
  cookies?: string[];
};

class Viewer {
  bytes = 0;
  pictures = 0;
  firstMs: number | undefined;
  oldestMs = 0;
  readonly #read = liveReader();
  #askedAtMs = 0;

  constructor(index: number) {
    const socket =
      given.kind === 'plain'
        ? new WebSocket(`ws://127.0.0.1:${given.port}`)
        : new WebSocket(given.url!.replace('http', 'ws') + LIVE_URL, {
            headers: { cookie: given.cookies![index % given.cookies!.length]! },
          });
    socket.on('open', () => {
      this.#askedAtMs = performance.now();
      if (given.kind === 'plain') return;
      const { camera, format } = given;
      socket.send(JSON.stringify({ watch: { tile: 0, camera, stream: 'sub', format } }));
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.#take(data);
    });
    socket.on('error', (problem) => process.stderr.write(`viewer: ${problem.message}\n`));
  }

  #take(data: Buffer): void {
    this.bytes += data.length;
    if (given.kind === 'plain') return;
    for (const { flags, atMs, bytes } of this.#read(data)) {
      const canBegin = (flags & (LIVE_KEY_FLAG | LIVE_MPEG1_FLAG)) !== 0 && bytes.length > 0;
      if (this.firstMs === undefined && !canBegin) continue;
      this.firstMs ??= performance.now() - this.#askedAtMs;
      this.pictures++;
      this.oldestMs = Math.max(this.oldestMs, Date.now() - atMs);
    }
  }
}

const viewers = Array.from({ length: given.count }, (_, index) => new Viewer(index));
process.stdout.write(`${JSON.stringify({ watching: given.count })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line) as { do: string; pictures?: number };
  if (asked.do === 'restart') for (const viewer of viewers) viewer.bytes = 0;
  if (asked.do === 'pictures') {
    while (viewers.some(({ pictures }) => pictures < (asked.pictures ?? 1))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  const answer = {
    leastBytes: Math.min(...viewers.map(({ bytes }) => bytes)),
    firstMs: Math.max(...viewers.map(({ firstMs }) => firstMs ?? 0)),
    oldestMs: Math.max(...viewers.map(({ oldestMs }) => oldestMs)),
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
