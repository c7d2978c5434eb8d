// What staff does: claims, steps, decisions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem, town } from '../lib/api.mjs';
import { get, textOf } from '../lib/farmer.mjs';
import { itemKeys, near } from './stage.mjs';

export function workCases({ system, api, report, staffOf }) {
  test('claim: a fence and a date; again by the holder the same fence, longer; by another 409 with who and until', async () => {
    const { receipt } = await report();
    const first = staffOf(town, '试验员甲');
    const second = staffOf(town, '试验员乙');
    const got = await first.claim(receipt, { minutes: 30 });
    assert.equal(got.status, 200, got.text);
    assert.deepEqual(Object.keys(got.body).sort(), ['fence', 'until', 'version']);
    near(got.body.until, Date.now() + 30 * 60000);
    assert.equal(got.headers.get('etag'), `"${got.body.version}"`);
    const again = await first.moved(receipt, 'claim', { minutes: 480 });
    assert.equal(again.fence, got.body.fence);
    near(again.until, Date.now() + 480 * 60000);
    const item = await second.detail(receipt);
    assert.deepEqual(item.claimed_by, { id: first.token.id, name: '试验员甲', until: again.until });
    assert.equal(item.version, again.version);
    for (const move of ['claim', 'release']) {
      const body = isProblem(await second.move(receipt, move), 409);
      assert.deepEqual(body.claimed_by, item.claimed_by, move);
    }
    const blocked = isProblem(await second.move(receipt, 'steps', { step: 'visit', outcome: 'passed' }), 409);
    assert.deepEqual(blocked.claimed_by, item.claimed_by);
    const released = await first.moved(receipt, 'release', { fence: got.body.fence });
    assert.equal(released.claimed_by, null);
    const theirs = await second.moved(receipt, 'claim');
    assert.ok(theirs.fence > got.body.fence);
    near(theirs.until, Date.now() + 60 * 60000);
    for (const minutes of [0, 481, -1, 1.5, '60', true, [60], 1e30]) {
      isProblem(await second.claim(receipt, { minutes }, { wrong: true }), 422, { pointer: '/minutes' });
    }
  });

  test('claim: of many at once exactly one wins', async () => {
    const people = ['一', '二', '三', '四'].map((name) => staffOf(town, `抢${name}`, ['read', 'claim']));
    for (let round = 0; round < 5; round++) {
      const { receipt } = await report();
      const answers = await Promise.all([...people, ...people].map((one) => one.claim(receipt)));
      const won = answers.filter((answer) => answer.status === 200);
      const holder = (await api.detail(receipt)).claimed_by;
      const lost = answers.filter((answer) => answer.status === 409);
      assert.equal(won.length + lost.length, answers.length, answers.map((answer) => answer.status).join());
      assert.equal(won.length, 2, 'the winner asked twice');
      assert.equal(new Set(won.map((answer) => answer.body.fence)).size, 1);
      for (const answer of lost) assert.deepEqual(isProblem(answer, 409).claimed_by.id, holder.id);
    }
  });

  test('fence: one that is older is refused with who and which, and before If-Match', async () => {
    const { receipt } = await report();
    const first = staffOf(town, '试验员甲');
    const second = staffOf(town, '试验员乙');
    const { fence } = await first.moved(receipt, 'claim');
    await first.moved(receipt, 'release');
    const newer = await second.moved(receipt, 'claim');
    const step = { step: 'visit', outcome: 'passed' };
    const stale = isProblem(await first.move(receipt, 'steps', { ...step, fence }, { headers: { 'if-match': '"1"' } }), 409);
    assert.equal(stale.fence, newer.fence);
    assert.equal(stale.claimed_by.name, '试验员乙');
    const own = isProblem(await second.move(receipt, 'steps', { ...step, fence }), 409);
    assert.equal(own.fence, newer.fence);
    assert.equal((await second.detail(receipt)).step, 'visit', 'nothing happened');
    const moved = await second.moved(receipt, 'steps', { ...step, fence: newer.fence });
    assert.equal(moved.version, newer.version + 1);
  });

  test('If-Match: an older version is 412 with who and when; the current one, in any variant, passes', async () => {
    const { receipt } = await report();
    const done = await api.step(receipt, 'visit');
    const answer = await api.move(receipt, 'ask', { public_note: '请带上单据' }, { headers: { 'if-match': '"1"' } });
    const body = isProblem(answer, 412);
    assert.equal(body.version, 2);
    assert.equal(body.changed_by, '区里试验员');
    near(body.changed_at, Date.now(), 20000);
    assert.ok(!(await api.detail(receipt)).flags.includes('asked'));
    const passed = await api.move(receipt, 'ask', { public_note: '请带上单据' }, { headers: { 'if-match': `"${done.version}"` } });
    assert.equal(passed.status, 200, passed.text);
    assert.equal(passed.headers.get('etag'), '"3"');
    assert.equal((await api.move(receipt, 'answer', {}, { headers: { 'if-match': '"3-gzip"' } })).status, 200);
    isProblem(await api.claim(receipt, {}, { headers: { 'if-match': '"3"' } }), 412);
  });

  test('If-Match: each tag of a list counts; whoever is not staff is nobody by name', async () => {
    const { receipt } = await report();
    let said = 0;
    const sent = (match) => api.move(receipt, 'steps', { step: 'visit', outcome: 'failed', public_note: `第${++said}次去` }, { direct: true, headers: { 'if-match': match } });
    const stale = isProblem(await sent('"3", "4"'), 412);
    assert.deepEqual([stale.version, stale.changed_by], [1, null], 'the household filed it');
    for (const [match, version] of [['"7", "1"', 2], ['"2","7-x"', 3], ['"9" , "3-a,b",', 4], [' ,"4-1"', 5], ['*', 6]]) assert.equal((await sent(match)).body.version, version, match);
    for (const match of ['W/"6"', '"5", W/"6"', '"6', '6', '"5-6"', '"-6"', '"5", 6', '"56"', '"5"6"']) assert.equal(isProblem(await sent(match), 412).changed_by, '区里试验员', match);
    assert.equal((await api.detail(receipt)).version, 6);
  });

  test('steps: what is recorded is read by the farmer, the notes by staff', async () => {
    const { receipt, location } = await report();
    const at = new Date(Date.now() - 1000).toISOString();
    const item = await api.step(receipt, 'visit', 'passed', { at, note: '试验备注', public_note: '已上门看过', authorised: true });
    assert.deepEqual(Object.keys(item).sort(), itemKeys);
    assert.equal(item.version, 2);
    assert.equal(item.state, 'open');
    assert.deepEqual(item.steps.map((one) => one.step).sort(), ['check', 'review']);
    assert.ok(!item.flags.includes('authorisation_outstanding'));
    const page = textOf((await get(system.base + location)).html);
    assert.ok(page.includes('已上门看过'), page);
    assert.ok(!page.includes('试验备注'));
    const detail = await api.detail(receipt);
    assert.equal(detail.authorised, true);
    const [note] = detail.person.notes;
    assert.deepEqual({ note: note.note, name: note.name, by: note.by }, { note: '试验备注', name: '区里试验员', by: api.token.id });
    const reader = await staffOf(town, '只看的人', ['read']).get(`/reports/${receipt}`);
    assert.ok(!reader.text.includes('试验备注'));
    const failed = await api.step(receipt, 'review', 'failed', { public_note: '改天再评议' });
    assert.ok(failed.steps.some((one) => one.step === 'review'), 'a step tried in vain stays open');
  });

  test('steps: what the procedure does not know is 422, what it does not allow now 409 with what it does', async () => {
    const { receipt } = await report();
    const wrong = { wrong: true };
    isProblem(await api.move(receipt, 'steps', { step: 'fly', outcome: 'passed' }), 422, { pointer: '/step' });
    isProblem(await api.move(receipt, 'steps', { step: 'visit', outcome: 'done' }, wrong), 422, { pointer: '/outcome' });
    isProblem(await api.move(receipt, 'steps', { step: 'visit' }, wrong), 422, { pointer: '/outcome' });
    isProblem(await api.move(receipt, 'steps', { outcome: 'passed' }, wrong), 422, { pointer: '/step' });
    isProblem(await api.move(receipt, 'steps', {}, wrong), 422);
    isProblem(await api.move(receipt, 'steps', { decision: 'rich' }, wrong), 422, { pointer: '/decision' });
    isProblem(await api.move(receipt, 'steps', { step: 'visit', outcome: 'passed', at: 'yesterday' }, wrong), 422, { pointer: '/at' });
    isProblem(await api.move(receipt, 'steps', { step: 'visit', outcome: 'passed', at: '2099-01-01T00:00:00+08:00' }), 422, { pointer: '/at' });
    isProblem(await api.move(receipt, 'steps', { step: 'visit', outcome: 'passed', public_note: '长'.repeat(201) }, wrong), 422, { pointer: '/public_note', code: 'long' });
    for (const body of [{ step: 'compare', outcome: 'passed' }, { step: 'visit', outcome: 'skipped' }, { decision: 'declined', reason: 'solved' }, { decision: 'admitted', category: 'sudden', members: 3 }]) {
      const { moves } = isProblem(await api.move(receipt, 'steps', body), 409);
      assert.deepEqual(moves, (await api.detail(receipt)).choices, JSON.stringify(body));
      assert.ok(moves.some((one) => one.move === 'step' && one.step === 'visit'));
    }
    assert.equal((await api.detail(receipt)).version, 1, 'nothing happened');
  });

  test('decision: declined needs a reason of the procedure, and can then be objected to', async () => {
    const { receipt, location } = await report();
    await api.walk(receipt, 'visit');
    isProblem(await api.move(receipt, 'steps', { decision: 'declined' }), 422, { pointer: '/reason' });
    isProblem(await api.move(receipt, 'steps', { decision: 'declined', reason: 'whim' }), 422, { pointer: '/reason' });
    const item = await api.moved(receipt, 'steps', { decision: 'declined', reason: 'solved', public_note: '核实过了' });
    assert.deepEqual([item.state, item.decision, item.reason, item.step, item.steps, item.total_due_at], ['declined', 'declined', 'solved', null, [], null]);
    assert.ok(textOf((await get(system.base + location)).html).includes('这个困难已经解决'));
    isProblem(await api.move(receipt, 'steps', { decision: 'already' }), 409);
    isProblem(await api.move(receipt, 'object', { outcome: 'upheld' }), 409);
    assert.ok((await api.moved(receipt, 'object')).flags.includes('objected'));
    const upheld = await api.moved(receipt, 'object', { outcome: 'upheld' });
    assert.equal(upheld.state, 'declined');
    assert.ok(!upheld.flags.includes('objected'));
  });

  test('decision: an objection that was right is worked again', async () => {
    const { receipt } = await report();
    await api.walk(receipt, 'visit');
    await api.moved(receipt, 'steps', { decision: 'declined', reason: 'solved' });
    await api.moved(receipt, 'object');
    const item = await api.moved(receipt, 'object', { outcome: 'reopened' });
    assert.deepEqual([item.state, item.decision, item.reason], ['open', null, null]);
    assert.ok(item.steps.some((one) => one.step === 'check'), JSON.stringify(item.steps));
  });

  test('decision: admitted names category and members; then clearing', async () => {
    const { receipt } = await report();
    await api.walk(receipt, 'visit', 'review', 'notice', 'check', 'compare');
    isProblem(await api.move(receipt, 'steps', { decision: 'admitted', members: 3 }), 422, { pointer: '/category' });
    isProblem(await api.move(receipt, 'steps', { decision: 'admitted', category: 'sudden' }), 422, { pointer: '/members' });
    isProblem(await api.move(receipt, 'steps', { decision: 'admitted', category: 'poor', members: 3 }), 422, { pointer: '/category' });
    isProblem(await api.move(receipt, 'steps', { decision: 'admitted', category: 'sudden', members: 0 }, { wrong: true }), 422, { pointer: '/members' });
    const item = await api.moved(receipt, 'steps', { decision: 'admitted', category: 'sudden', members: 3 });
    assert.equal(item.state, 'admitted');
    const detail = await api.detail(receipt);
    assert.deepEqual([detail.category, detail.members], ['sudden', 3]);
    const clearing = await api.moved(receipt, 'clear');
    assert.ok(clearing.flags.includes('clearing'));
    assert.equal(clearing.state, 'admitted');
    assert.equal(clearing.step, 'look');
    await api.walk(receipt, 'look', 'count', 'verify', 'review');
    isProblem(await api.move(receipt, 'steps', { step: 'notice', outcome: 'passed' }), 409);
    const kept = await api.moved(receipt, 'steps', { decision: 'kept', reason: 'unstable' });
    assert.equal(kept.state, 'admitted');
    assert.equal(kept.step, null);
  });

  test('decision: a step and a decision in one', async () => {
    const { receipt } = await report();
    const item = await api.moved(receipt, 'steps', { step: 'visit', outcome: 'passed', decision: 'declined', reason: 'elsewhere' });
    assert.deepEqual([item.state, item.reason], ['declined', 'elsewhere']);
    const other = await report();
    isProblem(await api.move(other.receipt, 'steps', { step: 'visit', outcome: 'failed', decision: 'declined', reason: 'elsewhere' }), 409);
    assert.equal((await api.detail(other.receipt)).version, 1, 'both or neither');
  });

  for (const decision of ['already', 'out_of_area', 'not_by_person']) {
    test(`decision: ${decision} closes`, async () => {
      const { receipt } = await report();
      const item = await api.moved(receipt, 'steps', { decision });
      assert.deepEqual([item.state, item.decision], ['closed', decision]);
      isProblem(await api.move(receipt, 'steps', { step: 'visit', outcome: 'passed' }), 409);
    });
  }
}
