/** Dark unless light was chosen: the pages are read beside video walls in dimmed rooms. */
import { readonly, ref } from 'vue';
import { recall, remember } from './memory.ts';

export type Theme = 'dark' | 'light';

const current = ref<Theme>(recall('theme') === 'light' ? 'light' : 'dark');
apply(current.value);

export const theme = readonly(current);

export function chooseTheme(chosen: Theme): void {
  current.value = chosen;
  apply(chosen);
  remember('theme', chosen);
}

function apply(chosen: Theme): void {
  document.documentElement.dataset['theme'] = chosen;
  document.documentElement.classList.toggle('dark', chosen === 'dark');
}
