/** A still of the plan for print: the buildings by name, and one camera's place with what it sees. */
import { SentinelError } from '../base/errors.ts';
import type { BlobStore } from '../drivers/blobs/blobs.ts';
import { drawOn, shrinkJpeg } from '../drivers/codec/codec.ts';
import type { DbOrTrx } from '../drivers/postgres/postgres.ts';
import { outlineText } from '../drivers/print/print.ts';
import { firstPlaceOf, readPlaced, type CameraPlace, type PlacedBuilding } from './plan-store.ts';

export interface PlanStill {
  readonly planName: string;
  readonly jpeg: Buffer;
}

const WIDTH_PX = 1_600;
const MARK = '#c2281b';
const RADIAN = Math.PI / 180;

/**
 * Of the first plan that the camera is placed on, as it is placed at this moment.
 * @returns undefined where it is on none, or the plan's picture is not to be had
 */
export async function planStill(
  db: DbOrTrx,
  blobs: Pick<BlobStore, 'get'>,
  cameraId: number,
): Promise<PlanStill | undefined> {
  const camera = await firstPlaceOf(db, cameraId);
  if (!camera) return undefined;
  const { buildings } = await readPlaced(db, camera.planId, [cameraId]);
  const kept = await blobs.get(camera.pictureSha256).catch((thrown: unknown) => {
    if (thrown instanceof SentinelError && /^blob\.(?:missing|damaged)$/.test(thrown.code)) return undefined;
    throw thrown;
  });
  if (!kept) return undefined;
  const picture = await shrinkJpeg(kept, WIDTH_PX);
  const over = (widthPx: number, heightPx: number): string =>
    buildings.map((one) => buildingSvg(one, widthPx, heightPx)).join('') + cameraSvg(camera, widthPx, heightPx);
  return { planName: camera.planName, jpeg: await drawOn(picture, { blurred: [], over }) };
}

/** Names are drawn as outlines: nothing that somebody typed comes into the markup. */
function buildingSvg({ name, polygon }: PlacedBuilding, widthPx: number, heightPx: number): string {
  const corners = polygon.map(([x, y]) => [x * widthPx, y * heightPx] as const);
  const middle = (values: readonly number[]): number => (Math.min(...values) + Math.max(...values)) / 2;
  const { path, widthPx: long } = outlineText(name, 20);
  const [x, y] = [middle(corners.map(([one]) => one)) - long / 2, middle(corners.map(([, one]) => one)) + 7];
  return (
    `<polygon points="${corners.map((corner) => corner.join()).join(' ')}" fill="none" stroke="#2b3947" stroke-width="2"/>` +
    `<path transform="translate(${x} ${y})" d="${path}" fill="#15202a" stroke="#fff" stroke-width="4" paint-order="stroke"/>`
  );
}

function cameraSvg({ x, y, headingDeg, spreadDeg, reach }: CameraPlace, widthPx: number, heightPx: number): string {
  const [atX, atY, long] = [x * widthPx, y * heightPx, Math.max(reach * widthPx, 40)];
  const end = (deg: number): string => `${atX + Math.sin(deg * RADIAN) * long} ${atY - Math.cos(deg * RADIAN) * long}`;
  const half = Math.min(spreadDeg, 359.9) / 2;
  const cone = `M${atX} ${atY}L${end(headingDeg - half)}A${long} ${long} 0 ${half > 90 ? 1 : 0} 1 ${end(headingDeg + half)}Z`;
  return (
    `<path d="${cone}" fill="${MARK}" fill-opacity="0.28" stroke="${MARK}" stroke-width="3"/>` +
    `<circle cx="${atX}" cy="${atY}" r="12" fill="${MARK}" stroke="#fff" stroke-width="4"/>`
  );
}
