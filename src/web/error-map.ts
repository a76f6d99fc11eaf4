/**
 * Every failure as one shape, `{ error: { code, message, details } }`, in the reader's language. What the server itself
 * did wrong is logged under an id, and only the id leaves.
 */
import type { FastifyError, FastifyRequest } from 'fastify';
import { SentinelError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { ErrorBody } from './contract.ts';
import type { Server } from './server.ts';

/** Registers the error handler. */
export function mapErrors(server: Server, log: Logger): void {
  server.setErrorHandler<FastifyError>(async (thrown, request, reply) => {
    const error = asSentinelError(thrown, request);
    const shown = error.status >= 500 ? withoutInternals(error, request) : error;
    if (error.status >= 500)
      log.error({ errorId: request.id, err: thrown, route: routeOf(request) }, 'a request failed');
    const retryAfterS = shown.details['retryAfterS'];
    if (typeof retryAfterS === 'number') void reply.header('retry-after', retryAfterS);
    return reply.status(shown.status).type('application/json').send(errorBody(shown, request));
  });
}

/** @param more put beside the error's details, such as the present state of what was to be changed */
export function errorBody(
  error: SentinelError,
  request: FastifyRequest,
  more: Record<string, unknown> = {},
): ErrorBody {
  const message = error.messageIn(languageOf(request.headers['accept-language']));
  return { error: { code: error.code, message, details: { ...error.details, ...more } } };
}

/** The better liked of Chinese and English (RFC 9110 section 12.5.4); English where neither is named. */
export function languageOf(header: string | undefined): 'zh' | 'en' {
  let best: { language: 'zh' | 'en'; quality: number } | undefined;
  for (const part of (header ?? '').split(',')) {
    const match = /^\s*(zh|en)(?:-[\w-]+)?\s*(?:;\s*q=([\d.]+))?\s*$/i.exec(part);
    if (!match) continue;
    const quality = match[2] === undefined ? 1 : Number(match[2]);
    const language = match[1]?.toLowerCase() === 'zh' ? 'zh' : 'en';
    if (quality > (best?.quality ?? 0)) best = { language, quality };
  }
  return best?.language ?? 'en';
}

/** The route's pattern, never the address asked for: one label per route, and no text of the caller's in it. */
export function routeOf(request: FastifyRequest): string {
  return request.is404 ? 'none' : `${request.method} ${request.routeOptions.url}`;
}

function asSentinelError(thrown: FastifyError, request: FastifyRequest): SentinelError {
  if (thrown instanceof SentinelError) return thrown;
  const cause = { cause: thrown };
  switch (thrown.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
    case 'FST_REQ_FILE_TOO_LARGE': {
      const limitBytes = request.routeOptions.bodyLimit;
      return new SentinelError('web.body_too_large', { limitBytes }, cause);
    }
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_TYPE': {
      const mediaType = (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
      return new SentinelError(
        'web.media_type',
        { mediaType: mediaType.slice(0, 100) || 'a body without a type' },
        cause,
      );
    }
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new SentinelError('web.bad_json', {}, cause);
    default:
      break;
  }
  if (typeof thrown.statusCode === 'number' && thrown.statusCode >= 400 && thrown.statusCode < 500) {
    return new SentinelError('web.bad_request', {}, cause);
  }
  return new SentinelError('web.internal', { errorId: request.id }, cause);
}

/** A driver's own words may name hosts and files; the reader gets the code and where the log tells more. */
function withoutInternals(error: SentinelError, request: FastifyRequest): SentinelError {
  if (!('problem' in error.details)) return error;
  return new SentinelError(error.code, { ...error.details, problem: request.id, errorId: request.id });
}
