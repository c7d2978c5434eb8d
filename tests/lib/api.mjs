// A client of /api/v1 for tests. Three doors: strict (every request must be one the document allows), loose (requests on purpose wrong) and
// direct (the gateway itself). Without a proxy all three are the gateway; with prism in front, answers that drift from the document are errors.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { file, household, receiptOf, titleOf } from './farmer.mjs';
import { end, freePort, root, until, village } from './system.mjs';

export const document = path.join(root, 'gateway/web/openapi.json');
export const town = village.slice(0, 9);
export const otherVillage = '370115001001'; // 济阳街道 张辛
export const otherTown = otherVillage.slice(0, 9);
export const county = '370115';
export const rights = ['read', 'pii', 'lookup', 'claim', 'step', 'intake', 'own', 'stats', 'admin'];

export const directDoors = (system) => {
  const base = `${system.base}/api/v1`;
  return { strict: base, loose: base, direct: base };
};

// `prism proxy --errors` before the gateway, once with and once without looking at requests.
export async function prismDoors(system) {
  const direct = `${system.base}/api/v1`;
  const program = fs.realpathSync(path.join(root, 'tests/node_modules/.bin/prism'));
  const children = [];
  const open = async (...more) => {
    const port = await freePort();
    const args = [program, 'proxy', '--errors', '--host', '127.0.0.1', '--port', String(port), ...more, document, direct];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    children.push(child);
    await until('prism to listen', async () => {
      if (child.exitCode !== null) throw new Error(`prism ended: ${child.exitCode}`);
      return (await fetch(`http://127.0.0.1:${port}/openapi.json`)).status > 0;
    }, { ms: 60000, every: 200 });
    return `http://127.0.0.1:${port}`;
  };
  const stop = () => Promise.all(children.map((child) => end(child)));
  try {
    return { strict: await open('--validate-request=true'), loose: await open('--validate-request=false'), direct, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export function addToken(system, { area, org, name = '试验员', rights: words, more = [] }) {
  const args = ['token', 'add', '--rights', [words].flat().join(','), '--name', name, ...more, '--json'];
  if (area) args.push('--area', [area].flat().join(','));
  if (org) args.push('--org', org);
  return { name, ...JSON.parse(system.cli('mashang', ...args)) };
}

const isJson = (type) => /^application\/(problem\+)?json\b/.test(type ?? '');

export class Api {
  constructor(doors, token) {
    this.doors = doors;
    this.token = token;
  }

  as(token) { return new Api(this.doors, token); }

  // body: what becomes JSON; raw: bytes as they are, sent to the gateway itself. wrong: the document does not allow this request.
  async call(method, where, { query, body, raw, headers = {}, wrong = false, direct = false } = {}) {
    const base = direct || raw !== undefined || !this.token ? this.doors.direct : wrong ? this.doors.loose : this.doors.strict;
    const sent = { ...(this.token && { authorization: `Bearer ${this.token.token ?? this.token}` }), ...headers };
    let payload = raw;
    if (body !== undefined) payload = JSON.stringify(body);
    if (payload !== undefined && !('content-type' in sent)) sent['content-type'] = 'application/json';
    const search = query ? `?${typeof query === 'string' ? query : new URLSearchParams(query)}` : '';
    const answer = await fetch(base + where + search, { method, headers: sent, body: payload, redirect: 'manual' });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const text = bytes.toString();
    const type = answer.headers.get('content-type');
    const got = { status: answer.status, headers: answer.headers, type, bytes, text, body: isJson(type) && text ? JSON.parse(text) : undefined };
    // prism answers for itself, or (a status that is not named) only remarks it
    const drift = got.body?.type?.startsWith?.('https://stoplight.io/prism') ? text : answer.headers.get('sl-violations');
    assert.equal(drift, null, `prism: ${method} ${where}${search} ${payload ?? ''} ${answer.status}: ${drift?.slice(0, 3000)}`);
    return got;
  }

  get(where, query, more = {}) { return this.call('GET', where, { query, ...more }); }
  post(where, body, more = {}) { return this.call('POST', where, { body, ...more }); }

  async read(query = {}) {
    const answer = await this.get('/reports', query);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  }

  // Follows next until a page is empty: { reports in the order they came, next }.
  async follow(query = {}, since) {
    const reports = [];
    for (;;) {
      const page = await this.read({ ...query, ...(since !== undefined && { since }) });
      assert.ok(page.next, 'next is always there');
      reports.push(...page.reports);
      since = page.next;
      if (page.reports.length === 0) return { reports, next: since };
    }
  }

  async detail(receipt) {
    const answer = await this.get(`/reports/${receipt}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  }

  move(receipt, move, body = {}, more = {}) { return this.post(`/reports/${receipt}/${move}`, body, more); }

  async moved(receipt, move, body = {}, more = {}) {
    const answer = await this.move(receipt, move, body, more);
    assert.equal(answer.status, 200, `${move}: ${answer.text}`);
    return answer.body;
  }

  claim(receipt, body = {}, more = {}) { return this.move(receipt, 'claim', body, more); }
  step(receipt, step, outcome = 'passed', more = {}) { return this.moved(receipt, 'steps', { step, outcome, ...more }); }
  async walk(receipt, ...steps) {
    for (const step of steps) await this.step(receipt, step);
  }
  intake(body, { key = crypto.randomUUID(), ...more } = {}) {
    return this.post('/reports', body, { ...more, headers: { ...(key && { 'idempotency-key': key }), ...more.headers } });
  }
}

// A report by the farmer's form. Returns receipt, its page's address and the answers.
export async function fileReport(system, answers = {}, { code = system.code() } = {}) {
  const filled = household(answers);
  const answer = await file(system.base, code, filled, { consent_sensitive: '1' });
  assert.equal(answer.status, 303, titleOf(answer.html));
  return { receipt: receiptOf(answer.location), location: answer.location, ...filled };
}

// RFC 9457, complete: shape, status, no storing.
export function isProblem(answer, status, { pointer, code } = {}) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.type, /^application\/problem\+json/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const { body } = answer;
  assert.equal(body.type, 'about:blank');
  assert.equal(body.status, status);
  assert.ok(body.title, answer.text);
  for (const fault of body.errors ?? []) assert.deepEqual(Object.keys(fault).sort(), ['code', 'detail', 'pointer'], answer.text);
  if (pointer !== undefined) {
    const fault = body.errors?.find((one) => one.pointer === pointer);
    assert.ok(fault, `a fault at "${pointer}": ${answer.text}`);
    assert.ok(fault.detail, answer.text);
    if (code) assert.equal(fault.code, code, answer.text);
  }
  return body;
}

// A number of the right form that no report has: ISO 7064 MOD 11,10 over eleven digits.
export function inventedReceipt(bucket = '41') {
  const digits = bucket + String(Math.floor(Math.random() * 1e9)).padStart(9, '0');
  let product = 10;
  for (const digit of digits) {
    const sum = (product + Number(digit)) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return digits + ((11 - product) % 10);
}
