/** Listens, and keeps the list of connections. */
import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Server } from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { Challenge, type ChallengeOptions } from './challenge.ts';
import { RtspConnection, type ConnectionOptions } from './rtsp-connection.ts';

const SWEEP_MS = 500;

export interface RtspServerOptions extends Omit<ConnectionOptions, 'challenge' | 'newSessionId'> {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly auth: Omit<ChallengeOptions, 'nowMs'>;
}

export class RtspServer {
  readonly #server: Server;
  readonly #connections = new Set<RtspConnection>();
  readonly #sweeper: Timer;

  private constructor(options: RtspServerOptions, clock: Clock) {
    const connectionOptions: ConnectionOptions = {
      ...options,
      challenge: new Challenge({ ...options.auth, nowMs: () => clock.nowMs() }),
      newSessionId: () => randomBytes(8).toString('hex').toUpperCase(),
    };
    this.#server = createServer((socket) => {
      if (this.#connections.size >= LIMITS.simulatorConnections) {
        socket.destroy();
        return;
      }
      const connection = new RtspConnection(socket, connectionOptions);
      this.#connections.add(connection);
      socket.on('close', () => this.#connections.delete(connection));
    });
    this.#sweeper = clock.every(SWEEP_MS, () => {
      for (const connection of this.#connections) connection.sweep();
    });
  }

  /** @throws SentinelError `simulator.not_listening` */
  static async listen(options: RtspServerOptions): Promise<RtspServer> {
    const server = new RtspServer(options, options.clock);
    try {
      await new Promise<void>((resolve, reject) => {
        server.#server.once('error', reject);
        server.#server.listen({ host: options.host, port: options.port, backlog: 1024 }, resolve);
      });
    } catch (thrown) {
      server.#sweeper.cancel();
      const details = { host: options.host, port: options.port, problem: problemOf(thrown) };
      throw new SentinelError('simulator.not_listening', details, { cause: thrown });
    }
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get playing(): number {
    return [...this.#connections].filter((connection) => connection.isPlaying).length;
  }

  async close(): Promise<void> {
    this.#sweeper.cancel();
    for (const connection of this.#connections) connection.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
