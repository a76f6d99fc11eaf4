/** Files that are sent: as a form's one file, or as the body itself. Routes that take them stand in a scope of their own. */
import multipart from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { SentinelError } from '../base/errors.ts';
import { textOfFile } from '../base/text-file.ts';
import type { Server } from './server.ts';

/** What a form adds around its file. */
export const FORM_BYTES = 64 * 1024;

const formLimits = (fileSize: number) => ({ files: 1, fields: 4, parts: 5, fieldSize: 1024, fileSize });

/**
 * Registers routes that take a file, apart from all others: only there are bodies other than JSON read.
 * @param upload.types media types of a file that is the body itself
 */
export function uploads(
  server: Server,
  upload: { readonly types: readonly string[]; readonly bytes: number },
  register: (scope: Server) => void,
): void {
  void server.register(async (scope) => {
    await scope.register(multipart, { limits: formLimits(upload.bytes) });
    scope.addContentTypeParser([...upload.types], { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    register(scope);
  });
}

/** @throws SentinelError web.invalid where there is none, web.body_too_large */
export async function uploadedFile(
  request: FastifyRequest,
  limitBytes: number,
): Promise<{ bytes: Buffer; name: string }> {
  if (!request.isMultipart()) {
    if (Buffer.isBuffer(request.body) && request.body.length > 0) return { bytes: request.body, name: '' };
    throw new SentinelError('web.invalid', { field: 'body', problem: 'is empty', part: 'body' });
  }
  const file = await request.file({ limits: formLimits(limitBytes) });
  if (!file) throw new SentinelError('web.invalid', { field: 'file', problem: 'is missing', part: 'body' });
  const bytes = await file.toBuffer();
  // The library notices by itself only where the end of the file comes in a chunk of its own.
  if (file.file.truncated) throw new SentinelError('web.body_too_large', { limitBytes });
  return { bytes, name: file.filename };
}

/** @throws SentinelError web.invalid for a file that is no text */
export function textOf(bytes: Buffer): string {
  const text = textOfFile(bytes);
  if (!text.includes('\0')) return text;
  throw new SentinelError('web.invalid', { field: 'file', problem: 'is not a text', part: 'body' });
}
