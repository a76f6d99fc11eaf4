/** A sentence for people, in both languages of the pages. */
export interface Said {
  readonly en: string;
  readonly zh: string;
}

/** What another system said, or a name, which is the same in both. */
export function untranslated(text: string): Said {
  return { en: text, zh: text };
}
