/**
 * What a statement says, Chinese first. Apostrophes are straight: the font sets the curly one as wide as a Chinese letter.
 * Sentences are kept to what a record really shows.
 */
import type { SnapshotLocation, SnapshotPerson, SnapshotPlanPlace, SnapshotRecord } from './snapshot.ts';

export interface Both {
  readonly zh: string;
  readonly en: string;
}

const both = (zh: string, en: string): Both => ({ zh, en });

export const WORDS = {
  title: both('电子证据说明', 'Statement of electronic evidence'),
  estate: both('小区', 'Estate'),
  package: both('证据包编号', 'Package'),
  part: both('分卷', 'Part'),
  recipient: both('接收人', 'Recipient'),
  purpose: both('用途', 'Purpose'),
  reason: both('提取事由', 'Reason'),
  keyId: both('签名公钥指纹', 'Signing key'),
  logId: both('存证日志编号', 'Evidence log'),
  noUnit: both('未登记', 'not recorded'),
  simulated: both(
    '注意：本包来自系统自带的模拟小区，画面为计算机生成，不是任何真实地点的证据。',
    'Note: this package comes from the built-in simulated estate. Its pictures are computed and are evidence of no real place.',
  ),
  object: {
    heading: both('证明对象', 'Fact to be proved'),
    text: both(
      '{places}在本包所载时间（{from} 至 {until}）的现场外观，共 {count} 份快照。画面中的搭建物是否违法，由有权机关认定。',
      'How {places} looked at the times stated here ({from} to {until}): {count} snapshots. Whether what is seen is unlawful is for the authority to decide.',
    ),
  },
  method: {
    heading: both('制作方法', 'Method'),
    text: both(
      '系统（{software}）通过 RTSP 从摄像机接收视频码流，将完整图像组（GOP）的每个访问单元按摄像机发出的原字节保存，不转码、不裁剪；同时保存由系统观察得到的画面（隐私区域已涂黑）。每份快照记录写入只能追加的存证日志（RFC 6962 默克尔树，SHA-256），日志树头以 Ed25519 签名。本包由系统从存证库自动提取：原始码流与存证时逐字节一致；由其派生的图片、可播放文件、标注图均单独存放并注明来源，不替代原件。',
      "The system ({software}) received the video over RTSP and kept every access unit of a whole group of pictures as the camera sent it, neither re-encoded nor cut, together with the pictures of its looks (privacy areas blackened). Each snapshot record was entered in an append-only log (Merkle tree of RFC 6962, SHA-256) whose heads are signed with Ed25519. This package was taken from the store by the system: the camera's bytes are those that were sealed; pictures, playable files and marked pictures made from them lie apart, name their source and replace nothing.",
    ),
  },
  time: {
    heading: both('制作时间', 'Time'),
    text: both(
      '各快照的存证时间见下页；本包制作于 {madeAt}（{zone}）。时间以服务器时钟为准，摄像机时钟偏差及其测量时间、服务器对时状态在每份快照中载明。',
      "When each snapshot was sealed stands on the pages below; this package was made at {madeAt} ({zone}). Times are the server's; the camera's clock offset, when that was measured, and the state of the server's clock stand in each snapshot.",
    ),
  },
  maker: {
    heading: both('制作人', 'Maker'),
    text: both(
      '本包由 {maker}（单位：{unit}）操作系统提取。快照由系统自动生成或由所载人员操作生成。',
      'This package was taken by {maker} (unit: {unitEn}). The snapshots were made by the system itself or by the persons named in them.',
    ),
  },
  notProven: {
    heading: both('本说明不能证明的事项', 'What this does not prove'),
    points: [
      both(
        '码流到达服务器之前是否被改动：只能证明到达之后未被改动。',
        'That nothing was altered before the stream reached the server: only that nothing was afterwards.',
      ),
      both(
        '时间的绝对准确：时间来自服务器时钟，除非另附可信时间戳。',
        "That the time is exact: it is the server's, unless a trusted time stamp is enclosed.",
      ),
      both(
        '签名公钥属于谁：请将指纹与系统另行公布的（如每日公示单上的）指纹比对。',
        'Whose the signing key is: compare its fingerprint with the one published elsewhere, such as on the daily sheet.',
      ),
      both(
        '画面内容的法律性质：应由执法人员现场检查认定。',
        'What the picture means in law: that is for officers to establish on site.',
      ),
    ],
  },
  check: {
    heading: both('如何核验', 'How to check'),
    text: both(
      '断开网络，用浏览器打开包内的 verifier.html，选择本证据包的 ZIP 文件，即可核验；也可运行 sentinel verify 命令，或按 README.txt 中的 OpenSSL 命令逐步核验。任何一个字节被改动、缺失、增加或调换，核验都会失败并指出位置。',
      "Open verifier.html from the package in a browser, offline, and choose the package's ZIP file; or run sentinel verify; or follow the OpenSSL commands in README.txt. Any byte altered, missing, added or moved makes the check fail and is pointed out.",
    ),
  },
  roles: {
    before: both('此前（经确认的合法现状）', 'Before, accepted as lawful'),
    after: both('此后', 'After'),
    overlay: both('变化区域标示', 'Change marked by the machine'),
    still: both('主码流静态画面', 'Still of the main stream'),
    plan: both('平面图上的位置（出具时的登记，未存证）', 'Place on the plan as registered now, not sealed'),
    look: both('观察画面', 'Look'),
    baseline: both('基准画面', 'Baseline'),
  },
  causes: {
    raised: both('系统发现', 'raised by the system'),
    decided: both('人工判定', 'decided'),
    undone: both('撤销判定', 'decision taken back'),
    pulled: both('人工提取', 'pulled by a person'),
    stream: both('原始码流存证', 'main stream sealed'),
  },
  moments: {
    before: both('此前的合法画面', 'lawful picture before'),
    firstSeen: both('首次发现变化', 'change first seen'),
    lastSeen: both('最近一次发现变化', 'change last seen'),
    raised: both('系统提出线索', 'raised by the system'),
    stream: both('原始码流到达', 'main stream arrived'),
    decided: both('作出判定', 'decided'),
    undone: both('撤销判定', 'decision taken back'),
    sealed: both('存证', 'sealed'),
  },
  marked: both('已标注', 'marked'),
  unknown: {
    all: both('未登记', 'not registered'),
    code: both('编码未登记', 'no code registered'),
    coordinates: both('坐标未登记', 'no coordinates'),
    height: both('高度未登记', 'no height'),
  },
  aboveGround: both('离地', 'above ground'),
  noPictures: both('本快照没有可用图片。', 'This snapshot has no pictures.'),
  custody: both('保管与调取记录', 'Chain of custody'),
  noCustody: both('日志中没有与这些快照有关的其他记录。', 'The log holds nothing further about these snapshots.'),
  signing: both('签收', 'Handed over'),
  signatures: [both('移交人', 'Given by'), both('接收人', 'Received by'), both('日期', 'Date')],
} as const;

const FACTS = {
  snapshot: both('快照编号', 'Snapshot'),
  sealedAt: both('存证时间', 'Sealed at'),
  by: both('操作人', 'By'),
  reason: both('事由', 'Reason'),
  course: both('来由', 'Course'),
  camera: both('摄像机', 'Camera'),
  device: both('设备', 'Device'),
  mac: both('MAC 地址', 'MAC address'),
  captions: both('画面文字', 'Captions (OSD)'),
  location: both('安装位置', 'Location'),
  planPlace: both('平面图', 'On the plan'),
  view: both('视图 / 预置位', 'View / preset'),
  registration: both('姿态配准误差', 'Registration error'),
  cameraClock: both('摄像机时钟偏差', 'Clock offset'),
  serverClock: both('服务器时钟', 'Server clock'),
  stream: both('原始码流', "Camera's own bytes"),
  streamSha256: both('原始码流 SHA-256', ''),
  machine: both('机器结果', 'Machine result'),
  model: both('模型 SHA-256', 'Model'),
  configuration: both('配置 SHA-256', 'Configuration'),
  decision: both('人工判定', 'Decision'),
  health: both('摄像机状态', 'Camera health'),
} as const;

const VERDICTS: Readonly<Record<string, Both>> = {
  violation: both('属实', 'violation'),
  false_alarm: both('误报', 'false alarm'),
  permitted: both('已许可', 'permitted'),
  duplicate: both('重复', 'duplicate'),
  transferred: both('移交', 'transferred'),
};

const say = ({ zh, en }: Both): string => `${zh} ${en}`;

/** What a record says, as rows; what it does not know it says so. */
export function snapshotFacts(record: SnapshotRecord, at: (iso: string) => string): [Both, string][] {
  const { camera, view, clock, stream, cause, candidate, decision, software, health } = record;
  const rows: [Both, string][] = [
    [FACTS.snapshot, record.id],
    [FACTS.sealedAt, at(record.sealedAt)],
  ];
  if (cause.by) rows.push([FACTS.by, `${personName(cause.by)}${cause.by.unit === null ? '' : `，${cause.by.unit}`}`]);
  if (cause.reason || cause.purpose)
    rows.push([FACTS.reason, [cause.reason, cause.purpose].filter(Boolean).join('；')]);
  if (cause.course) rows.push([FACTS.course, courseText(cause.course)]);
  rows.push([FACTS.camera, `${camera.name}（${camera.key}）${camera.place}`]);
  const { device } = camera;
  rows.push([
    FACTS.device,
    device
      ? [device.make, device.model, device.serial && `S/N ${device.serial}`, device.firmware].filter(Boolean).join('，')
      : say(both('设备未提供', 'not told by the device')),
  ]);
  if (device?.mac) rows.push([FACTS.mac, device.mac]);
  if (device?.captions) rows.push([FACTS.captions, captionsText(device.captions)]);
  rows.push(...locationFacts(camera.location));
  rows.push([FACTS.view, view.preset ? `${view.name}，${view.preset.name}（${view.preset.token}）` : view.name]);
  if (view.registration) {
    const { dxPx, dyPx, residualPx } = view.registration;
    rows.push([
      FACTS.registration,
      `${dxPx.toFixed(1)}, ${dyPx.toFixed(1)} px${residualPx === null ? '' : `，±${residualPx.toFixed(2)} px`}`,
    ]);
  }
  rows.push([FACTS.cameraClock, cameraClockText(clock.camera, at)], [FACTS.serverClock, serverClockText(clock.server)]);
  rows.push([FACTS.stream, streamText(stream)]);
  if (stream.file) rows.push([FACTS.streamSha256, stream.file.sha256]);
  if (candidate) {
    rows.push([
      FACTS.machine,
      `${say(both('得分', 'score'))} ${candidate.score.toFixed(2)}，${say(both('出现', 'seen'))} ${candidate.occurrences} ×，#${candidate.id}`,
    ]);
  }
  if (decision) {
    const verdict = VERDICTS[decision.verdict];
    rows.push([
      FACTS.decision,
      [verdict ? say(verdict) : decision.verdict, decision.reason, at(decision.decidedAt)].filter(Boolean).join('，'),
    ]);
  }
  if (health) rows.push([FACTS.health, [health.state, health.reason].filter(Boolean).join('，')]);
  rows.push([FACTS.model, software.modelSha256 ?? ''], [FACTS.configuration, software.configSha256]);
  return rows;
}

/** Degrees north and east, minus for south and west, to about a decimetre. */
function coordinatesText({ latitudeDeg, longitudeDeg }: { latitudeDeg: number; longitudeDeg: number }): string {
  return `${latitudeDeg.toFixed(6)}°, ${longitudeDeg.toFixed(6)}°`;
}

/** By the device's own word; what the picture really shows is in the picture. */
function captionsText(captions: readonly { readonly kind: string; readonly text: string }[]): string {
  if (captions.length === 0) return say(both('无', 'none'));
  return captions.map(({ kind, text }) => text || `[${kind}]`).join('，');
}

function locationFacts(location: SnapshotLocation | undefined): [Both, string][] {
  if (!location) return [[FACTS.location, say(both('存证时未记载', 'not recorded when this was sealed'))]];
  const { code, coordinates, mountingHeightM, plan } = location;
  const { unknown } = WORDS;
  const figures = [
    code ?? say(unknown.code),
    coordinates ? `${coordinatesText(coordinates)}（WGS-84）` : say(unknown.coordinates),
    mountingHeightM === null ? say(unknown.height) : `${say(WORDS.aboveGround)} ${mountingHeightM} m`,
  ];
  const isUnknown = code === null && coordinates === null && mountingHeightM === null;
  return [
    [FACTS.location, isUnknown ? say(unknown.all) : figures.join('，')],
    [FACTS.planPlace, plan ? planText(plan) : say(unknown.all)],
  ];
}

function planText({ name, x, y, headingDeg, spreadDeg }: SnapshotPlanPlace): string {
  return [
    `${name}（${(x * 100).toFixed(1)} %, ${(y * 100).toFixed(1)} %）`,
    `${say(both('朝向', 'heading'))} ${Math.round(headingDeg)}°（${say(both('自图上方', 'from up'))}）`,
    `${say(both('视场', 'field'))} ${Math.round(spreadDeg)}°`,
  ].join('，');
}

function courseText({ route, stop, timetable, operator }: NonNullable<SnapshotRecord['cause']['course']>): string {
  return [
    route && `${say(both('巡航路线', 'route'))} ${route.name}`,
    stop !== null && `${say(both('停靠点', 'stop'))} ${stop + 1}`,
    timetable && daysInWords(timetable),
    operator && personName(operator),
  ]
    .filter(Boolean)
    .join('，');
}

const DAYS = ['一', '二', '三', '四', '五', '六', '日'] as const;
const DAYS_EN = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

/** Days of a timetable are digits in the record, 1 Monday to 7. */
function daysInWords(timetable: string): string {
  return timetable.replace(/(^|; )([1-7]+) /g, (_, before: string, days: string) => {
    if (days.length === DAYS.length) return `${before}${say(both('每日', 'daily'))} `;
    const of = (words: readonly string[]): string[] => Array.from(days).map((day) => words[Number(day) - 1] ?? '');
    return `${before}周${of(DAYS).join('、')} ${of(DAYS_EN).join(', ')} `;
  });
}

function cameraClockText(camera: SnapshotRecord['clock']['camera'], at: (iso: string) => string): string {
  if (!camera) return say(both('未能测得', 'could not be measured'));
  const offset = `${camera.offsetMs > 0 ? '+' : ''}${(camera.offsetMs / 1000).toFixed(3)} s`;
  return `${offset}（${say(both('测于', 'measured at'))} ${at(camera.measuredAt)}）`;
}

function serverClockText(server: SnapshotRecord['clock']['server']): string {
  if (!server || server.synchronised === null)
    return say(both('对时状态未知', 'it is not known whether it was set by a time server'));
  const state = server.synchronised
    ? both('已与时间服务器同步', 'set by a time server')
    : both('未同步', 'not set by a time server');
  return [say(state), server.source, server.offsetMs === null ? null : `${server.offsetMs} ms`]
    .filter(Boolean)
    .join('，');
}

function streamText({ state, stream, codec, units, file, problem }: SnapshotRecord['stream']): string {
  const states: Record<typeof state, Both> = {
    kept: both('已存证', 'kept'),
    wanted: both('正在获取，另有后续记录', 'being fetched; a further record follows'),
    failed: both('未能取得', 'could not be had'),
    standing: both('见此前的记录', 'see the earlier record'),
    none: both('未要求', 'not asked for'),
  };
  const which =
    stream === null ? null : say(stream === 'main' ? both('主码流', 'main stream') : both('子码流', 'sub-stream'));
  const size = file === null || file.bytes === null ? null : `${units.length} × AU，${file.bytes} B`;
  return [say(states[state]), which, codec, size, problem].filter(Boolean).join('，');
}

export function personName({ name, displayName }: Pick<SnapshotPerson, 'name' | 'displayName'>): string {
  return displayName === '' || displayName === name ? name : `${displayName}（${name}）`;
}
