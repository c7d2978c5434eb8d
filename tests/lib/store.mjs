// A look into the private Redis of a test's system, with the gateway's own rights.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export function redis(system, ...args) {
  const folder = path.join(system.dir, 'data/redis');
  const password = fs.readFileSync(path.join(folder, 'gateway.password'), 'utf8').trim();
  return execFileSync('redis-cli', ['-s', path.join(folder, 'redis.sock'), '--user', 'gateway', '-a', password, '--no-auth-warning', ...args], { encoding: 'utf8' }).trimEnd();
}

const bucket = (receipt) => `ms:{${receipt.slice(0, 2)}}`;
export const recordKey = (receipt) => `${bucket(receipt)}:r:${receipt}`;
export const field = (system, receipt, name) => redis(system, 'HGET', recordKey(receipt), name);
export const setField = (system, receipt, ...pairs) => redis(system, 'HSET', recordKey(receipt), ...pairs.map(String));

export function record(system, receipt) {
  const lines = redis(system, 'HGETALL', recordKey(receipt)).split('\n');
  const found = {};
  for (let i = 0; i + 1 < lines.length; i += 2) found[lines[i]] = lines[i + 1];
  return found;
}
export const chain = (system, receipt) => redis(system, 'LRANGE', `${bucket(receipt)}:x:${receipt}`, '0', '-1').split('\n')
  .map((line) => { const [hash, seq, ...json] = line.split(' '); return { hash, seq: Number(seq), ...JSON.parse(json.join(' ')) }; });
