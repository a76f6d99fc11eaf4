/**
 * Stills: the newest picture that may be shown of a camera or a view, and its moment by the server's clock. Asking for
 * one is the wish to see it refreshed: for a minute every look of its views is kept as a still.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LIMITS } from '../../base/limits.ts';
import { shrinkJpeg } from '../../drivers/codec/codec.ts';
import { newestPicture, readStill, wishStills, type NewestPicture } from '../../wall/wall.ts';
import { IdParams, StillQuery } from '../contract.ts';
import type { Server, WebParts } from '../server.ts';

/** How long a browser may show a picture again without asking: its address names its moment. */
const FRESH_S = 600;

export function stillRoutes(server: Server, { db, clock, pictures, wishForStills }: WebParts): void {
  const small = new SmallStills();

  const send = async (
    request: FastifyRequest<{ Querystring: { size?: 'small' | 'look'; v?: string } }>,
    reply: FastifyReply,
    newest: NewestPicture,
  ): Promise<FastifyReply> => {
    // The still may have been renewed meanwhile: what is sent says its own moment.
    const still = newest.sha256 === null ? await readStill(db, newest.viewId) : undefined;
    const capturedAt = still?.capturedAt ?? newest.capturedAt;
    const { size = 'look', v } = request.query;
    const etag = `"${newest.viewId}-${capturedAt.getTime()}-${size}"`;
    void reply
      .header('etag', etag)
      .header('x-captured-at', capturedAt.toISOString())
      .header('x-server-time', new Date(clock.nowMs()).toISOString())
      .header('x-view-id', newest.viewId)
      .header(
        'cache-control',
        v === String(capturedAt.getTime()) ? `private, max-age=${FRESH_S}, immutable` : 'private, no-cache',
      );
    if ((request.headers['if-none-match'] ?? '').includes(etag)) return reply.status(304).send();
    const whole = async (): Promise<Uint8Array> => still?.jpeg ?? (await pictures.get(newest.sha256 ?? ''));
    const bytes = size === 'small' ? await small.of(etag, whole) : await whole();
    return reply.type('image/jpeg').send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  };

  server.get(
    '/api/v1/cameras/:id/still.jpg',
    {
      config: { permission: 'views.read' },
      schema: {
        tags: ['wall'],
        summary: 'The newest picture of a camera, masks burned in; `x-captured-at` says of when',
        params: IdParams,
        querystring: StillQuery,
      },
    },
    async (request, reply) => {
      const cameraId = request.params.id;
      const newest = await newestPicture(db, { cameraId }).finally(() => wishForStills([cameraId]));
      return send(request, reply, newest);
    },
  );

  server.get(
    '/api/v1/views/:id/still.jpg',
    {
      config: { permission: 'views.read' },
      schema: {
        tags: ['wall'],
        summary: 'The newest picture of a view, masks burned in; `x-captured-at` says of when',
        params: IdParams,
        querystring: StillQuery,
      },
    },
    async (request, reply) => {
      const viewId = request.params.id;
      const view = await db.selectFrom('view').select('camera_id').where('id', '=', viewId).executeTakeFirst();
      if (view) await wishForStills([view.camera_id]);
      return send(request, reply, await newestPicture(db, { viewId }));
    },
  );
}

/**
 * Wishes are written once in half their time, not with every request.
 * @returns wishes for stills of cameras; never fails
 */
export function stillWisher({ db, clock, log }: Pick<WebParts, 'db' | 'clock' | 'log'>): WebParts['wishForStills'] {
  const wishedAtMs = new Map<number, number>();
  return async (cameraIds) => {
    const nowMs = clock.monotonicMs();
    const due = [...new Set(cameraIds)].filter((id) => {
      const at = wishedAtMs.get(id);
      return at === undefined || nowMs - at >= LIMITS.stillWishMs / 2;
    });
    if (due.length === 0) return;
    for (const id of due) {
      wishedAtMs.delete(id);
      wishedAtMs.set(id, nowMs);
    }
    while (wishedAtMs.size > LIMITS.viewsRemembered) wishedAtMs.delete(wishedAtMs.keys().next().value as number);
    try {
      await wishStills(db, due, new Date(clock.nowMs() + LIMITS.stillWishMs));
    } catch (thrown) {
      for (const id of due) wishedAtMs.delete(id);
      log.warn({ err: thrown }, 'stills could not be wished for');
    }
  };
}

/** Small pictures made lately, by the etag of what they were made of. */
class SmallStills {
  readonly #made = new Map<string, Promise<Buffer>>();

  of(etag: string, whole: () => Promise<Uint8Array>): Promise<Buffer> {
    const known = this.#made.get(etag);
    if (known) return known;
    const made = whole().then((jpeg) => shrinkJpeg(jpeg, LIMITS.smallStillWidthPx));
    this.#made.set(etag, made);
    made.catch(() => this.#made.delete(etag));
    if (this.#made.size > LIMITS.smallStillsKept) this.#made.delete(this.#made.keys().next().value as string);
    return made;
  }
}
