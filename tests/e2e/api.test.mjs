// The API of townships and departments, asked directly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiCases } from '../api/cases.mjs';
import { Api, addToken, county, directDoors, isProblem } from '../lib/api.mjs';
import { startSystem } from '../lib/system.mjs';

test('too many requests with one token: 429 says when to come again; another token is not touched', async (t) => {
  const system = await startSystem({ upstream: false, workers: 1, conf: { 'limits.token_per_min': 3 } });
  t.after(() => system.stop());
  const [api, other] = [1, 2].map(() => new Api(directDoors(system), addToken(system, { area: county, rights: 'read' })));
  const left = [];
  for (let i = 0; i < 3; i++) left.push((await api.get('/reports')).headers.get('ratelimit'));
  assert.deepEqual(left.map((text) => text.match(/;r=(\d+);/)[1]), ['2', '1', '0']);
  const answer = await api.get('/reports');
  isProblem(answer, 429);
  const wait = Number(answer.headers.get('retry-after'));
  assert.ok(wait > 0 && wait <= 60, answer.headers.get('retry-after'));
  assert.equal(answer.headers.get('ratelimit'), `"token";r=0;t=${wait}`);
  assert.equal(answer.headers.get('ratelimit-policy'), '"token";q=3;w=60');
  assert.equal((await other.get('/reports')).status, 200);
});

apiCases(directDoors);
