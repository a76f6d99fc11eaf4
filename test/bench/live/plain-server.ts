/** node-rtsp-stream as it comes: one camera, one port. Serves until its standard input ends. */
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import VideoStream from 'node-rtsp-stream';

const { url } = JSON.parse(process.argv[2] ?? '{}') as { url: string };
const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address() as AddressInfo;
probe.close();
// What ffmpeg says of itself goes to standard error, as the package does; here nobody reads it.
process.stderr.write = () => true;
const stream = new VideoStream({
  ...{ name: 'bench', streamUrl: url, wsPort: port },
  ffmpegOptions: { '-r': 25, '-stats': '' },
});
process.stdout.write(`${JSON.stringify({ kind: 'plain', port })}\n`);
process.stdin.resume().on('end', () => {
  stream.stop();
  process.exit(0);
});
