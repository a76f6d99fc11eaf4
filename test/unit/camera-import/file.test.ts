import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SentinelError } from '../../../src/base/errors.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { readCameraFile } from '../../../src/camera/camera-file.ts';
import { textOfFile } from '../../../src/base/text-file.ts';

const csv = (text: string) => readCameraFile(text, 'csv');
const yaml = (text: string) => readCameraFile(text, 'yaml');

describe('CSV', () => {
  test('a Chinese header, quotes, CRLF and a byte order mark', () => {
    const entries = csv(
      '\ufeff编号,名称,安装位置,类型,主码流,子码流,备注\r\n' +
        'A01,"3号楼,东",屋顶,枪机,rtsp://10.0.0.1/1,rtsp://10.0.0.1/2,无\r\n' +
        '\r\n' +
        'A02,大门,,球机,rtsp://10.0.0.2/1,,\r\n',
    );
    expect(entries).toEqual([
      {
        what: 'camera',
        line: 2,
        problems: [],
        fields: {
          ...{ key: 'A01', name: '3号楼,东', place: '屋顶', kind: '枪机' },
          ...{ main_url: 'rtsp://10.0.0.1/1', sub_url: 'rtsp://10.0.0.1/2' },
        },
      },
      {
        what: 'camera',
        line: 4,
        problems: [],
        fields: { key: 'A02', name: '大门', place: null, kind: '球机', main_url: 'rtsp://10.0.0.2/1', sub_url: null },
      },
    ]);
  });

  test.each([
    ['Main URL;Name\nrtsp://a/1;x', { main_url: 'rtsp://a/1', name: 'x' }],
    ['主码流\t名称\nrtsp://a/1\tx', { main_url: 'rtsp://a/1', name: 'x' }],
    ['主码流，名称\nrtsp://a/1，x', { main_url: 'rtsp://a/1', name: 'x' }],
    ['RTSP地址,摄像机名称（必填）,x\nrtsp://a/1,x,y', { main_url: 'rtsp://a/1', name: 'x' }],
    ['ONVIF地址,名称\n10.0.0.1,x', { onvif_url: '10.0.0.1', name: 'x' }],
  ])('other delimiters and headers: %j', (text, fields) => {
    expect(csv(text)[0]?.fields).toEqual(fields);
  });

  test('a quoted line break counts lines from where its record starts', () => {
    const entries = csv('name,main_url\n"a\nb",rtsp://a/1\nc,rtsp://c/1\n');
    expect(entries.map(({ line, fields }) => [line, fields.name])).toEqual([
      [2, 'a\nb'],
      [4, 'c'],
    ]);
  });

  test('cells too few are not spoken of, too many are a problem', () => {
    const [few, many] = csv('name,main_url,place\nx,rtsp://a/1\ny,rtsp://b/1,p,q\n');
    expect(few).toMatchObject({ problems: [], fields: { name: 'x', main_url: 'rtsp://a/1' } });
    expect(few?.fields).not.toHaveProperty('place');
    expect(many?.problems).toEqual([{ note: 'too_many_cells', cells: 3 }]);
  });

  test('credentials', () => {
    expect(csv('名称,用户名,密码\nhik,admin, a,b \n"d",u,"p,""q"""\n')).toMatchObject([
      { what: 'credential', fields: { name: 'hik', username: 'admin', password: 'a' }, problems: [{}] },
      { what: 'credential', fields: { name: 'd', username: 'u', password: 'p,"q"' }, problems: [] },
    ]);
  });

  test.each([
    ['', 'it is empty'],
    ['\n\n', 'it is empty'],
    ['a,b\n1,2', 'line 1: the first line must be a header'],
    ['name,main_ulr\nx,y', 'line 1: unknown column "main_ulr"; did you mean "main_url"?'],
    ['name,main_url,sub_ulr\nx,y', 'line 1: unknown column "sub_ulr"; did you mean "sub_url"?'],
    ['name,url,主码流\nx,y', 'line 1: the columns "url" and "主码流" both mean main_url'],
    ['name,main_url\nx,"y\nz', 'Quote Not Closed'],
  ])('%j cannot be read', (text, problem) => {
    expect(() => csv(text)).toThrow(SentinelError);
    expect(() => csv(text)).toThrow(problem);
  });
});

describe('YAML', () => {
  test('cameras and credentials, with the line of each', () => {
    expect(
      yaml(`# the estate
credentials:
  - { name: hik, username: admin, password: 0123 }
  - name: env
    username: u
    password_env: CAMERA_PASSWORD
cameras:
  - key: A01
    name: 3号楼
    main_url: rtsp://10.0.0.1/1
    enabled: false

  - name: 12
    sub_url: ~
    place: ''
`),
    ).toEqual([
      { what: 'credential', line: 3, problems: [], fields: { name: 'hik', username: 'admin', password: '0123' } },
      {
        what: 'credential',
        line: 4,
        problems: [],
        fields: { name: 'env', username: 'u', password_env: 'CAMERA_PASSWORD' },
      },
      {
        what: 'camera',
        line: 8,
        problems: [],
        fields: { key: 'A01', name: '3号楼', main_url: 'rtsp://10.0.0.1/1', enabled: 'false' },
      },
      { what: 'camera', line: 13, problems: [], fields: { name: '12', sub_url: null, place: null } },
    ]);
  });

  test('a bare list is a list of cameras', () => {
    expect(yaml('- name: a\n- name: b\n')).toMatchObject([
      { line: 1, fields: { name: 'a' } },
      { line: 2, fields: { name: 'b' } },
    ]);
  });

  test('what is wrong with one entry leaves the others', () => {
    expect(yaml('- name: a\n  sub_ulr: x\n- 5\n- name: [1]\n- name: d\n').map(({ problems }) => problems)).toEqual([
      [{ note: 'unknown_field', given: 'sub_ulr', meant: 'sub_url' }],
      [{ note: 'no_map' }],
      [{ note: 'no_text', field: 'name' }],
      [],
    ]);
  });

  test.each([
    ['', 'it must be a map'],
    ['camera:\n  - name: a', 'line 1: unknown key "camera"; did you mean "cameras"?'],
    ['cameras:\n  name: a', 'line 2: cameras must be a list'],
    ['cameras:\n  - name: a\n   b: c', 'line'],
    ['5', 'it must be a map'],
  ])('%j cannot be read', (text, problem) => {
    expect(() => yaml(text)).toThrow(SentinelError);
    expect(() => yaml(text)).toThrow(problem);
  });

  test('an empty list of cameras is none', () => {
    expect(yaml('cameras:\n')).toEqual([]);
  });
});

describe('limits', () => {
  test('too many lines or bytes are refused', () => {
    const lines = (count: number): string => `name,main_url\n${'x,rtsp://a/1\n'.repeat(count)}`;
    expect(csv(lines(LIMITS.importLines))).toHaveLength(LIMITS.importLines);
    expect(() => csv(lines(LIMITS.importLines + 1))).toThrow(/too large: 5001 lines/);
    expect(() => csv('x'.repeat(LIMITS.importFileBytes + 1))).toThrow(/too large/);
    expect(() => csv('名'.repeat(LIMITS.importFileBytes / 2))).toThrow(/too large/);
  });

  test('no text does more than give entries or a named error', () => {
    const pieces = fc.constantFrom(',', '\n', '"', 'name', '主码流', 'cameras:', '- ', ': ', '{', '&a', '*a', 'x', ' ');
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, fc.constantFrom('csv' as const, 'yaml' as const), (text, format) => {
        try {
          for (const { line } of readCameraFile(text, format)) expect(line).toBeGreaterThan(0);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(SentinelError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('encodings', () => {
  const text = '名称,主码流\n3号楼屋顶,rtsp://10.0.0.1/1\n';
  // 名称,主码流 and 3号楼屋顶 as GB 18030 writes them
  const gb18030 = Buffer.concat([
    Buffer.from('c3fbb3c6', 'hex'),
    Buffer.from(','),
    Buffer.from('d6f7c2ebc1f7', 'hex'),
    Buffer.from('\n3'),
    Buffer.from('bac5c2a5cedd', 'hex'),
    Buffer.from('b6a5', 'hex'),
    Buffer.from(',rtsp://10.0.0.1/1\n'),
  ]);
  test.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-16', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16, big end first', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['GB 18030', gb18030],
  ])('%s', (_, bytes) => {
    expect(csv(textOfFile(bytes))[0]?.fields).toEqual({ name: '3号楼屋顶', main_url: 'rtsp://10.0.0.1/1' });
  });
});
