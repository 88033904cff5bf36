import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openHmacCheck } from '../../../src/producers/http/hmac.js';
import { fc } from '../../support/fc.js';

const SECRET = 'a-secret-of-this-test';
const NOW_S = 1_800_000_000;

function sign(body: string, seconds = NOW_S, secret = SECRET) {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

function openCheck(secrets = [SECRET]) {
  const clock = { nowMs: NOW_S * 1000, now: () => clock.nowMs };
  const check = openHmacCheck(secrets, clock);
  return { clock, check: (header: string, body = 'body') => check(header, Buffer.from(body)) };
}

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'taken';
  } catch (error) {
    return String(Reflect.get(Object(error), 'code'));
  }
}

describe('openHmacCheck', () => {
  it('takes what is signed with either of two secrets, and says with which', () => {
    const { check } = openCheck(['the-secret-of-last-year', SECRET]);
    expect(check(sign('body')).sender).toBe('hmac 2');
    expect(check(sign('body', NOW_S, 'the-secret-of-last-year')).sender).toBe('hmac 1');
    expect(check(`${sign('x')},v1=${'0'.repeat(64)}`, 'x').sender).toBe('hmac 2');
  });

  it('refuses whatever is not exactly what was signed', () => {
    const { check } = openCheck();
    fc.assert(
      fc.property(fc.string(), fc.string(), (body, other) => {
        fc.pre(body !== other);
        expect(codeOf(() => check(sign(body), other))).toBe('EVENT_SIGNATURE');
      }),
    );
    expect(codeOf(() => check(sign('body', NOW_S, 'another-secret-altogether')))).toBe('EVENT_SIGNATURE');
    expect(codeOf(() => check(sign('body').replace(`t=${NOW_S}`, `t=${NOW_S + 1}`)))).toBe('EVENT_SIGNATURE');
  });

  it.each([
    '',
    't=1',
    'v1=00',
    `t=1,t=2,v1=${'0'.repeat(64)}`,
    `t=x,v1=${'0'.repeat(64)}`,
    'sha256=abc',
    ','.repeat(9999),
  ])('refuses the header %j for its form', (header) => {
    expect(codeOf(() => openCheck().check(header))).toBe('EVENT_SIGNATURE');
  });

  it('refuses a time more than five minutes from ours, on either side', () => {
    const { check } = openCheck();
    const codes = [-301, -300, 300, 301].map((off) => codeOf(() => check(sign('body', NOW_S + off))));
    expect(codes).toEqual(['EVENT_EXPIRED', 'taken', 'taken', 'EVENT_EXPIRED']);
  });

  it('refuses a request that was taken, tells one in work to wait, and takes one again that failed', () => {
    const { check, clock } = openCheck();
    const first = check(sign('body'));
    expect(codeOf(() => check(sign('body')))).toBe('INTAKE_BUSY');
    first.settle(false);
    check(sign('body')).settle(true);
    expect(codeOf(() => check(sign('body')))).toBe('EVENT_REPLAYED');
    clock.nowMs += 299_000;
    expect(codeOf(() => check(sign('body')))).toBe('EVENT_REPLAYED');
    clock.nowMs += 400_000;
    expect(codeOf(() => check(sign('body')))).toBe('EVENT_EXPIRED');
  });
});
