// A Redis of the operator's own, for tests in which it is away, slow or wrong.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build, end, freePort, startSystem, until, writeConf } from './system.mjs';

// Durable unless said otherwise, with the gateway's functions.
export class Redis {
  constructor(options = {}) {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-redis-'));
    this.options = { appendonly: 'yes', appendfsync: 'always', 'no-appendfsync-on-rewrite': 'no', 'maxmemory-policy': 'noeviction', ...options };
  }

  async start() {
    this.port ??= await freePort();
    const args = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.dir, '--save', '', '--enable-debug-command', 'yes', ...Object.entries(this.options).flatMap(([name, value]) => [`--${name}`, value])];
    this.child = spawn('redis-server', args, { stdio: ['ignore', fs.openSync(path.join(this.dir, 'log'), 'a'), 'inherit'] });
    await until('Redis', () => this.say('PING').includes('PONG'));
    return this;
  }

  say(...args) {
    const password = this.options.requirepass ? ['-a', this.options.requirepass, '--no-auth-warning'] : [];
    return execFileSync('redis-cli', ['-p', String(this.port), ...password, ...args], { encoding: 'utf8' });
  }

  async kill() {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
  }

  async stop() {
    await end(this.child);
    fs.rmSync(this.dir, { recursive: true, force: true });
  }

  // A gateway on this Redis, its functions loaded first, as the runbook says.
  async system(conf = {}, options = {}) {
    const settings = { 'redis.url': `redis://127.0.0.1:${this.port}/0`, 'limits.accept_timeout_ms': 800, ...conf };
    const file = path.join(this.dir, 'load.conf');
    execFileSync(path.join(build, 'mashang'), ['init', path.join(this.dir, 'etc')], { stdio: 'ignore' });
    writeConf(file, { 'redis.url': settings['redis.url'], 'crypto.keyring_file': path.join(this.dir, 'etc/keyring.json') });
    let password = [];
    if (this.options.requirepass) {
      fs.writeFileSync(path.join(this.dir, 'password'), `${this.options.requirepass}\n`, { mode: 0o600 });
      password = ['--password-file', path.join(this.dir, 'password'), '--user', 'default'];
    }
    execFileSync(path.join(build, 'mashang'), ['store', 'load', '-c', file, ...password], { stdio: 'ignore' });
    return startSystem({ degraded: true, ...options, conf: settings });
  }
}
