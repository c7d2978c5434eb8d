// The outside ledger: clients keep every receipt they were shown while Redis, workers and the monitoring system are killed at random.
// Afterwards every receipt is found, its event is delivered, and each event had exactly one effect.
// The same with a power cut at each kill of Redis (bytes not synced are gone): nothing is lost; with appendfsync everysec, something is.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSystem, until, build, root } from '../lib/system.mjs';
import { file, get, household, receiptOf } from '../lib/farmer.mjs';

const seconds = Number(process.env.LEDGER_SECONDS ?? 60);
const clients = 8;

async function client(system, code, ledger, running) {
  while (running.on) {
    const answers = household();
    try {
      const answer = await file(system.base, code, answers);
      if (answer.status === 303) {
        ledger.set(receiptOf(answer.location), { location: answer.location, last4: answers.id_number.slice(-4) });
      } else {
        running.refused += 1;
        await sleep(20);
      }
    } catch {
      running.broken += 1; // the connection died with its worker
      await sleep(20);
    }
  }
}

async function killer(system, running, what) {
  const kills = { redis: 0, worker: 0, upstream: 0 };
  while (running.on) {
    await sleep(300 + Math.random() * 1700);
    const pick = what[Math.floor(Math.random() * what.length)];
    if (pick === 'redis') {
      const pid = system.redisPid();
      if (pid) { process.kill(pid, 'SIGKILL'); kills.redis += 1; }
    } else if (pick === 'worker') {
      const pids = system.workerPids();
      if (pids.length) { process.kill(pids[Math.floor(Math.random() * pids.length)], 'SIGKILL'); kills.worker += 1; }
    } else {
      await system.upstream.kill();
      kills.upstream += 1;
      await sleep(Math.random() * 1000);
      await system.upstream.start();
      if (Math.random() < 0.5) await system.upstream.control({ lose_answer: true, count: 20 });
    }
  }
  return kills;
}

async function run(system, { forSeconds, what }) {
  const code = system.code();
  const ledger = new Map();
  const running = { on: true, refused: 0, broken: 0 };
  const work = Array.from({ length: clients }, () => client(system, code, ledger, running));
  const killing = killer(system, running, what);
  await sleep(forSeconds * 1000);
  running.on = false;
  const kills = await killing;
  await Promise.all(work);
  await until('Redis to be back', async () => (await get(`${system.admin}/readyz`)).html.includes('degraded') === false, { ms: 30000 });
  return { ledger, kills, running };
}

async function lostReceipts(system, ledger) {
  const lost = [];
  for (const [receipt, { location }] of ledger) {
    const page = await until('an answer', async () => {
      const answer = await get(system.base + location);
      return answer.status === 503 ? null : answer;
    }, { ms: 20000 });
    if (page.status !== 200 || !page.html.includes(receipt.slice(0, 4))) lost.push(receipt);
  }
  return lost;
}

test(`every receipt shown during ${seconds} s of kills is kept and delivered, each event once`, { timeout: (seconds + 180) * 1000 }, async (t) => {
  const system = await startSystem({ conf: { 'forward.give_up_hours': 8760 } });
  t.after(() => system.stop());
  const { ledger, kills, running } = await run(system, { forSeconds: seconds, what: ['redis', 'worker', 'upstream'] });
  const lost = await lostReceipts(system, ledger);
  let missing = [];
  const effects = await until('all events to be delivered', async () => {
    const said = await system.upstream.effects();
    missing = [...ledger.keys()].filter((receipt) => !said.effects[receipt]);
    return missing.length === 0 ? said : null;
  }, { ms: 120000, every: 500 }).catch(() => null);
  const doubled = Object.entries(effects?.effects ?? {}).filter(([, count]) => count !== 1);
  t.diagnostic(`receipts ${ledger.size}, kills ${JSON.stringify(kills)}, refused ${running.refused}, broken ${running.broken}, lost ${lost.length}, undelivered ${missing.length}, doubled ${doubled.length}`);
  assert.ok(ledger.size > 50, `only ${ledger.size} receipts`);
  assert.ok(kills.redis > 0 && kills.worker > 0 && kills.upstream > 0);
  assert.deepEqual(lost, []);
  assert.deepEqual(missing, []);
  assert.deepEqual(doubled, []);
  const audit = JSON.parse(system.cli('mashang', 'queue', 'audit', '--json'));
  assert.equal(audit.holds, true, JSON.stringify(audit));
});

async function withPowerCuts(t, appendfsync, forSeconds) {
  const dir = fs.mkdtempSync(path.join(build, 'powercut-'));
  const lib = path.join(dir, 'powercut.so');
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-D_GNU_SOURCE', '-o', lib, path.join(root, 'tests/chaos/powercut.c'), '-ldl']);
  const server = path.join(dir, 'redis-server');
  const lostFile = path.join(dir, 'lost');
  fs.writeFileSync(server, `#!/bin/sh
export POWERCUT_LIB=${lib} POWERCUT_LEDGER=${dir}/ledger POWERCUT_LOST=${lostFile} POWERCUT_FSYNC=${appendfsync}
exec ${root}/tests/chaos/powercut.sh "$@"
`, { mode: 0o755 });
  const durability = appendfsync ? 'none' : 'fsync';
  const system = await startSystem({ conf: { 'redis.server': server, 'redis.durability': durability }, upstream: false });
  t.after(async () => { await system.stop(); fs.rmSync(dir, { recursive: true, force: true }); });
  const { ledger, kills } = await run(system, { forSeconds, what: ['redis'] });
  process.kill(await until('Redis to run', () => system.redisPid()), 'SIGKILL'); // the last cut, under no load any more
  await until('Redis to be back', async () => system.redisPid() && !(await get(`${system.admin}/readyz`)).html.includes('degraded'), { ms: 20000 });
  const lost = await lostReceipts(system, ledger);
  t.diagnostic(`appendfsync ${appendfsync || 'as shipped'}: receipts ${ledger.size}, power cuts ${kills.redis + 1}, lost ${lost.length}`);
  return { ledger, lost };
}

test('a power cut loses no receipt', { timeout: 120000 }, async (t) => {
  const { ledger, lost } = await withPowerCuts(t, '', Math.max(8, seconds / 4));
  assert.ok(ledger.size > 50);
  assert.deepEqual(lost, []);
});

test('the same with appendfsync everysec loses some: the test can fail', { timeout: 120000 }, async (t) => {
  const { lost } = await withPowerCuts(t, 'everysec', Math.max(8, seconds / 4));
  assert.ok(lost.length > 0);
});
