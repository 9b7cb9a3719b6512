// coturn with the deployed configuration: whom it lets in, and where it never sends.

import { networkInterfaces } from 'node:os';
import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { freePort, newFolder, until } from '../browser/cluster.mjs';
import { allBlocks, read } from './blocks.mjs';
import { call, replaced, run, start } from './shell.mjs';

const REALM = 'turn.example.com';
const COOKIE = 0x2112a442;
const METHODS = { allocate: 3, permission: 8 };

/** A TURN client (RFC 8656) over udp: just enough to allocate and to ask for permissions. */
class Turn {
  #socket;
  #secret;
  #username;
  #nonce;

  constructor(socket, secret) {
    this.#socket = socket;
    this.#secret = secret;
    // As --turn-secret makes it.
    this.#username = `${Math.floor(Date.now() / 1000) + 600}:ann`;
  }

  /** 0 where there is an allocation now, else the error. */
  async allocate(family = 1) {
    const attributes = [[0x19, Buffer.from([17, 0, 0, 0])], ...(family === 2 ? [[0x17, Buffer.from([2, 0, 0, 0])]] : [])];
    const first = await this.#ask(METHODS.allocate, attributes);
    if (first.error !== 401) return first.error;
    this.#nonce = first.nonce;
    return (await this.#ask(METHODS.allocate, attributes)).error;
  }

  async permission(peer) {
    return (await this.#ask(METHODS.permission, [[0x12, (id) => xored(peer, id)]])).error;
  }

  async #ask(method, attributes) {
    const id = randomBytes(12);
    const plain = attributes.map(([type, value]) => attribute(type, typeof value === 'function' ? value(id) : value));
    const message = this.#signed(method, id, Buffer.concat(plain));
    const isAnswer = (bytes) => bytes.subarray(8, 20).equals(id);
    const answered = new Promise((resolve) => {
      const take = (bytes) => { if (isAnswer(bytes)) { this.#socket.off('message', take); resolve(bytes); } };
      this.#socket.on('message', take);
    });
    for (let attempt = 0; attempt < 40; attempt += 1) {
      this.#socket.send(message);
      const answer = await Promise.race([answered, after(250)]);
      if (answer) return understood(answer);
    }
    throw new Error('the TURN server does not answer');
  }

  #signed(method, id, plain) {
    const head = (length) => {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt16BE(method, 0);
      bytes.writeUInt16BE(length, 2);
      bytes.writeUInt32BE(COOKIE, 4);
      return Buffer.concat([bytes, id]);
    };
    if (!this.#nonce) return Buffer.concat([head(plain.length), plain]);
    const password = createHmac('sha1', this.#secret).update(this.#username).digest('base64');
    const key = createHash('md5').update(`${this.#username}:${REALM}:${password}`).digest();
    const credentials = [[0x06, Buffer.from(this.#username)], [0x14, Buffer.from(REALM)], [0x15, this.#nonce]];
    const body = Buffer.concat([plain, ...credentials.map(([type, value]) => attribute(type, value))]);
    const signed = Buffer.concat([head(body.length + 24), body]);
    return Buffer.concat([signed, attribute(0x08, createHmac('sha1', key).update(signed).digest())]);
  }
}

function attribute(type, value) {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

/** An address as XOR-PEER-ADDRESS has it. */
function xored(peer, id) {
  const is6 = peer.includes(':');
  const bytes = is6 ? bytesOf6(peer) : Buffer.from(peer.split('.').map(Number));
  const mask = Buffer.concat([Buffer.from([0x21, 0x12, 0xa4, 0x42]), id]);
  return Buffer.concat([Buffer.from([0, is6 ? 2 : 1, 0x21 ^ 0x12, 0x12 ^ 0x34]), bytes.map((byte, index) => byte ^ mask[index])]);
}

function bytesOf6(text) {
  const [front, back] = text.split('::').map((half) => half.split(':').filter(Boolean));
  const groups = back === undefined ? front : [...front, ...Array(8 - front.length - back.length).fill('0'), ...back];
  return Buffer.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]));
}

/** The error of an answer, 0 for a success, and its nonce. */
function understood(answer) {
  let [error, nonce] = [0, undefined];
  for (let at = 20; at + 4 <= answer.length;) {
    const [type, length] = [answer.readUInt16BE(at), answer.readUInt16BE(at + 2)];
    const value = answer.subarray(at + 4, at + 4 + length);
    if (type === 0x09) error = value[2] * 100 + value[3];
    if (type === 0x15) nonce = Buffer.from(value);
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return { error, nonce };
}

/** The deployed file on a free port of loopback, with the secret that deploy/README.md adds. */
export async function startCoturn(t, options = {}) {
  // Another process may take a free port before coturn does, which then waits for ever.
  return begin(t, options).catch(() => begin(t, options));
}

async function begin(t, { lifted = false }) {
  const [folder, port, tls] = [await newFolder(t), await freePort(), await freePort()];
  const subject = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'];
  call('openssl', ['req', ...subject, '-keyout', join(folder, 'privkey.pem'), '-out', join(folder, 'fullchain.pem')]);
  const text = replaced(read('deploy/coturn/turnserver.conf'), {
    'tls-listening-port=5349': `tls-listening-port=${tls}`, '\nlistening-port=3478': `\nlistening-port=${port}`, '/etc/coturn': folder,
  });
  const own = `listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\n${HAS_IPV6 ? 'listening-ip=::1\nrelay-ip=::1\n' : ''}pidfile=${folder}/turn.pid\nlog-file=stdout\nuserdb=${folder}/turndb\n`;
  const loopback = lifted ? replaced(text, { 'denied-peer-ip=127.0.0.0-127.255.255.255\n': 'allow-loopback-peers\n' }) : text;
  await writeFile(join(folder, 'turnserver.conf'), loopback + own);
  const { text: block } = allBlocks().find(({ file, text }) => file === 'deploy/README.md' && text.startsWith('roomcast key > turn.secret'));
  await run(t, replaced(block, { '/etc/turnserver.conf': 'turnserver.conf' }), { cwd: folder });
  const secret = call('cat', [join(folder, 'turn.secret')]).trim();
  const coturn = start(t, 'exec turnserver -c turnserver.conf', { cwd: folder });
  const answers = () => new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
  await until(answers, 'coturn takes connections').catch((error) => { throw new Error(`${error.message}: ${coturn.output.slice(-2500)}`); });
  return { port, tls, secret, folder, coturn };
}

async function client(t, port, secret, host = '127.0.0.1') {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  t.after(() => socket.close());
  socket.connect(port, host);
  await once(socket, 'connect');
  // Nobody listens there yet: it is asked again.
  socket.on('error', () => {});
  return new Turn(socket, secret);
}

const HAS_IPV6 = Object.values(networkInterfaces()).flat().some(({ address }) => address === '::1');
const DENIED = ['0.0.0.0', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.1.2.3', '168.63.129.16', '169.254.169.254',
  '172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.88.99.1', '192.168.0.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255'];
const DENIED_6 = ['::', '::1', '::7f00:1', '::ffff:7f00:1', '::ffff:a9fe:a9fe', '64:ff9b::a00:1', '64:ff9b:1::1', '100::1', '2001::1', '2001:db8::1',
  '2002:a00:1::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fec0::1', 'ff02::1', 'ff0e::1'];

async function deniesIpv6(six, process) {
  assert.equal(await six.allocate(2), 0, process.output);
  for (const peer of ['2606:4700::1111', '2a00::1', '2001:200::1']) assert.equal(await six.permission(peer), 0, peer);
  for (const peer of DENIED_6) assert.equal(await six.permission(peer), 403, peer);
}

/** The unchanged file: credentials count, public peers may be reached, and no others. */
export async function coturn(t) {
  const { port, secret, coturn: process } = await startCoturn(t);
  assert.equal(await (await client(t, port, 'another secret')).allocate(), 401);
  const four = await client(t, port, secret);
  assert.equal(await four.allocate(), 0, process.output);
  for (const peer of ['8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '172.32.0.0', '192.0.3.0']) {
    assert.equal(await four.permission(peer), 0, peer);
  }
  for (const peer of DENIED) assert.equal(await four.permission(peer), 403, peer);
  if (!HAS_IPV6) t.diagnostic('this machine has no IPv6 on loopback: the ranges of IPv6 are not tried');
  const six = HAS_IPV6 ? await client(t, port, secret, '::1') : undefined;
  if (six) await deniesIpv6(six, process);
  const lifted = await startCoturn(t, { lifted: true });
  const other = await client(t, lifted.port, lifted.secret);
  assert.deepEqual([await other.allocate(), await other.permission('127.0.0.1'), await other.permission('10.0.0.1')], [0, 0, 403]);
}
