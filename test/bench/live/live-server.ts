/** Sentinel's web with one camera, over real connections. Serves until its standard input ends. */
import '../../../src/base/collector.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { migrate, openDatabase } from '../../../src/drivers/postgres/postgres.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
import { liveOf } from '../../support/live.ts';
import { MemoryPictures } from '../../support/sample-estate.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';

/** Viewers are spread over so many accounts: one may not open more than so many pages. */
const PEOPLE = 5;

const { url, database } = JSON.parse(process.argv[2] ?? '{}') as { url: string; database: string };
const db = openDatabase(database, silentLogger);
await migrate(db);
await ensureFirstAdmin(db, SAMPLE_PASSWORD);
const { password_hash } = await db.selectFrom('app_user').select('password_hash').executeTakeFirstOrThrow();
for (let n = 0; n < PEOPLE; n++) {
  await db
    .insertInto('app_user')
    .values({ name: `viewer-${n}`, password_hash, role: 'viewer' })
    .execute();
}
const estate = await db.insertInto('estate').values({ name: 'bench', time_zone: 'UTC' }).returning('id').execute();
const camera = await db
  .insertInto('camera')
  .values({ estate_id: estate[0]!.id, key: 'bench', name: 'bench', main_url: url, sub_url: url })
  .returning('id')
  .executeTakeFirstOrThrow();
await db.insertInto('view').values({ camera_id: camera.id, name: 'fixed' }).execute();
const { live } = liveOf(db, { username: '', password: '' });
const pictures = new MemoryPictures();
const web = await startTestWeb({ db, url: database }, { pictures, clock: systemClock, live });
const cookies: string[] = [];
for (let n = 0; n < PEOPLE; n++) {
  cookies.push((await new WebClient(web.url).signIn(`viewer-${n}`, SAMPLE_PASSWORD)).cookie);
}
process.stdout.write(`${JSON.stringify({ kind: 'sentinel', url: web.url, camera: camera.id, cookies })}\n`);
process.stdin.resume().on('end', () => {
  void web.close().then(async () => {
    await db.destroy();
    process.exit(0);
  });
});
