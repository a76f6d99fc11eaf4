/** The newest still of one camera: fetched when asked, and painted only once it is there whole. */
import { onBeforeUnmount, ref } from 'vue';

export interface ShownStill {
  readonly url: string;
  /** Its moment, by the server's clock. */
  readonly atMs: number;
}

export function useStill(cameraId: () => number) {
  const still = ref<ShownStill>();
  let isLoading = false;

  function show(next: ShownStill | undefined): void {
    if (still.value) URL.revokeObjectURL(still.value.url);
    still.value = next;
  }

  async function load(): Promise<void> {
    if (isLoading) return;
    isLoading = true;
    const wanted = cameraId();
    try {
      const response = await fetch(`/api/v1/cameras/${wanted}/still.jpg`, { credentials: 'same-origin' });
      const capturedAt = response.headers.get('x-captured-at');
      if (!response.ok || capturedAt === null) return;
      const atMs = Date.parse(capturedAt);
      if (still.value?.atMs === atMs) return;
      const url = URL.createObjectURL(await response.blob());
      if (cameraId() === wanted) show({ url, atMs });
      else URL.revokeObjectURL(url);
    } catch {
      // What is painted stays, and its age says how old it is.
    } finally {
      isLoading = false;
    }
  }

  onBeforeUnmount(() => show(undefined));
  void load();
  return { still, load };
}
