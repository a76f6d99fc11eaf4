/**
 * Builds the pages into `dist/ui`. No script, style or picture is inlined and nothing is fetched from another host, so
 * the server can answer with a strict content security policy. `SENTINEL_DEV_SERVER` points the development proxy at a
 * running server.
 */
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

const server = process.env['SENTINEL_DEV_SERVER'] ?? 'http://127.0.0.1:8080';

/** JSMpeg adds the style of a player that no page shows; the pages' security policy refuses it, and complains each time. */
const withoutInjectedStyle = {
  name: 'without-injected-style',
  transform(code: string, id: string) {
    if (!id.includes('@cycjimmy/jsmpeg-player')) return undefined;
    return { code: code.replace(/^styleInject\(\w+\);$/m, ''), map: null };
  },
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [vue(), withoutInjectedStyle],
  define: {
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    outDir: '../../dist/ui',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/api': { target: server }, '/docs': { target: server } } },
});
