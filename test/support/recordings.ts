/** The simulated estate's recordings as the pictures its cameras show, without cameras. */
import path from 'node:path';
import type { Picture } from '../../src/base/picture.ts';
import { KeyFrameDecoder } from '../../src/drivers/codec/codec.ts';
import { ClipShelf, type StreamName } from '../../src/simulator/clip-shelf.ts';
import type { SceneLighting, SceneState } from '../../src/simulator/schedule.ts';

const MEDIA = path.resolve(import.meta.dirname, '../../src/simulator/media');
const WIDEST_PX = 1280;

export interface Recorded {
  readonly lighting: SceneLighting;
  readonly state: SceneState;
}

export class Recordings {
  readonly #shelf = new ClipShelf(MEDIA);
  readonly #decoder = new KeyFrameDecoder();

  /** @param states that its pictures are wanted in */
  addScene(scene: string, states: Iterable<SceneState> = ['plain']): void {
    this.#shelf.addScene(scene, new Set(states));
  }

  /** What the camera shows at its group `index`, with its clock written over it. */
  async picture(
    scene: string,
    recorded: Recorded,
    index: number,
    caption: string,
    stream: StreamName = 'sub',
  ): Promise<Picture> {
    const unit = this.#shelf.groupAt(scene, stream, { ...recorded, online: true }, index)?.captioned?.(caption);
    if (!unit) throw new Error(`${scene} has no recording ${recorded.lighting} ${recorded.state}`);
    const { picture } = await this.#decoder.decode(
      { codec: 'h264', bytes: annexB(unit.bytes, unit.offsets) },
      WIDEST_PX,
    );
    return picture;
  }

  close(): Promise<void> {
    return this.#decoder.close();
  }
}

/** The access unit of a prepared frame: packets taken apart, fragments joined (RFC 6184 section 5.8). */
export function annexB(bytes: Buffer, offsets: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  offsets.forEach((offset, index) => {
    const payload = bytes.subarray(offset + 16, offsets[index + 1] ?? bytes.length);
    const [indicator = 0, header = 0] = payload;
    if ((indicator & 0x1f) !== 28) parts.push(Buffer.from([0, 0, 0, 1]), payload);
    else {
      if ((header & 0x80) !== 0) parts.push(Buffer.from([0, 0, 0, 1, (indicator & 0xe0) | (header & 0x1f)]));
      parts.push(payload.subarray(2));
    }
  });
  return Buffer.concat(parts);
}
