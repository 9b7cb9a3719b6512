// Members of a group without a browser: they take part as far as the list of publishers goes, and send no media.

import { once } from 'node:events';
import { WebSocket } from 'ws';

/** Members of a group, the first of whom owns it and lets in all who ask. */
export async function startGroup(t, server, room, names) {
  const [owner, ...others] = names;
  const members = [await join(t, server, room, owner, true)];
  members[0].on('said', (signal) => {
    if (signal.s === 'PUBLISH_REQUEST') members[0].say('publishAccept', { s: 'PUBLISH_ACCEPT', to: address(signal.ss) });
  });
  for (const name of others) {
    const member = await join(t, server, room, name, false);
    const listed = member.hears(({ s, b }) => s === 'PUBLISH_LIST_CHANGED' && b.pps.some(({ userId }) => userId === name));
    member.say('publishRequest', { s: 'PUBLISH_REQUEST', ve: false, ae: true });
    await listed;
    members.push(member);
  }
  return members;
}

/** A member that asks to be let in, and waits. */
export async function ask(t, server, room, name) {
  const member = await join(t, server, room, name, false);
  member.say('publishRequest', { s: 'PUBLISH_REQUEST', ve: true, ae: true });
}

const address = ({ userId, sessionId }) => ({ userId, sessionId });

async function join(t, server, room, name, roomCreating) {
  const socket = new WebSocket(`${server.url.replace(/^http/, 'ws')}/ws`);
  const session = { userId: name, sessionId: `session-${name}`, category: 'stream', host: 'Web', deviceId: 'test' };
  const common = { ch: 'm2m', rid: room, ss: session };
  socket.say = (action, data) => socket.send(JSON.stringify({ action, data: { ...common, ...data } }));
  socket.hears = (wanted) => new Promise((resolve) => {
    socket.on('said', (message) => wanted(message) && resolve(message));
  });
  socket.on('message', (text) => socket.emit('said', JSON.parse(text)));
  await once(socket, 'open');
  const joined = socket.hears(({ s, c }) => s === 'JOIN' && c === 200);
  socket.say('join', { s: 'JOIN', ve: false, ae: true, eg: 'native', op: { roomCreating } });
  await joined;
  const beat = setInterval(() => socket.say('heartbeat', { s: 'HEARTBEAT', bid: '1' }), 2000);
  t.after(() => {
    clearInterval(beat);
    socket.close();
  });
  return socket;
}
