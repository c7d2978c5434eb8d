// 并户: what is merged into another report is looked at nowhere else, so the other one must go on.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { addToken, Api, county, directDoors, fileReport, isProblem } from '../lib/api.mjs';
import { get, post, textOf } from '../lib/farmer.mjs';
import { startSystem, village } from '../lib/system.mjs';
import { field, setField } from '../lib/store.mjs';

describe('merging', () => {
  let system;
  let api;
  before(async () => {
    system = await startSystem();
    api = new Api(directDoors(system), addToken(system, { area: county, rights: ['read', 'step'] }));
  });
  after(() => system.stop());

  const page = async (one) => textOf((await get(system.base + one.location)).html);
  // reached by ID and phone: the short kind of the link
  const short = async (one) => {
    const found = await post(`${system.base}/progress`, { id_number: one.id_number, phone: one.phone });
    assert.equal(found.status, 303, found.html);
    assert.ok(found.location.startsWith(`/r/${one.receipt}-s`), found.location);
    return { ...one, location: found.location };
  };
  const closed = /这次申报已关闭，有疑问请打0531-00000000。/;
  // reports of several persons who have one telephone
  const familyOf = async (count) => {
    const reports = [await fileReport(system)];
    while (reports.length < count) reports.push(await fileReport(system, { phone: reports[0].phone }));
    return reports;
  };

  const refused = async (receipt, leader) => {
    isProblem(await api.move(receipt, 'merge', { leader }), 422, { pointer: '/leader' });
    assert.equal(field(system, receipt, 'state'), 'new');
  };

  test('a report never ends in a drill, nor a drill in a report; a drill in a drill', async () => {
    const code = system.code(village, '--drill');
    const [one, drill, other] = [await fileReport(system), await fileReport(system, {}, { code }), await fileReport(system, {}, { code })];
    await refused(one.receipt, drill.receipt);
    await refused(drill.receipt, one.receipt);
    await api.moved(drill.receipt, 'merge', { leader: other.receipt });
  });

  test('nor in one that has ended without help, nor in itself, however it is typed', async () => {
    const [one, gone, closed, main] = [await fileReport(system), await fileReport(system), await fileReport(system), await fileReport(system)];
    await api.moved(gone.receipt, 'withdraw');
    await api.moved(closed.receipt, 'merge', { leader: main.receipt });
    await refused(one.receipt, gone.receipt);
    await refused(one.receipt, closed.receipt);
    const wide = [...one.receipt].map((digit) => String.fromCharCode(0xff10 + Number(digit))).join('');
    await refused(one.receipt, wide);
  });

  test('two that are merged into each other at the same time: one goes on', async () => {
    for (let i = 0; i < 8; i += 1) {
      const [left, right] = [await fileReport(system), await fileReport(system)];
      const answers = await Promise.all([api.move(left.receipt, 'merge', { leader: right.receipt }), api.move(right.receipt, 'merge', { leader: left.receipt })]);
      const states = [left, right].map(({ receipt }) => field(system, receipt, 'state')).sort();
      assert.deepEqual(states, ['closed', 'new'], answers.map(({ text }) => text).join('\n'));
    }
  });

  test('what an organisation put in is not merged into what it does not see', async () => {
    const own = new Api(directDoors(system), addToken(system, { area: county, org: 'medical', rights: ['own', 'intake', 'step'] }));
    const filed = await own.intake({ source: 'department', area: village, name: '试验员', phone: '13900001111', risks: ['illness'], found_at: '2026-11-20' });
    assert.equal(filed.status, 201, filed.text);
    const other = await fileReport(system);
    isProblem(await own.move(filed.body.receipt, 'merge', { leader: other.receipt }), 422, { pointer: '/leader', code: 'unknown' });
  });

  test('a chain: the household reads on every page how far the last one is', async () => {
    const [first, second, last] = await familyOf(3);
    await api.moved(first.receipt, 'merge', { leader: second.receipt });
    await api.moved(second.receipt, 'merge', { leader: last.receipt });
    await api.step(last.receipt, 'visit');
    for (const one of [first, second]) {
      const text = await page(one);
      assert.match(text, /这次申报和您家另一次申报合在一起办。下面写的就是办到哪一步了。/);
      assert.match(text, /入户核查 已办/);
      assert.doesNotMatch(text, closed);
      const brief = await page(await short(one));
      assert.match(brief, /入户核查 已办/);
      assert.doesNotMatch(brief, closed);
    }
    await api.moved(last.receipt, 'steps', { decision: 'declined', reason: 'solved' });
    assert.match(await page(first), /经核实，这次没有纳入监测帮扶。原因：这个困难已经解决。/);
  });

  test('a chain that leads out of the household, at any place: only that it is closed', async () => {
    const [first, second] = await familyOf(2);
    const other = await fileReport(system);
    await api.moved(first.receipt, 'merge', { leader: second.receipt });
    await api.moved(second.receipt, 'merge', { leader: other.receipt });
    for (const one of [first, second]) assert.match(await page(one), closed);
    const [third, fourth] = await familyOf(2);
    const stranger = await fileReport(system);
    await api.moved(stranger.receipt, 'merge', { leader: third.receipt });
    await api.moved(third.receipt, 'merge', { leader: fourth.receipt });
    await api.step(fourth.receipt, 'visit');
    assert.match(await page(stranger), closed);
    assert.doesNotMatch(await page(stranger), /入户核查/);
    assert.match(await page(third), /入户核查 已办/);
  });

  test('an ID number that somebody typed, with another telephone: that household\'s page is not shown to him, at any hop', async () => {
    const [first, last] = await familyOf(2);
    const typed = await fileReport(system, { id_number: first.id_number });
    await api.moved(typed.receipt, 'merge', { leader: first.receipt });
    await api.step(first.receipt, 'visit', 'passed', { public_note: '公开的话' });
    for (const one of [typed, await short(typed)]) {
      assert.match(await page(one), closed);
      assert.doesNotMatch(await page(one), /入户核查|公开的话/);
    }
    assert.match(await page(first), /公开的话/);
    await api.moved(first.receipt, 'merge', { leader: last.receipt });
    await api.step(last.receipt, 'visit');
    assert.match(await page(typed), closed);
    assert.match(await page(first), /入户核查 已办/);
  });

  test('eight hops are followed, not more; a circle ends', { timeout: 60000 }, async () => {
    const chain = await familyOf(10);
    for (let i = 0; i + 1 < chain.length; i += 1) await api.moved(chain[i].receipt, 'merge', { leader: chain[i + 1].receipt });
    await api.step(chain[9].receipt, 'visit');
    assert.match(await page(chain[1]), /入户核查 已办/);
    assert.match(await page(chain[0]), closed);
    const [left, right] = await familyOf(2);
    await api.moved(left.receipt, 'merge', { leader: right.receipt });
    const progress = JSON.parse(field(system, right.receipt, 'progress'));
    setField(system, right.receipt, 'progress', JSON.stringify({ ...progress, state: 'closed', decision: 'merged', leader: left.receipt }));
    for (const one of [left, right]) assert.match(await page(one), closed);
  });

  test('closed to its reader: the number, the sentence and the hotline, by either kind of link', async () => {
    const [merged, main, unwanted] = [await fileReport(system), await fileReport(system), await fileReport(system)];
    await api.step(merged.receipt, 'visit');
    await api.moved(merged.receipt, 'merge', { leader: main.receipt });
    await api.moved(unwanted.receipt, 'steps', { decision: 'not_by_person', public_note: '不是本人报的' });
    for (const one of [merged, unwanted]) {
      const number = one.receipt.replace(/(\d{4})(?=\d)/g, '$1 ');
      const brief = await short(one);
      const html = (await get(system.base + one.location)).html;
      assert.match(textOf(html), new RegExp(`^ 申报进度 - 码上报 申报进度 申报编号 ${number} 这次申报已关闭，有疑问请打0531-00000000。 用编号查进度 `));
      for (const what of ['<svg', 'http://127', '/r/', '/V/', 'class="state"', '不是本人报的', '试**', '<button']) assert.ok(!html.includes(what), what);
      assert.doesNotMatch(textOf(html), /\d月\d/);
      assert.equal((await get(system.base + brief.location)).html, html);
      for (const location of [one.location, brief.location]) {
        const told = await post(system.base + location, { act: 'visited' });
        assert.equal(told.status, 409);
        for (const what of ['<svg', '/V/', 'class="state"', '试**']) assert.ok(!told.html.includes(what), what);
      }
    }
  });
});
