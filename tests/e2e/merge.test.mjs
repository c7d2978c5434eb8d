// 并户: what is merged into another report is looked at nowhere else, so the other one must go on.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { addToken, Api, county, directDoors, fileReport, isProblem } from '../lib/api.mjs';
import { startSystem, village } from '../lib/system.mjs';
import { field } from '../lib/store.mjs';

describe('merging', () => {
  let system;
  let api;
  before(async () => {
    system = await startSystem();
    api = new Api(directDoors(system), addToken(system, { area: county, rights: ['read', 'step'] }));
  });
  after(() => system.stop());

  const refused = async (receipt, leader) => {
    isProblem(await api.move(receipt, 'merge', { leader }), 422, { pointer: '/leader' });
    assert.equal(field(system, receipt, 'state'), 'new');
  };

  test('a report never ends in a drill, nor a drill in a report; a drill in a drill', async () => {
    const code = system.code(village, '--drill');
    const [one, drill, other] = [await fileReport(system), await fileReport(system, {}, { code }), await fileReport(system, {}, { code })];
    await refused(one.receipt, drill.receipt);
    await refused(drill.receipt, one.receipt);
    await api.moved(drill.receipt, 'merge', { leader: other.receipt });
  });

  test('nor in one that has ended without help, nor in itself, however it is typed', async () => {
    const [one, gone, closed, main] = [await fileReport(system), await fileReport(system), await fileReport(system), await fileReport(system)];
    await api.moved(gone.receipt, 'withdraw');
    await api.moved(closed.receipt, 'merge', { leader: main.receipt });
    await refused(one.receipt, gone.receipt);
    await refused(one.receipt, closed.receipt);
    const wide = [...one.receipt].map((digit) => String.fromCharCode(0xff10 + Number(digit))).join('');
    await refused(one.receipt, wide);
  });

  test('two that are merged into each other at the same time: one goes on', async () => {
    for (let i = 0; i < 8; i += 1) {
      const [left, right] = [await fileReport(system), await fileReport(system)];
      const answers = await Promise.all([api.move(left.receipt, 'merge', { leader: right.receipt }), api.move(right.receipt, 'merge', { leader: left.receipt })]);
      const states = [left, right].map(({ receipt }) => field(system, receipt, 'state')).sort();
      assert.deepEqual(states, ['closed', 'new'], answers.map(({ text }) => text).join('\n'));
    }
  });

  test('what an organisation put in is not merged into what it does not see', async () => {
    const own = new Api(directDoors(system), addToken(system, { area: county, org: 'medical', rights: ['own', 'intake', 'step'] }));
    const filed = await own.intake({ source: 'department', area: village, name: '试验员', phone: '13900001111', risks: ['illness'], found_at: '2026-11-20' });
    assert.equal(filed.status, 201, filed.text);
    const other = await fileReport(system);
    isProblem(await own.move(filed.body.receipt, 'merge', { leader: other.receipt }), 422, { pointer: '/leader', code: 'unknown' });
  });
});
