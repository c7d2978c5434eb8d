#include "flow/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { WORDS_BYTES_MAX = 2048 };

void record_init(struct record *record)
{
    record->count = 0;
    record->used = 0;
}

void record_put(struct record *record, const char *name, struct str borrowed)
{
    size_t i = 0;
    while (i < record->count && strcmp(record->at[i].name, name) != 0) {
        i++;
    }
    CHECK(i < STORE_PAIRS_MAX);
    record->at[i] = (struct store_pair){name, borrowed};
    record->count += i == record->count ? 1 : 0;
}

static void put_copy(struct record *record, const char *name, struct str value)
{
    CHECK(record->used + value.len <= sizeof record->room);
    char *to = record->room + record->used;
    if (value.len > 0) {
        memcpy(to, value.at, value.len);
    }
    record->used += value.len;
    record_put(record, name, str_make(to, value.len));
}

void record_put_text(struct record *record, const char *name, const char *copied)
{
    put_copy(record, name, str_of(copied ? copied : ""));
}

struct str record_find(const struct record *record, const char *name)
{
    for (size_t i = 0; i < record->count; i++) {
        if (strcmp(record->at[i].name, name) == 0) {
            return record->at[i].value;
        }
    }
    return STR("");
}

struct str record_now(const struct record *record, const struct report_record *before,
                      const char *name)
{
    for (size_t i = 0; i < record->count; i++) {
        if (strcmp(record->at[i].name, name) == 0) {
            return record->at[i].value;
        }
    }
    return record_get(before, name);
}

void record_put_number(struct record *record, const char *name, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)number);
    record_put_text(record, name, text);
}

void record_put_facts(struct record *record, const struct facts *facts)
{
    record_put_text(record, REPORT_STATE, facts->state);
    record_put_text(record, REPORT_STEP, facts->step);
    record_put_text(record, REPORT_STEPS, facts->steps);
    record_put_number(record, REPORT_STEP_DUE, facts->step_due_ms);
    record_put_number(record, REPORT_TOTAL_DUE, facts->total_due_ms);
    record_put_text(record, REPORT_SIGNAL, signal_name(facts->signal));
    record_put_text(record, REPORT_LATE, facts->late ? "1" : "");
    record_put_number(record, REPORT_NEXT, facts->next_ms);
    record_put_number(record, REPORT_ENDED, facts->ended_ms);
    record_put_text(record, REPORT_DECISION, facts->decision);
    record_put_text(record, REPORT_REASON, facts->reason);
    record_put_text(record, REPORT_FLAGS, facts->flags);
}

static bool has_word(struct str words, struct str word)
{
    struct str one;
    while (str_next(&words, ' ', &one)) {
        if (str_eq(one, word)) {
            return true;
        }
    }
    return false;
}

static void add_word(struct buf *to, const char *before, struct str word)
{
    char text[64];
    snprintf(text, sizeof text, "%s%.*s", before, STR_ARG(word));
    if (!has_word(buf_str(to), str_of(text))) {
        buf_printf(to, "%s%s", to->len > 0 ? " " : "", text);
    }
}

/* As long as there is room. */
static void add_old_words(struct buf *to, struct str words)
{
    struct str word;
    while (str_next(&words, ' ', &word) && to->len + 1 + word.len <= to->bytes_max) {
        if (word.len > 0) {
            add_word(to, "", word);
        }
    }
}

void record_path(const struct areas *areas, area_index area, struct buf *to)
{
    area_index path[AREA_DEPTH_MAX];
    size_t depth = area_path(areas, area, path);
    for (size_t i = 0; i < depth; i++) {
        add_word(to, "", area_id(areas, path[i]));
    }
}

/* Its own place, the village above a grid, and the town; whoever reads a county or more reads the order of all changes. */
static void add_indexes(const struct areas *areas, area_index area, struct buf *to)
{
    static const enum area_level above[] = {AREA_VILLAGE, AREA_TOWN};
    add_word(to, "a:", area_id(areas, area));
    for (size_t i = 0; i < sizeof above / sizeof above[0]; i++) {
        area_index up = area_up(areas, area, above[i]);
        if (up != AREA_NONE) {
            add_word(to, "a:", area_id(areas, up));
        }
    }
}

void record_put_place(struct record *record, const struct areas *areas, area_index area,
                      struct str org, struct str old_indexes, struct str old_path)
{
    struct buf indexes;
    struct buf path;
    buf_init(&indexes, WORDS_BYTES_MAX);
    buf_init(&path, WORDS_BYTES_MAX);
    add_indexes(areas, area, &indexes);
    if (org.len > 0) {
        add_word(&indexes, "o:", org);
    }
    add_old_words(&indexes, old_indexes);
    record_path(areas, area, &path);
    add_old_words(&path, old_path);
    CHECK(buf_ok(&indexes) && buf_ok(&path));
    put_copy(record, REPORT_AREA, area_id(areas, area));
    put_copy(record, REPORT_INDEXES, buf_str(&indexes));
    put_copy(record, REPORT_PATH, buf_str(&path));
    buf_release(&indexes);
    buf_release(&path);
}

area_index record_place(const struct areas *areas, const struct report_record *record)
{
    struct str old_name;
    struct str id = record_get(record, REPORT_AREA);
    area_index area = areas_resolve(areas, id, &old_name);
    return area != AREA_NONE ? area : area_above_gone(areas, record_get(record, REPORT_PATH), id);
}

bool record_is_placed(const struct areas *areas, area_index area, struct str indexes,
                      struct str path)
{
    struct buf want;
    struct str word;
    buf_init(&want, WORDS_BYTES_MAX);
    record_path(areas, area, &want);
    bool placed = str_starts(path, buf_str(&want)) &&
                  (path.len == want.len || path.at[want.len] == ' ');
    buf_clear(&want);
    add_indexes(areas, area, &want);
    struct str rest = buf_str(&want);
    while (placed && str_next(&rest, ' ', &word)) {
        placed = has_word(indexes, word);
    }
    buf_release(&want);
    return placed;
}

static struct str keep_bytes(char **at, struct str bytes)
{
    char *to = *at;
    if (bytes.len > 0) {
        memcpy(to, bytes.at, bytes.len);
    }
    to[bytes.len] = '\0';
    *at += bytes.len + 1;
    return str_make(to, bytes.len);
}

static void overlay(struct report_record *record, const struct store_pair *pair)
{
    size_t i = 0;
    while (i < record->count && strcmp(record->at[i].name, pair->name) != 0) {
        i++;
    }
    CHECK(i < sizeof record->at / sizeof record->at[0]);
    record->at[i] = *pair;
    record->count += i == record->count ? 1 : 0;
}

void record_keep(struct record_kept *kept, const struct report_record *before,
                 const struct store_pair *over, size_t over_count)
{
    struct report_record *record = &kept->record;
    size_t bytes = 1;
    *record = *before;
    for (size_t i = 0; i < over_count; i++) {
        overlay(record, &over[i]);
    }
    for (size_t i = 0; i < record->count; i++) {
        bytes += strlen(record->at[i].name) + record->at[i].value.len + 2;
    }
    free(kept->bytes);
    kept->bytes = mem_alloc(bytes);
    char *at = kept->bytes;
    for (size_t i = 0; i < record->count; i++) {
        record->at[i].name = keep_bytes(&at, str_of(record->at[i].name)).at;
        record->at[i].value = keep_bytes(&at, record->at[i].value);
    }
}

void record_kept_release(struct record_kept *kept)
{
    free(kept->bytes);
    kept->bytes = NULL;
    kept->record.count = 0;
}
