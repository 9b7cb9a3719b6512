/**
 * The pages without their screens, for tests: each joins in a fake world and says what it would show.
 * Never part of the built page.
 */

import { Broadcast } from './broadcast/broadcast';
import { QUALITIES } from './broadcast/encoders';
import { describe as describeBroadcast } from './broadcast/model';
import { Call } from './call/call';
import { describe as describeCall } from './call/model';
import { type FakeWorld, ME } from './client/fake';
import { peers } from './group/fake';
import { Group } from './group/group';
import { describe as describeGroup } from './group/model';
import type { LocalMedia } from './rtc/media';
import { FakeBrowser, seatsIn } from './seats/fake';
import type { ReturningIdentity } from './seats/seated-membership';
import type { Seats } from './seats/seats';
import { describe as describeWatch } from './watch/model';
import { Watch } from './watch/watch';

/** The visible text and buttons of a page. */
export interface Shown {
  state: string;
  text: string;
  /** There is a button or a link that leads out of this state. */
  wayOut: boolean;
}

export function identity(): ReturningIdentity {
  return { session: () => ME, resume: () => undefined, keep: () => {}, renew: () => {}, adopt: () => {} };
}

export function media(): LocalMedia {
  const { isOn, isAvailable } = { isOn: () => true, isAvailable: () => true };
  const stream = {};
  return { isOn, isAvailable, stream, track: () => null, problems: {}, release: () => {} } as unknown as LocalMedia;
}

const URL = 'ws://host/ws';

export const PAGES = {
  call(world: FakeWorld, seats = someSeats(world)) {
    let shown = {} as ReturnType<typeof describeCall>;
    const changed = (pageState: Parameters<typeof describeCall>[0]) => {
      shown = describeCall(pageState);
    };
    new Call(URL, 'demo', identity(), media(), world, seats, { changed, streamChanged: () => {} }).join();
    return (): Shown => ({ ...words(shown), wayOut: shown.canGiveUp || shown.retry || shown.invite });
  },
  group(world: FakeWorld, seats = someSeats(world)) {
    const { makePeer } = peers();
    const group = new Group(URL, 'demo', identity(), media(), world, seats, makePeer, { changed: () => {} });
    group.join();
    const model = () => describeGroup(group.pageState);
    const page = (): Shown => {
      const { text, state } = words(model());
      const wayOut = model().retry || group.pageState.stage !== 'failed';
      return { state, text: `${text} | ${model().route}`, wayOut };
    };
    return Object.assign(page, { group });
  },
  watch(world: FakeWorld) {
    let shown = {} as ReturnType<typeof describeWatch>;
    const changed = (pageState: Parameters<typeof describeWatch>[0]) => {
      shown = describeWatch(pageState);
    };
    const handlers = { changed, muted: () => {} };
    new Watch(URL, 'demo', identity(), {} as HTMLVideoElement, world, handlers).start();
    return (): Shown => ({ ...words(shown), wayOut: shown.retry || shown.home });
  },
  broadcast(world: FakeWorld, seats = someSeats(world)) {
    const handlers = { changed: () => {} };
    const broadcast = new Broadcast(URL, 'demo', identity(), media(), QUALITIES.low, world, seats, handlers);
    broadcast.mediaChanged();
    broadcast.start();
    const model = () => describeBroadcast(broadcast.pageState);
    return (): Shown => ({ ...words(model()), wayOut: model().stop || model().again });
  },
};

export type PageName = keyof typeof PAGES;

function someSeats(world: FakeWorld): Seats {
  return seatsIn(new FakeBrowser(), world.now);
}

function words({ state, ...shown }: { state: string; status: string; title: string; detail: string }) {
  return { state, text: [shown.status, shown.title, shown.detail].join(' | ') };
}
