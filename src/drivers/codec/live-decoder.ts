/**
 * A camera's stream decoded picture by picture, for the short while in which a turret is watched until it stands. It begins
 * with a key unit, carries on from unit to unit, and after damage or loss waits for the next key unit.
 */
import { AV_LOG_QUIET } from 'node-av/constants';
import { Frame, Log, Packet, type CodecContext } from 'node-av/lib';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Picture } from '../../base/picture.ts';
import { isWhole, openDecoder, PictureScaler, type CodecName } from './decoding.ts';

/** An access unit: Annex B bytes, a key unit's with their parameter sets. */
export interface StreamUnit {
  readonly codec: CodecName;
  readonly bytes: Uint8Array;
  readonly isKey: boolean;
  /** A unit that it may depend on was lost. */
  readonly followsLoss: boolean;
}

export interface DecodedUnit {
  readonly picture: Picture;
  /** Size of the stream before scaling. */
  readonly sourceWidthPx: number;
  readonly sourceHeightPx: number;
}

/** Of one camera. Units are given one after another, each when the one before is done. */
export class LiveDecoder {
  readonly #packet = new Packet();
  readonly #frame = new Frame();
  readonly #scaler = new PictureScaler();
  #context: { codec: CodecName; decoder: CodecContext } | undefined;
  #begun = false;
  #closed = false;

  constructor() {
    Log.setLevel(AV_LOG_QUIET);
    this.#packet.alloc();
    this.#frame.alloc();
  }

  /**
   * @param wanted false: carried along only for the pictures that depend on it
   * @returns undefined where none was wanted, or none can be had before the next key unit
   * @throws SentinelError picture.unreadable where this codec cannot be decoded at all
   */
  async decode(
    unit: StreamUnit,
    wanted: boolean,
    widthPx: number = LIMITS.lookWidthPx,
  ): Promise<DecodedUnit | undefined> {
    if (this.#closed) return undefined;
    if (unit.isKey) this.#begun = true;
    else if (unit.followsLoss) this.#begun = false;
    if (!this.#begun) return undefined;
    const decoder = await this.#decoderFor(unit);
    if (unit.isKey) decoder.flushBuffers();
    this.#packet.unref();
    this.#packet.data = Buffer.from(unit.bytes.buffer, unit.bytes.byteOffset, unit.bytes.byteLength);
    this.#packet.isKeyframe = unit.isKey;
    const inPlace = unit.bytes.length <= LIMITS.decodedInPlaceBytes;
    const sent = inPlace ? decoder.sendPacketSync(this.#packet) : await decoder.sendPacket(this.#packet);
    if (sent < 0) {
      this.#begun = false;
      return undefined;
    }
    let decoded: DecodedUnit | undefined;
    try {
      while (decoder.receiveFrameSync(this.#frame) >= 0) {
        if (!isWhole(this.#frame)) this.#begun = false;
        else if (wanted) decoded = this.#scaled(widthPx);
        this.#frame.unref();
      }
    } finally {
      this.#frame.unref();
    }
    return this.#begun ? decoded : undefined;
  }

  close(): void {
    this.#closed = true;
    this.#context?.decoder.freeContext();
    this.#context = undefined;
    this.#scaler.close();
    this.#frame.free();
    this.#packet.free();
  }

  #scaled(widthPx: number): DecodedUnit | undefined {
    const { width: sourceWidthPx, height: sourceHeightPx } = this.#frame;
    const picture = this.#scaler.scale(this.#frame, widthPx, (length) => Buffer.allocUnsafeSlow(length));
    return picture && { picture, sourceWidthPx, sourceHeightPx };
  }

  async #decoderFor({ codec }: StreamUnit): Promise<CodecContext> {
    if (this.#context?.codec === codec) return this.#context.decoder;
    this.#context?.decoder.freeContext();
    this.#context = undefined;
    const decoder = await openDecoder(codec, true);
    if (!decoder) {
      throw new SentinelError('picture.unreadable', { what: `${codec} stream`, problem: 'the decoder did not open' });
    }
    this.#context = { codec, decoder };
    return decoder;
  }
}
