// One household, one report: whatever is pressed twice, sent twice, corrected, added or filed again, and what each link shows.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fieldsOf, file, get, household, inventedId, inventedPhone, post, receiptOf, textOf, titleOf, tokenOf } from '../lib/farmer.mjs';
import { redis } from '../lib/store.mjs';
import { startSystem, until } from '../lib/system.mjs';

let system;
let code;
before(async () => { system = await startSystem(); code = system.code(); });
after(() => system?.stop());

const freshToken = async (where = code) => tokenOf((await get(system.base + where)).html);
const submit = (token, answers, where = code) => post(system.base + where, { token, step: 'submit', consent: '1', consent_sensitive: '1', ...answers });
const stored = (receipt) => JSON.parse(system.cli('mashang', 'queue', 'show', receipt, '--json'));
const accepted = () => JSON.parse(system.cli('mashang', 'queue', 'stats', '--json')).accepted;

// A submission that is taken: its receipt and address.
async function filed(token, answers, where = code) {
  const answer = await submit(token, answers, where);
  assert.equal(answer.status, 303, `${answer.status} ${titleOf(answer.html)}`);
  return { receipt: receiptOf(answer.location), location: answer.location };
}

// The report's events as the monitoring system has them, when `count` are there; never more. What was in flight while a worker or
// Redis died is sent again when its lease ends, with the same id: that is one event.
async function events(receipt, count) {
  assert.equal(stored(receipt).length, count, 'events made');
  const found = await until(`${count} events of ${receipt}`, async () => {
    const all = new Map();
    for (const one of await system.upstream.received()) {
      const event = { headers: one.headers, ...JSON.parse(one.body) };
      if (event.data.receipt === receipt && !all.has(event.id)) all.set(event.id, event);
    }
    return all.size >= count ? [...all.values()] : null;
  }, { every: 20, ms: 25000 });
  assert.deepEqual(found.map((one) => one.id), Array.from({ length: count }, (_, i) => (i ? `${receipt}-${i + 1}` : receipt)));
  assert.deepEqual(found.map((one) => one.data.version), Array.from({ length: count }, (_, i) => i + 1));
  return found;
}

async function hook(type, data, id = `msg_${Math.random()}`) {
  const body = JSON.stringify({ type, timestamp: new Date().toISOString(), data });
  const at = new Date();
  const answer = await fetch(`${system.base}/hooks/upstream`, {
    method: 'POST', body,
    headers: { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': new Webhook(system.callbackSecret).sign(id, at, body) },
  });
  assert.equal(answer.status, 204, await answer.text());
}

const wide = (text) => text.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));
const isFull = (location) => assert.match(location, /^\/r\/\d{12}-f/);
const isShort = (location) => assert.match(location, /^\/r\/\d{12}-s/);

describe('the same token, the same person, the same answers: nothing is stored', () => {
  const cases = [
    ['letter by letter', (a) => a],
    ['the ID in full width', (a) => ({ ...a, id_number: wide(a.id_number) })],
    ['the ID with blanks', (a) => ({ ...a, id_number: `${a.id_number.slice(0, 6)} ${a.id_number.slice(6)}` })],
    ['the phone with +86 and dashes', (a) => ({ ...a, phone: `+86 ${a.phone.slice(0, 3)}-${a.phone.slice(3)}` })],
    ['the name with blanks around', (a) => ({ ...a, name: ` ${a.name} ` })],
    ['an invisible character', (a) => ({ ...a, name: `${a.name}\u200b`, phone: `\ufeff${a.phone}` })],
    ['the risks in another order', (a) => ({ ...a, risk: a.risk.toReversed() })],
    ['a risk twice', (a) => ({ ...a, risk: [...a.risk, a.risk[0]] })],
    ['self by default', (a) => ({ ...a, filed_by: [] })],
    ['blanks after the detail', (a) => ({ ...a, detail: `${a.detail} ` })],
  ];
  for (const [what, change] of cases) {
    test(what, async () => {
      const token = await freshToken();
      const answers = household({ risk: ['accident', 'jobs'], detail: '家里的情况' });
      const first = await filed(token, answers);
      const second = await filed(token, change(answers));
      assert.equal(second.location, first.location);
      assert.equal(stored(first.receipt).length, 1);
    });
  }

  test('without an ID: name and phone are the person', async () => {
    const token = await freshToken();
    const answers = household({ id_number: '', no_id: '1' });
    const first = await filed(token, answers);
    assert.equal((await filed(token, answers)).location, first.location);
    assert.equal(stored(first.receipt).length, 1);
    const other = await filed(token, { ...answers, name: '试验乙' });
    assert.notEqual(other.receipt, first.receipt);
    assert.notEqual((await filed(token, { ...answers, phone: inventedPhone() })).receipt, first.receipt);
    assert.equal((await filed(token, answers)).location, first.location);
  });

  test('twenty at once', async () => {
    const token = await freshToken();
    const answers = household();
    const before = accepted();
    const all = await Promise.all(Array.from({ length: 20 }, () => filed(token, answers)));
    assert.equal(new Set(all.map((one) => one.location)).size, 1);
    isFull(all[0].location);
    assert.equal(accepted(), before + 1);
    await events(all[0].receipt, 1);
  });

  test('by way of the check page, and straight again', async () => {
    const answers = household();
    const token = await freshToken();
    const check = await post(system.base + code, { token, step: 'check', ...answers });
    const via = await post(system.base + code, [...fieldsOf(check.html), ['consent', '1'], ['step', 'submit']]);
    assert.equal((await filed(token, answers)).location, via.location);
  });

  test('after a 422: the page carries the same token on', async () => {
    const token = await freshToken();
    const answers = household();
    const first = await filed(token, answers);
    const wrong = await submit(token, { ...answers, phone: '1' });
    assert.equal(wrong.status, 422);
    assert.equal(tokenOf(wrong.html), token);
    assert.equal((await filed(tokenOf(wrong.html), answers)).location, first.location);
  });

  test('whatever happened in between: an addition, a correction, steps, a decision', async () => {
    const token = await freshToken();
    const answers = household();
    const first = await filed(token, answers);
    await file(system.base, code, { ...answers, risk: ['accident', 'water'] });
    assert.equal((await filed(token, answers)).location, first.location);
    await filed(token, { ...answers, name: '试验乙' });
    assert.equal((await filed(token, answers)).location, first.location);
    await hook('report.step', { receipt: first.receipt, step: 'visit', outcome: 'passed', at: new Date().toISOString() });
    assert.equal((await filed(token, answers)).location, first.location);
    await hook('report.decided', { receipt: first.receipt, decision: 'declined', reason: 'solved' });
    assert.equal((await filed(token, answers)).location, first.location);
    assert.equal(stored(first.receipt).length, 3, 'first, added, corrected');
  });
});

describe('the same token, the same person, other answers: an addition', () => {
  const cases = [
    ['a risk', (a) => ({ ...a, risk: ['accident', 'jobs'] }), (d) => assert.ok(d.risks.includes('jobs') && d.risks.includes('accident'))],
    ['a detail', (a) => ({ ...a, detail: '后来想起的事' }), (d) => assert.ok(d.detail.includes('后来想起的事'))],
    ['urgent', (a) => ({ ...a, urgent: '1' }), (d) => assert.equal(d.urgent, true)],
  ];
  for (const [what, change, check] of cases) {
    test(what, async () => {
      const token = await freshToken();
      const answers = household();
      const first = await filed(token, answers);
      const second = await filed(token, change(answers));
      assert.equal(second.location, first.location, 'the very same address');
      const [accept, add] = await events(first.receipt, 2);
      assert.equal(add.type, 'cn.mashang.report.added.v1');
      check(add.data);
      assert.deepEqual(accept.data.risks, ['accident'], 'the first event is what was accepted');
      assert.equal(add.headers['idempotency-key'], `${first.receipt}-2`);
      assert.equal(add.headers['webhook-id'], `${first.receipt}-2`);
      assert.ok(add.data.flags.includes('additions'));
      assert.equal((await filed(token, change(answers))).location, first.location);
      await events(first.receipt, 2);
    });
  }
  test('three times more, three events in order', async () => {
    const token = await freshToken();
    const answers = household();
    const { receipt } = await filed(token, answers);
    for (const risk of [['accident', 'jobs'], ['accident', 'jobs', 'water'], ['accident', 'jobs', 'water', 'housing']]) await filed(token, { ...answers, risk });
    const all = await events(receipt, 4);
    assert.deepEqual(all.map((one) => one.data.risks.length), [1, 2, 3, 4]);
  });
  test('other answers ten times at once: each counted once, one receipt', async () => {
    const token = await freshToken();
    const answers = household();
    const first = await filed(token, answers);
    const all = await Promise.all(Array.from({ length: 10 }, () => filed(token, { ...answers, risk: ['accident', 'jobs'] })));
    assert.equal(new Set(all.map((one) => one.location)).size, 1);
    assert.equal(all[0].location, first.location);
    await events(first.receipt, 2);
  });
});

describe('the same token, the same person, another name or phone: a correction', () => {
  test('name', async () => {
    const token = await freshToken();
    const answers = household();
    const first = await filed(token, answers);
    assert.equal((await filed(token, { ...answers, name: '试验乙' })).location, first.location);
    const [accept, correct] = await events(first.receipt, 2);
    assert.equal(correct.type, 'cn.mashang.report.corrected.v1');
    assert.equal(accept.data.name, '试验甲');
    assert.equal(correct.data.name, '试验乙');
    assert.equal(correct.data.phone, answers.phone);
    assert.ok(!correct.data.flags.includes('possible_duplicate'));
  });
  test('phone: never a duplicate, and the new one is what finds the report', async () => {
    const token = await freshToken();
    const answers = household();
    const phone = inventedPhone();
    const first = await filed(token, answers);
    assert.equal((await filed(token, { ...answers, phone })).location, first.location);
    const [, correct] = await events(first.receipt, 2);
    assert.equal(correct.type, 'cn.mashang.report.corrected.v1');
    assert.equal(correct.data.phone, phone);
    assert.ok(!correct.data.flags.includes('possible_duplicate'));
    const byId = await post(`${system.base}/progress`, { id_number: answers.id_number, phone });
    assert.equal(byId.status, 303);
    assert.equal(receiptOf(byId.location), first.receipt);
    const again = await file(system.base, code, { ...answers, phone });
    assert.equal(receiptOf(again.location), first.receipt, 'filed again with the new phone: the same household');
    const check = await get(system.base + first.location);
    assert.ok(textOf(check.html).includes('试**'));
  });
  test('name, phone and a new risk in one', async () => {
    const token = await freshToken();
    const answers = household();
    const phone = inventedPhone();
    const first = await filed(token, answers);
    assert.equal((await filed(token, { ...answers, name: '试验乙', phone, risk: ['accident', 'water'] })).location, first.location);
    const made = stored(first.receipt).length;
    const last = (await events(first.receipt, made)).at(-1);
    assert.equal(last.data.name, '试验乙');
    assert.equal(last.data.phone, phone);
    assert.ok(last.data.risks.includes('water'));
    const types = (await events(first.receipt, made)).map((one) => one.type);
    assert.ok(types.includes('cn.mashang.report.corrected.v1'), types.join());
  });
  test('corrected and corrected back: each goes upstream', async () => {
    const token = await freshToken();
    const answers = household();
    const first = await filed(token, answers);
    await filed(token, { ...answers, name: '试验乙' });
    await filed(token, { ...answers, name: '试验丙' });
    const all = await events(first.receipt, 3);
    assert.deepEqual(all.map((one) => one.data.name), ['试验甲', '试验乙', '试验丙']);
  });
  test('the masked name follows', async () => {
    const token = await freshToken();
    const answers = household();
    const first = await filed(token, answers);
    await filed(token, { ...answers, name: '改名甲' });
    assert.ok(textOf((await get(system.base + first.location)).html).includes('改**'));
  });
});

describe('the same token, another person: a new report', () => {
  test('five households in a row by Back, each found again', async () => {
    const token = await freshToken();
    const all = [];
    for (let i = 0; i < 5; i += 1) {
      const answers = household({ filed_by: 'cadre', helper_name: '试验助', helper_phone: '19900000001' });
      all.push([answers, await filed(token, answers)]);
    }
    assert.equal(new Set(all.map(([, one]) => one.receipt)).size, 5);
    for (const [answers, one] of all) {
      isFull(one.location);
      assert.equal((await filed(token, answers)).location, one.location);
      const [event] = await events(one.receipt, 1);
      assert.equal(event.data.id_number, answers.id_number);
      assert.deepEqual(event.data.flags, []);
    }
  });
  test('the same phone, another ID: another household', async () => {
    const token = await freshToken();
    const answers = household();
    const first = await filed(token, answers);
    assert.notEqual((await filed(token, { ...answers, id_number: inventedId() })).receipt, first.receipt);
  });
  test('two persons at once', async () => {
    const token = await freshToken();
    const [a, b] = [household(), household()];
    const all = await Promise.all([a, b, a, b, a, b].map((answers) => filed(token, answers)));
    assert.equal(new Set(all.map((one) => one.location)).size, 2);
    assert.equal(all[0].location, all[2].location);
    assert.equal(all[1].location, all[5].location);
  });
});

describe('the same household under another token', () => {
  const cases = [
    ['identical', (a) => a, 1],
    ['the phone with +86', (a) => ({ ...a, phone: `+86${a.phone}` }), 1],
    ['the ID in full width', (a) => ({ ...a, id_number: wide(a.id_number) }), 1],
    ['fewer risks: nothing new', (a) => ({ ...a, risk: ['accident'] }), 1],
    ['no detail: nothing new', (a) => ({ ...a, detail: '' }), 1],
    ['not urgent any more: nothing new', (a) => ({ ...a, urgent: [] }), 1],
    ['a new risk', (a) => ({ ...a, risk: ['accident', 'water'] }), 2, (d) => assert.ok(d.risks.includes('water'))],
    ['only the new risk', (a) => ({ ...a, risk: ['water'] }), 2, (d) => assert.ok(d.risks.includes('water'))],
    ['another detail', (a) => ({ ...a, detail: '新的情况' }), 2, (d) => assert.ok(d.detail.includes('新的情况'))],
  ];
  for (const [what, change, count, check] of cases) {
    test(what, async () => {
      const answers = household({ risk: ['accident', 'jobs'], detail: '家里的情况', urgent: '1' });
      const first = await filed(await freshToken(), answers);
      const token = await freshToken();
      const again = await filed(token, change(answers));
      assert.equal(again.receipt, first.receipt);
      isShort(again.location);
      const all = await events(first.receipt, count);
      check?.(all.at(-1).data);
      if (count > 1) assert.equal(all.at(-1).type, 'cn.mashang.report.added.v1');
      assert.equal((await filed(token, change(answers))).location, again.location, 'a repeat under that token: that address');
      await events(first.receipt, count);
    });
  }
  test('urgent now', async () => {
    const answers = household();
    const first = await filed(await freshToken(), answers);
    await filed(await freshToken(), { ...answers, urgent: '1' });
    assert.equal((await events(first.receipt, 2))[1].data.urgent, true);
  });
  test('from another village of the county', async () => {
    const answers = household();
    const first = await filed(await freshToken(), answers);
    const other = system.code('370115001001');
    const again = await filed(await freshToken(other), answers, other);
    assert.equal(again.receipt, first.receipt);
    isShort(again.location);
    await events(first.receipt, 1);
  });
  test('first self, then a helper files for them with the same phone', async () => {
    const answers = household();
    const first = await filed(await freshToken(), answers);
    const again = await filed(await freshToken(), { ...answers, filed_by: 'cadre', helper_name: '试验助', helper_phone: inventedPhone() });
    assert.equal(again.receipt, first.receipt);
    isShort(again.location);
  });
  test('ten at once under ten tokens: one receipt', async () => {
    const answers = household();
    const tokens = await Promise.all(Array.from({ length: 10 }, () => freshToken()));
    const all = await Promise.all(tokens.map((token) => filed(token, answers)));
    assert.equal(new Set(all.map((one) => one.receipt)).size, 1);
    assert.equal(all.filter((one) => one.location.includes('-f')).length, 1, 'one of them was first');
    await events(all[0].receipt, 1);
  });
  test('another phone: a report of its own, flagged, and nobody is told of the first', async () => {
    const answers = household();
    const first = await filed(await freshToken(), answers);
    for (let i = 0; i < 2; i += 1) {
      const other = await filed(await freshToken(), { ...answers, phone: inventedPhone() });
      assert.notEqual(other.receipt, first.receipt);
      isFull(other.location);
      const [event] = await events(other.receipt, 1);
      assert.ok(event.data.flags.includes('possible_duplicate'));
      const page = textOf((await get(system.base + other.location)).html);
      assert.ok(!/之前报过|编号不变|重复|补充进去/.test(page));
      assert.ok(!page.replace(/ /g, '').includes(first.receipt));
    }
    const [event] = await events(first.receipt, 1);
    assert.deepEqual(event.data.flags, []);
  });
  test('the check page tells nobody that a report exists', async () => {
    const answers = household();
    await filed(await freshToken(), answers);
    const token = await freshToken();
    const [known, unknown] = [await post(system.base + code, { token, step: 'check', ...answers }), await post(system.base + code, { token, step: 'check', ...household() })];
    const plain = (html) => html.replace(/\d{2,}[\dX ]*/g, '#');
    assert.equal(plain(known.html), plain(unknown.html));
  });
  test('a declined report is not open any more: a new one', async () => {
    const answers = household();
    const first = await filed(await freshToken(), answers);
    await events(first.receipt, 1);
    await hook('report.decided', { receipt: first.receipt, decision: 'declined', reason: 'solved' });
    const again = await filed(await freshToken(), answers);
    assert.notEqual(again.receipt, first.receipt);
    isFull(again.location);
    await events(again.receipt, 1);
  });
  test('a drill is no report: the real one is new and goes upstream', async () => {
    const drill = system.code('370115008218', '--drill');
    const answers = household();
    const practised = await filed(await freshToken(drill), answers, drill);
    const real = await filed(await freshToken(), answers);
    assert.notEqual(real.receipt, practised.receipt);
    const [event] = await events(real.receipt, 1);
    assert.ok(!event.data.flags.includes('drill'));
    assert.ok(!event.data.flags.includes('possible_duplicate'));
  });
  test('a drill adds nothing to a real report', async () => {
    const drill = system.code('370115008218', '--drill');
    const answers = household();
    const real = await filed(await freshToken(), answers);
    const practised = await filed(await freshToken(drill), { ...answers, risk: ['accident', 'water'] }, drill);
    assert.notEqual(practised.receipt, real.receipt);
    await events(real.receipt, 1);
  });
  test('a token of the drill does not file a real report as a drill', async () => {
    const drill = system.code('370115008218', '--drill');
    const answer = await submit(await freshToken(drill), household());
    if (answer.status === 303) await events(receiptOf(answer.location), 1);
    else assert.equal(answer.status, 200);
  });
});

describe('tokens that are not ours are never a dead end', () => {
  let good;
  before(async () => { good = await freshToken(); });
  const flip = (text, i) => text.slice(0, i) + (text[i] === 'A' ? 'B' : 'A') + text.slice(i + 1);
  const cases = [
    ['missing', () => []], ['empty', () => ''], ['short', () => 'A'], ['cut', () => good.slice(0, -1)], ['longer', () => `${good}A`], ['blanks', () => ` ${good}`], ['long', () => 'A'.repeat(5000)], ['strange', () => '<"\'>试\u0000'],
    ['another case', () => good.toLowerCase()], ['twice', () => good + good],
    ...[0, 1, 2, 5, 10, 15, 20, 25, 30, 35, 40, 44, 46].map((i) => [`changed at ${i}`, () => flip(good, i)]),
  ];
  for (const [what, token] of cases) {
    test(what, async () => {
      const answers = household({ risk: ['illness'], detail: '家里的情况' });
      const check = await post(system.base + code, { token: token(), step: 'check', ...answers });
      assert.equal(check.status, 200);
      assert.ok(!textOf(check.html).includes('放久了'), 'renewed silently');
      const answer = await submit(token(), answers);
      assert.equal(answer.status, 200);
      assert.ok(textOf(answer.html).includes('放久了，请再点一次提交'));
      assert.doesNotMatch(titleOf(answer.html), /^错误/);
      assert.notEqual(tokenOf(answer.html), token());
      const kept = fieldsOf(answer.html);
      for (const name of ['name', 'id_number', 'phone', 'detail']) assert.deepEqual(kept.find(([one]) => one === name)?.[1], answers[name]);
      const again = await post(system.base + code, [...kept.filter(([name]) => !name.startsWith('consent')), ['consent', '1'], ['consent_sensitive', '1'], ['step', 'submit']]);
      assert.equal(again.status, 303);
      isFull(again.location);
    });
  }
  test('the wrong values are said first', async () => {
    const answer = await submit('x', household({ phone: '1' }));
    assert.equal(answer.status, 422);
    assert.notEqual(tokenOf(answer.html), 'x');
  });
});

describe('what each link shows', () => {
  const answers = household({
    name: '试验某', filed_by: 'relative', helper_name: '帮忙的', helper_phone: inventedPhone(), detail: '不该出现的详情', risk: ['illness', 'jobs'], role: 'member',
  });
  let full;
  let short;
  let receipt;
  before(async () => {
    ({ location: full, receipt } = await filed(await freshToken(), answers));
    short = (await filed(await freshToken(), answers)).location;
    await hook('report.step', { receipt, step: 'visit', outcome: 'passed', at: new Date().toISOString(), public_note: '公开的话' });
  });
  const page = async (where) => {
    const answer = await get(system.base + where);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(answer.headers.get('etag'), null);
    return answer.html;
  };
  const personal = () => [answers.name, answers.id_number, answers.id_number.slice(6, 14), answers.id_number.slice(-4), answers.phone, answers.phone.slice(-4), answers.helper_name, answers.helper_phone, answers.detail, '看病', '没活干', '家里其他人'];

  test('full: number, steps, dates, public notes, the masked name and nothing else personal', async () => {
    const html = await page(full);
    // what may be added is offered to everybody alike: no risk stands ticked
    assert.ok(!/<input[^>]* checked/.test(html));
    const text = textOf(html.replace(/<svg[\s\S]*?<\/svg>/g, '').replace(/<fieldset[\s\S]*<\/fieldset>/, ''));
    const shown = `${receipt.slice(0, 4)} ${receipt.slice(4, 8)} ${receipt.slice(8)}`;
    for (const part of [shown, '试**', '葛家村', '公开的话', '村级评议', '0531-00000000', '截屏']) assert.ok(text.includes(part), part);
    const rest = text.replaceAll(shown, '').replaceAll(full, '').replace(system.base, '');
    for (const part of personal()) assert.ok(!rest.includes(part), part);
    assert.match(html, /<svg|<img[^>]*src="data:image/, 'the QR code of this address');
  });
  test('short: number, step words and dates only', async () => {
    const html = await page(short);
    const text = textOf(html.replace(/<svg[\s\S]*?<\/svg>/g, ''));
    const shown = `${receipt.slice(0, 4)} ${receipt.slice(4, 8)} ${receipt.slice(8)}`;
    for (const part of [shown, '村级评议']) assert.ok(text.includes(part), part);
    assert.match(text, /\d+月\d+日/);
    const rest = text.replaceAll(shown, '').replaceAll(short, '').replace(system.base, '');
    for (const part of [...personal(), '试**', '**', '葛家村', '曲堤', '公开的话', full.slice(16)]) assert.ok(!rest.includes(part), part);
  });
  test('ID and phone lead to the short kind, number and last four to the full one', async () => {
    const byId = await post(`${system.base}/progress`, { id_number: answers.id_number, phone: answers.phone });
    assert.equal(byId.status, 303);
    assert.equal(receiptOf(byId.location), receipt);
    isShort(byId.location);
    const byNumber = await post(`${system.base}/progress`, { receipt, last4: answers.id_number.slice(-4) });
    assert.equal(byNumber.location, full);
  });
  test('a short link names no decline reason and no public note', async () => {
    const one = household();
    const first = await filed(await freshToken(), one);
    const again = await filed(await freshToken(), one);
    await hook('report.decided', { receipt: first.receipt, decision: 'declined', reason: 'solved', public_note: '公开的话' });
    assert.ok(textOf(await page(first.location)).includes('这个困难已经解决'));
    const text = textOf(await page(again.location));
    assert.ok(text.includes('未纳入'));
    for (const part of ['这个困难已经解决', '公开的话']) assert.ok(!text.includes(part), part);
  });
  test('links that are not ours: 404, and nothing of the report', async () => {
    const other = (await filed(await freshToken(), household())).location;
    const wrong = [
      short.replace('-s', '-f'), full.replace('-f', '-s'), full.slice(0, -1), `${full}0`, full.replace(/-f/, '-'), full.replace(/-f/, '-x'), `/r/${receipt}`, `/r/${receipt}-`, `/r/${receipt}-f`, `/r/${receiptOf(other)}${full.slice(15)}`, `/r/${receipt}${other.slice(15)}`, '/r/', '/r', '/r/x',
      ...Array.from({ length: full.length - 17 }, (_, i) => i + 17).map((i) => full.slice(0, i) + (full[i] === '0' ? '2' : '0') + full.slice(i + 1)),
    ].filter((one) => one !== full && one !== short);
    for (const link of wrong) {
      const answer = await get(system.base + link);
      assert.equal(answer.status, 404, link);
      assert.ok(!answer.html.includes('试**') && !textOf(answer.html).includes(`${receipt.slice(0, 4)} `), link);
    }
  });
});

describe('after restarts', () => {
  const ready = () => until('the store', async () => /^ready\n/.test(await (await fetch(`${system.admin}/readyz`)).text()), { ms: 10000 });
  const cases = [
    ['the gateway ended and started', async () => { await system.stopGateway(); await system.startGateway(); }],
    ['the gateway killed with -9', async () => {
      const pid = system.redisPid();
      const gone = new Promise((resolve) => system.gateway.once('exit', resolve));
      system.gateway.kill('SIGKILL');
      await gone;
      await until('Redis to end', () => { try { process.kill(pid, 0); return false; } catch { return true; } });
      await system.startGateway();
    }],
    ['Redis killed with -9', async () => {
      const pid = system.redisPid();
      process.kill(pid, 'SIGKILL');
      await until('another Redis', () => system.redisPid() && system.redisPid() !== pid);
      await ready();
    }],
    ['a worker killed with -9', async () => {
      const old = system.workerPids();
      for (const pid of old) process.kill(pid, 'SIGKILL');
      await until('successors', () => system.workerPids().length === old.length && system.workerPids().every((pid) => !old.includes(pid)));
      await ready();
    }],
  ];
  for (const [what, act] of cases) {
    test(what, async () => {
      const token = await freshToken();
      const answers = household();
      const first = await filed(token, answers);
      const unused = await freshToken();
      await act();
      // connections kept alive died with what was killed, or a worker without a master says one thing more on them: 503
      const again = (...what) => until('an answer', () => filed(...what));
      assert.equal((await again(token, answers)).location, first.location, 'repeated');
      const link = await until('an answer', async () => { const page = await get(system.base + first.location); return page.status !== 503 && page; });
      assert.equal(link.status, 200, 'its link');
      assert.equal((await again(token, { ...answers, name: '试验乙' })).location, first.location, 'corrected');
      assert.equal((await again(unused, { ...answers, name: '试验乙', risk: ['accident', 'jobs'] })).receipt, first.receipt, 'the same household');
      const all = await events(first.receipt, 3);
      assert.deepEqual(all.map((one) => one.type.split('.')[3]), ['accepted', 'corrected', 'added']);
      assert.notEqual((await filed(unused, household())).receipt, first.receipt);
    });
  }
});

test('decided while it is filed again: what is new never goes into a report that is closed', async () => {
  const outcomes = { same: 0, another: 0 };
  for (let i = 0; i < 60; i += 1) {
    const answers = household();
    const token = await freshToken();
    const first = await filed(token, answers);
    const again = i % 2 ? token : await freshToken();
    const [second] = await Promise.all([
      filed(again, { ...answers, risk: ['accident', 'water'] }),
      sleep(i % 12).then(() => hook('report.decided', { receipt: first.receipt, decision: 'already' })),
    ]);
    const chain = redis(system, 'LRANGE', `ms:{${first.receipt.slice(0, 2)}}:x:${first.receipt}`, '0', '-1').split('\n').map((line) => line.match(/"ev":"(\w+)"/)?.[1]);
    const added = chain.indexOf('added');
    if (second.receipt === first.receipt) assert.ok(added > 0 && added < chain.indexOf('decide'), chain.join(' '));
    else assert.equal(added, -1, chain.join(' '));
    outcomes[second.receipt === first.receipt ? 'same' : 'another'] += 1;
  }
  assert.ok(outcomes.same && outcomes.another, JSON.stringify(outcomes));
});

test('afterwards the law holds, and each event had one effect', async () => {
  await until('an empty queue', () => {
    const stats = JSON.parse(system.cli('mashang', 'queue', 'stats', '--json'));
    return stats.ready + stats.delayed + stats.sending === 0;
  }, { ms: 25000 });
  const audit = JSON.parse(system.cli('mashang', 'queue', 'audit', '--json'));
  assert.equal(audit.holds, true);
  assert.equal(audit.sum.buried, 0);
  const { effects, bad_signatures: bad } = await system.upstream.effects();
  assert.equal(bad, 0);
  assert.ok(Object.values(effects).every((count) => count === 1));
  assert.equal(Object.keys(effects).length, audit.sum.delivered);
});
