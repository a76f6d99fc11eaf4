/**
 * RTCP (RFC 3550 section 6): the sender's reports, from which the camera's clock is read, and our receiver reports.
 */
import { randomBytes } from 'node:crypto';

export interface SenderReport {
  readonly ssrc: number;
  /** UTC ms since 1970 by the sender's clock; undefined where it has none. */
  readonly wallClockMs: number | undefined;
  /** The media clock at that instant. */
  readonly rtpTimestamp: number;
  /** Middle 32 bits of the NTP time, to be given back as LSR. */
  readonly compactNtp: number;
}

export interface RtcpContent {
  readonly senderReports: readonly SenderReport[];
  /** Sources that leave. */
  readonly goodbyes: readonly number[];
}

/** One source as we received it, for a report block (RFC 3550 section 6.4.1). */
export interface ReceptionReport {
  readonly ssrc: number;
  readonly fractionLost: number;
  readonly cumulativeLost: number;
  readonly highestSequence: number;
  readonly jitter: number;
  readonly lastSenderReport: number;
  /** Since that report came, in units of 1/65536 s. */
  readonly delaySinceLastSenderReport: number;
}

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const GOODBYE = 203;
const NTP_TO_UNIX_S = 2_208_988_800;
const NTP_ERA_S = 2 ** 32;

/**
 * Reads a compound packet `bytes[start, end)` as far as it is well-formed.
 * @param nowMs UTC ms, which tells the 136-year NTP era
 */
export function readRtcp(bytes: Buffer, start: number, end: number, nowMs: number): RtcpContent {
  const senderReports: SenderReport[] = [];
  const goodbyes: number[] = [];
  let at = start;
  while (at + 8 <= end) {
    const first = bytes[at] ?? 0;
    const type = bytes[at + 1];
    const next = at + 4 + 4 * bytes.readUInt16BE(at + 2);
    if (first >> 6 !== 2 || next > end) break;
    if (type === SENDER_REPORT && next - at >= 28) {
      const seconds = bytes.readUInt32BE(at + 8);
      const fraction = bytes.readUInt32BE(at + 12);
      senderReports.push({
        ssrc: bytes.readUInt32BE(at + 4),
        wallClockMs: wallClockOf(seconds, fraction, nowMs),
        rtpTimestamp: bytes.readUInt32BE(at + 16),
        compactNtp: (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0,
      });
    } else if (type === GOODBYE) {
      const count = Math.min(first & 0x1f, (next - at - 4) / 4);
      for (let source = 0; source < count; source += 1) goodbyes.push(bytes.readUInt32BE(at + 4 + 4 * source));
    }
    at = next;
  }
  return { senderReports, goodbyes };
}

/**
 * NTP time to UTC ms. A sender without a wall clock sends 0, or its running time with the high bit zero (RFC 3550 section
 * 6.4.1); after February 2036 a zero high bit is the next era.
 */
function wallClockOf(seconds: number, fraction: number, nowMs: number): number | undefined {
  const eraBeginMs = (NTP_ERA_S - NTP_TO_UNIX_S) * 1000;
  const inFirstEra = seconds >= 2 ** 31;
  if (!inFirstEra && nowMs < eraBeginMs) return undefined;
  const unixS = seconds - NTP_TO_UNIX_S + (inFirstEra ? 0 : NTP_ERA_S);
  return unixS * 1000 + (fraction / 2 ** 32) * 1000;
}

/** A name that says nothing of us, new for each session (RFC 7022 section 4.2). */
export function newCanonicalName(): string {
  return randomBytes(12).toString('base64');
}

/**
 * A compound packet: receiver report and the canonical name that must go with it (RFC 3550 sections 6.1, 6.4.2, 6.5).
 * @param block nothing received yet: a report without a block
 */
export function writeReceiverReport(
  ownSsrc: number,
  canonicalName: string,
  block: ReceptionReport | undefined,
): Buffer {
  const reportBytes = block ? 32 : 8;
  const name = Buffer.from(canonicalName, 'ascii');
  // One chunk: SSRC, item CNAME, and one to four zeros up to a whole word.
  const chunkBytes = Math.floor((4 + 2 + name.length) / 4) * 4 + 4;
  const packet = Buffer.alloc(reportBytes + 4 + chunkBytes);
  packet[0] = 0x80 | (block ? 1 : 0);
  packet[1] = RECEIVER_REPORT;
  packet.writeUInt16BE(reportBytes / 4 - 1, 2);
  packet.writeUInt32BE(ownSsrc, 4);
  if (block) {
    packet.writeUInt32BE(block.ssrc, 8);
    packet[12] = block.fractionLost;
    packet.writeIntBE(block.cumulativeLost, 13, 3);
    packet.writeUInt32BE(block.highestSequence, 16);
    packet.writeUInt32BE(block.jitter, 20);
    packet.writeUInt32BE(block.lastSenderReport, 24);
    packet.writeUInt32BE(block.delaySinceLastSenderReport, 28);
  }
  let at = reportBytes;
  packet[at] = 0x81;
  packet[at + 1] = SOURCE_DESCRIPTION;
  packet.writeUInt16BE(chunkBytes / 4, at + 2);
  at = packet.writeUInt32BE(ownSsrc, at + 4);
  packet[at] = 1;
  packet[at + 1] = name.length;
  name.copy(packet, at + 2);
  return packet;
}
