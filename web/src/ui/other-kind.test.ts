import { expect, test } from 'vitest';
import { Inquiry } from './other-kind';

/** Result of an inquiry whose joins are answered with these codes. */
function inquire(...codes: number[]) {
  const said: { action: string; data: Record<string, unknown> }[] = [];
  const inquiry = new Inquiry('team', (text) => said.push(JSON.parse(text)));
  inquiry.begin();
  const answers = codes.map((c) => inquiry.take(JSON.stringify({ c, s: 'JOIN', b: {} })));
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
