/** What was done with evidence, in a line for people, from whatever an entry of the log says. */
import type { StoredEntry } from './log.ts';
import { personName } from './statement-words.ts';
import type { CustodyLine } from './statement.ts';

const KINDS: Readonly<Record<string, string>> = {
  'snapshots.searched': '检索 searched',
  'snapshot.viewed': '查看 viewed',
  'pictures.viewed': '查看画面 pictures viewed',
  'snapshot.exported': '导出 exported',
  'snapshot.refused': '拒绝访问 refused',
  'snapshot.pruned': '到期清理 pruned',
  'hold.placed': '保全 held',
  'hold.released': '解除保全 released',
  'package.made': '制作证据包 package made',
  'package.fetched': '下载证据包 package fetched',
};

interface Told {
  readonly by?: { readonly name?: string; readonly displayName?: string; readonly unit?: string | null } | null;
  readonly reason?: string;
  readonly purpose?: string;
  readonly recipient?: string | null;
}

export function custodyLine({ kind, at, body }: Pick<StoredEntry, 'kind' | 'at' | 'body'>): CustodyLine {
  const told = JSON.parse(body) as Told;
  const { by, reason, purpose, recipient } = told;
  const who = by?.name === undefined ? '' : personName({ name: by.name, displayName: by.displayName ?? '' });
  return {
    at: at.toISOString(),
    kind: KINDS[kind] ?? kind,
    who: [who, by?.unit].filter(Boolean).join('，'),
    text: [reason, purpose, recipient && `→ ${recipient}`].filter(Boolean).join('；'),
  };
}
