// The straight line: form, check, submit, receipt, delivery, callback, progress. One system for all tests of this file.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startSystem, until, village } from '../lib/system.mjs';
import { fieldsOf, file, get, household, inventedPhone, post, receiptOf, textOf, titleOf, tokenOf } from '../lib/farmer.mjs';

let system;
let code;
before(async () => { system = await startSystem(); code = system.code(); });
after(() => system?.stop());

const received = (receipt) => until(`event ${receipt}`, async () => {
  const all = await system.upstream.received();
  const found = all.filter((one) => JSON.parse(one.body).data.receipt === receipt);
  return found.length ? found : null;
});

async function hook(type, data, { id = `msg_${Math.random()}`, secret = system.callbackSecret, at = Date.now() } = {}) {
  const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
  const seconds = Math.floor(at / 1000);
  const key = Buffer.from(secret.slice(6), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  const answer = await fetch(`${system.base}/hooks/upstream`, {
    method: 'POST', body,
    headers: { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` },
  });
  return { status: answer.status, text: await answer.text(), type: answer.headers.get('content-type') };
}

test('form, check page, ticks, receipt: as a browser without script does it', async () => {
  const form = await get(system.base + code);
  assert.equal(form.status, 200);
  assert.match(textOf(form.html), /您要报给：\s*曲堤街道\s*葛家村/);
  const answers = household();
  const check = await post(system.base + code, [...fieldsOf(form.html), ...Object.entries(answers).filter(([name]) => name !== 'filed_by').flatMap(([name, value]) => [value].flat().map((one) => [name, one])), ['step', 'check']]);
  assert.equal(check.status, 200, titleOf(check.html));
  const submit = await post(system.base + code, [...fieldsOf(check.html), ['consent', '1'], ['step', 'submit']]);
  assert.equal(submit.status, 303, titleOf(submit.html));
  const receipt = receiptOf(submit.location);
  const page = await get(system.base + submit.location);
  assert.equal(page.status, 200);
  assert.equal(page.headers.get('cache-control'), 'no-store');
  assert.ok(page.html.includes(`${receipt.slice(0, 4)} ${receipt.slice(4, 8)} ${receipt.slice(8)}`));
  assert.ok(!page.html.includes(answers.name) && !page.html.includes(answers.id_number) && !page.html.includes(answers.phone));
  const [event] = await received(receipt);
  const body = JSON.parse(event.body);
  assert.equal(body.id, receipt);
  assert.equal(body.type, 'cn.mashang.report.accepted.v1');
  assert.equal(body.subject, village);
  assert.equal(body.data.id_number, answers.id_number);
  assert.deepEqual(body.data.area.path, ['山东省', '济南市', '济阳区', '曲堤街道', '葛家村民委员会']);
});

test('missing ticks: 422 and the check page, everything kept', async () => {
  const answers = household({ risk: ['illness'] });
  const page = await get(system.base + code);
  const answer = await post(system.base + code, { token: tokenOf(page.html), step: 'submit', ...answers });
  assert.equal(answer.status, 422);
  assert.match(titleOf(answer.html), /^错误/);
  const kept = new Map(fieldsOf(answer.html));
  assert.equal(kept.get('id_number'), answers.id_number);
  const again = await post(system.base + code, [...fieldsOf(answer.html), ['consent', '1'], ['consent_sensitive', '1'], ['step', 'submit']]);
  assert.equal(again.status, 303);
});

test('wrong values: 422, the summary links to each field, what was typed comes back', async () => {
  const page = await get(system.base + code);
  const typed = { name: '王', id_number: '37011519600101000', phone: '12', risk: [] };
  const answer = await post(system.base + code, { token: tokenOf(page.html), step: 'check', ...typed });
  assert.equal(answer.status, 422);
  assert.match(titleOf(answer.html), /^错误/);
  const kept = new Map(fieldsOf(answer.html));
  for (const name of ['name', 'id_number', 'phone']) {
    assert.equal(kept.get(name), typed[name]);
    const href = answer.html.match(new RegExp(`href="#([^"]*${name}[^"]*)"`));
    assert.ok(href, `no link to ${name}`);
    assert.ok(answer.html.includes(`id="${href[1]}"`));
  }
});

test('the same token and answers: the same address, nothing stored twice', async () => {
  const page = await get(system.base + code);
  const fields = { token: tokenOf(page.html), step: 'submit', consent: '1', ...household() };
  const first = await post(system.base + code, fields);
  const second = await post(system.base + code, fields);
  assert.equal(first.status, 303);
  assert.equal(second.location, first.location);
  await received(receiptOf(first.location));
  const events = (await system.upstream.received()).filter((one) => JSON.parse(one.body).data.receipt === receiptOf(first.location));
  assert.equal(events.length, 1);
});

test('Back, another person, submit: two receipts', async () => {
  const page = await get(system.base + code);
  const token = tokenOf(page.html);
  const first = await post(system.base + code, { token, step: 'submit', consent: '1', ...household() });
  const second = await post(system.base + code, { token, step: 'submit', consent: '1', ...household() });
  assert.equal(second.status, 303);
  assert.notEqual(receiptOf(second.location), receiptOf(first.location));
});

test('the same household under another token: the same receipt, an addition goes upstream', async () => {
  const answers = household();
  const first = await file(system.base, code, answers);
  const receipt = receiptOf(first.location);
  const same = await file(system.base, code, answers);
  assert.equal(receiptOf(same.location), receipt);
  assert.notEqual(same.location, first.location, 'a link of the short kind');
  const more = await file(system.base, code, { ...answers, risk: ['accident', 'jobs'], detail: '还有一件事' });
  assert.equal(receiptOf(more.location), receipt);
  const events = await until('the addition', async () => {
    const all = await received(receipt);
    return all.length >= 2 ? all.map((one) => JSON.parse(one.body)) : null;
  });
  assert.deepEqual(events.map((one) => one.id), [receipt, `${receipt}-2`]);
  assert.equal(events[1].type, 'cn.mashang.report.added.v1');
  assert.deepEqual(events[1].data.risks, ['accident', 'jobs']);
});

test('the same ID with another phone: a report of its own, flagged', async () => {
  const answers = household();
  const first = await file(system.base, code, answers);
  await received(receiptOf(first.location));
  const second = await file(system.base, code, { ...answers, phone: inventedPhone() });
  assert.notEqual(receiptOf(second.location), receiptOf(first.location));
  const [event] = await received(receiptOf(second.location));
  assert.ok(JSON.parse(event.body).data.flags.includes('possible_duplicate'));
});

test('no ID at hand: accepted, flagged, last four of the phone', async () => {
  const answers = household({ no_id: '1' });
  delete answers.id_number;
  const filed = await file(system.base, code, answers);
  assert.equal(filed.status, 303, titleOf(filed.html));
  const receipt = receiptOf(filed.location);
  const [event] = await received(receipt);
  assert.ok(JSON.parse(event.body).data.flags.includes('id_missing'));
  const found = await post(`${system.base}/progress`, { receipt, last4: answers.phone.slice(-4) });
  assert.equal(found.status, 303);
});

test('a token that is not ours: check renews it silently, submit asks for one more tap', async () => {
  const answers = household();
  const check = await post(system.base + code, { token: 'x', step: 'check', ...answers });
  assert.equal(check.status, 200);
  const submit = await post(system.base + code, { token: 'x', step: 'submit', consent: '1', ...answers });
  assert.equal(submit.status, 200);
  assert.ok(textOf(submit.html).includes('放久了，请再点一次提交'));
  assert.doesNotMatch(titleOf(submit.html), /^错误/);
  const again = await post(system.base + code, [...fieldsOf(submit.html).filter(([name]) => name !== 'consent'), ['consent', '1'], ['step', 'submit']]);
  assert.equal(again.status, 303);
});

test('progress by number and last four; by ID and phone; wrong answers are alike', async () => {
  const answers = household();
  const filed = await file(system.base, code, answers);
  const receipt = receiptOf(filed.location);
  const right = await post(`${system.base}/progress`, { receipt: `${receipt.slice(0, 4)} ${receipt.slice(4, 8)} ${receipt.slice(8)}`, last4: answers.id_number.slice(-4).toLowerCase() });
  assert.equal(right.status, 303);
  assert.equal(right.location, filed.location);
  const byId = await post(`${system.base}/progress`, { id_number: answers.id_number, phone: answers.phone });
  assert.equal(byId.status, 303);
  const short = await get(system.base + byId.location);
  assert.equal(short.status, 200);
  const strip = (html) => html.replace(/value="[^"]*"/g, '');
  const wrongs = [];
  for (const fields of [{ receipt, last4: '0000' }, { receipt: '000000000001', last4: '0000' }, { receipt: '123', last4: 'zz' }]) {
    const wrong = await post(`${system.base}/progress`, fields);
    assert.equal(wrong.status, 422);
    wrongs.push(strip(wrong.html));
  }
  assert.equal(new Set(wrongs).size, 1);
});

test('five wrong guesses lock the receipt for strangers; the link still works', async () => {
  const answers = household();
  const filed = await file(system.base, code, answers);
  const receipt = receiptOf(filed.location);
  for (let i = 0; i < 5; i += 1) {
    assert.equal((await post(`${system.base}/progress`, { receipt, last4: `000${i}` })).status, 422);
  }
  const locked = await post(`${system.base}/progress`, { receipt, last4: answers.id_number.slice(-4) });
  assert.equal(locked.status, 429);
  assert.ok(Number(locked.headers.get('retry-after')) > 0);
  assert.equal((await get(system.base + filed.location)).status, 200);
});

test('callbacks move the page; bad signatures, repeats and late steps change nothing', async () => {
  const filed = await file(system.base, code, household());
  const receipt = receiptOf(filed.location);
  const at = new Date().toISOString();
  assert.equal((await hook('report.step', { receipt, step: 'visit', outcome: 'passed', at, public_note: '已经上门看过' }, { secret: system.secret })).status, 401);
  const step = await hook('report.step', { receipt, step: 'visit', outcome: 'passed', at, public_note: '已经上门看过' }, { id: 'msg_same_' + receipt });
  assert.equal(step.status, 204, step.text);
  assert.equal((await hook('report.step', { receipt, step: 'visit', outcome: 'passed', at, public_note: '已经上门看过' }, { id: 'msg_same_' + receipt })).status, 204);
  assert.ok((await get(system.base + filed.location)).html.includes('已经上门看过'));
  assert.equal((await hook('report.decided', { receipt, decision: 'admitted', reason: '', public_note: '' })).status, 204);
  assert.ok((await get(system.base + filed.location)).html.includes('已纳入监测帮扶'));
  const after = await hook('report.decided', { receipt, decision: 'declined', reason: '', public_note: '' });
  assert.equal(after.status, 422);
  assert.match(after.type, /application\/problem\+json/);
  assert.equal((await hook('report.step', { receipt: '000000000002', step: 'visit', outcome: 'passed', at })).status === 204, false);
});

test('list pages lead to the form in two taps; forged codes say how to go on', async () => {
  const top = await get(`${system.base}/`);
  assert.equal(top.status, 200);
  const towns = [...top.html.matchAll(/href="(\/V\/[^"]+)"/g)].map((match) => match[1]);
  assert.ok(towns.length >= 8);
  const villages = await get(system.base + towns[0]);
  const first = [...villages.html.matchAll(/href="(\/V\/[^"]+)"/g)].map((match) => match[1])[0];
  const form = await get(system.base + first);
  assert.ok(tokenOf(form.html));
  const forged = await get(system.base + code.slice(0, -1) + (code.endsWith('0') ? '1' : '0'));
  assert.equal(forged.status, 404);
  assert.ok(textOf(forged.html).includes('0531-00000000'));
  assert.equal((await get(system.base + code.toLowerCase().replace('/v/', '/V/'))).status, 200);
});

test('headers, robots, methods, unknown pages', async () => {
  const page = await get(system.base + code);
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'; style-src 'sha256-/);
  assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(page.headers.get('set-cookie'), null);
  assert.match((await get(`${system.base}/robots.txt`)).html, /Disallow: \//);
  assert.equal((await get(`${system.base}/nothing`)).status, 404);
  const wrong = await post(`${system.base}/robots.txt`, {});
  assert.equal(wrong.status, 405);
  assert.match(wrong.headers.get('allow'), /GET/);
  const etag = page.headers.get('etag');
  const kept = await fetch(system.base + code, { headers: { 'if-none-match': etag } });
  assert.equal(kept.status, 304);
  const cross = await post(system.base + code, { step: 'check' }, { 'sec-fetch-site': 'cross-site' });
  assert.equal(cross.status, 403);
});

test('a drill is never sent and says so', async () => {
  const drill = system.code(village, '--drill');
  const answers = household();
  const filed = await file(system.base, drill, answers);
  assert.equal(filed.status, 303);
  assert.ok(textOf((await get(system.base + filed.location)).html).includes('演练'));
  const real = await file(system.base, code, household());
  await received(receiptOf(real.location));
  assert.ok(!(await system.upstream.received()).some((one) => one.body.includes(receiptOf(filed.location))));
});

test('the log names nobody', async () => {
  const answers = household({ name: '不可记录' });
  const filed = await file(system.base, code, answers);
  const log = system.logText();
  for (const secret of [answers.name, answers.id_number, answers.phone, receiptOf(filed.location), filed.location.slice(17)]) {
    assert.ok(!log.includes(secret), `the log holds ${secret}`);
  }
});
