// A new calendar of working days: what is due later is told so, what was promised stays, and a broken file touches nothing.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { file, get, household, post, receiptOf, textOf } from '../lib/farmer.mjs';
import { startSystemWithClock } from '../lib/clock.mjs';
import { tellEnd, tellStep } from '../lib/hook.mjs';
import { chain, field, redis, setField } from '../lib/store.mjs';
import { root, until } from '../lib/system.mjs';

const day = 86400000;
const shown = (ms) => new Date(ms + 8 * 3600000).toISOString().slice(0, 10); // of Shanghai
const dueDay = (ms) => shown(Number(ms) - 1);

describe('calendar apply', () => {
  let system;
  let folder;
  let receipt;
  let location;
  let other; // a second report, decided: no clock of it runs
  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-calendar-'));
    fs.cpSync(path.join(root, 'deploy/calendar'), path.join(folder, 'in'), { recursive: true });
    system = await startSystemWithClock({ conf: { 'areas.calendar': path.join(folder, 'in') } });
    const answer = await file(system.base, system.code(), household());
    location = answer.location;
    receipt = receiptOf(location);
    other = receiptOf((await file(system.base, system.code(), household())).location);
    setField(system, other, 'purged', '1');
  });
  after(async () => { await system?.stop(); fs.rmSync(folder, { recursive: true, force: true }); });

  const apply = (what, ...args) => JSON.parse(system.cli('mashang', 'calendar', 'apply', what, ...args, '--json'));
  const refused = (...args) => {
    try { system.cli('mashang', 'calendar', ...args); } catch (error) { return { code: error.status, text: error.stderr }; }
    assert.fail('it was taken');
  };
  const inFolder = () => fs.readdirSync(path.join(folder, 'in')).map((name) => [name, fs.readFileSync(path.join(folder, 'in', name), 'utf8')]);
  const yearFile = (year) => path.join(folder, 'in', `CN-${year}.csv`);
  const base = (year) => (fs.existsSync(yearFile(year)) ? fs.readFileSync(yearFile(year), 'utf8') : 'date,kind,note\n');
  // that day off, or worked: rows of the day give way
  const dayAs = (date, kind, note) => base(date.slice(0, 4)).split('\n').filter((line) => !line.startsWith(date)).join('\n').trimEnd().concat(`\n${date},${kind},${note}\n`);
  const dayOff = (date) => dayAs(date, 'holiday', '放一天假');
  function newFile(text, name = 'new.csv') {
    const to = path.join(folder, name);
    fs.writeFileSync(to, text);
    return to;
  }
  const rowOf = (said) => said.reports.find((row) => row.receipt === receipt);
  const visit = (said) => rowOf(said).days.find((one) => one.step === 'visit');

  const broken = [
    ['a day that is none', 'date,kind\n2026-02-30,holiday\n', /new\.csv:2: .*2026-02-30/], ['an unknown kind', 'date,kind\n2026-05-01,holiday\n2026-05-02,feast\n', /new\.csv:3: kind: "feast".*holiday and workday/],
    ['a day twice', 'date,kind\n2026-05-01,holiday\n2026-05-01,workday\n', /new\.csv:3: .*twice/], ['two years', 'date,kind\n2026-05-01,holiday\n2027-05-01,holiday\n', /new\.csv:3: /],
    ['no header', '2026-05-01,holiday\n', /new\.csv:1: the header/], ['nothing', '', /new\.csv:\d+: /], ['no text at all', '\0\xff', /new\.csv/],
  ];
  for (const [what, text, words] of broken) {
    test(`refused: ${what}`, () => {
      const before = inFolder();
      const due = field(system, receipt, 'step_due');
      const said = refused('apply', newFile(text));
      assert.equal(said.code, 1);
      assert.match(said.text, words);
      assert.deepEqual(inFolder(), before);
      assert.equal(field(system, receipt, 'step_due'), due);
    });
  }
  test('refused: usage, a missing file, a name of another year', () => {
    assert.equal(refused('apply').code, 2);
    assert.equal(refused('show', 'x').code, 2);
    assert.match(refused('apply', path.join(folder, 'none.csv')).text, /none\.csv: No such file/);
    assert.match(refused('apply', newFile('date,kind\n2026-05-01,holiday\n', 'CN-2031.csv')).text, /CN-2031\.csv: .*should be named CN-2026\.csv/);
  });

  test('a day off more: the dry run tells, apply writes, the farmer reads the later day', async () => {
    const due = dueDay(field(system, receipt, 'step_due'));
    const name = newFile(dayOff(due));
    const before = inFolder();
    const dry = apply(name, '--dry-run');
    assert.equal(dry.dry_run, true);
    assert.equal(visit(dry).was, due);
    assert.ok(visit(dry).is > due);
    assert.equal(visit(dry).kept, false);
    assert.deepEqual(inFolder(), before);
    assert.equal(dueDay(field(system, receipt, 'step_due')), due);
    assert.ok(!dry.reports.some((row) => row.receipt === other));

    const version = Number(field(system, receipt, 'v'));
    const acted = field(system, receipt, 'acted');
    const said = apply(name);
    assert.equal(visit(said).is, visit(dry).is);
    assert.ok(said.changed >= 1);
    assert.equal(dueDay(field(system, receipt, 'step_due')), visit(dry).is);
    assert.equal(Number(field(system, receipt, 'v')), version + 1);
    assert.equal(field(system, receipt, 'acted'), acted); // no event
    const link = chain(system, receipt).at(-1);
    assert.equal(link.ev, 'calendar');
    assert.equal(link.by, 'calendar');
    assert.deepEqual(link.days.find((one) => one.step === 'visit'), { step: 'visit', due: visit(dry).is });
    assert.match(fs.readFileSync(yearFile(due.slice(0, 4)), 'utf8'), /放一天假/);

    await system.reload();
    const [, month, date] = visit(said).is.split('-').map(Number);
    await until('the later day on the page', async () => textOf((await get(system.base + location)).html).includes(`${month}月${date}日`));
    // again: nothing is left to change
    const again = apply(name);
    assert.deepEqual([again.changed, again.reports], [0, []]);
    assert.equal(Number(field(system, receipt, 'v')), version + 1);
  });

  test('the day is taken back: what was shown does not become earlier', () => {
    const due = dueDay(field(system, receipt, 'step_due'));
    const version = field(system, receipt, 'v');
    const said = apply(path.join(root, 'deploy/calendar'));
    assert.ok(said.files.includes('CN-2026.csv'));
    assert.equal(visit(said).kept, true);
    assert.ok(visit(said).is < due);
    assert.ok(said.kept >= 1);
    assert.equal(dueDay(field(system, receipt, 'step_due')), due);
    assert.match(system.cli('mashang', 'calendar', 'apply', path.join(root, 'deploy/calendar'), '--dry-run'), new RegExp(`${receipt} .*visit.* kept`));
    const progress = JSON.parse(field(system, receipt, 'progress'));
    assert.equal(dueDay(progress.steps.visit.due), due);
    assert.ok(Number(field(system, receipt, 'v')) - Number(version) <= 1); // its signal may follow the calendar
  });

  test('each report is counted and told once, also where what was written stands behind the others', async () => {
    const code = system.code();
    const filed = [];
    for (let i = 0; i < 3; i += 1) filed.push(receiptOf((await file(system.base, code, household())).location));
    const place = `ms:{${filed[0].slice(0, 2)}}`;
    const seq = Number(redis(system, 'HINCRBY', `${place}:n`, 'seq', 1000));
    const others = [...Array(300).keys()].flatMap((i) => [seq - 900 + i, `${filed[0].slice(0, 2)}${String(i).padStart(10, '0')}`]);
    redis(system, 'ZADD', `${place}:changes`, ...others);
    const name = newFile(dayOff(dueDay(field(system, filed[2], 'step_due'))));
    const dry = apply(name, '--dry-run');
    const said = apply(name);
    const told = said.reports.map((row) => row.receipt);
    assert.deepEqual(told.toSorted(), [...new Set(told)].toSorted());
    assert.deepEqual(told.toSorted(), dry.reports.map((row) => row.receipt).toSorted());
    assert.deepEqual([said.open, said.changed], [dry.open, dry.changed]);
    for (const one of filed) assert.ok(told.includes(one));
    redis(system, 'ZREM', `${place}:changes`, ...others.filter((_, i) => i % 2 === 1));
  });

  test('the issue\'s example: filed Monday 2026-12-28, five working days', () => {
    const at = Date.parse('2026-12-28T10:00:00+08:00');
    const progress = JSON.parse(field(system, receipt, 'progress'));
    const early = Date.parse('2027-01-05T00:00:00+08:00'); // as if somebody had counted New Year's Day
    setField(system, receipt, 'progress', JSON.stringify({ ...progress, accepted: at, total_due: at + 40 * day, steps: { ...progress.steps, visit: { ...progress.steps.visit, opened: at, due: early } } }));
    const said = apply(path.join(root, 'deploy/calendar'));
    assert.deepEqual([visit(said).was, visit(said).is, visit(said).kept], ['2027-01-04', '2027-01-05', false]);
    assert.equal(dueDay(field(system, receipt, 'step_due')), '2027-01-05');
  });

  test('declined: a new calendar takes no day for an objection away, and gives those that it has more', async () => {
    const decline = async () => {
      const answers = household();
      const answer = await file(system.base, system.code(), answers);
      const one = { url: system.base + answer.location, receipt: receiptOf(answer.location), last4: answers.id_number.slice(-4) };
      await tellStep(system, one.receipt, 'visit');
      await tellEnd(system, one.receipt, 'declined', { reason: 'criteria' });
      return one;
    };
    const last = async (one) => textOf((await get(one.url)).html).match(/最晚(\d+月\d+日)（周.）可以点“我有异议”/)?.[1];
    const pageDay = (at) => at.split('-').slice(1).map(Number).join('月').concat('日');
    const end = shown(system.clock.now().getTime() + 30 * day);
    const rowsOf = (said, one) => said.reports.find((row) => row.receipt === one.receipt)?.days.map((row) => [row.step, row.kept]);
    apply(newFile(dayAs(end, 'workday', '上班')));
    await system.reload();
    const early = await decline();
    assert.equal(await last(early), pageDay(end));
    // off: one day more, also for whoever was declined before
    assert.deepEqual(rowsOf(apply(newFile(dayOff(end))), early), [['object', false]]);
    await system.reload();
    const late = await decline();
    const promised = await last(late);
    assert.notEqual(promised, pageDay(end));
    assert.equal(await last(early), promised);
    // worked again: what they have read stays
    const back = apply(newFile(dayAs(end, 'workday', '上班')));
    assert.deepEqual([rowsOf(back, late), rowsOf(back, early)], [[['object', true]], [['object', true]]]);
    await system.reload();
    assert.equal(await last(late), promised);
    assert.equal(await last(early), promised);
    system.clock.goOn(31);
    for (const one of [early, late]) assert.equal((await post(one.url, { act: 'object', last4: one.last4 })).status, 303);
  });
});
