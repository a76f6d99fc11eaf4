/**
 * The recordings of the estate on disk: `<media>/<scene>/<stream>-<lighting>-<state>-<take>.h264`. A take is one recording of
 * the same scene; takes differ only in who passes by. Read when first wanted, and the longest unused is let go.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { readClip, type Clip, type PreparedGroup } from './clip.ts';
import { LIGHTINGS, type Scene, type SceneState } from './schedule.ts';

export const STREAMS = ['main', 'sub'] as const;
export type StreamName = (typeof STREAMS)[number];

/** Frames of one group of pictures in every recording of the estate, and their rate. */
export const FPS = 5;
export const FRAMES_PER_GROUP = 10;

/** Macroblock rows above the recorded pictures, for the camera's clock: recordings are that much lower than the stream. */
const CAPTION_ROWS: Readonly<Record<StreamName, number>> = { main: 2, sub: 1 };

export class ClipShelf {
  readonly #mediaDir: string;
  /** Files by `<scene>/<stream>-<lighting>-<state>`, takes in order. */
  readonly #takes = new Map<string, string[]>();
  readonly #clips = new Map<string, Clip>();

  constructor(mediaDir: string) {
    this.#mediaDir = mediaDir;
  }

  /**
   * Learns which recordings a scene has, and checks that none that may be wanted is missing.
   * @throws SentinelError `simulator.media`
   */
  addScene(scene: string, states: ReadonlySet<SceneState>): void {
    const folder = path.join(this.#mediaDir, scene);
    let names: string[];
    try {
      names = readdirSync(folder).sort();
    } catch (thrown) {
      throw new SentinelError('simulator.media', { file: folder, problem: problemOf(thrown) }, { cause: thrown });
    }
    for (const name of names) {
      const [, kind] = /^((?:main|sub)-[a-z]+-[a-z]+)-\d+\.h264$/.exec(name) ?? [];
      if (kind === undefined) continue;
      const key = `${scene}/${kind}`;
      const files = this.#takes.get(key) ?? [];
      this.#takes.set(key, [...files.filter((file) => file !== path.join(folder, name)), path.join(folder, name)]);
    }
    for (const stream of STREAMS) {
      for (const lighting of LIGHTINGS) {
        for (const state of states) {
          if (this.#takes.has(`${scene}/${stream}-${lighting}-${state}`)) continue;
          const file = path.join(folder, `${stream}-${lighting}-${state}-1.h264`);
          throw new SentinelError('simulator.media', { file, problem: 'it is missing' });
        }
      }
    }
  }

  /** The group that plays as number `index`: the takes of the scene one after the other, over and over. */
  groupAt(scene: string, stream: StreamName, { lighting, state }: Scene, index: number): PreparedGroup | undefined {
    const files = this.#takes.get(`${scene}/${stream}-${lighting}-${state}`) ?? [];
    const groups = files.flatMap((file) => this.#clip(file, stream).groups);
    return groups[index % groups.length];
  }

  /** Any clip of the stream, for its parameter sets. */
  sampleOf(scene: string, stream: StreamName): Clip {
    return this.#clip(this.#takes.get(`${scene}/${stream}-clear-plain`)?.[0] ?? '', stream);
  }

  #clip(file: string, stream: StreamName): Clip {
    const clip = this.#clips.get(file) ?? readClip(file, CAPTION_ROWS[stream]);
    this.#clips.delete(file);
    this.#clips.set(file, clip);
    for (const [oldest] of this.#clips) {
      if (this.#clips.size <= LIMITS.simulatorClips) break;
      this.#clips.delete(oldest);
    }
    return clip;
  }
}
