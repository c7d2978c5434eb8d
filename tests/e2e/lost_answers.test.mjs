// The connection to Redis breaks between a write and its answer: what was stored is not denied, and asking again is no harm.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { addToken, Api, county, directDoors, fileReport, isProblem } from '../lib/api.mjs';
import { Wire } from '../lib/cut.mjs';
import { Redis } from '../lib/redis.mjs';
import { until } from '../lib/system.mjs';

let redis, wire, system, api;
before(async () => {
  redis = await new Redis().start();
  wire = await new Wire().start(redis.port);
  system = await redis.system({ 'redis.url': `redis://127.0.0.1:${wire.port}/0`, 'progress.source': 'console' }, { upstream: false, workers: 1 });
  api = new Api(directDoors(system), addToken(system, { area: county, rights: ['read', 'claim', 'step', 'pii'] }));
});
after(async () => {
  await system?.stop();
  await wire?.stop();
  await redis?.stop();
});
const again = (ask) => until('the store', async () => { const answer = await ask(); return answer.status !== 503 && answer; });

test('written, and then it cannot be read: 200 with the report as it was written', async () => {
  const { receipt } = await fileReport(system);
  for (const [move, body] of [['steps', { step: 'visit', outcome: 'passed', note: '备注', public_note: '来过' }], ['ask', { public_note: '请带单据' }], ['correct', { name: '试验改名' }], ['claim', {}], ['release', {}]]) {
    const { broke } = wire;
    wire.arm('read');
    const answer = await api.move(receipt, move, body);
    assert.equal(wire.broke, broke + 1, 'it broke');
    assert.equal(answer.status, 200, `${move}: ${answer.text}`);
    const now = await again(() => api.get(`/reports/${receipt}`));
    assert.match(now.headers.get('etag'), new RegExp(`^"${answer.body.version}\\b`), move);
    assert.equal(answer.headers.get('etag'), `"${answer.body.version}"`);
    if (move !== 'claim') for (const [member, value] of Object.entries(answer.body)) assert.deepEqual(value, now.body[member], `${move}: ${member}`);
    assert.equal((await again(() => api.move(receipt, move, body))).body.version, answer.body.version + (move === 'claim' ? 1 : 0), `${move}: a repeat changes nothing`);
  }
});

test('written, and the answer is lost: 503, and asking again finds it done', async () => {
  const { receipt } = await fileReport(system);
  const body = { step: 'visit', outcome: 'passed', decision: 'declined', reason: 'solved', note: '备注', public_note: '核实过了' };
  const { broke } = wire;
  wire.arm('answer');
  isProblem(await api.move(receipt, 'steps', body), 503);
  assert.equal(wire.broke, broke + 1, 'it broke');
  const answer = await again(() => api.move(receipt, 'steps', body));
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual([answer.body.version, answer.body.state], [2, 'declined']);
});
