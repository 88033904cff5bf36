import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { openRateLimit, senderAddress } from '../../../src/producers/http/rateLimit.js';

describe('openRateLimit', () => {
  it('lets each sender its burst at once, then its rate, and no sender another’s', () => {
    const clock = { nowMs: 0, now: () => clock.nowMs };
    const take = openRateLimit({ requestsPerSecond: 10, burst: 5, clock });
    const count = (sender: string, tries: number) => {
      let taken = 0;
      for (let turn = 0; turn < tries; turn += 1) {
        try {
          take(sender);
          taken += 1;
        } catch (error) {
          expect(error).toMatchObject({ code: 'RATE_LIMITED', facts: { retryAfterS: 1 } });
        }
      }
      return taken;
    };
    expect(count('a', 20)).toBe(5);
    expect(count('b', 3)).toBe(3);
    clock.nowMs += 250;
    expect(count('a', 20)).toBe(2);
    clock.nowMs += 60_000;
    expect(count('a', 20)).toBe(5);
  });

  it('remembers a bounded number of senders', () => {
    const take = openRateLimit({ requestsPerSecond: 1, burst: 1, clock: { now: () => 0 } });
    for (let sender = 0; sender < 30_000; sender += 1) take(String(sender));
    expect(() => take('29999')).toThrow();
    expect(() => take('1')).not.toThrow();
  });
});

describe('senderAddress', () => {
  const from = (remoteAddress: string, forwarded?: string) =>
    ({
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
      socket: { remoteAddress },
    }) as unknown as IncomingMessage;

  it.each([
    ['without proxies, whatever a sender writes', from('192.0.2.1', '203.0.113.9'), 0, '192.0.2.1'],
    ['behind one proxy, what that saw', from('10.0.0.1', '1.1.1.1, 203.0.113.9'), 1, '203.0.113.9'],
    [
      'behind two proxies, what the outer one saw',
      from('10.0.0.1', '1.1.1.1, 203.0.113.9, 10.0.0.2'),
      2,
      '203.0.113.9',
    ],
    ['a request that came past the proxies', from('192.0.2.1'), 1, '192.0.2.1'],
    ['an IPv4 address in IPv6 dress', from('::ffff:192.0.2.1'), 0, '192.0.2.1'],
    ['an IPv6 address by its /56', from('2001:db8:1:2ff::1'), 0, '2001:db8:1:200::/56'],
  ])('is, %s', (_name, request, proxies, expected) => {
    expect(senderAddress(request, proxies)).toBe(expected);
  });
});
