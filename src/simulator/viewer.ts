/** One playing session: hands a channel's packets to its connection, or spoils them as the stream's fault says. */
import type { Clock } from '../base/clock.ts';
import { LIMITS } from '../base/limits.ts';
import type { ChannelListener } from './channel.ts';
import type { Fault } from './faults.ts';
import type { PreparedFrame } from './rtp.ts';

const HEADER_BYTES = 16;
const SPOILED_BYTES_PER_PACKET = 3;
/** Of the packets of a lossy stream, one in this many is left out. */
const LOSS_ONE_IN = 12;
const AUDIO_HZ = 8_000;
const PCMA_SILENCE = 0xd5;

export interface ViewerSink {
  /** Bytes waiting in our process for a client that reads too slowly. */
  readonly backlogBytes: number;
  write(bytes: Buffer): void;
  cut(): void;
}

export interface ViewerOptions {
  readonly clock: Clock;
  readonly sink: ViewerSink;
  /** Interleaved channel numbers the client chose for RTP; RTCP is one above. */
  readonly videoChannel: number;
  readonly audioChannel: number | undefined;
  readonly fps: number;
  readonly fault: () => Fault | undefined;
  /** How long a stream plays well before `stall` and `die` act. */
  readonly faultAfterMs: number;
  readonly random: () => number;
}

export class Viewer implements ChannelListener {
  readonly #options: ViewerOptions;
  readonly #startedMs: number;
  readonly #audio = { sequence: 0, timestamp: 0 };
  #awaitsKey = false;

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.#startedMs = options.clock.monotonicMs();
  }

  onFrame(bytes: Buffer, frame: PreparedFrame): void {
    const { sink, clock, faultAfterMs } = this.#options;
    const fault = this.#options.fault();
    if (fault === 'offline') {
      sink.cut();
      return;
    }
    if (fault === 'stall' || fault === 'die') {
      if (clock.monotonicMs() - this.#startedMs >= faultAfterMs) {
        if (fault === 'die') sink.cut();
        return;
      }
    }
    // A client that does not keep up loses whole frames until the next key frame, never half of one.
    if (sink.backlogBytes > LIMITS.simulatorBacklogBytes) this.#awaitsKey = true;
    else if (frame.isKey) this.#awaitsKey = false;
    if (this.#awaitsKey) return;
    const channelled = this.#onChannel(bytes, frame.offsets, this.#options.videoChannel);
    if (fault === 'corrupt') sink.write(this.#corrupted(channelled, frame));
    else if (fault === 'loss') sink.write(this.#thinned(channelled, frame));
    else sink.write(channelled);
    if (this.#options.audioChannel !== undefined) sink.write(this.#silence(this.#options.audioChannel));
  }

  onReport(bytes: Buffer): void {
    const fault = this.#options.fault();
    if (fault === 'stall' || fault === 'offline') return;
    this.#options.sink.write(this.#onChannel(bytes, [0], this.#options.videoChannel + 1, 1));
  }

  #onChannel(bytes: Buffer, offsets: readonly number[], wanted: number, given = 0): Buffer {
    if (wanted === given) return bytes;
    const copy = Buffer.from(bytes);
    for (const offset of offsets) copy[offset + 1] = wanted;
    return copy;
  }

  #corrupted(bytes: Buffer, frame: PreparedFrame): Buffer {
    const copy = Buffer.from(bytes);
    frame.offsets.forEach((offset, index) => {
      // The first bytes of a payload say what it is; a damaged cable spares nothing, but a damaged packet is meant here.
      const from = offset + HEADER_BYTES + 8;
      const to = frame.offsets[index + 1] ?? copy.length;
      for (let i = 0; i < SPOILED_BYTES_PER_PACKET && to - from > 8; i++) {
        const at = from + Math.floor(this.#options.random() * (to - from));
        copy[at] = (copy[at] ?? 0) ^ (1 + Math.floor(this.#options.random() * 255));
      }
    });
    return copy;
  }

  #thinned(bytes: Buffer, frame: PreparedFrame): Buffer {
    const kept = frame.offsets
      .map((offset, index) => bytes.subarray(offset, frame.offsets[index + 1] ?? bytes.length))
      .filter(() => this.#options.random() >= 1 / LOSS_ONE_IN);
    return Buffer.concat(kept);
  }

  /** One frame's time of silence, G.711 A-law (RFC 3551 section 4.5.14). */
  #silence(channel: number): Buffer {
    const samples = Math.round(AUDIO_HZ / this.#options.fps);
    const packet = Buffer.alloc(HEADER_BYTES + samples, PCMA_SILENCE);
    packet[0] = 0x24;
    packet[1] = channel;
    packet.writeUInt16BE(12 + samples, 2);
    packet[4] = 0x80;
    packet[5] = 8;
    packet.writeUInt16BE(this.#audio.sequence, 6);
    packet.writeUInt32BE(this.#audio.timestamp, 8);
    packet.writeUInt32BE(0x5e171e1, 12);
    this.#audio.sequence = (this.#audio.sequence + 1) & 0xffff;
    this.#audio.timestamp = (this.#audio.timestamp + samples) >>> 0;
    return packet;
  }
}
