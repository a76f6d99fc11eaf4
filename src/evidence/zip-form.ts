/**
 * The one form a package's ZIP file may have, byte for byte: entries stored without compression, one after another with
 * nothing between them, each header a function of name, size, CRC-32 and the package's time. A verifier builds the headers
 * anew and compares, so that no byte of the file is without a witness, those of the container included.
 *
 * Runs on the server and in a browser. Source: PKWARE APPNOTE 6.3.10, 4.3 and 4.4.
 */

export interface ZipEntry {
  readonly name: string;
  readonly bytes: number;
  readonly crc32: number;
}

/** `yyyy-MM-dd HH:mm:ss`, as a clock on the wall shows it: ZIP knows no time zones. */
export type WallTime = string;

/** Largest file whose sizes fit the classic headers, and most entries. */
export const ZIP_BYTES_MOST = 0xffff_fffe;
export const ZIP_ENTRIES_MOST = 0xfffe;
/** What an entry's headers take besides its name, which stands in both: 30 + 46. */
const ZIP_ENTRY_OVERHEAD_BYTES = 76;
export const ZIP_END_BYTES = 22;

const LOCAL_HEADER = 0x0403_4b50;
const DIRECTORY_HEADER = 0x0201_4b50;
const DIRECTORY_END = 0x0605_4b50;
/** UNIX, so that the mode below is believed; 6.3. */
const MADE_BY = (3 << 8) | 63;
const NEEDED = 20;
/** Names are UTF-8 (bit 11). */
const FLAGS = 0x0800;
/** A regular file that may only be read. */
export const ZIP_FILE_MODE = 0o100444;

const encoder = new TextEncoder();

/** What an entry of so many bytes adds to the whole file. */
export function zipEntryBytes(name: string, bytes: number): number {
  return ZIP_ENTRY_OVERHEAD_BYTES + 2 * encoder.encode(name).length + bytes;
}

export function localHeaderOf(entry: ZipEntry, time: WallTime): Uint8Array {
  const name = encoder.encode(entry.name);
  const header = new Fields(30 + name.length);
  header.u32(LOCAL_HEADER);
  shared(header, entry, time, name.length);
  header.bytes(name);
  return header.done();
}

/** The central directory and the record that ends the file. @param offsets where each entry's local header begins */
export function directoryOf(entries: readonly ZipEntry[], offsets: readonly number[], time: WallTime): Uint8Array {
  const names = entries.map((entry) => encoder.encode(entry.name));
  const length = names.reduce((sum, name) => sum + 46 + name.length, 0);
  const directory = new Fields(length + ZIP_END_BYTES);
  entries.forEach((entry, index) => {
    const name = names[index] ?? new Uint8Array();
    directory.u32(DIRECTORY_HEADER);
    directory.u16(MADE_BY);
    shared(directory, entry, time, name.length);
    directory.u16(0); // comment
    directory.u16(0); // disk
    directory.u16(0); // internal attributes
    directory.u32((ZIP_FILE_MODE << 16) >>> 0);
    directory.u32(offsets[index] ?? 0);
    directory.bytes(name);
  });
  const last = entries.at(-1);
  const start = last ? (offsets.at(-1) ?? 0) + localHeaderOf(last, time).length + last.bytes : 0;
  directory.u32(DIRECTORY_END);
  directory.u16(0);
  directory.u16(0);
  directory.u16(entries.length);
  directory.u16(entries.length);
  directory.u32(length);
  directory.u32(start);
  directory.u16(0);
  return directory.done();
}

/** The fields that both headers have in common, in their common order. */
function shared(fields: Fields, entry: ZipEntry, time: WallTime, nameBytes: number): void {
  const dos = dosTimeOf(time);
  fields.u16(NEEDED);
  fields.u16(FLAGS);
  fields.u16(0); // stored
  fields.u16(dos.time);
  fields.u16(dos.date);
  fields.u32(entry.crc32);
  fields.u32(entry.bytes);
  fields.u32(entry.bytes);
  fields.u16(nameBytes);
  fields.u16(0); // extra
}

function dosTimeOf(time: WallTime): { date: number; time: number } {
  const [year = 1980, month = 1, day = 1, hour = 0, minute = 0, second = 0] = (time.match(/\d+/g) ?? []).map(Number);
  return {
    date: ((year - 1980) << 9) | (month << 5) | day,
    time: (hour << 11) | (minute << 5) | (second >> 1),
  };
}

/** Little-endian fields, written one after another. */
class Fields {
  readonly #array: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(length: number) {
    this.#array = new Uint8Array(length);
    this.#view = new DataView(this.#array.buffer);
  }

  u16(value: number): void {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  u32(value: number): void {
    this.#view.setUint32(this.#at, value >>> 0, true);
    this.#at += 4;
  }

  bytes(value: Uint8Array): void {
    this.#array.set(value, this.#at);
    this.#at += value.length;
  }

  done(): Uint8Array {
    return this.#array;
  }
}

/** Signed, so that what is computed with it stays within 31 bits and never becomes an object. */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb8_8320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

/** CRC-32 as ZIP uses it. @param before of the bytes that came before these, to go on in pieces */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (let at = 0; at < bytes.length; at++) {
    crc = (CRC_TABLE[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
