import { describe, expect, test } from 'vitest';
import { fakeToken } from './fake-token';
import { claimsOf, tokenIn, tokenOfFragment, withoutToken } from './token';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl';

describe('what somebody pastes', () => {
  test.each([
    TOKEN,
    `  ${TOKEN}\n`,
    `#token=${TOKEN}`,
    `token=${TOKEN}`,
    `https://host/call/demo#token=${TOKEN}`,
    `https://host/call/demo?autojoin#a=b&token=${TOKEN}&c`,
  ])('holds a token: %s', (text) => {
    expect(tokenIn(text)).toBe(TOKEN);
  });

  test.each([
    '',
    ' ',
    'demo',
    'https://host/call/demo',
    'https://host/call/demo#token=',
    '#token=abc',
    'a.b.c d',
    'www.host.org/x',
  ])('holds none: "%s"', (text) => {
    expect(tokenIn(text)).toBeUndefined();
  });
});

describe('the fragment of an address', () => {
  test.each([
    ['', undefined, ''],
    ['#', undefined, ''],
    ['#part', undefined, '#part'],
    [`#token=${TOKEN}`, TOKEN, ''],
    [`#token=${TOKEN}&part=2`, TOKEN, '#part=2'],
    [`#part=2&token=${TOKEN}`, TOKEN, '#part=2'],
    ['#token=', '', ''],
    ['#token=no%20token', 'no%20token', ''],
    [`#mytoken=${TOKEN}`, undefined, `#mytoken=${TOKEN}`],
    [`#token=${TOKEN}&token=a.b.c`, TOKEN, ''],
  ])('%s', (fragment, token, rest) => {
    expect(tokenOfFragment(fragment)).toBe(token);
    expect(withoutToken(fragment)).toBe(rest);
  });
});

describe('the claims of a token', () => {
  test('are user and name, in whatever script', () => {
    expect(claimsOf(TOKEN)).toEqual({ sub: 'ann' });
    expect(claimsOf(fakeToken({ sub: 'ann', name: 'Ann Ó Briain 安', exp: 7 }))).toEqual({
      sub: 'ann',
      name: 'Ann Ó Briain 安',
    });
  });

  test.each([
    '',
    'a',
    'a.b.c',
    'a.%.c',
    fakeToken('no JSON'),
    fakeToken('null'),
    fakeToken('[]'),
    fakeToken({ sub: 7, name: ' ' }),
  ])('that cannot be read are none: %s', (token) => {
    expect(claimsOf(token)).toEqual({});
  });
});
