// What a household does on its page: POST /r/… (contract §6). Every act, every mistake, and that nothing counts twice.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { encode, file, get, household, inventedId, inventedPhone, post, receiptOf, textOf, titleOf, tokenOf } from '../lib/farmer.mjs';
import { tellEnd, tellStep } from '../lib/hook.mjs';
import { bodies, lawHolds } from '../lib/line.mjs';
import { field } from '../lib/store.mjs';
import { startSystemWithClock } from '../lib/clock.mjs';
import { setField } from '../lib/store.mjs';
import { root, startSystem, until } from '../lib/system.mjs';

// what the page says at its top of what was just done, before the number
const statusOf = (html) => [...html.slice(0, html.indexOf('class="number"')).matchAll(/<p class="box" role="status">([^<]*)<\/p>/g)].map((match) => match[1]).join(' | ');

describe('acts of the household', () => {
  let system;
  let code;
  before(async () => { system = await startSystem(); code = system.code(); });
  after(() => system?.stop());

  const urlOf = (answer) => system.base + answer.location;
  async function filed(more = {}) {
    const answers = household(more);
    const answer = await file(system.base, code, answers, { consent_sensitive: '1' });
    const url = urlOf(answer);
    return {
      answers, url, location: answer.location, receipt: receiptOf(answer.location), last4: answers.id_number.slice(-4),
      act: (act, fields = {}) => post(url, { act, ...fields }),
      page: async () => textOf((await get(url)).html),
      html: async () => (await get(url)).html,
      status: async () => statusOf((await get(url)).html),
    };
  }
  const events = async (one) => (await bodies(system, one.receipt)).map((body) => body.event);
  const eventsAre = (one, count) => until(`${count} events`, async () => (await events(one)).length === count);
  const back = (one, answer) => { assert.equal(answer.status, 303, textOf(answer.html)); assert.equal(answer.location, one.location); };

  test('the page offers what may be done now, and nothing else', async () => {
    const one = await filed();
    const html = await one.html();
    for (const act of ['add', 'visited', 'not_visited', 'withdraw']) assert.ok(html.includes(`value="${act}"`), act);
    for (const act of ['nudge', 'object']) assert.ok(!html.includes(`value="${act}"`), act);
    assert.match(textOf(html), /过了\d+月\d+日（周.）还没有办，可以来这里点“催一下”。/);
    await tellStep(system, one.receipt, 'visit');
    await tellEnd(system, one.receipt, 'admitted');
    const decided = await one.html();
    assert.ok(!decided.includes('name="act"'), 'nothing is left to do');
    assert.ok(decided.includes('有新的困难，再报一次'));
  });

  test('add: risks, words and urgency join the report; the township and the monitoring system hear of it', async () => {
    const one = await filed();
    back(one, await one.act('add', { risk: ['jobs', 'illness'], consent_sensitive: '1', detail: '又住院了', urgent: '1', last4: one.last4 }));
    assert.equal(await one.status(), '这次新写的情况已经补充进去。'); // on its own page it knows that it has filed
    await eventsAre(one, 2);
    const { data, type } = (await events(one))[1];
    assert.equal(type, 'cn.mashang.report.added.v1');
    assert.deepEqual([...data.risks].sort(), ['accident', 'illness', 'jobs']);
    assert.equal(data.detail, '又住院了');
    assert.equal(data.urgent, true);
    assert.ok(data.flags.includes('additions'));
  });

  test('add twice: the second time nothing is stored', async () => {
    const one = await filed();
    const fields = { risk: ['jobs'], detail: '再说一遍', last4: one.last4 };
    back(one, await one.act('add', fields));
    back(one, await one.act('add', fields));
    for (const detail of ['还有一句', '一句', '再说一遍', '一句', '还有']) back(one, await one.act('add', { detail, last4: one.last4 })); // words within words are new ones
    await eventsAre(one, 5);
    assert.deepEqual((await events(one)).map((event) => event.data.version), [1, 2, 3, 4, 5]);
    assert.equal((await events(one)).at(-1).data.detail, '再说一遍\n还有一句\n一句\n还有');
  });

  const mistakes = [
    ['nothing at all', {}, '请选一样困难，或写几句话', '#f-risk'],
    ['illness without the second tick', { risk: 'illness' }, '同意就勾选这一项', '#f-consent_sensitive'],
    ['other without words', { risk: 'other' }, '请写几个字，说说是什么困难', '#f-detail'],
    ['501 characters', { detail: '长'.repeat(501) }, '最多写500个字，您写了501个字', '#f-detail'],
    ['a risk that is none', { risk: 'love' }, '请从这几项里选', '#f-risk'],
    ['six risks', { risk: ['jobs', 'schooling', 'housing', 'water', 'dropout', 'labour'] }, '最多选5样', '#f-risk'],
  ];
  for (const [what, fields, words, href] of mistakes) {
    test(`add: ${what}: 422, everything kept, no guess spent`, async () => {
      const one = await filed();
      const answer = await one.act('add', { ...fields, last4: '12ab' });
      assert.equal(answer.status, 422);
      assert.match(titleOf(answer.html), /^错误/);
      assert.ok(textOf(answer.html).includes(words), textOf(answer.html));
      assert.ok(answer.html.includes(`href="${href}"`));
      assert.match(answer.html, /<details class="act" open>\s*<summary>补充情况/);
      assert.ok(answer.html.includes('value="12ab"'), 'the last four stay');
      if (fields.detail) assert.ok(answer.html.includes(fields.detail));
      for (const risk of [fields.risk ?? []].flat()) if (risk !== 'love') assert.match(answer.html, new RegExp(`value="${risk}"[^>]* checked`));
    });
  }
  test('add: five risks each time, in sum more', async () => {
    const one = await filed({ risk: ['accident', 'water', 'jobs', 'schooling', 'housing'] });
    back(one, await one.act('add', { risk: ['dropout', 'labour', 'water'], last4: one.last4 }));
    await eventsAre(one, 2);
    assert.deepEqual((await events(one)).at(-1).data.risks, ['accident', 'jobs', 'schooling', 'housing', 'water', 'dropout', 'labour']);
  });
  for (const act of ['add', 'withdraw']) {
    test(`${act}: without the last four: asked for, and no guess is counted`, async () => {
      const one = await filed();
      for (let i = 0; i < 6; i++) {
        const answer = await one.act(act, { detail: '新的话', last4: ' ' });
        assert.equal(answer.status, 422);
        assert.ok(textOf(answer.html).includes('请填最后4位'));
        assert.ok(answer.html.includes(`href="#l-${act}"`));
      }
      back(one, await one.act(act, { detail: '新的话', last4: one.last4 }));
    });
  }
  test('the page never shows what was answered before', async () => {
    const one = await filed({ risk: ['disability'], detail: '很私密的话' });
    const html = await one.html();
    assert.ok(!html.includes('很私密的话'));
    assert.ok(!/value="disability"[^>]* checked/.test(html));
  });

  for (const [act, fields] of [['add', { detail: '新的话' }], ['withdraw', {}]]) {
    test(`${act}: the wrong last four: 422, and what was typed is kept`, async () => {
      const one = await filed();
      const answer = await one.act(act, { ...fields, last4: '０９x1' });
      assert.equal(answer.status, 422);
      assert.match(titleOf(answer.html), /^错误/);
      assert.ok(textOf(answer.html).includes('最后4位不对'));
      assert.ok(answer.html.includes(`href="#l-${act}"`));
      if (fields.detail) assert.ok(answer.html.includes(fields.detail));
      assert.equal((await events(one)).length <= 1, true);
    });
  }
  test('five wrong ones lock, here and under /progress alike; the link still shows the page', async () => {
    const one = await filed();
    const wrong = one.last4 === '0000' ? '1111' : '0000';
    for (let i = 0; i < 5; i++) assert.equal((await one.act('withdraw', { last4: wrong })).status, 422);
    assert.equal((await post(`${system.base}/progress`, { receipt: one.receipt, last4: one.last4 })).status, 429);
    const locked = await one.act('add', { detail: '话还在', last4: one.last4 });
    assert.equal(locked.status, 429);
    assert.ok(Number(locked.headers.get('retry-after')) > 0);
    assert.ok(locked.html.includes('话还在'));
    assert.ok(textOf(locked.html).includes('试的次数多了'));
    assert.equal((await get(one.url)).status, 200);
    back(one, await one.act('visited'));
  });

  test('who knows the number alone locks nobody out of the page, however often he guesses', async () => {
    const one = await filed();
    const ask = (last4) => post(`${system.base}/progress`, { receipt: one.receipt, last4 });
    const wrong = one.last4 === '0000' ? '1111' : '0000';
    for (let i = 0; i < 5; i++) assert.equal((await ask(wrong)).status, 422);
    assert.equal((await ask(one.last4)).status, 429);
    setField(system, one.receipt, 'fails', 20); // four hours of that
    back(one, await one.act('add', { detail: '还是自己家的事', last4: one.last4 }));
    back(one, await one.act('withdraw', { last4: one.last4 }));
    setField(system, one.receipt, 'lfails', 20);
    const spent = await one.act('add', { detail: '话还在', last4: one.last4 });
    assert.equal(spent.status, 429);
    assert.equal(spent.headers.get('retry-after'), null, 'no hour opens it');
    assert.match(textOf(spent.html), /请打0531-00000000/);
    assert.ok(spent.html.includes('话还在'));
  });

  test('visited and not visited: said once each; the last word counts', async () => {
    const one = await filed();
    back(one, await one.act('not_visited'));
    back(one, await one.act('not_visited'));
    assert.ok((await one.page()).includes('您说过：没来过'));
    assert.equal(await one.status(), '记下了：您说没来过。镇里会看到。');
    assert.ok(!(await one.html()).includes('value="not_visited"'));
    back(one, await one.act('visited'));
    assert.ok((await one.page()).includes('您说过：来过了'));
    assert.equal(await one.status(), '记下了：来过了。谢谢您告诉我们。');
  });

  test('not visited, then a visit on record: disputed only when the household says it again', async () => {
    const one = await filed();
    const flags = () => field(system, one.receipt, 'flags').split(' ');
    back(one, await one.act('not_visited'));
    await tellStep(system, one.receipt, 'visit');
    assert.ok(!flags().includes('disputed'));
    assert.ok((await one.html()).includes('value="not_visited"'));
    back(one, await one.act('not_visited'));
    assert.ok(flags().includes('disputed'));
    assert.ok(!(await one.html()).includes('value="not_visited"'));
  });

  test('at the top stands what was done last, and nothing of it above what was sent and not taken', async () => {
    const one = await filed();
    assert.equal(await one.status(), '');
    back(one, await one.act('not_visited'));
    back(one, await one.act('add', { detail: '又来了一场冰雹', last4: one.last4 }));
    assert.equal(await one.status(), '这次新写的情况已经补充进去。');
    const wrong = await one.act('add', { detail: '', last4: one.last4 });
    assert.equal(wrong.status, 422);
    assert.equal(statusOf(wrong.html), '');
    // filed again under the form: in its own words
    assert.equal((await file(system.base, code, { ...one.answers, detail: '再报一次' })).status, 303);
    assert.equal(await one.status(), '您之前报过，编号不变。这次新写的情况已经补充进去。');
    await tellStep(system, one.receipt, 'visit');
    await tellEnd(system, one.receipt, 'admitted');
    assert.equal(await one.status(), '');
  });

  test('withdraw is a request: the report stays open until the township says so', async () => {
    const one = await filed();
    back(one, await one.act('withdraw', { last4: one.last4 }));
    back(one, await one.act('withdraw', { last4: one.last4 }));
    const text = await one.page();
    assert.ok(text.includes('您说要撤回。曲堤街道会和您核实，核实了才算撤回。'));
    assert.ok(!text.includes('已撤回') && text.includes('已收到'));
    assert.ok(!(await one.html()).includes('value="withdraw"'));
  });

  test('object: only when declined, words sealed, once', async () => {
    const one = await filed();
    const early = await one.act('object', { detail: '等不及', last4: one.last4 });
    assert.equal(early.status, 409);
    assert.ok(textOf(early.html).includes('现在不能点这一项'));
    await tellStep(system, one.receipt, 'visit');
    await tellEnd(system, one.receipt, 'declined', { reason: 'solved' });
    const text = await one.page();
    assert.match(text, /经核实，这次没有纳入监测帮扶。原因：这个困难已经解决。有不同意见，最晚\d+月\d+日（周.）可以点“我有异议”或打0531-00000000。还可以问问：低保、临时救助、残疾补贴、防返贫保险。/);
    const wrong = await one.act('object', { detail: '房子还漏', last4: '00' });
    assert.equal(wrong.status, 422);
    assert.ok(wrong.html.includes('房子还漏'));
    const long = await one.act('object', { detail: '长'.repeat(501), last4: one.last4 });
    assert.equal(long.status, 422);
    assert.ok(long.html.includes('href="#o-detail"'));
    back(one, await one.act('object', { detail: '房子还漏', last4: one.last4 }));
    back(one, await one.act('object', { detail: '房子还漏', last4: one.last4 }));
    const now = await one.page();
    assert.match(now, /现在： 复核中 您的异议已经记下，正在复核，一般\d+月\d+日（周.）左右有结果。/); // no document says how long
    assert.ok(!now.includes('可以点“我有异议”'));
    assert.ok(!system.logText().includes('房子还漏'));
  });

  test('as much as a request can hold is shown again whole, in every act and on every page, whatever it becomes there', async () => {
    const one = await filed();
    const two = await filed();
    await tellEnd(system, two.receipt, 'declined', { reason: 'solved' });
    const form = await get(system.base + code);
    const ticks = { token: tokenOf(form.html), consent: '1', ...one.answers };
    const send = async (url, fields, long) => {
      const short = `${encode(fields)}&${long}=`;
      const quotes = 65536 - short.length;
      const answer = await fetch(url, {
        method: 'POST', redirect: 'manual', body: short + '"'.repeat(quotes), headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
      return { status: answer.status, html: await answer.text(), whole: '&quot;'.repeat(quotes) };
    };
    for (const [url, fields, long, shown] of [
      [one.url, { act: 'add', last4: '0000' }, 'detail', true],
      [one.url, { act: 'add', risk: 'jobs' }, 'detail', true],
      [two.url, { act: 'object', last4: '0000' }, 'detail', true],
      [one.url, { act: 'withdraw' }, 'last4', false],
      [one.url, { act: 'dance' }, 'detail', false],
      [system.base + code, { ...ticks, step: 'check' }, 'detail', true],
      [system.base + code, { ...ticks, step: 'submit' }, 'name', true],
      [`${system.base}/progress`, { last4: '0000' }, 'receipt', false],
    ]) {
      const answer = await send(url, fields, long);
      assert.equal(answer.status, 422, `${fields.act ?? fields.step} ${long}`);
      assert.equal(answer.html.includes(answer.whole), shown, `${fields.act ?? fields.step} ${long}`);
    }
    const edit = await send(system.base + code, { ...ticks, step: 'edit' }, 'phone');
    assert.equal(edit.status, 200);
    assert.ok(edit.html.includes(edit.whole));
  });

  test('decided: what is sent too late meets a kind sentence and changes nothing', async () => {
    const one = await filed();
    await tellStep(system, one.receipt, 'visit');
    await tellEnd(system, one.receipt, 'admitted');
    const before = await one.page();
    for (const [act, fields] of [['add', { detail: '晚了' }], ['nudge'], ['visited'], ['not_visited'], ['withdraw'], ['object']]) {
      const answer = await one.act(act, { ...fields, last4: one.last4 });
      assert.equal(answer.status, 409, act);
      assert.ok(!/^错误/.test(titleOf(answer.html)));
      assert.match(textOf(answer.html), act === 'object' ? /现在不能点这一项/ : /这次申报已经有结果/);
    }
    assert.equal(await one.page(), before);
  });

  test('a nudge before its day: 409, with the day', async () => {
    const one = await filed();
    const answer = await one.act('nudge');
    assert.equal(answer.status, 409);
    assert.match(textOf(answer.html.match(/<p class="box" role="alert"[^]*?<\/p>/)[0]), /过了\d+月\d+日（周.）还没有办/);
    assert.equal((await events(one)).length <= 1, true);
  });

  test('an act that is none: 422 and the page', async () => {
    const one = await filed();
    for (const fields of [{}, { act: '' }, { act: 'dance' }, { act: 'decide' }]) {
      const answer = await post(one.url, fields);
      assert.equal(answer.status, 422);
      assert.ok(textOf(answer.html).includes('没有看明白您点的是什么'));
      assert.ok(answer.html.includes(`action="${one.location}"`));
    }
  });

  test('the short link: nudge and visited only, and no word of the household', async () => {
    const one = await filed({ filed_by: 'self' });
    const found = await post(`${system.base}/progress`, { id_number: one.answers.id_number, phone: one.answers.phone });
    assert.equal(found.status, 303);
    const short = system.base + found.location;
    const { html } = await get(short);
    for (const act of ['add', 'withdraw', 'object']) assert.ok(!html.includes(`value="${act}"`), act);
    assert.ok(textOf(html).includes('请先用申报编号和身份证号最后4位查一次'));
    for (const act of ['add', 'withdraw', 'object']) {
      const answer = await post(short, { act, detail: '话', last4: one.last4 });
      assert.equal(answer.status, 403);
      assert.ok(!answer.html.includes('曲堤街道') && !answer.html.includes('试**'));
    }
    assert.equal((await post(short, { act: 'not_visited' })).status, 303);
    assert.equal(statusOf((await get(short)).html), '记下了：您说没来过。镇里会看到。');
    assert.equal((await post(short, { act: 'nudge' })).status, 409);
    assert.ok((await one.page()).includes('您说过：没来过'));
  });

  test('from another site, with a forged link, with a body that is none: refused as elsewhere', async () => {
    const one = await filed();
    const fields = { act: 'not_visited' };
    assert.equal((await post(one.url, fields, { 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal((await post(one.url.slice(0, -1) + (one.url.endsWith('0') ? '1' : '0'), fields)).status, 404);
    assert.equal((await fetch(one.url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })).status, 415);
    assert.ok(!(await one.page()).includes('您说过'));
    assert.equal((await fetch(one.url, { method: 'PUT' })).status, 405);
  });

  test('a report without ID: the last four of the phone', async () => {
    const phone = inventedPhone();
    const answer = await file(system.base, code, { filed_by: 'self', name: '试验甲', no_id: '1', phone, risk: ['accident'] });
    const done = await post(urlOf(answer), { act: 'withdraw', last4: phone.slice(-4) });
    assert.equal(done.status, 303);
  });

  test('a drill: everything can be tried', async () => {
    const answers = household({ id_number: inventedId() });
    const drill = await file(system.base, system.code(undefined, '--drill'), answers);
    assert.equal((await post(urlOf(drill), { act: 'withdraw', last4: answers.id_number.slice(-4) })).status, 303);
    assert.ok(textOf((await get(urlOf(drill))).html).includes('您说要撤回'));
  });

  test('the law holds over all of it', async () => { await until('the queue to be empty', async () => (await lawHolds(system)).ready === 0); });
});

describe('when days have passed', () => {
  let system;
  let folder;
  before(async () => {
    // a county whose documents say how long an objection takes
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-acts-'));
    const procedure = JSON.parse(fs.readFileSync(path.join(root, 'templates/procedures/laiyuan.json'), 'utf8'));
    procedure.moves.find((move) => move.id === 'object').deadline = { days: 5, unit: 'working', basis: '本县办事指南' };
    fs.writeFileSync(path.join(folder, 'own.json'), JSON.stringify(procedure));
    system = await startSystemWithClock({ conf: { 'procedure.file': path.join(folder, 'own.json') } });
  });
  after(async () => { await system?.stop(); fs.rmSync(folder, { recursive: true, force: true }); });

  test('a nudge: after the day, once in three days', async () => {
    const answers = household();
    const answer = await file(system.base, system.code(), answers);
    const url = system.base + answer.location;
    const page = async () => textOf((await get(url)).html);
    const [, last] = (await page()).match(/过了(\d+月\d+日)（周.）还没有办/);
    for (let days = 0; system.clock.day() !== last; days++) { assert.ok(days < 15); system.clock.goOn(1); }
    assert.equal((await post(url, { act: 'nudge' })).status, 409, 'the day itself is still in time');
    system.clock.goOn(1);
    assert.equal((await post(url, { act: 'nudge' })).status, 303);
    const said = await page();
    const today = system.clock.day();
    const status = async (at = url) => statusOf((await get(at, { 'accept-encoding': 'identity' })).html); // not the page kept for a minute
    assert.match(await status(), new RegExp(`^${today}（周.）催过了，曲堤街道会看到。$`));
    assert.equal(said.split('催过了').length, 2, 'said once');
    const found = await post(`${system.base}/progress`, { id_number: answers.id_number, phone: answers.phone });
    assert.equal(await status(system.base + found.location), '催过了，镇里会看到。');
    assert.match(said, new RegExp(`${today}（周.）催过了，曲堤街道会看到。`));
    const again = system.clock.day(new Date(system.clock.now().getTime() + 3 * 864e5));
    assert.match(said, new RegExp(`从${again}（周.）起，可以再催一次。`));
    const twice = await post(url, { act: 'nudge' });
    assert.equal(twice.status, 409);
    assert.match(textOf(twice.html.match(/<p class="box" role="alert"[^]*?<\/p>/)[0]), new RegExp(`从${again}`));
    system.clock.goOn(2);
    assert.equal((await post(url, { act: 'nudge' })).status, 409);
    system.clock.goOn(1);
    assert.ok((await get(url)).html.includes('value="nudge"'));
    assert.equal((await post(url, { act: 'nudge' })).status, 303);
    assert.ok(!(await get(url)).html.includes('value="nudge"'));
    assert.match(await status(), /催过了/);
    system.clock.goOn(1.1 / 24);
    assert.equal(await status(), '', 'an hour later it stands with the rest');
    assert.match(await page(), /催过了，曲堤街道会看到。/);
  });

  test('an objection: within 30 days after the refusal', async () => {
    const declined = async () => {
      const answers = household();
      const answer = await file(system.base, system.code(), answers);
      await tellStep(system, receiptOf(answer.location), 'visit');
      await tellEnd(system, receiptOf(answer.location), 'declined', { reason: 'criteria' });
      return { url: system.base + answer.location, last4: answers.id_number.slice(-4) };
    };
    const one = await declined();
    const two = await declined();
    system.clock.goOn(30);
    assert.equal((await post(one.url, { act: 'object', last4: one.last4 })).status, 303);
    assert.match(textOf((await get(one.url)).html), /您的异议已经记下，正在复核，最晚\d+月\d+日（周.）有结果。/);
    system.clock.goOn(1);
    const late = await post(two.url, { act: 'object', last4: two.last4 });
    assert.equal(late.status, 409);
    assert.ok(textOf(late.html).includes('提异议的时间过了'));
    assert.ok(!(await get(two.url)).html.includes('value="object"'));
    assert.ok(!textOf((await get(two.url)).html).includes('可以点“我有异议”'));
  });
});

describe('without steps', () => {
  let system;
  after(() => system?.stop());

  test('[progress] source = none: no steps, no lateness, add and withdraw remain', async () => {
    system = await startSystem({ conf: { 'progress.source': 'none' } });
    const answers = household();
    const answer = await file(system.base, system.code(), answers);
    const url = system.base + answer.location;
    const { html } = await get(url);
    const text = textOf(html);
    assert.match(text, /已转给曲堤街道，最晚\d+月\d+日（周.）有人联系您；到时没人联系，请打0531-00000000。/);
    assert.ok(!text.includes('入户核查') && !text.includes('催一下') && !text.includes('来过'));
    for (const act of ['nudge', 'visited', 'not_visited']) {
      assert.ok(!html.includes(`value="${act}"`));
      assert.equal((await post(url, { act })).status, 409);
    }
    assert.equal((await post(url, { act: 'add', detail: '话', last4: answers.id_number.slice(-4) })).status, 303);
  });
});
