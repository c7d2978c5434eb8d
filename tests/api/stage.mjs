// A system with the API, for the cases beside this file.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { Api, addToken, county, fileReport, otherVillage } from '../lib/api.mjs';
import { inventedPhone } from '../lib/farmer.mjs';
import { System, root, village } from '../lib/system.mjs';

export const staff = ['read', 'pii', 'lookup', 'claim', 'step', 'stats'];
export const itemKeys = ['area', 'claimed_by', 'decision', 'filed_by', 'flags', 'kind', 'late', 'placement', 'reason', 'receipt', 'risks', 'signal', 'source', 'state', 'step',
  'step_due_at', 'steps', 'submitted_at', 'total_due_at', 'urgent', 'version'];
export const detailKeys = ['authorised', 'basis', 'category', 'choices', 'external_ref', 'form', 'found_at', 'members', 'merged_into', 'procedure', 'source_org', 'transfers'];
export const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+08:00$/;
export const near = (text, ms, off = 5000) => assert.ok(time.test(text) && Math.abs(Date.parse(text) - ms) < off, `${text} is near ${new Date(ms).toISOString()}`);
export const receipts = (reports) => reports.map((one) => one.receipt);
export const finding = (more = {}) => ({ source: 'hotline', basis: 'spoken', area: village, name: '试验丁', phone: inventedPhone(), risks: ['jobs'], found_at: '2026-11-20T08:00:00+08:00', ...more });

// The county's procedure, whose notices need not stand for days: a test can walk to each ending.
function quickProcedure() {
  const procedure = JSON.parse(fs.readFileSync(path.join(root, 'templates/procedures/laiyuan.json'), 'utf8'));
  for (const step of procedure.steps) {
    delete step.notice_days_min;
    delete step.skip_when;
  }
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-procedure-'));
  fs.writeFileSync(path.join(dir, 'laiyuan.json'), JSON.stringify(procedure));
  for (const name of ['lead.json', 'clearing.json']) fs.copyFileSync(path.join(root, 'templates/procedures', name), path.join(dir, name));
  return dir;
}

// openDoors(system) → the doors of tests/lib/api.mjs. What is returned may be used once the tests run.
export function makeStage(openDoors) {
  const dir = quickProcedure();
  const system = new System({ conf: { 'procedure.file': path.join(dir, 'laiyuan.json'), 'progress.source': 'console', 'limits.token_per_min': 100000 } });
  const doors = {};
  const nobody = new Api(doors); // no token
  const api = new Api(doors); // the county's staff
  const token = (options) => addToken(system, options);
  const staffOf = (area, name, rights = staff) => api.as(token({ area, name, rights }));
  const report = (answers, more) => fileReport(system, answers, more);
  const another = () => report({}, { code: system.code(otherVillage) });
  before(async () => {
    await system.start();
    Object.assign(doors, await openDoors(system));
    api.token = token({ area: county, rights: staff, name: '区里试验员' });
  });
  after(async () => {
    await doors.stop?.();
    await system.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  return { system, doors, api, nobody, token, staffOf, report, another };
}
