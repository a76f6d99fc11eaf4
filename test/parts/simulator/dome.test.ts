import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { Picture } from '../../../src/base/picture.ts';
import { KeyFrameDecoder, readPicture } from '../../../src/drivers/codec/codec.ts';
import { HostConnections, visitKeyFrame, type AccessUnit } from '../../../src/drivers/rtsp/rtsp.ts';
import { focalOf } from '../../../src/simulator/dome-window.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { turned } from '../../../src/simulator/turret.ts';
import { brightnessAt, DOME_ESTATE, makePanorama } from '../../support/panorama.ts';
import { LOGIN, simulated } from '../../support/simulated.ts';

const closing: (() => unknown)[] = [];
let mediaDir: string;
beforeAll(async () => {
  mediaDir = await makePanorama();
});
afterAll(() => rm(mediaDir, { recursive: true }));
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function standing(): Promise<Simulator> {
  const simulator = await simulated({ schedule: DOME_ESTATE, mediaDir });
  closing.push(() => simulator.close());
  return simulator;
}

function keyFrame(simulator: Simulator, path = 'dome/sub'): Promise<AccessUnit> {
  return visitKeyFrame(
    { url: `rtsp://127.0.0.1:${simulator.port}/${path}`, credentials: LOGIN },
    { clock: systemClock, connections: new HostConnections({ clock: systemClock }), limitMs: 10_000 },
  );
}

const decoder = new KeyFrameDecoder();
afterAll(() => decoder.close());

async function look(simulator: Simulator, path?: string): Promise<Picture> {
  const { bytes, codec } = await keyFrame(simulator, path);
  return (await decoder.decode({ bytes, codec }, 1280)).picture;
}

/** Mean brightness of 5 x 5 pixels. */
function at({ rgb, widthPx }: Picture, x: number, y: number): number {
  let sum = 0;
  for (let dy = -2; dy <= 2; dy++) {
    for (let dx = -2; dx <= 2; dx++) sum += rgb[((y + dy) * widthPx + x + dx) * 3 + 1] ?? 0;
  }
  return sum / 25;
}

/** Share of points of a picture that are as bright as the panorama is where the lens should look. */
function agreement(picture: Picture, pose: { panDeg: number; tiltDeg: number; zoom: number }): number {
  const { widthPx, heightPx } = picture;
  const focalPx = focalOf(widthPx, pose.zoom);
  const [sin, cos] = [Math.sin((pose.tiltDeg * Math.PI) / 180), Math.cos((pose.tiltDeg * Math.PI) / 180)];
  let [agreed, asked] = [0, 0];
  for (let y = 40; y < heightPx - 8; y += 12) {
    for (let x = 8; x < widthPx - 8; x += 12) {
      const [right, up] = [(x + 0.5 - widthPx / 2) / focalPx, (heightPx / 2 - y - 0.5) / focalPx];
      const ahead = cos - up * sin;
      const panDeg = pose.panDeg + (Math.atan2(right, ahead) * 180) / Math.PI;
      const tiltDeg = (Math.atan2(up * cos + sin, Math.hypot(right, ahead)) * 180) / Math.PI;
      asked++;
      if (Math.abs(at(picture, x, y) - brightnessAt(turned(panDeg), tiltDeg)) < 14) agreed++;
    }
  }
  return agreed / asked;
}

async function settled(simulator: Simulator): Promise<void> {
  await expect.poll(() => simulator.turretOf('dome').moving(), { timeout: 20_000 }).toBe(false);
}

describe('a simulated dome’s picture', () => {
  it('is the panorama seen in perspective, wherever the lens points', { timeout: 60_000 }, async () => {
    const simulator = await standing();
    const turret = simulator.turretOf('dome');
    for (const pose of [
      { panDeg: 0, tiltDeg: 0, zoom: 2 },
      { panDeg: 37.25, tiltDeg: -30.5, zoom: 3 },
      { panDeg: -178, tiltDeg: -12, zoom: 2 },
    ]) {
      turret.goTo(pose);
      await settled(simulator);
      for (const stream of ['dome/sub', 'dome/main']) {
        const picture = await look(simulator, stream);
        expect(picture.widthPx).toBe(stream === 'dome/sub' ? 640 : 1280);
        expect(picture.heightPx).toBe(stream === 'dome/sub' ? 360 : 720);
        expect(agreement(picture, turret.pose())).toBeGreaterThan(0.85);
        // The same picture does not fit a pose two degrees off.
        expect(agreement(picture, { ...pose, panDeg: pose.panDeg + 2.5 })).toBeLessThan(0.5);
      }
      const still = await readPicture(await simulator.snapshotOf('dome'));
      expect(agreement(still, turret.pose())).toBeGreaterThan(0.85);
    }
  });

  it('rests when the dome rests, but for noise and the clock', { timeout: 30_000 }, async () => {
    const simulator = await standing();
    const [one, other] = [await look(simulator), await look(simulator)];
    let worst = 0;
    let differs = false;
    for (let y = 20; y < 350; y += 6) {
      for (let x = 6; x < 630; x += 6) {
        worst = Math.max(worst, Math.abs(at(one, x, y) - at(other, x, y)));
        differs ||= one.rgb[(y * 640 + x) * 3] !== other.rgb[(y * 640 + x) * 3];
      }
    }
    expect(worst).toBeLessThan(6);
    expect(differs).toBe(true);
  });

  it('runs together while the lens turns', { timeout: 30_000 }, async () => {
    const simulator = await standing();
    const contrast = (picture: Picture): number => {
      let sum = 0;
      for (let y = 60; y < 340; y += 4) {
        for (let x = 20; x < 600; x += 4) sum += Math.abs(at(picture, x, y) - at(picture, x + 6, y));
      }
      return sum;
    };
    const resting = contrast(await look(simulator));
    simulator.setScene('dome', { lighting: 'night' });
    await look(simulator);
    await expect.poll(async () => at(await look(simulator), 320, 200) < 90, { timeout: 10_000 }).toBe(true);
    const atNight = contrast(await look(simulator));
    simulator.turretOf('dome').moveContinuously({ panDegPerS: 90 });
    await systemClock.sleep(1_000);
    const turning = contrast(await look(simulator));
    expect(atNight).toBeGreaterThan(resting * 0.3);
    expect(turning).toBeLessThan(atNight * 0.6);
  });

  it('shows what is put up, stage by stage, and nothing else changes', { timeout: 60_000 }, async () => {
    const simulator = await standing();
    const turret = simulator.turretOf('dome');
    turret.goTo({ panDeg: 25, tiltDeg: -22.5, zoom: 2 });
    await settled(simulator);
    const before = await look(simulator);
    for (const stage of [1, 2]) {
      simulator.setWork('hut', stage);
      await look(simulator);
      await expect
        .poll(async () => Math.abs(at(await look(simulator), 320, 180) - stage * 100), { timeout: 10_000 })
        .toBeLessThan(15);
      const after = await look(simulator);
      expect(Math.abs(at(after, 40, 60) - at(before, 40, 60))).toBeLessThan(6);
      expect(simulator.sceneOf('dome').state).toBe('structure');
    }
    simulator.setWork('hut', 0);
    await look(simulator);
    await expect
      .poll(async () => Math.abs(at(await look(simulator), 320, 180) - at(before, 320, 180)), { timeout: 10_000 })
      .toBeLessThan(8);
  });

  it('goes wrong as other cameras do: frozen, offline', { timeout: 30_000 }, async () => {
    const simulator = await standing();
    await look(simulator);
    simulator.setScene('dome', { fault: 'frozen' });
    const one = await keyFrame(simulator);
    simulator.turretOf('dome').goTo({ panDeg: 60 });
    await settled(simulator);
    const other = await keyFrame(simulator);
    expect(Buffer.from(one.bytes).equals(Buffer.from(other.bytes))).toBe(true);
    simulator.setScene('dome', { fault: 'offline' });
    await expect(keyFrame(simulator)).rejects.toThrow();
    simulator.setScene('dome', { fault: undefined });
    expect(agreement(await look(simulator), simulator.turretOf('dome').pose())).toBeGreaterThan(0.7);
  });

  it('is refused without its panorama', async () => {
    await expect(simulated({ schedule: DOME_ESTATE, mediaDir: '/nowhere' })).rejects.toMatchObject({
      code: 'simulator.media',
    });
  });
});
