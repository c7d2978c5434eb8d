// What a county's IT person types wrong into the configuration: exit 78, the place, what is allowed.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { build, root, writeConf } from '../lib/system.mjs';

describe('wrong configuration: exit 78, the place, what is allowed', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-conf-'));
  before(() => execFileSync(path.join(build, 'mashang'), ['init', path.join(dir, 'etc')], { stdio: 'ignore' }));
  after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const base = () => ({
    'areas.file': path.join(root, 'deploy/areas/370115.csv'), 'forms.dir': path.join(root, 'templates'), 'procedure.file': path.join(root, 'templates/procedures/laiyuan.json'), 'areas.calendar': path.join(root, 'deploy/calendar'), 'crypto.keyring_file': path.join(dir, 'etc/keyring.json'), 'redis.data_dir': path.join(dir, 'data'),
  });
  const run = (text, { env = {}, args = [], command = 'check-config' } = {}) => {
    const conf = path.join(dir, 'mashang.conf');
    writeConf(conf, base());
    fs.appendFileSync(conf, text);
    return spawnSync(path.join(build, 'mashang'), [command, '-c', conf, ...args], { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 10000 });
  };
  test('right: 0', () => {
    const good = run('');
    assert.equal(good.status, 0, good.stderr);
  });
  const cases = [
    ['unknown key', '[listen]\nhttpp = 1\n', /mashang\.conf:\d+: listen\.httpp: /], ['unknown section', '[lisen]\nhttp = 1\n', /mashang\.conf:\d+: .*lisen/], ['no section', null, /mashang\.conf:\d+: /], ['not a number', '[listen]\nworkers = many\n', /mashang\.conf:\d+: listen\.workers: .*(0 to 256|number)/], ['out of range', '[upstream]\ntimeout_ms = 1\n', /mashang\.conf:\d+: upstream\.timeout_ms: .*100/],
    ['no such source', '[progress]\nsource = staff\n', /mashang\.conf:\d+: progress\.source: .*allowed: console upstream both none/], ['procedure of no source', '[procedure]\nby_source = self=a.json\n', /mashang\.conf:\d+: procedure\.by_source: self=a\.json .*allowed: WORD=FILE/], ['office where the farmers are', '[listen]\nhttp = 127.0.0.1:1\noffice = 127.0.0.1:1\n', /listen\.office: is the same/], ['audit records too short', '[retention]\naudit_days = 30\n', /mashang\.conf:\d+: retention\.audit_days: .*180/], ['not built: suite', '[crypto]\nsuite = gm\n', /mashang\.conf:\d+: crypto\.suite: .*not built/], ['not built: sentinel', '[redis]\nurl = sentinel://a\n', /mashang\.conf:\d+: redis\.url: .*not built/], ['no such event', '[forward]\nevents = accepted deleted\n', /mashang\.conf:\d+: forward\.events: .*allowed: accepted/], ['not built: when', '[forward]\nwhen = checked\n', /mashang\.conf:\d+: forward\.when: .*not built/],
    ['not allowed', '[forward]\nwithout_id = maybe\n', /mashang\.conf:\d+: forward\.without_id: .*send/], ['unknown durability', '[redis]\ndurability = always\n', /mashang\.conf:\d+: redis\.durability: .*fsync/], ['more replicas than there are', '[redis]\ndurability = replicated:10\n', /mashang\.conf:\d+: redis\.durability: .*replicated:1 to replicated:9/], ['twice', '[public]\ntitle = a\ntitle = b\n', /mashang\.conf:\d+: public\.title: /], ['https without authority', '[public]\nbase_url = https://a.example\n', /authority|hotline|icp/],
    ['https without icp', '[public]\nbase_url = https://a.example\nauthority = 测试区\nhotline = 0531-00000000\n', /icp/], ['url of another kind', '[upstream]\nurl = ftp://a/\n', /mashang\.conf:\d+: upstream\.url: /], ['secret that is not there', '[upstream]\nurl = http://127.0.0.1:1/\nsecret_file = /nowhere\n', /nowhere/], ['ca_file that is not there', '[upstream]\nurl = http://127.0.0.1:1/\nsecret_file = etc/upstream.secret\nca_file = /nowhere.pem\n', /nowhere\.pem: upstream\.ca_file: No such file/], ['client_cert that is not there', '[upstream]\nurl = http://127.0.0.1:1/\nsecret_file = etc/upstream.secret\nclient_cert = /nowhere.pem\n', /nowhere\.pem: upstream\.client_cert: No such file/], ['client_key that is not there', '[upstream]\nurl = http://127.0.0.1:1/\nsecret_file = etc/upstream.secret\nclient_key = /nowhere.pem\n', /nowhere\.pem: upstream\.client_key: No such file/], ['trusted proxies that are none', '[listen]\ntrusted_proxies = everyone\n', /mashang\.conf:\d+: listen\.trusted_proxies: /], ['address that is none', '[listen]\nhttp = nowhere\n', /listen\.http/],
    ['not UTF-8', Buffer.from('[public]\ntitle = \xff\xfe\n', 'latin1'), /mashang\.conf:\d+: /],
  ];
  for (const [what, text, said] of cases) {
    for (const command of ['check-config', 'serve']) {
      test(`${command}: ${what}`, () => {
        let done;
        let wanted = said;
        if (text === null) {
          const conf = path.join(dir, 'none.conf');
          fs.writeFileSync(conf, 'http = 1\n');
          done = spawnSync(path.join(build, 'mashang'), [command, '-c', conf], { encoding: 'utf8', timeout: 10000 });
          wanted = /none\.conf:1: /;
        } else {
          done = run(text, { command });
        }
        assert.equal(done.status, 78, done.stderr);
        assert.match(done.stderr, /^mashang: /);
        assert.match(done.stderr, wanted);
      });
    }
  }
  test('[progress] source = console: callbacks are refused, and check-config says that their secret is not used', () => {
    const done = run('[progress]\nsource = console\n[upstream]\ncallback_secret_file = etc/callback.secret\n');
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /warning: upstream\.callback_secret_file: not used: \[progress\] source = console/);
    assert.doesNotMatch(run('[progress]\nsource = both\n[upstream]\ncallback_secret_file = etc/callback.secret\n').stdout, /callback_secret_file/);
  });
  for (const [name, value, said] of [['MASHANG_LISTEN_HTTPP', 'x', /MASHANG_LISTEN_HTTPP/], ['MASHANG_NOTHING', 'x', /MASHANG_NOTHING/], ['MASHANG_LISTEN_WORKERS', 'many', /MASHANG_LISTEN_WORKERS|listen\.workers/], ['MASHANG_FORWARD_WHEN', 'checked', /(MASHANG_FORWARD_WHEN|forward\.when).*not built/]]) {
    test(`variable ${name}=${value}`, () => {
      const done = run('', { env: { [name]: value } });
      assert.equal(done.status, 78);
      assert.match(done.stderr, said);
    });
  }
  test('check-config lists the deadlines that no document says, of every procedure', () => {
    const done = run('');
    for (const line of [/^unconfirmed: laiyuan: steps\[0\]\.deadline: 入户核查, 5 working days$/m, /^unconfirmed: lead: steps\[0\]/m, /^unconfirmed: clearing: total/m, /^unconfirmed: pushes: /m]) {
      assert.match(done.stdout, line);
    }
  });
  test('a catalog of the county that lacks a text of the farmers\' pages is refused before a farmer meets it', () => {
    const own = path.join(dir, 'templates');
    fs.cpSync(path.join(root, 'templates'), own, { recursive: true });
    const file = path.join(own, 'catalogs/zh-CN.json');
    const whole = fs.readFileSync(file, 'utf8');
    for (const key of ['state.objected_usual', 'acts.done_add', 'acts.done_visited', 'acts.done_not_visited', 'acts.done_nudge']) {
      const texts = JSON.parse(whole);
      const [group, name] = key.split('.');
      delete texts[group][name];
      fs.writeFileSync(file, JSON.stringify(texts));
      const done = run('', { args: ['--set', `forms.dir=${own}`] });
      assert.equal(done.status, 78, key);
      assert.match(done.stderr, new RegExp(`${key}: missing`));
    }
  });
  test('check-config opens the file of codes too', () => {
    fs.writeFileSync(path.join(dir, 'codes.bad'), 'serial,1,A,board,2026-01-01\nwhat is this\n');
    const codes = (file) => run('', { args: ['--set', `areas.codes=${file}`] });
    for (const [file, said] of [[path.join(dir, 'codes.bad'), /^mashang: areas\.codes: .*codes\.bad:2: neither/], ['/nowhere/codes.csv', /^mashang: areas\.codes: \/nowhere\/codes\.csv: .*No such file/]]) {
      const done = codes(file);
      assert.equal(done.status, 78, done.stderr);
      assert.match(done.stderr, said);
    }
    const empty = codes(path.join(dir, 'codes.new'));
    assert.equal(empty.status, 0, empty.stderr);
  });
  test('no configuration named: the error says how to name one', { skip: fs.existsSync('/etc/mashang/mashang.conf') }, () => {
    for (const [program, ...args] of [['mashang', 'check-config'], ['mashang', 'keys', 'list'], ['mashang-qr', 'list']]) {
      const done = spawnSync(path.join(build, program), args, { cwd: dir, encoding: 'utf8', timeout: 10000 });
      assert.equal(done.status, 78, done.stderr);
      assert.match(done.stderr, /\(no -c FILE given; make run writes var\/run\/mashang\.conf\)\n$/);
    }
    assert.doesNotMatch(run('', { args: ['--set', 'areas.file=/nowhere'] }).stderr, /no -c FILE/);
  });
  test('queue while the gateway is away says so at once', () => {
    const began = Date.now();
    const done = run('', { command: 'queue', args: ['stats'] });
    assert.equal(done.status, 1, done.stderr);
    assert.match(done.stderr, /^mashang: the gateway is not running \(its private Redis is away\)\n$/);
    assert.ok(Date.now() - began < 3000);
  });
  test('flag over variable over file', () => {
    const env = { MASHANG_LISTEN_WORKERS: 'many' };
    assert.equal(run('[listen]\nworkers = 3\n', { env }).status, 78, 'the variable counts');
    assert.equal(run('[listen]\nworkers = 3\n', { env: { MASHANG_LISTEN_WORKERS: '2' }, args: ['--set', 'listen.workers=none'] }).status, 78, 'the flag counts');
    assert.equal(run('[listen]\nworkers = 3\n', { env: { MASHANG_LISTEN_WORKERS: '2' }, args: ['--set', 'listen.workers=1'] }).status, 0);
  });
  test('a wrong or missing key refuses to start; one that others may read as well', () => {
    const ring = path.join(dir, 'ring.json');
    for (const [text, mode] of [['', 0o600], ['{}', 0o600], ['{"mashang_keyring":1,"keys":[]}', 0o600], [fs.readFileSync(path.join(dir, 'etc/keyring.json'), 'utf8'), 0o644]]) {
      fs.rmSync(ring, { force: true });
      fs.writeFileSync(ring, text);
      fs.chmodSync(ring, mode);
      const done = run('', { args: ['--set', `crypto.keyring_file=${ring}`], command: 'serve' });
      assert.equal(done.status, 78, `${text.slice(0, 20)} ${mode.toString(8)}: ${done.stderr}`);
      assert.match(done.stderr, /ring\.json/);
    }
  });
});

describe('a body template is tried before anything is served', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-body-'));
  before(() => execFileSync(path.join(build, 'mashang'), ['init', path.join(dir, 'etc')], { stdio: 'ignore' }));
  after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const run = (template, kind, more = {}) => {
    const conf = path.join(dir, 'mashang.conf');
    fs.writeFileSync(path.join(dir, 'body.mustache'), template);
    writeConf(conf, {
      'areas.file': path.join(root, 'deploy/areas/370115.csv'), 'forms.dir': path.join(root, 'templates'), 'procedure.file': path.join(root, 'templates/procedures/laiyuan.json'), 'crypto.keyring_file': path.join(dir, 'etc/keyring.json'), 'redis.data_dir': dir,
      'upstream.url': 'http://127.0.0.1:1/', 'upstream.secret_file': path.join(dir, 'etc/upstream.secret'), 'upstream.body_template': path.join(dir, 'body.mustache'), 'upstream.body_kind': kind, ...more,
    });
    return spawnSync(path.join(build, 'mashang'), ['check-config', '-c', conf], { encoding: 'utf8' });
  };
  for (const [template, kind, status] of [['{"a": "{{data.name}}"}', 'json', 0], ['{"a": {{data.name}}}', 'json', 78], ['', 'json', 78], ['name={{data.name}}', 'json', 78], ['name={{data.name}}', 'form', 0], ['<a>{{data.name}}</b>', 'xml', 78], ['<a>{{data.name}}</a>', 'xml', 0]]) {
    test(`${kind}: ${template}`, () => {
      const done = run(template, kind);
      assert.equal(done.status, status, done.stderr);
      if (status) assert.match(done.stderr, /^mashang: .*body_template/);
    });
  }
  const all = { 'forward.events': 'accepted added corrected transferred merged withdrawn step decided' };
  const names = ['transferred.from', 'transferred.to', 'transferred.public_note', 'merged.leader', 'merged.public_note', 'withdrawn.public_note', 'step.step', 'step.outcome', 'step.public_note', ...['decision', 'reason', 'category', 'members', 'step', 'outcome', 'public_note'].map((name) => `decided.${name}`)];
  test('what happened has names: each kind can be told from a new report', () => {
    const done = run(`{"no": "{{data.receipt}}"{{#data.withdrawn}}, "cancel": true{{/data.withdrawn}}${names.map((name, i) => `, "v${i}": "{{data.${name}}}"`).join('')}}`, 'json', all);
    assert.equal(done.status, 0, done.stderr);
    assert.doesNotMatch(done.stdout, /warning: upstream\.body_template/);
  });
  test('check-config warns of kinds that are sent and look like any other event', () => {
    const plain = run('{"no": "{{data.receipt}}"}', 'json');
    assert.equal(plain.status, 0, plain.stderr);
    assert.match(plain.stdout, /^warning: upstream\.body_template: .*: transferred merged withdrawn\b/m);
    assert.match(run('{"no": "{{data.receipt}}", "gone": "{{#data}}{{#withdrawn}}1{{/withdrawn}}{{/data}}"}', 'json', all).stdout, /: transferred merged step decided\b/);
    for (const [template, more] of [['{"no": "{{data.receipt}}", "type": "{{type}}"}', all], ['{"no": "{{data.receipt}}"}', { 'forward.events': 'accepted added corrected' }]]) {
      assert.doesNotMatch(run(template, 'json', more).stdout, /body_template/);
    }
  });
  test('each kind that is sent is tried', () => {
    const broken = '{"no": "{{data.receipt}}"{{#data.decided}}, "gone": {{/data.decided}}}';
    assert.equal(run(broken, 'json').status, 0, 'decided is not sent');
    const done = run(broken, 'json', all);
    assert.equal(done.status, 78, done.stdout);
    assert.match(done.stderr, /^mashang: .*body_template.*: decided/);
  });
  test('an empty address is said: everything is held', () => {
    const done = run('{}', 'json', { 'upstream.url': '' });
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout + done.stderr, /upstream\.url: empty/);
  });
});
