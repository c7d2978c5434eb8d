// Staff and the monitoring system move the same report: what the household reads of it, what ends what, what is never lost, and what is offered.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { addToken, Api, county, directDoors, fileReport, isProblem, otherTown, otherVillage, town } from '../lib/api.mjs';
import { get, post, textOf } from '../lib/farmer.mjs';
import { told, tell, tellEnd, tellStep } from '../lib/hook.mjs';
import { chain, field, recordKey, redis } from '../lib/store.mjs';
import { root, startSystem, until, village } from '../lib/system.mjs';

const rights = ['read', 'pii', 'claim', 'step', 'intake'];
const names = (choices) => choices.map((one) => one.move);

describe('staff and the monitoring system', () => {
  let system, api;
  before(async () => {
    system = await startSystem({ workers: 1, conf: { 'progress.source': 'both' } });
    api = new Api(directDoors(system), addToken(system, { area: county, rights }));
  });
  after(() => system?.stop());

  const page = async ({ location }) => textOf((await get(system.base + location)).html);
  const reads = async (report, pattern) => assert.match(await page(report), pattern);
  const readsNot = async (report, pattern) => assert.doesNotMatch(await page(report), pattern);
  const declined = async () => {
    const report = await fileReport(system);
    await api.step(report.receipt, 'visit');
    await api.moved(report.receipt, 'steps', { decision: 'declined', reason: 'solved' });
    return report;
  };
  const admitted = async () => {
    const report = await fileReport(system);
    await tellEnd(system, report.receipt, 'admitted');
    return report;
  };

  describe('public_note is read by the household', () => {
    test('of a transfer, also after a step: until the next one, with the new clock', async () => {
      const report = await fileReport(system);
      await api.step(report.receipt, 'visit');
      await api.moved(report.receipt, 'transfer', { area: otherVillage, public_note: '户口在那边' });
      await reads(report, /已转给济阳街道办，时间从\d+月\d+日.*重新算。.*说：户口在那边/);
      await api.step(report.receipt, 'review');
      await readsNot(report, /户口在那边|重新算/);
    });
    test('of an answer and of the end of a pause: until the next step', async () => {
      for (const [begin, body, end] of [['ask', { public_note: '请带上住院单据' }, 'answer'], ['pause', { days: 5, public_note: '您在外地' }, 'resume']]) {
        const report = await fileReport(system);
        await api.moved(report.receipt, begin, body);
        await reads(report, /请带上住院单据|您在外地/);
        await api.moved(report.receipt, end, { public_note: '收到了，接着办' });
        await reads(report, /曲堤街道说：收到了，接着办/);
        await readsNot(report, /请带上住院单据|您在外地/);
        await api.step(report.receipt, 'visit');
        await readsNot(report, /收到了，接着办/);
      }
    });
    test('a move without a note leaves what another said where it stands', async () => {
      const report = await fileReport(system);
      await api.moved(report.receipt, 'transfer', { area: otherVillage, public_note: '户口在那边' });
      await api.moved(report.receipt, 'pause', { days: 5 });
      await reads(report, /联系不上您，请回电.*重新算。.*说：户口在那边/);
    });
    test('of the green channel', async () => {
      const report = await fileReport(system);
      await api.moved(report.receipt, 'green', { public_note: '今天就有人来' });
      await reads(report, /走绿色通道.*曲堤街道说：今天就有人来/);
    });
    test('of an objection that is opened, upheld, reopened', async () => {
      for (const outcome of ['upheld', 'reopened']) {
        const report = await declined();
        await api.moved(report.receipt, 'object', { public_note: '下周再上门' });
        await reads(report, /您的异议已经记下.*曲堤街道说：下周再上门/);
        await api.moved(report.receipt, 'object', { outcome, public_note: '重新核实' });
        await reads(report, outcome === 'reopened' ? /这次申报重新办。.*曲堤街道说：重新核实/ : /结果不变。.*重新核实/);
        await readsNot(report, /下周再上门/);
      }
    });
    test('of a withdrawal, while the monitoring system does not know of it yet', async () => {
      const report = await fileReport(system);
      await system.upstream.stop();
      await api.moved(report.receipt, 'withdraw', { public_note: '和您电话里说好了' });
      await reads(report, /和您电话里说好了/);
      await system.upstream.start();
    });
    test('of a merger, to the household that filed both; another filer reads that it is closed', async () => {
      const leader = await fileReport(system);
      const same = await fileReport(system, { phone: leader.phone });
      const other = await fileReport(system);
      for (const one of [same, other]) await api.moved(one.receipt, 'merge', { leader: leader.receipt, public_note: '和上一次的合在一起' });
      await reads(same, /合在一起办.*曲堤街道说：和上一次的合在一起/);
      await readsNot(other, /和上一次/);
    });
    test('of 风险消除: its beginning, its steps, what is asked, its end', async () => {
      const report = await admitted();
      await api.moved(report.receipt, 'clear', { public_note: '过几天来看看' });
      await reads(report, /看完以前，帮扶照旧。 曲堤街道说：过几天来看看/);
      await api.step(report.receipt, 'look', 'passed', { public_note: '看过了，都好' });
      await reads(report, /帮扶照旧。 曲堤街道说：看过了，都好/);
      await api.moved(report.receipt, 'ask', { public_note: '请准备收入单据' });
      await reads(report, /帮扶照旧。 曲堤街道说：请准备收入单据/);
      await api.moved(report.receipt, 'answer');
      await readsNot(report, /请准备收入单据/);
      await api.moved(report.receipt, 'steps', { decision: 'kept', reason: 'unstable', public_note: '接着帮扶' });
      await reads(report, /曲堤街道说：接着帮扶/);
      await readsNot(report, /帮扶照旧/);
    });
    test('of a lead that has become a report', async () => {
      const id_number = (await fileReport(system)).id_number;
      const filed = await api.intake({ source: 'department', source_org: 'medical', area: village, name: '试验乙', id_number, risks: ['illness'], found_at: '2026-11-20' });
      assert.equal(filed.status, 201, filed.text);
      const { receipt } = filed.body;
      await api.moved(receipt, 'steps', { step: 'check', outcome: 'passed', decision: 'report', public_note: '已经替您报上' });
      const { location } = await post(`${system.base}/progress`, { receipt, last4: id_number.slice(-4) });
      await reads({ location }, /曲堤街道说：已经替您报上/);
    });
  });

  describe('风险消除', () => {
    test('ends when the monitoring system says that the risk is gone', async () => {
      const report = await admitted();
      await api.moved(report.receipt, 'clear');
      await tell(system, 'report.cleared', { receipt: report.receipt });
      const detail = await api.detail(report.receipt);
      assert.deepEqual([detail.state, detail.step, detail.steps, detail.signal, detail.flags.includes('clearing')], ['cleared', null, [], 'green', false]);
      assert.doesNotMatch(field(system, report.receipt, 'gauges'), /clearing/, 'nor do the figures go on with it');
      await reads(report, /风险已消除/);
      await readsNot(report, /正在看您家的困难/);
    });
    test('a household that has moved: the new township goes on, the admission stays as it is', async () => {
      const report = await admitted();
      const before = JSON.parse(field(system, report.receipt, 'progress'));
      await api.moved(report.receipt, 'clear');
      await api.step(report.receipt, 'look');
      const from = new Api(directDoors(system), addToken(system, { area: town, rights }));
      const to = new Api(directDoors(system), addToken(system, { area: otherTown, rights }));
      assert.ok(names((await from.detail(report.receipt)).choices).includes('transfer'));
      const { fence } = (await from.claim(report.receipt)).body;
      const item = await from.moved(report.receipt, 'transfer', { area: otherVillage, public_note: '搬到那边了', fence });
      assert.deepEqual([item.area.id, item.state, item.step, item.claimed_by], [otherVillage, 'admitted', 'count', null]);
      await reads(report, /已纳入监测帮扶.*济阳街道|济阳街道.*已纳入监测帮扶/);
      await reads(report, /说：搬到那边了/);
      await to.step(report.receipt, 'count');
      const detail = await to.detail(report.receipt);
      assert.deepEqual(detail.transfers.map(({ from: a, to: b }) => [a, b]), [[village, otherVillage]]);
      isProblem(await from.move(report.receipt, 'steps', { step: 'verify', outcome: 'passed' }), 403);
      await to.moved(report.receipt, 'steps', { decision: 'kept', reason: 'unstable' });
      const now = JSON.parse(field(system, report.receipt, 'progress'));
      assert.deepEqual([now.state, now.decided, now.accepted, now.total_due, now.restarted, now.steps], [before.state, before.decided, before.accepted, before.total_due, before.restarted, before.steps]);
      assert.equal((await to.detail(report.receipt)).transfers.length, 1, 'it is still known where it was');
    });
  });

  describe('what the monitoring system says otherwise is on record', () => {
    const minutes = (n) => new Date(Date.now() + n * 60000).toISOString();
    const say = (receipt, more) => told(system, 'report.step', { receipt, step: 'visit', outcome: 'passed', ...more });
    const flagged = async (receipt) => (await api.detail(receipt)).flags.includes('upstream_conflict');

    test('another outcome of a step that is closed, told of later: a conflict', async () => {
      const { receipt } = await fileReport(system);
      await api.step(receipt, 'visit');
      const { version } = await api.detail(receipt);
      assert.equal(await say(receipt, { at: minutes(1) }), 204, 'the same again');
      assert.equal(await say(receipt, { outcome: 'failed', at: minutes(-10) }), 204, 'of before');
      assert.equal(await say(receipt, { outcome: 'skipped', at: minutes(-10) }), 204, 'of before');
      assert.equal((await api.detail(receipt)).version, version, 'neither changes anything');
      for (const outcome of ['failed', 'skipped']) {
        assert.equal(await say(receipt, { outcome, at: minutes(1) }), 422);
        const { events } = (await api.get(`/reports/${receipt}/history`)).body;
        const { event, who, applied, step, outcome: heard, refusal } = events.at(-1);
        assert.deepEqual({ event, who, applied, step, outcome: heard, refusal }, { event: 'step', who: 'upstream', applied: false, step: 'visit', outcome, refusal: 'step_not_open' });
      }
      assert.ok(await flagged(receipt));
      assert.equal((await api.detail(receipt)).steps.some((one) => one.step === 'visit'), false, 'nothing moved back');
    });
    test('a step of a report that is decided', async () => {
      const { receipt } = await declined();
      assert.equal(await say(receipt, { at: minutes(1) }), 204, 'it was passed');
      assert.equal(await say(receipt, { step: 'review', at: minutes(-10) }), 204, 'of before the decision');
      assert.ok(!(await flagged(receipt)));
      assert.equal(await say(receipt, { step: 'review', at: minutes(1) }), 422);
      assert.ok(await flagged(receipt));
      assert.equal((await api.detail(receipt)).state, 'declined');
    });
    test('what comes before the decision it needs: on record once, taken when it is sent again', async () => {
      const { receipt } = await fileReport(system);
      const id = `msg_early_${receipt}`;
      const cleared = () => told(system, 'report.cleared', { receipt }, { id });
      const links = chain(system, receipt).length;
      assert.deepEqual([await cleared(), await cleared(), await cleared()], [422, 422, 422]);
      assert.equal(chain(system, receipt).length, links + 1);
      assert.equal(chain(system, receipt).at(-1).refusal, 'not_ended');
      assert.equal(await told(system, 'report.decided', { receipt, decision: 'admitted' }), 204);
      assert.equal(await cleared(), 204);
      const { state, version } = await api.detail(receipt);
      assert.equal(state, 'cleared');
      assert.equal(await cleared(), 204);
      assert.equal((await api.detail(receipt)).version, version, 'and then nothing twice');
      assert.equal((await api.get(`/reports/${receipt}/history`)).body.verified, true);
    });
    test('words that nobody knows: in the chain and, masked, in the log; the report stays as it is', async () => {
      const { receipt } = await fileReport(system);
      const id_number = '110105194912310021';
      for (const [type, data] of [['report.step', { step: 'dance', outcome: 'passed' }], ['report.step', { step: 'visit', outcome: 'maybe' }], ['report.decided', { decision: 'perhaps' }],
        ['report.decided', { decision: 'declined', reason: '没有理由' }], ['report.step', { step: id_number, outcome: '长'.repeat(5000) }]]) {
        const links = chain(system, receipt).length;
        const id = `msg_unknown_${links}`;
        assert.equal(await told(system, type, { receipt, ...data }, { id }), 422);
        const link = chain(system, receipt).at(-1);
        assert.equal(chain(system, receipt).length, links + 1);
        assert.deepEqual([link.ev, link.by, link.applied, link.refusal], [type.split('.')[1].replace('decided', 'decide'), 'upstream', false, 'unknown']);
        assert.ok(!JSON.stringify(link).includes(id_number) && JSON.stringify(link).length < 1000, 'only words as a procedure has them');
      }
      const detail = await api.detail(receipt);
      assert.deepEqual([detail.state, detail.step, detail.flags.includes('upstream_conflict')], ['new', 'visit', false]);
      assert.equal((await api.get(`/reports/${receipt}/history`)).body.verified, true);
      const log = system.logText();
      assert.match(log, new RegExp(`ev=hook .*receipt=${receipt.slice(0, 4)}\\*{6}${receipt.slice(10)} .*applied=0 why=unknown`));
      assert.equal(await told(system, 'report.eaten', { receipt }), 422);
      assert.match(system.logText(), /ev=hook .*refused at=\/type/);
    });
  });

  test('a decision that this procedure has not: 409 with the moves that it has; a word that is none: 422', async () => {
    const report = await fileReport(system);
    const filed = await api.intake({ source: 'department', source_org: 'medical', area: village, name: '试验乙', phone: '13900001111', risks: ['illness'], found_at: '2026-11-20' });
    const lead = filed.body.receipt;
    await api.step(lead, 'check');
    const cleared = await admitted();
    await api.moved(cleared.receipt, 'clear');
    for (const [receipt, decision, reason] of [[report.receipt, 'no_risk', 'no_risk'], [report.receipt, 'cleared'], [report.receipt, 'report'], [lead, 'declined', 'solved'], [lead, 'admitted'], [cleared.receipt, 'declined', 'solved']]) {
      const body = isProblem(await api.move(receipt, 'steps', { decision, ...(reason && { reason }) }), 409);
      assert.match(body.detail, /^not_here/);
      assert.deepEqual(body.moves, (await api.detail(receipt)).choices, decision);
    }
    isProblem(await api.move(report.receipt, 'steps', { decision: 'rich' }), 422, { pointer: '/decision' });
  });

  test('a refused move lists the moves there are, whichever progress it spoke of', async () => {
    const { receipt } = await admitted();
    await api.moved(receipt, 'clear');
    const { moves } = isProblem(await api.move(receipt, 'withdraw'), 409);
    assert.deepEqual(moves, (await api.detail(receipt)).choices);
  });
});

describe('a claim lasts until its time', () => {
  let system, api;
  before(async () => {
    system = await startSystem({ workers: 1, conf: { 'progress.source': 'both', 'claims.required': 'yes' } });
    api = new Api(directDoors(system), addToken(system, { area: county, rights }));
  });
  after(() => system?.stop());
  const claimed = async (receipt) => (await api.detail(receipt)).claimed_by !== null;

  test('an objection is worked under one claim, whatever the household does meanwhile', async () => {
    const { receipt, location, id_number } = await fileReport(system);
    await tellStep(system, receipt, 'visit');
    await tellEnd(system, receipt, 'declined', { reason: 'solved' });
    const { fence } = (await api.claim(receipt)).body;
    assert.equal((await post(system.base + location, { act: 'object', detail: '请再看看', last4: id_number.slice(-4) })).status, 303);
    assert.ok(await claimed(receipt));
    await api.moved(receipt, 'object', { fence });
    await api.moved(receipt, 'object', { outcome: 'upheld', fence });
    assert.ok(await claimed(receipt));
  });
  test('a move that ends the claim it needs, sent again after a lost answer: it is known, and nothing else is done without a claim', async () => {
    const { receipt } = await fileReport(system);
    const { fence } = (await api.claim(receipt)).body;
    const body = { step: 'visit', outcome: 'passed', decision: 'already', fence };
    const { version } = await api.moved(receipt, 'steps', body);
    assert.ok(!(await claimed(receipt)));
    assert.equal((await api.moved(receipt, 'steps', body)).version, version);
    for (const more of [{ fence: fence + 1 }, { fence: undefined }, { public_note: '还有一句' }, { note: '还有一句' }, { decision: 'out_of_area' }]) {
      isProblem(await api.move(receipt, 'steps', { ...body, ...more }), 409);
    }
    assert.equal((await api.detail(receipt)).version, version);
  });
  test('the decision ends it, and the end of 风险消除', async () => {
    const { receipt } = await fileReport(system);
    await api.claim(receipt);
    await tellEnd(system, receipt, 'admitted');
    assert.ok(!(await claimed(receipt)));
    const { fence } = (await api.claim(receipt)).body;
    await api.moved(receipt, 'clear', { fence });
    await api.step(receipt, 'look', 'passed', { fence });
    assert.ok(await claimed(receipt));
    await api.moved(receipt, 'steps', { decision: 'kept', reason: 'unstable', fence });
    assert.ok(!(await claimed(receipt)));
    await api.claim(receipt);
    await tell(system, 'report.cleared', { receipt });
    assert.ok(!(await claimed(receipt)));
  });
});

describe('what is offered can be done', () => {
  for (const [source, gone] of [['upstream', true], ['none', true], ['console', false]]) {
    test(`[progress] source = ${source}`, async (t) => {
      const system = await startSystem({ workers: 1, upstream: false, conf: { 'progress.source': source } });
      t.after(() => system.stop());
      const api = new Api(directDoors(system), addToken(system, { area: county, rights }));
      const { receipt } = await fileReport(system);
      const { choices } = await api.detail(receipt);
      for (const move of ['step', 'decide', 'merge', 'green']) assert.equal(names(choices).includes(move), !gone, move);
      for (const move of ['transfer', 'ask', 'pause', 'withdraw']) assert.ok(names(choices).includes(move), move);
      if (gone) assert.deepEqual(isProblem(await api.move(receipt, 'steps', { step: 'visit', outcome: 'passed' }), 409).moves, choices);
      // no other system knows of a lead before it is a report: the township works on it
      const found = await api.intake({ source: 'department', source_org: 'medical', area: village, name: '试验乙', phone: '13900001111', risks: ['illness'], found_at: '2026-11-20' });
      assert.equal(found.status, 201, found.text);
      const lead = found.body.receipt;
      assert.ok((await api.detail(lead)).choices.some((one) => one.move === 'step' && one.step === 'check'));
      const body = { step: 'check', outcome: 'passed', decision: 'report' };
      const made = await api.moved(lead, 'steps', body);
      assert.deepEqual([made.state, (await api.moved(lead, 'steps', body)).version], ['new', made.version]);
    });
  }
});

test('a transfer to an id of before the merger of its village: it is done once, and one that is there already is not moved', async (t) => {
  const areas = path.join(fs.mkdtempSync('/tmp/mashang-areas-'), 'areas.csv');
  const rows = ['id,parent,level,name', 'c,,county,试验县', 'ta,c,town,东镇', 'v,ta,village,上村', 'tb,c,town,西镇', 'w,tb,village,下村', ''];
  fs.writeFileSync(areas, [...rows, 'old,tb,village,旧村', ''].filter(Boolean).join('\n'));
  const system = await startSystem({ workers: 1, areas, conf: { 'progress.source': 'both' } });
  t.after(() => { fs.rmSync(path.dirname(areas), { recursive: true }); return system.stop(); });
  const api = new Api(directDoors(system), addToken(system, { area: 'c', rights }));
  const [there, moved] = [await fileReport(system, {}, { code: system.code('old') }), await fileReport(system, {}, { code: system.code('v') })];
  fs.writeFileSync(areas, [...rows.slice(0, -1), 'alias,old,w', ''].join('\n'));
  await system.reload();
  const { version } = await until('connections of before to be gone', () => api.detail(there.receipt));
  for (const area of ['w', 'old']) assert.equal((await api.moved(there.receipt, 'transfer', { area })).version, version, area);
  const once = await api.moved(moved.receipt, 'transfer', { area: 'old' });
  assert.equal(once.area.id, 'w');
  for (const area of ['old', 'w']) assert.equal((await api.moved(moved.receipt, 'transfer', { area })).version, once.version, area);
  const ofTa = new Api(directDoors(system), addToken(system, { area: 'ta', rights }));
  assert.equal((await ofTa.moved(moved.receipt, 'transfer', { area: 'old' })).version, once.version, 'who has sent it on may ask again');
});

describe('two counties whose reports lie in one bucket', () => {
  const [otherCounty, there] = ['370134', '370134001001'];
  let system, api;
  before(async () => {
    const areas = path.join(fs.mkdtempSync('/tmp/mashang-areas-'), 'areas.csv');
    fs.writeFileSync(areas, `${fs.readFileSync(path.join(root, 'deploy/areas/370115.csv'), 'utf8').trimEnd()}\n370134,试验县\n370134001,试验镇\n${there},试验村民委员会\n`);
    system = await startSystem({ workers: 1, upstream: false, areas, conf: { 'progress.source': 'console' } });
    api = new Api(directDoors(system), addToken(system, { area: [county, otherCounty], rights }));
  });
  after(() => {
    fs.rmSync(path.dirname(system.settings['areas.file']), { recursive: true });
    return system.stop();
  });

  test('neither a transfer nor a merger crosses the border', async () => {
    const [here, far] = [await fileReport(system), await fileReport(system, {}, { code: system.code(there) })];
    assert.equal(here.receipt.slice(0, 2), far.receipt.slice(0, 2));
    isProblem(await api.move(here.receipt, 'transfer', { area: there }), 422, { pointer: '/area' });
    isProblem(await api.move(far.receipt, 'transfer', { area: village }), 422, { pointer: '/area' });
    isProblem(await api.move(here.receipt, 'merge', { leader: far.receipt }), 422, { pointer: '/leader' });
    assert.equal(redis(system, 'HGET', recordKey(here.receipt), 'state'), 'new');
    await api.moved(here.receipt, 'transfer', { area: otherVillage });
  });
});

test('a county that went into another: its older reports move within the new one', async (t) => {
  const areas = path.join(fs.mkdtempSync('/tmp/mashang-areas-'), 'areas.csv');
  const rows = fs.readFileSync(path.join(root, 'deploy/areas/370115.csv'), 'utf8').trimEnd();
  fs.writeFileSync(areas, `${rows}\n370136,试验县\n370136001,试验镇\n370136001001,试验村民委员会\n`);
  const system = await startSystem({ workers: 1, upstream: false, areas, conf: { 'progress.source': 'console' } });
  t.after(async () => {
    await system.stop();
    fs.rmSync(path.dirname(areas), { recursive: true });
  });
  const { receipt } = await fileReport(system, {}, { code: system.code('370136001001') });
  const other = await fileReport(system);
  assert.notEqual(receipt.slice(0, 2), other.receipt.slice(0, 2));
  await system.stopGateway();
  fs.writeFileSync(areas, `${rows}\nalias,370136,${county}\nalias,370136001,${town}\nalias,370136001001,${village}\n`);
  await system.startGateway();
  const api = new Api(directDoors(system), addToken(system, { area: county, rights }));
  await api.moved(receipt, 'transfer', { area: otherVillage });
  const there = new Api(directDoors(system), addToken(system, { area: otherTown, rights }));
  assert.ok((await there.follow()).reports.some((one) => one.receipt === receipt), 'it is in the new place\'s feed');
  isProblem(await api.move(receipt, 'merge', { leader: other.receipt }), 422, { pointer: '/leader' });
});
