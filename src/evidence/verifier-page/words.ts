/** What the page says besides the report. */
const both = (zh: string, en: string) => ({ zh, en });

export const PAGE_WORDS = {
  title: both('证据包核验', 'Evidence package check'),
  other: both('English', '中文'),
  intro: both(
    '本页在您的浏览器中核验证据包，不联网，不上传任何内容。请选择证据包的 ZIP 原文件（不是解压后的文件夹）。',
    'This page checks an evidence package inside your browser. It goes to no network and sends nothing. Choose the package’s ZIP file as you got it, not the unpacked folder.',
  ),
  choose: both('选择证据包 ZIP 文件', 'Choose the package’s ZIP file'),
  chooseHint: both('点击选择，或将文件拖到此处', 'Click to choose, or drop the file here'),
  key: both(
    '签名公钥指纹（可选，取自每日公示单等其他来源）',
    'Fingerprint of the key (optional, from elsewhere, such as the daily sheet)',
  ),
  keyHint: both('64 位十六进制数字', '64 hexadecimal digits'),
  empty: both('尚未选择文件。', 'No file chosen yet.'),
  working: both('正在逐字节核验……', 'Checking every byte…'),
  compareKey: both(
    '请将下方的签名公钥指纹与另行获知的指纹比对；未比对前，只能证明此包自洽。',
    'Compare the fingerprint below with one you know from elsewhere; until then the package only agrees with itself.',
  ),
  facts: both('证据包信息', 'The package'),
  estate: both('小区', 'Estate'),
  madeAt: both('制作时间', 'Made at'),
  madeBy: both('制作人', 'Made by'),
  purpose: both('用途', 'Purpose'),
  reason: both('事由', 'Reason'),
  recipient: both('接收人', 'Recipient'),
  contents: both('快照', 'Snapshots'),
} as const;

export type PageWord = keyof typeof PAGE_WORDS;
