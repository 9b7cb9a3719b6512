// Reads the state of a call from its pages.

import { until } from './processes.mjs';

/** Waits until a page has decoded this many more frames of the other's video, and hears the other's sound. */
export async function seesTheOther(page, frames) {
  await until(
    page,
    async (wanted) => {
      const { pc } = window.roomcast;
      const reports = [...((await pc?.getStats()) ?? new Map()).values()];
      const inbound = reports.filter((report) => report.type === 'inbound-rtp');
      const decoded = inbound.find((report) => report.kind === 'video')?.framesDecoded ?? 0;
      const heard = inbound.find((report) => report.kind === 'audio')?.packetsReceived ?? 0;
      if (window.before?.pc !== pc) window.before = { pc, decoded, heard };
      const video = document.querySelector('#remote-video');
      const plays = video.videoWidth > 0 && !video.paused;
      return plays && decoded - window.before.decoded >= wanted && heard - window.before.heard >= wanted;
    },
    frames,
  );
  await page.evaluate(() => { delete window.before; });
}

/** Keeps the states a page goes through from now on, for `statesOf`. */
export async function watchStates(page) {
  await page.evaluate(() => {
    const { body } = document;
    window.statesSeen = [body.dataset.state];
    const look = () => window.statesSeen.at(-1) === body.dataset.state || window.statesSeen.push(body.dataset.state);
    new MutationObserver(look).observe(body, { attributeFilter: ['data-state'] });
  });
}

export function statesOf(page) {
  return page.evaluate(() => window.statesSeen);
}

/** Keeps the numbers that reach a page with `say`, for `numbersHeard`. */
export async function watchNumbers(page) {
  await page.evaluate(() => {
    window.numbersHeard = [];
    const take = RTCPeerConnection.prototype.addIceCandidate;
    RTCPeerConnection.prototype.addIceCandidate = function addIceCandidate(candidate) {
      const number = /^number (\d+)$/.exec(candidate?.candidate ?? '');
      if (!number) return take.call(this, candidate);
      window.numbersHeard.push(Number(number[1]));
      return Promise.resolve();
    };
  });
}

export function numbersHeard(page) {
  return page.evaluate(() => window.numbersHeard);
}

/** Signals numbers to the other page, in the place of candidates. */
export async function say(page, numbers) {
  const accepted = await page.evaluate(
    (list) => list.map((number) => window.roomcast.connection.send({ s: 'ICE', sdp: `number ${number}` })),
    numbers,
  );
  if (!accepted.every(Boolean)) throw new Error(`not every signal was taken: ${accepted}`);
}

/** Waits until a page has heard the last of these numbers. */
export async function heard(page, numbers) {
  await page.waitForFunction((last) => window.numbersHeard.includes(last), numbers.at(-1), { timeout: 20_000, polling: 100 });
}

/** Lets a page look for another way through the network, as it does when the media stand still. */
export async function restartMedia(page) {
  await page.evaluate(() => window.roomcast.restartMedia());
  await page.waitForFunction(() => window.roomcast.pc.signalingState === 'have-local-offer', null, { timeout: 5000, polling: 20 });
}

/** The ICE username fragments of both ends, as a page knows them. */
export function iceFragments(page) {
  return page.evaluate(() => {
    const fragment = (description) => /^a=ice-ufrag:(\S+)/m.exec(description.sdp)[1];
    const { pc } = window.roomcast;
    return [fragment(pc.currentLocalDescription), fragment(pc.currentRemoteDescription)];
  });
}
