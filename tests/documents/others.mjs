// Blocks of several nodes, of the jobs of the Makefile, of the load generator, and of players in a page.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, newFolder, ready, startRedis } from '../browser/cluster.mjs';
import { newPage, program, startBrowser, startServer } from '../browser/processes.mjs';
import { inlineCode, read, root } from './blocks.mjs';
import { call, replaced, run, start } from './shell.mjs';

/** A Redis and two nodes, as the block starts them. */
export async function twoNodes(t, block) {
  const [cwd, redis, first, second] = [await newFolder(t), await freePort(), await freePort(), await freePort()];
  // The first line says no port: the default.
  const text = replaced(block, { 'redis-server ': 'redis-server --port 6379 --bind 127.0.0.1 ' });
  const shell = start(t, replaced(text, { 6379: String(redis), 8081: String(first), 8082: String(second) }), { cwd });
  const nodes = [first, second].map((port) => ready(`http://127.0.0.1:${port}`));
  await Promise.all(nodes).catch((error) => { throw new Error(`${error.message}: ${shell.output}`); });
}

/** A user of Redis with these permissions is enough for a node to be ready. */
export async function permissions(t, block) {
  const redis = await startRedis(t);
  const { port } = new URL(redis.url);
  assert.match(call('redis-cli', ['-p', port, ...block.trim().split(/\s+/)]), /^OK/);
  call('redis-cli', ['-p', port, 'ACL', 'SETUSER', 'default', 'off']);
  const server = await startServer(t, ['--redis-url', `redis://roomcast:PASSWORD@127.0.0.1:${port}`]);
  await ready(server.url);
}

/** The password is made; starting containers is not for this machine. */
export async function password(t, block) {
  const cwd = await newFolder(t);
  await mkdir(join(cwd, 'deploy'));
  const [first, ...others] = block.trim().split('\n');
  assert.ok(others.every((line) => line.startsWith('docker compose -f deploy/compose.yaml up ')), block);
  await run(t, first, { cwd });
  assert.match(await readFile(join(cwd, 'deploy/.env'), 'utf8'), /^REDIS_PASSWORD=[0-9a-f]{48}\nAUTH_SECRET=[0-9a-f]{64}\n$/);
}

/** Every job is one of the Makefile; what they do is this run, or takes many minutes. */
export function jobs(t, block) {
  const lines = block.trim().split('\n');
  const env = { MAKEFLAGS: '', MAKELEVEL: '' };
  for (const line of lines) {
    assert.match(line, /^make /);
    call('bash', ['-c', replaced(line, { 'make ': 'make --dry-run ' })], { cwd: root, env });
  }
  assert.throws(() => call('make', ['--dry-run', 'nothing-of-the-kind'], { cwd: root, env }));
}

/** The options are those with which the tests of the published schema run the same generators. */
export function generators(t, block) {
  const folder = join(root, 'tests/contracts');
  const run = readdirSync(folder).filter((name) => name.endsWith('.mjs')).map((name) => read(`tests/contracts/${name}`)).join('\n');
  const options = [...block.matchAll(/ --([a-z][\w-]*)/g)].map(([, option]) => option);
  assert.ok(options.length > 1);
  assert.deepEqual(options.filter((option) => !run.includes(option)), []);
}

/** Running text names jobs of the Makefile, and CONTRIBUTING.md all of them. */
export function jobsOfText() {
  const all = [...read('Makefile').matchAll(/^([a-z0-9-]+):.*## /gm)].map(([, job]) => job);
  const named = inlineCode().flatMap(({ file, text }) => [...text.matchAll(/^make ([a-z0-9-]+)/g)].map(([, job]) => ({ file, job })));
  assert.deepEqual(named.filter(({ job }) => !all.includes(job)), []);
  const told = named.filter(({ file }) => file === 'CONTRIBUTING.md').map(({ job }) => job);
  assert.deepEqual(all.filter((job) => job !== 'help' && !told.includes(job)), []);
}

/** Each test that a line names is there; running it is `make unit` or `make e2e`. */
export function singleTests(t, block) {
  for (const line of block.trim().split('\n')) {
    const [, core, folder, name] = /cargo test (?:-p roomcast-core (\w+)|.*--test (\w+) (\w+)::) +#/.exec(line) ?? [];
    if (core) assert.match(read('core/src/room/tests/kicking.rs'), new RegExp(`fn \\w*${core}`));
    else if (folder) assert.match(read(`tests/tests/${folder}/main.rs`), new RegExp(`^mod ${name};$`, 'm'));
    else assert.ok(read('Makefile').includes(`\t${line.replace(/ +#.*/, '')}\n`), line);
  }
}

/** The synopsis names the options that the program has, and no others. */
export function synopsis(t, block) {
  const options = (text) => [...new Set(text.match(/--[a-z-]+/g))].filter((name) => !['--help', '--version'].includes(name)).sort();
  const help = call(program.replace(/roomcast$/, 'roomcast-bench'), ['-h']);
  assert.deepEqual(options(block), options(help.split(/^Options:$/m)[1]));
}

/** shaka-player takes every option of the configuration. */
export async function shaka(t, block) {
  const browser = await startBrowser(t);
  const page = await newPage(browser);
  await page.addScriptTag({ content: read('tests/browser/node_modules/shaka-player/dist/shaka-player.compiled.js') });
  const taken = (text) => page.evaluate((source) => new Function('player', `return ${source}`)(new window.shaka.Player()), text);
  assert.equal(await taken(block), true);
  assert.equal(await taken('player.configure({ streaming: { noSuchOption: true } })'), false);
}
