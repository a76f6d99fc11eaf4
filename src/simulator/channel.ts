/**
 * One stream playing, whether anyone watches or not: which frame is due follows from the time alone, and its packets are
 * stamped once for all sessions. Scenes change between groups of pictures, so every session stays decodable and its
 * sequence numbers and timestamps run on.
 */
import type { Clock, Timer } from '../base/clock.ts';
import type { PreparedGroup } from './clip.ts';
import { senderReport, stampFrame, type PreparedFrame, type RtpCounters } from './rtp.ts';

const RTP_HZ = 90_000;
const SENDER_REPORT_MS = 5_000;
/** All channels wake on one beat: hundreds of them then cost the process one wake-up where they would cost hundreds. */
const BEAT_MS = 20;
/** A channel that was held up longer than this leaves out what it missed, as a camera does. */
const CATCH_UP_FRAMES = 10;

export interface ChannelListener {
  /** @param bytes interleaved packets on channel 0, shared by all listeners: not to be changed */
  onFrame(bytes: Buffer, frame: PreparedFrame): void;
  /** @param bytes interleaved RTCP on channel 1, shared likewise */
  onReport(bytes: Buffer): void;
}

export class Channel {
  readonly fps: number;
  readonly #clock: Clock;
  readonly #pictures: (frameNumber: number) => PreparedFrame | undefined;
  readonly #clockOffsetMs: () => number;
  readonly #originMs: number;
  readonly #timestampOrigin: number;
  readonly #counters: RtpCounters;
  readonly #listeners = new Set<ChannelListener>();
  #nextFrame = 0;
  #nextReportMs = 0;
  #timer: Timer | undefined;

  /**
   * @param originMs monotonic time of frame 0; channels are spread by it
   * @param pictures the frame to play as number `frameNumber`, asked when it is due; undefined: nothing to see
   * @param clockOffsetMs the camera's clock minus ours
   * @param seed makes SSRC, first sequence number and first timestamp differ between channels
   */
  constructor(options: {
    clock: Clock;
    fps: number;
    originMs: number;
    pictures: (frameNumber: number) => PreparedFrame | undefined;
    clockOffsetMs?: () => number;
    seed: number;
  }) {
    this.#clock = options.clock;
    this.fps = options.fps;
    this.#originMs = options.originMs;
    this.#pictures = options.pictures;
    this.#clockOffsetMs = options.clockOffsetMs ?? (() => 0);
    this.#timestampOrigin = Math.imul(options.seed + 1, 0x9e3779b1) >>> 0;
    this.#counters = {
      ssrc: Math.imul(options.seed + 1, 0x85ebca6b) >>> 0,
      sequence: Math.imul(options.seed + 1, 0xc2b2ae35) & 0xffff,
      packets: 0,
      octets: 0,
    };
  }

  get ssrc(): number {
    return this.#counters.ssrc;
  }

  /** Sequence number and timestamp the next frame will carry, for `RTP-Info`. */
  get next(): { sequence: number; rtpTimestamp: number } {
    const frame = this.#timer ? this.#nextFrame : this.#frameDue() + 1;
    return { sequence: this.#counters.sequence, rtpTimestamp: this.#timestampOf(frame) };
  }

  join(listener: ChannelListener): void {
    this.#listeners.add(listener);
    // A newcomer learns the camera's clock with its first frame.
    this.#nextReportMs = 0;
    if (this.#timer) return;
    this.#nextFrame = this.#frameDue() + 1;
    this.#plan();
  }

  leave(listener: ChannelListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #frameDue(): number {
    return Math.floor(((this.#clock.monotonicMs() - this.#originMs) * this.fps) / 1000);
  }

  #timestampOf(frame: number): number {
    return (this.#timestampOrigin + frame * Math.round(RTP_HZ / this.fps)) % 2 ** 32;
  }

  #plan(): void {
    const exactMs = this.#originMs + (this.#nextFrame * 1000) / this.fps;
    const dueMs = Math.ceil(exactMs / BEAT_MS) * BEAT_MS;
    // A timer may fire a little early; a frame is never sent before its time.
    this.#timer = this.#clock.after(Math.max(1, Math.ceil(dueMs - this.#clock.monotonicMs())), () => this.#tick());
  }

  #tick(): void {
    const due = this.#frameDue();
    if (due - this.#nextFrame > CATCH_UP_FRAMES) this.#nextFrame = due;
    while (this.#nextFrame <= due) this.#play(this.#nextFrame++);
    if (this.#listeners.size > 0) this.#plan();
  }

  #play(frameNumber: number): void {
    const frame = this.#pictures(frameNumber);
    if (!frame) return;
    const rtpTimestamp = this.#timestampOf(frameNumber);
    const bytes = stampFrame(frame, this.#counters, rtpTimestamp);
    for (const listener of this.#listeners) listener.onFrame(bytes, frame);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#nextReportMs) return;
    this.#nextReportMs = nowMs + SENDER_REPORT_MS;
    const report = senderReport(this.#counters, this.#clock.nowMs() + this.#clockOffsetMs(), rtpTimestamp);
    for (const listener of this.#listeners) listener.onReport(report);
  }
}

/**
 * Plays groups of pictures one after another.
 * @param programme the group to play as number `groupIndex`, asked when its turn comes; undefined: nothing to see
 * @param caption what the camera's clock shows now, written over key frames that have room for it
 */
export function groupsInTurn(
  framesPerGroup: number,
  programme: (groupIndex: number) => PreparedGroup | undefined,
  caption: () => string = () => '',
): (frameNumber: number) => PreparedFrame | undefined {
  let group: PreparedGroup | undefined;
  let groupIndex = -1;
  return (frameNumber) => {
    const index = Math.floor(frameNumber / framesPerGroup);
    if (index !== groupIndex) {
      groupIndex = index;
      group = programme(index);
    }
    const prepared = group?.frames[frameNumber - index * framesPerGroup];
    if (!prepared?.isKey) return prepared;
    return group?.captioned?.(caption()) ?? prepared;
  };
}
