#include "cli/import_words.h"

#include <string.h>

#include "base/utf8.h"

/* ---- risks ---- */

/* 没活干、工资少、收入断了 is three words. */
static bool has_word(struct str words, struct str word)
{
    ptrdiff_t at;
    bool more = true;
    while (more) {
        at = str_find(words, STR("、"));
        more = at >= 0;
        struct str part = more ? str_sub(words, 0, (size_t)at) : words;
        if (str_eq(part, word)) {
            return true;
        }
        words = more ? str_from(words, (size_t)at + STR("、").len) : words;
    }
    return false;
}

static bool means(const struct form_option *option, const struct catalog *catalog, struct str word)
{
    struct str label = str_of(catalog_text(catalog, option->label));
    struct str hint = str_of(option->hint ? catalog_text(catalog, option->hint) : "");
    return str_is(word, option->value) || str_eq(word, label) || has_word(label, word) ||
           has_word(hint, word);
}

const char *import_risk(const struct form *form, const struct catalog *catalog, struct str word)
{
    const struct form_field *risk = form_field(form, STR("risk"));
    const char *found = NULL;
    for (size_t i = 0; risk != NULL && word.len > 0 && i < risk->option_count; i++) {
        if (means(&risk->options[i], catalog, word)) {
            if (found != NULL) {
                return NULL;
            }
            found = risk->options[i].value;
        }
    }
    return found;
}

/* ---- faults ---- */

static const struct {
    const char *member; /* NULL: any */
    const char *code, *words;
} sentences[] = {
    {"id_number", "required", "身份证号和电话至少要有一个"},
    {"id_number", "future", "出生日期比今天还晚"},
    {"found_at", "future", "比今天还晚"},
    {"name", "short", "至少要两个字"},
    {"risks", "not_allowed", "没有这一种困难类型"},
    {"risks", "many", "最多5样"},
    {"basis", "not_allowed", "这个来源不用这种依据"},
    {"area", "not_allowed", "区划代码和村名只填一种"},
    {"area", "unknown", "查不到这个区划代码"},
    {"village", "unknown", "查不到这个村，请看看乡镇和村名"},
    {"source_org", "unknown", "查不到这个单位"},
    {"push", "unknown", "没有这项推送"},
    {"phone", "unknown", "没有这样的电话号码"},
    {NULL, "required", "要填"},
    {NULL, "few", "要填"},
    {NULL, "type", "写法不对"},
    {NULL, "long", "太长了"},
    {NULL, "short", "太短了"},
    {NULL, "characters", "有不能用的字符"},
    {NULL, "hidden", "有看不见的符号"},
    {NULL, "dots", "间隔点只点一个，两边都要有字"},
    {NULL, "not_allowed", "没有这一种"},
    {NULL, "time", "日期写成2026-11-20这样"},
    {NULL, "length", "位数不对"},
    {NULL, "fifteen", "是15位的老号码，要18位的"},
    {NULL, "certificate", "像是残疾人证号，只填开头18位"},
    {NULL, "province", "开头两位不对"},
    {NULL, "birth", "没有这一天出生"},
    {NULL, "check", "最后一位对不上，可能有一位写错了"},
    {NULL, "area", "座机请加上区号"},
    {NULL, "level", "要填到村"},
    {NULL, "ambiguous", "有几个同名的村，请填乡镇或区划代码"},
    {NULL, "old", "太久了"},
    {NULL, "org", "不是这个单位的"},
};

static bool is_about(const char *pointer, const char *member)
{
    size_t len = strlen(member);
    return pointer[0] == '/' && strncmp(pointer + 1, member, len) == 0 &&
           (pointer[1 + len] == '\0' || pointer[1 + len] == '/');
}

static const char *words_of(const struct json_fault *fault)
{
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        const char *member = sentences[i].member;
        if (strcmp(sentences[i].code, fault->code) == 0 &&
            (member == NULL || is_about(fault->pointer, member))) {
            return sentences[i].words;
        }
    }
    return "写法不对";
}

void import_put_columns(const struct intake_csv *csv, const struct json_faults *faults,
                        struct buf *to)
{
    for (size_t i = 0; i < faults->count; i++) {
        char room[64], other_room[64];
        const char *title = intake_csv_title(csv, faults->at[i].pointer, room);
        bool said = false;
        for (size_t j = 0; j < i && !said; j++) {
            said = strcmp(title, intake_csv_title(csv, faults->at[j].pointer, other_room)) == 0;
        }
        if (!said) {
            buf_printf(to, "%s%s", i > 0 ? "、" : "", title);
        }
    }
}

static void put_plain(const char *name, struct buf *to)
{
    for (; *name != '\0'; name++) {
        if (*name != '"') {
            buf_putc(to, *name);
        }
    }
}

static void put_candidates(const json_t *candidates, struct buf *to)
{
    size_t nth;
    json_t *one;
    json_array_foreach((json_t *)candidates, nth, one)
    {
        const json_t *path = json_object_get(one, "path");
        size_t depth = json_array_size(path);
        buf_puts(to, nth > 0 ? "、" : "（");
        for (size_t i = depth > 2 ? depth - 2 : 0; i < depth; i++) {
            put_plain(json_string_value(json_array_get(path, i)), to);
        }
        buf_printf(to, " %s", json_string_value(json_object_get(one, "id")));
    }
    buf_puts(to, json_array_size(candidates) > 0 ? "）" : "");
}

void import_put_faults(const struct intake_csv *csv, const struct json_faults *faults,
                       const json_t *candidates, struct buf *to)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct json_fault *fault = &faults->at[i];
        char room[64];
        buf_printf(to, "%s%s：%s", i > 0 ? "；" : "", intake_csv_title(csv, fault->pointer, room),
                   words_of(fault));
        if (strcmp(fault->code, "ambiguous") == 0) {
            put_candidates(candidates, to);
        }
    }
}
