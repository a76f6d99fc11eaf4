/**
 * Reads the few values wanted of a SOAP answer from its text. The library's own reading turns texts that look like
 * numbers into numbers, so that a serial `0012345678901234567` or a firmware `1.10` would come out as something else.
 */

export interface DeviceInformation {
  readonly make: string;
  readonly model: string;
  readonly serial: string;
  readonly firmware: string;
}

/** @returns the text of the first element of that local name, whatever its prefix; undefined if it has none */
export function textOf(xml: string, element: string): string | undefined {
  const match = new RegExp(`<(?:[\\w.-]+:)?${element}(?:\\s[^<>]*)?>([^<]*)<`).exec(xml);
  return match?.[1] === undefined ? undefined : unescapeXml(match[1].trim());
}

/** @returns each element of that local name with its tags; one within another of the same name is not told apart */
export function elementsOf(xml: string, element: string): string[] {
  const opening = new RegExp(`<(?:[\\w.-]+:)?${element}(?=[\\s>])[^<>]*>`, 'g');
  const closing = new RegExp(`</(?:[\\w.-]+:)?${element}\\s*>`, 'g');
  const elements: string[] = [];
  for (let open = opening.exec(xml); open; open = opening.exec(xml)) {
    closing.lastIndex = opening.lastIndex;
    if (!closing.exec(xml)) break;
    elements.push(xml.slice(open.index, closing.lastIndex));
    opening.lastIndex = closing.lastIndex;
  }
  return elements;
}

/** @returns the value of an attribute of the first tag in `xml` */
export function attributeOf(xml: string, attribute: string): string | undefined {
  const tag = xml.slice(0, xml.indexOf('>'));
  const match = new RegExp(`\\s${attribute}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(tag);
  const value = match?.[1] ?? match?.[2];
  return value === undefined ? undefined : unescapeXml(value);
}

/** @returns UTC ms since 1970 of a GetSystemDateAndTime answer; undefined where it tells no UTC or an impossible one */
export function readDeviceTimeMs(xml: string): number | undefined {
  const utc = elementsOf(xml, 'UTCDateTime')[0];
  if (utc === undefined) return undefined;
  const [year, month, day, hour, minute, second] = ['Year', 'Month', 'Day', 'Hour', 'Minute', 'Second'].map((name) =>
    Number(textOf(utc, name) || Number.NaN),
  ) as [number, number, number, number, number, number];
  // Two-digit years would be taken for the last century; a leap second counts as the next one.
  const ms = year >= 1970 && year <= 9999 ? Date.UTC(year, month - 1, day, hour, minute, second) : Number.NaN;
  return Number.isFinite(ms) ? ms : undefined;
}

export function readDeviceInformation(xml: string): DeviceInformation {
  return {
    make: textOf(xml, 'Manufacturer') ?? '',
    model: textOf(xml, 'Model') ?? '',
    serial: textOf(xml, 'SerialNumber') ?? '',
    firmware: textOf(xml, 'FirmwareVersion') ?? '',
  };
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[String(name).toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
