/**
 * Watches the room that is left where blobs are kept. Below one mark it is an alarm; below a second, pictures of new looks
 * are refused while all else is still stored, so that a disk that fills up stops the looking long before it touches
 * evidence. A store that does not tell what is left, as a bucket, is *untold*; that it is full it says itself, by refusing.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import type { Said } from '../../base/said.ts';
import type { BlobSpace, BlobStore } from './blobs.ts';

export type SpaceState = 'ample' | 'low' | 'out' | 'untold';

export interface SpaceRules {
  readonly alarmBelowBytes: number;
  readonly picturesStopBelowBytes: number;
}

export interface SpaceParts {
  readonly blobs: BlobStore;
  readonly rules: SpaceRules;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of each change; what it rejects with is logged. */
  readonly onChange?: (state: SpaceState, space: BlobSpace | undefined) => Promise<void>;
}

/** Room must rise a tenth above a mark before it counts as passed, so that a disk at the mark does not ring all day. */
const withMargin = (markBytes: number): number => (markBytes * 11) / 10;

export function spaceState(before: SpaceState, space: BlobSpace | undefined, rules: SpaceRules): SpaceState {
  if (!space) return 'untold';
  const isBelow = (markBytes: number, wasBelow: boolean): boolean =>
    space.freeBytes < (wasBelow ? withMargin(markBytes) : markBytes);
  if (isBelow(rules.picturesStopBelowBytes, before === 'out')) return 'out';
  return isBelow(rules.alarmBelowBytes, before === 'out' || before === 'low') ? 'low' : 'ample';
}

export class SpaceWatch {
  readonly #parts: SpaceParts;
  #state: SpaceState = 'untold';
  #space: BlobSpace | undefined;
  #timer: Timer | undefined;
  #asking: Promise<void> | undefined;

  constructor(parts: SpaceParts) {
    this.#parts = parts;
  }

  get state(): SpaceState {
    return this.#state;
  }

  /** As last asked. */
  get space(): BlobSpace | undefined {
    return this.#space;
  }

  async start(): Promise<void> {
    await this.ask();
    this.#timer = this.#parts.clock.every(LIMITS.spaceAskedEveryMs, () => void this.ask());
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#asking;
  }

  /** The store for pictures of new looks: putting fails with `blob.pictures_stopped` while there is no room for them. */
  get pictures(): Pick<BlobStore, 'put' | 'get'> {
    const { blobs, rules } = this.#parts;
    return {
      get: (sha256) => blobs.get(sha256),
      put: async (bytes) => {
        if (this.#state === 'out') {
          throw new SentinelError('blob.pictures_stopped', {
            freeMib: Math.floor((this.#space?.freeBytes ?? 0) / MIB),
            limitMib: Math.floor(rules.picturesStopBelowBytes / MIB),
          });
        }
        return blobs.put(bytes);
      },
    };
  }

  /** In words, for whoever asks whether all is well. */
  get detail(): Said {
    if (!this.#space) return { en: 'does not tell what is left', zh: '存储未告知剩余空间' };
    const { freeBytes, totalBytes } = this.#space;
    const left = {
      en: `${gib(freeBytes)} of ${gib(totalBytes)} GiB left`,
      zh: `剩余 ${gib(freeBytes)} GiB，共 ${gib(totalBytes)} GiB`,
    };
    if (this.#state === 'ample') return left;
    if (this.#state === 'low') return { en: `low: ${left.en}`, zh: `空间偏低：${left.zh}` };
    return { en: `${left.en}: pictures of new looks are not kept`, zh: `${left.zh}：新观察的图片已停止保存` };
  }

  ask(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const { blobs, rules, log, onChange } = this.#parts;
    try {
      this.#space = await blobs.space();
    } catch (thrown) {
      log.error({ problem: problemOf(thrown) }, 'what is left of the disk cannot be asked');
      return;
    }
    const state = spaceState(this.#state, this.#space, rules);
    if (state === this.#state) return;
    const before = this.#state;
    this.#state = state;
    if (state === 'low') log.warn({ ...this.#space }, 'the disk of pictures and evidence fills up');
    if (state === 'out') log.error({ ...this.#space }, 'the disk is nearly full: pictures of new looks are not kept');
    if (state === 'ample' && before !== 'untold') log.info({ ...this.#space }, 'the disk has room again');
    await onChange?.(state, this.#space).catch((thrown: unknown) => {
      log.error({ problem: problemOf(thrown) }, 'a change of the disk’s room could not be told');
    });
  }
}

const MIB = 1024 * 1024;
const gib = (bytes: number): string => (bytes / 1024 ** 3).toFixed(1);
