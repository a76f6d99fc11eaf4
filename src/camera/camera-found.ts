/** Devices that a search found, as a camera file that a person completes and imports. */
import { Document, isSeq } from 'yaml';

/** What is told of one found device; empty where it says nothing. */
export interface FoundCamera {
  /** The device's own lasting name for itself. */
  readonly urn: string;
  readonly url: string;
  readonly name: string;
  readonly model: string;
  readonly location: string;
}

/**
 * Credentials are left for the person to name: a search asks no device for any.
 * @returns YAML as `cameras import` reads it
 */
export function foundCameraFile(found: readonly FoundCamera[]): string {
  const cameras = found.map(({ urn, url, name, model, location }) => ({
    key: urn.replace(/^urn:(uuid:)?/i, '').slice(0, 100),
    name: (name || model || new URL(url).host).slice(0, 100),
    ...(location !== '' && { place: location.slice(0, 200) }),
    onvif_url: url,
  }));
  const document = new Document({ cameras });
  const list = document.get('cameras');
  if (isSeq<{ commentBefore?: string | null }>(list)) {
    list.items.forEach((item, index) => {
      const model = found[index]?.model ?? '';
      if (model !== '') item.commentBefore = ` ${model}`;
    });
  }
  return document.toString();
}
