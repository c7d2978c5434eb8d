// The other moves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inventedReceipt, isProblem, otherTown, otherVillage, town } from '../lib/api.mjs';
import { get, inventedId, post, textOf } from '../lib/farmer.mjs';
import { village } from '../lib/system.mjs';
import { receipts } from './stage.mjs';

export function movesCases({ system, api, report, another, staffOf }) {
  test('transfer: leaves one scope, enters the other, both see it', async () => {
    const { receipt } = await report();
    const from = staffOf(town, '转出的人');
    const to = staffOf(otherTown, '转入的人');
    isProblem(await to.get(`/reports/${receipt}`), 404);
    isProblem(await from.move(receipt, 'transfer', { area: '999999' }), 422, { pointer: '/area' });
    isProblem(await from.move(receipt, 'transfer', {}, { wrong: true }), 422, { pointer: '/area', code: 'required' });
    assert.equal((await from.moved(receipt, 'transfer', { area: village })).version, 1, 'it is there already');
    const item = await from.moved(receipt, 'transfer', { area: otherVillage, note: '户口在那边' });
    assert.equal(item.area.id, otherVillage);
    const [mine, theirs] = [await from.detail(receipt), await to.detail(receipt)];
    assert.deepEqual(mine.transfers.map(({ from: a, to: b }) => [a, b]), [[village, otherVillage]]);
    assert.deepEqual(theirs.transfers, mine.transfers);
    assert.ok(receipts((await to.follow()).reports).includes(receipt));
    assert.ok(receipts((await from.follow()).reports).includes(receipt));
    // a filter looks at what is now: with ?area= it stands where it is, not where it was
    const inArea = async (area, more = {}) => receipts((await api.follow({ area, ...more })).reports).includes(receipt);
    assert.deepEqual([await inArea(town), await inArea(village), await inArea(otherTown), await inArea(otherVillage)], [false, false, true, true]);
    assert.deepEqual([await inArea(town, { limit: 1 }), await inArea(otherTown, { limit: 1 })], [false, true]);
    const away = await from.move(receipt, 'steps', { step: 'visit', outcome: 'passed' });
    assert.ok([403, 404].includes(away.status), `it is no longer theirs to move: ${away.status} ${away.text}`);
    await to.step(receipt, 'visit');
  });

  test('transfer: the earlier place follows the number, but finds the person no more', async () => {
    const { receipt, name, phone, id_number } = await report({ name: '试验·搬走' });
    const [from, to] = [town, otherTown].map((area) => staffOf(area, '找人的人'));
    const found = async (desk, query) => (await desk.post('/search', query)).body.reports;
    for (const query of [{ receipt }, { phone }, { id_number }, { name, area: town }]) assert.equal((await found(from, query)).length, 1);
    await from.moved(receipt, 'transfer', { area: otherVillage });
    for (const [area, count] of [[town, 0], [otherTown, 1]]) assert.equal((await found(api, { name, area })).length, count, area);
    for (const query of [{ phone }, { id_number }, { name, area: town }]) assert.deepEqual(await found(from, query), [], JSON.stringify(query));
    assert.deepEqual((await found(from, { receipt })).map((one) => [one.receipt, one.mask]), [[receipt, '*']]);
    for (const query of [{ receipt }, { phone }, { id_number }, { name, area: otherTown }]) assert.match((await found(to, query))[0].mask, /^试/);
  });

  test('ask and answer', async () => {
    const { receipt, location } = await report();
    isProblem(await api.move(receipt, 'ask', {}, { wrong: true }), 422, { pointer: '/public_note', code: 'required' });
    const asked = await api.moved(receipt, 'ask', { public_note: '请带上住院单据' });
    assert.ok(asked.flags.includes('asked'));
    assert.ok(textOf((await get(system.base + location)).html).includes('请带上住院单据'));
    const answered = await api.moved(receipt, 'answer');
    assert.ok(!answered.flags.includes('asked'));
    assert.equal((await api.moved(receipt, 'answer')).version, answered.version, 'again: nothing changes');
  });

  test('pause and resume: the clock stands, twice at most', async () => {
    const { receipt } = await report();
    isProblem(await api.move(receipt, 'pause', { days: 31 }, { wrong: true }), 422, { pointer: '/days' });
    isProblem(await api.move(receipt, 'pause', { days: 0 }, { wrong: true }), 422, { pointer: '/days' });
    assert.equal((await api.moved(receipt, 'resume')).version, 1, 'nothing to resume: nothing changes');
    for (let time = 0; time < 2; time++) {
      assert.ok((await api.moved(receipt, 'pause', { days: 10 })).flags.includes('paused'));
      assert.ok(!(await api.moved(receipt, 'resume')).flags.includes('paused'));
    }
    isProblem(await api.move(receipt, 'pause', { days: 1 }), 409);
    const longer = await report();
    await api.moved(longer.receipt, 'pause', { days: 10 });
    const refused = await api.move(longer.receipt, 'pause', { days: 20 });
    isProblem(refused, 409);
    assert.ok(refused.body.moves.some((one) => one.move === 'resume') && !refused.body.moves.some((one) => one.move === 'pause'));
    assert.equal((await api.moved(longer.receipt, 'pause', { days: 10 })).version, 2, 'the same again');
  });

  test('what staff says to a pause or a transfer is what the household reads', async () => {
    const page = async (location) => textOf((await get(system.base + location)).html);
    const paused = await report();
    await api.moved(paused.receipt, 'pause', { days: 10 });
    assert.match(await page(paused.location), /联系不上您，请回电.*这件事先放一放，最晚\d+月\d+日/);
    await api.moved(paused.receipt, 'resume');
    await api.moved(paused.receipt, 'pause', { days: 5, public_note: '您在外地，回来后联系' });
    assert.match(await page(paused.location), /说：您在外地，回来后联系.*这件事先放一放/);
    assert.doesNotMatch(await page(paused.location), /联系不上/);
    const sent = await report();
    await api.moved(sent.receipt, 'transfer', { area: otherVillage, public_note: '户口在那边' });
    assert.match(await page(sent.location), /说：户口在那边/);
  });

  test('a wrong reason is answered with those there are', async () => {
    const { receipt } = await report();
    await api.step(receipt, 'visit');
    const answer = isProblem(await api.move(receipt, 'steps', { decision: 'declined', reason: 'poor' }), 422, { pointer: '/reason' });
    assert.match(answer.errors[0].detail, /: outside_scope, solved, elsewhere, criteria, own_wish$/);
  });

  test('merge: this one closes and names the leader', async () => {
    const leader = await report();
    const { receipt } = await report();
    for (const one of [inventedReceipt(), receipt]) isProblem(await api.move(receipt, 'merge', { leader: one }), 422, { pointer: '/leader' });
    isProblem(await api.move(receipt, 'merge', { leader: '1' }, { wrong: true }), 422, { pointer: '/leader' });
    const item = await api.moved(receipt, 'merge', { leader: leader.receipt });
    assert.deepEqual([item.state, item.decision], ['closed', 'merged']);
    assert.equal((await api.detail(receipt)).merged_into, leader.receipt);
    isProblem(await api.move(leader.receipt, 'merge', { leader: receipt }), 422, { pointer: '/leader' });
    assert.equal((await api.moved(receipt, 'merge', { leader: leader.receipt })).version, item.version, 'again: nothing changes');
    isProblem(await api.move(receipt, 'merge', { leader: (await report()).receipt }), 409);
    assert.equal((await api.detail(receipt)).merged_into, leader.receipt, 'another leader is not said again');
  });

  test('merge: never into a report that the token does not see', async () => {
    const outside = await another();
    const { receipt } = await report();
    isProblem(await staffOf(town, '并户的人').move(receipt, 'merge', { leader: outside.receipt }), 422, { pointer: '/leader' });
  });

  test('withdraw: the household asks, the township confirms', async () => {
    const { receipt, location, phone, id_number } = await report();
    const asked = await post(system.base + location, { act: 'withdraw', last4: id_number.slice(-4), phone });
    assert.equal(asked.status, 303, textOf(asked.html));
    const open = await api.detail(receipt);
    assert.equal(open.state, 'new');
    assert.ok(open.flags.includes('withdraw_asked'));
    const item = await api.moved(receipt, 'withdraw', { note: '电话确认' });
    assert.deepEqual([item.state, item.decision], ['withdrawn', 'withdrawn']);
    assert.equal((await api.moved(receipt, 'withdraw')).version, item.version, 'again: nothing changes');
  });

  test('green channel: only for the risks that the procedure names', async () => {
    const { receipt } = await report({ risk: ['jobs'] });
    const refused = await api.move(receipt, 'green');
    assert.equal(isProblem(refused, 409).moves.some((one) => one.move === 'green'), false);
    assert.equal((await api.detail(receipt)).choices.some((one) => one.move === 'green'), false);
  });

  test('green channel: in an order of its own', async () => {
    const { receipt } = await report();
    await api.walk(receipt, 'visit');
    const item = await api.moved(receipt, 'green');
    assert.ok(item.flags.includes('green'));
    assert.equal(item.step, 'committee');
    assert.equal((await api.moved(receipt, 'green')).version, item.version, 'again: nothing changes');
  });

  test('correct: what was missing is completed at the visit', async () => {
    const { receipt, name } = await report({ id_number: '', no_id: '1' });
    assert.ok((await api.detail(receipt)).flags.includes('id_missing'));
    isProblem(await api.move(receipt, 'correct', {}, { wrong: true }), 422);
    isProblem(await api.move(receipt, 'correct', { id_number: '110105194912310021' }), 422, { pointer: '/id_number' });
    const id = inventedId();
    const item = await api.moved(receipt, 'correct', { id_number: id });
    assert.ok(!item.flags.includes('id_missing'));
    const { person } = await api.detail(receipt);
    assert.deepEqual([person.id_number, person.name, person.no_id], [id, name, undefined]);
    assert.equal((await api.post('/search', { id_number: id })).body.reports[0].receipt, receipt);
  });

  test('correct: an ID number brings with it what hangs on it: minors, and who has another report', async () => {
    const completed = async (id) => {
      const { receipt } = await report({ id_number: '', no_id: '1' });
      return { receipt, flags: (await api.moved(receipt, 'correct', { id_number: id })).flags };
    };
    const born = (years) => `${new Date().getUTCFullYear() - years}0601`;
    assert.deepEqual((await completed(inventedId({ birth: born(16) }))).flags, ['minor']);
    assert.deepEqual((await completed(inventedId({ birth: born(30) }))).flags, []);
    const id = inventedId();
    const other = await report({ id_number: id });
    const second = await completed(id);
    assert.deepEqual(second.flags, ['possible_duplicate']);
    assert.equal((await api.detail(other.receipt)).version, 1, 'the other one is left alone');
    // of another number after all: a minor's no more, and back to the same one: nothing is asked twice
    const child = inventedId({ birth: born(15) });
    assert.deepEqual((await api.moved(second.receipt, 'correct', { id_number: child })).flags.sort(), ['minor', 'possible_duplicate']);
    assert.deepEqual((await api.moved(second.receipt, 'correct', { id_number: inventedId() })).flags, ['possible_duplicate']);
    // who has been decided is no other open report
    const ended = await report();
    await api.walk(ended.receipt, 'visit');
    await api.moved(ended.receipt, 'steps', { decision: 'declined', reason: 'solved' });
    assert.deepEqual((await completed(ended.id_number)).flags, []);
    // a correction of anything else asks nothing
    assert.deepEqual((await api.moved(other.receipt, 'correct', { name: '试验改名' })).flags, []);
  });
}
