// Statistics.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem, otherTown, town } from '../lib/api.mjs';

export function figuresCases({ doors, api, report, staffOf }) {
  test('stats: what was filed is counted, by each dimension', async () => {
    const here = staffOf(town, '统计的人', ['stats']);
    const today = new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10);
    const count = async () => (await here.get('/stats', { from: today, to: today })).body.total.reports ?? 0;
    const before = await count();
    await report({ risk: ['water'] });
    assert.equal(await count(), before + 1);
    for (const by of ['town', 'district', 'village', 'source', 'filed_by', 'placement', 'risk', 'week', 'month']) {
      const answer = await here.get('/stats', { area: town, from: today, to: today, by });
      assert.equal(answer.status, 200, `${by}: ${answer.text}`);
      assert.equal(answer.body.by, by);
      assert.equal(answer.body.area.id, town);
      assert.equal(answer.body.total.reports, before + 1);
    }
    const rows = (await here.get('/stats', { from: today, to: today, by: 'risk' })).body.rows;
    assert.equal(rows.find((row) => row.key === 'water').figures.reports, 1);
    const wrong = { wrong: true };
    for (const query of ['by=colour', 'from=2026-13-01', 'to=2026-02-30', 'from=2026-11-02&to=2026-11-01', 'colour=red', 'from=today']) isProblem(await here.get('/stats', query, wrong), 422, { pointer: '' });
    isProblem(await here.get('/stats', { area: otherTown }), 404);
  });

  test('stats as CSV: Excel reads it, and no cell is a formula', async () => {
    await report();
    const today = new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10);
    const answer = await api.get('/stats', { from: today, to: today, by: 'village' }, { headers: { accept: 'text/csv' } });
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.type, /^text\/csv; charset=utf-8/i);
    if (doors.direct === doors.strict) assert.deepEqual([...answer.bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
    assert.ok(answer.text.includes('葛家村'), answer.text);
    for (const line of answer.text.replace('\ufeff', '').split('\r\n')) {
      for (const cell of line.split(',')) assert.ok(!/^"?[=+\-@\t]/.test(cell), line);
    }
  });

  test('stats: Accept is weighed; JSON where nothing prefers the table', async () => {
    const asked = { 'text/csv': 'csv', 'Text/CSV': 'csv', 'text/csv;q=0': 'json', 'text/csv; q=0.0, */*': 'json', 'text/csv;q=0.5, application/json': 'json', 'application/json;q=0.2, text/csv;q=0.3': 'csv', 'text/*': 'csv', 'text/csv, application/json': 'csv', 'text/csv, */*': 'csv',
      '*/*': 'json', 'application/json, text/plain, */*': 'json', 'text/csvx': 'json', 'x-text/csv': 'json', 'application/x;a="text/csv"': 'json', 'application/json;q=0, */*': 'csv', 'text/csv;charset=utf-8;q=0.9, application/*;q=0.8': 'csv' };
    for (const [accept, kind] of Object.entries(asked)) {
      const { type } = await api.get('/stats', {}, { headers: { accept }, direct: true });
      assert.ok(type.startsWith(kind === 'csv' ? 'text/csv' : 'application/json'), `${accept}: ${type}`);
    }
  });
}
