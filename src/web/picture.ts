/** Stored pictures over HTTP: named by what they are, cached by their digest. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { PictureStore } from './server.ts';

const DIGEST_CHARACTERS = 12;

/** Addresses of pictures carry the beginning of the digest, so that a picture that changes has another address. */
export const PictureQuery = Type.Object({ v: Type.Optional(Type.String({ maxLength: 64 })) });

export function pictureUrl(path: string, sha256: string): string {
  return `${path}?v=${sha256.slice(0, DIGEST_CHARACTERS)}`;
}

/**
 * Answers with the JPEG. It is private to whoever is signed in; where the address names the digest it never changes, and
 * elsewhere it is asked for again each time, which costs no bytes while it is the same.
 */
export async function sendPicture(
  request: FastifyRequest<{ Querystring: { v?: string } }>,
  reply: FastifyReply,
  pictures: PictureStore,
  sha256: string,
): Promise<FastifyReply> {
  const named = request.query.v === sha256.slice(0, DIGEST_CHARACTERS);
  const etag = `"${sha256}"`;
  void reply
    .header('etag', etag)
    .header('cache-control', named ? 'private, max-age=31536000, immutable' : 'private, no-cache');
  const known = (request.headers['if-none-match'] ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  if (known.includes(etag) || known.includes('*')) return reply.status(304).send();
  const bytes = await pictures.get(sha256);
  return reply.type('image/jpeg').send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
