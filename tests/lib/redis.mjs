// One command to the private Redis of a test's system, as the gateway's own user: for what no door of the gateway does (time that passes, a restore).
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const encode = (parts) => `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`;

// Answers are simple strings, numbers and texts.
export function redis(system, ...command) {
  const dir = path.join(system.dir, 'data/redis');
  const password = fs.readFileSync(path.join(dir, 'gateway.password'), 'utf8').trim();
  return new Promise((resolve, reject) => {
    const socket = net.connect(path.join(dir, 'redis.sock'));
    let said = '';
    socket.on('error', reject);
    socket.on('data', (part) => {
      said += part;
      const [, greeting, kind, first, rest] = said.match(/^([+-][^\r]*)\r\n([+\-:$])([^\r]*)\r\n([^]*)$/) ?? [];
      if (kind === undefined || (kind === '$' && first !== '-1' && !rest.endsWith('\r\n'))) return;
      socket.end();
      if (greeting !== '+OK' || kind === '-') reject(new Error(said));
      else resolve(kind === '$' ? (first === '-1' ? null : rest.slice(0, -2)) : first);
    });
    socket.write(encode(['AUTH', 'gateway', password]) + encode(command.map(String)));
  });
}
