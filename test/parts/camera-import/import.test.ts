import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { CameraStore, importCameras, openSealer, type Sealer } from '../../../src/camera/camera.ts';
import { ensureEstate } from '../../../src/estate/estate.ts';
import type { ImportReport } from '../../../src/web/contract.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';

let database: FreshDatabase;
let sealer: Sealer;
let estateId: number;
beforeAll(async () => {
  database = await freshDatabase();
  sealer = await openSealer({ key: Buffer.alloc(32, 1).toString('base64'), keyFile: '' });
});
afterAll(() => database.close());
beforeEach(async () => {
  await sql`truncate estate, camera, credential, event restart identity cascade`.execute(database.db);
  estateId = await ensureEstate(database.db, { name: '示范小区', timeZone: 'Asia/Shanghai' }, false);
});

type Options = Partial<Parameters<typeof importCameras>[0]>;
/** Its type is the HTTP contract's: the one answers with the other. */
function take(text: string, options: Options = {}): Promise<ImportReport> {
  const format = text.startsWith('cameras') || text.startsWith('credentials') ? 'yaml' : 'csv';
  return importCameras({ db: database.db, sealer, estateId, text, format, dryRun: false, ...options });
}
/** Everything an import writes, but for the events. */
async function everything(): Promise<unknown> {
  const { db } = database;
  return {
    cameras: await db.selectFrom('camera').selectAll().orderBy('id').execute(),
    credentials: await db.selectFrom('credential').selectAll().orderBy('id').execute(),
    views: await db.selectFrom('view').selectAll().orderBy('id').execute(),
    health: await db.selectFrom('camera_health').selectAll().orderBy('camera_id').execute(),
  };
}

const FILE = `key,name,place,type,main_url,sub_url
A01,3号楼屋顶,3号楼,枪机,rtsp://admin:s3cret@10.0.0.1:554/101,rtsp://admin:s3cret@10.0.0.1:554/102
A02,大门,南门,,rtsp://10.0.0.2/101,rtsp://10.0.0.2/102
B01,塔楼球机,塔楼,球机,rtsp://10.0.0.3/101,
X,,,,not an address,
`;

describe('importing cameras', () => {
  test('good lines go in, bad ones are reported; views and health are made', async () => {
    const report = await take(FILE);
    expect(report).toMatchObject({ dryRun: false, added: 3, changed: 0, unchanged: 0, refused: 1 });
    expect(report.lines.map(({ line, key, outcome }) => [line, key, outcome])).toEqual([
      [2, 'A01', 'added'],
      [3, 'A02', 'added'],
      [4, 'B01', 'added'],
      [5, 'X', 'refused'],
    ]);
    const { db } = database;
    expect(
      await db.selectFrom('camera').select(['key', 'kind', 'main_url', 'estate_id']).orderBy('key').execute(),
    ).toEqual([
      { key: 'A01', kind: 'fixed', main_url: 'rtsp://10.0.0.1:554/101', estate_id: estateId },
      { key: 'A02', kind: 'fixed', main_url: 'rtsp://10.0.0.2/101', estate_id: estateId },
      { key: 'B01', kind: 'ptz', main_url: 'rtsp://10.0.0.3/101', estate_id: estateId },
    ]);
    expect(await db.selectFrom('view').select(['key', 'name', 'state']).orderBy('id').execute()).toEqual([
      { key: 'fixed', name: '3号楼屋顶', state: 'learning' },
      { key: 'fixed', name: '大门', state: 'learning' },
    ]);
    const health = await db.selectFrom('camera_health').select('state').execute();
    expect(health).toEqual([{ state: 'unknown' }, { state: 'unknown' }, { state: 'unknown' }]);
    const events = await db.selectFrom('event').select(['kind', 'data']).execute();
    expect(events).toHaveLength(3);
    expect(events[0]).toMatchObject({ kind: 'camera.changed', data: { change: 'registered' } });
  });

  test('the login is stored sealed, and nowhere else', async () => {
    const report = await take(FILE);
    const [row] = await database.db.selectFrom('credential').selectAll().execute();
    expect(row).toMatchObject({ name: 'camera/A01', username: 'admin' });
    expect(sealer.open('camera/A01', row?.secret_sealed ?? Buffer.alloc(0))).toBe('s3cret');
    expect(JSON.stringify([report, await everything()])).not.toContain('s3cret');
    const dump = await sql<{ line: string }>`
      select row_to_json(c)::text as line from camera c union all select row_to_json(c)::text from credential c
      union all select row_to_json(e)::text from event e`.execute(database.db);
    expect(JSON.stringify(dump.rows)).not.toContain('s3cret');
    const ids = await database.db.selectFrom('camera').select('id').where('key', '=', 'A01').execute();
    const [camera] = await new CameraStore(database.db).forCapture(ids.map(({ id }) => id));
    expect(camera?.credential).toMatchObject({ name: 'camera/A01', username: 'admin' });
  });

  test('importing twice changes nothing', async () => {
    await take(FILE);
    const before = await everything();
    const events = await database.db.selectFrom('event').select('id').execute();
    expect(await take(FILE)).toMatchObject({ added: 0, changed: 0, unchanged: 3, refused: 1 });
    expect(await everything()).toEqual(before);
    expect(await database.db.selectFrom('event').select('id').execute()).toEqual(events);
  });

  test('a dry run reports the same and changes nothing', async () => {
    const before = await everything();
    const dry = await take(FILE, { dryRun: true });
    expect(await everything()).toEqual(before);
    expect(await database.db.selectFrom('event').select('id').execute()).toEqual([]);
    expect(dry).toEqual({ ...(await take(FILE)), dryRun: true });
  });

  test('a renamed camera takes its view’s name along, unless a person named the view', async () => {
    await take(FILE);
    await database.db.updateTable('view').set({ name: '我的视图' }).where('name', '=', '大门').execute();
    const report = await take('key,name\nA01,3号楼楼顶\nA02,南大门\n');
    expect(report).toMatchObject({ changed: 2 });
    const views = await database.db.selectFrom('view').select('name').orderBy('id').execute();
    expect(views.map(({ name }) => name)).toEqual(['3号楼楼顶', '我的视图']);
  });

  test('a camera that turns out to be a dome rests its fixed view; made fixed again it learns anew', async () => {
    await take(FILE);
    const states = async (): Promise<string[]> => {
      const rows = await database.db.selectFrom('view').select('state').orderBy('id').execute();
      return rows.map(({ state }) => state);
    };
    await database.db.updateTable('view').set({ state: 'watching' }).execute();
    await take('key,kind\nA01,ptz\n');
    expect(await states()).toEqual(['paused', 'watching']);
    await take('key,kind\nA01,fixed\nB01,fixed\n');
    expect(await states()).toEqual(['learning', 'watching', 'learning']);
  });

  test('credentials apart: a shared one, a new password, and the camera’s own one gone', async () => {
    await take(FILE);
    await take('name,username,password\nhik,admin,first\n');
    expect(
      await take('key,credential,main_url,sub_url\nA01,hik,rtsp://10.0.0.1:554/101,rtsp://10.0.0.1:554/102\n'),
    ).toMatchObject({
      changed: 1,
    });
    const names = await database.db.selectFrom('credential').select('name').execute();
    expect(names).toEqual([{ name: 'hik' }]);
    await database.db.deleteFrom('event').execute();
    expect(await take('name,username,password\nhik,admin,second\n')).toMatchObject({ changed: 1 });
    const row = await database.db.selectFrom('credential').select('secret_sealed').executeTakeFirstOrThrow();
    expect(sealer.open('hik', row.secret_sealed)).toBe('second');
    // Whoever holds the camera learns that there is something new.
    expect(await database.db.selectFrom('event').select('kind').execute()).toEqual([{ kind: 'camera.changed' }]);
  });

  test('another estate’s cameras are its own, also under the same key', async () => {
    await take(FILE);
    const other = await ensureEstate(database.db, { name: '模拟小区', timeZone: 'Asia/Shanghai' }, true);
    expect(await take('key,main_url\nA02,rtsp://10.9.9.9/1\n', { estateId: other })).toMatchObject({ added: 1 });
    const rows = await database.db
      .selectFrom('camera')
      .select('main_url')
      .where('key', '=', 'A02')
      .orderBy('id')
      .execute();
    expect(rows.map((row) => row.main_url)).toEqual(['rtsp://10.0.0.2/101', 'rtsp://10.9.9.9/1']);
  });

  test('two imports at once take turns', async () => {
    const reports = await Promise.all(Array.from({ length: 6 }, () => take(FILE)));
    expect(reports.map(({ added }) => added).sort()).toEqual([0, 0, 0, 0, 0, 3]);
    expect(await database.db.selectFrom('camera').select('id').execute()).toHaveLength(3);
  });

  test('a file that cannot be read changes nothing', async () => {
    await expect(take('nonsense\n1\n')).rejects.toMatchObject({ code: 'import.unreadable', status: 422 });
    await expect(take('x'.repeat(LIMITS.importFileBytes + 1))).rejects.toMatchObject({ code: 'import.too_large' });
    expect(await database.db.selectFrom('camera').select('id').execute()).toEqual([]);
  });

  test('as many as an installation takes, in seconds; and no more', async () => {
    const line = (n: number): string => `K${n},Camera ${n},rtsp://u:p@10.${n >> 8}.${n & 255}.1/1`;
    const text = ['key,name,main_url', ...Array.from({ length: LIMITS.cameras }, (_, n) => line(n))].join('\n');
    const began = performance.now();
    expect(await take(text)).toMatchObject({ added: LIMITS.cameras, refused: 0 });
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(await take('key,main_url\none more,rtsp://a/1\n')).toMatchObject({ added: 0, refused: 1 });
    expect(await take(text)).toMatchObject({ added: 0, changed: 0, unchanged: LIMITS.cameras });
  });
});

describe('the estate', () => {
  test('is made once, and keeps its cameras when it is renamed', async () => {
    await take(FILE);
    const ids = await Promise.all(
      Array.from({ length: 5 }, () => ensureEstate(database.db, { name: '新名', timeZone: 'Asia/Urumqi' }, false)),
    );
    expect(new Set([...ids, estateId]).size).toBe(1);
    const rows = await database.db.selectFrom('estate').selectAll().execute();
    expect(rows).toEqual([{ id: estateId, name: '新名', time_zone: 'Asia/Urumqi', simulated: false }]);
  });
});
