// What was kept long enough goes: by hand, by the hour, and what stays behind.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { fieldsOf, file, get, household, post, receiptOf, textOf, titleOf } from '../lib/farmer.mjs';
import { becomes, lawHolds, metric, queue } from '../lib/line.mjs';
import { chain, field, record, recordKey, redis, setField } from '../lib/store.mjs';
import { startSystem } from '../lib/system.mjs';

const day = 86400000;
const personal = ['sealed', 'mask', 'person', 'id', 'ph', 'nm', 'last4', 'content', 'ext', 'upstream'];

describe('retention', () => {
  let system;
  let code;
  before(async () => {
    system = await startSystem({ conf: { 'retention.decided_days': 90, 'retention.undecided_days': 200 } });
    code = system.code();
  });
  after(() => system?.stop());

  const purge = (...args) => JSON.parse(system.cli('mashang', 'purge', ...args, '--json'));
  async function filed(answers = household()) {
    const answer = await file(system.base, code, answers);
    assert.equal(answer.status, 303, titleOf(answer.html));
    return { answers, location: answer.location, receipt: receiptOf(answer.location) };
  }
  async function hook(type, data) {
    const body = JSON.stringify({ type, timestamp: new Date().toISOString(), data });
    const id = `msg_${Math.random()}`;
    const answer = await fetch(`${system.base}/hooks/upstream`, {
      method: 'POST', body,
      headers: { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(Date.now() / 1000)), 'webhook-signature': new Webhook(system.callbackSecret).sign(id, new Date(), body) },
    });
    assert.equal(answer.status, 204);
  }
  const decline = (receipt) => hook('report.decided', { receipt, decision: 'declined', reason: 'solved', public_note: '公开的话' });
  // as if the decision had been made then: what is stored says so in two places
  function decidedAgo(receipt, days) {
    const at = Date.now() - days * day;
    const { told, object_end, ...progress } = JSON.parse(field(system, receipt, 'progress'));
    assert.ok(progress.decided > 0);
    setField(system, receipt, 'ended', at, 'progress', JSON.stringify({ ...progress, decided: at }));
  }
  const touchedAgo = (receipt, days) => setField(system, receipt, 'acted', Date.now() - days * day);

  test('a dry run says what would go, and deletes nothing', async () => {
    const old = await filed();
    const soon = await filed();
    const young = await filed();
    touchedAgo(old.receipt, 201);
    touchedAgo(soon.receipt, 180);
    touchedAgo(young.receipt, 160);
    const said = purge('--dry-run');
    assert.deepEqual(said.areas, [{ area: '370115008218', decided: 0, undecided: 1 }]);
    assert.deepEqual(said.soon.map((row) => row.receipt), [soon.receipt]);
    assert.equal(said.soon[0].area, '370115008218');
    assert.equal(Date.parse(said.soon[0].due) - Date.parse(said.soon[0].last_event), 200 * day);
    for (const one of [old, soon, young]) assert.equal((await get(system.base + one.location)).status, 200);
    const text = system.cli('mashang', 'purge', '--dry-run');
    assert.match(text, /370115008218\s+decided 0 undecided 1/);
    assert.match(text, new RegExp(`${soon.receipt}.*last event \\d{4}-\\d\\d-\\d\\d, goes`));
    assert.ok(!text.includes(old.answers.name));
    touchedAgo(old.receipt, 0);
    touchedAgo(soon.receipt, 0);
  });

  test('after the decision: the person goes, the skeleton stays', async () => {
    const { receipt, location, answers } = await filed();
    await becomes(system, receipt, 'delivered');
    await decline(receipt);
    assert.ok((await textOf((await get(system.base + location)).html)).includes('公开的话'));
    decidedAgo(receipt, 89);
    assert.equal(purge().purged, 0);
    decidedAgo(receipt, 91);
    const versions = Number(field(system, receipt, 'v'));
    assert.equal(purge().purged, 1);

    const left = record(system, receipt);
    for (const name of personal) assert.equal(left[name], undefined, name);
    assert.equal(left.state, 'declined');
    assert.equal(left.area, '370115008218');
    assert.equal(Number(left.v), versions + 1);
    assert.match(left.flags, /\bpurged\b/);
    assert.ok(!left.progress.includes('公开的话'));
    assert.ok(Date.now() - Number(left.purged) < 60000);
    const links = chain(system, receipt);
    assert.equal(links.at(-1).ev, 'purged');
    assert.equal(links.at(-1).hash, left.head);
    const prefix = recordKey(receipt).replace(/:r:.*/, '');
    assert.ok(!redis(system, 'ZRANGE', `${prefix}:look`, '0', '-1').includes(receipt));

    const page = await get(system.base + location);
    assert.equal(page.status, 410);
    assert.match(textOf(page.html), /不再保存/);
    assert.ok(!textOf(page.html).includes(answers.name));
    for (const query of [{ receipt, last4: answers.id_number.slice(-4) }, { id_number: answers.id_number, phone: answers.phone }]) {
      assert.equal((await post(`${system.base}/progress`, query)).status, 422);
    }
    assert.equal(purge().purged, 0);
    assert.equal(await hookGone(receipt), 404);
    await lawHolds(system);
  });
  async function hookGone(receipt) {
    const body = JSON.stringify({ type: 'report.step', timestamp: new Date().toISOString(), data: { receipt, step: 'visit', outcome: 'passed', at: new Date().toISOString() } });
    const id = `msg_${Math.random()}`;
    return (await fetch(`${system.base}/hooks/upstream`, {
      method: 'POST', body,
      headers: { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(Date.now() / 1000)), 'webhook-signature': new Webhook(system.callbackSecret).sign(id, new Date(), body) },
    })).status;
  }

  test('what was told or worked on later than it was decided counts from then; nothing goes while it may be objected to', async () => {
    const [told, upheld, kept] = [await filed(), await filed(), await filed()];
    for (const { receipt } of [told, upheld, kept]) {
      await becomes(system, receipt, 'delivered');
      await (receipt === kept.receipt ? hook('report.decided', { receipt, decision: 'admitted' }) : decline(receipt));
      decidedAgo(receipt, 91);
      touchedAgo(receipt, 91);
    }
    const change = (receipt, more) => setField(system, receipt, 'progress', JSON.stringify({ ...JSON.parse(field(system, receipt, 'progress')), ...more }));
    change(told.receipt, { told: Date.now() - 89 * day });
    change(upheld.receipt, { objection: 'upheld' });
    touchedAgo(upheld.receipt, 89);
    setField(system, kept.receipt, 'cleared', 'kept unstable');
    touchedAgo(kept.receipt, 89);
    assert.equal(purge().purged, 0);
    for (const { receipt } of [upheld, kept]) touchedAgo(receipt, 91);
    change(told.receipt, { told: Date.now() - 91 * day, object_end: Date.now() + day });
    assert.equal(purge().purged, 2);
    change(told.receipt, { object_end: Date.now() - day });
    assert.equal(purge().purged, 1);
  });

  test('the same form again after the purge: the same receipt, nothing stored', async () => {
    const answers = household();
    const form = await get(system.base + code);
    const token = new Map(fieldsOf(form.html)).get('token');
    const send = { ...answers, token, step: 'submit', consent: '1', consent_sensitive: '1' };
    const one = await post(system.base + code, send);
    assert.equal(one.status, 303, titleOf(one.html));
    const receipt = receiptOf(one.location);
    await becomes(system, receipt, 'delivered');
    await decline(receipt);
    decidedAgo(receipt, 91);
    assert.equal(purge().purged, 1);
    const accepted = queue(system, 'stats').accepted;
    const again = await post(system.base + code, send);
    assert.equal(again.status, 303);
    assert.equal(again.location, one.location);
    assert.equal(queue(system, 'stats').accepted, accepted);
    // another day, another form: the household is unknown and files anew
    const anew = await file(system.base, code, answers);
    assert.equal(anew.status, 303);
    assert.notEqual(receiptOf(anew.location), receipt);
  });

  test('undecided and never delivered: its events are dropped, the law holds, nobody finds it open', async () => {
    await system.upstream.stop();
    const { receipt, location } = await filed();
    touchedAgo(receipt, 201);
    let said;
    for (let i = 0; i < 50; i++) { // an event under way is not taken from under the one who sends it
      try { said = purge(); } catch (error) { said = JSON.parse(error.stdout); }
      if (said.purged === 1) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(said.purged, 1);
    assert.deepEqual(said.areas, [{ area: '370115008218', decided: 0, undecided: 1 }]);
    assert.equal(queue(system, 'show', receipt)[0].state, 'dropped');
    assert.equal(field(system, receipt, 'state'), 'closed');
    assert.match(chain(system, receipt).at(-1).stat, /now\.open=-1/);
    assert.equal((await get(system.base + location)).status, 410);
    const sum = await lawHolds(system);
    assert.ok(sum.dropped >= 1);
    await system.upstream.start();
  });

  test('the clock is no event', async () => {
    const { receipt } = await filed();
    touchedAgo(receipt, 201);
    setField(system, receipt, 'changed', Date.now());
    assert.equal(purge('--dry-run').due, 1);
    setField(system, receipt, 'acted', Date.now());
    assert.equal(purge('--dry-run').due, 0);
  });

  test('an open objection keeps a declined one, 风险消除 an admitted one', async () => {
    const { receipt } = await filed();
    await becomes(system, receipt, 'delivered');
    await decline(receipt);
    decidedAgo(receipt, 91);
    const progress = JSON.parse(field(system, receipt, 'progress'));
    setField(system, receipt, 'progress', JSON.stringify({ ...progress, objection: 'asked', objected: Date.now() }));
    assert.equal(purge('--dry-run').due, 0);
    setField(system, receipt, 'progress', JSON.stringify({ ...progress, cleared: Date.now() - 10 * day, state: 'cleared', decision: 'admitted' }), 'state', 'cleared');
    assert.equal(purge('--dry-run').due, 0);
    setField(system, receipt, 'progress', JSON.stringify({ ...progress, cleared: Date.now() - 91 * day, state: 'cleared', decision: 'admitted' }));
    assert.equal(purge('--dry-run').due, 1);
    assert.equal(purge().purged, 1);
  });

  test('a household that asks is forgotten at once, once it is decided and told', async () => {
    const { receipt, location, answers } = await filed();
    const asked = (...args) => {
      try {
        return { status: 0, text: system.cli('mashang', 'purge', '--receipt', receipt, ...args) };
      } catch (error) {
        return { status: error.status, text: `${error.stdout}${error.stderr}` };
      }
    };
    await becomes(system, receipt, 'delivered');
    const open = asked();
    assert.equal(open.status, 1);
    assert.match(open.text, /not decided/);
    await decline(receipt);
    assert.match(asked('--dry-run').text, /would go/);
    assert.ok(field(system, receipt, 'sealed'));
    const gone = asked();
    assert.equal(gone.status, 0, gone.text);
    assert.match(gone.text, /gone/);
    for (const name of personal) assert.equal(record(system, receipt)[name], undefined, name);
    const link = chain(system, receipt).at(-1);
    assert.equal(link.ev, 'purged');
    assert.equal(link.why, 'request');
    assert.equal((await get(system.base + location)).status, 410);
    assert.equal((await post(`${system.base}/progress`, { id_number: answers.id_number, phone: answers.phone })).status, 422);
    assert.match(asked().text, /deleted already/);
    assert.throws(() => system.cli('mashang', 'purge', '--receipt', '123456789012'), (error) => error.status === 2);
    await lawHolds(system);
  });

  test('what the monitoring system has not taken yet keeps it from being forgotten', async () => {
    const { receipt } = await filed();
    const prefix = recordKey(receipt).replace(/:r:.*/, '');
    await becomes(system, receipt, 'delivered');
    await decline(receipt);
    // as if an event of it still waited
    redis(system, 'RPUSH', `${prefix}:c:${receipt}`, `${receipt}-2`);
    assert.throws(() => system.cli('mashang', 'purge', '--receipt', receipt), (error) => error.status === 1 && /not taken all/.test(error.stderr));
    assert.ok(field(system, receipt, 'sealed'));
    redis(system, 'LREM', `${prefix}:c:${receipt}`, '0', `${receipt}-2`);
    assert.match(system.cli('mashang', 'purge', '--receipt', receipt), /gone/);
  });

  test('words it does not know are refused', () => {
    assert.throws(() => system.cli('mashang', 'purge', 'all'), (error) => error.status === 2);
    assert.match(system.cli('mashang', 'purge', '--help'), /--dry-run/);
  });
});
