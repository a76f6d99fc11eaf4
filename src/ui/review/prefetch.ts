/** Pictures that will be wanted next, fetched and decoded while these are looked at, so that the next item opens at once. */
import { watchEffect } from 'vue';

/** @param urls in the order in which they will be wanted; null where there is no picture */
export function usePrefetch(urls: () => readonly (string | null)[]): void {
  // Held, or the browser may let go of what it decoded.
  let held = new Map<string, HTMLImageElement>();
  watchEffect(() => {
    const next = new Map<string, HTMLImageElement>();
    for (const url of urls()) {
      if (url === null) continue;
      const known = held.get(url);
      const image = known ?? new Image();
      next.set(url, image);
      if (known) continue;
      image.src = url;
      // A picture that cannot be had is told of where it is shown.
      image.decode().catch(() => undefined);
    }
    held = next;
  });
}
