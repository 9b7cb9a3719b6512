// Several nodes as they are run: one Redis behind them, nginx with the deployed configuration in front.
//
// nginx gets the very deploy/nginx/roomcast.conf; only where it listens and where the nodes are is the test's own. All
// are real processes on free ports, stopped by their own pid, and their files go with the test.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startServer, stop } from './processes.mjs';

const deployed = fileURLToPath(new URL('../../deploy/nginx/', import.meta.url));
const TIMEOUT = 20_000;

/** Nodes on one Redis behind nginx: its address, and a way to replace a node by a new process. */
export async function startCluster(t, count = 3, flags = []) {
  const redis = await startRedis(t);
  const all = ['--redis-url', redis.url, ...flags];
  const nodes = await Promise.all(Array.from({ length: count }, () => startServer(t, all)));
  await Promise.all(nodes.map(({ url }) => ready(url)));
  const nginx = await startBalancer(t, nodes.map(({ url }) => new URL(url).port));
  return {
    url: nginx.url,
    nodes,
    /** As a rolling update does: SIGTERM, and when the node has gone, a new one in its place. */
    async replace(index, whileGone) {
      const { child, url } = nodes[index];
      const sockets = await metric(url, 'roomcast_connections');
      await stop(child, 'SIGTERM');
      assert.equal(child.exitCode, 0, `the node ended with ${child.exitCode ?? child.signalCode}`);
      await whileGone(sockets);
      nodes[index] = await startServer(t, all, Number(new URL(url).port));
      await ready(url);
    },
  };
}

export async function startRedis(t) {
  const [port, folder] = [await freePort(), await newFolder(t)];
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  await start(t, 'redis-server', [...flags, '--loglevel', 'warning'], port);
  return { url: `redis://127.0.0.1:${port}` };
}

/** nginx with the deployed configuration in front of the nodes. */
async function startBalancer(t, ports) {
  const servers = ports.map((node) => `server 127.0.0.1:${node} max_fails=1 fail_timeout=1s;\n`);
  return startNginx(t, async (folder, port) => {
    await copyFile(join(deployed, 'roomcast.conf'), join(folder, 'roomcast.conf'));
    await writeFile(join(folder, 'nodes.conf'), servers.join(''));
    await writeFile(join(folder, 'listen.conf'), `listen 127.0.0.1:${port};\n`);
    return 'include roomcast.conf;';
  });
}

/**
 * nginx on a free port.
 * @param configure gives the content of the `http` block and may write further files into the folder
 */
export async function startNginx(t, configure) {
  const [port, folder] = [await freePort(), await newFolder(t)];
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};\n`);
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off;\npid nginx.pid;\nerror_log stderr error;\nworker_processes 2;\nevents { worker_connections 1024; }\n` +
      `http {\naccess_log off;\n${paths.join('')}${await configure(folder, port)}\n}\n`,
  );
  // Debian's folder for it is in the path of the superuser alone.
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` };
  // Lines from before it has read its file, and about nodes that the test stops, are left out.
  await start(t, 'nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', '/dev/null'], port, { env });
  return { url: `http://127.0.0.1:${port}` };
}

/** Starts a program and waits until it takes connections. */
async function start(t, name, flags, port, options = {}) {
  const child = spawn(name, flags, { stdio: ['ignore', 'ignore', 'pipe'], ...options });
  let said = '';
  child.stderr.on('data', (text) => { said = `${said}${text}`.slice(-4000); });
  const failed = new Promise((_, reject) => { child.once('error', reject); });
  failed.catch(() => {});
  t.after(() => stop(child, 'SIGTERM'));
  const answers = until(async () => {
    assert.equal(child.exitCode, null, `${name} ended with ${child.exitCode}: ${said}`);
    return takesConnections(port);
  }, `${name} takes connections`);
  await Promise.race([answers, failed]);
  return child;
}

/** The value of a metric of a node. */
async function metric(url, name) {
  const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(await (await fetch(`${url}/metrics`)).text());
  assert.ok(found, `${url} counts no ${name}`);
  return Number(found[1]);
}

export async function ready(url) {
  await until(async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok, `${url} is ready`);
}

export async function until(question, words) {
  const end = Date.now() + TIMEOUT;
  while (!(await question())) {
    assert.ok(Date.now() < end, `not within ${TIMEOUT} ms: ${words}`);
    await after(50);
  }
}

function takesConnections(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address();
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

/** nginx's worker processes run as another user when it was started by root, and must reach their files. */
export async function newFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), 'roomcast-'));
  await chmod(folder, 0o755);
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
