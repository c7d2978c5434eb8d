// A county leaves the areas file, without an alias, while what was accepted of it waits: it is still sent, counted and watched.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileReport } from '../lib/api.mjs';
import { get, textOf } from '../lib/farmer.mjs';
import { startSystemWithClock } from '../lib/clock.mjs';
import { becomes, bodies, lawHolds, queue } from '../lib/line.mjs';
import { field } from '../lib/store.mjs';
import { until } from '../lib/system.mjs';

const county = (id) => [`${id},,county,${id}县`, `${id}t,${id},town,${id}镇`, `${id}v,${id}t,village,${id}村`];
const rows = (...ids) => ['id,parent,level,name', ...ids.flatMap(county), ''].join('\n');

test('what waits of a county that is no more in the areas file', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-county-'));
  const areas = path.join(folder, 'areas.csv');
  const list = (system) => fs.readFileSync(path.join(system.dir, 'data', 'buckets'), 'utf8');
  fs.writeFileSync(areas, rows('c'));
  const system = await startSystemWithClock({ workers: 1, areas, conf: { 'forward.backoff_max_ms': 200 } });
  t.after(async () => { await system.stop(); fs.rmSync(folder, { recursive: true, force: true }); });
  assert.match(list(system), /^\d\d\n$/);

  // the county of the reports comes by a reload, and is gone after a restart: nothing but the data folder remembers it
  fs.writeFileSync(areas, rows('c', 'd'));
  await system.reload();
  assert.match(list(system), /^\d\d\n\d\d\n$/);
  await system.upstream.control({ status: 503 });
  const one = await fileReport(system, {}, { code: system.code('dv') });
  await until('it to wait', () => { const { delayed, ready } = queue(system, 'stats'); return delayed + ready > 0; });
  await system.stopGateway();
  fs.writeFileSync(areas, rows('c'));
  await system.startGateway();
  assert.match(system.logText(), /areas\.file: served before, and no area lies there now: buckets \d\d;/);
  assert.match(system.cli('mashang', 'check-config'), /served before, and no area lies there now: buckets \d\d;/);
  assert.equal(queue(system, 'audit').sum.made, 1, 'the audit goes into that bucket too');

  await system.upstream.control({});
  await becomes(system, one.receipt, 'delivered');
  assert.deepEqual((await bodies(system, one.receipt)).at(-1).event.data.area, { id: 'dv', code: 'dv', path: ['d县', 'd镇', 'd村'] });
  await lawHolds(system);
  assert.match(textOf((await get(system.base + one.location, { 'accept-encoding': 'identity' })).html), /现在： 已收到/);

  system.clock.goOn(30);
  await until('the clock to tell that it is late', () => ['orange', 'red'].includes(field(system, one.receipt, 'signal')), { ms: 20000 });

  fs.writeFileSync(path.join(system.dir, 'data', 'buckets'), '12\nhundred\n');
  assert.throws(() => system.cli('mashang', 'check-config'), /data\/buckets: line 2: not a bucket, 0 to 99/);
});
