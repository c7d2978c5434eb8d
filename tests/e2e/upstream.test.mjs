// The line to the monitoring system and back: every answer it can give, order, breaker, signatures by a library we did not write, bodies of
// other shapes, `mashang upstream try`, `mashang queue`, callbacks. Each group runs a system of its own.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { file, get, household, inventedPhone, post, receiptOf, textOf, titleOf } from '../lib/farmer.mjs';
import { build, startSystem, until, village } from '../lib/system.mjs';

const queue = (system, ...args) => JSON.parse(system.cli('mashang', 'queue', ...args, '--json'));
const shown = (system, receipt) => queue(system, 'show', receipt);
const state = (system, receipt) => shown(system, receipt)[0]?.state;
const becomes = (system, receipt, wanted, ms = 15000) => until(`${receipt} ${wanted}`, () => state(system, receipt) === wanted, { ms, every: 100 });
const readyz = async (system) => { const answer = await fetch(`${system.admin}/readyz`); return { status: answer.status, text: await answer.text() }; };
const metric = async (system, name) => Number((await (await fetch(`${system.admin}/metrics`)).text()).match(new RegExp(`^mashang_${name} (\\d+)$`, 'm'))?.[1]);
const bodies = async (system, receipt) => (await system.upstream.received()).map((one) => ({ ...one, event: JSON.parse(one.body) })).filter((one) => one.event.data.receipt === receipt);

async function filed(system, code, answers = household(), more = {}) {
  const answer = await file(system.base, code, answers, { consent_sensitive: '1', ...more });
  assert.equal(answer.status, 303, titleOf(answer.html));
  return receiptOf(answer.location);
}

async function lawHolds(system) {
  const audit = queue(system, 'audit');
  assert.equal(audit.holds, true, JSON.stringify(audit));
  const s = audit.sum;
  assert.equal(s.made, s.held + s.ready + s.delayed + s.sending + s.delivered + s.buried + s.dropped);
  assert.equal(s.firsts, s.accepted);
  return s;
}

// A monitoring system of the test's own, for what the stand-in does not do. handler(request, body, response)
async function serve(handler, tls) {
  const listener = (request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => handler(request, Buffer.concat(parts).toString(), response));
  };
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`, stop: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }) };
}

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
    system.cli('mashang', 'queue', 'kick', '--all', '--why', '甲类');
    await becomes(system, a.receipt, 'delivered');
    assert.equal(state(system, b.receipt), 'buried');
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
      await until('readyz to be well', async () => (await readyz(system)).text === 'ready\n', { ms: 5000 });
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

describe('callbacks', () => {
  let system;
  let code;
  before(async () => { system = await startSystem(); code = system.code(); });
  after(() => system?.stop());

  async function hook(type, data, { id = `msg_${Math.random()}`, secret = system.callbackSecret, at = new Date(), raw, headers = {}, change = (body) => body } = {}) {
    const body = raw ?? JSON.stringify({ type, timestamp: at.toISOString(), data });
    const answer = await fetch(`${system.base}/hooks/upstream`, {
      method: 'POST', body: change(body),
      headers: { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': new Webhook(secret).sign(id, at, body), ...headers },
    });
    const text = await answer.text();
    if (answer.status >= 400) {
      assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
      const problem = JSON.parse(text);
      if (problem.status !== undefined) assert.equal(problem.status, answer.status);
    }
    return answer.status;
  }
  const fresh = async () => {
    const answer = await file(system.base, code, household());
    return { receipt: receiptOf(answer.location), page: async () => textOf((await get(system.base + answer.location)).html) };
  };
  const step = (receipt, more = {}) => ({ receipt, step: 'visit', outcome: 'passed', at: new Date().toISOString(), ...more });

  const minutes = (n) => new Date(Date.now() + n * 60000);
  const signatures = [
    ['good', {}, 204], ['four minutes old', { at: minutes(-4) }, 204], ['four minutes ahead', { at: minutes(4) }, 204],
    ['six minutes old', { at: minutes(-6) }, 401], ['six minutes ahead', { at: minutes(6) }, 401],
    ['another secret', { secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}` }, 401],
    ['the body changed', { change: (body) => body.replace('passed', 'failed') }, 401],
    ['a blank more', { change: (body) => `${body} ` }, 401],
    ['another id', { headers: { 'webhook-id': 'msg_other' } }, 401], ['another time', { headers: { 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 100) } }, 401],
    ['no number as time', { headers: { 'webhook-timestamp': 'now' } }, 401], ['no signature', { headers: { 'webhook-signature': '' } }, 401], ['v2', { headers: { 'webhook-signature': 'v2,AAAA' } }, 401],
    ['half a signature', { headers: { 'webhook-signature': 'v1,AAAA' } }, 401], ['no base64', { headers: { 'webhook-signature': 'v1,***' } }, 401], ['an empty one', { headers: { 'webhook-signature': 'v1,' } }, 401],
  ];
  for (const [what, how, wanted] of signatures) {
    test(`signature: ${what}`, async () => {
      const { receipt, page } = await fresh();
      assert.equal(await hook('report.step', step(receipt, { public_note: '公开的话' }), how), wanted);
      assert.equal((await page()).includes('公开的话'), wanted === 204);
    });
  }
  test('the secret of our own events opens nothing: no reflection', async () => {
    const { receipt } = await fresh();
    assert.equal(await hook('report.step', step(receipt), { secret: system.secret }), 401);
  });
  test('two signatures, one of them good', async () => {
    const { receipt } = await fresh();
    const body = JSON.stringify({ type: 'report.step', timestamp: new Date().toISOString(), data: step(receipt) });
    const at = new Date();
    const both = `v1,${Buffer.alloc(32).toString('base64')} ${new Webhook(system.callbackSecret).sign('msg_two', at, body)}`;
    assert.equal(await hook('', {}, { raw: body, id: 'msg_two', at, headers: { 'webhook-signature': both } }), 204);
  });
  test('without the headers', async () => {
    assert.equal((await fetch(`${system.base}/hooks/upstream`, { method: 'POST', body: '{}' })).status, 401);
  });

  const contents = [
    ['unknown receipt', 'report.step', () => step('000000000002'), 404], ['a number that is none', 'report.step', () => step('12'), [404, 422]],
    ['unknown step', 'report.step', (receipt) => step(receipt, { step: 'dance' }), 422], ['unknown outcome', 'report.step', (receipt) => step(receipt, { outcome: 'maybe' }), 422],
    ['no step', 'report.step', (receipt) => ({ receipt }), 422], ['unknown type', 'report.eaten', (receipt) => step(receipt), [404, 422]], ['a step of the wrong type', 'report.step', (receipt) => step(receipt, { step: 7 }), 422],
    ['unknown decision', 'report.decided', (receipt) => ({ receipt, decision: 'perhaps' }), 422], ['cleared before admitted', 'report.cleared', (receipt) => ({ receipt }), 422],
    ['no data', 'report.step', () => undefined, [404, 422]], ['data is a list', 'report.step', () => [], [404, 422]],
  ];
  for (const [what, type, data, wanted] of contents) {
    test(`content: ${what}`, async () => {
      const { receipt, page } = await fresh();
      const before = await page();
      const status = await hook(type, data(receipt));
      assert.ok([wanted].flat().includes(status), `${status}`);
      assert.equal(await page(), before, 'nothing moved');
    });
  }
  for (const raw of ['', '{', '[]', 'null', '"x"', '{"type":"report.step"}', '{"type":7,"data":{}}', '[[[[[[[[', `{"a":${'['.repeat(20000)}`, '\ufeff{}', '{"type":"report.step","type":"x"}']) {
    test(`signed, but no event: ${raw.slice(0, 30)}`, async () => assert.ok([400, 404, 422].includes(await hook('', {}, { raw }))));
  }
  test('too large: 413', async () => assert.equal(await hook('', {}, { raw: `"${'a'.repeat(70000)}"` }), 413));

  test('a repeat changes nothing twice', async () => {
    const { receipt, page } = await fresh();
    const id = `msg_${receipt}`;
    assert.equal(await hook('report.step', step(receipt, { public_note: '第一次' }), { id }), 204);
    const first = await page();
    assert.equal(await hook('report.step', step(receipt, { public_note: '第一次' }), { id }), 204);
    assert.equal(await page(), first);
    await hook('report.step', step(receipt, { public_note: '第一次' }));
    assert.equal((await page()).split('第一次').length, 2, 'once on the page');
  });
  test('the same ten times at once', async () => {
    const { receipt, page } = await fresh();
    const id = `msg_${receipt}`;
    const all = await Promise.all(Array.from({ length: 10 }, () => hook('report.step', step(receipt, { public_note: '第一次' }), { id })));
    assert.ok(all.every((status) => status === 204 || status === 503), all.join());
    assert.equal((await page()).split('第一次').length, 2);
  });
  test('steps in order, then the decision, then cleared', async () => {
    const { receipt, page } = await fresh();
    const words = { visit: '评议中', review: '公示中', notice: '审核中', check: '比对中' };
    for (const [name, next] of Object.entries(words)) {
      assert.equal(await hook('report.step', step(receipt, { step: name })), 204, name);
      assert.ok((await page()).includes(next), `${name}: ${next}`);
    }
    assert.equal(await hook('report.step', step(receipt, { step: 'compare' })), 204);
    assert.equal(await hook('report.decided', { receipt, decision: 'admitted' }), 204);
    assert.ok((await page()).includes('已纳入'));
    assert.equal(await hook('report.cleared', { receipt }), 204);
  });
  test('a late step never moves a report back', async () => {
    const { receipt, page } = await fresh();
    for (const name of ['visit', 'review']) assert.equal(await hook('report.step', step(receipt, { step: name })), 204);
    const before = await page();
    assert.ok([204, 422].includes(await hook('report.step', step(receipt, { outcome: 'failed', at: '2026-01-01T00:00:00+08:00' }))));
    assert.equal(await page(), before);
    assert.equal(await hook('report.decided', { receipt, decision: 'admitted' }), 204);
    const decided = await page();
    for (const [type, data] of [['report.step', step(receipt, { step: 'notice', public_note: '迟到的话' })], ['report.decided', { receipt, decision: 'declined', reason: 'solved' }], ['report.decided', { receipt, decision: 'out_of_area' }]]) {
      assert.ok([204, 422].includes(await hook(type, data)));
    }
    assert.equal(await page(), decided);
  });
  for (const [decision, reason, words] of [['admitted', undefined, /已纳入监测帮扶/], ['declined', 'outside_scope', /经核实，这次没有纳入监测帮扶。原因：核算后收入支出不在监测范围/], ['declined', 'criteria', /具体可到曲堤街道了解/], ['already', undefined, /您家已在监测帮扶范围内/], ['out_of_area', undefined, /关闭|不在本|未纳入/], ['merged', undefined, /关闭|合并|并户/], ['not_by_person', undefined, /关闭/]]) {
    test(`decision ${decision} ${reason ?? ''}`, async () => {
      const { receipt, page } = await fresh();
      assert.equal(await hook('report.decided', { receipt, decision, ...(reason && { reason }) }), 204);
      assert.match((await page()).replace(/ /g, ''), words);
    });
  }
  test('declined with a reason that nobody knows: refused or without it, never its bare code', async () => {
    const { receipt, page } = await fresh();
    assert.ok([204, 422].includes(await hook('report.decided', { receipt, decision: 'declined', reason: 'xyz_reason' })));
    assert.ok(!(await page()).includes('xyz_reason'));
  });
  test('a note is text, never markup', async () => {
    const { receipt } = await fresh();
    const answer = await hook('report.step', step(receipt, { public_note: '<script>alert(1)</script>' }));
    assert.ok([204, 422].includes(answer));
    const filedAgain = await post(`${system.base}/progress`, { receipt, last4: '0000' });
    assert.equal(filedAgain.status, 422);
  });
  test('no echo: what a hook brought is not sent back', async () => {
    const { receipt } = await fresh();
    await hook('report.step', step(receipt));
    await hook('report.decided', { receipt, decision: 'admitted' });
    await until('the event', async () => (await bodies(system, receipt)).length);
    await sleep(200);
    assert.deepEqual(shown(system, receipt).map((each) => each.id), [receipt]);
    assert.equal((await bodies(system, receipt)).length, 1);
  });
  test('other methods: 405 with Allow, as problem+json', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await fetch(`${system.base}/hooks/upstream`, { method });
      assert.equal(answer.status, 405);
      assert.match(answer.headers.get('allow'), /POST/);
      assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
    }
  });
  test('other hooks: 404, as problem+json', async () => {
    const answer = await fetch(`${system.base}/hooks/other`, { method: 'POST', body: '{}' });
    assert.equal(answer.status, 404);
    assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
  });
  test('the law', () => lawHolds(system));
});

describe('without a callback secret there are no callbacks; without a URL everything is held, and sent when there is one', () => {
  test('held, then delivered', async () => {
    const system = await startSystem({ upstream: false, conf: { 'upstream.callback_secret_file': '' } });
    let server;
    try {
      const code = system.code();
      const hook = await fetch(`${system.base}/hooks/upstream`, { method: 'POST', body: '{}' });
      assert.equal(hook.status, 404);
      const receipts = [await filed(system, code), await filed(system, code)];
      await sleep(300);
      const stats = queue(system, 'stats');
      assert.equal(stats.held, 2);
      assert.equal(stats.buried, 0);
      await lawHolds(system);
      const got = [];
      server = await serve((request, body, response) => { got.push(JSON.parse(body).id); response.end('{}'); });
      await system.stopGateway();
      system.settings['upstream.url'] = `${server.url}/in`;
      await system.startGateway();
      for (const receipt of receipts) await becomes(system, receipt, 'delivered');
      assert.deepEqual(got.toSorted(), receipts.toSorted());
      await lawHolds(system);
    } finally {
      await system.stop();
      await server?.stop();
    }
  });
});

describe('the window', () => {
  test('at most so many in flight', async () => {
    let now = 0;
    let most = 0;
    const server = await serve((request, body, response) => { now += 1; most = Math.max(most, now); setTimeout(() => { now -= 1; response.end('{}'); }, 150); });
    const system = await startSystem({ upstream: false, conf: { 'upstream.url': server.url, 'forward.window': 2 } });
    try {
      const code = system.code();
      await Promise.all(Array.from({ length: 8 }, () => filed(system, code)));
      await until('all', () => queue(system, 'stats').delivered === 8);
      assert.equal(most, 2);
    } finally {
      await system.stop();
      await server.stop();
    }
  });
});

describe('back ends that say 200 for everything', () => {
  let system;
  let code;
  before(async () => {
    system = await startSystem({ conf: {
      'upstream.ok_pointer': '/code', 'upstream.ok_values': '0 200', 'upstream.duplicate_values': '409', 'upstream.refused_values': '422 9001', 'upstream.auth_values': '401 403', 'upstream.msg_pointer': '/msg',
    } });
    code = system.code();
  });
  after(() => system?.stop());
  const only = async (mode) => {
    const answers = household();
    await system.upstream.control({ ...mode, for: answers.id_number });
    return filed(system, code, answers);
  };
  for (const body of ['{"code":0}', '{"code":200,"msg":"好"}', '{"code":"0"}', '{"code":409,"msg":"重复"}', '{"code":"200","id":"N1"}']) {
    test(`delivered: ${body}`, async () => {
      const receipt = await only({ status: 200, body });
      await becomes(system, receipt, 'delivered');
      assert.equal((await bodies(system, receipt)).length, 1);
    });
  }
  for (const body of ['{"code":422,"msg":"身份证不符"}', '{"code":"9001","msg":"村码不对"}']) {
    test(`buried: ${body}`, async () => {
      const receipt = await only({ status: 200, body });
      await becomes(system, receipt, 'buried');
      assert.match(queue(system, 'dead').find((one) => one.id === receipt).why, new RegExp(JSON.parse(body).msg));
      await system.upstream.control({ status: 200, body: '{"code":0}' });
      system.cli('mashang', 'queue', 'kick', receipt);
      await becomes(system, receipt, 'delivered');
    });
  }
  for (const body of ['{"code":500}', '{"code":1}', '{"kode":0}', '{}', '', 'OK', '<html>', '{"code":', '[0]', '{"code":null}', '{"code":[0]}', '{"code":true}', '{"code":0.5}', '{"code":"00"}']) {
    test(`later: ${body}`, async () => {
      const receipt = await only({ status: 200, body });
      await until('attempts', async () => (await bodies(system, receipt)).length >= 2);
      assert.ok(['delayed', 'ready', 'sending'].includes(state(system, receipt)), state(system, receipt));
      await system.upstream.control({ status: 200, body: '{"code":0}' });
      await becomes(system, receipt, 'delivered');
    });
  }
  for (const body of ['{"code":401}', '{"code":"403","msg":"没有权限"}']) {
    test(`misconfigured: ${body}`, async () => {
      const opened = await metric(system, 'breaker_opened_total');
      const receipt = await only({ status: 200, body });
      await until('the breaker', async () => (await metric(system, 'breaker_opened_total')) > opened);
      assert.notEqual(state(system, receipt), 'buried');
      await system.upstream.control({ status: 200, body: '{"code":0}' });
      await becomes(system, receipt, 'delivered');
    });
  }
  test('the law', async () => assert.equal((await lawHolds(system)).buried, 0));
});

describe('bodies of other shapes', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-bodies-'));
  after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const slugs = ['illness', 'disability', 'disaster', 'accident', 'jobs', 'schooling', 'housing', 'water', 'dropout', 'business', 'labour', 'epidemic', 'in_person', 'other'];
  const maps = path.join(dir, 'maps.json');
  fs.writeFileSync(maps, JSON.stringify({ risks: Object.fromEntries(slugs.map((slug, i) => [slug, `R"<&${i}`])) }));
  const detail = '引号" 尖<b>&amp; 反\\ 百分%41 加+ 等=\n下一行 \' {{name}} ]]>';
  const strings = { id: 'receipt', name: 'name', sfz: 'id_number', dh: 'phone', sm: 'detail' };
  const kinds = {
    json: {
      type: /^application\/json/, template: `{${Object.entries(strings).map(([key, member]) => `"${key}":"{{data.${member}}}"`).join(',')},"fx":[{{#data.mapped_risks}}"{{code}}"{{^last}},{{/last}}{{/data.mapped_risks}}]}`,
      read: (body) => JSON.parse(body),
    },
    form: {
      type: /^application\/x-www-form-urlencoded/, template: `${Object.entries(strings).map(([key, member]) => `${key}={{data.${member}}}`).join('&')}{{#data.mapped_risks}}&fx={{code}}{{/data.mapped_risks}}`,
      read: (body) => { const all = new URLSearchParams(body); return { ...Object.fromEntries(all), fx: all.getAll('fx') }; },
    },
    xml: {
      type: /^(application|text)\/xml/, template: `<?xml version="1.0" encoding="UTF-8"?><r>${Object.entries(strings).map(([key, member]) => `<${key}>{{data.${member}}}</${key}>`).join('')}{{#data.mapped_risks}}<fx>{{code}}</fx>{{/data.mapped_risks}}</r>`,
      read: (body) => {
        const plain = (text) => text.replace(/&(lt|gt|amp|quot|apos|#39|#34|#10|#xA|#13);/g, (all, name) => ({ lt: '<', gt: '>', amp: '&', quot: '"', apos: "'", '#39': "'", '#34': '"', '#10': '\n', '#xA': '\n', '#13': '\r' })[name]);
        const all = [...body.matchAll(/<(id|name|sfz|dh|sm|fx)>([^<]*)<\/\1>/g)].map((match) => [match[1], plain(match[2])]);
        return { ...Object.fromEntries(all), fx: all.filter(([key]) => key === 'fx').map(([, value]) => value) };
      },
    },
  };
  for (const [kind, { type, template, read }] of Object.entries(kinds)) {
    test(`${kind}: every value arrives as it was written, slugs as their codes`, async () => {
      const got = [];
      const server = await serve((request, body, response) => { got.push({ headers: request.headers, body }); response.end('{"id":7}'); });
      fs.writeFileSync(path.join(dir, kind), template);
      const system = await startSystem({ upstream: false, conf: { 'upstream.url': server.url, 'upstream.body_template': path.join(dir, kind), 'upstream.body_kind': kind, 'upstream.maps_file': maps } });
      try {
        const answers = household({ detail, risk: ['accident', 'jobs', 'other'] });
        const receipt = await filed(system, system.code(), answers);
        await becomes(system, receipt, 'delivered');
        assert.equal(got.length, 1);
        assert.match(got[0].headers['content-type'], type);
        const { fx, ...rest } = read(got[0].body);
        assert.deepEqual({ ...rest, sm: rest.sm.replace(/\r\n/g, '\n') }, { id: receipt, name: answers.name, sfz: answers.id_number, dh: answers.phone, sm: detail });
        assert.deepEqual(fx, ['accident', 'jobs', 'other'].map((slug) => `R"<&${slugs.indexOf(slug)}`));
        const verify = () => new Webhook(system.secret).verify(got[0].body, got[0].headers);
        if (kind === 'json') verify();
        else assert.throws(verify, SyntaxError, 'the signature is good: what fails is reading it as JSON');
        assert.equal(shown(system, receipt)[0].upstream_id, '7');
        await lawHolds(system);
      } finally {
        await system.stop();
        await server.stop();
      }
    });
  }

  const starts = [
    ['a risk without a code', { maps: { risks: { accident: '1' } } }, /risks.*(illness|no entry)/],
    ['an area without a code', { maps: { risks: Object.fromEntries(slugs.map((slug) => [slug, '1'])), areas: { 370115: '1' } } }, /areas.*370115\d+/],
    ['maps that are no JSON', { maps: 'x' }, /maps/], ['maps with an unknown part', { maps: { colours: {} } }, /colours/],
    ['a template with an unknown name', { template: '{"a":"{{data.nothing}}"}' }, /template.*data\.nothing/], ['an unescaped hole', { template: '{"a":{{{data.name}}}}' }, /template:1/], ['a section left open', { template: '{"a":"{{#data.role}}"}' }, /template:1/],
    ['no such template', { conf: { 'upstream.body_template': '/nowhere' } }, /nowhere/],
  ];
  for (const [what, { maps: mapped, template, conf = {} }, said] of starts) {
    test(`start-up error: ${what}`, () => {
      const folder = fs.mkdtempSync(path.join(dir, 's'));
      execFileSync(path.join(build, 'mashang'), ['init', path.join(folder, 'etc')], { stdio: 'ignore' });
      fs.writeFileSync(path.join(folder, 'maps.json'), typeof mapped === 'string' ? mapped : JSON.stringify(mapped ?? {}));
      fs.writeFileSync(path.join(folder, 'template'), template ?? '{"a":"{{data.name}}"}');
      const set = { 'upstream.url': 'http://127.0.0.1:9', 'upstream.body_template': path.join(folder, 'template'), ...(mapped && { 'upstream.maps_file': path.join(folder, 'maps.json') }), ...conf };
      const run = spawnSync(path.join(build, 'mashang'), ['check-config', '-c', path.join(folder, 'etc/mashang.conf'), ...Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`])], { encoding: 'utf8' });
      assert.equal(run.status, 78, run.stdout + run.stderr);
      assert.match(run.stderr, /^mashang: /);
      assert.match(run.stderr, said);
    });
  }

  test('bearer: the token in the header, no body of ours changed', async () => {
    const got = [];
    const server = await serve((request, body, response) => { got.push(request.headers); response.end('{}'); });
    fs.writeFileSync(path.join(dir, 'token'), 'invented-token-1\n');
    const system = await startSystem({ upstream: false, conf: { 'upstream.url': server.url, 'upstream.auth': 'bearer', 'upstream.secret_file': path.join(dir, 'token') } });
    try {
      await becomes(system, await filed(system, system.code()), 'delivered');
      assert.equal(got[0].authorization, 'Bearer invented-token-1');
      const tried = system.cli('mashang', 'upstream', 'try');
      assert.ok(!tried.includes('invented-token-1'), 'masked');
    } finally {
      await system.stop();
      await server.stop();
    }
  });

  test('token-request: asked once, kept, asked again after a 401', async () => {
    let asked = 0;
    const got = [];
    const server = await serve((request, body, response) => {
      if (request.url === '/token') {
        asked += 1;
        response.end(JSON.stringify({ data: { token: `T${asked}` } }));
      } else {
        got.push(request.headers.authorization);
        response.statusCode = request.headers.authorization === `Bearer T${Math.max(asked, got.length > 2 ? 2 : 1)}` ? 200 : 401;
        response.end('{}');
      }
    });
    fs.writeFileSync(path.join(dir, 'ask'), '{"app":"a"}');
    const system = await startSystem({ upstream: false, conf: { 'upstream.url': `${server.url}/in`, 'upstream.auth': 'token-request', 'upstream.token_url': `${server.url}/token`, 'upstream.token_body_file': path.join(dir, 'ask'), 'upstream.token_pointer': '/data/token' } });
    try {
      const code = system.code();
      for (let i = 0; i < 2; i += 1) await becomes(system, await filed(system, code), 'delivered');
      assert.equal(asked, 1);
      await becomes(system, await filed(system, code), 'delivered');
      assert.equal(asked, 2);
      assert.ok(got.includes('Bearer T2'));
    } finally {
      await system.stop();
      await server.stop();
    }
  });
});

describe('mashang upstream try', () => {
  let system;
  before(async () => { system = await startSystem(); });
  after(() => system?.stop());
  const run = (...args) => spawnSync(path.join(build, 'mashang'), ['upstream', 'try', ...args, '-c', system.conf], { encoding: 'utf8' });

  test('prints the request and sends nothing', async () => {
    const { status, stdout } = run();
    assert.equal(status, 0);
    assert.ok(stdout.includes(`POST ${system.upstream.url}/events`));
    for (const name of ['Content-Type: application/cloudevents+json', 'webhook-id: ', 'webhook-timestamp: ', 'webhook-signature: v1,', 'Idempotency-Key: ', 'traceparent: 00-']) assert.ok(stdout.includes(name), name);
    assert.ok(stdout.includes('"specversion":"1.0"'));
    assert.ok(!stdout.includes(system.secret));
    assert.equal((await system.upstream.effects()).attempts, 0);
  });
  test('--json is one JSON text', () => {
    const tried = JSON.parse(run('--json').stdout);
    assert.equal(tried.method, 'POST');
    assert.equal(JSON.parse(tried.body).specversion, '1.0');
    assert.equal(run('--json').stderr, '');
  });
  test('--send: delivered, the signature is good, no report is made', async () => {
    const { status, stdout } = run('--send');
    assert.equal(status, 0, stdout);
    assert.match(stdout, /200.*delivered/);
    const [one] = await system.upstream.received();
    assert.ok(new Webhook(system.secret).verify(one.body, one.headers));
    assert.ok(JSON.parse(one.body).data.flags.includes('drill'), 'marked, so that nobody visits');
    assert.equal(queue(system, 'stats').accepted, 0);
  });
  test('--send --json is one JSON text', () => {
    const { stdout } = run('--send', '--json');
    assert.equal(JSON.parse(stdout).verdict ?? JSON.parse(stdout).answer?.verdict, 'delivered');
  });
  for (const [mode, words] of [[{ status: 422, body: '{"msg":"缺少字段"}' }, /422.*refused[\s\S]*缺少字段/], [{ status: 401 }, /401.*(misconfigured|configured)/], [{ status: 503 }, /503.*later/], [{ reset: true }, /later/], [{ status: 409 }, /409.*(delivered|has it)/], [{ stall_ms: 1500 }, /later/]]) {
    test(`--send: ${JSON.stringify(mode)}`, async () => {
      await system.upstream.control(mode);
      const { status, stdout } = run('--send');
      await system.upstream.control({});
      assert.match(stdout, words);
      assert.equal(status, mode.status === 409 ? 0 : 1);
    });
  }
  test('nobody there', async () => {
    await system.upstream.stop();
    const { status, stdout } = run('--send');
    await system.upstream.start();
    assert.equal(status, 1);
    assert.match(stdout, /later/);
  });
});

describe('whom it talks to', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-tls-'));
  after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const openssl = (...args) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
  before(() => {
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=invented CA', '-days', '2');
    for (const [name, san] of [['server', 'IP:127.0.0.1'], ['wrong', 'DNS:other.example'], ['client', 'DNS:county.example']]) {
      openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      fs.writeFileSync(path.join(dir, `${name}.ext`), `subjectAltName=${san}\n`);
      openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-out', `${name}.pem`, '-extfile', `${name}.ext`);
    }
  });
  const pem = (name) => fs.readFileSync(path.join(dir, name));
  const cases = [
    ['a certificate of the CA we were given', 'server', { 'upstream.ca_file': 'ca.pem' }, {}, true],
    ['an unknown CA', 'server', {}, {}, false],
    ['a certificate for another name', 'wrong', { 'upstream.ca_file': 'ca.pem' }, {}, false],
    ['with our client certificate', 'server', { 'upstream.ca_file': 'ca.pem', 'upstream.client_cert': 'client.pem', 'upstream.client_key': 'client.key' }, { requestCert: true, rejectUnauthorized: true }, true],
    ['without the client certificate that it wants', 'server', { 'upstream.ca_file': 'ca.pem' }, { requestCert: true, rejectUnauthorized: true }, false],
  ];
  for (const [what, name, conf, tls, good] of cases) {
    test(`TLS: ${what}`, async () => {
      const got = [];
      const server = await serve((request, body, response) => { got.push(body); response.end('{}'); }, { key: pem(`${name}.key`), cert: pem(`${name}.pem`), ca: pem('ca.pem'), ...tls });
      const files = Object.fromEntries(Object.entries(conf).map(([key, value]) => [key, path.join(dir, value)]));
      const system = await startSystem({ upstream: false, conf: { 'upstream.url': server.url, ...files } });
      try {
        const receipt = await filed(system, system.code());
        if (good) {
          await becomes(system, receipt, 'delivered');
        } else {
          await until('an attempt', () => shown(system, receipt)[0].attempts >= 1 || shown(system, receipt)[0].last_attempts.length >= 1);
          await sleep(200);
          assert.ok(['ready', 'delayed', 'sending', 'held'].includes(state(system, receipt)));
          assert.deepEqual(got, []);
        }
        await lawHolds(system);
      } finally {
        await system.stop();
        await server.stop();
      }
    });
  }
  test('redirects are not followed, huge answers are not read to their end', async () => {
    const got = [];
    let sent = 0;
    const other = await serve((request, body, response) => { got.push(body); response.end('{}'); });
    const server = await serve((request, body, response) => {
      if (request.headers['x-n'] !== undefined) return;
      if (got.redirected) {
        response.writeHead(200);
        const more = () => { while (sent < 200e6 && !response.destroyed) { sent += 65536; if (!response.write(Buffer.alloc(65536, 32))) { response.once('drain', more); return; } } response.end(); };
        more();
      } else {
        got.redirected = true;
        response.writeHead(307, { location: other.url });
        response.end();
      }
    });
    const system = await startSystem({ upstream: false, conf: { 'upstream.url': server.url } });
    try {
      await becomes(system, await filed(system, system.code(), household({ phone: inventedPhone() })), 'delivered');
      assert.equal(got.length, 0);
      assert.ok(sent < 100e6, `${sent} bytes`);
    } finally {
      await system.stop();
      await server.stop();
      await other.stop();
    }
  });
});
