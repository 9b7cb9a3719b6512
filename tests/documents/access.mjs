// Tokens as docs/access.md makes them, taken by a real server.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newFolder } from '../browser/cluster.mjs';
import { startServer } from '../browser/processes.mjs';
import { DOCUMENTED, folderWithClip } from './pushes.mjs';
import { call, replaced, run } from './shell.mjs';

/** The Python that has the libraries of the documents. */
export const PYTHON = fileURLToPath(new URL('.venv/bin/python3', import.meta.url));

const secretOf = () => randomBytes(32).toString('hex');

async function check(server, token) {
  const response = await fetch(`${server.url}/auth/check`, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, ...(await response.json()) };
}

/** The server takes the token for an hour, with the grants that the page says. */
async function taken(t, secret, printed) {
  const token = printed.trim().split('\n').at(-1);
  const server = await startServer(t, ['--auth-secret', secret]);
  const { status, b } = await check(server, token);
  assert.equal(status, 200, JSON.stringify(b));
  assert.deepEqual([b.sub, b.exp - b.iat, b.room], ['ann', 3600, { id: 'demo', join: true, create: true, publish: true }]);
  const other = await startServer(t, ['--auth-secret', secretOf()]);
  assert.equal((await check(other, token)).b.reason, 'signature');
}

/** Code that prints a token, for a program that takes it as its last argument. */
export function minted(name, flags) {
  return async (t, block) => {
    const secret = secretOf();
    await taken(t, secret, call(name, [...flags, block], { env: { SECRET: secret } }));
  };
}

/** A library that the page does not name. */
export async function joserfc(t) {
  const code = `
import os, time
from joserfc import jwt
from joserfc.jwk import OctKey
now, room = int(time.time()), {"id": "demo", "join": True, "create": True, "publish": True}
claims = {"sub": "ann", "iat": now, "exp": now + 3600, "room": room}
print(jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(os.environ["SECRET"])))`;
  await minted(PYTHON, ['-c'])(t, code);
}

export async function javascript(t, block) {
  const [folder, secret] = [await newFolder(t), secretOf()];
  await symlink(fileURLToPath(new URL('node_modules', import.meta.url)), join(folder, 'node_modules'));
  await writeFile(join(folder, 'mint.mjs'), block);
  await taken(t, secret, call('node', ['mint.mjs'], { cwd: folder, env: { SECRET: secret } }));
}

export async function go(t, block) {
  const [folder, secret] = [await newFolder(t), secretOf()];
  const packages = ['crypto/hmac', 'crypto/sha256', 'encoding/base64', 'fmt', 'os', 'time'].map((name) => `"${name}"`);
  await writeFile(join(folder, 'mint.go'), `package main\nimport (${packages.join(';')})\nfunc main() {\n${block}}\n`);
  await taken(t, secret, call('go', ['run', 'mint.go'], { cwd: folder, env: { SECRET: secret } }));
}

/** The key is made, and the server starts with it. */
export async function key(t, block) {
  const folder = await newFolder(t);
  const [make, serve, ...more] = block.trim().split('\n');
  assert.equal(more.length, 0);
  await run(t, make, { cwd: folder });
  assert.match(await readFile(join(folder, 'roomcast.key'), 'utf8'), /^[\w-]{43}\n$/);
  const flags = replaced(serve, { 'roomcast serve --listen 0.0.0.0:8080 ': '', 'file:': `file:${folder}/` }).split(' ');
  const server = await startServer(t, flags);
  assert.equal((await check(server, 'none')).status, 401);
}

/** ffmpeg brings its token as a password. */
export async function pushed(t, block) {
  const [secret, cwd] = [secretOf(), await folderWithClip(t)];
  const server = await startServer(t, ['--auth-secret', secret, '--ingest-linger', '1h']);
  const grant = { id: 'demo', publish: true, play: true };
  const now = Math.floor(Date.now() / 1000);
  const { SignJWT } = await import('jose');
  const token = await new SignJWT({ sub: 'ann', iat: now, exp: now + 600, room: grant })
    .setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret));
  await run(t, replaced(block, { [new URL(DOCUMENTED).host]: new URL(server.url).host }), { cwd, env: { TOKEN: token } });
  const list = await fetch(`${server.url}/live/@${token}/demo/main/v0/playlist.m3u8`);
  assert.match(await list.text(), /#EXTINF/);
  assert.equal((await fetch(`${server.url}/live/demo/main/v0/playlist.m3u8`)).status, 401);
}
