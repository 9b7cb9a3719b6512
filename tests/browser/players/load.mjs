// The share of the machine that the test itself takes: delays for want of it are no fault of a player.

import { readFileSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';

const TICKS = 100;

/** Seconds that the processors worked, that this process and all it started worked, and that there were. */
export function work() {
  const times = cpus().map((cpu) => cpu.times);
  const total = times.reduce((sum, time) => sum + Object.values(time).reduce((all, value) => all + value), 0) / 1000;
  const idle = times.reduce((sum, time) => sum + time.idle, 0) / 1000;
  return { busy: total - idle, own: own(), total };
}

/** The share of the machine that this test took between two instants, and the share that others took. */
export function share(before, now) {
  const part = (name) => (now[name] - before[name]) / (now.total - before.total);
  return { own: part('own'), others: part('busy') - part('own') };
}

function own() {
  const parents = new Map();
  const worked = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'latin1').split(') ').at(-1).split(' ');
      parents.set(Number(name), Number(fields[1]));
      worked.set(Number(name), (Number(fields[11]) + Number(fields[12])) / TICKS);
    } catch {
      // It has ended meanwhile.
    }
  }
  const belongs = (pid) => pid === process.pid || (parents.has(pid) && belongs(parents.get(pid)));
  return [...worked].reduce((sum, [pid, seconds]) => sum + (belongs(pid) ? seconds : 0), 0);
}
