#include "tests/bench/seed/sums.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    WORDS_MAX = 32,
    KEY_BYTES = 96,
    DAY_DIGITS = 8,
    MONTH_DIGITS = 6,
    YEAR_DIGITS = 4,
    ARGS_MAX = 2000
};

/* Texts by number, in the order in which they came. */
struct names {
    char **at;
    size_t count, room;
    uint32_t *slots; /* number + 1; 0 free */
    size_t slot_count;
};

struct sum {
    uint32_t field;
    int64_t n;
};

struct hash {
    struct sum *at; /* by field */
    size_t count, room;
};

struct span {
    char first[DAY_DIGITS + 1], last[DAY_DIGITS + 1];
};

struct sums {
    struct names keys, fields, areas;
    struct hash *hashes; /* by number of keys */
    struct span *spans;  /* by number of areas */
};

/* ---- names ---- */

static uint64_t hash_of(struct str text)
{
    uint64_t hash = 14695981039346656037U; /* FNV-1a */
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.at[i]) * 1099511628211U;
    }
    return hash;
}

static size_t slot_of(const struct names *names, struct str text)
{
    size_t slot = hash_of(text) & (names->slot_count - 1);
    while (names->slots[slot] != 0 && !str_is(text, names->at[names->slots[slot] - 1])) {
        slot = (slot + 1) & (names->slot_count - 1);
    }
    return slot;
}

static void grow(struct names *names)
{
    names->room = names->room ? names->room * 2 : 1024;
    names->at = mem_resize(names->at, names->room, sizeof names->at[0]);
    free(names->slots);
    names->slot_count = names->room * 2;
    names->slots = mem_alloc(names->slot_count * sizeof names->slots[0]);
    for (size_t i = 0; i < names->count; i++) {
        names->slots[slot_of(names, str_of(names->at[i]))] = (uint32_t)i + 1;
    }
}

/* Its number; *ret_new: it has not been there before. */
static size_t number_of(struct names *names, struct str text, bool *ret_new)
{
    if (names->count == names->room) {
        grow(names);
    }
    size_t slot = slot_of(names, text);
    *ret_new = names->slots[slot] == 0;
    if (*ret_new) {
        names->at[names->count++] = mem_dup_str(text);
        names->slots[slot] = (uint32_t)names->count;
    }
    return names->slots[slot] - 1;
}

static void names_release(struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->at[i]);
    }
    free(names->at);
    free(names->slots);
}

/* ---- adding ---- */

struct words {
    struct str at[WORDS_MAX];
    size_t count;
};

static void words_of(struct str text, struct words *ret)
{
    struct str word;
    ret->count = 0;
    while (str_next(&text, ' ', &word)) {
        CHECK(ret->count < WORDS_MAX);
        if (word.len > 0) {
            ret->at[ret->count++] = word;
        }
    }
}

static struct hash *hash_at(struct sums *sums, const char *key)
{
    bool new;
    size_t nth = number_of(&sums->keys, str_of(key), &new);
    if (new) {
        sums->hashes = mem_resize(sums->hashes, sums->keys.room, sizeof sums->hashes[0]);
        sums->hashes[nth] = (struct hash){0};
    }
    return &sums->hashes[nth];
}

static void hash_add(struct hash *hash, uint32_t field, int64_t n)
{
    size_t at = 0;
    for (size_t end = hash->count; at < end;) {
        size_t middle = at + (end - at) / 2;
        if (hash->at[middle].field < field) {
            at = middle + 1;
        } else {
            end = middle;
        }
    }
    if (at == hash->count || hash->at[at].field != field) {
        if (hash->count == hash->room) {
            hash->room = hash->room ? hash->room * 2 : 8;
            hash->at = mem_resize(hash->at, hash->room, sizeof hash->at[0]);
        }
        memmove(hash->at + at + 1, hash->at + at, (hash->count - at) * sizeof hash->at[0]);
        hash->at[at] = (struct sum){.field = field};
        hash->count++;
    }
    hash->at[at].n += n;
}

static uint32_t field_of(struct sums *sums, struct str dim, struct str measure)
{
    char field[KEY_BYTES];
    bool new;
    snprintf(field, sizeof field, "%.*s%s%.*s", STR_ARG(dim), dim.len > 0 ? "|" : "",
             STR_ARG(measure));
    return (uint32_t)number_of(&sums->fields, str_of(field), &new);
}

/* What a line adds, by field: those that last, and those of now; each plain, and by dim. */
struct added {
    struct sum at[WORDS_MAX * WORDS_MAX];
    size_t count;
};

static void read_measures(struct sums *sums, const struct words *dims, const struct words *measures,
                          struct added ret[2][2])
{
    ret[0][0].count = ret[0][1].count = ret[1][0].count = ret[1][1].count = 0;
    for (size_t i = 0; i < measures->count; i++) {
        struct str rest = measures->at[i];
        struct str name;
        CHECK(str_next(&rest, '=', &name) && rest.len > 0 && rest.len < 8);
        char number[8] = "";
        memcpy(number, rest.at, rest.len);
        int64_t n = strtoll(number, NULL, 10);
        struct added *of = ret[str_starts(name, STR("now."))];
        of[0].at[of[0].count++] = (struct sum){field_of(sums, STR(""), name), n};
        for (size_t d = 0; d < dims->count; d++) {
            of[1].at[of[1].count++] = (struct sum){field_of(sums, dims->at[d], name), n};
        }
    }
}

static void add_period(struct sums *sums, struct str area, struct str period,
                       const struct added added[2])
{
    static const char *const what[] = {"s", "sd"};
    for (size_t i = 0; i < 2; i++) {
        if (added[i].count == 0) {
            continue;
        }
        char key[KEY_BYTES];
        snprintf(key, sizeof key, "%s1:%.*s:%.*s", what[i], STR_ARG(area), STR_ARG(period));
        struct hash *hash = hash_at(sums, key);
        for (size_t f = 0; f < added[i].count; f++) {
            hash_add(hash, added[i].at[f].field, added[i].at[f].n);
        }
    }
}

static void note_day(struct sums *sums, struct str area, struct str day)
{
    bool new;
    size_t nth = number_of(&sums->areas, area, &new);
    if (new) {
        sums->spans = mem_resize(sums->spans, sums->areas.room, sizeof sums->spans[0]);
        sums->spans[nth] = (struct span){0};
    }
    struct span *span = &sums->spans[nth];
    if (new || str_compare(day, str_of(span->first)) < 0) {
        memcpy(span->first, day.at, DAY_DIGITS);
    }
    if (new || str_compare(day, str_of(span->last)) > 0) {
        memcpy(span->last, day.at, DAY_DIGITS);
    }
}

static void add_line(struct sums *sums, struct str line)
{
    static struct added added[2][2];
    struct str day;
    struct str text;
    struct words areas;
    struct words dims;
    struct words measures;
    CHECK(str_next(&line, '\t', &day) && day.len == DAY_DIGITS && str_next(&line, '\t', &text));
    words_of(text, &areas);
    CHECK(str_next(&line, '\t', &text));
    words_of(text, &dims);
    words_of(line, &measures);
    read_measures(sums, &dims, &measures, added);
    for (size_t i = 0; i < areas.count; i++) {
        add_period(sums, areas.at[i], day, added[0]);
        add_period(sums, areas.at[i], str_sub(day, 0, MONTH_DIGITS), added[0]);
        add_period(sums, areas.at[i], str_sub(day, 0, YEAR_DIGITS), added[0]);
        add_period(sums, areas.at[i], STR("now"), added[1]);
        note_day(sums, areas.at[i], day);
    }
}

struct sums *sums_new(void)
{
    return mem_alloc(sizeof(struct sums));
}

void sums_add(struct sums *sums, struct str lines)
{
    struct str line;
    while (str_next(&lines, '\n', &line)) {
        if (line.len > 0) {
            add_line(sums, line);
        }
    }
}

/* ---- writing ---- */

static void write_args(redisContext *redis, int count, const char **args)
{
    redisReply *reply = redisCommandArgv(redis, count, args, NULL);
    CHECK(reply != NULL && reply->type == REDIS_REPLY_INTEGER);
    freeReplyObject(reply);
}

static void write_hash(const struct sums *sums, redisContext *redis, const char *key,
                       const struct hash *hash)
{
    static char numbers[ARGS_MAX][24];
    const char *args[ARGS_MAX + 2] = {"HSET", key};
    int count = 2;
    for (size_t i = 0; i < hash->count; i++) {
        if (hash->at[i].n != 0) {
            snprintf(numbers[count], sizeof numbers[count], "%" PRId64, hash->at[i].n);
            args[count] = sums->fields.at[hash->at[i].field];
            args[count + 1] = numbers[count];
            count += 2;
        }
        if (count > 2 && (count >= ARGS_MAX || i + 1 == hash->count)) {
            write_args(redis, count, args);
            count = 2;
        }
    }
}

void sums_write(const struct sums *sums, redisContext *redis, unsigned bucket)
{
    char key[KEY_BYTES];
    for (size_t i = 0; i < sums->keys.count; i++) {
        snprintf(key, sizeof key, "ms:{%02u}:%s", bucket, sums->keys.at[i]);
        write_hash(sums, redis, key, &sums->hashes[i]);
    }
    snprintf(key, sizeof key, "ms:{%02u}:sa1", bucket);
    for (size_t i = 0; i < sums->areas.count; i++) {
        char days[2 * sizeof(struct span)];
        snprintf(days, sizeof days, "%s %s", sums->spans[i].first, sums->spans[i].last);
        const char *args[] = {"HSET", key, sums->areas.at[i], days};
        write_args(redis, 4, args);
    }
}

void sums_free(struct sums **sums)
{
    struct sums *gone = *sums;
    for (size_t i = 0; i < gone->keys.count; i++) {
        free(gone->hashes[i].at);
    }
    free(gone->hashes);
    free(gone->spans);
    names_release(&gone->keys);
    names_release(&gone->fields);
    names_release(&gone->areas);
    free(gone);
    *sums = NULL;
}
