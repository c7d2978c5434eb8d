// [claims] required = yes: who has not claimed a report neither reads the person nor moves it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { addToken, Api, county, directDoors, fileReport, isProblem } from '../lib/api.mjs';
import { startSystem } from '../lib/system.mjs';

let system, one, two;
before(async () => {
  system = await startSystem({ conf: { 'claims.required': 'yes' } });
  const rights = ['read', 'pii', 'claim', 'step'];
  one = new Api(directDoors(system), addToken(system, { area: county, rights, name: '甲' }));
  two = new Api(directDoors(system), addToken(system, { area: county, rights, name: '乙' }));
});
after(() => system?.stop());

test('only the claimant reads the person and records steps', async () => {
  const { receipt, name } = await fileReport(system);
  assert.equal((await one.detail(receipt)).person, undefined);
  const visit = { step: 'visit', outcome: 'passed' };
  assert.equal(isProblem(await one.move(receipt, 'steps', visit), 409).claimed_by, null);
  const { fence } = (await one.claim(receipt)).body;
  assert.equal((await one.detail(receipt)).person.name, name);
  assert.equal((await two.detail(receipt)).person, undefined);
  assert.equal(isProblem(await two.move(receipt, 'steps', visit), 409).claimed_by.name, '甲');
  await one.step(receipt, 'visit', 'passed', { fence });
  assert.equal((await one.move(receipt, 'release')).status, 200);
  assert.equal((await one.detail(receipt)).person, undefined);
  isProblem(await one.move(receipt, 'pause', { days: 3 }), 409);
});
