import { expect, test } from 'vitest';
import { Steps, type StepVerdict } from './steps';

const BITRATES = [700_000, 2_000_000, 4_500_000];
const PART_BITS = 230_000;

/** Reports a part every third of a second, and what came of it when. */
function uploading(top: number) {
  const steps = new Steps(BITRATES, top);
  const verdicts: [number, StepVerdict][] = [];
  let now = 0;
  const upload = (seconds: number, delay: number, bits = PART_BITS) => {
    for (const end = now + seconds * 1000; now < end; now += 250) {
      const verdict = steps.report(now, delay, bits);
      if (verdict) verdicts.push([now / 1000, verdict]);
    }
  };
  return { steps, verdicts, upload };
}

test('slow uploads lower the quality every three seconds, and end the broadcast only at the lowest', () => {
  const { steps, verdicts, upload } = uploading(2);
  upload(16.5, 900);
  expect(verdicts).toEqual(
    [
      [3, 'down'],
      [6.25, 'down'],
      [16.5, 'stop'],
    ].slice(0, 2),
  );
  expect(steps.step).toBe(0);
  upload(0.5, 900);
  expect(verdicts[2]).toEqual([16.5, 'stop']);
});

test('one upload that was fast enough begins the count anew', () => {
  const { verdicts, upload } = uploading(1);
  upload(2.75, 900);
  upload(0.25, 700);
  upload(2.75, 900);
  expect(verdicts).toEqual([]);
});

test('after a minute with room to spare the quality goes up again, to the chosen one and no further', () => {
  const { steps, verdicts, upload } = uploading(1);
  upload(3.25, 900);
  upload(200, 40);
  expect(verdicts.map(([, verdict]) => verdict)).toEqual(['down', 'up']);
  expect((verdicts[1]?.[0] ?? 0) - (verdicts[0]?.[0] ?? 0)).toBeGreaterThanOrEqual(60);
  expect([steps.step, steps.isReduced]).toEqual([1, false]);
});

test('a way that only just carries the quality of now is left alone', () => {
  const { verdicts, upload } = uploading(1);
  upload(3.25, 900);
  // Fast enough, but 230 kbit in 300 ms are no 3 Mbit/s.
  upload(300, 300);
  expect(verdicts.map(([, verdict]) => verdict)).toEqual(['down']);
});

test('a step up that did not hold is tried later', () => {
  const { verdicts, upload } = uploading(1);
  upload(3.25, 900);
  upload(61, 40);
  upload(4, 900);
  upload(119, 40);
  expect(verdicts.map(([, verdict]) => verdict)).toEqual(['down', 'up', 'down']);
  upload(4, 40);
  expect(verdicts.map(([, verdict]) => verdict)).toEqual(['down', 'up', 'down', 'up']);
});

test('a quality chosen by hand begins anew', () => {
  const { steps, upload } = uploading(2);
  upload(3.25, 900);
  steps.choose(0);
  expect([steps.step, steps.isReduced]).toEqual([0, false]);
});

/** Looks every half second at uploads of which none finishes. */
function stuck(top: number, seconds: number) {
  const steps = new Steps(BITRATES, top);
  const verdicts: [number, StepVerdict][] = [];
  for (let now = 0; now <= seconds * 1000; now += 500) {
    const verdict = steps.unacknowledged(now, now);
    if (verdict) verdicts.push([now / 1000, verdict]);
  }
  return verdicts;
}

test('uploads that never finish lower the quality and end the broadcast like slow ones', () => {
  expect(stuck(1, 14.5)).toEqual([
    [4, 'down'],
    [14.5, 'stop'],
  ]);
});

test('one upload that stands still beside fast ones is no slow uplink', () => {
  const steps = new Steps(BITRATES, 1);
  for (let now = 0; now < 20_000; now += 500) {
    expect(steps.unacknowledged(now, 5000)).toBeUndefined();
    expect(steps.report(now + 100, 40, PART_BITS)).toBeUndefined();
  }
});

test('time without the server is not counted, and time before it is not forgotten', () => {
  const steps = new Steps(BITRATES, 0);
  for (let now = 1000; now <= 7000; now += 500) steps.unacknowledged(now, now);
  steps.pause(7000);
  steps.resume(67_000);
  expect(steps.unacknowledged(70_500, 60_000)).toBeUndefined();
  expect(steps.unacknowledged(71_000, 60_000)).toBe('stop');
});
