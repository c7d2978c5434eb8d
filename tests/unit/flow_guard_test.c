/* Who may do what with a report now, in the contract's order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow/guard.h"

static const char csv[] = "code,name\n"
                          "37,山东省\n"
                          "370115,济阳区\n"
                          "370115008,曲堤街道\n"
                          "370115008218,葛家村民委员会\n"
                          "370115009,垛石街道\n"
                          "370115009201,某某村民委员会\n";

/* What a record says, in few words. */
struct said {
    const char *area, *path, *org, *claim, *until, *fence, *version;
};

static struct report_record record_of(const struct said *said)
{
    struct report_record record = {.read_ms = 1500};
    const struct store_pair pairs[] = {
        {REPORT_AREA, str_of(said->area)},
        {REPORT_PATH, str_of(said->path)},
        {REPORT_ORG, str_of(said->org ? said->org : "")},
        {REPORT_CLAIM, str_of(said->claim ? said->claim : "")},
        {REPORT_CLAIM_UNTIL, str_of(said->until ? said->until : "")},
        {REPORT_FENCE, str_of(said->fence ? said->fence : "")},
        {REPORT_VERSION, str_of(said->version ? said->version : "3")},
    };
    record.count = sizeof pairs / sizeof pairs[0];
    memcpy(record.at, pairs, sizeof pairs);
    return record;
}

#define HERE .area = "370115008218", .path = "37 370115 370115008 370115008218"
#define AWAY                                                                                       \
    .area = "370115009201", .path = "37 370115 370115008 370115008218 370115009 370115009201"
#define FAR .area = "370115009201", .path = "37 370115 370115009 370115009201"

/* its village is in no areas file any more; GONE_FAR: that of another town */
#define GONE     .area = "370115008999", .path = "37 370115 370115008 370115008999"
#define GONE_FAR .area = "370115009999", .path = "37 370115 370115009 370115009999"

static const struct {
    struct said said;
    struct guard guard; /* areas and scope are filled */
    enum guard_verdict verdict;
} cases[] = {
    {{HERE, .org = ""}, {.org = "", .has_right = true, .body_fits = true}, GUARD_OK},
    /* outside the scope nothing else is looked at */
    {{FAR, .org = ""}, {.org = "", .has_right = true, .body_fits = true}, GUARD_UNKNOWN},
    {{FAR, .org = ""},
     {.org = "", .reads = true, .has_right = true, .body_fits = true},
     GUARD_UNKNOWN},
    {{FAR, .org = ""}, {.org = "", .has_right = false, .body_fits = false}, GUARD_UNKNOWN},
    /* transferred away: to be read, not to be changed */
    {{AWAY, .org = ""}, {.org = "", .reads = true, .has_right = true, .body_fits = true}, GUARD_OK},
    {{AWAY, .org = ""}, {.org = "", .has_right = true, .body_fits = true}, GUARD_FORBIDDEN},
    /* a village that is no more: its town goes on, nobody else */
    {{GONE, .org = ""}, {.org = "", .has_right = true, .body_fits = true}, GUARD_OK},
    {{GONE, .org = ""}, {.org = "", .has_right = false, .body_fits = true}, GUARD_FORBIDDEN},
    {{GONE_FAR, .org = ""}, {.org = "", .has_right = true, .body_fits = true}, GUARD_UNKNOWN},
    /* the right, then the body */
    {{HERE, .org = ""}, {.org = "", .has_right = false, .body_fits = false}, GUARD_FORBIDDEN},
    {{HERE, .org = ""},
     {.org = "", .has_right = true, .body_fits = false, .holder = "me"},
     GUARD_BODY},
    {{HERE, .claim = "you", .until = "2000"},
     {.org = "", .has_right = true, .body_fits = false, .holder = "me"},
     GUARD_BODY},
    /* own: the organisation decides, not the place */
    {{FAR, .org = "mz"}, {.org = "mz", .has_right = true, .body_fits = true}, GUARD_OK},
    {{HERE, .org = "wj"}, {.org = "mz", .has_right = true, .body_fits = true}, GUARD_UNKNOWN},
    {{HERE, .org = ""},
     {.org = "mz", .reads = true, .has_right = true, .body_fits = true},
     GUARD_UNKNOWN},
    /* claims */
    {{HERE, .claim = "you", .until = "2000"},
     {.org = "", .has_right = true, .body_fits = true, .holder = "me"},
     GUARD_CLAIMED},
    {{HERE, .claim = "you", .until = "2000"},
     {.org = "", .has_right = true, .body_fits = true},
     GUARD_OK},
    {{HERE, .claim = "you", .until = "1000"},
     {.org = "", .has_right = true, .body_fits = true, .holder = "me"},
     GUARD_OK}, /* over */
    {{HERE, .claim = "me", .until = "2000"},
     {.org = "", .has_right = true, .body_fits = true, .holder = "me", .must_hold = true},
     GUARD_OK},
    {{HERE, .org = ""},
     {.org = "", .has_right = true, .body_fits = true, .holder = "me", .must_hold = true},
     GUARD_NOT_CLAIMED},
    {{HERE, .claim = "me", .until = "1000"},
     {.org = "", .has_right = true, .body_fits = true, .holder = "me", .must_hold = true},
     GUARD_NOT_CLAIMED},
    /* fences */
    {{HERE, .claim = "me", .until = "2000", .fence = "4"},
     {.org = "",
      .has_right = true,
      .body_fits = true,
      .holder = "me",
      .has_fence = true,
      .fence = 4},
     GUARD_OK},
    {{HERE, .claim = "me", .until = "2000", .fence = "4"},
     {.org = "",
      .has_right = true,
      .body_fits = true,
      .holder = "me",
      .has_fence = true,
      .fence = 3},
     GUARD_STALE_FENCE},
    {{HERE, .claim = "you", .until = "2000", .fence = "4"},
     {.org = "",
      .has_right = true,
      .body_fits = true,
      .holder = "me",
      .has_fence = true,
      .fence = 4},
     GUARD_STALE_FENCE},
    {{HERE, .fence = "4"},
     {.org = "",
      .has_right = true,
      .body_fits = true,
      .holder = "me",
      .has_fence = true,
      .fence = 3},
     GUARD_STALE_FENCE},
    /* the version comes last */
    {{HERE, .org = ""},
     {.org = "", .has_right = true, .body_fits = true, .if_match = {"\"3\"", 3}},
     GUARD_OK},
    {{HERE, .org = ""},
     {.org = "", .has_right = true, .body_fits = true, .if_match = {"\"2\"", 3}},
     GUARD_STALE_VERSION},
    {{HERE, .org = ""},
     {.org = "", .has_right = true, .body_fits = true, .if_match = {"\"2\", \"3-a,b\"", 12}},
     GUARD_OK},
    {{HERE, .org = ""},
     {.org = "", .has_right = true, .body_fits = true, .if_match = {"W/\"3\", \"2-3\"", 13}},
     GUARD_STALE_VERSION},
    {{HERE, .org = ""},
     {.org = "", .has_right = true, .body_fits = true, .if_match = {"*", 1}},
     GUARD_OK},
    {{HERE, .claim = "you", .until = "2000"},
     {.org = "", .has_right = true, .body_fits = true, .holder = "me", .if_match = {"\"2\"", 3}},
     GUARD_CLAIMED},
};

static void test_verdicts(void **state)
{
    struct err err;
    struct scope scope;
    struct areas *areas = areas_load(str_of(csv), "areas.csv", &err);
    (void)state;
    assert_non_null(areas);
    assert_true(scope_parse(areas, STR("370115008"), &scope, &err));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct report_record record = record_of(&cases[i].said);
        struct guard guard = cases[i].guard;
        guard.areas = areas;
        guard.scope = &scope;
        enum guard_verdict verdict = guard_judge(&guard, &record);
        if (verdict != cases[i].verdict) {
            fail_msg("case %zu: %d instead of %d", i, (int)verdict, (int)cases[i].verdict);
        }
    }
    areas_free(&areas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
