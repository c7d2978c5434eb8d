// What time alone changes: yellow, orange, red, the end of a claim and of a pause. Each is a version of its own that a reader of the feed sees.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { addToken, Api, county, directDoors } from '../lib/api.mjs';
import { startSystemWithClock } from '../lib/clock.mjs';
import { file, get, household, post, receiptOf, textOf } from '../lib/farmer.mjs';
import { chain, field } from '../lib/store.mjs';
import { until } from '../lib/system.mjs';

let system, api, code;
before(async () => {
  system = await startSystemWithClock({});
  api = new Api(directDoors(system), addToken(system, { area: county, rights: ['read', 'claim', 'step'] }));
  code = system.code();
});
after(async () => {
  await system?.stop();
  system?.clock?.stop();
});

const newReport = async (more = {}) => receiptOf((await file(system.base, code, household(more))).location);
const detail = (receipt) => api.detail(receipt);
// The clock is put to a minute before the time at which the record says it changes by itself, then behind it.
async function changes(receipt, wanted) {
  const before = await detail(receipt);
  const next = Number(field(system, receipt, 'next'));
  assert.ok(next > system.clock.now().getTime(), `something is to come after ${before.signal}`);
  system.clock.goOn((next - system.clock.now().getTime() - 60000) / 864e5);
  await new Promise((resolve) => { setTimeout(resolve, 6000); });
  assert.equal((await detail(receipt)).signal, before.signal, 'not before its time');
  system.clock.goOn(120000 / 864e5);
  return until(wanted, async () => { const item = await detail(receipt); return item.signal === wanted && item; });
}

test('a report that nobody touches turns yellow, orange, red; the urgent one is red as soon as it is late', { timeout: 120000 }, async () => {
  const plain = await newReport();
  const urgent = await newReport({ urgent: '1' });
  const first = await detail(plain);
  assert.deepEqual([first.version, first.signal, first.late], [1, 'green', false]);
  const yellow = await changes(plain, 'yellow');
  assert.deepEqual([yellow.version, yellow.late], [2, false]);
  const orange = await changes(plain, 'orange');
  assert.equal(orange.late, true);
  assert.ok(new Date(orange.step_due_at) <= system.clock.now());
  assert.equal((await until('red', async () => { const item = await detail(urgent); return item.signal === 'red' && item; })).late, true);
  const red = await changes(plain, 'red');
  assert.equal(red.version, 4, 'one version for each change of the signal');
  const links = chain(system, plain);
  assert.deepEqual(links.slice(1).map((link) => [link.ev, link.by]), [['clock', 'clock'], ['clock', 'clock'], ['clock', 'clock']]);
  const feed = (await api.call('GET', '/reports', { query: { late: '1', limit: '200' } })).body.reports;
  assert.ok([plain, urgent].every((receipt) => feed.some((item) => item.receipt === receipt)));
  // nothing more is to come: no version is written for nothing
  const before = (await detail(plain)).version;
  system.clock.goOn(1);
  await new Promise((resolve) => { setTimeout(resolve, 6000); });
  assert.equal((await detail(plain)).version, before);
});

test('a claim ends by itself, and the next one has a higher fence', { timeout: 60000 }, async () => {
  const receipt = await newReport();
  const claim = (await api.call('POST', `/reports/${receipt}/claim`, { body: { minutes: 480 } })).body;
  assert.equal((await detail(receipt)).claimed_by.name, '试验员');
  system.clock.goOn(1);
  const ended = await until('the end of the claim', async () => { const item = await detail(receipt); return item.version > claim.version && item; });
  assert.equal(ended.claimed_by, null);
  assert.ok(chain(system, receipt).some((link) => link.claim === 'ended'));
  const again = await api.call('POST', `/reports/${receipt}/claim`);
  assert.equal(again.body.fence, claim.fence + 1);
  assert.equal((await api.call('POST', `/reports/${receipt}/steps`, { body: { step: 'visit', outcome: 'passed', fence: claim.fence } })).status, 409);
});

test('a pause ends by itself, and the days that were left are left', { timeout: 60000 }, async () => {
  const receipt = await newReport();
  const due = (await detail(receipt)).step_due_at;
  const paused = await api.call('POST', `/reports/${receipt}/pause`, { body: { days: 10 } });
  assert.equal(paused.status, 200, paused.text);
  assert.ok(paused.body.flags.includes('paused'));
  system.clock.goOn(11);
  const resumed = await until('the end of the pause', async () => { const item = await detail(receipt); return !item.flags.includes('paused') && item; });
  assert.ok(new Date(resumed.step_due_at) > new Date(due), `${resumed.step_due_at} after ${due}`);
  assert.equal(resumed.late, false);
  assert.ok(chain(system, receipt).some((link) => link.ev === 'resume' && link.by === 'clock'));
});

test('a refusal that is told late takes none of the 30 days for an objection away', { timeout: 60000 }, async () => {
  const answers = household();
  const { location } = await file(system.base, code, answers);
  const receipt = receiptOf(location);
  const ago = (days) => new Date(system.clock.now().getTime() - days * 864e5).toISOString();
  system.clock.goOn(30);
  for (const body of [{ step: 'visit', outcome: 'passed', at: ago(29) }, { decision: 'declined', reason: 'solved', at: ago(28) }]) {
    const told = await api.call('POST', `/reports/${receipt}/steps`, { body });
    assert.equal(told.status, 200, told.text);
  }
  const last = textOf((await get(system.base + location)).html).match(/最晚(\d+)月(\d+)日（周.）可以点“我有异议”/);
  assert.ok(last, 'the page names the last day');
  const days = [30, 31, 32, 33].map((n) => system.clock.day(new Date(system.clock.now().getTime() + n * 864e5))); // a day off at the end moves it
  assert.ok(days.includes(`${last[1]}月${last[2]}日`), `${last[0]}, not one of ${days}`);
  system.clock.goOn(29);
  const objects = await post(system.base + location, { act: 'object', detail: '还有难处', last4: answers.id_number.slice(-4) });
  assert.equal(objects.status, 303, textOf(objects.html));
});
