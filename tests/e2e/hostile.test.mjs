// What somebody might do who wishes us ill, and what goes wrong by itself: each test was a hole once.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { children, startSystem, until, writeConf } from '../lib/system.mjs';
import { file, get, household, inventedPhone, post, receiptOf, tokenOf } from '../lib/farmer.mjs';

async function withSystem(options, body) {
  const system = await startSystem(options);
  try {
    await body(system, options.areas ? null : system.code());
  } finally {
    await system.stop();
  }
}

test('whoever knows ID and phone may add to a report, but not take it over with a phone of his own', async () => {
  await withSystem({}, async (system, code) => {
    const owner = household();
    const filed = receiptOf((await file(system.base, code, owner)).location);
    const form = await get(system.base + code);
    const stranger = { token: tokenOf(form.html), step: 'submit', consent: '1', ...owner, name: '生人乙', detail: '补一句' };
    const added = await post(system.base + code, stranger);
    assert.equal(receiptOf(added.location), filed);
    const phone = inventedPhone();
    const taken = await post(system.base + code, { ...stranger, phone });
    assert.equal(taken.status, 303);
    assert.notEqual(receiptOf(taken.location), filed, 'another phone is a report of its own');
    const asked = await post(`${system.base}/progress`, { id_number: owner.id_number, phone: owner.phone });
    assert.equal(receiptOf(asked.location), filed, 'the owner finds it as before');
    const events = await until('three events', async () => {
      const all = (await system.upstream.received()).map((one) => JSON.parse(one.body));
      return all.length >= 3 && all;
    });
    assert.ok(events.every((event) => event.type !== 'cn.mashang.report.corrected.v1'));
    assert.deepEqual([...new Set(events.filter((event) => event.data.receipt === filed).map((event) => event.data.phone))], [owner.phone]);
  });
});

const counties = ['370115', '370116', '370117'];
function severalCounties() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-areas-'));
  const at = path.join(dir, 'areas.csv');
  const rows = counties.flatMap((id, i) => [
    `${id},3701,county,试验${i}县`, `${id}001,${id},town,试验${i}镇`, `${id}001001,${id}001,village,试验${i}村`]);
  fs.writeFileSync(at, ['id,parent,level,name', '37,,province,试验省', '3701,37,city,试验市', ...rows, ''].join('\n'));
  return at;
}

test('several counties: after a misconfiguration each of them may bring the probe that closes the breaker', async () => {
  await withSystem({ areas: severalCounties() }, async (system) => {
    for (const county of counties) {
      await system.upstream.control({ status: 403, count: 1 });
      const receipt = receiptOf((await file(system.base, system.code(`${county}001001`), household())).location);
      await until(`delivery from ${county}`, async () => {
        const [event] = JSON.parse(system.cli('mashang', 'queue', 'show', receipt, '--json'));
        return event.state === 'delivered';
      }, { ms: 8000, every: 200 });
    }
  });
});

test('a stop while a crashed worker waits for its successor ends in order', async () => {
  for (const name of ['mashang-forward', 'mashang-web']) {
    await withSystem({ workers: 1 }, async (system) => {
      const ended = new Promise((resolve) => system.gateway.once('exit', (code, signal) => resolve(`${code} ${signal}`)));
      const last = () => Number(system.logText().match(/ev=worker-died .*successor_in_ms=(\d+)\n/g)?.at(-1).match(/in_ms=(\d+)/)[1] ?? 0);
      while (last() < 800) { // killed until the pauses are long enough to fall into
        const died = (system.logText().match(/ev=worker-died/g) ?? []).length;
        const { pid } = await until(`a ${name}`, () => children(system.gateway.pid).find((child) => child.name === name), { every: 5 });
        process.kill(pid, 'SIGKILL');
        await until('its end', () => (system.logText().match(/ev=worker-died/g) ?? []).length > died, { every: 5 });
      }
      system.gateway.kill('SIGTERM');
      assert.equal(await ended, '0 null', system.logText());
    });
  }
});

// The bytes a server says to these bytes, up to its close or half a second.
function say(port, text) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    let heard = '';
    socket.on('data', (part) => { heard += part; });
    socket.on('error', reject);
    socket.on('close', () => resolve(heard));
    socket.write(text);
    setTimeout(() => socket.destroy(), 500);
  });
}

test('a refusal says once when to come back', async () => {
  await withSystem({ workers: 1, conf: { 'limits.address_per_s': 1, 'limits.address_exempt': '10.0.0.0/8' } }, async (system) => {
    const ask = 'GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n';
    const heard = await say(system.port, ask.repeat(3));
    assert.match(heard, /HTTP\/1.1 429 /);
    assert.equal(heard.match(/^Retry-After: /gm).length, 1, heard);
  });
});

// A monitoring system of a few lines. answer(request, body) → [status, object]
async function withServer(answer, body) {
  const server = http.createServer((request, response) => {
    let text = '';
    request.on('data', (part) => { text += part; });
    request.on('end', () => {
      const [status, object] = answer(request, text);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(object));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await body(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a token with a line break begins no header of its own', async () => {
  const seen = [];
  const answer = (request) => {
    seen.push(request);
    return request.url === '/token' ? [200, { token: 'abc\r\nX-Begun: 1' }] : [200, {}];
  };
  await withServer(answer, async (url) => {
    const body = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-token-')), 'body');
    fs.writeFileSync(body, '{"user":"u"}');
    const conf = { 'upstream.url': `${url}/in`, 'upstream.auth': 'token-request', 'upstream.token_url': `${url}/token`, 'upstream.token_body_file': body, 'upstream.token_pointer': '/token' };
    await withSystem({ upstream: false, conf }, async (system, code) => {
      assert.equal((await file(system.base, code, household())).status, 303);
      await until('the token to be refused or used', async () => {
        const { html } = await get(`${system.admin}/readyz`);
        return /degraded: upstream/.test(html) || seen.some((request) => request.url === '/in');
      });
      assert.ok(seen.every((request) => !('x-begun' in request.headers)));
    });
  });
});

test('no process writes a core file: it would hold keys and what people typed', async () => {
  await withSystem({}, async (system) => {
    const pids = [system.gateway.pid, ...children(system.gateway.pid).map((child) => child.pid)];
    assert.equal(pids.length, 5);
    for (const pid of pids) assert.match(fs.readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +0 /m);
  });
});

test('an answer that repeats the person leaves no trace of it in log, queue and status', async () => {
  const echo = (request, body) => {
    const { name, id_number: id, phone, detail } = JSON.parse(body).data;
    const grouped = `${phone.slice(0, 3)}-${phone.slice(3, 7)}-${phone.slice(7)}`;
    return [422, { message: `${name} ${id.slice(0, 6)} ${id.slice(6)} ${grouped} ${detail} 不合格` }];
  };
  await withServer(echo, async (url) => {
    await withSystem({ upstream: false, conf: { 'upstream.url': `${url}/` } }, async (system, code) => {
      const answers = household({ name: '试验欧阳', detail: '隔壁老李的病' });
      assert.equal((await file(system.base, code, answers)).status, 303);
      const dead = await until('it to be buried', () => {
        const said = system.cli('mashang', 'queue', 'dead');
        return /buried/.test(said) && said;
      });
      assert.match(dead, /422: .*不合格/);
      const said = dead + system.logText() + (await get(`${system.admin}/readyz`)).html;
      for (const secret of [answers.name, '老李', answers.id_number, answers.id_number.slice(6), answers.phone, answers.phone.slice(3, 7)]) {
        assert.ok(!said.includes(secret), secret);
      }
    });
  });
});

test('keys rotate for every purpose, and what was filed before is found; lookup only as far as it can be', async () => {
  await withSystem({}, async (system, code) => {
    const answers = household();
    const form = await get(system.base + code);
    const sent = { token: tokenOf(form.html), step: 'submit', consent: '1', ...answers };
    const { location } = await post(system.base + code, sent);
    const receipt = receiptOf(location);
    for (const purpose of ['link', 'receipt', 'token', 'lookup', 'seal', 'audit']) {
      system.cli('mashang', 'keys', 'rotate', purpose);
      const done = () => (system.logText().match(/ev=reload done/g) ?? []).length;
      const before = done();
      system.gateway.kill('SIGHUP');
      await until('the reload', () => done() > before);
      await until('a store that answers', async () => /^ready/.test((await get(`${system.admin}/readyz`)).html));
      assert.equal((await get(system.base + location)).status, 200, purpose);
      assert.equal((await get(system.base + code)).status, 200, purpose);
      assert.equal(receiptOf((await post(system.base + code, sent)).location), receipt, `repeat after ${purpose}`);
      assert.equal((await post(`${system.base}/progress`, { receipt, last4: answers.id_number.slice(-4) })).status, 303, purpose);
      const asked = await post(`${system.base}/progress`, { id_number: answers.id_number, phone: answers.phone });
      assert.equal(receiptOf(asked.location), receipt, purpose);
    }
    assert.throws(() => system.cli('mashang', 'keys', 'rotate', 'lookup'), /two keys are searched/);
  });
});

test('reloads under load: nobody is turned away and no connection breaks under a request', async () => {
  await withSystem({}, async (system, code) => {
    const running = { on: true, fine: 0, wrong: [] };
    const client = async (i) => {
      while (running.on) {
        try {
          const answer = i % 3 ? await get(system.base + code) : await file(system.base, code, household());
          if (answer.status === (i % 3 ? 200 : 303)) running.fine += 1;
          else running.wrong.push(answer.status);
        } catch (error) {
          running.wrong.push(error.cause?.code ?? error.message);
        }
      }
    };
    const clients = Array.from({ length: 9 }, (_, i) => client(i));
    for (let i = 1; i <= 5; i++) {
      system.gateway.kill('SIGHUP');
      await until('the reload', () => (system.logText().match(/ev=reload done/g) ?? []).length === i);
      const fine = running.fine;
      await until('answers after it', () => running.fine > fine + 30);
    }
    running.on = false;
    await Promise.all(clients);
    assert.deepEqual(running.wrong, []);
  });
});

test('a reload asked for while one is under way is done after it', async () => {
  await withSystem({}, async (system, code) => {
    for (let ms = 4; ms <= 60; ms += 4) {
      system.gateway.kill('SIGHUP');
      await sleep(ms);
      system.settings['public.hotline'] = `0531-123456${10 + ms}`;
      writeConf(system.conf, system.settings);
      system.gateway.kill('SIGHUP');
      const seen = async () => (await get(system.base + code)).html.includes(system.settings['public.hotline']);
      await until(`the hotline of the reload ${ms} ms later`, seen, { ms: 4000 });
    }
  });
});

test('a secret that everybody can read is warned of', async () => {
  await withSystem({}, async (system) => {
    const warnings = () => JSON.parse(system.cli('mashang', 'check-config', '--json')).warnings.filter((one) => /everybody/.test(one));
    assert.deepEqual(warnings(), []);
    fs.chmodSync(system.settings['upstream.secret_file'], 0o644);
    assert.match(warnings().join('\n'), /^upstream.secret_file: .*mode 0644[^\n]*$/);
  });
});

test('one report that a filter before the monitoring system always answers 403 delays no other', async () => {
  await withSystem({}, async (system, code) => {
    await system.upstream.control({ status: 403, for: '毒丸' });
    const poison = receiptOf((await file(system.base, code, household({ detail: '毒丸' }))).location);
    const delivered = async (receipt) => (await system.upstream.effects()).effects[receipt];
    for (let i = 0; i < 12; i += 1) {
      const receipt = receiptOf((await file(system.base, code, household())).location);
      await until(`report ${i} to be delivered`, () => delivered(receipt), { ms: 5000 });
    }
    const metrics = (await get(`${system.admin}/metrics`)).html;
    const opened = Number(metrics.match(/^mashang_breaker_opened_total (\d+)/m)[1]);
    assert.ok(opened >= 1 && opened <= 3, `the breaker opened ${opened} times`);
    assert.equal(await delivered(poison), undefined);
    const dead = JSON.parse(system.cli('mashang', 'queue', 'stats', '--json'));
    assert.equal(dead.buried, 0, 'nothing is buried');
    await system.upstream.control({});
    await until('the poisoned one, once the filter is mended', () => delivered(poison), { ms: 10000 });
  });
});
