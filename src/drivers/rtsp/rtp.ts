/**
 * RTP packets of one stream: header, order and loss (RFC 3550 sections 5.1, 6.4.1, appendices A.1, A.3 and A.8). Over TCP
 * nothing is lost on the way, but cameras drop packets themselves when their buffers are full.
 */
import type { MediaCounters } from './access-unit.ts';
import type { ReceptionReport } from './rtcp.ts';

/** What is done with a packet's payload `bytes[start, end)`; `lost` says that packets before it are missing. */
export type PayloadHandler = (
  bytes: Buffer,
  start: number,
  end: number,
  timestamp: number,
  marker: boolean,
  lost: boolean,
) => void;

const HEADER_BYTES = 12;
/** RFC 3550 appendix A.1: a jump ahead up to this is loss, a step back up to that is a late packet, else it began anew. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
const NONE = -1;

export class RtpReceiver {
  readonly #payloadType: number;
  readonly #clockHz: number;
  readonly #counters: MediaCounters;
  readonly #onPayload: PayloadHandler;
  #ssrc = NONE;
  #baseSequence = 0;
  #maxSequence = NONE;
  #cycles = 0;
  #badSequence = NONE;
  #received = 0;
  #pendingLoss = false;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #lastTransit = NaN;
  #lastTimestamp = NONE;
  #jitter = 0;
  #otherPayloadType = NONE;

  constructor(format: { payloadType: number; clockHz: number }, counters: MediaCounters, onPayload: PayloadHandler) {
    this.#payloadType = format.payloadType;
    this.#clockHz = format.clockHz;
    this.#counters = counters;
    this.#onPayload = onPayload;
  }

  /** Source of the stream; undefined before the first packet. */
  get ssrc(): number | undefined {
    return this.#ssrc === NONE ? undefined : this.#ssrc;
  }

  /** A payload type that came and was not announced; undefined when none did. */
  get otherPayloadType(): number | undefined {
    return this.#otherPayloadType === NONE ? undefined : this.#otherPayloadType;
  }

  /**
   * Reads one packet `bytes[from, to)`.
   * @param arrivedMs monotonic ms, for jitter; NaN when it is not known
   */
  receive(bytes: Buffer, from: number, to: number, arrivedMs: number): void {
    const first = bytes[from] ?? 0;
    let start = from + HEADER_BYTES + (first & 0x0f) * 4;
    let end = to;
    if (to - from < HEADER_BYTES || first >> 6 !== 2 || start > to) {
      this.#malformed();
      return;
    }
    if ((first & 0x10) !== 0) {
      start += 4 + 4 * (((bytes[start + 2] ?? 0) << 8) | (bytes[start + 3] ?? 0));
      if (start > to) {
        this.#malformed();
        return;
      }
    }
    if ((first & 0x20) !== 0) {
      end -= bytes[to - 1] ?? 0;
      if (end < start || end === to) {
        this.#malformed();
        return;
      }
    }
    const second = bytes[from + 1] ?? 0;
    const sequence = ((bytes[from + 2] ?? 0) << 8) | (bytes[from + 3] ?? 0);
    const timestamp = bytes.readUInt32BE(from + 4);
    const ssrc = bytes.readUInt32BE(from + 8);
    this.#counters.packets += 1;

    if (!this.#inOrder(sequence, ssrc)) return;
    if (timestamp !== this.#lastTimestamp) {
      this.#lastTimestamp = timestamp;
      if (Number.isNaN(arrivedMs)) this.#lastTransit = NaN;
      else this.#updateJitter(timestamp, arrivedMs);
    }
    if ((second & 0x7f) !== this.#payloadType) {
      this.#otherPayloadType = second & 0x7f;
      return;
    }
    // Empty packets keep a connection alive.
    if (start === end) return;
    const lost = this.#pendingLoss;
    this.#pendingLoss = false;
    this.#onPayload(bytes, start, end, timestamp, (second & 0x80) !== 0, lost);
  }

  /** Keeps the count, and remembers loss for the next payload. @returns whether the packet is to be read */
  #inOrder(sequence: number, ssrc: number): boolean {
    if (ssrc !== this.#ssrc) {
      if (this.#ssrc !== NONE) this.#pendingLoss = true;
      this.#ssrc = ssrc;
      this.#restart(sequence);
      return true;
    }
    const step = (sequence - this.#maxSequence) & 0xffff;
    if (step === 0 || step > 0xffff - MAX_MISORDER) return false;
    if (step >= MAX_DROPOUT) {
      // A single stray packet is ignored; two in a row are a sender that began anew.
      if (sequence !== this.#badSequence) {
        this.#badSequence = (sequence + 1) & 0xffff;
        return false;
      }
      this.#pendingLoss = true;
      this.#restart(sequence);
      return true;
    }
    if (step > 1) {
      this.#pendingLoss = true;
      this.#counters.packetsLost += step - 1;
    }
    if (sequence < this.#maxSequence) this.#cycles += 0x10000;
    this.#maxSequence = sequence;
    this.#received += 1;
    return true;
  }

  #restart(sequence: number): void {
    this.#baseSequence = sequence;
    this.#maxSequence = sequence;
    this.#badSequence = NONE;
    this.#cycles = 0;
    this.#received = 1;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
    this.#lastTransit = NaN;
    this.#jitter = 0;
  }

  #updateJitter(timestamp: number, arrivedMs: number): void {
    // Timestamps of 32 bits wrap: the difference is taken as signed 32 bits (appendix A.8).
    const transit = (Math.round((arrivedMs * this.#clockHz) / 1000) - timestamp) | 0;
    if (!Number.isNaN(this.#lastTransit)) {
      const difference = Math.abs((transit - this.#lastTransit) | 0);
      this.#jitter += (difference - this.#jitter) / 16;
    }
    this.#lastTransit = transit;
  }

  #malformed(): void {
    this.#counters.packetsMalformed += 1;
  }

  /**
   * What was received since the last report; undefined before the first packet.
   * @param last the last sender report of this source, and how long ago it came
   */
  report(last: { compactNtp: number; agoMs: number } | undefined): ReceptionReport | undefined {
    if (this.#ssrc === NONE) return undefined;
    const highest = this.#cycles + this.#maxSequence;
    const expected = highest - this.#baseSequence + 1;
    const expectedNow = expected - this.#expectedBefore;
    const lostNow = expectedNow - (this.#received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.#received;
    return {
      ssrc: this.#ssrc,
      fractionLost: expectedNow > 0 && lostNow > 0 ? Math.min(255, Math.floor((lostNow * 256) / expectedNow)) : 0,
      cumulativeLost: Math.max(-0x800000, Math.min(0x7fffff, expected - this.#received)),
      highestSequence: highest >>> 0,
      jitter: Math.min(0xffffffff, Math.floor(this.#jitter)),
      lastSenderReport: last?.compactNtp ?? 0,
      delaySinceLastSenderReport: last ? Math.min(0xffffffff, Math.floor(last.agoMs * 65.536)) : 0,
    };
  }
}
