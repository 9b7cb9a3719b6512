import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connect, FakeWorld, joinAck } from '../client/fake';
import { SteadyTimers, type TimerWorker } from './steady-timers';

/** A worker played by the test: it rings when told to, as if it had a clock of its own. */
class FakeWorker implements TimerWorker {
  onmessage: TimerWorker['onmessage'] = null;
  onerror: TimerWorker['onerror'] = null;
  terminated = false;
  readonly running = new Map<number, number>();

  postMessage({ id, ms }: { id: number; ms?: number }): void {
    if (ms === undefined) this.running.delete(id);
    else this.running.set(id, ms);
  }

  terminate(): void {
    this.terminated = true;
    this.running.clear();
  }

  ring(): void {
    const due = [...this.running.keys()];
    this.running.clear();
    for (const id of due) this.onmessage?.({ data: id });
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function timers() {
  const worker = new FakeWorker();
  const ran: string[] = [];
  const steady = new SteadyTimers(() => worker);
  const set = (name: string, ms: number) => steady.after(ms, () => ran.push(name));
  return { worker, ran, set };
}

describe('a timer', () => {
  test('runs when the worker rings, and only once', () => {
    const { worker, ran, set } = timers();
    set('a', 3000);
    expect([...worker.running.values()]).toEqual([3000]);
    worker.ring();
    expect(ran).toEqual(['a']);
    vi.advanceTimersByTime(60_000);
    expect(ran).toEqual(['a']);
  });

  test('runs when the page is first, and only once', () => {
    const { worker, ran, set } = timers();
    set('a', 3000);
    const late = [...worker.running.keys()];
    vi.advanceTimersByTime(3000);
    expect(ran).toEqual(['a']);
    expect(worker.running.size, 'the worker is told').toBe(0);
    worker.onmessage?.({ data: late[0] });
    expect(ran).toEqual(['a']);
  });

  test('that was cancelled runs nowhere', () => {
    const { worker, ran, set } = timers();
    const cancel = set('a', 10);
    set('b', 20);
    cancel();
    cancel();
    expect(worker.running.size).toBe(1);
    vi.advanceTimersByTime(1000);
    expect(ran).toEqual(['b']);
  });
});

describe('a page without a worker', () => {
  test('keeps its own timers when workers do not exist', () => {
    const ran: string[] = [];
    const steady = new SteadyTimers(() => {
      throw new ReferenceError('Worker is not defined');
    });
    const cancel = steady.after(5, () => ran.push('cancelled'));
    steady.after(10, () => ran.push('a'));
    cancel();
    vi.advanceTimersByTime(10);
    expect(ran).toEqual(['a']);
  });

  test('keeps its own timers when a policy forbids the worker, those set before included', () => {
    const { worker, ran, set } = timers();
    set('before', 10);
    const preventDefault = vi.fn();
    worker.onerror?.({ preventDefault });
    expect(preventDefault).toHaveBeenCalled();
    expect(worker.terminated).toBe(true);
    set('after', 20);
    expect(worker.running.size).toBe(0);
    vi.advanceTimersByTime(20);
    expect(ran).toEqual(['before', 'after']);
  });
});

test('heartbeats, their loss and the backoff run on the worker alone', () => {
  const worker = new FakeWorker();
  const steady = new SteadyTimers(() => worker);
  const timed = Object.assign(new FakeWorld(), { after: steady.after.bind(steady) });
  const { world, connection } = connect({}, {}, timed);
  connection.join();
  expect([...worker.running.values()].sort(), 'the watchdog, and the bound of the dial').toEqual([1000, 10_000]);
  world.socket.open().receive(joinAck());
  expect([...worker.running.values()].sort(), 'the watchdog, and the first beat').toEqual([1000, 3000]);
  worker.ring();
  expect(world.socket.names()).toEqual(['JOIN', 'HEARTBEAT']);
  world.advance(4000);
  worker.ring();
  expect(connection.state, 'no answer').toBe('waitingNetwork');
  expect([...worker.running.values()].sort(), 'the watchdog, and the backoff').toEqual([1000, 250]);
  worker.ring();
  expect(world.sockets).toHaveLength(2);
});
