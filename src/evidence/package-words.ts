/**
 * What a check of a package says to people, in Chinese and English: what was proven, what was found wrong and where, and
 * what no package can prove. Runs on the server and in a browser.
 */
import { CLAIMS, type CheckReport, type Claim, type ClaimState, type Finding, type Remark } from './package-report.ts';

export type Language = 'zh' | 'en';
type Both = Readonly<Record<Language, string>>;

const both = (zh: string, en: string): Both => ({ zh, en });

const CLAIM_WORDS: Readonly<Record<Claim, Both>> = {
  container: both(
    '证据包文件完整：没有增加、缺失或移动过任何字节',
    'The package file is whole: no byte was added, dropped or moved',
  ),
  key: both('签名公钥与您提供的指纹一致', 'The signing key is the one whose fingerprint you gave'),
  head: both('日志树头由该公钥签名', 'The head of the log was signed with this key'),
  manifest: both(
    '文件清单就是日志中登记的那一份（第 {packageEntry} 条）',
    'The list of contents is the one that the log speaks of (entry {packageEntry})',
  ),
  files: both('全部 {files} 个文件与清单逐字节一致', 'All {files} files are what the list says, to the byte'),
  entries: both(
    '包内 {entries} 条日志记录均在签名日志中，内容未改',
    'All {entries} log entries here are in the signed log, their contents unaltered',
  ),
  keys: both('签名公钥自日志开始起依次承接', 'The keys of the log lead from its first to this one'),
  snapshots: both(
    '{snapshots} 份快照所列文件均在包内，或已说明缺失原因',
    'Every file that the {snapshots} snapshots name is here, or is said to be absent',
  ),
  originals: both(
    '摄像机原始码流 {units} 个访问单元与存证时逐一一致',
    'All {units} access units of the cameras’ own streams are those that were sealed',
  ),
  sm3: both('{sm3Digests} 个国密 SM3（GB/T 32905）摘要逐一相符', 'All {sm3Digests} SM3 digests (GB/T 32905) fit'),
  stamp: both(
    '可信时间戳（RFC 3161）盖在含有快照的日志树头上（{stampedSize} 条）；时间戳机构的签名请用 README.txt 中的 OpenSSL 命令核验',
    'The time stamp (RFC 3161) is over a head of the log that holds snapshots ({stampedSize} entries); the authority’s own signature is checked by OpenSSL, as README.txt says',
  ),
};

const NO_SM3 = {
  state: both('未附', 'none'),
  text: both('包内没有国密 SM3 摘要', 'The package bears no SM3 digests'),
};

/** Where there was nothing to compare with, and nothing is wrong. */
const OPEN_WORDS: Readonly<Partial<Record<Claim, { readonly state: Both; readonly text: Both }>>> = {
  key: {
    state: both('未比对', 'not compared'),
    text: both('未提供指纹，签名公钥属于谁未经比对', 'No fingerprint was given: whose key it is was not compared'),
  },
  sm3: {
    state: both('未比对', 'not compared'),
    text: both(
      '包内有 {sm3Digests} 个国密 SM3 摘要，浏览器不能计算，未比对；可用 sentinel verify 或 OpenSSL 核验。SHA-256 已证明同样的内容',
      'The package bears {sm3Digests} SM3 digests, which a browser cannot make: sentinel verify or OpenSSL compares them. SHA-256 proved the same bytes',
    ),
  },
  stamp: {
    state: both('未附', 'none'),
    text: both('包内未附外部机构的可信时间戳', 'The package brings no time stamp of an outside authority'),
  },
};

const STATE_WORDS: Readonly<Record<ClaimState, Both>> = {
  proven: both('已证明', 'proven'),
  failed: both('不成立', 'fails'),
  open: both('未比对', 'not compared'),
  unchecked: both('未能核验', 'could not be checked'),
};

const FINDING_WORDS: Readonly<Record<Finding['code'], Both>> = {
  not_a_package: both('这不是哨兵证据包', 'This is not a Sentinel evidence package'),
  file_missing: both('文件缺失', 'The file is missing'),
  file_unreadable: both('文件无法读取', 'The file cannot be read'),
  file_altered: both('文件内容被改动', 'The file was altered'),
  file_misplaced: both('此处应为该文件，实为 {found}', 'Here {found} lies where this file belongs'),
  bytes_added: both('此处多出 {bytes} 字节', '{bytes} bytes too many from here'),
  bytes_missing: both('此处缺少 {bytes} 字节', '{bytes} bytes are missing from here'),
  container_altered: both('ZIP 文件结构被改动', 'The structure of the ZIP file was altered'),
  key_unreadable: both('公钥文件被改动', 'The key file was altered'),
  key_other: both('签名公钥不是您指定的那一把（此包为 {keyId}）', 'The key is not the one you named (here: {keyId})'),
  key_chain_broken: both('公钥承接关系不成立', 'The key does not follow from the keys of the log'),
  signature_wrong: both('签名不成立', 'The signature does not hold'),
  head_altered: both('日志树头被改动', 'The head of the log was altered'),
  proofs_altered: both('包含证明被改动', 'The proofs were altered'),
  entry_not_in_log: both('该条目不在签名的日志中', 'The entry is not in the signed log'),
  entry_altered: both('日志条目被改动', 'The log entry was altered'),
  body_altered: both('日志条目内容被改动', 'What the log entry tells was altered'),
  manifest_altered: both('文件清单被改动', 'The list of contents was altered'),
  manifest_unreadable: both('文件清单无法读取', 'The list of contents cannot be read'),
  snapshot_other: both('快照与清单不符', 'The snapshot is not the one that the list names'),
  unit_altered: both('原始码流中的访问单元被改动', 'An access unit of the camera’s own stream was altered'),
  unit_missing: both('原始码流缺少访问单元', 'An access unit of the camera’s own stream is missing'),
  file_unexplained: both(
    '快照所列文件不在包内，也未说明',
    'A file that the snapshot names is neither here nor accounted for',
  ),
  sm3_other: both('国密 SM3 摘要不符', 'The SM3 digest is another'),
  stamp_altered: both('可信时间戳文件不成立', 'The time stamp does not fit'),
  check_failed: both('核验无法进行：{problem}', 'The check could not go on: {problem}'),
};

const REMARK_WORDS: Readonly<Record<Remark, Both>> = {
  before_arrival: both(
    '码流到达服务器之前（摄像机内、网络途中）是否被改动，本核验不能证明。',
    'Whether anything was altered before it reached the server, in the camera or on the way, is not proven.',
  ),
  server_time: both(
    '时间为服务器时钟所示；除非另附可信时间戳，其准确性不由本核验证明。',
    'Times are the server’s; that its clock was right is not proven, unless a trusted time stamp is enclosed.',
  ),
  camera_time: both(
    '摄像机画面上的时间可能有偏差；每份快照载明了测得的偏差及测量时间。',
    'The time in the picture may be off; each snapshot states the offset that was measured, and when.',
  ),
  log_tail: both(
    '此后日志是否被截断或另起：请将下列树头与另行公布的（每日公示单等）比对。',
    'Whether the log was cut or told differently later: compare the head below with those published elsewhere.',
  ),
  key_holder: both(
    '签名公钥属于谁：您没有提供指纹，请与另行获知的指纹比对，否则只能证明此包自洽。',
    'Whose key this is: you gave no fingerprint. Compare it with one you know from elsewhere; without that the package only agrees with itself.',
  ),
  meaning: both(
    '画面中的搭建物是什么、是否违法，由有权机关认定。',
    'What is seen in the pictures, and whether it is unlawful, is for the authority to decide.',
  ),
  absent: both(
    '快照所列的 {absent} 个文件不在包内（制作时选择不附，或存储中已无法读取）；其摘要仍可与日后取得的文件比对。',
    '{absent} files that the snapshots name are not here (left out on request, or lost from the store); their digests can still be compared with files that turn up.',
  ),
  other_parts: both(
    '这是第 {part} 卷，共 {parts} 卷；其余各卷需另行核验。',
    'This is part {part} of {parts}; the others are checked by themselves.',
  ),
};

const UI_WORDS = {
  whole: both('核验通过：未发现任何改动', 'Verified: nothing was found altered'),
  broken: both('核验未通过：发现 {count} 处问题', 'Not verified; found wrong: {count}'),
  proven: both('证明了什么', 'What was proven'),
  found: both('发现的问题', 'What was found wrong'),
  notProven: both('没有证明什么', 'What was not proven'),
  key: both('签名公钥指纹', 'Fingerprint of the key'),
  head: both('日志树头', 'Head of the log'),
  headText: both('{size} 条，根 {root}，签于 {at}', '{size} entries, root {root}, signed at {at}'),
  at: both('位置', 'at'),
  file: both('文件 {path}', 'file {path}'),
  byte: both('第 {offset} 字节', 'byte {offset}'),
  entry: both('日志第 {entry} 条', 'log entry {entry}'),
  snapshot: both('快照 {snapshot}', 'snapshot {snapshot}'),
  unit: both('第 {unit} 个访问单元', 'access unit {unit}'),
} as const;

export type UiWord = keyof typeof UI_WORDS;

export function uiWord(word: UiWord, language: Language, values: Values = {}): string {
  return fill(UI_WORDS[word][language], values);
}

type Values = Readonly<Record<string, string | number>>;

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? '?'));
}

/** A report in sentences. */
export interface ReportText {
  readonly verdict: string;
  readonly claims: readonly { readonly state: ClaimState; readonly stateText: string; readonly text: string }[];
  readonly findings: readonly { readonly text: string; readonly where: string }[];
  readonly remarks: readonly string[];
  readonly key: string | null;
  readonly head: string | null;
}

export function reportText(report: CheckReport, language: Language): ReportText {
  const { facts, findings } = report;
  const values: Values = {
    packageEntry: facts.packageEntry ?? '?',
    ...{ files: facts.files, entries: facts.entries.length, snapshots: facts.snapshots.length, units: facts.units },
    absent: facts.manifest?.absent.length ?? 0,
    stampedSize: facts.stampedSize ?? 0,
    sm3Digests: facts.sm3Digests,
    ...{ part: facts.manifest?.part ?? 1, parts: facts.manifest?.parts ?? 1 },
  };
  return {
    verdict: report.ok ? uiWord('whole', language) : uiWord('broken', language, { count: findings.length }),
    claims: CLAIMS.map((claim) => {
      const state = report.claims[claim];
      const openWords = claim === 'sm3' && facts.sm3Digests === 0 ? NO_SM3 : OPEN_WORDS[claim];
      const open = state === 'open' ? openWords : undefined;
      return {
        state,
        stateText: (open?.state ?? STATE_WORDS[state])[language],
        text: fill((open?.text ?? CLAIM_WORDS[claim])[language], values),
      };
    }),
    findings: findings.map((finding) => ({
      text: fill(FINDING_WORDS[finding.code][language], finding.details ?? {}),
      where: placeText(finding, language),
    })),
    remarks: report.remarks.map((remark) => fill(REMARK_WORDS[remark][language], values)),
    key: facts.keyId,
    head: facts.head && uiWord('headText', language, facts.head),
  };
}

function placeText({ where }: Finding, language: Language): string {
  const { path, offset, entry, snapshot, unit } = where;
  return [
    path === undefined ? '' : uiWord('file', language, { path }),
    unit === undefined ? '' : uiWord('unit', language, { unit: unit + 1 }),
    offset === undefined ? '' : uiWord('byte', language, { offset }),
    entry === undefined ? '' : uiWord('entry', language, { entry }),
    snapshot === undefined ? '' : uiWord('snapshot', language, { snapshot }),
  ]
    .filter(Boolean)
    .join(language === 'zh' ? '，' : ', ');
}
