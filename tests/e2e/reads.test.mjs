// What the household reads is true on every day of its report: who comes and by when, what is possible by which link, how long a lock lasts.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { addToken, Api, county, directDoors, fileReport } from '../lib/api.mjs';
import { startSystemWithClock } from '../lib/clock.mjs';
import { get, inventedId, inventedPhone, post, textOf } from '../lib/farmer.mjs';
import { tell } from '../lib/hook.mjs';
import { root, startSystem, village } from '../lib/system.mjs';

const rights = ['read', 'pii', 'claim', 'step'];
const plain = { 'accept-encoding': 'identity' }; // not the page that is kept for a minute
const pageOf = async (system, location) => (await get(system.base + location, plain)).html;
const word = (html) => html.match(/<p class="state">[^<]*<strong>([^<]*)<\/strong>/)?.[1];
// reached by ID and phone: the short kind of the link
async function shortOf(system, one) {
  const found = await post(`${system.base}/progress`, { id_number: one.id_number, phone: one.phone });
  assert.equal(found.status, 303, found.html);
  return found.location;
}

// A county with a contact in one village, and none in the other.
function areasWithContact(folder) {
  const file = path.join(folder, 'areas.csv');
  fs.writeFileSync(file, ['id,parent,level,name,short,phone,contact', '37,,province,山东省,,,', '3701,37,city,济南市,,,', '370115,3701,county,济阳区,,,',
    '370115008,370115,town,曲堤街道,,,', `${village},370115008,village,葛家村民委员会,,0531-00000001,村干部`, '370115008219,370115008,village,安上村委会,,,'].join('\n'));
  return file;
}

describe('on the way', () => {
  let system, api, folder;
  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-reads-'));
    system = await startSystemWithClock({ areas: areasWithContact(folder), conf: { 'progress.source': 'both' } });
    api = new Api(directDoors(system), addToken(system, { area: county, rights }));
  });
  after(async () => { await system?.stop(); system?.clock?.stop(); fs.rmSync(folder, { recursive: true, force: true }); });
  const read = async (one) => textOf(await pageOf(system, one.location));
  const filed = (code = system.code()) => fileReport(system, {}, { code });
  const free = '不收钱，不要银行卡和验证码。';

  describe('who comes is told until somebody has come', () => {
    const who = /上门的人：村干部（曲堤街道），电话0531-00000001，预计\d+月\d+日（周.）。不收钱，不要银行卡和验证码。/;
    const ways = {
      'nobody was at home': (receipt) => api.step(receipt, 'visit', 'failed'),
      'something is asked for': (receipt) => api.moved(receipt, 'ask', { public_note: '户口本' }),
      'after a pause': async (receipt) => { await api.moved(receipt, 'pause', { days: 5 }); await api.moved(receipt, 'resume'); },
      'on the green channel': (receipt) => api.moved(receipt, 'green'),
    };
    for (const [name, way] of Object.entries(ways)) {
      test(name, async () => {
        const one = await filed();
        assert.match(await read(one), who);
        await way(one.receipt);
        assert.match(await read(one), who);
        await api.step(one.receipt, 'visit');
        const visited = await read(one);
        assert.ok(!visited.includes('上门的人') && !visited.includes(free), visited);
      });
    }
    test('while it is paused nobody is announced', async () => {
      const one = await filed();
      await api.moved(one.receipt, 'pause', { days: 5 });
      assert.ok(!(await read(one)).includes('上门的人'));
    });
  });

  test('the day is over and nobody has come: said plainly, with whom to ring', async () => {
    const [one, other] = [await filed(), await filed(system.code('370115008219'))];
    const [, day] = (await read(one)).match(/预计(\d+月\d+日)（周.）/);
    for (let days = 0; system.clock.day() !== day; days++) { assert.ok(days < 15); system.clock.goOn(1); }
    assert.match(await read(one), new RegExp(`预计${day}`), 'the day itself is still in time');
    system.clock.goOn(1);
    const late = await read(one);
    assert.doesNotMatch(late, /预计/);
    assert.match(late, new RegExp(`上门的人：村干部（曲堤街道），电话0531-00000001。上门的日子是${day}（周.），已经过了。还没见到人，就打这个电话。${free}`));
    assert.match(late, /催一下/);
    assert.match(await read(other), new RegExp(`村里和曲堤街道的工作人员要上门，日子是${day}（周.），已经过了。还没见到人，就打0531-00000000。${free}`));
    await api.step(one.receipt, 'visit', 'failed');
    assert.match(await read(one), /已经过了。还没见到人，就打这个电话/);
    await api.moved(one.receipt, 'transfer', { area: '370115008219' }); // a new clock
    assert.match(await read(one), new RegExp(`村里和曲堤街道的工作人员会上门，预计\\d+月\\d+日（周.）。${free}`));
  });

  test('a withdrawal that was thought better of ends when staff goes on and says so, or decides', async () => {
    const asked = /您说要撤回/;
    const one = await filed();
    const withdraw = () => post(system.base + one.location, { act: 'withdraw', last4: one.id_number.slice(-4) });
    const flags = async () => (await api.detail(one.receipt)).flags.includes('withdraw_asked');
    assert.equal((await withdraw()).status, 303);
    assert.match(await read(one), asked);
    await api.step(one.receipt, 'visit', 'failed', { public_note: '家里没人' });
    assert.ok(await flags(), 'tried in vain');
    await api.step(one.receipt, 'visit', 'passed', { public_note: '电话里说好了，接着办' });
    assert.doesNotMatch(await read(one), asked);
    assert.equal(await flags(), false);
    assert.match(await pageOf(system, one.location), /value="withdraw"/, 'it may be asked again');
    assert.equal((await withdraw()).status, 303);
    await api.step(one.receipt, 'review');
    assert.match(await read(one), asked, 'a step that says nothing leaves it');
    await api.moved(one.receipt, 'steps', { decision: 'declined', reason: 'solved' });
    assert.equal((await post(system.base + one.location, { act: 'object', last4: one.id_number.slice(-4) })).status, 303);
    await api.moved(one.receipt, 'object', { outcome: 'reopened' });
    assert.doesNotMatch(await read(one), asked, 'it was decided meanwhile');
  });

  test('refused, by the short link: how to the reason and the objection, while it may be made', async () => {
    const one = await filed();
    const brief = await shortOf(system, one);
    const open = textOf(await pageOf(system, brief));
    assert.match(open, /要补充情况、撤回，请先用申报编号和身份证号最后4位查一次。/);
    await api.step(one.receipt, 'visit');
    await api.moved(one.receipt, 'steps', { decision: 'declined', reason: 'solved' });
    system.clock.goOn(5);
    const declined = await pageOf(system, brief);
    const [, last] = (await read(one)).match(/有不同意见，最晚(\d+月\d+日（周.）)可以点/);
    assert.equal(word(declined), '未纳入');
    assert.ok(textOf(declined).includes(`要看原因、提异议，请先用申报编号和身份证号最后4位查一次。提异议最晚${last}。`), textOf(declined));
    assert.ok(!textOf(declined).includes('这个困难已经解决') && !declined.includes('name="last4"'));
    const tried = await post(system.base + brief, { act: 'object', detail: '不对', last4: one.id_number.slice(-4) });
    assert.equal(tried.status, 403);
    assert.match(textOf(tried.html.match(/<p class="box" role="alert"[^]*?<\/p>/)[0]), /要看原因、提异议，请先用申报编号/);
    system.clock.goOn(30);
    assert.ok(!textOf(await pageOf(system, brief)).includes('提异议'));
  });

  test('merged into one that was asked: the telephone, no form that is not there', async () => {
    const main = await fileReport(system);
    const one = await fileReport(system, { phone: main.phone });
    await api.moved(main.receipt, 'ask', { public_note: '户口本' });
    await api.moved(one.receipt, 'merge', { leader: main.receipt });
    const text = await read(one);
    assert.match(text, /请您补充：户口本 请打0531-00000001。/);
    assert.ok(!text.includes('补充情况'), text);
    assert.match(await read(main), /点下面的“补充情况”写上，或打0531-00000001。/);
  });

  test('off the list: the word says so, by either link', async () => {
    const one = await filed();
    await tell(system, 'report.decided', { receipt: one.receipt, decision: 'admitted' });
    await tell(system, 'report.cleared', { receipt: one.receipt });
    assert.equal(word(await pageOf(system, one.location)), '风险已消除');
    assert.equal(word(await pageOf(system, await shortOf(system, one))), '风险已消除');
  });
});

test('locked: by ID until tomorrow, by number for an hour, and whom to ring; alike whether there is a report', async () => {
  const system = await startSystem();
  try {
    const one = await fileReport(system);
    const locked = async (fields) => {
      for (let i = 0; i < 5; i++) assert.equal((await post(`${system.base}/progress`, fields)).status, 422);
      const answer = await post(`${system.base}/progress`, fields);
      assert.equal(answer.status, 429);
      return { text: textOf(answer.html.match(/<p class="box bad" role="alert">[^]*?<\/p>/)[0]).trim(), wait: Number(answer.headers.get('retry-after')) };
    };
    const known = await locked({ id_number: one.id_number, phone: inventedPhone() });
    assert.equal(known.text, '今天试的次数多了，请明天再试，或打0531-00000000。有回执网址的，打开网址照样能看。');
    assert.equal((await locked({ id_number: inventedId(), phone: inventedPhone() })).text, known.text);
    const wrong = one.id_number.endsWith('0000') ? '1111' : '0000';
    const number = await locked({ receipt: one.receipt, last4: wrong });
    assert.equal(number.text, '试的次数多了，请过一个小时再试；还是不行，就打0531-00000000。有回执网址的，打开网址照样能看。');
    assert.ok(number.wait <= 3600);
    const withdraw = () => post(system.base + one.location, { act: 'withdraw', last4: wrong });
    for (let i = 0; i < 5; i++) assert.equal((await withdraw()).status, 422);
    const act = await withdraw();
    assert.equal(act.status, 429);
    assert.match(textOf(act.html), /试的次数多了，这次没有办成。请过一个小时再点；还是不行，就打0531-00000000。/);
  } finally {
    await system.stop();
  }
});

describe('[progress] source = none', () => {
  const procedure = (change) => {
    const plan = JSON.parse(fs.readFileSync(path.join(root, 'templates/procedures/laiyuan.json'), 'utf8'));
    change(plan);
    return plan;
  };
  const cases = [
    ['a document says it', () => {}, /已转给曲堤街道，最晚\d+月\d+日（周.）有人联系您；到时没人联系，请打0531-00000000。/],
    ['no document says it', (plan) => { plan.total.basis = 'unconfirmed'; }, /已转给曲堤街道，一般\d+月\d+日（周.）左右有人联系您；到时没人联系，请打0531-00000000。/],
    ['no day at all', (plan) => { delete plan.total; }, /已转给曲堤街道，会有人联系您；没人联系，请打0531-00000000。/],
  ];
  for (const [name, change, wanted] of cases) {
    test(name, async (t) => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-reads-'));
      t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
      fs.writeFileSync(path.join(folder, 'own.json'), JSON.stringify(procedure(change)));
      const system = await startSystem({ workers: 1, conf: { 'progress.source': 'none', 'procedure.file': path.join(folder, 'own.json') } });
      t.after(() => system.stop());
      const text = textOf(await pageOf(system, (await fileReport(system)).location));
      assert.match(text, wanted);
      assert.doesNotMatch(text, /1月1日/);
    });
  }
  test('with steps and without a day: who comes, and no date', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-reads-'));
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const plan = procedure((one) => { delete one.total; for (const step of one.steps) delete step.deadline; delete one.green_channel; });
    fs.writeFileSync(path.join(folder, 'own.json'), JSON.stringify(plan));
    const system = await startSystem({ workers: 1, areas: areasWithContact(folder), conf: { 'procedure.file': path.join(folder, 'own.json') } });
    t.after(() => system.stop());
    const read = async (code) => textOf(await pageOf(system, (await fileReport(system, {}, { code })).location));
    assert.match(await read(system.code()), /上门的人：村干部（曲堤街道），电话0531-00000001。不收钱，不要银行卡和验证码。/);
    assert.match(await read(system.code('370115008219')), /村里和曲堤街道的工作人员会上门。不收钱，不要银行卡和验证码。/);
  });
});
