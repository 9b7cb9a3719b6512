import { expect, test } from 'vitest';
import { MuteNews } from './mute-news';

const speaker = (name: string, audio: boolean) => ({ key: name, name, audio });

test('a microphone that goes off or on is told once, with the name', () => {
  const news = new MuteNews();
  expect(news.tell([speaker('Ann', true), speaker('Bob', false)])).toBe('');
  expect(news.tell([speaker('Ann', false), speaker('Bob', false)])).toBe('Ann muted the microphone');
  expect(news.tell([speaker('Ann', false), speaker('Bob', false)])).toBe('');
  const both = news.tell([speaker('Ann', true), speaker('Bob', true)]);
  expect(both).toBe('Ann unmuted the microphone. Bob unmuted the microphone');
});

test('whoever comes, goes or comes again has not changed anything', () => {
  const news = new MuteNews();
  expect(news.tell([speaker('Ann', true)])).toBe('');
  expect(news.tell([])).toBe('');
  expect(news.tell([speaker('Ann', false)])).toBe('');
});
