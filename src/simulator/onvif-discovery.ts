/** Answers WS-Discovery probes for a simulated device (Core Specification, 7.3; WS-Discovery 2005/04). */
import { createSocket, type Socket } from 'node:dgram';
import { randomUUID } from 'node:crypto';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { Element, xml } from './onvif-xml.ts';

const GROUP = '239.255.255.250';
const PORT = 3702;
const TYPES = ['NetworkVideoTransmitter', 'Device'];

export interface DiscoveryOptions {
  /** Address of the interface to listen on. */
  readonly host: string;
  readonly urn: string;
  readonly scopes: readonly string[];
  readonly serviceUrl: () => string;
  /** A device that is switched off says nothing. */
  readonly silent: () => boolean;
}

/** @throws SentinelError `simulator.not_listening` */
export async function answerProbes(options: DiscoveryOptions): Promise<{ close(): Promise<void> }> {
  const { host } = options;
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(PORT, resolve);
    });
    socket.addMembership(GROUP, host);
    socket.setMulticastInterface(host);
  } catch (thrown) {
    socket.close();
    throw new SentinelError(
      'simulator.not_listening',
      { host, port: PORT, problem: problemOf(thrown) },
      { cause: thrown },
    );
  }
  // A probe that comes mangled, or an asker that is gone, is nobody's trouble here.
  socket.on('error', () => {});
  socket.on('message', (message, from) => answer(socket, options, message, from));
  return { close: () => new Promise((resolve) => socket.close(resolve)) };
}

function answer(
  socket: Socket,
  options: DiscoveryOptions,
  message: Buffer,
  from: { address: string; port: number },
): void {
  if (options.silent() || message.length > LIMITS.simulatorRequestBytes) return;
  const envelope = Element.of(message.toString('utf8'));
  const probe = envelope.child('Probe');
  const asked = envelope.text('MessageID');
  if (!probe || asked === undefined) return;
  const types = probe.text('Types') ?? '';
  if (types !== '' && !TYPES.some((type) => types.includes(type))) return;
  const scopes = (probe.text('Scopes') ?? '').split(/\s+/).filter((scope) => scope !== '');
  if (!scopes.every((scope) => options.scopes.some((own) => own.startsWith(scope)))) return;
  const reply = xml`<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl" xmlns:tds="http://www.onvif.org/ver10/device/wsdl"><s:Header><wsa:MessageID>urn:uuid:${randomUUID()}</wsa:MessageID><wsa:RelatesTo>${asked}</wsa:RelatesTo><wsa:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:To><wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</wsa:Action></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch><wsa:EndpointReference><wsa:Address>${options.urn}</wsa:Address></wsa:EndpointReference><d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types><d:Scopes>${options.scopes.join(' ')}</d:Scopes><d:XAddrs>${options.serviceUrl()}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>`;
  socket.send(reply.text, from.port, from.address);
}
