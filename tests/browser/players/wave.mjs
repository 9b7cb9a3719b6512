// Some broadcasts side by side, each watched by several players at once.

import { run } from '../processes.mjs';
import { LEAST_SECONDS } from './judge.mjs';
import { share, work } from './load.mjs';
import { Reader, playable } from './playlists.mjs';
import { Viewer, describe } from './viewer.mjs';

/** Longer than a judge asks for, and by when a player has to have got there. */
const WATCHED_SECONDS = LEAST_SECONDS + 2;
const PATIENCE_MS = 70_000;
/** A player may be late because the machine was elsewhere for a moment; a fault of a broadcast shows twice. */
const ATTEMPTS = 2;

/**
 * Lets all broadcasts be watched for a minute and judged; what was found wanting is shown once more. Gives what was
 * seen of each, with the error of its judge if there was one.
 */
export async function watched(t, stage, broadcasts) {
  let left = broadcasts;
  const all = [];
  for (let attempt = 1; attempt <= ATTEMPTS && left.length > 0; attempt += 1) {
    const { seen, load } = await wave(t, stage, left, attempt);
    for (const one of seen) one.error = await judged(one);
    for (const result of seen.flatMap(({ results }) => results)) t.diagnostic(describe(result));
    const percent = (value) => `${Math.round(value * 100)} %`;
    t.diagnostic(`of the machine's time this test took ${percent(load.own)}, others ${percent(load.others)}`);
    const again = attempt < ATTEMPTS ? seen.filter(({ error }) => error) : [];
    for (const { room, error } of again) t.diagnostic(`${room} is shown again: ${error.message.split('\n')[0]}`);
    all.push(...seen.filter((one) => !again.includes(one)));
    left = again.map(({ broadcast }) => broadcast);
  }
  return all;
}

async function judged({ broadcast, live, results, probe }) {
  try {
    await broadcast.judge({ live, results, probe });
    return undefined;
  } catch (error) {
    return error;
  }
}

async function wave(t, stage, broadcasts, attempt) {
  const seen = broadcasts.map((broadcast) => ({ broadcast, room: `${broadcast.name}-${attempt}` }));
  for (const one of seen) one.live = await one.broadcast.start(one.room);
  await Promise.all(seen.map(({ room, broadcast }) => playable(stage.server, room, broadcast.tracks)));
  for (const one of seen) {
    one.reader = new Reader(stage.server, one.room, one.broadcast.tracks);
    one.viewers = [];
    for (const player of one.broadcast.players) one.viewers.push(await Viewer.open(stage.browser, stage.site, stage.server, one.room, player));
    one.done = one.broadcast.during?.(one.viewers);
  }
  const before = work();
  const bound = Date.now() + PATIENCE_MS;
  const viewers = seen.flatMap((one) => one.viewers);
  await Promise.all([...viewers.map((viewer) => viewer.watched(WATCHED_SECONDS, bound)), ...seen.map(({ done }) => done)]);
  const load = share(before, work());
  for (const one of seen) one.results = await Promise.all(one.viewers.map((viewer) => viewer.close()));
  for (const one of seen) one.probe = await probe(stage.server, one.room);
  await Promise.all(seen.map(({ reader }) => reader.stop()));
  for (const { live } of seen) await live.end();
  await Promise.all(seen.map(({ reader }) => reader.read()));
  t.diagnostic(`attempt ${attempt}: ${seen.map(({ room }) => room).join(', ')}`);
  return { seen, load };
}

/** The codec and size that ffprobe finds in a room. */
async function probe(server, room) {
  const url = `${server.url}/live/${room}/main/playlist.m3u8`;
  const report = JSON.parse(await run('ffprobe', ['-v', 'fatal', '-print_format', 'json', '-show_streams', url]));
  return report.streams.map(({ codec_name: codec, width, height }) => [codec, width, height].join(' ').trim()).sort();
}
