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

/** What keys with nothing to fill in say, by language: asked for in every row of a table, and never other than it was. */
const said = new Map<string, string>();

export function useWords() {
  const { t: translate, te, locale } = useI18n();
  const say = translate as (key: string, ...filledIn: unknown[]) => string;
  const plain = (key: string): string => {
    const inLanguage = `${locale.value} ${key}`;
    let text = said.get(inLanguage);
    if (text === undefined) said.set(inLanguage, (text = say(key)));
    return text;
  };
  const isKnown = (key: string): boolean => said.has(`${locale.value} ${key}`) || te(key, 'zh-CN');
  return {
    t: ((key: string, ...filledIn: unknown[]) =>
      filledIn.length === 0 ? plain(key) : say(key, ...filledIn)) as typeof translate,
    locale: computed(() => locale.value as Language),
    /** The word in the reader's language; a word the pages do not know is shown as the machine said it. */
    word: (group: WordGroup, machineWord: string): string => {
      const key = `words.${group}.${machineWord.replaceAll(/[ .]/g, '_')}`;
      return /^[\w .-]{1,60}$/.test(machineWord) && isKnown(key) ? plain(key) : machineWord;
    },
  };
}
