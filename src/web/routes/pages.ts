/** The built pages. Where they have not been built, a page that says how. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SentinelError } from '../../base/errors.ts';
import type { Server } from '../server.ts';

const UNBUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sentinel</title>
<h1>The pages have not been built</h1>
<p>The API answers under <code>/api/v1</code>. To build the pages, run <code>npm run build</code> and start again.</p>
<p lang="zh">页面尚未构建。请运行 <code>npm run build</code> 后重新启动；接口位于 <code>/api/v1</code>。</p>
</html>
`;

/** Addresses that are never a page. */
const NO_PAGE = /^\/(?:api|docs|assets|metrics|healthz|readyz)(?:\/|$)/;

/** @param uiDir where `index.html` and `assets/` lie */
export async function pageRoutes(server: Server, uiDir: string): Promise<void> {
  const indexFile = path.join(uiDir, 'index.html');
  const built = existsSync(indexFile);
  const page = built ? await readFile(indexFile, 'utf8') : UNBUILT;

  if (built) {
    await server.register(async (scope) => {
      scope.addHook('onRoute', (route) => {
        route.config = { ...route.config, permission: 'public' };
      });
      await scope.register(fastifyStatic, {
        root: path.resolve(uiDir),
        schemaHide: true,
        dotfiles: 'ignore',
        cacheControl: false,
        setHeaders(response, file) {
          // What the build put under assets/ carries a digest in its name.
          const hashed = path.relative(uiDir, file).startsWith(`assets${path.sep}`);
          void response.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
        },
      });
    });
  }

  server.setNotFoundHandler((request, reply) => {
    const pathname = request.url.split('?')[0] ?? '';
    if (wantsPage(request) && !NO_PAGE.test(pathname)) return sendPage(reply, page, built);
    throw new SentinelError('web.not_found', { path: pathname.slice(0, 200) });
  });
}

/** Pages find their way by themselves from any address, so each of them answers with the same document. */
function wantsPage(request: FastifyRequest): boolean {
  const readsPages = (request.headers.accept ?? '').includes('text/html');
  return readsPages && (request.method === 'GET' || request.method === 'HEAD');
}

function sendPage(reply: FastifyReply, page: string, built: boolean): FastifyReply {
  return reply
    .status(built ? 200 : 503)
    .header('cache-control', 'no-cache')
    .type('text/html; charset=utf-8')
    .send(page);
}
