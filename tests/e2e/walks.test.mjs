// Each procedure of templates/procedures walked by staff to each of its endings, while the household's page follows: words, order and dates as the
// file says. Days pass on the system's own clock (tests/lib/clock.mjs), so that notices stand as long as they must; no procedure is changed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { addToken, Api, county, directDoors, fileReport } from '../lib/api.mjs';
import { startSystemWithClock } from '../lib/clock.mjs';
import { get, inventedId, post, textOf, unescapeHtml } from '../lib/farmer.mjs';
import { root, until, village } from '../lib/system.mjs';

const load = (name) => JSON.parse(fs.readFileSync(path.join(root, `templates/procedures/${name}.json`), 'utf8'));
const idOf = (one) => (typeof one === 'string' ? one : one.id);
const dayMs = 864e5;
const zone = 8 * 36e5;

// 11月30日（周一）, of the day that a deadline ends (its 24:00 belongs to it)
function shownDay(ms) {
  const day = new Date(ms + zone);
  return `${day.getUTCMonth() + 1}月${day.getUTCDate()}日（周${'日一二三四五六'[day.getUTCDay()]}）`;
}

// The last of so many days after the day of `from`, by the files of deploy/calendar; null when a year has none.
function lastDay(from, { days, unit = 'working' }) {
  const kinds = {};
  const isWorkday = (ms) => {
    const iso = new Date(ms).toISOString().slice(0, 10);
    const file = path.join(root, `deploy/calendar/CN-${iso.slice(0, 4)}.csv`);
    if (!fs.existsSync(file)) return null;
    kinds[file] ??= Object.fromEntries(fs.readFileSync(file, 'utf8').split('\n').map((line) => line.split(',').slice(0, 2)));
    const week = new Date(ms).getUTCDay();
    return kinds[file][iso] ? kinds[file][iso] === 'workday' : week !== 0 && week !== 6;
  };
  let day = Math.floor((from + zone) / dayMs) * dayMs;
  for (let left = days; left > 0 || !isWorkday(day);) {
    day += dayMs;
    const works = isWorkday(day);
    if (works === null) return null;
    left -= unit === 'calendar' || works ? 1 : 0;
  }
  return day - zone;
}

function routeOf(procedure, green = false) {
  if (!green) return procedure.steps;
  return procedure.green_channel.steps.map((step) => ({ ...procedure.steps.find((one) => one.id === step.id), ...step }));
}

// The page of a report: its word, its steps, all its text.
async function pageOf(system, location) {
  const { status, html } = await get(system.base + location);
  assert.equal(status, 200);
  const steps = [...html.matchAll(/<li class="(\w+)"[^>]*><b>([^<]+)<\/b>(?: <small>([^<]*)<\/small>)?(?: <span>([^<]*)<\/span>)?/g)]
    .map(([, kind, name, state, date]) => ({ kind, name: unescapeHtml(name), state, date }));
  return { word: html.match(/<p class="state">[^<]*<strong>([^<]*)/)?.[1], steps: steps.slice(1), text: textOf(html), html };
}

// A report as the township's feed has it.
async function itemOf(api, receipt) {
  const { reports: found } = await api.follow({ limit: 200 });
  return found.findLast((one) => one.receipt === receipt);
}

class Walk {
  constructor(system, api, procedure, report, { green = false } = {}) {
    Object.assign(this, { system, api, procedure, green, ...report });
    this.route = routeOf(procedure, green);
    this.done = new Map(); // step id → day
  }

  planned(id) { return this.route.find((step) => step.id === id); }
  item() { return itemOf(this.api, this.receipt); }

  // While it is open: every step of the file in the list, those under way by their own word and due day, those done with their day.
  async follow() {
    const detail = await this.item();
    const page = await pageOf(this.system, this.location);
    assert.deepEqual(page.steps.map((step) => step.name).sort(), this.route.map((step) => step.name).sort());
    for (const under of detail.steps) {
      const plan = this.planned(under.step);
      const shown = page.steps.find((step) => step.name === plan.name);
      assert.equal(shown.kind, 'now', plan.name);
      assert.equal(shown.state, plan.word);
      const day = shownDay(Date.parse(under.due_at) - 1);
      assert.equal(shown.date, plan.deadline.basis === 'unconfirmed' ? `一般${day}左右` : `最晚${day}`, plan.name);
    }
    for (const [id, day] of this.done) {
      const shown = page.steps.find((step) => step.name === this.planned(id).name);
      assert.deepEqual([shown.kind, shown.state, shown.date], ['done', '已办', day]);
    }
    assert.equal(page.steps.filter((step) => step.kind === 'now').length, detail.steps.length);
    assert.equal(page.steps.filter((step) => step.kind === 'done').length, this.done.size);
    assert.equal(page.word, detail.state === 'new' ? '已收到' : this.planned(detail.step).word);
    return detail;
  }

  // A notice is refused while it stands; then its days pass.
  async pass(id) {
    const least = this.planned(id).notice_days_min ?? 0;
    if (least > 0) {
      const early = await this.api.move(this.receipt, 'steps', { step: id, outcome: 'passed' });
      assert.equal(early.status, 409, early.text);
      assert.ok(early.body.moves.length > 0, 'it says what is allowed');
      this.system.clock.goOn(least);
    }
    await this.api.step(this.receipt, id);
    this.done.set(id, this.system.clock.day());
  }

  // Works the steps that are under way until all of `wanted` are passed.
  async until(wanted) {
    for (let turns = 0; wanted.some((id) => !this.done.has(id)); turns++) {
      assert.ok(turns < 20, `never came to ${wanted}`);
      const detail = await this.follow();
      const next = detail.steps.map((step) => step.step).find((id) => this.needed(wanted).has(id));
      assert.ok(next, `${JSON.stringify(detail.steps)} lead not to ${wanted}`);
      await this.pass(next);
    }
  }

  // These steps and all that must come before them.
  needed(wanted) {
    const all = new Set(wanted);
    for (const id of all) for (const before of this.planned(id).after ?? []) all.add(before);
    return all;
  }
}

const afterOf = (ending) => (typeof ending === 'string' ? [] : ending.after ?? []);
const reports = [
  { name: 'laiyuan' }, { name: 'laiyuan', green: true }, { name: 'jiyang' }, { name: 'jiyang', green: true }, { name: 'boshan' }, { name: 'gansu' },
];

for (const { name, green } of reports) describe(`${name}${green ? ', green channel' : ''}`, () => {
  const procedure = load(name);
  const endings = procedure.endings;
  let system;
  let api;
  before(async () => {
    system = await startSystemWithClock({ conf: { 'procedure.file': path.join(root, `templates/procedures/${name}.json`), 'progress.source': 'console' } });
    api = new Api(directDoors(system), addToken(system, { area: county, rights: 'read,step,pii' }));
  });
  after(() => system?.stop());

  async function begin(more = {}) {
    const report = await fileReport(system, more);
    const walk = new Walk(system, api, procedure, report, { green });
    const [first] = routeOf(procedure);
    const due = lastDay(system.clock.now().getTime(), first.deadline);
    if (due !== null) {
      const page = await pageOf(system, walk.location);
      assert.ok(page.steps.find((step) => step.name === first.name).date.includes(shownDay(due)), `${first.name} ${page.text} ${shownDay(due)}`);
    }
    if (green) {
      await api.moved(walk.receipt, 'green');
      assert.ok((await pageOf(system, walk.location)).text.includes('走绿色通道'));
    }
    return walk;
  }
  const decided = async (walk, word, sentence) => {
    const page = await pageOf(system, walk.location);
    assert.equal(page.word, word);
    assert.ok(page.text.includes(sentence), page.text);
    assert.ok(!page.html.includes('value="add"'));
    assert.ok(page.steps.every((step) => step.kind !== 'next'), 'nothing is still to come');
    return page;
  };
  const wordOf = (id, otherwise) => endings.find((one) => one.id === id)?.word ?? otherwise;

  test('the endings of the file are those walked here', () => {
    assert.deepEqual(endings.map(idOf).sort(), ['admitted', 'already', 'declined', 'merged', 'not_by_person', 'out_of_area', 'withdrawn']);
  });

  test('admitted, after all steps; what comes afterwards too', async () => {
    const walk = await begin();
    const ending = endings.find((one) => idOf(one) === 'admitted');
    const last = afterOf(ending).length ? afterOf(ending) : procedure.steps.filter((step) => !step.result).map((step) => step.id);
    const early = await api.move(walk.receipt, 'steps', { decision: 'admitted', category: procedure.categories[0].id, members: 3 });
    assert.equal(early.status, 409, early.text);
    await walk.until(last.filter((id) => walk.planned(id)));
    await api.moved(walk.receipt, 'steps', { decision: 'admitted', category: procedure.categories[0].id, members: 3 });
    const page = await decided(walk, '已纳入', '已纳入监测帮扶。帮扶联系人');
    const result = procedure.steps.filter((step) => step.result);
    assert.deepEqual(page.steps.filter((step) => step.kind === 'now').map((step) => step.name), result.map((step) => step.name));
    for (const step of result) await walk.pass(step.id);
    if (result.length) assert.ok((await pageOf(system, walk.location)).steps.every((step) => step.kind === 'done'));
  });

  test('declined with its reason; objected, upheld; objected, reopened', async () => {
    const ending = endings.find((one) => idOf(one) === 'declined');
    for (const [outcome, reason] of [['upheld', procedure.reasons[0]], ['reopened', procedure.reasons[1]]]) {
      const walk = await begin();
      await walk.until(afterOf(ending));
      assert.equal((await api.move(walk.receipt, 'steps', { decision: 'declined' })).status, 422, 'a reason must be named');
      await api.moved(walk.receipt, 'steps', { decision: 'declined', reason: reason.id });
      const last = lastDay(system.clock.now().getTime(), { days: 30, unit: 'calendar' });
      const { text } = await decided(walk, '未纳入', `经核实，这次没有纳入监测帮扶。原因：${reason.words}。有不同意见，最晚${last === null ? '' : `${shownDay(last)}可以点“我有异议”`}`);
      assert.ok(text.includes('我有异议'));
      const asked = await post(system.base + walk.location, { act: 'object', detail: '请再看看', last4: walk.id_number.slice(-4) });
      assert.equal(asked.status, 303, textOf(asked.html));
      assert.equal((await pageOf(system, walk.location)).word, '复核中');
      await api.moved(walk.receipt, 'object');
      assert.equal((await pageOf(system, walk.location)).word, '复核中');
      await api.moved(walk.receipt, 'object', { outcome });
      if (outcome === 'upheld') {
        const page = await decided(walk, '未纳入', '已经复核过，结果不变。');
        assert.ok(!page.html.includes('value="object"'));
      } else {
        const page = await pageOf(system, walk.location);
        assert.ok(page.text.includes('已经复核过，这次申报重新办。'));
        const again = procedure.moves.find((one) => idOf(one) === 'object').reopens;
        assert.ok(page.steps.some((step) => step.name === walk.planned(again).name && step.kind !== 'done'), page.text);
        assert.ok(page.html.includes('value="add"'));
      }
    }
  });

  test('already, out of area', async () => {
    const already = await begin();
    await api.moved(already.receipt, 'steps', { decision: 'already' });
    await decided(already, wordOf('already', '已关闭'), '您家已在监测帮扶范围内。这次报的新情况已转给帮扶联系人。');
    const out = await begin();
    await api.moved(out.receipt, 'steps', { decision: 'out_of_area' });
    await decided(out, wordOf('out_of_area', '已关闭'), '这次申报已关闭，有疑问请打0531-00000000。');
  });

  test('not by the person: only that it is closed', async () => {
    const walk = await begin();
    await api.moved(walk.receipt, 'steps', { decision: 'not_by_person' });
    const page = await pageOf(system, walk.location);
    assert.ok(page.text.includes('这次申报已关闭，有疑问请打0531-00000000。'));
    for (const part of ['葛家村', '试**', procedure.steps[0].name]) assert.ok(!page.text.includes(part), part);
  });

  test('merged: the household follows the leader, another filer reads that it is closed', async () => {
    const leader = await begin();
    const same = await begin({ phone: leader.phone });
    const other = await begin();
    for (const one of [same, other]) await api.moved(one.receipt, 'merge', { leader: leader.receipt });
    await leader.pass(leader.route.find((step) => !step.after).id);
    const [mine, theirs, leads] = [await pageOf(system, same.location), await pageOf(system, other.location), await pageOf(system, leader.location)];
    assert.deepEqual(mine.steps, leads.steps);
    assert.equal(mine.word, leads.word);
    assert.ok(mine.text.includes('合在一起办'));
    assert.ok(!mine.text.includes(leader.receipt.slice(4, 8) + ' ' + leader.receipt.slice(8)));
    assert.ok(theirs.text.includes('这次申报已关闭，有疑问请打0531-00000000。'));
    assert.equal(theirs.steps.length, 0);
    for (const part of ['葛家村', '试**']) assert.ok(!theirs.text.includes(part), part);
  });

  test('withdrawn: the word before until the monitoring system has it', async () => {
    const walk = await begin();
    await until('the first event to arrive', async () => (await system.upstream.received()).some((one) => JSON.parse(one.body).id === walk.receipt));
    await walk.follow();
    const asked = await post(system.base + walk.location, { act: 'withdraw', last4: walk.id_number.slice(-4) });
    assert.equal(asked.status, 303);
    const before = await pageOf(system, walk.location);
    assert.ok(before.text.includes('核实了才算撤回'));
    await system.upstream.stop();
    await api.moved(walk.receipt, 'withdraw');
    const between = await pageOf(system, walk.location);
    assert.equal(between.word, before.word);
    assert.ok(between.text.includes('正在告诉'), between.text);
    assert.ok(!between.text.replace('“已撤回”', '').includes('已撤回'));
    await system.upstream.start();
    await until('the monitoring system to take it', async () => (await pageOf(system, walk.location)).word === '已撤回', { ms: 20000 });
    await decided(walk, '已撤回', '这次申报已撤回。以后有困难，随时可以再报。');
  });
});

describe('lead', () => {
  const procedure = load('lead');
  let system;
  let api;
  before(async () => {
    system = await startSystemWithClock({ conf: { 'progress.source': 'console' } });
    api = new Api(directDoors(system), addToken(system, { area: county, rights: 'read,step,intake' }));
  });
  after(() => system?.stop());

  async function lead() {
    const id_number = inventedId();
    const found_at = new Date(system.clock.now().getTime() + zone).toISOString().slice(0, 10);
    const filed = await api.intake({ source: 'department', source_org: 'medical', area: village, name: '试验乙', id_number, risks: ['illness'], found_at });
    assert.equal(filed.status, 201, filed.text);
    const { receipt } = filed.body;
    return { receipt, page: () => post(`${system.base}/progress`, { receipt, last4: id_number.slice(-4) }) };
  }
  const pass = (receipt) => api.step(receipt, procedure.steps[0].id);

  test('the endings of the file are those walked here', () => {
    assert.deepEqual(procedure.endings.map(idOf).sort(), ['already', 'merged', 'no_risk', 'out_of_area', 'report']);
  });
  test('no risk, already, out of area: nobody ever has a page of it', async () => {
    for (const decision of ['no_risk', 'already', 'out_of_area']) {
      const one = await lead();
      const detail = await itemOf(api, one.receipt);
      assert.deepEqual([detail.kind, detail.steps.length, detail.step], ['lead', 1, procedure.steps[0].id]);
      assert.equal((await one.page()).status, 422, 'as an unknown number');
      await pass(one.receipt);
      await api.moved(one.receipt, 'steps', { decision, ...(decision === 'no_risk' && { reason: 'no_risk' }) });
      assert.equal((await itemOf(api, one.receipt)).decision, decision);
      assert.equal((await one.page()).status, 422);
    }
  });
  test('merged into a report: still no page', async () => {
    const one = await lead();
    const leader = await fileReport(system);
    await api.moved(one.receipt, 'merge', { leader: leader.receipt });
    assert.equal((await one.page()).status, 422);
  });
  test('it becomes a report: from now on it has a page, under the report procedure', async () => {
    const one = await lead();
    await pass(one.receipt);
    await api.moved(one.receipt, 'steps', { decision: 'report' });
    const found = await one.page();
    assert.equal(found.status, 303);
    const walk = new Walk(system, api, load('laiyuan'), { receipt: one.receipt, location: found.location });
    await walk.follow();
    await walk.pass('visit');
    await walk.follow();
  });
});

describe('clearing', () => {
  const procedure = load('clearing');
  let system;
  let api;
  before(async () => {
    system = await startSystemWithClock({ conf: { 'progress.source': 'console' } });
    api = new Api(directDoors(system), addToken(system, { area: county, rights: 'read,step' }));
  });
  after(() => system?.stop());
  const calm = '正在看您家的困难是不是已经解决。看完以前，帮扶照旧。';

  async function admitted() {
    const walk = new Walk(system, api, load('laiyuan'), await fileReport(system));
    await walk.until(['compare']);
    await api.moved(walk.receipt, 'steps', { decision: 'admitted', category: 'sudden', members: 2 });
    assert.ok(!(await pageOf(system, walk.location)).text.includes(calm));
    await api.moved(walk.receipt, 'clear');
    return walk;
  }
  async function work(walk, last) {
    for (const step of procedure.steps) {
      const page = await pageOf(system, walk.location);
      assert.equal(page.word, '已纳入');
      assert.ok(page.text.includes(calm), page.text);
      assert.ok(!page.text.includes(step.name), 'the household need not follow each step');
      assert.deepEqual((await walk.item()).steps.map((one) => one.step), [step.id]);
      if (step.notice_days_min) {
        assert.equal((await api.move(walk.receipt, 'steps', { step: step.id, outcome: 'passed' })).status, 409);
        system.clock.goOn(step.notice_days_min);
      }
      await api.step(walk.receipt, step.id);
      if (step.id === last) return;
    }
  }

  test('the endings of the file are those walked here', () => assert.deepEqual(procedure.endings.map(idOf).sort(), ['cleared', 'kept']));
  test('cleared', async () => {
    const walk = await admitted();
    await work(walk, 'assess');
    await api.moved(walk.receipt, 'steps', { decision: 'cleared' });
    const page = await pageOf(system, walk.location);
    assert.ok(page.text.includes('风险已消除。以后再有困难，随时可以再报。'), page.text);
    assert.ok(!page.text.includes(calm));
  });
  test('kept: the page is as it was', async () => {
    const walk = await admitted();
    await work(walk, 'look');
    await api.moved(walk.receipt, 'steps', { decision: 'kept', reason: procedure.reasons[0].id });
    const page = await pageOf(system, walk.location);
    assert.equal(page.word, '已纳入');
    assert.ok(!page.text.includes(calm) && page.text.includes('已纳入监测帮扶'));
  });
});
