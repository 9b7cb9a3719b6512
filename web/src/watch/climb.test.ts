import { expect, test } from 'vitest';
import { FakeWorld } from '../client/fake';
import { Climb, type Ladder, newestSegment } from './climb';

function climbing(measured: number | undefined) {
  const world = new FakeWorld();
  const probes: string[] = [];
  const climb = new Climb(world, async (uri) => {
    probes.push(uri);
    return measured;
  });
  const hls = {
    autoLevelEnabled: true,
    currentLevel: 0,
    levels: [
      { bitrate: 400_000, uri: 'low' },
      { bitrate: 2_000_000, uri: 'high' },
    ],
    bandwidthEstimate: 900_000,
  };
  const play = async (seconds: number, playsWell = true) => {
    for (let quarter = 0; quarter < seconds * 4; quarter += 1) {
      world.advance(250);
      climb.look(hls satisfies Ladder, playsWell);
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  return { hls, probes, play };
}

test('a line that carries the next variant is found out within seconds', async () => {
  const { hls, probes, play } = climbing(20_000_000);
  await play(3.75);
  expect(probes).toEqual([]);
  await play(1);
  expect(probes).toEqual(['high']);
  expect(hls.bandwidthEstimate).toBe(8_000_000);
});

test('a line that does not is asked every few seconds, and its estimate stays', async () => {
  const { hls, probes, play } = climbing(2_500_000);
  await play(20);
  expect(probes).toHaveLength(4);
  expect(hls.bandwidthEstimate).toBe(900_000);
});

test('nothing is asked for while the video stands, in a chosen quality, or at the top', async () => {
  for (const change of [{ autoLevelEnabled: false }, { currentLevel: 1 }, { currentLevel: -1 }]) {
    const { hls, probes, play } = climbing(20_000_000);
    Object.assign(hls, change);
    await play(10);
    expect(probes).toEqual([]);
  }
  const { probes, play } = climbing(20_000_000);
  await play(10, false);
  expect(probes).toEqual([]);
});

test('whoever falls back soon after a climb waits for longer', async () => {
  const { hls, probes, play } = climbing(20_000_000);
  await play(5);
  hls.currentLevel = 1;
  await play(2);
  hls.currentLevel = 0;
  await play(6);
  expect(probes).toHaveLength(1);
  await play(4);
  expect(probes).toHaveLength(2);
});

test('the newest whole segment is taken, no gap and no part', () => {
  const list = '#EXTM3U\n#EXTINF:1,\ns1.m4s\n#EXT-X-GAP\n#EXTINF:1,\ns2.m4s\n#EXT-X-PART:DURATION=0.3,URI="p9.m4s"\n';
  expect(newestSegment(list, 'http://host/live/v1/playlist.m3u8?x=1')).toBe('http://host/live/v1/s1.m4s');
  expect(newestSegment('#EXTM3U\n', 'http://host/a')).toBeUndefined();
});
