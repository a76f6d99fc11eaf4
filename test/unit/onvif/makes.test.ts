import { describe, expect, test } from 'vitest';
import { readDeviceTimeMs, readFault } from '../../../src/drivers/onvif/answers.ts';
import { readPresetEvents } from '../../../src/drivers/onvif/preset-events.ts';
import { presetsInUse, readPresets, type TurretPreset } from '../../../src/drivers/onvif/presets.ts';
import { ASSUMED_SPACES, readSpaces, writePosition, writeVector } from '../../../src/drivers/onvif/spaces.ts';
import { readStatus } from '../../../src/drivers/onvif/status.ts';
import { axisStyle, dahuaStyle, degreesStyle, faults, hikvisionStyle } from '../../support/onvif-makes.ts';

const presetsOf = (xml: string): TurretPreset[] => presetsInUse(readPresets(xml, ASSUMED_SPACES));

describe('presets', () => {
  test('of a make that puts unused slots at nought: the named one and the one with a place of its own', () => {
    expect(presetsOf(hikvisionStyle.presets)).toEqual([
      {
        token: '1',
        name: '大门',
        position: { pan: expect.closeTo(0.351444, 6), tilt: expect.closeTo(-0.6, 6), zoom: 0 },
      },
      { token: '12', name: 'Preset 12', position: { pan: expect.closeTo(-0.9, 6), tilt: 1, zoom: 0 } },
    ]);
  });

  test('of a make that gives no places: the one with a name of its own', () => {
    expect(presetsOf(dahuaStyle.presets)).toEqual([{ token: '3', name: '3号楼 & 围墙', position: null }]);
  });

  test('with prefixes declared on the way, attributes in any order and names in CDATA', () => {
    expect(presetsOf(axisStyle.presets)).toEqual([
      { token: '1', name: 'Home', position: { pan: expect.closeTo(-0.2, 6), tilt: expect.closeTo(0.4, 6), zoom: 1 } },
      { token: '2', name: 'Gate <left> & right', position: null },
    ]);
  });

  test('that all have default names and no place are all kept', () => {
    const listed = ['1', '2'].map((token) => ({ token, name: `Preset ${token}`, position: null }));
    expect(presetsInUse(listed)).toEqual(listed);
  });

  test('seven at one place are presets, eight unnamed ones are empty slots', () => {
    const at = (token: number): TurretPreset => ({
      token: String(token),
      name: '',
      position: { pan: 0, tilt: 0, zoom: 0 },
    });
    const named = { ...at(99), name: '门' };
    const seven = [1, 2, 3, 4, 5, 6, 7].map(at);
    expect(presetsInUse([...seven, named])).toHaveLength(8);
    expect(presetsInUse([...seven, at(8), named])).toEqual([named]);
  });
});

describe('the status', () => {
  test('with everything', () => {
    expect(readStatus(hikvisionStyle.status, ASSUMED_SPACES)).toEqual({
      position: { pan: expect.closeTo(0.351444, 6), tilt: expect.closeTo(-0.6, 6), zoom: 0 },
      moving: false,
      utcMs: Date.UTC(2026, 10, 25, 8),
      problem: '',
    });
  });

  test('without MoveStatus, with a comma in a number and no Z', () => {
    expect(readStatus(dahuaStyle.status, ASSUMED_SPACES)).toEqual({
      position: { pan: -0.5, tilt: 0.25, zoom: 0.1 },
      moving: null,
      utcMs: Date.UTC(2026, 10, 25, 16),
      problem: '',
    });
  });

  test('of what has no zoom', () => {
    expect(readStatus(axisStyle.status, ASSUMED_SPACES)).toMatchObject({
      position: { zoom: null },
      moving: true,
      utcMs: Date.UTC(2026, 10, 25, 8, 0, 0, 250),
    });
  });

  test.each([
    ['<PTZStatus><MoveStatus><PanTilt>UNKNOWN</PanTilt></MoveStatus></PTZStatus>', null],
    ['<PTZStatus><MoveStatus/></PTZStatus>', null],
    ['<PTZStatus><MoveStatus><PanTilt>IDLE</PanTilt><Zoom>MOVING</Zoom></MoveStatus></PTZStatus>', true],
    ['<PTZStatus><MoveStatus><PanTilt>idle</PanTilt></MoveStatus></PTZStatus>', false],
  ])('%s moves: %s', (xml, moving) => {
    expect(readStatus(xml, ASSUMED_SPACES)).toMatchObject({ moving, position: null });
  });

  test('that names a fault of the turret', () => {
    const xml = '<PTZStatus><Error>Motor blocked</Error></PTZStatus>';
    expect(readStatus(xml, ASSUMED_SPACES)).toMatchObject({ problem: 'Motor blocked' });
  });

  test('that lies outside the turret’s range is at its edge', () => {
    const xml = '<PTZStatus><Position><PanTilt x="1.01" y="-7"/><Zoom x="1.5"/></Position></PTZStatus>';
    expect(readStatus(xml, ASSUMED_SPACES)).toMatchObject({ position: { pan: 1, tilt: -1, zoom: 1 } });
  });

  test('that is none', () => {
    expect(readStatus('<GetStatusResponse/>', ASSUMED_SPACES)).toBeUndefined();
  });
});

describe('a turret that counts in degrees', () => {
  const spaces = readSpaces(degreesStyle.node);

  test('is told and understood in its own numbers', () => {
    expect(writePosition({ pan: 0.5, tilt: -0.5, zoom: 0.3 }, spaces)).toBe(
      '<tt:PanTilt x="270" y="45" space="http://www.onvif.org/ver10/tptz/PanTiltSpaces/PositionGenericSpace"/>',
    );
    const xml = '<PTZStatus><Position><PanTilt x="270" y="45"/></Position></PTZStatus>';
    expect(readStatus(xml, spaces)).toMatchObject({ position: { pan: 0.5, tilt: -0.5, zoom: null } });
  });

  test('shifts in the picture in its hundred parts, and offers no other', () => {
    expect(writeVector({ pan: 0.25, tilt: -1 }, { panTilt: spaces.inPicture, zoom: undefined })).toContain(
      'x="25" y="-100"',
    );
    expect(spaces.relative.panTilt).toBeUndefined();
  });
});

test('the time of a device that is set by NTP', () => {
  expect(readDeviceTimeMs(hikvisionStyle.time)).toBe(Date.UTC(2026, 10, 25, 8, 0, 5));
});

test('events of other things are passed over', () => {
  expect(readPresetEvents(axisStyle.messages)).toEqual([
    { moment: 'reached', preset: '2', utcMs: Date.UTC(2026, 10, 25, 8, 0, 9, 750) },
  ]);
});

test('faults, old and new', () => {
  expect(readFault(faults.soap12)).toEqual({
    reason: 'The requested preset token does not exist.',
    subcode: 'NoToken',
  });
  expect(readFault(faults.soap11)).toEqual({ reason: 'busy & moving', subcode: 'Server' });
  expect(readFault(hikvisionStyle.status)).toBeUndefined();
});
