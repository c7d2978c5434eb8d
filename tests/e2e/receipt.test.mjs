// What a farmer reads on the receipt and beside it, on pages that a running system sends.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root, startSystem, until, village } from '../lib/system.mjs';
import { file, get, household, post, receiptOf, textOf } from '../lib/farmer.mjs';

const gone = '370115008212';
let system;
let code;
let areas;
before(async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-areas-'));
  areas = path.join(dir, 'areas.csv');
  fs.copyFileSync(path.join(root, 'deploy/areas/370115.csv'), areas);
  system = await startSystem({ areas });
  code = system.code();
});
after(async () => {
  await system?.stop();
  fs.rmSync(path.dirname(areas), { recursive: true, force: true });
});

const receiptPage = async (location) => textOf((await get(system.base + location)).html);

async function decide(receipt, decision) {
  const id = `msg_${receipt}`;
  const body = JSON.stringify({ type: 'report.decided', timestamp: new Date().toISOString(), data: { receipt, decision, reason: '', public_note: '' } });
  const seconds = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', Buffer.from(system.callbackSecret.slice(6), 'base64')).update(`${id}.${seconds}.${body}`).digest('base64');
  const headers = { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` };
  const answer = await fetch(`${system.base}/hooks/upstream`, { method: 'POST', body, headers });
  assert.equal(answer.status, 204, await answer.text());
}

test('an urgent report: the receipt says so and whom to ring, while it is open and to the household alone', async () => {
  const words = '您写的是急事，已经标成急办。等不及就打0531-00000000；有生命危险先打120、119、110。';
  const answers = household();
  const plain = await file(system.base, code, answers);
  assert.ok(!(await receiptPage(plain.location)).includes('急事'));
  const added = await file(system.base, code, { ...answers, urgent: '1' });
  assert.ok((await receiptPage(plain.location)).includes(words), 'after an addition');
  assert.ok(!(await receiptPage(added.location)).includes('急事'), 'the short kind');
  const urgent = await file(system.base, code, household({ urgent: '1' }));
  const text = await receiptPage(urgent.location);
  assert.ok(text.includes(words), text);
  assert.ok(text.indexOf(words) < text.indexOf('申报编号'));
  await decide(receiptOf(urgent.location), 'admitted');
  assert.ok(!(await receiptPage(urgent.location)).includes('急事'));
});

test('in a district no step speaks of a county', async () => {
  const { location } = await file(system.base, code, household());
  const text = await receiptPage(location);
  assert.match(text, /区县比对审定/);
  assert.doesNotMatch(text, /(?<!区)县/);
  // whatever procedure a district takes over: of each step its name and who works on it
  for (const name of ['laiyuan', 'gansu', 'jiyang', 'boshan']) {
    const { steps, green_channel: green } = JSON.parse(fs.readFileSync(path.join(root, `templates/procedures/${name}.json`), 'utf8'));
    for (const step of [...steps, ...(green?.steps ?? [])]) assert.doesNotMatch(`${step.name ?? ''} ${step.who ?? ''}`, /(?<!区)县/, `${name} ${step.id}`);
  }
});

test('the steps: the one under way by its own word, and no date before the one above it', async () => {
  const { location } = await file(system.base, code, household());
  const { html } = await get(system.base + location);
  const steps = [...html.matchAll(/<li class="(\w+)"[^>]*><b>([^<]+)<\/b>(?: <small>([^<]*)<\/small>)?[^\n]*/g)];
  assert.equal(steps.find((step) => step[1] === 'now')[3], '待上门');
  assert.ok(!html.includes('正在办'));
  const days = steps.flatMap((step) => [...step[0].matchAll(/(\d+)月(\d+)日/g)].slice(0, 1)).map(([, month, day]) => month * 31 + Number(day));
  assert.equal(days.length, 6);
  const turned = days.map((day) => (day < days[0] ? day + 12 * 31 : day)); // over the new year
  assert.deepEqual(turned, [...turned].sort((a, b) => a - b));
});

test('a village that is no longer in the list: its old code says so, and how to go on', async () => {
  const old = system.code(gone);
  const form = await get(system.base + old);
  assert.equal(form.status, 200);
  const lines = fs.readFileSync(areas, 'utf8').split('\n');
  fs.writeFileSync(areas, lines.filter((line) => !line.startsWith(gone)).join('\n'));
  system.gateway.kill('SIGHUP');
  await until('the reload', async () => (await get(system.base + old)).status === 404);
  const posted = await post(system.base + old, { step: 'check', ...household() });
  assert.equal(posted.status, 404);
  for (const { html } of [await get(system.base + old), posted]) {
    const text = textOf(html);
    assert.ok(text.includes('这个村不在名单里了'), text);
    assert.ok(text.includes('可能并到别的村了，或改了名。'));
    assert.ok(text.includes('请从头选您的村子，一样能报。找不到就打0531-00000000。'));
    assert.match(html, /href="\/"/);
  }
  const forged = await get(system.base + old.slice(0, -1) + (old.endsWith('0') ? '1' : '0'));
  assert.equal(forged.status, 404);
  assert.ok(textOf(forged.html).includes('这个码不对'));
  assert.equal((await get(system.base + code)).status, 200);
});

test('the receipt of a drill promises no visit', async () => {
  const real = await receiptPage((await file(system.base, code, household())).location);
  assert.ok(real.includes('报了不等于一定纳入') && real.includes('不收钱，不要银行卡和验证码'));
  assert.ok(!real.includes('演练'));
  const text = await receiptPage((await file(system.base, system.code(village, '--drill'), household({ urgent: '1' }))).location);
  assert.ok(text.includes('这是演练，不会上报，也不会有人上门。'), text);
  for (const promise of ['报了不等于', '会上门核实', '不收钱', '标成急办', '有人联系您']) {
    assert.ok(!text.includes(promise), promise);
  }
});
