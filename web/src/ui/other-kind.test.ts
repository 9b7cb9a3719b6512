import { expect, test } from 'vitest';
import { kindInAnswer, question } from './other-kind';

const answer = (c: number, ch: string) =>
  JSON.stringify({ c, s: 'HEARTBEAT', b: { req: { s: 'HEARTBEAT', ch, rid: 'team' }, msg: '' } });

test('the kind of a room is the one under which somebody is said to be no member of it', () => {
  expect(kindInAnswer(answer(4002, 'p2p'))).toMatchObject({ view: 'call' });
  expect(kindInAnswer(answer(4002, 'p2m'))).toMatchObject({ view: 'watch' });
  for (const other of [
    answer(2002, 'm2m'),
    answer(4001, 'm2m'),
    answer(4002, 'a2m'),
    'nonsense',
    '{"c":4002,"s":"HEARTBEAT","b":{}}',
  ]) {
    expect(kindInAnswer(other)).toBeUndefined();
  }
});

test('it is asked for as somebody new every time', () => {
  expect(question('m2m', 'team')).toMatchObject({ action: 'heartbeat', data: { ch: 'm2m', rid: 'team' } });
  expect(question('m2m', 'team')).not.toEqual(question('m2m', 'team'));
});
