// `make run` says what is wrong with its variables before it builds, writes or starts anything.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

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
