// A look into the private Redis of a test's system, with the gateway's own rights.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export function redis(system, ...args) {
  const folder = path.join(system.dir, 'data/redis');
  const password = fs.readFileSync(path.join(folder, 'gateway.password'), 'utf8').trim();
  return execFileSync('redis-cli', ['-s', path.join(folder, 'redis.sock'), '--user', 'gateway', '-a', password, '--no-auth-warning', ...args.map(String)], { encoding: 'utf8' }).trimEnd();
}

const bucket = (receipt) => `ms:{${receipt.slice(0, 2)}}`;
export const recordKey = (receipt) => `${bucket(receipt)}:r:${receipt}`;
export const field = (system, receipt, name) => redis(system, 'HGET', recordKey(receipt), name);
export const setField = (system, receipt, ...pairs) => redis(system, 'HSET', recordKey(receipt), ...pairs);

// redis-cli quotes like C: sealed values hold any bytes
const unquote = (text) => Buffer.from(text.replace(/\\(x[0-9a-f]{2}|.)/g, (_, c) => (c.length === 3 ? String.fromCharCode(parseInt(c.slice(1), 16)) : ({ n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' }[c] ?? c))), 'latin1').toString();
export function record(system, receipt) {
  const texts = [...redis(system, '--no-raw', 'HGETALL', recordKey(receipt)).matchAll(/^\s*\d+\) "(.*)"$/gm)].map((match) => unquote(match[1]));
  const found = {};
  for (let i = 0; i + 1 < texts.length; i += 2) found[texts[i]] = texts[i + 1];
  return found;
}
export const chain = (system, receipt) => redis(system, 'LRANGE', `${bucket(receipt)}:x:${receipt}`, '0', '-1').split('\n')
  .map((line) => { const [hash, seq, ...json] = line.split(' '); return { hash, seq: Number(seq), ...JSON.parse(json.join(' ')) }; });
