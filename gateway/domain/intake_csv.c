#include "domain/intake_csv.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/utf8.h"

/* Columns by the names people give them; the first of a member is how a fault calls it where the file has no such column. */
static const struct {
    const char *title, *member;
} titles[] = {
    {"来源", "source"},         {"来源类型", "source"},
    {"依据", "basis"},          {"区划代码", "area"},
    {"乡镇", "town"},           {"街道", "town"},
    {"乡镇街道", "town"},       {"村", "village"},
    {"村居", "village"},        {"行政村", "village"},
    {"姓名", "name"},           {"户主姓名", "name"},
    {"身份证号", "id_number"},  {"身份证号码", "id_number"},
    {"证件号码", "id_number"},  {"电话", "phone"},
    {"联系电话", "phone"},      {"手机号", "phone"},
    {"困难类型", "risks"},      {"风险类型", "risks"},
    {"情况说明", "detail"},     {"困难情况", "detail"},
    {"紧急", "urgent"},         {"发现日期", "found_at"},
    {"发现时间", "found_at"},   {"来源单位", "source_org"},
    {"推送单位", "source_org"}, {"编号", "external_ref"},
    {"推送事项", "push"},
};
enum { TITLE_COUNT = sizeof titles / sizeof titles[0] };

/* ---- the first line ---- */

static const char *member_of(struct str title)
{
    for (size_t i = 0; i < TITLE_COUNT; i++) {
        if (str_is(title, titles[i].title) || str_is(title, titles[i].member)) {
            return titles[i].member;
        }
    }
    return NULL;
}

static struct str cell_at(const struct csv_record *record, size_t nth)
{
    struct str cell = str_trim(csv_field(record, nth));
    while (cell.len > 0 && strchr("\r\n", cell.at[cell.len - 1]) != NULL) {
        cell = str_trim(str_sub(cell, 0, cell.len - 1));
    }
    /* how a spreadsheet is told that a number is a text */
    return cell.len > 0 && cell.at[0] == '\'' ? str_from(cell, 1) : cell;
}

static bool read_column(struct intake_csv *csv, struct err *err)
{
    size_t nth = csv->column_count;
    struct str title = cell_at(&csv->record, nth);
    const char *member = member_of(title);
    if (title.len == 0) { /* spreadsheets write empty columns at the end */
        csv->members[csv->column_count++] = "";
        return true;
    }
    if (member == NULL) {
        return err_set(err,
                       "1: column %zu: %.*s: unknown; known are 姓名、身份证号、电话、乡镇、村、"
                       "区划代码、困难类型、情况说明、紧急、发现日期、来源单位、编号、推送事项",
                       nth + 1, (int)utf8_head(title, 20).len, title.at ? title.at : "");
    }
    for (size_t i = 0; i < nth; i++) {
        if (strcmp(csv->members[i], member) == 0) {
            return err_set(err, "1: column %zu: %.*s: stands here twice (%s)", nth + 1,
                           STR_ARG(title), csv->titles[i]);
        }
    }
    csv->members[nth] = member;
    snprintf(csv->titles[nth], sizeof csv->titles[nth], "%.*s", STR_ARG(title));
    csv->column_count++;
    return true;
}

bool intake_csv_begin(struct intake_csv *ret, struct str text, const json_t *defaults,
                      intake_csv_risk_fn *risk, void *risk_arg, struct err *err)
{
    const char *wrong = NULL;
    *ret = (struct intake_csv){.defaults = defaults, .risk = risk, .risk_arg = risk_arg};
    csv_init(&ret->csv, text);
    if (!csv_next(&ret->csv, &ret->record, &wrong)) {
        return err_set(err, "1: %s", wrong ? wrong : "the file is empty");
    }
    while (ret->column_count < ret->record.count) {
        if (!read_column(ret, err)) {
            return false;
        }
    }
    return true;
}

/* ---- cells ---- */

static json_t *text_json(struct str text)
{
    json_t *json = json_stringn(text.at ? text.at : "", text.len);
    return json ? json
                : json_string("\xEF\xBF\xBD"); /* broken UTF-8: no name, no number, no word */
}

/* Separators of the words in one cell, each one code point. */
static bool is_separator(uint32_t code)
{
    static const uint32_t codes[] = {' ', ',', ';', '/', 0x3001, 0xFF0C, 0xFF1B, 0x3000, 0xFF0F};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (code == codes[i]) {
            return true;
        }
    }
    return false;
}

static bool holds(const json_t *list, const char *text)
{
    size_t nth;
    json_t *value;
    json_array_foreach((json_t *)list, nth, value)
    {
        if (strcmp(json_string_value(value), text) == 0) {
            return true;
        }
    }
    return false;
}

/* A word that means no risk stays, to be refused by its name. */
static void add_risk(const struct intake_csv *csv, json_t *list, struct str word)
{
    const char *slug = csv->risk(csv->risk_arg, word);
    if (slug == NULL && word.len > 0) {
        json_array_append_new(list, text_json(word));
    } else if (slug != NULL && !holds(list, slug)) {
        json_array_append_new(list, json_string(slug));
    }
}

static json_t *risks_json(const struct intake_csv *csv, struct str cell)
{
    json_t *list = json_array();
    const char *whole = csv->risk(csv->risk_arg, cell);
    if (whole != NULL) {
        json_array_append_new(list, json_string(whole));
        return list;
    }
    struct str rest = cell;
    struct str word = {cell.at, 0};
    uint32_t code;
    while (rest.len > 0) {
        size_t before = rest.len;
        if (!utf8_next(&rest, &code)) {
            rest = str_from(rest, 1);
            code = 0;
        }
        if (is_separator(code)) {
            add_risk(csv, list, word);
            word = (struct str){rest.at, 0};
        } else {
            word.len += before - rest.len;
        }
    }
    add_risk(csv, list, word);
    return list;
}

static bool take_number(struct str *rest, size_t digits_max, int *ret)
{
    size_t digits = 0;
    uint64_t number;
    while (digits < rest->len && digits < digits_max && rest->at[digits] >= '0' &&
           rest->at[digits] <= '9') {
        digits++;
    }
    if (!str_to_u64(str_sub(*rest, 0, digits), 9999, &number)) {
        return false;
    }
    *ret = (int)number;
    *rest = str_from(*rest, digits);
    return true;
}

static bool take(struct str *rest, const char *text)
{
    bool there = str_starts(*rest, str_of(text));
    *rest = there ? str_from(*rest, strlen(text)) : *rest;
    return there;
}

/* A time of day behind a blank is left out. */
static bool read_day(struct str rest, const char *const marks[3], struct date *ret)
{
    return take_number(&rest, 4, &ret->year) && take(&rest, marks[0]) &&
           take_number(&rest, 2, &ret->month) && take(&rest, marks[1]) &&
           take_number(&rest, 2, &ret->day) && take(&rest, marks[2]) &&
           (rest.len == 0 || rest.at[0] == ' ') && date_exists(*ret);
}

static json_t *day_json(struct str cell)
{
    static const char *const shapes[][3] = {
        {"-", "-", ""}, {"/", "/", ""}, {".", ".", ""}, {"年", "月", "日"}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct date date;
        char text[48];
        if (read_day(cell, shapes[i], &date)) {
            snprintf(text, sizeof text, "%04d-%02d-%02d", date.year, date.month, date.day);
            return json_string(text);
        }
    }
    return text_json(cell);
}

static json_t *urgent_json(struct str cell)
{
    static const char *const yes[] = {"是", "1", "true", "紧急"}, *const no[] = {"否", "0",
                                                                                 "false"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (str_is(cell, yes[i])) {
            return json_true();
        }
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        if (str_is(cell, no[i])) {
            return json_false();
        }
    }
    return text_json(cell);
}

static json_t *cell_json(const struct intake_csv *csv, const char *member, struct str cell)
{
    if (strcmp(member, "risks") == 0) {
        return risks_json(csv, cell);
    }
    if (strcmp(member, "found_at") == 0) {
        return day_json(cell);
    }
    return strcmp(member, "urgent") == 0 ? urgent_json(cell) : text_json(cell);
}

/* ---- rows ---- */

static bool is_blank(const struct csv_record *record, size_t from)
{
    for (size_t i = from; i < record->count; i++) {
        if (cell_at(record, i).len > 0) {
            return false;
        }
    }
    return true;
}

json_t *intake_csv_next(struct intake_csv *csv, struct err *err)
{
    const char *wrong = NULL;
    err->text[0] = '\0';
    do {
        if (!csv_next(&csv->csv, &csv->record, &wrong)) {
            if (wrong != NULL) {
                err_set(err, "%zu: %s", csv->record.line, wrong);
            }
            return NULL;
        }
    } while (is_blank(&csv->record, 0));
    if (!is_blank(&csv->record, csv->column_count)) {
        err_set(err, "%zu: %zu fields, the first line names %zu", csv->record.line,
                csv->record.count, csv->column_count);
        return NULL;
    }
    json_t *body = csv->defaults ? json_copy((json_t *)csv->defaults) : json_object();
    for (size_t i = 0; i < csv->column_count; i++) {
        struct str cell = cell_at(&csv->record, i);
        if (cell.len > 0 && csv->members[i][0] != '\0') {
            json_object_set_new(body, csv->members[i], cell_json(csv, csv->members[i], cell));
        }
    }
    return body;
}

size_t intake_csv_line(const struct intake_csv *csv)
{
    return csv->record.line;
}

const char *intake_csv_title(const struct intake_csv *csv, const char *pointer, char ret_room[64])
{
    struct str rest = str_of(pointer[0] == '/' ? pointer + 1 : pointer);
    struct str member;
    if (!str_next(&rest, '/', &member)) {
        member = STR("");
    }
    for (size_t i = 0; i < csv->column_count; i++) {
        if (str_is(member, csv->members[i])) {
            return csv->titles[i];
        }
    }
    for (size_t i = 0; i < TITLE_COUNT; i++) {
        if (str_is(member, titles[i].member)) {
            return titles[i].title;
        }
    }
    snprintf(ret_room, 64, "%.*s", STR_ARG(member));
    return ret_room;
}
