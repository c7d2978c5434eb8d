#include "store/deliveries.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/inside.h"

enum { READING_MAGIC = 0x44656c52, NOTING_MAGIC = 0x44656c4e, DAY_BYTES = 16, FOUND_MAX = 1000000 };

struct reading {
    unsigned magic;
    struct store *store;
    size_t push_count;
    deliveries_read_done_fn *done;
    void *arg;
};

struct noting {
    unsigned magic;
    struct store *store;
    unsigned bucket;
    deliveries_note_done_fn *done;
    void *arg;
};

static op_done_fn on_read;
static op_done_fn on_noted;
static op_done_fn on_confirmed;

static void print_day(struct date day, char ret_text[DAY_BYTES])
{
    CHECK(day.year > 0 && day.year < 10000);
    snprintf(ret_text, DAY_BYTES, "%04d-%02d-%02d", day.year, day.month, day.day);
}

void deliveries_finding(struct str county, const char *push, struct date day, struct date event,
                        char ret_text[DELIVERIES_FINDING_BYTES])
{
    char came[DAY_BYTES];
    char happened[DAY_BYTES] = "";
    print_day(day, came);
    if (event.year != 0) {
        print_day(event, happened);
    }
    snprintf(ret_text, DELIVERIES_FINDING_BYTES, "%.*s:%s %s%s%s", STR_ARG(county), push, came,
             event.year != 0 ? "," : "", happened);
}

/* ---- reading ---- */

void deliveries_read(struct store *store, const struct deliveries_county *county,
                     const struct pushes *pushes, struct date today, deliveries_read_done_fn *done,
                     void *arg)
{
    struct reading *reading = mem_alloc(sizeof *reading);
    *reading = (struct reading){READING_MAGIC, store, pushes->count, done, arg};
    char key[STORE_BUCKET_KEY_BYTES];
    char now[DAY_BYTES];
    char oldest[DAY_BYTES];
    struct link_call call;
    print_day(today, now);
    print_day(date_from_days(date_to_days(today) - PUSH_LOOK_BACK_DAYS), oldest);
    store_call_begin(&call, KEYS_DELIVERIES, county->bucket, key);
    link_arg(&call, county->id);
    link_arg_text(&call, now);
    link_arg_text(&call, oldest);
    for (size_t i = 0; i < pushes->count; i++) {
        link_arg_text(&call, pushes->at[i].id);
    }
    store_send(store, STORE_NEED_CHANGE, &call, on_read, reading);
}

/* n2026-11-01, e2026-07-20, 2026-11-27 or 2026-11-27,2026-11-20. False: of a newer gateway, passed over. */
static bool read_entry(struct str field, struct str value, struct push_entry *ret)
{
    char kind = field.len > 0 ? field.at[0] : '\0';
    uint64_t found;
    *ret = (struct push_entry){0};
    switch (kind) {
    case 'n':
        ret->kind = PUSH_NOTHING;
        return date_parse(str_from(field, 1), &ret->period) && date_parse(value, &ret->day);
    case 'e':
        ret->kind = PUSH_HAPPENED;
        return date_parse(str_from(field, 1), &ret->day);
    default:
        break;
    }
    ret->kind = PUSH_FOUND;
    if (!date_parse(str_sub(field, 0, 10), &ret->day) || !str_to_u64(value, FOUND_MAX, &found)) {
        return false;
    }
    ret->found = (int)found;
    return field.len == 10 || date_parse(str_from(field, 11), &ret->period);
}

static void read_push(const redisReply *row, struct deliveries_push *ret)
{
    size_t elements = row->type == REDIS_REPLY_ARRAY ? row->elements : 0;
    ret->entries = mem_array(elements / 2 + 1, sizeof *ret->entries);
    for (size_t i = 0; i + 1 < elements; i += 2) {
        ret->count += read_entry(reply_str(row, i), reply_str(row, i + 1),
                                 &ret->entries[ret->count]);
    }
}

static void on_read(void *arg, enum op_status status, const void *answer)
{
    struct reading *reading = arg;
    CHECK_OBJ(reading, READING_MAGIC);
    const redisReply *reply = answer;
    struct deliveries *deliveries = mem_alloc(sizeof *deliveries);
    if (status == OP_REFUSED) {
        store_doubt(reading->store, answer);
    } else if (status == OP_OK &&
               (reply->type != REDIS_REPLY_ARRAY || reply->elements != reading->push_count + 1 ||
                !date_parse(reply_str(reply, 0), &deliveries->since))) {
        status = OP_REFUSED;
    }
    for (size_t i = 0; status == OP_OK && i < reading->push_count; i++) {
        read_push(reply->element[i + 1], &deliveries->at[i]);
    }
    reading->done(reading->arg, status, status == OP_OK ? deliveries : NULL);
    for (size_t i = 0; i < reading->push_count; i++) {
        free(deliveries->at[i].entries);
    }
    free(deliveries);
    reading->magic = 0;
    free(reading);
}

/* ---- a word ---- */

void deliveries_note(struct store *store, const struct deliveries_county *county, const char *push,
                     enum deliveries_word word, struct date day, struct date today,
                     deliveries_note_done_fn *done, void *arg)
{
    struct noting *noting = mem_alloc(sizeof *noting);
    *noting = (struct noting){NOTING_MAGIC, store, county->bucket, done, arg};
    char key[STORE_BUCKET_KEY_BYTES];
    char field[DAY_BYTES + 1] = {word == DELIVERIES_NOTHING ? 'n' : 'e'};
    char now[DAY_BYTES];
    struct link_call call;
    print_day(day, field + 1);
    print_day(today, now);
    store_call_begin(&call, KEYS_DELIVERY_NOTE, county->bucket, key);
    link_arg(&call, county->id);
    link_arg_text(&call, push);
    link_arg_text(&call, field);
    link_arg_text(&call, now);
    store_send(store, STORE_NEED_READY, &call, on_noted, noting);
}

static void on_noted(void *arg, enum op_status status, const void *answer)
{
    struct noting *noting = arg;
    CHECK_OBJ(noting, NOTING_MAGIC);
    bool known = status == OP_OK && reply_is(answer, "known");
    if (status == OP_REFUSED) {
        store_doubt(noting->store, answer);
    } else if (status == OP_OK && !known && !reply_is(answer, "noted")) {
        status = OP_REFUSED;
    }
    if (status == OP_OK && store_confirms(noting->store)) {
        store_confirm(noting->store, noting->bucket, known, on_confirmed, noting);
        return;
    }
    on_confirmed(noting, status, NULL);
}

static void on_confirmed(void *arg, enum op_status status, const void *answer)
{
    struct noting *noting = arg;
    CHECK_OBJ(noting, NOTING_MAGIC);
    (void)answer;
    noting->done(noting->arg, status);
    noting->magic = 0;
    free(noting);
}
