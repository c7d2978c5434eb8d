// Feed correctness, as a model test: writers change reports of two counties at random, and move them between towns, while Redis and the workers are
// killed at random, and readers with random limits, filters, scopes and waits follow their cursors. In the end each reader without a filter holds
// exactly the ledger's newest version of each report that is or was in its scope, one with a filter the newest version of each that matches; nobody
// ever saw a version twice, nor one that his filter does not match.
// The ledger is read from the records themselves, not by the code that is tested.
// FEED_SECONDS makes it longer.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { root, startSystem, until, village } from '../lib/system.mjs';
import { addToken, Api, county, directDoors, otherTown, otherVillage, town } from '../lib/api.mjs';
import { file, get, household, receiptOf } from '../lib/farmer.mjs';

const seconds = Number(process.env.FEED_SECONDS ?? 20);
const anotherVillage = '370115008219'; // of the same town
const farCounty = '370304'; // with a bucket of its own
const farVillage = '370304001001';
const pick = (list) => list[Math.floor(Math.random() * list.length)];
const chance = (part) => Math.random() < part;
const rights = ['read', 'claim', 'step'];
const risks = ['accident', 'illness', 'jobs', 'water', 'housing'];

function askRedis(system, lines) {
  const folder = path.join(system.dir, 'data/redis');
  const password = fs.readFileSync(path.join(folder, 'gateway.password'), 'utf8').trim();
  const said = execFileSync('redis-cli', ['-s', path.join(folder, 'redis.sock'), '--user', 'gateway', '--pass', password, '--no-auth-warning', '--json'],
    { input: `${lines.join('\n')}\n`, encoding: 'utf8', maxBuffer: 1 << 28 });
  return said.trim().split('\n').map((line) => JSON.parse(line));
}

// receipt → { v, state, risks, late, path, … } of all reports, or of all drills.
function ledgerOf(system, bucket, order) {
  const [receipts] = askRedis(system, [`ZRANGE ms:{${bucket}}:${order} 0 -1`]);
  const fields = ['v', 'state', 'risks', 'late', 'path', 'lead'];
  const ledger = new Map();
  for (let i = 0; i < receipts.length; i += 500) {
    const some = receipts.slice(i, i + 500);
    const answers = askRedis(system, some.map((receipt) => `HMGET ms:{${bucket}}:r:${receipt} ${fields.join(' ')}`));
    some.forEach((receipt, k) => ledger.set(receipt, Object.fromEntries(fields.map((name, f) => [name, answers[k][f] ?? '']))));
  }
  return ledger;
}

class Writers {
  constructor(system, api, doors) {
    this.system = system;
    this.apis = api;
    this.codes = [village, anotherVillage, otherVillage, farVillage].map((area) => system.code(area));
    this.drill = system.code(village, '--drill');
    this.filed = []; // { receipt, code, answers }: shown to somebody
    this.fences = new Map(); // receipt:fence → holder
    this.counts = { filed: 0, added: 0, claims: 0, steps: 0, transfers: 0, drills: 0, refused: 0, broken: 0, double: 0 };
  }

  async file(code, answers) {
    const answer = await file(this.system.base, code, answers, { consent_sensitive: '1' });
    return answer.status === 303 ? receiptOf(answer.location) : null;
  }

  async fileNew() {
    const code = pick(this.codes);
    const answers = household({ risk: [pick(risks)] });
    const receipt = await this.file(code, answers);
    if (!receipt) return false;
    this.filed.push({ receipt, code, answers });
    this.counts.filed += 1;
    return true;
  }

  // The same household files again with something new: an addition to its open report.
  async add() {
    const one = pick(this.filed);
    if (!one) return true;
    const receipt = await this.file(one.code, { ...one.answers, risk: [pick(risks), pick(risks)].filter((risk, i, all) => all.indexOf(risk) === i) });
    this.counts.added += receipt ? 1 : 0;
    return Boolean(receipt);
  }

  async claim() {
    const one = pick(this.filed);
    if (!one) return true;
    const api = pick(this.apis);
    const answer = await api.claim(one.receipt, { minutes: pick([1, 30]) });
    if (answer.status === 200) {
      const lease = `${one.receipt}:${answer.body.fence}`;
      if ((this.fences.get(lease) ?? api.token.id) !== api.token.id) this.counts.double += 1;
      this.fences.set(lease, api.token.id);
      this.counts.claims += 1;
      if (chance(0.5)) await api.move(one.receipt, 'release');
    }
    return answer.status !== 503;
  }

  async step() {
    const one = pick(this.filed);
    if (!one) return true;
    const answer = await pick(this.apis).move(one.receipt, 'steps', { step: pick(['visit', 'review', 'check']), outcome: pick(['passed', 'failed']) });
    this.counts.steps += answer.status === 200 ? 1 : 0;
    return answer.status !== 503;
  }

  // Out of one scope, into another, and perhaps back.
  async transfer() {
    const one = pick(this.filed);
    if (!one) return true;
    const answer = await pick(this.apis).move(one.receipt, 'transfer', { area: pick([village, anotherVillage, otherVillage]) });
    this.counts.transfers += answer.status === 200 ? 1 : 0;
    return answer.status !== 503;
  }

  async fileDrill() {
    const receipt = await this.file(this.drill, household());
    this.counts.drills += receipt ? 1 : 0;
    return Boolean(receipt);
  }

  async run(running) {
    const acts = [this.fileNew, this.fileNew, this.add, this.claim, this.claim, this.step, this.step, this.transfer, this.fileDrill];
    while (running.on) {
      try {
        if (!await pick(acts).call(this)) {
          this.counts.refused += 1;
          await sleep(20);
        }
      } catch {
        this.counts.broken += 1; // the connection died with its worker
        await sleep(20);
      }
    }
  }
}

const filters = [{}, {}, {}, { state: 'open' }, { state: 'new' }, { risk: 'illness' }, { late: '0' }, { kind: 'report', risk: 'water' }, { drill: '1' }];
const fits = (record, query) => (!query.state || record.state === query.state) && (!query.risk || record.risks.split(' ').includes(query.risk)) &&
  (!query.late || (record.late === '1') === (query.late === '1')) && (!query.kind || (record.lead === '1') === (query.kind === 'lead'));
// The same, of an item that a reader was given.
const answers = (item, query) => (!query.state || item.state === query.state) && (!query.risk || item.risks.includes(query.risk)) &&
  (!query.late || item.late === (query.late === '1')) && item.flags.includes('drill') === (query.drill === '1');

class Reader {
  constructor(api, area, query) {
    Object.assign(this, { api, area, query, since: undefined, seen: new Map(), pages: 0, versions: 0, repeated: [], back: [], wrong: [] });
  }

  get name() { return `${this.area} ${JSON.stringify(this.query)}`; }

  take(page) {
    this.pages += 1;
    for (const item of page.reports) {
      const { receipt, version } = item;
      if (!answers(item, this.query)) this.wrong.push(`${receipt} ${version} does not match`);
      const before = this.seen.get(receipt) ?? new Set();
      if (before.has(version)) this.repeated.push(`${receipt} ${version}`);
      if (version < Math.max(0, ...before)) this.back.push(`${receipt} ${version}`);
      before.add(version);
      this.seen.set(receipt, before);
      this.versions += 1;
    }
    this.since = page.next;
  }

  async read(limit, wait) {
    const answer = await this.api.get('/reports', { ...this.query, limit, ...(wait && { wait }), ...(this.since && { since: this.since }) });
    if (answer.status === 200) this.take(answer.body);
    else if (answer.status !== 503) this.wrong.push(`${answer.status} ${answer.text}`);
    return answer;
  }

  async run(running) {
    while (running.on) {
      try {
        const answer = await this.read(pick([1, 1, 2, 7, 50, 200]), pick([0, 0, 1, 2]));
        if (answer.status !== 200) await sleep(20);
        if (chance(0.2)) await sleep(Math.random() * 300); // a slow reader: reports change between its pages
      } catch {
        await sleep(20);
      }
    }
  }

  async drain(limit = 200) {
    for (;;) {
      const { body, status, text } = await this.read(limit, 0);
      assert.equal(status, 200, text);
      if (body.reports.length === 0 || this.repeated.length > 0) return;
    }
  }

  // Newest versions that this reader should hold and does not.
  missing({ reports, drills }) {
    const lost = [];
    for (const [receipt, record] of this.query.drill ? drills : reports) {
      const inside = record.path.split(' ').some((id) => this.area.split(',').includes(id));
      const seen = this.seen.get(receipt);
      if (inside && fits(record, this.query) && !seen?.has(Number(record.v))) lost.push(`${receipt} ${record.v}`);
      if (!inside && seen) this.wrong.push(`${receipt} is outside`);
      if (Math.max(0, ...(seen ?? [])) > Number(record.v)) this.wrong.push(`${receipt} never had that version`);
    }
    return lost;
  }
}

async function killer(system, running, kills) {
  while (running.on) {
    await sleep(500 + Math.random() * 1500);
    const what = kills.workers === 0 ? 'workers' : kills.redis === 0 ? 'redis' : pick(['redis', 'workers', 'workers']);
    const pid = what === 'redis' ? system.redisPid() : pick(system.workerPids());
    if (!running.on || !pid) continue;
    try {
      process.kill(pid, 'SIGKILL');
      kills[what] += 1;
    } catch {
      // it was gone
    }
  }
}

const isWell = (system) => until('all to be back', async () => !(await get(`${system.admin}/readyz`)).html.includes('degraded') && system.workerPids().length >= 3, { ms: 30000 });

test(`${seconds} s of kills: nothing lost, nothing repeated, no double claim`, { timeout: (seconds + 120) * 1000 }, async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-feed-'));
  const areas = path.join(folder, 'areas.csv');
  const [ours, theirs] = [county, farCounty].map((id) => fs.readFileSync(path.join(root, `deploy/areas/${id}.csv`), 'utf8'));
  fs.writeFileSync(areas, ours + theirs.split('\n').filter((line) => !ours.includes(`\n${line}\n`) && line !== 'code,name').join('\n'));
  const system = await startSystem({ upstream: false, areas, conf: { 'limits.token_per_min': 1000000 } });
  t.after(async () => { await system.stop(); fs.rmSync(folder, { recursive: true }); });
  const doors = directDoors(system);
  const scopes = Object.fromEntries([`${county},${farCounty}`, town, `${village},${anotherVillage},${otherTown}`, otherTown].map((area) => [area, new Api(doors, addToken(system, { area, rights }))]));
  const staff = [1, 2, 3].map((n) => new Api(doors, addToken(system, { area: `${county},${farCounty}`, rights, name: `试验员${n}` })));
  const readers = filters.map((query, i) => new Reader(...(([area, api]) => [api, area, query])(Object.entries(scopes)[i % 4])));
  readers.push(...Object.entries(scopes).slice(0, 1).map(([area, api]) => new Reader(api, area, {})));
  const writers = new Writers(system, staff, doors);
  const running = { on: true };
  const kills = { redis: 0, workers: 0 };
  const busy = [killer(system, running, kills), ...readers.map((reader) => reader.run(running)), ...Array.from({ length: 10 }, () => writers.run(running))];
  await sleep(seconds * 1000);
  running.on = false;
  await Promise.all(busy);
  await isWell(system);

  const buckets = [...new Set(writers.filed.map(({ receipt }) => receipt.slice(0, 2)))];
  const both = (order) => new Map(buckets.flatMap((bucket) => [...ledgerOf(system, bucket, order)]));
  const look = () => ({ reports: both('changes'), drills: both('dchanges') });
  // and who comes only now, with small pages, has it all to catch up with
  readers.push(...Object.entries(scopes).map(([area, api]) => new Reader(api, area, {})));
  const late = readers.slice(-4);
  await Promise.all(late.map((reader, i) => reader.drain([1, 2, 7, 50][i])));
  const ledger = await until('a moment in which the clock changes nothing', async () => {
    const before = look();
    await Promise.all(readers.map((reader) => reader.drain()));
    const after = look();
    const same = JSON.stringify([...before.reports]) === JSON.stringify([...after.reports]);
    return same && after;
  }, { ms: 30000 });
  const sequences = askRedis(system, buckets.map((bucket) => `HGET ms:{${bucket}}:n seq`)).join(' + ');
  const lost = readers.flatMap((reader) => reader.missing(ledger).map((one) => `${reader.name}: ${one}`));
  const repeated = readers.flatMap((reader) => reader.repeated.map((one) => `${reader.name}: ${one}`));
  const gone = writers.filed.filter(({ receipt }) => !ledger.reports.has(receipt));
  const sum = (name) => readers.reduce((total, reader) => total + reader[name], 0);
  t.diagnostic(`sequences ${sequences}, reports ${ledger.reports.size}, drills ${ledger.drills.size}, kills ${JSON.stringify(kills)}, writers ${JSON.stringify(writers.counts)}`);
  t.diagnostic(`readers ${readers.length}, pages ${sum('pages')}, versions seen ${sum('versions')}, lost ${lost.length}, repeated ${repeated.length}, double claims ${writers.counts.double}`);
  assert.ok(ledger.reports.size > 20 && kills.redis > 0 && kills.workers > 0 && writers.counts.transfers > 0);
  assert.equal(buckets.length, 2);
  assert.deepEqual(gone, [], 'a receipt was shown that is not in the ledger');
  assert.deepEqual(lost.slice(0, 20), []);
  assert.deepEqual(repeated.slice(0, 20), []);
  assert.deepEqual(readers.flatMap((reader) => [...reader.back, ...reader.wrong]).slice(0, 20), []);
  assert.equal(writers.counts.double, 0);
});

test('many claim the same reports at once: exactly one has each lease', { timeout: 60000 }, async (t) => {
  const system = await startSystem({ upstream: false, conf: { 'limits.token_per_min': 1000000 } });
  t.after(() => system.stop());
  const doors = directDoors(system);
  const clients = Array.from({ length: 10 }, (_, n) => new Api(doors, addToken(system, { area: county, rights, name: `试验员${n}` })));
  const code = system.code();
  const filed = [];
  for (let i = 0; i < 8; i += 1) filed.push(receiptOf((await file(system.base, code, household())).location));
  let leases = 0;
  let refused = 0;
  let double = 0;
  for (let round = 1; round <= 5; round += 1) {
    for (const receipt of filed) {
      // 503: it moved too often while others wrote; nothing was taken
      const answers = await Promise.all(clients.map((api) => api.claim(receipt)));
      const won = answers.flatMap((answer, i) => (answer.status === 200 ? [i] : []));
      const others = answers.filter((answer) => answer.status !== 200);
      double += won.length > 1 ? won.length - 1 : 0;
      assert.equal(won.length, 1, JSON.stringify(answers.map((answer) => answer.status)));
      assert.equal(answers[won[0]].body.fence, round, 'a fence only grows');
      for (const answer of others) {
        assert.ok([409, 503].includes(answer.status), answer.text);
        if (answer.status === 409) assert.equal(answer.body.claimed_by.id, clients[won[0]].token.id);
      }
      leases += 1;
      refused += others.length;
      assert.equal((await clients[won[0]].move(receipt, 'release')).status, 200);
    }
  }
  t.diagnostic(`leases ${leases}, refused ${refused}, double claims ${double}`);
});
