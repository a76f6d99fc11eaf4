/** A page's line to what happens: what it was told, and how it ended. */
import WebSocket from 'ws';
import { EVENT_LINE_URL, type AlertList, type EventAsk, type EventMessage } from '../../src/web/contract.ts';

const open = new Set<EventLine>();

export class EventLine {
  readonly heard: EventMessage[] = [];
  readonly socket: WebSocket;
  closed: number | undefined;

  private constructor(url: string, headers: Record<string, string>) {
    this.socket = new WebSocket(url, { headers });
    this.socket.on('message', (data: Buffer) => this.heard.push(JSON.parse(data.toString()) as EventMessage));
    this.socket.on('close', (code) => (this.closed = code));
    open.add(this);
  }

  /** Fails with what the server answered where it refuses. */
  static async open(webUrl: string, headers: Record<string, string>, query = ''): Promise<EventLine> {
    const line = new EventLine(webUrl.replace('http', 'ws') + EVENT_LINE_URL + query, headers);
    await new Promise<void>((resolve, reject) => {
      line.socket.on('open', resolve);
      line.socket.on('unexpected-response', (_request, { statusCode }) => reject(new Error(`answered ${statusCode}`)));
      line.socket.on('error', reject);
    });
    return line;
  }

  static endAll(): void {
    for (const { socket } of open) socket.terminate();
    open.clear();
  }

  say(ask: EventAsk): void {
    this.socket.send(JSON.stringify(ask));
  }

  get viewIds(): (number | undefined)[] {
    return this.heard.flatMap((message) => ('event' in message ? [message.event.data.viewId] : []));
  }

  get alerts(): AlertList[] {
    return this.heard.flatMap((message) => ('alerts' in message ? [message.alerts] : []));
  }
}
