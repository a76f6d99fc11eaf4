import { describe, expect, it } from 'vitest';
import { coordinatesText, figureOf, pairOf } from '../../../src/ui/cameras/location.ts';
import { boxBetween, MARKS_MOST, shifted, withProposed, type Box, type Mark } from '../../../src/ui/evidence/marks.ts';

describe('marks', () => {
  it('lie within the picture, and are more than a slip of the hand', () => {
    expect(boxBetween([0.5, 0.6], [0.2, 1.4])).toEqual([0.2, 0.6, 0.3, 0.4]);
    expect(boxBetween([0.5, 0.5], [0.504, 0.9])).toBeUndefined();
  });

  it('are moved as far as the picture goes, and keep their size', () => {
    expect(shifted([0.5, 0.5, 0.2, 0.1], 0.1, -0.25)).toEqual([0.6, 0.25, 0.2, 0.1]);
    expect(shifted([0.5, 0.5, 0.2, 0.1], 9, -9)).toEqual([0.8, 0, 0.2, 0.1]);
  });

  it('that the machine proposes take the place of what it proposed before, never of what somebody drew', () => {
    const own: Mark = { tool: 'blur', box: [0, 0, 0.1, 0.1], text: '' };
    const old: Mark = { ...own, isProposed: true };
    const area: Box = [0.123456, 0.2, 0.3, 0.4];
    expect(withProposed([own, old], [area])).toEqual({
      marks: [own, { tool: 'blur', box: [0.1235, 0.2, 0.3, 0.4], text: '', isProposed: true }],
      ...{ taken: 1, left: 0 },
    });
    const many = Array.from({ length: MARKS_MOST.blur }, () => area);
    expect(withProposed([own], many)).toMatchObject({ taken: MARKS_MOST.blur - 1, left: 1 });
  });
});

describe('where a camera hangs', () => {
  it('is written to the decimetre, and read as it is typed or pasted', () => {
    expect(coordinatesText({ latitudeDeg: 31.98, longitudeDeg: -120.894130123 })).toBe('31.980000°, -120.894130°');
    expect(pairOf(' 31.980123°，120.894130 ')).toEqual(['31.980123', '120.894130']);
    expect(pairOf('31.980123')).toBeUndefined();
  });

  it('is a number of its range, nothing, or wrong', () => {
    expect([figureOf(' 31.5 ', -90, 90), figureOf('', -90, 90), figureOf('0', 0, 1000)]).toEqual([31.5, null, 0]);
    for (const wrong of ['91', '31.98N', '1e1', '.', '0x1f', '31,9']) {
      expect(figureOf(wrong, -90, 90), wrong).toBeUndefined();
    }
  });
});
