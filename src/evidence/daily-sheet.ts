/**
 * The daily sheet: one page to print and file, in Chinese and English, with the day's last head in words and as a QR code.
 * A sheet of paper in a cabinet cannot be changed from a keyboard: the log of that day is held against it. The code is
 * the head and its signature in canonical JSON.
 */
import qrcode from 'qrcode-generator';
import { canonicalText } from './canonical.ts';
import type { PublicKey, SignedHead } from './tree-head.ts';

export interface SheetFacts {
  readonly estate: string;
  readonly timeZone: string;
  /** `2026-06-01` */
  readonly day: string;
  readonly signed: SignedHead;
  readonly key: PublicKey;
}

/** What the QR code holds. */
export function sheetCode({ head, signature }: SignedHead): string {
  return canonicalText({ head, signature });
}

/** @returns an HTML document that needs nothing else */
export function dailySheet({ estate, timeZone, day, signed, key }: SheetFacts): string {
  const { head, signature } = signed;
  const rows: readonly (readonly [zh: string, en: string, value: string])[] = [
    ['小区', 'Estate', estate],
    ['日期', 'Day', day],
    ['日志编号', 'Log', head.logId],
    ['条目数', 'Entries', String(head.size)],
    ['根哈希 (SHA-256)', 'Root', grouped(head.root)],
    ['签名时间', 'Signed at', `${localTime(head.at, timeZone)} (${timeZone})`],
    ['签名密钥', 'Key', grouped(key.id)],
    ['签名 (Ed25519)', 'Signature', grouped(signature)],
  ];
  return `<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<title>证据日志每日封印 ${text(day)}</title>
<style>
@page { size: A4; margin: 18mm }
body { font: 11pt/1.5 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif; color: #000; max-width: 174mm }
h1 { font-size: 17pt; margin: 0 } h1 small { display: block; font-size: 11pt; font-weight: normal }
table { border-collapse: collapse; width: 100%; margin: 8mm 0 } th, td { border: .3mm solid #000; padding: 1.5mm 2.5mm; text-align: left; vertical-align: top }
th { width: 34mm; font-weight: normal } th small { display: block } td { font-family: "DejaVu Sans Mono", Consolas, monospace; font-size: 9.5pt; overflow-wrap: anywhere }
.code { display: flex; gap: 8mm; align-items: flex-start } .code svg { width: 62mm; height: 62mm; flex: none }
.sign { margin-top: 14mm; display: flex; gap: 14mm } .sign span { flex: 1; border-top: .3mm solid #000; padding-top: 1mm }
</style>
<h1>证据日志每日封印<small>Evidence log: seal of the day</small></h1>
<table>
${rows.map(([zh, en, value]) => `<tr><th>${text(zh)}<small>${text(en)}</small><td>${text(value)}`).join('\n')}
</table>
<div class="code">
${code(sheetCode(signed))}
<div>
<p>请打印并归档。此后如有人删改该日及以前的证据记录，日志将与本页不符：以“sentinel check”核对，或扫描二维码，将其中的条目数与根哈希同证据包或系统所示比对。</p>
<p lang="en">Print and file this page. Should anybody later remove or change what was recorded up to this day, the log no longer
agrees with it: <code>sentinel check</code> compares, or scan the code and compare entries and root with those of an evidence package or
of the system.</p>
</div>
</div>
<div class="sign"><span>经办人 Printed by</span><span>日期 Date</span></div>
</html>
`;
}

function code(content: string): string {
  const qr = qrcode(0, 'M');
  qr.addData(content, 'Byte');
  qr.make();
  return qr.createSvgTag({ cellSize: 4, margin: 16, scalable: true });
}

/** In groups of eight, as people compare them. */
function grouped(value: string): string {
  return value.match(/.{1,8}/g)?.join(' ') ?? value;
}

function localTime(at: string, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(new Date(at));
}

function text(value: string): string {
  return value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
