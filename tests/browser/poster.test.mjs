// From the printed poster to the receipt, in Chromium, without script.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { HtmlValidate } from 'html-validate';
import { startSystem, village } from '../lib/system.mjs';
import { household, inventedId, receiptOf } from '../lib/farmer.mjs';
import { launch, phone } from '../lib/browser.mjs';

let system;
let browser;
before(async () => { system = await startSystem(); browser = await launch(); });
after(async () => { await browser?.close(); await system?.stop(); });

function scan(png) {
  return execFileSync('zbarimg', ['--raw', '-q', png], { encoding: 'utf8' }).trim();
}

async function fill(page, answers) {
  for (const [name, value] of Object.entries(answers)) {
    for (const one of [value].flat()) {
      const field = page.locator(`[name="${name}"]`);
      const type = await field.first().getAttribute('type');
      if (['radio', 'checkbox'].includes(type)) {
        const box = page.locator(`[name="${name}"][value="${one}"]`);
        const id = await box.getAttribute('id');
        await page.locator(`label[for="${id}"]`).first().click();
      } else {
        await field.fill(one);
      }
    }
  }
}

async function submit(page) {
  for (const box of await page.locator('input[type=checkbox]').all()) {
    const id = await box.getAttribute('id');
    if (!(await box.isChecked())) await page.locator(`label[for="${id}"]`).first().click();
  }
  await page.locator('button[value=submit]').click();
}

test('the poster is scanned, the form filled, ticked and submitted, the receipt read', async () => {
  const pdf = path.join(system.dir, 'poster.pdf');
  system.cli('mashang-qr', 'poster', '--areas', village, '--layout', 'a4', '-o', pdf);
  execFileSync('pdftoppm', ['-r', '50', '-png', '-singlefile', pdf, path.join(system.dir, 'poster')]);
  const link = scan(path.join(system.dir, 'poster.png'));
  assert.ok(link.startsWith(`${system.base}/V/`), link);
  const context = await phone(browser);
  const page = await context.newPage();
  const answers = household();
  delete answers.filed_by;
  const requests = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(link);
  assert.equal(requests.length, 1, 'one request shows the form');
  assert.ok((await page.textContent('h1')).includes('葛家村'));
  await fill(page, answers);
  await page.locator('button[value=check]').click();
  assert.ok((await page.textContent('body')).includes(answers.name));
  await submit(page);
  const receipt = receiptOf(new URL(page.url()).pathname);
  assert.ok(receipt, page.url());
  assert.ok((await page.textContent('body')).includes(`${receipt.slice(0, 4)} ${receipt.slice(4, 8)} ${receipt.slice(8)}`));
  const shot = path.join(system.dir, 'receipt.png');
  await page.locator('svg').first().screenshot({ path: shot });
  assert.equal(scan(shot), page.url());
  await context.close();
});

test('a neighbour files 因病 without script and meets no 422', async () => {
  const context = await phone(browser);
  const page = await context.newPage();
  const statuses = [];
  page.on('response', (answer) => statuses.push(answer.status()));
  await page.goto(system.base + system.code());
  const answers = household({ filed_by: 'neighbour', risk: ['illness'] });
  await fill(page, { filed_by: 'neighbour' });
  await fill(page, { helper_name: '试验乙', helper_phone: '19900000000', name: answers.name, id_number: answers.id_number, phone: answers.phone, risk: ['illness'] });
  await page.locator('button[value=check]').click();
  await submit(page);
  assert.ok(receiptOf(new URL(page.url()).pathname), `${page.url()} ${await page.title()}`);
  assert.ok(!statuses.includes(422), String(statuses));
  await context.close();
});

test('Back, another person, submit: two receipts', async () => {
  const context = await phone(browser);
  const page = await context.newPage();
  await page.goto(system.base + system.code());
  const first = household();
  delete first.filed_by;
  await fill(page, first);
  await page.locator('button[value=check]').click();
  await submit(page);
  const one = receiptOf(new URL(page.url()).pathname);
  // the check page is not stored: Back over it may stop at the browser's own "send again?" (which fails for a moment while it comes up), and
  // goes on with the next Back
  for (let i = 0; i < 20 && !(await page.locator('button[value=check]').count()); i++) {
    await page.goBack().catch(() => page.waitForTimeout(100));
  }
  const second = household();
  await fill(page, { name: second.name, id_number: second.id_number, phone: second.phone });
  if (!(await page.locator('[name=risk][value=accident]').isChecked())) await fill(page, { risk: ['accident'] });
  await page.locator('button[value=check]').click();
  await submit(page);
  const two = receiptOf(new URL(page.url()).pathname);
  assert.ok(one && two, page.url());
  assert.notEqual(one, two);
  await context.close();
});

test('更改 on the check page leads back to the form with everything in it', async () => {
  const context = await phone(browser);
  const page = await context.newPage();
  await page.goto(system.base + system.code());
  const answers = household();
  delete answers.filed_by;
  await fill(page, answers);
  await page.locator('button[value=check]').click();
  await page.locator('button[value=edit]').nth(1).click();
  assert.equal(await page.inputValue('[name=name]'), answers.name);
  assert.equal(await page.inputValue('[name=id_number]'), answers.id_number);
  assert.ok(await page.isChecked('[name=risk][value=accident]'));
  await context.close();
});

for (const width of [360, 320]) test(`the ID number is compared in one line on the check page, ${width} px wide`, async () => {
  const context = await phone(browser, { viewport: { width, height: 640 } });
  const page = await context.newPage();
  const answers = household();
  delete answers.filed_by;
  while (!answers.id_number.endsWith('X')) answers.id_number = inventedId();
  await page.goto(system.base + system.code());
  await fill(page, answers);
  await page.locator('button[value=check]').click();
  const row = (text) => page.locator('.rows div', { hasText: text });
  const heights = [];
  for (const text of ['姓名', '身份证号']) heights.push((await row(text).locator('dd').first().boundingBox()).height);
  assert.equal(heights[1], heights[0]);
  const id = await row('身份证号').locator('dd').first().boundingBox();
  const change = await row('身份证号').locator('.change').boundingBox();
  assert.ok(id.x + id.width <= change.x, 'beside the button');
  assert.ok(change.width >= 48 && change.height >= 48, JSON.stringify(change));
  await context.close();
});

test('pages are valid HTML, accessible, and fit 320 px', async () => {
  const html = new HtmlValidate({ extends: ['html-validate:recommended'], rules: { 'no-trailing-whitespace': 'off', 'no-implicit-close': 'off', 'void-style': 'off', 'no-inline-style': 'error', 'long-title': 'off', 'tel-non-breaking': 'off', 'doctype-style': 'off', 'form-dup-name': 'off', 'attribute-boolean-style': 'off', 'no-implicit-button-type': 'off', 'prefer-native-element': 'off' } });
  const context = await browser.newContext({ viewport: { width: 320, height: 640 }, locale: 'zh-CN', bypassCSP: true });
  const page = await context.newPage();
  const code = system.code();
  const answers = household();
  const visit = async (name) => {
    const source = await page.content();
    const report = await html.validateString(source);
    assert.deepEqual(report.results.flatMap((one) => one.messages.map((m) => `${name}: ${m.ruleId}: ${m.message}`)), []);
    const axe = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(axe.violations.map((one) => `${name}: ${one.id}: ${one.nodes[0].html}`), []);
    const width = await page.evaluate('document.documentElement.scrollWidth');
    assert.ok(width <= 320, `${name} is ${width} px wide`);
  };
  await page.goto(`${system.base}/`);
  await visit('list');
  await page.goto(system.base + code);
  await visit('form');
  await page.locator('button[value=check]').click();
  assert.match(await page.title(), /^错误/);
  await visit('faults');
  delete answers.filed_by;
  await fill(page, answers);
  await page.locator('button[value=check]').click();
  await visit('check');
  await page.locator('button[value=submit]').click();
  await visit('check with faults');
  await submit(page);
  await visit('receipt');
  await page.goto(`${system.base}/progress`);
  await visit('progress');
  await page.goto(`${system.base}/nothing`);
  await visit('not found');
  await context.close();
});
