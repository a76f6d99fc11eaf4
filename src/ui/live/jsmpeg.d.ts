/** What is used of JSMpeg, which brings no types. */
declare module '@cycjimmy/jsmpeg-player' {
  interface Options {
    /** It is called with `new`: no arrow function. */
    source: () => unknown;
    canvas: HTMLCanvasElement;
    audio: boolean;
    autoplay: boolean;
    disableWebAssembly: boolean;
    preserveDrawingBuffer: boolean;
    videoBufferSize: number;
    pauseWhenHidden: boolean;
  }

  const JSMpeg: { Player: new (url: string, options: Options) => { destroy(): void } };
  export default JSMpeg;
}
