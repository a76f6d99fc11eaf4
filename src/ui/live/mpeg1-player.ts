/** MPEG-1 in a transport stream onto a canvas, decoded by JSMpeg in plain JavaScript. */
import JSMpeg from '@cycjimmy/jsmpeg-player';

/** JSMpeg asks its source for nothing but these; the bytes come from our own line instead of one that it would open. */
class PushedSource {
  readonly streaming = true;
  readonly completed = false;
  readonly progress = 1;
  established = false;
  #destination: { write(bytes: Uint8Array): void } | undefined;

  connect(destination: { write(bytes: Uint8Array): void }): void {
    this.#destination = destination;
  }

  start(): void {}
  resume(): void {}

  destroy(): void {
    this.#destination = undefined;
  }

  push(bytes: Uint8Array): void {
    this.established = true;
    this.#destination?.write(bytes);
  }
}

/** Bytes of pictures that wait to be decoded; a page that falls further behind leaves the oldest out. */
const WAITING_BYTES = 512 * 1024;

export class Mpeg1Player {
  readonly #source = new PushedSource();
  readonly #player: { destroy(): void };

  constructor(canvas: HTMLCanvasElement) {
    const source = this.#source;
    this.#player = new JSMpeg.Player('', {
      // It wants a class to make its source of.
      source: function () {
        return source;
      },
      canvas,
      audio: false,
      autoplay: true,
      // The pages' security policy lets no WebAssembly be compiled.
      disableWebAssembly: true,
      // What is shown can be read back, so that it can be copied or printed.
      preserveDrawingBuffer: true,
      videoBufferSize: WAITING_BYTES,
      // A hidden page pulls nothing at all; LiveVideo sees to it.
      pauseWhenHidden: false,
    });
  }

  take(bytes: Uint8Array): void {
    this.#source.push(bytes);
  }

  close(): void {
    this.#player.destroy();
  }
}
