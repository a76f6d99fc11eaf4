/**
 * Finds ONVIF devices on the network of one interface (ONVIF Core Specification, 7; WS-Discovery, April 2005): a probe goes to
 * a multicast address, a few times since UDP may lose it, and whoever hears it answers.
 */
import { randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../../base/clock.ts';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { AnswerGuard } from './answer-guard.ts';
import { elementsOf, textOf } from './answers.ts';
import { withoutCredentials } from './profiles.ts';

export interface DiscoveredDevice {
  /** The device's own name for itself, `urn:uuid:…`; stays the same when its address changes. */
  readonly urn: string;
  /** Address of its device service; where it gives several, the one at which it answered. */
  readonly url: string;
  /** What it says it is; '' where it says nothing. */
  readonly name: string;
  readonly model: string;
  readonly location: string;
}

export interface DiscoveryOptions {
  /** Name (`eth0`) or IPv4 address of the interface to ask on. */
  readonly interface: string;
  readonly clock: Clock;
  /** How long answers are waited for. */
  readonly waitMs: number;
}

const GROUP = '239.255.255.250';
const PORT = 3702;
/** Devices answer to one or the other. */
const TYPES = ['dn:NetworkVideoTransmitter', 'tds:Device'];
const REPEATS = 3;
const REPEAT_MS = 250;

/** @returns the devices that answered, by address @throws SentinelError onvif.no_interface, onvif.discovery */
export async function discoverDevices(options: DiscoveryOptions): Promise<DiscoveredDevice[]> {
  const { clock, waitMs } = options;
  const address = addressOf(options.interface);
  const asked = new Set<string>();
  const found = new Map<string, DiscoveredDevice>();
  const socket = createSocket({ type: 'udp4' });
  const failed = new Promise<never>((_, reject) => socket.once('error', reject));
  socket.on('message', (message, from) => {
    const device = readProbeMatch(message, from.address, asked);
    if (device && found.size < LIMITS.onvifDiscovered) found.set(device.urn, device);
  });
  const ask = async (): Promise<void> => {
    await new Promise<void>((resolve) => socket.bind({ address, port: 0 }, resolve));
    socket.setMulticastInterface(address);
    for (let times = 0; times < REPEATS; times++) {
      if (times > 0) await clock.sleep(REPEAT_MS);
      for (const type of TYPES) await sendProbe(socket, type, asked);
    }
    await clock.sleep(waitMs);
  };
  try {
    await Promise.race([ask(), failed]);
  } catch (thrown) {
    const details = { interface: options.interface, problem: problemOf(thrown) };
    throw new SentinelError('onvif.discovery', details, { cause: thrown });
  } finally {
    socket.close();
  }
  return [...found.values()].sort((a, b) => (a.url < b.url ? -1 : 1));
}

/** @returns the device that answered; undefined if the message is no answer to one of `asked`, or none that can be used */
export function readProbeMatch(
  message: Buffer,
  from: string,
  asked: ReadonlySet<string>,
): DiscoveredDevice | undefined {
  if (new AnswerGuard().problemIn(message) !== undefined) return undefined;
  const xml = message.toString('utf8');
  const match = elementsOf(xml, 'ProbeMatch')[0];
  if (match === undefined || !asked.has(textOf(xml, 'RelatesTo') ?? '')) return undefined;
  const urls = wordsOf(match, 'XAddrs').flatMap((url) => withoutCredentials(url, 'http') ?? []);
  const url = urls.find((one) => new URL(one).hostname === from) ?? urls[0];
  const urn = textOf(match, 'Address') ?? '';
  if (url === undefined || urn === '') return undefined;
  const scopes = wordsOf(match, 'Scopes');
  const scope = (kind: string): string => {
    const prefix = `onvif://www.onvif.org/${kind}/`;
    const given = scopes.find((one) => one.toLowerCase().startsWith(prefix));
    return given === undefined ? '' : decoded(given.slice(prefix.length));
  };
  return { urn, url, name: scope('name'), model: scope('hardware'), location: scope('location') };
}

function addressOf(wanted: string): string {
  const known = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).filter(({ family }) => family === 'IPv4').map(({ address }) => ({ name, address })),
  );
  const chosen = known.find(({ name, address }) => name === wanted || address === wanted);
  if (chosen) return chosen.address;
  const names = known.map(({ name, address }) => `${name} (${address})`).join(', ');
  throw new SentinelError('onvif.no_interface', { interface: wanted, known: names });
}

async function sendProbe(socket: Socket, type: string, asked: Set<string>): Promise<void> {
  const id = `urn:uuid:${randomUUID()}`;
  asked.add(id);
  const probe = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"',
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"',
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl">',
    `<e:Header><w:MessageID>${id}</w:MessageID><w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>`,
    '<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>',
    `<e:Body><d:Probe><d:Types>${type}</d:Types><d:Scopes/></d:Probe></e:Body></e:Envelope>`,
  ].join('');
  await new Promise<void>((resolve, reject) => {
    socket.send(probe, PORT, GROUP, (error) => (error ? reject(error) : resolve()));
  });
}

function wordsOf(xml: string, element: string): string[] {
  return (textOf(xml, element) ?? '').split(/\s+/).filter((word) => word !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
