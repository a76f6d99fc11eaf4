/** `sentinel verify PACKAGE…`: checks evidence packages, offline and with no configuration, and says in words what it found. */
import { parseArgs } from 'node:util';
import { problemOf, SentinelError } from './base/errors.ts';
import {
  checkPackageFile,
  reportText,
  uiWord,
  type CheckReport,
  type Language,
  type UiWord,
} from './evidence/evidence.ts';

export const VERIFY_USAGE = `sentinel verify PACKAGE.zip [PACKAGE.zip …] [--key FINGERPRINT] [--lang zh|en] [--json]

Checks evidence packages by themselves: no network, no database, no configuration.

  --key   fingerprint of the key they must be signed with, 64 hexadecimal digits, from the estate's daily sheet
  --lang  zh or en; otherwise as LANG says
  --json  the whole report as JSON, one line a package

Ends with 0 where nothing was found wrong, 1 where something was, 2 where it was called wrongly.
`;

interface Streams {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown };
}

export async function runVerify(
  args: readonly string[],
  { stdout, stderr }: Streams,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const { values, positionals } = readArguments(args);
  if (values.help === true || positionals.length === 0) {
    (values.help === true ? stdout : stderr).write(VERIFY_USAGE);
    return values.help === true ? 0 : 2;
  }
  const language: Language =
    values.lang === undefined
      ? (env['LC_ALL'] ?? env['LANG'] ?? '').startsWith('zh')
        ? 'zh'
        : 'en'
      : (values.lang as Language);
  let isWhole = true;
  const reports: CheckReport[] = [];
  for (const file of positionals) {
    const report = await checkPackageFile(file, { ...(values.key !== undefined && { keyId: values.key }) }).catch(
      (thrown: unknown) => {
        throw new SentinelError(
          'config.usage',
          { problem: `${file} cannot be read: ${problemOf(thrown)}` },
          { cause: thrown },
        );
      },
    );
    reports.push(report);
    isWhole &&= report.ok;
    stdout.write(values.json === true ? `${JSON.stringify({ file, ...report })}\n` : written(file, report, language));
  }
  const missing = missingParts(reports);
  if (missing !== undefined && values.json !== true) {
    stdout.write(language === 'zh' ? `\n注意：未提供第 ${missing} 卷。\n` : `\nNote: part ${missing} was not given.\n`);
  }
  return isWhole ? 0 : 1;
}

function readArguments(args: readonly string[]) {
  try {
    const read = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        key: { type: 'string' },
        lang: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const { key, lang } = read.values;
    if (key !== undefined && !/^[0-9a-f]{64}$/i.test(key.replace(/[\s:]/g, ''))) {
      throw new Error('--key wants the 64 hexadecimal digits of a fingerprint');
    }
    if (lang !== undefined && lang !== 'zh' && lang !== 'en') throw new Error('--lang wants zh or en');
    return read;
  } catch (thrown) {
    throw new SentinelError('config.usage', { problem: `${problemOf(thrown)}\n\n${VERIFY_USAGE}` }, { cause: thrown });
  }
}

const MARKS = { proven: '✓', failed: '✗', open: '?', unchecked: '–' } as const;

function written(file: string, report: CheckReport, language: Language): string {
  const text = reportText(report, language);
  const title = (word: UiWord): string => `\n  ${uiWord(word, language)}\n`;
  const lines = [`${file}\n${text.verdict}\n`];
  if (text.findings.length > 0) {
    lines.push(title('found'));
    for (const { text: what, where } of text.findings)
      lines.push(`    ✗ ${what}${where === '' ? '' : ` (${where})`}\n`);
  }
  lines.push(title('proven'));
  for (const claim of text.claims) lines.push(`    ${MARKS[claim.state]} ${claim.text} [${claim.stateText}]\n`);
  lines.push(title('notProven'));
  for (const remark of text.remarks) lines.push(`    · ${remark}\n`);
  lines.push('\n');
  if (text.key !== null) lines.push(`  ${uiWord('key', language)}: ${text.key}\n`);
  if (text.head !== null) lines.push(`  ${uiWord('head', language)}: ${text.head}\n`);
  return lines.join('');
}

/** Numbers of the parts that were not among the files, where any were parts of one package. */
function missingParts(reports: readonly CheckReport[]): string | undefined {
  const manifests = reports.map(({ facts }) => facts.manifest).filter((manifest) => manifest !== null);
  const parts = manifests[0]?.parts ?? 1;
  const here = new Set(manifests.map(({ part }) => part));
  const missing = Array.from({ length: parts }, (_, index) => index + 1).filter((part) => !here.has(part));
  return missing.length === 0 ? undefined : missing.join(', ');
}
