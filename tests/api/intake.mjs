// Findings of others: intake, leads, organisations.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { county, isProblem, otherVillage, town } from '../lib/api.mjs';
import { inventedId } from '../lib/farmer.mjs';
import { village } from '../lib/system.mjs';
import { finding, near, receipts } from './stage.mjs';

export function intakeCases({ api, report, token }) {
  const intaker = (more = {}) => api.as(token({ area: county, rights: ['intake', 'read', 'pii', 'claim', 'step'], name: '热线试验员', ...more }));

  test('intake: 201, then 200 with the same receipt; same key and another body 422; no key 400', async () => {
    const desk = intaker();
    const body = finding({ detail: '演示用的情况', external_ref: 'HL-1', source_org: '12345' });
    isProblem(await desk.intake(body, { key: '', wrong: true }), 400);
    const key = crypto.randomUUID();
    const first = await desk.intake(body, { key });
    assert.equal(first.status, 201, first.text);
    assert.equal(first.body.kind, 'report');
    assert.equal(first.headers.get('location'), `/api/v1/reports/${first.body.receipt}`);
    const again = await desk.intake(body, { key });
    assert.equal(again.status, 200, again.text);
    assert.equal(again.body.receipt, first.body.receipt);
    const reordered = Object.fromEntries(Object.entries(body).reverse());
    assert.equal((await desk.intake(reordered, { key })).status, 200, 'the order of members means nothing');
    isProblem(await desk.intake({ ...body, detail: '别的情况' }, { key }), 422);
    const detail = await desk.detail(first.body.receipt);
    assert.deepEqual([detail.source, detail.basis, detail.source_org, detail.external_ref, detail.state, detail.area.id, detail.version], ['hotline', 'spoken', '12345', 'HL-1', 'new', village, 1]);
    near(detail.found_at, Date.parse(body.found_at), 1);
    assert.deepEqual([detail.person.name, detail.person.phone], [body.name, body.phone]);
    assert.ok(receipts((await api.follow({ source: 'hotline' })).reports).includes(first.body.receipt));
    await desk.step(first.body.receipt, 'visit');
  });

  test('intake: the same key at once makes one report', async () => {
    const desk = intaker();
    const body = finding();
    const key = crypto.randomUUID();
    const answers = await Promise.all(Array.from({ length: 6 }, () => desk.intake(body, { key })));
    assert.equal(new Set(answers.map((answer) => answer.body.receipt)).size, 1, answers.map((answer) => answer.text).join('\n'));
    assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
  });

  test('intake: rules of the source, each fault with its place', async () => {
    const desk = intaker();
    const wrong = { wrong: true };
    for (const name of ['basis', 'area', 'name', 'risks', 'found_at']) {
      for (const source of ['petition', 'hotline']) {
        isProblem(await desk.intake(finding({ source, [name]: undefined }), wrong), 422, { pointer: `/${name}`, code: 'required' });
      }
    }
    const bad = { source: 'self', basis: 'hearsay', area: '999999', name: '甲1', id_number: '11010519491231002', phone: '12', risks: ['riches'], found_at: 'soon', urgent: 'yes', detail: '长'.repeat(501), colour: 'red' };
    for (const [name, value] of Object.entries(bad)) isProblem(await desk.intake(finding({ [name]: value }), wrong), 422, { pointer: name === 'risks' ? '/risks/0' : `/${name}` });
    isProblem(await desk.intake(finding({ risks: [] }), wrong), 422, { pointer: '/risks' });
    isProblem(await desk.intake(finding({ risks: ['jobs', 'water', 'labour', 'housing', 'business', 'schooling'] }), wrong), 422, { pointer: '/risks' });
    isProblem(await desk.intake(finding({ found_at: '2099-01-01T00:00:00+08:00' })), 422, { pointer: '/found_at' });
    isProblem(await desk.intake(finding({ source: 'department', basis: 'duty', source_org: 'health', phone: undefined })), 422);
    isProblem(await desk.intake(finding({ source: undefined }), wrong), 422, { pointer: '/source', code: 'required' });
  });

  test('intake: by the names of town and village; more than one that fits: the candidates', async () => {
    const desk = intaker();
    const { area, ...rest } = finding();
    const named = await desk.intake({ ...rest, town: '曲堤街道', village: '葛家村' });
    assert.equal(named.status, 201, named.text);
    assert.equal((await desk.detail(named.body.receipt)).area.id, area);
    isProblem(await desk.intake({ ...rest, town: '曲堤街道', village: '没有的村' }), 422, { pointer: '/village' });
    isProblem(await desk.intake({ ...rest, town: '没有的镇', village: '葛家村' }), 422, { pointer: '/village', code: 'unknown' });
    isProblem(await desk.intake(rest, { wrong: true }), 422, { pointer: '/area', code: 'required' });
  });

  test('intake: an area outside the scope is unknown, as one that is nowhere', async () => {
    const desk = intaker({ area: town });
    const faults = [];
    for (const area of [otherVillage, '999999']) faults.push(isProblem(await desk.intake(finding({ area })), 422, { pointer: '/area', code: 'unknown' }).errors);
    assert.deepEqual(faults[0], faults[1]);
    isProblem(await desk.intake({ ...finding(), area: undefined, town: '济阳街道', village: '张辛居委会' }), 422);
  });

  test('leads: a department\'s finding is a lead until it becomes a report', async () => {
    const desk = intaker({ name: '部门试验员', org: 'health' });
    const answer = await desk.intake(finding({ source: 'department', basis: 'duty', id_number: inventedId(), source_org: 'health' }));
    assert.equal(answer.status, 201, answer.text);
    const { receipt, kind } = answer.body;
    assert.equal(kind, 'lead');
    const lead = await api.detail(receipt);
    assert.deepEqual([lead.kind, lead.source, lead.step], ['lead', 'department', 'check']);
    assert.ok(receipts((await api.follow({ kind: 'lead' })).reports).includes(receipt));
    isProblem(await api.move(receipt, 'steps', { decision: 'report' }), 409);
    await api.step(receipt, 'check');
    const item = await api.moved(receipt, 'steps', { decision: 'report' });
    assert.deepEqual([item.receipt, item.kind, item.step, item.decision], [receipt, 'report', 'visit', null]);
    const second = (await desk.intake(finding({ source: 'department', basis: 'duty', source_org: 'health' }))).body.receipt;
    const none = await api.moved(second, 'steps', { step: 'check', outcome: 'passed', decision: 'no_risk', reason: 'no_risk' });
    assert.deepEqual([none.kind, none.state, none.decision], ['lead', 'closed', 'no_risk']);
  });

  test('own: an organisation sees what it put in and the outcome, nothing else', async () => {
    const put = async (org, more) => {
      const desk = intaker({ org, name: org, rights: ['intake', 'own'], ...more });
      const answer = await desk.intake(finding({ source: 'department', basis: 'duty', source_org: org }));
      assert.equal(answer.status, 201, answer.text);
      return { desk, receipt: answer.body.receipt };
    };
    const health = await put('health');
    const housing = await put('housing');
    const colleague = api.as(token({ area: county, org: 'health', rights: 'own', name: '同事' }));
    const filed = await report();
    for (const viewer of [health.desk, colleague]) {
      const seen = receipts((await viewer.follow()).reports);
      assert.ok(seen.includes(health.receipt));
      assert.ok(!seen.includes(housing.receipt) && !seen.includes(filed.receipt));
      assert.equal((await viewer.detail(health.receipt)).person, undefined);
      isProblem(await viewer.get(`/reports/${housing.receipt}`), 404);
      isProblem(await viewer.get(`/reports/${filed.receipt}`), 404);
      isProblem(await viewer.move(health.receipt, 'claim'), 403);
    }
    await api.step(health.receipt, 'check');
    await api.moved(health.receipt, 'steps', { decision: 'no_risk', reason: 'no_risk' });
    assert.equal((await colleague.detail(health.receipt)).decision, 'no_risk');
  });

  test('own with pii: the person as it was put in, not what the household added, staff corrected or noted', async () => {
    const desk = intaker({ org: 'health', name: '卫健局', rights: ['intake', 'own', 'pii'] });
    const put = finding({ id_number: inventedId(), detail: '打电话说的' });
    const { receipt } = (await desk.intake(put)).body;
    const before = (await desk.detail(receipt)).person;
    assert.deepEqual([before.name, before.id_number, before.phone, before.risk, before.detail], [put.name, put.id_number, put.phone, put.risks, put.detail]);
    assert.ok(!('notes' in before), 'notes are for staff');
    const added = await report({ name: put.name, id_number: put.id_number, phone: put.phone, risk: ['illness'], detail: '后来自己添的病' });
    assert.equal(added.receipt, receipt, 'the household adds to it');
    await api.moved(receipt, 'correct', { name: '试验戊', note: '只给镇里看的话' });
    const all = (await api.detail(receipt)).person;
    assert.deepEqual([all.name, all.risk, all.notes.length], ['试验戊', ['jobs', 'illness'], 1]);
    assert.ok(all.detail.includes('后来自己添的病'));
    assert.deepEqual((await desk.detail(receipt)).person, before);
    await api.step(receipt, 'visit', 'passed', { note: '又一句' });
    assert.deepEqual((await desk.detail(receipt)).person, before);
  });
}
