// Who may do what: every route × every right × inside and outside the scope, own and other organisation, no token.
// Bodies are wrong on purpose: whoever is let through to the body is answered 422, and nothing moves.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Api, addToken, directDoors, fileReport, otherTown, otherVillage, rights, town } from '../lib/api.mjs';
import { inventedPhone } from '../lib/farmer.mjs';
import { startSystem, village } from '../lib/system.mjs';

const key = () => ({ 'idempotency-key': crypto.randomUUID() });
const finding = (area, org) => ({ source: 'department', basis: 'duty', source_org: org, area, name: '试验丁', phone: inventedPhone(), risks: ['jobs'], found_at: '2026-11-20T08:00:00+08:00' });
const nonsense = { body: { nonsense: 1 } };

// needs: rights that are enough, each by itself or joined with +. through: the answer of who is let in.
const ofReport = [
  { route: 'GET /reports/{receipt}', needs: ['read', 'own'], through: 200 },
  { route: 'GET /reports/{receipt}/history', needs: ['read'], through: 200 },
  ...['claim', 'release'].map((move) => ({ route: `POST /reports/{receipt}/${move}`, needs: ['claim'], through: 422, ...nonsense })),
  ...['steps', 'transfer', 'ask', 'answer', 'pause', 'resume', 'merge', 'withdraw', 'object', 'green', 'clear']
    .map((move) => ({ route: `POST /reports/{receipt}/${move}`, needs: ['step'], through: 422, ...nonsense })),
  { route: 'POST /reports/{receipt}/correct', needs: ['step+pii'], through: 422, ...nonsense },
];
const ofArea = [
  { route: 'GET /reports?area={area}', needs: ['read', 'own'], through: 200 },
  { route: 'GET /stats?area={area}', needs: ['stats'], through: 200 },
  { route: 'GET /pushes?area={area}', needs: ['stats', 'intake'], through: 200 },
  { route: 'GET /search?name=试验乙&area={area}', needs: ['lookup'], through: 200 },
];
const ofNothing = [
  { route: 'GET /reports', needs: ['read', 'own'], through: 200 },
  { route: 'GET /stats', needs: ['stats'], through: 200 },
  { route: 'GET /pushes', needs: ['stats', 'intake'], through: 200 },
  { route: 'POST /search', needs: ['lookup'], through: 422, ...nonsense },
  { route: 'GET /search', needs: ['lookup'], through: 422 },
  { route: 'POST /reports', needs: ['intake'], through: 422, headers: key, ...nonsense },
  { route: 'POST /pushes', needs: ['intake'], through: 422, ...nonsense },
];
const everybody = [...rights.map((right) => [right]), ['step', 'pii']];
const may = (row, has) => row.needs.some((need) => need.split('+').every((right) => has.includes(right)));

let system;
let api;
const tokens = new Map(); // "right" → client in 曲堤街道, of organisation health
const at = {}; // receipts
before(async () => {
  system = await startSystem({ upstream: false, conf: { 'limits.token_per_min': 100000, 'progress.source': 'console' } });
  api = new Api(directDoors(system));
  for (const has of everybody) tokens.set(has.join('+'), api.as(addToken(system, { area: town, org: 'health', rights: has, name: has.join('和') })));
  at.inside = (await fileReport(system)).receipt;
  at.outside = (await fileReport(system, {}, { code: system.code(otherVillage) })).receipt;
  const put = async (org) => {
    const answer = await api.as(addToken(system, { area: town, org, rights: 'intake' })).intake(finding(village, org));
    assert.equal(answer.status, 201, answer.text);
    return answer.body.receipt;
  };
  at.own = await put('health');
  at.other = await put('housing');
});
after(() => system?.stop());

async function ask(client, row, places = {}) {
  const [method, where] = row.route.split(' ');
  const filled = where.replace('{receipt}', places.receipt).replace('{area}', places.area);
  const answer = await client.call(method, encodeURI(filled), { body: row.body, headers: row.headers?.() });
  return answer.status;
}

// One table per situation: all cells that differ are told at once.
async function holds(rows, places, expected) {
  const wrong = [];
  for (const row of rows) {
    for (const has of everybody) {
      const want = [expected(row, has)].flat();
      const got = await ask(tokens.get(has.join('+')), row, places);
      if (!want.includes(got)) wrong.push(`${row.route} with ${has.join('+')}: ${got}, not ${want.join(' or ')}`);
    }
  }
  assert.deepEqual(wrong, []);
}
const letIn = (row, has) => (may(row, has) ? row.through : 403);
const sees = (has) => !has.includes('own'); // own alone sees its organisation's only

test('a report inside the scope', () => holds(ofReport, { receipt: at.inside }, (row, has) => (sees(has) ? letIn(row, has) : 404)));
test('a report outside the scope: not found, whatever the right', () => holds(ofReport, { receipt: at.outside }, () => 404));
test('a report of the own organisation, inside', () => holds(ofReport, { receipt: at.own }, letIn));
test('a report of another organisation, inside', () => holds(ofReport, { receipt: at.other }, (row, has) => (sees(has) ? letIn(row, has) : 404)));
test('an area inside the scope', () => holds(ofArea, { area: village }, letIn));
// Without the right nobody learns which it was; an organisation's own lie anywhere.
test('an area outside the scope: not found', () => holds(ofArea, { area: otherTown }, (row, has) => {
  if (row.needs.includes('own') && has.includes('own')) return 200;
  return may(row, has) ? 404 : [403, 404];
}));
test('what names neither', () => holds(ofNothing, {}, letIn));

test('intake into an area: inside 201, outside unknown', async () => {
  for (const has of everybody) {
    for (const [area, through] of [[village, 201], [otherVillage, 422]]) {
      const { status } = await tokens.get(has.join('+')).intake(finding(area, 'health'));
      assert.equal(status, has.includes('intake') ? through : 403, `${has} ${area}`);
    }
  }
});

test('no token: nothing but the document', async () => {
  for (const row of [...ofReport, ...ofArea, ...ofNothing]) {
    for (const places of [{ receipt: at.inside, area: village }, { receipt: at.outside, area: otherTown }]) assert.equal(await ask(api, row, places), 401, row.route);
  }
  assert.equal(await ask(api, { route: 'GET /openapi.json' }), 200);
});

test('nothing has moved', async () => {
  const reader = tokens.get('read');
  for (const receipt of [at.inside, at.own, at.other]) assert.equal((await reader.detail(receipt)).version, 1);
});
