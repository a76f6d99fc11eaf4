import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cropAround,
  fitInto,
  LARGEST_SCALE,
  panBy,
  WHOLE,
  zoomAt,
  zoomTo,
  type Zoom,
} from '../../../src/ui/review/zoom.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const box = fc
  .tuple(share, share, share, share)
  .map(([x, y, w, h]): [number, number, number, number] => [
    x * 0.98,
    y * 0.98,
    (1 - x * 0.98) * w,
    (1 - y * 0.98) * h,
  ]);
const step = fc.oneof(
  fc.tuple(fc.constant('zoom' as const), fc.double({ min: 0.1, max: 8, noNaN: true }), share, share),
  fc.tuple(fc.constant('pan' as const), fc.double({ min: -2, max: 2, noNaN: true }), share, share),
);

function coversFrame({ scale, x, y }: Zoom): void {
  expect(scale).toBeGreaterThanOrEqual(1);
  expect(scale).toBeLessThanOrEqual(LARGEST_SCALE);
  for (const offset of [x, y]) {
    expect(offset).toBeLessThanOrEqual(1e-9);
    expect(offset + scale).toBeGreaterThanOrEqual(1 - 1e-9);
  }
}

describe('zoom', () => {
  it('never shows beyond the picture’s edge, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let zoom = WHOLE;
        for (const [kind, a, b, c] of steps) {
          zoom = kind === 'zoom' ? zoomAt(zoom, a, b, c) : panBy(zoom, a, b);
          coversFrame(zoom);
        }
      }),
    );
  });

  it('keeps the place under the pointer where it is while growing', () => {
    fc.assert(
      fc.property(share, share, fc.double({ min: 1, max: 4, noNaN: true }), (x, y, factor) => {
        const zoom = zoomAt(WHOLE, factor, x, y);
        expect((x - zoom.x) / zoom.scale).toBeCloseTo(x, 9);
        expect((y - zoom.y) / zoom.scale).toBeCloseTo(y, 9);
      }),
    );
  });

  it('to a place shows all of the place', () => {
    fc.assert(
      fc.property(box, ([x, y, w, h]) => {
        const zoom = zoomTo([x, y, w, h]);
        coversFrame(zoom);
        expect(x * zoom.scale + zoom.x).toBeGreaterThanOrEqual(-1e-9);
        expect((x + w) * zoom.scale + zoom.x).toBeLessThanOrEqual(1 + 1e-9);
        expect(y * zoom.scale + zoom.y).toBeGreaterThanOrEqual(-1e-9);
        expect((y + h) * zoom.scale + zoom.y).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });
});

describe('fitting and cropping', () => {
  it('fits a picture whole and in the middle', () => {
    expect(fitInto({ left: 10, top: 0, width: 1600, height: 1000 }, 16 / 9)).toEqual({
      left: 10,
      top: 50,
      width: 1600,
      height: 900,
    });
    expect(fitInto({ left: 0, top: 0, width: 2000, height: 900 }, 16 / 9)).toEqual({
      left: 200,
      top: 0,
      width: 1600,
      height: 900,
    });
  });

  it('crops inside the picture, in the thumbnail’s shape, around the place', () => {
    fc.assert(
      fc.property(box, ([x, y, w, h]) => {
        const crop = cropAround([x, y, w, h], 16 / 9, 4 / 3);
        expect(crop.left).toBeGreaterThanOrEqual(-1e-9);
        expect(crop.top).toBeGreaterThanOrEqual(-1e-9);
        expect(crop.left + crop.width).toBeLessThanOrEqual(1 + 1e-9);
        expect(crop.top + crop.height).toBeLessThanOrEqual(1 + 1e-9);
        expect((crop.width / crop.height) * (16 / 9)).toBeCloseTo(4 / 3, 6);
        const middle = [x + w / 2, y + h / 2] as const;
        expect(middle[0]).toBeGreaterThanOrEqual(crop.left - 1e-9);
        expect(middle[0]).toBeLessThanOrEqual(crop.left + crop.width + 1e-9);
        expect(middle[1]).toBeGreaterThanOrEqual(crop.top - 1e-9);
        expect(middle[1]).toBeLessThanOrEqual(crop.top + crop.height + 1e-9);
      }),
    );
  });
});
