// `mashang token`: who may use the API, in which areas. The private Redis of a running gateway keeps the tokens.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { build, startSystem } from '../lib/system.mjs';

const RIGHTS = 'read,pii,lookup,claim,step,intake,own,stats,admin';
let system;
const run = (...args) => spawnSync(path.join(build, 'mashang'), ['token', ...args, '-c', system.conf], { encoding: 'utf8' });
const json = (...args) => {
  const said = run(...args, '--json');
  assert.equal(said.status, 0, said.stderr);
  return JSON.parse(said.stdout);
};
const flags = (more = {}) => Object.entries({ area: '370115008', rights: 'read,pii', name: '曲堤街道', ...more })
  .filter(([, value]) => value !== null).flatMap(([name, value]) => [`--${name}`, value]);
const row = (id) => json('list').find((one) => one.id === id);

describe('mashang token', () => {
  before(async () => { system = await startSystem({ upstream: false, workers: 1 }); });
  after(async () => { await system.stop(); });

  test('a token is shown once and listed without it', () => {
    const added = json('add', ...flags({ area: '370115008218,370115004', rights: 'pii,read', org: 'civil', days: '30' }));
    assert.deepEqual(Object.keys(added).toSorted(), ['id', 'token']);
    assert.match(added.token, /^ms_[A-Za-z0-9_-]{43}$/);
    assert.match(added.id, /^[0-9a-z]{8}$/);
    const { made, until, ...rest } = row(added.id);
    assert.deepEqual(rest, { id: added.id, name: '曲堤街道', state: 'valid', areas: ['370115008218', '370115004'], rights: ['read', 'pii'], org: 'civil' });
    assert.ok(Math.abs(Date.parse(made) - Date.now()) < 60000, made);
    assert.equal(Date.parse(until) - Date.parse(made), 30 * 86400000);
    assert.match(made, /\+08:00$/);
    assert.ok(!run('list').stdout.includes(added.token.slice(3)));
    // nor does it lie in the store's files, but its hash does
    const folder = path.join(system.dir, 'data/redis/appendonlydir');
    const kept = fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name), 'latin1')).join('');
    assert.ok(kept.includes(createHash('sha256').update(added.token).digest('hex')));
    assert.ok(!kept.includes(added.token.slice(3)));
  });

  test('for people: token and id on stdout, the advice on stderr', () => {
    const said = run('add', ...flags({ name: '值班室' }));
    assert.equal(said.status, 0, said.stderr);
    assert.match(said.stdout, /^token {2}ms_[A-Za-z0-9_-]{43}\nid {5}[0-9a-z]{8}\n$/);
    assert.match(said.stderr, /not shown again/);
    const id = said.stdout.match(/id {5}(\w+)/)[1];
    const line = run('list').stdout.split('\n').find((one) => one.startsWith(id));
    assert.match(line, /^\w{8} {2}valid {5}20\d\d-\d\d-\d\d {2}- {11}370115008 {2}read,pii {2}- {2}值班室$/);
  });

  test('areas are a set of the tree: what lies below another is not kept twice', () => {
    const { id } = json('add', ...flags({ area: '370115008218, 370115008,370115004' }));
    assert.deepEqual(row(id).areas, ['370115008', '370115004']);
  });

  test("an organisation's own reports may lie anywhere: no area is needed", () => {
    const { id } = json('add', ...flags({ area: null, rights: 'intake,own', org: 'civil' }));
    assert.deepEqual(row(id).areas, ['37']);
    const narrow = json('add', ...flags({ rights: 'intake,own', org: 'civil' }));
    assert.deepEqual(row(narrow.id).areas, ['370115008']);
  });

  test('rotate: same id, new secret; disable: for ever', () => {
    const first = json('add', ...flags());
    const second = json('rotate', first.id);
    assert.equal(second.id, first.id);
    assert.notEqual(second.token, first.token);
    assert.equal(json('list').filter((one) => one.id === first.id).length, 1);
    assert.deepEqual(json('disable', first.id), { id: first.id, state: 'disabled' });
    assert.equal(row(first.id).state, 'disabled');
    for (const action of ['disable', 'rotate']) {
      const again = run(action, first.id);
      assert.equal(again.status, 1);
      assert.match(again.stderr, new RegExp(`token ${action}: ${first.id}: is disabled, nothing was done`));
    }
    const gone = run('rotate', 'nobody00');
    assert.equal(gone.status, 1);
    assert.match(gone.stderr, /nobody00: no such token/);
    assert.equal(gone.stdout, '');
  });

  test('more than one page of them', () => {
    const ids = Array.from({ length: 17 }, (_, i) => json('add', ...flags({ name: `第${i}个` })).id);
    const listed = json('list');
    assert.deepEqual(listed.slice(-17).map((one) => one.id), ids);
    assert.equal(new Set(listed.map((one) => one.id)).size, listed.length);
  });

  test('wrong usage says what is allowed, and makes nothing', () => {
    const before = json('list').length;
    const cases = [
      [flags({ area: null }), /--area: is needed, except with own, intake and pii/],
      ...['read', 'stats', 'lookup'].map((more) => [flags({ area: null, rights: `own,${more}`, org: 'civil' }), /--area: is needed/]),
      [flags({ rights: null }), /--rights: is needed/],
      [flags({ name: null }), /--name: is needed/],
      [flags({ area: '370115008,371' }), /--area: 371: no such area, allowed: ids of the areas file \(.*370115\.csv\), as 370115 济阳区/],
      [flags({ area: '370115008,' }), /--area: an area's id is missing/],
      [flags({ rights: 'read,write' }), new RegExp(`--rights: write: no right, allowed: ${RIGHTS}`)],
      [flags({ rights: '' }), new RegExp(`--rights: a right is missing, allowed: ${RIGHTS}`)],
      [flags({ rights: 'read,read' }), /read: stands there twice/],
      [flags({ rights: 'intake,own' }), /--rights own: --org is needed/],
      [flags({ org: 'civl' }), /--org: no id of an organisation in templates\/intake\.json/],
      [flags({ org: 'Min Zheng' }), /--org: allowed: up to 32 of a-z, 0-9 and -/],
      [flags({ name: '' }), /--name: allowed: 1 to 60 characters/],
      [flags({ name: ' \t ' }), /--name: allowed/],
      [flags({ name: 'a\u001b[31mb' }), /--name: allowed/],
      [flags({ name: 'a\u202eb' }), /--name: allowed/],
      [flags({ name: '长'.repeat(61) }), /--name: allowed/],
      [flags({ days: '0' }), /--days: allowed: 1 to 3660/],
      [flags({ days: 'soon' }), /--days: allowed/],
      [flags({ colour: 'red' }), /--colour: unknown flag/],
      [[...flags(), 'more'], /flags only is expected/],
    ];
    for (const [args, said] of cases) {
      const answer = run('add', ...args);
      assert.equal(answer.status, 2, `${args.join(' ')}: ${answer.stderr}`);
      assert.match(answer.stderr, said);
      assert.match(answer.stderr, /^mashang: /);
      assert.equal(answer.stdout, '');
    }
    for (const args of [[], ['remove'], ['disable'], ['rotate', 'a', 'b'], ['list', 'all']]) assert.equal(run(...args).status, 2, args.join(' '));
    assert.equal(json('list').length, before);
    assert.equal(run('add', ...flags({ name: '长'.repeat(60) })).status, 0);
  });

  test('help begins with examples', () => {
    const said = run('--help');
    assert.equal(said.status, 0);
    assert.match(said.stdout, /^ {2}mashang token add --area /);
    for (const right of RIGHTS.split(',')) assert.match(said.stdout, new RegExp(`^ {2}${right} `, 'm'));
  });

  test('tokens outlive the gateway; without it the command says why', async () => {
    const { id } = json('add', ...flags());
    await system.stopGateway();
    const away = run('list');
    assert.equal(away.status, 1);
    assert.match(away.stderr, /the gateway is not running/);
    assert.equal(away.stdout, '');
    await system.startGateway();
    assert.equal(row(id).state, 'valid');
  });
});
