// A page with a player, and what it says of how it played.

import { setTimeout as after } from 'node:timers/promises';
import { newPage } from '../processes.mjs';

/** A playhead that moves slower than this is taken for one that stands. */
const STILL_MS = 500;
const WARM_UP_MS = 3000;
const MOST_SECONDS = 0.9;
/** A start of Chromium's own player that fails within this is repeated: it now and then does, whatever it is given. */
const FIRST_MS = 4000;
const STARTS = 3;

export class Viewer {
  /** Opens the page with a player (`hls`, `shaka`, `native`) on the playlist of a room. */
  static async open(browser, site, server, room, player, more = {}) {
    const page = await newPage(browser, { viewport: { width: 320, height: 180 } });
    const url = `${server.live}/${room}/main/playlist.m3u8`;
    await page.goto(`${site}/watch.html?${new URLSearchParams({ player, url, ...more })}`);
    return new Viewer(page, `${room} in ${player}`, player === 'native' ? STARTS : 1);
  }

  constructor(page, name, starts) {
    this.page = page;
    this.name = name;
    this.starts = starts;
  }

  /** Asks the player for the picture of this height. */
  choose(height) {
    return this.page.evaluate(async (wanted) => { (await window.watch.started).choose(wanted); }, height);
  }

  /** Waits until this many seconds have passed since the player began to play, or until the bound. */
  async watched(seconds, bound) {
    const has = () => this.page.evaluate((least) => {
      const { samples, errors } = window.watch;
      const first = samples.findIndex(({ time }, index) => index > 0 && time > samples[index - 1].time);
      const never = samples.length === 0 && errors.length > 0;
      return never || (first > 0 && samples.at(-1).at - samples[first].at >= least * 1000);
    }, seconds);
    while (!(await has()) && Date.now() < bound) {
      if (this.starts > 1 && (await this.#hasFailedToStart())) {
        this.starts -= 1;
        await this.page.reload();
      }
      await after(500);
    }
  }

  /** Whether it ended so within its first seconds: seen in Chromium 156 after a reload of a playlist that had nothing new. */
  #hasFailedToStart() {
    return this.page.evaluate((most) => {
      const { samples, errors } = window.watch;
      const moved = samples.filter(({ time }, index) => index > 0 && time > samples[index - 1].time);
      const brief = moved.length === 0 || moved.at(-1).at - moved[0].at < most;
      return brief && errors.some((error) => error.includes('DEMUXER_ERROR_COULD_NOT_PARSE'));
    }, FIRST_MS);
  }

  /** Closes the page and gives what it saw. */
  async close() {
    const seen = await this.page.evaluate(() => {
      const { samples, errors, notes, shown, video } = window.watch;
      return { samples, errors, notes, shown, frames: video.getVideoPlaybackQuality() && {
        shown: video.getVideoPlaybackQuality().totalVideoFrames, dropped: video.getVideoPlaybackQuality().droppedVideoFrames } };
    });
    await this.page.context().close();
    return { name: this.name, ...seen, errors: [...seen.errors, ...this.page.errors], ...judge(seen.samples) };
  }
}

/** Summary of the samples of a playhead: when it moved, where it stood, where it leapt, how far behind live it was. */
export function judge(samples) {
  const first = samples.findIndex(({ time }, index) => index > 0 && time > samples[index - 1].time);
  if (first < 0) return { seconds: 0, stalls: [], leaps: [], heights: [], behind: undefined };
  const begin = samples[first].at;
  const stalls = [];
  const leaps = [];
  let stands = samples[first];
  for (let index = first + 1; index < samples.length; index += 1) {
    const [before, sample] = [samples[index - 1], samples[index]];
    const still = sample.time - stands.time < 0.01;
    if ((!still || index === samples.length - 1)) {
      const until = still ? sample : before;
      if (until.at - stands.at > STILL_MS) stalls.push({ from: stands.at, to: sample.at });
      stands = sample;
    }
    const most = (sample.at - before.at) / 1000 * 2 + MOST_SECONDS;
    const moved = sample.time - before.time;
    if (moved > most || moved < -0.05) leaps.push({ at: sample.at, by: moved });
  }
  const steady = samples.filter(({ at, behind }) => at > begin + WARM_UP_MS && behind !== undefined).map(({ behind }) => behind);
  const sorted = steady.toSorted((a, b) => a - b);
  const last = samples.at(-1);
  const secondAgo = samples.findLast(({ at }) => at <= last.at - 1000) ?? samples[first];
  return {
    begin,
    seconds: (last.at - begin) / 1000,
    stalls,
    leaps,
    heights: samples.map(({ height }) => height).filter((height, index, all) => height !== all[index - 1] && height > 0),
    behind: {
      median: sorted[Math.floor(sorted.length / 2)], p95: sorted[Math.floor(sorted.length * 0.95)],
      least: sorted[0], most: sorted.at(-1), last: last.behind,
    },
    pace: (last.time - secondAgo.time) / ((last.at - secondAgo.at) / 1000),
  };
}

/** One line for the test's report. */
export function describe(result) {
  const seconds = (value) => value === undefined ? '?' : value.toFixed(2);
  const { behind = {}, begin } = result;
  const stalls = result.stalls.map(({ from, to }) => `${seconds((to - from) / 1000)} s at ${seconds((from - begin) / 1000)} s`);
  const leaps = result.leaps.map(({ at, by }) => `${seconds(by)} s at ${seconds((at - begin) / 1000)} s`);
  return `${result.name}: ${seconds(result.seconds)} s played; behind live: median ${seconds(behind.median)}, `
    + `p95 ${seconds(behind.p95)}, least ${seconds(behind.least)}, most ${seconds(behind.most)}, at the end ${seconds(behind.last)} s; `
    + `stalls: ${stalls.join(', ') || 'none'}; leaps: ${leaps.join(', ') || 'none'}; `
    + `heights ${result.heights.join('>')}; frames ${result.frames.shown} (${result.frames.dropped} dropped); `
    + `notes ${JSON.stringify(result.notes)}; errors ${JSON.stringify(result.errors)}`;
}
