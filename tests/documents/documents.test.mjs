// Every command and configuration of README, CONTRIBUTING, docs, deploy and schema is run, or validated where it cannot
// be run; every conversation of schema is held with a server.
//
// A block is known by its file and how it begins, or by its section, together with all others there. `check` runs or
// validates it; `reason` says what of it is not carried out here, and why. A block or file without an entry fails the
// test, and so does an entry without a block.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import * as access from './access.mjs';
import { allBlocks, deployed, fenced, read, root } from './blocks.mjs';
import { cachedNginx } from './caches.mjs';
import { checksTurn } from './check-turn.mjs';
import { conversation, conversations } from './conversations.mjs';
import * as deployment from './deployment.mjs';
import * as metrics from './metrics.mjs';
import * as others from './others.mjs';
import * as proxies from './proxies.mjs';
import * as pushes from './pushes.mjs';
import * as settings from './settings.mjs';
import * as tables from './tables.mjs';
import { transcript } from './transcript.mjs';
import { coturn } from './turn.mjs';

const NO_DOCKER = 'needs a Docker daemon; compose.yaml and Dockerfile are validated';
const NO_CLUSTER = 'needs a cluster; the files are validated';

const blocks = [
  { file: 'README.md', begins: 'make run', check: others.jobs, reason: 'the jobs are this run; their names are checked' },
  { file: 'README.md', begins: 'ffmpeg -re', has: '-method PUT', check: pushes.broadcast(1) },
  { file: 'README.md', begins: 'ffplay', check: pushes.player },
  { file: 'README.md', begins: 'ffmpeg -re', has: 'roomcast publish', check: pushes.published },
  { file: 'README.md', begins: 'location', check: proxies.nginxRestrictsPushes },
  { file: 'README.md', begins: '→ {"action":"join"', check: transcript },
  { file: 'README.md', begins: "printf 'REDIS_PASSWORD", check: others.password, reason: NO_DOCKER },
  { file: 'CONTRIBUTING.md', begins: 'make run', check: others.jobs, reason: 'the jobs are this run; their names are checked' },
  { file: 'CONTRIBUTING.md', begins: 'cargo test', check: others.singleTests, reason: 'parts of other jobs; their names are checked' },
  { file: 'docs/access.md', begins: 'roomcast key', check: access.key },
  { file: 'docs/access.md', begins: 'import jwt', check: access.minted(access.PYTHON, ['-c']) },
  { file: 'docs/access.md', begins: 'import { SignJWT }', check: access.javascript },
  { file: 'docs/access.md', begins: 'now, b64 :=', check: access.go },
  { file: 'docs/access.md', begins: 'use MIME::Base64', check: access.minted('perl', ['-e']) },
  { file: 'docs/access.md', begins: 'b64() {', check: access.minted('bash', ['-euc']) },
  { file: 'docs/access.md', begins: 'ffmpeg -re', check: access.pushed },
  { file: 'docs/benchmarks.md', begins: 'make bench', check: others.jobs, reason: 'takes 13 minutes; the job is checked' },
  { file: 'docs/benchmarks.md', begins: 'target/release/roomcast-bench', check: others.synopsis, reason: 'a synopsis; its options are checked' },
  { file: 'docs/broadcasting.md', begins: 'WARN push refused', check: pushes.refusal },
  { file: 'docs/broadcasting.md', begins: 'ffmpeg -re', has: '-f dash', check: pushes.broadcast(2, '1s') },
  { file: 'docs/broadcasting.md', begins: 'until ffmpeg', check: pushes.loop },
  { file: 'docs/broadcasting.md', begins: 'set -o pipefail', check: pushes.publishLoop },
  { file: 'docs/broadcasting.md', begins: 'player.configure', check: others.shaka, reason: 'its options are checked; tests/browser/players.test.mjs plays with nearly the same' },
  { file: 'docs/path-prefix.md', begins: 'location', check: proxies.nginxBelowPrefix },
  { file: 'docs/path-prefix.md', begins: 'example.com', check: proxies.caddyBelowPrefix },
  { file: 'docs/settings.md', begins: 'listen =', check: settings.file },
  { file: 'docs/settings.md', begins: 'roomcast config', check: settings.commands },
  { file: 'docs/several-nodes.md', begins: 'redis-server', check: others.twoNodes },
  { file: 'docs/several-nodes.md', begins: '  alice ──ws──▶', reason: 'a drawing' },
  { file: 'docs/several-nodes.md', begins: "printf 'REDIS_PASSWORD", check: others.password, reason: NO_DOCKER },
  { file: 'docs/several-nodes.md', begins: 'ACL SETUSER', check: others.permissions },
  { file: 'deploy/README.md', begins: "printf 'REDIS_PASSWORD", check: others.password, reason: NO_DOCKER },
  { file: 'deploy/README.md', begins: 'roomcast key > cdn.secret', reason: 'run with deploy/nginx/cached.conf' },
  { file: 'deploy/README.md', begins: 'roomcast key > turn.secret', reason: 'run with deploy/coturn/turnserver.conf' },
  { file: 'deploy/README.md', begins: 'docker run', reason: NO_DOCKER },
  { file: 'deploy/README.md', begins: 'kubectl create secret', check: deployment.applied, reason: NO_CLUSTER },
  { file: 'deploy/README.md', begins: 'install', check: deployment.installation, reason: 'systemctl needs a system that runs systemd' },
  ...['npx quicktype', 'go install', 'pip install', 'npx json-schema-to-typescript'].map((begins) => (
    { file: 'schema/generators.md', begins, check: others.generators, reason: 'run by `make contracts` and `make contracts-long`; their options are checked' }
  )),
  ...conversations.map((section) => ({ file: 'schema/transcripts.md', section, check: conversation(section) })),
];

const kubernetes = ['deployment', 'httproute', 'ingress', 'networkpolicy', 'poddisruptionbudget', 'redis-secret', 'service', 'servicemonitor'];

const files = [
  { file: 'deploy/Dockerfile', check: deployment.dockerfile, reason: NO_DOCKER },
  { file: 'deploy/compose.yaml', check: deployment.compose, reason: NO_DOCKER },
  { file: 'deploy/nginx/nginx.conf', check: proxies.wholeNginx },
  { file: 'deploy/nginx/roomcast.conf', check: proxies.wholeNginx },
  { file: 'deploy/nginx/cached.conf', check: cachedNginx },
  { file: 'deploy/nginx/nodes.conf', check: proxies.wholeNginx, reason: '`resolve` needs nginx 1.27.3 and the name server of Docker; run without it' },
  { file: 'deploy/nginx/listen.conf', check: proxies.nginxWithTls, reason: '`http2 on` needs nginx 1.25.1; run in its earlier form' },
  { file: 'deploy/coturn/turnserver.conf', check: coturn },
  { file: 'deploy/systemd/roomcast.service', check: deployment.unit, reason: 'needs a system that runs systemd' },
  { file: 'deploy/systemd/roomcast.env', check: deployment.environment },
  ...kubernetes.map((name) => ({ file: `deploy/kubernetes/${name}.yaml`, check: deployment.kubernetes, reason: NO_CLUSTER })),
];

function isFor(entry, block) {
  if (entry.file !== block.file) return false;
  if (entry.section) return entry.section === block.section;
  return block.text.startsWith(entry.begins) && block.text.includes(entry.has ?? '');
}

test('every block and every file has one entry, and every entry what it is for', () => {
  const found = allBlocks();
  assert.ok(found.length > 15, 'the documents have blocks');
  for (const block of found) {
    assert.equal(blocks.filter((entry) => isFor(entry, block)).length, 1, `${block.file} has a block in no list, or in two:\n${block.text}`);
  }
  for (const entry of blocks) {
    const count = found.filter((block) => isFor(entry, block)).length;
    assert.ok(count === 1 || (entry.section && count > 1), `${entry.file} has not one block "${entry.begins ?? entry.section}"`);
  }
  assert.deepEqual(files.map(({ file }) => file).sort(), deployed().sort());
  for (const entry of [...blocks, ...files]) assert.ok(entry.check || entry.reason, `${entry.file}: ${entry.begins ?? entry.section}`);
});

test('blocks are found whatever their language and indentation', () => {
  assert.deepEqual(fenced('a\n```sh\none\n```\n- b\n  ```\n  two\n    three\n  ```\n````md\n```\nfour\n```\n````\n').map(({ text }) => text), [
    'one\n', 'two\n  three\n', '```\nfour\n```\n',
  ]);
});

function withoutBraces(path) {
  const [, start, group, end] = path.match(/^([^{]*)\{([^}]*)\}(.*)$/) ?? [];
  return group ? group.split(',').flatMap((one) => withoutBraces(start + one + end)) : [path];
}

test('the files and folders that ARCHITECTURE.md and CONTRIBUTING.md name are there', () => {
  const kept = (entry) => !['node_modules', 'target', '.git'].includes(entry.name);
  const walk = (folder) => readdirSync(folder, { withFileTypes: true }).filter(kept).flatMap((entry) => (
    entry.isDirectory() ? walk(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]
  ));
  const there = walk(root.replace(/\/$/, ''));
  const spans = [...(read('ARCHITECTURE.md') + read('CONTRIBUTING.md')).matchAll(/`([A-Za-z_][\w./{},-]*)`/g)];
  const named = spans.flatMap(([, path]) => withoutBraces(path)).map((path) => path.replace(/\/$/, ''));
  const paths = named.filter((path) => path.includes('/') || /\.(rs|ts|mjs|json|sh|lua)$/.test(path));
  assert.ok(paths.length > 10, `${paths.length} paths`);
  const isThere = (path) => there.some((file) => (
    file.endsWith(`/${path}`) || file.endsWith(`/${path}.rs`) || file.includes(`/${path}/`)
  ));
  assert.deepEqual(paths.filter((path) => !isThere(path)), []);
});

test('each of several paths in braces is one', () => {
  assert.deepEqual(withoutBraces('a/{b,c}.{rs,ts}'), ['a/b.rs', 'a/b.ts', 'a/c.rs', 'a/c.ts']);
  assert.deepEqual(withoutBraces('a/b.rs'), ['a/b.rs']);
});

test('metrics of the server have a page, and those of the tables are metrics', metrics.documented);

test('flags, variables and commands in running text are those of the programs', settings.runningText);

test('jobs in running text are those of the Makefile', others.jobsOfText);

test('the tables of codes and closes in schema/signaling.md are those of codes.json', tables.codes);

test('the table of signals in schema/signaling.md is that of codes.json', tables.signals);

test('numbers of limits in the pages of schema are those of limits.json', tables.numbers);

test('sections that the pages of schema refer to are there', tables.links);

test('the documents', { concurrency: 4, timeout: 170_000 }, async (t) => {
  const found = allBlocks();
  const checks = [
    ...blocks.map((entry) => ({ ...entry, text: found.filter((block) => isFor(entry, block)).map(({ text }) => text).join('') })),
    ...files.map((entry) => ({ ...entry, text: read(entry.file) })),
    ...['httproute', 'ingress'].map((name) => `deploy/kubernetes/${name}.yaml`)
      .map((file) => ({ file, begins: 'public routes', check: deployment.publicRoutes, text: read(file) })),
    { file: 'deploy/kubernetes', begins: 'names fit', check: deployment.oneDeployment },
    { file: 'docs/access.md', begins: 'a token of joserfc', check: access.joserfc },
    { file: 'deploy/README.md', begins: 'roomcast check turn', check: checksTurn },
  ];
  await Promise.all(checks.filter(({ check }) => check).map(({ file, section = '', begins = section, check, reason, text }) => (
    t.test(`${file} ${begins}`, { timeout: 120_000 }, async (each) => {
      if (reason) each.diagnostic(reason);
      await check(each, text, file);
    })
  )));
});
