/**
 * Host names -> addresses, few at a time. The system's resolver blocks one of the process's few worker threads for each
 * question, and a dead name server keeps it for half a minute: unbounded, the names of some dead cameras would stop file
 * reads of the whole process. Questions for one name are asked once, and while the dead keep the resolver busy, a name
 * that was known before is answered as it was then.
 */
import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { LIMITS } from '../../base/limits.ts';

type Callback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;
type Resolve = (
  hostname: string,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export class HostLookup {
  readonly #resolve: Resolve;
  /** Those who want to know, by name: asked for now or next. */
  readonly #wanted = new Map<string, ((error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void)[]>();
  readonly #next: string[] = [];
  readonly #known = new Map<string, LookupAddress[]>();
  #running = 0;

  constructor(resolve: Resolve) {
    this.#resolve = resolve;
  }

  /** As `dns.lookup`, for the `lookup` option of `net.connect`. */
  readonly lookup = (hostname: string, options: LookupOptions, callback: Callback): void => {
    const answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]): void => {
      const [first] = addresses;
      if (error || options.all === true || !first) callback(error, addresses);
      else callback(null, first.address, first.family);
    };
    const others = this.#wanted.get(hostname);
    const known = this.#known.get(hostname);
    const busy = this.#running >= LIMITS.hostLookups;
    if (known && (busy || others)) {
      process.nextTick(answer, null, known);
      return;
    }
    if (others) {
      others.push(answer);
      return;
    }
    this.#wanted.set(hostname, [answer]);
    if (busy) this.#next.push(hostname);
    else this.#ask(hostname);
  };

  #ask(hostname: string): void {
    this.#running += 1;
    this.#resolve(hostname, (error, addresses) => {
      this.#running -= 1;
      if (!error) this.#remember(hostname, addresses);
      const wanted = this.#wanted.get(hostname) ?? [];
      this.#wanted.delete(hostname);
      const next = this.#next.shift();
      if (next !== undefined) this.#ask(next);
      for (const answer of wanted) answer(error, addresses);
    });
  }

  #remember(hostname: string, addresses: LookupAddress[]): void {
    this.#known.delete(hostname);
    this.#known.set(hostname, addresses);
    const oldest = this.#known.keys().next().value;
    if (this.#known.size > LIMITS.cameras && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** The process's one resolver has one queue. */
export const hostLookup = new HostLookup((hostname, done) => {
  lookup(hostname, { all: true }, done);
});
