/* What ends a request to withdraw that the household thought better of: staff goes on and tells it so, or it is decided; nothing else. */
#include "domain_procedures.h"

static void test_thought_better_of(void **state)
{
    static const struct {
        const char *what, *at, *note;
        bool ends;
    } steps[] = {
        {"s visit passed", "2026-11-25", "电话里说好了", true},
        {"s visit passed", "2026-11-25", "", false},
        {"s visit failed", "2026-11-25", "家里没人", false},
        {"s visit passed", "2026-11-23 12:00", "看过房子", false}, /* before it was asked */
        {"u visit passed", "2026-11-25", "看过房子", false},
        {"s = already", "2026-11-25", "", true},
        {"u = declined solved", "2026-11-25", "", true},
    };
    struct procedure *procedure = procedures_load("laiyuan");
    struct calendar *calendar = procedures_calendar();
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct progress progress;
        progress_begin(procedure, calendar, procedures_at("2026-11-23"), &progress);
        struct progress_move asks = procedures_move("f withdraw", procedures_at("2026-11-24"));
        struct progress_move goes_on = procedures_move(steps[i].what, procedures_at(steps[i].at));
        goes_on.note = str_of(steps[i].note);
        assert_int_equal(progress_apply(procedure, calendar, &progress, &asks), PROGRESS_APPLIED);
        assert_int_equal(progress_apply(procedure, calendar, &progress, &goes_on),
                         PROGRESS_APPLIED);
        if ((progress.withdraw_asked_ms == 0) != steps[i].ends) {
            fail_msg("%zu: %s", i, steps[i].what);
        }
    }
    calendar_free(&calendar);
    procedure_free(&procedure);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thought_better_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
