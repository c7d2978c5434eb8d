// What is wrong, unknown or too much.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { county, inventedReceipt, isProblem, town } from '../lib/api.mjs';
import { redis } from '../lib/store.mjs';
import { staff } from './stage.mjs';

export function edgesCases({ system, api, nobody, report, another, token, staffOf }) {
  test('bodies that are no JSON: 400; wrong in themselves: 422 with the place', async () => {
    const { receipt } = await report();
    const raw = (text, more = {}) => api.call('POST', `/reports/${receipt}/steps`, { raw: text, ...more });
    const deep = (depth) => `{"note":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    const bad = ['{', '{"step":}', '{} {}', 'nul', '{"step":"visit","step":"visit"}', '{"a":{"b":1,"b":2}}', deep(16), deep(5000), '{"note":"\\u0000"}', '{"note":"\\ud800"}', '{"fence":1e999}',
      `{"fence":${'9'.repeat(400)}}`, "{'step':1}", '{"step":"visit",}', '\ufeff{}', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])];
    for (const text of bad) isProblem(await raw(text), 400);
    for (const text of ['[]', '"visit"', '1', 'null', 'true']) assert.ok([400, 422].includes((await raw(text)).status), text);
    for (const text of ['', ' ']) assert.ok([400, 422].includes((await raw(text)).status), 'no body');
    const two = isProblem(await raw('{"step":1,"outcome":"passed","a/b~c":1,"fence":"1","public_note":["x"]}'), 422, { pointer: '/a~1b~0c', code: 'unknown_member' });
    for (const pointer of ['/step', '/fence', '/public_note']) assert.ok(two.errors.some((fault) => fault.pointer === pointer && fault.code === 'type'), pointer);
    isProblem(await raw('{"step":"visit","outcome":"passed","fence":9223372036854775807}'), 409);
    isProblem(await raw('{"step":"visit","outcome":"passed","fence":0}'), 422, { pointer: '/fence' });
    isProblem(await raw(deep(15)), 422, { pointer: '/note' });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', 'application/xml']) isProblem(await raw('{}', { headers: { 'content-type': type } }), 415);
    assert.notEqual((await raw('{"step":"fly","outcome":"passed"}', { headers: { 'content-type': 'application/json; charset=utf-8' } })).status, 415);
    isProblem(await raw(`{"note":"${'x'.repeat(70000)}"}`), 413);
    assert.equal((await api.detail(receipt)).version, 1, 'nothing happened');
  });

  test('a move without members needs no body at all', async () => {
    const { receipt } = await report();
    const answer = await api.call('POST', `/reports/${receipt}/claim`);
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await api.call('POST', `/reports/${receipt}/release`)).status, 200);
  });

  test('401 is the same for every token that is not good', async () => {
    const { receipt } = await report();
    const disabled = token({ area: county, rights: staff });
    const expired = token({ area: county, rights: staff, more: ['--days', '1'] });
    assert.equal((await api.as(expired).get('/reports')).status, 200);
    redis(system, 'HSET', `ms:token:${createHash('sha256').update(expired.token).digest('hex')}`, 'until', Date.now() - 1000);
    system.cli('mashang', 'token', 'disable', disabled.id);
    const good = api.token.token;
    const sent = [undefined, '', 'Bearer', 'Bearer ', 'Bearer x', `Basic ${good}`, good, `Bearer ${good}x`, `Bearer ${good.slice(0, -1)}`, `Bearer ms_${'A'.repeat(43)}`, `Bearer ${disabled.token}`, `Bearer ${expired.token}`,
      `Bearer ${good} ${good}`];
    const texts = new Set();
    for (const where of ['/reports', `/reports/${receipt}`, `/reports/${inventedReceipt()}`, '/stats', '/reports?limit=x']) {
      for (const authorization of sent) {
        const answer = await nobody.get(where, undefined, { headers: authorization === undefined ? {} : { authorization } });
        isProblem(answer, 401);
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer', authorization);
        assert.equal(answer.headers.get('ratelimit'), null);
        texts.add(answer.text);
      }
    }
    assert.equal(texts.size, 1, [...texts].join('\n'));
    assert.equal((await nobody.get('/reports', undefined, { headers: { authorization: `bearer ${good}` } })).status, 200, 'the scheme has no case (RFC 9110)');
  });

  test('404 is the same for unknown, ill-formed and out of scope, on every route', async () => {
    const outside = await another();
    const local = staffOf(town, '曲堤试验员', [...staff, 'intake']);
    assert.equal((await local.get(`/reports/${(await report()).receipt}`)).status, 200, 'what is inside is found');
    const texts = new Set();
    for (const receipt of [outside.receipt, inventedReceipt(outside.receipt.slice(0, 2)), inventedReceipt('99'), '123456789012', '1', 'x', '%00', `${outside.receipt}0`]) {
      for (const where of ['', '/history']) {
        const answer = await local.get(`/reports/${receipt}${where}`, undefined, { direct: true });
        isProblem(answer, 404);
        texts.add(answer.text);
      }
      for (const move of ['claim', 'release', 'steps', 'transfer', 'ask', 'answer', 'pause', 'resume', 'merge', 'withdraw', 'object', 'green', 'clear', 'correct']) {
        const answer = await local.move(receipt, move, { nonsense: 1 }, { direct: true, headers: { 'if-match': '"7"' } });
        isProblem(answer, 404);
        texts.add(answer.text);
      }
    }
    assert.equal(texts.size, 1, [...texts].join('\n'));
  });

  test('unknown places and methods', async () => {
    const { receipt } = await report();
    const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];
    for (const where of ['/nothing', '/reports/', `/reports/${receipt}/nothing`, `/reports/${receipt}/claim/now`]) {
      for (const method of methods) isProblem(await api.call(method, where, { direct: true }), 404);
    }
    for (const [where, allow] of [['/reports', 'GET, HEAD, POST'], ['/search', 'GET, HEAD, POST'], [`/reports/${receipt}`, 'GET, HEAD'], [`/reports/${receipt}/claim`, 'POST'], ['/stats', 'GET, HEAD'], ['/openapi.json', 'GET, HEAD']]) {
      for (const method of methods.filter((one) => !allow.includes(one))) {
        const answer = await api.call(method, where, { direct: true });
        isProblem(answer, 405);
        assert.equal(answer.headers.get('allow'), allow, `${method} ${where}`);
      }
    }
  });

  test('rate: every answer to a known token says what is left', async () => {
    const { receipt } = await report();
    const left = (answer) => {
      assert.match(answer.headers.get('ratelimit-policy'), /^"token";q=100000;w=60$/);
      return Number(answer.headers.get('ratelimit').match(/^"token";r=(\d+);t=\d+$/)[1]);
    };
    const answers = [];
    for (const where of ['/reports', `/reports/${receipt}`, `/reports/${inventedReceipt()}`, '/stats']) answers.push(await api.get(where));
    answers.push(await api.move(receipt, 'steps', { step: 'fly', outcome: 'passed' }));
    for (const answer of answers) assert.ok(left(answer) < 100000);
  });
}
