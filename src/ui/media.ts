import { onBeforeUnmount, readonly, ref, type Ref } from 'vue';

/** Whether a media query holds, as it changes. */
export function useMedia(query: string): Readonly<Ref<boolean>> {
  const media = window.matchMedia(query);
  const holds = ref(media.matches);
  const onChange = (): void => {
    holds.value = media.matches;
  };
  media.addEventListener('change', onChange);
  onBeforeUnmount(() => media.removeEventListener('change', onChange));
  return readonly(holds);
}
