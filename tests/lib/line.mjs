// What the tests of the line to the monitoring system ask again and again.
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import { file, household, receiptOf, titleOf } from './farmer.mjs';
import { until } from './system.mjs';

export const queue = (system, ...args) => JSON.parse(system.cli('mashang', 'queue', ...args, '--json'));
export const shown = (system, receipt) => queue(system, 'show', receipt);
export const state = (system, receipt) => shown(system, receipt)[0]?.state;
export const becomes = (system, receipt, wanted, ms = 15000) => until(`${receipt} ${wanted}`, () => state(system, receipt) === wanted, { ms, every: 100 });
export const readyz = async (system) => { const answer = await fetch(`${system.admin}/readyz`); return { status: answer.status, text: await answer.text() }; };
export const metric = async (system, name) => Number((await (await fetch(`${system.admin}/metrics`)).text()).match(new RegExp(`^mashang_${name} (\\d+)$`, 'm'))?.[1]);
export const bodies = async (system, receipt) => (await system.upstream.received()).map((one) => ({ ...one, event: JSON.parse(one.body) })).filter((one) => one.event.data.receipt === receipt);

export async function filed(system, code, answers = household(), more = {}) {
  const answer = await file(system.base, code, answers, { consent_sensitive: '1', ...more });
  assert.equal(answer.status, 303, titleOf(answer.html));
  return receiptOf(answer.location);
}

export async function lawHolds(system) {
  const audit = queue(system, 'audit');
  assert.equal(audit.holds, true, JSON.stringify(audit));
  const s = audit.sum;
  assert.equal(s.made, s.held + s.ready + s.delayed + s.sending + s.delivered + s.buried + s.dropped);
  assert.equal(s.firsts, s.accepted);
  return s;
}

// A monitoring system of the test's own, for what the stand-in does not do. handler(request, body, response)
export async function serve(handler, tls) {
  const listener = (request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => handler(request, Buffer.concat(parts).toString(), response));
  };
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`, stop: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }) };
}
