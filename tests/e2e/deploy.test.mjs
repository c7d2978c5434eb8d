// What ships in deploy/: its Redis is durable by our own check, and a form is filed through its nginx.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { addToken, Api, county, directDoors, fileReport, isProblem } from '../lib/api.mjs';
import { encode, file, get, household, receiptOf, tokenOf } from '../lib/farmer.mjs';
import { redis } from '../lib/store.mjs';
import { end, freePort, root, startSystem, until } from '../lib/system.mjs';

const shipped = (name) => fs.readFileSync(path.join(root, 'deploy', name), 'utf8');

// The steps of deploy/README.md, with a folder of ours for /etc, /var and /run.
async function startShippedRedis(dir, ...more) {
  const users = ['gateway', 'deploy'];
  let acl = shipped('redis/users.acl.example');
  for (const user of users) {
    const password = randomBytes(24).toString('hex');
    fs.writeFileSync(path.join(dir, `redis-${user}.password`), `${password}\n`, { mode: 0o600 });
    acl = acl.replace(new RegExp(`^user ${user} on #0*`, 'm'), `user ${user} on #${createHash('sha256').update(password).digest('hex')}`);
  }
  fs.writeFileSync(path.join(dir, 'redis-users.acl'), acl);
  fs.writeFileSync(path.join(dir, 'redis.conf'), shipped('redis/redis.conf')
    .replaceAll('/run/mashang-redis', dir).replaceAll('/var/lib/mashang-redis', dir).replaceAll('/etc/mashang', dir)
    .replace('supervised systemd', 'supervised no'));
  return startRedis(dir, more);
}

async function startRedis(dir, more = []) {
  const redis = spawn('redis-server', [path.join(dir, 'redis.conf'), ...more], { stdio: 'ignore' });
  await until('the socket', () => fs.existsSync(path.join(dir, 'redis.sock')));
  return redis;
}

// The runbook's commands for a copy, and its restore. What was read after the copy was made is gone, and who read it hears so.
async function restoreCopy(system, dir, endRedis, beginRedis) {
  const [copying] = shipped('README.md').match(/^cd \/var\/lib\/mashang-redis\nuntil [^]*?(?=```)/m);
  const api = new Api(directDoors(system), addToken(system, { area: county, rights: 'read' }));
  const copied = (await fileReport(system)).receipt;
  const all = (await api.follow()).reports.map((one) => one.receipt);
  assert.ok(all.includes(copied));
  execFileSync('bash', ['-ec', copying.replaceAll('/var/lib/mashang-redis', dir).replaceAll('/var/backups', dir)]);
  const [copy] = fs.readdirSync(dir).filter((name) => /^mashang-\d{4}-\d\d-\d\d$/.test(name));
  assert.ok(copy && !fs.existsSync(path.join(dir, 'links')));
  await fileReport(system);
  const { next } = await api.follow();

  await system.stopGateway();
  await endRedis();
  fs.rmSync(path.join(dir, 'appendonlydir'), { recursive: true });
  fs.cpSync(path.join(dir, copy), path.join(dir, 'appendonlydir'), { recursive: true });
  await beginRedis();
  const since = [];
  system.cli('mashang', 'store', 'restored', '--user', 'deploy', '--password-file', path.join(dir, 'redis-deploy.password'));
  await system.startGateway();
  for (let i = 0; i < 3; i += 1) since.push((await fileReport(system)).receipt); // more than were lost: the old number says nothing
  isProblem(await api.get('/reports', { since: next }), 410, { pointer: '', code: 'cursor-expired' });
  assert.deepEqual((await api.follow()).reports.map((one) => one.receipt), [...all, ...since]);
}

for (const [what, more, durable] of [['as shipped', [], true], ['with appendfsync everysec', ['--appendfsync', 'everysec'], false]]) {
  test(`the shipped Redis ${what} is found ${durable ? 'durable, and is restored from a copy' : 'not durable'}`, async (t) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-redis-'));
    let redis = await startShippedRedis(dir, ...more);
    t.after(async () => {
      await end(redis);
      fs.rmSync(dir, { recursive: true });
    });
    const system = await startSystem({
      upstream: false,
      degraded: true,
      conf: { 'redis.url': `unix:${dir}/redis.sock`, 'redis.user': 'gateway', 'redis.password_file': path.join(dir, 'redis-gateway.password') },
    });
    t.after(() => system.stop());
    await until('the hint', async () => /degraded: redis .*store load/.test(await (await fetch(`${system.admin}/readyz`)).text()));
    assert.throws(() => system.cli('mashang', 'store', 'load'), /NOPERM/, 'the gateway itself may not load functions');
    system.cli('mashang', 'store', 'load', '--user', 'deploy', '--password-file', path.join(dir, 'redis-deploy.password'));
    const wanted = durable ? /^ready\n(warning: calendar [^\n]*\n)?$/ : /^degraded: redis .*appendfsync/;
    await until('the verdict', async () => wanted.test(await (await fetch(`${system.admin}/readyz`)).text()), { ms: 15000 });
    const answer = await file(system.base, system.code(), household());
    assert.equal(answer.status, durable ? 303 : 503);
    if (!durable) assert.ok(answer.html.includes('还没有提交成功'));
    else await restoreCopy(system, dir, () => end(redis), async () => { redis = await startRedis(dir); });
  });
}

test('the private Redis and the shipped one are set alike', async (t) => {
  const system = await startSystem({ upstream: false });
  t.after(() => system.stop());
  const settings = (text) => Object.fromEntries(text.split('\n').filter((line) => /^[a-z]/.test(line)).map((line) => line.split(/ (.*)/s)));
  const [own, other] = [fs.readFileSync(path.join(system.dir, 'data/redis/redis.conf'), 'utf8'), shipped('redis/redis.conf')].map(settings);
  for (const name of ['appendonly', 'appendfsync', 'no-appendfsync-on-rewrite', 'maxmemory-policy', 'hash-max-listpack-value', 'save']) {
    assert.ok(own[name], name);
    assert.equal(own[name], other[name], name);
    assert.equal(`${redis(system, 'CONFIG', 'GET', name).split('\n')[1] ?? ''}`, own[name].replace(/^""$/, ''), name);
  }
});

function request(port, method, where, body, more = {}) {
  return new Promise((resolve, reject) => {
    const headers = { host: 'baobao.example.cn', ...more };
    if (body) Object.assign(headers, { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) });
    const ask = https.request({ host: '127.0.0.1', port, path: where, method, headers, rejectUnauthorized: false }, (answer) => {
      let html = '';
      answer.setEncoding('utf8');
      answer.on('data', (part) => { html += part; });
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, html }));
    });
    ask.on('error', reject);
    ask.end(body);
  });
}

// nginx writes a line when it has done with a request, which may be after its answer was read.
async function logged(dir, site, ...lines) {
  let text;
  for (const line of lines) {
    await until(`${line} in the log`, () => {
      text = fs.readFileSync(`${dir}/${site}.access.log`, 'utf8');
      return line.test(text);
    });
  }
  return text + fs.readFileSync(`${dir}/${site}.error.log`, 'utf8');
}

// A shipped site file, on free ports of loopback, in a folder of ours.
async function startNginx(t, system, site, change) {
  const { dir } = system;
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=baobao.example.cn',
    '-keyout', `${dir}/privkey.pem`, '-out', `${dir}/fullchain.pem`], { stdio: 'ignore' });
  fs.writeFileSync(`${dir}/site.conf`, change(shipped(`nginx/${site}.conf`)
    .replaceAll('/etc/ssl/mashang', dir).replaceAll('/var/log/nginx', dir).replaceAll('/usr/local/share/mashang/nginx', path.join(root, 'deploy/nginx'))
    .replace(/listen \[::\]:.*\n/g, '')));
  fs.writeFileSync(`${dir}/nginx.conf`, `daemon off; pid ${dir}/nginx.pid; error_log ${dir}/error.log crit; events { }
http { client_body_temp_path ${dir}; proxy_temp_path ${dir}; fastcgi_temp_path ${dir}; uwsgi_temp_path ${dir}; scgi_temp_path ${dir};
include ${dir}/site.conf; }`.replace(/^daemon/, `${process.getuid() === 0 ? 'user root; ' : ''}daemon`));
  const nginx = spawn('nginx', ['-e', `${dir}/error.log`, '-c', `${dir}/nginx.conf`], { stdio: 'inherit', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
  t.after(() => end(nginx));
}

test('a report is filed through the shipped nginx, whose log knows neither code nor signature', async (t) => {
  const system = await startSystem({
    upstream: false,
    conf: {
      'listen.trusted_proxies': '127.0.0.1/32', 'public.base_url': 'https://baobao.example.cn', 'public.icp': '鲁ICP备00000000号',
    },
  });
  t.after(() => system.stop());
  const { dir } = system;
  const [plain, tls] = [await freePort(), await freePort()];
  await startNginx(t, system, 'mashang', (text) => text.replaceAll('127.0.0.1:8080', `127.0.0.1:${system.port}`)
    .replaceAll('listen 80;', `listen 127.0.0.1:${plain};`).replaceAll('listen 443', `listen 127.0.0.1:${tls}`));
  const code = system.code();
  const form = await until('nginx', () => request(tls, 'GET', code));
  assert.equal(form.status, 200);
  assert.match(form.headers['strict-transport-security'] ?? '', /max-age/);
  const answers = encode({ token: tokenOf(form.html), step: 'submit', consent: '1', ...household() }).toString();
  const filed = await request(tls, 'POST', code, answers);
  assert.equal(filed.status, 303);
  assert.match(receiptOf(filed.headers.location), /^\d{12}$/);
  assert.equal((await request(tls, 'GET', filed.headers.location)).status, 200);
  assert.equal((await get(`http://127.0.0.1:${plain}/progress?receipt=1`)).status, 301);

  await system.stopGateway();
  const busy = await request(tls, 'POST', code, answers);
  assert.equal(busy.status, 503);
  assert.equal(busy.headers['retry-after'], '5');
  assert.ok(busy.html.includes('还没有提交成功'));

  const log = await logged(dir, 'mashang', / GET \/V\/\* 200 /, / POST \/V\/\* 303 /, / \/V\/\* 503 /, / GET \/progress 301 /);
  for (const secret of [code.slice(3), filed.headers.location.slice(3), receiptOf(filed.headers.location), 'receipt=1']) {
    assert.ok(!log.includes(secret), 'a code, signature or number is in the log');
  }
});

test('the office is asked through its shipped nginx, whose log knows neither receipt nor query; the farmers\' pages are not there', async (t) => {
  const [officePort, tls] = [await freePort(), await freePort()];
  const system = await startSystem({ upstream: false, conf: { 'listen.office': `127.0.0.1:${officePort}`, 'listen.trusted_proxies': '127.0.0.1/32' } });
  t.after(() => system.stop());
  await startNginx(t, system, 'mashang-office', (text) => text.replaceAll('127.0.0.1:8081', `127.0.0.1:${officePort}`).replaceAll('listen 8443', `listen 127.0.0.1:${tls}`));
  const robots = await until('nginx', () => request(tls, 'GET', '/robots.txt'));
  assert.equal(robots.status, 200);
  const nobody = await request(tls, 'GET', '/api/v1/reports/412938471655?name=QUERY', undefined, { authorization: 'Bearer ms_nobody' });
  assert.ok([401, 404].includes(nobody.status), `status ${nobody.status}`);
  assert.match(nobody.headers['content-type'], /^application\/problem\+json/);
  assert.equal((await request(tls, 'GET', system.code())).status, 404);

  await system.stopGateway();
  const busy = await request(tls, 'GET', '/api/v1/search?id_number=QUERY');
  assert.equal(busy.status, 503);
  assert.equal(busy.headers['retry-after'], '5');
  assert.match(busy.headers['content-type'], /^application\/problem\+json/);
  assert.equal(JSON.parse(busy.html).status, 503);

  const log = await logged(system.dir, 'mashang-office', new RegExp(` GET /api/v1/reports ${nobody.status} `), / GET \/api\/v1\/search 503 /);
  for (const secret of ['412938471655', 'QUERY', 'ms_nobody', system.code().slice(3)]) assert.ok(!log.includes(secret), `${secret} is in the log`);
});
