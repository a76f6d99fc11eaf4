/**
 * The page inside every package: checks the package's ZIP file in the browser, with the same code as the command line and
 * without any network. It is one file; its policy forbids it to load or send anything.
 */
import { checkPackage, type CheckReport, type PackageBytes } from '../package-check.ts';
import { locateEntries } from '../package-container.ts';
import type { ManifestFile } from '../package-form.ts';
import { reportText, uiWord, type Language } from '../package-words.ts';
import type { SnapshotRecord } from '../snapshot.ts';
import './style.css';
import { PAGE_WORDS, type PageWord } from './words.ts';

let language: Language = navigator.language.startsWith('zh') ? 'zh' : 'en';
let file: File | undefined;
let keyId = '';
let report: CheckReport | undefined;
let progress = 0;
let problem = '';
/** Raised with each check, so that one that was overtaken shows nothing. */
let turn = 0;
let urls: string[] = [];

const root = document.getElementById('page') as HTMLElement;
const say = (word: PageWord): string => PAGE_WORDS[word][language];

type Child = Node | string | undefined | false;

function make(tag: string, properties: Record<string, string> = {}, ...children: readonly Child[]): HTMLElement {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) node.setAttribute(name, value);
  node.append(...children.filter((child): child is Node | string => child !== undefined && child !== false));
  return node;
}

function bytesOf(source: File): PackageBytes {
  return {
    size: source.size,
    read: async (offset, length) =>
      offset < 0 ? new Uint8Array() : new Uint8Array(await source.slice(offset, offset + length).arrayBuffer()),
  };
}

async function check(): Promise<void> {
  const mine = ++turn;
  if (!file) return;
  report = undefined;
  problem = '';
  progress = 0;
  show();
  try {
    const checked = await checkPackage(bytesOf(file), {
      ...(keyId !== '' && { keyId }),
      onProgress: (done, all) => {
        progress = Math.min(1, done / all);
        if (mine === turn) document.querySelector('progress')?.setAttribute('value', String(progress));
      },
    });
    if (mine === turn) report = checked;
  } catch (thrown) {
    problem = thrown instanceof Error ? thrown.message : String(thrown);
  }
  if (mine === turn) show();
}

function choose(chosen: File | undefined): void {
  if (!chosen) return;
  file = chosen;
  void check();
}

function show(): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = say('title');
  for (const url of urls) URL.revokeObjectURL(url);
  urls = [];
  root.replaceChildren(head(), chooser(), ...result());
}

function head(): HTMLElement {
  const other: Language = language === 'zh' ? 'en' : 'zh';
  const button = make(
    'button',
    { type: 'button', class: 'language', lang: other === 'zh' ? 'zh-CN' : 'en' },
    say('other'),
  );
  button.addEventListener('click', () => {
    language = other;
    show();
    (document.querySelector('.language') as HTMLElement).focus();
  });
  return make('header', {}, make('h1', {}, say('title')), button, make('p', {}, say('intro')));
}

function chooser(): HTMLElement {
  const input = make('input', { type: 'file', id: 'file', accept: '.zip,application/zip' }) as HTMLInputElement;
  input.addEventListener('change', () => choose(input.files?.[0]));
  const drop = make(
    'label',
    { class: 'drop', for: 'file' },
    make('strong', {}, file ? file.name : say('choose')),
    make('span', {}, file ? `${file.size.toLocaleString()} B` : say('chooseHint')),
    input,
  );
  drop.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    choose(event.dataTransfer?.files[0]);
  });
  const key = make('input', {
    ...{ id: 'key', type: 'text', spellcheck: 'false', autocomplete: 'off', placeholder: say('keyHint'), value: keyId },
  }) as HTMLInputElement;
  key.addEventListener('change', () => {
    keyId = key.value.toLowerCase().replace(/[^0-9a-f]/g, '');
    void check();
  });
  return make('section', { class: 'chooser' }, drop, make('label', { for: 'key' }, say('key')), key);
}

function result(): HTMLElement[] {
  if (problem !== '') return [make('section', { class: 'verdict broken', role: 'alert' }, make('h2', {}, problem))];
  if (!file) return [make('section', { class: 'empty' }, make('p', {}, say('empty')))];
  if (!report) {
    const bar = make('progress', { value: String(progress), max: '1' });
    return [make('section', { role: 'status' }, make('p', {}, say('working')), bar)];
  }
  const text = reportText(report, language);
  const verdict = make(
    'section',
    {
      class: `verdict ${report.ok ? 'whole' : 'broken'}`,
      role: report.ok ? 'status' : 'alert',
      'data-ok': String(report.ok),
    },
    make('h2', {}, text.verdict),
    report.ok && report.claims.key !== 'proven' ? make('p', {}, say('compareKey')) : undefined,
  );
  const sections = [verdict];
  if (text.findings.length > 0) {
    const items = text.findings.map(({ text: what, where }) =>
      make('li', {}, make('strong', {}, what), make('span', {}, where)),
    );
    sections.push(
      make('section', { class: 'findings' }, make('h3', {}, uiWord('found', language)), make('ul', {}, ...items)),
    );
  }
  const claims = text.claims.map(({ state, stateText, text: what }) =>
    make('li', { class: state }, make('span', { class: 'state' }, stateText), make('span', {}, what)),
  );
  sections.push(
    make('section', { class: 'claims' }, make('h3', {}, uiWord('proven', language)), make('ul', {}, ...claims)),
    make(
      'section',
      { class: 'remarks' },
      make('h3', {}, uiWord('notProven', language)),
      make('ul', {}, ...text.remarks.map((remark) => make('li', {}, remark))),
    ),
    facts(report, text),
  );
  if (report.facts.manifest) sections.push(contents(report, file));
  return sections;
}

function facts({ facts: { manifest } }: CheckReport, text: ReturnType<typeof reportText>): HTMLElement {
  const rows: [string, string | null | undefined][] = [
    [uiWord('key', language), text.key?.replace(/(.{8})(?=.)/g, '$1 ')],
    [uiWord('head', language), text.head],
    [say('estate'), manifest?.estate.name],
    [say('madeAt'), manifest && `${manifest.madeAtLocal} (${manifest.estate.timeZone})`],
    [
      say('madeBy'),
      manifest &&
        [manifest.madeBy.displayName || manifest.madeBy.name, manifest.madeBy.unit].filter(Boolean).join(' · '),
    ],
    [say('purpose'), manifest?.purpose],
    [say('reason'), manifest?.reason],
    [say('recipient'), manifest?.recipient],
  ];
  const list = rows
    .filter((row): row is [string, string] => typeof row[1] === 'string' && row[1] !== '')
    .flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]);
  return make('section', { class: 'facts' }, make('h3', {}, say('facts')), make('dl', {}, ...list));
}

/** The pictures and recordings, shown out of the package itself. */
function contents({ facts: { manifest, snapshots } }: CheckReport, source: File): HTMLElement {
  const section = make('section', { class: 'contents' }, make('h3', {}, say('contents')));
  if (manifest) void fillContents(section, manifest.files, snapshots, source);
  return section;
}

async function fillContents(
  section: HTMLElement,
  files: readonly ManifestFile[],
  snapshots: readonly SnapshotRecord[],
  source: File,
): Promise<void> {
  const mine = turn;
  const located = await locateEntries(bytesOf(source));
  if (mine !== turn) return;
  const urlOf = ({ path }: ManifestFile, type: string): string => {
    const entry = located.get(path);
    const url = URL.createObjectURL(source.slice(entry?.dataAt ?? 0, (entry?.dataAt ?? 0) + (entry?.bytes ?? 0), type));
    urls.push(url);
    return url;
  };
  for (const record of snapshots) {
    const own = new Set([record.stream.file?.sha256, ...record.pictures.map(({ file: { sha256 } }) => sha256)]);
    const shown = files.filter(({ sha256, derivedFrom }) => own.has(sha256) || own.has(derivedFrom));
    const media = shown.flatMap((one) => {
      const caption = make('figcaption', {}, one.path);
      if (one.role === 'playable') {
        return [
          make(
            'figure',
            {},
            make('video', { src: urlOf(one, 'video/mp4'), controls: '', preload: 'metadata' }),
            caption,
          ),
        ];
      }
      const isPicture = (one.role === 'picture' || one.role === 'marked') && one.path.endsWith('.jpg');
      return isPicture
        ? [make('figure', {}, make('img', { src: urlOf(one, 'image/jpeg'), alt: one.path, loading: 'lazy' }), caption)]
        : [];
    });
    const place = record.camera.place || record.camera.name;
    section.append(
      make(
        'article',
        {},
        make('h4', {}, place),
        make('p', {}, `${record.sealedAt} · ${record.id}`),
        make('div', { class: 'media' }, ...media),
      ),
    );
  }
}

show();
