// Holds the conversations of schema/transcripts.md with a real server, and writes them anew where it says otherwise.
//
// `node tests/documents/conversations.mjs` replaces what is received in the page by what is received now; look at the
// difference before you commit it.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { ready, startRedis } from '../browser/cluster.mjs';
import { startServer } from '../browser/processes.mjs';
import { read, root, sections } from './blocks.mjs';
import { Client } from './conversation-clients.mjs';
import { entries, layout, meaning, Memory, WIDTH } from './conversation.mjs';

const PAGE = 'schema/transcripts.md';
const SECRET = 'the secret of the transcripts: 32 bytes or more';

/** Flags of the server of a section. */
const FLAGS = {
  'A call': ['--ice-server', 'stun:stun.example.com', '--ice-server', 'turn:turn.example.com', '--turn-secret', 'letters'],
  'A token that is renewed': ['--auth-secret', SECRET, '--auth-grace', '1s'],
  'A group': ['--room-linger', '1s'],
};

/** The sections of the page, each of them one conversation. */
export const conversations = [...new Set(sections(read(PAGE)).map(({ section }) => section))];

class Conversation {
  #t;
  #server;
  #clients = new Map();
  #memory = new Memory();
  /** Given where the page is written anew: `{ from, to, lines }`. */
  changes = [];

  constructor(t, servers) {
    this.#t = t;
    this.servers = servers;
    [this.#server] = servers;
  }

  #client(name) {
    if (!this.#clients.has(name)) this.#clients.set(name, new Client(this.#t, this.#server.url));
    return this.#clients.get(name);
  }

  /**
   * Goes through the lines of a block.
   * @param line of the page at which the block begins, where a difference is a change of the page and no error
   */
  async hold(block, line = undefined) {
    for (const entry of entries(block)) {
      if (entry.kind === 'event') await this.#happen(entry.text);
      else if (entry.kind === '→') await this.#say(entry, line);
      else await this.#hear(entry, line);
    }
  }

  /** Throws where a client has received something that the page does not have. */
  end() {
    // A member that joins while a room moves to another node may hear the list once more behind the ack, or not.
    const mayCome = ({ json }) => this.servers.length > 1 && json?.s === 'PUBLISH_LIST_CHANGED';
    for (const [name, client] of this.#clients) {
      const unread = client.unread.filter((one) => !mayCome(one));
      assert.equal(JSON.stringify(unread), '[]', `${name} has received more than the page says`);
    }
  }

  async #say(entry, line) {
    await this.#client(entry.name).say(this.#present(entry.lines));
    const isLong = entry.lines.some((one) => one.length > WIDTH);
    if (line !== undefined && isLong) this.#change(entry, line, layout(entry, meaning(entry.lines)));
  }

  async #hear(entry, line) {
    const recorded = meaning(entry.lines);
    const where = `${entry.name} ← ${entry.lines.join(' ')}`;
    const present = await this.#client(entry.name).hear(recorded, where);
    try {
      this.#memory.learn(recorded, present);
      this.#memory.compare(recorded, present, where);
    } catch (error) {
      if (line === undefined) throw error;
      this.#change(entry, line, this.#recorded(layout(entry, present)));
    }
  }

  #change({ from, to }, line, lines) {
    this.changes.push({ from: from + line, to: to + line, lines });
  }

  /** The lines with the values that the page has already, which what is sent later repeats. */
  #recorded(lines) {
    return this.#memory.recorded(lines.join('\n')).split('\n');
  }

  /** The message that is sent, with the values and the time of now. */
  #present(lines) {
    const message = meaning(lines.map((line) => this.#memory.fill(line)));
    if (message.body) message.body = message.body.replace(/"timestamp":"\d+"/, () => `"timestamp":"${Date.now()}"`);
    return message;
  }

  async #happen(text) {
    for (const [pattern, act] of this.#events) {
      const found = pattern.exec(text);
      if (found) return act(...found.slice(1));
    }
    throw new Error(`there is no such event: ${text}`);
  }

  #events = [
    [/^(\w+)'s line is cut/, (name) => this.#client(name).cut()],
    [/^(\w+) sends the same (\d+) times more/, (name, count) => this.#repeat(name, Number(count))],
    [/^(\w+) receives (\d+) more/, (name, count) => this.#skip(name, Number(count))],
    [/^From here on at the second node/, () => this.#move()],
    [/^The first node stops/, () => this.servers[0].child.kill('SIGTERM')],
    [/^The application signs (\{.*\}) for (\d+) s: (\S+)$/, (...signed) => this.#sign(...signed)],
  ];

  /** All that dial from now on reach the second server. */
  #move() {
    [, this.#server] = this.servers;
    for (const client of this.#clients.values()) client.address = this.#server.url;
  }

  async #repeat(name, count) {
    const client = this.#client(name);
    for (let sent = 0; sent < count; sent += 1) await client.say({ json: client.last });
  }

  async #skip(name, count) {
    let before = 0;
    for (let heard = 0; heard < count; heard += 1) {
      const { json } = await this.#client(name).hear({}, `${name} receives ${count} more`);
      assert.ok(json.sq > before && !Object.hasOwn(json, 'c'), JSON.stringify(json));
      before = json.sq;
    }
  }

  async #sign(claims, seconds, recorded) {
    const now = Math.floor(Date.now() / 1000);
    const token = new SignJWT(JSON.parse(claims)).setProtectedHeader({ alg: 'HS256', typ: 'JWT' });
    const signed = await token.setIssuedAt(now).setExpirationTime(now + Number(seconds)).sign(new TextEncoder().encode(SECRET));
    this.#memory.remember(recorded, signed);
  }
}

async function serversOf(t, section) {
  if (section !== 'A node that goes away') return [await startServer(t, FLAGS[section])];
  const redis = await startRedis(t);
  const flags = ['--redis-url', redis.url];
  const servers = [await startServer(t, flags), await startServer(t, flags)];
  await Promise.all(servers.map(({ url }) => ready(url)));
  return servers;
}

/** Holds the conversation of a section. */
export const conversation = (section) => async (t, block) => {
  const talk = new Conversation(t, await serversOf(t, section));
  await talk.hold(block);
  talk.end();
};

/** Writes one section of the page anew. */
async function rewritten(page, section) {
  const after = [];
  const t = { after: (act) => after.push(act) };
  try {
    const talk = new Conversation(t, await serversOf(t, section));
    for (const { text, line } of sections(page).filter((one) => one.section === section)) await talk.hold(text, line);
    talk.end();
    const lines = page.split('\n');
    for (const { from, to, lines: fresh } of talk.changes.toReversed()) lines.splice(from, to - from, ...fresh);
    return lines.join('\n');
  } finally {
    for (const act of after.toReversed()) await act();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of conversations.filter((one) => process.argv.length < 3 || process.argv.includes(one))) {
    const path = join(root, PAGE);
    await writeFile(path, await rewritten(await readFile(path, 'utf8'), name));
    console.log(`written: ${name}`);
  }
}
