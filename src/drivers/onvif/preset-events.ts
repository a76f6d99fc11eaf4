/**
 * A turret's preset events by a pull point (ONVIF Core Specification, 9.1.3; topics `tns1:PTZController/PTZPresets` of the PTZ
 * Service): the quickest way to learn that a turret has arrived, where a device offers it. Waiting for them has a line of
 * its own, so that it holds up no command.
 */
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { attributeOf, elementsOf, escapeXml, textOf } from './answers.ts';
import { DeviceLine, type Question } from './device-line.ts';

export interface PresetEvent {
  readonly moment: 'invoked' | 'reached' | 'aborted' | 'left';
  /** The preset's token. */
  readonly preset: string;
  /** By the device's clock, UTC ms since 1970; null if it tells none. */
  readonly utcMs: number | null;
}

export interface PresetEvents {
  /**
   * Waits for events, at most `waitMs`; none came if the list is empty. A subscription that the device has forgotten is
   * made anew, and what happened meanwhile is lost.
   * @throws SentinelError onvif.unreachable, onvif.timeout, onvif.unauthorised, onvif.refused, onvif.protocol
   */
  next(waitMs: number): Promise<PresetEvent[]>;
  /** Ends the subscription if the device still answers; never throws. */
  close(): Promise<void>;
}

const EVENTS = 'http://www.onvif.org/ver10/events/wsdl';
const NOTIFICATION = 'http://docs.oasis-open.org/wsn/b-2';
const LIFETIME = 'PT1M';
const LIFETIME_MS = 60_000;
const MOMENTS = { Invoked: 'invoked', Reached: 'reached', Aborted: 'aborted', Left: 'left' } as const;
const TOPIC = /PTZPresets?\/(Invoked|Reached|Aborted|Left)\s*$/;

interface Subscription {
  readonly path: string;
  /** SOAP headers that lead to it. */
  readonly header: string;
  endsAtMs: number;
}

/** @throws SentinelError onvif.not_offered, and as {@link PresetEvents.next} */
export async function openPresetEvents(commands: DeviceLine): Promise<PresetEvents> {
  const { target, host } = commands;
  const line = new DeviceLine({ ...target, timeoutMs: target.timeoutMs + LIMITS.onvifPullMs });
  const path = await line.pathOf('events');
  const offered =
    path !== undefined &&
    /<(?:[\w.-]+:)?PTZPresets?[\s/>]/.test(
      await line.ask({ path, namespace: EVENTS, request: 'GetEventProperties', content: '' }),
    );
  if (!offered) throw new SentinelError('onvif.not_offered', { host, request: 'PTZPresets' });
  const events = new PullPoint(line, commands, path);
  await events.subscribe();
  return events;
}

class PullPoint implements PresetEvents {
  readonly #line: DeviceLine;
  readonly #commands: DeviceLine;
  readonly #path: string;
  #subscription: Subscription | undefined;
  #renews = true;
  #closed = false;

  constructor(line: DeviceLine, commands: DeviceLine, path: string) {
    this.#line = line;
    this.#commands = commands;
    this.#path = path;
  }

  async subscribe(): Promise<Subscription> {
    const xml = await this.#line.ask({
      path: this.#path,
      namespace: EVENTS,
      request: 'CreatePullPointSubscription',
      content: `<InitialTerminationTime>${LIFETIME}</InitialTerminationTime>`,
      ...addressed(`${EVENTS}/EventPortType/CreatePullPointSubscriptionRequest`),
    });
    const reference = elementsOf(xml, 'SubscriptionReference')[0] ?? '';
    const address = textOf(reference, 'Address') ?? '';
    if (!URL.canParse(address)) {
      throw this.#line.protocolError('CreatePullPointSubscription', 'the answer holds no address');
    }
    const { pathname, search } = new URL(address);
    this.#subscription = {
      path: `${pathname}${search}`,
      header: `<a:To>${escapeXml(address)}</a:To>${referenceParameters(reference, xml)}`,
      endsAtMs: this.#endOf(xml),
    };
    return this.#subscription;
  }

  async next(waitMs: number): Promise<PresetEvent[]> {
    if (this.#isClosed()) return [];
    const wait = Math.min(Math.max(0, waitMs), LIMITS.onvifPullMs);
    const subscription = this.#subscription ?? (await this.subscribe());
    try {
      await this.#renew(subscription, wait);
      return await this.#pull(subscription, wait);
    } catch (thrown) {
      // Whatever it was, nobody knows any more whether the subscription stands.
      this.#subscription = undefined;
      if (this.#isClosed()) return [];
      if (!(thrown instanceof SentinelError) || thrown.code !== 'onvif.refused') throw thrown;
      return this.#pull(await this.subscribe(), wait);
    }
  }

  async close(): Promise<void> {
    const subscription = this.#subscription;
    this.#closed = true;
    this.#subscription = undefined;
    if (!subscription) return;
    const action = 'http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest';
    const question = questionTo(subscription, NOTIFICATION, 'Unsubscribe', '', action);
    // Not on its own line, where a wait may still stand before it.
    await this.#commands.ask(question).catch(() => undefined);
  }

  /** It may be closed while a wait stands. */
  #isClosed(): boolean {
    return this.#closed;
  }

  async #pull(subscription: Subscription, waitMs: number): Promise<PresetEvent[]> {
    const limits = `<Timeout>PT${(waitMs / 1000).toFixed(3)}S</Timeout><MessageLimit>${LIMITS.onvifEventsPulled}</MessageLimit>`;
    const action = `${EVENTS}/PullPointSubscription/PullMessagesRequest`;
    const xml = await this.#line.ask(questionTo(subscription, EVENTS, 'PullMessages', limits, action));
    subscription.endsAtMs = Math.max(subscription.endsAtMs, this.#endOf(xml));
    return readPresetEvents(xml);
  }

  /** Some makes let each pull prolong a subscription, others want to be asked; a few know no renewal at all. */
  async #renew(subscription: Subscription, waitMs: number): Promise<void> {
    const leftMs = subscription.endsAtMs - this.#line.target.clock.monotonicMs();
    if (!this.#renews || leftMs > waitMs + LIFETIME_MS / 4) return;
    const action = 'http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest';
    try {
      const time = `<TerminationTime>${LIFETIME}</TerminationTime>`;
      const question = questionTo(subscription, NOTIFICATION, 'Renew', time, action);
      subscription.endsAtMs = this.#endOf(await this.#line.ask(question));
    } catch (thrown) {
      if (!(thrown instanceof SentinelError) || thrown.code !== 'onvif.refused') throw thrown;
      this.#renews = leftMs <= 0;
    }
  }

  /** When a subscription ends, on our own monotonic clock: the device's two stamps say how long it still lasts. */
  #endOf(xml: string): number {
    const [endsMs, nowMs] = ['TerminationTime', 'CurrentTime'].map((name) => Date.parse(textOf(xml, name) ?? ''));
    const leftMs = (endsMs ?? Number.NaN) - (nowMs ?? Number.NaN);
    return this.#line.target.clock.monotonicMs() + (leftMs >= 0 ? leftMs : LIFETIME_MS);
  }
}

/** @returns the preset events among the messages of a PullMessages answer, in order */
export function readPresetEvents(xml: string): PresetEvent[] {
  const events: PresetEvent[] = [];
  for (const message of elementsOf(xml, 'NotificationMessage').slice(0, LIMITS.onvifEventsPulled)) {
    const moment = TOPIC.exec(textOf(message, 'Topic') ?? '')?.[1] as keyof typeof MOMENTS | undefined;
    const items = elementsOf(message, 'SimpleItem');
    const item = items.find((one) => attributeOf(one, 'Name') === 'PresetToken');
    const preset = item === undefined ? undefined : attributeOf(item, 'Value');
    if (moment === undefined || preset === undefined) continue;
    const stamp = /\sUtcTime\s*=\s*["']([^"']*)["']/.exec(message)?.[1];
    const utcMs = Date.parse(stamp ?? '');
    events.push({ moment: MOMENTS[moment], preset, utcMs: Number.isFinite(utcMs) ? utcMs : null });
  }
  return events;
}

const addressed = (action: string): { header: string; action: string } => ({
  header: `<a:Action>${action}</a:Action>`,
  action,
});

function questionTo(
  { path, header }: Subscription,
  namespace: string,
  request: string,
  content: string,
  action: string,
): Question {
  const to = addressed(action);
  return { path, namespace, request, content, action, header: to.header + header };
}

/**
 * What a device wants repeated to find the subscription (WS-Addressing 1.0 SOAP Binding, 2.3); Axis numbers them so.
 * Prefixes may be declared anywhere above, so each is written with its namespace.
 */
function referenceParameters(reference: string, xml: string): string {
  const parameters = elementsOf(reference, 'ReferenceParameters')[0] ?? '';
  const leaves = parameters.matchAll(/<(?:([\w.-]+):)?([\w.-]+)((?:\s[^<>]*)?)>([^<]*)<\//g);
  return [...leaves]
    .slice(0, LIMITS.onvifReferenceParameters)
    .map(([, prefix, name = '', attributes = '', text = '']) => {
      const declared = new RegExp(`xmlns${prefix === undefined ? '' : `:${prefix}`}\\s*=\\s*["']([^"'<>]*)["']`);
      const namespace = (declared.exec(attributes) ?? declared.exec(parameters) ?? declared.exec(xml))?.[1] ?? '';
      return `<${name} xmlns="${namespace}" a:IsReferenceParameter="true">${text}</${name}>`;
    })
    .join('');
}
