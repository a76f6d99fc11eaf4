import type { Language } from '../i18n.ts';

/** `Mon, Tue and Wed`, as the language joins them. */
export function joined(words: readonly string[], language: Language): string {
  return new Intl.ListFormat(language === 'en' ? 'en-GB' : language, { type: 'conjunction' }).format(words);
}
