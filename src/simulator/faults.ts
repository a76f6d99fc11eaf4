/** Ways in which a stream goes wrong on demand, by path (`/fault/<fault>/<camera>/<stream>`) or by `setScene`. */
export const FAULTS = [
  /** Sends nothing more; the connection stays open. */
  'stall',
  /** The connection is cut while playing. */
  'die',
  /** Never answers anything; the next two only from that request on. */
  'hang',
  'hang-setup',
  'hang-play',
  /** Payload bytes are flipped. */
  'corrupt',
  /** Packets are missing: sequence numbers leave gaps. */
  'loss',
  /** Everything, answers too, comes a few bytes at a time. */
  'trickle',
  /** Refuses any credentials. */
  'unauthorised',
  /** Offers Motion JPEG instead of H.264. */
  'wrong-codec',
  /** The same key frame for ever, while the camera's clock runs on. */
  'frozen',
  /** Refuses one more session with 453. */
  'busy',
  /** As if the camera had no power: connections are cut at their first request. */
  'offline',
] as const;
export type Fault = (typeof FAULTS)[number];

export function isFault(text: string): text is Fault {
  return (FAULTS as readonly string[]).includes(text);
}
