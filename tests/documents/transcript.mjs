// The conversation of README's section "The wire", held with a real server.
//
// An ellipsis stands for whatever is left out: within braces and brackets for further members, at the end of a string for
// the rest of it. Lines in parentheses say what happens meanwhile.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import WebSocket from 'ws';
import { startServer } from '../browser/processes.mjs';

const TIMEOUT = 10_000;

/** The lines as `{ kind, text }`; one that begins with spaces belongs to the one before. */
function entries(block) {
  const found = [];
  for (const line of block.split('\n').filter(Boolean)) {
    const [, arrow, text] = /^([→←]?)\s*(.*)$/.exec(line);
    const said = /^\((.*)\)$/.exec(text);
    const behind = /^(.*?)\s{2,}\(.*\)$/.exec(text);
    if (said) found.push({ kind: 'event', text: said[1] });
    else if (arrow) found.push({ kind: arrow, text: behind ? behind[1] : text });
    else found.at(-1).text += text;
  }
  return found;
}

/** The value with its ellipses: `"…"` in an array or string stands for anything. */
function pattern(text) {
  const json = text.replaceAll('[…]', '["…"]').replaceAll('{…}', '{}').replaceAll(/,…(?=[,}])/g, '').replaceAll('{…,', '{');
  return JSON.parse(json);
}

/** Asserts that a value is what the pattern says. */
function matches(value, wanted, where) {
  if (typeof wanted === 'string' && wanted.endsWith('…')) assert.ok(String(value).startsWith(wanted.slice(0, -1)), where);
  else if (Array.isArray(wanted) && wanted[0] === '…') assert.ok(Array.isArray(value), where);
  else if (Array.isArray(wanted)) {
    assert.equal(value?.length, wanted.length, where);
    wanted.forEach((item, index) => matches(value[index], item, where));
  } else if (wanted !== null && typeof wanted === 'object') {
    for (const [name, item] of Object.entries(wanted)) matches(value?.[name], item, `${where} at "${name}"`);
  } else assert.equal(value, wanted, where);
}

/** A member with a connection of its own. */
async function connect(t, server) {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`);
  t.after(() => socket.terminate());
  const received = [];
  const waiting = [];
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    if (waiting.length > 0) waiting.shift()(message);
    else received.push(message);
  });
  await once(socket, 'open');
  return {
    socket,
    send: (signal) => socket.send(JSON.stringify(signal)),
    hear: (where) => new Promise((resolve, reject) => {
      if (received.length > 0) return resolve(received.shift());
      const timer = setTimeout(() => reject(new Error(`nothing was heard: ${where}`)), TIMEOUT);
      return waiting.push((message) => { clearTimeout(timer); resolve(message); });
    }),
  };
}

const subject = (user, session) => ({ userId: user, sessionId: session, category: 'stream', host: 'Web', deviceId: 'laptop' });

/** Bob joins, and says what the lines in parentheses tell. */
function bobOf(t, server) {
  const ss = subject('bob', 'b1');
  const signal = (action, s, more) => ({ action, data: { s, ch: 'p2p', rid: 'demo', ss, ...more } });
  const ice = signal('iceCandidate', 'ICE', { sdp: { candidate: 'candidate:1 1 udp 1 192.0.2.7 9 typ host' }, to: 'ann' });
  let bob;
  return {
    async join() {
      bob = await connect(t, server);
      bob.send(signal('join', 'JOIN', { ve: true, ae: true, op: { roomCreating: false } }));
      matches(await bob.hear('the ack of Bob\'s JOIN'), { c: 200, s: 'JOIN' }, 'Bob joins');
    },
    offer: () => bob.send(signal('offer', 'OFFER', { sdp: 'v=0', to: 'ann' })),
    candidates: () => { bob.send(ice); bob.send(ice); },
    async sees(kind) {
      let message;
      do message = await bob.hear(kind); while (message.s !== kind);
    },
  };
}

/** Holds the conversation: sends every line of Ann's, and compares every line that she gets. */
export async function transcript(t, block) {
  const server = await startServer(t);
  const bob = bobOf(t, server);
  let ann = await connect(t, server);
  const events = {
    'Bob joins with "roomCreating":false': () => bob.join(),
    'Bob sends an OFFER': () => bob.offer(),
    async "Ann's network is gone for a moment; on a new socket:"() {
      // Her earlier signals are on their way: the last of them has arrived when Bob has it.
      await bob.sees('ICE');
      ann.socket.terminate();
      bob.candidates();
      ann = await connect(t, server);
    },
  };
  const counts = { '→': 0, '←': 0, event: 0 };
  let whole;
  for (const { kind, text } of entries(block)) {
    counts[kind] += 1;
    if (kind === 'event') await events[text]();
    else if (kind === '←') matches(await ann.hear(text), pattern(text), text);
    else {
      const signal = pattern(text);
      whole ??= signal;
      if (Object.hasOwn(signal.data, 's')) {
        const { ch, rid, ss, ve, ae } = whole.data;
        const common = signal.data.s === 'JOIN' ? { ch, rid, ve, ae } : { ch, rid };
        signal.data = { ...common, ...signal.data, ss };
        if (typeof signal.data.sdp === 'string') signal.data.sdp = 'v=0';
      }
      ann.send(signal);
    }
  }
  assert.ok(counts['→'] >= 6 && counts['←'] >= 8 && counts.event === 3, JSON.stringify(counts));
}
