/**
 * Builds the page into one file, `dist/verifier/index.html`: script and style inside it, and a policy that lets it run that
 * very script, show pictures out of the package, and reach nothing else.
 */
import { createHash } from 'node:crypto';
import { defineConfig, type Plugin } from 'vite';

function oneFile(): Plugin {
  return {
    name: 'one-file',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const outputs = Object.values(bundle);
      const page = outputs.find((output) => output.type === 'asset' && output.fileName.endsWith('.html'));
      if (page?.type !== 'asset') return;
      const script = outputs.flatMap((output) => (output.type === 'chunk' ? [output.code.trim()] : [])).join('\n');
      const style = outputs
        .flatMap((output) =>
          output.type === 'asset' && output.fileName.endsWith('.css') ? [String(output.source)] : [],
        )
        .join('\n');
      // What ends a script element would end it here too.
      const inline = script.replaceAll('</script', '<\\/script');
      const allow = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
      const policy = `default-src 'none'; script-src ${allow(inline)}; style-src ${allow(style)}; img-src blob:; media-src blob:; base-uri 'none'; form-action 'none'`;
      page.source = String(page.source)
        .replace(/<script[^>]*src=[^>]*><\/script>\s*/g, '')
        .replace(/<link[^>]*stylesheet[^>]*>\s*/g, '')
        .replace(
          '<meta charset="utf-8" />',
          () => `<meta charset="utf-8" />\n    <meta http-equiv="Content-Security-Policy" content="${policy}" />`,
        )
        .replace('</head>', () => `<style>${style}</style>\n  </head>`)
        .replace('</body>', () => `<script type="module">${inline}</script>\n  </body>`);
      for (const name of Object.keys(bundle)) if (name !== page.fileName) Reflect.deleteProperty(bundle, name);
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [oneFile()],
  build: {
    outDir: '../../../dist/verifier',
    emptyOutDir: true,
    // Offices' browsers are not always new.
    target: 'chrome87',
    modulePreload: false,
    cssCodeSplit: false,
  },
});
