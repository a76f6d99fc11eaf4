import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { readCameraFile } from '../../../src/camera/camera-file.ts';
import { planImport, type ImportPlan, type Register } from '../../../src/camera/camera-plan.ts';
import { addressOf, onvifAddressOf } from '../../../src/camera/camera-address.ts';
import type { Language } from '../../../src/camera/camera-words.ts';

const EMPTY: Register = { cameras: new Map(), credentials: new Map(), cameraCount: 0 };
/** Stands for encryption: the sealed password is the password. */
const sealer = {
  open: (_name: string, sealed: Uint8Array): string => {
    const secret = Buffer.from(sealed).toString();
    if (secret === 'other key') throw new Error('cannot be opened');
    return secret;
  },
};

function plan(
  text: string,
  register: Register = EMPTY,
  options: { language?: Language; env?: NodeJS.ProcessEnv; format?: 'csv' | 'yaml' } = {},
): ImportPlan {
  const format = options.format ?? (/^(cameras|credentials|-)/.test(text) ? 'yaml' : 'csv');
  return planImport(readCameraFile(text, format), register, {
    sealer,
    language: options.language ?? 'en',
    env: options.env,
  });
}

/** The register as it is once the plan was carried out. */
function after(register: Register, done: ImportPlan): Register {
  const cameras = new Map(register.cameras);
  let id = cameras.size;
  for (const camera of done.added) cameras.set(camera.key, { ...camera, id: ++id });
  for (const change of done.changed) cameras.set(change.after.key, { ...change.after, id: change.before.id });
  const credentials = new Map(register.credentials);
  for (const [name, { username, password }] of done.credentials) {
    credentials.set(name, { username, secretSealed: Buffer.from(password) });
  }
  return { cameras, credentials, cameraCount: cameras.size };
}

const brief = (done: ImportPlan): string[] =>
  done.lines.map(({ line, key, outcome, detail }) => `${line} ${key} ${outcome}${detail && `: ${detail}`}`);

describe('what a file adds', () => {
  test('a camera with what it says, and defaults for the rest', () => {
    const done = plan('key,name,main_url\nA01,Gate,rtsp://10.0.0.1/1\n');
    expect(done.added).toEqual([
      {
        ...{ key: 'A01', name: 'Gate', place: '', kind: 'fixed', enabled: true },
        ...{ mainUrl: 'rtsp://10.0.0.1/1', subUrl: null, onvifUrl: null, credential: null },
        ...{ locationCode: null, latitudeDeg: null, longitudeDeg: null, mountingHeightM: null },
      },
    ]);
    expect(brief(done)).toEqual(['2 A01 added']);
  });

  test('the name serves as key and the key as name', () => {
    const done = plan('key,name,main_url\n,Gate,rtsp://a/1\nA02,,rtsp://b/1\n');
    expect(done.added).toMatchObject([
      { key: 'Gate', name: 'Gate' },
      { key: 'A02', name: 'A02' },
    ]);
  });

  test('kinds and yes or no in both languages', () => {
    const done = plan(
      '名称,类型,启用,主码流\na,枪机,是,rtsp://a/1\nb,球机,否,rtsp://b/1\nc,PTZ,No,rtsp://c/1\nd,,,rtsp://d/1',
    );
    expect(done.added.map(({ kind, enabled }) => [kind, enabled])).toEqual([
      ['fixed', true],
      ['ptz', false],
      ['ptz', false],
      ['fixed', true],
    ]);
  });

  test('credentials may stand behind the cameras that name them', () => {
    const done = plan(
      'cameras:\n  - { name: a, main_url: "rtsp://a/1", credential: hik }\n' +
        'credentials:\n  - { name: hik, username: admin, password: pw }\n',
    );
    expect(done.added[0]?.credential).toBe('hik');
    expect(done.credentials.get('hik')).toEqual({ username: 'admin', password: 'pw' });
    expect(brief(done)).toEqual(['2 a added', '4 credential hik added']);
  });

  test('a password from the environment, on the command line only', () => {
    const text = 'credentials:\n  - { name: hik, username: admin, password_env: HIK }\n';
    expect(plan(text, EMPTY, { env: { HIK: 'secret' } }).credentials.get('hik')?.password).toBe('secret');
    expect(brief(plan(text, EMPTY, { env: {} }))).toEqual([
      '2 credential hik refused: the environment variable HIK is not set',
    ]);
    expect(brief(plan(text))).toEqual(['2 credential hik refused: password_env works on the command line only']);
  });

  test('two cameras on one stream are taken, and it is said', () => {
    expect(brief(plan('name,main_url,sub_url\na,rtsp://h/1,rtsp://h/2\nb,rtsp://h/1,rtsp://h/3\n'))).toEqual([
      '2 a added',
      '3 b added: same main_url as line 2',
    ]);
  });
});

describe('where a camera hangs', () => {
  const HEADER = '名称,主码流,位置编码,纬度（WGS-84）,经度,安装高度（米）\n';
  const hangs = { locationCode: 'NT-0101-003', latitudeDeg: 31.980123, longitudeDeg: 120.89413, mountingHeightM: 21.5 };

  test('is taken from Chinese and English columns, and stays where a later file does not speak of it', () => {
    const first = plan(`${HEADER}a,rtsp://a/1,NT-0101-003,31.980123,120.894130,21.5\n`);
    expect(first.added[0]).toMatchObject(hangs);
    const register = after(EMPTY, first);
    expect(brief(plan('name,main_url\na,rtsp://a/1\n', register))).toEqual(['2 a unchanged']);
    const yaml = 'cameras:\n  - { name: a, mounting_height_m: 6, location_code: }\n';
    const second = plan(yaml, register);
    expect(second.changed[0]?.after).toMatchObject({ ...hangs, locationCode: null, mountingHeightM: 6 });
    expect(brief(second)).toEqual(['2 a changed: changed: location_code, mounting_height_m']);
  });

  test.each([
    ['a,rtsp://a/1,,120.894130,31.980123,', '纬度应为 -90 至 90 的数字'],
    ['a,rtsp://a/1,,31.98N,120.9,', '纬度应为 -90 至 90 的数字'],
    ['a,rtsp://a/1,,31.98,,', '纬度和经度必须同时填写'],
    ['a,rtsp://a/1,,,,1001', '安装高度（米）应为 0 至 1000 的数字'],
    ['a,rtsp://a/1,,,,高', '安装高度（米）应为 0 至 1000 的数字'],
    [`a,rtsp://a/1,${'x'.repeat(65)},,,`, '位置编码超过 64 个字符'],
  ])('is refused where it is none: %s', (line, problem) => {
    expect(brief(plan(`${HEADER}${line}\n`, EMPTY, { language: 'zh' }))).toEqual([`2 a refused: ${problem}`]);
  });
});

describe('logins', () => {
  test('one inside an address becomes a credential of the camera’s own', () => {
    const done = plan('name,main_url,sub_url\nGate,rtsp://admin:p%40ss@10.0.0.1/1,rtsp://admin:p%40ss@10.0.0.1/2\n');
    expect(done.added[0]).toMatchObject({
      mainUrl: 'rtsp://10.0.0.1/1',
      subUrl: 'rtsp://10.0.0.1/2',
      credential: 'camera/Gate',
    });
    expect(done.credentials).toEqual(new Map([['camera/Gate', { username: 'admin', password: 'p@ss' }]]));
    expect(brief(done)).toEqual([
      '2 Gate added: its login is kept encrypted as credential "camera/Gate", not in the address',
    ]);
  });

  test('so does one in columns of its own', () => {
    const done = plan('名称,主码流,用户名,密码\nGate,rtsp://10.0.0.1/1,admin,pw\n');
    expect(done.credentials.get('camera/Gate')).toEqual({ username: 'admin', password: 'pw' });
  });

  test.each([
    ['rtsp://admin:a@b@10.0.0.1/1', 'admin', 'a@b', 'rtsp://10.0.0.1/1'],
    ['rtsp://admin@10.0.0.1/1', 'admin', '', 'rtsp://10.0.0.1/1'],
    ['rtsp://ad%3Amin:%E5%AF%86@10.0.0.1:8554/c?x=1', 'ad:min', '密', 'rtsp://10.0.0.1:8554/c?x=1'],
    ['rtsp://admin:50%@10.0.0.1/1', 'admin', '50%', 'rtsp://10.0.0.1/1'],
    ['rtsp://a:b@[fe80::1]:554/1', 'a', 'b', 'rtsp://[fe80::1]:554/1'],
  ])('%s', (given, username, password, url) => {
    expect(addressOf(given, 'main_url')).toEqual({ url, login: { username, password } });
  });

  test.each([
    ['10.0.0.5', 'http://10.0.0.5/onvif/device_service', undefined],
    ['10.0.0.5:8000', 'http://10.0.0.5:8000/onvif/device_service', undefined],
    ['u:p@10.0.0.5', 'http://10.0.0.5/onvif/device_service', { username: 'u', password: 'p' }],
    ['https://h/onvif/device', 'https://h/onvif/device', undefined],
  ])('ONVIF address %s', (given, url, login) => {
    expect(onvifAddressOf(given)).toEqual({ url, login });
  });

  test.each([
    ['rtsp://admin:hunter2/x@10.0.0.1/1', 'the host or port is malformed'],
    ['rtsp://admin:12/hunter2@10.0.0.1/1', 'main_url has an "@" behind the host'],
    ['rtsp://admin:hunter2#x@10.0.0.1/1', 'it has a part behind "#"'],
    ['http://admin:hunter2@10.0.0.1/1', 'it does not begin with rtsp:// or rtsps://'],
    ['admin:hunter2@10.0.0.1', 'it does not begin with rtsp:// or rtsps://'],
    ['rtsp://10.0.0.1/user=admin&password=hunter2&channel=1', 'carries a password in its path'],
    ['rtsp://10.0.0.1/user=admin_password=hunter2_channel=1', 'carries a password in its path'],
    ['rtsp://10.0.0.1/1?pwd=hunter2', 'carries a password in its path'],
    ['rtsp://u:hunter2@', 'the host is missing'],
    ['rtsp://u:hunter2@host:99999/1', 'the port is not between'],
  ])('%s is refused without repeating the secret', (url, problem) => {
    const [line] = brief(plan(`name,main_url\nx,"${url}"\n`));
    expect(line).toContain('2 x refused: ');
    expect(line).toContain(problem);
    expect(line).not.toContain('hunter2');
  });

  test('an empty password in a path is none', () => {
    expect(plan('name,main_url\nx,rtsp://10.0.0.1/user=admin&password=&channel=1\n').added).toHaveLength(1);
  });

  test.each([
    ['name,main_url,sub_url\nx,rtsp://a:b@h/1,rtsp://a:c@h/2', 'its addresses carry different logins'],
    ['name,main_url,credential\nx,rtsp://a:b@h/1,hik', 'gives a login and names a credential; keep one of them'],
    ['name,main_url,username\nx,rtsp://h/1,admin', 'username and password must both be given'],
    ['name,main_url,credential\nx,rtsp://h/1,hik', 'credential "hik" is not known'],
  ])('%j is refused', (text, problem) => {
    expect(brief(plan(text))[0]).toContain(problem);
    expect(plan(text).added).toEqual([]);
    expect(plan(text).credentials.size).toBe(0);
  });
});

describe('what a file changes', () => {
  const first = after(EMPTY, plan('key,name,place,main_url,sub_url\nA,Gate,South,rtsp://u:p@a/1,rtsp://u:p@a/2\n'));

  test('only what it speaks of', () => {
    const done = plan('key,name\nA,Main gate\nB,Back gate\n', first);
    expect(done.changed.map((change) => change.after)).toEqual([
      { ...first.cameras.get('A'), id: undefined, name: 'Main gate' },
    ]);
    expect(brief(done)).toEqual([
      '2 A changed: changed: name',
      '3 B refused: has no address: main_url, sub_url or onvif_url must be given',
    ]);
  });

  test('fields that differ, with their names', () => {
    const done = plan('key,name,main_url\nA,Main gate,rtsp://u:p@b/1\n', first);
    expect(done.changed[0]?.after).toEqual({
      ...done.changed[0]?.before,
      id: undefined,
      name: 'Main gate',
      mainUrl: 'rtsp://b/1',
    });
    expect(brief(done)[0]).toContain('2 A changed: changed: name, main_url; its login is kept');
    expect(done.credentials.size).toBe(0);
  });

  test('a blank clears, unless nothing would be left to look at', () => {
    expect(plan('key,main_url,sub_url\nA,rtsp://a/1,\n', first).changed[0]?.after).toMatchObject({
      subUrl: null,
      credential: 'camera/A',
      place: 'South',
    });
    expect(brief(plan('key,main_url,sub_url\nA,,\n', first))[0]).toContain('refused: has no address');
  });

  test('a new password alone', () => {
    const done = plan('key,main_url\nA,rtsp://u:new@a/1\n', first);
    expect(done.changed).toEqual([]);
    expect(done.credentials).toEqual(new Map([['camera/A', { username: 'u', password: 'new' }]]));
    expect(brief(done)[0]).toContain('2 A changed: changed: password');
  });

  test('a password that the present key cannot open is replaced, and it is said', () => {
    const lost = {
      ...first,
      credentials: new Map([['camera/A', { username: 'u', secretSealed: Buffer.from('other key') }]]),
    };
    const done = plan('key,main_url\nA,rtsp://u:p@a/1\n', lost);
    expect(brief(done)[0]).toContain('cannot be opened with the present key and was replaced');
    expect(done.credentials.get('camera/A')?.password).toBe('p');
  });

  test('from its own login to a shared one', () => {
    const both = after(first, plan('credentials:\n  - { name: hik, username: a, password: b }\n'));
    const done = plan('key,main_url,credential\nA,rtsp://a/1,hik\n', both);
    expect(done.changed[0]?.after.credential).toBe('hik');
    expect(brief(done)).toEqual(['2 A changed: changed: credential']);
  });
});

describe('what is refused', () => {
  test.each([
    ['key,name,main_url\n,,rtsp://a/1', 'has neither key nor name'],
    ['name,main_url\nx,', 'has no address'],
    ['name,main_url,type\nx,rtsp://a/1,pw123', 'kind must be fixed or ptz'],
    ['name,main_url,enabled\nx,rtsp://a/1,maybe', 'enabled must be yes or no'],
    [`name,main_url\n${'x'.repeat(101)},rtsp://a/1`, 'name has more than 100 characters'],
    ['name,main_url\n"a\tb",rtsp://a/1', 'name has control characters'],
    ['name,onvif_url\nx,ftp://a', 'onvif_url must be an http:// or https:// address'],
    ['name,main_url\nx,rtsp://a b/1', 'blank or control character'],
  ])('%j', (text, problem) => {
    const [line] = brief(plan(text));
    expect(line).toContain('refused: ');
    expect(line).toContain(problem);
    expect(line).not.toContain('pw123');
  });

  test('the second of two with one key', () => {
    expect(brief(plan('key,main_url\nA,rtsp://a/1\nA,rtsp://b/1\n'))).toEqual([
      '2 A added',
      '3 A refused: stands on line 2 already',
    ]);
  });

  test('a camera whose credential was refused', () => {
    const text =
      'credentials:\n  - { name: hik, username: admin }\ncameras:\n  - { name: a, main_url: "rtsp://a/1", credential: hik }\n';
    expect(brief(plan(text))).toEqual([
      '2 credential hik refused: username and password must both be given',
      '4 a refused: credential "hik" was refused on line 2',
    ]);
  });

  test('more cameras than an installation takes', () => {
    const full = { ...EMPTY, cameraCount: LIMITS.cameras - 1 };
    expect(brief(plan('name,main_url\na,rtsp://a/1\nb,rtsp://b/1\n', full))).toEqual([
      '2 a added',
      `3 b refused: an installation takes ${LIMITS.cameras} cameras at most`,
    ]);
  });

  test('in Chinese too', () => {
    const text = '名称,主码流,凭据\n大门,rtsp://h/1,hik\n后门,,\n南门,rtsp://h h/1,\n';
    expect(brief(plan(text, EMPTY, { language: 'zh' }))).toEqual([
      '2 大门 refused: 凭据“hik”不存在',
      '3 后门 refused: 缺少地址：主码流、子码流、ONVIF 地址至少填写一项',
      expect.stringMatching(/^4 南门 refused: 主码流：RTSP 地址不可用：/),
    ]);
  });
});

describe('the examples', () => {
  const example = (format: 'csv' | 'yaml'): string => readFileSync(`config/cameras.example.${format}`, 'utf8');
  test('the YAML one goes in whole, and the CSV one after it says the same', () => {
    const done = plan(example('yaml'), EMPTY, { format: 'yaml', env: { CAMERA_PASSWORD: 'pw' } });
    expect(done.lines.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 6 }, () => 'added'));
    expect(brief(plan(example('csv'), after(EMPTY, done)))).toEqual([
      '2 A01 unchanged',
      '3 A02 unchanged',
      '4 A03 unchanged',
      '5 T01 unchanged',
    ]);
  });
});

describe('properties', () => {
  const host = fc.constantFrom('10.0.0.1', '10.0.0.2:8554', 'cam.example');
  const login = fc.constantFrom('', 'admin:pw@', 'u:%40x@');
  const address = fc
    .tuple(login, host, fc.constantFrom('/1', '/Streaming/Channels/101', ''))
    .map((parts) => `rtsp://${parts.join('')}`);
  const row = fc.record({
    key: fc.constantFrom('A', 'B', 'C', 'D', ''),
    name: fc.constantFrom('大门', 'Gate', ''),
    place: fc.constantFrom('', 'roof'),
    kind: fc.constantFrom('', '枪机', 'ptz', 'nonsense'),
    main_url: fc.oneof(address, fc.constant(''), fc.constant('rubbish')),
    credential: fc.constantFrom('', '', 'hik', 'none'),
  });
  const file = fc
    .array(row, { maxLength: 6 })
    .map((rows) =>
      [['key', 'name', 'place', 'kind', 'main_url', 'credential'], ...rows.map((one) => Object.values(one))]
        .map((cells) => cells.join(','))
        .join('\n'),
    );
  const start = after(EMPTY, plan('credentials:\n  - { name: hik, username: a, password: b }\n'));

  test('importing a file twice changes nothing', () => {
    fc.assert(
      fc.property(file, file, (earlier, text) => {
        const standing = after(start, plan(earlier, start));
        const once = after(standing, plan(text, standing));
        const again = plan(text, once);
        expect(again.added).toEqual([]);
        expect(again.changed).toEqual([]);
        expect(again.credentials.size).toBe(0);
        expect(again.lines.every(({ outcome }) => outcome === 'unchanged' || outcome === 'refused')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('every line is reported once, and no address is stored with a login', () => {
    fc.assert(
      fc.property(file, (text) => {
        const done = plan(text, start);
        const filled = text
          .split('\n')
          .slice(1)
          .filter((line) => /[^,]/.test(line));
        expect(done.lines).toHaveLength(filled.length);
        for (const { mainUrl } of done.added) expect(mainUrl ?? '').not.toContain('@');
        for (const { detail } of done.lines) expect(detail).not.toMatch(/pw|%40x/);
      }),
      { numRuns: 300 },
    );
  });
});
