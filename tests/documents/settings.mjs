// The settings: the file, the commands around it, and every flag, variable and command that running text names.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, newFolder, ready } from '../browser/cluster.mjs';
import { program } from '../browser/processes.mjs';
import { inlineCode, read } from './blocks.mjs';
import { call, start } from './shell.mjs';

/** Flags of other programs, which running text names as well. */
const OF_OTHERS = {
  '--from': 'caddy', '--to': 'caddy', '--save': 'redis-server', '--appendonly': 'redis-server',
  '--workspace': 'cargo', '--test': 'cargo',
  '--prefix': 'npm', '--no-git-tag-version': 'npm',
  '--framework': 'quicktype', '--just-types': 'quicktype',
};

/** Variables that the jobs set for their tests. */
const OF_TESTS = new Set(read('Makefile').match(/ROOMCAST_TEST_[A-Z]+/g));

/** Every line of the file is in effect. */
export async function file(t, block) {
  const cwd = await newFolder(t);
  await Promise.all([writeFile(join(cwd, 'turn.secret'), 'letters\n'), writeFile(join(cwd, 'roomcast.toml'), block)]);
  const printed = call(program, ['config', '--config', 'roomcast.toml'], { cwd });
  for (const line of block.trim().split('\n')) {
    const [key] = line.split(' = ');
    const effective = printed.split('\n').find((candidate) => candidate.startsWith(`${key} = `));
    assert.equal(effective?.replace('1.0 MiB', '1MiB').replace('512.0 KiB', '512KiB'), line);
  }
}

/** The three commands, one after the other; the last of them serves. */
export async function commands(t, block) {
  const [cwd, port] = [await newFolder(t), await freePort()];
  // The defaults promise more connections than a small machine may have files, and the port may be taken.
  const env = { ROOMCAST_LISTEN: `127.0.0.1:${port}`, ROOMCAST_MAX_CONNECTIONS: '100' };
  const shell = start(t, block, { cwd, env });
  await ready(`http://127.0.0.1:${port}`).catch((error) => { throw new Error(`${error.message}: ${shell.output}`); });
  assert.match(await readFile(join(cwd, 'roomcast.toml'), 'utf8'), /^max_connections = 100$/m);
}

const helpOf = (command) => {
  const flags = ['serve', 'config', 'check'].includes(command) ? ['--help-all'] : ['--help'];
  return call(program, [command, ...flags]);
};

/** Every flag, variable and command of the programs that running text names is there. */
export function runningText() {
  const commands = [...call(program, ['--help']).split('Commands:')[1].matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name).filter((name) => name !== 'help');
  assert.ok(commands.includes('serve') && commands.includes('check'));
  const help = [...commands.map(helpOf), call(program.replace(/roomcast$/, 'roomcast-bench'), ['-h'])].join('\n');
  const flags = new Set([...help.matchAll(/--[a-z][a-z-]*/g)].map(([flag]) => flag));
  const variables = new Set([...help.matchAll(/ROOMCAST_[A-Z_]+/g)].map(([name]) => name));
  let named = 0;
  for (const { file: page, text } of inlineCode()) {
    const [, command] = /^roomcast (\w+)/.exec(text) ?? [];
    if (command) assert.ok(commands.includes(command), `${page}: there is no command "${text}"`);
    for (const [flag] of text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)) {
      assert.ok(flags.has(flag) || flag in OF_OTHERS, `${page}: there is no flag ${flag}`);
      named += 1;
    }
    for (const [name] of text.matchAll(/ROOMCAST_[A-Z_]*[A-Z]/g)) {
      assert.ok(variables.has(name) || OF_TESTS.has(name), `${page}: there is no variable ${name}`);
    }
  }
  assert.ok(named > 100, 'running text names flags');
  const settings = [...helpOf('serve').matchAll(/^ +(?:-[a-zA-Z], )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
  const told = new Set(inlineCode().flatMap(({ text }) => text.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? []));
  assert.deepEqual(settings.filter((flag) => !told.has(flag)), [], 'each setting is on a page');
}
