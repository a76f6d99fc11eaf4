/**
 * RTP payloads -> access units of MPEG-4 Visual (ISO/IEC 14496-2), which RFC 6416 puts into packets as it is: a unit is all
 * payloads of one timestamp, the marker stands on its last. Headers and a picture's beginning stand at the beginning of a
 * payload or behind one another there (section 5.2), so no start code is looked for across packets.
 *
 * As with H.264, while nobody wants a unit no byte of a picture is copied, a unit of which a packet is missing is dropped,
 * and a key unit carries the stream's configuration: its own, or else the latest known one.
 */
import { LIMITS } from '../../base/limits.ts';
import { findStartCode } from './nal-units.ts';
import type { Demand, Depacketizer, UnitHandler } from './rtp-depacketizer.ts';

/** Kinds of what begins behind `00 00 01` (ISO/IEC 14496-2 table 6-3): a picture, and of headers the one without which there is none. */
const PICTURE = 0xb6;
const GROUP = 0xb3;
const isLayer = (kind: number): boolean => kind >= 0x20 && kind <= 0x2f;

export class Mpeg4Depacketizer implements Depacketizer {
  readonly #handler: UnitHandler;
  /** Visual object sequence, visual object and layer headers, with start codes. */
  #configuration: Uint8Array | undefined;
  demand: Demand = 'none';

  // The unit being read.
  #open = false;
  #timestamp = 0;
  #collecting = false;
  #damaged = false;
  #hasPicture = false;
  #isKey = false;
  #hasConfiguration = false;
  #parts: Buffer[] = [];
  #length = 0;
  /** Units were lost since the last key unit. */
  #chainBroken = true;

  /** @param configuration as the session description gives it (RFC 6416 section 7.1); empty where it comes in band alone */
  constructor(configuration: readonly Uint8Array[], handler: UnitHandler) {
    this.#configuration = configuration[0];
    this.#handler = handler;
  }

  push(bytes: Buffer, start: number, end: number, timestamp: number, marker: boolean, lost: boolean): void {
    if (lost) {
      this.#chainBroken = true;
      if (this.#open) this.#damaged = true;
    }
    if (this.#open && timestamp !== this.#timestamp) {
      if (this.#hasPicture || this.#damaged) this.#finish();
      else this.#timestamp = timestamp;
    }
    if (!this.#open) {
      this.#begin(timestamp);
      // A unit that begins elsewhere has lost its beginning.
      if (findStartCode(bytes, start, Math.min(end, start + 3)) !== start) this.#damaged = true;
    }
    if (!this.#hasPicture) this.#readHeaders(bytes, start, end);
    this.#append(bytes, start, end);
    if (marker && (this.#hasPicture || this.#damaged)) this.#finish();
  }

  #begin(timestamp: number): void {
    this.#open = true;
    this.#timestamp = timestamp;
    this.#collecting = this.demand !== 'none';
    this.#damaged = false;
    this.#hasPicture = false;
    this.#isKey = false;
    this.#hasConfiguration = false;
    this.#letGo();
  }

  /** Up to where the picture begins. */
  #readHeaders(bytes: Buffer, start: number, end: number): void {
    let configurationFrom = -1;
    let hasLayer = false;
    const note = (to: number): void => {
      if (!hasLayer || to - configurationFrom > LIMITS.parameterSetBytes) return;
      this.#hasConfiguration = true;
      const seen = bytes.subarray(configurationFrom, to);
      if (!this.#configuration || Buffer.compare(seen, this.#configuration) !== 0) {
        this.#configuration = Buffer.from(seen);
      }
      hasLayer = false;
    };
    for (let at = findStartCode(bytes, start, end); at >= 0; at = findStartCode(bytes, at + 4, end)) {
      const kind = bytes[at + 3] ?? -1;
      if (kind === PICTURE || kind === GROUP) note(at);
      else if (configurationFrom < 0) configurationFrom = at;
      if (isLayer(kind)) hasLayer = true;
      if (kind !== PICTURE) continue;
      if (at + 4 >= end) this.#damaged = true;
      this.#hasPicture = true;
      // vop_coding_type: 0 is a picture of its own (ISO/IEC 14496-2 table 6-20).
      this.#isKey = (bytes[at + 4] ?? 0xff) >> 6 === 0;
      if (this.demand === 'key' && !this.#isKey) this.#collecting = false;
      return;
    }
    note(end);
  }

  #append(bytes: Buffer, start: number, end: number): void {
    if (!this.#collecting) return;
    this.#length += end - start;
    if (this.#length > LIMITS.accessUnitBytes) {
      this.#damaged = true;
      this.#collecting = false;
      this.#letGo();
      return;
    }
    // The packet's bytes are written over by later ones.
    this.#parts.push(Buffer.from(bytes.subarray(start, end)));
  }

  #finish(): void {
    this.#open = false;
    this.#handler.onUnitEnd();
    if (this.#damaged) this.#drop();
    else if (this.#collecting) this.#deliver();
    this.#letGo();
  }

  #deliver(): void {
    if (this.#isKey && !this.#hasConfiguration) {
      // A key picture whose configuration never came cannot be decoded.
      if (!this.#configuration) {
        this.#drop();
        return;
      }
      this.#parts.unshift(Buffer.from(this.#configuration));
    }
    if (this.#isKey) this.#chainBroken = false;
    this.#handler.onUnit({
      isKey: this.#isKey,
      bytes: Buffer.concat(this.#parts),
      rtpTimestamp: this.#timestamp,
      followsLoss: this.#chainBroken,
    });
  }

  #drop(): void {
    this.#chainBroken = true;
    this.#handler.onDamaged();
  }

  #letGo(): void {
    this.#parts = [];
    this.#length = 0;
  }
}
