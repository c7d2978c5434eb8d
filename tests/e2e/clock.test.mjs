// The clock's part of the sweep, where reports cannot be read any more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileReport } from '../lib/api.mjs';
import { field, redis, setField } from '../lib/store.mjs';
import { startSystem, until } from '../lib/system.mjs';

test('more unreadable reports than one look takes do not hold up the others', async () => {
  const system = await startSystem();
  try {
    const good = (await fileReport(system)).receipt;
    const clock = `ms:{${good.slice(0, 2)}}:clock`;
    for (let i = 0; i < 205; i += 1) { // the longest due, each of a record that says nothing
      const broken = good.slice(0, 2) + String(i).padStart(10, '0');
      setField(system, broken, 'v', 1, 'progress', 'x', 'procedure', field(system, good, 'procedure'));
      redis(system, 'ZADD', clock, '1', broken);
    }
    setField(system, good, 'claim', 'somebody', 'claim_until', '1000');
    redis(system, 'ZADD', clock, '1000', good);
    await until('the claim to end', () => field(system, good, 'claim') === '', { ms: 20000 });
    assert.ok(Number(redis(system, 'ZSCORE', clock, good)) > Date.now());
    const said = () => system.logText().match(/ ev=unreadable /g)?.length ?? 0;
    await until('the clock to say how many', () => / ev=unreadable rid=clock reports=205 /.test(system.logText()), { ms: 20000 });
    const before = said();
    await sleep(11000); // two rounds
    assert.equal(said(), before, 'said when it changes, not by each round');
  } finally {
    await system.stop();
  }
});
