// A village leaves the areas file without an alias while reports of it are open: every act and every move still works, what is told upstream still says where.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { addToken, Api, directDoors, fileReport, isProblem } from '../lib/api.mjs';
import { startSystemWithClock } from '../lib/clock.mjs';
import { file, get, inventedId, post, textOf, titleOf } from '../lib/farmer.mjs';
import { tell, tellEnd, tellStep } from '../lib/hook.mjs';
import { bodies, lawHolds } from '../lib/line.mjs';
import { field } from '../lib/store.mjs';
import { build, until } from '../lib/system.mjs';

const rows = (...more) => ['id,parent,level,name,short,phone', 'c,,county,试验县', 'ta,c,town,东镇,,0531-11111111', 'tb,c,town,西镇', 'w,ta,village,中村', 'x,tb,village,下村', ...more, ''].join('\n');
const rights = ['read', 'pii', 'lookup', 'claim', 'step', 'intake', 'stats'];

describe('a village that is no more', () => {
  let folder, system, api, ofTa, ofTb, own, workers;
  const reports = {};
  const write = (text) => fs.writeFileSync(path.join(folder, 'areas.csv'), text);
  const last4 = (one) => one.id_number.slice(-4);
  const act = (one, name, fields = {}) => post(system.base + one.location, { act: name, last4: last4(one), ...fields });
  const acted = async (one, name, fields) => { const answer = await act(one, name, fields); assert.equal(answer.status, 303, `${name}: ${titleOf(answer.html)} ${textOf(answer.html)}`); };
  const page = async (one) => { const answer = await get(system.base + one.location, { 'accept-encoding': 'identity' }); assert.equal(answer.status, 200); return textOf(answer.html); };
  async function heard(one, kind) {
    let events;
    await until(`${kind} of ${one.receipt}`, async () => {
      events = (await bodies(system, one.receipt)).map((each) => each.event);
      return events.at(-1)?.type === `cn.mashang.report.${kind}.v1`;
    });
    return events.at(-1);
  }
  const says = (event) => [event.source, event.subject, event.data.area];
  const there = ['/mashang/c', 'v', { id: 'v', code: 'v', path: ['试验县', '东镇'] }];

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-gone-'));
    write(rows('v,ta,village,上村'));
    system = await startSystemWithClock({ workers: 1, areas: path.join(folder, 'areas.csv'), conf: {
      'progress.source': 'both', 'forward.events': 'accepted added corrected transferred merged withdrawn step decided' } });
    const token = (more) => new Api(directDoors(system), addToken(system, { rights, ...more }));
    [api, ofTa, ofTb] = ['c', 'ta', 'tb'].map((area) => token({ area }));
    own = token({ area: 'c', org: 'medical', rights: ['own', 'read', 'pii', 'step', 'claim', 'intake'] });
    const code = system.code('v');
    for (const name of ['add', 'again', 'visited', 'withdraw', 'nudge', 'object', 'upstream', 'walk', 'moves', 'transfer', 'merged', 'leader', 'correct', 'green', 'clear', 'restless']) {
      reports[name] = await fileReport(system, {}, { code });
      await heard(reports[name], 'accepted');
    }
    await api.step(reports.object.receipt, 'visit');
    await api.moved(reports.object.receipt, 'steps', { decision: 'declined', reason: 'solved' });
    await tellEnd(system, reports.clear.receipt, 'admitted');
    const found_at = new Date(system.clock.now().getTime() + 8 * 36e5).toISOString().slice(0, 10);
    const lead = await api.intake({ source: 'department', source_org: 'medical', area: 'v', name: '试验乙', id_number: inventedId(), phone: '13900001111', risks: ['illness'], found_at });
    assert.equal(lead.status, 201, lead.text);
    reports.lead = { receipt: lead.body.receipt };
    write(rows());
    await system.reload();
    await until('connections of before to be gone', () => api.detail(reports.restless.receipt)); // they closed with the generation that held them
    workers = system.workerPids().join();
  });
  after(async () => { await system?.stop(); fs.rmSync(folder, { recursive: true, force: true }); });

  test('the household adds on its page: the event says the id and what is left above it', async () => {
    await acted(reports.add, 'add', { detail: '房子又漏了', risk: ['jobs'] });
    assert.deepEqual(says(await heard(reports.add, 'added')), there);
  });

  test('the household files again, under another village of the county', async () => {
    const { name, id_number, phone, filed_by } = reports.again;
    const answer = await file(system.base, system.code('w'), { filed_by, name, id_number, phone, risk: ['jobs'], detail: '又来报一次' });
    assert.equal(answer.status, 303, textOf(answer.html));
    assert.match(answer.location, new RegExp(`^/r/${reports.again.receipt}-`));
    assert.deepEqual(says(await heard(reports.again, 'added')), there);
  });

  test('every other act, and the page after each', async () => {
    await acted(reports.visited, 'not_visited');
    await acted(reports.visited, 'visited');
    assert.match(await page(reports.visited), /您说过：来过了/);
    await acted(reports.withdraw, 'withdraw');
    await api.moved(reports.withdraw.receipt, 'withdraw');
    assert.deepEqual(says(await heard(reports.withdraw, 'withdrawn')), there);
    await acted(reports.object, 'object', { detail: '房子还漏' });
    await api.moved(reports.object.receipt, 'object', { outcome: 'reopened' });
    for (const one of Object.values(reports)) if (one.location) await page(one);
  });

  test('a page says whom to ring: the town that is left', async () => {
    const text = await page(reports.restless);
    assert.match(text, /现在： 已收到 村里和东镇的工作人员会上门/);
    assert.match(text, /0531-11111111/);
  });

  test('callbacks of the monitoring system', async () => {
    const { receipt } = reports.upstream;
    await tellStep(system, receipt, 'visit');
    await tellEnd(system, receipt, 'admitted');
    await tell(system, 'report.cleared', { receipt });
    assert.equal((await api.detail(receipt)).state, 'cleared');
  });

  test('detail, history, feed, search and figures', async () => {
    const { receipt, phone } = reports.restless;
    for (const who of [api, ofTa]) {
      const detail = await who.detail(receipt);
      assert.deepEqual(detail.area, { id: 'v', path: [] });
      assert.ok(detail.person.name);
      assert.equal((await who.get(`/reports/${receipt}/history`)).status, 200);
      assert.ok((await who.follow()).reports.some((one) => one.receipt === receipt));
      assert.deepEqual((await who.post('/search', { phone })).body.reports.map((one) => one.receipt), [receipt]);
      for (const by of ['town', 'village', 'risk']) assert.equal((await who.get('/stats', { by })).status, 200);
    }
    assert.equal((await ofTb.get(`/reports/${receipt}`)).status, 404);
  });

  test('the town that it was in works on it to the end; another town does not', async () => {
    const { receipt } = reports.walk;
    assert.equal((await ofTa.claim(receipt)).status, 200);
    assert.equal((await ofTa.move(receipt, 'release')).status, 200);
    await ofTa.walk(receipt, 'visit', 'review', 'check');
    assert.deepEqual(says(await heard(reports.walk, 'step')), there);
    await ofTa.moved(receipt, 'steps', { decision: 'declined', reason: 'solved' });
    assert.deepEqual(says(await heard(reports.walk, 'decided')), there);
    isProblem(await ofTb.move(reports.restless.receipt, 'steps', { step: 'visit', outcome: 'passed' }), 404);
  });

  test('every move', async () => {
    const { receipt } = reports.moves;
    for (const [move, body] of [['ask', { public_note: '请带上住院单据' }], ['answer'], ['pause', { days: 5 }], ['resume']]) await ofTa.moved(receipt, move, body);
    await ofTa.moved(reports.green.receipt, 'green');
    await ofTa.moved(reports.merged.receipt, 'merge', { leader: reports.leader.receipt });
    assert.deepEqual(says(await heard(reports.merged, 'merged')), there);
    await ofTa.moved(reports.correct.receipt, 'correct', { name: '试验更正' });
    assert.deepEqual(says(await heard(reports.correct, 'corrected')), there);
    await ofTa.moved(reports.clear.receipt, 'clear');
    await ofTa.step(reports.clear.receipt, 'look');
  });

  test('a finding: by whoever put it in, and as the report that it becomes', async () => {
    const { receipt } = reports.lead;
    assert.deepEqual((await own.detail(receipt)).area, { id: 'v', path: [] });
    await own.moved(receipt, 'correct', { name: '试验丙' });
    await own.moved(receipt, 'steps', { step: 'check', outcome: 'passed', decision: 'report' });
    assert.deepEqual(says(await heard(reports.lead, 'accepted')), there);
  });

  test('a transfer takes it to a village that is there', async () => {
    const { receipt } = reports.transfer;
    isProblem(await ofTa.move(receipt, 'transfer', { area: 'v' }), 422);
    await ofTa.moved(receipt, 'transfer', { area: 'x' });
    const event = await heard(reports.transfer, 'transferred');
    assert.deepEqual([event.subject, event.data.area.path, event.data.transferred.from], ['x', ['试验县', '西镇', '下村'], 'v']);
    assert.match(await page(reports.transfer), /已转给西镇/);
    await ofTb.step(receipt, 'visit');
    assert.equal(field(system, receipt, 'area'), 'x');
  });

  test('days pass: the clock goes on, and the household may nudge', async () => {
    system.clock.goOn(12);
    await until('the clock to tell that it is late', async () => (await api.detail(reports.nudge.receipt)).late, { ms: 20000 });
    await acted(reports.nudge, 'nudge');
    await page(reports.nudge);
  });

  test('what is personal is deleted in time', async () => {
    system.clock.goOn(3000);
    execFileSync(path.join(build, 'mashang'), ['purge', '-c', system.conf], { env: { ...process.env, ...system.clock.env } });
    assert.equal((await get(system.base + reports.walk.location, { 'accept-encoding': 'identity' })).status, 410);
    assert.ok((await api.follow()).reports.find((one) => one.receipt === reports.walk.receipt).flags.includes('purged'));
  });

  test('no worker has fallen, nothing is lost', async () => {
    assert.equal(system.workerPids().join(), workers);
    await lawHolds(system);
  });
});
