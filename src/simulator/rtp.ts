/**
 * RTP and RTCP as a camera sends them over RTSP's TCP connection. An access unit is cut into packets once (RFC 6184: single
 * NAL unit packets and FU-A) and kept as one block with each packet's `$` header (RFC 2326 section 10.12); sending it again
 * only patches sequence number, timestamp and SSRC (RFC 3550 section 5.1) into a copy that all sessions share.
 */

/** Largest RTP payload: an Ethernet frame less IP, UDP and RTP headers, as cameras cut theirs even over TCP. */
const PAYLOAD_BYTES = 1400;
const INTERLEAVED_BYTES = 4;
const RTP_HEADER_BYTES = 12;
const HEADER_BYTES = INTERLEAVED_BYTES + RTP_HEADER_BYTES;
const PAYLOAD_TYPE = 96;
const FU_A = 28;
const NTP_EPOCH_S = 2_208_988_800;

/** One access unit as interleaved RTP packets; `offsets` are where each packet's `$` stands in `bytes`. */
export interface PreparedFrame {
  readonly isKey: boolean;
  readonly bytes: Buffer;
  readonly offsets: readonly number[];
}

/**
 * Cuts NAL units of one H.264 access unit into packets.
 * @param ends whether they are its last: the last packet then carries the marker
 */
export function prepareFrame(nals: readonly Uint8Array[], isKey: boolean, ends = true): PreparedFrame {
  const payloads = nals.flatMap(payloadsOf);
  const bytes = Buffer.alloc(payloads.reduce((sum, payload) => sum + HEADER_BYTES + payload.length, 0));
  const offsets: number[] = [];
  let at = 0;
  payloads.forEach((payload, index) => {
    const marker = ends && index === payloads.length - 1 ? 0x80 : 0;
    bytes[at] = 0x24;
    bytes.writeUInt16BE(RTP_HEADER_BYTES + payload.length, at + 2);
    bytes[at + 4] = 0x80;
    bytes[at + 5] = marker | PAYLOAD_TYPE;
    bytes.set(payload, at + HEADER_BYTES);
    offsets.push(at);
    at += HEADER_BYTES + payload.length;
  });
  return { isKey, bytes, offsets };
}

/** One access unit of two halves. */
export function joinFrames(first: PreparedFrame, second: PreparedFrame): PreparedFrame {
  return {
    isKey: first.isKey || second.isKey,
    bytes: Buffer.concat([first.bytes, second.bytes]),
    offsets: [...first.offsets, ...second.offsets.map((offset) => first.bytes.length + offset)],
  };
}

function payloadsOf(nal: Uint8Array): Uint8Array[] {
  if (nal.length <= PAYLOAD_BYTES) return [nal];
  const header = nal[0] ?? 0;
  const payloads: Uint8Array[] = [];
  for (let from = 1; from < nal.length; from += PAYLOAD_BYTES - 2) {
    const to = Math.min(nal.length, from + PAYLOAD_BYTES - 2);
    const startEnd = (from === 1 ? 0x80 : 0) | (to === nal.length ? 0x40 : 0);
    payloads.push(
      Buffer.concat([Buffer.from([(header & 0xe0) | FU_A, startEnd | (header & 0x1f)]), nal.subarray(from, to)]),
    );
  }
  return payloads;
}

/** What numbers the packets of one stream; `sequence` and the counters move on with every stamped frame. */
export interface RtpCounters {
  readonly ssrc: number;
  sequence: number;
  packets: number;
  octets: number;
}

/** A copy of the frame with the next sequence numbers. */
export function stampFrame(frame: PreparedFrame, counters: RtpCounters, rtpTimestamp: number): Buffer {
  const bytes = Buffer.allocUnsafe(frame.bytes.length);
  frame.bytes.copy(bytes);
  for (const offset of frame.offsets) {
    bytes.writeUInt16BE(counters.sequence, offset + 6);
    bytes.writeUInt32BE(rtpTimestamp, offset + 8);
    bytes.writeUInt32BE(counters.ssrc, offset + 12);
    counters.sequence = (counters.sequence + 1) & 0xffff;
  }
  counters.packets += frame.offsets.length;
  counters.octets += frame.bytes.length - frame.offsets.length * HEADER_BYTES;
  return bytes;
}

/**
 * Sender report with the source description every compound packet must have (RFC 3550 sections 6.1 and 6.4.1), behind
 * its `$` header on channel 1.
 * @param atMs the camera's own clock, UTC ms since 1970, at the moment that `rtpTimestamp` names
 */
export function senderReport(counters: RtpCounters, atMs: number, rtpTimestamp: number): Buffer {
  const name = Buffer.from('camera');
  const chunkBytes = Math.ceil((4 + 2 + name.length + 1) / 4) * 4;
  const bytes = Buffer.alloc(INTERLEAVED_BYTES + 28 + 4 + chunkBytes);
  bytes[0] = 0x24;
  bytes[1] = 1;
  bytes.writeUInt16BE(bytes.length - INTERLEAVED_BYTES, 2);
  bytes.writeUInt32BE(0x80c80006, 4);
  bytes.writeUInt32BE(counters.ssrc, 8);
  bytes.writeUInt32BE((Math.floor(atMs / 1000) + NTP_EPOCH_S) >>> 0, 12);
  bytes.writeUInt32BE(Math.floor(((((atMs % 1000) + 1000) % 1000) / 1000) * 2 ** 32), 16);
  bytes.writeUInt32BE(rtpTimestamp, 20);
  bytes.writeUInt32BE(counters.packets >>> 0, 24);
  bytes.writeUInt32BE(counters.octets >>> 0, 28);
  bytes.writeUInt32BE((0x81ca0000 | (chunkBytes / 4)) >>> 0, 32);
  bytes.writeUInt32BE(counters.ssrc, 36);
  bytes[40] = 1;
  bytes[41] = name.length;
  bytes.set(name, 42);
  return bytes;
}
