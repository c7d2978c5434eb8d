// The master: workers that die are replaced, a reload takes the new state or says why not, SIGTERM drains, nothing is left behind.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { startSystemWithClock } from '../lib/clock.mjs';
import { file, get, household, receiptOf } from '../lib/farmer.mjs';
import { alive, build, children, startSystem, until } from '../lib/system.mjs';

const readyz = async (system) => {
  const answer = await fetch(`${system.admin}/readyz`);
  return { status: answer.status, text: await answer.text() };
};
const metric = async (system, name) => {
  const text = await (await fetch(`${system.admin}/metrics`)).text();
  return Number(text.match(new RegExp(`^mashang_${name} (\\d+)$`, 'm'))?.[1]);
};
const all = (system) => [system.gateway.pid, ...children(system.gateway.pid).map((child) => child.pid)];

test('workers killed with -9 are back within a second, and what was accepted is there', async (t) => {
  const system = await startSystem({ upstream: false });
  t.after(() => system.stop());
  const code = system.code();
  const answers = household();
  const first = receiptOf((await file(system.base, code, answers)).location);
  assert.match(first, /^\d{12}$/);
  const before = system.workerPids();
  assert.equal(before.length, 3);
  for (const pid of before) process.kill(pid, 'SIGKILL');
  await until('three successors', () => system.workerPids().length === 3 && system.workerPids().every((pid) => !before.includes(pid)), { ms: 1000, every: 10 });
  await until('ready again', async () => /^ready\n/.test((await readyz(system)).text), { ms: 2000 });
  assert.equal(await metric(system, 'worker_restarts_total'), 3);
  assert.equal(await metric(system, 'reports_accepted_total'), 1, 'what a dead worker counted stays');
  assert.equal(receiptOf((await file(system.base, code, answers)).location), first, 'the same household is known');
});

test('a loop that stands still for 5 s is killed', async (t) => {
  const system = await startSystem({ upstream: false });
  t.after(() => system.stop());
  const [stuck] = system.workerPids();
  process.kill(stuck, 'SIGSTOP');
  await until('the stuck worker to be gone', () => !alive(stuck), { ms: 8000 });
  await until('its successor', async () => (await metric(system, 'web_workers_up')) === 2, { ms: 2000 });
  assert.equal(await metric(system, 'worker_kills_total'), 1);
});

test('SIGHUP swaps in a good state and keeps the old one beside a bad one', async (t) => {
  const system = await startSystem({ upstream: false });
  t.after(() => system.stop());
  const code = system.code();
  const conf = fs.readFileSync(system.conf, 'utf8');
  fs.writeFileSync(system.conf, conf.replace('[public]', '[public]\ntitle = 试验县报名处'));
  system.gateway.kill('SIGHUP');
  await until('the new title', async () => (await get(system.base + code)).html.includes('试验县报名处'), { ms: 5000 });
  const pids = system.workerPids();
  fs.writeFileSync(system.conf, conf.replace('[public]', '[public]\ntitel = x'));
  system.gateway.kill('SIGHUP');
  await until('the refusal', async () => (await metric(system, 'reloads_refused_total')) === 1);
  assert.match(system.logText(), /ev=reload kept=old why=.*mashang\.conf:\d+: public\.titel: unknown key/);
  assert.deepEqual(system.workerPids(), pids);
  assert.ok((await get(system.base + code)).html.includes('试验县报名处'));
});

test('a year without a calendar file: /readyz warns until a reload finds one', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-calendar-'));
  const system = await startSystem({ upstream: false, conf: { 'areas.calendar': dir } });
  t.after(async () => { await system.stop(); fs.rmSync(dir, { recursive: true }); });
  const year = new Date(Date.now() + 8 * 3600000).getUTCFullYear();
  assert.deepEqual(await readyz(system), { status: 200, text: `ready\nwarning: calendar no CN-${year}.csv: weekends and the 13 statutory days are used\n` });
  assert.equal(await metric(system, 'calendar_missing'), 1);
  for (const one of [year, year + 1]) fs.writeFileSync(path.join(dir, `CN-${one}.csv`), `date,kind,note\n${one}-01-01,holiday,元旦\n`);
  system.gateway.kill('SIGHUP');
  await until('the warning to be gone', async () => (await readyz(system)).text === 'ready\n', { ms: 5000 });
  assert.equal(await metric(system, 'calendar_missing'), 0);
});

test('from 1 December on /readyz warns of the next year too, in which days are due already', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-calendar-'));
  const shanghai = (at) => new Date(at.getTime() + 8 * 3600000);
  const year = shanghai(new Date()).getUTCFullYear();
  fs.writeFileSync(path.join(dir, `CN-${year}.csv`), `date,kind,note\n${year}-01-01,holiday,元旦\n`);
  const system = await startSystemWithClock({ upstream: false, conf: { 'areas.calendar': dir } });
  t.after(async () => { await system.stop(); system.clock.stop(); fs.rmSync(dir, { recursive: true }); });
  if (shanghai(system.clock.now()).getUTCMonth() < 11) {
    assert.equal((await readyz(system)).text, 'ready\n');
    system.clock.goOn((Date.UTC(year, 11, 1, 4) - system.clock.now()) / 864e5);
  }
  assert.deepEqual(await readyz(system), { status: 200, text: `ready\nwarning: calendar no CN-${year + 1}.csv: weekends and the 13 statutory days are used\n` });
  assert.equal(await metric(system, 'calendar_missing'), 1);
});

test('SIGTERM ends everything within 10 s with exit 0, and no process or socket stays', async () => {
  const system = await startSystem({ upstream: false });
  const pids = all(system);
  assert.equal(pids.length, 5, 'master, two web workers, forward worker, Redis');
  const gone = new Promise((resolve) => system.gateway.once('exit', (code, signal) => resolve({ code, signal })));
  const from = Date.now();
  system.gateway.kill('SIGTERM');
  assert.deepEqual(await gone, { code: 0, signal: null });
  assert.ok(Date.now() - from < 10000);
  assert.deepEqual(pids.filter(alive), []);
  assert.ok(!fs.existsSync(path.join(system.dir, 'data/redis/redis.sock')));
  await assert.rejects(fetch(system.base));
  await system.stop();
});

test('a master killed with -9 leaves no process behind, and the next one goes on with the same data', async (t) => {
  const system = await startSystem({ upstream: false });
  t.after(() => system.stop());
  const code = system.code();
  const answers = household();
  const first = receiptOf((await file(system.base, code, answers)).location);
  const pids = all(system);
  system.gateway.kill('SIGKILL');
  await until('all to be gone', () => pids.filter(alive).length === 0, { ms: 10000 });
  await system.startGateway();
  assert.equal(receiptOf((await file(system.base, code, answers)).location), first);
});

test('a second master on the same data folder says whose it is', async (t) => {
  const system = await startSystem({ upstream: false });
  t.after(() => system.stop());
  const second = spawnSync(path.join(build, 'mashang'), ['serve', '-c', system.conf], { encoding: 'utf8' });
  assert.equal(second.status, 1);
  assert.match(second.stderr, new RegExp(`another gateway \\(pid ${system.gateway.pid}\\) works on this data folder`));
});

test('wrong configurations end with 78 and name the place', () => {
  const run = (...args) => spawnSync(path.join(build, 'mashang'), args, { encoding: 'utf8' });
  for (const [set, said] of [
    ['forward.when=checked', /forward\.when: checked is not built yet/],
    ['listen.nix=1', /listen\.nix: unknown key/],
    ['public.base_url=https://a.example', /public\.authority: is needed when base_url is https/],
    ['crypto.keyring_file=/nowhere', /\/nowhere/],
  ]) {
    const answer = run('serve', '--set', set);
    assert.equal(answer.status, 78, set);
    assert.match(answer.stderr, said);
    assert.match(answer.stderr, /^mashang: /);
  }
  assert.equal(run('staff').status, 2);
  assert.equal(run('queue', 'nix').status, 2);
  assert.equal(run('version').status, 0);
});
