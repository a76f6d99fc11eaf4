/**
 * RTP payloads -> access units (H.264: RFC 6184 section 5; H.265: RFC 7798 section 4.4). While nobody wants a unit only
 * headers are looked at: no byte of a picture is copied. A unit of which a packet is missing is dropped.
 *
 * A unit ends with the marker bit, or where it is missing with the next timestamp. Two habits of cameras are allowed for:
 * a marker behind parameter sets (a unit without a picture is never over), and a marker behind each slice (seen when a
 * slice that begins no picture follows one; from then on the timestamp alone decides).
 */
import { LIMITS } from '../../base/limits.ts';
import {
  beginsPicture,
  findStartCode,
  nalFormatOf,
  ParameterSets,
  type NalCodec,
  type NalFormat,
} from './nal-units.ts';

/** What is wanted: nothing, the next key unit, or all units. */
export type Demand = 'none' | 'key' | 'all';

export interface AssembledUnit {
  readonly isKey: boolean;
  readonly bytes: Uint8Array;
  readonly rtpTimestamp: number;
  readonly followsLoss: boolean;
}

export interface UnitHandler {
  onUnit(unit: AssembledUnit): void;
  /** A unit is over, wanted or not. */
  onUnitEnd(): void;
  /** A unit was dropped. */
  onDamaged(): void;
}

/** Puts units together out of the payloads of one stream. */
export interface Depacketizer {
  /** Takes effect with the next unit to begin. */
  demand: Demand;
  /**
   * Reads one packet's payload `bytes[start, end)`.
   * @param lost packets before this one are missing
   * @throws RefusedPacketisation
   */
  push(bytes: Buffer, start: number, end: number, timestamp: number, marker: boolean, lost: boolean): void;
}

/** The camera sends NAL units out of decoding order, which is not read. */
export class RefusedPacketisation extends Error {
  /** @param kind the packet kind's name */
  constructor(kind: string) {
    super(kind);
    this.name = 'RefusedPacketisation';
  }
}

const START_CODE_BYTES = 4;
const FIRST_KEY_BYTES = 64 * 1024;
const FIRST_DELTA_BYTES = 16 * 1024;
const NONE = -1;
const NOTHING = Buffer.alloc(0);

export class RtpDepacketizer implements Depacketizer {
  readonly #format: NalFormat;
  readonly #handler: UnitHandler;
  readonly #sets: ParameterSets;
  #demand: Demand = 'none';

  // The unit being read.
  #open = false;
  #timestamp = 0;
  /** Its bytes are kept; otherwise only its kind is followed. */
  #collecting = false;
  #damaged = false;
  /** Packets were lost before it, and may have been its first. */
  #headUnsure = false;
  #hasPicture = false;
  #isKey = false;
  #firstType = NONE;
  #fragmentType = NONE;
  #fragmentAt = 0;
  #buffer = NOTHING;
  #length = 0;
  /** End of its access unit delimiter in `#buffer`, or 0. */
  #delimiterEnd = 0;

  // The stream.
  #markerDecides = true;
  #endedByMarker = false;
  #gap = false;
  #chainBroken = true;
  /** The NAL type that whole units of each kind began with last: what shows that a unit's first packet is there. */
  #usualFirstKey = NONE;
  #usualFirstDelta = NONE;
  #expectedBytes = FIRST_KEY_BYTES;

  /** @param parameterSets NAL units from the session description */
  constructor(codec: NalCodec, parameterSets: readonly Uint8Array[], handler: UnitHandler) {
    this.#format = nalFormatOf(codec);
    this.#sets = new ParameterSets(this.#format, parameterSets);
    this.#handler = handler;
  }

  get demand(): Demand {
    return this.#demand;
  }

  set demand(demand: Demand) {
    this.#demand = demand;
  }

  push(bytes: Buffer, start: number, end: number, timestamp: number, marker: boolean, lost: boolean): void {
    if (lost) {
      this.#chainBroken = true;
      // The unit that stands open lost its middle or its end; the one that begins now may have lost its first packets.
      if (!this.#open || timestamp !== this.#timestamp) this.#gap = true;
      if (this.#open) this.#damaged = true;
    }
    if (this.#open && timestamp !== this.#timestamp) {
      // What came whole without a picture (parameter sets, delimiter) belongs to the picture that comes now.
      if (this.#hasPicture || this.#damaged) this.#finish();
      else this.#timestamp = timestamp;
    }
    if (!this.#open) this.#begin(timestamp);
    this.#payload(bytes, start, end);
    if (marker && this.#markerDecides && (this.#hasPicture || this.#damaged)) {
      this.#finish();
      this.#endedByMarker = true;
    }
  }

  #begin(timestamp: number): void {
    this.#endedByMarker = this.#endedByMarker && timestamp === this.#timestamp;
    this.#open = true;
    this.#timestamp = timestamp;
    this.#collecting = this.#demand !== 'none';
    this.#damaged = false;
    this.#headUnsure = this.#gap;
    this.#gap = false;
    this.#hasPicture = false;
    this.#isKey = false;
    this.#firstType = NONE;
    this.#fragmentType = NONE;
    this.#length = 0;
    this.#delimiterEnd = 0;
  }

  #payload(bytes: Buffer, start: number, end: number): void {
    const format = this.#format;
    if (end - start <= format.headerBytes) {
      this.#damaged = true;
      return;
    }
    const type = format.typeOf(bytes[start] ?? 0);
    if (type === format.fragmentation) {
      this.#fragment(bytes, start, end);
    } else if (type === format.aggregation) {
      this.#aggregate(bytes, start + format.headerBytes, end);
    } else {
      const refused = format.refused.get(type);
      if (refused !== undefined) throw new RefusedPacketisation(refused);
      if (type <= format.lastType) this.#whole(bytes, start, end);
    }
  }

  /** STAP-A (RFC 6184 section 5.7.1), AP (RFC 7798 section 4.4.2): sizes of 16 bits, each before its NAL unit. */
  #aggregate(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at + 2 <= end) {
      const size = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
      at += 2;
      if (size === 0 || at + size > end) {
        this.#damaged = true;
        return;
      }
      this.#whole(bytes, at, at + size);
      at += size;
    }
    if (at !== end) this.#damaged = true;
  }

  #whole(bytes: Buffer, from: number, end: number): void {
    const format = this.#format;
    let start = from;
    if (bytes[start] === 0) {
      // Some cameras put the start code into the packet.
      const startCode = findStartCode(bytes, start, Math.min(end, start + START_CODE_BYTES));
      if (startCode >= 0) start = startCode + 3;
    }
    if (end - start <= format.headerBytes) return;
    // A fragment that another NAL unit interrupts has lost its end.
    if (this.#fragmentType !== NONE) {
      this.#fragmentType = NONE;
      this.#damaged = true;
    }
    const type = format.typeOf(bytes[start] ?? 0);
    if (type === 0 && format.codec === 'h264') return;
    this.#noteNal(type, bytes[start + format.headerBytes] ?? 0);
    if (!this.#collecting) {
      if (format.parameterSets.includes(type)) this.#sets.note(bytes.subarray(start, end));
      return;
    }
    const at = this.#length;
    this.#reserve(START_CODE_BYTES + end - start);
    this.#startCode();
    this.#append(bytes, start, end);
    this.#nalCollected(type, at + START_CODE_BYTES);
  }

  /** FU-A (RFC 6184 section 5.8), FU (RFC 7798 section 4.4.3): one NAL unit over several packets. */
  #fragment(bytes: Buffer, start: number, end: number): void {
    const format = this.#format;
    const at = start + format.headerBytes;
    const fragmentHeader = bytes[at] ?? 0;
    const type = fragmentHeader & (format.codec === 'h264' ? 0x1f : 0x3f);
    const payload = at + 1;
    if ((fragmentHeader & 0x80) !== 0) {
      if (this.#fragmentType !== NONE) this.#damaged = true;
      this.#fragmentType = type;
      this.#noteNal(type, bytes[payload] ?? 0);
      if (this.#collecting) {
        this.#fragmentAt = this.#length + START_CODE_BYTES;
        this.#reserve(START_CODE_BYTES + format.headerBytes + end - payload);
        this.#startCode();
        const first = bytes[start] ?? 0;
        if (format.codec === 'h264') {
          this.#byte((first & 0xe0) | type);
        } else {
          this.#byte((first & 0x81) | (type << 1));
          this.#byte(bytes[start + 1] ?? 0);
        }
      }
    } else if (this.#fragmentType !== type) {
      this.#damaged = true;
      return;
    }
    if (this.#collecting) {
      this.#reserve(end - payload);
      this.#append(bytes, payload, end);
    }
    if ((fragmentHeader & 0x40) !== 0) {
      this.#fragmentType = NONE;
      if (this.#collecting) this.#nalCollected(type, this.#fragmentAt);
    }
  }

  /** A NAL unit of `type` begins in the unit being read. */
  #noteNal(type: number, byteBehindHeader: number): void {
    if (this.#firstType === NONE) this.#firstType = type;
    if (this.#hasPicture || !this.#format.isPicture(type)) return;
    this.#hasPicture = true;
    this.#isKey = this.#format.isKey(type);
    if (!beginsPicture(byteBehindHeader)) {
      // The rest of a picture that a marker had cut: this camera's markers mean slices.
      if (this.#endedByMarker && !this.#headUnsure) this.#markerDecides = false;
      this.#damaged = true;
    }
    if (this.#collecting && this.#demand === 'key' && !this.#isKey) this.#stopCollecting();
  }

  /** A NAL unit lies whole in the buffer, from `at` to its end. */
  #nalCollected(type: number, at: number): void {
    if (!this.#collecting || this.#format.isPicture(type)) return;
    if (type === this.#format.delimiter && at === START_CODE_BYTES) this.#delimiterEnd = this.#length;
    // Some cameras send parameter sets and picture as one "NAL unit" with start codes inside.
    const end = this.#length;
    for (let from = at; from < end;) {
      const startCode = findStartCode(this.#buffer, from, end);
      const to = startCode < 0 ? end : startCode;
      const first = this.#buffer[from] ?? 0;
      if (from !== at) this.#noteNal(this.#format.typeOf(first), this.#buffer[from + this.#format.headerBytes] ?? 0);
      this.#sets.note(this.#buffer.subarray(from, to));
      if (startCode < 0) break;
      from = startCode + 3;
    }
  }

  #finish(): void {
    this.#open = false;
    this.#handler.onUnitEnd();
    if (this.#fragmentType !== NONE) this.#damaged = true;
    const usualFirst = this.#isKey ? this.#usualFirstKey : this.#usualFirstDelta;
    if (this.#headUnsure && this.#firstType !== this.#format.delimiter && this.#firstType !== usualFirst) {
      this.#damaged = true;
    }
    if (this.#damaged) {
      // Without its picture it may have been what the next unit begins with.
      if (!this.#hasPicture) this.#gap = true;
      this.#chainBroken = true;
      this.#handler.onDamaged();
    } else {
      if (this.#isKey) this.#usualFirstKey = this.#firstType;
      else this.#usualFirstDelta = this.#firstType;
      if (this.#collecting) this.#deliver();
    }
    this.#sets.commit();
    if (this.#demand === 'none') this.#buffer = NOTHING;
  }

  #deliver(): void {
    const bytes = this.#isKey ? this.#keyBytes() : this.#takeBytes();
    if (!bytes) {
      // A key picture whose parameter sets never came cannot be decoded.
      this.#chainBroken = true;
      this.#handler.onDamaged();
      return;
    }
    if (this.#isKey) this.#chainBroken = false;
    this.#handler.onUnit({
      isKey: this.#isKey,
      bytes,
      rtpTimestamp: this.#timestamp,
      followsLoss: this.#chainBroken,
    });
  }

  #keyBytes(): Uint8Array | undefined {
    // Slow to forget a large one: growing a buffer costs another one.
    this.#expectedBytes = Math.ceil(Math.max(FIRST_DELTA_BYTES, this.#length * 1.25, this.#expectedBytes * 0.9));
    if (this.#sets.arrivedComplete) return this.#takeBytes();
    const sets = this.#sets.current();
    if (!sets) return undefined;
    const setsBytes = sets.reduce((sum, set) => sum + START_CODE_BYTES + set.length, 0);
    const bytes = Buffer.allocUnsafeSlow(this.#length + setsBytes);
    // The delimiter stays first (ITU-T H.264 section 7.4.1.2.3).
    let at = this.#buffer.copy(bytes, 0, 0, this.#delimiterEnd);
    for (const set of sets) {
      at = bytes.writeUInt32BE(1, at);
      bytes.set(set, at);
      at += set.length;
    }
    this.#buffer.copy(bytes, at, this.#delimiterEnd, this.#length);
    return bytes;
  }

  /** The unit's bytes; the buffer itself where little of it is empty, or it is soon let go of, else a copy. */
  #takeBytes(): Uint8Array {
    const buffer = this.#buffer;
    if (this.#demand === 'key' || this.#length * 4 >= buffer.length * 3) {
      this.#buffer = NOTHING;
      return buffer.subarray(0, this.#length);
    }
    const bytes = Buffer.allocUnsafeSlow(this.#length);
    buffer.copy(bytes, 0, 0, this.#length);
    return bytes;
  }

  #stopCollecting(): void {
    this.#collecting = false;
    this.#length = 0;
  }

  /** Makes room for `extra` bytes; a unit beyond the bound is dropped. */
  #reserve(extra: number): void {
    const needed = this.#length + extra;
    if (needed <= this.#buffer.length || !this.#collecting) return;
    if (needed > LIMITS.accessUnitBytes) {
      this.#damaged = true;
      this.#stopCollecting();
      this.#buffer = NOTHING;
      return;
    }
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2, this.#firstSize()));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }

  #firstSize(): number {
    return this.#demand === 'all' ? FIRST_DELTA_BYTES : this.#expectedBytes;
  }

  #startCode(): void {
    if (!this.#collecting) return;
    this.#length = this.#buffer.writeUInt32BE(1, this.#length);
  }

  #byte(value: number): void {
    if (!this.#collecting) return;
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  #append(bytes: Buffer, from: number, to: number): void {
    if (!this.#collecting) return;
    bytes.copy(this.#buffer, this.#length, from, to);
    this.#length += to - from;
  }
}
