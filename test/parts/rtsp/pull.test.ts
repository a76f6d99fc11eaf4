/** Hold mode over real sockets and by a clock that the test moves: one connection, kept up, shared, cheap. */
import { afterEach, describe, expect, test } from 'vitest';
import type { SentinelError } from '../../../src/base/errors.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { silentLogger } from '../../../src/base/log.ts';
import {
  HostConnections,
  RtspPull,
  type AccessUnit,
  type PullOptions,
  type PullState,
} from '../../../src/drivers/rtsp/rtsp.ts';
import { ManualClock } from '../../support/clock.ts';
import { annexB, goodbye, interleaved, senderReport } from '../../support/rtsp-packets.ts';
import {
  sdpOf,
  startRtspServer,
  streamUnit,
  type Line,
  type Script,
  type ScriptedServer,
} from '../../support/rtsp-server.ts';

/** Sockets take their time on a busy machine. */
function poll<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 8000 });
}

interface Held {
  pull: RtspPull;
  clock: ManualClock;
  connections: HostConnections;
  states: PullState[];
  problems: SentinelError[];
}

const toClose: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

async function serve(script?: Script): Promise<ScriptedServer> {
  const server = await startRtspServer(script);
  toClose.push(() => server.close());
  return server;
}

function hold(url: string, more: Partial<PullOptions> = {}): Held {
  const clock = new ManualClock();
  const connections = more.connections ?? new HostConnections({ clock });
  const states: PullState[] = [];
  const problems: SentinelError[] = [];
  const pull = new RtspPull(
    { url },
    {
      clock,
      connections,
      log: silentLogger,
      random: () => 0.5,
      onState: (state) => states.push(state),
      onError: (problem) => problems.push(problem),
      ...more,
    },
  );
  toClose.push(() => pull.stop());
  pull.start();
  return { pull, clock, connections, states, problems };
}

/** A camera that plays only when told to. */
function patient(onPlay: (line: Line) => void = () => {}): Script {
  return (asked, line) => {
    if (asked.method !== 'PLAY') return undefined;
    line.reply(asked, '200 OK');
    onPlay(line);
    return true;
  };
}

const names = (states: readonly PullState[]): string[] => states.map(({ name }) => name);
const soon = AbortSignal.timeout.bind(AbortSignal, 10_000);

async function playing({ pull }: Held): Promise<void> {
  await poll(() => pull.state.name).toBe('playing');
}

/** Lets real sockets do their part between steps of the test's clock: several turns of the loop, however slow they are. */
async function traffic(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setTimeout(resolve, 6));
}

/** A pull that nobody waits for, whose stream was measured: from now on it is read on the long beat. */
async function measured() {
  const server = await serve(patient((line) => line.sendUnit()));
  const held = hold(server.url());
  await playing(held);
  line(server).send(interleaved(1, senderReport(held.clock.nowMs(), 1)));
  await poll(() => held.pull.clockOffset).toBeDefined();
  // The first whole beat measures how much comes.
  await held.clock.advance(2 * LIMITS.rtspReadBeatMs);
  return { server, held };
}

test('connects once, plays, gives key units to all who wait, and says goodbye', async () => {
  const server = await serve();
  const held = hold(server.url());
  const [one, two] = await Promise.all([held.pull.nextKeyFrame(soon()), held.pull.nextKeyFrame(soon())]);
  expect(one).toBe(two);
  const again = await held.pull.nextKeyFrame(soon());
  expect(again.rtpTimestamp).toBeGreaterThan(one.rtpTimestamp);
  expect(held.pull.state).toMatchObject({ name: 'playing', codec: 'h264' });
  expect(held.pull.state.lastUnitAtMs).toBeDefined();
  await held.pull.stop();
  expect(names(held.states)).toEqual(['connecting', 'playing', 'stopped']);
  expect(server.lines).toHaveLength(1);
  expect(server.methods()).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
  expect(held.connections.openTo(server.host)).toBe(0);
  expect(held.problems).toEqual([]);
});

test('while nobody waits, packets gather until the beat; who waits for a key unit gets it soon, a listener at once unless it may wait', async () => {
  const { server, held } = await measured();
  const { packets } = held.pull.counters;
  line(server).sendUnit();
  await poll(() => held.pull.counters.packets).toBeGreaterThan(packets);
  const before = held.pull.counters.packets;
  for (let unit = 0; unit < 3; unit++) line(server).sendUnit();
  await traffic();
  expect(held.pull.counters.packets).toBe(before);
  await held.clock.advance(LIMITS.rtspReadBeatMs);
  await poll(() => held.pull.counters.packets).toBeGreaterThanOrEqual(before + 3);
  const waiting = held.pull.nextKeyFrame(soon());
  for (let unit = 0; unit < 2; unit++) line(server).sendUnit();
  await traffic();
  await held.clock.advance(LIMITS.rtspReadSoonMs);
  expect((await waiting).isKey).toBe(true);
  const got: AccessUnit[] = [];
  const end = held.pull.subscribe((unit) => got.push(unit));
  for (let unit = 0; unit < 4; unit++) line(server).sendUnit();
  await poll(() => got.length).toBeGreaterThan(0);
  end();
  const gathered: AccessUnit[] = [];
  held.pull.subscribe((unit) => gathered.push(unit), { pace: 'soon' });
  await held.clock.advance(LIMITS.rtspReadSoonMs);
  // One reading a beat: this takes it.
  const { packets: listened } = held.pull.counters;
  line(server).sendUnit();
  await poll(() => held.pull.counters.packets).toBeGreaterThan(listened);
  const read = held.pull.counters.packets;
  for (let unit = 0; unit < 5; unit++) line(server).sendUnit();
  await traffic();
  expect(held.pull.counters.packets).toBe(read);
  for (let unit = 0; unit < 3; unit++) line(server).sendUnit();
  await poll(async () => {
    await held.clock.advance(LIMITS.rtspReadSoonMs);
    return gathered.length;
  }).toBeGreaterThan(0);
  expect(held.pull.counters.packetsLost).toBe(0);
});

test('a calm listener gets its first key unit soon and the rest on the long beat, unless somebody waits for a key unit', async () => {
  const { server, held } = await measured();
  const packets = (): number => held.pull.counters.packets;
  const beginLongBeat = async (): Promise<void> => {
    await held.clock.advance(LIMITS.rtspReadBeatMs - (held.clock.monotonicMs() % LIMITS.rtspReadBeatMs));
    // One reading a beat: this takes it.
    const before = packets();
    line(server).sendUnit();
    await poll(packets).toBeGreaterThan(before);
  };
  const sendUnits = async (count: number): Promise<void> => {
    for (let unit = 0; unit < count; unit++) line(server).sendUnit();
    await traffic();
    await held.clock.advance(LIMITS.rtspReadSoonMs);
    await traffic();
  };
  const got: AccessUnit[] = [];
  await beginLongBeat();
  held.pull.subscribe((unit) => got.push(unit), { pace: 'unhurried' });
  await sendUnits(5);
  expect(got[0]?.isKey).toBe(true);
  await beginLongBeat();
  const read = packets();
  await sendUnits(3);
  expect(packets()).toBe(read);
  const waiting = held.pull.nextKeyFrame(soon());
  await sendUnits(5);
  expect((await waiting).isKey).toBe(true);
  expect(held.pull.counters.packetsLost).toBe(0);
});

describe('listeners', () => {
  test('get every unit from the next key unit on, beside a sampler, over one connection', async () => {
    const server = await serve(patient());
    const held = hold(server.url());
    await poll(() => server.methods().includes('PLAY')).toBe(true);
    const line = server.lines[0]!;
    line.sendUnit();
    await playing(held);
    const got: AccessUnit[] = [];
    held.pull.subscribe((unit) => got.push(unit));
    const sampled = held.pull.nextKeyFrame(soon());
    // Units 1 to 4 depend on a key unit that the listener has not had.
    for (let index = 1; index <= 12; index += 1) line.sendUnit();
    await poll(() => got.length).toBe(8);
    expect(got.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).toEqual(
      [5, 6, 7, 8, 9, 10, 11, 12].map((index) => annexB(streamUnit('h264', index).nals).toString('hex')),
    );
    expect(got.map(({ isKey }) => isKey)).toEqual([true, false, false, false, false, true, false, false]);
    expect((await sampled).rtpTimestamp).toBe(5 * 3600);
    expect(server.lines).toHaveLength(1);
  });

  test('hear of a loss: the damaged unit is missing, what follows is flagged until a key unit', async () => {
    const server = await serve(patient());
    const held = hold(server.url());
    await poll(() => server.methods().includes('PLAY')).toBe(true);
    const got: [number, boolean][] = [];
    held.pull.subscribe((unit) => got.push([unit.rtpTimestamp / 3600, unit.followsLoss]));
    await traffic();
    const line = server.lines[0]!;
    for (let index = 0; index < 12; index += 1) {
      const packets = line.nextPackets();
      line.send(Buffer.concat(index === 7 ? packets.slice(0, -1) : packets));
    }
    await poll(() => got.length).toBe(11);
    expect(got).toEqual([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11].map((index) => [index, index === 8 || index === 9]));
    expect(held.pull.counters).toMatchObject({ unitsDamaged: 1, packetsLost: 1 });
  });

  test('end when they like, and what one throws does not touch the others', async () => {
    const server = await serve();
    const held = hold(server.url());
    let mine = 0;
    let theirs = 0;
    held.pull.subscribe(() => {
      throw new Error('a listener fails');
    });
    const end = held.pull.subscribe(() => {
      mine += 1;
      end();
      end();
    });
    held.pull.subscribe(() => (theirs += 1));
    await poll(() => theirs).toBeGreaterThan(3);
    expect(mine).toBe(1);
    expect(held.problems).toEqual([]);
  });
});

describe('waiting for a key unit', () => {
  test('ends with the signal', async () => {
    const server = await serve(patient());
    const held = hold(server.url());
    const abort = new AbortController();
    const waiting = held.pull.nextKeyFrame(abort.signal);
    abort.abort(new Error('no longer wanted'));
    await expect(waiting).rejects.toThrow('no longer wanted');
    await expect(held.pull.nextKeyFrame(abort.signal)).rejects.toThrow('no longer wanted');
  });

  test('ends with the pull', async () => {
    const server = await serve(patient());
    const held = hold(server.url());
    const waiting = held.pull.nextKeyFrame();
    await held.pull.stop();
    await expect(waiting).rejects.toMatchObject({ code: 'rtsp.closed' });
    await expect(held.pull.nextKeyFrame()).rejects.toMatchObject({ code: 'rtsp.closed' });
    held.pull.start();
    expect(held.pull.state.name).toBe('stopped');
  });

  test('goes on over a reconnection', async () => {
    let connections = 0;
    const server = await serve((asked, line) => {
      if (asked.method !== 'PLAY') return undefined;
      line.reply(asked, '200 OK');
      if ((connections += 1) === 1) line.socket.destroy();
      else line.play();
      return true;
    });
    const held = hold(server.url());
    const waiting = held.pull.nextKeyFrame(soon());
    await poll(() => held.problems.length).toBe(1);
    await held.clock.advance(LIMITS.reconnectFirstMs);
    expect((await waiting).isKey).toBe(true);
  });

  test('has a bound', async () => {
    const held = hold('rtsp://127.0.0.1:1/x');
    const waiting = Array.from({ length: LIMITS.rtspKeyFrameWaiters }, () => held.pull.nextKeyFrame());
    const settled = Promise.allSettled(waiting);
    await expect(held.pull.nextKeyFrame()).rejects.toMatchObject({ code: 'rtsp.too_many_waiting' });
    await held.pull.stop();
    expect((await settled).every(({ status }) => status === 'rejected')).toBe(true);
  });
});

describe('reconnecting', () => {
  test('waits with full jitter, twice as long each time, up to the bound', async () => {
    const server = await serve((_asked, line) => {
      line.socket.destroy();
      return true;
    });
    const held = hold(server.url());
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 9; attempt += 1) {
      await poll(() => held.problems.length).toBe(attempt);
      await poll(() => held.pull.state.name).toBe('waiting');
      const waitMs = held.pull.state.retryAtMs! - held.clock.nowMs();
      waits.push(waitMs);
      expect(held.pull.state.error?.code).toBe('rtsp.closed');
      await held.clock.advance(waitMs - 1);
      expect(server.lines).toHaveLength(attempt);
      await held.clock.advance(1);
    }
    // Jitter of one half.
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test('begins anew after the stream has played for a while, and not before', async () => {
    const server = await serve(patient((line) => line.sendUnit()));
    const held = hold(server.url(), { timeouts: { mediaStallMs: Infinity } });
    const waitAfterPlaying = async (playMs: number, connection: number): Promise<number> => {
      await playing(held);
      await held.clock.advance(playMs);
      // While somebody waits the socket is read as it comes, and its end is seen at once.
      held.pull.nextKeyFrame().catch(() => {});
      server.lines[connection]!.socket.destroy();
      await poll(() => held.pull.state.name).toBe('waiting');
      const waitMs = held.pull.state.retryAtMs! - held.clock.nowMs();
      await held.clock.advance(waitMs);
      return waitMs;
    };
    expect(await waitAfterPlaying(100, 0)).toBe(500);
    expect(await waitAfterPlaying(100, 1)).toBe(1000);
    expect(await waitAfterPlaying(LIMITS.reconnectStableMs, 2)).toBe(500);
  });

  test('spares an account that would be locked', async () => {
    const server = await serve((asked, line) => {
      line.reply(asked, '401 Unauthorized', { 'WWW-Authenticate': 'Digest realm="c", nonce="n"' });
      return true;
    });
    const held = hold(server.url());
    await poll(() => held.pull.state.name).toBe('waiting');
    expect(held.pull.state.error?.code).toBe('rtsp.unauthorised');
    expect(held.pull.state.retryAtMs! - held.clock.nowMs()).toBeGreaterThanOrEqual(LIMITS.reconnectUnauthorisedMs);
  });

  test('an address that is none is an error like any other, and stops at once', async () => {
    const held = hold('rtsp://viewer:secret@127.0.0.1/x');
    await poll(() => held.problems.length).toBe(1);
    expect(held.problems[0]!.code).toBe('rtsp.bad_url');
    expect(held.problems[0]!.message).not.toContain('secret');
    await held.pull.stop();
    expect(names(held.states)).toEqual(['connecting', 'waiting', 'stopped']);
  });

  test('stopping while it connects leaves nothing open', async () => {
    const server = await serve(() => true);
    const held = hold(server.url());
    await poll(() => server.methods()).toEqual(['OPTIONS']);
    await held.pull.stop();
    expect(held.pull.state.name).toBe('stopped');
    expect(held.connections.openTo(server.host)).toBe(0);
    await poll(() => server.lines[0]!.socket.destroyed).toBe(true);
    expect(held.problems).toEqual([]);
  });
});

describe('a stream that fails', () => {
  async function problemOf(script: Script, advanceMs: number, after = 'PLAY'): Promise<SentinelError> {
    const server = await serve(script);
    const held = hold(server.url());
    await poll(() => server.methods().includes(after)).toBe(true);
    await traffic();
    await held.clock.advance(advanceMs);
    await poll(() => held.problems.length).toBe(1);
    expect(held.connections.openTo(server.host)).toBe(0);
    return held.problems[0]!;
  }

  test.each(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY'])('by never answering %s', async (method) => {
    const problem = await problemOf(
      (asked) => (asked.method === method ? true : undefined),
      LIMITS.rtspReplyMs,
      method,
    );
    expect(problem).toMatchObject({ code: 'rtsp.timeout', details: { step: method.toLowerCase() } });
  });

  test('by trickling an answer without end', async () => {
    const server = await serve((_asked, line) => {
      const timer = setInterval(() => (line.socket.destroyed ? clearInterval(timer) : line.send('R')), 2);
      return true;
    });
    const held = hold(server.url());
    await traffic();
    for (let step = 0; step < 8; step += 1) {
      await held.clock.advance(LIMITS.rtspReplyMs / 8);
      await traffic();
    }
    await poll(() => held.problems[0]?.details['step']).toBe('options');
  });

  test('by playing nothing', async () => {
    const problem = await problemOf(patient(), LIMITS.rtspFirstMediaMs);
    expect(problem).toMatchObject({ code: 'rtsp.timeout', details: { step: 'first_media' } });
  });

  test('by playing something else than announced', async () => {
    const script = patient((line) => {
      line.payloadType = 105;
      line.sendUnit();
    });
    const problem = await problemOf(script, LIMITS.rtspFirstMediaMs);
    expect(problem.message).toContain('announced payload type 96 and sends 105');
  });

  test('by stalling', async () => {
    const problem = await problemOf(
      patient((line) => line.play({ count: 3, everyMs: 1 })),
      LIMITS.rtspMediaStallMs,
    );
    expect(problem).toMatchObject({ code: 'rtsp.timeout', details: { step: 'media' } });
  });

  test('by trickling packets that never make a picture', async () => {
    const server = await serve(patient((line) => line.sendUnit()));
    const held = hold(server.url());
    await playing(held);
    const fragment = line(server).nextPackets()[1]!;
    for (let step = 0; step < 12; step += 1) {
      line(server).send(fragment.subarray(step, step + 1));
      await held.clock.advance(1000);
      await traffic();
    }
    await poll(() => held.problems[0]?.details['step']).toBe('media');
  });

  test('by dying in the middle of a packet', async () => {
    const script = patient((line) => {
      line.sendUnit();
      line.send(line.nextPackets()[0]!.subarray(0, 9));
      line.socket.end();
    });
    expect(await problemOf(script, 0)).toMatchObject({ code: 'rtsp.closed' });
  });

  test('by saying goodbye (RFC 3550 section 6.6)', async () => {
    const script = patient((line) => {
      line.sendUnit();
      line.send(interleaved(1, goodbye()));
    });
    expect((await problemOf(script, 0)).message).toContain('goodbye');
  });
});

test('corrupt packets damage what they are part of and nothing else', async () => {
  const server = await serve(patient());
  const held = hold(server.url(), { timeouts: { firstMediaMs: Infinity } });
  await poll(() => server.methods().includes('PLAY')).toBe(true);
  const got: number[] = [];
  held.pull.subscribe((unit) => got.push(unit.rtpTimestamp / 3600));
  await traffic();
  for (let index = 0; index < 11; index += 1) {
    const packets = line(server).nextPackets();
    // The version of RTP, then a length that covers the header alone.
    if (index === 2) packets[0]![4] = 0;
    if (index === 7) packets[0] = interleaved(0, packets[0]!.subarray(4, 10));
    line(server).send(Buffer.concat(packets));
  }
  await poll(() => got.at(-1)).toBe(10);
  expect(got).toEqual([0, 1, 3, 4, 5, 6, 8, 9, 10]);
  expect(held.pull.counters.packetsMalformed).toBe(2);
});

function line(server: ScriptedServer): Line {
  return server.lines.at(-1)!;
}

describe('keeping the session alive', () => {
  const withTimeout = (seconds: number, methods = 'OPTIONS, GET_PARAMETER', more: Script = () => undefined): Script => {
    return (asked, line) => {
      if (more(asked, line) === true) return true;
      if (asked.method === 'OPTIONS') line.reply(asked, '200 OK', { Public: methods });
      else if (asked.method === 'SETUP') line.reply(asked, '200 OK', { Session: `s1;timeout=${seconds}` });
      else if (asked.method === 'PLAY') {
        line.reply(asked, '200 OK', { Session: 's1' });
        line.sendUnit();
      } else return undefined;
      return true;
    };
  };
  const patience = { timeouts: { mediaStallMs: Infinity } };

  async function beats(server: ScriptedServer, held: Held, seconds: number): Promise<string[]> {
    await playing(held);
    const before = server.asked.length;
    for (let second = 0; second < seconds; second += 1) {
      await held.clock.advance(1000);
      await traffic();
    }
    return server.methods().slice(before);
  }

  test('twice within its timeout, with GET_PARAMETER where it is known', async () => {
    const server = await serve(withTimeout(10));
    const held = hold(server.url(), patience);
    expect(await beats(server, held, 16)).toEqual(['GET_PARAMETER', 'GET_PARAMETER', 'GET_PARAMETER']);
    expect(server.asked.at(-1)).toMatchObject({ uri: `${server.url()}/`, headers: { session: 's1' } });
    expect(held.problems).toEqual([]);
  });

  test('with OPTIONS where it is not', async () => {
    const server = await serve(withTimeout(10, 'OPTIONS'));
    expect(await beats(server, hold(server.url(), patience), 11)).toEqual(['OPTIONS', 'OPTIONS']);
  });

  test('with OPTIONS after GET_PARAMETER was promised and refused', async () => {
    const refuse: Script = (asked, line) => {
      if (asked.method !== 'GET_PARAMETER') return undefined;
      line.reply(asked, '501 Not Implemented');
      return true;
    };
    const server = await serve(withTimeout(10, 'GET_PARAMETER', refuse));
    expect(await beats(server, hold(server.url(), patience), 12)).toEqual(['GET_PARAMETER', 'OPTIONS', 'OPTIONS']);
  });

  test('a timeout of nothing does not make a storm', async () => {
    const server = await serve(withTimeout(0));
    expect((await beats(server, hold(server.url(), patience), 8)).length).toBeLessThanOrEqual(4);
  });

  test('silence is let be while pictures come', async () => {
    const silent: Script = (asked) => (asked.method === 'GET_PARAMETER' ? true : undefined);
    const server = await serve(withTimeout(10, 'GET_PARAMETER', silent));
    const held = hold(server.url(), patience);
    expect((await beats(server, held, 24)).length).toBe(4);
    expect(held.problems).toEqual([]);
    expect(held.pull.state.name).toBe('playing');
  });

  test('an answer that comes after it was given up is taken for no other', async () => {
    let first = '';
    const late: Script = (asked, line) => {
      if (asked.method !== 'GET_PARAMETER') return undefined;
      if (first === '') first = asked.headers['cseq']!;
      else line.reply(asked, '454 Session Not Found', { CSeq: first });
      return true;
    };
    const server = await serve(withTimeout(24, 'GET_PARAMETER', late));
    const held = hold(server.url(), patience);
    expect((await beats(server, held, 26)).length).toBe(2);
    expect(held.problems).toEqual([]);
  });

  test('a refused one ends the connection', async () => {
    const refuse: Script = (asked, line) => {
      if (asked.method !== 'GET_PARAMETER') return undefined;
      line.reply(asked, '401 Unauthorized', { 'WWW-Authenticate': 'Basic realm="c"' });
      return true;
    };
    const server = await serve(withTimeout(10, 'GET_PARAMETER', refuse));
    const held = hold(server.url(), patience);
    await beats(server, held, 6);
    expect(held.problems[0]?.code).toBe('rtsp.unauthorised');
  });

  test('a session that the camera has forgotten is set up again', async () => {
    const forget: Script = (asked, line) => {
      if (asked.method !== 'GET_PARAMETER') return undefined;
      line.reply(asked, '454 Session Not Found');
      return true;
    };
    const server = await serve(withTimeout(10, 'GET_PARAMETER', forget));
    const held = hold(server.url(), patience);
    await beats(server, held, 6);
    expect(held.problems[0]!.message).toContain('forgotten the session');
    await poll(() => held.pull.state.name).toBe('playing');
    expect(server.lines).toHaveLength(2);
  });
});

describe('RTCP', () => {
  test("a sender report tells the camera's clock", async () => {
    const server = await serve(patient((line) => line.sendUnit()));
    const held = hold(server.url());
    await playing(held);
    expect(held.pull.clockOffset).toBeUndefined();
    const nowMs = held.clock.nowMs();
    line(server).send(interleaved(1, senderReport(nowMs + 90_000, 1)));
    await poll(() => held.pull.clockOffset?.offsetMs).toBeCloseTo(90_000, 0);
    expect(held.pull.clockOffset?.measuredAtMs).toBe(nowMs);
    // Another source's report is none of ours.
    line(server).send(interleaved(1, senderReport(nowMs - 5000, 1, 99)));
    await traffic();
    expect(held.pull.clockOffset?.offsetMs).toBeCloseTo(90_000, 0);
  });

  test('we report what we received, every few seconds, on the RTCP channel', async () => {
    const server = await serve(patient((line) => line.sendUnit()));
    const held = hold(server.url(), { timeouts: { mediaStallMs: Infinity } });
    await playing(held);
    line(server).send(interleaved(1, senderReport(held.clock.nowMs(), 1)));
    await traffic();
    await held.clock.advance(30_000);
    await poll(() => server.received.length).toBeGreaterThanOrEqual(3);
    await traffic();
    expect(server.received.length).toBeLessThanOrEqual(12);
    const [{ channel, packet }] = server.received as [{ channel: number; packet: Buffer }];
    expect(channel).toBe(1);
    expect([packet[0], packet[1]]).toEqual([0x81, 201]);
    expect(packet.readUInt32BE(8)).toBe(0x11223344);
    expect(packet.readUInt32BE(16) & 0xffff).toBe((line(server).sequence - 1) & 0xffff);
    expect(packet.readUInt32BE(24)).not.toBe(0);
  });
});

test('a host has no more connections than its cap, and a place that becomes free is taken', async () => {
  const server = await serve();
  const clock = new ManualClock();
  const connections = new HostConnections({ clock, perHost: 2 });
  const held = ['/a', '/b', '/c'].map((path) =>
    hold(server.url(path), { clock, connections, timeouts: { mediaStallMs: Infinity } }),
  );
  await poll(() => held.filter(({ pull }) => pull.state.name === 'playing').length).toBe(2);
  await clock.advance(LIMITS.rtspHostWaitMs);
  expect(server.lines).toHaveLength(2);
  const last = held.find(({ pull }) => pull.state.name !== 'playing')!;
  expect(last.problems[0]).toMatchObject({ code: 'rtsp.host_full', details: { host: server.host, limit: 2 } });
  await held.find(({ pull }) => pull.state.name === 'playing')!.pull.stop();
  await clock.advance(LIMITS.reconnectFirstMs);
  await playing(last);
  expect(connections.openTo(server.host)).toBe(2);
});

test('a description without a control address, and one session for the whole', async () => {
  const server = await serve((asked, line) => {
    if (asked.method !== 'DESCRIBE') return undefined;
    line.reply(asked, '200 OK', {}, sdpOf('h264').replace(/a=control:.*\r\n/g, ''));
    return true;
  });
  const held = hold(server.url('/one'));
  await playing(held);
  expect(server.asked.find(({ method }) => method === 'SETUP')!.uri).toBe(server.url('/one'));
});
