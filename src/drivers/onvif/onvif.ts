/**
 * ONVIF: what a device tells of itself, and its turret. Opening a device reads its clock first, without credentials
 * (ONVIF Core Specification, 5.9.1 and GetSystemDateAndTime), because a signed request carries a time that the device
 * checks against its own; every later request is signed with the offset that was found. Addresses are given without
 * credentials. One request at a time goes to a device, each bounded in time and size; nothing stays open between
 * requests, save while preset events are waited for.
 */
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import {
  elementsOf,
  escapeXml,
  readCaptions,
  readDeviceInformation,
  readNetworkInterfaces,
  textOf,
  type DeviceCaption,
  type DeviceInformation,
  type NetworkInterface,
} from './answers.ts';
import { DeviceLine, type ClockOffset, type DeviceTarget } from './device-line.ts';
import { chooseStreams, readProfiles, readTurretProfile, withoutCredentials, type StreamProfile } from './profiles.ts';
import { openPresetEvents, type PresetEvents } from './preset-events.ts';
import { openTurret, type OnvifTurret } from './turret.ts';

export type { DeviceCaption, DeviceInformation, NetworkInterface } from './answers.ts';
export type { ClockOffset, DeviceTarget } from './device-line.ts';
export { discoverDevices, type DiscoveredDevice, type DiscoveryOptions } from './discovery.ts';
export type { PresetEvent, PresetEvents } from './preset-events.ts';
export type { StreamProfile } from './profiles.ts';
export type { TurretPosition, TurretVector } from './spaces.ts';
export type { TourPlan, TourSpot, TurretTour } from './tours.ts';
export type { TurretPreset } from './presets.ts';
export type { TurretStatus } from './status.ts';
export type { OnvifTurret, TurretOffer } from './turret.ts';

export interface DeviceStreams {
  /** RTSP address of the largest H.264 or H.265 stream. */
  readonly mainUrl: string;
  /** RTSP address of a smaller stream of the same picture, the one nearest above the size of a look; null if there is none. */
  readonly subUrl: string | null;
  /** Every profile the device lists, of all its video sources and in its order. */
  readonly profiles: readonly StreamProfile[];
}

/** Which services a device has. */
export interface DeviceServices {
  readonly media: boolean;
  readonly turret: boolean;
  readonly events: boolean;
}

export interface OnvifDevice {
  /** As last measured; undefined while the device would not tell its time in UTC. */
  readonly clockOffset: ClockOffset | undefined;
  /** Reads the device's clock again and signs with the new offset from then on. */
  measureClock(): Promise<ClockOffset | undefined>;
  /**
   * Sets the device's clock by hand to ours, and ends its setting by NTP; its time zone stays.
   * @returns the offset then measured
   */
  setClock(): Promise<ClockOffset | undefined>;
  information(): Promise<DeviceInformation>;
  network(): Promise<NetworkInterface[]>;
  /** What it writes into its pictures, of all its video sources; undefined where it does not tell. */
  captions(): Promise<DeviceCaption[] | undefined>;
  services(): Promise<DeviceServices>;
  /** @param videoSource token of one of a recorder's cameras; without it, the source of the first profile */
  streams(videoSource?: string): Promise<DeviceStreams>;
  /** @returns HTTP address of a still picture of that profile; undefined if the device offers none */
  snapshotUrl(profileToken: string): Promise<string | undefined>;
  /**
   * The turret of that video source, or the device's first.
   * @throws also onvif.no_turret
   */
  turret(videoSource?: string): Promise<OnvifTurret>;
  /**
   * Preset events of all the device's turrets, on a connection of their own.
   * @throws also onvif.not_offered
   */
  presetEvents(): Promise<PresetEvents>;
}

/**
 * Opens a device by reading its clock.
 * @throws SentinelError onvif.bad_url, onvif.unreachable, onvif.timeout, onvif.unauthorised, onvif.refused, onvif.protocol;
 *   as do all methods of the device, and `streams` onvif.no_stream
 */
export async function openDevice(target: DeviceTarget): Promise<OnvifDevice> {
  const line = new DeviceLine(target);
  await line.measureClock();
  return new Device(line);
}

const DEVICE_NAMESPACE = 'http://www.onvif.org/ver10/device/wsdl';
const MEDIA_NAMESPACE = 'http://www.onvif.org/ver10/media/wsdl';
const MEDIA2_NAMESPACE = 'http://www.onvif.org/ver20/media/wsdl';

class Device implements OnvifDevice {
  readonly #line: DeviceLine;

  constructor(line: DeviceLine) {
    this.#line = line;
  }

  get clockOffset(): ClockOffset | undefined {
    return this.#line.clockOffset;
  }

  measureClock(): Promise<ClockOffset | undefined> {
    return this.#line.measureClock();
  }

  async setClock(): Promise<ClockOffset | undefined> {
    const now = await this.#line.call('GetSystemDateAndTime', (cam, done) => cam.getSystemDateAndTime(done));
    const zone = textOf(elementsOf(now, 'TimeZone')[0] ?? '', 'TZ');
    const summer = textOf(now, 'DaylightSavings') === 'true';
    const at = new Date(this.#line.target.clock.nowMs());
    await this.#line.ask({
      namespace: DEVICE_NAMESPACE,
      request: 'SetSystemDateAndTime',
      content: [
        `<DateTimeType>Manual</DateTimeType><DaylightSavings>${summer}</DaylightSavings>`,
        zone === undefined ? '' : `<TimeZone><tt:TZ>${escapeXml(zone)}</tt:TZ></TimeZone>`,
        `<UTCDateTime><tt:Time><tt:Hour>${at.getUTCHours()}</tt:Hour><tt:Minute>${at.getUTCMinutes()}</tt:Minute>`,
        `<tt:Second>${at.getUTCSeconds()}</tt:Second></tt:Time><tt:Date><tt:Year>${at.getUTCFullYear()}</tt:Year>`,
        `<tt:Month>${at.getUTCMonth() + 1}</tt:Month><tt:Day>${at.getUTCDate()}</tt:Day></tt:Date></UTCDateTime>`,
      ].join(''),
    });
    return this.#line.measureClock();
  }

  async information(): Promise<DeviceInformation> {
    const xml = await this.#line.call('GetDeviceInformation', (cam, done) => cam.getDeviceInformation(done));
    return readDeviceInformation(xml);
  }

  async network(): Promise<NetworkInterface[]> {
    const question = { namespace: DEVICE_NAMESPACE, request: 'GetNetworkInterfaces', content: '' };
    return readNetworkInterfaces(await this.#line.ask(question));
  }

  async captions(): Promise<DeviceCaption[] | undefined> {
    const older = await this.#line.pathOf('media');
    const path = older ?? (await this.#line.pathOf('media2'));
    if (path === undefined) return undefined;
    const namespace = older === undefined ? MEDIA2_NAMESPACE : MEDIA_NAMESPACE;
    try {
      const captions = readCaptions(await this.#line.ask({ path, namespace, request: 'GetOSDs', content: '' }));
      return captions.slice(0, LIMITS.onvifCaptions);
    } catch (thrown) {
      if (thrown instanceof SentinelError && thrown.code === 'onvif.refused') return undefined;
      throw thrown;
    }
  }

  async services(): Promise<DeviceServices> {
    const has = async (service: string): Promise<boolean> => (await this.#line.pathOf(service)) !== undefined;
    return {
      media: (await has('media')) || (await has('media2')),
      turret: await has('ptz'),
      events: await has('events'),
    };
  }

  async streams(videoSource?: string): Promise<DeviceStreams> {
    const profiles = readProfiles(await this.#profiles());
    if (profiles.length > LIMITS.onvifProfiles) {
      const problem = `${profiles.length} profiles, more than ${LIMITS.onvifProfiles}`;
      throw this.#line.protocolError('GetProfiles', problem);
    }
    const chosen = chooseStreams(profiles, videoSource);
    if (!chosen) throw new SentinelError('onvif.no_stream', { host: this.#line.host });
    return {
      mainUrl: await this.#streamUrl(chosen.main),
      subUrl: chosen.sub ? await this.#streamUrl(chosen.sub) : null,
      profiles,
    };
  }

  async snapshotUrl(profileToken: string): Promise<string | undefined> {
    await this.#line.findServices();
    let xml: string;
    try {
      xml = await this.#line.call('GetSnapshotUri', (cam, done) =>
        cam.getSnapshotUri({ profileToken: escapeXml(profileToken) }, done),
      );
    } catch (thrown) {
      if (thrown instanceof SentinelError && thrown.code === 'onvif.refused') return undefined;
      throw thrown;
    }
    const url = withoutCredentials(textOf(xml, 'Uri') ?? '', 'http');
    if (url === undefined) throw this.#line.protocolError('GetSnapshotUri', 'the answer holds no HTTP address');
    return url;
  }

  async turret(videoSource?: string): Promise<OnvifTurret> {
    const path = await this.#line.pathOf('ptz');
    const profile = path === undefined ? undefined : readTurretProfile(await this.#profiles(), videoSource);
    if (path === undefined || !profile) throw new SentinelError('onvif.no_turret', { host: this.#line.host });
    return openTurret(this.#line, path, profile);
  }

  presetEvents(): Promise<PresetEvents> {
    return openPresetEvents(this.#line);
  }

  /** Some firmware lists the newer media service and cannot answer there; the older one is asked then, and from then on. */
  async #profiles(): Promise<string> {
    await this.#line.findServices();
    try {
      return await this.#line.call('GetProfiles', (cam, done) => cam.getProfiles(done));
    } catch (thrown) {
      const answered = thrown instanceof SentinelError && /^onvif\.(refused|protocol)$/.test(thrown.code);
      if (!answered || !(await this.#line.fallBackToMedia())) throw thrown;
      return this.#line.call('GetProfiles', (cam, done) => cam.getProfiles(done));
    }
  }

  async #streamUrl(profile: StreamProfile): Promise<string> {
    const xml = await this.#line.call('GetStreamUri', (cam, done) =>
      cam.getStreamUri({ protocol: 'RTSP', profileToken: escapeXml(profile.token) }, done),
    );
    const url = withoutCredentials(textOf(xml, 'Uri') ?? '', 'rtsp');
    if (url === undefined) throw this.#line.protocolError('GetStreamUri', 'the answer holds no RTSP address');
    return url;
  }
}
