/** A sentence for people, in both languages of the pages. */
export interface Said {
  readonly en: string;
  readonly zh: string;
}
