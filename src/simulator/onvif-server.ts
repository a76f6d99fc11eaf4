/**
 * A simulated ONVIF dome on a real socket: device, media, PTZ and event services, logins, discovery, and what goes wrong.
 *
 * In: what it is, its turret, where its streams are, a clock. Out: its address, and a hand on its clock, presets and faults.
 * What it shows is not its business: it steers the turret, and others draw where that points.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { Challenge, type Credentials } from './challenge.ts';
import { DeviceService, type DomeDescription } from './onvif-device.ts';
import { answerProbes } from './onvif-discovery.ts';
import { EventDesk } from './onvif-events.ts';
import { notSupported, OnvifFault } from './onvif-fault.ts';
import { LoginDesk, type OnvifLogin } from './onvif-login.ts';
import type { WidestView } from './onvif-scale.ts';
import { TURRET_CONFIGURATION, TurretService, type TurretQuirks } from './onvif-turret.ts';
import { Element, xml, type Markup } from './onvif-xml.ts';
import type { Turret, TurretPosition } from './turret.ts';

export type { DomeDescription } from './onvif-device.ts';

export const ONVIF_FAULTS = [
  /** Connections are cut at once, as if the device had no power; it does not answer probes either. */
  'offline',
  /** Connections are cut once the request is read. */
  'reset',
  /** Never answers. */
  'hang',
  /** Answers after some seconds. */
  'slow',
  /** Refuses any login. */
  'unauthorised',
  /** Answers with half an answer, with one that has no end, and with entities that grow. */
  'cut',
  'flood',
  'entities',
] as const;
export type OnvifFaultName = (typeof ONVIF_FAULTS)[number];

export interface OnvifQuirks extends TurretQuirks {
  /** Labels its local time UTC, and checks logins by the real one. */
  readonly tellsLocalTime?: boolean;
  /** Writes its namespaces with prefixes of its own, e.g. `{ s: 'SOAP-ENV', tt: 'ns1' }`. */
  readonly prefixes?: Readonly<Record<string, string>>;
}

export interface OnvifServerOptions {
  /** Address to listen on; loopback unless the dome is to be shown to other machines. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly credentials: Credentials;
  readonly about: DomeDescription;
  readonly turret: Turret;
  /** Width and height of its picture at zoom 1. */
  readonly widestDeg: WidestView;
  /** Named in discovery: a UUID. */
  readonly uuid: string;
  /** What logins it takes; default both. */
  readonly logins?: readonly OnvifLogin[];
  /** How far a login's time may be from the device's clock; default 5 s. */
  readonly windowMs?: number;
  /** The device's clock minus the real one; default 0. */
  readonly clockOffsetMs?: number;
  readonly quirks?: OnvifQuirks;
  /** A JPEG of what it sees now. Without it the dome offers no snapshot. */
  readonly snapshot?: () => Promise<Uint8Array>;
  /** Answers WS-Discovery probes that come to `host`; default false. */
  readonly discoverable?: boolean;
  /** Where tours in random order take their chances from; default Math.random. */
  readonly random?: () => number;
}

export interface OnvifServer {
  readonly url: string;
  readonly port: number;
  /** Names of the last requests, the newest at the end. */
  readonly requests: readonly string[];
  /** The device's clock minus the real one. */
  clockOffsetMs: number;
  /** undefined mends it. */
  setFault(fault: OnvifFaultName | undefined): void;
  addPreset(token: string, name: string, position: TurretPosition): void;
  losePresets(): void;
  /** The device starts anew: connections, subscriptions and tours end. What the turret makes of it is its own matter. */
  restart(): void;
  close(): Promise<void>;
}

const SLOW_MS = 3_000;
const NONCE_LIFETIME_MS = 300_000;
const REQUESTS_REMEMBERED = 1_000;

/** @throws SentinelError `simulator.not_listening` */
export async function startOnvifServer(options: OnvifServerOptions): Promise<OnvifServer> {
  const dome = new Dome(options);
  await dome.listen();
  return dome;
}

class Dome implements OnvifServer {
  readonly requests: string[] = [];
  clockOffsetMs: number;
  readonly #options: OnvifServerOptions;
  readonly #server: Server;
  readonly #challenge: Challenge;
  readonly #login: LoginDesk;
  readonly #device: DeviceService;
  readonly #turret: TurretService;
  readonly #events: EventDesk;
  #probes: { close(): Promise<void> } | undefined;
  #fault: OnvifFaultName | undefined;
  #zone = 'CST-8';

  constructor(options: OnvifServerOptions) {
    const { clock, credentials, quirks = {} } = options;
    this.#options = options;
    this.clockOffsetMs = options.clockOffsetMs ?? 0;
    const deviceNowMs = (): number => clock.nowMs() + this.clockOffsetMs;
    this.#challenge = new Challenge({
      credentials,
      schemes: ['digest-md5'],
      qop: true,
      nonceLifetimeMs: NONCE_LIFETIME_MS,
      nowMs: () => clock.nowMs(),
    });
    this.#login = new LoginDesk({
      credentials,
      accepts: options.logins ?? ['token', 'digest'],
      windowMs: options.windowMs ?? 5_000,
      deviceNowMs,
      challenge: this.#challenge,
    });
    this.#device = new DeviceService(
      options.about,
      {
        nowMs: deviceNowMs,
        tellsLocalTime: quirks.tellsLocalTime ?? false,
        zone: () => this.#zone,
        set: (atMs, zone) => {
          this.clockOffsetMs = atMs - clock.nowMs();
          this.#zone = zone ?? this.#zone;
        },
      },
      () => this.#base,
      options.snapshot !== undefined,
    );
    this.#events = new EventDesk({
      clock,
      deviceNowMs,
      addressOf: (id) => `${this.#base}/onvif/events/${id}`,
    });
    this.#turret = new TurretService({
      clock,
      turret: options.turret,
      widestDeg: options.widestDeg,
      quirks,
      deviceNowMs,
      random: options.random ?? Math.random,
      tell: (moment, { token, name }) =>
        this.#events.publish(
          `PTZController/PTZPresets/${moment}`,
          { PTZConfigurationToken: TURRET_CONFIGURATION },
          { PresetToken: token, PresetName: name },
        ),
    });
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.maxConnections = LIMITS.simulatorConnections;
    this.#server.on('connection', (socket) => {
      if (this.#fault === 'offline') socket.resetAndDestroy();
    });
  }

  async listen(): Promise<void> {
    const { host, port, discoverable, uuid } = this.#options;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen({ host, port }, resolve);
      });
    } catch (thrown) {
      throw new SentinelError('simulator.not_listening', { host, port, problem: problemOf(thrown) }, { cause: thrown });
    }
    if (!discoverable) return;
    try {
      this.#probes = await answerProbes({
        host,
        urn: `urn:uuid:${uuid}`,
        scopes: this.#device.scopes,
        serviceUrl: () => this.url,
        silent: () => this.#fault === 'offline',
      });
    } catch (thrown) {
      await this.close();
      throw thrown;
    }
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#base}/onvif/device_service`;
  }

  setFault(fault: OnvifFaultName | undefined): void {
    this.#fault = fault;
    if (fault === 'offline') this.#server.closeAllConnections();
  }

  addPreset(token: string, name: string, position: TurretPosition): void {
    this.#turret.addPreset(token, name, position);
  }

  losePresets(): void {
    this.#turret.losePresets();
  }

  restart(): void {
    this.#server.closeAllConnections();
    this.#events.forget();
    this.#turret.restart();
  }

  async close(): Promise<void> {
    this.#turret.close();
    this.#events.forget();
    await this.#probes?.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get #base(): string {
    const { host } = this.#options;
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const text = await readBody(request);
      if (text === undefined) {
        response.writeHead(413).end();
        return;
      }
      if (request.url === '/snapshot.jpg') await this.#serveSnapshot(request, response);
      else await this.#serveSoap(request, response, text);
    } catch {
      // The asker is gone, or sent what is no request.
      response.destroy();
    }
  }

  async #serveSnapshot(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { snapshot } = this.#options;
    const verdict = this.#challenge.judge(request.method ?? 'GET', request.url ?? '', request.headers.authorization);
    if (this.#fault === 'unauthorised' || verdict !== 'accepted') this.#challengeFor(response, verdict === 'stale');
    else if (!snapshot) response.writeHead(404).end();
    else response.writeHead(200, { 'Content-Type': 'image/jpeg' }).end(await snapshot());
  }

  async #serveSoap(request: IncomingMessage, response: ServerResponse, text: string): Promise<void> {
    const envelope = Element.of(text);
    const content = envelope.child('Body')?.inner ?? '';
    const name = /^\s*<(?:[\w.-]+:)?(\w+)/.exec(content)?.[1] ?? '';
    this.requests.push(name);
    if (this.requests.length > REQUESTS_REMEMBERED) this.requests.shift();
    if (await this.#goesWrong(response)) return;
    const uri = request.url ?? '';
    if (name !== 'GetSystemDateAndTime') {
      const header = envelope.child('Header')?.inner ?? '';
      const verdict =
        this.#fault === 'unauthorised' ? 'refused' : this.#login.judge(uri, request.headers.authorization, header);
      if (verdict === 'challenge' || verdict === 'stale') {
        this.#challengeFor(response, verdict === 'stale');
        return;
      }
      if (verdict === 'refused') {
        this.#send(response, 400, describeFault(new OnvifFault('Sender', ['NotAuthorized'], 'Sender not Authorized')));
        return;
      }
    }
    try {
      const body = Element.of(content).child(name);
      if (!body) throw new OnvifFault('Sender', ['WellFormed'], 'The request is no SOAP');
      this.#send(response, 200, await this.#answer(uri, name, body));
    } catch (thrown) {
      if (!(thrown instanceof OnvifFault)) throw thrown;
      this.#send(response, thrown.side === 'Sender' ? 400 : 500, describeFault(thrown));
    }
  }

  async #answer(uri: string, name: string, body: Element): Promise<Markup> {
    switch (uri.replace(/\/\d+$/, '')) {
      case '/onvif/device_service':
        return this.#device.answer(name, body);
      case '/onvif/media':
        return this.#device.answerMedia(name, body);
      case '/onvif/ptz':
        return this.#turret.answer(name, body);
      case '/onvif/events':
        return this.#events.answer(name, body, /\/(\d+)$/.exec(uri)?.[1]);
      default:
        throw notSupported();
    }
  }

  /** @returns whether the fault that is on has dealt with the request */
  async #goesWrong(response: ServerResponse): Promise<boolean> {
    switch (this.#fault) {
      case 'offline':
      case 'reset':
        response.socket?.resetAndDestroy();
        return true;
      case 'hang':
        return true;
      case 'slow':
        await this.#options.clock.sleep(SLOW_MS);
        return false;
      case 'cut':
        response.writeHead(200, { 'Content-Type': 'application/soap+xml', 'Content-Length': '4000' });
        response.write(HEAD, () => response.destroy());
        return true;
      case 'flood': {
        response.writeHead(200, { 'Content-Type': 'application/soap+xml' });
        response.write(HEAD);
        const pour = (): void => {
          while (!response.destroyed && response.write('<a b="c"/>'.repeat(1_000)));
        };
        response.on('drain', pour);
        pour();
        return true;
      }
      case 'entities':
        response.writeHead(200, { 'Content-Type': 'application/soap+xml' }).end(GROWING);
        return true;
      default:
        return false;
    }
  }

  #challengeFor(response: ServerResponse, stale: boolean): void {
    response.writeHead(401, { 'WWW-Authenticate': this.#challenge.offers(stale), 'Content-Type': 'text/html' });
    response.end('<!DOCTYPE html><html lang="en"><body>Unauthorized</body></html>');
  }

  #send(response: ServerResponse, status: number, content: Markup): void {
    const envelope = `<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope ${NAMESPACES}><s:Body>${content.text}</s:Body></s:Envelope>`;
    const prefixes = this.#options.quirks?.prefixes ?? {};
    const written = Object.entries(prefixes).reduce(
      (text, [from, to]) => text.replace(new RegExp(`(</?|xmlns:)${from}(?=[:=])`, 'g'), `$1${to}`),
      envelope,
    );
    response.writeHead(status, { 'Content-Type': 'application/soap+xml; charset=utf-8' }).end(written);
  }
}

const NAMESPACES = [
  ['s', 'http://www.w3.org/2003/05/soap-envelope'],
  ['tds', 'http://www.onvif.org/ver10/device/wsdl'],
  ['trt', 'http://www.onvif.org/ver10/media/wsdl'],
  ['tptz', 'http://www.onvif.org/ver20/ptz/wsdl'],
  ['tev', 'http://www.onvif.org/ver10/events/wsdl'],
  ['tt', 'http://www.onvif.org/ver10/schema'],
  ['ter', 'http://www.onvif.org/ver10/error'],
  ['tns1', 'http://www.onvif.org/ver10/topics'],
  ['wsa', 'http://www.w3.org/2005/08/addressing'],
  ['wsnt', 'http://docs.oasis-open.org/wsn/b-2'],
  ['wstop', 'http://docs.oasis-open.org/wsn/t-1'],
]
  .map(([prefix, uri]) => `xmlns:${prefix}="${uri}"`)
  .join(' ');

const HEAD = `<?xml version="1.0" encoding="UTF-8"?><s:Envelope ${NAMESPACES}><s:Body>`;

/** Each entity is ten of the one before: read by the letter, a thousand million signs. */
const GROWING = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "e">${Array.from(
  { length: 9 },
  (_, index) => `<!ENTITY e${index + 1} "${`&e${index};`.repeat(10)}">`,
).join('')}]><s:Envelope ${NAMESPACES}><s:Body>&e9;</s:Body></s:Envelope>`;

function describeFault({ side, subcodes, message }: OnvifFault): Markup {
  const nested = subcodes.reduceRight<Markup | undefined>(
    (inner, code) => xml`<s:Subcode><s:Value>ter:${code}</s:Value>${inner}</s:Subcode>`,
    undefined,
  );
  return xml`<s:Fault><s:Code><s:Value>s:${side}</s:Value>${nested}</s:Code><s:Reason><s:Text xml:lang="en">${message}</s:Text></s:Reason></s:Fault>`;
}

/** @returns undefined if the body is too long */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > LIMITS.simulatorRequestBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
