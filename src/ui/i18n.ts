/** The pages' language: Chinese unless English was chosen here before. Machine words fall back to themselves, visibly. */
import { computed } from 'vue';
import { createI18n, useI18n } from 'vue-i18n';
import en from './locales/en.ts';
import zhCN from './locales/zh-CN.ts';
import { recall, remember } from './memory.ts';

export type Language = 'zh-CN' | 'en';

const remembered = recall('language');
const start: Language = remembered === 'en' ? 'en' : 'zh-CN';

export const i18n = createI18n({
  legacy: false,
  locale: start,
  fallbackLocale: 'en',
  messages: { 'zh-CN': zhCN, en },
});
document.documentElement.lang = start;

export function currentLanguage(): Language {
  return i18n.global.locale.value;
}

export function chooseLanguage(language: Language): void {
  i18n.global.locale.value = language;
  document.documentElement.lang = language;
  remember('language', language);
}

/** Groups of machine words under `words` in the locale files. */
export type WordGroup = keyof (typeof zhCN)['words'];

export function useWords() {
  const composer = useI18n();
  const { t, locale } = composer;
  return {
    t,
    locale: computed(() => locale.value as Language),
    /** The word in the reader's language; a word the pages do not know is shown as the machine said it. */
    word: (group: WordGroup, machineWord: string): string => {
      const key = `words.${group}.${machineWord.replaceAll(/[ .]/g, '_')}`;
      return /^[\w .-]{1,60}$/.test(machineWord) && composer.te(key, 'zh-CN') ? t(key) : machineWord;
    },
  };
}
