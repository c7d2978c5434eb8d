// mashang intake import: a table as an office has it, into the queue of a running gateway.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { addToken, Api, county, directDoors } from '../lib/api.mjs';
import { inventedId } from '../lib/farmer.mjs';
import { lawHolds } from '../lib/line.mjs';
import { build, startSystem } from '../lib/system.mjs';

let system;
let serial = 0;
before(async () => { system = await startSystem({ upstream: false }); });
after(async () => { await system.stop(); });

const head = '姓名,身份证号,电话,乡镇,村,困难类型,情况说明,发现日期,编号';
const row = (more = {}) => {
  const cells = { name: '试验甲', id: inventedId(), phone: '', town: '曲堤街道', village: '葛家村', risks: '看病花钱多', detail: '', found: '2026/11/20', ref: `YB-${++serial}`, ...more };
  return Object.values(cells).join(',');
};
function write(rows, { name = `t${++serial}.csv`, first = head, bytes = (text) => text } = {}) {
  const file = path.join(system.dir, name);
  fs.writeFileSync(file, bytes([first, ...rows].join('\r\n') + '\r\n'));
  return file;
}
function run(file, ...more) {
  const args = ['intake', 'import', file, ...more, '-c', system.conf];
  const { status, stdout, stderr } = spawnSync(path.join(build, 'mashang'), args, { encoding: 'utf8' });
  return { status, stdout, stderr, said: more.includes('--json') && stdout ? JSON.parse(stdout) : undefined };
}
const errorsOf = (file) => fs.readFileSync(`${file}.errors.csv`, 'utf8');
const medical = ['--source', 'department', '--org', '医保', '--json'];

test('good rows become leads; the same file again stores nothing', async () => {
  const file = write(Array.from({ length: 40 }, () => row()));
  const dry = run(file, ...medical, '--dry-run');
  assert.deepEqual({ ...dry.said }, { dry_run: true, rows: 40, good: 40, bad: 0, filed: 0, leads: 0, again: 0, errors: null });
  const first = run(file, ...medical);
  assert.equal(first.status, 0, first.stderr);
  assert.deepEqual(first.said, { dry_run: false, rows: 40, good: 40, bad: 0, filed: 40, leads: 40, again: 0, errors: null });
  const again = run(file, ...medical);
  assert.equal(again.status, 0, again.stderr);
  assert.deepEqual([again.said.filed, again.said.again], [0, 40]);
  assert.equal(first.stderr, '', 'no bar without a terminal');
  fs.appendFileSync(file, `${row()}\r\n`);
  assert.deepEqual([run(file, ...medical).said.filed], [1]);
  await lawHolds(system);
});

test('bad rows are listed, the others are filed; a mended file leaves no list', () => {
  const good = [row(), row()];
  const mended = row({ name: '试验乙' });
  const file = write([good[0], row({ id: '110105194912310021', found: '2099/1/1' }), row({ id: '' }), good[1], row({ village: '没有村', risks: '看病花钱多、运气' })]);
  const answer = run(file, ...medical);
  assert.equal(answer.status, 1);
  assert.deepEqual([answer.said.filed, answer.said.bad, answer.said.errors], [2, 3, `${file}.errors.csv`]);
  assert.equal(fs.statSync(`${file}.errors.csv`).mode & 0o777, 0o600);
  assert.equal(errorsOf(file), `\ufeff${[
    '行,列,问题',
    '3,身份证号、发现日期,"身份证号：最后一位对不上，可能有一位写错了；发现日期：比今天还晚"',
    '4,身份证号,"身份证号：身份证号和电话至少要有一个"',
    '6,村、困难类型,"村：查不到这个村，请看看乡镇和村名；困难类型：没有这一种困难类型"',
  ].join('\r\n')}\r\n`);
  assert.ok(!errorsOf(file).includes('试验'), 'nobody is named');
  fs.writeFileSync(file, [head, ...good, mended].join('\n'));
  assert.deepEqual(run(file, ...medical).said, { dry_run: false, rows: 3, good: 3, bad: 0, filed: 1, leads: 1, again: 2, errors: null });
  assert.ok(!fs.existsSync(`${file}.errors.csv`));
});

test('villages of one name, and where rows may lie', () => {
  const lines = fs.readFileSync(system.settings['areas.file'], 'utf8').trim().split('\n').map((line) => line.split(',')).filter(([id]) => id.length === 12);
  const name = lines.find(([id, one]) => lines.some(([other, another]) => other !== id && another === one))[1];
  const ids = lines.filter(([, one]) => one === name).map(([id]) => id);
  const file = write([row({ town: '', village: name })]);
  run(file, ...medical);
  assert.match(errorsOf(file), /村：有几个同名的村，请填乡镇或区划代码（/);
  for (const id of ids) assert.ok(errorsOf(file).includes(id), id);
  const elsewhere = run(write([row()]), ...medical, '--area', '370115001');
  assert.deepEqual([elsewhere.status, elsewhere.said.bad], [1, 1]);
});

test('as a spreadsheet of an office writes it: GB18030, apostrophes, words', () => {
  const cells = row({ id: `'${inventedId()}`, risks: '住院 工资少', found: '2026年11月5日' });
  const file = write([cells, ',,,,,,,,'], { bytes: (text) => execFileSync('iconv', ['-f', 'UTF-8', '-t', 'GB18030'], { input: text }) });
  const answer = run(file, ...medical);
  assert.equal(answer.status, 0, answer.stderr);
  assert.deepEqual([answer.said.rows, answer.said.filed], [1, 1]);
});

test('a column says the source; the keys of import and of a token are apart', async () => {
  const file = write(['hotline,spoken,试验丙,19900000000,370115008218,other,说不清,2026-11-20'], { first: 'source,basis,name,phone,area,risks,detail,found_at' });
  assert.deepEqual([run(file, '--json').said.filed, run(file, '--json').said.again], [1, 1]);
  const api = new Api(directDoors(system), addToken(system, { area: county, rights: 'intake' }));
  const filed = await api.intake({ source: 'hotline', basis: 'spoken', name: '试验丙', phone: '19900000000', area: '370115008218', risks: ['other'], detail: '说不清', found_at: '2026-11-20' });
  assert.equal(filed.status, 201, filed.text);
});

test('a file that cannot be read whole stores nothing of it', () => {
  const wrong = [
    [write([row()], { first: `${head},年龄` }), /:1: column 10: 年龄: unknown/],
    [write([row(), `${row()},x`]), /:3: 10 fields, the first line names 9/],
    [write([row(), '"试验']), /:3: a quoted field has no end/],
    [write([]), /has no rows/],
    [write([], { first: '' }), /empty/],
    [write([row()], { bytes: () => Buffer.from([0xff, 0xff, 0xff]) }), /neither UTF-8 nor GB18030/],
    [write(Array.from({ length: 5001 }, () => row())), /:5002: more than 5000 rows/],
    [path.join(system.dir, 'not-there.csv'), /No such file/],
  ];
  for (const [file, says] of wrong) {
    const answer = run(file, ...medical);
    assert.equal(answer.status, 1, file);
    assert.match(answer.stderr, says);
    assert.ok(answer.stderr.startsWith(`mashang: ${file}`), answer.stderr);
    assert.equal(answer.stdout, '');
  }
});

test('wrong usage is told', () => {
  for (const args of [['intake'], ['intake', 'import'], ['intake', 'export', 'x']]) {
    assert.equal(spawnSync(path.join(build, 'mashang'), [...args, '-c', system.conf]).status, 2, args.join(' '));
  }
  const area = run(write([row()]), '--area', '999');
  assert.equal(area.status, 2);
  assert.match(area.stderr, /--area: .*999/);
});

test('5,000 rows', { timeout: 120000 }, () => {
  const file = write(Array.from({ length: 5000 }, () => row()));
  const answer = run(file, ...medical);
  assert.equal(answer.status, 0, answer.stderr);
  assert.equal(answer.said.filed, 5000);
});

test('the gateway and its Redis are away: said, and the same file does it later', { timeout: 60000 }, async () => {
  const file = write(Array.from({ length: 60 }, () => row()));
  await system.stopGateway();
  const away = run(file, ...medical);
  assert.equal(away.status, 1);
  assert.match(away.stderr, /redis/i);
  await system.startGateway();
  assert.equal(run(file, ...medical).said.filed, 60);
});
