// What was agreed to, when, and by which form it was filed: frozen when it was filed, told the same in every later event, and never told of what nobody ticked.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { addToken, Api, county, directDoors, fileReport, otherVillage } from '../lib/api.mjs';
import { startSystemWithClock } from '../lib/clock.mjs';
import { file, household, inventedId, inventedPhone, post } from '../lib/farmer.mjs';
import { bodies } from '../lib/line.mjs';
import { field, setField } from '../lib/store.mjs';
import { root, until, village } from '../lib/system.mjs';

describe('consent', () => {
  let folder, system, api, early, old;
  const notice = (text) => fs.writeFileSync(path.join(folder, 'privacy.txt'), `${text}\n`);
  // the events of a report, once the last is of that kind
  async function heard(receipt, last) {
    let events;
    await until(`${last} of ${receipt}`, async () => {
      events = (await bodies(system, receipt)).map((one) => one.event);
      return events.at(-1)?.type === `cn.mashang.report.${last}.v1`;
    });
    return events;
  }
  const ms = (text) => Date.parse(text);
  const day = () => new Date(system.clock.now().getTime() + 8 * 36e5).toISOString().slice(0, 10);

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-consent-'));
    fs.cpSync(path.join(root, 'templates'), path.join(folder, 'templates'), { recursive: true });
    notice('第一版：只用来办这次申报。');
    system = await startSystemWithClock({ workers: 1, conf: {
      'public.privacy_file': path.join(folder, 'privacy.txt'), 'forms.dir': path.join(folder, 'templates'),
      'forward.events': 'accepted added corrected transferred merged withdrawn step decided' } });
    api = new Api(directDoors(system), addToken(system, { area: county, rights: ['read', 'pii', 'claim', 'step', 'intake'] }));
    early = await fileReport(system);
    old = await fileReport(system);
    await heard(early.receipt, 'accepted');
    await heard(old.receipt, 'accepted');
    // nineteen days later there is another notice, and another form
    system.clock.goOn(19);
    notice('第二版：也用来别的事。');
    const form = path.join(folder, 'templates/forms/report.json');
    fs.writeFileSync(form, fs.readFileSync(form, 'utf8').replace('"rows": 3', '"rows": 4'));
    await system.reload();
    await until('connections of before to be gone', () => api.detail(early.receipt)); // they closed with the generation that held them
  });
  after(async () => { await system?.stop(); fs.rmSync(folder, { recursive: true, force: true }); });

  test('a name corrected under another notice and form: the event tells those it was filed by', async () => {
    await api.moved(early.receipt, 'correct', { name: '试验更正' });
    await api.moved(early.receipt, 'transfer', { area: otherVillage });
    const [accepted, corrected, transferred] = await heard(early.receipt, 'transferred');
    assert.equal(accepted.data.consent.at, accepted.data.submitted_at);
    assert.match(accepted.data.consent.version, /^[0-9a-f]{16}$/);
    assert.ok(ms(corrected.time) - ms(accepted.time) > 18 * 864e5);
    for (const { data } of [corrected, transferred]) {
      assert.deepEqual(data.consent, accepted.data.consent);
      assert.deepEqual(data.form, accepted.data.form);
    }
    // who files now agrees to the new one
    const [now] = await heard((await fileReport(system)).receipt, 'accepted');
    assert.notEqual(now.data.consent.version, accepted.data.consent.version);
    assert.notEqual(now.data.form.version, accepted.data.form.version);
    assert.equal((await api.detail(early.receipt)).form, `report@${accepted.data.form.version}`);
  });

  test('what nobody ticked is not told: hotline, petition, cadre, public, and a lead that becomes a report', async () => {
    const call = (more) => ({ area: village, name: '试验乙', phone: inventedPhone(), risks: ['illness'], found_at: day(), ...more });
    const filed = async (body) => { const answer = await api.intake(body); assert.equal(answer.status, 201, answer.text); return answer.body.receipt; };
    for (const body of [{ source: 'hotline', basis: 'spoken' }, { source: 'petition', basis: 'paper' }, { source: 'cadre', basis: 'duty' }, { source: 'public', basis: 'duty' }]) {
      const receipt = await filed(call(body));
      await api.moved(receipt, 'correct', { name: '试验丙' });
      for (const { data } of await heard(receipt, 'corrected')) {
        assert.equal(data.source, body.source);
        assert.equal('consent' in data, false, `${body.source}: ${JSON.stringify(data.consent)}`);
      }
    }
    const lead = await filed(call({ source: 'department', basis: 'duty', source_org: 'medical', id_number: inventedId() }));
    await api.moved(lead, 'steps', { step: 'check', outcome: 'passed', decision: 'report' });
    const [first] = await heard(lead, 'accepted');
    assert.equal('consent' in first.data, false);
  });

  test('put in by staff, then filed by the household itself: agreed to then, under the notice of the day', async () => {
    const answers = household();
    const { body } = await api.intake({ source: 'petition', basis: 'paper', area: village, name: answers.name, id_number: answers.id_number, phone: answers.phone, risks: ['jobs'], found_at: day() });
    const [accepted] = await heard(body.receipt, 'accepted');
    assert.equal('consent' in accepted.data, false);
    system.clock.goOn(1);
    assert.equal((await file(system.base, system.code(), answers)).status, 303);
    const [, added] = await heard(body.receipt, 'added');
    assert.deepEqual([added.data.consent.at, added.data.consent.sensitive], [added.time, false]);
    assert.equal(added.data.consent.version, field(system, body.receipt, 'notice'));
    const [now] = await heard((await fileReport(system)).receipt, 'accepted');
    assert.equal(added.data.consent.version, now.data.consent.version);
  });

  test('illness added later: when the second tick was set is told beside the first', async () => {
    const answers = household();
    const answer = await file(system.base, system.code(), answers);
    const receipt = answer.location.match(/^\/r\/(\d{12})/)[1];
    const [accepted] = await heard(receipt, 'accepted');
    assert.equal(accepted.data.consent.sensitive, false);
    system.clock.goOn(1);
    const added = await post(system.base + answer.location, { act: 'add', risk: 'illness', consent_sensitive: '1', last4: answers.id_number.slice(-4) });
    assert.equal(added.status, 303);
    const [, event] = await heard(receipt, 'added');
    assert.deepEqual(event.data.consent, { ...accepted.data.consent, sensitive: true, sensitive_at: event.time });
    await api.moved(receipt, 'correct', { name: '试验丁' });
    const later = (await heard(receipt, 'corrected')).at(-1);
    assert.deepEqual(later.data.consent, event.data.consent);
  });

  test('filed before this was kept: the time of filing, and no notice that may have been another', async () => {
    setField(system, old.receipt, 'notice', '', 'consent_at', '', 'sensitive_at', '');
    await api.moved(old.receipt, 'correct', { name: '试验戊' });
    const [accepted, corrected] = await heard(old.receipt, 'corrected');
    assert.deepEqual(corrected.data.consent, { at: accepted.data.submitted_at, sensitive: accepted.data.consent.sensitive });
    assert.deepEqual(corrected.data.form, accepted.data.form);
  });
});
