// Blocks that push or publish media, with a short clip in place of `input.mp4`.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { freePort, newFolder, until } from '../browser/cluster.mjs';
import { startServer, stop } from '../browser/processes.mjs';
import { call, replaced, run, start } from './shell.mjs';

export const DOCUMENTED = 'http://127.0.0.1:8080';
const MULTIVARIANT = '/live/demo/main/playlist.m3u8';

/** A folder with a clip of some seconds, of 30 frames a second with sound. */
export async function folderWithClip(t, seconds = 3) {
  const folder = await newFolder(t);
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=30', '-f', 'lavfi', '-i', 'sine=sample_rate=48000'];
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
  call('ffmpeg', ['-v', 'error', ...source, '-t', String(seconds), ...codecs, join(folder, 'input.mp4')]);
  return folder;
}

async function text(url) {
  const response = await fetch(url).catch(() => undefined);
  return response?.ok ? response.text() : '';
}

/** The media playlists of the broadcast, once it has as many and all are as wanted. */
async function playlists(server, count, wanted, words) {
  const found = async () => {
    const names = [...(await text(server.url + MULTIVARIANT)).matchAll(/([\w-]+)\/playlist\.m3u8/g)].map(([, name]) => name);
    return Promise.all([...new Set(names)].map((name) => text(`${server.url}/live/demo/main/${name}/playlist.m3u8`)));
  };
  let lists = [];
  await until(async () => { lists = await found(); return lists.length === count && lists.every(wanted); }, words);
  return lists;
}

const hasEnded = (list) => list.endsWith('#EXT-X-ENDLIST\n');

/**
 * A whole broadcast: its tracks have no gap and no discontinuity, and end with the command.
 * @param linger when the server ends a broadcast whose encoder does not say that it has ended
 */
export function broadcast(tracks, linger = '1h') {
  return async (t, block) => {
    const [server, cwd] = [await startServer(t, ['--ingest-linger', linger]), await folderWithClip(t)];
    await run(t, replaced(block, { [DOCUMENTED]: server.url }), { cwd });
    const lists = await playlists(server, tracks, hasEnded, 'the broadcast ends with ffmpeg');
    for (const list of lists) {
      const length = [...list.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, [, duration]) => sum + Number(duration), 0);
      assert.ok(Math.abs(length - 3) < 0.1, `${length} s are listed:\n${list}`);
      assert.doesNotMatch(list, /GAP|DISCONTINUITY\n/);
    }
    assert.match(await text(server.url + MULTIVARIANT), /CODECS="avc1\.[^"]*,mp4a\.40\.2"/);
  };
}

/** `roomcast publish` at the end of a pipe. */
export async function published(t, block) {
  const [server, cwd] = [await startServer(t), await folderWithClip(t)];
  const shell = start(t, replaced(block, { [DOCUMENTED]: server.url }), { cwd });
  await playlists(server, 1, (list) => list.includes('#EXTINF'), 'a segment is listed');
  assert.equal(await shell.ended, 0, shell.output);
}

/** A loop around ffmpeg, while the server is replaced: it goes on by itself, and ends with the input. */
export async function loop(t, block) {
  const [port, cwd] = [await freePort(), await folderWithClip(t, 4)];
  const first = await startServer(t, [], port);
  const shell = start(t, replaced(block, { [DOCUMENTED]: first.url }), { cwd });
  await playlists(first, 1, (list) => list.includes('#EXTINF'), 'a segment is listed');
  await stop(first.child, 'SIGTERM');
  const second = await startServer(t, ['--ingest-linger', '1h'], port);
  await playlists(second, 1, hasEnded, 'the broadcast comes back and ends');
  assert.equal(await shell.ended, 0, shell.output);
}

/** A loop around `roomcast publish`, which another publisher ends: it takes its place back, and ends with the input. */
export async function publishLoop(t, block) {
  const [server, cwd] = [await startServer(t), await folderWithClip(t, 4)];
  const shell = start(t, replaced(block, { [DOCUMENTED]: server.url }), { cwd });
  await playlists(server, 1, (list) => list.includes('#EXTINF'), 'a segment is listed');
  // Its input never ends: it is on air until its place is taken, however long the loop takes to start again.
  const endless = { 'until ffmpeg': 'ffmpeg -stream_loop -1', 'do sleep 1; done': '' };
  const rival = start(t, replaced(block, { [DOCUMENTED]: server.url, ...endless }), { cwd });
  await until(() => shell.output.includes('another publisher has taken over room demo'), 'the loop is interrupted');
  assert.equal(await shell.ended, 0, shell.output);
  assert.notEqual(await rival.ended, 0, rival.output);
}

/** A player without a screen: it has found the video when it describes it. */
export async function player(t, block) {
  const [server, cwd] = [await startServer(t), await folderWithClip(t)];
  const push = `ffmpeg -v error -re -i input.mp4 -c:v libx264 -tune zerolatency -g 30 -bf 0 -c:a aac -f mp4 \
    -movflags +cmaf+delay_moov+default_base_moof -frag_duration 333333 -method PUT ${server.url}/rooms/demo/ingest/main/v0`;
  await run(t, push, { cwd });
  const env = { SDL_VIDEODRIVER: 'dummy', SDL_AUDIODRIVER: 'dummy' };
  const shell = start(t, replaced(block, { [DOCUMENTED]: server.url }), { cwd, env });
  await until(() => /Video: h264.*160x90/.test(shell.output), 'ffplay describes the video');
}

/** The line that a refused push leaves in the log. */
export async function refusal(t, block) {
  const server = await startServer(t);
  let log = '';
  server.child.stderr.on('data', (chunk) => { log += chunk; });
  const response = await fetch(`${server.url}/rooms/demo/ingest/main/v0`, { method: 'PUT', body: 'not a box at all' });
  assert.equal(response.status, 415);
  const [level, words] = replaced(block.trim(), { '192.0.2.7': '127.0.0.1' }).split('…')[0].split(/(?<=WARN) /);
  // Colours are switched off by the log itself when it is not read by a terminal.
  await until(() => log.split('\n').some((line) => line.includes(level) && line.includes(words)), `${words} in the log`);
}
