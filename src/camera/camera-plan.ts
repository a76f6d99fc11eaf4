/** What an import would do: entries of a file against what is registered. Pure; `camera-import.ts` carries it out. */
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { addressOf, onvifAddressOf, type Login } from './camera-address.ts';
import type { CameraEntry, CameraField, CredentialEntry, Entry } from './camera-file.ts';
import { areCoordinatesWhole, LOCATION_CODE_LONGEST, LOCATION_RANGES, type CameraLocation } from './camera-location.ts';
import { notesText, type Language, type Note } from './camera-words.ts';
import type { Sealer } from './credentials.ts';

/** A camera as it is registered, or is to be. */
export interface CameraValues extends CameraLocation {
  readonly key: string;
  readonly name: string;
  readonly place: string;
  readonly kind: 'fixed' | 'ptz';
  readonly mainUrl: string | null;
  readonly subUrl: string | null;
  readonly onvifUrl: string | null;
  /** Name of a credential. */
  readonly credential: string | null;
  readonly enabled: boolean;
}
export interface RegisteredCamera extends CameraValues {
  readonly id: number;
}
export interface RegisteredCredential {
  readonly username: string;
  readonly secretSealed: Buffer;
}
export interface Register {
  /** Of the estate, by key. */
  readonly cameras: ReadonlyMap<string, RegisteredCamera>;
  readonly credentials: ReadonlyMap<string, RegisteredCredential>;
  /** Of the whole installation. */
  readonly cameraCount: number;
}

export interface ReportLine {
  line: number;
  key: string;
  outcome: 'added' | 'changed' | 'unchanged' | 'refused';
  detail: string;
}

export interface ImportPlan {
  /** New and changed ones, by name. */
  readonly credentials: ReadonlyMap<string, Login>;
  readonly added: readonly CameraValues[];
  readonly changed: readonly { readonly before: RegisteredCamera; readonly after: CameraValues }[];
  readonly lines: ReportLine[];
}

type AddressField = 'main_url' | 'sub_url' | 'onvif_url';

interface PlanOptions {
  readonly sealer: Pick<Sealer, 'open'>;
  readonly language: Language;
  readonly env: NodeJS.ProcessEnv | undefined;
}

const LENGTHS = {
  ...{ key: 100, name: 100, place: 200, credential: 100, username: 100, password: 200 },
  location_code: LOCATION_CODE_LONGEST,
} as const;
const KINDS: Readonly<Record<string, 'fixed' | 'ptz'>> = {
  ...{ fixed: 'fixed', 固定: 'fixed', 枪机: 'fixed', 半球: 'fixed', 枪型: 'fixed', 固定枪机: 'fixed' },
  ...{ ptz: 'ptz', dome: 'ptz', 球机: 'ptz', 云台: 'ptz', 云台球机: 'ptz', 高速球: 'ptz', 球型: 'ptz' },
};
const YES_NO: Readonly<Record<string, boolean>> = {
  ...{ yes: true, true: true, '1': true, y: true, on: true, 是: true, 启用: true },
  ...{ no: false, false: false, '0': false, n: false, off: false, 否: false, 停用: false, 禁用: false },
};
/** What is compared, in the order of a report. */
const COMPARED: readonly (readonly [keyof CameraValues, CameraField])[] = [
  ['name', 'name'],
  ['place', 'place'],
  ['kind', 'kind'],
  ['mainUrl', 'main_url'],
  ['subUrl', 'sub_url'],
  ['onvifUrl', 'onvif_url'],
  ['credential', 'credential'],
  ['enabled', 'enabled'],
  ['locationCode', 'location_code'],
  ['latitudeDeg', 'latitude'],
  ['longitudeDeg', 'longitude'],
  ['mountingHeightM', 'mounting_height_m'],
];

export function planImport(entries: readonly Entry[], register: Register, options: PlanOptions): ImportPlan {
  const planner = new Planner(register, options);
  // Credentials first, wherever they stand: cameras name them.
  for (const entry of entries) if (entry.what === 'credential') planner.credential(entry);
  for (const entry of entries) if (entry.what === 'camera') planner.camera(entry);
  return planner.plan();
}

class Planner {
  readonly #register: Register;
  readonly #options: PlanOptions;
  readonly #lines: ReportLine[] = [];
  /** Wanted by the file, changed or not. */
  readonly #credentials = new Map<string, Login>();
  readonly #toStore = new Map<string, Login>();
  readonly #credentialLines = new Map<string, { line: number; refused: boolean }>();
  readonly #cameraLines = new Map<string, number>();
  readonly #streamLines = new Map<string, number>();
  readonly #added: CameraValues[] = [];
  readonly #changed: { before: RegisteredCamera; after: CameraValues }[] = [];

  constructor(register: Register, options: PlanOptions) {
    this.#register = register;
    this.#options = options;
  }

  plan(): ImportPlan {
    const lines = this.#lines.sort((one, other) => one.line - other.line);
    return { credentials: this.#toStore, added: this.#added, changed: this.#changed, lines };
  }

  credential({ line, fields, problems }: CredentialEntry): void {
    const name = fields.name ?? '';
    const wrong = [...problems, ...textProblems({ credential: name, username: fields.username })];
    if (name === '') wrong.push({ note: 'credential_unnamed' });
    const earlier = this.#credentialLines.get(name);
    if (earlier) wrong.push({ note: 'key_again', line: earlier.line });
    const password = this.#passwordOf(fields, wrong);
    const login = completeLogin(fields.username, password);
    if (wrong.length === 0 && !login) wrong.push({ note: 'login_incomplete' });
    const key = `credential ${name}`;
    if (!earlier) this.#credentialLines.set(name, { line, refused: wrong.length > 0 });
    if (wrong.length > 0 || !login) this.#report(line, key, 'refused', wrong);
    else {
      const { outcome, notes } = this.#want(name, login);
      this.#report(line, key, outcome, notes);
    }
  }

  camera(entry: CameraEntry): void {
    const { line, fields } = entry;
    const wrong = [...entry.problems, ...textProblems(fields)];
    const key = fields.key ?? fields.name ?? '';
    const before = this.#register.cameras.get(key);
    if (key === '') wrong.push({ note: 'no_name' });
    const earlier = this.#cameraLines.get(key);
    if (earlier !== undefined) wrong.push({ note: 'key_again', line: earlier });
    const logins: Login[] = [];
    const address = (field: AddressField, kept: string | null | undefined): string | null => {
      const given = fields[field];
      return typeof given === 'string' ? this.#take(given, field, logins, wrong) : keptUnless(given, kept);
    };
    const mainUrl = address('main_url', before?.mainUrl);
    const subUrl = address('sub_url', before?.subUrl);
    const onvifUrl = address('onvif_url', before?.onvifUrl);
    if (wrong.length === 0 && mainUrl === null && subUrl === null && onvifUrl === null) {
      wrong.push({ note: 'no_address' });
    }
    const kind = word(fields.kind, KINDS, before?.kind ?? 'fixed', 'kind_unknown', wrong);
    const enabled = word(fields.enabled, YES_NO, before?.enabled ?? true, 'enabled_unknown', wrong);
    const location = locationOf(fields, before, wrong);
    const columns = completeLogin(fields.username, fields.password);
    if (columns) logins.push(columns);
    else if (typeof (fields.username ?? fields.password) === 'string') wrong.push({ note: 'login_incomplete' });
    const login = this.#oneLogin(logins, fields.credential, wrong);
    const credential = login ? `camera/${key}` : keptUnless(fields.credential, before?.credential);
    if (wrong.length === 0 && !before && this.#register.cameraCount + this.#added.length >= LIMITS.cameras) {
      wrong.push({ note: 'too_many_cameras', limit: LIMITS.cameras });
    }
    if (earlier === undefined && key !== '') this.#cameraLines.set(key, line);
    if (wrong.length > 0) {
      this.#report(line, key, 'refused', wrong);
      return;
    }
    const after: CameraValues = {
      ...{ key, name: fields.name ?? before?.name ?? key, place: fields.place ?? '', kind, enabled },
      ...{ mainUrl, subUrl, onvifUrl, credential },
      ...location,
      ...(fields.place === undefined && before && { place: before.place }),
    };
    this.#put(line, before, after, login);
  }

  #put(line: number, before: RegisteredCamera | undefined, after: CameraValues, login: Login | undefined): void {
    const notes: Note[] = [];
    const changed: string[] = before
      ? COMPARED.filter(([value]) => before[value] !== after[value]).map(([, field]) => field)
      : [];
    if (before && changed.length > 0) this.#changed.push({ before, after });
    if (!before) this.#added.push(after);
    if (login && after.credential !== null) {
      const wanted = this.#want(after.credential, login);
      if (wanted.outcome === 'changed') changed.push('password');
      notes.push({ note: 'login_moved', name: after.credential }, ...wanted.notes.filter(isResealed));
    }
    if (changed.length > 0) notes.unshift({ note: 'changed', fields: changed });
    for (const [url, field] of [[after.mainUrl, 'main_url'] as const, [after.subUrl, 'sub_url'] as const]) {
      if (url === null) continue;
      const other = this.#streamLines.get(url);
      if (other === undefined) this.#streamLines.set(url, line);
      else if (other !== line) notes.push({ note: 'same_stream', field, line: other });
    }
    this.#report(line, after.key, before ? (changed.length > 0 ? 'changed' : 'unchanged') : 'added', notes);
  }

  #want(name: string, login: Login): { outcome: ReportLine['outcome']; notes: Note[] } {
    this.#credentials.set(name, login);
    const before = this.#register.credentials.get(name);
    if (!before) {
      this.#toStore.set(name, login);
      return { outcome: 'added', notes: [] };
    }
    const kept = this.#opened(name, before.secretSealed);
    const changed = [
      ...(before.username === login.username ? [] : ['username']),
      ...(kept === login.password ? [] : ['password']),
    ];
    if (changed.length === 0) return { outcome: 'unchanged', notes: [] };
    this.#toStore.set(name, login);
    const notes: Note[] = [{ note: 'changed', fields: changed }];
    if (kept === undefined) notes.push({ note: 'resealed' });
    return { outcome: 'changed', notes };
  }

  #opened(name: string, sealed: Buffer): string | undefined {
    try {
      return this.#options.sealer.open(name, sealed);
    } catch {
      return undefined;
    }
  }

  #passwordOf(fields: CredentialEntry['fields'], wrong: Note[]): string | null | undefined {
    const variable = fields.password_env;
    wrong.push(...textProblems({ password: fields.password }));
    if (typeof variable !== 'string') return fields.password;
    if (typeof fields.password === 'string') wrong.push({ note: 'password_twice' });
    if (!this.#options.env) wrong.push({ note: 'environment_closed' });
    else if (!this.#options.env[variable]) wrong.push({ note: 'environment_empty', name: variable });
    return this.#options.env?.[variable];
  }

  /** The one login of the camera's own, or none where it names a credential or has no login. */
  #oneLogin(logins: readonly Login[], credential: string | null | undefined, wrong: Note[]): Login | undefined {
    const [login, ...others] = logins;
    if (others.some((other) => other.username !== login?.username || other.password !== login.password)) {
      wrong.push({ note: 'logins_differ' });
    }
    if (login) wrong.push(...textProblems({ ...login }));
    if (typeof credential !== 'string') return login;
    if (login) wrong.push({ note: 'login_and_credential' });
    const line = this.#credentialLines.get(credential);
    if (line?.refused) wrong.push({ note: 'credential_refused', name: credential, line: line.line });
    else if (!this.#credentials.has(credential) && !this.#register.credentials.has(credential)) {
      wrong.push({ note: 'credential_unknown', name: credential });
    }
    return undefined;
  }

  #take(given: string, field: AddressField, logins: Login[], wrong: Note[]): string | null {
    try {
      const taken = field === 'onvif_url' ? onvifAddressOf(given) : addressOf(given, field);
      if ('note' in taken) {
        wrong.push(taken);
        return null;
      }
      if (taken.login) logins.push(taken.login);
      return taken.url;
    } catch (thrown) {
      if (!(thrown instanceof SentinelError)) throw thrown;
      wrong.push({ note: 'bad_address', field, problem: thrown.messageIn(this.#options.language) });
      return null;
    }
  }

  #report(line: number, key: string, outcome: ReportLine['outcome'], notes: readonly Note[]): void {
    const shownKey = key.replace(/\p{Cc}/gu, ' ').slice(0, LENGTHS.key + 'credential '.length);
    this.#lines.push({ line, key: shownKey, outcome, detail: notesText(notes, this.#options.language) });
  }
}

function textProblems(values: Readonly<Record<string, string | null | undefined>>): Note[] {
  const problems: Note[] = [];
  for (const [field, limit] of Object.entries(LENGTHS)) {
    const value = values[field];
    if (typeof value !== 'string') continue;
    if (value.length > limit) problems.push({ note: 'too_long', field, limit });
    if (/\p{Cc}/u.test(value)) problems.push({ note: 'unprintable', field });
  }
  return problems;
}

/** A blank clears what was kept; what the file does not speak of stays. */
function keptUnless(given: null | string | undefined, kept: string | null | undefined): string | null {
  return given === undefined ? (kept ?? null) : given;
}

function completeLogin(username: string | null | undefined, password: string | null | undefined): Login | undefined {
  return typeof username === 'string' && typeof password === 'string' ? { username, password } : undefined;
}

function word<T>(
  given: string | null | undefined,
  words: Readonly<Record<string, T>>,
  kept: T,
  unknown: 'kind_unknown' | 'enabled_unknown',
  wrong: Note[],
): T {
  if (typeof given !== 'string') return kept;
  const key = given.toLowerCase();
  if (Object.hasOwn(words, key)) return words[key] as T;
  // What was given is not repeated: where columns slipped, it may be a password.
  wrong.push({ note: unknown });
  return kept;
}

/** What a file says of where a camera hangs, over what is registered. */
function locationOf(fields: CameraEntry['fields'], before: CameraLocation | undefined, wrong: Note[]): CameraLocation {
  const figure = (field: keyof typeof LOCATION_RANGES, kept: number | null | undefined): number | null => {
    const given = fields[field];
    if (typeof given !== 'string') return given === undefined ? (kept ?? null) : given;
    const value = /^[-+]?\d{1,4}(?:\.\d{1,15})?$/.test(given) ? Number(given) : Number.NaN;
    const [from, to] = LOCATION_RANGES[field];
    if (value >= from && value <= to) return value;
    wrong.push({ note: 'figure_bad', field, from, to });
    return null;
  };
  const location: CameraLocation = {
    locationCode: keptUnless(fields.location_code, before?.locationCode),
    latitudeDeg: figure('latitude', before?.latitudeDeg),
    longitudeDeg: figure('longitude', before?.longitudeDeg),
    mountingHeightM: figure('mounting_height_m', before?.mountingHeightM),
  };
  if (!wrong.some(({ note }) => note === 'figure_bad') && !areCoordinatesWhole(location)) {
    wrong.push({ note: 'coordinates_incomplete' });
  }
  return location;
}

const isResealed = (note: Note): boolean => note.note === 'resealed';
