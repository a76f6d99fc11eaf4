/** What this browser remembers between visits. A browser that refuses storage forgets; the pages work all the same. */
type Remembered = 'language' | 'theme' | 'compare-mode' | 'queue-order' | 'muted-until';

export function recall(what: Remembered): string | null {
  try {
    return localStorage.getItem(`sentinel.${what}`);
  } catch {
    return null;
  }
}

export function remember(what: Remembered, value: string): void {
  try {
    localStorage.setItem(`sentinel.${what}`, value);
  } catch {
    // Storage is full or refused; the choice lasts until the page is closed.
  }
}
