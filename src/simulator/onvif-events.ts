/** The event service of a simulated dome: pull points (Core Specification, 9.1.3) that bring the preset events. */
import type { Clock, Timer } from '../base/clock.ts';
import { LIMITS } from '../base/limits.ts';
import { notSupported, OnvifFault } from './onvif-fault.ts';
import { readDurationMs, xml, type Element, type Markup } from './onvif-xml.ts';

const LIFETIME_MS = 60_000;
const LONGEST_PULL_MS = 60_000;

interface Subscription {
  readonly id: string;
  readonly messages: Markup[];
  endsAtMs: number;
  /** Wakes the pull that waits. */
  wake: (() => void) | undefined;
}

export interface EventDeskOptions {
  readonly clock: Clock;
  readonly deviceNowMs: () => number;
  /** Address of a subscription. */
  readonly addressOf: (id: string) => string;
}

export class EventDesk {
  readonly #options: EventDeskOptions;
  readonly #subscriptions = new Map<string, Subscription>();
  #made = 0;

  constructor(options: EventDeskOptions) {
    this.#options = options;
  }

  /** @param topic below `tns1:`; @param source, @param data names and values */
  publish(topic: string, source: Readonly<Record<string, string>>, data: Readonly<Record<string, string>>): void {
    const at = new Date(this.#options.deviceNowMs()).toISOString();
    const message = xml`<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">tns1:${topic}</wsnt:Topic><wsnt:Message><tt:Message UtcTime="${at}" PropertyOperation="Initialized"><tt:Source>${items(source)}</tt:Source><tt:Data>${items(data)}</tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>`;
    for (const subscription of this.#live()) {
      subscription.messages.push(message);
      if (subscription.messages.length > LIMITS.simulatorEvents) subscription.messages.shift();
      subscription.wake?.();
    }
  }

  /** The device has started anew: nobody's subscription stands any more. */
  forget(): void {
    for (const { wake } of this.#subscriptions.values()) wake?.();
    this.#subscriptions.clear();
  }

  /** @param id of the subscription whose address was asked, undefined at the service's own */
  async answer(request: string, body: Element, id: string | undefined): Promise<Markup> {
    if (id === undefined) return this.#answerService(request);
    const subscription = this.#live().find((one) => one.id === id);
    if (!subscription) throw new OnvifFault('Sender', ['ResourceUnknownFault'], 'There is no such subscription');
    switch (request) {
      case 'PullMessages':
        return this.#pull(subscription, body);
      case 'Renew': {
        const asked = readDurationMs(body.text('TerminationTime')) ?? LIFETIME_MS;
        subscription.endsAtMs = this.#nowMs() + Math.min(asked, LIFETIME_MS);
        return xml`<wsnt:RenewResponse><wsnt:TerminationTime>${this.#stamp(subscription.endsAtMs)}</wsnt:TerminationTime><wsnt:CurrentTime>${this.#stamp(this.#nowMs())}</wsnt:CurrentTime></wsnt:RenewResponse>`;
      }
      case 'Unsubscribe':
        this.#subscriptions.delete(id);
        subscription.wake?.();
        return xml`<wsnt:UnsubscribeResponse/>`;
      default:
        throw notSupported();
    }
  }

  #answerService(request: string): Markup {
    switch (request) {
      case 'GetServiceCapabilities':
        return xml`<tev:GetServiceCapabilitiesResponse><tev:Capabilities WSSubscriptionPolicySupport="false" WSPullPointSupport="true" WSPausableSubscriptionManagerInterfaceSupport="false" MaxPullPoints="${LIMITS.simulatorSubscriptions}"/></tev:GetServiceCapabilitiesResponse>`;
      case 'GetEventProperties':
        return xml`<tev:GetEventPropertiesResponse><tev:TopicNamespaceLocation>http://www.onvif.org/onvif/ver10/topics/topicns.xml</tev:TopicNamespaceLocation><wsnt:FixedTopicSet>true</wsnt:FixedTopicSet><wstop:TopicSet><tns1:PTZController><PTZPresets><Invoked wstop:topic="true"/><Reached wstop:topic="true"/><Aborted wstop:topic="true"/><Left wstop:topic="true"/></PTZPresets></tns1:PTZController></wstop:TopicSet><wsnt:TopicExpressionDialect>http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet</wsnt:TopicExpressionDialect></tev:GetEventPropertiesResponse>`;
      case 'CreatePullPointSubscription': {
        const nowMs = this.#nowMs();
        if (this.#live().length >= LIMITS.simulatorSubscriptions) {
          throw new OnvifFault('Receiver', ['Action', 'MaxPullPoints'], 'The device holds its most subscriptions');
        }
        const id = String(++this.#made);
        this.#subscriptions.set(id, { id, messages: [], endsAtMs: nowMs + LIFETIME_MS, wake: undefined });
        return xml`<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference><wsa:Address>${this.#options.addressOf(id)}</wsa:Address></tev:SubscriptionReference><wsnt:CurrentTime>${this.#stamp(nowMs)}</wsnt:CurrentTime><wsnt:TerminationTime>${this.#stamp(nowMs + LIFETIME_MS)}</wsnt:TerminationTime></tev:CreatePullPointSubscriptionResponse>`;
      }
      default:
        throw notSupported();
    }
  }

  async #pull(subscription: Subscription, body: Element): Promise<Markup> {
    const waitMs = Math.min(readDurationMs(body.text('Timeout')) ?? 0, LONGEST_PULL_MS);
    const most = Math.max(1, Math.floor(Number(body.text('MessageLimit') ?? 1)) || 1);
    subscription.wake?.();
    if (subscription.messages.length === 0) await this.#wait(subscription, waitMs);
    subscription.endsAtMs = Math.max(subscription.endsAtMs, this.#nowMs() + LIFETIME_MS);
    const messages = subscription.messages.splice(0, most);
    return xml`<tev:PullMessagesResponse><tev:CurrentTime>${this.#stamp(this.#nowMs())}</tev:CurrentTime><tev:TerminationTime>${this.#stamp(subscription.endsAtMs)}</tev:TerminationTime>${messages}</tev:PullMessagesResponse>`;
  }

  #wait(subscription: Subscription, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer: Timer = this.#options.clock.after(waitMs, () => subscription.wake?.());
      subscription.wake = () => {
        timer.cancel();
        subscription.wake = undefined;
        resolve();
      };
    });
  }

  #live(): Subscription[] {
    for (const [id, { endsAtMs }] of this.#subscriptions) {
      if (endsAtMs < this.#nowMs()) this.#subscriptions.delete(id);
    }
    return [...this.#subscriptions.values()];
  }

  /** Lifetimes run on the monotonic clock: setting the device's clock ends none. */
  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  #stamp(atMs: number): string {
    return new Date(this.#options.deviceNowMs() + atMs - this.#nowMs()).toISOString();
  }
}

function items(values: Readonly<Record<string, string>>): Markup[] {
  return Object.entries(values).map(([name, value]) => xml`<tt:SimpleItem Name="${name}" Value="${value}"/>`);
}
