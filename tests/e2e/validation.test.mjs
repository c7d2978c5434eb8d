// What the form takes and what it refuses, value by value, through the real pages: each accepted value is followed to the
// monitoring system, each refused one comes back with a summary that links to its field.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { encode, fieldsOf, get, household, inventedId, inventedPhone, post, receiptOf, textOf, titleOf, tokenOf } from '../lib/farmer.mjs';
import { startSystem, until } from '../lib/system.mjs';

let system;
let code;
let token;
before(async () => {
  system = await startSystem();
  code = system.code();
  token = tokenOf((await get(system.base + code)).html);
});
after(() => system?.stop());

const ticks = { consent: '1', consent_sensitive: '1', guardian: '1' };
const submit = (answers) => post(system.base + code, { token, step: 'submit', ...ticks, ...answers });
const check = (answers) => post(system.base + code, { token, step: 'check', ...answers });

// The names of the fields that the summary links to.
function faulty(html) {
  const ids = [...html.matchAll(/<a href="#([^"]+)"/g)].map((match) => match[1]);
  return [...new Set(ids.map((id) => html.match(new RegExp(`<[^>]*\\bname="([^"]+)"[^>]*\\bid="${id}"`))?.[1] ?? `nothing has the id ${id}`))];
}

async function event(receipt) {
  const all = await until(`event ${receipt}`, async () => {
    const found = (await system.upstream.received()).filter((one) => JSON.parse(one.body).id === receipt);
    return found.length ? found : null;
  }, { every: 10 });
  return JSON.parse(all[0].body).data;
}

async function accepted(answers) {
  const answer = await submit(answers);
  assert.equal(answer.status, 303, `${answer.status} ${titleOf(answer.html)} ${faulty(answer.html)}`);
  return event(receiptOf(answer.location));
}

async function refused(answers, fields, where = check) {
  const answer = await where(answers);
  assert.equal(answer.status, 422, `${answer.status} ${titleOf(answer.html)}`);
  assert.match(titleOf(answer.html), /^错误/);
  assert.deepEqual(faulty(answer.html), fields);
  return answer;
}

const shown = (value) => JSON.stringify(value).replace(/[^\x20-\x7e\u00b7\u3400-\u9fff]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`).slice(0, 60);
const wide = (text) => text.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));
const dropped = [0xad, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2060, 0xfeff].map((c) => String.fromCodePoint(c));
const bidi = [0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069].map((c) => String.fromCodePoint(c));

// A day so many years and days from today in the county's time zone, as 19600101.
function day(years, days = 0) {
  const [y, m, d] = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10).split('-').map(Number);
  return new Date(Date.UTC(y + years, m - 1, d + days)).toISOString().slice(0, 10).replaceAll('-', '');
}
const born = (birth, area) => inventedId({ birth, ...(area && { area }) });
const withCheck = (id17) => {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  return id17 + '10X98765432'[[...id17].reduce((sum, digit, i) => sum + Number(digit) * weights[i], 0) % 11];
};

const standard = '11010519491231002X';
const provinces = [11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83];

describe('resident IDs that are taken', () => {
  const cases = [
    [standard, standard], ['440524188001010014', '440524188001010014'],
    ['11010519491231002x', standard], [wide(standard), standard], [wide('11010519491231002x'), standard],
    ['110105 19491231 002X', standard], [` ${standard} `, standard], ['110105\u300019491231\u3000002X', standard], ['110105\u00a019491231002X', standard],
    ['110105-19491231-002X', standard], ['110105－19491231－002X', standard], ['110105—19491231–002X', standard], ['110105\u201019491231\u2011002X', standard],
    ...dropped.map((c) => [`${c}110105${c}19491231002X${c}`, standard]),
    ['370125196001010015', null], ['500101196001010011', null],
    ...[[2000, '20000229'], [2004, '20040229'], [1996, '19960229'], [1960, '19600229'], [1932, '19320229']].map(([, birth]) => [born(birth), null]),
  ].map(([typed, stored]) => (stored ? [typed, stored] : [withCheck(typed.slice(0, 17)), withCheck(typed.slice(0, 17))]));
  for (const [typed, stored] of cases) {
    test(shown(typed), async () => assert.equal((await accepted(household({ id_number: typed }))).id_number, stored));
  }
  for (const province of provinces) {
    test(`province ${province}`, async () => {
      const id = born('19610203', `${province}0101`);
      assert.equal((await accepted(household({ id_number: id }))).id_number, id);
    });
  }
});

describe('resident IDs that are refused', () => {
  const valid = '37011519600101001';
  const cases = [
    '', ' ', '1', '110105491231002', '11010519491231002', '1101051949123100', `${standard}1`, 'ABCDEFGHIJKLMNOPQR', 'X1010519491231002X', '1101051949123X002X',
    '١١٠١٠٥١٩٤٩١٢٣١٠٠٢X', `110105${bidi[4]}19491231002X`, '110105.19491231.002X', '11010519491231002Y', '110105/19491231002X', '１１０１０５４９１２３１００２', '😀', "11010519491231002X'",
    ...[...'0123456789X'].filter((c) => valid + c !== withCheck(valid)).map((c) => valid + c),
    ...['19490230', '19490229', '19000229', '19491301', '19490001', '19490100', '19490132', '19490431', '19490631', '19490931', '19491131', '20010229', '20230229'].map((birth) => born(birth)),
    born(day(0, 1)), born(day(1)), born('20990101'), born('99991231'),
    ...['00', '01', '10', '16', '20', '24', '30', '38', '40', '47', '49', '55', '60', '66', '70', '72', '80', '84', '90', '99'].map((province) => born('19610203', `${province}0101`)),
    '000000000000000000',
  ];
  for (const typed of cases) {
    test(shown(typed), async () => {
      const answer = await refused(household({ id_number: typed }), ['id_number']);
      assert.equal(new Map(fieldsOf(answer.html)).get('id_number'), typed, 'what was typed comes back');
    });
  }
});

describe('a disability certificate: the first 18 are offered, only those are stored', () => {
  for (const tail of ['12', '71', '12B1', '4321', '43b1']) {
    for (const id of [standard, born('19700707')]) {
      test(`${id.length + tail.length} characters, ${tail}`, async () => {
        const answers = household({ id_number: id + tail });
        const answer = await refused(answers, ['id_number']);
        assert.ok(textOf(answer.html).replace(/[\s-]/g, '').includes(id), 'the first 18 are shown');
        assert.doesNotMatch(textOf(answer.html).replace(/[\s-]/g, ''), new RegExp(`${id}${tail}`));
        assert.equal((await accepted({ ...answers, id_number: id })).id_number, id);
      });
    }
  }
  test('full-width and with blanks', async () => {
    const answer = await refused(household({ id_number: wide('110105 19491231 002X 43') }), ['id_number']);
    assert.ok(textOf(answer.html).replace(/[\s-]/g, '').includes(standard));
  });
  for (const wrong of ['11010519491231002112', '370115196013010014' + '12', standard + '123', standard + '12345', 'ABCDEFGHIJKLMNOPQRST']) {
    test(`no offer for ${wrong}`, async () => {
      const answer = await refused(household({ id_number: wrong }), ['id_number']);
      assert.ok(!textOf(answer.html).replace(/\s/g, '').includes(wrong.slice(0, 18)));
    });
  }
});

describe('phones that are taken', () => {
  const mobile = inventedPhone();
  const cases = [
    ...['3', '4', '5', '6', '7', '8', '9'].map((second) => [`1${second}900000000`, `1${second}900000000`]),
    [`+86${mobile}`, mobile], [`0086${mobile}`, mobile], [`86${mobile}`, mobile], [`+86 ${mobile}`, mobile], [`+86-${mobile}`, mobile], [`0086 ${mobile}`, mobile], [`86-${mobile}`, mobile],
    [`${mobile.slice(0, 3)} ${mobile.slice(3, 7)} ${mobile.slice(7)}`, mobile], [`${mobile.slice(0, 3)}-${mobile.slice(3, 7)}-${mobile.slice(7)}`, mobile], [` ${mobile} `, mobile],
    [wide(mobile), mobile], [wide(`+86${mobile}`), mobile], [`${mobile.slice(0, 3)}\u3000${mobile.slice(3)}`, mobile], [`${mobile.slice(0, 3)}－${mobile.slice(3)}`, mobile],
    ...dropped.map((c) => [`${c}${mobile.slice(0, 5)}${c}${mobile.slice(5)}${c}`, mobile]),
    ['0531-84230000', '053184230000'], ['053184230000', '053184230000'], ['0531 8423 0000', '053184230000'], ['010-84230000', '01084230000'], ['021 64230000', '02164230000'],
    ['0312-4230000', '03124230000'], ['0998-4230000', '09984230000'], [wide('0531-84230000'), '053184230000'],
  ];
  for (const [typed, stored] of cases) {
    test(shown(typed), async () => assert.equal((await accepted(household({ phone: typed }))).phone.replace(/\D/g, ''), stored));
  }
});

describe('phones that are refused', () => {
  for (const typed of ['', ' ', '1', '110', '12345678901', '10012345678', '1991234567', '199123456789', '29912345678', '99912345678', '84230000', '19912345678a', 'a19912345678', '199x1234567',
    '+8612345678901', '+1 2025550100', '008519912345678', '00000000000', '0531-842300', '0531-842300000', '0000-84230000', '+', '-', '+86', '١٩٩١٢٣٤٥٦٧٨', '199①2345678', `199${bidi[4]}12345678`,
    '19912345678;19912345679', '19912345678 19912345679', '<b>19912345678</b>']) {
    test(shown(typed), async () => {
      const answer = await refused(household({ phone: typed }), ['phone']);
      assert.equal(new Map(fieldsOf(answer.html)).get('phone'), typed);
    });
  }
});

describe('names that are taken', () => {
  const cases = [
    ['试验', '试验'], ['试验甲', '试验甲'], ['  试验甲 ', '试验甲'], ['艾试·力验', '艾试·力验'],
    ...['\u2022', '\u30fb', '\uff65', '\u2027', '\u22c5', '\u2219', '.', '\uff0e'].map((dot) => [`艾试${dot}力验${dot}江甲`, '艾试·力验·江甲']),
    ['𠮷甲', '𠮷甲'], ['𠀀𠀁', '𠀀𠀁'], ['㛃㐂甲', '㛃㐂甲'], ['𪚥试', '𪚥试'], ['〇试', null],
    ['Test Person', 'Test Person'], ['Ōe Étest', 'Ōe Étest'], ['E\u0301te\u0301 Test', 'Été Test'], ['ئەلى سىناق', 'ئەلى سىناق'], ['सीता परीक्षा', 'सीता परीक्षा'], ['ᠲᠡᠰᠲ', 'ᠲᠡᠰᠲ'], ['ꆈꌠ', 'ꆈꌠ'],
    ...dropped.map((c) => [`${c}试${c}验甲${c}`, '试验甲']),
    ['试'.repeat(50), '试'.repeat(50)], ['𠮷'.repeat(50), '𠮷'.repeat(50)], ['试·'.repeat(24) + '试', '试·'.repeat(24) + '试'],
  ].filter(([, stored]) => stored);
  for (const [typed, stored] of cases) {
    test(shown(typed), async () => assert.equal((await accepted(household({ name: typed }))).name.normalize('NFC'), stored.normalize('NFC')));
  }
});

describe('names that are refused', () => {
  const cases = ['', ' ', '\u3000', '试', '·', '··', '试·', '·试', '·试验', '试验·', '试··验', '试\u0301', '试1', '试验2', '试验１', '试①验', '12', '试验<', '<b>试验</b>', '试&验', '试"验', "试'验", '试;验', '试@验', '试/验', '试\\验',
    '试,验', '试，验', '试（验）', '试(验)', '试_验', '试=验', '试%验', '😀😀', '试😀', '试\u0001验', '试\u007f验', '试\u0085验', '试\n验', '试\t验', '试\ufffd验', '试\ue000验', '试\u2028验',
    ...bidi.map((c) => `试${c}验`), '试'.repeat(51), '𠮷'.repeat(51), '试'.repeat(5000), dropped.join(''), '{{name}}', '-试验'];
  for (const typed of cases) {
    test(shown(typed), async () => {
      await refused(household({ name: typed }), ['name']);
      await refused(household({ filed_by: 'relative', helper_name: typed, helper_phone: inventedPhone() }), ['helper_name']);
    });
  }
  test('what was typed comes back as text, never as markup', async () => {
    const typed = '"><script>alert(1)</script><b a=\'x\'>&amp;';
    const answer = await refused(household({ name: typed, id_number: typed, phone: typed, detail: typed }), ['name', 'id_number', 'phone']);
    assert.ok(!/<script/i.test(answer.html));
    const kept = new Map(fieldsOf(answer.html));
    for (const name of ['name', 'id_number', 'phone', 'detail']) assert.equal(kept.get(name), typed, name);
  });
});

describe('bytes that are no UTF-8', () => {
  // A body as it stands, which fetch would mend.
  const send = (body) => new Promise((resolve, reject) => {
    const socket = net.connect(system.port, '127.0.0.1', () => socket.end(Buffer.concat([
      Buffer.from(`POST ${code} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`), body])));
    const parts = [];
    socket.on('data', (part) => parts.push(part));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(parts)));
  });
  for (const bad of ['%ff%fe', '%e8%af', '%c0%80', '%ed%a0%80', '%f5%80%80%80', '%00', '%', '%zz', '%e8%af%95%00%e9%aa%8c']) {
    test(`name ${bad}`, async () => {
      const rest = encode({ token, step: 'submit', ...ticks, ...household() });
      rest.delete('name');
      const raw = await send(Buffer.from(`${rest}&name=${bad}`));
      assert.match(raw.toString('latin1'), /^HTTP\/1\.1 4(00|22) /);
      assert.doesNotThrow(() => new TextDecoder('utf-8', { fatal: true }).decode(raw.subarray(raw.indexOf('\r\n\r\n') + 4)), 'the answer is UTF-8');
    });
  }
  test('raw bytes above 127', async () => {
    const rest = encode({ token, step: 'submit', ...ticks, ...household() });
    rest.delete('name');
    const raw = await send(Buffer.concat([Buffer.from(`${rest}&name=`), Buffer.from([0xca, 0xd4, 0xd1, 0xe9])]));
    assert.match(raw.toString('latin1'), /^HTTP\/1\.1 4(00|22) /, 'GBK is no UTF-8');
  });
});

describe('detail: at most 500 characters, not bytes', () => {
  const cases = [['', 0], ['家里的情况', 1], ['字'.repeat(500), 1], ['𠮷'.repeat(500), 1], ['a'.repeat(500), 1], ['😀'.repeat(500), 1], [`${'字'.repeat(499)}\r\n`, 1], [`第一行\r\n${'字'.repeat(490)}`, 1], ['<b>&"\'', 1], ['1 < 2', 1]];
  for (const [typed] of cases) {
    test(`taken: ${[...typed].length} characters, ${Buffer.byteLength(typed)} bytes`, async () => {
      const data = await accepted(household({ detail: typed }));
      assert.equal((data.detail ?? '').replace(/\r\n/g, '\n').trim(), typed.replace(/\r\n/g, '\n').trim());
    });
  }
  for (const typed of ['字'.repeat(501), '𠮷'.repeat(501), 'a'.repeat(501), '字'.repeat(5000)]) {
    test(`refused: ${[...typed].length} characters, ${Buffer.byteLength(typed)} bytes`, async () => {
      const answer = await refused(household({ detail: typed }), ['detail']);
      assert.equal(new Map(fieldsOf(answer.html)).get('detail'), typed);
    });
  }
  test('the check page shows it as text', async () => {
    const answer = await check(household({ detail: '<script>x</script>{{token}}' }));
    assert.equal(answer.status, 200);
    assert.ok(!answer.html.includes('<script>'));
    assert.ok(textOf(answer.html).includes('<script>x</script>{{token}}'));
  });
});

describe('risks', () => {
  const usual = ['illness', 'disability', 'disaster', 'accident', 'jobs', 'schooling', 'housing', 'water', 'dropout', 'business', 'labour', 'in_person'];
  for (const risk of [...usual.map((one) => [one]), usual.slice(0, 5), usual.slice(5, 10), ['accident', 'accident']]) {
    test(`taken: ${risk}`, async () => assert.deepEqual((await accepted(household({ risk }))).risks.toSorted(), [...new Set(risk)].toSorted()));
  }
  for (const risk of [[], [''], usual.slice(0, 6), usual, ['nothing'], ['accident', 'nothing'], ['ACCIDENT'], ['accident '], ['epidemic'], ['<b>'], ['accident,jobs']]) {
    test(`refused: ${risk.length} ${risk}`, () => refused(household({ risk }), ['risk']));
  }
  for (const detail of ['', ' ', '\u3000', '\r\n', '\u200b']) {
    test(`other needs a few words: ${shown(detail)}`, () => refused(household({ risk: ['other'], detail }), ['detail']));
  }
  test('other with a few words', async () => assert.equal((await accepted(household({ risk: ['other'], detail: '羊丢了' }))).detail, '羊丢了'));
  test('in person needs neither detail nor the second tick', async () => {
    assert.deepEqual((await accepted(household({ risk: ['in_person'], consent_sensitive: [], guardian: [] }))).risks, ['in_person']);
  });
});

describe('disaster', () => {
  for (const disaster of ['unsure', 'flood', 'drought', 'hail', 'pest', 'quake', 'other', '', []]) {
    test(`taken: ${disaster}`, () => accepted(household({ risk: ['disaster'], disaster })));
  }
  for (const disaster of ['storm', 'FLOOD', 'flood ', '1', '<b>']) {
    test(`refused: ${disaster}`, () => refused(household({ risk: ['disaster'], disaster }), ['disaster']));
  }
  test('a kind without the risk is no mistake of the farmer', () => accepted(household({ risk: ['accident'], disaster: 'flood' })));
});

describe('who files', () => {
  const helper = { helper_name: '试验助', helper_phone: inventedPhone() };
  test('nobody named is self', async () => assert.equal((await accepted(household({ filed_by: [] }))).filed_by, 'self'));
  for (const filed_by of ['relative', 'cadre', 'neighbour']) {
    test(`${filed_by}: the household's phone stands`, async () => {
      const answers = household({ filed_by, ...helper });
      const data = await accepted(answers);
      assert.equal(data.filed_by, filed_by);
      assert.equal(data.phone, answers.phone);
    });
    test(`${filed_by}: without a phone the helper's stands in`, async () => {
      const data = await accepted(household({ filed_by, ...helper, phone: '' }));
      assert.equal(data.phone, helper.helper_phone);
    });
    test(`${filed_by}: without name`, () => refused(household({ filed_by, ...helper, helper_name: '' }), ['helper_name']));
    test(`${filed_by}: without phone`, () => refused(household({ filed_by, ...helper, helper_phone: '' }), ['helper_phone']));
    test(`${filed_by}: without both and without the household's phone`, () => refused(household({ filed_by, phone: '' }), ['helper_name', 'helper_phone']));
    test(`${filed_by}: a wrong phone`, () => refused(household({ filed_by, ...helper, helper_phone: '123' }), ['helper_phone']));
    test(`${filed_by}: a wrong phone of the household`, () => refused(household({ filed_by, ...helper, phone: '123' }), ['phone']));
  }
  test('self: what stands in the hidden helper block does not matter', () => accepted(household({ helper_name: '1', helper_phone: 'x' })));
  for (const filed_by of ['nobody', 'SELF', '', 'self,cadre']) {
    if (filed_by) test(`refused: ${filed_by}`, () => refused(household({ filed_by }), ['filed_by']));
  }
  for (const role of ['head', 'member', 'unsure', [], '']) {
    test(`role ${role}`, async () => {
      const data = await accepted(household({ role }));
      if (role.length) assert.equal(data.role, role);
    });
  }
  test('refused: an unknown role', () => refused(household({ role: 'king' }), ['role']));
  test('urgent', async () => {
    assert.equal((await accepted(household({ urgent: '1' }))).urgent, true);
    assert.equal((await accepted(household())).urgent, false);
  });
});

describe('ticks are asked on the check page', () => {
  const helper = { filed_by: 'relative', helper_name: '试验助', helper_phone: inventedPhone() };
  const cases = [
    ['consent', household(), []], ['consent', household(), ['consent_sensitive', 'guardian']],
    ['consent_sensitive', household({ risk: ['illness'] }), ['consent']], ['consent_sensitive', household({ risk: ['jobs', 'disability'] }), ['consent', 'guardian']],
    ['guardian', household({ ...helper, id_number: born(day(-10)) }), ['consent', 'consent_sensitive']],
    ['consent', household({ ...helper }), []],
  ];
  for (const [missing, answers, given] of cases) {
    test(`${missing} is missing, given: ${given}`, async () => {
      const answer = await post(system.base + code, { token, step: 'submit', ...answers, ...Object.fromEntries(given.map((name) => [name, '1'])) });
      assert.equal(answer.status, 422);
      assert.match(titleOf(answer.html), /^错误/);
      assert.deepEqual(faulty(answer.html), [missing]);
      assert.ok(textOf(answer.html).includes('提交申报'), 'the check page');
      const again = await post(system.base + code, [...fieldsOf(answer.html).filter(([name]) => !(name in ticks)), ...Object.entries(ticks), ['step', 'submit']]);
      assert.equal(again.status, 303);
    });
  }
  test('no second tick where nothing is sensitive', async () => {
    const answer = await post(system.base + code, { token, step: 'submit', consent: '1', ...household({ risk: ['accident', 'jobs'] }) });
    assert.equal(answer.status, 303);
  });
  test('the event says what was consented to', async () => {
    assert.equal((await accepted(household({ risk: ['illness'] }))).consent.sensitive, true);
    assert.equal((await accepted(household({ risk: ['jobs'], consent_sensitive: [] }))).consent.sensitive, false);
  });
});

describe('children and the young', () => {
  const helper = { filed_by: 'relative', helper_name: '试验助', helper_phone: inventedPhone() };
  for (const [what, birth] of [['born today', day(0)], ['10', day(-10)], ['14 tomorrow', day(-14, 1)]]) {
    test(`${what}: not self`, () => refused(household({ id_number: born(birth) }), ['filed_by']));
    test(`${what}: with guardian and helper, flagged`, async () => assert.ok((await accepted(household({ ...helper, id_number: born(birth) }))).flags.includes('minor')));
  }
  for (const [what, birth] of [['14 today', day(-14)], ['16', day(-16)], ['18 tomorrow', day(-18, 1)]]) {
    test(`${what}: accepted and flagged`, async () => assert.ok((await accepted(household({ guardian: [], id_number: born(birth) }))).flags.includes('minor')));
  }
  for (const [what, birth] of [['18 today', day(-18)], ['100', day(-100)]]) {
    test(`${what}: no flag`, async () => assert.deepEqual((await accepted(household({ guardian: [], id_number: born(birth) }))).flags, []));
  }
});

describe('no ID at hand', () => {
  test('accepted, flagged, the phone stands for it', async () => {
    const answers = household({ no_id: '1', id_number: '' });
    const filed = await submit(answers);
    assert.equal(filed.status, 303);
    const receipt = receiptOf(filed.location);
    const data = await event(receipt);
    assert.deepEqual(data.flags, ['id_missing']);
    assert.ok(!data.id_number);
    assert.equal((await post(`${system.base}/progress`, { receipt, last4: answers.phone.slice(-4) })).status, 303);
  });
  test('the helper\'s phone stands for it when the household has none', async () => {
    const answers = household({ no_id: '1', id_number: '', phone: '', filed_by: 'cadre', helper_name: '试验助', helper_phone: inventedPhone() });
    const filed = await submit(answers);
    assert.equal(filed.status, 303);
    assert.equal((await post(`${system.base}/progress`, { receipt: receiptOf(filed.location), last4: answers.helper_phone.slice(-4) })).status, 303);
  });
  test('with a good ID beside the tick the ID counts', async () => {
    const answers = household({ no_id: '1' });
    const data = await accepted(answers);
    assert.equal(data.id_number, answers.id_number);
    assert.deepEqual(data.flags, []);
  });
  test('without the tick the ID is needed', () => refused(household({ id_number: '' }), ['id_number']));
  test('the phone is needed all the same', () => refused(household({ no_id: '1', id_number: '', phone: '' }), ['phone']));
});

test('all that is wrong is said at once, in the order of the form', async () => {
  await refused({ filed_by: 'cadre', helper_name: '1', helper_phone: '1', name: '1', id_number: '1', phone: '1', risk: ['x'], detail: '字'.repeat(501) },
    ['helper_name', 'helper_phone', 'name', 'id_number', 'phone', 'risk', 'detail']);
});

test('nothing refused reached the monitoring system', async () => {
  const bodies = (await system.upstream.received()).map((one) => one.body).join('');
  assert.ok(!bodies.includes('script>alert'));
  assert.equal(JSON.parse(system.cli('mashang', 'queue', 'stats', '--json')).buried ?? 0, 0);
});
