/** The benchmark's figures: ratios first, then what they are made of, and the bars they are held against. */
import type { LookCount } from './rig.ts';
import type { StreamKind } from './stream-media.ts';

/** Processor time in milliseconds per camera and second of watching. */
export interface Measurement {
  readonly kind: StreamKind;
  readonly cameras: number;
  readonly cadenceS: number;
  readonly seconds: number;
  readonly captureMs: number;
  readonly databaseMs: number;
  /** What playing the cameras cost; no part of the comparison. */
  readonly streamServerMs: number;
  /** Of one core, by the capture process. */
  readonly coreShare: number;
  /** Most that the capture process held. */
  readonly residentBytes: number;
  readonly looks: LookCount;
  readonly loadAverage: number;
}

export interface Peer {
  readonly way: 'key frames' | '5 per second';
  readonly kind: StreamKind;
  readonly processes: number;
  readonly msPerCameraS: number;
  /** Per process. */
  readonly residentBytes: number;
  readonly proportionalBytes: number;
}

export interface Bar {
  readonly what: string;
  readonly bar: string;
  readonly found: string;
  readonly held: boolean;
}

export interface Found {
  readonly at: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly measurements: readonly Measurement[];
  readonly peers: readonly Peer[];
}

export interface Report extends Found {
  readonly bars: readonly Bar[];
}

/** Capture and what it makes the database do: all that a camera costs. */
const wholeMs = ({ captureMs, databaseMs }: Measurement): number => captureMs + databaseMs;

function ratioOf(found: Found, measurement: Measurement, way: Peer['way']): number {
  const peer = found.peers.find((one) => one.kind === measurement.kind && one.way === way);
  return peer ? peer.msPerCameraS / wholeMs(measurement) : Number.NaN;
}

const MIB = 1024 * 1024;

export function barsOf(found: Found, full: boolean): Bar[] {
  const measurement = found.measurements.find(({ kind, cadenceS }) => kind === 'sub' && cadenceS === 10);
  if (!measurement) return [];
  const bars: Bar[] = [];
  const add = (what: string, bar: string, value: string, held: boolean): void => {
    bars.push({ what, bar, found: value, held });
  };
  add('looks missed', '0', String(measurement.looks.missed), measurement.looks.missed === 0);
  if (full) {
    add('capture, of one core', '< 45 %', percent(measurement.coreShare), measurement.coreShare < 0.45);
    add('capture, memory', '< 400 MiB', mib(measurement.residentBytes), measurement.residentBytes < 400 * MIB);
    return bars;
  }
  const cost = wholeMs(measurement);
  add('sub-stream every 10 s, all included', '<= 1.0 ms', `${cost.toFixed(2)} ms`, cost <= 1);
  for (const [way, least] of [
    ['key frames', 4],
    ['5 per second', 15],
  ] as const) {
    const ratio = ratioOf(found, measurement, way);
    add(`cheaper than ffmpeg, ${way}`, `>= ${least} times`, `${ratio.toFixed(1)} times`, ratio >= least);
  }
  return bars;
}

export function tableOf(report: Report): string {
  const ratios = report.measurements
    .filter(({ kind }) => report.peers.some((peer) => peer.kind === kind))
    .map((one) => [
      `${one.kind}, every ${one.cadenceS} s`,
      `${ratioOf(report, one, 'key frames').toFixed(1)} times`,
      `${ratioOf(report, one, '5 per second').toFixed(1)} times`,
    ]);
  const ours = report.measurements.map((one) => [
    `${one.kind}, every ${one.cadenceS} s`,
    String(one.cameras),
    `${wholeMs(one).toFixed(2)} (${one.captureMs.toFixed(2)} + ${one.databaseMs.toFixed(2)})`,
    percent(one.coreShare),
    mib(one.residentBytes),
    mib(one.residentBytes / one.cameras),
    `${one.looks.looks}, ${one.looks.missed} missed`,
    `${one.looks.longestWaitS.toFixed(1)} s`,
    Object.entries(one.looks.byResult)
      .map(([kind, n]) => `${kind} ${n}`)
      .join(', '),
  ]);
  const peers = report.peers.map((one) => [
    `ffmpeg, ${one.way}, ${one.kind}`,
    String(one.processes),
    one.msPerCameraS.toFixed(2),
    mib(one.residentBytes),
    mib(one.proportionalBytes),
  ]);
  const { machine } = report;
  return [
    ...(ratios.length > 0 ? [grid(['cheaper than', 'ffmpeg, key frames', 'ffmpeg, 5 per second'], ratios)] : []),
    grid(
      [
        'capture',
        'cameras',
        'ms per camera and second (capture + database)',
        'of a core',
        'memory',
        'per camera',
        'looks',
        'longest wait',
        'ended as',
      ],
      ours,
    ),
    ...(peers.length > 0
      ? [
          grid(
            ['one process a camera', 'processes', 'ms per camera and second', 'memory each', 'shared parts divided'],
            peers,
          ),
        ]
      : []),
    grid(
      ['bar', '', 'found', ''],
      report.bars.map(({ what, bar, found, held }) => [what, bar, found, held ? 'held' : 'MISSED']),
    ),
    `${machine['processor']}, ${machine['cores']} cores, ${machine['memory']}; Node ${machine['node']}; ${machine['ffmpeg']}; ${report.at}\n`,
  ].join('\n');
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

function grid(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return `${[line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')}\n`;
}
