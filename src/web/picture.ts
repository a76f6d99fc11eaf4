/**
 * Stored pictures over HTTP: named by what they are, cached by their digest. The view's privacy areas are black in
 * whatever is sent: looks have them burned in before they are stored, and an area that was drawn later is burned in here.
 */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Polygon } from '../base/picture.ts';
import { burnIn } from '../comparison/comparison.ts';
import { readPicture, writeJpeg } from '../drivers/codec/codec.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { WebParts } from './server.ts';

const DIGEST_CHARACTERS = 12;

/** Addresses of pictures carry the beginning of the digest, so that a picture that changes has another address. */
export const PictureQuery = Type.Object({ v: Type.Optional(Type.String({ maxLength: 64 })) });

/** The view that is seen in a picture: by its number, or as a PTZ camera's preset. */
export type SeenView = { readonly viewId: number } | { readonly cameraId: number; readonly viewKey: string };

export function pictureUrl(path: string, sha256: string): string {
  return `${path}?v=${sha256.slice(0, DIGEST_CHARACTERS)}`;
}

/** What must not be seen of a view. */
export async function privacyAreas(db: Db, seen: SeenView): Promise<Polygon[]> {
  const rows = await db
    .selectFrom('mask')
    .innerJoin('view', 'view.id', 'mask.view_id')
    .select('mask.polygon')
    .where('mask.kind', '=', 'privacy')
    .$if('viewId' in seen, (query) => query.where('view.id', '=', 'viewId' in seen ? seen.viewId : 0))
    .$if('viewKey' in seen, (query) =>
      query
        .where('view.camera_id', '=', 'viewKey' in seen ? seen.cameraId : 0)
        .where('view.key', '=', 'viewKey' in seen ? seen.viewKey : ''),
    )
    .orderBy('mask.id')
    .execute();
  return rows.map(({ polygon }) => polygon);
}

/** @returns the JPEG with the areas blackened; the same bytes where there are none */
export async function blackened(jpeg: Uint8Array, areas: readonly Polygon[]): Promise<Uint8Array> {
  if (areas.length === 0) return jpeg;
  const picture = await readPicture(jpeg);
  burnIn(picture, areas);
  return writeJpeg(picture);
}

/**
 * Answers with the JPEG. It is private to whoever is signed in; where the address names the digest it never changes, and
 * elsewhere, or where areas may change it, it is asked for again each time, which costs no bytes while it is the same.
 * @param seen absent for a picture of no view, such as a plan
 */
export async function sendPicture(
  request: FastifyRequest<{ Querystring: { v?: string } }>,
  reply: FastifyReply,
  { db, pictures }: Pick<WebParts, 'db' | 'pictures'>,
  sha256: string,
  seen: SeenView | undefined,
): Promise<FastifyReply> {
  const areas = seen === undefined ? [] : await privacyAreas(db, seen);
  const isFixed = areas.length === 0 && request.query.v === sha256.slice(0, DIGEST_CHARACTERS);
  const masked = areas.length === 0 ? '' : `-${digestOf(areas)}`;
  const etag = `"${sha256}${masked}"`;
  void reply
    .header('etag', etag)
    .header('cache-control', isFixed ? 'private, max-age=31536000, immutable' : 'private, no-cache');
  const known = (request.headers['if-none-match'] ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  if (known.includes(etag) || known.includes('*')) return reply.status(304).send();
  const bytes = await blackened(await pictures.get(sha256), areas);
  return reply.type('image/jpeg').send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

function digestOf(areas: readonly Polygon[]): string {
  return createHash('sha256').update(JSON.stringify(areas)).digest('hex').slice(0, DIGEST_CHARACTERS);
}
