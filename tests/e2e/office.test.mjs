// The office's own listener: what answers where, and that nobody there notices a crash or a reload.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { children, freePort, startSystem, until } from '../lib/system.mjs';

const ask = async (base, where) => {
  const answer = await fetch(base + where, { redirect: 'manual' });
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
};
async function withOffice(t, more = {}) {
  const address = `127.0.0.1:${await freePort()}`;
  const system = await startSystem({ upstream: false, ...more, conf: { 'listen.office': address, ...more.conf } });
  t.after(() => system.stop());
  return { system, address, office: `http://${address}` };
}

test('with an office listener /api and /console are not found on the public one, and farmers not on the office\'s', async (t) => {
  const { system, office } = await withOffice(t);
  const code = system.code();
  assert.equal((await ask(system.base, code)).status, 200);
  assert.equal((await ask(office, '/robots.txt')).status, 200);
  for (const where of [code, '/progress', '/', '/hooks/upstream']) assert.equal((await ask(office, where)).status, 404, where);
  for (const where of ['/api', '/api/v1/reports', '/api/v1/openapi.json']) {
    const answer = await ask(system.base, where);
    assert.equal(answer.status, 404, where);
    assert.equal(answer.type, 'application/problem+json');
    assert.equal(JSON.parse(answer.text).status, 404);
  }
  const page = await ask(system.base, '/console');
  assert.equal(page.status, 404);
  assert.match(page.type, /^text\/html/);
  const unknown = await ask(office, '/api/v1/nothing');
  assert.equal(unknown.status, 404);
  assert.equal(unknown.type, 'application/problem+json');
});

test('without one, /api is asked on the public listener', async (t) => {
  const system = await startSystem({ upstream: false });
  t.after(() => system.stop());
  const unknown = await ask(system.base, '/api/v1/nothing');
  assert.equal(unknown.status, 404);
  assert.equal(unknown.type, 'application/problem+json');
});

test('a worker that keeps crashing leaves neither of its sockets alone', async (t) => {
  const { system, office } = await withOffice(t);
  const web = () => children(system.gateway.pid).filter((child) => child.name === 'mashang-web').map((child) => child.pid);
  const doors = () => [...system.logText().matchAll(/ev=adopted door=(\w+)/g)].map((found) => found[1]).sort();
  const [stays] = web();
  for (let crash = 1; crash <= 3; crash++) {
    await until('two web workers', async () => web().length === 2 && /web_workers_up 2$/m.test(await (await fetch(`${system.admin}/metrics`)).text()), { ms: 3000, every: 10 });
    process.kill(web().find((pid) => pid !== stays), 'SIGKILL');
    await until('the crash to be seen', () => system.logText().match(/ev=worker-died kind=web/g)?.length === crash, { every: 5 });
  }
  await until('both sockets to be adopted', () => doors().join() === 'office,public', { ms: 2000, every: 5 });
  const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => fetch(`${i % 2 ? office : system.base}/robots.txt`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(2000) }).then((answer) => answer.status)));
  assert.ok(answers.every((status) => status === 200));
});

test('a reload keeps the office\'s socket; another address needs a restart', async (t) => {
  const { system, address, office } = await withOffice(t);
  const conf = fs.readFileSync(system.conf, 'utf8');
  const answers = [];
  let going = true;
  const asking = (async () => {
    while (going) {
      answers.push((await ask(office, '/robots.txt')).status);
      await sleep(5);
    }
  })();
  fs.writeFileSync(system.conf, conf.replace('[public]', '[public]\ntitle = 试验县'));
  system.gateway.kill('SIGHUP');
  await until('the reload', () => /ev=reload done=1/.test(system.logText()), { ms: 5000 });
  fs.writeFileSync(system.conf, conf.replace(address, `127.0.0.1:${await freePort()}`));
  system.gateway.kill('SIGHUP');
  await until('the refusal', () => /ev=reload kept=old why=listen\.office: cannot change by a reload/.test(system.logText()), { ms: 5000 });
  await sleep(200);
  going = false;
  await asking;
  assert.ok(answers.length > 20);
  assert.ok(answers.every((status) => status === 200));
});

test('the office may be a unix socket; it is gone with the gateway', async (t) => {
  const system = await startSystem({ upstream: false, conf: { 'listen.office': 'unix:office.sock' } });
  t.after(() => system.stop());
  const socketPath = path.join(system.dir, 'office.sock');
  const status = await new Promise((resolve, reject) => http.get({ socketPath, path: '/robots.txt' }, (answer) => { answer.resume(); resolve(answer.statusCode); }).on('error', reject));
  assert.equal(status, 200);
  await system.stopGateway();
  assert.ok(!fs.existsSync(socketPath));
});
