// The line to the monitoring system: every answer it can give, order, breaker, signatures by a library we did not write, `mashang queue`.
// Each group runs a system of its own.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { addToken, Api, county, directDoors } from '../lib/api.mjs';
import { household, inventedId } from '../lib/farmer.mjs';
import { becomes, bodies, filed, lawHolds, metric, queue, readyz, shown, state } from '../lib/line.mjs';
import { build, startSystem, until, village } from '../lib/system.mjs';

describe('what the answers mean', () => {
  let system;
  let code;
  before(async () => {
    system = await startSystem();
    code = system.code();
    await becomes(system, await filed(system, code), 'delivered');
  });
  after(() => system?.stop());

  const only = async (mode) => {
    const answers = household();
    await system.upstream.control({ ...mode, for: answers.id_number });
    return { answers, receipt: await filed(system, code, answers) };
  };

  for (const mode of [{ status: 200 }, { status: 201 }, { status: 202 }, { status: 204, body: '' }, { status: 200, body: 'no JSON at all' }, { status: 200, body: '{"code":500}' }, { status: 409 }, { status: 409, body: '{"id":"X"}' }]) {
    test(`delivered at once: ${JSON.stringify(mode)}`, async () => {
      const { receipt } = await only(mode);
      await becomes(system, receipt, 'delivered');
      assert.equal((await bodies(system, receipt)).length, 1);
      assert.equal(shown(system, receipt)[0].attempts, 1);
    });
  }

  test('an id in the answer is kept as the other side\'s number', async () => {
    const { receipt } = await only({ status: 201, body: '{"id":"JC-2026-77"}' });
    await becomes(system, receipt, 'delivered');
    assert.equal(shown(system, receipt)[0].upstream_id, 'JC-2026-77');
  });

  for (const status of [400, 413, 415, 422, 404, 410]) {
    test(`${status}: buried with its words, kicked by hand, then delivered`, async () => {
      const before = await metric(system, 'events_buried_total');
      const { receipt, answers } = await only({ status, body: `{"msg":"不认识这个村 ${status}"}` });
      await becomes(system, receipt, 'buried');
      assert.equal(await metric(system, 'events_buried_total'), before + 1);
      const dead = queue(system, 'dead').find((one) => one.id === receipt);
      assert.match(dead.why, new RegExp(`${status}.*不认识这个村 ${status}`));
      const text = system.cli('mashang', 'queue', 'dead');
      assert.ok(text.includes(receipt));
      for (const secret of [answers.name, answers.id_number, answers.phone]) assert.ok(!text.includes(secret));
      await sleep(700);
      assert.equal((await bodies(system, receipt)).length, 1, 'not tried again by itself');
      await system.upstream.control({});
      system.cli('mashang', 'queue', 'kick', receipt);
      await becomes(system, receipt, 'delivered');
      assert.equal(queue(system, 'dead').filter((one) => one.id === receipt).length, 0);
    });
  }

  for (const mode of [...[408, 425, 429, 500, 502, 503, 504, 501, 507, 599].map((status) => ({ status })), { reset: true }, { garbage: true }, { stall_ms: 1500 }, { drip: true }, { reset: true, stall_ms: 200 }]) {
    test(`later, with the same ids: ${JSON.stringify(mode)}`, async () => {
      const { receipt } = await only({ ...mode, count: 2 });
      await becomes(system, receipt, 'delivered');
      const all = await bodies(system, receipt);
      assert.ok(all.length >= 3, `${all.length} attempts`);
      assert.equal(new Set(all.map((one) => one.headers['webhook-id'])).size, 1);
      assert.equal(new Set(all.map((one) => one.headers['idempotency-key'])).size, 1);
      assert.equal(new Set(all.map((one) => one.body)).size, 1);
      assert.equal((await system.upstream.effects()).effects[receipt], 1);
      // On a reset of a connection kept alive libcurl sends once more by itself, with the same ids: one attempt, two deliveries.
      assert.ok(shown(system, receipt)[0].attempts >= (mode.reset ? 2 : 3));
    });
  }

  test('a lost answer: the same event once more, one effect', async () => {
    const { receipt } = await only({ lose_answer: true, count: 1 });
    await becomes(system, receipt, 'delivered');
    const all = await bodies(system, receipt);
    assert.equal(all.length, 2);
    assert.equal(all[0].headers['webhook-id'], all[1].headers['webhook-id']);
    assert.equal(all[0].headers['idempotency-key'], all[1].headers['idempotency-key']);
    assert.equal(all[0].body, all[1].body);
    assert.equal((await system.upstream.effects()).effects[receipt], 1);
  });

  for (const [what, value] of [['seconds', () => '2'], ['a date', () => new Date(Date.now() + 3000).toUTCString()]]) {
    test(`Retry-After in ${what} is obeyed`, async () => {
      const { receipt } = await only({ status: 503, retry_after: value(), count: 1 });
      await becomes(system, receipt, 'delivered');
      const [first, second] = (await bodies(system, receipt)).map((one) => Date.parse(one.at));
      assert.ok(second - first >= 1500 && second - first < 6000, `${second - first} ms`);
    });
  }
  for (const value of ['-1', 'soon', '', '1e3', '99999999999999999999']) {
    test(`Retry-After that says nothing: ${JSON.stringify(value)}`, async () => {
      const { receipt } = await only({ status: 503, retry_after: value, count: 1 });
      if (value.length > 10) {
        await becomes(system, receipt, 'delayed');
        await sleep(800);
        assert.equal(state(system, receipt), 'delayed', 'at most an hour, but not at once');
        system.cli('mashang', 'queue', 'kick', receipt);
      }
      await becomes(system, receipt, 'delivered', 5000);
    });
  }

  test('one that is late holds up nobody else', async () => {
    const { receipt } = await only({ stall_ms: 900, status: 500, count: 3 });
    const from = Date.now();
    const others = [];
    for (let i = 0; i < 5; i += 1) others.push(await filed(system, code));
    for (const other of others) await until('the others', async () => (await bodies(system, other)).length, { ms: 800, every: 20 });
    assert.ok(Date.now() - from < 2000);
    await becomes(system, receipt, 'delivered');
  });

  test('later events of a report wait for earlier ones', async () => {
    const { receipt, answers } = await only({ status: 503 });
    for (const risk of [['accident', 'jobs'], ['accident', 'jobs', 'water']]) await filed(system, code, { ...answers, risk });
    await until('attempts', async () => (await bodies(system, receipt)).length >= 3);
    assert.deepEqual([...new Set((await bodies(system, receipt)).map((one) => one.event.id))], [receipt]);
    await system.upstream.control({});
    await until('all three', () => shown(system, receipt).every((one) => one.state === 'delivered') && shown(system, receipt).length === 3);
    const order = (await bodies(system, receipt)).map((one) => one.event.id).filter((id, i, all) => all.indexOf(id) === i);
    assert.deepEqual(order, [receipt, `${receipt}-2`, `${receipt}-3`]);
  });

  test('behind a buried one they are held; a kick sends all in order', async () => {
    const { receipt, answers } = await only({ status: 422 });
    await becomes(system, receipt, 'buried');
    await filed(system, code, { ...answers, risk: ['accident', 'jobs'] });
    await sleep(400);
    assert.deepEqual(shown(system, receipt).map((one) => one.state), ['buried', 'held']);
    await system.upstream.control({});
    system.cli('mashang', 'queue', 'kick', receipt);
    await until('both', () => shown(system, receipt).every((one) => one.state === 'delivered'));
    assert.deepEqual((await bodies(system, receipt)).map((one) => one.event.id), [receipt, receipt, `${receipt}-2`]);
  });

  test('kick --all --why: those and no others', async () => {
    const a = await only({ status: 422, body: '{"msg":"甲类"}' });
    await becomes(system, a.receipt, 'buried');
    const b = await only({ status: 400, body: '{"msg":"乙类"}' });
    await becomes(system, b.receipt, 'buried');
    await system.upstream.control({});
    const none = spawnSync(path.join(build, 'mashang'), ['queue', 'kick', '--all', '--why', 'HTTP 422', '-c', system.conf], { encoding: 'utf8' });
    assert.equal(none.status, 1, 'words that nothing says');
    assert.match(none.stderr, /HTTP 422: no refused event says so/);
    assert.equal(state(system, a.receipt), 'buried');
    // as the help says it
    const [, why] = execFileSync(path.join(build, 'mashang'), ['help', 'queue'], { encoding: 'utf8' }).match(/kick --all --why (\S+)/);
    system.cli('mashang', 'queue', 'kick', '--all', '--why', why);
    await becomes(system, a.receipt, 'delivered');
    assert.equal(state(system, b.receipt), 'buried');
    system.cli('mashang', 'queue', 'kick', '--all', '--why', '乙类');
    await becomes(system, b.receipt, 'delivered');
    system.cli('mashang', 'queue', 'kick', '--all');
    await becomes(system, b.receipt, 'delivered');
  });

  test('bury by hand, and kick', async () => {
    const { receipt } = await only({ status: 503 });
    await until('an attempt', async () => (await bodies(system, receipt)).length >= 1);
    await until('buried', () => { try { system.cli('mashang', 'queue', 'bury', receipt, '--why', '已人工录入'); } catch { /* just being sent */ } return state(system, receipt) === 'buried'; });
    assert.match(queue(system, 'dead').find((one) => one.id === receipt).why, /已人工录入/);
    await system.upstream.control({});
    system.cli('mashang', 'queue', 'kick', receipt);
    await becomes(system, receipt, 'delivered');
  });

  test('unknown receipts on the command line: 1, wrong usage: 2', () => {
    const run = (...args) => spawnSync(path.join(build, 'mashang'), ['queue', ...args, '-c', system.conf], { encoding: 'utf8' });
    assert.equal(run('show', '000000000001').status, 1);
    assert.equal(run('kick', '000000000001').status, 1);
    assert.equal(run('bury', '000000000001', '--why', 'x').status, 1);
    assert.equal(run('kick').status, 2);
    assert.equal(run('nothing').status, 2);
    assert.match(run('show', '000000000001').stderr, /^mashang: /);
  });

  test('what the other side repeats of a person never reaches the log', async () => {
    const answers = household({ name: '不可记录' });
    await system.upstream.control({ status: 422, body: JSON.stringify({ msg: `${answers.name} ${answers.id_number} ${answers.phone}` }), for: answers.id_number });
    const receipt = await filed(system, code, answers);
    await becomes(system, receipt, 'buried');
    await system.upstream.control({});
    system.cli('mashang', 'queue', 'kick', receipt);
    await becomes(system, receipt, 'delivered');
    for (const secret of [answers.name, answers.id_number, answers.phone]) assert.ok(!system.logText().includes(secret), 'the log');
  });

  test('afterwards the law holds, nothing is left, each event had one effect', async () => {
    const sum = await lawHolds(system);
    assert.equal(sum.made, sum.delivered);
    const { effects, bad_signatures: bad } = await system.upstream.effects();
    assert.equal(bad, 0);
    assert.ok(Object.values(effects).every((count) => count === 1));
  });
});

describe('answers that say we are configured wrongly', () => {
  let system;
  let code;
  before(async () => { system = await startSystem(); code = system.code(); });
  after(() => system?.stop());

  // The first rows run before anything was delivered: 404 and 410 are ours then.
  for (const mode of [{ status: 404 }, { status: 410 }, ...[401, 403, 402, 405, 406, 411, 418, 426, 451].map((status) => ({ status })), ...[300, 301, 302, 303, 304, 307, 308].map((status) => ({ status, location: '/elsewhere' }))]) {
    test(`${mode.status}: the breaker opens, nothing is buried, afterwards all is delivered`, async () => {
      const opened = await metric(system, 'breaker_opened_total');
      await system.upstream.control(mode);
      const receipts = [await filed(system, code), await filed(system, code)];
      await until('the breaker', async () => (await metric(system, 'breaker_opened_total')) > opened);
      await until('readyz to say so', async () => { const { status, text } = await readyz(system); return status === 200 && /degraded/.test(text) && /upstream|breaker/.test(text); }, { every: 10 });
      assert.equal(queue(system, 'stats').buried, 0);
      await system.upstream.control({});
      for (const receipt of receipts) await becomes(system, receipt, 'delivered');
      await until('readyz to be well', async () => /^ready\n/.test((await readyz(system)).text), { ms: 5000 });
      assert.equal(await metric(system, 'breaker_open'), 0);
      // So that the next 404 is ours again, nothing but a restart with other data would do: only the first row needs it.
      if (mode.status === 404) { await system.stop(); system = await startSystem(); code = system.code(); }
    });
  }

  test('while it is open few attempts are made', async () => {
    await system.upstream.control({ status: 401 });
    const receipts = [];
    for (let i = 0; i < 5; i += 1) receipts.push(await filed(system, code));
    const from = (await system.upstream.effects()).attempts;
    await sleep(1500);
    const made = (await system.upstream.effects()).attempts - from;
    assert.ok(made >= 1 && made <= 12, `${made} attempts in 1.5 s with breaker_open_ms 300`);
    await system.upstream.control({});
    for (const receipt of receipts) await becomes(system, receipt, 'delivered');
    assert.equal((await lawHolds(system)).buried, 0);
  });
});

describe('events', () => {
  let system;
  let code;
  before(async () => { system = await startSystem(); code = system.code(); });
  after(() => system?.stop());
  const one = async (answers, where = code) => {
    const receipt = await filed(system, where, answers, { guardian: '1' });
    return (await until('the event', async () => { const all = await bodies(system, receipt); return all.length ? all : null; }))[0];
  };

  test('CloudEvents, member by member', async () => {
    const answers = household({ role: 'head', detail: '情况 "引号" <尖> & \\ 换行\n下一行', risk: ['illness', 'jobs'], urgent: '1' });
    const { event, headers, body } = await one(answers);
    const { receipt } = event.data;
    assert.match(headers['content-type'], /^application\/cloudevents\+json(;|$)/);
    assert.equal(headers['idempotency-key'], receipt);
    assert.equal(headers['webhook-id'], receipt);
    assert.match(headers.traceparent, /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/);
    assert.deepEqual(Object.keys(event).toSorted(), ['data', 'datacontenttype', 'id', 'source', 'specversion', 'subject', 'time', 'type']);
    const { data, time, ...rest } = event;
    assert.deepEqual(rest, { specversion: '1.0', id: receipt, source: '/mashang/370115', type: 'cn.mashang.report.accepted.v1', subject: village, datacontenttype: 'application/json' });
    const stamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+08:00$/;
    for (const at of [time, data.submitted_at, data.consent.at]) {
      assert.match(at, stamp);
      assert.ok(Math.abs(Date.parse(at) - Date.now()) < 10000);
    }
    assert.match(data.consent.version, /./);
    assert.match(data.form.version, /./);
    delete data.submitted_at;
    delete data.consent.at;
    delete data.consent.version;
    delete data.form.version;
    data.risks.sort();
    assert.deepEqual(data, {
      receipt, version: 1, area: { id: village, code: village, path: ['山东省', '济南市', '济阳区', '曲堤街道', '葛家村民委员会'] },
      source: 'self', placement: 'board', filed_by: 'self', role: 'head', name: answers.name, id_number: answers.id_number, phone: answers.phone,
      risks: ['illness', 'jobs'], detail: answers.detail, urgent: true, consent: { sensitive: true }, form: { id: 'report' }, flags: [],
    });
    assert.ok(!body.includes('helper'), 'no helper where there is none');
  });
  for (const placement of ['home', 'card', 'screen', 'leaflet']) {
    test(`placement ${placement}`, async () => assert.equal((await one(household(), system.code(village, '--placement', placement))).event.data.placement, placement));
  }
  test('every delivery is verified by another library, a changed one is not', async () => {
    for (let i = 0; i < 3; i += 1) await one(household({ detail: `试验${i}` }));
    const all = await system.upstream.received();
    assert.ok(all.length >= 5);
    const hook = new Webhook(system.secret);
    for (const { body, headers } of all) {
      assert.ok(hook.verify(body, headers));
      assert.throws(() => hook.verify(`${body} `, headers));
      assert.throws(() => new Webhook(system.callbackSecret).verify(body, headers));
      assert.throws(() => hook.verify(body, { ...headers, 'webhook-id': 'other' }));
    }
    assert.equal(new Set(all.map((each) => each.headers['webhook-id'])).size, all.length);
    assert.equal(new Set(all.map((each) => each.headers.traceparent.split('-')[1])).size, all.length, 'a trace of its own each');
  });
  test('what is sent later is what was accepted then', async () => {
    const answers = household();
    await system.upstream.control({ status: 503, for: answers.id_number });
    const receipt = await filed(system, code, answers);
    await filed(system, code, { ...answers, risk: ['accident', 'water'] });
    await system.upstream.control({});
    await until('both', () => shown(system, receipt).every((each) => each.state === 'delivered'));
    const all = await bodies(system, receipt);
    for (const each of all.filter((x) => x.event.id === receipt)) assert.deepEqual(each.event.data.risks, ['accident']);
  });
  test('the law', () => lawHolds(system));
});

test('without_id = hold: an address that comes to be sends the others, not those', async () => {
  const system = await startSystem({ conf: { 'upstream.url': '', 'forward.without_id': 'hold' } });
  try {
    const code = system.code();
    const without = household({ no_id: '1' });
    delete without.id_number;
    const held = await filed(system, code, without);
    const other = await filed(system, code);
    const completed = await filed(system, code, { ...household({ no_id: '1' }), id_number: '' });
    assert.deepEqual([state(system, held), state(system, other), state(system, completed)], ['held', 'held', 'held']);
    const api = new Api(directDoors(system), addToken(system, { area: county, rights: 'read,pii,step' }));
    await api.moved(completed, 'correct', { id_number: inventedId() });
    assert.deepEqual(shown(system, completed).map((one) => one.state), ['held', 'held'], 'there is no address yet');
    system.settings['upstream.url'] = `${system.upstream.url}/events`;
    await system.stopGateway();
    await system.startGateway();
    await becomes(system, other, 'delivered', 40000);
    await becomes(system, completed, 'delivered');
    assert.equal(state(system, held), 'held');
    assert.equal((await bodies(system, held)).length, 0);
    await lawHolds(system);
  } finally {
    await system.stop();
  }
});
