// Reading the queue: the change feed and its waiting readers, single reports, their history, search. Contract §7.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSystem, until, village } from '../lib/system.mjs';
import { addToken, Api, county, directDoors, fileReport, inventedReceipt, isProblem, otherTown, otherVillage, prismDoors, town } from '../lib/api.mjs';
import { inventedId, inventedPhone } from '../lib/farmer.mjs';

const redis = (system, ...args) => execFileSync('redis-cli', ['-s', path.join(system.dir, 'data/redis/redis.sock'), ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
const password = (system, user) => execFileSync('cat', [path.join(system.dir, `data/redis/${user}.password`)], { encoding: 'utf8' }).trim();
const asGateway = (system, ...args) => redis(system, '--user', 'gateway', '--pass', password(system, 'gateway'), ...args);
const all = ['read', 'pii', 'lookup', 'claim', 'step', 'intake', 'stats', 'admin'];
const receipts = (page) => page.reports.map((one) => one.receipt);

const ways = [['directly', directDoors], ['through prism', prismDoors]];

for (const [how, open] of ways) describe(`the change feed ${how}`, () => {
  let system, doors, api, ofTown, ofOther;
  before(async () => {
    system = await startSystem({ upstream: false, workers: 1 });
    doors = await open(system);
    api = new Api(doors, addToken(system, { area: county, rights: all }));
    ofTown = api.as(addToken(system, { area: town, rights: all }));
    ofOther = api.as(addToken(system, { area: otherTown, rights: 'read' }));
  });
  after(async () => { await doors?.stop?.(); await system?.stop(); });

  test('pages in one order, each report once at its newest version, next always there', async () => {
    const filed = [];
    for (let i = 0; i < 5; i += 1) filed.push((await fileReport(system)).receipt);
    const one = await api.get('/reports', { limit: 2 });
    assert.equal(one.status, 200);
    assert.deepEqual(receipts(one.body), filed.slice(0, 2));
    assert.equal(one.headers.get('link'), `</api/v1/reports?limit=2&since=${one.body.next}>; rel="next"`);
    assert.equal(one.headers.get('cache-control'), 'no-store');
    await ofTown.claim(filed[0]);
    await ofTown.claim(filed[4]);
    const rest = await api.follow({ limit: 2 }, one.body.next);
    assert.deepEqual(rest.reports.map((r) => [r.receipt, r.version]), [[filed[2], 1], [filed[3], 1], [filed[0], 2], [filed[4], 2]]);
    const empty = await api.read({ since: rest.next });
    assert.deepEqual(empty, { reports: [], next: rest.next });
    assert.deepEqual(receipts({ reports: (await ofTown.follow({ limit: 1 })).reports }), [filed[1], filed[2], filed[3], filed[0], filed[4]]);
    assert.deepEqual((await ofOther.follow()).reports, []);
  });

  test('areas: inside the scope narrower, outside it and unknown alike', async () => {
    const other = await fileReport(system, {}, { code: system.code(otherVillage) });
    assert.deepEqual(receipts({ reports: (await api.follow({ area: otherVillage })).reports }), [other.receipt]);
    assert.deepEqual(receipts({ reports: (await ofOther.follow({ area: otherVillage })).reports }), [other.receipt]);
    for (const area of [village, town, county, '999999999999', 'x y']) isProblem(await ofOther.get('/reports', { area }, { wrong: true }), 404);
  });

  test('filters look at the newest version', async () => {
    const ill = await fileReport(system, { risk: ['illness', 'jobs'] });
    const has = async (query) => (await api.follow(query)).reports.some((one) => one.receipt === ill.receipt);
    assert.ok(await has({ risk: 'illness' }) && await has({ risk: 'jobs' }) && !await has({ risk: 'water' }));
    assert.ok(await has({ state: 'new' }) && !await has({ state: 'open' }));
    assert.ok(await has({ late: 0 }) && !await has({ late: 1 }));
    assert.ok(await has({ source: 'self', kind: 'report' }) && !await has({ kind: 'lead' }) && !await has({ source: 'petition' }));
    await ofTown.step(ill.receipt, 'visit');
    assert.ok(!await has({ state: 'new' }) && await has({ state: 'open' }));
  });

  test('drills only when they are asked for', async () => {
    const drill = await fileReport(system, {}, { code: system.code(village, '--drill') });
    assert.ok(!(await api.follow()).reports.some((one) => one.receipt === drill.receipt));
    const only = (await ofTown.follow({ drill: 1 })).reports;
    assert.deepEqual(only.map((one) => one.receipt), [drill.receipt]);
    assert.ok(only[0].flags.includes('drill'));
    assert.deepEqual((await ofOther.follow({ drill: 1 })).reports, []);
  });

  test('what an organisation put in is its own', async () => {
    const office = api.as(addToken(system, { area: county, org: 'health', rights: ['intake', 'own'], name: '卫健局' }));
    const put = await office.intake({ source: 'department', basis: 'duty', area: village, name: '试验丙', phone: inventedPhone(), risks: ['illness'], found_at: new Date().toISOString(), source_org: 'health', external_ref: 'A-1' });
    assert.equal(put.status, 201, put.text);
    const own = (await office.follow()).reports;
    assert.deepEqual(own.map((one) => one.receipt), [put.body.receipt]);
    assert.equal((await office.detail(put.body.receipt)).person, undefined);
    assert.deepEqual((await office.follow({ area: otherVillage })).reports, []);
    assert.equal((await office.follow({ area: town, kind: own[0].kind })).reports.length, 1);
    const foreign = (await api.follow({ kind: 'report' })).reports[0].receipt;
    isProblem(await office.get(`/reports/${foreign}`), 404);
  });

  test('every wrong parameter is named', async () => {
    for (const query of ['foo=1', 'limit=0', 'limit=201', 'limit=x', 'limit=', 'limit=01', 'wait=31', 'wait=-1', 'state=gone', 'kind=', 'late=2', 'drill=yes', 'source=me', 'risk=A', 'risk=',
      'since=', 'since=abc', 'since=%FF', `since=${'A'.repeat(3000)}`, 'limit=1&limit=1']) {
      const problem = isProblem(await api.get('/reports', query, { wrong: true }), 422, { pointer: '' });
      assert.ok(problem.errors[0].detail.length > 5, query);
    }
    isProblem(await api.as(addToken(system, { area: county, rights: 'stats' })).get('/reports', 'foo=1', { wrong: true }), 403);
  });

  test('a cursor of another life of the store is 410, and so is one beyond it', async () => {
    const next = (await api.follow()).next;
    const bytes = Buffer.from(next, 'base64url');
    const foreign = Buffer.from(bytes);
    foreign[3] ^= 1;
    const beyond = Buffer.concat([bytes.subarray(0, 10), Buffer.from([0xff, 0x7f])]);
    for (const since of [foreign, beyond]) {
      for (const wait of [0, 5]) isProblem(await api.get('/reports', { since: since.toString('base64url'), wait }), 410, { pointer: '', code: 'cursor-expired' });
    }
  });
});

describe('waiting for changes', () => {
  let system, api, ofTown, ofOther;
  before(async () => {
    system = await startSystem({ upstream: false, workers: 1 });
    api = new Api(directDoors(system), addToken(system, { area: county, rights: all }));
    ofTown = api.as(addToken(system, { area: town, rights: all }));
    ofOther = api.as(addToken(system, { area: otherTown, rights: 'read' }));
  });
  after(() => system?.stop());

  test('who waits hears of it at once; nobody else is woken', async () => {
    const ends = { all: (await api.follow()).next, town: (await ofTown.follow()).next, other: (await ofOther.follow()).next };
    const begun = Date.now();
    const wait = (who, since, query = {}) => who.read({ since, wait: 3, ...query }).then((page) => ({ page, ms: Date.now() - begun, at: Date.now() }));
    const waiting = [...Array(20).keys()].map(() => wait(api, ends.all));
    waiting.push(...[...Array(20).keys()].map(() => wait(ofTown, ends.town, { limit: 1 })));
    const elsewhere = [wait(ofOther, ends.other), wait(ofTown, ends.town, { state: 'cleared' }), wait(ofTown, ends.town, { drill: 1 })];
    await sleep(300);
    const { receipt } = await fileReport(system);
    const filed = Date.now();
    for (const { page, at } of await Promise.all(waiting)) {
      assert.deepEqual(receipts(page), [receipt]);
      assert.ok(at - filed < 1500, `${at - filed} ms`); // the gate of a second is the bench's
    }
    for (const { page, ms } of await Promise.all(elsewhere)) {
      assert.deepEqual(page.reports, []);
      assert.ok(ms >= 2990, `${ms} ms`);
    }
  });

  test('news that was lost with the connection to Redis is found', async () => {
    const { next } = await api.follow();
    const waiting = api.read({ since: next, wait: 20 });
    await sleep(200);
    process.kill(system.redisPid(), 'SIGKILL');
    await until('Redis to be back', async () => !(await (await fetch(`${system.admin}/readyz`)).text()).includes('degraded'), { ms: 15000 });
    const { receipt } = await until('a filing', () => fileReport(system).catch(() => null));
    assert.deepEqual(receipts(await waiting), [receipt]);
  });

  test('a stop answers who waits, with nothing', async () => {
    const { next } = await api.follow();
    const waiting = api.get('/reports', { since: next, wait: 30 });
    await sleep(200);
    const begun = Date.now();
    await system.stopGateway();
    const answer = await waiting;
    assert.ok(Date.now() - begun < 5000);
    assert.deepEqual(answer.body, { reports: [], next });
    await system.startGateway();
    assert.deepEqual((await api.follow({}, next)).reports, []);
  });
});

describe('waiting readers are bounded', () => {
  let system;
  before(async () => { system = await startSystem({ upstream: false, workers: 1, conf: { 'limits.waits_max': 3 } }); });
  after(() => system?.stop());
  test('the fourth is answered at once, and a reader who goes makes room', async () => {
    const api = new Api(directDoors(system), addToken(system, { area: county, rights: 'read' }));
    const { next } = await api.follow();
    const stay = new AbortController();
    const waiting = [1, 2, 3].map(() => fetch(`${system.base}/api/v1/reports?since=${next}&wait=30`, { headers: { authorization: `Bearer ${api.token.token}` }, signal: stay.signal }).catch(() => {}));
    await sleep(300);
    let begun = Date.now();
    await api.read({ since: next, wait: 2 });
    assert.ok(Date.now() - begun < 1000);
    stay.abort();
    await Promise.all(waiting);
    await until('room', async () => {
      begun = Date.now();
      await api.read({ since: next, wait: 1 });
      return Date.now() - begun > 900;
    }, { ms: 5000 });
  });
});

for (const [how, open] of ways) describe(`single reports, history and search ${how}`, () => {
  let system, doors, api, plain, outside;
  const person = { name: '试验甲', id_number: inventedId(), phone: inventedPhone() };
  let receipt;
  before(async () => {
    system = await startSystem({ upstream: false, workers: 1 });
    doors = await open(system);
    api = new Api(doors, addToken(system, { area: town, rights: all, name: '曲堤 试验员' }));
    plain = api.as(addToken(system, { area: town, rights: 'read' }));
    outside = api.as(addToken(system, { area: otherTown, rights: all }));
    ({ receipt } = await fileReport(system, { ...person, detail: '演示用的情况' }));
  });
  after(async () => { await doors?.stop?.(); await system?.stop(); });

  test('without pii no person; the ETag is the version, and never 304', async () => {
    const answer = await plain.get(`/reports/${receipt}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('etag'), '"1"');
    assert.equal(answer.body.person, undefined);
    assert.ok(!answer.text.includes(person.phone) && !answer.text.includes(person.name));
    assert.deepEqual(answer.body.choices.some((one) => one.move === 'step' && one.step === 'visit'), true);
    assert.equal(answer.body.authorised, false);
    const again = await plain.get(`/reports/${receipt}`, undefined, { headers: { 'if-none-match': '"1"' } });
    assert.deepEqual([again.status, again.headers.get('etag'), again.text], [200, '"1"', answer.text]);
  });

  test('with pii the person, and each reading on record; never 304', async () => {
    const answer = await api.get(`/reports/${receipt}`, undefined, { headers: { 'if-none-match': '"1"' } });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.person.name, person.name);
    assert.equal(answer.body.person.id_number, person.id_number);
    assert.deepEqual(answer.body.person.notes, []);
    await api.step(receipt, 'visit', 'failed', { note: '家里没人' });
    const [note] = (await api.detail(receipt)).person.notes;
    assert.deepEqual([note.note, note.by, note.name, note.version], ['家里没人', api.token.id, '曲堤 试验员', 2]);
    const { body } = await plain.get(`/reports/${receipt}/history`);
    const reads = body.events.filter((one) => one.event === 'read');
    assert.deepEqual(reads.map((one) => [one.by, one.name, one.version]), [[api.token.id, '曲堤 试验员', 1], [api.token.id, '曲堤 试验员', 2]]);
    assert.equal((await api.read({ limit: 200 })).reports.find((one) => one.receipt === receipt).version, 2, 'reading changes no version');
  });

  test('readings at the same time are all on record', async () => {
    const before = (await plain.get(`/reports/${receipt}/history`)).body.events.length;
    const answers = await Promise.all([1, 2, 3].map(() => api.get(`/reports/${receipt}`)));
    assert.deepEqual(answers.map((one) => one.status), [200, 200, 200]);
    assert.equal((await plain.get(`/reports/${receipt}/history`)).body.events.length, before + 3);
  });

  test('outside the scope, unknown, ill-formed: alike', async () => {
    const texts = [];
    for (const where of [receipt, inventedReceipt(receipt.slice(0, 2)), inventedReceipt(), '123', '123456789012']) {
      for (const more of ['', '/history']) {
        const answer = await outside.get(`/reports/${where}${more}`, undefined, { wrong: true });
        isProblem(answer, 404);
        texts.push(answer.text);
      }
    }
    assert.equal(new Set(texts).size, 1);
    isProblem(await api.as(addToken(system, { area: town, rights: 'stats' })).get(`/reports/${receipt}`), 403);
    isProblem(await api.get(`/reports/${receipt}`, 'x=1', { wrong: true }), 422);
  });

  test('a report that was transferred: its old place may follow it, and no longer reads whom it is about', async () => {
    const { receipt: moved } = await fileReport(system);
    await api.moved(moved, 'transfer', { area: otherVillage });
    const old = await api.detail(moved);
    assert.equal(old.person, undefined);
    assert.equal(old.transfers.length, 1);
    assert.deepEqual([old.transfers[0].from, old.transfers[0].to], [village, otherVillage]);
    assert.ok((await outside.detail(moved)).person.name);
    assert.ok((await api.follow()).reports.some((one) => one.receipt === moved));
    assert.ok((await outside.follow()).reports.some((one) => one.receipt === moved));
  });

  test('history is a chain that is verified, and says so when it was changed', async () => {
    const { body } = await plain.get(`/reports/${receipt}/history`);
    assert.equal(body.verified, true);
    assert.deepEqual(body.events.slice(0, 2).map((one) => [one.event, one.who, one.by]), [['accepted', 'form', null], ['read', 'staff', api.token.id]]);
    body.events.forEach((one, i) => assert.equal(one.previous, body.events[i - 1]?.hash ?? null));
    const text = JSON.stringify(body);
    for (const secret of [person.name, person.phone, person.id_number, '演示用的情况', '家里没人']) assert.ok(!text.includes(secret));
    const { receipt: broken } = await fileReport(system);
    await api.step(broken, 'visit');
    const key = `ms:{${broken.slice(0, 2)}}:x:${broken}`;
    assert.equal((await plain.get(`/reports/${broken}/history`)).body.verified, true);
    const last = asGateway(system, 'LRANGE', key, '-1', '-1');
    asGateway(system, 'LREM', key, '1', last);
    assert.equal((await plain.get(`/reports/${broken}/history`)).body.verified, false, 'the newest link was cut off');
    asGateway(system, 'RPUSH', key, last.replace('"visit"', '"check"'));
    assert.equal((await plain.get(`/reports/${broken}/history`)).body.verified, false, 'a link was changed');
    asGateway(system, 'LREM', key, '-1', last.replace('"visit"', '"check"'));
    asGateway(system, 'RPUSH', key, last);
    assert.equal((await plain.get(`/reports/${broken}/history`)).body.verified, true, 'as it was');
  });

  test('history in pages: each event once, and verified is said of what is on the page', async () => {
    const { receipt: long } = await fileReport(system);
    for (let i = 0; i < 7; i += 1) await api.detail(long);
    const ask = async (query) => {
      const answer = await plain.get(`/reports/${long}/history`, query);
      assert.equal(answer.status, 200, answer.text);
      return answer.body;
    };
    const whole = await ask();
    assert.deepEqual([whole.events.length, whole.verified, whole.next, whole.more], [8, true, 8, false]);
    const found = [];
    let after = 0;
    for (const [count, more] of [[3, true], [3, true], [2, false]]) {
      const page = await ask({ after, limit: 3 });
      assert.deepEqual([page.events.length, page.verified, page.next, page.more], [count, true, after + count, more]);
      found.push(...page.events);
      after = page.next;
    }
    assert.deepEqual(found, whole.events);
    assert.deepEqual(await ask({ limit: 8 }), whole);
    assert.deepEqual(await ask({ after: 8 }), { events: [], verified: true, next: 8, more: false });
    await api.detail(long);
    const news = await ask({ after: 8 });
    assert.deepEqual([news.events.length, news.verified, news.next, news.more, news.events[0].previous], [1, true, 9, false, whole.events[7].hash]);
    const key = `ms:{${long.slice(0, 2)}}:x:${long}`;
    const last = asGateway(system, 'LRANGE', key, '-1', '-1');
    asGateway(system, 'LREM', key, '1', last);
    assert.deepEqual(await ask({ after: 9 }), { events: [], verified: false, next: 9, more: false }, 'what was there is gone');
    assert.deepEqual(await ask({ after: 8 }), { events: [], verified: false, next: 8, more: false }, 'the newest one was cut off');
    assert.equal((await ask({ limit: 5 })).verified, true, 'of the first five nothing is missing');
    assert.equal((await ask({ after: 5 })).verified, false);
    const third = asGateway(system, 'LRANGE', key, '2', '2');
    asGateway(system, 'LREM', key, '1', third);
    assert.equal((await ask({ after: 1, limit: 2 })).verified, false, 'one in between is missing');
    assert.equal((await ask({ after: 3, limit: 2 })).verified, true);
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'limit=', 'after=-1', 'after=', 'after=1x', 'since=1', 'limit=1&limit=1', 'limit=%FF']) {
      isProblem(await plain.get(`/reports/${long}/history`, query, { wrong: true }), 422, { pointer: '' });
      isProblem(await outside.get(`/reports/${long}/history`, query, { wrong: true }), 404);
    }
  });

  test('search: exact, masked, inside the scope, by either way of asking', async () => {
    const row = (answer) => { assert.equal(answer.status, 200, answer.text); return answer.body.reports; };
    for (const [member, value] of [['receipt', receipt], ['id_number', person.id_number], ['phone', person.phone], ['phone', `+86 ${person.phone}`]]) {
      for (const answer of [await api.post('/search', { [member]: value }), await api.get('/search', { [member]: value })]) {
        const rows = row(answer);
        assert.deepEqual(rows.map((one) => [one.receipt, one.kind, one.mask, one.area.id, one.state]), [[receipt, 'report', '试**', village, 'open']], member);
        assert.ok(!answer.text.includes(person.name));
      }
      assert.deepEqual(row(await outside.post('/search', { [member]: value })), [], member);
    }
    assert.ok(row(await api.post('/search', { name: person.name, area: town })).some((one) => one.receipt === receipt));
    assert.ok(row(await api.post('/search', { name: person.name, area: village })).some((one) => one.receipt === receipt));
    assert.deepEqual(row(await api.post('/search', { name: '试验', area: town })), []);
    isProblem(await api.post('/search', { name: person.name, area: otherTown }), 404);
  });

  test('search: what is wrong is named where it stands', async () => {
    const wrong = (body, pointer) => api.post('/search', body, { wrong: true }).then((answer) => isProblem(answer, 422, { pointer }));
    await wrong({}, '');
    await wrong({ phone: person.phone, receipt }, '');
    await wrong({ id_number: '110105194912310021' }, '/id_number');
    await wrong({ phone: '12' }, '/phone');
    await wrong({ receipt: '123456789012' }, '/receipt');
    await wrong({ name: person.name }, '/area');
    await wrong({ phone: person.phone, area: town }, '/area');
    await wrong({ telephone: person.phone }, '/telephone');
    for (const query of ['', 'x=1', 'phone=1', `phone=${person.phone}&phone=${person.phone}`]) isProblem(await api.get('/search', query, { wrong: true }), 422, { pointer: '' });
    isProblem(await plain.post('/search', { phone: person.phone }), 403);
  });

  test('each search is on record, without what was searched for', async () => {
    const bucket = receipt.slice(0, 2);
    const kept = () => asGateway(system, 'ZRANGE', `ms:{${bucket}}:access`, '0', '-1').split('\n');
    const before = kept().length;
    await api.post('/search', { phone: person.phone });
    assert.equal(kept().length, before + 1);
    assert.match(kept().at(-1), new RegExp(`^\\d{13} [0-9a-f]{16} ${api.token.id} phone 1$`));
    assert.match(system.logText(), new RegExp(`ev=search .*token=${api.token.id} by=phone found=1`));
    for (const text of [kept().join(), system.logText()]) for (const secret of [person.phone, person.id_number, person.name]) assert.ok(!text.includes(secret));
  });
});

test('where claims are required, only who holds a report reads whom it is about', async (t) => {
  const system = await startSystem({ upstream: false, workers: 1, conf: { 'claims.required': 'yes' } });
  t.after(() => system.stop());
  const api = new Api(directDoors(system), addToken(system, { area: town, rights: all }));
  const other = api.as(addToken(system, { area: town, rights: all }));
  const { receipt } = await fileReport(system);
  assert.equal((await api.detail(receipt)).person, undefined);
  assert.equal((await api.claim(receipt)).status, 200);
  assert.ok((await api.detail(receipt)).person.name);
  assert.equal((await other.detail(receipt)).person, undefined);
  const { body } = await api.get(`/reports/${receipt}/history`);
  assert.equal(body.events.filter((one) => one.event === 'read').length, 1);
});

test('a long history begins at the beginning and goes on page by page to its newest event', async (t) => {
  const system = await startSystem({ upstream: false, workers: 1, conf: { 'limits.token_per_min': 100000 } });
  t.after(() => system.stop());
  const api = new Api(directDoors(system), addToken(system, { area: town, rights: all }));
  const { receipt } = await fileReport(system);
  for (let i = 0; i < 1005; i += 1) await api.detail(receipt);
  await api.step(receipt, 'visit');
  const first = (await api.get(`/reports/${receipt}/history`)).body;
  assert.deepEqual([first.events.length, first.events[0].event, first.verified, first.next, first.more], [1000, 'accepted', true, 1000, true]);
  const rest = (await api.get(`/reports/${receipt}/history`, { after: first.next })).body;
  assert.deepEqual([rest.events.length, rest.events.at(-1).event, rest.verified, rest.more], [7, 'step', true, false]);
  assert.equal(rest.events[0].previous, first.events[999].hash);
});
