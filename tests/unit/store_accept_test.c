#include "store_filing.h"

#define FIRST                                                                                      \
    "070000000001" /* filed before each row: token tok1, person pA, ID iA, phone hA, content cA */
#define SECOND "070000000002"

/* Who files: token, person, ID, phone, content. */
#define WHO_AT(r, t, p, i, h, c)                                                                   \
    .receipt = (r), .token = (t), .person = (p), .id = (i), .phone = (h), .content = (c)
#define WHO(t, p, i, h, c) WHO_AT(SECOND, t, p, i, h, c)
/* All hashes under a new key; h is the phone under the previous one. */
#define ROTATED(t, h)                                                                              \
    WHO(t, "qA", "jA", "gA", "dA"), .old_person = "pA", .old_id = "iA", .old_phone = (h),          \
                                    .old_content = "cA"

struct row {
    const char *name;
    struct filing filing;
    enum reports_kind kind;
    const char *receipt;
    char link;
    bool by_token, written; /* more than the token's note */
};

/* clang-format off */
static const struct row rows[] = {
    {"same token, person, answers", {WHO("tok1", "pA", "iA", "hA", "cA")},
     REPORTS_REPEAT, FIRST, 'f', false, false},
    {"the same long after", {WHO("tok1", "pA", "iA", "hA", "cA"), .stale = true},
     REPORTS_REPEAT, FIRST, 'f', false, false},
    {"same token and person, other answers", {WHO("tok1", "pA", "iA", "hA", "cB")},
     REPORTS_ADD, FIRST, 'f', true, false},
    {"same token and person, other phone: a correction", {WHO("tok1", "pA", "iA", "hB", "cB")},
     REPORTS_ADD, FIRST, 'f', true, false},
    {"same token, another person (Back, next household)", {WHO("tok1", "pB", "iB", "hB", "cB")},
     REPORTS_ACCEPTED, SECOND, 'f', false, true},
    {"stale token, unknown person", {WHO("tok1", "pB", "iB", "hB", "cB"), .stale = true},
     REPORTS_STALE, NULL, 0, false, false},
    {"another token, same household, same content", {WHO("tok2", "pA", "iA", "hA", "cA")},
     REPORTS_SAME, FIRST, 's', false, false},
    {"another token, same household, more", {WHO("tok2", "pA", "iA", "hA", "cB")},
     REPORTS_ADD, FIRST, 's', false, false},
    {"another token, same ID, other phone", {WHO("tok2", "pA", "iA", "hB", "cB")},
     REPORTS_DUPLICATE, NULL, 0, false, false},
    {"the same, flagged", {WHO("tok2", "pA", "iA", "hB", "cB"), .duplicate_known = true},
     REPORTS_ACCEPTED, SECOND, 'f', false, true},
    {"the number is used", {WHO_AT(FIRST, "tok2", "pB", "iB", "hB", "cB")},
     REPORTS_TAKEN, NULL, 0, false, false},
    {"no ID: no household", {WHO("tok2", "pN", NULL, "hA", "cA")},
     REPORTS_ACCEPTED, SECOND, 'f', false, true},
    {"another bucket is another world", {WHO_AT("080000000002", "tok1", "pA", "iA", "hA", "cA")},
     REPORTS_ACCEPTED, "080000000002", 'f', false, true},
    {"rotation: the old ones find the token", {ROTATED("tok1", "hA")},
     REPORTS_REPEAT, FIRST, 'f', false, false},
    {"rotation: the old ones find the household", {ROTATED("tok2", "hA")},
     REPORTS_SAME, FIRST, 's', false, false},
    {"rotation: other phone", {ROTATED("tok2", "hB")},
     REPORTS_DUPLICATE, NULL, 0, false, false},
    {"a finding of a household that has a report", {WHO("tok2", "pA", "iA", "hA", "cA"), .intake = true, .lead = true},
     REPORTS_DUPLICATE, NULL, 0, false, false},
    {"the same, other phone", {WHO("tok2", "pA", "iA", "hB", "cB"), .intake = true, .lead = true},
     REPORTS_DUPLICATE, NULL, 0, false, false},
    {"the same, flagged", {WHO("tok2", "pA", "iA", "hB", "cB"), .intake = true, .lead = true, .duplicate_known = true},
     REPORTS_ACCEPTED, SECOND, 'f', false, true},
    {"a drill knows no real reports", {WHO("tok2", "pA", "iA", "hA", "cA"), .drill = true},
     REPORTS_ACCEPTED, SECOND, 'f', false, true},
};
/* clang-format on */

static void test_second_submission(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        wipe(NULL);
        file(&first);
        char bucket[3] = {row->filing.receipt[0], row->filing.receipt[1], '\0'};
        long before = atol(redis_ask(&bench.redis, "HGET ms:{%s}:n seq", bucket));
        struct accepted got = file(&row->filing);
        long after = atol(redis_ask(&bench.redis, "HGET ms:{%s}:n seq", bucket));
        if (got.answer.kind != row->kind || (after > before) != row->written) {
            fail_msg("%s: kind %d", row->name, got.answer.kind);
        }
        assert_answer(got, row->kind, row->receipt, row->link, row->by_token);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_second_submission)};
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
