/** Addresses of a camera file: checked, and the login taken out of them. No text here repeats what may be a password. */
import { parseRtspUrl } from '../drivers/rtsp/rtsp.ts';
import type { Note } from './camera-words.ts';

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Some makes want the password inside the path, e.g. `/user=admin&password=…&channel=1`. */
const SECRET_IN_PATH = /(?:^|[^a-z])(?:pass|passwd|password|pwd)=[^&_;/?#]/i;
const ONVIF_PATH = '/onvif/device_service';

/**
 * A stream's address without its login, letter for letter.
 * @throws SentinelError rtsp.bad_url
 */
export function addressOf(given: string, field: string): { url: string; login: Login | undefined } | Note {
  const { url, login, rest } = split(given);
  parseRtspUrl(url);
  if (rest.includes('@')) return { note: 'stray_at', field };
  if (SECRET_IN_PATH.test(rest)) return { note: 'secret_in_path', field };
  return { url, login };
}

/** The device service's address; a bare host or host:port is completed to it. */
export function onvifAddressOf(given: string): { url: string; login: Login | undefined } | Note {
  const { url, login, rest } = split(/^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`);
  if (rest.includes('@')) return { note: 'stray_at', field: 'onvif_url' };
  if (SECRET_IN_PATH.test(rest)) return { note: 'secret_in_path', field: 'onvif_url' };
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || /\s/.test(url)) return { note: 'no_onvif_address' };
  if (parsed.pathname === '/' && parsed.search === '') parsed.pathname = ONVIF_PATH;
  return { url: parsed.href, login };
}

/** What stands between `//` and the last `@` of the authority is the login; a part that is not well encoded is literal. */
function split(given: string): { url: string; login: Login | undefined; rest: string } {
  const parts = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)(.*)$/is.exec(given);
  if (!parts) return { url: given, login: undefined, rest: '' };
  const [, scheme = '', authority = '', rest = ''] = parts;
  const at = authority.lastIndexOf('@');
  if (at < 0) return { url: given, login: undefined, rest };
  const userinfo = authority.slice(0, at);
  const colon = userinfo.indexOf(':');
  const username = decoded(colon < 0 ? userinfo : userinfo.slice(0, colon));
  const password = decoded(colon < 0 ? '' : userinfo.slice(colon + 1));
  const url = `${scheme}${authority.slice(at + 1)}${rest}`;
  // `rtsp://:@host` and `rtsp://@host` say no more than `rtsp://host`.
  return { url, login: username === '' && password === '' ? undefined : { username, password }, rest };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
