// The form page against nginx serving the same bytes with the same header lines.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { freePort } from '../lib/system.mjs';
import { compare, connections, end, getRequest, load, seconds, serverCore, start, until, writeRequests } from './lib.mjs';

const packed = 'Accept-Encoding: gzip\r\n';

// The answer as it came: undici would unpack it.
const raw = (port, where, headers) => new Promise((resolve, reject) => {
  http.get({ port, path: where, headers }, (answer) => {
    const parts = [];
    answer.on('data', (part) => parts.push(part));
    answer.on('end', () => resolve({ headers: answer.rawHeaders, body: Buffer.concat(parts) }));
  }).on('error', reject);
});

// What nginx says by itself is left out; the rest is added line by line.
function headerLines(rawHeaders) {
  const own = ['date', 'content-length', 'content-type', 'connection', 'etag'];
  const lines = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!own.includes(rawHeaders[i].toLowerCase())) lines.push(`add_header ${rawHeaders[i]} "${rawHeaders[i + 1]}" always;`);
  }
  return lines.join('\n    ');
}

async function startNginx(dir, pages) {
  const folder = path.join(dir, 'nginx');
  const port = await freePort();
  fs.mkdirSync(folder);
  const places = Object.entries(pages).map(([name, page]) => {
    fs.writeFileSync(path.join(folder, name), page.body);
    return `  location = /${name} {
    default_type "text/html; charset=utf-8";
    ${headerLines(page.headers)}
  }`;
  });
  fs.writeFileSync(path.join(folder, 'nginx.conf'), `daemon off;${process.getuid() === 0 ? '\nuser root;' : ''}
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 1024; multi_accept on; }
http {
  access_log off; server_tokens off; sendfile off; tcp_nodelay on;
  keepalive_timeout 75s; keepalive_requests 1000000000; open_file_cache max=16; open_file_cache_valid 1h;
  client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c; uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
server {
  listen 127.0.0.1:${port} backlog=4096; root ${folder};
${places.join('\n')}
}
}
`);
  const child = start(serverCore, 'nginx', ['-c', path.join(folder, 'nginx.conf'), '-e', path.join(folder, 'error.log')]);
  await until('nginx', async () => (await fetch(`http://127.0.0.1:${port}/plain`)).ok);
  return { child, port };
}

export async function form(world) {
  const { system } = world;
  const where = system.code();
  const plain = await raw(system.port, where, {});
  const gzip = await raw(system.port, where, { 'Accept-Encoding': 'gzip' });
  const nginx = await startNginx(system.dir, { plain, gzip });
  const file = (name, port, at, headers) => writeRequests(path.join(system.dir, name), [getRequest(at, `127.0.0.1:${port}`, headers)]);
  const sides = (name, headers) => ({
    ours: [system.port, file(`form.${name}`, system.port, where, headers)],
    peer: [nginx.port, file(`nginx.${name}`, nginx.port, `/${name}`, headers)],
  });
  const measure = (of) => compare(Object.fromEntries(Object.entries(of).map(([name, [port, requests]]) =>
    [name, () => load(port, requests, connections, '--seconds', seconds)])));
  try {
    return [
      { name: `form page, gzip, ${gzip.body.length} bytes, against nginx`, ...await measure(sides('gzip', packed)), least: 0.95 },
      { name: `form page, plain, ${plain.body.length} bytes, against nginx`, ...await measure(sides('plain', '')) },
    ];
  } finally {
    await end(nginx.child);
  }
}
