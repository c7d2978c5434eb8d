// A new areas file, with everything already there: reports follow their village into its new town, by themselves, once.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { addToken, Api, directDoors, fileReport, isProblem } from '../lib/api.mjs';
import { inventedPhone } from '../lib/farmer.mjs';
import { chain, field, redis } from '../lib/store.mjs';
import { build, startSystem, until } from '../lib/system.mjs';

const all = ['read', 'pii', 'lookup', 'claim', 'step', 'intake', 'stats'];
const rows = (parent, more = []) => ['id,parent,level,name', 'c,,county,试验县', 'ta,c,town,东镇', 'tb,c,town,西镇', `v,${parent},village,上村`,
  'v-stays,ta,village,中村', 'v-other,tb,village,下村', ...more, ''].join('\n');

describe('a village goes to another town', () => {
  let folder, system, county, ofA, ofB, ofV, ended, moved, decided, stays;
  const write = (text) => fs.writeFileSync(path.join(folder, 'areas.csv'), text);
  const reload = async () => {
    const said = () => system.logText().match(/ev=reload\b/g)?.length ?? 0;
    const earlier = said();
    system.gateway.kill('SIGHUP');
    await until('the new areas', () => said() > earlier);
  };
  const version = (receipt) => Number(field(system, receipt, 'v'));
  const receipts = (page) => page.reports.map((one) => one.receipt);
  const figures = async (by = 'town') => {
    const answer = await county.get('/stats', { by });
    assert.equal(answer.status, 200, answer.text);
    return Object.fromEntries(answer.body.rows.map((row) => [row.key, row.figures]));
  };
  const phone = inventedPhone();

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-areas-'));
    write(rows('ta'));
    system = await startSystem({ upstream: false, workers: 1, areas: path.join(folder, 'areas.csv') });
    const api = (area) => new Api(directDoors(system), addToken(system, { area, rights: all }));
    [county, ofA, ofB, ofV] = ['c', 'ta', 'tb', 'v'].map(api);
    stays = (await fileReport(system, {}, { code: system.code('v-stays') })).receipt;
    moved = (await fileReport(system, { phone }, { code: system.code('v') })).receipt;
    decided = (await fileReport(system, {}, { code: system.code('v') })).receipt;
    await ofA.step(decided, 'visit');
    await ofA.moved(decided, 'steps', { decision: 'declined', reason: 'solved' });
    await fileReport(system, {}, { code: system.code('v-other') }); // so that the reader of B stands behind all of them
    ended = {};
    for (const [name, who] of Object.entries({ county, ofA, ofB, ofV })) ended[name] = (await who.follow()).next;
    const { ta, tb } = await figures();
    assert.deepEqual([ta.reports, ta['now.open'], tb.reports, tb['now.open']], [3, 2, 1, 1]);
    write(rows('tb'));
    await reload();
  });
  after(async () => { await system?.stop(); fs.rmSync(folder, { recursive: true, force: true }); });

  test('who follows the new town is shown each of its reports, without anybody touching them', async () => {
    const got = {};
    await until('the reports of the village', async () => {
      for (const one of (await ofB.follow({}, ended.ofB)).reports) got[one.receipt] = one;
      return got[moved] && got[decided];
    }, { ms: 15000 });
    assert.deepEqual(Object.keys(got).sort(), [moved, decided].sort());
    assert.deepEqual([got[moved].version, got[moved].area, got[moved].state], [2, { id: 'v', path: ['试验县', '西镇', '上村'] }, 'new']);
    assert.deepEqual([got[decided].version, got[decided].state], [4, 'declined']);
    assert.ok(!receipts(await ofB.follow()).includes(stays));
  });

  test('who follows the old town, the county or the village sees it once more, and the old town may only look on', async () => {
    for (const name of ['county', 'ofA', 'ofV']) {
      const page = await { county, ofA, ofV }[name].follow({}, ended[name]);
      assert.deepEqual(receipts(page).sort(), [moved, decided].sort(), name);
      assert.ok(page.reports.every((one) => one.area.path.includes('西镇')), name);
    }
    assert.equal((await ofA.detail(moved)).person, undefined);
    isProblem(await ofA.move(moved, 'steps', { step: 'visit', outcome: 'passed' }), 403);
    assert.ok((await ofB.detail(moved)).person.name);
    assert.equal(version(stays), 1);
  });

  test('the search of the new town finds it', async () => {
    const found = async (query) => (await ofB.post('/search', query)).body.reports.map((one) => one.receipt);
    assert.deepEqual(await found({ phone }), [moved]);
    assert.ok((await found({ name: '试验甲', area: 'tb' })).includes(moved));
    assert.ok((await found({ name: '试验甲', area: 'v' })).includes(decided));
  });

  test('figures: what is open is counted in the new town, what happened stays where it happened', async () => {
    const { ta, tb } = await figures();
    assert.deepEqual([ta.reports, ta['done.visit'], ta['end.declined'], ta['now.open']], [3, 1, 1, 1]);
    assert.deepEqual([tb.reports, tb['done.visit'] ?? 0, tb['end.declined'] ?? 0, tb['now.open']], [1, 0, 0, 2]);
    assert.equal((await figures('village')).v['now.open'], 1);
    execFileSync(path.join(build, 'mashang'), ['stats', 'audit', '-c', system.conf]); // exits 1 when the chains say otherwise
  });

  test('reopened there: its end is taken back where it was counted', async () => {
    const { receipt } = await fileReport(system, {}, { code: system.code('v') });
    await ofB.moved(receipt, 'steps', { step: 'visit', outcome: 'passed', decision: 'declined', reason: 'solved' });
    await ofB.moved(receipt, 'object', {});
    await ofB.moved(receipt, 'object', { outcome: 'reopened' });
    const earlier = await figures();
    await ofB.moved(decided, 'object', {});
    await ofB.moved(decided, 'object', { outcome: 'reopened' });
    const { ta, tb } = await figures();
    const ends = (row) => ['end.declined', 'reason.solved', 'in_time', 'reopened', 'now.open'].map((name) => row[name] ?? 0);
    assert.deepEqual([ends(earlier.ta), ends(earlier.tb)], [[1, 1, 1, 0, 1], [0, 0, 0, 1, 3]]);
    assert.deepEqual([ends(ta), ends(tb)], [[0, 0, 0, 0, 1], [0, 0, 0, 2, 4]]);
    assert.equal(ta['days.total.median'], undefined);
    await ofB.moved(decided, 'steps', { decision: 'declined', reason: 'solved' });
    const after = await figures();
    assert.deepEqual([ends(after.ta), ends(after.tb)], [[0, 0, 0, 0, 1], [1, 1, 1, 2, 3]]);
    await ofB.moved(receipt, 'withdraw');
    execFileSync(path.join(build, 'mashang'), ['stats', 'audit', '-c', system.conf]);
  });

  test('its history says so: nobody did it, and nothing is kept longer for it', async () => {
    const { events, verified } = (await ofB.get(`/reports/${moved}/history`)).body;
    assert.equal(verified, true);
    const { event, who, by, version: now, path: ids } = events.filter((one) => one.event !== 'read').at(-1);
    assert.deepEqual([event, who, by, now, ids], ['placed', 'areas', null, 2, 'c tb v']);
    assert.equal(field(system, decided, 'acted'), String(chain(system, decided).findLast((link) => link.ev === 'step' || link.ev === 'decide').at));
  });

  test('once: a reload or a start with the same areas touches nothing, and does not read them all again', async () => {
    const versions = [moved, decided, stays].map(version);
    const noted = () => redis(system, 'HGET', `ms:{${moved.slice(0, 2)}}:n`, 'places');
    await until('the walk to be noted', () => Number(noted().split(' ')[1]) > 0);
    const [shape, at] = noted().split(' ');
    await reload();
    await system.stopGateway();
    await system.startGateway();
    const late = (await fileReport(system, {}, { code: system.code('v') })).receipt;
    await until('the walk to go on', () => Number(noted().split(' ')[1]) > Number(at), { ms: 45000, every: 500 });
    assert.equal(noted().split(' ')[0], shape);
    assert.deepEqual([moved, decided, stays].map(version), versions);
    assert.equal(version(late), 1);
  });

  test('a village that went into one of another town: its reports come to whoever follows that one', async () => {
    const { next } = await ofB.follow();
    write(rows('tb').replace('v-stays,ta,village,中村\n', 'v-stays,ta,village,中村\nalias,v-stays,v-other\n'));
    await reload();
    await until('the report of the old village', async () => receipts(await ofB.follow({}, next)).includes(stays), { ms: 15000 });
    assert.equal(field(system, stays, 'area'), 'v-stays', 'history keeps the old name');
    assert.equal(version(stays), 2);
    await ofB.step(stays, 'visit');
    const village = await figures('village');
    assert.deepEqual([village['v-other'].reports, village['v-other']['now.open'], village['v-other']['done.visit'], village['v-stays']], [2, 2, 1, undefined]);
    const own = await new Api(directDoors(system), addToken(system, { area: 'v-other', rights: all })).get('/stats');
    assert.deepEqual([own.body.total.reports, own.body.total['now.open']], [2, 2]);
  });

  test('it goes back: the earlier town is told, and works on it again', async () => {
    const { next } = await ofA.follow();
    write(rows('ta'));
    await reload();
    const one = await until('the report that came back', async () => (await ofA.follow({}, next)).reports.find((each) => each.receipt === moved), { ms: 15000 });
    assert.deepEqual([one.version, one.area.path], [3, ['试验县', '东镇', '上村']]);
    assert.ok((await ofA.detail(moved)).person.name);
    await ofA.step(moved, 'visit');
    isProblem(await ofB.move(moved, 'steps', { step: 'check', outcome: 'passed' }), 403);
    const { ta, tb } = await figures();
    assert.deepEqual([ta.reports, ta['now.open'], tb.reports, tb['now.open']], [3, 3, 3, 1]);
  });
});
