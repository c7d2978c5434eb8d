// A household with a phone that runs no script: files, adds, nudges, says that nobody came, objects. And every state of its page is valid and fits.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { AxeBuilder } from '@axe-core/playwright';
import { HtmlValidate } from 'html-validate';
import { addToken, Api, county, directDoors } from '../lib/api.mjs';
import { launch, phone } from '../lib/browser.mjs';
import { startSystemWithClock } from '../lib/clock.mjs';
import { file, household, post, receiptOf } from '../lib/farmer.mjs';

let system;
let browser;
let api;
before(async () => {
  system = await startSystemWithClock();
  browser = await launch();
  api = new Api(directDoors(system), addToken(system, { area: county, rights: 'read,step' }));
});
after(async () => { await browser?.close(); await system?.stop(); });

async function filed(more = {}) {
  const answers = household(more);
  const answer = await file(system.base, system.code(), answers, { consent_sensitive: '1' });
  return { url: system.base + answer.location, receipt: receiptOf(answer.location), last4: answers.id_number.slice(-4) };
}
const tick = (page, name, value) => page.locator(`[name="${name}"][value="${value}"] + label`).click();

test('files, adds, nudges, says nobody came, objects: without script', async () => {
  const one = await filed();
  const context = await phone(browser);
  const page = await context.newPage();
  await page.goto(one.url);

  await page.locator('summary', { hasText: '补充情况' }).click();
  const second = page.locator('[name=consent_sensitive] + label');
  assert.equal(await second.isVisible(), false, 'asked when it is needed');
  await tick(page, 'risk', 'disability');
  assert.equal(await second.isVisible(), true);
  await page.fill('[name=detail]', '父亲腿脚不便');
  await page.fill('#l-add', one.last4);
  await page.locator('button[value=add]').click();
  assert.match(await page.title(), /^错误/);
  assert.equal(await page.inputValue('[name=detail]'), '父亲腿脚不便');
  await second.click();
  await page.locator('button[value=add]').click();
  assert.equal(page.url(), one.url);
  assert.ok((await page.textContent('body')).includes('这次新写的情况已经补充进去'));

  await page.locator('button[value=not_visited]').click();
  assert.ok((await page.textContent('body')).includes('您说过：没来过'));
  assert.equal(await page.locator('button[value=nudge]').count(), 0);
  system.clock.goOn(12);
  await page.reload();
  await page.locator('button[value=nudge]').click();
  assert.ok((await page.textContent('body')).includes('催过了，曲堤街道会看到。'));
  assert.equal(await page.locator('button[value=nudge]').count(), 0);
  assert.equal((await post(one.url, { act: 'nudge' })).status, 409, 'sent once more: told, not counted');

  await api.step(one.receipt, 'visit');
  await api.moved(one.receipt, 'steps', { decision: 'declined', reason: 'criteria' });
  await page.goto(one.url);
  await page.locator('summary', { hasText: '我有异议' }).click();
  await page.fill('#o-detail', '房子还在漏雨');
  await page.fill('#l-object', one.last4);
  await page.locator('button[value=object]').click();
  assert.equal(page.url(), one.url);
  assert.ok((await page.textContent('.state')).includes('复核中'));
  await context.close();
});

const rules = { 'no-trailing-whitespace': 'off', 'no-implicit-close': 'off', 'void-style': 'off', 'no-inline-style': 'error', 'long-title': 'off', 'tel-non-breaking': 'off', 'doctype-style': 'off', 'form-dup-name': 'off', 'attribute-boolean-style': 'off', 'no-implicit-button-type': 'off', 'prefer-native-element': 'off' };
const states = {
  'just filed, urgent': () => filed({ urgent: '1' }),
  'withdrawal asked': async () => { const one = await filed(); await post(one.url, { act: 'withdraw', last4: one.last4 }); return one; },
  'asked for more': async () => { const one = await filed(); await api.moved(one.receipt, 'ask', { public_note: '户口本首页的照片' }); return one; },
  paused: async () => { const one = await filed(); await api.moved(one.receipt, 'pause', { days: 10 }); return one; },
  transferred: async () => { const one = await filed(); await api.moved(one.receipt, 'transfer', { area: '370115008219' }); return one; },
  'green channel': async () => { const one = await filed(); await api.moved(one.receipt, 'green'); return one; },
  declined: async () => { const one = await filed(); await api.moved(one.receipt, 'steps', { step: 'visit', outcome: 'passed', decision: 'declined', reason: 'criteria', public_note: '收支算过' }); return one; },
  'not by the person': async () => { const one = await filed(); await api.moved(one.receipt, 'steps', { decision: 'not_by_person' }); return one; },
  late: async () => { const one = await filed(); system.clock.goOn(15); return one; },
};
for (const [name, make] of Object.entries(states)) test(`${name}: valid, accessible, fits 320 px also with large print, within 13,000 bytes`, async () => {
  const one = await make();
  const html = new HtmlValidate({ extends: ['html-validate:recommended'], rules });
  const context = await browser.newContext({ viewport: { width: 320, height: 640 }, locale: 'zh-CN', bypassCSP: true });
  const page = await context.newPage();
  await page.goto(one.url);
  await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
  const source = await page.content();
  const report = await html.validateString(source);
  assert.deepEqual(report.results.flatMap((result) => result.messages.map((m) => `${m.ruleId}: ${m.message}`)), []);
  const axe = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(axe.violations.map((violation) => `${violation.id}: ${violation.nodes[0].html}`), []);
  for (const size of ['125%', '250%']) {
    await page.evaluate(`document.documentElement.style.fontSize = '${size}'`);
    const width = await page.evaluate('document.documentElement.scrollWidth');
    assert.ok(width <= 320, `${width} px wide at ${size}`);
  }
  assert.ok(gzipSync(source).length <= 13000);
  for (const button of await page.locator('main button, main summary').all()) {
    const box = await button.boundingBox();
    if (box) assert.ok(box.height >= 44, `${await button.textContent()} is ${box.height} px high`);
  }
  await context.close();
});

test('what was sent and not taken: valid and accessible too', async () => {
  const one = await filed();
  const context = await browser.newContext({ viewport: { width: 320, height: 640 }, locale: 'zh-CN', bypassCSP: true, colorScheme: 'dark' });
  const page = await context.newPage();
  await page.goto(one.url);
  await page.locator('summary', { hasText: '补充情况' }).click();
  await page.locator('button[value=add]').click();
  assert.match(await page.title(), /^错误/);
  await tick(page, 'risk', 'jobs');
  await page.fill('#l-add', '1');
  await page.locator('button[value=add]').click();
  assert.equal(await page.isChecked('[name=risk][value=jobs]'), true);
  const axe = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(axe.violations.map((violation) => `${violation.id}: ${violation.nodes[0].html}`), []);
  const report = await new HtmlValidate({ extends: ['html-validate:recommended'], rules }).validateString(await page.content());
  assert.deepEqual(report.results.flatMap((result) => result.messages.map((m) => `${m.ruleId}: ${m.message}`)), []);
  await context.close();
});
