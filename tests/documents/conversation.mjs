// Reads, compares and lays out the conversations of schema/transcripts.md.
//
// A line `NAME → …` is sent by that client, `NAME ← …` is received by it, a line in parentheses is an event. Lines that
// begin with spaces belong to the one before. A message of the WebSocket is JSON; a request or an answer over HTTP begins
// with its method or status, then has its headers, then its body.
//
// All is compared as it stands, with the order of members, but for values that differ each time: of these the type is
// compared, and what was recorded stands for what a server gives now wherever it occurs again.

import assert from 'node:assert/strict';

/** Members whose values differ each time. */
const VOLATILE = new Set(['rt', 'token', 'expires', 'username', 'credential', 'exp', 'iat', 'ts', 'delay']);
/** Headers whose values differ each time. */
const VOLATILE_HEADERS = new Set(['etag', 'sec-websocket-accept', 'date']);
export const WIDTH = 116;
const INDENT = '   ';

/** The entries of a block: `{ kind, name, lines, from, to }`, with the numbers of their first line and the one after. */
export function entries(block) {
  const found = [];
  block.split('\n').forEach((line, number) => {
    const said = /^(\w+) ([→←]) (.*)$/.exec(line);
    const event = /^\((.*)$/.exec(line);
    if (said) found.push({ kind: said[2], name: said[1], lines: [said[3]], from: number, to: number + 1 });
    else if (event) found.push({ kind: 'event', lines: [event[1]], from: number, to: number + 1 });
    else if (line.trim() !== '') {
      assert.ok(line.startsWith(INDENT) && found.length > 0, `a line that belongs to none: ${line}`);
      // Empty lines within an entry belong to it.
      const { lines, to } = found.at(-1);
      Object.assign(found.at(-1), { lines: [...lines, ...Array(number - to).fill(''), line.trim()], to: number + 1 });
    }
  });
  for (const entry of found.filter(({ kind }) => kind === 'event')) entry.text = entry.lines.join(' ').replace(/\)$/, '');
  return found;
}

/** The lines of an entry as what they say: a message, a close, a request or an answer. */
export function meaning(lines) {
  const [first, ...rest] = lines;
  if (first.startsWith('{')) return { json: JSON.parse(lines.join('')) };
  const close = /^close (\d+) ?(.*)$/.exec(first);
  if (close) return { close: Number(close[1]), reason: close[2] };
  const [, method, target] = /^([A-Z]+) (\S+)$/.exec(first) ?? [];
  const status = /^(\d{3})\b/.exec(first)?.[1];
  assert.ok(method ?? status, `neither request nor answer: ${first}`);
  const headers = rest.slice(0, rest.findIndex((line) => !/^[\w-]+: /.test(line)) >>> 0);
  const body = rest.slice(headers.length);
  return {
    ...(method ? { method, target } : { status: Number(status) }),
    headers: headers.map((line) => /^([\w-]+): (.*)$/.exec(line).slice(1)),
    body: body[0]?.startsWith('{') ? body.join('') : body.map((line) => `${line}\n`).join(''),
  };
}

const typeOnly = (value) => (typeof value === 'string' ? 'a text' : `a ${typeof value}`);

/** Beyond this, sequence numbers are those of a node that has taken a room over, which begins far ahead. */
const FAR = 1024;

/** A value without what differs each time. */
function lasting(value, name) {
  if (name === 'sq' && value >= FAR) return 'a number far ahead';
  if (VOLATILE.has(name) && (value === null || typeof value !== 'object')) return typeOnly(value);
  if (Array.isArray(value)) return value.map((item) => lasting(item, name));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([member, inner]) => [member, lasting(inner, member)]));
}

/** Pairs of recorded and present values of members that differ each time. */
function pairs(recorded, present, name) {
  if (typeof recorded === 'string' && VOLATILE.has(name)) return [[recorded, present]];
  if (recorded === null || typeof recorded !== 'object') return [];
  return Object.keys(recorded).flatMap((member) => pairs(recorded[member], present?.[member], Array.isArray(recorded) ? name : member));
}

const asJson = (text) => (text.startsWith('{') ? JSON.parse(text) : undefined);

/** The members of an answer or a message that are compared. */
function comparable({ json, close, reason, status, headers = [], body = '' }) {
  if (json) return JSON.stringify(lasting(json));
  if (close) return JSON.stringify({ close, reason });
  const lastingHeaders = headers.map(([name, value]) => [name, VOLATILE_HEADERS.has(name.toLowerCase()) ? 'a text' : value]);
  return JSON.stringify({ status, headers: lastingHeaders, body: asJson(body) ? lasting(asJson(body)) : body.trimEnd() });
}

/** Remembers what the recorded values are now, and whether an answer is as it was recorded. */
export class Memory {
  #present = new Map();

  remember(recorded, present) {
    if (recorded.length < 8) return;
    assert.equal(this.#present.get(recorded) ?? present, present, `${recorded} has stood for another value`);
    this.#present.set(recorded, present);
  }

  /** The text with the values of now. */
  fill(text) {
    return [...this.#present].reduce((filled, [recorded, present]) => filled.replaceAll(recorded, present), text);
  }

  /** The text with recorded values in place of those of now. */
  recorded(text) {
    return [...this.#present].reduce((filled, [recorded, present]) => filled.replaceAll(present, recorded), text);
  }

  learn(recorded, present) {
    const values = ({ json, body = '' }) => json ?? asJson(body);
    for (const [before, now] of pairs(values(recorded), values(present))) this.remember(before, now);
    const headers = new Map(present.headers ?? []);
    for (const [name, value] of recorded.headers ?? []) {
      if (VOLATILE_HEADERS.has(name.toLowerCase())) this.remember(value, headers.get(name) ?? '');
    }
  }

  /** Throws where the two differ in more than values that differ each time. */
  compare(recorded, present, where) {
    const now = { ...present };
    if (present.json) now.json = JSON.parse(this.recorded(JSON.stringify(present.json)));
    if (present.body) now.body = this.recorded(present.body);
    assert.equal(comparable(now), comparable(recorded), where);
  }
}

/** JSON in lines, which are broken between members only. */
function wrapped(text, first) {
  const pieces = text.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+,?/g);
  const lines = [first];
  for (const piece of pieces) {
    const line = lines.at(-1);
    if (line.length + piece.length > WIDTH && line.trim() !== '' && line !== first) lines.push(INDENT + piece);
    else lines[lines.length - 1] = line + piece;
  }
  return lines;
}

/** The lines of what a client sends or receives, as the page has them. */
export function layout({ name, kind }, { json, close, reason, method, target, status, headers = [], body = '' }) {
  const begin = `${name} ${kind} `;
  if (json) return wrapped(JSON.stringify(json), begin);
  if (close) return [`${begin}close ${close} ${reason}`.trimEnd()];
  const content = body === '' ? [] : body.trimEnd().split('\n').flatMap((line) => {
    if (line.startsWith('{')) return wrapped(line, INDENT);
    return [line === '' ? '' : INDENT + line];
  });
  return [begin + (status ?? `${method} ${target}`), ...headers.map(([header, value]) => `${INDENT}${header}: ${value}`), ...content];
}
