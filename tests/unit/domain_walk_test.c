/* Each shipped procedure walked to each of its endings, as staff walks it; and any moves in any order, which never lead back. */
#include "base/utf8.h"
#include "domain/signal.h"
#include "domain_procedures.h"

static const char *const names[] = {"laiyuan", "jiyang", "boshan", "gansu", "lead", "clearing"};
enum { NAMES = sizeof names / sizeof names[0] };

static struct progress_move step_move(const struct procedure_step *step, const char *outcome,
                                      int64_t at_ms)
{
    return (struct progress_move){.kind = MOVE_STEP,
                                  .by = MOVER_STAFF,
                                  .step = str_of(step->id),
                                  .outcome = str_of(outcome),
                                  .at_ms = at_ms};
}

static struct progress_move ending_move(const struct procedure *procedure,
                                        enum procedure_ending_id ending, int64_t at_ms)
{
    struct progress_move move = {.kind = MOVE_DECIDE, .by = MOVER_STAFF, .at_ms = at_ms};
    move.decision = str_of(procedure_ending_name(ending));
    move.reason = str_of(procedure->reasons[0].id);
    move.category = procedure->category_count ? str_of(procedure->categories[0].id) : STR("");
    move.members = 3;
    move.leader = STR("412938471655");
    move.kind = ending == ENDING_MERGED      ? MOVE_MERGE
                : ending == ENDING_WITHDRAWN ? MOVE_WITHDRAW
                                             : MOVE_DECIDE;
    return move;
}

static bool offered(const struct procedure *procedure, const struct calendar *calendar,
                    const struct progress *progress, const struct progress_move *move)
{
    struct progress_choice choices[PROGRESS_CHOICES_MAX];
    size_t count = progress_choices(procedure, calendar, progress, move->by, move->at_ms, choices);
    for (size_t i = 0; i < count; i++) {
        bool same = choices[i].kind == move->kind;
        same &= move->kind != MOVE_STEP ||
                (str_is(move->step, choices[i].step) && str_is(move->outcome, choices[i].outcome));
        same &= move->kind != MOVE_DECIDE || str_is(move->decision, choices[i].decision);
        if (same) {
            return true;
        }
    }
    return false;
}

/* The farmer's page: every step has a day that does not lie before those it waits for. */
static void assert_readable(const struct procedure *procedure, const struct calendar *calendar,
                            const struct progress *progress)
{
    const struct procedure *route = progress_route(procedure, progress);
    struct date days[PROCEDURE_STEPS_MAX];
    progress_expected(procedure, calendar, progress, days);
    for (size_t i = 0; i < route->step_count; i++) {
        assert_true(date_exists(days[i]));
        for (size_t j = 0; j < route->step_count && progress->steps[i].state == STEP_WAITING &&
                           !route->steps[i].result;
             j++) {
            assert_true(
                (route->steps[i].after >> j & 1) == 0 || date_compare(days[j], days[i]) <= 0 ||
                date_to_days(days[i]) == date_to_days(date_of_ms(progress->total_due_ms - 1)));
        }
    }
}

/* Steps in the file's order until the ending is taken; the ending is refused, and not offered, until its steps are done. */
static void walk(const struct procedure *procedure, const struct calendar *calendar,
                 enum procedure_ending_id ending, struct progress *progress, int64_t at_ms)
{
    for (size_t done = 0; done <= PROCEDURE_STEPS_MAX; done++) {
        const struct procedure *route = progress_route(procedure, progress);
        at_ms += 86400000;
        struct progress_move end = ending_move(procedure, ending, at_ms);
        enum progress_refusal refusal = progress_check(procedure, calendar, progress, &end);
        assert_int_equal(offered(procedure, calendar, progress, &end), refusal == REFUSAL_NONE);
        assert_readable(procedure, calendar, progress);
        if (refusal == REFUSAL_NONE) {
            assert_int_equal(progress_apply(procedure, calendar, progress, &end), PROGRESS_APPLIED);
            procedures_through_json(procedure, progress);
            return;
        }
        assert_int_equal(refusal, REFUSAL_TOO_EARLY);
        int current = progress_current(procedure, progress);
        assert_true(current >= 0);
        const struct procedure_step *step = &route->steps[current];
        struct progress_move move = step_move(step, "passed", at_ms);
        if (step->notice_days_min > 1) {
            int64_t opened = date_start_ms(date_of_ms(progress->steps[current].opened_ms));
            move.at_ms = opened + step->notice_days_min * INT64_C(86400000) - 1;
            assert_int_equal(progress_check(procedure, calendar, progress, &move),
                             REFUSAL_TOO_EARLY);
            at_ms = move.at_ms += 1;
        }
        assert_true(offered(procedure, calendar, progress, &move));
        assert_int_equal(progress_apply(procedure, calendar, progress, &move), PROGRESS_APPLIED);
        procedures_through_json(procedure, progress);
    }
    fail_msg("%s never came to %s", procedure->id, procedure_ending_name(ending));
}

static void assert_ended(const struct procedure *procedure, const struct calendar *calendar,
                         const struct progress *progress, enum procedure_ending_id ending)
{
    const struct procedure *route = progress_route(procedure, progress);
    struct signal_now now;
    bool admitted = ending == ENDING_ADMITTED;
    assert_true(progress_decided(progress));
    assert_string_equal(progress->decision, procedure_ending_name(ending));
    assert_int_equal(progress_current(procedure, progress), -1);
    for (size_t i = 0; i < route->step_count; i++) {
        bool open = progress_step_under_way(progress, i);
        assert_true(route->steps[i].result ? open == admitted : progress_step_closed(progress, i));
    }
    assert_string_equal(progress->reason,
                        route->endings[ending].reason ? procedure->reasons[0].id : "");
    assert_int_equal(progress->members, admitted ? 3 : 0);
    assert_string_equal(progress->leader, ending == ENDING_MERGED ? "412938471655" : "");
    signal_of(procedure, calendar, progress, true, progress->decided_ms, &now);
    assert_int_equal(now.signal, SIGNAL_GREEN);
    assert_true(now.total_due_ms == 0);
    const char *word = progress_word(procedure, progress);
    assert_true(word == route->endings[ending].word);
}

static void object_and_come_again(const struct procedure *procedure,
                                  const struct calendar *calendar, struct progress *progress)
{
    int64_t at_ms = progress->decided_ms + 86400000;
    struct progress_move object = procedures_move("f object", at_ms);
    struct progress_move reopen = procedures_move("s reopen", at_ms + 86400000);
    assert_int_equal(progress_apply(procedure, calendar, progress, &object), PROGRESS_APPLIED);
    assert_string_equal(progress_word(procedure, progress), "复核中");
    assert_int_equal(progress_apply(procedure, calendar, progress, &reopen), PROGRESS_APPLIED);
    procedures_through_json(procedure, progress);
    assert_true(progress_current(procedure, progress) >= 0);
    walk(procedure, calendar, ENDING_ADMITTED, progress, at_ms + 86400000);
    assert_ended(procedure, calendar, progress, ENDING_ADMITTED);
}

static void walk_all(const char *name, bool green, int endings)
{
    struct procedure *procedure = procedures_load(name);
    struct calendar *calendar = procedures_calendar();
    int count = 0;
    for (int i = 0; i < ENDINGS; i++) {
        enum procedure_ending_id ending = (enum procedure_ending_id)i;
        struct progress progress;
        int64_t at_ms = procedures_at("2026-09-14");
        if (!procedure->endings[ending].allowed) {
            struct progress_move end = ending_move(procedure, ending, at_ms);
            progress_begin(procedure, calendar, at_ms, &progress);
            assert_int_not_equal(progress_check(procedure, calendar, &progress, &end),
                                 REFUSAL_NONE);
            continue;
        }
        progress_begin(procedure, calendar, at_ms, &progress);
        if (green) {
            struct progress_move move = procedures_move("s green", at_ms);
            assert_int_equal(progress_apply(procedure, calendar, &progress, &move),
                             PROGRESS_APPLIED);
        }
        walk(procedure, calendar, ending, &progress, at_ms);
        assert_ended(procedure, calendar, &progress, ending);
        if (ending == ENDING_DECLINED) {
            object_and_come_again(procedure, calendar, &progress);
        }
        count++;
    }
    assert_int_equal(count, endings);
    calendar_free(&calendar);
    procedure_free(&procedure);
}

static void test_every_procedure_to_every_ending(void **state)
{
    (void)state;
    walk_all("laiyuan", false, 7);
    walk_all("jiyang", false, 7);
    walk_all("boshan", false, 7);
    walk_all("gansu", false, 7);
    walk_all("lead", false, 5);
    walk_all("clearing", false, 2);
    walk_all("laiyuan", true, 7);
    walk_all("jiyang", true, 7);
}

/* The facts of the field: order, what runs at once, the words a farmer may read. */
static void test_what_the_files_say(void **state)
{
    static const struct {
        const char *name, *order;
    } cases[] = {
        {"laiyuan", "visit review<visit notice<review check<visit compare<notice+check"},
        {"jiyang", "visit review<visit compare<review notice<compare entry<notice"},
        {"boshan", "feedback screen<feedback judge<screen notice<judge confirm<notice "
                   "entry<confirm follow="},
        {"gansu", "visit review<visit notice<review check<notice approve<check result="},
        {"lead", "check"},
        {"clearing", "look count<look verify<count review<verify notice<review assess<notice"},
    };
    static const char words[] = "已收到 待上门 核实中 评议中 公示中 审核中 比对中 已纳入 未纳入 "
                                "待补充 已转办 复核中 已撤回";
    (void)state;
    for (size_t n = 0; n < NAMES; n++) {
        struct procedure *procedure = procedures_load(cases[n].name);
        char text[300] = "";
        assert_string_equal(procedure->id, cases[n].name);
        for (size_t i = 0; i < procedure->step_count; i++) {
            const struct procedure_step *step = &procedure->steps[i];
            size_t len = strlen(text);
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s%s", i ? " " : "", step->id,
                                    step->result ? "=" : "");
            char sign = '<';
            for (size_t j = 0; j < procedure->step_count && !step->result; j++) {
                if (step->after >> j & 1) {
                    len += (size_t)snprintf(text + len, sizeof text - len, "%c%s", sign,
                                            procedure->steps[j].id);
                    sign = '+';
                }
            }
            assert_true(str_find(STR(words), str_of(step->word)) >= 0);
            assert_true(step->notice_days_min == 0 || step->notice_days_min >= 5);
            assert_true(step->deadline.days > 0 && step->by != NULL);
        }
        assert_string_equal(text, cases[n].order);
        for (size_t i = 0; procedure->green && i < procedure->green->step_count; i++) {
            assert_true(str_find(STR(words), str_of(procedure->green->steps[i].word)) >= 0);
        }
        procedure_free(&procedure);
    }
}

static void count_path(void *arg, const char *path, const char *name, int days,
                       enum deadline_unit unit)
{
    char *text = arg;
    size_t len = strlen(text);
    assert_true(days > 0 && name[0] && (unit == DEADLINE_WORKING || unit == DEADLINE_CALENDAR));
    snprintf(text + len, 600 - len, "%s%s", len ? " " : "", path);
}

static void test_unconfirmed_is_listed(void **state)
{
    static const char *const expected[NAMES] = {
        "steps[0].deadline steps[1].deadline steps[2].deadline steps[3].deadline steps[4].deadline "
        "moves[7].deadline green_channel.steps[0].deadline green_channel.steps[1].deadline "
        "green_channel.steps[2].deadline green_channel.steps[3].deadline "
        "green_channel.steps[4].deadline green_channel.steps[5].deadline "
        "green_channel.steps[6].deadline",
        NULL,
        NULL,
        "steps[1].deadline steps[2].deadline steps[3].deadline steps[4].deadline steps[5].deadline "
        "moves[7].deadline",
        "total steps[0].deadline",
        NULL,
    };
    (void)state;
    for (size_t n = 0; n < NAMES; n++) {
        struct procedure *procedure = procedures_load(names[n]);
        char text[600] = "";
        procedure_unconfirmed(procedure, count_path, text);
        assert_true(text[0]);
        if (expected[n] != NULL) {
            assert_string_equal(text, expected[n]);
        }
        procedure_free(&procedure);
    }
}

/* A small generator, so that a failure comes again. */
static uint32_t draw(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

static struct progress_move any_move(const struct procedure *route, const struct progress *progress,
                                     uint32_t *seed, int64_t at_ms)
{
    static const char *const said[] = {"passed", "failed", "skipped", "maybe"};
    struct progress_move move = {.kind = (enum progress_move_kind)draw(seed, MOVES),
                                 .by = (enum progress_mover)draw(seed, MOVERS),
                                 .at_ms = at_ms - (draw(seed, 8) == 0 ? 5 : 0) * INT64_C(86400000)};
    if (draw(seed, 3) == 0) { /* most of all, work goes on */
        move.kind = MOVE_STEP;
    }
    if (move.kind == MOVE_DECIDE && draw(seed, 3) > 0) {
        move.kind = MOVE_PAUSE;
    }
    if (progress_decided(progress) && draw(seed, 2) == 0) {
        static const enum progress_move_kind then[] = {MOVE_OBJECT, MOVE_UPHOLD, MOVE_REOPEN,
                                                       MOVE_CLEAR};
        move.kind = then[draw(seed, 4)];
        move.by = MOVER_STAFF;
    }
    move.step = str_of(route->steps[draw(seed, (uint32_t)route->step_count)].id);
    move.outcome = str_of(said[draw(seed, 8) == 0 ? 1 + draw(seed, 3) : draw(seed, 2)]);
    uint32_t ending = draw(seed, 3 * ENDINGS);
    move.decision = str_of(procedure_ending_name(ending < ENDINGS ? (enum procedure_ending_id)ending
                                                 : ending % 2     ? ENDING_ADMITTED
                                                                  : ENDING_DECLINED));
    move.reason = str_of(draw(seed, 9) ? route->reasons[0].id : "nothing");
    move.category = route->category_count ? str_of(route->categories[0].id) : STR("");
    move.members = (int)draw(seed, 6);
    move.leader = STR("412938471655");
    move.area_from = STR("a");
    move.area_to = draw(seed, 5) ? STR("b") : STR("a");
    move.days = (int)draw(seed, 33);
    move.plain = draw(seed, 2) == 0;
    move.authorised = !move.plain;
    move.note = draw(seed, 2) ? STR("请带户口本") : STR("");
    return move;
}

/* How far a step is: it never becomes less, but by an objection or in the green channel. */
static int rank(const struct progress_step *step)
{
    return step->state == STEP_WAITING                              ? 0
           : step->state == STEP_OPEN || step->state == STEP_FAILED ? 1
                                                                    : 2;
}

/* What is under way waits for nothing, and was not late when it began. */
static void assert_in_turn(const struct procedure *route, const struct progress *progress)
{
    for (size_t i = 0; i < route->step_count; i++) {
        const struct progress_step *step = &progress->steps[i];
        for (size_t j = 0; j < route->step_count && progress_step_under_way(progress, i); j++) {
            bool before = route->steps[i].before >> j & 1;
            assert_true(!before || progress_step_closed(progress, j));
            assert_true(!before || progress->steps[j].done_ms <= step->opened_ms);
        }
        assert_true(!progress_step_under_way(progress, i) || step->due_ms > step->opened_ms);
    }
}

static void assert_forward(const struct procedure *route, const struct progress *before,
                           const struct progress *after, const struct progress_move *move)
{
    bool back = move->kind == MOVE_REOPEN || move->kind == MOVE_GREEN;
    for (size_t i = 0; i < route->step_count && !back; i++) {
        assert_true(rank(&after->steps[i]) >= rank(&before->steps[i]));
        if (rank(&before->steps[i]) == 2) {
            assert_int_equal(after->steps[i].state, before->steps[i].state);
            assert_true(after->steps[i].done_ms == before->steps[i].done_ms);
        }
        assert_true(after->steps[i].due_ms >= before->steps[i].due_ms);
        assert_true(rank(&after->steps[i]) < 2 ||
                    after->steps[i].done_ms >= after->steps[i].opened_ms);
    }
    assert_true(move->kind == MOVE_GREEN || after->total_due_ms >= before->total_due_ms);
    if (progress_decided(before) && move->kind != MOVE_REOPEN) {
        assert_true(after->state == before->state || move->kind == MOVE_CLEAR);
        assert_string_equal(after->decision, before->decision);
    }
    assert_true(before->state == PROGRESS_NEW || after->state != PROGRESS_NEW);
    assert_in_turn(move->kind == MOVE_GREEN ? route->green : route, after);
    assert_true(after->pause_count <= 2 && after->transfer_count <= 3);
}

/* What is shown changes only when the sweep was told that it would. */
static void assert_signal_foretold(const struct procedure *procedure,
                                   const struct calendar *calendar, const struct progress *progress,
                                   int64_t at_ms)
{
    struct signal_now now, later;
    signal_of(procedure, calendar, progress, false, at_ms, &now);
    assert_true(now.next_ms == 0 || now.next_ms > at_ms);
    int64_t until_ms = now.next_ms ? now.next_ms : at_ms + 90 * INT64_C(86400000);
    signal_of(procedure, calendar, progress, false, until_ms - 1, &later);
    assert_int_equal(later.signal, now.signal);
    assert_true(later.step_due_ms == now.step_due_ms);
    if (now.next_ms != 0 && !progress->paused) {
        signal_of(procedure, calendar, progress, false, now.next_ms, &later);
        assert_true(later.signal > now.signal);
    }
}

static void play_any(const struct procedure *procedure, const struct calendar *calendar,
                     uint32_t seed, int counts[MOVES])
{
    struct progress progress;
    int64_t at_ms = procedures_at("2026-09-14") + draw(&seed, 30) * INT64_C(86400000);
    progress_begin(procedure, calendar, at_ms, &progress);
    for (int i = 0; i < 60; i++) {
        struct progress before = progress;
        const struct procedure *route = progress_route(procedure, &progress);
        at_ms += draw(&seed, 72) * INT64_C(3600000);
        struct progress_move move = any_move(route, &progress, &seed, at_ms);
        enum progress_refusal refusal = progress_check(procedure, calendar, &progress, &move);
        enum progress_result result = progress_apply(procedure, calendar, &progress, &move);
        assert_int_equal(result == PROGRESS_APPLIED, refusal == REFUSAL_NONE);
        if (result == PROGRESS_APPLIED) {
            assert_forward(route, &before, &progress, &move);
            counts[move.kind]++;
        } else {
            assert_memory_equal(&before, &progress, sizeof before);
        }
        procedures_through_json(procedure, &progress);
        assert_signal_foretold(procedure, calendar, &progress, at_ms);
        struct progress_move again = move;
        struct progress twice = progress;
        if (result == PROGRESS_APPLIED && move.kind != MOVE_TRANSFER && move.kind != MOVE_NUDGE) {
            /* the same event once more changes nothing; a try, told again at its own time, neither */
            assert_int_not_equal(progress_apply(procedure, calendar, &twice, &again),
                                 PROGRESS_APPLIED);
        }
    }
}

static void test_any_moves(void **state)
{
    struct calendar *calendar = procedures_calendar();
    int counts[MOVES] = {0};
    (void)state;
    for (size_t n = 0; n < NAMES; n++) {
        struct procedure *procedure = procedures_load(names[n]);
        for (uint32_t seed = 1; seed <= 300; seed++) {
            play_any(procedure, calendar, seed * 7919u, counts);
        }
        procedure_free(&procedure);
    }
    for (int i = 0; i < MOVES; i++) {
        if (counts[i] < 20) { /* a move that hardly happened was not tried */
            fail_msg("%s: %d times", progress_move_name((enum progress_move_kind)i), counts[i]);
        }
    }
    calendar_free(&calendar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_procedure_to_every_ending),
        cmocka_unit_test(test_what_the_files_say),
        cmocka_unit_test(test_unconfirmed_is_listed),
        cmocka_unit_test(test_any_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
