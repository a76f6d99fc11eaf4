/** What a privacy area hides is black in every picture that is sent, also where the area was drawn after it was stored. */
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { drawScene, fillSample, insertCandidate, MemoryPictures } from '../../support/sample-estate.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';

let database: FreshDatabase;
let web: { url: string; close(): Promise<void> };
let client: WebClient;
/** The addresses of pictures of view 1, by what they are. */
const addresses = new Map<string, string>();

beforeAll(async () => {
  database = await freshDatabase();
  const { db } = database;
  const pictures = new MemoryPictures();
  await ensureFirstAdmin(db, SAMPLE_PASSWORD);
  await fillSample(db, pictures, Date.now(), 0);
  const scene = await drawScene(pictures, 2);
  const candidate = await insertCandidate(db, { viewId: 1, scene, raisedAt: new Date(), decidedBy: 1 });
  await db.updateTable('view').set({ key: 'preset-1' }).where('id', '=', 1).execute();
  const now = new Date();
  await db
    .insertInto('turret_preset')
    .values({
      camera_id: 1,
      token: 'preset-1',
      name: '一',
      picture_sha256: scene.after,
      pictured_at: now,
      seen_at: now,
    })
    .execute();
  const look = await db
    .selectFrom('look')
    .select('id')
    .where('view_id', '=', 1)
    .where('picture_sha256', 'is not', null)
    .executeTakeFirstOrThrow();
  const baseline = await db.selectFrom('baseline').select('id').where('view_id', '=', 1).executeTakeFirstOrThrow();
  web = await startTestWeb(database, { pictures });
  client = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
  for (const which of ['before', 'after', 'overlay']) {
    addresses.set(`${which} of an item`, `/api/v1/candidates/${candidate}/pictures/${which}.jpg`);
  }
  addresses.set('a view', '/api/v1/views/1/picture.jpg');
  addresses.set('a look', `/api/v1/views/1/looks/${look.id}/picture.jpg`);
  addresses.set('a baseline', `/api/v1/baselines/${baseline.id}/picture.jpg`);
  addresses.set('a preset', '/api/v1/cameras/1/ptz/presets/preset-1/picture.jpg');
  const access = await client.post('/api/v1/evidence/accesses', { reason: '核实线索的来源', purpose: 'case' });
  expect(access.status, access.text).toBe(200);
  addresses.set(
    'a kept picture',
    `/api/v1/evidence/views/1/look/${look.id}/picture.jpg?access=${access.body.id as number}`,
  );
});
afterAll(async () => {
  await web.close();
  await database.close();
});

/** Mean brightness, 0 to 255, of the right half and of the left half. */
async function halvesOf(path: string): Promise<{ left: number; right: number; headers: Headers }> {
  const answer = await client.raw('GET', path);
  expect(answer.status, path).toBe(200);
  const image = sharp(Buffer.from(await answer.arrayBuffer()));
  const { width, height } = await image.metadata();
  const half = async (left: number): Promise<number> => {
    // Figures are of a whole picture, whatever is cut out of it before.
    const part = await image
      .clone()
      .extract({ left, top: 0, width: width / 2 - 8, height })
      .png()
      .toBuffer();
    const { channels } = await sharp(part).stats();
    return Math.max(...channels.slice(0, 3).map(({ mean }) => mean));
  };
  return { left: await half(0), right: await half(width / 2 + 8), headers: answer.headers };
}

it('is so for every picture of a view', async () => {
  for (const [what, path] of addresses) {
    const { left, right } = await halvesOf(path);
    expect(Math.min(left, right), what).toBeGreaterThan(60);
  }
  const etags = new Map<string, string | null>();
  for (const [what, path] of addresses) etags.set(what, (await client.raw('GET', path)).headers.get('etag'));
  const polygon = [
    [0.5, 0],
    [1, 0],
    [1, 1],
    [0.5, 1],
  ];
  const drawn = await client.post('/api/v1/views/1/masks', {
    ...{ kind: 'privacy', name: '', polygon, persistenceRule: null },
  });
  expect(drawn.status, drawn.text).toBe(200);
  for (const [what, path] of addresses) {
    const { left, right, headers } = await halvesOf(path);
    expect(left, what).toBeGreaterThan(60);
    expect(right, what).toBeLessThan(3);
    if (what === 'a kept picture') continue;
    // A browser that kept the picture from before is given the new one.
    expect(headers.get('etag'), what).not.toBe(etags.get(what));
    expect(headers.get('cache-control'), what).toBe('private, no-cache');
    const again = await client.raw('GET', path, undefined, { 'if-none-match': headers.get('etag') ?? '' });
    expect(again.status, what).toBe(304);
  }
});
