/**
 * Tables in CSV as people's spreadsheets save them, by way of csv-parse: RFC 4180 quotes; comma, semicolon or tab, the
 * fullwidth ones too; a header of names in English or Chinese. Columns that nobody knows are the estate's own business and
 * are passed over; one that is nearly a known name is a slip that would lose what it holds, and is refused.
 *
 * Errors: `import.unreadable` for a file that cannot be read as a whole.
 */
import { parse } from 'csv-parse/sync';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';

/** Fields and how their columns may be headed, beside the field's own name; compared by {@link plain}. */
export type CsvHeaders<F extends string> = Readonly<Record<F, readonly string[]>>;

export interface CsvRow<F extends string> {
  /** The first of its lines in the file, from 1. */
  readonly line: number;
  /** Null: the cell is there and blank. Absent: the row has no such cell. */
  readonly fields: Readonly<Partial<Record<F, string | null>>>;
  /** It has more values than the header has columns. */
  readonly hasExtraCells: boolean;
}

interface CsvRecord {
  readonly record: readonly string[];
  readonly raw: string;
  readonly info: { readonly lines: number };
}

export class CsvTable {
  readonly header: readonly string[];
  readonly #rows: readonly CsvRecord[];

  private constructor(header: readonly string[], rows: readonly CsvRecord[]) {
    this.header = header;
    this.#rows = rows;
  }

  /** @throws SentinelError import.unreadable */
  static read(text: string): CsvTable {
    let records: readonly CsvRecord[];
    try {
      records = parse(text, {
        ...{ bom: true, delimiter: delimiterOf(text), info: true, raw: true, trim: true },
        ...{
          relax_column_count: true,
          relax_quotes: true,
          skip_empty_lines: true,
          skip_records_with_empty_values: true,
        },
      }) as unknown as CsvRecord[];
    } catch (thrown) {
      throw unreadableFile((thrown as { lines?: number }).lines, problemOf(thrown), thrown);
    }
    const [header, ...rows] = records;
    if (!header) throw unreadableFile(undefined, 'it is empty');
    return new CsvTable(header.record, rows);
  }

  /** Which field each column is of. */
  columns<F extends string>(known: CsvHeaders<F>): (F | undefined)[] {
    const table = new Map<string, F>();
    for (const field of Object.keys(known) as F[]) {
      for (const name of [field, ...known[field]]) table.set(plain(name), field);
    }
    return this.header.map((name) => table.get(plain(name)));
  }

  /** @throws SentinelError import.unreadable where two columns mean the same, or one is a slip of the pen */
  rows<F extends string>(known: CsvHeaders<F>): CsvRow<F>[] {
    const columns = this.columns(known);
    this.#refuseDoubles(columns);
    this.#refuseSlips(columns, known);
    return this.#rows.map(({ record, raw, info }) => {
      const fields: Partial<Record<F, string | null>> = {};
      columns.forEach((field, column) => {
        const value = record[column];
        if (field !== undefined && value !== undefined) fields[field] = value === '' ? null : value;
      });
      return {
        // A quoted line break makes a record of several lines: its first is the one a person looks for.
        line: info.lines - (raw.trim().match(/\n/g)?.length ?? 0),
        fields,
        hasExtraCells: record.slice(this.header.length).some((value) => value !== ''),
      };
    });
  }

  #refuseDoubles(columns: readonly (string | undefined)[]): void {
    columns.forEach((field, column) => {
      const first = columns.indexOf(field);
      if (field === undefined || first === column) return;
      throw unreadableFile(1, `the columns "${this.header[first]}" and "${this.header[column]}" both mean ${field}`);
    });
  }

  #refuseSlips<F extends string>(columns: readonly (F | undefined)[], known: CsvHeaders<F>): void {
    const missing = (Object.keys(known) as F[]).filter((field) => !columns.includes(field));
    this.header.forEach((name, column) => {
      if (columns[column] !== undefined || !/^[\x20-\x7e]+$/.test(name)) return;
      const meant = nearest(name.trim(), missing);
      if (meant !== undefined) throw unreadableFile(1, `unknown column "${name}"; did you mean "${meant}"?`);
    });
  }
}

export function unreadableFile(line: number | undefined, problem: string, cause?: unknown): SentinelError {
  return new SentinelError(
    'import.unreadable',
    { problem: line === undefined ? problem : `line ${line}: ${problem}` },
    { cause },
  );
}

/** A table for a spreadsheet (RFC 4180): those in China take it for UTF-8 only with the mark at its beginning. */
export function csvOf(rows: readonly (readonly (string | number)[])[]): string {
  return `\uFEFF${rows.map((row) => row.map(csvCell).join(',')).join('\r\n')}\r\n`;
}

function csvCell(value: string | number): string {
  // A text that a spreadsheet would take for a formula is kept a text.
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The delimiter that splits the header most. */
function delimiterOf(text: string): string {
  const header = /^\s*[^\r\n]*/.exec(text.replace(/^\ufeff/, ''))?.[0] ?? '';
  const counts = [',', ';', '\t', '，', '；'].map((delimiter) => ({
    delimiter,
    count: header.split(delimiter).length,
  }));
  return counts.reduce((best, one) => (one.count > best.count ? one : best)).delimiter;
}

/** Without case, blanks, dashes, stars, and remarks in brackets such as （必填）. */
function plain(header: string): string {
  return header
    .toLowerCase()
    .replace(/[(（][^)）]*[)）]/g, '')
    .replace(/[\s_*-]/g, '');
}
