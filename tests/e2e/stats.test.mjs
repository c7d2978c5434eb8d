// GET /stats and `mashang stats`: what was counted where it happened is what the audit chains say, also after kills.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { addToken, Api, county, directDoors, fileReport, isProblem, otherTown, prismDoors, town } from '../lib/api.mjs';
import { redis } from '../lib/store.mjs';
import { build, children, startSystem, until, village } from '../lib/system.mjs';

const today = () => new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);

for (const [how, open] of [['directly', directDoors], ['through prism', prismDoors]]) describe(`statistics ${how}`, () => {
  let system;
  let doors;
  let api;
  const command = (...args) => spawnSync(path.join(build, 'mashang'), ['stats', ...args, '-c', system.conf], { encoding: 'utf8' });
  const stats = async (query = {}) => {
    const answer = await api.get('/stats', query);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  };
  before(async () => {
    system = await startSystem();
    doors = await open(system);
    api = new Api(doors, addToken(system, { area: county, rights: 'read,stats,claim,step,intake' }));
  });
  after(async () => {
    await doors?.stop?.();
    await system.stop();
  });

  test('what is filed and worked is counted at once, in every area above it', async () => {
    const { receipt } = await fileReport(system, { risk: ['illness', 'accident'] });
    await fileReport(system, { risk: ['illness'] });
    await api.intake({ source: 'department', source_org: 'medical', area: village, name: '试验乙', phone: '13800138000', risks: ['accident'], found_at: today() });
    await api.step(receipt, 'visit');
    await api.moved(receipt, 'steps', { decision: 'declined', reason: 'solved' });
    const { total, previous, year_to_date: year, best_effort: effort, behind } = await stats({ from: today() });
    assert.deepEqual([total.reports, total['done.visit'], total['in_time.visit'], total['end.declined'], total['reason.solved'], total.in_time, total['now.open'], total['lead.reports']], [2, 1, 1, 1, 1, 1, 1, 1]);
    assert.deepEqual([total['days.visit.median'], total['days.visit.p90'], total['days.visit.0']], [0, 0, undefined]);
    assert.deepEqual([previous.reports, year.reports, behind, effort], [0, 2, 0, ['opens', 'forms']]);
    for (const [by, key, reports] of [['town', town, 2], ['town', otherTown, 0], ['village', village, 2], ['source', 'self', 2], ['risk', 'illness', 2], ['risk', 'accident', 1], ['month', today().slice(0, 7), 2]]) {
      const row = (await stats({ from: today(), by })).rows.find((one) => one.key === key);
      assert.equal(row.figures.reports, reports, `${by} ${key}`);
    }
    assert.equal((await stats({ area: otherTown })).total.reports, 0);
  });

  test('a table for Excel: BOM, words, names', async () => {
    const { status, text, bytes, type } = await api.get('/stats', { by: 'village', area: town }, { headers: { accept: 'text/csv' }, direct: true });
    assert.equal(status, 200);
    assert.match(type, /^text\/csv/);
    assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
    const lines = text.replace('\ufeff', '').split('\r\n');
    assert.match(lines[0], /^"编号","名称","乡镇、街道","打开次数","打开次数（上期）","打开次数（本年累计）"/);
    assert.match(lines.find((line) => line.includes(village)), /^"370115008218","葛家村","曲堤街道",/);
    assert.match(lines.at(-2), /^"","合计",/);
  });

  test('without an area: the token\'s own, or the sum of its several', async () => {
    const scoped = (...area) => api.as(addToken(system, { area, rights: 'stats,intake' }));
    for (const area of [county, town, village, '37']) { // 37 山东省: whoever has it asks for all of it
      const { body } = await scoped(area).get('/stats', { from: today() });
      assert.deepEqual([body.area.id, body.total.reports], [area, 2], area);
      const named = await scoped(area).get('/stats', { from: today(), area });
      assert.deepEqual(named.body, body);
    }
    assert.equal((await scoped(county).get('/pushes')).body.area.id, county);
    assert.deepEqual((await scoped(county).get('/stats')).body.area.path.at(-1), '济阳区');
    const two = (await scoped(village, otherTown).get('/stats', { from: today() })).body;
    assert.deepEqual([two.area, two.total.reports], [null, 2]);
  });

  test('what cannot be asked', async () => {
    isProblem(await api.get('/stats', { area: '999999' }), 404);
    isProblem(await api.as(addToken(system, { area: county, rights: 'read' })).get('/stats'), 403);
    isProblem(await api.as(addToken(system, { area: otherTown, rights: 'stats' })).get('/stats', { area: village }), 404);
    for (const query of [{ from: '2026-02-30' }, { by: 'hour' }, { by: '' }, { from: '2026-11-02', to: '2026-11-01' }, { from: '2001-01-01' }, { since: 'x' }, 'by=town&by=risk']) {
      isProblem(await api.get('/stats', query, { wrong: true }), 422);
    }
  });

  test('page opens and forms come within some seconds', async () => {
    await until('the opens', async () => (await stats({ from: today(), by: 'placement' })).rows.some((row) => row.figures.opens >= 2), { ms: 20000 });
  });

  test('the audit finds nothing; a rebuild changes nothing', async () => {
    const before = await stats({ by: 'village' });
    const audit = command('audit');
    assert.equal(audit.status, 0, audit.stdout + audit.stderr);
    const rebuilt = command('rebuild', '--json');
    assert.equal(rebuilt.status, 0, rebuilt.stderr);
    assert.deepEqual(JSON.parse(rebuilt.stdout), { differ: 0, rebuilt: true, differences: [] });
    const { rows, total } = await stats({ by: 'village' });
    assert.deepEqual(rows, before.rows);
    assert.deepEqual(total, before.total);
    assert.equal(command('forget').status, 2);
  });

  test('a figure that is not what the chains say is found and put right', async () => {
    const bucket = (await fileReport(system)).receipt.slice(0, 2);
    await stats();
    const generation = redis(system, 'HGET', `ms:{${bucket}}:n`, 'sgen') || '1';
    assert.match(redis(system, 'HINCRBY', `ms:{${bucket}}:s${generation}:${village}:${today().replaceAll('-', '')}`, 'reports', '40'), /^4\d$/);
    const audit = command('audit');
    assert.equal(audit.status, 1, audit.stdout + audit.stderr);
    assert.match(audit.stdout, new RegExp(`${village} \\d{8} reports: is 4\\d, the chains say \\d`));
    assert.equal(command('rebuild').status, 0);
    assert.equal(command('audit').status, 0);
  });

  if (how === 'directly') test('after kills of Redis and of workers the figures are those of the records', async () => {
    for (let round = 0; round < 3; round++) {
      const filings = Array.from({ length: 12 }, () => fileReport(system).catch(() => null));
      await Promise.race(filings);
      process.kill(round === 1 ? children(system.gateway.pid).find((one) => !one.name.startsWith('redis')).pid : system.redisPid(), 'SIGKILL');
      await Promise.all(filings);
      await until('filing goes on', () => fileReport(system), { ms: 20000 });
    }
    const counted = JSON.parse(spawnSync(path.join(build, 'mashang'), ['queue', 'audit', '--json', '-c', system.conf], { encoding: 'utf8' }).stdout);
    assert.ok(counted.holds);
    assert.equal((await stats()).total.reports, counted.sum.accepted);
    const audit = command('audit');
    assert.equal(audit.status, 0, audit.stdout + audit.stderr);
  });
});

// The records of a CSV file, RFC 4180.
function recordsOf(text) {
  const records = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    records.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\r\n') records.push([]);
  }
  return records.slice(0, -1);
}

describe('a table of areas whose names a program could take for something else', () => {
  const names = ['=HYPERLINK("http://192.0.2.1","点")', '+1', '-1', '@SUM(A1)', '＝1+1', '＋1', '－1', '＠SUM(A1)', '甲,乙', '甲"乙', "'甲", '甲-乙=丙'];
  const guarded = names.map((name) => (/^[-=+@＝＋－＠]/.test(name) ? `'${name}` : name));
  const quoted = (name) => `"${name.replaceAll('"', '""')}"`;
  let dir;
  let system;
  before(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-areas-'));
    const areas = path.join(dir, 'areas.csv');
    const towns = names.map((name, i) => `t${i},c,town,${quoted(name)}`);
    const villages = names.map((name, i) => `-${i},t${i},village,${quoted(name)}`);
    fs.writeFileSync(areas, ['id,parent,level,name', 'c,,county,甲县', ...towns, ...villages, ''].join('\n'));
    system = await startSystem({ areas });
  });
  after(async () => {
    await system?.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  });

  test('no cell is a formula, none breaks out of its place', async () => {
    const api = new Api(directDoors(system), addToken(system, { area: 'c', rights: 'stats' }));
    const { text } = await api.get('/stats', { by: 'village' }, { headers: { accept: 'text/csv' } });
    const [head, ...rows] = recordsOf(text.replace('\ufeff', ''));
    assert.deepEqual(rows.map((row) => row.length), rows.map(() => head.length));
    assert.deepEqual(rows.slice(0, -1).map((row) => row.slice(0, 3)), guarded.map((name, i) => [`'-${i}`, name, name]));
    assert.deepEqual(rows.at(-1).slice(0, 3), ['', '合计', '']);
    assert.ok(rows.flatMap((row) => row.slice(3)).every((cell) => /^(\d+(\.5)?)?$/.test(cell)));
    assert.deepEqual((await api.get('/stats', { by: 'village' })).body.rows.map((row) => row.name), names, 'JSON has the names as they are');
  });
});
