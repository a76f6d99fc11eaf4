/**
 * ONVIF: what a device tells of itself before anyone looks through it. Opening a device reads its clock first, without
 * credentials (ONVIF Core Specification, 5.9.1 and GetSystemDateAndTime), because a signed request carries a time that
 * the device checks against its own; every later request is signed with the offset that was found. Then: who made it, and where its
 * streams are. Addresses are given without credentials. One request at a time goes to a device, each bounded in time
 * and size; nothing stays open between requests.
 */
import { Cam, type CamOptions } from 'onvif';
import type { Clock } from '../../base/clock.ts';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { readDeviceInformation, readDeviceTimeMs, type DeviceInformation } from './answers.ts';
import { BoundedCalls } from './bounded-calls.ts';
import { chooseStreams, readProfiles, withoutCredentials, type StreamProfile } from './profiles.ts';

export type { DeviceInformation } from './answers.ts';
export type { StreamProfile } from './profiles.ts';

/** The device's clock minus ours, in ms, and when it was measured by ours. ONVIF tells whole seconds: good to about half a second. */
export interface ClockOffset {
  readonly offsetMs: number;
  readonly measuredAtMs: number;
}

export interface DeviceStreams {
  /** RTSP address of the largest H.264 or H.265 stream. */
  readonly mainUrl: string;
  /** RTSP address of a smaller stream of the same picture, the one nearest above the size of a look; null if there is none. */
  readonly subUrl: string | null;
  /** Every profile the device lists, of all its video sources and in its order. */
  readonly profiles: readonly StreamProfile[];
}

export interface OnvifDevice {
  /** As last measured; undefined while the device would not tell its time in UTC. */
  readonly clockOffset: ClockOffset | undefined;
  /** Reads the device's clock again and signs with the new offset from then on. */
  measureClock(): Promise<ClockOffset | undefined>;
  information(): Promise<DeviceInformation>;
  /** @param videoSource token of one of a recorder's cameras; without it, the source of the first profile */
  streams(videoSource?: string): Promise<DeviceStreams>;
}

export interface DeviceTarget {
  /** Device service address, e.g. `http://192.168.1.64/onvif/device_service`, without credentials. */
  readonly url: string;
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
  readonly clock: Clock;
  /** Longest wait for any one request, from connecting to the last byte. */
  readonly timeoutMs: number;
}

/**
 * Opens a device by reading its clock.
 * @throws SentinelError onvif.bad_url, onvif.unreachable, onvif.timeout, onvif.unauthorised, onvif.protocol; as do all
 *   methods of the device, and `streams` onvif.no_stream
 */
export async function openDevice(target: DeviceTarget): Promise<OnvifDevice> {
  const device = new Device(target);
  await device.measureClock();
  return device;
}

class Device implements OnvifDevice {
  readonly #cam: Cam;
  readonly #calls: BoundedCalls;
  readonly #clock: Clock;
  readonly #host: string;
  #servicesKnown = false;
  #clockOffset: ClockOffset | undefined;

  constructor({ url, credentials, clock, timeoutMs }: DeviceTarget) {
    const address = parseAddress(url);
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
    this.#clock = clock;
    this.#host = address.host;
    this.#calls = new BoundedCalls({
      cam: this.#cam,
      host: address.host,
      clock,
      timeoutMs,
      secure: options.useSecure === true,
    });
    this.#signWith(0);
  }

  get clockOffset(): ClockOffset | undefined {
    return this.#clockOffset;
  }

  async measureClock(): Promise<ClockOffset | undefined> {
    let askedAtMs = 0;
    const xml = await this.#calls.call('GetSystemDateAndTime', (done) => {
      askedAtMs = this.#clock.nowMs();
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
    this.#signWith(this.#clockOffset?.offsetMs ?? 0);
    return this.#clockOffset;
  }

  async information(): Promise<DeviceInformation> {
    const xml = await this.#calls.call('GetDeviceInformation', (done) => this.#cam.getDeviceInformation(done));
    return readDeviceInformation(xml);
  }

  async streams(videoSource?: string): Promise<DeviceStreams> {
    await this.#findServices();
    const xml = await this.#calls.call('GetProfiles', (done) => this.#cam.getProfiles(done));
    const profiles = readProfiles(xml);
    if (profiles.length > LIMITS.onvifProfiles) {
      throw this.#protocolError('GetProfiles', `${profiles.length} profiles, more than ${LIMITS.onvifProfiles}`);
    }
    const chosen = chooseStreams(profiles, videoSource);
    if (!chosen) throw new SentinelError('onvif.no_stream', { host: this.#host });
    return {
      mainUrl: await this.#streamUrl(chosen.main),
      subUrl: chosen.sub ? await this.#streamUrl(chosen.sub) : null,
      profiles,
    };
  }

  /** Old devices know GetCapabilities only, new ones may list the media service in GetServices only. */
  async #findServices(): Promise<void> {
    if (this.#servicesKnown) return;
    try {
      await this.#calls.call('GetServices', (done) => this.#cam.getServices(false, done));
    } catch (thrown) {
      if (!(thrown instanceof SentinelError) || thrown.code !== 'onvif.protocol') throw thrown;
      await this.#calls.call('GetCapabilities', (done) => this.#cam.getCapabilities(done));
    }
    this.#servicesKnown = true;
  }

  async #streamUrl(profile: StreamProfile): Promise<string> {
    let uri: unknown;
    await this.#calls.call('GetStreamUri', (done) =>
      this.#cam.getStreamUri({ protocol: 'RTSP', profileToken: profile.token }, (error, answer, xml) => {
        uri = answer?.uri;
        done(error, answer, xml);
      }),
    );
    const url = typeof uri === 'string' ? withoutCredentials(uri) : undefined;
    if (url === undefined) throw this.#protocolError('GetStreamUri', 'the answer holds no RTSP address');
    return url;
  }

  /** The library signs with `process.uptime()` plus this shift. */
  #signWith(offsetMs: number): void {
    this.#cam.timeShift = this.#clock.nowMs() + offsetMs - process.uptime() * 1000;
  }

  #protocolError(request: string, problem: string): SentinelError {
    return new SentinelError('onvif.protocol', { host: this.#host, request, problem });
  }
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
