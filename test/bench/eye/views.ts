/** The pictures an eye is judged on: folders of one fixed camera each. */
import { readdirSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface ChangedPicture {
  readonly image: string;
  /** White where a structure stands that is new. */
  readonly mask: string;
  /** The unchanged picture it was made of, which must not be among its lawful ones. */
  readonly of?: string;
}

export interface JudgedView {
  readonly name: string;
  readonly unchanged: readonly string[];
  readonly changed: readonly ChangedPicture[];
  /** Series in each of which one structure stands at one place. */
  readonly standing: readonly (readonly ChangedPicture[])[];
}

/**
 * A folder with `view.json` (`{"unchanged": [FILE...], "changed": [{"image", "mask", "of"?}...], "standing"?}`, files relative to it),
 * or a plain folder of pictures in which nothing new stands.
 */
export function readView(folder: string): JudgedView {
  const name = path.basename(path.resolve(folder));
  const file = path.join(folder, 'view.json');
  if (existsSync(file)) {
    const {
      unchanged,
      changed = [],
      standing = [],
    } = JSON.parse(readFileSync(file, 'utf8')) as {
      unchanged: string[];
      changed?: ChangedPicture[];
      standing?: ChangedPicture[][];
    };
    const whole = (picture: string): string => path.resolve(folder, picture);
    const wholeOf = ({ image, mask, of }: ChangedPicture): ChangedPicture => ({
      image: whole(image),
      mask: whole(mask),
      ...(of !== undefined && { of: whole(of) }),
    });
    return {
      name,
      unchanged: unchanged.map(whole),
      changed: changed.map(wholeOf),
      standing: standing.map((series) => series.map(wholeOf)),
    };
  }
  const files = readdirSync(folder).filter((entry) => /\.(jpe?g|png)$/i.test(entry) && !entry.includes('.mask.'));
  // Sequences of some collections hold their truth beside them: in*.jpg are the pictures.
  const pictures = files.some((entry) => entry.startsWith('in'))
    ? files.filter((entry) => entry.startsWith('in'))
    : files;
  if (pictures.length < 2) throw new Error(`${folder}: neither view.json nor two pictures`);
  return { name, unchanged: pictures.sort().map((entry) => path.resolve(folder, entry)), changed: [], standing: [] };
}

/** One picture to be judged against lawful ones. */
export interface Task {
  readonly view: string;
  readonly k: number;
  readonly frame: string;
  readonly baselines: readonly string[];
  /** Of a changed picture. */
  readonly mask?: string;
}

/**
 * Of each view and draw, K lawful pictures and everything else that is judged against them: every changed picture and at
 * most `mostUnchanged` others. The same for the same seed.
 */
export function tasksOf(
  view: JudgedView,
  options: { k: number; draws: number; mostUnchanged: number; random: () => number },
): Task[] {
  const { k, draws, mostUnchanged, random } = options;
  const sources = new Set(view.changed.map(({ of }) => of));
  const free = view.unchanged.filter((file) => !sources.has(file));
  const pool = free.length > 1 ? free : view.unchanged;
  const tasks: Task[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const baselines = drawn(pool, Math.min(k, pool.length - 1), random);
    const others = view.unchanged.filter((file) => !baselines.includes(file));
    for (const { image, mask } of view.changed) tasks.push({ view: view.name, k, frame: image, baselines, mask });
    for (const frame of drawn(others, Math.min(mostUnchanged, others.length), random)) {
      tasks.push({ view: view.name, k, frame, baselines });
    }
  }
  return tasks;
}

/** Some of these, each once. */
export function drawn<T>(from: readonly T[], count: number, random: () => number): T[] {
  const left = [...from];
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)[0] as T);
}
