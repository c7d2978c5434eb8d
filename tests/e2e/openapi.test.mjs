// The document of the API, gateway/web/openapi.json: valid, clean for two linters, and strict enough for prism to find a drift.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Api, document as file, inventedReceipt, prismDoors } from '../lib/api.mjs';
import { serve } from '../lib/line.mjs';
import { root } from '../lib/system.mjs';

const text = fs.readFileSync(file, 'utf8');
const document = JSON.parse(text);
const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' };

function lint(name, ...args) {
  const tool = path.join(root, 'tests/node_modules/.bin', name);
  const { status, stdout, stderr } = spawnSync(process.execPath, [fs.realpathSync(tool), ...args, file], { encoding: 'utf8', env });
  assert.equal(status, 0, stdout + stderr);
  return stdout + stderr;
}

test('redocly finds neither errors nor warnings', () => {
  const said = lint('redocly', 'lint', '--extends=recommended-strict');
  assert.ok(!/warning was generated|you have \d+ warning/i.test(said), said);
});

test('spectral finds neither errors nor warnings', () => {
  lint('spectral', 'lint', '--ruleset', path.join(root, 'tests/lib/spectral.json'), '--fail-severity=hint');
});

const operations = Object.entries(document.paths).flatMap(([where, item]) => Object.entries(item)
  .filter(([method]) => ['get', 'post'].includes(method)).map(([method, operation]) => ({ where, method, operation })));
const resolve = (node) => (node.$ref ? node.$ref.slice(2).split('/').reduce((at, key) => at[key.replaceAll('~1', '/').replaceAll('~0', '~')], document) : node);

test('every route of the contract is there, and no other', () => {
  const moves = ['claim', 'release', 'steps', 'transfer', 'ask', 'answer', 'pause', 'resume', 'merge', 'withdraw', 'object', 'green', 'clear', 'correct'];
  const wanted = ['get /openapi.json', 'get /reports', 'post /reports', 'get /reports/{receipt}', 'get /reports/{receipt}/history', 'get /search', 'post /search',
    ...moves.map((move) => `post /reports/{receipt}/${move}`), 'get /stats', 'get /pushes', 'post /pushes'];
  assert.deepEqual(operations.map(({ method, where }) => `${method} ${where}`).sort(), wanted.sort());
});

test('every operation says what goes wrong, as problem+json', () => {
  for (const { where, method, operation } of operations) {
    if (operation.operationId === 'getDocument') continue;
    const codes = Object.keys(operation.responses);
    const needed = ['401', '403', '429', '503', ...(operation.requestBody ? ['400', '413', '415', '422'] : []), ...(where.includes('{receipt}') ? ['404'] : [])];
    for (const code of needed) assert.ok(codes.includes(code), `${method} ${where}: ${code}`);
    for (const code of codes.filter((one) => one >= '400')) {
      assert.deepEqual(Object.keys(resolve(operation.responses[code]).content), ['application/problem+json'], `${method} ${where} ${code}`);
    }
  }
});

test('no body and no answer may carry members that are not named', () => {
  const open = Object.entries(document.components.schemas)
    .filter(([, schema]) => schema.type === 'object' && schema.additionalProperties !== false).map(([name]) => name);
  // a county's own form, the kinds of events, what is counted
  assert.deepEqual(open.sort(), ['Figures', 'HistoryEvent', 'Person']);
});

test('prism finds a drift: a member, a header or a status that the document does not name', async (t) => {
  const limits = { ratelimit: '"token";r=1;t=1', 'ratelimit-policy': '"token";q=1;w=60' };
  const problem = { type: 'about:blank', title: 'Not Found', status: 404 };
  let answer;
  const gateway = await serve((request, body, response) => {
    response.writeHead(answer.status ?? 404, { 'content-type': 'application/problem+json', ...answer.headers });
    response.end(JSON.stringify(answer.body));
  });
  t.after(() => gateway.stop());
  answer = { headers: limits, body: problem };
  const doors = await prismDoors({ base: gateway.url });
  t.after(() => doors.stop());
  const ask = () => new Api(doors, 'ms_x').get(`/reports/${inventedReceipt()}`);
  assert.equal((await ask()).status, 404);
  for (const drift of [{ headers: limits, body: { ...problem, extra: 1 } }, { body: problem }, { status: 418, headers: limits, body: { ...problem, status: 418 } }]) {
    answer = drift;
    await assert.rejects(ask(), /prism/);
  }
});
