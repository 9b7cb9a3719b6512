// The cache of deploy/nginx/cached.conf, in front of a real server: one copy for all who may have it, and for nobody else.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import WebSocket from 'ws';
import { freePort, newFolder, until } from '../browser/cluster.mjs';
import { startServer } from '../browser/processes.mjs';
import { token, withTokens } from '../browser/tokens.mjs';
import { allBlocks, read } from './blocks.mjs';
import { folderWithClip } from './pushes.mjs';
import { call, replaced, run, start } from './shell.mjs';

const LIST = 'main/v0/playlist.m3u8';

/** A request whose path goes out as it is written: `fetch` would normalize it. */
async function get(url, path, headers = {}, method = 'GET') {
  const { hostname, port } = new URL(url);
  const asked = request({ hostname, port, path, method, headers }).end();
  const [response] = await once(asked, 'response');
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString('latin1') };
}

/** The deployed nginx.conf with the cache in place of the balancer; what it keeps stays in its folder. */
async function startCache(t, server, folder) {
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};\n`);
  const files = {
    'nginx.conf': replaced(read('deploy/nginx/nginx.conf'), { '/tmp/nginx.pid': 'nginx.pid', 'include roomcast.conf': 'include cached.conf' }),
    'cached.conf': replaced(read('deploy/nginx/cached.conf'), { '/dev/shm': folder }),
    'nodes.conf': `server ${new URL(server.url).host};\n`,
    'listen.conf': `listen 127.0.0.1:${port};\n${temporary.join('')}`,
  };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
  // The log is opened by name (/dev/stderr), which works for pipes and terminals, and not for the sockets of Node.
  const nginx = start(t, `nginx -p ${folder} -c ${folder}/nginx.conf -e stderr -g 'daemon off;' 2>&1 | cat`, { cwd: folder });
  const url = `http://127.0.0.1:${port}`;
  const answers = async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok;
  await until(answers, 'nginx answers').catch((error) => { throw new Error(`${error.message}: ${nginx.output}`); });
  return { url, nginx };
}

/** A broadcast that is over and stays: as many seconds as make it another one. */
async function push(t, server, room, seconds) {
  const streamer = await token('streamer', { id: room, publish: true, play: true });
  const cwd = await folderWithClip(t, seconds);
  const target = `http://any:${streamer}@${new URL(server.url).host}/rooms/${room}/ingest/main/v0`;
  const form = ['-c', 'copy', '-f', 'mp4', '-movflags', '+cmaf+delay_moov+default_base_moof', '-frag_duration', '333333'];
  call('ffmpeg', ['-v', 'error', '-re', '-i', 'input.mp4', ...form, '-method', 'PUT', target], { cwd });
  const list = async () => (await get(server.url, `/live/@${streamer}/${room}/${LIST}`)).body.includes('#EXT-X-ENDLIST');
  await until(list, `room ${room} has been pushed`);
}

/** The secret is made as deploy/README.md says, and the server starts with it. */
async function cached(t) {
  const folder = await newFolder(t);
  const { text } = allBlocks().find((block) => block.file === 'deploy/README.md' && block.text.startsWith('roomcast key > cdn.secret'));
  await run(t, text, { cwd: folder });
  const server = await startServer(t, [...withTokens, '--cdn-secret', `file:${folder}/cdn.secret`, '--ingest-linger', '1h']);
  await Promise.all([push(t, server, 'a', 2), push(t, server, 'b', 3)]);
  return { server, ...(await startCache(t, server, folder)) };
}

/** Every spelling of an address in room b, for a token of room a. */
const spellings = (a) => [
  `/live/@${a}/b/${LIST}`,
  `/live/@${a}/%62/${LIST}`,
  `/live/%40${a}/b/${LIST}`,
  `/live/%40${a}/%62/${LIST}`,
  `/live/@${a}/a/../b/${LIST}`,
  `/live/@${a}/a/%2e%2e/b/${LIST}`,
  `/live/@${a}/a%2f..%2fb/${LIST}`,
  `/live/@${a}//b/${LIST}`,
  `//live//@${a}/./b/${LIST}`,
  `/live/@${a}/%2562/${LIST}`,
  `/live/@${a}/a/../../b/${LIST}`,
  `/live/@${a}%2f..%2fb/${LIST}`,
  `/%6cive/@${a}/b/main/v0/../v0/playlist.m3u8`,
  `/live/@${a}/b/${LIST}?x=/live/@${a}/a/${LIST}`,
  `/live/@${a}/b/${LIST}?_HLS_msn=0`,
  `/live/@${a}/b/${LIST}#/../../a/${LIST}`,
  `/live/b/${LIST}?access_token=${a}`,
  `/live/b/main/playlist.m3u8?access_token=${a}`,
  `/live/b/${LIST}`,
];

export async function cachedNginx(t) {
  const { server, url, nginx } = await cached(t);
  const [a, other, b] = await Promise.all([['ann', 'a'], ['bob', 'a'], ['bob', 'b']].map(([user, id]) => token(user, { id, play: true })));
  const expired = await token('ann', { id: 'a', play: true }, { seconds: -60 });
  const lists = await Promise.all([get(url, `/live/@${a}/a/${LIST}`), get(url, `/live/@${b}/b/${LIST}`)]);
  assert.deepEqual(lists.map(({ status }) => status), [200, 200], nginx.output);
  assert.notEqual(lists[0].body, lists[1].body);
  const media = /^[^#].*\.m4s$/m.exec(lists[0].body)[0];
  const path = (jwt, room, coded = room) => `/live/@${jwt}/${coded}/main/v0/${media}`;

  // One copy for all tokens, spellings and bearers.
  const first = await get(url, path(a, 'a'));
  assert.deepEqual([first.status, first.headers['x-cache']], [200, 'MISS']);
  for (const again of [await get(url, path(a, 'a')), await get(url, path(other, 'a', '%61')),
    await get(url, `/live/a/main/v0/${media}`, { authorization: `Bearer ${other}` })]) {
    assert.deepEqual([again.status, again.headers['x-cache'], again.body === first.body], [200, 'HIT', true]);
  }
  const range = await get(url, path(a, 'a'), { range: 'bytes=0-9' });
  assert.deepEqual([range.status, range.body], [206, first.body.slice(0, 10)]);
  assert.match(first.headers['cache-control'], /max-age=\d+/);

  // Nothing of it for others, whether it is kept or not.
  const known = [lists[1].body, (await get(url, path(b, 'b'))).body];
  await get(url, `/live/@${b}/b/main/playlist.m3u8`);
  for (const spelling of spellings(a)) {
    const { status, body } = await get(url, spelling);
    assert.ok([400, 401, 403, 404].includes(status), `${spelling.replaceAll(a, 'TOKEN')} is answered ${status}`);
    assert.ok(!known.includes(body) && !body.includes('#EXTM3U'), spelling);
  }
  assert.deepEqual((await get(url, path(a, 'b'))).status, 403);
  const bearer = (authorization) => get(url, `/live/b/${LIST}`, { authorization });
  assert.deepEqual([(await bearer(`Bearer ${b}`)).status, (await bearer(`Bearer ${a}`)).status, (await bearer(`@${b}/`)).status], [200, 403, 401]);
  const late = await get(url, path(expired, 'a'));
  assert.deepEqual([late.status, /^Bearer .*ended/.test(late.headers['www-authenticate'])], [401, true], late.headers['www-authenticate']);
  // A header of the viewer's does not stand for the proxy's.
  const forged = { 'x-original-uri': `/live/@${a}/a/${LIST}` };
  assert.equal((await get(url, `/live/@${a}/b/${LIST}`, forged)).status, 403);

  // Blocked reloads are answers of their own, whatever else is in the query.
  const ask = async (query, jwt = a) => {
    const { status, headers } = await get(url, `/live/@${jwt}/a/${LIST}?${query}`);
    return [status, headers['x-cache']];
  };
  assert.deepEqual(await ask('_HLS_msn=0'), [200, 'MISS']);
  assert.deepEqual(await ask('x=1&_HLS_msn=0', other), [200, 'HIT']);
  assert.deepEqual(await ask('_HLS_msn=0&_HLS_part=0'), [200, 'MISS']);
  assert.deepEqual(await ask('_HLS_msn=0&_HLS_skip=YES'), [200, 'MISS']);

  await passesOn(url, a);
  await logsNothing(url, nginx, [a, other, b, expired]);
}

/** A token in the query is moved into the path by the server; preflights, sockets and pages pass. */
async function passesOn(url, a) {
  const moved = await get(url, `/live/a/main/playlist.m3u8?access_token=${a}`);
  assert.deepEqual([moved.status, moved.headers.location], [302, `../../@${a}/a/main/playlist.m3u8`]);
  const options = await get(url, `/live/a/${LIST}`, {}, 'OPTIONS');
  assert.deepEqual([options.status, options.headers['access-control-allow-origin']], [204, '*']);
  assert.deepEqual([(await get(url, '/metrics')).status, (await get(url, '/call/demo')).status], [404, 200]);
  assert.equal((await get(url, '/_roomcast_play')).status, 404);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['roomcast.v1', `roomcast.token.${a}`]);
  await once(socket, 'open');
  socket.terminate();
}

async function logsNothing(url, nginx, tokens) {
  await get(url, '/last');
  await until(() => nginx.output.includes('/last'), 'nginx writes its log');
  assert.match(nginx.output, /GET \/live\/a\/main\/v0\/playlist\.m3u8" 200/);
  for (const part of tokens.flatMap((jwt) => jwt.split('.').slice(1))) assert.ok(!nginx.output.includes(part), nginx.output);
}
