// What goes wrong at the worst time: Redis, workers, the monitoring system, the operator. Nothing that was shown is lost, nothing is shown
// that was not stored.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encode, fieldsOf, file, get, household, post, receiptOf, textOf, titleOf, tokenOf } from '../lib/farmer.mjs';
import { Redis } from '../lib/redis.mjs';
import { alive, build, children, end, freePort, root, startSystem, until, writeConf } from '../lib/system.mjs';

const readyz = async (system) => { const answer = await fetch(`${system.admin}/readyz`); return { status: answer.status, text: await answer.text() }; };
const isReady = (system, ms = 10000) => until('ready', async () => /^ready\n/.test((await readyz(system)).text), { ms });
const metric = async (system, name) => Number((await (await fetch(`${system.admin}/metrics`)).text()).match(new RegExp(`^mashang_${name} (\\d+)$`, 'm'))?.[1]);
const queue = (system, ...args) => JSON.parse(system.cli('mashang', 'queue', ...args, '--json'));

// 503 as the contract has it: Retry-After, the words, every value kept, the token carried on.
function unstored(answer, answers, token) {
  assert.equal(answer.status, 503, `${answer.status} ${titleOf(answer.html)}`);
  assert.ok(Number(answer.headers.get('retry-after')) > 0, 'Retry-After');
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.ok(textOf(answer.html).includes('还没有提交成功'));
  assert.equal(answer.headers.get('location'), null);
  assert.ok(!/申报编号|已收到/.test(textOf(answer.html)), 'no receipt');
  const kept = fieldsOf(answer.html);
  for (const name of ['name', 'id_number', 'phone', 'detail']) if (answers[name]) assert.equal(kept.find(([one]) => one === name)?.[1], answers[name], name);
  assert.deepEqual(kept.filter(([name]) => name === 'risk').map(([, value]) => value).toSorted(), answers.risk.toSorted());
  assert.equal(tokenOf(answer.html), token);
  return kept;
}
const submit = (system, code, token, answers) => post(system.base + code, { token, step: 'submit', consent: '1', ...answers });
const freshToken = async (system, code) => tokenOf((await get(system.base + code)).html);

describe('the private Redis', () => {
  let system;
  let code;
  before(async () => { system = await startSystem({ conf: { 'limits.accept_timeout_ms': 1000 } }); code = system.code(); });
  after(() => system?.stop());

  test('killed with -9 again and again while forms are submitted: a receipt or 还没有提交成功, and every receipt is there', async () => {
    const shown = new Map();
    const counts = { 303: 0, 503: 0 };
    let running = true;
    const farmer = async () => {
      while (running) {
        const answers = household({ risk: ['accident'] });
        try {
          const token = await freshToken(system, code);
          let answer = await submit(system, code, token, answers);
          for (let i = 0; answer.status === 503 && i < 100; i += 1) {
            counts[503] += 1;
            unstored(answer, answers, token);
            await sleep(100);
            answer = await submit(system, code, token, answers);
          }
          assert.equal(answer.status, 303, titleOf(answer.html));
          counts[303] += 1;
          shown.set(receiptOf(answer.location), answer.location);
        } catch (error) {
          if (error.code === 'ERR_ASSERTION') throw error;
        }
      }
    };
    const farmers = [farmer(), farmer(), farmer(), farmer()];
    const someMore = (than) => until('receipts again', () => counts[303] >= than + 6, { ms: 15000 });
    for (let i = 0; i < 4; i += 1) { // each time when it works again, however busy the machine is
      await someMore(counts[303]);
      const pid = await until('a Redis', () => system.redisPid());
      process.kill(pid, 'SIGKILL');
    }
    await someMore(counts[303]);
    running = false;
    await Promise.all(farmers);
    await isReady(system);
    assert.ok(counts[303] > 20 && counts[503] > 0, JSON.stringify(counts));
    for (const [receipt, where] of shown) assert.equal((await get(system.base + where)).status, 200, receipt);
    await until('all to be delivered', () => { const s = queue(system, 'stats'); return s.delivered === s.made && s.made >= shown.size; }, { ms: 25000, every: 300 });
    const { effects } = await system.upstream.effects();
    for (const receipt of shown.keys()) assert.equal(effects[receipt], 1, receipt);
    assert.equal(queue(system, 'audit').holds, true);
    assert.equal(queue(system, 'stats').accepted, shown.size, 'as many as were shown');
  });

  test('the gateway stays, and is ready again by itself', async () => {
    const { pid } = system.gateway;
    const old = system.redisPid();
    process.kill(old, 'SIGKILL');
    assert.equal((await get(system.base + code)).status, 200);
    await until('another Redis', () => system.redisPid() && system.redisPid() !== old);
    await isReady(system);
    assert.equal(system.gateway.pid, pid);
    assert.ok((await metric(system, 'redis_restarts_total')) >= 1);
  });
});

describe('a Redis of the operator\'s own', () => {
  let redis;
  let system;
  let code;
  before(async () => { redis = await new Redis().start(); system = await redis.system(); code = system.code(); await isReady(system); });
  after(async () => { await system?.stop(); await redis?.stop(); });
  beforeEach(async () => { // whatever the test before left behind
    if (redis.child.exitCode !== null || redis.child.signalCode !== null) await redis.start();
    redis.child.kill('SIGCONT');
    for (const [name, value] of [['maxmemory', '0'], ['appendfsync', 'always']]) redis.say('CONFIG', 'SET', name, value);
    redis.say('REPLICAOF', 'NO', 'ONE');
    await system.upstream.control({});
    await isReady(system, 70000);
  });

  const acceptedAgain = (token, answers) => until('accepted again', async () => (await submit(system, code, token, answers)).status === 303, { ms: 5000, every: 100 });

  test('away for a while: the form is served, submitting says 还没有提交成功, the same token later gives the receipt', async () => {
    const stored = await file(system.base, code, household());
    const token = await freshToken(system, code);
    const answers = household({ detail: '很长的一段话', risk: ['accident', 'jobs'] });
    await redis.kill();
    const form = await get(system.base + code);
    assert.equal(form.status, 200);
    assert.ok(tokenOf(form.html));
    assert.equal((await get(`${system.base}/`)).status, 200);
    assert.equal((await post(system.base + code, { token, step: 'check', ...answers })).status, 200, 'the check page needs no Redis');
    assert.equal((await post(system.base + code, { token, step: 'check', ...answers, phone: '1' })).status, 422);
    const from = Date.now();
    const kept = unstored(await submit(system, code, token, answers), answers, token);
    assert.ok(Date.now() - from < 3000);
    const ready = await until('readyz to say so', async () => { const now = await readyz(system); return /degraded.*redis/s.test(now.text) && now; }, { ms: 3000 });
    assert.equal(ready.status, 200, 'the form can be served');
    assert.equal((await get(system.base + stored.location)).status, 503, 'the progress page says come back');
    assert.equal((await post(`${system.base}/progress`, { receipt: receiptOf(stored.location), last4: '0000' })).status, 503);
    await redis.start();
    await isReady(system);
    const again = await post(system.base + code, [...kept.filter(([name]) => name !== 'consent'), ['consent', '1'], ['step', 'submit']]);
    assert.equal(again.status, 303, titleOf(again.html));
    assert.equal((await submit(system, code, token, answers)).location, again.location);
    assert.equal((await get(system.base + stored.location)).status, 200);
  });

  test('it stands still: 503 in time, and no second report when it wakes', async () => {
    const token = await freshToken(system, code);
    const answers = household();
    redis.child.kill('SIGSTOP');
    try {
      const from = Date.now();
      unstored(await submit(system, code, token, answers), answers, token);
      assert.ok(Date.now() - from < 3000, `${Date.now() - from} ms`);
    } finally {
      redis.child.kill('SIGCONT');
    }
    await isReady(system);
    const before = queue(system, 'stats').accepted;
    const answer = await submit(system, code, token, answers);
    assert.equal(answer.status, 303);
    assert.ok(queue(system, 'stats').accepted - before <= 1);
    assert.equal((await submit(system, code, token, answers)).location, answer.location);
    assert.equal(queue(system, 'show', receiptOf(answer.location)).length, 1);
  });

  // The commands an operator needs when Redis takes no more: what they say, and that they say why.
  const commanded = (said, ...words) => {
    const done = spawnSync(path.join(build, 'mashang'), [...words, '-c', system.conf], { encoding: 'utf8', timeout: 10000 });
    assert.equal(done.status, 0, `${words.join(' ')}: ${done.stderr}`);
    assert.match(done.stderr, said, words.join(' '));
    return done.stdout;
  };

  test('out of memory: refused with kept values, nothing is sent meanwhile, the operator sees it and acts; afterwards accepted and delivered', async () => {
    const { id } = JSON.parse(system.cli('mashang', 'token', 'add', '--area', '370115', '--rights', 'read', '--name', 'leaked', '--json'));
    await system.upstream.control({ status: 422 });
    const refused = receiptOf((await file(system.base, code, household())).location);
    await until('buried', () => queue(system, 'show', refused)[0].state === 'buried');
    await system.upstream.control({ status: 503 });
    const waiting = receiptOf((await file(system.base, code, household())).location);
    const token = await freshToken(system, code);
    const answers = household({ detail: '情况' });
    redis.say('CONFIG', 'SET', 'maxmemory', '1');
    unstored(await submit(system, code, token, answers), answers, token);
    assert.equal((await get(system.base + code)).status, 200);
    await sleep(500); // what was reserved before has come back
    await system.upstream.control({});
    const full = /^mashang: warning: redis: .*(OOM|memory)/;
    for (const words of [['queue', 'stats'], ['queue', 'dead'], ['queue', 'audit'], ['token', 'list'], ['purge', '--dry-run'], ['purge'], ['keys', 'status'], ['token', 'disable', id], ['queue', 'kick', refused]]) commanded(full, ...words);
    assert.equal(JSON.parse(commanded(full, 'token', 'list', '--json')).find((one) => one.id === id).state, 'disabled');
    const add = spawnSync(path.join(build, 'mashang'), ['token', 'add', '--area', '370115', '--rights', 'read', '--name', 'more', '-c', system.conf], { encoding: 'utf8' });
    assert.equal(add.status, 1);
    assert.match(add.stderr, /^mashang: redis: .*(OOM|memory)/);
    for (const receipt of [waiting, refused]) assert.notEqual(JSON.parse(commanded(full, 'queue', 'show', receipt, '--json'))[0].state, 'delivered', 'a reserve would write');
    redis.say('CONFIG', 'SET', 'maxmemory', '0');
    await acceptedAgain(token, answers);
    for (const receipt of [waiting, refused]) await until('delivered', () => queue(system, 'show', receipt)[0].state === 'delivered');
  });

  test('read-only: refused, afterwards accepted', async () => {
    const token = await freshToken(system, code);
    const answers = household();
    redis.say('REPLICAOF', '127.0.0.1', String(await freePort()));
    unstored(await submit(system, code, token, answers), answers, token);
    redis.say('REPLICAOF', 'NO', 'ONE');
    await acceptedAgain(token, answers);
  });

  test('no longer durable while it runs: found at the next reconnect, refused, and said; a leaked token ends all the same', async () => {
    const { id } = JSON.parse(system.cli('mashang', 'token', 'add', '--area', '370115', '--rights', 'read', '--name', 'leaked', '--json'));
    redis.say('CONFIG', 'SET', 'appendfsync', 'everysec');
    redis.say('CLIENT', 'KILL', 'TYPE', 'normal');
    await until('degraded', async () => /degraded.*(appendfsync|durab)/s.test((await readyz(system)).text), { ms: 8000 });
    const token = await freshToken(system, code);
    const answers = household();
    unstored(await submit(system, code, token, answers), answers, token);
    for (const words of [['queue', 'stats'], ['queue', 'audit'], ['token', 'disable', id]]) commanded(/^mashang: warning: redis: .*appendfsync/, ...words);
    assert.equal(JSON.parse(commanded(/appendfsync/, 'token', 'list', '--json')).find((one) => one.id === id).state, 'disabled');
    redis.say('CONFIG', 'SET', 'appendfsync', 'always');
    redis.say('CLIENT', 'KILL', 'TYPE', 'normal');
    await isReady(system);
    assert.equal((await submit(system, code, token, answers)).status, 303);
  });

  test('in the end the law holds and all was delivered', async () => {
    await until('delivered', () => { const s = queue(system, 'stats'); return s.delivered === s.made; }, { ms: 25000, every: 200 });
    assert.equal(queue(system, 'audit').holds, true);
  });
});

describe('a Redis that is not durable', () => {
  const wrong = [
    ['appendfsync everysec', { appendfsync: 'everysec' }, /appendfsync/], ['no append-only file', { appendonly: 'no' }, /appendonly/], ['no fsync while rewriting', { 'no-appendfsync-on-rewrite': 'yes' }, /no-appendfsync-on-rewrite/], ['eviction', { 'maxmemory-policy': 'allkeys-lru' }, /maxmemory-policy|noeviction/],
  ];
  for (const [what, options, said] of wrong) {
    test(`${what}: nothing is accepted, readyz says why`, async () => {
      const redis = await new Redis(options).start();
      let system;
      try {
        system = await redis.system({}, { upstream: false });
        const code = system.code();
        const { status, text } = await until('the reason', async () => { const now = await readyz(system); return said.test(now.text) && now; });
        assert.equal(status, 200);
        assert.match(text, /degraded/);
        const token = await freshToken(system, code);
        const answers = household();
        unstored(await submit(system, code, token, answers), answers, token);
        assert.match(system.logText(), said);
      } finally {
        await system?.stop();
        await redis.stop();
      }
    });
  }
  test('unless the operator says so', async () => {
    const redis = await new Redis({ appendfsync: 'everysec' }).start();
    let system;
    try {
      system = await redis.system({ 'redis.durability': 'none' }, { upstream: false });
      await isReady(system);
      assert.equal((await file(system.base, system.code(), household())).status, 303);
    } finally {
      await system?.stop();
      await redis.stop();
    }
  });
});

describe('a Redis with a password', () => {
  let redis;
  before(async () => { redis = await new Redis({ requirepass: 'invented-password' }).start(); });
  after(() => redis?.stop());
  test('the right one', async () => {
    const system = await redis.system({ 'redis.password_file': path.join(redis.dir, 'password') }, { upstream: false });
    try {
      await isReady(system);
      assert.equal((await file(system.base, system.code(), household())).status, 303);
      assert.ok(!system.logText().includes('invented-password'));
    } finally {
      await system.stop();
    }
  });
  for (const [what, password] of [['a wrong one', 'other-password'], ['none', null]]) {
    test(`${what}: the form is served, nothing is accepted, readyz says why and not the password`, async () => {
      const wrong = path.join(redis.dir, 'wrong');
      if (password) fs.writeFileSync(wrong, `${password}\n`, { mode: 0o600 });
      const system = await redis.system(password ? { 'redis.password_file': wrong } : {}, { upstream: false });
      try {
        const code = system.code();
        const { text } = await until('the reason', async () => { const now = await readyz(system); return /degraded.*redis.*(WRONGPASS|NOAUTH|password|auth)/is.test(now.text) && now; }, { ms: 5000 });
        const token = await freshToken(system, code);
        const answers = household();
        unstored(await submit(system, code, token, answers), answers, token);
        for (const said of [text, system.logText()]) assert.ok(!said.includes('other-password') && !said.includes('invented-password'));
      } finally {
        await system.stop();
      }
    });
  }
});

describe('workers', () => {
  test('a web worker killed with -9 in mid-request: others carry on, it is back within a second, nothing accepted is lost', async () => {
    const system = await startSystem({ workers: 2 });
    try {
      const code = system.code();
      const shown = [];
      let running = true;
      const farmer = async () => {
        while (running) {
          const answers = household();
          let answer;
          let token;
          for (let i = 0; i < 50 && !answer; i += 1) {
            try {
              token ??= await freshToken(system, code);
              const tried = await submit(system, code, token, answers);
              if (tried.status === 303) answer = tried;
            } catch { /* it died under us: the farmer taps again */ }
          }
          assert.ok(answer, 'fifty taps');
          shown.push(answer.location);
        }
      };
      const farmers = [farmer(), farmer(), farmer()];
      for (let i = 0; i < 3; i += 1) {
        await sleep(400);
        const pids = system.workerPids();
        process.kill(pids[i % pids.length], 'SIGKILL');
        const from = Date.now();
        await until('it is back', () => { const now = system.workerPids(); return now.length === pids.length && now.some((pid) => !pids.includes(pid)); }, { ms: 1500, every: 10 });
        assert.ok(Date.now() - from < 1000);
      }
      await sleep(300);
      running = false;
      await Promise.all(farmers);
      await isReady(system);
      for (const where of shown) assert.equal((await get(system.base + where)).status, 200);
      await until('delivered', () => { const s = queue(system, 'stats'); return s.delivered === s.made; }, { ms: 25000, every: 200 });
      assert.equal(queue(system, 'stats').accepted, new Set(shown.map(receiptOf)).size);
      const { effects } = await system.upstream.effects();
      for (const where of shown) assert.equal(effects[receiptOf(where)], 1);
      assert.equal(queue(system, 'audit').holds, true);
    } finally {
      await system.stop();
    }
  });

  test('SIGTERM: what is in flight is finished, exit 0 within 10 s, no process and no socket is left', async () => {
    const system = await startSystem();
    const code = system.code();
    const pids = [system.gateway.pid, ...children(system.gateway.pid).map((child) => child.pid)];
    assert.ok(pids.length >= 5);
    const body = encode({ token: await freshToken(system, code), step: 'submit', consent: '1', ...household() }).toString();
    const socket = net.connect(system.port, '127.0.0.1');
    const idle = net.connect(system.port, '127.0.0.1');
    idle.on('error', () => {});
    let text = '';
    socket.on('data', (part) => { text += part; });
    const closed = new Promise((resolve) => { socket.on('close', resolve); socket.on('error', resolve); });
    socket.write(`POST ${code} HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 20)}`);
    await sleep(100);
    const gone = new Promise((resolve) => system.gateway.once('exit', (exit, signal) => resolve([exit, signal])));
    const from = Date.now();
    system.gateway.kill('SIGTERM');
    await sleep(200);
    socket.write(body.slice(20));
    assert.deepEqual(await gone, [0, null]);
    assert.ok(Date.now() - from < 10000, `${Date.now() - from} ms`);
    await closed;
    idle.destroy();
    assert.match(text, /^HTTP\/1\.1 303 /, 'the report in flight');
    assert.deepEqual(pids.filter(alive), []);
    const left = [];
    const walk = (dir) => { for (const entry of fs.readdirSync(dir, { withFileTypes: true })) { const name = path.join(dir, entry.name); if (entry.isDirectory()) walk(name); else if (entry.isSocket() || /\.pid$/.test(name)) left.push(name); } };
    walk(system.dir);
    assert.deepEqual(left, []);
    for (const port of [system.port, system.adminPort]) await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
    await system.stop();
  });

  for (const signal of ['SIGINT', 'SIGTERM']) {
    test(`${signal} while Redis is gone and the monitoring system stands still`, async () => {
      const system = await startSystem();
      const code = system.code();
      await system.upstream.control({ stall_ms: 60000 });
      assert.equal((await file(system.base, code, household())).status, 303);
      await sleep(100);
      process.kill(system.redisPid(), 'SIGKILL');
      const gone = new Promise((resolve) => system.gateway.once('exit', (exit, by) => resolve([exit, by])));
      const from = Date.now();
      system.gateway.kill(signal);
      assert.deepEqual(await gone, [0, null]);
      assert.ok(Date.now() - from < 10000);
      await system.stop();
    });
  }
});

describe('the operator', () => {
  let system;
  let code;
  before(async () => { system = await startSystem({ upstream: false }); code = system.code(); });
  after(() => system?.stop());

  const broken = [
    ['an unknown key', (text) => text.replace('[public]', '[public]\ntitel = x'), /mashang\.conf:\d+: .*titel/],
    ['a value out of range', (text) => text.replace('workers = 2', 'workers = 100000'), /mashang\.conf:\d+: .*workers/],
    ['an areas file that is not there', (text) => text.replace(/file = .*370115\.csv/, 'file = /nowhere.csv'), /nowhere\.csv/],
    ['no INI at all', () => 'nonsense\n', /mashang\.conf:1/],
    ['a keyring that is gone', (text) => text.replace(/keyring_file = .*/, 'keyring_file = /nowhere.json'), /nowhere\.json/],
    ['a template that is broken', (text) => text, /form\.mustache|no_such_name/, true],
  ];
  for (const [what, change, said, template] of broken) {
    test(`SIGHUP with ${what}: the old one stays, and it is said why`, async () => {
      const good = fs.readFileSync(system.conf, 'utf8');
      const before = fs.statSync(system.log).size;
      const refused = await metric(system, 'reloads_refused_total');
      const page = (await get(system.base + code)).html.replace(/name="token" value="[^"]*"/, '');
      let bad = change(good);
      if (template) {
        const dir = path.join(system.dir, 'templates');
        fs.cpSync(path.join(root, 'templates'), dir, { recursive: true });
        fs.appendFileSync(path.join(dir, 'pages/form.mustache'), '{{no_such_name}}');
        bad = good.replace(/dir = .*/, `dir = ${dir}`);
      }
      assert.ok(bad !== good);
      fs.writeFileSync(system.conf, bad);
      try {
        system.gateway.kill('SIGHUP');
        await until('the refusal', async () => (await metric(system, 'reloads_refused_total')) > refused, { ms: 5000 });
        assert.match(fs.readFileSync(system.log, 'utf8').slice(before), said);
        assert.equal((await get(system.base + code)).html.replace(/name="token" value="[^"]*"/, ''), page);
        assert.equal((await file(system.base, code, household())).status, 303);
      } finally {
        fs.writeFileSync(system.conf, good);
      }
    });
  }
  test('SIGHUP while forms come in: none is lost', async () => {
    let running = true;
    const statuses = [];
    // A connection for each request: one kept alive may be closed just when the next request is on its way.
    const say = (method, fields) => new Promise((resolve) => {
      const body = fields ? encode(fields).toString() : '';
      const request = http.request(system.base + code, { method, agent: false, headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length } }, (answer) => {
        let html = '';
        answer.on('data', (part) => { html += part; });
        answer.on('end', () => resolve({ status: answer.statusCode, html }));
        answer.on('error', (error) => resolve({ status: error.code, html }));
      });
      request.on('error', (error) => resolve({ status: error.code, html: '' }));
      request.end(body);
    });
    const farmer = async () => {
      while (running) {
        const form = await say('GET');
        if (form.status !== 200) statuses.push(form.status);
        else statuses.push((await say('POST', { token: tokenOf(form.html), step: 'submit', consent: '1', ...household() })).status);
      }
    };
    const farmers = [farmer(), farmer()];
    for (let i = 0; i < 3; i += 1) { await sleep(300); system.gateway.kill('SIGHUP'); }
    await sleep(500);
    await until('enough of them', () => statuses.length > 20, { ms: 20000 }); // a busy machine is slow, and loses none all the same
    running = false;
    await Promise.all(farmers);
    assert.deepEqual(statuses.filter((status) => status !== 303), []);
  });
  test('two masters on one data folder: the second says so and harms nothing', async () => {
    const other = path.join(system.dir, 'other.conf');
    writeConf(other, { ...system.settings, 'listen.http': `127.0.0.1:${await freePort()}`, 'listen.admin': `127.0.0.1:${await freePort()}` });
    const second = spawnSync(path.join(build, 'mashang'), ['serve', '-c', other], { encoding: 'utf8', timeout: 10000 });
    assert.equal(second.status, 1);
    assert.match(second.stderr, /^mashang: /m); // a warning of the configuration may stand before it
    assert.ok(second.stderr.includes(String(system.gateway.pid)) || second.stderr.includes(path.join(system.dir, 'data')), second.stderr);
    // spawnSync stood still for this process too: a connection kept from before may have ended meanwhile
    const filed = await until('an answer', () => file(system.base, code, household()));
    assert.equal(filed.status, 303);
  });
  test('a port that is taken: the second says which', async () => {
    const other = path.join(system.dir, 'port.conf');
    writeConf(other, { ...system.settings, 'redis.data_dir': path.join(system.dir, 'data2'), 'listen.admin': `127.0.0.1:${await freePort()}` });
    const second = spawnSync(path.join(build, 'mashang'), ['serve', '-c', other], { encoding: 'utf8', timeout: 10000 });
    assert.ok([1, 78].includes(second.status), `${second.status}`);
    assert.ok(second.stderr.includes(String(system.port)), second.stderr);
  });
});

describe('the monitoring system is away', () => {
  test('farmers notice nothing, afterwards all is delivered once', async () => {
    const system = await startSystem();
    try {
      const code = system.code();
      await system.upstream.kill();
      const receipts = [];
      for (let i = 0; i < 30; i += 1) {
        const from = Date.now();
        const answer = await file(system.base, code, household());
        assert.equal(answer.status, 303);
        assert.ok(Date.now() - from < 1000);
        receipts.push(receiptOf(answer.location));
        assert.equal((await get(system.base + answer.location)).status, 200);
      }
      await sleep(1000);
      const stats = queue(system, 'stats');
      assert.equal(stats.buried + stats.delivered, 0);
      await system.upstream.start();
      await until('delivered', () => queue(system, 'stats').delivered === 30, { ms: 15000, every: 100 });
      const { effects } = await system.upstream.effects();
      for (const receipt of receipts) assert.equal(effects[receipt], 1);
      assert.equal(queue(system, 'audit').holds, true);
    } finally {
      await system.stop();
    }
  });
});
