#include "store_filing.h"

#include "store/deliveries.h"

/* Two pushes: p1 each month, p2 of events. */
static struct pushes calendar = {.at = {{.id = "p1", .every = PUSH_MONTH}, {.id = "p2"}},
                                 .count = 2};
static const struct deliveries_county county = {.bucket = 7, .id = {"370115", 6}};
static const struct date today = {2026, 11, 27};

#define FILED(nth) "07000000000" nth

/* What was read, as text: since, then each push's entries as FOUND n, NOTHING and HAPPENED. */
struct got {
    bool done;
    enum op_status status;
    char text[1024];
};

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void print_push(const struct deliveries_push *push, char *to, size_t room)
{
    char lines[16][64] = {0};
    for (size_t i = 0; i < push->count; i++) {
        const struct push_entry *entry = &push->entries[i];
        snprintf(lines[i], sizeof lines[i], " %c%02d-%02d/%02d-%02d+%d", "FNH"[entry->kind],
                 entry -> day.month, entry->day.day, entry->period.month, entry->period.day,
                 entry->found);
    }
    qsort(lines, push->count, sizeof lines[0], by_text);
    for (size_t i = 0; i < push->count; i++) {
        size_t used = strlen(to);
        snprintf(to + used, room - used, "%s", lines[i]);
    }
}

static void on_read(void *arg, enum op_status status, const struct deliveries *deliveries)
{
    struct got *got = arg;
    assert_false(got->done);
    got->done = true;
    got->status = status;
    if (deliveries == NULL) {
        return;
    }
    snprintf(got->text, sizeof got->text, "%04d-%02d-%02d", deliveries->since.year,
             deliveries->since.month, deliveries->since.day);
    for (size_t i = 0; i < calendar.count; i++) {
        size_t used = strlen(got->text);
        snprintf(got->text + used, sizeof got->text - used, "%s", i ? ";" : ":");
        print_push(&deliveries->at[i], got->text, sizeof got->text);
    }
}

static const char *read_all(struct date day)
{
    static struct got got;
    got = (struct got){0};
    deliveries_read(bench.store, &county, &calendar, day, on_read, &got);
    assert_false(got.done);
    run_until(bench.loop, &got.done);
    assert_int_equal(got.status, OP_OK);
    return got.text;
}

struct noted {
    bool done;
    enum op_status status;
};

static void on_noted(void *arg, enum op_status status)
{
    *(struct noted *)arg = (struct noted){true, status};
}

static enum op_status note(const char *push, enum deliveries_word word, struct date day,
                           struct date now)
{
    struct noted noted = {0};
    deliveries_note(bench.store, &county, push, word, day, now, on_noted, &noted);
    assert_false(noted.done);
    run_until(bench.loop, &noted.done);
    return noted.status;
}

static struct accepted put_in(const char *receipt, const char *key, const char *push)
{
    return file(&(struct filing){.receipt = receipt,
                                 .token = key,
                                 .person = "intake",
                                 .phone = "",
                                 .content = "c",
                                 .no_event = true,
                                 .intake = true,
                                 .push = push});
}

/* The first look begins the calendar; it stays with that day. */
static void test_since(void **state)
{
    (void)state;
    assert_string_equal(read_all(today), "2026-11-27:;");
    assert_string_equal(read_all((struct date){2026, 12, 31}), "2026-11-27:;");
}

static void test_words(void **state)
{
    (void)state;
    struct date day = {2026, 11, 1}, event = {2026, 11, 20}, later = {2026, 11, 28};
    assert_int_equal(note("p1", DELIVERIES_NOTHING, day, today), OP_OK);
    assert_int_equal(note("p2", DELIVERIES_HAPPENED, event, today), OP_OK);
    assert_string_equal(read_all(later), "2026-11-27: N11-27/11-01+0; H11-20/00-00+0");
    /* the same again is no second word, and keeps the day of the first */
    assert_int_equal(note("p1", DELIVERIES_NOTHING, day, later), OP_OK);
    assert_string_equal(read_all(later), "2026-11-27: N11-27/11-01+0; H11-20/00-00+0");
}

static void test_findings(void **state)
{
    (void)state;
    char plain[DELIVERIES_FINDING_BYTES], dated[DELIVERIES_FINDING_BYTES];
    deliveries_finding(county.id, "p1", today, (struct date){0}, plain);
    deliveries_finding(county.id, "p2", today, (struct date){2026, 11, 20}, dated);
    assert_string_equal(plain, "370115:p1 2026-11-27");
    assert_string_equal(dated, "370115:p2 2026-11-27,2026-11-20");
    assert_int_equal(put_in(FILED("1"), "k1", plain).answer.kind, REPORTS_ACCEPTED);
    assert_int_equal(put_in(FILED("2"), "k2", plain).answer.kind, REPORTS_ACCEPTED);
    assert_int_equal(put_in(FILED("3"), "k3", dated).answer.kind, REPORTS_ACCEPTED);
    assert_string_equal(read_all(today), "2026-11-27: F11-27/00-00+2; F11-27/11-20+1");
    /* a repeat is no delivery */
    assert_int_equal(put_in(FILED("4"), "k1", plain).answer.kind, REPORTS_REPEAT);
    assert_string_equal(read_all(today), "2026-11-27: F11-27/00-00+2; F11-27/11-20+1");
}

/* What the calendar no longer looks at is deleted by whoever reads. */
static void test_old_ones_go(void **state)
{
    (void)state;
    redis_ask(&bench.redis, "HSET ms:{07}:pu:370115 since 2020-01-01");
    redis_ask(&bench.redis, "HSET ms:{07}:pu:370115:p1 2025-01-01 3 n2025-01-01 2025-02-01 "
                            "2026-11-01 2 n2026-10-01 2026-11-02 x? 1");
    assert_string_equal(read_all(today), "2020-01-01: F11-01/00-00+2 N11-02/10-01+0;");
    assert_string_equal(redis_ask(&bench.redis, "HEXISTS ms:{07}:pu:370115:p1 2025-01-01"), "0");
    assert_string_equal(redis_ask(&bench.redis, "HEXISTS ms:{07}:pu:370115:p1 n2025-01-01"), "0");
    assert_string_equal(redis_ask(&bench.redis, "HEXISTS ms:{07}:pu:370115:p1 2026-11-01"), "1");
}

#define REFUSED(call) assert_non_null(strstr(redis_ask(&bench.redis, call), "arguments"))

/* Arguments that no caller of ours sends leave nothing behind. */
static void test_bad_arguments(void **state)
{
    (void)state;
    REFUSED("FCALL delivery_note_1 1 ms:{07} 370115 p1 2026-11-01 2026-11-27");
    REFUSED("FCALL delivery_note_1 1 ms:{07} 370115 p1 n2026-11 2026-11-27");
    REFUSED("FCALL delivery_note_1 1 ms:{07} 370115 p1 n2026-11-01");
    REFUSED("FCALL deliveries_1 1 ms:{07} 370115 2026-11-27");
    REFUSED("FCALL deliveries_1 1 ms:{07} 370115 today 2026-11-27");
    assert_string_equal(redis_ask(&bench.redis, "EXISTS ms:{07}:pu:370115 ms:{07}:pu:370115:p1"),
                        "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_since, wipe),
        cmocka_unit_test_setup(test_words, wipe),
        cmocka_unit_test_setup(test_findings, wipe),
        cmocka_unit_test_setup(test_old_ones_go, wipe),
        cmocka_unit_test_setup(test_bad_arguments, wipe),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
