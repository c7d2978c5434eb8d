/* Clocks: what is due, the light it shows, when that changes by itself, and what pauses and calendars do to it. */
#include "domain/signal.h"
#include "domain_procedures.h"

/* "visit 11-30 total 12-08 green 0 next 11-27 08:00" */
static void show(const struct procedure *procedure, const struct calendar *calendar,
                 const struct progress *progress, bool urgent, const char *when, char ret[160])
{
    struct signal_now now;
    char next[CLOCK_ISO_BYTES] = "";
    signal_of(procedure, calendar, progress, urgent, procedures_at(when), &now);
    struct date due = date_of_ms(now.step_due_ms - 1), total = date_of_ms(now.total_due_ms - 1);
    const char *step = now.step < 0 ? "none"
                                    : progress_route(procedure, progress)->steps[now.step].id;
    if (now.next_ms > 0) {
        clock_iso(now.next_ms, next);
        next[10] = ' ';
        next[16] = '\0';
    }
    snprintf(ret, 160, "%s %02d-%02d total %02d-%02d %s %d%s%s", step, due.month, due.day,
             total.month, total.day, signal_name(now.signal), now.late_days,
             next[0] ? " next " : "", next[0] ? next + 5 : "");
    assert_int_equal(now.late, now.signal >= SIGNAL_ORANGE);
}

struct look {
    const char *what; /* a move, or NULL: only look */
    const char *when;
    const char *shows; /* NULL: do not look; "!" before it: the report is urgent */
};

static void look_at(struct procedure *procedure, const char *accepted, const struct look *looks)
{
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    char text[160];
    progress_begin(procedure, calendar, procedures_at(accepted), &progress);
    for (size_t i = 0; looks[i].when != NULL; i++) {
        if (looks[i].what != NULL) {
            struct progress_move move = procedures_move(looks[i].what,
                                                        procedures_at(looks[i].when));
            assert_int_equal(progress_apply(procedure, calendar, &progress, &move),
                             PROGRESS_APPLIED);
        }
        bool urgent = looks[i].shows != NULL && looks[i].shows[0] == '!';
        show(procedure, calendar, &progress, urgent, looks[i].when, text);
        if (looks[i].shows != NULL && strcmp(text, looks[i].shows + urgent) != 0) {
            fail_msg("look %zu, %s: %s", i, looks[i].when, text);
        }
    }
    calendar_free(&calendar);
    procedure_free(&procedure);
}

static void look(const char *name, const char *accepted, const struct look *looks)
{
    look_at(procedures_load(name), accepted, looks);
}

static void test_lights(void **state)
{
    static const struct look looks[] = {
        {NULL, "2026-11-23", "visit 11-30 total 12-08 green 0 next 11-27 08:00"},
        {NULL, "2026-11-27 07:59", "visit 11-30 total 12-08 green 0 next 11-27 08:00"},
        {NULL, "2026-11-27 08:00", "visit 11-30 total 12-08 yellow 0 next 12-01 00:00"},
        {NULL, "2026-11-30 23:59", "visit 11-30 total 12-08 yellow 0 next 12-01 00:00"},
        {NULL, "2026-12-01 00:00", "visit 11-30 total 12-08 orange 1 next 12-08 00:00"},
        {NULL, "2026-12-01 00:00", "!visit 11-30 total 12-08 red 1"},
        {NULL, "2026-12-07 23:59", "visit 11-30 total 12-08 orange 5 next 12-08 00:00"},
        {NULL, "2026-12-08 00:00", "visit 11-30 total 12-08 red 6"},
        {"s visit passed", "2026-12-08 10:00",
         "review 12-08 total 12-08 yellow 0 next 12-09 00:00"},
        {NULL, "2026-12-09 00:00", "review 12-08 total 12-08 orange 1 next 12-16 00:00"},
        {"u = declined", "2026-12-10", "none 01-01 total 01-01 green 0"},
        {"f object", "2026-12-10 10:00", "none 12-17 total 01-01 green 0 next 12-16 08:00"},
        {NULL, "2026-12-16 08:00", "none 12-17 total 01-01 yellow 0 next 12-18 00:00"},
        {NULL, "2026-12-18 00:00", "none 12-17 total 01-01 orange 1 next 12-25 00:00"},
        {"s uphold", "2026-12-18 10:00", "none 01-01 total 01-01 green 0"},
        {0},
    };
    (void)state;
    look("laiyuan", "2026-11-23", looks);
}

/* The whole may be yellow while the step is green; the worst of them shows. */
static void test_the_worst_clock_shows(void **state)
{
    static const struct look looks[] = {
        {"s visit passed", "2026-12-03", "review 12-08 total 12-08 green 0 next 12-04 00:00"},
        {NULL, "2026-12-04 00:00", "review 12-08 total 12-08 yellow 0 next 12-09 00:00"},
        {0},
    };
    (void)state;
    look("laiyuan", "2026-11-23", looks);
}

/* 24 September to 8 October 2026: Mid-Autumn on the 25th, National Day from the 1st to the 7th, Saturday the 10th is worked. */
static void test_pauses_over_holidays(void **state)
{
    static const struct look five_left[] = {
        {NULL, "2026-09-22", "visit 09-30 total 10-08 green 0 next 09-29 08:00"},
        /* on the day before the holiday four working days are left: 24, 28, 29, 30 */
        {"s pause 30", "2026-09-23", "visit 09-30 total 10-08 green 0 next 10-24 00:00"},
        {NULL, "2026-10-20", "visit 09-30 total 10-08 green 0 next 10-24 00:00"},
        /* over the holidays: 8, 9, 10 (worked), 12 */
        {"s resume", "2026-10-06", "visit 10-12 total 10-21 green 0 next 10-10 08:00"},
        {0},
    };
    static const struct look by_itself[] = {
        {"s pause 7", "2026-09-29", "visit 09-30 total 10-08 yellow 0 next 10-07 00:00"},
        {NULL, "2026-10-06 23:59", "visit 09-30 total 10-08 yellow 0 next 10-07 00:00"},
        /* one working day is left: Thursday the 8th; nine days of the whole are: the 15th */
        {NULL, "2026-10-07 00:00", "visit 10-08 total 10-15 yellow 0 next 10-09 00:00"},
        {NULL, "2026-10-09 00:00", "visit 10-08 total 10-15 orange 1 next 10-15 00:00"},
        {0},
    };
    static const struct look last_day[] = {
        {"s pause 5", "2026-09-30", "visit 09-30 total 10-08 yellow 0 next 10-06 00:00"},
        {"s resume", "2026-10-02", "visit 10-08 total 10-10 yellow 0 next 10-09 00:00"},
        {0},
    };
    static const struct look late[] = {
        {NULL, "2026-10-09", "visit 09-30 total 10-08 orange 2 next 10-14 00:00"},
        {"s pause 10", "2026-10-09", "visit 09-30 total 10-08 orange 2 next 10-20 00:00"},
        /* a pause lets nothing become later, and nothing less late */
        {"s resume", "2026-10-16", "visit 10-14 total 10-15 orange 2 next 10-22 00:00"},
        {0},
    };
    static const struct look same_day[] = {
        {"s pause 10", "2026-09-23 10:00", NULL},
        {"s resume", "2026-09-23 16:00", "visit 09-30 total 10-08 green 0 next 09-29 08:00"},
        {0},
    };
    static const struct look twice[] = {
        {"s pause 10", "2026-09-23", NULL},
        {"s resume", "2026-09-24", "visit 10-08 total 10-09 green 0 next 09-30 08:00"},
        {"s pause 10", "2026-09-28", NULL},
        {"s resume", "2026-09-30", "visit 10-10 total 10-12 green 0 next 10-08 00:00"},
        {0},
    };
    static const struct look at_once[] = {
        {"s pause 30", "2026-09-22", NULL},
        {"s resume", "2026-09-23", "visit 10-08 total 10-09 green 0 next 09-30 08:00"},
        {0},
    };
    (void)state;
    look("laiyuan", "2026-09-22", at_once);
    look("laiyuan", "2026-09-22", five_left);
    look("laiyuan", "2026-09-22", by_itself);
    look("laiyuan", "2026-09-22", last_day);
    look("laiyuan", "2026-09-22", late);
    look("laiyuan", "2026-09-22", same_day);
    look("laiyuan", "2026-09-22", twice);
}

static void test_found_earlier(void **state)
{
    struct procedure *procedure = procedures_load("laiyuan");
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    char text[160];
    (void)state;
    progress_begin_found(procedure, calendar, procedures_at("2026-11-23"),
                         procedures_at("2026-11-18"), &progress);
    show(procedure, calendar, &progress, false, "2026-11-23", text);
    assert_string_equal(text, "visit 11-30 total 12-03 green 0 next 11-27 08:00");
    procedures_through_json(procedure, &progress);
    progress_begin_found(procedure, calendar, procedures_at("2026-11-23"),
                         procedures_at("2026-11-24"), &progress); /* not in the future */
    show(procedure, calendar, &progress, false, "2026-11-23", text);
    assert_string_equal(text, "visit 11-30 total 12-08 green 0 next 11-27 08:00");
    calendar_free(&calendar);
    procedure_free(&procedure);
}

/* What was helped first is followed by steps that the total does not bound. */
static void test_green_channel_clocks(void **state)
{
    static const struct look looks[] = {
        {"s visit passed", "2026-11-24", NULL},
        {"s green", "2026-11-24", "committee 11-25 total 12-08 green 0 next 11-25 16:00"},
        {"s committee passed", "2026-11-24", NULL},
        {"s check passed", "2026-11-24", NULL},
        {"s help passed", "2026-12-08", "review 12-22 total 12-08 green 0 next 12-17 16:00"},
        {NULL, "2026-12-17 16:00", "review 12-22 total 12-08 yellow 0 next 12-23 00:00"},
        {0},
    };
    (void)state;
    look("laiyuan", "2026-11-23", looks);
}

/* A notice that begins on the last day still stands its days: the date says so. */
static void test_a_notice_near_the_end(void **state)
{
    static const struct look looks[] = {
        {"s visit passed", "2026-12-07", NULL},
        {"s check passed", "2026-12-07", NULL},
        {"s review passed", "2026-12-07", "notice 12-12 total 12-08 yellow 0 next 12-09 00:00"},
        {NULL, "2026-12-09 00:00", "notice 12-12 total 12-08 orange 1 next 12-16 00:00"},
        {0},
    };
    (void)state;
    look("laiyuan", "2026-11-23", looks);
}

static void test_expected_days_afterwards(void **state)
{
    struct procedure *procedure = procedures_load("laiyuan");
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    struct date days[PROCEDURE_STEPS_MAX];
    struct progress_move green = procedures_move("s green", procedures_at("2026-11-23"));
    char text[80] = "";
    (void)state;
    progress_begin(procedure, calendar, procedures_at("2026-11-23"), &progress);
    progress_apply(procedure, calendar, &progress, &green);
    progress_expected(procedure, calendar, &progress, days);
    for (size_t i = 0; i < procedure->green->step_count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%02d-%02d ", days[i].month, days[i].day);
    }
    assert_string_equal(text, "11-24 11-25 11-27 12-01 12-15 12-22 12-29 ");
    calendar_free(&calendar);
    procedure_free(&procedure);
}

/* A step counted from the day of filing, and a green channel that has a total of its own. */
static void test_counted_from_filing(void **state)
{
    static const char json[] =
        "{\"id\":\"x\",\"name\":\"某县\",\"total\":{\"days\":30,\"unit\":\"working\"},\"steps\":["
        "{\"id\":\"visit\",\"word\":\"待上门\",\"name\":\"入户\",\"who\":\"村里\"},"
        "{\"id\":\"check\",\"word\":\"审核中\",\"name\":\"审核\",\"who\":\"镇里\",\"after\":["
        "\"visit\"],"
        "\"deadline\":{\"days\":8,\"unit\":\"working\",\"from\":\"filed\"}}],"
        "\"moves\":[\"transfer\"],"
        "\"reasons\":[{\"id\":\"solved\",\"words\":\"这个困难已经解决\"}],"
        "\"green_channel\":{\"name\":\"绿色通道\",\"total\":{\"days\":2,\"unit\":\"working\"},"
        "\"steps\":[{\"id\":\"check\"},{\"id\":\"visit\",\"after\":[\"check\"]}]}}";
    static const struct look filed[] = {
        {"u visit passed", "2026-11-30", "check 12-03 total 01-05 green 0 next 12-01 08:00"},
        {"s transfer a b", "2026-12-01", "check 12-11 total 01-13 green 0 next 12-09 08:00"},
        {0},
    };
    static const struct look green[] = {
        {"s green", "2026-11-24", "check 11-26 total 11-26 green 0 next 11-26 08:00"},
        {0},
    };
    struct err err = {{0}};
    struct procedure *procedure = procedure_load(STR(json), "x.json", &err);
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    struct date days[PROCEDURE_STEPS_MAX];
    (void)state;
    assert_non_null(procedure);
    progress_begin(procedure, calendar, procedures_at("2026-11-23"), &progress);
    progress.steps[0].due_ms = procedures_at("2026-11-25 24:00");
    progress_expected(procedure, calendar, &progress, days);
    assert_int_equal(days[1].month * 100 + days[1].day, 1203);
    look_at(procedure, "2026-11-23", filed);
    look_at(procedure_load(STR(json), "x.json", &err), "2026-11-23", green);
    calendar_free(&calendar);
}

/* A third of the days that there are, not of those that were planned: the total cuts ten to three. */
static void test_a_third_of_what_is_left(void **state)
{
    static const char json[] =
        "{\"id\":\"x\",\"name\":\"某县\",\"total\":{\"days\":3,\"unit\":\"calendar\"},"
        "\"steps\":[{\"id\":\"visit\",\"word\":\"待上门\",\"name\":\"入户\",\"who\":\"村里\","
        "\"deadline\":{\"days\":10,\"unit\":\"calendar\"}}],"
        "\"reasons\":[{\"id\":\"solved\",\"words\":\"这个困难已经解决\"}]}";
    struct err err = {{0}};
    struct procedure *procedure = procedure_load(STR(json), "x.json", &err);
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    char text[160];
    (void)state;
    assert_non_null(procedure);
    progress_begin(procedure, calendar, procedures_at("2026-11-23"), &progress);
    show(procedure, calendar, &progress, false, "2026-11-23", text);
    assert_string_equal(text, "visit 11-26 total 11-26 green 0 next 11-26 00:00");
    calendar_free(&calendar);
    procedure_free(&procedure);
}

static void test_late_days(void **state)
{
    static const struct {
        const char *due, *at;
        int days;
    } cases[] = {
        {"2026-11-30 24:00", "2026-11-30 23:59", 0}, {"2026-11-30 24:00", "2026-12-01 00:00", 1},
        {"2026-11-27 24:00", "2026-11-28 12:00", 0}, {"2026-11-27 24:00", "2026-11-30 12:00", 1},
        {"2026-09-30 24:00", "2026-10-07 12:00", 0}, {"2026-09-30 24:00", "2026-10-10 12:00", 3},
    };
    struct calendar *calendar = procedures_calendar();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            signal_late_days(calendar, procedures_at(cases[i].due), procedures_at(cases[i].at)),
            cases[i].days);
    }
    calendar_free(&calendar);
}

static struct calendar *calendar_of(const char *csv)
{
    struct calendar *calendar = calendar_new();
    struct err err = {{0}};
    assert_true(calendar_add(calendar, str_of(csv), "CN-2026.csv", &err));
    return calendar;
}

static void test_a_new_calendar(void **state)
{
    static const struct {
        const char *csv, *expected;
    } cases[] = {
        {"date,kind\n2026-12-31,holiday\n", ""},
        {"date,kind\n2026-11-25,holiday\n", "0 12-01"},
        {"date,kind\n2026-12-08,holiday\n", "-1 12-09"},
        {"date,kind\n2026-11-26,holiday\n2026-11-27,holiday\n2026-12-08,holiday\n",
         "-1 12-09 0 12-02"},
        {"date,kind\n2026-11-28,workday\n", "0 11-28 kept"}, /* a promise is not shortened */
    };
    struct procedure *procedure = procedures_load("laiyuan");
    struct calendar *old = procedures_calendar();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct calendar *calendar = calendar_of(cases[i].csv);
        struct signal_recalc list[SIGNAL_RECALC_MAX];
        struct progress progress;
        char text[160] = "";
        progress_begin(procedure, old, procedures_at("2026-11-23"), &progress);
        int64_t was_ms = progress.steps[0].due_ms;
        size_t count = signal_recalc(procedure, calendar, &progress, list);
        for (size_t j = 0; j < count; j++) {
            struct date want = date_of_ms(list[j].want_ms - 1);
            size_t len = strlen(text);
            snprintf(text + len, sizeof text - len, "%s%d %02d-%02d%s", j ? " " : "", list[j].step,
                     want.month, want.day, list[j].kept ? " kept" : "");
            int64_t now_ms = list[j].step < 0 ? progress.total_due_ms : progress.steps[0].due_ms;
            assert_true(now_ms == (list[j].kept ? list[j].old_ms : list[j].want_ms));
        }
        assert_string_equal(text, cases[i].expected);
        assert_true(progress.steps[0].due_ms >= was_ms);
        calendar_free(&calendar);
    }
    struct progress progress;
    struct signal_recalc list[SIGNAL_RECALC_MAX];
    progress_begin(procedure, old, procedures_at("2026-11-23"), &progress);
    struct progress_move declined = procedures_move("u = declined", procedures_at("2026-11-24"));
    struct progress_move object = procedures_move("f object", procedures_at("2026-11-25"));
    progress_apply(procedure, old, &progress, &declined);
    progress_apply(procedure, old, &progress, &object);
    struct calendar *calendar = calendar_of("date,kind\n2026-11-26,holiday\n");
    struct progress paused;
    struct progress_move pause = procedures_move("s pause 30", procedures_at("2026-11-24"));
    progress_begin(procedure, calendar, procedures_at("2026-11-23"), &paused);
    progress_apply(procedure, calendar, &paused, &pause);
    assert_int_equal(signal_recalc(procedure, calendar, &paused, list), 0); /* may end any day */
    assert_int_equal(signal_recalc(procedure, calendar, &progress, list), 1);
    assert_int_equal(list[0].step, SIGNAL_OBJECTION);
    assert_true(progress.objection_due_ms == procedures_at("2026-12-03 24:00"));
    assert_int_equal(signal_recalc(procedure, calendar, &progress, list), 0);
    calendar_free(&calendar);
    calendar_free(&old);
    procedure_free(&procedure);
}

/* Until when a declined household may object: 2026-01-15 and 30 days, the last one a Saturday. */
static void test_a_new_calendar_and_the_days_for_an_objection(void **state)
{
    struct procedure *procedure = procedures_load("laiyuan");
    struct calendar *fallback = calendar_new(), *shipped = procedures_calendar();
    struct signal_recalc list[SIGNAL_RECALC_MAX];
    struct progress progress;
    struct progress_move declined = procedures_move("u = declined", procedures_at("2026-01-15"));
    struct progress_move object = procedures_move("f object", procedures_at("2026-02-10"));
    int64_t early_ms = procedures_at("2026-02-14 24:00"),
            late_ms = procedures_at("2026-02-20 24:00");
    (void)state;
    progress_begin(procedure, shipped, procedures_at("2026-01-12"), &progress);
    progress_apply(procedure, shipped, &progress, &declined);
    assert_true(progress.object_end_ms == early_ms);
    assert_int_equal(signal_recalc(procedure, shipped, &progress, list), 0);
    assert_int_equal(signal_recalc(procedure, fallback, &progress, list), 1);
    assert_int_equal(list[0].step, SIGNAL_OBJECT);
    assert_true(list[0].old_ms == early_ms && list[0].want_ms == late_ms && !list[0].kept);
    assert_true(progress.object_end_ms == late_ms); /* was read by now, so it stays */
    assert_int_equal(signal_recalc(procedure, shipped, &progress, list), 1);
    assert_true(list[0].kept && progress.object_end_ms == late_ms);
    progress_apply(procedure, shipped, &progress, &object); /* only its own clock counts now */
    assert_int_equal(signal_recalc(procedure, shipped, &progress, list), 0);
    calendar_free(&fallback);
    calendar_free(&shipped);
    procedure_free(&procedure);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lights),
        cmocka_unit_test(test_the_worst_clock_shows),
        cmocka_unit_test(test_pauses_over_holidays),
        cmocka_unit_test(test_found_earlier),
        cmocka_unit_test(test_green_channel_clocks),
        cmocka_unit_test(test_a_notice_near_the_end),
        cmocka_unit_test(test_expected_days_afterwards),
        cmocka_unit_test(test_counted_from_filing),
        cmocka_unit_test(test_a_third_of_what_is_left),
        cmocka_unit_test(test_late_days),
        cmocka_unit_test(test_a_new_calendar),
        cmocka_unit_test(test_a_new_calendar_and_the_days_for_an_objection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
