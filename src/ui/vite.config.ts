/**
 * Builds the pages into `dist/ui`. No script, style or picture is inlined and nothing is fetched from another host, so
 * the server can answer with a strict content security policy. `SENTINEL_DEV_SERVER` points the development proxy at a
 * running server.
 */
import vue from '@vitejs/plugin-vue';
import { defineConfig, type Plugin } from 'vite';

const server = process.env['SENTINEL_DEV_SERVER'] ?? 'http://127.0.0.1:8080';

/**
 * JSMpeg's package brings a video element of its own, which is not used, and puts its style into the page as it loads: an
 * inline style, which the pages' security policy refuses.
 */
function withoutInlineStyle(): Plugin {
  return {
    name: 'without-inline-style',
    transform(code, id) {
      if (!id.includes('jsmpeg-player')) return undefined;
      const stripped = code.replace(/^styleInject\(\w+\);$/m, '');
      if (stripped === code) this.error('jsmpeg-player no longer puts its style where it was taken out');
      return { code: stripped, map: null };
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [vue(), withoutInlineStyle()],
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
