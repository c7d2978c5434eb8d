// A report keeps the procedure it began with: after the county's file has changed, after SIGHUP, and in a gateway that never had the old one.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { addToken, Api, county, directDoors } from '../lib/api.mjs';
import { file, get, household, receiptOf, textOf } from '../lib/farmer.mjs';
import { root, startSystem, until } from '../lib/system.mjs';

const dir = fs.mkdtempSync(path.join(fs.realpathSync('/tmp'), 'mashang-procedures-'));
const own = path.join(dir, 'own.json');
const shipped = JSON.parse(fs.readFileSync(path.join(root, 'templates/procedures/laiyuan.json'), 'utf8'));
const write = (procedure) => fs.writeFileSync(own, JSON.stringify(procedure));
// Another county office: the visit has another name and word, and a step follows it that was not there before.
function changed() {
  const procedure = structuredClone(shipped);
  procedure.steps[0].word = '等上门';
  procedure.steps[0].name = '上门走访';
  procedure.steps.splice(1, 0, { id: 'talk', word: '商量中', name: '村里商量', who: '村里', by: 'village', after: ['visit'], deadline: { days: 2, unit: 'working' } });
  procedure.steps.find((step) => step.id === 'review').after = ['talk'];
  delete procedure.green_channel;
  return procedure;
}

let system, api, code, old;
before(async () => {
  write(shipped);
  system = await startSystem({ conf: { 'procedure.file': own } });
  api = new Api(directDoors(system), addToken(system, { area: county, rights: ['read', 'step'] }));
  code = system.code();
  old = await file(system.base, code, household());
});
after(async () => {
  await system?.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

const step = (receipt, id) => api.call('POST', `/reports/${receipt}/steps`, { body: { step: id, outcome: 'passed' } });
const page = async (location) => textOf((await get(system.base + location)).html);
const reload = async () => {
  const before = Number((await (await fetch(`${system.admin}/metrics`)).text()).match(/^mashang_reloads_total (\d+)/m)?.[1] ?? 0);
  system.gateway.kill('SIGHUP');
  return until('the reload', async () => {
    const text = await (await fetch(`${system.admin}/metrics`)).text();
    return Number(text.match(/^mashang_reloads_total (\d+)/m)?.[1] ?? 0) > before;
  });
};

test('a broken procedure is refused with its path; the running service is untouched', async () => {
  const broken = structuredClone(shipped);
  broken.steps[1].after = ['compare'];
  write(broken);
  system.gateway.kill('SIGHUP');
  await until('the refusal', () => /own\.json: steps\[\d\]\.after/.test(system.logText()));
  assert.equal((await get(system.base + code)).status, 200);
  write(shipped);
});

test('after the file has changed: old reports go their way, new ones theirs', async () => {
  write(changed());
  await reload();
  const fresh = await until('a report under the new procedure', async () => {
    const filed = await file(system.base, code, household());
    return /等上门/.test(await page(filed.location)) && filed;
  });
  assert.match(await page(old.location), /待上门/);
  assert.doesNotMatch(await page(old.location), /上门走访|村里商量/);
  const moved = await step(receiptOf(old.location), 'visit');
  assert.equal(moved.status, 200, moved.text);
  assert.deepEqual(moved.body.steps.map((one) => one.step), ['review', 'check']);
  const other = await step(receiptOf(fresh.location), 'visit');
  assert.equal(other.status, 200, other.text);
  assert.deepEqual(other.body.steps.map((one) => one.step), ['talk', 'check']);
  assert.equal((await step(receiptOf(old.location), 'talk')).status, 422, 'the old one knows no such step');
});

test('a gateway that never had the old file reads it from the store', async () => {
  await system.stopGateway();
  await system.startGateway();
  const receipt = receiptOf(old.location);
  assert.match(await page(old.location), /评议中/);
  const moved = await step(receipt, 'review');
  assert.equal(moved.status, 200, moved.text);
  assert.deepEqual(moved.body.steps.map((one) => one.step), ['notice', 'check']);
});
