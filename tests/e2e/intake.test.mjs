// Findings that come by other ways than a printed code: POST /reports by the rules of each source, and the departments' push calendar.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { addToken, Api, county, directDoors, fileReport, isProblem, otherVillage, prismDoors, town } from '../lib/api.mjs';
import { inventedId, inventedPhone } from '../lib/farmer.mjs';
import { bodies, lawHolds, shown } from '../lib/line.mjs';
import { redis } from '../lib/store.mjs';
import { root, startSystem, until, village } from '../lib/system.mjs';

const day = (shift = 0) => new Date(Date.now() + 8 * 3600e3 + shift * 86400e3).toISOString().slice(0, 10);
const call = (more = {}) => ({ source: 'hotline', basis: 'spoken', area: village, name: '试验甲', phone: inventedPhone(), risks: ['illness'], found_at: day(), ...more });
const finding = (more = {}) => ({ source: 'department', source_org: 'medical', area: village, name: '试验乙', id_number: inventedId(), risks: ['illness'], found_at: day(-3), ...more });

for (const [how, open] of [['directly', directDoors], ['through prism', prismDoors]]) describe(`intake ${how}`, () => {
  let system;
  let api;
  let doors;
  before(async () => {
    system = await startSystem();
    doors = await open(system);
    api = new Api(doors, addToken(system, { area: county, rights: 'intake,stats,claim' }));
  });
  after(async () => {
    await doors?.stop?.();
    await system.stop();
  });

  test('a call to the hotline becomes a report and goes upstream', async () => {
    const body = call({ detail: '演示用的情况', urgent: true, external_ref: 'HL-1' });
    const filed = await api.intake(body);
    assert.equal(filed.status, 201, filed.text);
    assert.equal(filed.body.kind, 'report');
    assert.equal(filed.headers.get('location'), `/api/v1/reports/${filed.body.receipt}`);
    const [sent] = await until('the event', async () => { const all = await bodies(system, filed.body.receipt); return all.length && all; });
    const { data } = sent.event;
    assert.deepEqual([data.source, data.name, data.phone, data.detail, data.urgent, data.risks], ['hotline', body.name, body.phone, body.detail, true, ['illness']]);
    assert.equal(data.id_number, undefined);
    await lawHolds(system);
  });

  test('a finding of a department is a lead: no event, the conservation law holds', async () => {
    const filed = await api.intake(finding());
    assert.equal(filed.status, 201, filed.text);
    assert.equal(filed.body.kind, 'lead');
    assert.throws(() => shown(system, filed.body.receipt), /no such event/);
    const claimed = await api.claim(filed.body.receipt);
    assert.equal(claimed.status, 200, claimed.text);
    await lawHolds(system);
  });

  test('the same key and body: the same receipt; another body: told and not stored; another sender: another report', async () => {
    const key = crypto.randomUUID();
    const body = call();
    const first = await api.intake(body, { key });
    assert.equal(first.status, 201, first.text);
    const again = await api.intake({ ...body }, { key });
    assert.equal(again.status, 200, again.text);
    assert.deepEqual(again.body, first.body);
    for (const other of [{ ...body, detail: '又写了一句' }, { ...body, name: '试验丙' }, call()]) {
      isProblem(await api.intake(other, { key }), 422, { pointer: '', code: 'idempotency-key' });
    }
    const stranger = await api.as(addToken(system, { area: county, rights: 'intake' })).intake(body, { key });
    assert.equal(stranger.status, 201, stranger.text);
    assert.notEqual(stranger.body.receipt, first.body.receipt);
  });

  test('a key, which may be made of what it says of a person, tells nothing without the keyring, and is known after a rotation', async () => {
    const body = call();
    const key = `${body.name}-${body.phone}`;
    const token = addToken(system, { area: county, rights: 'intake' });
    const own = api.as(token);
    const { receipt } = (await own.intake(body, { key: encodeURIComponent(key) })).body;
    const parts = [token.id, encodeURIComponent(key)].flatMap((text) => { const length = Buffer.alloc(8); length.writeBigUInt64BE(BigInt(text.length)); return [length, Buffer.from(text)]; });
    const open = crypto.createHmac('sha256', 'intake').update(Buffer.concat(parts)).digest('hex');
    assert.equal(redis(system, 'HGET', `ms:{${receipt.slice(0, 2)}}:t:${open}`, 'intake'), '', 'anybody could make this name of a roster');
    system.cli('mashang', 'keys', 'rotate', 'receipt');
    await system.reload();
    const again = await own.intake(body, { key: encodeURIComponent(key) });
    assert.deepEqual([again.status, again.body.receipt], [200, receipt]);
  });

  test('at once with one key: one report', async () => {
    const key = crypto.randomUUID();
    const body = call();
    const answers = await Promise.all(Array.from({ length: 12 }, () => api.intake(body, { key })));
    assert.equal(answers.filter((one) => one.status === 201).length, 1);
    assert.equal(answers.filter((one) => one.status === 200).length, 11);
    assert.equal(new Set(answers.map((one) => one.body.receipt)).size, 1);
  });

  test('without a key, a right, a token, JSON', async () => {
    isProblem(await api.intake(call(), { key: null, wrong: true }), 400, { pointer: '', code: 'idempotency-key' });
    isProblem(await api.intake(call(), { key: 'x'.repeat(129), wrong: true }), 400, { pointer: '', code: 'idempotency-key' });
    isProblem(await api.as(addToken(system, { area: county, rights: 'read,step,stats' })).intake(call()), 403);
    isProblem(await new Api(doors, null).intake(call()), 401);
    const headers = { 'idempotency-key': 'k' };
    isProblem(await api.post('/reports', undefined, { raw: '{"source":', headers }), 400, { pointer: '/source', code: 'syntax' });
    isProblem(await api.post('/reports', undefined, { raw: '{"source":"hotline","source":"cadre"}', headers }), 400, { pointer: '/source', code: 'duplicate' });
    isProblem(await api.post('/reports', undefined, { raw: 'source=hotline', headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' } }), 415);
  });

  test('what is wrong is told all at once, each with its place', async () => {
    const body = call({ name: '甲2', phone: '123', id_number: '110105194912310021', risks: ['luck'], found_at: day(2), helper: 1 });
    delete body.basis;
    const problem = isProblem(await api.intake(body, { wrong: true }), 422);
    assert.deepEqual(problem.errors.map((one) => `${one.pointer} ${one.code}`).sort(),
      ['/basis required', '/found_at future', '/helper unknown_member', '/id_number check', '/name characters', '/phone length', '/risks/0 not_allowed']);
  });

  test('a place by name, within the scope only', async () => {
    const named = (names, more = {}) => { const body = call({ ...names, ...more }); delete body.area; return body; };
    const filed = await api.intake(named({ town: '曲堤街道', village: '葛家村' }));
    assert.equal(filed.status, 201, filed.text);
    assert.ok(filed.body.receipt.startsWith((await api.intake(call())).body.receipt.slice(0, 2)));
    isProblem(await api.intake(named({ town: '曲堤街道', village: '没有村' })), 422, { pointer: '/village', code: 'unknown' });
    const narrow = api.as(addToken(system, { area: town, rights: 'intake' }));
    isProblem(await narrow.intake(call({ area: otherVillage })), 422, { pointer: '/area', code: 'unknown' });
    isProblem(await narrow.intake(call({ area: town })), 422, { pointer: '/area', code: 'level' });
  });

  test('a name that several villages have: 422 with the candidates', async () => {
    const lines = fs.readFileSync(path.join(root, 'deploy/areas/370115.csv'), 'utf8').trim().split('\n').slice(1).map((line) => line.split(','));
    const seen = new Map();
    for (const [id, name] of lines.filter(([one]) => one.length === 12)) seen.set(name, [...(seen.get(name) ?? []), id]);
    const [name, ids] = [...seen].find(([, all]) => all.length > 1);
    const body = call({ village: name });
    delete body.area;
    const problem = isProblem(await api.intake(body, { wrong: true }), 422, { pointer: '/village', code: 'ambiguous' });
    assert.deepEqual(problem.candidates.map((one) => one.id).sort(), ids.sort());
    assert.equal(problem.candidates[0].path.length, 5);
    const [id] = ids;
    assert.equal((await api.intake({ ...body, town: lines.find(([one]) => one === id.slice(0, 9))[1] })).status, 201);
  });

  test('an organisation speaks for itself only', async () => {
    const health = api.as(addToken(system, { area: county, org: 'health', rights: 'intake' }));
    isProblem(await health.intake(finding()), 422, { pointer: '/source_org', code: 'org' });
    const body = finding();
    delete body.source_org;
    assert.equal((await health.intake(body)).status, 201);
    assert.equal((await health.intake({ ...body, source_org: '卫健局' })).status, 201);
    isProblem(await health.intake({ ...body, push: 'medical_bills' }), 422, { pointer: '/push', code: 'org' });
  });

  test('the same person twice: both are kept, the second is flagged', async () => {
    const body = call({ id_number: inventedId() });
    const first = await api.intake(body);
    const second = await api.intake({ ...body, detail: '又打来一次' });
    assert.equal(second.status, 201, second.text);
    assert.notEqual(second.body.receipt, first.body.receipt);
    const events = await until('the event', async () => { const all = await bodies(system, second.body.receipt); return all.length && all; });
    assert.deepEqual(events[0].event.data.flags, ['possible_duplicate']);
  });

  describe('a lead of somebody who has an open report', () => {
    let staff;
    before(() => { staff = api.as(addToken(system, { area: county, rights: 'read,step' })); });
    const flags = async (receipt) => (await staff.detail(receipt)).flags;
    const leadOf = async (id_number) => {
      const filed = await api.intake(finding({ id_number }));
      assert.deepEqual([filed.status, filed.body?.kind], [201, 'lead'], filed.text);
      return filed.body.receipt;
    };
    const accepted = async (receipt) => {
      await staff.moved(receipt, 'steps', { step: 'check', outcome: 'passed', decision: 'report' });
      const [sent] = await until('the event', async () => { const all = await bodies(system, receipt); return all.length && all; });
      return sent.event;
    };

    test('is flagged, and still is when it becomes a report', async () => {
      const report = await fileReport(system);
      const lead = await leadOf(report.id_number);
      assert.deepEqual(await flags(lead), ['possible_duplicate']);
      const event = await accepted(lead);
      assert.deepEqual(event.data.flags, ['possible_duplicate', 'from_lead']);
      assert.deepEqual(await flags(report.receipt), []);
    });

    test('is flagged when it becomes one, where the household filed after it', async () => {
      const id_number = inventedId();
      const lead = await leadOf(id_number);
      assert.deepEqual(await flags(lead), []);
      await fileReport(system, { id_number });
      const event = await accepted(lead);
      assert.deepEqual(event.data.flags, ['from_lead', 'possible_duplicate']);
      assert.deepEqual(await flags(lead), event.data.flags);
      await lawHolds(system);
    });

    test('is not flagged when that one is decided by then', async () => {
      const id_number = inventedId();
      const lead = await leadOf(id_number);
      const { receipt } = await fileReport(system, { id_number });
      await staff.moved(receipt, 'withdraw');
      assert.deepEqual((await accepted(lead)).data.flags, ['from_lead']);
    });
  });

  describe('pushes', () => {
    const pushes = async (as = api, query) => {
      const answer = await as.get('/pushes', query);
      assert.equal(answer.status, 200, answer.text);
      return Object.fromEntries(answer.body.pushes.map((one) => [one.id, one]));
    };
    let month;
    // A calendar that has run for long: periods begin on the first of the month in front.
    before(async () => {
      month = `${day().slice(0, 8)}01`;
      const folder = path.join(system.dir, 'pushes.json');
      const file = { name: '试验', pushes: [
        { id: 'monthly', org: 'civil', name: '每月推送', every: 'month', due_days: 5, basis: 'unconfirmed' },
        { id: 'ten_days', org: 'housing', name: '每旬推送', every: 'ten_days', due_days: 0, basis: 'unconfirmed' },
        { id: 'floods', org: 'water', name: '受灾推送', every: 'event', due_days: 3, basis: 'unconfirmed' },
        { id: 'fires', org: 'emergency', name: '火灾推送', every: 'event', due_days: 3, basis: 'unconfirmed' },
      ] };
      fs.writeFileSync(folder, JSON.stringify(file));
      system.settings['forms.pushes'] = folder;
      await system.stopGateway();
      await system.startGateway();
    });

    test('from the first look on; a department sees its own', async () => {
      const all = await pushes();
      assert.deepEqual(Object.keys(all), ['monthly', 'ten_days', 'floods', 'fires']);
      assert.deepEqual([all.monthly.org_name, all.monthly.every], ['民政', 'month']);
      if (day().slice(8) !== '01') assert.deepEqual(all.monthly.periods, []); // nobody was there to be late for
      const water = api.as(addToken(system, { area: county, org: 'water', rights: 'intake' }));
      assert.deepEqual(Object.keys(await pushes(water)), ['floods']);
      const answer = await api.get('/pushes');
      assert.deepEqual(answer.body.area, { id: county, path: ['山东省', '济南市', '济阳区'] });
    });

    test('an event is owed within its days and paid by a finding or a word', async () => {
      const told = await api.post('/pushes', { push: 'floods', happened: day(-10) });
      assert.equal(told.status, 200, told.text);
      assert.deepEqual([told.body.periods[0].first, told.body.periods[0].state], [day(-10), 'late'], 'told is told, also of before the calendar began');
      isProblem(await api.post('/pushes', { push: 'floods', happened: day(-401) }), 422, { pointer: '/happened', code: 'period' });
      await api.post('/pushes', { push: 'floods', happened: day() });
      await api.post('/pushes', { push: 'fires', happened: day() });
      const open = await pushes();
      assert.deepEqual([open.floods.periods[0].first, open.floods.periods[0].state], [day(), 'open']);
      assert.equal((await api.intake(finding({ source_org: 'water', found_at: day() }))).status, 201);
      assert.equal((await api.intake(finding({ source_org: 'water', push: 'floods', found_at: day() }))).status, 201);
      const nothing = await api.post('/pushes', { push: 'fires', nothing: true });
      assert.equal(nothing.status, 200, nothing.text);
      assert.deepEqual([nothing.body.periods[0].state, nothing.body.periods[0].nothing], ['delivered', true]);
      const paid = await pushes();
      assert.deepEqual({ ...paid.floods.periods[0], due: '' }, { first: day(), last: day(), due: '', state: 'delivered', delivered: day(), nothing: false, found: 2, late_days: 0 });
      isProblem(await api.post('/pushes', { push: 'fires', nothing: true }), 422, { pointer: '/period', code: 'period' });
      // found the day after: of the event that was told, and no event by itself
      await api.post('/pushes', { push: 'fires', happened: day(-2) });
      assert.equal((await api.intake(finding({ source_org: 'emergency', found_at: day(-1) }))).status, 201);
      const later = (await pushes()).fires.periods.map((one) => [one.first, one.state, one.found]);
      assert.deepEqual(later, [[day(), 'delivered', 1], [day(-2), 'delivered', 1]]);
    });

    test('零报告 of a period that is named; a repeat of a finding delivers nothing', async () => {
      const { receipt } = (await api.intake(finding({ source_org: 'civil' }))).body;
      if (day().slice(8) !== '01') isProblem(await api.post('/pushes', { push: 'monthly', period: month, nothing: true }), 422, { pointer: '/period', code: 'period' });
      redis(system, 'HSET', `ms:{${receipt.slice(0, 2)}}:pu:${county}`, 'since', month); // the calendar has run since then
      const said = await api.post('/pushes', { push: 'monthly', period: month, nothing: true });
      assert.equal(said.status, 200, said.text);
      const key = crypto.randomUUID();
      const body = finding({ source_org: 'civil' });
      assert.equal((await api.intake(body, { key })).status, 201);
      assert.equal((await api.intake(body, { key })).status, 200);
      isProblem(await api.post('/pushes', { push: 'monthly', period: day(1), nothing: true }), 422, { pointer: '/period', code: 'period' });
      isProblem(await api.post('/pushes', { push: 'monthly', period: `${month.slice(0, 8)}02`, nothing: true }), 422, { pointer: '/period', code: 'period' });
    });

    test('who may not', async () => {
      isProblem(await api.as(addToken(system, { area: county, rights: 'read' })).get('/pushes'), 403);
      isProblem(await api.as(addToken(system, { area: county, rights: 'stats' })).post('/pushes', { push: 'monthly', nothing: true }), 403);
      const civil = api.as(addToken(system, { area: county, org: 'civil', rights: 'intake' }));
      isProblem(await civil.post('/pushes', { push: 'ten_days', nothing: true }), 422, { pointer: '/push', code: 'org' });
      const narrow = api.as(addToken(system, { area: town, rights: 'intake,stats' }));
      isProblem(await narrow.post('/pushes', { push: 'monthly', nothing: true }), 404);
      assert.equal((await narrow.get('/pushes')).status, 200);
      isProblem(await narrow.get('/pushes', { area: county }), 404);
      isProblem(await api.get('/pushes', { month: '11' }, { wrong: true }), 422, { pointer: '' });
    });

    test('what is wrong with a word', async () => {
      isProblem(await api.post('/pushes', { push: 'luck', nothing: true }), 422, { pointer: '/push', code: 'unknown' });
      isProblem(await api.post('/pushes', { push: 'monthly' }, { wrong: true }), 422, { pointer: '/nothing', code: 'required' });
      isProblem(await api.post('/pushes', { push: 'monthly', happened: day() }), 422, { pointer: '/happened', code: 'not_allowed' });
      isProblem(await api.post('/pushes', { push: 'floods', happened: day(1) }), 422, { pointer: '/happened', code: 'period' });
      isProblem(await api.post('/pushes', { push: 'floods', happened: day(), nothing: true }, { wrong: true }), 422, { pointer: '/nothing', code: 'required' });
    });
  });
});
