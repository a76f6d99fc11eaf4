/** Reads a binary message of the live line, as `src/web/contract-live.ts` lays it out. */
import { LIVE_HEADER_BYTES } from '../../src/web/contract.ts';

export function liveUnitsIn(message: Buffer): { header: Buffer; bytes: Buffer }[] {
  const units: { header: Buffer; bytes: Buffer }[] = [];
  for (let at = 0; at < message.length;) {
    const header = message.subarray(at, at + LIVE_HEADER_BYTES);
    const end = at + LIVE_HEADER_BYTES + header.readUInt32BE(16);
    if (end > message.length) throw new RangeError(`a unit of the live message at ${at} ends behind it`);
    units.push({ header, bytes: message.subarray(at + LIVE_HEADER_BYTES, end) });
    at = end;
  }
  return units;
}
