/**
 * A scripted ONVIF device on a real socket: its own clock, logins checked as the WS-UsernameToken profile says (digest of nonce, time
 * and password, the time within a window of the device's clock) or by HTTP Digest, and ways to misbehave.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SELF_SIGNED } from './rtsp-certificate.ts';

export interface ScriptedProfile {
  token: string;
  name: string;
  source?: string;
  encoding: string;
  widthPx: number;
  heightPx: number;
  uri: string;
}

export type Misbehaviour = 'hang' | 'trickle' | 'flood' | 'garbage' | 'cut' | 'no-equals' | 'fault' | 'not-found';

export interface DeviceScript {
  credentials?: { username: string; password: string };
  /** What the device takes; a digest-only device ignores the token in the envelope. */
  login?: 'token' | 'digest';
  /** The device's clock minus this machine's; null: it does not tell the time. */
  clockOffsetMs?: number | null;
  /** The time by which logins are checked, minus this machine's; the device's own clock unless given. */
  loginOffsetMs?: number;
  /** How far a token's time may be from the device's clock. */
  windowMs?: number;
  /** Speaks TLS alone, with a certificate of its own making. */
  secure?: boolean;
  /** Serves Media2 beside Media, as newer devices do. */
  media2?: boolean;
  /** Lists Media2 and refuses every request there. */
  media2Broken?: boolean;
  /** An older device, without GetServices. */
  capabilitiesOnly?: boolean;
  profiles?: ScriptedProfile[];
  information?: { make: string; model: string; firmware: string; serial: string };
  misbehave?: Partial<Record<string, Misbehaviour>>;
}

export interface ScriptedDevice {
  url: string;
  /** Names of the requests that were answered or refused, in order. */
  requests: string[];
  script: DeviceScript;
  close(): Promise<void>;
}

export async function startOnvifDevice(script: DeviceScript = {}): Promise<ScriptedDevice> {
  const requests: string[] = [];
  const nonces = new Set<string>();
  const take = (request: IncomingMessage, response: ServerResponse): void =>
    void readBody(request).then((body) => {
      const action = /<s:Body[^>]*>\s*<(\w+)/.exec(body)?.[1] ?? '';
      requests.push(action);
      answer(action, body, request, response);
    });
  const server = script.secure ? createSecureServer(SELF_SIGNED, take) : createServer(take);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `${script.secure ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function answer(action: string, body: string, request: IncomingMessage, response: ServerResponse): void {
    const bad = script.misbehave?.[action];
    if (bad) {
      misbehave(bad, response);
      return;
    }
    if (action !== 'GetSystemDateAndTime' && script.credentials) {
      if (script.login === 'digest' ? !digestOk(request) : !tokenOk(body)) {
        if (script.login === 'digest') {
          const nonce = randomBytes(8).toString('hex');
          nonces.add(nonce);
          response.setHeader('WWW-Authenticate', `Digest realm="device", qop="auth", nonce="${nonce}"`);
          response.writeHead(401).end('<html>Unauthorized</html>');
        } else {
          fault(response, 400, 'ter:NotAuthorized', 'Sender not Authorized');
        }
        return;
      }
    }
    const content = contentOf(action, body);
    if (content === undefined) fault(response, 500, 'ter:ActionNotSupported', 'Optional Action Not Implemented');
    else send(response, 200, content);
  }

  function contentOf(action: string, body: string): string | undefined {
    switch (action) {
      case 'GetSystemDateAndTime': {
        if (script.clockOffsetMs === null)
          return '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime/></tds:GetSystemDateAndTimeResponse>';
        const at = new Date(Date.now() + (script.clockOffsetMs ?? 0));
        const date = `<tt:Year>${at.getUTCFullYear()}</tt:Year><tt:Month>${at.getUTCMonth() + 1}</tt:Month><tt:Day>${at.getUTCDate()}</tt:Day>`;
        const time = `<tt:Hour>${at.getUTCHours()}</tt:Hour><tt:Minute>${at.getUTCMinutes()}</tt:Minute><tt:Second>${at.getUTCSeconds()}</tt:Second>`;
        return `<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>CST-8</tt:TZ></tt:TimeZone><tt:UTCDateTime><tt:Time>${time}</tt:Time><tt:Date>${date}</tt:Date></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`;
      }
      case 'SetSystemDateAndTime': {
        const [year, month, day, hour, minute, second] = ['Year', 'Month', 'Day', 'Hour', 'Minute', 'Second'].map(
          (name) => Number(new RegExp(`<(?:\\w+:)?${name}>(\\d+)<`).exec(body)?.[1]),
        ) as [number, number, number, number, number, number];
        script.clockOffsetMs = Date.UTC(year, month - 1, day, hour, minute, second) - Date.now();
        return '<tds:SetSystemDateAndTimeResponse/>';
      }
      case 'GetServices': {
        if (script.capabilitiesOnly) return undefined;
        const service = (namespace: string, path: string): string =>
          `<tds:Service><tds:Namespace>http://www.onvif.org/${namespace}/wsdl</tds:Namespace><tds:XAddr>${base}/onvif/${path}</tds:XAddr><tds:Version><tt:Major>2</tt:Major><tt:Minor>0</tt:Minor></tds:Version></tds:Service>`;
        return `<tds:GetServicesResponse>${service('ver10/device', 'device_service')}${service('ver10/media', 'media')}${script.media2 || script.media2Broken ? service('ver20/media', 'media2') : ''}</tds:GetServicesResponse>`;
      }
      case 'GetCapabilities':
        return `<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device><tt:XAddr>${base}/onvif/device_service</tt:XAddr></tt:Device><tt:Media><tt:XAddr>${base}/onvif/media</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>`;
      case 'GetDeviceInformation': {
        const { make, model, firmware, serial } = script.information ?? {
          make: 'Maker',
          model: 'M1',
          firmware: '1.0',
          serial: '1',
        };
        return `<tds:GetDeviceInformationResponse><tds:Manufacturer>${make}</tds:Manufacturer><tds:Model>${model}</tds:Model><tds:FirmwareVersion>${firmware}</tds:FirmwareVersion><tds:SerialNumber>${serial}</tds:SerialNumber><tds:HardwareId>1</tds:HardwareId></tds:GetDeviceInformationResponse>`;
      }
      case 'GetProfiles': {
        if (isMedia2(body) && script.media2Broken) return undefined;
        const form = isMedia2(body) ? media2Profile : mediaProfile;
        return `<trt:GetProfilesResponse>${(script.profiles ?? []).map(form).join('')}</trt:GetProfilesResponse>`;
      }
      case 'GetStreamUri': {
        const token = /ProfileToken>([^<]*)</.exec(body)?.[1];
        const uri = script.profiles?.find((profile) => profile.token === token)?.uri.replaceAll('&', '&amp;');
        if (uri === undefined) return undefined;
        return isMedia2(body)
          ? `<tr2:GetStreamUriResponse><tr2:Uri>${uri}</tr2:Uri></tr2:GetStreamUriResponse>`
          : `<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>${uri}</tt:Uri><tt:Timeout>PT60S</tt:Timeout></trt:MediaUri></trt:GetStreamUriResponse>`;
      }
      default:
        return undefined;
    }
  }

  function tokenOk(body: string): boolean {
    const [username, digest, nonce, created] = ['Username', 'Password', 'Nonce', 'Created'].map(
      (name) => new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]*)?>([^<]*)<`).exec(body)?.[1] ?? '',
    ) as [string, string, string, string];
    const hash = createHash('sha1')
      .update(Buffer.from(nonce, 'base64'))
      .update(created)
      .update(script.credentials!.password);
    const deviceNowMs = Date.now() + (script.loginOffsetMs ?? script.clockOffsetMs ?? 0);
    const timely = Math.abs(Date.parse(created) - deviceNowMs) <= (script.windowMs ?? 5_000);
    return username === script.credentials!.username && digest === hash.digest('base64') && timely;
  }

  function digestOk(request: IncomingMessage): boolean {
    const given = new Map(
      [...(request.headers.authorization ?? '').matchAll(/(\w+)=(?:"([^"]*)"|([^,\s]*))/g)].map((m) => [
        m[1]!,
        m[2] ?? m[3]!,
      ]),
    );
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const { username, password } = script.credentials!;
    const expected = md5(
      [
        md5(`${username}:device:${password}`),
        given.get('nonce'),
        given.get('nc'),
        given.get('cnonce'),
        'auth',
        md5(`POST:${given.get('uri')}`),
      ].join(':'),
    );
    return nonces.has(given.get('nonce') ?? '') && given.get('response') === expected;
  }

  return {
    url: `${base}/onvif/device_service`,
    requests,
    script,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const isMedia2 = (body: string): boolean => body.includes('http://www.onvif.org/ver20/media/wsdl');

function mediaProfile({ token, name, source = 'source1', encoding, widthPx, heightPx }: ScriptedProfile): string {
  return `<trt:Profiles fixed="true" token="${token}"><tt:Name>${name}</tt:Name><tt:VideoSourceConfiguration token="vs_${token}"><tt:Name>vs</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>${source}</tt:SourceToken><tt:Bounds x="0" y="0" width="9999" height="9999"/></tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="ve_${token}"><tt:Name>ve</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>${encoding}</tt:Encoding><tt:Resolution><tt:Width>${widthPx}</tt:Width><tt:Height>${heightPx}</tt:Height></tt:Resolution></tt:VideoEncoderConfiguration></trt:Profiles>`;
}

function media2Profile({ token, name, source = 'source1', encoding, widthPx, heightPx }: ScriptedProfile): string {
  return `<tr2:Profiles token="${token}" fixed="true"><tr2:Name>${name}</tr2:Name><tr2:Configurations><tr2:VideoSource token="vs_${token}"><tt:Name>vs</tt:Name><tt:SourceToken>${source}</tt:SourceToken><tt:Bounds x="0" y="0" width="9999" height="9999"/></tr2:VideoSource><tr2:VideoEncoder token="ve_${token}"><tt:Name>ve</tt:Name><tt:Encoding>${encoding}</tt:Encoding><tt:Resolution><tt:Width>${widthPx}</tt:Width><tt:Height>${heightPx}</tt:Height></tt:Resolution></tr2:VideoEncoder></tr2:Configurations></tr2:Profiles>`;
}

const NAMESPACES = [
  'xmlns:s="http://www.w3.org/2003/05/soap-envelope"',
  'xmlns:tds="http://www.onvif.org/ver10/device/wsdl"',
  'xmlns:trt="http://www.onvif.org/ver10/media/wsdl"',
  'xmlns:tr2="http://www.onvif.org/ver20/media/wsdl"',
  'xmlns:tt="http://www.onvif.org/ver10/schema"',
  'xmlns:ter="http://www.onvif.org/ver10/error"',
].join(' ');

function send(response: ServerResponse, status: number, content: string): void {
  response.writeHead(status, { 'Content-Type': 'application/soap+xml; charset=utf-8' });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?><s:Envelope ${NAMESPACES}><s:Body>${content}</s:Body></s:Envelope>`,
  );
}

function fault(response: ServerResponse, status: number, subcode: string, reason: string): void {
  send(
    response,
    status,
    `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>${subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">${reason}</s:Text></s:Reason></s:Fault>`,
  );
}

function misbehave(how: Misbehaviour, response: ServerResponse): void {
  switch (how) {
    case 'hang':
      return;
    case 'trickle': {
      response.writeHead(200);
      const timer = setInterval(() => response.write('<a b="c"/>'), 20);
      response.on('close', () => clearInterval(timer));
      return;
    }
    case 'flood': {
      response.writeHead(200);
      const chunk = '<a b="c"/>'.repeat(6_000);
      const pour = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', pour);
      pour();
      return;
    }
    case 'no-equals':
      response.writeHead(200).end('xmlns'.repeat(100_000));
      return;
    case 'garbage':
      response.writeHead(200).end('<html lang="en"><body>Welcome</body></html>');
      return;
    case 'cut':
      response.writeHead(200, { 'Content-Length': '1000' });
      response.write('<s:Envelope xmlns:s="x">', () => response.destroy());
      return;
    case 'fault':
      fault(response, 500, 'ter:Action', 'The device is busy');
      return;
    case 'not-found':
      response.writeHead(404).end('Not found');
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
