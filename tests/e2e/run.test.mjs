// `make run` says what is wrong with its variables before it builds, writes or starts anything; the demo's token outlives it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { end, freePort, root, until } from '../lib/system.mjs';

const program = fileURLToPath(new URL('../../tools/run', import.meta.url));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'run-'));
after(() => fs.rmSync(folder, { recursive: true }));

function refused(says, variables) {
  const env = { ...process.env, DATA: path.join(folder, 'data'), ...variables };
  const ran = spawnSync(program, { env, encoding: 'utf8', timeout: 20000 });
  assert.equal(ran.status, 1, ran.stderr);
  assert.match(ran.stderr, says);
  assert.equal(ran.stderr.trim().split('\n').length, 1, ran.stderr);
  assert.ok(!fs.existsSync(path.join(folder, 'data')));
}

test('a folder with another configuration is left as it is', () => {
  const data = path.join(folder, 'theirs');
  const conf = path.join(data, 'mashang.conf');
  fs.mkdirSync(data, { mode: 0o755 });
  fs.chmodSync(data, 0o755);
  fs.writeFileSync(conf, '[listen]\nhttp = 127.0.0.1:8080\n');
  refused(/^run: DATA=.*theirs: its mashang\.conf was not written by make run/, { DATA: data });
  assert.equal(fs.statSync(data).mode & 0o777, 0o755);
  assert.deepEqual(fs.readdirSync(data), ['mashang.conf']);
  assert.equal(fs.readFileSync(conf, 'utf8'), '[listen]\nhttp = 127.0.0.1:8080\n');
});

test('ports, hosts and areas that cannot work', () => {
  fs.writeFileSync(path.join(folder, 'towns.csv'), 'id,parent,level,name,short,phone,contact\nc,,county,试验县,,,\nt1,c,town,东镇,,,\n');
  for (const name of ['PORT', 'ADMIN_PORT']) {
    for (const port of ['0', '65536', 'x']) refused(new RegExp(`^run: ${name}=${port}: a port from 1 to 65535`), { [name]: port });
  }
  refused(/^run: HOST=192\.0\.2\.7: not an address of this machine/, { HOST: '192.0.2.7' });
  refused(/^run: AREAS: no village in .*towns\.csv/, { AREAS: path.join(folder, 'towns.csv') });
  refused(/^run: AREAS=.*none\.csv: no such file/, { AREAS: path.join(folder, 'none.csv') });
});

test("the demo's token is printed the same each time, and made anew when it no longer works", async () => {
  const data = path.join(folder, 'demo');
  const demo = path.join(data, 'demo');
  const PORT = String(await freePort());
  const ADMIN_PORT = String(await freePort());
  const env = { ...process.env, DATA: data, PORT, ADMIN_PORT, MASHANG_UPSTREAM_URL: 'http://127.0.0.1:9/events' };
  const token = (...args) => spawnSync(path.join(root, 'build/mashang'), ['token', ...args, '-c', path.join(data, 'mashang.conf'), '--json'], { encoding: 'utf8' });
  const status = async (secret) => (await fetch(`http://127.0.0.1:${PORT}/api/v1/reports/000000000000/release`, { method: 'POST', headers: { authorization: `Bearer ${secret}` } })).status;
  const during = async (check) => {
    const run = spawn(program, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    run.stdout.on('data', (part) => { out += part; });
    run.stderr.on('data', (part) => { err += part; });
    try {
      await until('make run to be ready', () => { assert.equal(run.exitCode, null, err); return /^ready$/m.test(out); }, { ms: 120000 });
      const line = out.match(/^api {7}http:\/\/127\.0\.0\.1:(\d+)\/api\/v1 {6}token (ms_[A-Za-z0-9_-]{43})$/m);
      assert.ok(line, out);
      assert.equal(line[1], PORT);
      await check(line[2]);
      return line[2];
    } finally {
      await end(run, 20000);
    }
  };
  const first = await during(async (secret) => {
    assert.equal(await status(secret), 404); // it may look
    assert.equal(fs.statSync(demo).mode & 0o777, 0o600);
    assert.equal(fs.readFileSync(demo, 'utf8'), `token=${secret}\n`);
    const [row] = JSON.parse(token('list').stdout);
    assert.deepEqual(row.areas, ['37']);
    assert.ok(!row.rights.includes('admin') && !row.rights.includes('own') && row.rights.includes('stats'));
  });
  fs.appendFileSync(demo, 'user=yanshi\n');
  const second = await during(async () => {
    const rows = JSON.parse(token('list').stdout);
    assert.equal(rows.length, 1);
    assert.equal(token('disable', rows[0].id).status, 0);
    assert.equal(await status(first), 401);
  });
  assert.equal(second, first);
  const third = await during(async (secret) => assert.equal(await status(secret), 404));
  assert.notEqual(third, first);
  assert.equal(fs.readFileSync(demo, 'utf8'), `user=yanshi\ntoken=${third}\n`); // what else is kept there stays
});
