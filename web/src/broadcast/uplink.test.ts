import { describe, expect, test } from 'vitest';
import { FakeWorld } from '../client/fake';
import { Attempt, type Outcome } from './attempt';
import { text } from './mp4/bytes';
import { numbersAfter } from './names';
import { type EncodedFormat, Packager } from './packager';
import { asGap, body, type PartUpload, type Upload } from './signals';
import { Slowness, uplinkDelay } from './slowness';
import { MOST_JOBS, MOST_RUNNING, MOST_WAITING_S, Uplink } from './uplink';

const ok: Outcome = { kind: 'answered', status: 200, code: 200, delay: 12, message: '' };
const lost: Outcome = { kind: 'lost', reason: 'reset' };
const answer = (code: number, status: number): Outcome => ({
  kind: 'answered',
  status,
  code,
  delay: 5,
  message: 'because',
});

function format(): EncodedFormat {
  const pageState = { codecs: 'avc1.42c01f,opus', width: 640, height: 360, frameRate: 30, bandwidth: 1_000_000 };
  return { ...pageState, init: text('init'), wallClock: 1_700_000_000_000 };
}

let count = 0;
const newId = () => {
  count += 1;
  return `id-${count}`;
};

function packager(earlier?: { segment: number; part: number; map: number }): Packager {
  return new Packager(earlier, 1000, newId);
}

/** The signals of so many seconds of media, three parts to each. */
function broadcast(seconds: number, made = packager()): Upload[] {
  const parts = Array.from({ length: seconds * 3 }, (_, n) => ({
    bytes: text(`part ${n}`),
    begin: n / 3,
    seconds: 1 / 3,
    independent: n % 3 === 0,
    first: n % 3 === 0,
  }));
  return [made.begin(format()), ...parts.flatMap((part) => made.part(part))];
}

/** An uplink whose uploads are answered by the test. */
function uplink() {
  const world = new FakeWorld();
  const sent: { upload: Upload; reply: (outcome: Outcome) => Promise<void> }[] = [];
  const events: string[] = [];
  const line = new Uplink(
    world,
    (upload) =>
      new Promise((resolve) => {
        const reply = async (outcome: Outcome) => {
          resolve(outcome);
          await Promise.resolve();
          await Promise.resolve();
        };
        sent.push({ upload, reply });
      }),
    newId,
    {
      uploaded: ({ action }, delay) => events.push(`${action} ${delay}`),
      dropped: () => events.push('dropped'),
      tokenRefused: () => events.push('token'),
      refused: (code, message) => events.push(`refused ${code} ${message}`),
    },
  );
  return { world, sent, events, line };
}

function names(uploads: Upload[]): string[] {
  return uploads.map((upload) =>
    upload.action === 'updatePart' ? `${upload.payload.part.id}${upload.media ? '' : ' gap'}` : upload.action,
  );
}

describe('uploads', () => {
  test('wait for what declares them, then go a few at a time and in order', async () => {
    const { sent, line } = uplink();
    for (const upload of broadcast(2)) line.put(upload);
    expect(names(sent.map(({ upload }) => upload))).toEqual(['updateVariant']);
    await sent[0]?.reply(ok);
    expect(sent).toHaveLength(1 + MOST_RUNNING);
    await sent[2]?.reply(ok);
    expect(names(sent.map(({ upload }) => upload))).toEqual(['updateVariant', 'p0.m4s', 'p1.m4s', 'p2.m4s', 'p3.m4s']);
  });

  test('that were lost are sent again as they were', async () => {
    const { world, sent, events, line } = uplink();
    line.put(broadcast(1)[1] as Upload);
    await sent[0]?.reply(lost);
    expect(sent).toHaveLength(1);
    world.advance(250);
    expect(sent).toHaveLength(2);
    expect(sent[1]?.upload).toBe(sent[0]?.upload);
    await sent[1]?.reply(answer(4026, 409));
    expect(events).toEqual(['updatePart 250']);
  });

  test('wait for a fresh token', async () => {
    const { world, sent, events, line } = uplink();
    line.put(broadcast(1)[1] as Upload);
    await sent[0]?.reply(answer(4041, 401));
    world.advance(5000);
    expect([events, sent.length]).toEqual([['token'], 1]);
    line.resume();
    await sent[1]?.reply(ok);
    expect(events[1]).toMatch(/^updatePart/);
  });

  test('that are refused end the line', async () => {
    const { sent, events, line } = uplink();
    line.put(broadcast(1)[0] as Upload);
    await sent[0]?.reply(answer(2001, 400));
    line.put(broadcast(1)[0] as Upload);
    expect([events, sent.length]).toEqual([['refused 2001 because'], 1]);
  });

  test('that are too late become gaps, with the rest of their segment', async () => {
    const { world, sent, events, line } = uplink();
    for (const upload of broadcast(1).slice(1)) line.put(upload);
    world.advance(8000);
    await sent[0]?.reply(lost);
    expect(events).toEqual(['dropped']);
    expect(names([sent.at(-1)?.upload as Upload])).toEqual(['p0.m4s gap']);
    await sent[1]?.reply(lost);
    await sent[2]?.reply(lost);
    expect(names(sent.slice(-2).map(({ upload }) => upload))).toEqual(['p1.m4s gap', 'p2.m4s gap']);
  });

  test('that wait for too long are given up by whole segments, the oldest first', () => {
    const { sent, events, line } = uplink();
    line.pause();
    for (const upload of broadcast(MOST_WAITING_S + 2)) line.put(upload);
    expect(events).toEqual(Array.from({ length: 6 }, () => 'dropped'));
    expect(line.waiting).toBeLessThanOrEqual(MOST_WAITING_S);
    line.resume();
    expect(names(sent.map(({ upload }) => upload))).toEqual(['updateVariant']);
  });

  test('are never more than a bound, however long nothing goes out', () => {
    const { line } = uplink();
    line.pause();
    const made = packager();
    for (const upload of broadcast(600, made)) line.put(upload);
    expect(line.waiting).toBeLessThanOrEqual(MOST_WAITING_S);
    expect(line.length).toBeLessThanOrEqual(MOST_JOBS);
  });
});

describe('one attempt', () => {
  test('waits for as long as the server asks, else as before a reconnect', () => {
    const busy = { kind: 'answered', status: 503, code: 503, delay: undefined, message: 'busy' } as const;
    const attempt = new Attempt();
    expect(attempt.judge(0, 0.5, busy)).toEqual({ kind: 'again', after: 125 });
    expect(attempt.judge(0, 0.5, { ...busy, retryAfter: 3 })).toEqual({ kind: 'again', after: 3000 });
    expect(attempt.judge(0, 0.5, busy)).toEqual({ kind: 'again', after: 500 });
  });

  test('tells what passes from what does not', () => {
    const judge = (outcome: Outcome) => new Attempt(10_000).judge(0, 0.5, outcome).kind;
    expect([answer(4029, 429), answer(503, 503), answer(500, 500), lost].map(judge)).toEqual(Array(4).fill('again'));
    expect([answer(4041, 401), answer(4001, 404)].map(judge)).toEqual(['renew', 'renew']);
    expect([answer(4026, 409), answer(4005, 404), answer(2001, 400)].map(judge)).toEqual(Array(3).fill('refused'));
    expect(judge({ kind: 'answered', status: 502, code: undefined, delay: undefined, message: '' })).toBe('again');
  });

  test('is given up in time, and asks for so many tokens only', () => {
    const attempt = new Attempt(1000);
    expect(attempt.judge(900, 0.9, lost).kind).toBe('late');
    const renewing = new Attempt();
    const kinds = Array.from({ length: 4 }, () => renewing.judge(0, 0.5, answer(4041, 401)).kind);
    expect(kinds).toEqual(['renew', 'renew', 'renew', 'refused']);
  });
});

describe('a request', () => {
  const [variant, part] = broadcast(1) as [Upload, PartUpload];

  test('of several parts carries the bytes as they are', async () => {
    const form = await new Response(body(part, 1234, 'multipart')).formData();
    expect([...form.keys()]).toEqual(['signal', 'data']);
    const signal = JSON.parse(form.get('signal') as string);
    expect(signal).toMatchObject({ action: 'updatePart', version: 1, timestamp: '1234', numbytes: 6 });
    expect(signal.payload.part.data).toBeUndefined();
    expect(await (form.get('data') as File).text()).toBe('part 0');
    const declared = await new Response(body(variant, 1, 'multipart')).formData();
    expect(await (declared.get('map') as File).text()).toBe('init');
  });

  test('in JSON carries them as base64', () => {
    const signal = JSON.parse(body(part, 1234, 'json') as string);
    expect(signal.payload.part.data).toBe(btoa('part 0'));
    expect(JSON.parse(body(variant, 1, 'json') as string).payload.segment.map.data).toBe(btoa('init'));
  });

  test('for a gap has no bytes and is not independent', async () => {
    const gap = asGap(part, 'another');
    const form = await new Response(body(gap, 1, 'multipart')).formData();
    expect([...form.keys()]).toEqual(['signal']);
    const signal = JSON.parse(form.get('signal') as string);
    expect(signal).toMatchObject({ id: 'another', numbytes: 0, payload: { part: { gap: true } } });
    expect(signal.payload.part.independent).toBeUndefined();
    expect(part.payload.part.gap).toBeUndefined();
  });
});

describe('the signals of a broadcast', () => {
  const parts = (uploads: Upload[]) => uploads.filter((upload) => upload.action === 'updatePart');

  test('number parts and segments and date every segment', () => {
    const heads = parts(broadcast(2)).map(({ payload: { segment, part } }) => [segment.id, part.id, part.sequence]);
    expect(heads.slice(2, 5)).toEqual([
      ['s0.m4s', 'p2.m4s', 2],
      ['s1.m4s', 'p3.m4s', 0],
      ['s1.m4s', 'p4.m4s', 1],
    ]);
    const dates = parts(broadcast(2)).map(({ payload }) => Number(payload.segment.programDateTime) - 1_700_000_000_000);
    expect(dates).toEqual([0, 0, 0, 1000, 1000, 1000]);
  });

  test('go on behind an earlier run with a discontinuity in the first segment alone', () => {
    const uploads = parts(broadcast(2, packager({ segment: 43, part: 128, map: 4 })));
    expect(uploads[0]?.payload).toMatchObject({
      segment: { id: 's43.m4s', sequence: 43, discontinuity: true, map: { id: 'init-4.mp4' } },
      part: { id: 'p128.m4s', sequence: 0 },
    });
    expect(uploads.map(({ payload }) => payload.segment.discontinuity ?? false)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test('begin a new encoding session with a new init section behind a discontinuity', () => {
    const made = packager();
    broadcast(1, made);
    const again = broadcast(1, made);
    expect(again[0]?.payload).toMatchObject({ segment: { map: { id: 'init-1.mp4' } } });
    expect(parts(again)[0]?.payload.segment).toMatchObject({ sequence: 1, discontinuity: true });
  });

  test('raise the declared bandwidth when a segment was above it', () => {
    const made = packager();
    made.begin(format());
    const loud = { bytes: new Uint8Array(300_000), begin: 0, seconds: 1, independent: true, first: true };
    expect(made.part(loud)).toHaveLength(1);
    const [declared, part] = made.part({ ...loud, begin: 1 });
    expect(declared?.payload).toMatchObject({
      variant: { bandwidth: 2_700_000 },
      segment: { map: { id: 'init-0.mp4' } },
    });
    expect(part?.payload).toMatchObject({ segment: { map: { id: 'init-0.mp4' } } });
  });
});

describe('the numbers of an earlier run', () => {
  const playlist = `#EXTM3U
#EXT-X-MEDIA-SEQUENCE:41
#EXT-X-MAP:URI="init-0.mp4"
#EXTINF:1.0,
s41.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init-3.mp4"
#EXT-X-PART:DURATION=0.3,URI="p127.m4s",INDEPENDENT=YES
#EXTINF:0.3,
s42.m4s
`;

  test('end behind the last segment, or behind the one that was begun', () => {
    expect(numbersAfter(playlist)).toEqual({ segment: 43, part: 128, map: 4 });
    const open = '#EXT-X-PART:DURATION=0.3,URI="p128.m4s"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p129.m4s"\n';
    expect(numbersAfter(playlist + open)).toEqual({ segment: 44, part: 129, map: 4 });
  });

  test('stay free also where no part is listed, and are unknown where there is no playlist', () => {
    expect(numbersAfter('#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:1,\ns7.m4s\n')).toEqual({
      segment: 8,
      part: 8000,
      map: 0,
    });
    expect(numbersAfter('<html>')).toBeUndefined();
  });
});

describe('an uplink', () => {
  test('is too slow after ten seconds without one fast upload', () => {
    const slowness = new Slowness();
    for (let now = 0; now < 10_000; now += 500) expect(slowness.report(now, 800)).toBe(false);
    expect(slowness.slowFor(2900)).toBe(2900);
    expect(slowness.report(10_000, 800)).toBe(true);
    expect(slowness.report(10_100, 100)).toBe(false);
    expect(slowness.report(15_000, 800)).toBe(false);
  });

  test('is judged by the server, but not by a clock that is wrong', () => {
    expect(uplinkDelay(0, 80, 120)).toBe(80);
    expect(uplinkDelay(0, 3000, 120)).toBe(120);
    expect(uplinkDelay(50, -3000, 120)).toBe(170);
  });
});
