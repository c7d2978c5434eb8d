// What the monitoring system says back: signatures, order, repeats, and what may never happen.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { file, get, household, post, receiptOf, textOf } from '../lib/farmer.mjs';
import { bodies, lawHolds, shown } from '../lib/line.mjs';
import { startSystem, until } from '../lib/system.mjs';

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
    ['a day that has not come', 'report.step', (receipt) => step(receipt, { at: '9999-12-31T00:00:00Z' }), 422], ['nor next week', 'report.decided', (receipt) => ({ receipt, decision: 'admitted', at: new Date(Date.now() + 7 * 86400e3).toISOString() }), 422],
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

describe('[progress] source says whose callbacks count', () => {
  for (const [source, wanted] of [['console', 404], ['both', 204]]) {
    test(source, async (t) => {
      const system = await startSystem({ conf: { 'progress.source': source } });
      t.after(() => system.stop());
      const { location } = await file(system.base, system.code(), household());
      const [id, at] = ['msg_1', new Date()];
      const body = JSON.stringify({ type: 'report.step', timestamp: at.toISOString(), data: { receipt: receiptOf(location), step: 'visit', outcome: 'passed', at: at.toISOString(), public_note: '公开的话' } });
      const answer = await fetch(`${system.base}/hooks/upstream`, {
        method: 'POST', body,
        headers: { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': new Webhook(system.callbackSecret).sign(id, at, body) },
      });
      assert.equal(answer.status, wanted);
      assert.equal(textOf((await get(system.base + location)).html).includes('公开的话'), wanted === 204);
    });
  }
});
