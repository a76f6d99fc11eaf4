/**
 * Reads `config/estate.demo.yaml`: the estate's cameras and its schedule. Every fault is reported with file and line.
 */
import { readFile } from 'node:fs/promises';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Polygon } from '../base/picture.ts';
import { LIGHTINGS, type LightingSpan, type SceneEvent, type Schedule } from './schedule.ts';
import type { TurretPosition } from './turret.ts';

const strict = { additionalProperties: false };
const Key = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,39}$' });
const Text = Type.String({ minLength: 1, maxLength: 80 });
const Fraction = Type.Number({ minimum: 0, maximum: 1 });
const Seconds = Type.Number({ minimum: 0, maximum: 31_536_000 });
const Span = Type.Object(
  {
    lighting: Type.Union(LIGHTINGS.map((lighting) => Type.Literal(lighting))),
    for_s: Type.Number({ minimum: 1, maximum: 86_400 }),
  },
  strict,
);
const event = { camera: Key, from_s: Seconds };
const Degrees = Type.Number({ minimum: -360, maximum: 360 });
const Dome = Type.Object(
  {
    key: Key,
    name: Text,
    place: Text,
    north_deg: Degrees,
    clock_offset_s: Type.Number({ minimum: -86_400, maximum: 86_400 }),
    presets: Type.Array(
      Type.Object(
        {
          name: Text,
          pan_deg: Degrees,
          tilt_deg: Type.Number({ minimum: -90, maximum: 90 }),
          zoom: Type.Number({ minimum: 1, maximum: 40 }),
        },
        strict,
      ),
      { maxItems: 64 },
    ),
  },
  strict,
);

const EstateSchema = Type.Object(
  {
    estate: Type.Object({ name: Text, time_zone: Text }, strict),
    cameras: Type.Array(
      Type.Object(
        {
          key: Key,
          name: Text,
          place: Text,
          scene: Key,
          clock_offset_s: Type.Number({ minimum: -86_400, maximum: 86_400 }),
          in_band_only: Type.Optional(Type.Boolean()),
          watch: Type.Optional(
            Type.Object(
              { name: Text, polygon: Type.Array(Type.Tuple([Fraction, Fraction]), { minItems: 3, maxItems: 64 }) },
              strict,
            ),
          ),
        },
        strict,
      ),
      { minItems: 1, maxItems: 200 },
    ),
    domes: Type.Optional(Type.Array(Dome, { maxItems: 8 })),
    schedule: Type.Object(
      {
        opening: Type.Array(Span, { maxItems: 100 }),
        cycle: Type.Array(Span, { minItems: 1, maxItems: 100 }),
        structures: Type.Array(Type.Object({ ...event, until_s: Type.Optional(Seconds), what: Text }, strict), {
          maxItems: 100,
        }),
        vans: Type.Array(Type.Object({ ...event, until_s: Seconds }, strict), { maxItems: 100 }),
        dropouts: Type.Array(Type.Object({ ...event, until_s: Seconds }, strict), { maxItems: 100 }),
        works: Type.Optional(
          Type.Array(
            Type.Object(
              {
                structure: Key,
                stage: Type.Integer({ minimum: 1, maximum: 9 }),
                from_s: Seconds,
                until_s: Type.Optional(Seconds),
                what: Text,
              },
              strict,
            ),
            { maxItems: 100 },
          ),
        ),
      },
      strict,
    ),
  },
  strict,
);

type EstateFile = Static<typeof EstateSchema>;

export interface DemoCamera {
  readonly key: string;
  readonly name: string;
  readonly place: string;
  /** Folder of its recordings. */
  readonly scene: string;
  /** The camera's own clock minus true time. */
  readonly clockOffsetS: number;
  /** Its session descriptions hold no parameter sets; they come in band alone, as they do from some makes. */
  readonly inBandOnly: boolean;
  /** An area that must stay clear, in fractions of the picture, to be watched more strictly. */
  readonly watch: WatchArea | undefined;
}

export interface WatchArea {
  readonly name: string;
  readonly polygon: Polygon;
}

/** A PTZ dome on the estate's mast: see `panorama.ts`. */
export interface DemoDome {
  readonly key: string;
  readonly name: string;
  readonly place: string;
  /** Where it looks at pan 0, degrees clockwise from north: how it was screwed on. */
  readonly northDeg: number;
  readonly clockOffsetS: number;
  /** What it has in memory when the demo begins. */
  readonly presets: readonly (TurretPosition & { readonly name: string })[];
}

export interface DemoEstate {
  readonly name: string;
  readonly timeZone: string;
  readonly cameras: readonly DemoCamera[];
  readonly domes: readonly DemoDome[];
  readonly schedule: Schedule;
}

/**
 * @param file path of the YAML file
 * @throws SentinelError `config.invalid` with file, line and what was meant
 */
export async function readDemoEstate(file: string): Promise<DemoEstate> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    throw new SentinelError('config.invalid', { where: file, problem: problemOf(thrown) }, { cause: thrown });
  }
  return parseDemoEstate(text, file);
}

/** @throws SentinelError `config.invalid` */
export function parseDemoEstate(text: string, file: string): DemoEstate {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const fail = (line: number, problem: string): never => {
    throw new SentinelError('config.invalid', { where: `${file}:${line}`, problem });
  };
  if (text.length > LIMITS.importFileBytes) fail(1, 'the file is too large');
  const broken = document.errors[0];
  if (broken) fail(lines.linePos(broken.pos[0]).line, broken.message);

  const value: unknown = document.toJS();
  const lineOf = (path: readonly (string | number)[]): number => lineOfPath(document, lines, path);
  if (!Value.Check(EstateSchema, value)) {
    const { path, problem } = plainest(Value.Errors(EstateSchema, value));
    return fail(lineOf(path), `${path.join('.') || 'the file'} ${problem}`);
  }

  const keys = new Set<string>();
  for (const kind of ['cameras', 'domes'] as const) {
    value[kind]?.forEach(({ key }, index) => {
      if (keys.has(key)) fail(lineOf([kind, index, 'key']), `the camera key "${key}" is given twice`);
      keys.add(key);
    });
  }
  value.schedule.works?.forEach((item, index) => {
    if (item.until_s === undefined || item.until_s > item.from_s) return;
    const path = ['schedule', 'works', index, 'until_s'];
    fail(lineOf(path), `until_s (${item.until_s}) must be later than from_s (${item.from_s})`);
  });
  for (const kind of ['structures', 'vans', 'dropouts'] as const) {
    value.schedule[kind].forEach((item, index) => {
      const path = ['schedule', kind, index];
      if (!keys.has(item.camera)) {
        fail(lineOf([...path, 'camera']), `there is no camera "${item.camera}"; the keys are ${[...keys].join(', ')}`);
      }
      if (item.until_s !== undefined && item.until_s <= item.from_s) {
        fail(lineOf([...path, 'until_s']), `until_s (${item.until_s}) must be later than from_s (${item.from_s})`);
      }
    });
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: value.estate.time_zone });
  } catch {
    fail(
      lineOf(['estate', 'time_zone']),
      `"${value.estate.time_zone}" is not a time zone; an example is Asia/Shanghai`,
    );
  }
  return estateOf(value);
}

function estateOf({ estate, cameras, domes = [], schedule }: EstateFile): DemoEstate {
  const spans = (given: EstateFile['schedule']['cycle']): LightingSpan[] =>
    given.map(({ lighting, for_s }) => ({ lighting, forS: for_s }));
  const event = (given: { camera: string; from_s: number; until_s?: number }): SceneEvent => ({
    camera: given.camera,
    fromS: given.from_s,
    untilS: given.until_s,
  });
  return {
    name: estate.name,
    timeZone: estate.time_zone,
    cameras: cameras.map(({ clock_offset_s, in_band_only = false, watch, ...camera }) => ({
      ...camera,
      clockOffsetS: clock_offset_s,
      inBandOnly: in_band_only,
      watch,
    })),
    domes: domes.map(({ north_deg, clock_offset_s, presets, ...dome }) => ({
      ...dome,
      northDeg: north_deg,
      clockOffsetS: clock_offset_s,
      presets: presets.map(({ name, pan_deg, tilt_deg, zoom }) => ({ name, panDeg: pan_deg, tiltDeg: tilt_deg, zoom })),
    })),
    schedule: {
      opening: spans(schedule.opening),
      cycle: spans(schedule.cycle),
      structures: schedule.structures.map((given) => ({ ...event(given), what: given.what })),
      vans: schedule.vans.map(event),
      dropouts: schedule.dropouts.map(event),
      works: (schedule.works ?? []).map(({ structure, stage, from_s, until_s }) => ({
        ...{ structure, stage },
        ...{ fromS: from_s, untilS: until_s },
      })),
    },
  };
}

interface SchemaProblem {
  keyword: string;
  instancePath: string;
  params: object;
  message: string;
}

/** The one problem worth telling: an unknown key before anything else, since it is most often a misspelt one. */
function plainest(problems: readonly SchemaProblem[]): { path: (string | number)[]; problem: string } {
  const problem =
    problems.find(({ keyword }) => keyword === 'additionalProperties') ??
    problems.find(({ keyword }) => keyword !== 'boolean' && keyword !== 'const') ??
    problems[0];
  if (!problem) return { path: [], problem: 'is not valid' };
  const path = problem.instancePath
    .split('/')
    .slice(1)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  if (problem.keyword === 'additionalProperties' && 'additionalProperties' in problem.params) {
    const [unknown] = problem.params.additionalProperties as string[];
    return { path: [...path, unknown ?? ''], problem: 'is not a known key' };
  }
  if (path.at(-1) === 'lighting') return { path, problem: `must be one of ${LIGHTINGS.join(', ')}` };
  return { path, problem: problem.message };
}

/** Line of the value at `path`, or of the nearest thing above it that is there. */
function lineOfPath(document: Document, lines: LineCounter, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
