/** What time services say, read. */
import { describe, expect, test } from 'vitest';
import { readChrony, readNtpq, readTimedatectl } from '../../../src/drivers/server-clock/server-clock.ts';

describe('chrony', () => {
  test('synchronised: its source, and by how much the clock is ahead', () => {
    const line =
      'CB00710F,203.0.113.15,3,1780300800.123456789,0.000012345,-0.000003210,0.000034560,-12.345,0.001,0.023,0.012345678,0.001234567,64.5,Normal\n';
    expect(readChrony(line)).toEqual({ synchronised: true, source: 'chrony: 203.0.113.15', offsetMs: -0.012345 });
  });

  test('not synchronised', () => {
    const line =
      '00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1.000000000,1.000000000,0.0,Not synchronised\n';
    expect(readChrony(line)).toEqual({ synchronised: false, source: 'chrony', offsetMs: null });
  });

  test.each(['', '506 Cannot talk to daemon', 'a,b,c', ',,,,x,,,,,,,,,Normal'])('%j says nothing', (text) => {
    expect(readChrony(text)).toBeUndefined();
  });
});

describe('ntpq', () => {
  const variables = (leap: string): string =>
    `associd=0 status=0615 leap_${leap === '11' ? 'alarm' : 'none'}, sync_ntp, 1 event, clock_sync,
version="ntpd 4.2.8p15@1.3728-o", processor="x86_64", system="Linux/6.1",
leap=${leap}, stratum=3, precision=-24, rootdelay=12.345, rootdisp=23.456,
refid=203.0.113.15, reftime=ebe1.0, clock=ebe1.1, peer=4711, tc=6, mintc=3,
offset=+0.321, frequency=-12.345, sys_jitter=0.111, clk_jitter=0.222, clk_wander=0.003\n`;

  test('synchronised', () => {
    expect(readNtpq(variables('00'))).toEqual({ synchronised: true, source: 'ntpd: 203.0.113.15', offsetMs: -0.321 });
  });

  test('not synchronised', () => {
    expect(readNtpq(variables('11'))).toEqual({ synchronised: false, source: 'ntpd', offsetMs: null });
  });

  test('nothing', () => {
    expect(readNtpq('ntpq: read: Connection refused')).toBeUndefined();
  });
});

describe('timedatectl', () => {
  test('the kernel’s word, and the server where it is named', () => {
    expect(
      readTimedatectl('NTP=yes\nNTPSynchronized=yes\n', 'ServerName=ntp.example\nServerAddress=203.0.113.15\n'),
    ).toEqual({
      ...{ synchronised: true, source: 'systemd-timesyncd: ntp.example', offsetMs: null },
    });
    expect(readTimedatectl('NTPSynchronized=no\n', undefined)).toEqual({
      ...{ synchronised: false, source: 'systemd', offsetMs: null },
    });
  });

  test('nothing that it says otherwise is an answer', () => {
    expect(readTimedatectl('', undefined).synchronised).toBeNull();
    expect(readTimedatectl('NTPSynchronized=maybe', 'ServerName=x')).toEqual({
      ...{ synchronised: null, source: null, offsetMs: null },
    });
  });
});
