// What the monitoring system hears of staff's moves (contract §8): one event each, in version order, with what happened; never an echo of its own words.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Api, addToken, county, directDoors, fileReport, otherVillage } from '../lib/api.mjs';
import { startSystemWithClock } from '../lib/clock.mjs';
import { tellStep } from '../lib/hook.mjs';
import { bodies } from '../lib/line.mjs';
import { startSystem, until, village } from '../lib/system.mjs';

const kind = (one) => one.event.type.replace(/^cn\.mashang\.report\.(.*)\.v1$/, '$1');
const rights = ['read', 'pii', 'claim', 'step'];
let all, few;

before(async () => {
  all = await startSystemWithClock({ workers: 1, conf: { 'forward.events': 'accepted added corrected transferred merged withdrawn step decided' } });
  few = await startSystem({ workers: 1 });
  for (const system of [all, few]) system.api = new Api(directDoors(system), addToken(system, { area: county, rights }));
});
after(async () => {
  await all?.stop();
  await few?.stop();
});

// The kinds of a report's events in the order of arrival, once the last is the one that is waited for.
async function heard(system, receipt, last) {
  let events;
  await until(`${last} of ${receipt}`, async () => {
    events = await bodies(system, receipt);
    return events.length > 0 && kind(events.at(-1)) === last;
  });
  for (const [i, one] of events.entries()) {
    assert.equal(one.event.id, i === 0 ? receipt : `${receipt}-${one.event.data.version}`);
    assert.equal(one.headers['webhook-id'], one.event.id);
    assert.equal(one.headers['idempotency-key'], one.event.id);
    if (i > 0) assert.ok(one.event.data.version > events[i - 1].event.data.version, 'in version order');
  }
  return events;
}
const kinds = (events) => events.map(kind).join(' ');

test('a correction, a transfer, steps and a decision, each with what happened', async () => {
  const { receipt, name } = await fileReport(all);
  await all.api.moved(receipt, 'correct', { name: '试验更正' });
  await all.api.moved(receipt, 'transfer', { area: otherVillage, public_note: '转到户口所在的镇', note: '只给工作人员看' });
  await all.api.step(receipt, 'visit', 'failed');
  await all.api.step(receipt, 'visit', 'passed', { authorised: true, public_note: '看过了' });
  await all.api.moved(receipt, 'steps', { decision: 'declined', reason: 'solved' });
  const events = await heard(all, receipt, 'decided');
  assert.equal(kinds(events), 'accepted corrected transferred step step decided');
  const [accepted, corrected, transferred, failed, passed, decided] = events.map((one) => one.event);
  assert.deepEqual([accepted.data.name, corrected.data.name], [name, '试验更正']);
  assert.deepEqual(transferred.data.transferred, { from: village, to: otherVillage, public_note: '转到户口所在的镇' });
  assert.deepEqual([corrected.subject, transferred.subject, transferred.data.area.id], [village, otherVillage, otherVillage]);
  assert.deepEqual(failed.data.step, { step: 'visit', outcome: 'failed' });
  assert.deepEqual(passed.data.step, { step: 'visit', outcome: 'passed', public_note: '看过了' });
  assert.deepEqual(decided.data.decided, { decision: 'declined', reason: 'solved' });
  assert.ok(!JSON.stringify(events).includes('只给工作人员看'), 'staff notes stay here');
});

test('a step and the decision that follows from it are one event; admitted says category and members', async () => {
  const { receipt } = await fileReport(all);
  await all.api.step(receipt, 'visit', 'passed', { authorised: true });
  await all.api.walk(receipt, 'review', 'check');
  all.clock.goOn(7);
  await all.api.step(receipt, 'notice');
  await all.api.moved(receipt, 'steps', { step: 'compare', outcome: 'passed', decision: 'admitted', category: 'sudden', members: 3 });
  const events = await heard(all, receipt, 'decided');
  assert.equal(kinds(events), 'accepted step step step step decided');
  assert.deepEqual(events.at(-1).event.data.decided, { decision: 'admitted', category: 'sudden', members: 3, step: 'compare', outcome: 'passed' });
});

test('merged and withdrawn are told without being asked for; steps and decisions are not', async () => {
  const leader = (await fileReport(few)).receipt;
  const { receipt } = await fileReport(few);
  await heard(few, leader, 'accepted');
  await few.api.moved(receipt, 'merge', { leader });
  const merged = await heard(few, receipt, 'merged');
  assert.deepEqual(merged.at(-1).event.data.merged, { leader });
  await few.api.step(leader, 'visit', 'passed', { authorised: true });
  await few.api.moved(leader, 'withdraw');
  const withdrawn = await heard(few, leader, 'withdrawn');
  assert.equal(kinds(withdrawn), 'accepted withdrawn');
  assert.deepEqual(withdrawn.at(-1).event.data.withdrawn, {});
});

test('what the monitoring system said itself is never sent back', async () => {
  const { receipt } = await fileReport(all);
  await heard(all, receipt, 'accepted');
  await tellStep(all, receipt, 'visit');
  await all.api.step(receipt, 'review');
  const events = await heard(all, receipt, 'step');
  assert.equal(kinds(events), 'accepted step');
  assert.equal(events[1].event.data.step.step, 'review');
});

test('where only steps are told of, so is the step that comes with a decision', async (t) => {
  const system = await startSystem({ workers: 1, conf: { 'forward.events': 'accepted step' } });
  t.after(() => system.stop());
  const api = new Api(directDoors(system), addToken(system, { area: county, rights: [...rights, 'intake'] }));
  const { receipt } = await fileReport(system);
  await api.moved(receipt, 'steps', { step: 'visit', outcome: 'passed', decision: 'declined', reason: 'solved', public_note: '核实过了' });
  const events = await heard(system, receipt, 'step');
  assert.equal(kinds(events), 'accepted step');
  assert.deepEqual(events[1].event.data.step, { step: 'visit', outcome: 'passed', public_note: '核实过了' });
  assert.equal(events[1].event.data.decided, undefined);
  // a lead's step is nobody's: the report that it becomes begins with its own event alone
  const lead = (await api.intake({ source: 'department', source_org: 'medical', area: village, name: '试验乙', phone: '13900001111', risks: ['illness'], found_at: '2026-11-20' })).body.receipt;
  await api.moved(lead, 'steps', { step: 'check', outcome: 'passed', decision: 'report' });
  const [first] = await heard(system, lead, 'accepted');
  assert.deepEqual([first.event.id, first.event.data.step, first.event.data.decided], [lead, undefined, undefined]);
});
