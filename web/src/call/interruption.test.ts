import { describe, expect, test } from 'vitest';
import type { Offer } from '../client';
import { FakeWorld } from '../client/fake';
import { PendingOffer } from '../rtc/pending-offer';
import { Revival } from '../rtc/revival';
import { describe as describeCall, type PageState } from './model';
import { PageStateStore } from './page-state';

describe('what the page says of an interruption', () => {
  const other = { name: 'Amber Otter', video: true, audio: true };
  const inCall: Partial<PageState> = { stage: 'joined', other, media: 'connected', everConnected: true };

  function call() {
    const world = new FakeWorld();
    const pageState = new PageStateStore(world, () => {});
    pageState.update(inCall);
    return { world, pageState, status: () => describeCall(pageState.now).status };
  }

  test('is nothing where there was none', () => {
    expect(call().status()).toBe('In call with Amber Otter');
  });

  test('is that it reconnects, then that it is back, and after a while nothing more', () => {
    const { world, pageState, status } = call();
    pageState.update({ stage: 'recovering' });
    expect(status()).toBe('Connection lost. Reconnecting…');
    pageState.update({ stage: 'joined' });
    expect(status()).toBe('Back in the call with Amber Otter');
    world.advance(4999);
    expect(status()).toBe('Back in the call with Amber Otter');
    world.advance(1);
    expect(status()).toBe('In call with Amber Otter');
  });

  test('waits for the picture when that has to be made anew', () => {
    const { world, pageState, status } = call();
    pageState.update({ stage: 'recovering' });
    pageState.update({ stage: 'joined', other: undefined, media: 'new', everConnected: false });
    expect(status()).toBe('Connected again. Waiting for someone to join');
    pageState.update({ other, media: 'connecting' });
    world.advance(60_000);
    pageState.update({ media: 'connected', everConnected: true });
    expect(status()).toBe('Back in the call with Amber Otter');
  });

  test('starts anew with the next one', () => {
    const { world, pageState, status } = call();
    pageState.update({ stage: 'recovering' });
    pageState.update({ stage: 'joined' });
    world.advance(4000);
    pageState.update({ media: 'disconnected' });
    expect(status()).toBe('Connection to Amber Otter lost. Reconnecting…');
    pageState.update({ media: 'connected' });
    world.advance(4999);
    expect(status()).toBe('Back in the call with Amber Otter');
  });

  test('is forgotten by who leaves', () => {
    const { pageState, status } = call();
    pageState.update({ stage: 'recovering' });
    pageState.update({ stage: 'gone' });
    pageState.update(inCall);
    expect(status()).toBe('In call with Amber Otter');
  });
});

describe('an offer that waits for its answer', () => {
  const offer: Offer = { s: 'OFFER', sdp: 'v=0', op: { restarting: true } };

  function waiting() {
    const world = new FakeWorld();
    let unanswered = 0;
    let ended = 0;
    const pending = new PendingOffer(world, {
      unanswered: () => {
        unanswered += 1;
      },
      ended: () => {
        ended += 1;
      },
    });
    return { world, pending, unanswered: () => unanswered, ended: () => ended };
  }

  test('is called unanswered after ten seconds', () => {
    const { world, pending, unanswered } = waiting();
    pending.said(offer);
    world.advance(9999);
    expect(unanswered()).toBe(0);
    world.advance(1);
    expect(unanswered()).toBe(1);
  });

  test('is not when it was answered', () => {
    const { world, pending, unanswered, ended } = waiting();
    pending.clear();
    pending.said(offer);
    expect(ended()).toBe(0);
    pending.clear();
    pending.clear();
    world.advance(60_000);
    expect([unanswered(), ended()]).toEqual([0, 1]);
  });

  test('waits as long as the server is out of reach, and is then said again', () => {
    const { world, pending, unanswered } = waiting();
    pending.said(offer);
    world.advance(9000);
    pending.pause();
    world.advance(60_000);
    expect(pending.resume()).toBe(offer);
    world.advance(9999);
    expect(unanswered()).toBe(0);
    world.advance(1);
    expect(unanswered()).toBe(1);
  });

  test('that was only queued is not said twice', () => {
    const { pending } = waiting();
    pending.pause();
    pending.said(offer);
    expect(pending.resume()).toBeUndefined();
  });

  test('that was answered is not said again', () => {
    const { pending } = waiting();
    pending.said(offer);
    pending.clear();
    pending.pause();
    expect(pending.resume()).toBeUndefined();
  });
});

describe('media that stand still while the server is out of reach', () => {
  function suspended() {
    const world = new FakeWorld();
    const said: string[] = [];
    const revival = new Revival(world, { restart: () => said.push('restart'), gaveUp: () => said.push('gave up') });
    revival.observe('disconnected', false);
    revival.suspend();
    revival.observe('failed', false);
    world.advance(300_000);
    return { world, said, revival };
  }

  test('are not given up', () => {
    expect(suspended().said).toEqual([]);
  });

  test('are restarted at once when it is back', () => {
    const { world, said, revival } = suspended();
    revival.resume('failed');
    world.advance(0);
    expect(said).toEqual(['restart']);
    world.advance(12_000);
    expect(said).toEqual(['restart', 'restart']);
  });

  test('are let be when they move again', () => {
    const { world, said, revival } = suspended();
    revival.observe('connected', false);
    revival.resume('connected');
    world.advance(60_000);
    expect(said).toEqual([]);
  });
});
