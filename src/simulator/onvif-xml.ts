/**
 * Reading requests and writing answers of the simulated ONVIF devices. The driver's own readers are not used here, so that
 * what the driver misunderstands is not misunderstood on both sides.
 */

/** XML that stands as it is; every other value of an {@link xml} template is written as text. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | boolean | Markup | readonly Markup[] | undefined;

/** Builds markup; values are escaped, markup and lists of it are put in as they are, undefined is left out. */
export function xml(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(strings.reduce((whole, part, index) => `${whole}${write(values[index - 1])}${part}`));
}

function write(value: Value): string {
  if (value === undefined) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map((markup) => markup.text).join('');
  return String(value)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const SIGNS: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return SIGNS[String(name)] ?? whole;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(String(hex), 16));
  });
}

/** One element of a request: its attributes, and what stands between its tags. */
export class Element {
  readonly #attributes: string;
  readonly inner: string;

  constructor(attributes: string, inner: string) {
    this.#attributes = attributes;
    this.inner = inner;
  }

  static of(text: string): Element {
    return new Element('', text);
  }

  /** The first element of that local name within; undefined if there is none. */
  child(name: string): Element | undefined {
    return this.children(name)[0];
  }

  /** All elements of that local name within, in order; none of them lies in another of the same name. */
  children(name: string): Element[] {
    const pattern = new RegExp(
      `<(?:[\\w.-]+:)?${name}((?:\\s[^<>]*?)?)(?:/>|>(.*?)</(?:[\\w.-]+:)?${name}\\s*>)`,
      'gs',
    );
    return [...this.inner.matchAll(pattern)].map(([, attributes = '', inner = '']) => new Element(attributes, inner));
  }

  /** Text of the first element of that name within. */
  text(name: string): string | undefined {
    const inner = this.child(name)?.inner;
    return inner === undefined ? undefined : unescape(inner.trim());
  }

  attribute(name: string): string | undefined {
    const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(this.#attributes);
    const value = match?.[1] ?? match?.[2];
    return value === undefined ? undefined : unescape(value);
  }

  number(attribute: string): number | undefined {
    const text = this.attribute(attribute);
    const value = Number(text);
    return text === undefined || text === '' || !Number.isFinite(value) ? undefined : value;
  }
}

/** ms of an `xs:duration` without years and months; undefined if it is none. */
export function readDurationMs(text: string | undefined): number | undefined {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text ?? '');
  if (!match || text === 'P') return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part || 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}
