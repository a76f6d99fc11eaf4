/**
 * The line to one device: one request at a time, signed by the device's clock, and taken up again after a loss. Opening
 * a line costs nothing; its first request reads the clock.
 */
import { Cam, type CamOptions } from 'onvif';
import type { Clock } from '../../base/clock.ts';
import { SentinelError } from '../../base/errors.ts';
import { escapeXml, readDeviceTimeMs } from './answers.ts';
import { BoundedCalls, type Done } from './bounded-calls.ts';

/** The device's clock minus ours, in ms, and when it was measured by ours. ONVIF tells whole seconds: good to about half a second. */
export interface ClockOffset {
  readonly offsetMs: number;
  readonly measuredAtMs: number;
}

export interface DeviceTarget {
  /** Device service address, e.g. `http://192.168.1.64/onvif/device_service`, without credentials. */
  readonly url: string;
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
  readonly clock: Clock;
  /** Longest wait for any one request, from connecting to the last byte. */
  readonly timeoutMs: number;
}

/** A request that the library does not know, or not well enough. */
export interface Question {
  /** Path on the device, or undefined for the device service itself. */
  readonly path?: string | undefined;
  /** `http://www.onvif.org/ver20/ptz/wsdl`: the namespace of `request` and of what in `content` has no prefix. */
  readonly namespace: string;
  /** Name of the request, e.g. `GotoPreset`. */
  readonly request: string;
  /** What stands within the request's element; `tt:` is the ONVIF schema. Texts in it are escaped already. */
  readonly content: string;
  /** Further SOAP headers; `a:` is WS-Addressing. */
  readonly header?: string;
  /** SOAP action where it is not the namespace and the name. */
  readonly action?: string;
}

/** How far a clock must have moved between two requests to be why a login that was good is refused. */
const CLOCK_MOVED_MS = 2_000;

/** What the library has and its types do not tell. */
interface CamInside {
  _request(options: { service?: string; action: string; body: string }, done: Done): void;
  _envelopeHeader(openHeader?: boolean): string;
}

export class DeviceLine {
  readonly host: string;
  readonly target: DeviceTarget;
  readonly #cam: Cam;
  readonly #calls: BoundedCalls;
  readonly #clock: Clock;
  #clockOffset: ClockOffset | undefined;
  #signOffsetMs = 0;
  #entered = false;
  /** The device labels its local time UTC and checks logins by the real one, as far as we know. */
  #mislabelled: boolean | undefined;
  #servicesKnown = false;
  #lost = true;
  #losses = 0;

  constructor(target: DeviceTarget) {
    const { credentials, timeoutMs } = target;
    const address = parseAddress(target.url);
    const options: CamOptions = {
      hostname: address.hostname.replace(/^\[|\]$/g, ''),
      port: Number(address.port) || (address.protocol === 'https:' ? 443 : 80),
      path: address.pathname === '/' ? '/onvif/device_service' : address.pathname,
      useSecure: address.protocol === 'https:',
      // Cameras sign their own certificates. The password never crosses the wire, only digests of it do.
      secureOpts: { rejectUnauthorized: false },
      timeout: timeoutMs,
      autoconnect: false,
      ...(credentials && { username: credentials.username, password: credentials.password }),
    };
    this.#cam = new Cam(options);
    escapeUsername(this.#cam);
    this.#clock = target.clock;
    this.target = target;
    this.host = address.host;
    this.#calls = new BoundedCalls({
      cam: this.#cam,
      host: address.host,
      clock: target.clock,
      timeoutMs,
      secure: options.useSecure === true,
    });
  }

  /** As last measured; undefined while the device would not tell its time in UTC. */
  get clockOffset(): ClockOffset | undefined {
    return this.#clockOffset;
  }

  /** How often the device was lost. What was read under another number may no longer hold. */
  get losses(): number {
    return this.#losses;
  }

  /** Reads the device's clock again and signs with the new offset from then on. */
  async measureClock(): Promise<ClockOffset | undefined> {
    let askedAtMs = 0;
    const xml = await this.#calls.call('GetSystemDateAndTime', (done) => {
      askedAtMs = this.#clock.nowMs();
      this.#sign();
      this.#cam.getSystemDateAndTime(done);
    });
    const answeredAtMs = this.#clock.nowMs();
    const deviceTimeMs = readDeviceTimeMs(xml);
    if (deviceTimeMs === undefined) {
      this.#clockOffset = undefined;
    } else {
      // The device cuts its time to a whole second and read it somewhere between our asking and its answer.
      const offsetMs = Math.round(deviceTimeMs + 500 - (askedAtMs + answeredAtMs) / 2);
      this.#clockOffset = { offsetMs, measuredAtMs: answeredAtMs };
    }
    this.#signOffsetMs = this.#mislabelled ? 0 : (this.#clockOffset?.offsetMs ?? 0);
    this.#lost = false;
    return this.#clockOffset;
  }

  /** Finds out where the services are. Old devices know GetCapabilities only, new ones may list them in GetServices only. */
  async findServices(): Promise<void> {
    if (this.#servicesKnown) return;
    try {
      await this.call('GetServices', (cam, done) => cam.getServices(false, done));
    } catch (thrown) {
      if (!isCode(thrown, 'onvif.protocol') && !isCode(thrown, 'onvif.refused')) throw thrown;
    }
    if (Object.keys(this.#cam.uri ?? {}).length === 0) {
      await this.call('GetCapabilities', (cam, done) => cam.getCapabilities(done));
    }
    this.#servicesKnown = true;
  }

  /** Leaves the newer media service for the older one. @returns whether there is one to fall back to and that is new */
  async fallBackToMedia(): Promise<boolean> {
    const possible = this.#cam.media2Support === true && (await this.pathOf('media')) !== undefined;
    if (possible) this.#cam.media2Support = false;
    return possible;
  }

  /** @returns path of a service on the device, `ptz`, `media`, `media2`, `events` …; undefined if it has none */
  async pathOf(service: string): Promise<string | undefined> {
    await this.findServices();
    const uri = this.#cam.uri as Readonly<Record<string, { path?: string | null } | undefined>> | undefined;
    return uri?.[service]?.path ?? undefined;
  }

  /** One of the library's own requests; `request` is its ONVIF name. @returns the answer's text */
  async call(request: string, invoke: (cam: Cam, done: Done) => void): Promise<string> {
    if (this.#lost) await this.measureClock();
    const once = (): Promise<string> =>
      this.#calls.call(request, (done) => {
        this.#sign();
        invoke(this.#cam, done);
      });
    try {
      return await this.#watched(once);
    } catch (thrown) {
      if (!isCode(thrown, 'onvif.unauthorised') || !(await this.#foundOtherTime())) throw thrown;
      const xml = await this.#watched(once);
      this.#mislabelled = this.#signOffsetMs === 0;
      return xml;
    }
  }

  /** A request of our own text. @returns the answer's text */
  ask({ path, namespace, request, content, header = '', action }: Question): Promise<string> {
    return this.call(request, (cam, done) => {
      const inside = cam as unknown as CamInside;
      inside._request(
        {
          ...(path !== undefined && { service: path }),
          action: action ?? `${namespace}/${request}`,
          body: `${inside._envelopeHeader(true)}${header}</s:Header><s:Body><${request} xmlns="${namespace}" xmlns:tt="http://www.onvif.org/ver10/schema">${content}</${request}></s:Body></s:Envelope>`,
        },
        done,
      );
    });
  }

  protocolError(request: string, problem: string): SentinelError {
    return new SentinelError('onvif.protocol', { host: this.host, request, problem });
  }

  async #watched(once: () => Promise<string>): Promise<string> {
    try {
      const xml = await once();
      this.#entered = true;
      return xml;
    } catch (thrown) {
      // A device that refuses is there; anything else may be its last word before it starts anew.
      if (!isCode(thrown, 'onvif.unauthorised') && !isCode(thrown, 'onvif.refused')) {
        this.#lost = true;
        this.#losses++;
      }
      throw thrown;
    }
  }

  /**
   * Why a login may be refused though the password is right: the device's clock moved since it was read, or it labels
   * its local time UTC and checks by the real one. The second is tried once only, since makes lock an account out.
   * @returns whether to try again, now with another time
   */
  async #foundOtherTime(): Promise<boolean> {
    const beforeMs = this.#clockOffset?.offsetMs ?? 0;
    const offsetMs = (await this.measureClock())?.offsetMs ?? 0;
    if (Math.abs(offsetMs - beforeMs) > CLOCK_MOVED_MS) return true;
    if (this.#entered || this.#mislabelled !== undefined || Math.abs(offsetMs) <= CLOCK_MOVED_MS) return false;
    this.#mislabelled = false;
    this.#signOffsetMs = 0;
    return true;
  }

  /** The library signs with `process.uptime()` plus this shift. */
  #sign(): void {
    this.#cam.timeShift = this.#clock.nowMs() + this.#signOffsetMs - process.uptime() * 1000;
  }
}

/** The library writes the user's name into XML as it stands; Digest wants it unchanged. */
function escapeUsername(cam: Cam): void {
  const inside = cam as unknown as CamInside;
  const write = inside._envelopeHeader.bind(
    Object.create(cam, { username: { get: () => cam.username && escapeXml(cam.username) } }) as CamInside,
  );
  inside._envelopeHeader = write;
}

function isCode(thrown: unknown, code: SentinelError['code']): boolean {
  return thrown instanceof SentinelError && thrown.code === code;
}

function parseAddress(url: string): URL {
  let address: URL;
  try {
    address = new URL(url);
  } catch (cause) {
    throw new SentinelError('onvif.bad_url', { problem: 'it is no URL' }, { cause });
  }
  if (address.protocol !== 'http:' && address.protocol !== 'https:') {
    throw new SentinelError('onvif.bad_url', { problem: 'it must begin with http:// or https://' });
  }
  if (address.username || address.password) {
    throw new SentinelError('onvif.bad_url', { problem: 'credentials are given apart, not in the address' });
  }
  return address;
}
