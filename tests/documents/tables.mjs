// The tables and numbers of the pages in schema/, which say again what its files say.

import assert from 'node:assert/strict';
import { read } from './blocks.mjs';

const PAGES = ['schema/README.md', 'schema/signaling.md', 'schema/media.md', 'schema/transcripts.md'];
const UNITS = { '': 1, KiB: 1024, MiB: 1024 * 1024, ms: 1, s: 1000, h: 3_600_000 };

/** The rows of the table whose head begins with these columns, as lists of their cells. */
function rows(page, ...columns) {
  const lines = page.split('\n');
  const head = lines.findIndex((line) => line.startsWith(`| ${columns.join(' | ')} |`));
  assert.ok(head >= 0, `there is no table with ${columns}`);
  const rest = lines.slice(head + 2);
  return rest.slice(0, rest.findIndex((line) => !line.startsWith('|')) >>> 0).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));
}

/** The tables of codes and closes are those of codes.json, and so are the words in them. */
export function codes() {
  const page = read('schema/signaling.md');
  const { ack, close, reactions } = JSON.parse(read('schema/codes.json'));
  const acks = ack.map(({ code, name, client }) => [String(code), name, client.join, client.heartbeat, client.other, client.dial, client.upload]);
  assert.deepEqual(rows(page, '`c`', 'name'), acks);
  const closes = close.map(({ code, reason, meaning, client }) => [String(code), reason || '(none)', meaning, client]);
  assert.deepEqual(rows(page, 'code', 'reason'), closes);
  assert.deepEqual(rows(page, 'word', 'in short').map(([word]) => word), reactions.map(({ name }) => name));
}

/** The table of signals is that of codes.json, too. */
export function signals() {
  const { signals: published } = JSON.parse(read('schema/codes.json'));
  const yes = (flag) => (flag ? 'yes' : 'no');
  const table = published.map(({ action, s, rooms, acked, numbered, heardBy }) => {
    const heard = heardBy.map(({ message, who }) => (message === s ? who : `${who} (\`${message}\`)`)).join(', ') || 'nobody';
    return [`\`${action}\``, `\`${s}\``, rooms.join(' '), yes(acked), yes(numbered), heard];
  });
  assert.deepEqual(rows(read('schema/signaling.md'), '`action`', '`s`'), table);
}

/** A number in parentheses behind the name of a limit is the default in limits.json. */
export function numbers() {
  const limits = new Map(JSON.parse(read('schema/limits.json')).limits.map(({ name, value }) => [name, value]));
  let count = 0;
  for (const page of PAGES) {
    for (const [text, name, number, unit] of read(page).matchAll(/`(\w+)`\s+\((\d+) ?(\w*)\)/g)) {
      if (!limits.has(name)) continue;
      assert.equal(Number(number) * UNITS[unit], limits.get(name), `${page}: ${text}`);
      count += 1;
    }
  }
  assert.ok(count >= 10, `${count} limits have numbers`);
}

/** Each section of another page that a page refers to is there. */
export function links() {
  const anchors = (page) => [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title]) => (
    title.toLowerCase().replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-')
  ));
  let count = 0;
  for (const page of PAGES) {
    for (const [text, file, anchor] of read(page).matchAll(/\]\(([\w.]*)#([\w-]+)\)/g)) {
      assert.ok(anchors(file ? `schema/${file}` : page).includes(anchor), `${page}: ${text} leads nowhere`);
      count += 1;
    }
  }
  assert.ok(count > 10, `${count} links`);
}
