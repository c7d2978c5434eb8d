// Debian's Chromium, driven by playwright-core; no script runs in the pages unless a test wants it.
import { chromium } from 'playwright-core';

const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

export const launch = () => chromium.launch({ executablePath: '/usr/bin/chromium', args });

// A cheap phone: 360×640, no JavaScript.
export function phone(browser, more = {}) {
  return browser.newContext({ viewport: { width: 360, height: 640 }, javaScriptEnabled: false, locale: 'zh-CN', ...more });
}
