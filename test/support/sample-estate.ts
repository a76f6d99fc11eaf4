/**
 * A believable estate: cameras in every state of health, views that learn, wait, watch and cannot judge, looks, items
 * open, claimed and decided, with real JPEG pictures.
 */
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { SentinelError } from '../../src/base/errors.ts';
import type { Polygon } from '../../src/base/picture.ts';
import type { Db } from '../../src/drivers/postgres/postgres.ts';
import type { CameraState, Severity, VerdictKind, ViewState } from '../../src/drivers/postgres/schema.ts';

const THUMBNAIL = { width: 32, height: 18 };

/** Pictures by digest, as the blob store keeps them. */
export class MemoryPictures {
  readonly #bytes = new Map<string, Uint8Array>();

  put(bytes: Uint8Array): string {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    this.#bytes.set(sha256, bytes);
    return sha256;
  }

  sizeOf(sha256: string): number {
    return this.#bytes.get(sha256)?.length ?? 0;
  }

  all(): Uint8Array[] {
    return [...this.#bytes.values()];
  }

  get(sha256: string): Promise<Uint8Array> {
    const bytes = this.#bytes.get(sha256);
    return bytes ? Promise.resolve(bytes) : Promise.reject(new SentinelError('blob.missing', { sha256 }));
  }

  async thumbnailOf(sha256: string): Promise<{ thumbnail: Buffer; lighting: string }> {
    const bytes = await this.get(sha256);
    const thumbnail = await sharp(bytes)
      .resize({ ...THUMBNAIL, fit: 'fill' })
      .greyscale()
      .raw()
      .toBuffer();
    return { thumbnail, lighting: 'day' };
  }
}

interface SamplePlace {
  key: string;
  name: string;
  place: string;
  health: CameraState;
  reason?: string;
  view: ViewState;
  notJudged?: string;
}

const PLACES: SamplePlace[] = [
  { key: 'tower-1-roof', name: '1号楼屋顶', place: '1号楼 30层屋面', health: 'online', view: 'watching' },
  { key: 'tower-2-roof', name: '2号楼屋顶', place: '2号楼 30层屋面', health: 'online', view: 'watching' },
  { key: 'tower-3-facade', name: '3号楼东立面', place: '3号楼 东侧外墙', health: 'online', view: 'watching' },
  { key: 'fire-lane', name: '消防通道', place: '2号楼北侧消防车道', health: 'online', view: 'watching' },
  { key: 'gate', name: '南大门', place: '小区南门', health: 'online', view: 'watching', notJudged: 'dark' },
  { key: 'road', name: '主干道', place: '中心路', health: 'online', view: 'watching', notJudged: 'pose' },
  {
    key: 'garage',
    name: '地下车库',
    place: 'B1 车库入口',
    health: 'frozen',
    reason: 'frozen',
    view: 'watching',
    notJudged: 'frozen',
  },
  { key: 'terrace-5', name: '5号楼露台', place: '5号楼 12层露台', health: 'online', view: 'proposed' },
  { key: 'terrace-6', name: '6号楼露台', place: '6号楼 8层露台', health: 'online', view: 'proposed' },
  { key: 'villa', name: '别墅区', place: '别墅区 A 排', health: 'online', view: 'learning' },
  {
    key: 'corridor',
    name: '7号楼走廊',
    place: '7号楼 18层走廊',
    health: 'offline',
    reason: 'rtsp.timeout',
    view: 'watching',
  },
  {
    key: 'shed',
    name: '自行车棚',
    place: '4号楼西侧',
    health: 'unauthorised',
    reason: 'rtsp.unauthorised',
    view: 'paused',
  },
];

/** Fills a database that holds at least one account. */
export async function fillSample(db: Db, pictures: MemoryPictures, nowMs: number, candidates: number): Promise<void> {
  const minute = 60_000;
  const at = (minutesAgo: number): Date => new Date(nowMs - minutesAgo * minute);
  const estate = await db
    .insertInto('estate')
    .values({ name: '滨江花园', time_zone: 'Asia/Shanghai' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const admin = await db.selectFrom('app_user').select('id').orderBy('id').executeTakeFirstOrThrow();

  const cameras = await db
    .insertInto('camera')
    .values(
      PLACES.map(({ key, name, place }) => ({
        estate_id: estate.id,
        key,
        name,
        place,
        main_url: `rtsp://127.0.0.1/${key}/main`,
        sub_url: `rtsp://127.0.0.1/${key}/sub`,
        created_at: at(10_000),
      })),
    )
    .returning('id')
    .execute();
  await db
    .insertInto('camera_health')
    .values(
      PLACES.map(({ health, reason }, index) => ({
        camera_id: cameras[index]?.id ?? 0,
        state: health,
        since: at(health === 'online' ? 900 : 17),
        reason: reason ?? null,
        last_frame_at: at(health === 'online' ? 0.1 : 17),
        codec: 'h264',
        width_px: 640,
        height_px: 360,
        clock_offset_ms: index * 37,
        clock_measured_at: at(3),
        errors: health === 'online' ? 0 : 42,
      })),
    )
    .execute();
  const views = await db
    .insertInto('view')
    .values(
      PLACES.map(({ name, view, notJudged }, index) => ({
        camera_id: cameras[index]?.id ?? 0,
        name,
        state: view,
        learning_since: at(600),
        last_look_at: at(0.1),
        last_judged_at: at(notJudged === undefined ? 0.1 : 45),
        not_judged_reason: notJudged ?? null,
        not_judged_since: notJudged === undefined ? null : at(45),
      })),
    )
    .returning('id')
    .execute();

  const scenes = await Promise.all(PLACES.map((_, index) => drawScene(pictures, index)));
  for (const [index, view] of views.entries()) {
    const scene = scenes[index];
    const place = PLACES[index];
    if (!scene || !place) continue;
    const { thumbnail, lighting } = await pictures.thumbnailOf(scene.before);
    const accepted = place.view === 'watching' || place.view === 'paused';
    await db
      .insertInto('baseline')
      .values(
        [0, 1, 2].map((hour) => ({
          view_id: view.id,
          picture_sha256: scene.before,
          thumbnail,
          lighting,
          captured_at: at(2000 + hour * 240),
          state: accepted ? ('accepted' as const) : ('proposed' as const),
          origin: 'learning' as const,
          decided_by: accepted ? admin.id : null,
          decided_at: accepted ? at(1500) : null,
        })),
      )
      .execute();
    await db
      .insertInto('look')
      .values(
        Array.from({ length: 30 }, (_, n) => ({
          view_id: view.id,
          captured_at: at((30 - n) / 6),
          result:
            place.notJudged === undefined
              ? n % 5 === 4
                ? ('changed' as const)
                : ('unchanged' as const)
              : ('not_judged' as const),
          reason: place.notJudged ?? null,
          stage: n % 5 === 4 ? ('network' as const) : ('gate' as const),
          gate_score: 0.1,
          max_score: n % 5 === 4 ? 0.8 : null,
          regions:
            n % 5 === 4
              ? JSON.stringify([{ score: 0.8, box: scene.box, polygon: scene.polygon, areaFraction: 0.03 }])
              : null,
          lighting: 'day',
          picture_sha256: n % 5 === 4 ? scene.after : null,
          compare_ms: n % 5 === 4 ? 180 : 0.4,
        })),
      )
      .execute();
  }
  await db
    .insertInto('mask')
    .values({
      view_id: views[3]?.id ?? 0,
      kind: 'watch',
      name: '消防通道',
      polygon: JSON.stringify([
        [0.1, 0.6],
        [0.9, 0.6],
        [0.9, 0.95],
        [0.1, 0.95],
      ]),
      persistence_rule: JSON.stringify({ found: 3, of: 3, spanS: 300 }),
    })
    .execute();

  for (let n = 0; n < candidates; n++) {
    // Places repeat in time, but only the newest item of a view is open.
    const index = n % PLACES.length;
    const isOpen = n >= candidates - Math.min(PLACES.length - 4, Math.ceil(candidates / 3));
    const scene = scenes[index];
    const view = views[index];
    if (!scene || !view) continue;
    await insertCandidate(db, {
      viewId: view.id,
      scene,
      raisedAt: at((candidates - n) * 37),
      severity: PLACES[index]?.key === 'fire-lane' ? 'safety' : 'normal',
      verdict: isOpen ? undefined : VERDICTS[n % VERDICTS.length],
      decidedBy: admin.id,
    });
  }
}

const VERDICTS: VerdictKind[] = ['violation', 'false_alarm', 'permitted', 'transferred'];

export interface SampleScene {
  before: string;
  after: string;
  overlay: string;
  box: [number, number, number, number];
  polygon: Polygon;
}

export async function insertCandidate(
  db: Db,
  candidate: {
    viewId: number;
    scene: SampleScene;
    raisedAt: Date;
    severity?: Severity;
    verdict?: VerdictKind | undefined;
    decidedBy: number;
  },
): Promise<number> {
  const { viewId, scene, raisedAt, verdict } = candidate;
  const look = await db
    .selectFrom('look')
    .select('id')
    .where('view_id', '=', viewId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  const { id } = await db
    .insertInto('candidate')
    .values({
      view_id: viewId,
      severity: candidate.severity ?? 'normal',
      box: JSON.stringify(scene.box),
      polygon: JSON.stringify(scene.polygon),
      score: 0.6 + ((raisedAt.getTime() / 60_000) % 40) / 100,
      occurrences: 5 + (Math.floor(raisedAt.getTime() / 60_000) % 20),
      first_seen_at: new Date(raisedAt.getTime() - 25 * 60_000),
      last_seen_at: new Date(raisedAt.getTime() + 60_000),
      raised_at: raisedAt,
      raised_by_look_id: look?.id ?? 1,
      machine_result: JSON.stringify({
        modelSha256: 'f'.repeat(64),
        region: { score: 0.8, box: scene.box, polygon: scene.polygon, areaFraction: 0.03 },
      }),
      before_sha256: scene.before,
      after_sha256: scene.after,
      overlay_sha256: scene.overlay,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await db
    .insertInto('evidence_stream')
    .values({
      candidate_id: id,
      view_id: viewId,
      state: 'kept',
      stream: 'main',
      codec: 'h264',
      blob_sha256: 'e'.repeat(64),
      units: JSON.stringify([{ sha256: 'd'.repeat(64), bytes: 48_211, rtpTimestamp: 1, arrivedAtMs: 2, isKey: true }]),
      captured_at: raisedAt,
    })
    .execute();
  if (verdict === undefined) return id;
  const decidedAt = new Date(raisedAt.getTime() + 5 * 60_000);
  const row = await db
    .insertInto('verdict')
    .values({ candidate_id: id, verdict, reason: '现场核实', decided_by: candidate.decidedBy, decided_at: decidedAt })
    .returning('id')
    .executeTakeFirstOrThrow();
  await db
    .updateTable('candidate')
    .set({ state: 'decided', verdict, verdict_id: row.id, version: 2 })
    .where('id', '=', id)
    .execute();
  return id;
}

/** A block of flats in one of several lights, and the same with a hut on its roof. */
export async function drawScene(pictures: MemoryPictures, variant: number): Promise<SampleScene> {
  const width = 640;
  const height = 360;
  const hue = (variant * 47) % 360;
  const roofY = 170 + (variant % 4) * 12;
  const hutX = 90 + ((variant * 83) % 360);
  const windows = Array.from({ length: 40 }, (_, n) => {
    const x = 60 + (n % 10) * 54;
    const y = roofY + 24 + Math.floor(n / 10) * 40;
    return `<rect x="${x}" y="${y}" width="26" height="22" fill="hsl(210 30% ${30 + ((n * 7 + variant) % 5) * 6}%)"/>`;
  }).join('');
  const still = `
    <defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="hsl(${200 + (variant % 5) * 8} 45% 72%)"/>
    <stop offset="1" stop-color="hsl(${200 + (variant % 5) * 8} 30% 88%)"/></linearGradient></defs>
    <rect width="${width}" height="${height}" fill="url(#sky)"/>
    <rect x="0" y="${roofY - 50}" width="200" height="240" fill="hsl(${hue} 8% 64%)"/>
    <rect x="30" y="${roofY}" width="580" height="220" fill="hsl(${hue} 14% 76%)"/>
    <rect x="24" y="${roofY - 8}" width="592" height="12" fill="hsl(${hue} 12% 58%)"/>
    ${windows}
    <rect x="520" y="${roofY - 44}" width="44" height="38" fill="hsl(30 6% 52%)"/>`;
  const hut = { x: hutX, y: roofY - 52, width: 108, height: 46 };
  const built = `
    <polygon points="${hut.x},${hut.y + 14} ${hut.x + hut.width},${hut.y + 14} ${hut.x + hut.width - 10},${hut.y} ${hut.x + 10},${hut.y}" fill="hsl(212 62% 42%)"/>
    <rect x="${hut.x}" y="${hut.y + 14}" width="${hut.width}" height="${hut.height - 14}" fill="hsl(205 18% 86%)"/>
    <rect x="${hut.x + 14}" y="${hut.y + 22}" width="20" height="24" fill="hsl(205 12% 40%)"/>`;
  const outline = `<rect x="${hut.x - 3}" y="${hut.y - 3}" width="${hut.width + 6}" height="${hut.height + 6}" fill="hsl(0 90% 55% / 0.25)" stroke="hsl(0 90% 50%)" stroke-width="3"/>`;
  const jpeg = (body: string): Promise<Buffer> =>
    sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`))
      .jpeg({ quality: 85 })
      .toBuffer();
  const [before, after, overlay] = await Promise.all([jpeg(still), jpeg(still + built), jpeg(still + built + outline)]);
  const left = hut.x / width;
  const top = hut.y / height;
  const right = (hut.x + hut.width) / width;
  const bottom = (hut.y + hut.height) / height;
  return {
    before: pictures.put(before),
    after: pictures.put(after),
    overlay: pictures.put(overlay),
    box: [left, top, right - left, bottom - top],
    polygon: [
      [left, top],
      [right, top],
      [right, bottom],
      [left, bottom],
    ],
  };
}
