// A whole system for one test: areas, keyring, configuration, private Redis, gateway, stand-in monitoring system.
// Everything lies in a folder of its own, listens on free loopback ports, and is ended by pid.
import { spawn, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const root = path.resolve(new URL('../..', import.meta.url).pathname);
export const build = process.env.TEST_BUILD ?? path.join(root, 'build/release');
export const village = '370115008218'; // 曲堤街道 葛家村

export async function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export async function until(what, check, { ms = 10000, every = 50 } = {}) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const value = await check();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}: ${last?.stack ?? last}`);
    await sleep(every);
  }
}

export function children(pid) {
  const found = [];
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, 'utf8');
      const close = stat.lastIndexOf(')');
      const [state, parent] = stat.slice(close + 2).split(' ');
      if (Number(parent) === pid && state !== 'Z') {
        found.push({ pid: Number(name), name: stat.slice(stat.indexOf('(') + 1, close) });
      }
    } catch {
      // it ended meanwhile
    }
  }
  return found;
}

export function alive(pid) {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

export function writeKeyring(file) {
  const purposes = ['link', 'receipt', 'token', 'lookup', 'seal', 'audit'];
  const keys = purposes.map((purpose) => ({
    purpose, id: 1, key: randomBytes(32).toString('hex'), made: '2026-11-23', state: 'current',
  }));
  fs.writeFileSync(file, JSON.stringify({ mashang_keyring: 1, keys }), { mode: 0o600 });
}

export function secret() {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

export function writeConf(file, values) {
  const sections = {};
  for (const [name, value] of Object.entries(values)) {
    const [section, key] = name.split('.');
    (sections[section] ??= []).push(`${key} = ${value}`);
  }
  const text = Object.entries(sections).map(([section, lines]) => `[${section}]\n${lines.join('\n')}\n`).join('\n');
  fs.writeFileSync(file, text);
}

// Ends a process we started; SIGKILL when it does not listen.
export async function end(child, ms = 12000) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  await gone;
  clearTimeout(timer);
}

export class Upstream {
  constructor(dir, secretFile, env = {}) {
    this.dir = dir;
    this.secretFile = secretFile;
    this.env = env;
    this.ledger = path.join(dir, 'upstream.ledger');
  }

  async start(port = this.port ?? 0) {
    const args = ['--listen', `127.0.0.1:${port}`, '--secret-file', this.secretFile, '--ledger', this.ledger, '--print-port'];
    this.child = spawn(path.join(build, 'standins/upstream'), args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...this.env } });
    this.port = await new Promise((resolve, reject) => {
      let text = '';
      this.child.stdout.on('data', (part) => {
        text += part;
        const match = text.match(/(\d+)\s*\n/);
        if (match) resolve(Number(match[1]));
      });
      this.child.once('exit', (code) => reject(new Error(`the stand-in ended: ${code}`)));
    });
    this.url = `http://127.0.0.1:${this.port}`;
  }

  async json(where, init) {
    const answer = await fetch(this.url + where, init);
    const text = await answer.text();
    return text ? JSON.parse(text) : null;
  }

  received() { return this.json('/received'); }
  effects() { return this.json('/effects'); }
  control(mode) { return this.json('/control', { method: 'POST', body: JSON.stringify(mode) }); }
  async stop() { await end(this.child); }
  async kill() {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
  }
}

export class System {
  constructor(options) {
    this.options = options;
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-'));
    this.log = path.join(this.dir, 'log');
    this.conf = path.join(this.dir, 'mashang.conf');
  }

  async start() {
    const { conf = {}, upstream = true, workers = 2, areas = path.join(root, 'deploy/areas/370115.csv') } = this.options;
    const secretFile = path.join(this.dir, 'upstream.secret');
    this.secret = secret();
    this.callbackSecret = secret();
    fs.writeFileSync(secretFile, `${this.secret}\n`, { mode: 0o600 });
    fs.writeFileSync(path.join(this.dir, 'callback.secret'), `${this.callbackSecret}\n`, { mode: 0o600 });
    writeKeyring(path.join(this.dir, 'keyring.json'));
    if (upstream) {
      this.upstream = new Upstream(this.dir, secretFile, this.options.env);
      await this.upstream.start();
    }
    this.port = await freePort();
    this.adminPort = await freePort();
    this.base = `http://127.0.0.1:${this.port}`;
    this.admin = `http://127.0.0.1:${this.adminPort}`;
    this.settings = {
      'listen.http': `127.0.0.1:${this.port}`,
      'listen.admin': `127.0.0.1:${this.adminPort}`,
      'listen.workers': workers,
      'public.base_url': this.base,
      'public.authority': '测试区农业农村局',
      'public.hotline': '0531-00000000',
      'areas.file': areas,
      'areas.calendar': path.join(root, 'deploy/calendar'),
      'forms.dir': path.join(root, 'templates'),
      'procedure.file': path.join(root, 'templates/procedures/laiyuan.json'),
      'redis.url': 'private:',
      'redis.data_dir': path.join(this.dir, 'data'),
      'crypto.keyring_file': path.join(this.dir, 'keyring.json'),
      'forward.backoff_min_ms': 50,
      'forward.backoff_max_ms': 500,
      'forward.breaker_open_ms': 300,
      'upstream.url': upstream ? `${this.upstream.url}/events` : '',
      'upstream.secret_file': secretFile,
      'upstream.callback_secret_file': path.join(this.dir, 'callback.secret'),
      'upstream.timeout_ms': 1000,
      ...conf,
    };
    await this.startGateway();
    return this;
  }

  async startGateway() {
    writeConf(this.conf, this.settings);
    const log = fs.openSync(this.log, 'a');
    this.gateway = spawn(path.join(build, 'mashang'), ['serve', '-c', this.conf], { stdio: ['ignore', log, log], env: { ...process.env, ...this.options.env } });
    fs.closeSync(log);
    await until('the gateway to be ready', async () => {
      if (this.gateway.exitCode !== null) throw new Error(`the gateway ended: ${fs.readFileSync(this.log, 'utf8')}`);
      const answer = await fetch(`${this.admin}/readyz`);
      const text = await answer.text();
      return answer.status === 200 && (this.options.degraded || !/degraded/.test(text));
    }, { ms: 15000 });
  }

  async stopGateway() { await end(this.gateway); }

  // The new generation serves alone: what the one before closes on its way out meets no request of the test.
  async reload() {
    const before = this.workerPids();
    this.gateway.kill('SIGHUP');
    await until('the generation before to be gone', () => {
      const now = this.workerPids();
      return now.length >= before.length && !now.some((pid) => before.includes(pid));
    }, { ms: 20000 });
  }

  // The processes of the running gateway, by what they are.
  redisPid() { return children(this.gateway.pid).find((c) => c.name.startsWith('redis-server'))?.pid; }
  workerPids() { return children(this.gateway.pid).filter((c) => c.name.startsWith('mashang')).map((c) => c.pid); }
  logText() { return fs.readFileSync(this.log, 'utf8'); }

  cli(program, ...args) {
    return execFileSync(path.join(build, program), [...args, '-c', this.conf], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  // The path of a printed code: /V/…
  code(area = village, ...more) {
    const said = JSON.parse(this.cli('mashang-qr', 'code', '--area', area, '--json', ...more));
    return new URL(said.link ?? said.url).pathname;
  }

  async stop() {
    await this.stopGateway();
    await this.upstream?.stop();
    this.clock?.stop();
    // a worker that aborts is replaced at once: a test that still passes would hide it
    const bug = fs.existsSync(this.log) && this.logText().match(/^.*(mashang: bug:|Sanitizer|runtime error:)[^]*/m);
    if (!process.env.TEST_KEEP) fs.rmSync(this.dir, { recursive: true, force: true });
    if (bug) throw new Error(`the gateway met a bug of its own:\n${bug[0].slice(0, 4000)}`);
  }
}

export async function startSystem(options = {}) {
  const system = new System(options);
  try {
    return await system.start();
  } catch (error) {
    await system.stop();
    throw error;
  }
}
