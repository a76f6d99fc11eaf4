/** The turrets of registered cameras, by ONVIF. */
import { systemClock } from './base/clock.ts';
import { SentinelError } from './base/errors.ts';
import type { CaptureCamera, Sealer } from './camera/camera.ts';
import type { Config } from './config.ts';
import { openDevice, type OnvifTurret } from './drivers/onvif/onvif.ts';

/** @returns what opens a camera's turret; it throws SentinelError `patrol.no_turret` for want of an address, and `onvif.*` */
export function turretOpener(config: Config, sealer: Sealer): (camera: CaptureCamera) => Promise<OnvifTurret> {
  return async ({ id, onvifUrl, credential }) => {
    if (onvifUrl === null) throw new SentinelError('patrol.no_turret', { cameraId: id });
    const device = await openDevice({
      ...{ url: onvifUrl, clock: systemClock, timeoutMs: config.timeouts.rtsp.replyMs },
      credentials: credential
        ? { username: credential.username, password: sealer.open(credential.name, credential.secretSealed) }
        : undefined,
    });
    return device.turret();
  };
}
