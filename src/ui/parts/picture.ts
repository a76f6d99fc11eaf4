/** Whether a picture could not be shown. It is tried again when its address changes and when the line stands again. */
import { ref, watch, type Ref } from 'vue';
import { live } from '../live.ts';

export function usePictureFailure(url: () => string | null): Ref<boolean> {
  const hasFailed = ref(false);
  watch([url, () => live.name], ([now, state], [before]) => {
    if (now !== before || state === 'live') hasFailed.value = false;
  });
  return hasFailed;
}
