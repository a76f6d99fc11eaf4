/** The web over a database of its own, a client for it, and the same on the sample estate. For tests of pages and API. */
import path from 'node:path';
import { Registry } from 'prom-client';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { SentinelError } from '../../src/base/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { silentLogger } from '../../src/base/log.ts';
import { listen, type Db } from '../../src/drivers/postgres/postgres.ts';
import {
  ensureFirstAdmin,
  startWeb,
  type ImportCameras,
  type SystemWatch,
  type WebOptions,
} from '../../src/web/web.ts';
import { LiveRelay } from '../../src/wall/wall.ts';
import { ManualClock } from './clock.ts';
import { fillSample, MemoryPictures } from './sample-estate.ts';
import { packageDesk } from './package-desk.ts';
import { snapshotDesk } from './snapshots.ts';

export interface SampleWeb {
  url: string;
  adminPassword: string;
  db: Db;
  /** The same once more, at another address. */
  again(config: Partial<WebOptions['config']>): Promise<{ url: string; close(): Promise<void> }>;
  close(): Promise<void>;
}

/** The defaults of the configuration. */
const SAMPLE_RETENTION = {
  ...{ looksDays: 30, picturesHours: 72, eventsDays: 30, auditDays: 1095 },
  ...{ violationDays: 3650, dismissedDays: 365, pulledDays: 1095 },
};

export const SAMPLE_PASSWORD = 'a password for samples';

/** A browser or a program: keeps the cookie, speaks JSON. */
export class WebClient {
  readonly #url: string;
  cookie = '';
  token = '';

  constructor(url: string) {
    this.#url = url;
  }

  /** @returns the signed-in client; throws where it was refused */
  async signIn(name: string, password: string): Promise<this> {
    const answer = await this.post('/api/v1/session', { name, password });
    if (answer.status !== 200) throw new Error(`sign-in: ${answer.status} ${JSON.stringify(answer.body)}`);
    return this;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask('GET', path, undefined, headers);
  }

  post(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask('POST', path, body, headers);
  }

  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await this.raw(method, path, body, headers);
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
  }

  async raw(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(this.#url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(this.cookie !== '' && { cookie: this.cookie }),
        ...(this.token !== '' && { authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && typeof body !== 'string' && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0];
    if (cookie !== undefined) this.cookie = cookie.endsWith('=') ? '' : cookie;
    return response;
  }
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers of every shape
  body: any;
}

/** The web over a database as it is, with parts that tests do not care about filled in. */
export async function startTestWeb(
  database: { db: Db; url: string },
  options: Partial<Omit<WebOptions, 'config'>> & { pictures: MemoryPictures; config?: Partial<WebOptions['config']> },
): Promise<{ url: string; close(): Promise<void> }> {
  const web = await startWeb(testWebOptions(database, options));
  const { clock } = options;
  if (!(clock instanceof ManualClock)) return web;
  return {
    url: web.url,
    async close() {
      const closing = web.close();
      await clock.advance(LIMITS.httpCloseGraceMs);
      await closing;
    },
  };
}

export function testWebOptions(
  database: { db: Db; url: string },
  options: Partial<Omit<WebOptions, 'config'>> & { pictures: MemoryPictures; config?: Partial<WebOptions['config']> },
): WebOptions {
  const clock = options.clock ?? systemClock;
  return {
    db: database.db,
    log: silentLogger,
    review: { claimS: 600, undoS: 60 },
    viewDefaults: {
      cadenceS: 10,
      learnS: 86_400,
      simulatedLearnS: 60,
      persistenceRule: { found: 4, of: 5, spanS: 1200 },
    },
    patrolDefaults: { resumeAfterS: 60, blindAfterHours: 24 },
    thumbnailOfPicture: (sha256) => options.pictures.thumbnailOf(sha256),
    snapshots: snapshotDesk(options.pictures, clock),
    packages: packageDesk(database.db, options.pictures, clock),
    movers: { conceal: () => Promise.resolve({ areas: [], left: 0 }) },
    retention: SAMPLE_RETENTION,
    clockRules: { limitMs: 5_000, staleAfterMs: 9_000_000 },
    cameraClocks: { measure: noClock, set: noClock },
    live: noLivePictures(),
    connections: { test: () => Promise.reject(new SentinelError('web.missing', { what: 'camera', id: 0 })) },
    system: quietSystem,
    plans: { put: (bytes) => Promise.resolve(options.pictures.put(bytes)) },
    importCameras: importNothing,
    readiness: () => Promise.resolve([{ name: 'database', ok: true, detail: { en: 'answers', zh: '应答正常' } }]),
    listenForEvents: (callbacks) =>
      listen(database.url, 'sentinel_event', { clock: systemClock, log: silentLogger, ...callbacks }),
    metrics: new Registry(),
    uiDir: path.resolve('dist/ui'),
    ...options,
    clock,
    config: {
      host: '127.0.0.1',
      port: 0,
      secure: false,
      trustProxy: [],
      publicOrigins: [],
      idleLockS: 0,
      ...options.config,
    },
  };
}

function noLivePictures(): LiveRelay {
  const nothing = (): never => {
    throw new Error('no camera is known here');
  };
  return new LiveRelay({
    hold: nothing,
    findEncoder: nothing,
    clock: systemClock,
    log: silentLogger,
    aim: nothing,
    cameraOf: async () => undefined,
    maskedOf: async () => new Set(),
  });
}

/** Nothing waits, and there is room. */
export const quietSystem: SystemWatch = {
  queueDepth: () => Promise.resolve({ waiting: 0, active: 0, failed: 0 }),
  store: () => ({ state: 'ample', space: { totalBytes: 2 ** 40, freeBytes: 2 ** 39 } }),
  storeRules: { alarmBelowBytes: 10 * 2 ** 30, picturesStopBelowBytes: 2 * 2 ** 30 },
  countFiles: () => Promise.resolve({ count: 1234, bytes: 5 * 2 ** 30 }),
};

/** No camera is asked. */
const noClock = (): Promise<never> => Promise.reject(new SentinelError('camera.no_onvif', { cameraId: 0 }));

const importNothing: ImportCameras = ({ text, dryRun }) => {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return Promise.resolve({
    dryRun,
    added: lines.length,
    changed: 0,
    unchanged: 0,
    refused: 0,
    lines: lines.map((_, index) => ({ line: index + 1, key: `line-${index + 1}`, outcome: 'added', detail: '' })),
  });
};

/**
 * @param options.database the database to fill; by default one of its own from the run's server (only under Vitest)
 * @param options.candidates how many items, a third of them open
 */
export async function startSampleWeb(
  options: {
    uiDir?: string;
    candidates?: number;
    clock?: Clock;
    database?: { db: Db; url: string; close(): Promise<void> };
    port?: number;
    live?: (db: Db) => LiveRelay;
    /** What stands in the database; by default the sample estate. */
    fill?: (db: Db, pictures: MemoryPictures) => Promise<void>;
    config?: Partial<WebOptions['config']>;
    /** What else the web is handed. */
    parts?: Partial<Pick<WebOptions, 'connections' | 'movers' | 'system'>>;
  } = {},
): Promise<SampleWeb> {
  const database = options.database ?? (await (await import('./postgres.ts')).freshDatabase());
  const clock = options.clock ?? systemClock;
  const pictures = new MemoryPictures();
  await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
  if (options.fill) await options.fill(database.db, pictures);
  else await fillSample(database.db, pictures, clock.nowMs(), options.candidates ?? 24);
  const web = await startTestWeb(database, {
    pictures,
    clock,
    ...(options.uiDir !== undefined && { uiDir: options.uiDir }),
    config: { ...options.config, ...(options.port !== undefined && { port: options.port }) },
    ...(options.live && { live: options.live(database.db) }),
    ...options.parts,
  });
  return {
    url: web.url,
    adminPassword: SAMPLE_PASSWORD,
    db: database.db,
    again: (config) => startTestWeb(database, { pictures, clock, config }),
    async close() {
      await web.close();
      await database.close();
    },
  };
}
