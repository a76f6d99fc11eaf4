/**
 * Starts GStreamer's RTSP server, the independent peer, for as long as a test file runs. It is Debian's
 * `gir1.2-gst-rtsp-server-1.0`, `gstreamer1.0-rtsp`, `gstreamer1.0-plugins-good`, `gstreamer1.0-plugins-ugly`, `gstreamer1.0-plugins-bad` and `python3-gi`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PYTHON = '/usr/bin/python3';
const PROBE =
  'import gi\ngi.require_version("Gst", "1.0")\ngi.require_version("GstRtspServer", "1.0")\n' +
  'from gi.repository import Gst, GstRtspServer\nGst.init(None)\n' +
  'missing = [n for n in ("x264enc", "x265enc", "rtph264pay", "rtph265pay", "rtpmp4vpay", "mpeg4videoparse", "qtdemux") if not Gst.ElementFactory.find(n)]\n' +
  'assert not missing, "no element " + ", ".join(missing)';

/** @returns what is missing, or undefined when the server can run here */
export function gstreamerMissing(): string | undefined {
  const probe = spawnSync(PYTHON, ['-c', PROBE], { encoding: 'utf8' });
  if (probe.status === 0) return undefined;
  const why = probe.error?.message ?? probe.stderr.trim().split('\n').at(-1);
  return `GStreamer's RTSP server is not installed (${why ?? 'unknown'})`;
}

export interface GstreamerServer {
  url(guard: 'open' | 'basic' | 'digest', path: string): string;
  credentials: { username: string; password: string };
  /** Ends it as a power cut does. */
  kill(): void;
  close(): Promise<void>;
}

/** @param mpeg4 an MP4 file to serve as MPEG-4 Visual */
export async function startGstreamer(mpeg4?: string): Promise<GstreamerServer> {
  const script = fileURLToPath(new URL('gst-rtsp-server.py', import.meta.url));
  const child = spawn(PYTHON, [script, ...(mpeg4 === undefined ? [] : [mpeg4])], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [first] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const ports = JSON.parse(first) as Record<string, number>;
  return {
    url: (guard, path) => `rtsp://127.0.0.1:${ports[guard]!}/${path}`,
    credentials: { username: 'viewer', password: 's3cret: word' },
    kill: () => void child.kill('SIGKILL'),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}
