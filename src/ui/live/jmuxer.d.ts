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
    /** The browser takes pictures from now on; what is fed before is lost, and with it all that comes after. */
    onReady(): void;
    onError(problem: unknown): void;
  }

  export default class JMuxer {
    constructor(options: Options);
    /**
     * @param media.video access units, Annex B
     * @param media.duration milliseconds
     * @param media.isLastVideoFrameComplete nothing more of it comes; otherwise its end waits for the next
     */
    feed(media: { video: Uint8Array; duration: number; isLastVideoFrameComplete: boolean }): void;
    destroy(): void;
  }
}
