import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeWorld } from '../client/fake';
import type { UserMessage } from '../ui/user-messages';
import { Access } from './access';
import type { HeldToken } from './held-token';

const forms = vi.hoisted(() => [] as { room: string; message: UserMessage; give(token: string): void }[]);
vi.mock('./form', () => ({
  tokenForm: (_: unknown, room: string, message: UserMessage, give: (token: string) => void) =>
    forms.push({ room, message, give }),
}));
const reload = vi.fn();

beforeEach(() => {
  forms.length = 0;
  reload.mockClear();
  vi.stubGlobal('location', { reload });
});
afterEach(() => vi.unstubAllGlobals());

function accessWith(current: string | undefined, claims = { sub: 'ann' }) {
  const world = new FakeWorld();
  const token = { current, claims, drop: vi.fn(), set: vi.fn(), takeFromAddress: vi.fn() };
  const access = new Access(token as unknown as HeldToken, world, 'wss://host/ws', {} as HTMLElement);
  return { world, token, access };
}

const answer = (status: number, body: object) => ({ status, text: JSON.stringify({ s: 'AUTH_CHECK', b: body }) });
const REFUSED = answer(401, { reason: 'expired', msg: 'The token expired 5 min ago.' });

describe('a page', () => {
  test.each([
    ['call', 'join'],
    ['group', 'join'],
    ['broadcast', 'publish'],
    ['watch', 'play'],
  ])('%s asks for the grant %s before it is shown', async (view, grant) => {
    const { world, access } = accessWith('a.b.c');
    world.answer = answer(200, { open: false, sub: 'ann' });
    expect(await access.admits(view, 'demo')).toBe(true);
    expect(world.requests).toEqual([{ url: `https://host/auth/check?room=demo&grant=${grant}`, bearer: 'a.b.c' }]);
    expect(forms).toEqual([]);
  });

  test.each([
    [
      undefined,
      answer(401, { reason: 'missing', msg: 'A token is needed.' }),
      'This server asks for a token',
      undefined,
    ],
    ['a.b.c', REFUSED, 'The server refused your token', 'The token expired 5 min ago.'],
    [
      'a.b.c',
      answer(403, { reason: 'not_granted', msg: 'No "join".' }),
      'Your token does not allow this',
      'No "join".',
    ],
  ])('with the token %s is not shown where the server refuses it', async (current, refused, title, said) => {
    const { world, access } = accessWith(current);
    world.answer = refused;
    expect(await access.admits('call', 'demo')).toBe(false);
    expect(forms.map(({ message }) => [message.title, message.said])).toEqual([[title, said]]);
  });

  test('with what is no token is not shown, and what it is goes nowhere', async () => {
    const { world, access } = accessWith('no token');
    world.answer = answer(401, { reason: 'missing', msg: 'A token is needed.' });
    expect(await access.admits('call', 'demo')).toBe(false);
    expect(world.requests.map(({ bearer }) => bearer)).toEqual([undefined]);
    expect(forms[0]?.message.said).toMatch(/^This is not a token/);
  });

  test.each(['a.b.c', 'no token', undefined])('of an open server is shown, and uses no token (%s)', async (current) => {
    const { world, token, access } = accessWith(current);
    world.answer = answer(200, { open: true });
    expect(await access.admits('call', 'demo')).toBe(true);
    expect(token.drop).toHaveBeenCalledTimes(1);
  });

  test.each([[undefined], [{ status: 404, text: 'not found' }], [answer(503, { reason: 'busy', msg: 'Later.' })]])(
    'is shown where the server does not say: %j',
    async (said) => {
      const { world, access } = accessWith('a.b.c');
      world.answer = said;
      expect(await access.admits('call', 'demo')).toBe(true);
    },
  );

  test('waits 3 s for a server that does not answer', async () => {
    const { world, access } = accessWith('a.b.c');
    world.get = () => new Promise(() => {});
    let admitted: boolean | undefined;
    const asked = access.admits('call', 'demo').then((isAdmitted) => {
      admitted = isAdmitted;
    });
    world.advance(2999);
    await Promise.resolve();
    expect(admitted).toBeUndefined();
    world.advance(1);
    await asked;
    expect(admitted).toBe(true);
  });
});

describe('a failure', () => {
  const failure = (access?: 'token' | 'grant'): UserMessage => ({
    title: 't',
    detail: 'd',
    canRetry: true,
    ...(access && { access }),
  });

  test.each([
    ['token', 'a.b.c', true],
    ['token', undefined, true],
    ['grant', 'a.b.c', true],
    ['grant', undefined, false],
    [undefined, 'a.b.c', false],
  ] as const)('for which %s is missing, with the token %s, leads to the form: %s', (missing, current, expected) => {
    const { access } = accessWith(current);
    expect(access.asksFor('demo', failure(missing))).toBe(expected);
    access.asksFor('demo', failure(missing));
    expect(forms).toHaveLength(expected ? 1 : 0);
  });

  test('is over with another token: the page begins anew', () => {
    const { token, access } = accessWith('a.b.c');
    access.asksFor('demo', failure('token'));
    forms[0]?.give('a.b.d');
    expect(token.set).toHaveBeenCalledWith('a.b.d');
    expect(reload).toHaveBeenCalledTimes(1);
  });
});

describe('another token in the address of the open page', () => {
  test.each([
    ['of the same user goes on', 'ann', false, 0],
    ['of another user begins anew', 'bob', false, 1],
    ['while the form is shown begins anew', 'ann', true, 1],
  ])('%s', (_, sub, isAsking, reloads) => {
    const { token, access } = accessWith('a.b.c');
    if (isAsking) access.asksFor('demo', { title: '', detail: '', canRetry: true, access: 'token' });
    token.takeFromAddress.mockImplementation(() => {
      token.claims = { sub };
    });
    access.takeFromAddress();
    expect(reload).toHaveBeenCalledTimes(reloads);
  });
});
