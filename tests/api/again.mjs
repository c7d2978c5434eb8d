// What is sent again: nothing is written twice, and nothing that is new is thrown away.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { county, isProblem, otherTown, otherVillage, town } from '../lib/api.mjs';
import { get, inventedPhone, textOf } from '../lib/farmer.mjs';
import { village } from '../lib/system.mjs';
import { finding } from './stage.mjs';

export function againCases({ system, api, report, staffOf, token }) {
  const page = async (location) => textOf((await get(system.base + location)).html);
  // The same request once more: the same answer, and no version of its own.
  async function repeats(who, receipt, move, body) {
    const once = await who.moved(receipt, move, body);
    assert.deepEqual(await who.moved(receipt, move, body), once, `${move} ${JSON.stringify(body)}`);
    return once;
  }

  test('what is on record already and comes with more: the notes are written, and only they', async () => {
    const { receipt, location } = await report();
    const other = staffOf(town, '另一个人');
    const done = await repeats(api, receipt, 'steps', { step: 'visit', outcome: 'passed', note: '甲的备注', public_note: '甲来过' });
    const more = await repeats(other, receipt, 'steps', { step: 'visit', outcome: 'passed', note: '乙的备注', public_note: '乙也来过' });
    assert.equal(more.version, done.version + 1);
    assert.deepEqual({ ...more, version: done.version }, done, 'nothing else');
    assert.match(await page(location), /乙也来过/);
    const { person } = await api.detail(receipt);
    assert.deepEqual(person.notes.map(({ name, note, version }) => [name, note, version]), [['区里试验员', '甲的备注', done.version], ['另一个人', '乙的备注', more.version]]);
    const { events, verified } = (await api.get(`/reports/${receipt}/history`)).body;
    assert.equal(verified, true);
    const [last] = events.filter((one) => one.event !== 'read').slice(-1);
    assert.deepEqual([last.event, last.move, last.step, last.outcome, last.version], ['amended', 'step', 'visit', 'passed', more.version]);
    assert.ok(!JSON.stringify(events).includes('乙'), 'notes are in no chain');
    const figures = (await api.get('/stats', { area: village })).body.total;
    await other.moved(receipt, 'steps', { step: 'visit', outcome: 'passed', note: '又一句' });
    assert.equal((await api.get('/stats', { area: village })).body.total['done.visit'], figures['done.visit'], 'counted once');
  });

  test('what was found later is put on record: authorised and plain, with a step or a decision', async () => {
    const { receipt } = await report();
    const visit = { step: 'visit', outcome: 'passed' };
    const first = await api.moved(receipt, 'steps', visit);
    assert.ok(first.flags.includes('authorisation_outstanding'));
    const signed = await repeats(api, receipt, 'steps', { ...visit, authorised: true });
    assert.equal(signed.version, first.version + 1);
    assert.ok(!signed.flags.includes('authorisation_outstanding'));
    assert.equal((await api.detail(receipt)).authorised, true);
    assert.equal((await repeats(api, receipt, 'steps', { ...visit, plain: true })).version, signed.version + 1);
    const other = await report();
    await api.walk(other.receipt, 'visit');
    await repeats(api, other.receipt, 'steps', { decision: 'declined', reason: 'solved', authorised: true });
    assert.equal((await api.detail(other.receipt)).authorised, true);
  });

  test('notes beside every other move that is so already', async () => {
    const { receipt, location } = await report();
    let { version } = await api.detail(receipt);
    const adds = async (move, body, read) => {
      const item = await repeats(api, receipt, move, body);
      assert.equal(item.version, version + 1, `${move} ${JSON.stringify(body)}`);
      version = item.version;
      if (read) assert.match(await page(location), read);
      if (body.note) assert.equal((await api.detail(receipt)).person.notes.at(-1).note, body.note);
    };
    await adds('answer', { note: '没有问过' });
    await adds('answer', { public_note: '材料齐了' }, /材料齐了/);
    await adds('resume', { note: '没有暂缓' });
    await adds('transfer', { area: village, note: '本来就在' });
    await adds('ask', { public_note: '请带单据' }, /请带单据/);
    await adds('ask', { public_note: '请带户口簿' }, /请带户口簿/);
    await adds('pause', { days: 10 });
    await adds('pause', { days: 10, public_note: '等您回来' }, /等您回来/);
    await adds('green', {});
    await adds('green', { note: '急' });
    await adds('withdraw', {});
    await adds('withdraw', { note: '电话确认', public_note: '按您说的撤回' }, /按您说的撤回/);
  });

  test('correct: a note beside unchanged values', async () => {
    const { receipt, name } = await report();
    const item = await repeats(api, receipt, 'correct', { name, note: '核对过了' });
    assert.equal(item.version, 2);
    assert.equal((await api.detail(receipt)).person.notes[0].note, '核对过了');
    assert.equal((await repeats(api, receipt, 'correct', { phone: inventedPhone(), note: '换了电话' })).version, 3);
  });

  test('a repeat is answered as the first time: a step with its decision', async () => {
    const { receipt } = await report();
    const both = { step: 'visit', outcome: 'passed', decision: 'declined', reason: 'elsewhere', note: '备注', public_note: '公开的话' };
    await repeats(api, receipt, 'steps', both);
    isProblem(await api.move(receipt, 'steps', { ...both, reason: 'solved' }), 409);
    const failed = await report();
    await repeats(api, failed.receipt, 'steps', { step: 'visit', outcome: 'failed', decision: 'already' });
    const open = await report();
    await api.walk(open.receipt, 'visit');
    isProblem(await api.move(open.receipt, 'steps', { step: 'visit', outcome: 'failed', decision: 'declined', reason: 'solved' }), 409);
  });

  test('a repeat is answered as the first time: a lead that became a report', async () => {
    const desk = api.as(token({ area: county, rights: ['intake'] }));
    for (const body of [{ decision: 'report', public_note: '转为申报' }, { step: 'check', outcome: 'passed', decision: 'report', authorised: true }]) {
      const lead = (await desk.intake(finding({ source: 'department', source_org: 'medical', basis: 'duty' }))).body.receipt;
      if (!body.step) await api.walk(lead, 'check');
      assert.equal((await repeats(api, lead, 'steps', body)).kind, 'report');
      assert.equal((await api.detail(lead)).authorised, body.authorised === true);
    }
    isProblem(await api.move((await report()).receipt, 'steps', { decision: 'report' }), 409);
  });

  test('a repeat is answered as the first time: the end of 风险消除', async () => {
    const admitted = async () => {
      const { receipt } = await report();
      await api.walk(receipt, 'visit', 'review', 'notice', 'check', 'compare');
      await api.moved(receipt, 'steps', { decision: 'admitted', category: 'sudden', members: 3 });
      await repeats(api, receipt, 'clear', { note: '开始' });
      await api.walk(receipt, 'look', 'count', 'verify');
      return receipt;
    };
    const kept = await admitted();
    isProblem(await api.move(kept, 'steps', { decision: 'cleared' }), 409);
    const item = await repeats(api, kept, 'steps', { step: 'review', outcome: 'passed', decision: 'kept', reason: 'unstable', public_note: '再看一段时间' });
    assert.equal(item.state, 'admitted');
    await repeats(api, kept, 'steps', { decision: 'kept', reason: 'unstable' });
    assert.equal((await api.detail(kept)).version, item.version);
    isProblem(await api.move(kept, 'steps', { decision: 'cleared' }), 409);
    await api.moved(kept, 'clear');
    isProblem(await api.move(kept, 'steps', { decision: 'kept', reason: 'unstable' }), 409);
  });

  test('a repeat is answered as the first time: a transfer out of one\'s own scope', async () => {
    const { receipt } = await report();
    const from = staffOf(town, '转出的人');
    const away = { area: otherVillage, note: '户口在那边', public_note: '转到那边' };
    await repeats(from, receipt, 'transfer', away);
    for (const more of [{ note: '还有一句' }, { public_note: '还有一句' }, { area: village }]) isProblem(await from.move(receipt, 'transfer', { ...away, ...more }), 403);
    isProblem(await from.move(receipt, 'transfer', away, { headers: { 'if-match': '"1"' } }), 412);
    isProblem(await staffOf(town, '只看的人', ['read']).move(receipt, 'transfer', away), 403);
    await staffOf(otherTown, '转入的人').step(receipt, 'visit');
    isProblem(await from.move(receipt, 'steps', { step: 'visit', outcome: 'passed' }), 403);
  });
}
