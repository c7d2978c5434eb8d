/* Orders and times that no straight walk has: the green channel begun midway, what is told late, what an ending leaves open. */
#include "domain/facts.h"
#include "domain_procedures.h"

struct scene {
    struct procedure *procedure;
    struct calendar *calendar;
    struct progress progress;
};

static void scene_open(struct scene *scene, const char *name, const char *accepted)
{
    scene->procedure = procedures_load(name);
    scene->calendar = procedures_calendar();
    progress_begin(scene->procedure, scene->calendar, procedures_at(accepted), &scene->progress);
}

static void scene_close(struct scene *scene)
{
    calendar_free(&scene->calendar);
    procedure_free(&scene->procedure);
}

static enum progress_refusal scene_check(struct scene *scene, const char *what, const char *when)
{
    struct progress_move move = procedures_move(what, procedures_at(when));
    return progress_check(scene->procedure, scene->calendar, &scene->progress, &move);
}

static void scene_move(struct scene *scene, const char *what, const char *when)
{
    struct progress_move move = procedures_move(what, procedures_at(when));
    if (progress_apply(scene->procedure, scene->calendar, &scene->progress, &move) !=
        PROGRESS_APPLIED) {
        fail_msg("%s, %s: %s", what, when, progress_refusal_name(scene_check(scene, what, when)));
    }
    procedures_through_json(scene->procedure, &scene->progress);
}

static void scene_shows(const struct scene *scene, const char *expected)
{
    char text[200];
    procedures_show(scene->procedure, &scene->progress, text);
    assert_string_equal(text, expected);
}

static const struct progress_step *step_of(const struct scene *scene, const char *id)
{
    const struct procedure *route = progress_route(scene->procedure, &scene->progress);
    return &scene->progress.steps[procedure_step_index(route, str_of(id))];
}

static void assert_due(const struct scene *scene, const char *id, const char *day)
{
    const struct progress_step *step = step_of(scene, id);
    char until[20];
    snprintf(until, sizeof until, "%s 24:00", day);
    assert_int_equal(step->state, STEP_OPEN);
    assert_int_equal(step->due_ms, procedures_at(until));
}

/* Whatever is under way has all before it behind it, and a last day that lay ahead when it began. */
static void assert_in_turn(const struct scene *scene)
{
    const struct procedure *route = progress_route(scene->procedure, &scene->progress);
    for (size_t i = 0; i < route->step_count; i++) {
        const struct progress_step *step = &scene->progress.steps[i];
        for (size_t j = 0; j < route->step_count && progress_step_under_way(&scene->progress, i);
             j++) {
            if ((route->steps[i].before >> j & 1) && !progress_step_closed(&scene->progress, j)) {
                fail_msg("%s is under way before %s is done", route->steps[i].id,
                         route->steps[j].id);
            }
        }
        if (progress_step_under_way(&scene->progress, i) && step->due_ms <= step->opened_ms) {
            fail_msg("%s was late when it began", route->steps[i].id);
        }
    }
}

/* One step of the route, on the day after, or when its notice has stood. */
static int64_t go_on(struct scene *scene, int64_t at_ms)
{
    const struct procedure *route = progress_route(scene->procedure, &scene->progress);
    int current = progress_current(scene->procedure, &scene->progress);
    assert_true(current >= 0);
    at_ms += 86400000 * INT64_C(1);
    int64_t stood_ms = scene->progress.steps[current].opened_ms +
                       route->steps[current].notice_days_min * INT64_C(86400000);
    struct progress_move move = {.kind = MOVE_STEP,
                                 .by = MOVER_STAFF,
                                 .step = str_of(route->steps[current].id),
                                 .outcome = STR("passed"),
                                 .at_ms = stood_ms > at_ms ? stood_ms : at_ms};
    assert_int_equal(progress_apply(scene->procedure, scene->calendar, &scene->progress, &move),
                     PROGRESS_APPLIED);
    procedures_through_json(scene->procedure, &scene->progress);
    return move.at_ms;
}

/* Help first, the rest afterwards, however far the report was when the channel began; what was done stays done. */
static void test_green_from_any_step(void **state)
{
    static const char *const names[] = {"laiyuan", "jiyang"};
    (void)state;
    for (size_t n = 0; n < 2; n++) {
        for (size_t done = 0; done < 5; done++) {
            struct scene scene;
            scene_open(&scene, names[n], "2026-09-14");
            int64_t at_ms = procedures_at("2026-09-14");
            for (size_t i = 0; i < done; i++) {
                at_ms = go_on(&scene, at_ms);
            }
            struct progress_move green = procedures_move("s green", at_ms += 3600000);
            assert_int_equal(
                progress_apply(scene.procedure, scene.calendar, &scene.progress, &green),
                PROGRESS_APPLIED);
            assert_in_turn(&scene);
            struct date days[PROCEDURE_STEPS_MAX];
            const struct procedure *route = scene.procedure->green;
            progress_expected(scene.procedure, scene.calendar, &scene.progress, days);
            for (size_t i = 0; i < route->step_count; i++) {
                assert_true(days[i].year == 2026);
            }
            while (progress_current(scene.procedure, &scene.progress) >= 0) {
                at_ms = go_on(&scene, at_ms);
                assert_in_turn(&scene);
            }
            for (size_t i = 0; i < route->step_count; i++) {
                assert_int_equal(scene.progress.steps[i].state, STEP_PASSED);
            }
            scene_close(&scene);
        }
    }
}

static void test_green_after_review_and_notice(void **state)
{
    struct scene scene;
    (void)state;
    scene_open(&scene, "laiyuan", "2026-11-23");
    scene_move(&scene, "s visit passed", "2026-11-24");
    scene_move(&scene, "s review passed", "2026-11-24");
    scene_move(&scene, "s notice passed", "2026-11-30");
    scene_move(&scene, "s green", "2026-11-30");
    scene_shows(&scene, "powwppw open committee 12-01");
    assert_int_equal(scene_check(&scene, "s compare passed", "2026-11-30"), REFUSAL_STEP_NOT_OPEN);
    scene_move(&scene, "s committee passed", "2026-12-01");
    scene_move(&scene, "s check passed", "2026-12-01");
    scene_move(&scene, "s help passed", "2026-12-02");
    scene_shows(&scene, "ppppppo open compare 12-30"); /* 20 working days after the help */
    assert_int_equal(step_of(&scene, "compare")->opened_ms, procedures_at("2026-12-02"));
    scene_close(&scene);

    scene_open(&scene, "jiyang", "2026-11-23");
    scene_move(&scene, "s visit passed", "2026-11-24");
    scene_move(&scene, "s review passed", "2026-11-25");
    scene_move(&scene, "s green", "2026-11-25");
    scene_shows(&scene, "powwpwww open committee 11-26");
    scene_close(&scene);
}

/* A step begins when the last that it waits for was done, not when the last was told of. */
static void test_a_step_begins_after_all_before_it(void **state)
{
    struct scene scene;
    (void)state;
    scene_open(&scene, "laiyuan", "2026-11-23");
    scene_move(&scene, "s visit passed", "2026-11-24");
    scene_move(&scene, "s review passed", "2026-11-25");
    scene_move(&scene, "s check passed", "2026-12-04");
    scene_move(&scene, "s notice passed", "2026-11-30 10:00");
    assert_int_equal(step_of(&scene, "compare")->opened_ms, procedures_at("2026-12-04"));
    assert_due(&scene, "compare", "2026-12-08");
    scene_close(&scene);

    scene_open(&scene, "laiyuan", "2026-11-23");
    scene_move(&scene, "s visit passed", "2026-11-26");
    scene_move(&scene, "u review passed", "2026-11-24"); /* not before its own beginning */
    assert_int_equal(step_of(&scene, "review")->done_ms, procedures_at("2026-11-26"));
    assert_int_equal(step_of(&scene, "notice")->opened_ms, procedures_at("2026-11-26"));
    assert_due(&scene, "notice", "2026-12-01");
    scene_close(&scene);

    scene_open(&scene, "boshan", "2026-11-23"); /* out of order, from the monitoring system */
    scene_move(&scene, "u feedback passed", "2026-12-01");
    scene_move(&scene, "u judge passed", "2026-11-30");
    assert_int_equal(step_of(&scene, "notice")->opened_ms, procedures_at("2026-12-01"));
    scene_close(&scene);
}

/* A decision of a day before the last step's: what it leaves out ends with it, and is worked again after an objection. */
static void test_a_decision_told_late_cuts_off_what_began_after_it(void **state)
{
    struct scene scene;
    (void)state;
    scene_open(&scene, "laiyuan", "2026-11-23");
    scene_move(&scene, "s visit passed", "2026-11-24");
    scene_move(&scene, "s review passed", "2026-11-25");
    scene_move(&scene, "s check passed", "2026-12-04");
    scene_move(&scene, "s notice passed", "2026-11-30");
    scene_move(&scene, "s = declined solved", "2026-12-01");
    scene_shows(&scene, "pppps declined");
    assert_int_equal(step_of(&scene, "compare")->done_ms, procedures_at("2026-12-01"));
    assert_true(step_of(&scene, "compare")->opened_ms <= procedures_at("2026-12-01"));
    scene_move(&scene, "s object", "2026-12-08");
    scene_move(&scene, "s reopen", "2026-12-08");
    scene_shows(&scene, "pppow open check 12-15");
    scene_close(&scene);
}

/* What began with the admission ends with 风险消除: nothing is late any more, and no step is left that nobody can close. */
static void test_cleared_leaves_nothing_open(void **state)
{
    static const char *const names[] = {"boshan", "gansu"};
    (void)state;
    for (size_t n = 0; n < 2; n++) {
        struct scene scene;
        struct signal_now now;
        scene_open(&scene, names[n], "2026-11-23");
        size_t result = scene.procedure->step_count - 1;
        scene_move(&scene, "u = admitted", "2026-11-24");
        assert_int_equal(scene.progress.steps[result].state, STEP_OPEN);
        assert_false(progress_step_cut_off(&scene.progress, result));
        scene_move(&scene, "u clear", "2026-11-27");
        assert_int_equal(scene.progress.steps[result].state, STEP_SKIPPED);
        assert_int_equal(scene.progress.steps[result].done_ms, procedures_at("2026-11-27"));
        assert_true(progress_step_cut_off(&scene.progress, result));
        assert_false(progress_step_cut_off(&scene.progress, 0));
        signal_of(scene.procedure, scene.calendar, &scene.progress, true,
                  procedures_at("2027-06-01"), &now);
        assert_int_equal(now.signal, SIGNAL_GREEN);
        assert_false(now.late);
        assert_true(now.next_ms == 0);
        scene_close(&scene);
    }
    struct scene done; /* what was done before stays done */
    scene_open(&done, "gansu", "2026-11-23");
    scene_move(&done, "u = admitted", "2026-11-24");
    scene_move(&done, "s result passed", "2026-11-30");
    scene_move(&done, "s clear", "2027-06-01");
    scene_shows(&done, "pppppp cleared");
    scene_close(&done);
}

/* Disputed is what the household said since the visit is on record; of a visit recorded since, it may say so again. */
static void test_said_before_the_visit_disputes_nothing(void **state)
{
    struct scene scene;
    (void)state;
    scene_open(&scene, "laiyuan", "2026-11-23");
    scene_move(&scene, "f not_visited", "2026-11-24");
    assert_int_equal(scene_check(&scene, "f not_visited", "2026-11-25"), REFUSAL_ALREADY);
    scene_move(&scene, "s visit passed", "2026-11-26");
    assert_false(progress_disputed(scene.procedure, &scene.progress));
    scene_move(&scene, "f not_visited", "2026-11-27"); /* nobody came: the visit is not true */
    assert_true(progress_disputed(scene.procedure, &scene.progress));
    assert_int_equal(scene_check(&scene, "f not_visited", "2026-11-28"), REFUSAL_ALREADY);
    scene_move(&scene, "f visited", "2026-11-28");
    assert_false(progress_disputed(scene.procedure, &scene.progress));
    scene_close(&scene);

    scene_open(&scene, "boshan", "2026-11-23"); /* the visit has another name there */
    scene_move(&scene, "f visited", "2026-11-24");
    scene_move(&scene, "s feedback passed", "2026-11-24 10:00");
    assert_int_equal(scene_check(&scene, "f visited", "2026-11-25"), REFUSAL_ALREADY);
    scene_move(&scene, "f not_visited", "2026-11-25");
    assert_true(progress_disputed(scene.procedure, &scene.progress));
    scene_close(&scene);

    scene_open(&scene, "laiyuan", "2026-11-23"); /* told afterwards, of a day before the word */
    scene_move(&scene, "f not_visited", "2026-11-25");
    scene_move(&scene, "s visit passed", "2026-11-24");
    assert_true(progress_disputed(scene.procedure, &scene.progress));
    assert_int_equal(scene_check(&scene, "f not_visited", "2026-11-26"), REFUSAL_ALREADY);
    scene_close(&scene);
}

/* The household can object from the day on which it can read the decision. */
static void test_days_for_an_objection_begin_when_it_is_known(void **state)
{
    struct scene scene;
    (void)state;
    scene_open(&scene, "laiyuan", "2026-11-23");
    scene_move(&scene, "s visit passed", "2026-11-24");
    struct progress_move declined = procedures_move("s = declined solved",
                                                    procedures_at("2026-11-25"));
    declined.now_ms = procedures_at("2026-12-22");
    assert_int_equal(progress_apply(scene.procedure, scene.calendar, &scene.progress, &declined),
                     PROGRESS_APPLIED);
    procedures_through_json(scene.procedure, &scene.progress);
    assert_int_equal(scene.progress.decided_ms, procedures_at("2026-11-25"));
    assert_int_equal(progress_object_end(scene.procedure, scene.calendar, &scene.progress),
                     procedures_at("2027-01-21 24:00"));
    struct signal_recalc recalc[SIGNAL_RECALC_MAX];
    assert_int_equal(signal_recalc(scene.procedure, scene.calendar, &scene.progress, recalc), 0);
    assert_int_equal(scene_check(&scene, "f object", "2027-01-22 00:00"), REFUSAL_TOO_LATE);
    scene_move(&scene, "f object", "2027-01-21 23:59");
    scene_move(&scene, "s reopen", "2027-01-25");
    scene_move(&scene, "u = declined solved", "2027-01-26"); /* told at once: counted from there */
    assert_int_equal(progress_object_end(scene.procedure, scene.calendar, &scene.progress),
                     procedures_at("2027-02-25 24:00"));
    scene_close(&scene);
}

static bool outstanding(const struct scene *scene)
{
    struct facts facts;
    const struct facts_of of = {.procedure = scene->procedure,
                                .progress = &scene->progress,
                                .calendar = scene->calendar,
                                .clocked = true,
                                .flags = STR(""),
                                .now_ms = scene->progress.accepted_ms};
    facts_make(&of, &facts);
    return strstr(facts.flags, "authorisation_outstanding") != NULL;
}

/* Where the file says that the 承诺授权书 is signed; nothing is signed for a lead or to leave the list. */
static void test_authorisation_is_outstanding(void **state)
{
    static const struct {
        const char *name, *first;
        bool signs;
    } cases[] = {{"laiyuan", "visit", true}, {"jiyang", "visit", true},
                 {"gansu", "visit", true},   {"boshan", "feedback", true},
                 {"lead", "check", false},   {"clearing", "look", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene scene;
        char what[60];
        scene_open(&scene, cases[i].name, "2026-11-23");
        assert_false(outstanding(&scene));
        snprintf(what, sizeof what, "s %s passed", cases[i].first);
        scene_move(&scene, what, "2026-11-24");
        if (outstanding(&scene) != cases[i].signs) {
            fail_msg("%s: outstanding is %d", cases[i].name, !cases[i].signs);
        }
        if (scene.procedure->green != NULL) {
            scene_move(&scene, "s green", "2026-11-24");
            assert_true(outstanding(&scene));
        }
        scene_close(&scene);
        scene_open(&scene, cases[i].name, "2026-11-23");
        snprintf(what, sizeof what, "s %s passed signed", cases[i].first);
        scene_move(&scene, what, "2026-11-24");
        assert_false(outstanding(&scene));
        scene_close(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_green_from_any_step),
        cmocka_unit_test(test_green_after_review_and_notice),
        cmocka_unit_test(test_a_step_begins_after_all_before_it),
        cmocka_unit_test(test_a_decision_told_late_cuts_off_what_began_after_it),
        cmocka_unit_test(test_cleared_leaves_nothing_open),
        cmocka_unit_test(test_said_before_the_visit_disputes_nothing),
        cmocka_unit_test(test_days_for_an_objection_begin_when_it_is_known),
        cmocka_unit_test(test_authorisation_is_outstanding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
