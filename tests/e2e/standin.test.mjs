// The stand-in monitoring system itself: what other tests believe it about effects, repeats and failures.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { Upstream, build, end, secret, until } from '../lib/system.mjs';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-standin-'));
const secretFile = path.join(dir, 'secret');
const key = secret();
fs.writeFileSync(secretFile, `${key}\n`, { mode: 0o600 });
const started = [];
after(async () => {
  for (const upstream of started) await upstream.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

async function start(ledger) {
  const upstream = new Upstream(dir, secretFile);
  upstream.ledger = path.join(dir, ledger);
  await upstream.start();
  started.push(upstream);
  return upstream;
}

function signed(id, body, { at = Date.now() / 1000, by = key } = {}) {
  const seconds = Math.floor(at);
  const mac = createHmac('sha256', Buffer.from(by.slice(6), 'base64')).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${mac}` };
}

// One delivery on a connection of its own: {status, headers, text, ms}, or {broken: code} when there was no answer.
function send(upstream, id, { body = `{"id":"${id}"}`, headers = signed(id, body), ms = 5000, where = '/events' } = {}) {
  const from = performance.now();
  return new Promise((resolve) => {
    const request = http.request(upstream.url + where, { method: 'POST', agent: false, headers: { 'Content-Type': 'application/cloudevents+json', ...headers } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part) => { text += part; });
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text, ms: performance.now() - from }));
      answer.on('error', (error) => resolve({ broken: error.code, ms: performance.now() - from }));
    });
    request.setTimeout(ms, () => request.destroy(Object.assign(new Error('too late'), { code: 'LATE' })));
    // the kernel's word: a connection that is only closed says "socket hang up"
    request.on('error', (error) => resolve({ broken: error.syscall === 'read' ? `read ${error.code}` : error.code, ms: performance.now() - from }));
    request.end(body);
  });
}

describe('an answer per event', () => {
  let upstream;
  let count = 0;
  beforeEach(async () => {
    upstream ??= await start('ledger');
    assert.deepEqual(await upstream.control({}), { ok: true });
  });
  const fresh = () => `4129384716${String((count += 1)).padStart(2, '0')}`;
  const effect = async (id) => (await upstream.effects()).effects[id];

  test('it says what it is', async () => {
    const answer = await fetch(upstream.url);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^Mashang's stand-in .*\n$/);
  });

  test('a repeat gets the first answer again and has no second effect', async () => {
    const id = fresh();
    const before = await upstream.effects();
    const first = await send(upstream, id);
    assert.equal(first.status, 200);
    assert.match(JSON.parse(first.text).id, /^S-\d+$/);
    await send(upstream, fresh());
    const again = await send(upstream, id, { where: '/another/path' });
    assert.equal(again.text, first.text);
    const now = await upstream.effects();
    assert.equal(now.effects[id], 1);
    assert.equal(now.events, before.events + 2);
    assert.equal(now.attempts, before.attempts + 3);
    assert.equal(now.repeats, before.repeats + 1);
  });

  test('received: every delivery in order, headers in lower case, the body as it came', async () => {
    const id = fresh();
    const body = `{ "id" : "${id}",\n "name":"王小\\u660e“引号”\\\\", "urgent":false}`;
    const before = (await upstream.received()).length;
    await send(upstream, id, { body, headers: { ...signed(id, body), 'X-Mixed-Case': 'Kept As Sent' } });
    await upstream.control({ status: 500, count: 1 });
    await send(upstream, fresh());
    await send(upstream, id, { body, headers: signed(id, body) });
    const came = (await upstream.received()).slice(before);
    assert.equal(came.length, 3);
    assert.deepEqual(Object.keys(came[0]).sort(), ['at', 'body', 'headers']);
    assert.equal(came[0].body, body);
    assert.equal(came[0].headers['webhook-id'], id);
    assert.equal(came[0].headers['x-mixed-case'], 'Kept As Sent');
    assert.equal(came[0].headers['content-type'], 'application/cloudevents+json');
    assert.equal(came[2].body, body);
    assert.match(came[0].at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00$/);
    assert.ok(Math.abs(Date.parse(came[0].at) - Date.now()) < 10000);
    assert.ok(Date.parse(came[0].at) <= Date.parse(came[2].at));
  });

  test('bytes that are no UTF-8 still make a list that can be read', async () => {
    const id = fresh();
    const body = Buffer.concat([Buffer.from('{"name":"王'), Buffer.from([0xff, 0xce]), Buffer.from('明"}')]);
    const seconds = String(Math.floor(Date.now() / 1000));
    const mac = createHmac('sha256', Buffer.from(key.slice(6), 'base64')).update(`${id}.${seconds}.`).update(body).digest('base64');
    const answer = await send(upstream, id, { body, headers: { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${mac}` } });
    assert.equal(answer.status, 200);
    assert.equal((await upstream.received()).at(-1).body, '{"name":"王\ufffd\ufffd明"}');
  });

  const wrong = {
    'another secret': (id, body) => signed(id, body, { by: secret() }),
    'another body': (id) => signed(id, '{}'),
    'another id': (id, body) => ({ ...signed(`${id}-2`, body), 'webhook-id': id }),
    'six minutes old': (id, body) => signed(id, body, { at: Date.now() / 1000 - 360 }),
    'six minutes early': (id, body) => signed(id, body, { at: Date.now() / 1000 + 360 }),
    'no signature': (id, body) => ({ ...signed(id, body), 'webhook-signature': '' }),
    'another version': (id, body) => ({ ...signed(id, body), 'webhook-signature': signed(id, body)['webhook-signature'].replace('v1,', 'v2,') }),
    'no id': (id, body) => ({ ...signed('', body), 'webhook-id': '' }),
    'no headers': () => ({}),
  };
  for (const [name, headers] of Object.entries(wrong)) {
    test(`bad signature: ${name}`, async () => {
      const id = fresh();
      const body = `{"id":"${id}"}`;
      const before = await upstream.effects();
      assert.equal((await send(upstream, id, { body, headers: headers(id, body) })).status, 401);
      const now = await upstream.effects();
      assert.equal(now.bad_signatures, before.bad_signatures + 1);
      assert.equal(now.events, before.events);
    });
  }

  test('good signature: four minutes old, and one of two while the secret changes', async () => {
    const id = fresh();
    const body = '{"a":1}';
    assert.equal((await send(upstream, id, { body, headers: signed(id, body, { at: Date.now() / 1000 - 240 }) })).status, 200);
    const two = signed(id, body);
    two['webhook-signature'] = `${signed(id, body, { by: secret() })['webhook-signature']} ${two['webhook-signature']}`;
    assert.equal((await send(upstream, id, { body, headers: two })).status, 200);
  });

  test('a status, so many times, with Retry-After; no effect until it is over', async () => {
    const id = fresh();
    await upstream.control({ status: 503, count: 2, retry_after: '2' });
    for (let i = 0; i < 2; i += 1) {
      const answer = await send(upstream, id);
      assert.equal(answer.status, 503);
      assert.equal(answer.headers['retry-after'], '2');
      assert.equal(await effect(id), undefined);
    }
    assert.equal((await send(upstream, id)).status, 200);
    assert.equal(await effect(id), 1);
  });

  test('a status until it is cleared; its own body; a new mode replaces all of the former', async () => {
    await upstream.control({ status: 422, body: '{"why":"村码不对"}', retry_after: 7 });
    for (let i = 0; i < 4; i += 1) {
      const answer = await send(upstream, fresh());
      assert.equal(answer.status, 422);
      assert.equal(answer.text, '{"why":"村码不对"}');
    }
    await upstream.control({ status: 307, location: '/elsewhere' });
    const answer = await send(upstream, fresh());
    assert.equal(answer.status, 307);
    assert.equal(answer.headers.location, '/elsewhere');
    assert.equal(answer.headers['retry-after'], undefined);
    await upstream.control({});
    assert.equal((await send(upstream, fresh())).status, 200);
  });

  test('for: only deliveries that contain the text, and only these are counted', async () => {
    const [poisoned, other] = [fresh(), fresh()];
    await upstream.control({ status: 400, for: `"${poisoned}"`, count: 1 });
    assert.equal((await send(upstream, other)).status, 200);
    assert.equal((await send(upstream, poisoned)).status, 400);
    assert.equal((await send(upstream, poisoned)).status, 200);
  });

  test('stall: the effect at once, the answer later, others meanwhile', async () => {
    const id = fresh();
    await upstream.control({ stall_ms: 700, count: 1 });
    const late = send(upstream, id);
    await until('the effect', () => effect(id), { every: 20 });
    const quick = await send(upstream, fresh());
    assert.ok(quick.ms < 600, `${quick.ms} ms`);
    const answer = await late;
    assert.equal(answer.status, 200);
    assert.ok(answer.ms >= 690 && answer.ms < 3000, `${answer.ms} ms`);
  });

  test('stall: a caller that went away takes nothing with it', async () => {
    const id = fresh();
    await upstream.control({ stall_ms: 400, status: 500, count: 1 });
    assert.equal((await send(upstream, id, { ms: 100 })).broken, 'LATE');
    await new Promise((resolve) => { setTimeout(resolve, 500); });
    assert.equal(await effect(id), undefined);
    assert.equal((await send(upstream, id)).status, 200);
  });

  test('reset: no answer and no effect', async () => {
    const id = fresh();
    await upstream.control({ reset: true, count: 1 });
    assert.equal((await send(upstream, id)).broken, 'read ECONNRESET');
    assert.equal(await effect(id), undefined);
    assert.equal((await send(upstream, id)).status, 200);
  });

  test('reset after a stall', async () => {
    await upstream.control({ reset: true, stall_ms: 200, count: 1 });
    const answer = await send(upstream, fresh());
    assert.equal(answer.broken, 'read ECONNRESET');
    assert.ok(answer.ms >= 190, `${answer.ms} ms`);
  });

  test('lost answer: the effect happens, the repeat has none', async () => {
    const id = fresh();
    await upstream.control({ lose_answer: true, status: 500, count: 1 });
    assert.equal((await send(upstream, id)).broken, 'read ECONNRESET');
    assert.equal(await effect(id), 1);
    const { repeats } = await upstream.effects();
    assert.equal((await send(upstream, id)).status, 200);
    assert.equal(await effect(id), 1);
    assert.equal((await upstream.effects()).repeats, repeats + 1);
  });

  test('garbage: no HTTP', async () => {
    const id = fresh();
    await upstream.control({ garbage: true, count: 1 });
    assert.match((await send(upstream, id)).broken, /^HPE_/);
    assert.equal(await effect(id), undefined);
  });

  test('drip: a byte, and another half a second later', async () => {
    await upstream.control({ drip: true, count: 1 });
    const id = fresh();
    const body = '{}';
    const times = [];
    await new Promise((resolve, reject) => {
      const request = http.request(upstream.url, { method: 'POST', agent: false, headers: signed(id, body) }, () => reject(new Error('an answer')));
      request.on('socket', (socket) => socket.on('data', (part) => {
        times.push([performance.now(), part.toString()]);
        if (times.length === 3) request.destroy();
      }));
      request.on('error', () => resolve());
      request.end(body);
    });
    assert.equal(times.map(([, part]) => part).join(''), 'HTT');
    assert.ok(times[2][0] - times[0][0] >= 950, `${times[2][0] - times[0][0]} ms`);
    assert.equal(await effect(id), 1);
  });

  test('a code inside: 200 that means no, and no effect unless the code says so', async () => {
    const [refused, done] = [fresh(), fresh()];
    await upstream.control({ code_inside: 500, count: 1 });
    const answer = await send(upstream, refused);
    assert.equal(answer.status, 200);
    assert.equal(JSON.parse(answer.text).code, 500);
    assert.ok(JSON.parse(answer.text).msg);
    assert.equal(await effect(refused), undefined);
    await upstream.control({ code_inside: 0, count: 1 });
    assert.equal(JSON.parse((await send(upstream, done)).text).code, 0);
    assert.equal(await effect(done), 1);
  });

  test('a mode it does not know changes nothing', async () => {
    await upstream.control({ status: 500 });
    for (const bad of ['{"statsu": 200}', '{"status": 99}', '{"status": "500"}', '{"count": 0}', '{"reset": 1}', '{"retry_after": "1\\r\\nX: y"}', '[]', 'x', '']) {
      const answer = await fetch(`${upstream.url}/control`, { method: 'POST', body: bad });
      assert.equal(answer.status, 400, bad);
      assert.equal((await answer.json()).ok, false);
    }
    assert.equal((await send(upstream, fresh())).status, 500);
  });
});

test('effects survive kill -9, a line half written does not count', async () => {
  const upstream = await start('killed');
  const first = await send(upstream, '500000000001');
  await send(upstream, '500000000001-2');
  await upstream.kill();
  assert.equal(fs.readFileSync(upstream.ledger, 'utf8'), '500000000001\n500000000001-2\n');
  fs.appendFileSync(upstream.ledger, '50000000');
  await upstream.start();
  assert.deepEqual(await upstream.effects(), { events: 2, attempts: 0, repeats: 0, bad_signatures: 0, effects: { '500000000001': 1, '500000000001-2': 1 } });
  assert.equal((await send(upstream, '500000000001')).text, first.text);
  assert.notEqual((await send(upstream, '500000000002')).text, first.text);
  const now = await upstream.effects();
  assert.deepEqual([now.events, now.repeats], [3, 1]);
  assert.equal(fs.readFileSync(upstream.ledger, 'utf8'), '500000000001\n500000000001-2\n500000000002\n');
});

test('SIGTERM and SIGINT end it at once, also while answers are late', async () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const upstream = await start(`ended-${signal}`);
    await upstream.control({ stall_ms: 60000, for: 'stall' });
    const stalled = send(upstream, '600000000001', { body: '"stall"' });
    await until('the delivery', async () => (await upstream.effects()).attempts === 1);
    await upstream.control({ drip: true });
    const dripping = send(upstream, '600000000002');
    await until('the delivery', async () => (await upstream.effects()).attempts === 2);
    const from = performance.now();
    const gone = new Promise((resolve) => { upstream.child.once('exit', (code, by) => resolve([code, by])); });
    upstream.child.kill(signal);
    assert.deepEqual(await gone, [0, null]);
    assert.ok(performance.now() - from < 2000);
    assert.ok((await stalled).broken);
    assert.ok((await dripping).broken);
  }
});

test('fast: no signature, no bodies, effects all the same; without a name an event is its bytes', async () => {
  const child = spawn(path.join(build, 'standins/upstream'), ['--listen', '127.0.0.1:0', '--secret-file', secretFile, '--print-port', '--fast'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const upstream = new Upstream(dir, secretFile);
  upstream.child = child;
  started.push(upstream);
  upstream.port = Number(await new Promise((resolve) => { child.stdout.once('data', (part) => resolve(String(part).trim())); }));
  upstream.url = `http://127.0.0.1:${upstream.port}`;
  const one = await send(upstream, '', { headers: { 'idempotency-key': '700000000001' } });
  assert.equal(one.status, 200);
  const nameless = [];
  for (const body of ['a', 'b', 'a']) nameless.push((await send(upstream, '', { headers: {}, body })).text);
  assert.equal(nameless[0], nameless[2]);
  assert.notEqual(nameless[0], nameless[1]);
  const now = await upstream.effects();
  assert.deepEqual([now.events, now.attempts, now.repeats], [3, 4, 1]);
  assert.equal(now.effects['700000000001'], 1);
  assert.deepEqual(await upstream.received(), []);
  await end(child);
});

test('what it cannot use it says, and ends', async () => {
  const broken = path.join(dir, 'broken');
  fs.writeFileSync(broken, 'not a secret\n');
  const cases = [
    [[], 2, /usage/],
    [['--listen', '127.0.0.1:0', '--unknown'], 2, /usage/],
    [['--listen', '127.0.0.1:0', '--secret-file', broken], 1, /broken.*whsec_/],
    [['--listen', '127.0.0.1:0', '--secret-file', path.join(dir, 'none')], 1, /none/],
    [['--listen', '127.0.0.1:0', '--ledger', dir], 1, /directory/i],
    [['--listen', 'nowhere'], 1, /nowhere/],
  ];
  for (const [args, code, words] of cases) {
    const child = spawn(path.join(build, 'standins/upstream'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (part) => { said += part; });
    const ended = await new Promise((resolve) => { child.once('close', resolve); });
    assert.equal(ended, code, said);
    assert.match(said, words);
  }
});
