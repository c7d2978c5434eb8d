#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "domain/pushes.h"

static struct calendar *calendar;

static int load(void **state)
{
    (void)state;
    struct err err;
    struct buf text;
    calendar = calendar_new();
    buf_init(&text, 1 << 20);
    bool read = file_read("deploy/calendar/CN-2026.csv", &text, &err) &&
                calendar_add(calendar, buf_str(&text), "CN-2026.csv", &err);
    buf_release(&text);
    return read ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    calendar_free(&calendar);
    return 0;
}

/* ---- periods and what pays them ---- */

#define PUSH(every, days) "'every':'" every "','due_days':" #days
#define SEASONS           ",'seasons':[{'from':'02-15','to':'02-29'},{'from':'08-15','to':'09-30'}]"

/*
 * entries: `F day` a finding, `F day>event` one that names its event, `N day>period` nothing, `E day` an event; days of 2026 as MM-DD.
 * periods, the oldest first: first..last/due state[+found][ over:working days late]
 */
static const struct {
    const char *push, *since, *today, *entries, *periods;
} cases[] = {
    /* one calendar each; 10-01 to 10-07 are days off, 10-10 is made up for (a Saturday) */
    {PUSH("ten_days", 0), "2026-09-21", "2026-10-25", "",
     "09-21..09-30/09-30 late over:13;10-01..10-10/10-10 late over:10;"
     "10-11..10-20/10-20 late over:3;10-21..10-31/11-02 open"},
    {PUSH("half_month", 0), "2026-02-01", "2026-02-28", "",
     "02-01..02-15/02-24 late over:4;02-16..02-28/02-28 open"},
    {PUSH("month", 5), "2026-08-15", "2026-11-05", "",
     "09-01..09-30/10-08 late over:21;10-01..10-31/11-05 open;11-01..11-30/12-07 open"},
    {PUSH("quarter", 10), "2026-01-01", "2026-07-10", "F 04-09",
     "01-01..03-31/04-10 delivered 04-09+1;04-01..06-30/07-10 open;07-01..09-30/10-10 open"},
    {PUSH("season", 0) SEASONS, "2026-01-01", "2026-08-15", "F 02-20",
     "02-15..02-28/02-28 delivered 02-20+1;08-15..09-30/09-30 open"},
    {PUSH("month", 5) ",'unit':'working'", "2026-09-01", "2026-09-30", "",
     "09-01..09-30/10-13 open"},
    /* since: what began before is not owed; before that nothing is */
    {PUSH("month", 5), "2026-11-02", "2026-11-30", "F 11-03", ""},
    {PUSH("month", 5), "2026-12-01", "2026-11-30", "", ""},
    /* the due day ends at 24:00; the day after it is late, on a day off with no working day lost */
    {PUSH("month", 5), "2026-05-01", "2026-06-05", "",
     "05-01..05-31/06-05 open;06-01..06-30/07-06 open"},
    {PUSH("month", 5), "2026-05-01", "2026-06-06", "",
     "05-01..05-31/06-05 late over:0;06-01..06-30/07-06 open"},
    /* what comes until the due day pays the last period, what comes then the next */
    {PUSH("month", 5), "2026-05-01", "2026-06-20", "F 06-03;F 06-03;F 06-05",
     "05-01..05-31/06-05 delivered 06-03+3;06-01..06-30/07-06 open"},
    {PUSH("month", 5), "2026-05-01", "2026-06-20", "F 06-03;F 06-08",
     "05-01..05-31/06-05 delivered 06-03+1;06-01..06-30/07-06 delivered 06-08+1"},
    {PUSH("month", 5), "2026-05-01", "2026-05-20", "F 05-12",
     "05-01..05-31/06-05 delivered 05-12+1"},
    /* a debt is paid first, by all of one day; later ones pay the period that runs */
    {PUSH("month", 5), "2026-05-01", "2026-06-20", "F 06-09;F 06-09;F 06-10",
     "05-01..05-31/06-05 delivered 06-09+2 over:2;06-01..06-30/07-06 delivered 06-10+1"},
    {PUSH("month", 5), "2026-05-01", "2026-07-02", "F 07-01",
     "05-01..05-31/06-05 late over:18;06-01..06-30/07-06 delivered 07-01+1;"
     "07-01..07-31/08-05 open"},
    {PUSH("ten_days", 0), "2026-06-01", "2026-06-25", "F 06-24",
     "06-01..06-10/06-10 late over:10;06-11..06-20/06-22 delivered 06-24+1 over:2;"
     "06-21..06-30/06-30 open"},
    {PUSH("season", 0) SEASONS, "2026-01-01", "2026-08-15", "F 05-06",
     "02-15..02-28/02-28 delivered 05-06+1 over:44;08-15..09-30/09-30 open"},
    {PUSH("season", 0) SEASONS, "2026-08-01", "2026-08-15", "F 08-10", "08-15..09-30/09-30 open"},
    /* nothing this period: of the period that is named, also an old one; a finding speaks louder */
    {PUSH("month", 5), "2026-04-01", "2026-06-20", "N 06-20>04-01;N 06-20>05-01",
     "04-01..04-30/05-06 delivered 06-20+0 nothing over:32;"
     "05-01..05-31/06-05 delivered 06-20+0 nothing over:9;06-01..06-30/07-06 open"},
    {PUSH("month", 5), "2026-05-01", "2026-06-20", "N 06-02>05-01;F 06-03",
     "05-01..05-31/06-05 delivered 06-02+1;06-01..06-30/07-06 open"},
    {PUSH("month", 5), "2026-05-01", "2026-06-20", "N 06-02>05-02",
     "05-01..05-31/06-05 late over:9;06-01..06-30/07-06 open"},
    /* events */
    {PUSH("event", 7), "2026-07-01", "2026-08-10", "F 07-10", ""},
    {PUSH("event", 7), "2026-07-01", "2026-08-10", "E 07-20", "07-20..07-20/07-27 late over:10"},
    {PUSH("event", 7), "2026-07-01", "2026-07-27", "E 07-20", "07-20..07-20/07-27 open"},
    {PUSH("event", 7), "2026-07-01", "2026-08-10", "F 07-19;E 07-20;F 07-22",
     "07-20..07-20/07-27 delivered 07-22+1"},
    {PUSH("event", 7), "2026-07-01", "2026-08-10", "E 07-20;E 07-22;F 07-29",
     "07-20..07-20/07-27 delivered 07-29+1 over:2;07-22..07-22/07-29 delivered 07-29+1"},
    {PUSH("event", 7), "2026-07-01", "2026-08-10", "E 07-10;E 07-20;F 07-24>07-10;F 07-24>07-20",
     "07-10..07-10/07-17 delivered 07-24+1 over:5;07-20..07-20/07-27 delivered 07-24+1"},
    /* found on a day that nobody told an event of: as one that names none, and none begins */
    {PUSH("event", 7), "2026-07-01", "2026-08-10", "E 07-20;F 07-22>07-21",
     "07-20..07-20/07-27 delivered 07-22+1"},
    {PUSH("event", 7), "2026-07-01", "2026-08-10", "E 07-20;F 07-22>07-19",
     "07-20..07-20/07-27 delivered 07-22+1"},
    {PUSH("event", 7), "2026-07-01", "2026-08-10", "E 07-18;E 07-20;E 07-24;F 07-22>07-21",
     "07-18..07-18/07-27 delivered 07-22+1;07-20..07-20/07-27 delivered 07-22+1;"
     "07-24..07-24/07-31 late over:6"},
    {PUSH("event", 7), "2026-07-01", "2026-08-10", "E 07-20;F 07-19>07-18",
     "07-20..07-20/07-27 late over:10"},
    /* those of one day count alike, in whatever order they stand on record */
    {PUSH("event", 7), "2026-07-01", "2026-08-10",
     "E 07-20;F 07-22>07-20;F 07-22>07-21;F 07-22;F 07-23>07-21",
     "07-20..07-20/07-27 delivered 07-22+3"},
    {PUSH("event", 7), "2026-07-01", "2026-08-10", "E 07-20;F 07-22>07-21;F 07-22>07-20",
     "07-20..07-20/07-27 delivered 07-22+2"},
    /* a word that there was nothing is about its own event alone */
    {PUSH("event", 7), "2026-07-01", "2026-08-10", "E 07-18;E 07-20;N 07-21>07-18",
     "07-18..07-18/07-27 delivered 07-21+0 nothing;07-20..07-20/07-27 late over:10"},
    {PUSH("event", 7), "2026-07-01", "2026-08-10", "E 07-20;N 07-21>07-20",
     "07-20..07-20/07-27 delivered 07-21+0 nothing"},
    {PUSH("event", 7), "2026-07-01", "2026-07-02", "E 06-29",
     "06-29..06-29/07-06 open"}, /* somebody told it, so it is owed */
    {PUSH("event", 7), "2026-07-01", "2026-07-02", "E 07-03", ""},
    {PUSH("event", 2) ",'unit':'working'", "2026-07-01", "2026-07-18", "E 07-17;F 07-18>07-17",
     "07-17..07-17/07-21 delivered 07-18+1"},
    {PUSH("event", 7), "2026-07-01", "2026-07-18", "F 07-18>07-17", ""},
};

static void unquote(char *text)
{
    for (; *text != '\0'; text++) {
        *text = *text == '\'' ? '"' : *text;
    }
}

static struct pushes *load_push(const char *members)
{
    char text[1024];
    struct err err = {0};
    snprintf(text, sizeof text,
             "{'name':'x','pushes':[{'id':'p','org':'o','name':'x','basis':'unconfirmed',%s}]}",
             members);
    unquote(text);
    struct pushes *pushes = pushes_load(str_of(text), "p.json", &err);
    print_message("%s", err.text);
    assert_non_null(pushes);
    return pushes;
}

static struct date day_of(struct str text)
{
    char full[16];
    struct date date;
    snprintf(full, sizeof full, "2026-%.*s", STR_ARG(text));
    assert_true(date_parse(str_of(full), &date));
    return date;
}

static size_t read_entries(const char *text, struct push_entry *ret)
{
    struct str rest = str_of(text), part;
    size_t count = 0;
    while (rest.len > 0 && str_next(&rest, ';', &part)) {
        struct push_entry *entry = &ret[count++];
        *entry = (struct push_entry){.kind = part.at[0] == 'F'   ? PUSH_FOUND
                                             : part.at[0] == 'N' ? PUSH_NOTHING
                                                                 : PUSH_HAPPENED,
                                     .found = 1,
                                     .day = day_of(str_sub(part, 2, 5))};
        if (part.len > 8) {
            entry->period = day_of(str_from(part, 8));
        }
    }
    return count;
}

static void print_period(const struct push_period *period, struct buf *to)
{
    static const char *const states[] = {"open", "delivered", "late"};
    buf_printf(to, "%s%02d-%02d..%02d-%02d/%02d-%02d %s", to->len ? ";" : "", period->first.month,
               period->first.day, period->last.month, period->last.day, period->due.month,
               period->due.day, states[period->state]);
    if (period->state == PUSH_DELIVERED) {
        buf_printf(to, " %02d-%02d+%d", period->delivered.month, period->delivered.day,
                   period->found);
    }
    buf_printf(to, "%s", period->nothing ? " nothing" : "");
    if (period->over) {
        buf_printf(to, " over:%d", period->late_days);
    }
}

static void test_periods(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pushes *pushes = load_push(cases[i].push);
        struct push_entry entries[8];
        struct push_period periods[PUSH_PERIODS_MAX];
        struct date since, today;
        struct buf said;
        buf_init(&said, 8192);
        assert_true(date_parse(str_of(cases[i].since), &since));
        assert_true(date_parse(str_of(cases[i].today), &today));
        size_t count = read_entries(cases[i].entries, entries);
        for (size_t left =
                 push_periods(&pushes->at[0], calendar, since, today, entries, count, periods);
             left > 0; left--) {
            print_period(&periods[left - 1], &said);
        }
        print_message("%s %s: %s\n", cases[i].push, cases[i].entries, buf_text(&said));
        assert_string_equal(buf_text(&said), cases[i].periods);
        buf_release(&said);
        pushes_free(&pushes);
    }
}

/* Whatever is on record, the list ends and begins 400 days ago at the earliest. */
static void test_bounds(void **state)
{
    (void)state;
    struct push_period periods[PUSH_PERIODS_MAX];
    struct date since = {1990, 1, 1}, today = {2026, 11, 27};
    struct pushes *pushes = load_push(PUSH("ten_days", 0));
    size_t count = push_periods(&pushes->at[0], calendar, since, today, NULL, 0, periods);
    assert_int_equal(count, 39);
    assert_int_equal(date_compare(periods[0].first, (struct date){2026, 11, 21}), 0);
    assert_int_equal(date_compare(periods[38].first, (struct date){2025, 11, 1}), 0);
    pushes_free(&pushes);

    struct push_entry entries[PUSH_LOOK_BACK_DAYS];
    for (int i = 0; i < PUSH_LOOK_BACK_DAYS; i++) {
        entries[i] = (struct push_entry){.kind = PUSH_HAPPENED,
                                         .day = date_from_days(date_to_days(today) - i)};
    }
    pushes = load_push(PUSH("event", 7));
    count = push_periods(&pushes->at[0], calendar, since, today, entries, PUSH_LOOK_BACK_DAYS,
                         periods);
    assert_int_equal(count, PUSH_PERIODS_MAX);
    assert_int_equal(date_compare(periods[0].first, today), 0);
    pushes_free(&pushes);
}

/* Which period a word of today is about when it names none. */
static const struct {
    const char *push, *since, *today, *entries, *owed;
} owed[] = {
    {PUSH("month", 5), "2026-05-01", "2026-05-20", "", "05-01"},
    {PUSH("month", 5), "2026-05-01", "2026-06-05", "", "05-01"},
    {PUSH("month", 5), "2026-05-01", "2026-06-05", "F 05-20", ""},
    {PUSH("month", 5), "2026-05-01", "2026-06-20", "", "05-01"},
    {PUSH("month", 5), "2026-05-01", "2026-06-20", "F 06-01", "06-01"},
    {PUSH("month", 5), "2026-05-01", "2026-07-02", "", "06-01"},
    {PUSH("month", 5), "2026-05-02", "2026-05-20", "", ""},
    {PUSH("season", 0) SEASONS, "2026-01-01", "2026-05-06", "", "02-15"},
    {PUSH("season", 0) SEASONS, "2026-01-01", "2026-05-06", "F 02-20", ""},
    {PUSH("event", 7), "2026-07-01", "2026-07-30", "E 07-20;E 07-28", "07-20"},
    {PUSH("event", 7), "2026-07-01", "2026-07-30", "E 07-20;E 07-28;N 07-21>07-20", "07-28"},
    {PUSH("event", 7), "2026-07-01", "2026-07-30", "", ""},
};

static void test_owed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof owed / sizeof owed[0]; i++) {
        struct pushes *pushes = load_push(owed[i].push);
        struct push_entry entries[8];
        struct push_period periods[PUSH_PERIODS_MAX];
        struct date since, today, first;
        char text[16] = "";
        assert_true(date_parse(str_of(owed[i].since), &since));
        assert_true(date_parse(str_of(owed[i].today), &today));
        size_t count = read_entries(owed[i].entries, entries);
        count = push_periods(&pushes->at[0], calendar, since, today, entries, count, periods);
        if (push_period_owed(&pushes->at[0], periods, count, today, &first)) {
            snprintf(text, sizeof text, "%02d-%02d", first.month, first.day);
        }
        print_message("%s %s %s: %s\n", owed[i].push, owed[i].today, owed[i].entries, text);
        assert_string_equal(text, owed[i].owed);
        pushes_free(&pushes);
    }
}

/* ---- the file ---- */

#define ONE(members) "{'name':'x','pushes':[{" members "}]}"
#define HEAD         "'id':'p','org':'o','name':'x','basis':'b',"

static const struct {
    const char *json, *says;
} broken[] = {
    {"{", "p.json:1: "},
    {"{'name':'x'}", "p.json: /pushes: is required"},
    {ONE(""), "p.json: /pushes/0/id: is required"},
    {ONE(HEAD "'every':'month'"), "/pushes/0/due_days: is required"},
    {ONE(HEAD "'every':'week','due_days':0"), "/pushes/0/every: must be one of: event"},
    {ONE(HEAD "'every':'month','due_days':91"), "/pushes/0/due_days: must be a whole number"},
    {ONE(HEAD "'every':'month','due_days':5,'unit':'days'"), "/pushes/0/unit: must be one of"},
    {ONE(HEAD "'every':'month','due_days':5,'day':5"), "/pushes/0/day: allowed are: id, org"},
    {ONE(HEAD "'every':'season','due_days':5"), "/pushes/0/seasons: belongs to every: season"},
    {ONE(HEAD "'every':'month','due_days':5,'seasons':[{'from':'01-01','to':'02-01'}]"),
     "/pushes/0/seasons: belongs to every: season"},
    {ONE(HEAD "'every':'season','due_days':5,'seasons':[{'from':'02-30','to':'03-01'}]"),
     "/pushes/0/seasons/0/from: must be a day of the year"},
    {ONE(HEAD "'every':'season','due_days':5,'seasons':[{'from':'03-01','to':'3-2'}]"),
     "/pushes/0/seasons/0/to: must be a day of the year"},
    {ONE(HEAD "'every':'season','due_days':5,'seasons':[{'from':'03-02','to':'03-01'}]"),
     "/pushes/0/seasons/0/to: must not come before from"},
    {ONE(HEAD "'every':'season','due_days':5,'seasons':[{'from':'03-01','to':'03-31'},{'from':"
              "'03-31','to':'04-02'}]"),
     "/pushes/0/seasons/1/from: must come after the season before"},
    {ONE("'id':'P','org':'o','name':'x','basis':'b','every':'month','due_days':5"),
     "/pushes/0/id: must be a-z"},
    {ONE("'id':'p','org':'o_o','name':'x','basis':'b','every':'month','due_days':5"),
     "/pushes/0/org: must be a-z"},
    {ONE(HEAD "'every':'month','due_days':5},{" HEAD "'every':'month','due_days':6"),
     "/pushes/1/id: stands here twice"},
};

static void test_broken_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct err err = {0};
        char text[1024];
        snprintf(text, sizeof text, "%s", broken[i].json);
        unquote(text);
        assert_null(pushes_load(str_of(text), "p.json", &err));
        print_message("%s\n", err.text);
        assert_non_null(strstr(err.text, broken[i].says));
    }
}

static void test_shipped_file(void **state)
{
    (void)state;
    struct err err;
    struct buf text;
    buf_init(&text, 1 << 20);
    assert_true(file_read("templates/pushes/laiyuan.json", &text, &err));
    struct pushes *pushes = pushes_load(buf_str(&text), "laiyuan.json", &err);
    assert_non_null(pushes);
    assert_int_equal(pushes->count, 9);
    for (size_t i = 0; i < pushes->count; i++) {
        assert_false(pushes->at[i].confirmed);
    }
    assert_ptr_equal(pushes_find(pushes, STR("disaster")), &pushes->at[8]);
    assert_null(pushes_find(pushes, STR("flood")));
    assert_string_equal(push_every_name(pushes->at[5].every), "season");
    pushes_free(&pushes);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_periods),      cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_owed),         cmocka_unit_test(test_broken_files),
        cmocka_unit_test(test_shipped_file),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
