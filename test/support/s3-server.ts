/**
 * An S3 server that is not ours, as a program of its own with one bucket in a folder, and before it a relay that can be
 * told to fail.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { S3Target } from '../../src/drivers/blobs/blobs.ts';

/** How a request is answered instead: a status with an error code, or a connection that is cut. */
type Misbehaviour = { status: number; code?: string } | 'cut';

export interface TestS3 {
  readonly target: S3Target;
  /** Where the server keeps an object's bytes. */
  fileOf(key: string): string;
  /** For the next requests, one each. */
  readonly misbehaviours: Misbehaviour[];
  /** What came, with the time it was signed for and the answer's status. */
  readonly requests: { method: string; url: string; amzDate: string; status: number }[];
  close(): Promise<void>;
}

const BUCKET = 'sentinel';
const PROGRAM = `require('@20minutes/s3rver/lib/cli.js').parse(process.argv.slice(1), { from: 'user' })`;

export async function startS3(folder: string): Promise<TestS3> {
  const server = spawn(
    process.execPath,
    // It makes its continuation tokens with an old cipher.
    [
      ...['--openssl-legacy-provider', '-e', PROGRAM, '--', '-d', folder, '-a', '127.0.0.1', '-p', '0', '--silent'],
      ...['--no-vhost-buckets', '--configure-bucket', BUCKET],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const serverPort = await new Promise<number>((resolve, reject) => {
    let said = '';
    server.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const port = /listening on \S+:(\d+)/.exec(said)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    server.on('exit', () => reject(new Error(`the S3 server ended: ${said}`)));
  });

  const misbehaviours: Misbehaviour[] = [];
  const requests: TestS3['requests'] = [];
  const relay = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const note = { method, url, amzDate: String(headers['x-amz-date']), status: 0 };
    requests.push(note);
    const misbehaviour = misbehaviours.shift();
    if (misbehaviour === 'cut') request.socket.destroy();
    else if (misbehaviour !== undefined) {
      const { status, code } = misbehaviour;
      note.status = status;
      request.resume().on('end', () => {
        response.writeHead(status).end(code && method !== 'HEAD' ? `<Error><Code>${code}</Code></Error>` : '');
      });
    } else {
      const passed = ask({ host: '127.0.0.1', port: serverPort, method, path: url, headers }, (answer) => {
        note.status = answer.statusCode ?? 0;
        response.writeHead(note.status, answer.headers);
        answer.pipe(response);
      });
      passed.on('error', () => response.destroy());
      request.pipe(passed);
    }
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const { port } = relay.address() as AddressInfo;
  return {
    target: {
      ...{ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', bucket: BUCKET, prefix: '', pathStyle: true },
      ...{ accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    },
    fileOf: (key) => `${folder}/${BUCKET}/${key}._S3rver_object`,
    misbehaviours,
    requests,
    async close() {
      relay.close();
      relay.closeAllConnections();
      const ended = once(server, 'exit');
      server.kill();
      await ended;
    },
  };
}
