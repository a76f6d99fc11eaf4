/** What is used of jmuxer, which brings no types. */
declare module 'jmuxer' {
  interface Options {
    node: HTMLVideoElement;
    mode: 'video';
    videoCodec: 'H264' | 'H265';
    /** 0 appends each picture as it is fed. */
    flushingTime: number;
    /** Milliseconds that playing may lag behind before it jumps ahead. */
    maxDelay: number;
    clearBuffer: boolean;
    onError(problem: unknown): void;
  }

  export default class JMuxer {
    constructor(options: Options);
    /** @param media.video one access unit, Annex B @param media.duration milliseconds */
    feed(media: { video: Uint8Array; duration: number }): void;
    destroy(): void;
  }
}
