// Keys change while the gateway works: everything stored comes under the new ones, nothing is lost on the way.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { file, get, household, post, receiptOf, titleOf, tokenOf } from '../lib/farmer.mjs';
import { lawHolds, queue } from '../lib/line.mjs';
import { field, record, redis } from '../lib/store.mjs';
import { build, startSystem, until } from '../lib/system.mjs';

describe('key rotation', () => {
  let system;
  let code;
  const kept = []; // {receipt, location, answers, sent}
  before(async () => {
    system = await startSystem({ conf: { 'upstream.url': '', 'limits.address_exempt': '127.0.0.0/8' } });
    code = system.code();
    for (let i = 0; i < 40; i += 1) kept.push(await filing(i % 5 === 4));
    await filing(false, system.code(undefined, '--drill'));
  });
  after(() => system?.stop());

  async function filing(withoutId, where = code) {
    const answers = household();
    if (withoutId) { delete answers.id_number; answers.no_id = '1'; }
    const form = await get(system.base + where);
    const sent = { token: tokenOf(form.html), step: 'submit', consent: '1', consent_sensitive: '1', ...answers };
    const answer = await post(system.base + where, sent);
    assert.equal(answer.status, 303, titleOf(answer.html));
    return { receipt: receiptOf(answer.location), location: answer.location, answers, sent, withoutId };
  }
  const keys = (...args) => JSON.parse(system.cli('mashang', 'keys', ...args, '--json'));
  const status = () => keys('status');
  const row = (said, purpose, id) => said.keys.find((one) => one.purpose === purpose && one.id === id) ?? { reports: 0, events: 0 };
  // farmers go on filing while something else is done
  async function underLoad(work) {
    const load = { on: true, wrong: [], filed: 0 };
    const clients = [0, 1].map(async (i) => {
      while (load.on) {
        try { kept.push(await filing(i === 1)); load.filed += 1; } catch (error) { load.wrong.push(error.message); }
      }
    });
    try { return await work(); } finally {
      load.on = false;
      await Promise.all(clients);
      assert.deepEqual(load.wrong, []);
      assert.ok(load.filed > 0);
    }
  }
  const rewrap = () => new Promise((resolve, reject) => {
    const child = spawn(path.join(build, 'mashang'), ['keys', 'rewrap', '--json', '-c', system.conf], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (part) => { out += part; });
    child.stderr.on('data', (part) => { err += part; });
    child.once('exit', (exit) => (exit === 0 ? resolve({ said: JSON.parse(out), err }) : reject(new Error(`${exit}: ${err}`))));
  });
  async function killedRewrap(ms) {
    const child = spawn(path.join(build, 'mashang'), ['keys', 'rewrap', '-c', system.conf], { stdio: 'ignore' });
    const gone = new Promise((resolve) => child.once('exit', resolve));
    await sleep(ms);
    child.kill('SIGKILL');
    await gone;
  }
  async function allFound({ tokens = true } = {}) {
    await sleep(300); // a command has held this process up: connections that were closed meanwhile are heard of now
    for (const { receipt, location, answers, sent, withoutId } of [...kept]) { // it grows under load
      assert.equal((await get(system.base + location)).status, 200);
      if (tokens) assert.equal((await post(system.base + code, sent)).location, location, 'the same form again');
      const last4 = (answers.id_number ?? answers.phone).slice(-4);
      assert.equal((await post(`${system.base}/progress`, { receipt, last4 })).status, 303, 'by its last four');
      if (!withoutId) {
        const asked = await post(`${system.base}/progress`, { id_number: answers.id_number, phone: answers.phone });
        assert.equal(receiptOf(asked.location), receipt, 'by ID and phone');
      }
    }
  }

  test('status counts what is under which key', () => {
    const said = status();
    assert.equal(said.unreadable, 0);
    assert.equal(row(said, 'seal', 1).reports, kept.length + 1);
    assert.equal(row(said, 'seal', 1).events, kept.length);
    assert.equal(row(said, 'lookup', 1).reports, kept.length + 1);
    assert.match(system.cli('mashang', 'keys', 'status'), /^seal +1 +current +reports 41 events 40$/m);
  });

  test('nothing is re-wrapped before each gateway knows the new key', async () => {
    await until('the gateway to say which keys it has', () => redis(system, 'HLEN', 'ms:keyrings') === '1', { ms: 40000 }); // once it has run for a second
    system.cli('mashang', 'keys', 'rotate', 'seal');
    const was = record(system, kept[0].receipt);
    await assert.rejects(rewrap(), /1: .*still writes with seal key 1.*reload/);
    assert.deepEqual(record(system, kept[0].receipt), was);
    assert.throws(() => system.cli('mashang', 'keys', 'retire', 'seal', '1'), /still writes with seal key 1/);
    await system.reload();
  });

  test('seal: killed half-way and begun again, under filing load', async () => {
    await underLoad(async () => {
      for (const ms of [30, 45, 60, 75]) await killedRewrap(ms);
      const { said, err } = await rewrap();
      assert.equal(said.unreadable, 0);
      assert.equal(err, ''); // no bar: this is no terminal
    });
    const said = status();
    assert.deepEqual([row(said, 'seal', 1).reports, row(said, 'seal', 1).events], [0, 0]);
    assert.equal(row(said, 'seal', 2).reports, kept.length + 1);
    assert.equal(row(said, 'seal', 2).events, kept.length);
    assert.equal(keys('rewrap').written, 0);
    await allFound();
    await lawHolds(system);
  });

  test('the old seal key goes', () => {
    assert.throws(() => system.cli('mashang', 'keys', 'retire', 'seal', '2'), /current/);
    assert.throws(() => system.cli('mashang', 'keys', 'retire', 'audit', '1'), /stay/);
    assert.throws(() => system.cli('mashang', 'keys', 'retire', 'seal', '9'), /no key 9/);
    system.cli('mashang', 'keys', 'retire', 'seal', '1');
    assert.ok(!keys('list').some((key) => key.purpose === 'seal' && key.id === 1));
    assert.equal(status().unreadable, 0);
  });

  test('lookup: persons are found all the time and afterwards, versions stand still', async () => {
    const one = kept[0];
    const before = record(system, one.receipt);
    system.cli('mashang', 'keys', 'rotate', 'lookup');
    await system.reload();
    await allFound();
    assert.ok(row(status(), 'lookup', 1).reports >= 40);
    assert.throws(() => system.cli('mashang', 'keys', 'retire', 'lookup', '1'), /reports.* under key 1: run mashang keys rewrap/);
    await underLoad(async () => {
      for (const ms of [30, 45, 60]) await killedRewrap(ms);
      await rewrap();
      await allFound();
    });
    const said = status();
    assert.equal(row(said, 'lookup', 1).reports, 0);
    assert.equal(row(said, 'lookup', 2).reports, kept.length + 1);
    const now = record(system, one.receipt);
    for (const name of ['id', 'ph', 'nm', 'person', 'last4', 'content']) assert.notEqual(now[name], before[name], name);
    for (const name of ['v', 'head', 'seq', 'changed', 'acted']) assert.equal(now[name], before[name], name);
    const prefix = `ms:{${one.receipt.slice(0, 2)}}`;
    assert.equal(redis(system, 'EXISTS', `${prefix}:p:${before.id}`), '0');
    assert.equal(redis(system, 'ZRANGE', `${prefix}:p:${now.id}`, '0', '-1'), `${now.ph}:${one.receipt}`);
    const look = redis(system, 'ZRANGE', `${prefix}:look`, '0', '-1').split('\n').filter((line) => line.endsWith(one.receipt)).sort();
    assert.deepEqual(look, [`n${now.nm}:${one.receipt}`, `t${now.ph}:${one.receipt}`]);
    // the household at another door: the same receipt
    const again = await file(system.base, code, one.answers);
    assert.equal(receiptOf(again.location), one.receipt);
  });

  test('lookup once more: only when the tokens under the first key are over', async () => {
    assert.throws(() => system.cli('mashang', 'keys', 'rotate', 'lookup'), /two keys are searched.*wait until then/s);
    const ring = path.join(system.dir, 'keyring.json');
    const json = JSON.parse(fs.readFileSync(ring, 'utf8'));
    const made = new Date(Date.now() - 33 * 86400000).toISOString().slice(0, 10);
    for (const key of json.keys) if (key.purpose === 'lookup') key.made = made; // as if it were a month ago
    fs.writeFileSync(ring, JSON.stringify(json));
    system.cli('mashang', 'keys', 'rotate', 'lookup');
    await system.reload();
    system.cli('mashang', 'keys', 'retire', 'lookup', '1');
    await allFound({ tokens: false }); // a month later, no token of then is known any more
    assert.equal(row(status(), 'lookup', 2).reports, kept.length + 1);
  });

  test('what was re-wrapped while it waited is delivered as it was written', async () => {
    system.settings['upstream.url'] = `${system.upstream.url}/events`;
    await system.stopGateway();
    await system.startGateway();
    await until('all delivered', () => queue(system, 'stats').delivered >= kept.length, { ms: 60000, every: 300 });
    const received = new Map((await system.upstream.received()).map((one) => [JSON.parse(one.body).data.receipt, JSON.parse(one.body).data]));
    for (const { receipt, answers } of kept) {
      assert.equal(received.get(receipt)?.name, answers.name);
      assert.equal(received.get(receipt)?.id_number ?? undefined, answers.id_number);
    }
    await lawHolds(system);
    assert.equal(field(system, kept[0].receipt, 'purged'), '');
  });
});
