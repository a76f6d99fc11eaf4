import type { LookupAddress } from 'node:dns';
import { expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { HostLookup } from '../../../src/drivers/rtsp/host-lookup.ts';

type Done = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

function resolver(): {
  lookup: HostLookup['lookup'];
  asked: string[];
  answer: (name: string, address?: string) => void;
} {
  const asked: string[] = [];
  const open = new Map<string, Done>();
  const { lookup } = new HostLookup((hostname, done) => {
    asked.push(hostname);
    open.set(hostname, done);
  });
  return {
    lookup,
    asked,
    answer(name, address) {
      const done = open.get(name)!;
      open.delete(name);
      if (address === undefined) done(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), []);
      else done(null, [{ address, family: 4 }]);
    },
  };
}

function ask(lookup: HostLookup['lookup'], name: string, all = true): Promise<unknown> {
  return new Promise((resolve, reject) => {
    lookup(name, { all }, (error, address, family) =>
      error ? reject(error) : resolve(all ? address : [address, family]),
    );
  });
}

test('asks few names at once, each once, and the next when one is answered', async () => {
  const { lookup, asked, answer } = resolver();
  const names = ['a', 'b', 'c', 'd'];
  const answers = [...names, ...names].map((name) => ask(lookup, name));
  expect(asked).toEqual(names.slice(0, LIMITS.hostLookups));
  for (const name of names) answer(name, `10.0.0.${names.indexOf(name)}`);
  expect(await Promise.all(answers)).toEqual(
    [...names, ...names].map((name) => [{ address: `10.0.0.${names.indexOf(name)}`, family: 4 }]),
  );
  expect(asked).toEqual(names);
});

test('while dead names keep it busy, a known one is answered as before, and asked anew when there is room', async () => {
  const { lookup, asked, answer } = resolver();
  const first = ask(lookup, 'living', false);
  answer('living', '10.0.0.1');
  expect(await first).toEqual(['10.0.0.1', 4]);
  const dead = ['dead1', 'dead2'].map((name) => expect(ask(lookup, name)).rejects.toThrow('unknown'));
  expect(await ask(lookup, 'living', false)).toEqual(['10.0.0.1', 4]);
  answer('dead1');
  answer('dead2');
  await Promise.all(dead);
  const again = ask(lookup, 'living', false);
  answer('living', '10.0.0.2');
  expect(await again).toEqual(['10.0.0.2', 4]);
  expect(asked).toEqual(['living', 'dead1', 'dead2', 'living']);
});
