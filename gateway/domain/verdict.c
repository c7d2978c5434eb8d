#include "domain/verdict.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "domain/json_pointer.h"

enum { VALUE_BYTES_MAX = 1024, PERSONAL_DIGITS = 7, PERSONAL_CHARS = 4 };

/* A scalar as people write it in the configuration: 0, 200, ok, true, null. */
static bool value_text(const json_t *value, struct buf *to)
{
    buf_init(to, VALUE_BYTES_MAX);
    switch (value ? json_typeof(value) : JSON_OBJECT) {
    case JSON_STRING:
        buf_put(to, str_make(json_string_value(value), json_string_length(value)));
        break;
    case JSON_INTEGER:
        buf_printf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        buf_printf(to, "%.15g", json_real_value(value));
        break;
    case JSON_TRUE:
        buf_puts(to, "true");
        break;
    case JSON_FALSE:
        buf_puts(to, "false");
        break;
    case JSON_NULL:
        buf_puts(to, "null");
        break;
    default:
        return false;
    }
    return buf_ok(to);
}

static bool is_one_of(struct str value, struct str list)
{
    struct str part;
    while (str_next(&list, ' ', &part)) {
        part = str_trim(part);
        if (part.len > 0 && str_eq(part, value)) {
            return true;
        }
    }
    return false;
}

/* A number as people group it: digits with at most one blank, dash or dot between them; an X or x may end it. */
static size_t digit_run(struct str text, size_t *ret_digits)
{
    size_t len = 0;
    *ret_digits = 0;
    for (size_t i = 0; i < text.len && i <= len + 1; i++) {
        bool digit = text.at[i] >= '0' && text.at[i] <= '9';
        if (digit) {
            len = i + 1;
            ++*ret_digits;
        } else if (i != len || strchr(" -.", text.at[i]) == NULL || len == 0) {
            break;
        }
    }
    return len > 0 && len < text.len && (text.at[len] | 0x20) == 'x' ? len + 1 : len;
}

static bool is_inside_char(struct str text, size_t at)
{
    return at < text.len && ((unsigned char)text.at[at] & 0xC0) == 0x80;
}

/* How many bytes at the front of text stand in `one` from `at` on, whole characters; 0 when they are too few to tell anything, unless they are all. */
static size_t common_run(struct str text, struct str one, size_t at)
{
    size_t len = 0;
    while (len < text.len && at + len < one.len && text.at[len] == one.at[at + len]) {
        len++;
    }
    while (len > 0 && (is_inside_char(text, len) || is_inside_char(one, at + len))) {
        len--;
    }
    bool whole = at == 0 && len == one.len;
    return whole || utf8_length(str_sub(text, 0, len)) >= PERSONAL_CHARS ? len : 0;
}

/* The longest piece of `one` with which text begins: answers repeat a text cut, or with its line breaks written otherwise. */
static size_t longest_piece(struct str text, struct str one)
{
    size_t longest = 0;
    for (size_t at = 0; at + longest < one.len; at++) {
        size_t len = is_inside_char(one, at) ? 0 : common_run(text, one, at);
        longest = len > longest ? len : longest;
    }
    return longest;
}

/* How many bytes at the front repeat something that must not be seen. */
static size_t hidden_run(const struct verdict_answer *answer, struct str text)
{
    size_t longest = 0;
    size_t digits;
    size_t number = digit_run(text, &digits);
    for (size_t i = 0; i < answer->hidden_count; i++) {
        size_t len = longest_piece(text, answer->hidden[i]);
        longest = len > longest ? len : longest;
    }
    return digits >= PERSONAL_DIGITS && number > longest ? number : longest;
}

/*
 * Appends the upstream's own words on one line, as far as there is room for whole characters. Long numbers and what is hidden, pieces of it
 * too, are starred: an answer that repeats an ID number, a name or an illness must not carry it into the console and the log.
 */
static void add_words(char *words, struct str text, const struct verdict_answer *answer)
{
    size_t len = strlen(words);
    while (text.len > 0) {
        size_t hidden = hidden_run(answer, text);
        struct str piece = STR("***");
        struct str rest = str_from(text, hidden);
        uint32_t code;
        if (hidden == 0 && !utf8_next(&rest, &code)) {
            break;
        }
        if (hidden == 0) {
            bool plain = code >= 0x20 && (code < 0x7F || code >= 0xA0);
            piece = plain ? str_sub(text, 0, text.len - rest.len) : STR(" ");
        }
        if (len + piece.len >= VERDICT_WORDS_BYTES) {
            break;
        }
        memcpy(words + len, piece.at, piece.len);
        len += piece.len;
        text = rest;
    }
    words[len] = '\0';
}

static enum verdict_kind verdict_of_status(int status, bool delivered_recently)
{
    switch (status) {
    case 409:
        return VERDICT_DELIVERED;
    case 400:
    case 413:
    case 415:
    case 422:
        return VERDICT_REFUSED;
    case 404:
    case 410:
        return delivered_recently ? VERDICT_REFUSED : VERDICT_MISCONFIGURED;
    case 408:
    case 425:
    case 429:
        return VERDICT_LATER;
    default:
        break;
    }
    if (status >= 200 && status < 300) {
        return VERDICT_DELIVERED;
    }
    return status >= 300 && status < 500 ? VERDICT_MISCONFIGURED : VERDICT_LATER;
}

static enum verdict_kind verdict_of_value(const struct verdict_rules *rules, struct str value)
{
    if (is_one_of(value, rules->ok_values) || is_one_of(value, rules->duplicate_values)) {
        return VERDICT_DELIVERED;
    }
    if (is_one_of(value, rules->refused_values)) {
        return VERDICT_REFUSED;
    }
    return is_one_of(value, rules->auth_values) ? VERDICT_MISCONFIGURED : VERDICT_LATER;
}

static bool is_hidden(const struct verdict_answer *answer, struct str text)
{
    for (size_t i = 0; i < answer->hidden_count; i++) {
        if (str_eq(answer->hidden[i], text)) {
            return true;
        }
    }
    return false;
}

static void take_upstream_id(const struct verdict_answer *answer, const json_t *body,
                             struct verdict *verdict)
{
    const json_t *id = json_object_get(body, "id");
    struct buf text = {0};
    if ((json_is_string(id) || json_is_integer(id)) && value_text(id, &text) &&
        text.len < sizeof verdict->upstream_id && !is_hidden(answer, buf_str(&text))) {
        memcpy(verdict->upstream_id, buf_text(&text), text.len + 1);
    }
    buf_release(&text);
}

/* The two or four digits there; the shape was checked before. */
static int number_at(struct str text, size_t from, size_t len)
{
    uint64_t value = 0;
    return str_to_u64(str_sub(text, from, len), 9999, &value) ? (int)value : -1;
}

/* RFC 9110 §5.6.7, IMF-fixdate only: "Mon, 23 Nov 2026 01:15:02 GMT". */
static bool parse_imf_fixdate(struct str text, int64_t *ret_wall_ms)
{
    static const char shape[] = "aaa, 00 aaa 0000 00:00:00 GMT";
    static const struct str months = {"JanFebMarAprMayJunJulAugSepOctNovDec", 36};
    if (text.len != sizeof shape - 1) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        bool digit = text.at[i] >= '0' && text.at[i] <= '9';
        if (shape[i] == '0' ? !digit : shape[i] != 'a' && shape[i] != text.at[i]) {
            return false;
        }
    }
    ptrdiff_t month = str_find(months, str_sub(text, 8, 3));
    struct date date = {number_at(text, 12, 4), (int)(month / 3) + 1, number_at(text, 5, 2)};
    int hour = number_at(text, 17, 2), minute = number_at(text, 20, 2);
    int second = number_at(text, 23, 2);
    if (month < 0 || month % 3 != 0 || !date_exists(date) || hour > 23 || minute > 59 ||
        second > 60) {
        return false;
    }
    *ret_wall_ms = ((date_to_days(date) * 24 + hour) * 60 + minute) * 60000 +
                   second * INT64_C(1000);
    return true;
}

static int64_t retry_after_ms(struct str value, int64_t now_wall_ms)
{
    uint64_t seconds;
    int64_t ms;
    value = str_trim(value);
    if (value.len > 0 && str_only(value, STR_DIGITS)) {
        bool small = str_to_u64(value, RETRY_AFTER_MAX_MS / 1000, &seconds);
        return small ? (int64_t)seconds * 1000 : RETRY_AFTER_MAX_MS;
    }
    if (!parse_imf_fixdate(value, &ms)) {
        return -1;
    }
    ms -= now_wall_ms;
    return ms < 0 ? 0 : ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : ms;
}

/* NULL when it is no JSON. A number too large for an integer must not make the whole answer unreadable. */
static json_t *parse_body(const struct verdict_answer *answer)
{
    json_t *body = NULL;
    if (answer->body_whole && answer->body.len > 0) {
        body = json_loadb(answer->body.at, answer->body.len, JSON_DECODE_ANY, NULL);
    }
    if (answer->body_whole && answer->body.len > 0 && body == NULL) {
        body = json_loadb(answer->body.at, answer->body.len,
                          JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
    }
    return body;
}

/* Where answers usually speak when nobody told us where. */
static const json_t *find_message(const struct verdict_rules *rules, const json_t *body)
{
    static const char *const usual[] = {"message", "msg", "detail", "title", "error"};
    if (rules->msg_pointer.len > 0) {
        return json_pointer_get(body, rules->msg_pointer);
    }
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        const json_t *found = json_object_get(body, usual[i]);
        if (json_is_string(found)) {
            return found;
        }
    }
    return NULL;
}

static void add_message(const struct verdict_rules *rules, const struct verdict_answer *answer,
                        const json_t *body, struct verdict *verdict)
{
    struct buf text = {0};
    if (body != NULL) {
        if (value_text(find_message(rules, body), &text) && text.len > 0) {
            add_words(verdict->words, STR(": "), answer);
            add_words(verdict->words, buf_str(&text), answer);
        }
    } else if (answer->body.len > 0 && !strchr("<{[", answer->body.at[0])) {
        add_words(verdict->words, STR(": "), answer);
        add_words(verdict->words, answer->body, answer);
    }
    buf_release(&text);
}

/* A 2xx head whose body has the last word. */
static void judge_body(const struct verdict_rules *rules, const json_t *body,
                       const struct verdict_answer *answer, struct verdict *verdict)
{
    struct buf value = {0};
    verdict->kind = VERDICT_LATER;
    if (body == NULL) {
        add_words(verdict->words, answer->body_whole ? STR(" body is no JSON") : STR(" body cut"),
                  answer);
    } else if (!value_text(json_pointer_get(body, rules->ok_pointer), &value)) {
        add_words(verdict->words, STR(" no value at "), answer);
        add_words(verdict->words, rules->ok_pointer, answer);
    } else {
        verdict->kind = verdict_of_value(rules, buf_str(&value));
        add_words(verdict->words, STR(" "), answer);
        add_words(verdict->words, rules->ok_pointer, answer);
        add_words(verdict->words, STR("="), answer);
        add_words(verdict->words, buf_str(&value), answer);
    }
    buf_release(&value);
}

void verdict_of(const struct verdict_rules *rules, const struct verdict_answer *answer,
                bool delivered_recently, int64_t now_wall_ms, struct verdict *ret)
{
    *ret = (struct verdict){.kind = verdict_of_status(answer->status, delivered_recently),
                            .retry_after_ms = -1};
    if (answer->status == 0) {
        snprintf(ret->words, sizeof ret->words, "no answer");
        return;
    }
    bool success = answer->status >= 200 && answer->status < 300;
    json_t *body = parse_body(answer);
    snprintf(ret->words, sizeof ret->words, "%d", answer->status);
    if (success && rules->ok_pointer.len > 0) {
        judge_body(rules, body, answer, ret);
    }
    if (ret->kind != VERDICT_DELIVERED) {
        ret->retry_after_ms = retry_after_ms(answer->retry_after, now_wall_ms);
        add_message(rules, answer, body, ret);
    } else {
        take_upstream_id(answer, body, ret);
    }
    json_decref(body);
}

const char *verdict_name(enum verdict_kind kind)
{
    static const char *const names[] = {"delivered", "refused", "misconfigured", "later"};
    return names[kind];
}

int64_t retry_delay_ms(int64_t attempt, int64_t min_ms, int64_t max_ms, uint64_t random)
{
    int64_t ceiling = min_ms < 1 ? 1 : min_ms;
    int64_t cap = max_ms < 1 ? 1 : max_ms;
    for (int64_t i = 1; i < attempt && ceiling < cap; i++) {
        ceiling = ceiling > cap / 2 ? cap : ceiling * 2;
    }
    if (ceiling > cap) {
        ceiling = cap;
    }
    int64_t delay = (int64_t)(random % ((uint64_t)ceiling + 1));
    return delay < 1 ? 1 : delay;
}
