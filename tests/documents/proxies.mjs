// Configurations of reverse proxies, in front of a real server.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import WebSocket from 'ws';
import { freePort, newFolder, startNginx, until } from '../browser/cluster.mjs';
import { startServer } from '../browser/processes.mjs';
import { read } from './blocks.mjs';
import { call, replaced, run, start } from './shell.mjs';

const NODE = '127.0.0.1:8080';
/** The log is opened by name (/dev/stderr), which works for pipes and terminals, and not for the sockets of Node. */
const PIPED = '2>&1 | cat';
const PUSH = '/rooms/demo/ingest/main/v0';

/** An empty body is how encoders ask whether they may push: 200 where they may. */
const push = async (url) => (await fetch(url, { method: 'PUT', body: '' })).status;

/** Page, redirect, WebSocket and pushes below /team/. */
async function worksBelowPrefix(url) {
  const redirect = await fetch(`${url}/team`, { redirect: 'manual' });
  assert.ok([301, 302, 307, 308].includes(redirect.status), `/team is answered ${redirect.status}`);
  assert.equal(new URL(redirect.headers.get('location'), url).pathname, '/team/');
  for (const path of ['/team/', '/team/call/demo']) {
    const page = await fetch(url + path);
    assert.equal(page.status, 200, path);
    const base = /<base href="([^"]+)"/.exec(await page.text());
    assert.equal(new URL(base[1], url + path).pathname, '/team/', path);
  }
  const socket = new WebSocket(`${url.replace('http', 'ws')}/team/ws`);
  await once(socket, 'open');
  socket.terminate();
  assert.equal(await push(`${url}/team${PUSH}`), 200);
}

export async function nginxBelowPrefix(t, block) {
  const server = await startServer(t);
  const location = replaced(block, { [NODE]: new URL(server.url).host });
  const nginx = await startNginx(t, (_, port) => `server {\nlisten 127.0.0.1:${port};\n${location}\n}`);
  await worksBelowPrefix(nginx.url);
}

export async function caddyBelowPrefix(t, block) {
  const [server, folder, port] = [await startServer(t), await newFolder(t), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const site = replaced(block, { 'example.com': url, [NODE]: new URL(server.url).host });
  await writeFile(join(folder, 'Caddyfile'), `{\nadmin off\n}\n${site}`);
  const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const caddy = start(t, 'exec caddy run --config Caddyfile --adapter caddyfile', { cwd: folder, env });
  const answers = async () => (await fetch(`${url}/team/healthz`).catch(() => undefined))?.ok;
  await until(answers, 'Caddy answers').catch((error) => { throw new Error(`${error.message}: ${caddy.output}`); });
  await worksBelowPrefix(url);
}

/** Pushes from the address that is allowed, and from another one. */
export async function nginxRestrictsPushes(t, block) {
  const server = await startServer(t);
  const behind = (location) => startNginx(t, (_, port) => `server {\nlisten 127.0.0.1:${port};\n${location}\n}`);
  const location = replaced(block, { [NODE]: new URL(server.url).host });
  const [allowed, denied] = await Promise.all([behind(replaced(location, { '192.0.2.7': '127.0.0.1' })), behind(location)]);
  assert.deepEqual([await push(allowed.url + PUSH), await push(denied.url + PUSH)], [200, 403]);
}

/** Folder with the deployed files, for one node and a free port; temporary files stay below it. */
async function deployedNginx(t, listen) {
  const [server, folder, port] = [await startServer(t), await newFolder(t), await freePort()];
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};\n`);
  const node = replaced(read('deploy/nginx/nodes.conf'), { 'node-1:8080 resolve': new URL(server.url).host })
    .replace(/^resolver .*$/m, '')
    .replaceAll(/node-\d:8080 resolve/g, new URL(server.url).host);
  await writeFile(join(folder, 'nginx.conf'), replaced(read('deploy/nginx/nginx.conf'), { '/tmp/nginx.pid': 'nginx.pid' }));
  await writeFile(join(folder, 'roomcast.conf'), read('deploy/nginx/roomcast.conf'));
  await writeFile(join(folder, 'nodes.conf'), node);
  await writeFile(join(folder, 'listen.conf'), listen(port, folder) + temporary.join(''));
  return { folder, port };
}

/** The deployed nginx.conf, roomcast.conf and listen.conf in front of a node, with HTTP. */
export async function wholeNginx(t) {
  const plain = (port) => replaced(read('deploy/nginx/listen.conf'), { 'listen 80;': `listen 127.0.0.1:${port};` });
  const { folder, port } = await deployedNginx(t, plain);
  const nginx = start(t, `nginx -p ${folder} -c ${folder}/nginx.conf -e stderr -g 'daemon off;' ${PIPED}`, { cwd: folder });
  const url = `http://127.0.0.1:${port}`;
  const answers = async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok;
  await until(answers, 'nginx answers').catch((error) => { throw new Error(`${error.message}: ${nginx.output}`); });
  assert.equal((await fetch(`${url}/metrics`)).status, 404);
  assert.equal(await push(url + PUSH), 200);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  await once(socket, 'open');
  socket.terminate();
  await logsNoToken(url, nginx);
}

/** Tokens in paths and queries are not written down, also where a request fails. */
async function logsNoToken(url, nginx) {
  const canary = 'c4n4ry.c4n4ry.c4n4ry';
  const paths = [
    `/live/@${canary}/demo/main/playlist.m3u8`,
    `/live/%40${canary}/demo/main/v0/playlist.m3u8`,
    `/live/@${canary}`,
    `/live/demo/main/playlist.m3u8?access_token=${canary}`,
    `/auth/check?access_token=${canary}`,
    `/rooms/demo/ingest/main/v0?access_token=${canary}`,
    `/ws?access_token=${canary}`,
  ];
  for (const path of paths) await (await fetch(url + path, { headers: { authorization: `Bearer ${canary}` } })).text();
  await fetch(`${url}/last`);
  await until(() => nginx.output.includes('/last'), 'nginx writes its log');
  assert.match(nginx.output, /GET \/live\/@-\/demo\/main\/playlist\.m3u8"/, nginx.output);
  assert.ok(!nginx.output.includes('c4n4ry'), nginx.output);
}

/** The second form of listen.conf, with a certificate made here: every answer passes HTTP/2, whose headers are fewer. */
export async function nginxWithTls(t) {
  const secure = (port, folder) => replaced(read('deploy/nginx/listen.conf').replace('listen 80;', '').replaceAll(/^# (?=listen|http2|ssl)/gm, ''), {
    // As it was said before nginx 1.25.1, which takes it too.
    'listen 443 ssl;': `listen 127.0.0.1:${port} ssl http2;`,
    'http2 on;': '',
    '/etc/nginx/tls': folder,
  });
  const { folder, port } = await deployedNginx(t, secure);
  const subject = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'];
  call('openssl', ['req', ...subject, '-keyout', join(folder, 'privkey.pem'), '-out', join(folder, 'fullchain.pem')]);
  const nginx = start(t, `nginx -p ${folder} -c ${folder}/nginx.conf -e stderr -g 'daemon off;' ${PIPED}`, { cwd: folder });
  const status = (path, ...flags) => call('curl', ['-sk', '--http2', '-o', '/dev/null', '-w', '%{http_version} %{http_code}',
    '--retry', '20', '--retry-connrefused', '--retry-delay', '1', ...flags, `https://127.0.0.1:${port}${path}`]);
  assert.equal(status('/readyz'), '2 200', nginx.output);
  assert.deepEqual([status('/ws'), status('/ws', '-I'), status('/call/demo')], ['2 426', '2 426', '2 200'], nginx.output);
  assert.equal(status('/ws', '--http1.1'), '1.1 426');
}
