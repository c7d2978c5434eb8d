// [claims] required = yes: who has not claimed a report neither reads the person nor moves it.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { addToken, Api, county, directDoors, fileReport, isProblem } from '../lib/api.mjs';
import { Clock } from '../lib/clock.mjs';
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

test('a second gateway whose clock is ahead: a claim runs by the store\'s clock', async (t) => {
  const clock = new Clock();
  clock.goOn(5 / 24 / 60);
  const data = path.join(system.dir, 'data/redis');
  const other = await startSystem({
    upstream: false,
    workers: 1,
    env: clock.env,
    conf: {
      'claims.required': 'yes',
      'redis.url': `unix:${data}/redis.sock`,
      'redis.user': 'gateway',
      'redis.password_file': path.join(data, 'gateway.password'),
      'crypto.keyring_file': path.join(system.dir, 'keyring.json'),
    },
  });
  other.clock = clock;
  t.after(() => other.stop());
  const ahead = new Api(directDoors(other), one.token);
  const { receipt, name } = await fileReport(system);
  const { fence, until } = (await one.claim(receipt, { minutes: 3 })).body;
  const detail = await ahead.detail(receipt);
  assert.deepEqual([detail.person?.name, detail.claimed_by?.until], [name, until]);
  await ahead.step(receipt, 'visit', 'passed', { fence });
  assert.equal(isProblem(await ahead.as(two.token).move(receipt, 'release'), 409).claimed_by.until, until);
});
