// What townships read: the feed, one report, search, history.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { county, document, inventedReceipt, isProblem, otherTown, otherVillage, town } from '../lib/api.mjs';
import { inventedId, inventedPhone } from '../lib/farmer.mjs';
import { becomes } from '../lib/line.mjs';
import { setField } from '../lib/store.mjs';
import { village } from '../lib/system.mjs';
import { detailKeys, itemKeys, near, receipts, time } from './stage.mjs';

export function readCases({ system, api, nobody, report, another, staffOf }) {
  test('the document is served as it is kept, without a token', async () => {
    const answer = await nobody.get('/openapi.json');
    assert.equal(answer.status, 200);
    assert.match(answer.type, /^application\/(vnd\.oai\.openapi\+)?json/);
    assert.deepEqual(JSON.parse(answer.text), JSON.parse(fs.readFileSync(document, 'utf8')));
  });

  test('feed: an item says all that is promised and nothing personal', async () => {
    const { receipt, name, id_number, phone } = await report({ risk: ['accident', 'jobs'], urgent: '1' });
    const { reports } = await api.follow();
    const item = reports.find((one) => one.receipt === receipt);
    assert.deepEqual(Object.keys(item).sort(), itemKeys);
    assert.equal(item.area.id, village);
    assert.deepEqual(item.area.path.slice(-3), ['济阳区', '曲堤街道', '葛家村']);
    near(item.submitted_at, Date.now(), 60000);
    assert.match(item.step_due_at, time);
    assert.match(item.total_due_at, time);
    assert.deepEqual(item.steps, [{ step: 'visit', due_at: item.step_due_at }]);
    const { version, kind, state, step, risks, urgent, source, filed_by, signal, late, claimed_by, decision, reason } = item;
    assert.deepEqual({ version, kind, state, step, risks, urgent, source, filed_by, signal, late, claimed_by, decision, reason }, {
      version: 1, kind: 'report', state: 'new', step: 'visit', risks: ['accident', 'jobs'], urgent: true, source: 'self', filed_by: 'self', signal: 'green', late: false, claimed_by: null,
      decision: null, reason: null });
    for (const secret of [name, id_number, phone]) assert.ok(!JSON.stringify(reports).includes(secret));
  });

  test('feed: following next gives every report once, whatever the limit; a changed one comes again, last', async () => {
    const filed = [];
    for (let i = 0; i < 3; i++) filed.push((await report()).receipt);
    const whole = await api.follow();
    const one = await api.follow({ limit: 1 });
    assert.deepEqual(receipts(one.reports), receipts(whole.reports));
    assert.equal(new Set(receipts(whole.reports)).size, whole.reports.length);
    assert.deepEqual((await api.read({ since: whole.next })).reports, []);
    await api.step(filed[0], 'visit');
    await api.step(filed[1], 'visit');
    await api.claim(filed[0]);
    const { reports } = await api.follow({ limit: 2 }, whole.next);
    assert.deepEqual(receipts(reports), [filed[1], filed[0]]);
    assert.deepEqual(reports.map((item) => item.version), [2, 3]);
    const page = await api.get('/reports', { limit: 1 });
    const [, link] = page.headers.get('link').match(/^<([^>]+)>; rel="next"$/);
    assert.equal(new URL(link, system.base).searchParams.get('since'), page.body.next);
    assert.equal(page.headers.get('cache-control'), 'no-store');
    const followed = await fetch(new URL(link, system.base), { headers: { authorization: `Bearer ${api.token.token}` } });
    assert.equal((await followed.json()).reports[0].receipt, (await api.follow()).reports[1].receipt);
    assert.equal(new URL(link, system.base).searchParams.get('limit'), '1', 'the link keeps the filters');
  });

  test('feed: filters look at the newest version', async () => {
    const mine = await report({ risk: ['schooling'] });
    const theirs = await report({ risk: ['schooling'] }, { code: system.code(otherVillage) });
    const of = async (query) => receipts((await api.follow(query)).reports).filter((one) => [mine.receipt, theirs.receipt].includes(one));
    const both = [mine.receipt, theirs.receipt];
    assert.deepEqual(await of({}), both);
    assert.deepEqual(await of({ area: town }), [mine.receipt]);
    assert.deepEqual(await of({ area: village }), [mine.receipt]);
    assert.deepEqual(await of({ area: county }), both);
    assert.deepEqual(await of({ risk: 'schooling' }), both);
    assert.deepEqual(await of({ risk: 'water' }), []);
    assert.deepEqual(await of({ source: 'self' }), both);
    assert.deepEqual(await of({ source: 'petition' }), []);
    assert.deepEqual(await of({ kind: 'report' }), both);
    assert.deepEqual(await of({ kind: 'lead' }), []);
    assert.deepEqual(await of({ late: '0' }), both);
    assert.deepEqual(await of({ late: '1' }), []);
    assert.deepEqual(await of({ drill: '1' }), []);
    await api.step(mine.receipt, 'visit');
    assert.deepEqual(await of({ state: 'open' }), [mine.receipt]);
    assert.deepEqual(await of({ state: 'new' }), [theirs.receipt]);
    assert.deepEqual(await of({ state: 'new', area: town }), []);
  });

  test('feed: what is not a parameter or not a value is refused by name', async () => {
    const bad = ['limit=0', 'limit=201', 'limit=x', 'limit=', 'limit=1e1', 'limit=%2B1', 'wait=31', 'wait=-1', 'late=2', 'late=true', 'drill=2', 'state=none', 'source=web', 'kind=lea', 'risk=%3Cb%3E',
      'since=%20', 'since=nonsense', 'colour=red', 'limit=1&limit=2'];
    for (const query of bad) {
      const answer = await api.get('/reports', query, { wrong: true });
      const body = isProblem(answer, 422, { pointer: '' });
      const name = query.slice(0, query.indexOf('='));
      assert.ok(body.errors.some((fault) => fault.detail.includes(name) || fault.code === 'unknown_parameter'), `${query}: ${answer.text}`);
    }
  });

  test('feed: an area outside the scope, unknown or ill-formed is not found, alike', async () => {
    const limited = staffOf(town, '曲堤试验员');
    const texts = [];
    for (const area of [otherTown, otherVillage, '999999', 'no-such-area']) {
      const answer = await limited.get('/reports', { area }, { direct: true });
      isProblem(answer, 404);
      texts.push(answer.text);
    }
    assert.equal(new Set(texts).size, 1, texts.join('\n'));
    isProblem(await limited.get('/reports', { area: county }), 404);
    assert.equal((await limited.get('/reports', { area: village })).status, 200);
  });

  test('feed: a scope sees its own areas only, of any levels and several at once', async () => {
    const mine = await report();
    const theirs = await another();
    const seen = async (area) => receipts((await staffOf(area, '试验员').follow()).reports);
    assert.ok((await seen(town)).includes(mine.receipt) && !(await seen(town)).includes(theirs.receipt));
    const both = await seen([village, otherTown]);
    assert.ok(both.includes(mine.receipt) && both.includes(theirs.receipt));
    assert.ok((await seen('37')).includes(mine.receipt));
  });

  test('feed: wait holds the request until something is new in the scope', async () => {
    const local = staffOf(town, '等的人');
    const { next } = await local.follow();
    const started = Date.now();
    const empty = await local.read({ since: next, wait: 1 });
    assert.ok(Date.now() - started >= 900, 'held');
    assert.deepEqual(empty.reports, []);
    const waiting = local.read({ since: empty.next, wait: 20 });
    await sleep(200);
    const elsewhere = await another();
    await sleep(200);
    const here = await report();
    const at = Date.now();
    const page = await waiting;
    assert.ok(Date.now() - at < 1500, `within a second: ${Date.now() - at}`);
    assert.deepEqual(receipts(page.reports), [here.receipt]);
    assert.notEqual(elsewhere.receipt, here.receipt);
    const now = Date.now();
    assert.deepEqual(receipts((await local.read({ since: empty.next, wait: 20 })).reports), [here.receipt]);
    assert.ok(Date.now() - now < 1000, 'what is there already is answered at once');
  });

  test('feed: drills only with drill=1, and nothing else there', async () => {
    const drill = await report({}, { code: system.code(village, '--drill') });
    const real = await report();
    const seen = receipts((await api.follow()).reports);
    assert.ok(seen.includes(real.receipt) && !seen.includes(drill.receipt));
    const { reports } = await api.follow({ drill: 1 });
    assert.ok(receipts(reports).includes(drill.receipt) && !receipts(reports).includes(real.receipt));
    assert.ok(reports.every((item) => item.flags.includes('drill')));
  });

  test('detail: personal data only with pii, and each such read is in the history', async () => {
    const filed = await report({ detail: '演示用的情况' });
    const reader = staffOf(town, '只看的人', ['read']);
    const plain = await reader.get(`/reports/${filed.receipt}`);
    assert.equal(plain.status, 200, plain.text);
    assert.deepEqual(Object.keys(plain.body).sort(), [...itemKeys, ...detailKeys].sort());
    assert.equal(plain.headers.get('etag'), '"1"');
    assert.equal(plain.headers.get('cache-control'), 'no-store');
    for (const secret of [filed.name, filed.id_number, filed.phone, '演示用的情况']) assert.ok(!plain.text.includes(secret), secret);
    const same = await reader.get(`/reports/${filed.receipt}`, undefined, { headers: { 'if-none-match': '"1"' } });
    assert.equal(same.status, 200, 'what may be done changes with the days, at the same version');
    const length = async () => (await api.get(`/reports/${filed.receipt}/history`)).body.events.length;
    const before = await length();
    const full = await api.get(`/reports/${filed.receipt}`, undefined, { headers: { 'if-none-match': '"1"' } });
    assert.equal(full.status, 200);
    const { person } = full.body;
    assert.deepEqual(person.notes, []);
    assert.deepEqual({ name: person.name, id_number: person.id_number, phone: person.phone, risk: person.risk, detail: person.detail, filed_by: person.filed_by }, {
      name: filed.name, id_number: filed.id_number, phone: filed.phone, risk: ['accident'], detail: '演示用的情况', filed_by: 'self' });
    assert.equal(full.body.version, 1, 'reading changes nothing');
    assert.equal(await length(), before + 1);
    const { choices, transfers, merged_into, authorised, source_org } = full.body;
    assert.ok(choices.some((one) => one.move === 'step' && one.step === 'visit' && one.outcome === 'passed'));
    assert.deepEqual({ transfers, merged_into, authorised, source_org }, { transfers: [], merged_into: null, authorised: false, source_org: null });
    assert.match(full.body.form, /^report@[0-9a-f]+$/);
    assert.match(full.body.procedure, /^laiyuan@[0-9a-f]+$/);
  });

  test('what was kept long enough and is deleted: read as the document says, and nothing can be done with it', async () => {
    const { receipt } = await report();
    await becomes(system, receipt, 'delivered');
    setField(system, receipt, 'acted', Date.now() - 4000 * 864e5);
    assert.equal(JSON.parse(system.cli('mashang', 'purge', '--json')).purged, 1);
    const item = (await api.follow()).reports.find((one) => one.receipt === receipt);
    assert.deepEqual([item.state, item.flags], ['closed', ['purged']]);
    const left = await api.detail(receipt);
    assert.deepEqual([left.state, left.choices, left.person], ['closed', [], undefined]);
    isProblem(await api.move(receipt, 'steps', { step: 'visit', outcome: 'passed' }), 404);
  });

  test('search: exactly by receipt, ID number, phone, or name in an area; masked rows of the scope', async () => {
    const filed = await report({ name: '试验·寻找' });
    const row = { receipt: filed.receipt, kind: 'report', state: 'new' };
    const asks = [{ receipt: filed.receipt }, { id_number: filed.id_number }, { id_number: filed.id_number.toLowerCase() }, { phone: filed.phone }, { phone: `+86 ${filed.phone}` },
      { name: filed.name, area: town }, { name: '试验•寻找', area: village }];
    const local = staffOf(town, '查找的人', ['lookup']);
    const stranger = staffOf(otherTown, '别镇的人', ['lookup']);
    for (const ask of asks) {
      const said = JSON.stringify(ask);
      for (const answer of [await local.post('/search', ask), await local.get('/search', ask)]) {
        assert.equal(answer.status, 200, `${said}: ${answer.text}`);
        assert.equal(answer.body.reports.length, 1, `${said}: ${answer.text}`);
        const [found] = answer.body.reports;
        assert.deepEqual(Object.keys(found).sort(), ['area', 'kind', 'mask', 'receipt', 'state', 'submitted_at']);
        assert.deepEqual({ receipt: found.receipt, kind: found.kind, state: found.state }, row);
        assert.match(found.mask, /^试.*\*/);
        for (const secret of [filed.name, filed.id_number, filed.phone]) assert.ok(!answer.text.includes(secret));
      }
      if (!ask.area) assert.deepEqual((await stranger.post('/search', ask)).body.reports, [], said);
    }
    assert.deepEqual((await local.post('/search', { phone: inventedPhone() })).body, { reports: [] });
    assert.deepEqual((await local.post('/search', { id_number: inventedId() })).body, { reports: [] });
    assert.deepEqual((await local.post('/search', { receipt: inventedReceipt() })).body, { reports: [] });
    isProblem(await local.post('/search', { name: filed.name, area: otherTown }), 404);
    const wrong = { wrong: true };
    isProblem(await local.post('/search', {}, wrong), 422);
    isProblem(await local.post('/search', { name: filed.name }, wrong), 422);
    isProblem(await local.post('/search', { phone: filed.phone, receipt: filed.receipt }, wrong), 422);
    isProblem(await local.post('/search', { phone: 1 }, wrong), 422, { pointer: '/phone', code: 'type' });
    isProblem(await local.get('/search', { colour: 'red' }, wrong), 422, { pointer: '' });
  });

  test('history: every event names the hash before it, and the chain holds', async () => {
    const { receipt } = await report();
    await api.moved(receipt, 'claim');
    await api.walk(receipt, 'visit', 'check');
    await api.detail(receipt);
    const answer = await api.get(`/reports/${receipt}/history`);
    assert.equal(answer.status, 200, answer.text);
    const { events, verified } = answer.body;
    assert.equal(verified, true);
    assert.equal(events.length, 5, events.map((one) => one.event).join());
    events.forEach((one, i) => {
      assert.ok(i === 0 || one.seq > events[i - 1].seq, 'in their order');
      assert.equal(one.previous, i === 0 ? null : events[i - 1].hash);
    });
    assert.equal(new Set(events.map((one) => one.hash)).size, events.length);
    assert.deepEqual(events.map((one) => one.version), [1, 2, 3, 4, 4]);
    assert.equal(events[0].event, 'accepted');
    assert.deepEqual(events.map((one) => one.who), ['form', 'staff', 'staff', 'staff', 'staff']);
    const visit = events.find((one) => one.step === 'visit');
    assert.equal(visit.outcome, 'passed');
    near(visit.happened, Date.now(), 60000);
    assert.deepEqual([events[0].by, events[1].by, events[1].name], [null, api.token.id, '区里试验员']);
    for (const one of events) near(one.at, Date.now(), 60000);
  });
}

export function lastCases({ system, api }) {
  // The last one of all: every cursor from before is gone.
  test('feed: a cursor from before a restore is gone, and says so', async () => {
    const { next } = await api.read({ limit: 1 });
    system.cli('mashang', 'store', 'restored');
    await system.reload();
    isProblem(await api.get('/reports', { since: next }), 410, { pointer: '', code: 'cursor-expired' });
    assert.equal((await api.get('/reports', { limit: 1 })).status, 200);
  });
}
