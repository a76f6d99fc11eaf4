/** What is used of node-rtsp-stream, which brings no types. */
declare module 'node-rtsp-stream' {
  import type { ChildProcess } from 'node:child_process';
  import type { EventEmitter } from 'node:events';

  interface Options {
    readonly name: string;
    readonly streamUrl: string;
    readonly wsPort?: number;
    readonly ffmpegPath?: string;
    readonly ffmpegOptions?: Readonly<Record<string, string | number>>;
  }

  /** Its constructor calls `startMpeg1Stream` and then `pipeStreamToSocketServer`; `stop` ends what both left here. */
  export default class VideoStream extends EventEmitter {
    options: Options;
    stream: ChildProcess;
    wsServer: { close(): void };
    inputStreamStarted: boolean;
    constructor(options: Options);
    startMpeg1Stream(): unknown;
    pipeStreamToSocketServer(): unknown;
    stop(): this;
  }
}
