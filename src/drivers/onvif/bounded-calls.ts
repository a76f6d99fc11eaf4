/**
 * The library's requests, one at a time and each with an end. By itself the library waits as long as a device keeps
 * trickling bytes, keeps all of them, and never returns when a connection ends in the middle of an answer; here a
 * request ends at a deadline, at a size, and with its connection.
 */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Cam } from 'onvif';
import type { Clock } from '../../base/clock.ts';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { AnswerGuard } from './answer-guard.ts';
import { readFault } from './answers.ts';

/** What the library calls back with. */
export type Done = (error: Error | null | undefined, answer?: unknown, xml?: string) => void;

/** SOAP fault codes and texts by which devices refuse a login (Core Specification 5.8.2.2 and what makers made of it). */
const REFUSAL = /NotAuthorized|not authorized|Unauthorized|FailedAuthentication|FailedCheck|InvalidSecurity/i;

interface Answer {
  readonly status: number;
  readonly xml: string;
}

/** What an agent is asked for every request; Node calls it and its types leave it out. */
interface AgentInside {
  addRequest(request: http.ClientRequest, ...rest: readonly unknown[]): void;
}

export class BoundedCalls {
  readonly #cam: Cam;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #secure: boolean;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: { cam: Cam; host: string; clock: Clock; timeoutMs: number; secure: boolean }) {
    this.#cam = options.cam;
    this.#host = options.host;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
    this.#secure = options.secure;
  }

  /**
   * @param request the ONVIF name of what is asked, for the error
   * @returns the answer's text
   */
  async call(request: string, invoke: (done: Done) => void): Promise<string> {
    if (this.#waiting >= LIMITS.onvifRequestsWaiting) {
      throw this.#protocolError(request, `${this.#waiting} requests already wait for it`);
    }
    this.#waiting++;
    const turn = this.#last.then(() => this.#callNow(request, invoke));
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }

  #callNow(request: string, invoke: (done: Done) => void): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer: Answer | undefined;
      const keep = (xml: string, status: number): void => {
        answer = { xml, status };
      };
      const fail = (error: SentinelError): void => {
        end();
        reject(error);
      };
      const agent = this.#watchedAgent((problem) => fail(this.#protocolError(request, problem)));
      const deadline = this.#clock.after(this.#timeoutMs, () => {
        fail(new SentinelError('onvif.timeout', { host: this.#host, request, timeoutMs: this.#timeoutMs }));
      });
      const end = (): void => {
        deadline.cancel();
        agent.destroy();
        this.#cam.off('rawResponse', keep);
      };
      this.#cam.on('rawResponse', keep);
      this.#cam.agent = agent;
      try {
        invoke((error) => {
          // What the library makes of an answer is not used: that it could make nothing of one does not matter.
          if (answer && (!error || error instanceof TypeError)) {
            end();
            resolve(answer.xml);
          } else fail(this.#errorOf(request, error, answer));
        });
      } catch (thrown) {
        fail(this.#errorOf(request, thrown, answer));
      }
    });
  }

  /** An agent of fresh connections that tells when an answer brings too much, or when the last connection closes. */
  #watchedAgent(onEnd: (problem: string) => void): http.Agent {
    const agent = this.#secure ? new https.Agent() : new http.Agent();
    const inside = agent as unknown as AgentInside;
    const connect = agent.createConnection.bind(agent);
    const add = inside.addRequest.bind(agent);
    let open = 0;
    inside.addRequest = (request, ...rest) => {
      request.on('response', (answer: http.IncomingMessage) => {
        const guard = new AnswerGuard();
        answer.on('data', (chunk: Buffer) => {
          const problem = guard.problemIn(chunk);
          if (problem !== undefined) onEnd(problem);
        });
      });
      add(request, ...rest);
    };
    agent.createConnection = (options, callback) => {
      const socket = connect(options, callback) as Socket;
      open++;
      socket.on('close', () => {
        open--;
        // A request that the library repeats with a digest has its second connection by now.
        setImmediate(() => {
          if (open === 0) onEnd('the connection closed before the answer was complete');
        });
      });
      return socket;
    };
    return agent;
  }

  #errorOf(request: string, thrown: unknown, answer: Answer | undefined): SentinelError {
    const problem = problemOf(thrown);
    const host = this.#host;
    if (answer?.status === 401 || /Digest auth/.test(problem) || (answer && REFUSAL.test(answer.xml))) {
      return new SentinelError('onvif.unauthorised', { host, request }, { cause: thrown });
    }
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    if (!answer && code !== '' && !code.startsWith('HPE_')) {
      return new SentinelError('onvif.unreachable', { host, problem }, { cause: thrown });
    }
    if (problem === 'Network timeout') {
      return new SentinelError('onvif.timeout', { host, request, timeoutMs: this.#timeoutMs }, { cause: thrown });
    }
    const fault = answer && readFault(answer.xml);
    if (fault) {
      const details = { host, request, problem: fault.reason || fault.subcode, subcode: fault.subcode };
      return new SentinelError('onvif.refused', details, { cause: thrown });
    }
    const status = answer && answer.status !== 200 ? ` (HTTP ${answer.status})` : '';
    return this.#protocolError(request, `${problem}${status}`, thrown);
  }

  #protocolError(request: string, problem: string, cause?: unknown): SentinelError {
    return new SentinelError('onvif.protocol', { host: this.#host, request, problem }, { cause });
  }
}
