// A farmer with a browser that runs no script: forms are read from the page and sent back as a browser would.
const entities = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };
export const unescapeHtml = (text) => text.replace(/&(amp|lt|gt|quot|#39);/g, (all) => entities[all]);

function attributes(tag) {
  const found = {};
  for (const match of tag.matchAll(/([\w-]+)(?:="([^"]*)"|='([^']*)')?/g)) {
    found[match[1].toLowerCase()] = unescapeHtml(match[2] ?? match[3] ?? '');
  }
  return found;
}

// The fields a browser would send if nothing were changed: hidden, text, what is checked or selected, text areas.
export function fieldsOf(html) {
  const fields = [];
  for (const match of html.matchAll(/<input\b([^>]*)>|<textarea\b([^>]*)>([^<]*)<\/textarea>/g)) {
    const attribute = attributes(match[1] ?? match[2]);
    if (!attribute.name) continue;
    if (match[2] !== undefined) {
      fields.push([attribute.name, unescapeHtml(match[3]).replace(/^\n/, '')]);
    } else if (['radio', 'checkbox'].includes(attribute.type)) {
      if ('checked' in attribute) fields.push([attribute.name, attribute.value || 'on']);
    } else if (!['submit', 'button'].includes(attribute.type)) {
      fields.push([attribute.name, attribute.value ?? '']);
    }
  }
  return fields;
}

export const titleOf = (html) => unescapeHtml(html.match(/<title>([^<]*)<\/title>/)?.[1] ?? '');
export const tokenOf = (html) => new Map(fieldsOf(html)).get('token');
export const textOf = (html) => unescapeHtml(html.replace(/<style[\s\S]*?<\/style>/g, '').replace(/<[^>]+>/g, ' ')).replace(/\s+/g, ' ');

export function encode(fields) {
  const body = new URLSearchParams();
  const pairs = Array.isArray(fields) ? fields : Object.entries(fields);
  for (const [name, value] of pairs) {
    for (const one of Array.isArray(value) ? value : [value]) body.append(name, one);
  }
  return body;
}

export async function get(url, headers = {}) {
  const answer = await fetch(url, { redirect: 'manual', headers });
  return { status: answer.status, headers: answer.headers, html: await answer.text() };
}

export async function post(url, fields, headers = {}) {
  const answer = await fetch(url, { method: 'POST', redirect: 'manual', headers, body: encode(fields) });
  return { status: answer.status, headers: answer.headers, html: await answer.text(), location: answer.headers.get('location') };
}

// GB 11643-1999 numbers of people who do not exist.
let serial = Math.floor(Math.random() * 900000);
export function inventedId({ area = '370115', birth = '19600101', odd = serial++ } = {}) {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  let day = birth;
  if (birth === '19600101') {
    const days = Math.floor(odd / 1000) % 8000;
    day = new Date(Date.UTC(1950, 0, 1) + days * 864e5).toISOString().slice(0, 10).replaceAll('-', '');
  }
  const digits = area + day + String(odd % 1000).padStart(3, '0');
  const sum = [...digits].reduce((total, digit, i) => total + Number(digit) * weights[i], 0);
  return digits + '10X98765432'[sum % 11];
}
export const inventedPhone = () => `199${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`;

export function household(more = {}) {
  return { filed_by: 'self', name: '试验甲', id_number: inventedId(), phone: inventedPhone(), risk: ['accident'], ...more };
}

// GET the form, submit it straight with the ticks. Returns the answer; location is the receipt's address.
export async function file(base, code, answers, more = {}) {
  const page = await get(base + code);
  return post(base + code, { token: tokenOf(page.html), step: 'submit', consent: '1', ...answers, ...more });
}
export const receiptOf = (location) => location?.match(/^\/r\/(\d{12})-/)?.[1];
