/**
 * The statement that lies on top of a package: what is here, how it was made, when, by whom, and what it is to prove, in
 * Chinese with English below. It says no more than the records do, and what they do not prove.
 *
 * The four headings are those that the rules of evidence ask of a copy of electronic data (最高人民法院关于行政诉讼证据若干问题的规定
 * 第十二条: 制作方法、制作时间、制作人、证明对象).
 */
import { timeIn } from '../base/wall-time.ts';
import { print, type PrintedPicture, type Sheet } from '../drivers/print/print.ts';
import type { PackageManifest } from './package-form.ts';
import type { SnapshotRecord } from './snapshot.ts';
import { personName, snapshotFacts, WORDS, type Both } from './statement-words.ts';

export interface StatementPicture {
  readonly role: string;
  readonly jpeg: Uint8Array;
  readonly takenAt: string | null;
  /** It was drawn on for this package. */
  readonly isMarked: boolean;
}

export interface StatementSnapshot {
  readonly record: SnapshotRecord;
  /** Index of its log entry. */
  readonly entry: number;
  readonly pictures: readonly StatementPicture[];
}

/** Something that was done with the evidence, as the log has it. */
export interface CustodyLine {
  readonly at: string;
  readonly kind: string;
  readonly who: string;
  readonly text: string;
}

export interface StatementContents {
  readonly manifest: Omit<PackageManifest, 'files' | 'entries'>;
  readonly keyId: string;
  readonly snapshots: readonly StatementSnapshot[];
  readonly custody: readonly CustodyLine[];
}

/** Order in which the pictures of a snapshot are shown, and how many of a role at most. */
const SHOWN_ROLES = ['before', 'after', 'overlay', 'still', 'look', 'baseline', 'plan'] as const;
const SHOWN_OF_ROLE = 2;

/** @returns the PDF */
export function printStatement(contents: StatementContents): Promise<Buffer> {
  const { manifest } = contents;
  const at = timeIn(manifest.estate.timeZone);
  return print(
    {
      title: `${WORDS.title.zh} / ${WORDS.title.en}`,
      author: personName(manifest.madeBy),
      subject: `${manifest.estate.name} ${manifest.packageId}`,
      madeAtMs: Date.parse(manifest.madeAt),
      foot: `${manifest.estate.name}　${manifest.packageId}　${manifest.part} / ${manifest.parts}`,
    },
    (sheet) => {
      cover(sheet, contents, at);
      for (const snapshot of contents.snapshots) {
        // What belongs to the record before it and has nothing to show follows on the same page.
        if (snapshot.pictures.length > 0 || snapshot === contents.snapshots[0]) sheet.newPage();
        snapshotPages(sheet, snapshot, at);
      }
      ending(sheet, contents, at);
    },
  );
}

type TimeOf = (iso: string) => string;

function cover(sheet: Sheet, { manifest, snapshots, keyId }: StatementContents, at: TimeOf): void {
  sheet.title(WORDS.title.zh, WORDS.title.en);
  sheet.facts([
    [label(WORDS.estate), manifest.estate.name],
    [label(WORDS.package), manifest.packageId],
    ...(manifest.parts > 1 ? [[label(WORDS.part), `${manifest.part} / ${manifest.parts}`] as const] : []),
    [label(WORDS.recipient), manifest.recipient ?? ''],
    [label(WORDS.purpose), manifest.purpose],
    [label(WORDS.reason), manifest.reason],
  ]);
  const places = [...new Set(snapshots.map(({ record }) => record.camera.place || record.camera.name))].join('、');
  const times = snapshots.map(({ record }) => record.sealedAt).sort();
  const values = {
    places,
    count: snapshots.length,
    from: at(times[0] ?? manifest.madeAt),
    until: at(times.at(-1) ?? manifest.madeAt),
    madeAt: at(manifest.madeAt),
    zone: manifest.estate.timeZone,
    maker: personName(manifest.madeBy),
    unit: manifest.madeBy.unit ?? WORDS.noUnit.zh,
    unitEn: manifest.madeBy.unit ?? WORDS.noUnit.en,
    software: `${manifest.software.name} ${manifest.software.version}`,
    estate: manifest.estate.name,
  };
  for (const section of [WORDS.object, WORDS.method, WORDS.time, WORDS.maker] as const) {
    sheet.heading(section.heading.zh, section.heading.en);
    sheet.text(fill(section.text.zh, values));
    sheet.aside(fill(section.text.en, values));
  }
  sheet.heading(WORDS.notProven.heading.zh, WORDS.notProven.heading.en);
  sheet.points(WORDS.notProven.points.map(({ zh, en }) => `${zh}\n${en}`));
  sheet.heading(WORDS.check.heading.zh, WORDS.check.heading.en);
  sheet.text(WORDS.check.text.zh);
  sheet.aside(WORDS.check.text.en);
  sheet.facts([
    [label(WORDS.keyId), groups(keyId)],
    [label(WORDS.logId), manifest.logId],
  ]);
  if (snapshots.some(({ record }) => record.estate.simulated))
    sheet.text(`${WORDS.simulated.zh} ${WORDS.simulated.en}`);
}

function snapshotPages(sheet: Sheet, { record, entry, pictures }: StatementSnapshot, at: TimeOf): void {
  const cause = WORDS.causes[record.cause.kind];
  sheet.heading(
    `${record.camera.place || record.camera.name}　${cause.zh}　${at(record.sealedAt)}`,
    `${cause.en}, log entry ${entry}`,
  );
  const hasBefore = pictures.some(({ role }) => role === 'before');
  // The lawful picture nearest to what is seen is shown; the others are in the package.
  const shown = SHOWN_ROLES.filter((role) => role !== 'baseline' || !hasBefore).flatMap((role) =>
    pictures.filter((picture) => picture.role === role).slice(0, SHOWN_OF_ROLE),
  );
  if (shown.length > 0) sheet.pictures(shown.map((picture) => captioned(picture, at)));
  else sheet.aside(label(WORDS.noPictures));
  sheet.timeline(timelineOf(record, at));
  sheet.facts(
    snapshotFacts(record, at).map(([name, value]) => [label(name), value]),
    'fine',
  );
}

function captioned({ role, jpeg, takenAt, isMarked }: StatementPicture, at: TimeOf): PrintedPicture {
  const name = WORDS.roles[role as keyof typeof WORDS.roles];
  const marked = isMarked ? `（${WORDS.marked.zh} ${WORDS.marked.en}）` : '';
  return { jpeg, caption: `${name.zh} ${name.en}${marked}${takenAt === null ? '' : `　${at(takenAt)}`}` };
}

/** What happened around a snapshot, in order. */
function timelineOf(
  { pictures, candidate, decision, stream, sealedAt }: SnapshotRecord,
  at: TimeOf,
): { at: string; what: string }[] {
  const { moments } = WORDS;
  const happened: [string | null | undefined, Both][] = [
    [pictures.find(({ role }) => role === 'before')?.takenAt, moments.before],
    [candidate?.firstSeenAt, moments.firstSeen],
    [candidate?.lastSeenAt, moments.lastSeen],
    [candidate?.raisedAt, moments.raised],
    [stream.units[0]?.arrivedAt, moments.stream],
    [decision?.decidedAt, moments.decided],
    [decision?.undoneAt, moments.undone],
    [sealedAt, moments.sealed],
  ];
  return happened
    .filter((one): one is [string, Both] => typeof one[0] === 'string')
    .sort(([a], [b]) => Date.parse(a) - Date.parse(b))
    .map(([when, what]) => ({ at: at(when), what: label(what) }));
}

function ending(sheet: Sheet, { custody }: StatementContents, at: TimeOf): void {
  sheet.newPage();
  sheet.heading(WORDS.custody.zh, WORDS.custody.en);
  if (custody.length === 0) sheet.aside(label(WORDS.noCustody));
  else
    sheet.timeline(
      custody.map((line) => ({ at: at(line.at), what: [line.kind, line.who, line.text].filter(Boolean).join('　') })),
    );
  sheet.heading(WORDS.signing.zh, WORDS.signing.en);
  sheet.signatures(WORDS.signatures.map(label));
}

function label({ zh, en }: Both): string {
  return `${zh} ${en}`;
}

/** In groups of eight, as people compare them. */
function groups(hex: string): string {
  return hex.replace(/(.{8})(?=.)/g, '$1 ');
}

function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}
