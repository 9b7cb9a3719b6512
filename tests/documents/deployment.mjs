// The files of deploy/ that no test can run: validated by what would read them.

import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { parse, parseAllDocuments } from 'yaml';
import { newFolder } from '../browser/cluster.mjs';
import { program, startServer } from '../browser/processes.mjs';
import { read, root } from './blocks.mjs';
import { call, replaced, run } from './shell.mjs';

const here = join(root, 'tests/documents');
const python = join(here, '.venv/bin/python');
const go = { cwd: join(here, 'compose'), env: { GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly', GOWORK: 'off' } };

/** The Go modules in which the definitions of custom resources are published. */
const DEFINITIONS = {
  'deploy/kubernetes/httproute.yaml': {
    module: 'sigs.k8s.io/gateway-api@v1.4.0',
    file: 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml',
  },
  'deploy/kubernetes/servicemonitor.yaml': {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    file: 'example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml',
  },
};

/** Strict validation of a resource against the schemas of Kubernetes, or of its published definition. */
export async function kubernetes(t, _, path) {
  const definition = DEFINITIONS[path];
  if (!definition) {
    call(join(here, '.venv/bin/kubernetes-validate'), ['--strict', '--no-warn', join(root, path)]);
    return;
  }
  const folder = await newFolder(t);
  const fetched = JSON.parse(call('go', ['mod', 'download', '-json', definition.module], { cwd: folder, env: { GOTOOLCHAIN: 'local', GOFLAGS: '' } }));
  const crd = join(fetched.Dir, definition.file);
  const check = (file) => call(python, [join(here, 'custom_resource.py'), crd, file]);
  check(join(root, path));
  // A check that lets an unknown field pass would be none.
  const [wrong] = parseAllDocuments(read(path));
  wrong.setIn(['spec', 'unknown'], true);
  await writeFile(join(folder, 'wrong.yaml'), wrong.toString());
  assert.throws(() => check(join(folder, 'wrong.yaml')), /unknown/);
}

/** A function that tells whether an HTTPRoute takes a path. */
function routeOf(text) {
  const tests = { Exact: (value) => (path) => path === value };
  tests.PathPrefix = (value) => (path) => value === '/' || path === value || path.startsWith(`${value}/`);
  tests.RegularExpression = (value) => (path) => new RegExp(`^(?:${value})$`).test(path);
  const matches = parse(text).spec.rules.flatMap((rule) => rule.matches).map(({ path }) => tests[path.type](path.value));
  return (path) => matches.some((matching) => matching(path));
}

/** The same of an Ingress whose paths are regular expressions, as the controller of nginx.org reads them. */
function ingressOf(text) {
  const { metadata, spec } = parse(text);
  assert.equal(metadata.annotations['nginx.org/path-regex'], 'case_sensitive');
  const paths = spec.rules.flatMap((rule) => rule.http.paths).map(({ path }) => new RegExp(`^${path}`));
  return (path) => paths.some((regex) => regex.test(path));
}

/** Routes take what the public needs, every file of the page included, and nothing else. */
export function publicRoutes(t, text, path) {
  const takes = path.endsWith('httproute.yaml') ? routeOf(text) : ingressOf(text);
  const assets = [...read('web/dist/index.html').matchAll(/(?:src|href)="\.?\/?(assets\/[^"]+)"/g)].map(([, name]) => `/${name}`);
  assert.ok(assets.length >= 2, 'the page has a script and a style sheet');
  const media = ['/live/demo/main/playlist.m3u8', '/live/demo/main/v0/p1.m4s'];
  const pages = ['/', '/call/demo', '/group/demo', '/broadcast/demo', '/watch/demo', '/schema/codes.json'];
  for (const wanted of ['/ws', '/auth/check', '/rooms/demo/data', ...media, ...pages, ...assets]) assert.ok(takes(wanted), `${wanted} has no route`);
  const pushes = ['/rooms/demo/ingest/main/v0', '/rooms/demo/ingest/main/data', '/rooms/a/b/data', '/rooms/demo/data/x'];
  for (const refused of ['/metrics', '/auth/play', '/healthz', '/readyz', '/rooms/demo', ...pushes]) assert.ok(!takes(refused), `${refused} has a route`);
}

/** Names that one file gives and another uses. */
export function oneDeployment() {
  const all = (name) => parseAllDocuments(read(`deploy/kubernetes/${name}.yaml`)).map((document) => document.toJS());
  const [{ spec: { template } }] = all('deployment');
  const labels = Object.entries(template.metadata.labels);
  const [container] = template.spec.containers;
  const ports = new Map(container.ports.map(({ name, containerPort }) => [name, containerPort]));
  const services = all('service');
  for (const { metadata, spec } of services) {
    assert.deepEqual(Object.entries(spec.selector), labels, `${metadata.name} selects the pods`);
    for (const { targetPort } of spec.ports) assert.ok(ports.has(targetPort), `${metadata.name} leads to a port that is there`);
  }
  const metrics = container.env.find(({ name }) => name === 'ROOMCAST_METRICS_LISTEN').value;
  assert.equal(Number(metrics.split(':')[1]), ports.get('metrics'));
  const [{ spec: monitor }] = all('servicemonitor');
  const selected = services.filter(({ metadata }) => Object.entries(monitor.selector.matchLabels).every(([key, value]) => metadata.labels[key] === value));
  assert.deepEqual(selected.map(({ metadata }) => metadata.name), ['roomcast-metrics']);
  assert.ok(selected[0].spec.ports.some(({ name }) => name === monitor.endpoints[0].port));
  const [{ spec: route }] = all('httproute');
  const backends = [...route.rules.flatMap((rule) => rule.backendRefs).map(({ name }) => name),
    ...all('ingress')[0].spec.rules[0].http.paths.map(({ backend }) => backend.service.name)];
  assert.deepEqual([...new Set(backends)], ['roomcast'], 'the public reaches one Service alone');
  const [{ spec: policy }] = all('networkpolicy');
  for (const { port } of policy.ingress.flatMap((rule) => rule.ports)) assert.ok(ports.has(port), `${port} is a port of the pods`);
}

/** The loader of Compose v2 reads the file; its health checks are carried out. */
export async function compose(t, text) {
  const { services } = parse(text, { merge: true });
  const server = await startServer(t);
  await healthcheck(server, services['node-1'].healthcheck.test.slice(1));
  const file = join(root, 'deploy/compose.yaml');
  // Else the first run says on the way what it downloads.
  call('go', ['mod', 'download'], go);
  const names = call('go', ['run', '.', file], { ...go, env: { ...go.env, REDIS_PASSWORD: 'letters', AUTH_SECRET: 'letters' } }).trim().split(' ');
  assert.deepEqual(names.sort(), Object.keys(services).sort());
  for (const name of ['REDIS_PASSWORD', 'AUTH_SECRET']) {
    const env = { ...go.env, REDIS_PASSWORD: 'letters', AUTH_SECRET: 'letters', [name]: '' };
    assert.throws(() => call('go', ['run', '.', file], { ...go, env }), new RegExp(name));
  }
}

/** Runs the health check of an image as the container would, against a running server. */
async function healthcheck(server, [name, ...flags]) {
  assert.equal(name, 'roomcast');
  call(program, flags, { env: { ROOMCAST_LISTEN: new URL(server.url).host } });
}

/** Every instruction of the image's description is well formed; its health check is carried out. */
export async function dockerfile(t, text) {
  // Comments and flags that the validator does not know yet are none of Docker's errors.
  const faults = validate(text).filter(({ severity }) => severity === 1);
  assert.deepEqual(faults.map(({ message, range }) => `line ${range.start.line + 1}: ${message}`), []);
  assert.ok(validate(text.replace('EXPOSE 8080', 'EXPOSE many')).length > 0, 'the validator sees a wrong port');
  const [, command] = /^HEALTHCHECK[^[]*CMD (\[[^\]]*\])$/m.exec(text);
  await healthcheck(await startServer(t), JSON.parse(command));
  const copied = [...text.matchAll(/^COPY (?!--from)(\S+)/gm)].map(([, name]) => name).filter((name) => name !== '.');
  for (const name of copied) read(name === 'web' ? 'web/package.json' : name);
}

/** systemd reads the unit; only the path of the program is another. */
export async function unit(t, text) {
  const folder = await newFolder(t);
  const file = join(folder, 'roomcast.service');
  await writeFile(file, replaced(text, { '/usr/local/bin/roomcast': program }));
  const said = call('systemd-analyze', ['verify', '--man=no', file]);
  assert.doesNotMatch(said, /roomcast\.service/, said);
}

/** The program takes the variables: each value is in effect. */
export function environment(t, text) {
  assert.throws(() => call(program, ['config'], { env: { ROOMCAST_AUTH_SECRET: 'SECRET' } }), /at least 32 bytes/, 'no secret is well known');
  const made = replaced(text, { 'ROOMCAST_AUTH_SECRET=SECRET': `ROOMCAST_AUTH_SECRET=${'x'.repeat(64)}` });
  const settings = Object.fromEntries(made.split('\n').filter((line) => /^\w+=/.test(line)).map((line) => line.split(/=(.*)/s)));
  const [before, after] = [{}, settings].map((env) => call(program, ['config'], { env }));
  const names = Object.keys(settings);
  assert.ok(names.length >= 3);
  for (const name of names) {
    const without = { ...settings };
    delete without[name];
    assert.notEqual(call(program, ['config'], { env: without }), after, `${name} changes nothing`);
  }
  assert.notEqual(before, after);
}

/** Copies the program and its files as documented, below a folder of the test. */
export async function installation(t, block) {
  const folder = await newFolder(t);
  await Promise.all(['usr/local/bin', 'etc/systemd/system'].map((name) => mkdir(join(folder, name), { recursive: true })));
  const lines = block.trim().split('\n').filter((line) => !line.startsWith('systemctl '));
  assert.equal(block.trim().split('\n').length - lines.length, 2, 'two lines are for a system that runs systemd');
  const install = replaced(lines.join('\n'), {
    'target/release/roomcast ': `${program} `, ' /usr/': ` ${folder}/usr/`, ' /etc/': ` ${folder}/etc/`,
  });
  await run(t, install, { cwd: root });
  assert.deepEqual(await readdir(join(folder, 'etc')), ['roomcast.env', 'systemd']);
}

/** Every file that is applied is there, and none is forgotten. */
export async function applied(t, block) {
  const named = [...block.matchAll(/-f (\S+)/g)].map(([, name]) => name);
  const files = await readdir(join(root, 'deploy/kubernetes'));
  assert.deepEqual(named.sort(), files.filter((name) => !['ingress.yaml', 'redis-secret.yaml'].includes(name)).sort());
  const [secret] = parseAllDocuments(read('deploy/kubernetes/redis-secret.yaml'));
  assert.ok(block.includes(`generic ${secret.toJS().metadata.name} --from-literal=url=`));
}
