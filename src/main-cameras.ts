/** How cameras are reached: by RTSP, and by ONVIF for what they tell of themselves. */
import { hostname } from 'node:os';
import { systemClock } from './base/clock.ts';
import { LIMITS } from './base/limits.ts';
import type { Config } from './config.ts';
import { ConnectionTester, type ClockAddress, type ClockMeasurement, type Sealer } from './camera/camera.ts';
import { burnIn } from './comparison/comparison.ts';
import { writeJpeg, type KeyFrameDecoder } from './drivers/codec/codec.ts';
import { openDevice, type OnvifDevice } from './drivers/onvif/onvif.ts';
import type { Db } from './drivers/postgres/postgres.ts';
import { CameraClockDesk } from './evidence/evidence.ts';
import type { CaptureSetup, Line, LineSetup, LookSetup } from './pipeline.ts';

/** What a process beside the cameras does with each picture, whoever points them. */
export function lookSetup(config: Config): LookSetup {
  const { capture: rules, clocks, learning, demo } = config;
  return {
    processName: rules.processName ?? `${hostname()}:${process.pid}`,
    clocks: {
      everyS: clocks.cameraEveryS,
      limitMs: clocks.cameraLimitS * 1000,
      // Reading a clock wants no login.
      measure: async ({ onvifUrl: url }) => onvifClock(await openOnvif(config, url, undefined)),
    },
    gate: {
      fullComparisonEveryS: rules.fullComparisonEveryS,
      learning,
      simulatedLearning: { ...learning, spanS: demo.learningSpanS },
    },
  };
}

export function captureSetup(config: Config): CaptureSetup {
  return { ...lookSetup(config), rules: config.capture };
}

export function lineSetup(config: Config, sealer: Sealer): LineSetup {
  return {
    connectionsPerHost: config.capture.connectionsPerHost,
    timeouts: config.timeouts.rtsp,
    openSecret: (name, sealed) => sealer.open(name, sealed),
    streamsOf: async (url, credentials) => {
      const device = await openOnvif(config, url, credentials);
      return { ...(await device.streams()), clockOffset: onvifClock(device) };
    },
    identify: async (url, credentials) => {
      const device = await openOnvif(config, url, credentials, LIMITS.deviceAnswerMs);
      const { make, model, serial, firmware } = await device.information();
      const interfaces = await device.network().catch(() => []);
      const own = interfaces.find(({ addresses }) => addresses.includes(new URL(url).hostname)) ?? interfaces[0];
      return {
        ...{ make: make || null, model: model || null, serial: serial || null, firmware: firmware || null },
        mac: own?.mac || null,
        captions: await captionsOf(device),
      };
    },
  };
}

/** Null where it does not tell; and of a recorder, whose captions are of several cameras. */
async function captionsOf(device: OnvifDevice): Promise<{ kind: string; text: string }[] | null> {
  const captions = await device.captions().catch(() => undefined);
  if (!captions || new Set(captions.map(({ source }) => source)).size > 1) return null;
  return captions.map(({ kind, text }) => ({ kind, text }));
}

function openOnvif(
  config: Config,
  url: string,
  credentials: { username: string; password: string } | undefined,
  timeoutMs: number = config.timeouts.rtsp.replyMs,
): Promise<OnvifDevice> {
  return openDevice({ url, credentials, clock: systemClock, timeoutMs });
}

function onvifClock({ clockOffset }: OnvifDevice): ClockMeasurement | undefined {
  return clockOffset && { ...clockOffset, source: 'onvif' };
}

/** Reads and sets cameras' clocks on request. */
export function cameraClockDesk(
  db: Db,
  config: Config,
  sealer: Sealer,
  sm3: ((text: string) => string) | undefined,
): CameraClockDesk {
  const open = ({ onvifUrl, credential }: ClockAddress): Promise<OnvifDevice> =>
    openOnvif(
      config,
      onvifUrl,
      credential
        ? { username: credential.username, password: sealer.open(credential.name, credential.secretSealed) }
        : undefined,
    );
  return new CameraClockDesk({
    ...{ db, clock: systemClock, limitMs: config.clocks.cameraLimitS * 1000, sm3 },
    open: async (camera) => {
      const device = await open(camera);
      return {
        measured: onvifClock(device),
        set: async () => {
          const clockOffset = await device.setClock();
          return clockOffset && { ...clockOffset, source: 'onvif' };
        },
      };
    },
  });
}

/** Tries cameras while somebody waits. */
export function connectionTester(db: Db, line: Line, decoder: KeyFrameDecoder): ConnectionTester {
  return new ConnectionTester({
    ...{ db, clock: systemClock, aim: line.aim, probe: line.probe, identify: line.identify },
    decode: (unit, widthPx) => decoder.decode(unit, widthPx),
    hide: burnIn,
    jpeg: (picture) => writeJpeg(picture),
  });
}
