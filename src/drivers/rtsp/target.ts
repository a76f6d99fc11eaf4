import type { Credentials } from './authorization.ts';
import type { TlsTrust } from './connection.ts';

/** What to connect to. */
export interface RtspTarget {
  /** `rtsp://` or `rtsps://`, without user name and password. */
  readonly url: string;
  readonly credentials?: Credentials;
  /** For `rtsps://`. */
  readonly tls?: TlsTrust;
}
