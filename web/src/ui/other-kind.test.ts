import { expect, test } from 'vitest';
import { Inquiry } from './other-kind';

interface Said {
  action: string;
  data: Record<string, unknown>;
}

/** Result of an inquiry whose joins are answered with these codes. */
function inquire(...codes: number[]) {
  const said: Said[] = [];
  const inquiry = new Inquiry('team', (text) => said.push(JSON.parse(text)));
  inquiry.begin();
  const b = { resumed: false, sq: 0, rt: 't' };
  const answers = codes.map((c) => inquiry.take(JSON.stringify({ c, s: 'JOIN', b })));
  return { found: answers.at(-1), said: said.map(({ action, data }) => `${action} ${data.ch}`) };
}

test('a room is the kind under which a viewer gets in, who leaves at once', () => {
  expect(inquire(200)).toMatchObject({ found: { kind: { view: 'group' } }, said: ['join m2m', 'leave m2m'] });
  const broadcast = inquire(2002, 200);
  expect(broadcast).toMatchObject({ found: { kind: { view: 'watch' } }, said: ['join m2m', 'join p2m', 'leave p2m'] });
});

test('what is neither is a call, in which nobody appears for it', () => {
  expect(inquire(2002, 2002)).toMatchObject({ found: { kind: { view: 'call' } }, said: ['join m2m', 'join p2m'] });
});

test('a room that is gone meanwhile leads nowhere, and other messages say nothing', () => {
  expect(inquire(4001).found).toEqual({ kind: undefined });
  const inquiry = new Inquiry('team', () => {});
  for (const text of ['nonsense', '{"c":200,"s":"KEEPALIVE","b":{}}']) expect(inquiry.take(text)).toBeUndefined();
});

test('somebody with a token asks as its user, in a session of its own', () => {
  const said: Said[] = [];
  const say = (text: string) => said.push(JSON.parse(text));
  new Inquiry('team', say, 'ann').begin();
  new Inquiry('team', say).begin();
  const [known, guest] = said.map(({ data }) => data.ss as { userId: string; sessionId: string });
  expect(known?.userId).toBe('ann');
  expect(known?.sessionId).toMatch(/^\w{20}$/);
  expect(guest?.userId).toBe(guest?.sessionId);
});
