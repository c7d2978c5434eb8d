// What a report goes through, as statistics tell it: the same steps, lateness and ends that readers of the queue see. Days pass on the system's own clock.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { addToken, Api, county, directDoors, fileReport } from '../lib/api.mjs';
import { startSystemWithClock } from '../lib/clock.mjs';
import { inventedId, post } from '../lib/farmer.mjs';
import { build, until, village } from '../lib/system.mjs';

class Office {
  async start(source) {
    this.system = await startSystemWithClock({ conf: { 'progress.source': source } });
    this.api = new Api(directDoors(this.system), addToken(this.system, { area: county, rights: 'read,stats,claim,step,intake' }));
    return this;
  }

  stop() { return this.system?.stop(); }
  goOn(days) { this.system.clock.goOn(days); }
  // Of all the year, from its first day to the last that the clock may reach.
  async figures(query = {}) {
    const year = this.system.clock.now().getFullYear();
    const answer = await this.api.get('/stats', { from: `${year - 1}-06-01`, to: `${year + 1}-06-01`, ...query });
    assert.equal(answer.status, 200, answer.text);
    return answer.body.total;
  }

  // What the figures are now beyond what they were.
  async beyond(before, pattern) {
    const now = await this.figures();
    return only(Object.fromEntries(Object.entries(now).map(([name, n]) => [name, n - (before[name] ?? 0)])), pattern);
  }

  async gauges() { return Object.fromEntries(Object.entries(await this.figures()).filter(([name]) => name.startsWith('now.'))); }
  async item(receipt) { return (await this.api.follow({ limit: 200 })).reports.findLast((one) => one.receipt === receipt); }
  async words() {
    const { text } = await this.api.get('/stats', {}, { headers: { accept: 'text/csv' }, direct: true });
    return text.split('\r\n')[0];
  }

  // What was counted where it happened is what the chains say, and puts nothing else in its place.
  agrees() {
    for (const action of ['audit', 'rebuild', 'audit']) {
      const { status, stdout, stderr } = spawnSync(path.join(build, 'mashang'), ['stats', action, '-c', this.system.conf], { encoding: 'utf8' });
      assert.equal(status, 0, stdout + stderr);
    }
  }
}

const only = (figures, pattern) => Object.fromEntries(Object.entries(figures).filter(([name, n]) => pattern.test(name) && n !== 0));

describe('where nobody reports steps', () => {
  let office;
  before(async () => { office = await new Office().start('none'); });
  after(() => office.stop());

  test('no step, no lateness, whoever edits and whenever', async () => {
    const report = await fileReport(office.system, { risk: ['illness'] });
    const act = (more) => post(office.system.base + report.location, { last4: report.id_number.slice(-4), ...more });
    const open = { 'now.open': 1, 'now.new': 1, 'now.signal.green': 1 };
    assert.deepEqual(await office.gauges(), open);
    office.goOn(60); // beyond every due day of 涞源
    assert.equal((await act({ act: 'add', detail: '又住院了' })).status, 303);
    assert.deepEqual(await office.gauges(), open);
    const { late, signal } = await office.item(report.receipt);
    assert.deepEqual([late, signal], [false, 'green'], 'as readers of the queue see it');
    assert.equal((await act({ act: 'withdraw' })).status, 303);
    await office.api.moved(report.receipt, 'withdraw');
    assert.deepEqual(only(await office.figures(), /^(now|late|in_time|done|skipped|end|additions)/), { additions: 1, 'end.withdrawn': 1 });
    office.agrees();
  });

  test('a pause ends by itself', async () => {
    const { receipt } = await fileReport(office.system);
    await office.api.moved(receipt, 'pause', { days: 3 });
    assert.equal((await office.gauges())['now.paused'], 1);
    office.goOn(10);
    await until('the clock to end it', async () => !(await office.gauges())['now.paused'], { ms: 30000, every: 500 });
    assert.deepEqual((await office.item(receipt)).flags.filter((flag) => flag === 'paused'), []);
    const { body } = await office.api.get(`/reports/${receipt}/history`);
    assert.deepEqual([body.events.at(-1).event, body.events.at(-1).who], ['resume', 'clock']);
    office.agrees();
  });
});

describe('风险消除', () => {
  let office;
  before(async () => { office = await new Office().start('console'); });
  after(() => office.stop());

  async function admitted() {
    const { receipt } = await fileReport(office.system);
    await office.api.walk(receipt, 'visit', 'review', 'check');
    office.goOn(5);
    await office.api.walk(receipt, 'notice', 'compare');
    await office.api.moved(receipt, 'steps', { decision: 'admitted', category: 'sudden', members: 2 });
    return receipt;
  }

  test('its steps, its clock and its end have names of their own', async () => {
    const receipt = await admitted();
    const own = only(await office.figures(), /review|notice|^now/);
    await office.api.moved(receipt, 'clear');
    assert.deepEqual(await office.gauges(), { 'now.clearing': 1, 'now.clearing.new': 1, 'now.clearing.signal.green': 1, 'now.clearing.step.look': 1 });
    office.goOn(13);
    const late = await until('the clock to say that it is late', async () => { const item = await office.item(receipt); return item.late && item; }, { ms: 90000, every: 1000 });
    const gauges = await office.gauges();
    assert.deepEqual([gauges['now.clearing.late'], gauges['now.clearing.late.look'], gauges[`now.clearing.signal.${late.signal}`], gauges['now.late']], [1, 1, 1, undefined]);
    await office.api.walk(receipt, 'look', 'count', 'verify', 'review');
    const done = only(await office.figures(), /^clearing/);
    assert.deepEqual(only(done, /look|review/), { 'clearing.done.look': 1, 'clearing.late.look': 1, 'clearing.days.look.median': done['clearing.days.look.median'], 'clearing.days.look.p90': done['clearing.days.look.p90'], 'clearing.done.review': 1, 'clearing.in_time.review': 1 });
    assert.ok(done['clearing.days.look.median'] > 5);
    assert.deepEqual(only(await office.figures(), /^(?!clearing|now).*(review|notice)/), own, 'steps of the same name in the report\'s own procedure stay what they were');
    assert.match(await office.words(), /"风险消除 超期办结 一看：上门看","|"风险消除 办完 四评议：村级评议"/);
    await office.api.moved(receipt, 'steps', { decision: 'kept', reason: 'unstable' });
    assert.deepEqual(only(await office.figures(), /^(clearing\.(end|reason|in_time$|late$)|end\.cleared|now)/), { 'clearing.end.kept': 1, 'clearing.reason.unstable': 1, 'clearing.in_time': 1 });
    office.agrees();
  });

  test('ended with the household off the list', async () => {
    const earlier = await office.figures();
    const receipt = await admitted();
    await office.api.moved(receipt, 'clear');
    await office.api.walk(receipt, 'look', 'count', 'verify', 'review');
    office.goOn(5);
    await office.api.walk(receipt, 'notice', 'assess');
    await office.api.moved(receipt, 'steps', { decision: 'cleared' });
    assert.deepEqual(await office.beyond(earlier, /^(clearing\.end|end\.cleared|now)/), { 'clearing.end.cleared': 1, 'end.cleared': 1 });
    office.agrees();
  });
});

describe('leads', () => {
  let office;
  before(async () => { office = await new Office().start('console'); });
  after(() => office.stop());

  async function lead() {
    const found_at = new Date(office.system.clock.now().getTime() + 8 * 36e5).toISOString().slice(0, 10);
    const filed = await office.api.intake({ source: 'department', source_org: 'medical', area: village, name: '试验乙', id_number: inventedId(), risks: ['illness'], found_at });
    assert.equal(filed.status, 201, filed.text);
    return filed.body.receipt;
  }
  test('one that becomes a report in the call that closes its step is counted like any other', async () => {
    const earlier = await office.figures();
    await office.api.moved(await lead(), 'steps', { step: 'check', outcome: 'passed', decision: 'report' });
    assert.deepEqual(await office.beyond(earlier, /^(lead\.(?!days)|reports|now)/), {
      reports: 1, 'lead.reports': 1, 'lead.done.check': 1, 'lead.in_time.check': 1, 'lead.end.report': 1, 'lead.in_time': 1,
      'now.open': 1, 'now.new': 1, 'now.signal.green': 1, 'now.step.visit': 1,
    });
    const total = await office.figures();
    for (const what of ['check', 'total']) assert.deepEqual([total[`lead.days.${what}.median`], total[`lead.days.${what}.p90`]], [0, 0], what);
    office.agrees();
  });

  test('so is one that was checked before, and too late', async () => {
    const receipt = await lead();
    await office.api.step(receipt, 'check');
    const earlier = await office.figures();
    office.goOn(21);
    await office.api.moved(receipt, 'steps', { decision: 'report' });
    assert.deepEqual(await office.beyond(earlier, /^(lead\.(?!days)|reports)/), { reports: 1, 'lead.end.report': 1, 'lead.late': 1 });
    assert.ok((await office.figures())['lead.days.total.p90'] > 7);
    assert.deepEqual(only(await office.gauges(), /lead/), {});
    assert.match(await office.words(), /"线索 办完 线索核实"/);
    office.agrees();
  });
});
