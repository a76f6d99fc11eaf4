/** Bits of H.264 syntax (ITU-T H.264 clause 7.2 and 9.1), and the emulation prevention bytes around them (7.4.1). */

/** Reads the raw payload of a NAL unit: emulation prevention already taken out. Past the end it reads zeros. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #bit = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bits read so far. */
  get position(): number {
    return this.#bit;
  }

  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      value = value * 2 + (((this.#bytes[this.#bit >> 3] ?? 0) >> (7 - (this.#bit & 7))) & 1);
      this.#bit++;
    }
    return value;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  /** ue(v): unsigned Exp-Golomb. */
  ue(): number {
    let zeros = 0;
    while (zeros < 32 && this.#bit < this.#bytes.length * 8 && !this.flag()) zeros++;
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** se(v): signed Exp-Golomb. */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : 0 - code / 2;
  }
}

export class BitWriter {
  #bytes: Buffer;
  #bit = 0;

  constructor(capacityBytes = 256) {
    this.#bytes = Buffer.alloc(capacityBytes);
  }

  bits(value: number, count: number): void {
    this.#reserve((count >> 3) + 2);
    for (let i = count - 1; i >= 0; i--) {
      const at = this.#bit >> 3;
      if (Math.floor(value / 2 ** i) % 2 === 1) this.#bytes[at] = (this.#bytes[at] ?? 0) | (0x80 >> (this.#bit & 7));
      this.#bit++;
    }
  }

  flag(value: boolean): void {
    this.bits(value ? 1 : 0, 1);
  }

  ue(value: number): void {
    const length = 32 - Math.clz32(value + 1);
    this.bits(0, length - 1);
    this.bits(value + 1, length);
  }

  se(value: number): void {
    this.ue(value > 0 ? 2 * value - 1 : -2 * value);
  }

  /** Zero bits up to the next whole byte. */
  align(): void {
    this.#bit = (this.#bit + 7) & ~7;
    this.#reserve(1);
  }

  /** Whole bytes; the position must be aligned. */
  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#bit >> 3);
    this.#bit += bytes.length * 8;
  }

  /** The bits of `source` from bit `from` to bit `to`. */
  copy(source: Uint8Array, from: number, to: number): void {
    this.#reserve(((to - from) >> 3) + 2);
    let bit = from;
    // Up to a byte boundary of ours bit by bit, then byte by byte, then the rest.
    while (bit < to && (this.#bit & 7) !== 0) this.bits(bitOf(source, bit++), 1);
    const shift = bit & 7;
    for (; bit + 8 <= to; bit += 8) {
      const high = source[bit >> 3] ?? 0;
      const low = source[(bit >> 3) + 1] ?? 0;
      this.#bytes[this.#bit >> 3] = ((high << shift) | (low >> (8 - shift))) & 0xff;
      this.#bit += 8;
    }
    while (bit < to) this.bits(bitOf(source, bit++), 1);
  }

  /** rbsp_trailing_bits: a one, then zeros to the byte's end; answers all that was written. */
  finish(): Buffer {
    this.bits(1, 1);
    this.align();
    return Buffer.from(this.#bytes.subarray(0, this.#bit >> 3));
  }

  #reserve(bytes: number): void {
    const needed = (this.#bit >> 3) + bytes + 1;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown);
    this.#bytes = grown;
  }
}

function bitOf(bytes: Uint8Array, bit: number): number {
  return ((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
}

/** Takes the emulation prevention bytes out: 00 00 03 becomes 00 00. */
export function unescapeNal(nal: Uint8Array): Uint8Array {
  const raw = new Uint8Array(nal.length);
  let length = 0;
  let zeros = 0;
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    raw[length++] = byte;
  }
  return raw.subarray(0, length);
}

/** Puts them in: no 00 00 00, 00 00 01, 00 00 02 or 00 00 03 may stand inside a NAL unit. */
export function escapeNal(raw: Uint8Array): Buffer {
  const nal = Buffer.alloc(raw.length + (raw.length >> 1) + 1);
  let length = 0;
  let zeros = 0;
  for (const byte of raw) {
    if (zeros >= 2 && byte <= 3) {
      nal[length++] = 3;
      zeros = 0;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    nal[length++] = byte;
  }
  return Buffer.from(nal.subarray(0, length));
}
