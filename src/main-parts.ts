/** The verbs that run: each stands on the ground of `main-ground.ts` and adds its parts, in the order they are listed. */
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { SentinelError } from './base/errors.ts';
import type { Config } from './config.ts';
import { openSealer, type Sealer } from './camera/camera.ts';
import { fitness, MoverFinder, thumbnailOf } from './comparison/comparison.ts';
import { KeyFrameDecoder, readPicture } from './drivers/codec/codec.ts';
import { listen } from './drivers/postgres/postgres.ts';
import { cameraClockDesk, captureSetup, connectionTester, lineSetup, lookSetup } from './main-cameras.ts';
import {
  ensureEstate,
  estateImporter,
  layFirstPlan,
  layFirstRoutes,
  rememberDemoStart,
  registerSimulated,
} from './main-estate.ts';
import { startLogKeeping, type LogKeeping } from './main-evidence.ts';
import { readiness, systemWatch } from './main-health.ts';
import { startPackages } from './main-packages.ts';
import { standOnAll, standOnDatabase, type Standing, type WholeStanding } from './main-ground.ts';
import { addEstateFigures, addStoreFigures, processFigures, type Figures } from './main-metrics.ts';
import {
  openLine,
  openLive,
  runCapture,
  runCompare,
  runPatrol,
  runUpkeep,
  type CompareSetup,
  type Ground,
  type Line,
  type PatrolSetup,
} from './pipeline.ts';
import { turretOpener } from './main-turrets.ts';
import { readDemoEstate, startSimulator } from './simulator/simulator.ts';
import { ensureFirstAdmin, startWeb } from './web/web.ts';

const UI_DIR = fileURLToPath(new URL('../dist/ui', import.meta.url));
/** Login of the simulated cameras, which guard nothing: it shows that logins work. */
const DEMO_LOGIN = { username: 'demo', password: 'demo-cameras' };

// --- everything ------------------------------------------------------------------------------------------------------

export async function start(config: Config): Promise<number> {
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  say('Sentinel starts / 哨兵系统启动');
  const standing = await standOnDatabase(config, 'owner', (name, tookMs) => {
    say(`  ✓ ${name} (${(tookMs / 1000).toFixed(1)} s)`);
  });
  const stop = untilStopped(standing.serverEnded);
  try {
    await startAll(standing, say);
  } catch (thrown) {
    await standing.life.close();
    throw thrown;
  }
  return ended(standing.life, await stop);
}

async function startAll(standing: Standing, say: (text: string) => void): Promise<void> {
  const { config, life } = standing;
  const figures = processFigures();
  const all = await standOnAll(standing);
  const sealer = await life.start(
    'credential key',
    () => openSealer(config.credential),
    () => {},
  );
  await life.start(
    'estate',
    () => ensureEstate(standing.db, config),
    () => {},
  );
  const keeping = await startLogKeeping(standing, figures.registry);
  if (config.demo.enabled) await startSimulated(all, sealer);
  else await registerSimulated(standing.db, sealer, undefined, config);
  const ground = groundOf(all, figures);
  const line = openLine(ground, lineSetup(config, sealer));
  await life.start(
    'compare worker',
    () => runCompare(ground, compareSetup(config)),
    (running) => running.close(),
  );
  await life.start(
    'capture',
    () => runCapture(ground, line, captureSetup(config)),
    (running) => running.close(),
  );
  await life.start(
    'patrol',
    () => runPatrol(ground, line, patrolSetup(all, sealer, figures)),
    (running) => running.close(),
  );
  await life.start(
    'upkeep',
    () => runUpkeep(ground, config.retention),
    (running) => running.close(),
  );
  const admin = await ensureFirstAdmin(standing.db, config.admin.password ?? undefined);
  const { url } = await startPages(all, sealer, figures, line, keeping);
  say('');
  say(`  ${config.http.publicUrl ?? url}`);
  if (admin.created && admin.password !== undefined) {
    say(`  user / 用户名    admin`);
    say(`  password / 密码  ${admin.password}   (shown this once / 仅显示一次)`);
  } else if (admin.created) say('  user / 用户名    admin, with the password you gave / 使用您设定的密码');
  say('');
}

// --- one part each ---------------------------------------------------------------------------------------------------

export async function serve(config: Config): Promise<number> {
  return run(config, 'pages', async (all, sealer, figures) => {
    await ensureEstate(all.db, config);
    const keeping = await startLogKeeping(all, figures.registry);
    await all.life.start(
      'upkeep',
      () => runUpkeep(groundOf(all, figures), config.retention),
      (running) => running.close(),
    );
    const admin = await ensureFirstAdmin(all.db, config.admin.password ?? undefined);
    // Lines, not log records: the password must not end up in a collector.
    if (admin.password !== undefined) process.stderr.write(`first account: admin, password ${admin.password}\n`);
    const line = openLine(all, lineSetup(config, sealer));
    const { url } = await startPages(all, sealer, figures, line, keeping);
    all.log.info({ url }, 'serving');
  });
}

export async function capture(config: Config): Promise<number> {
  return run(config, 'capture', async (all, sealer, figures) => {
    const running = await all.life.start(
      'capture',
      () => {
        const ground = groundOf(all, figures);
        return runCapture(ground, openLine(ground, lineSetup(config, sealer)), captureSetup(config));
      },
      (started) => started.close(),
    );
    await startMetrics(all, figures, async () => [
      { name: 'cameras', ok: true, detail: JSON.stringify(running.counts) },
    ]);
  });
}

export async function patrol(config: Config): Promise<number> {
  return run(config, 'patrol', async (all, sealer, figures) => {
    const running = await all.life.start(
      'patrol',
      () => {
        const ground = groundOf(all, figures);
        const line = openLine(ground, lineSetup(config, sealer));
        return runPatrol(ground, line, patrolSetup(all, sealer, figures));
      },
      (started) => started.close(),
    );
    await startMetrics(all, figures, async () => [{ name: 'domes', ok: true, detail: JSON.stringify(running.counts) }]);
  });
}

export async function compare(config: Config): Promise<number> {
  return run(config, 'compare', async (all, _sealer, figures) => {
    await all.life.start(
      'compare',
      () => runCompare(groundOf(all, figures), compareSetup(config)),
      (one) => one.close(),
    );
    await startMetrics(all, figures, async () => []);
  });
}

export async function simulate(config: Config): Promise<number> {
  return run(config, 'simulate', async (all, sealer) => {
    await ensureEstate(all.db, config);
    await startSimulated(all, sealer);
  });
}

// --- the parts -------------------------------------------------------------------------------------------------------

async function run(
  config: Config,
  name: string,
  begin: (all: WholeStanding, sealer: Sealer, figures: Figures) => Promise<void>,
): Promise<number> {
  const standing = await standOnDatabase(config, 'joiner');
  const stop = untilStopped(undefined);
  try {
    const all = await standOnAll(standing);
    await begin(all, await openSealer(config.credential), processFigures());
  } catch (thrown) {
    await standing.life.close();
    throw thrown;
  }
  standing.log.info({ part: name }, 'started');
  return ended(standing.life, await stop);
}

function groundOf(all: WholeStanding, figures: Figures): Ground {
  const { db, blobs, queue, clock, log, snapshots, space } = all;
  const { pictures } = space;
  const onLook: Ground['onLook'] = (result, tookMs) => figures.onLook(result, tookMs);
  return { db, blobs, pictures, queue, clock, log, snapshots, onLook };
}

async function startSimulated(all: WholeStanding, sealer: Sealer): Promise<void> {
  const { config, clock, life, log, db } = all;
  const simulator = await life.start(
    'simulated estate',
    async () =>
      startSimulator({
        host: config.demo.host,
        port: config.demo.port,
        ...{ clock, log },
        credentials: DEMO_LOGIN,
        schedule: await readDemoEstate(config.demo.estateFile),
        startedAtMs: await rememberDemoStart(db, clock.nowMs()),
      }),
    (started) => started.close(),
  );
  await registerSimulated(
    db,
    sealer,
    { cameras: simulator.cameras, domes: simulator.domes, login: DEMO_LOGIN },
    config,
  );
  const laid = await layFirstRoutes(db, await readFile(config.demo.routesFile, 'utf8'), clock.nowMs());
  await layFirstPlan(db, all.blobs, clock.nowMs());
  for (const route of laid?.routes ?? []) {
    if (route.outcome === 'refused') log.warn(route, 'a route of the simulated estate was refused');
  }
}

function patrolSetup(
  { config, clock, log, databaseUrl }: WholeStanding,
  sealer: Sealer,
  figures: Figures,
): PatrolSetup {
  const { capture: rules, patrol } = config;
  return {
    ...lookSetup(config),
    rules: {
      ...{ leaseS: rules.leaseS, offlineAfterS: rules.offlineAfterS, frozenAfterS: rules.frozenAfterS },
      ...{ parkAfterS: patrol.parkAfterS, arriveWithinS: patrol.arriveWithinS, lookAgainS: rules.cadenceS },
      recentre: { from: patrol.recentreFromShare, upTo: patrol.poseLimitShare },
    },
    openTurret: turretOpener(config, sealer),
    listen: (onChanged) =>
      listen(databaseUrl, 'sentinel_turret', {
        ...{ clock, log },
        onPayload: (payload) => onChanged(/^\d+$/.test(payload) ? Number(payload) : undefined),
        onReconnected: () => onChanged(undefined),
      }),
    onVisit: (visit) => figures.onVisit(visit),
  };
}

function compareSetup(config: Config): CompareSetup {
  return {
    ...config.comparison,
    candidates: { persistence: config.persistence, watchPersistence: config.watchPersistence },
  };
}

async function startPages(
  all: WholeStanding,
  sealer: Sealer,
  figures: Figures,
  line: Line,
  keeping: LogKeeping,
): Promise<{ url: string }> {
  const { config, db, blobs, queue, clock, log, life, databaseUrl } = all;
  addEstateFigures(figures.registry, db, queue);
  addStoreFigures(figures.registry, all.space);
  const packages = await startPackages(all, keeping.signer);
  const { modelDir, threads } = config.comparison;
  const movers = await life.start(
    'search for people and vehicles',
    () => new MoverFinder({ modelDir, threads }),
    (one) => one.close(),
  );
  const decoder = await life.start(
    'connection tests',
    () => new KeyFrameDecoder(),
    (one) => one.close(),
  );
  return life.start(
    'pages',
    () =>
      startWeb({
        ...{ db, clock, log },
        config: {
          host: config.http.host,
          port: config.http.port,
          secure: config.http.secureCookies,
          trustProxy: config.http.trustedProxies,
          publicOrigins: config.http.publicUrl === null ? [] : [config.http.publicUrl],
          idleLockS: config.http.idleLockS,
        },
        review: config.review,
        viewDefaults: {
          cadenceS: config.capture.cadenceS,
          learnS: config.learning.spanS,
          simulatedLearnS: config.demo.learningSpanS,
          persistenceRule: config.persistence,
        },
        patrolDefaults: config.patrol,
        pictures: blobs,
        snapshots: all.snapshots,
        packages,
        movers,
        retention: config.retention,
        clockRules: {
          limitMs: config.clocks.cameraLimitS * 1000,
          // Two rounds missed, and a little.
          staleAfterMs: config.clocks.cameraEveryS * 2_500,
        },
        cameraClocks: cameraClockDesk(db, config, sealer, all.snapshots.sm3),
        thumbnailOfPicture: async (sha256) => {
          const picture = await readPicture(await blobs.get(sha256));
          const thumbnail = thumbnailOf(picture);
          return { thumbnail: Buffer.from(thumbnail), lighting: fitness(picture, thumbnail).lighting };
        },
        live: openLive(all, line),
        connections: connectionTester(db, line, decoder),
        system: systemWatch(all),
        plans: { put: (bytes) => blobs.put(bytes) },
        importCameras: estateImporter(db, sealer),
        readiness: () => readiness(UI_DIR, all, keeping),
        listenForEvents: (handlers) => listen(databaseUrl, 'sentinel_event', { clock, log, ...handlers }),
        metrics: figures.registry,
        uiDir: UI_DIR,
      }),
    (web) => web.close(),
  );
}

/** `/healthz` and `/metrics` of a process without pages. */
async function startMetrics(
  all: WholeStanding,
  figures: Figures,
  details: () => Promise<readonly { name: string; ok: boolean; detail: string }[]>,
): Promise<void> {
  const { host, port } = all.config.metrics;
  if (port === null) return;
  addStoreFigures(figures.registry, all.space);
  await all.life.start(
    'metrics',
    () =>
      new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
        const server = createServer((request, response) => {
          const answer = async (): Promise<void> => {
            if (request.url === '/metrics') {
              response.setHeader('content-type', figures.registry.contentType);
              response.end(await figures.registry.metrics());
            } else if (request.url === '/healthz') {
              response.setHeader('content-type', 'application/json');
              response.end(JSON.stringify({ ok: true, checks: await details() }));
            } else response.writeHead(404).end();
          };
          answer().catch(() => response.destroy());
        });
        server.once('error', (thrown: NodeJS.ErrnoException) =>
          reject(
            thrown.code === 'EADDRINUSE'
              ? new SentinelError('config.port_taken', { host, port }, { cause: thrown })
              : thrown,
          ),
        );
        server.listen(port, host, () => resolve(server));
      }),
    (server) => new Promise<void>((resolve) => server.close(() => resolve())),
  );
}

// --- the end ---------------------------------------------------------------------------------------------------------

interface Ending {
  readonly reason: string;
  readonly code: number;
}

/** Ctrl-C, SIGTERM, or the end of the embedded database. A second signal ends the process at once. */
function untilStopped(serverEnded: Promise<void> | undefined): Promise<Ending> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(130);
        asked = true;
        resolve({ reason: signal, code: 0 });
      });
    }
    void serverEnded?.then(() => resolve({ reason: 'the embedded PostgreSQL ended by itself', code: 1 }));
  });
}

async function ended(life: Standing['life'], { reason, code }: Ending): Promise<number> {
  process.stderr.write(`stopping: ${reason}\n`);
  await life.close();
  process.stderr.write('stopped\n');
  return code;
}
