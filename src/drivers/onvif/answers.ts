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

export interface Fault {
  /** The device's own sentence; '' if it gave none. */
  readonly reason: string;
  /** The last and most particular of its codes, without prefix, e.g. `NoToken` (Core Specification 5.8.2.2). */
  readonly subcode: string;
}

/** What a device writes into its picture (ONVIF Media Service, OSDConfiguration). */
export interface DeviceCaption {
  /** ONVIF's word: `Plain`, `Date`, `Time`, `DateAndTime`. */
  readonly kind: string;
  /** Of a plain one; '' of those that the device fills itself. */
  readonly text: string;
  /** Token of the video source's configuration into whose picture it is written. */
  readonly source: string;
}

export interface NetworkInterface {
  readonly name: string;
  /** Hardware address as `aa:bb:cc:dd:ee:ff`; '' if the device tells none. */
  readonly mac: string;
  /** IPv4 addresses, given by hand or by DHCP. */
  readonly addresses: readonly string[];
}

/** @returns the text of the first element of that local name, whatever its prefix; undefined if it has none */
export function textOf(xml: string, element: string): string | undefined {
  // What stands in CDATA is bounded, so that a text full of its beginnings is not searched to its end from each of them.
  const match = new RegExp(
    `<(?:[\\w.-]+:)?${element}(?:\\s[^<>]*)?>(?:\\s*<!\\[CDATA\\[([^\\]]{0,512})\\]\\]>\\s*|([^<]*))<`,
  ).exec(xml);
  return match?.[1] ?? (match ? unescapeXml((match[2] ?? '').trim()) : undefined);
}

/** @returns the number in the first element of that name; undefined if there is none */
export function numberOf(xml: string, element: string): number | undefined {
  return readNumber(textOf(xml, element));
}

/** @returns the number a text holds. Some firmware writes `0,5` where its language does. */
export function readNumber(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const value = Number(text.replace(',', '.'));
  return Number.isFinite(value) ? value : undefined;
}

/** @returns each element of that local name with its tags; one within another of the same name is not told apart */
export function elementsOf(xml: string, element: string): string[] {
  const opening = new RegExp(`<(?:[\\w.-]+:)?${element}(?=[\\s/>])[^<>]*>`, 'g');
  const closing = new RegExp(`</(?:[\\w.-]+:)?${element}\\s*>`, 'g');
  const elements: string[] = [];
  for (let open = opening.exec(xml); open; open = opening.exec(xml)) {
    if (open[0].endsWith('/>')) {
      elements.push(open[0]);
      continue;
    }
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

/** @returns the fault of an answer (SOAP 1.2, 5.4; and 1.1 as a few old devices still write it); undefined if it is none */
export function readFault(xml: string): Fault | undefined {
  const fault = elementsOf(xml, 'Fault')[0];
  if (fault === undefined) return undefined;
  const codes = [...fault.matchAll(/<(?:[\w.-]+:)?Value(?:\s[^<>]*)?>([^<]*)</g)].map((match) => match[1] ?? '');
  const code = codes.at(-1) ?? textOf(fault, 'faultcode') ?? '';
  return {
    reason: textOf(fault, 'Text') ?? textOf(fault, 'faultstring') ?? '',
    subcode: unescapeXml(code.trim()).replace(/^.*:/, ''),
  };
}

export function readNetworkInterfaces(xml: string): NetworkInterface[] {
  return elementsOf(xml, 'NetworkInterfaces').map((element) => {
    const mac = textOf(element, 'HwAddress') ?? '';
    const ipv4 = elementsOf(element, 'IPv4')[0] ?? '';
    const given = [...elementsOf(ipv4, 'Manual'), ...elementsOf(ipv4, 'FromDHCP')];
    return {
      name: textOf(element, 'Name') ?? attributeOf(element, 'token') ?? '',
      mac: mac.toLowerCase().replaceAll('-', ':'),
      addresses: [...new Set(given.map((one) => textOf(one, 'Address') ?? '').filter((address) => address !== ''))],
    };
  });
}

/** Those of text; pictures that a device lays over its own are left out. */
export function readCaptions(xml: string): DeviceCaption[] {
  return elementsOf(xml, 'OSDs').flatMap((element) => {
    const written = elementsOf(element, 'TextString')[0];
    if (written === undefined) return [];
    const source = textOf(element, 'VideoSourceConfigurationToken') ?? '';
    return [{ kind: textOf(written, 'Type') ?? '', text: textOf(written, 'PlainText') ?? '', source }];
  });
}

/** Writes a text so that it stays one text inside an element or attribute; what XML cannot hold at all is left out. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/[&<>"']/g, (sign) => ESCAPED[sign] ?? sign);
}

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[String(name).toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
