/**
 * What stands in the log. An entry is a short canonical text that names what happened, when, and the digest of its body;
 * the body, canonical too, is kept beside it and may be shown or held back without touching the tree. Runs in browsers.
 */
import { canonicalText, sha256OfText } from './canonical.ts';

/**
 * Every kind of entry, thing first. Kinds are only ever added: an old log stays readable.
 *
 * `log.begun` first entry: the log's id. `key.accepted` the key that signs from here on. `log.cut_found` a head was
 * published that the log does not reach or does not agree with. `snapshot.sealed` a {@link SnapshotRecord}.
 *
 * Who touched evidence, with a body of `custody-entry.ts`: `snapshots.searched` a list was shown, `snapshot.viewed`,
 * `pictures.viewed` pictures of a view that stand in no snapshot, `snapshot.exported` the camera's own bytes were handed
 * out, `snapshot.refused` somebody asked for what they may not see, `hold.placed`, `hold.released`.
 *
 * `snapshot.pruned` files went by rule. `store.checked` what a check of the stored files found and mended. `server.clock`
 * the state of a machine's clock changed, or it jumped. `camera.clock_set` a camera's clock was set on request.
 *
 * `package.made` what `package-form.ts` calls PackageMade. `package.fetched` somebody began to download a part of it.
 */
export const ENTRY_KINDS = [
  'log.begun',
  'key.accepted',
  'log.cut_found',
  'snapshot.sealed',
  'snapshots.searched',
  'snapshot.viewed',
  'pictures.viewed',
  'snapshot.exported',
  'snapshot.refused',
  'hold.placed',
  'hold.released',
  'snapshot.pruned',
  'store.checked',
  'server.clock',
  'camera.clock_set',
  'package.made',
  'package.fetched',
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export interface LogEntry {
  readonly format: 'sentinel-log-entry/1';
  readonly kind: EntryKind;
  /** UTC by the server's clock, `2026-06-01T08:00:00.000Z`. */
  readonly at: string;
  /** SHA-256 of the body's canonical text. */
  readonly bodySha256: string;
  /** SM3 (GB/T 32905) of the same, where the installation makes it. */
  readonly bodySm3?: string;
}

/** What `log.begun` says. */
export interface LogBegun {
  readonly format: 'sentinel-log/1';
  /** UUID; every head names it, so that heads of two logs are never taken for one's. */
  readonly logId: string;
  readonly tree: 'rfc6962-sha256';
}

/** What `log.cut_found` says. */
export interface LogCutFound {
  readonly format: 'sentinel-log-cut/1';
  /** `cut`: the log is shorter than the published head; `forked`: it is as long, and not the same. */
  readonly finding: 'cut' | 'forked';
  readonly published: { readonly size: number; readonly root: string; readonly at: string };
  readonly found: { readonly size: number; readonly root: string };
}

/** The two texts of an entry: itself, which is the leaf, and its body. */
export interface EntryTexts {
  readonly entry: string;
  readonly body: string;
}

/** @param sm3 digest of a text's UTF-8 bytes in hexadecimal, where SM3 is wanted too */
export function writeEntry(kind: EntryKind, atMs: number, body: unknown, sm3?: (text: string) => string): EntryTexts {
  const text = canonicalText(body);
  const entry: LogEntry = {
    format: 'sentinel-log-entry/1',
    kind,
    at: new Date(atMs).toISOString(),
    bodySha256: sha256OfText(text),
    ...(sm3 && { bodySm3: sm3(text) }),
  };
  return { entry: canonicalText(entry), body: text };
}
