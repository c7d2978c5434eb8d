// What the monitoring system says back, signed as it would sign it.
import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';

let count = 0;
// The answer's status.
export async function told(system, type, data, { id = `msg_${process.pid}_${count++}` } = {}) {
  const now = system.clock?.now() ?? new Date();
  const body = JSON.stringify({ type, timestamp: now.toISOString(), data: { at: now.toISOString(), ...data } });
  const answer = await fetch(`${system.base}/hooks/upstream`, {
    method: 'POST', body,
    headers: { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(now / 1000)), 'webhook-signature': new Webhook(system.callbackSecret).sign(id, now, body) },
  });
  await answer.text();
  return answer.status;
}
export const tell = async (system, type, data) => assert.equal(await told(system, type, data), 204, `${type} ${JSON.stringify(data)}`);
export const tellStep = (system, receipt, step, more = {}) => tell(system, 'report.step', { receipt, step, outcome: 'passed', ...more });
export const tellEnd = (system, receipt, decision, more = {}) => tell(system, 'report.decided', { receipt, decision, ...more });
