import { describe, expect, test } from 'vitest';
import { joinAck } from '../client/fake';
import { address, groupWithGhost, joinedGroup, publishers } from './fake';
import type { Group } from './group';
import { describe as describeGroup } from './model';

/** The browser's question for devices, and its answer. */
function openQuestion() {
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  return { devices: () => answered, answer: () => answer() };
}

function askAnew(group: Group): void {
  group.withdraw();
  void group.askWith(openQuestion().devices);
}

const request = { s: 'PUBLISH_REQUEST', ve: true, ae: true };

describe('a viewer of a group', () => {
  test('joins a room of type m2m and watches', () => {
    const { world, group, sent } = joinedGroup('u2', 'u3');
    expect(world.socket.sent[0]?.data).toMatchObject({ s: 'JOIN', ch: 'm2m', op: { roomCreating: false } });
    expect(sent().map(({ s }) => s)).toEqual(['WATCH', 'WATCH']);
    expect(group.pageState).toMatchObject({ publishing: false, owner: false });
    expect(describeGroup(group.pageState)).toMatchObject({ state: 'watching', ask: 'Ask to join in' });
  });

  test('asks once, with the devices it has', () => {
    const { world, group, sent } = joinedGroup('u2');
    group.ask();
    group.ask();
    expect(sent().map(({ s }) => s)).toEqual(['WATCH', 'PUBLISH_REQUEST']);
    expect(world.socket.sent.at(-1)?.data).toMatchObject({ ve: false, ae: true });
    const waiting = { ask: '', canWithdraw: true, status: 'Waiting for u2 to let you in' };
    expect(describeGroup(group.pageState)).toMatchObject(waiting);
  });

  test('sends its media to everybody once it is let in', () => {
    const { group, made, sent, says, listChanges } = joinedGroup('u2', 'u3');
    group.ask();
    says('u2', { s: 'PUBLISH_ACCEPT', to: address('u1') });
    listChanges('u2', 'u3', 'u1');
    expect(group.pageState).toMatchObject({ publishing: true, asked: 'no' });
    for (const userId of ['u2', 'u3']) expect(made.get(userId)?.done).toEqual(['replace audio', 'replace video']);
    expect(sent().at(-1)?.s).toBe('UPDATE');
    expect(describeGroup(group.pageState)).toMatchObject({ state: 'taking-part', ask: '' });
  });

  test('may ask again when it was declined, or when there is somebody else to ask', () => {
    const { group, says, listChanges } = joinedGroup('u2', 'u3');
    group.ask();
    says('u2', { s: 'PUBLISH_REJECT', to: address('u1') });
    expect(describeGroup(group.pageState)).toMatchObject({ ask: 'Ask again', canWithdraw: false });
    group.ask();
    listChanges('u3');
    expect(describeGroup(group.pageState)).toMatchObject({ ask: 'Ask to join in' });
  });

  test('asks for devices first, and then whoever owns the group by then', async () => {
    const { group, sent, listChanges } = joinedGroup('u2', 'u3');
    const { devices, answer } = openQuestion();
    const asking = group.askWith(devices);
    void group.askWith(devices);
    const shown = { ask: '', canWithdraw: true, status: 'Allow camera and microphone to join in' };
    expect(describeGroup(group.pageState)).toMatchObject(shown);
    listChanges('u3');
    answer();
    await asking;
    expect(sent().filter(({ s }) => s === 'PUBLISH_REQUEST')).toHaveLength(1);
    expect(group.pageState.asked).toBe('waiting');
  });

  test.each<[string, (group: Group) => void]>([
    ['leaves', (group) => group.leave()],
    ['withdraws', (group) => group.withdraw()],
    ['asks anew', askAnew],
  ])('asks nobody when it %s before the browser has answered', async (_, change) => {
    const { group, sent } = joinedGroup('u2');
    const { devices, answer } = openQuestion();
    const asking = group.askWith(devices);
    change(group);
    answer();
    await asking;
    expect(sent().map(({ s }) => s)).not.toContain('PUBLISH_REQUEST');
    expect(group.pageState.asked).not.toBe('waiting');
  });

  test('takes a request back as another session of the same user, whom no answer finds', () => {
    const { world, group } = joinedGroup('u2');
    group.ask();
    const before = world.socket;
    group.withdraw();
    expect(before.names().at(-1)).toBe('LEAVE');
    world.socket.open().receive(joinAck({ pps: publishers('u2') }));
    expect(world.socket.sent[0]?.data).toMatchObject({ s: 'JOIN', ss: { userId: 'u1', sessionId: 's1+' } });
    expect(group.pageState).toMatchObject({ stage: 'joined', asked: 'no', publishing: false });
  });

  test('is not put on camera by an answer that comes when the request was given up', () => {
    const { world, group, late, listChanges } = joinedGroup('u2');
    group.ask();
    world.advance(30_000);
    expect(late()).toBe(0);
    listChanges('u2', 'u1');
    expect(late()).toBe(1);
    expect(group.pageState).toMatchObject({ publishing: true, notice: expect.stringMatching(/are off/) });
  });

  test('is told how the others go, for a while', () => {
    const { pass, group, made, listChanges } = joinedGroup('u2', 'u3');
    made.get('u3')?.handlers.connectionChanged('connected');
    Object.assign(made.get('u3') ?? {}, { silentFor: 9000 });
    listChanges('u2');
    expect(describeGroup(group.pageState).status).toBe('u3 lost the connection');
    pass(8000);
    expect(describeGroup(group.pageState).status).toBe('Watching u2');
  });

  test('reads the names that the server knows from their tokens, also of who has gone', () => {
    const { world, pass, group, made } = joinedGroup('u2');
    const list = (...names: string[]) => {
      const pps = names.map((name, place) => ({ ...publishers('u2', 'u3')[place], name }));
      world.socket.receive({ c: 200, s: 'PUBLISH_LIST_CHANGED', b: { pps } });
    };
    list('Ann Ó Briain', 'Bob');
    made.get('u3')?.handlers.connectionChanged('connected');
    list('Ann Ó Briain');
    expect(describeGroup(group.pageState).status).toBe('Bob left the group');
    pass(8000);
    expect(describeGroup(group.pageState).status).toBe('Watching Ann Ó Briain');
  });

  test('is told for how long the group waits for somebody on camera', () => {
    const { group, listChanges } = joinedGroup('u2');
    listChanges();
    expect(describeGroup(group.pageState).title).toBe('Waiting for someone to return');
    expect(describeGroup(group.pageState).detail).toMatch(/the group ends: after 30 seconds/);
  });

  test('is told when there is nobody to ask', () => {
    const { group, refuses } = joinedGroup('u2');
    group.ask();
    refuses('PUBLISH_REQUEST', 4024);
    expect(group.pageState).toMatchObject({ asked: 'no', notice: 'There is nobody to ask right now.' });
  });
});

describe('the owner of a group', () => {
  test('is asked before leaving while somebody watches, or takes part', () => {
    const { group, made, says, listChanges } = joinedGroup('u1');
    expect(group.isMissed).toBe(false);
    says('u2', { s: 'WATCH', to: address('u1') });
    made.get('u2')?.handlers.connectionChanged('connected');
    expect(group.isMissed).toBe(true);
    made.get('u2')?.handlers.connectionChanged('closed');
    expect(group.isMissed).toBe(false);
    listChanges('u1', 'u3');
    expect(group.isMissed).toBe(true);
    group.leave();
    expect(group.isMissed).toBe(false);
  });

  test('does not miss a viewer', () => {
    const { group, made } = joinedGroup('u2');
    made.get('u2')?.handlers.connectionChanged('connected');
    expect(group.isMissed).toBe(false);
  });

  test('creates the room that was not found', () => {
    const { world, group, refuses } = joinedGroup('u1');
    world.socket.lose();
    world.advance(250);
    world.socket.open();
    refuses('JOIN', 4001);
    world.advance(0);
    expect(world.socket.open().sent[0]?.data.op?.roomCreating).toBe(true);
    world.socket.receive(joinAck({ pps: publishers('u1') }));
    expect(group.pageState).toMatchObject({ stage: 'joined', publishing: true, owner: true });
  });

  test('hears who would like to take part, each once', () => {
    const { group, says } = joinedGroup('u1');
    for (const userId of ['u2', 'u3', 'u2']) says(userId, request);
    expect(group.pageState.requests.map(({ name }) => name)).toEqual(['u3', 'u2']);
  });

  test('lets one in and not the other', () => {
    const { group, sent, says } = joinedGroup('u1');
    for (const userId of ['u2', 'u3']) says(userId, request);
    const [first, second] = group.pageState.requests;
    if (first && second) {
      group.answer(first, true);
      group.answer(second, false);
    }
    expect(sent().slice(-2)).toEqual([
      { s: 'PUBLISH_ACCEPT', to: address('u2') },
      { s: 'PUBLISH_REJECT', to: address('u3') },
    ]);
    expect(group.pageState.requests).toEqual([]);
  });

  test('learns that all places are taken', () => {
    const { group, refuses } = joinedGroup('u1');
    refuses('PUBLISH_ACCEPT', 4025);
    expect(group.pageState.notice).toContain('all places are taken');
  });

  test('answers nothing any more when somebody else is the owner', () => {
    const { group, says, listChanges } = joinedGroup('u1', 'u3');
    says('u2', request);
    listChanges('u3', 'u1');
    expect(group.pageState).toMatchObject({ owner: false, requests: [] });
  });
});

describe('a group that loses the server', () => {
  test('goes on with its media when its place was kept', () => {
    const { world, group, made } = joinedGroup('u2');
    world.socket.lose();
    expect(describeGroup(group.pageState)).toMatchObject({ state: 'reconnecting', panel: false });
    world.advance(250);
    world.socket.open().receive(joinAck({ resumed: true, pps: publishers('u2') }));
    expect(made.get('u2')?.done).toEqual(['lost', 'back']);
    expect(describeGroup(group.pageState).state).toBe('watching');
  });

  test('makes them anew when it was not', () => {
    const { world, made, sent } = joinedGroup('u2');
    const before = made.get('u2');
    world.socket.lose();
    world.advance(250);
    world.socket.open().receive(joinAck({ resumed: false, pps: publishers('u2') }));
    expect(before?.done.at(-1)).toBe('close');
    expect(made.get('u2')).not.toBe(before);
    expect(sent().map(({ s }) => s)).toEqual(['WATCH']);
  });

  test('makes them anew after a gap', () => {
    const { world, made, sent } = joinedGroup('u2');
    const before = made.get('u2');
    world.socket.receive({ c: 200, s: 'GAP', b: { rid: 'demo', from: 1, to: 4 } });
    expect(before?.done).toEqual(['close']);
    expect(sent().map(({ s }) => s)).toEqual(['WATCH', 'WATCH']);
  });
});

describe('a group with an earlier page of this person in it', () => {
  test('is waited for, and owned as soon as that page is given up', async () => {
    const { group, sent, listChanges } = await groupWithGhost();
    expect(group.pageState).toMatchObject({ publishing: true, owner: false, returning: true });
    expect(describeGroup(group.pageState)).toMatchObject({ state: 'returning', panel: true });
    expect(
      sent().map(({ s }) => s),
      'nothing is expected of the ghost',
    ).toEqual(['UPDATE']);
    listChanges('u1');
    expect(group.pageState).toMatchObject({ owner: true, returning: false });
    expect(describeGroup(group.pageState).state).toBe('taking-part');
  });

  test('goes on at once in company', async () => {
    const { group, made } = await groupWithGhost('u2');
    expect(describeGroup(group.pageState)).toMatchObject({ state: 'taking-part', panel: false });
    expect([...made.keys()]).toEqual(['u2']);
  });
});

test('whoever asked an owner that comes back as another page may ask again', () => {
  const { group, listChanges } = joinedGroup('u2');
  group.ask();
  expect(group.pageState.asked).toBe('waiting');
  listChanges('u3', 'u2');
  expect(group.pageState.asked).toBe('no');
});
