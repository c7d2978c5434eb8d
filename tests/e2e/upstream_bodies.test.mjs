// Monitoring systems of other kinds: held, few at a time, codes inside a 200, bodies and tokens of their own, TLS; `mashang upstream try`.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { household, inventedPhone } from '../lib/farmer.mjs';
import { becomes, bodies, filed, lawHolds, metric, queue, serve, shown, state } from '../lib/line.mjs';
import { build, startSystem, until } from '../lib/system.mjs';

describe('without a callback secret there are no callbacks; without a URL everything is held, and sent when there is one', () => {
  test('held, then delivered', async () => {
    const system = await startSystem({ upstream: false, conf: { 'upstream.callback_secret_file': '' } });
    let server;
    try {
      const code = system.code();
      const hook = await fetch(`${system.base}/hooks/upstream`, { method: 'POST', body: '{}' });
      assert.equal(hook.status, 404);
      const receipts = [await filed(system, code), await filed(system, code)];
      await sleep(300);
      const stats = queue(system, 'stats');
      assert.equal(stats.held, 2);
      assert.equal(stats.buried, 0);
      await lawHolds(system);
      const got = [];
      server = await serve((request, body, response) => { got.push(JSON.parse(body).id); response.end('{}'); });
      await system.stopGateway();
      system.settings['upstream.url'] = `${server.url}/in`;
      await system.startGateway();
      for (const receipt of receipts) await becomes(system, receipt, 'delivered');
      assert.deepEqual(got.toSorted(), receipts.toSorted());
      await lawHolds(system);
    } finally {
      await system.stop();
      await server?.stop();
    }
  });
});

describe('the window', () => {
  test('at most so many in flight', async () => {
    let now = 0;
    let most = 0;
    const server = await serve((request, body, response) => { now += 1; most = Math.max(most, now); setTimeout(() => { now -= 1; response.end('{}'); }, 150); });
    const system = await startSystem({ upstream: false, conf: { 'upstream.url': server.url, 'forward.window': 2 } });
    try {
      const code = system.code();
      await Promise.all(Array.from({ length: 8 }, () => filed(system, code)));
      await until('all', () => queue(system, 'stats').delivered === 8);
      assert.equal(most, 2);
    } finally {
      await system.stop();
      await server.stop();
    }
  });
});

describe('back ends that say 200 for everything', () => {
  let system;
  let code;
  before(async () => {
    system = await startSystem({ conf: {
      'upstream.ok_pointer': '/code', 'upstream.ok_values': '0 200', 'upstream.duplicate_values': '409', 'upstream.refused_values': '422 9001', 'upstream.auth_values': '401 403', 'upstream.msg_pointer': '/msg',
    } });
    code = system.code();
  });
  after(() => system?.stop());
  const only = async (mode) => {
    const answers = household();
    await system.upstream.control({ ...mode, for: answers.id_number });
    return filed(system, code, answers);
  };
  for (const body of ['{"code":0}', '{"code":200,"msg":"好"}', '{"code":"0"}', '{"code":409,"msg":"重复"}', '{"code":"200","id":"N1"}']) {
    test(`delivered: ${body}`, async () => {
      const receipt = await only({ status: 200, body });
      await becomes(system, receipt, 'delivered');
      assert.equal((await bodies(system, receipt)).length, 1);
    });
  }
  for (const body of ['{"code":422,"msg":"身份证不符"}', '{"code":"9001","msg":"村码不对"}']) {
    test(`buried: ${body}`, async () => {
      const receipt = await only({ status: 200, body });
      await becomes(system, receipt, 'buried');
      assert.match(queue(system, 'dead').find((one) => one.id === receipt).why, new RegExp(JSON.parse(body).msg));
      await system.upstream.control({ status: 200, body: '{"code":0}' });
      system.cli('mashang', 'queue', 'kick', receipt);
      await becomes(system, receipt, 'delivered');
    });
  }
  for (const body of ['{"code":500}', '{"code":1}', '{"kode":0}', '{}', '', 'OK', '<html>', '{"code":', '[0]', '{"code":null}', '{"code":[0]}', '{"code":true}', '{"code":0.5}', '{"code":"00"}']) {
    test(`later: ${body}`, async () => {
      const receipt = await only({ status: 200, body });
      await until('attempts', async () => (await bodies(system, receipt)).length >= 2);
      assert.ok(['delayed', 'ready', 'sending'].includes(state(system, receipt)), state(system, receipt));
      await system.upstream.control({ status: 200, body: '{"code":0}' });
      await becomes(system, receipt, 'delivered');
    });
  }
  for (const body of ['{"code":401}', '{"code":"403","msg":"没有权限"}']) {
    test(`misconfigured: ${body}`, async () => {
      const opened = await metric(system, 'breaker_opened_total');
      const receipt = await only({ status: 200, body });
      await until('the breaker', async () => (await metric(system, 'breaker_opened_total')) > opened);
      assert.notEqual(state(system, receipt), 'buried');
      await system.upstream.control({ status: 200, body: '{"code":0}' });
      await becomes(system, receipt, 'delivered');
    });
  }
  test('the law', async () => assert.equal((await lawHolds(system)).buried, 0));
});

describe('bodies of other shapes', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-bodies-'));
  after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const slugs = ['illness', 'disability', 'disaster', 'accident', 'jobs', 'schooling', 'housing', 'water', 'dropout', 'business', 'labour', 'epidemic', 'in_person', 'other'];
  const maps = path.join(dir, 'maps.json');
  fs.writeFileSync(maps, JSON.stringify({ risks: Object.fromEntries(slugs.map((slug, i) => [slug, `R"<&${i}`])) }));
  const detail = '引号" 尖<b>&amp; 反\\ 百分%41 加+ 等=\n下一行 \' {{name}} ]]>';
  const strings = { id: 'receipt', name: 'name', sfz: 'id_number', dh: 'phone', sm: 'detail' };
  const kinds = {
    json: {
      type: /^application\/json/, template: `{${Object.entries(strings).map(([key, member]) => `"${key}":"{{data.${member}}}"`).join(',')},"fx":[{{#data.mapped_risks}}"{{code}}"{{^last}},{{/last}}{{/data.mapped_risks}}]}`,
      read: (body) => JSON.parse(body),
    },
    form: {
      type: /^application\/x-www-form-urlencoded/, template: `${Object.entries(strings).map(([key, member]) => `${key}={{data.${member}}}`).join('&')}{{#data.mapped_risks}}&fx={{code}}{{/data.mapped_risks}}`,
      read: (body) => { const all = new URLSearchParams(body); return { ...Object.fromEntries(all), fx: all.getAll('fx') }; },
    },
    xml: {
      type: /^(application|text)\/xml/, template: `<?xml version="1.0" encoding="UTF-8"?><r>${Object.entries(strings).map(([key, member]) => `<${key}>{{data.${member}}}</${key}>`).join('')}{{#data.mapped_risks}}<fx>{{code}}</fx>{{/data.mapped_risks}}</r>`,
      read: (body) => {
        const plain = (text) => text.replace(/&(lt|gt|amp|quot|apos|#39|#34|#10|#xA|#13);/g, (all, name) => ({ lt: '<', gt: '>', amp: '&', quot: '"', apos: "'", '#39': "'", '#34': '"', '#10': '\n', '#xA': '\n', '#13': '\r' })[name]);
        const all = [...body.matchAll(/<(id|name|sfz|dh|sm|fx)>([^<]*)<\/\1>/g)].map((match) => [match[1], plain(match[2])]);
        return { ...Object.fromEntries(all), fx: all.filter(([key]) => key === 'fx').map(([, value]) => value) };
      },
    },
  };
  for (const [kind, { type, template, read }] of Object.entries(kinds)) {
    test(`${kind}: every value arrives as it was written, slugs as their codes`, async () => {
      const got = [];
      const server = await serve((request, body, response) => { got.push({ headers: request.headers, body }); response.end('{"id":7}'); });
      fs.writeFileSync(path.join(dir, kind), template);
      const system = await startSystem({ upstream: false, conf: { 'upstream.url': server.url, 'upstream.body_template': path.join(dir, kind), 'upstream.body_kind': kind, 'upstream.maps_file': maps } });
      try {
        const answers = household({ detail, risk: ['accident', 'jobs', 'other'] });
        const receipt = await filed(system, system.code(), answers);
        await becomes(system, receipt, 'delivered');
        assert.equal(got.length, 1);
        assert.match(got[0].headers['content-type'], type);
        const { fx, ...rest } = read(got[0].body);
        assert.deepEqual({ ...rest, sm: rest.sm.replace(/\r\n/g, '\n') }, { id: receipt, name: answers.name, sfz: answers.id_number, dh: answers.phone, sm: detail });
        assert.deepEqual(fx, ['accident', 'jobs', 'other'].map((slug) => `R"<&${slugs.indexOf(slug)}`));
        const verify = () => new Webhook(system.secret).verify(got[0].body, got[0].headers);
        if (kind === 'json') verify();
        else assert.throws(verify, SyntaxError, 'the signature is good: what fails is reading it as JSON');
        assert.equal(shown(system, receipt)[0].upstream_id, '7');
        await lawHolds(system);
      } finally {
        await system.stop();
        await server.stop();
      }
    });
  }

  const starts = [
    ['a risk without a code', { maps: { risks: { accident: '1' } } }, /risks.*(illness|no entry)/],
    ['an area without a code', { maps: { risks: Object.fromEntries(slugs.map((slug) => [slug, '1'])), areas: { 370115: '1' } } }, /areas.*370115\d+/],
    ['maps that are no JSON', { maps: 'x' }, /maps/], ['maps with an unknown part', { maps: { colours: {} } }, /colours/],
    ['a template with an unknown name', { template: '{"a":"{{data.nothing}}"}' }, /template.*data\.nothing/], ['an unescaped hole', { template: '{"a":{{{data.name}}}}' }, /template:1/], ['a section left open', { template: '{"a":"{{#data.role}}"}' }, /template:1/],
    ['no such template', { conf: { 'upstream.body_template': '/nowhere' } }, /nowhere/],
  ];
  for (const [what, { maps: mapped, template, conf = {} }, said] of starts) {
    test(`start-up error: ${what}`, () => {
      const folder = fs.mkdtempSync(path.join(dir, 's'));
      execFileSync(path.join(build, 'mashang'), ['init', path.join(folder, 'etc')], { stdio: 'ignore' });
      fs.writeFileSync(path.join(folder, 'maps.json'), typeof mapped === 'string' ? mapped : JSON.stringify(mapped ?? {}));
      fs.writeFileSync(path.join(folder, 'template'), template ?? '{"a":"{{data.name}}"}');
      const set = { 'upstream.url': 'http://127.0.0.1:9', 'upstream.body_template': path.join(folder, 'template'), ...(mapped && { 'upstream.maps_file': path.join(folder, 'maps.json') }), ...conf };
      const run = spawnSync(path.join(build, 'mashang'), ['check-config', '-c', path.join(folder, 'etc/mashang.conf'), ...Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`])], { encoding: 'utf8' });
      assert.equal(run.status, 78, run.stdout + run.stderr);
      assert.match(run.stderr, /^mashang: /);
      assert.match(run.stderr, said);
    });
  }

  test('bearer: the token in the header, no body of ours changed', async () => {
    const got = [];
    const server = await serve((request, body, response) => { got.push(request.headers); response.end('{}'); });
    fs.writeFileSync(path.join(dir, 'token'), 'invented-token-1\n');
    const system = await startSystem({ upstream: false, conf: { 'upstream.url': server.url, 'upstream.auth': 'bearer', 'upstream.secret_file': path.join(dir, 'token') } });
    try {
      await becomes(system, await filed(system, system.code()), 'delivered');
      assert.equal(got[0].authorization, 'Bearer invented-token-1');
      const tried = system.cli('mashang', 'upstream', 'try');
      assert.ok(!tried.includes('invented-token-1'), 'masked');
    } finally {
      await system.stop();
      await server.stop();
    }
  });

  test('token-request: asked once, kept, asked again after a 401', async () => {
    let asked = 0;
    const got = [];
    const server = await serve((request, body, response) => {
      if (request.url === '/token') {
        asked += 1;
        response.end(JSON.stringify({ data: { token: `T${asked}` } }));
      } else {
        got.push(request.headers.authorization);
        response.statusCode = request.headers.authorization === `Bearer T${Math.max(asked, got.length > 2 ? 2 : 1)}` ? 200 : 401;
        response.end('{}');
      }
    });
    fs.writeFileSync(path.join(dir, 'ask'), '{"app":"a"}');
    const system = await startSystem({ upstream: false, conf: { 'upstream.url': `${server.url}/in`, 'upstream.auth': 'token-request', 'upstream.token_url': `${server.url}/token`, 'upstream.token_body_file': path.join(dir, 'ask'), 'upstream.token_pointer': '/data/token' } });
    try {
      const code = system.code();
      for (let i = 0; i < 2; i += 1) await becomes(system, await filed(system, code), 'delivered');
      assert.equal(asked, 1);
      await becomes(system, await filed(system, code), 'delivered');
      assert.equal(asked, 2);
      assert.ok(got.includes('Bearer T2'));
    } finally {
      await system.stop();
      await server.stop();
    }
  });
});

describe('mashang upstream try', () => {
  let system;
  before(async () => { system = await startSystem(); });
  after(() => system?.stop());
  const run = (...args) => spawnSync(path.join(build, 'mashang'), ['upstream', 'try', ...args, '-c', system.conf], { encoding: 'utf8' });

  test('prints the request and sends nothing', async () => {
    const { status, stdout } = run();
    assert.equal(status, 0);
    assert.ok(stdout.includes(`POST ${system.upstream.url}/events`));
    for (const name of ['Content-Type: application/cloudevents+json', 'webhook-id: ', 'webhook-timestamp: ', 'webhook-signature: v1,', 'Idempotency-Key: ', 'traceparent: 00-']) assert.ok(stdout.includes(name), name);
    assert.ok(stdout.includes('"specversion":"1.0"'));
    assert.ok(!stdout.includes(system.secret));
    assert.equal((await system.upstream.effects()).attempts, 0);
  });
  test('--json is one JSON text', () => {
    const tried = JSON.parse(run('--json').stdout);
    assert.equal(tried.method, 'POST');
    assert.equal(JSON.parse(tried.body).specversion, '1.0');
    assert.equal(run('--json').stderr, '');
  });
  test('--event: another kind of event', () => {
    const { type, id, data } = JSON.parse(JSON.parse(run('--json', '--event', 'merged').stdout).body);
    assert.equal(type, 'cn.mashang.report.merged.v1');
    assert.equal(id, `${data.receipt}-${data.version}`);
    assert.match(data.merged.leader, /^\d{12}$/);
    const wrong = run('--event', 'lost');
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /--event: lost: .*allowed: accepted added/);
  });
  test('--send: delivered, the signature is good, no report is made', async () => {
    const { status, stdout } = run('--send');
    assert.equal(status, 0, stdout);
    assert.match(stdout, /200.*delivered/);
    const [one] = await system.upstream.received();
    assert.ok(new Webhook(system.secret).verify(one.body, one.headers));
    assert.ok(JSON.parse(one.body).data.flags.includes('drill'), 'marked, so that nobody visits');
    assert.equal(queue(system, 'stats').accepted, 0);
  });
  test('--send --json is one JSON text', () => {
    const { stdout } = run('--send', '--json');
    assert.equal(JSON.parse(stdout).verdict ?? JSON.parse(stdout).answer?.verdict, 'delivered');
  });
  for (const [mode, words] of [[{ status: 422, body: '{"msg":"缺少字段"}' }, /422.*refused[\s\S]*缺少字段/], [{ status: 401 }, /401.*(misconfigured|configured)/], [{ status: 503 }, /503.*later/], [{ reset: true }, /later/], [{ status: 409 }, /409.*(delivered|has it)/], [{ stall_ms: 1500 }, /later/]]) {
    test(`--send: ${JSON.stringify(mode)}`, async () => {
      await system.upstream.control(mode);
      const { status, stdout } = run('--send');
      await system.upstream.control({});
      assert.match(stdout, words);
      assert.equal(status, mode.status === 409 ? 0 : 1);
    });
  }
  test('nobody there', async () => {
    await system.upstream.stop();
    const { status, stdout } = run('--send');
    await system.upstream.start();
    assert.equal(status, 1);
    assert.match(stdout, /later/);
  });
});

describe('whom it talks to', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-tls-'));
  after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const openssl = (...args) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
  before(() => {
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=invented CA', '-days', '2');
    for (const [name, san] of [['server', 'IP:127.0.0.1'], ['wrong', 'DNS:other.example'], ['client', 'DNS:county.example']]) {
      openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      fs.writeFileSync(path.join(dir, `${name}.ext`), `subjectAltName=${san}\n`);
      openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-out', `${name}.pem`, '-extfile', `${name}.ext`);
    }
  });
  const pem = (name) => fs.readFileSync(path.join(dir, name));
  const cases = [
    ['a certificate of the CA we were given', 'server', { 'upstream.ca_file': 'ca.pem' }, {}, true],
    ['an unknown CA', 'server', {}, {}, false],
    ['a certificate for another name', 'wrong', { 'upstream.ca_file': 'ca.pem' }, {}, false],
    ['with our client certificate', 'server', { 'upstream.ca_file': 'ca.pem', 'upstream.client_cert': 'client.pem', 'upstream.client_key': 'client.key' }, { requestCert: true, rejectUnauthorized: true }, true],
    ['without the client certificate that it wants', 'server', { 'upstream.ca_file': 'ca.pem' }, { requestCert: true, rejectUnauthorized: true }, false],
  ];
  for (const [what, name, conf, tls, good] of cases) {
    test(`TLS: ${what}`, async () => {
      const got = [];
      const server = await serve((request, body, response) => { got.push(body); response.end('{}'); }, { key: pem(`${name}.key`), cert: pem(`${name}.pem`), ca: pem('ca.pem'), ...tls });
      const files = Object.fromEntries(Object.entries(conf).map(([key, value]) => [key, path.join(dir, value)]));
      const system = await startSystem({ upstream: false, conf: { 'upstream.url': server.url, ...files } });
      try {
        const receipt = await filed(system, system.code());
        if (good) {
          await becomes(system, receipt, 'delivered');
        } else {
          await until('an attempt', () => shown(system, receipt)[0].attempts >= 1 || shown(system, receipt)[0].last_attempts.length >= 1);
          await sleep(200);
          assert.ok(['ready', 'delayed', 'sending', 'held'].includes(state(system, receipt)));
          assert.deepEqual(got, []);
        }
        await lawHolds(system);
      } finally {
        await system.stop();
        await server.stop();
      }
    });
  }
  test('redirects are not followed, huge answers are not read to their end', async () => {
    const got = [];
    let sent = 0;
    const other = await serve((request, body, response) => { got.push(body); response.end('{}'); });
    const server = await serve((request, body, response) => {
      if (request.headers['x-n'] !== undefined) return;
      if (got.redirected) {
        response.writeHead(200);
        const more = () => { while (sent < 200e6 && !response.destroyed) { sent += 65536; if (!response.write(Buffer.alloc(65536, 32))) { response.once('drain', more); return; } } response.end(); };
        more();
      } else {
        got.redirected = true;
        response.writeHead(307, { location: other.url });
        response.end();
      }
    });
    const system = await startSystem({ upstream: false, conf: { 'upstream.url': server.url } });
    try {
      await becomes(system, await filed(system, system.code(), household({ phone: inventedPhone() })), 'delivered');
      assert.equal(got.length, 0);
      assert.ok(sent < 100e6, `${sent} bytes`);
    } finally {
      await system.stop();
      await server.stop();
      await other.stop();
    }
  });
});
