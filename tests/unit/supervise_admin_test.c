#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "supervise/admin.h"

static const struct generation_state all_up = {
    .ready = true, .web = 2, .web_up = 2, .web_alive = 2, .forward_up = true, .forward_alive = 1};

static struct admin_state serving(void)
{
    return (struct admin_state){.ready = true, .workers = all_up};
}

static void readyz(struct shared *shared, const struct admin_state *state, int status,
                   const char *text)
{
    struct buf to;
    buf_init(&to, 4096);
    assert_int_equal(admin_readyz(shared, state, &to), status);
    assert_string_equal(buf_text(&to), text);
    buf_release(&to);
}

static void test_readyz_names_each_part_that_is_down(void **state)
{
    struct shared *shared = shared_new();
    struct metrics_slot *web = shared_take(shared);
    struct metrics_slot *forward = shared_take(shared);
    struct admin_state now = serving();
    (void)state;
    web->store_health = STORE_READY;
    readyz(shared, &now, 200, "degraded: redis \n"); /* the forward worker has not begun */
    forward->store_health = STORE_READY;
    readyz(shared, &now, 200, "ready\n");
    web->store_health = STORE_NOT_DURABLE;
    snprintf(web->store_why, sizeof web->store_why, "appendfsync is everysec");
    forward->breaker_open = 1;
    snprintf(forward->upstream_why, sizeof forward->upstream_why, "HTTP 401");
    now.workers.web_up = 1;
    now.workers.forward_up = false;
    readyz(shared, &now, 200,
           "degraded: redis appendfsync is everysec\n"
           "degraded: upstream HTTP 401\n"
           "degraded: workers 1 of 2\n"
           "degraded: forward worker is down\n");
    now.year_unlisted = 2031;
    now.workers = all_up;
    readyz(shared, &now, 200,
           "degraded: redis appendfsync is everysec\n"
           "degraded: upstream HTTP 401\n"
           "warning: calendar no CN-2031.csv: weekends and the 13 statutory days are used\n");
    now.draining = true;
    readyz(shared, &now, 503, "draining\n");
    now = serving();
    now.ready = false;
    readyz(shared, &now, 503, "starting\n");
    shared_give_back(shared, &web);
    shared_give_back(shared, &forward);
    now = serving();
    readyz(shared, &now, 200, "ready\n");
    now.year_unlisted = 2031;
    readyz(shared, &now, 200,
           "ready\n"
           "warning: calendar no CN-2031.csv: weekends and the 13 statutory days are used\n");
    shared_free(&shared);
}

static bool metrics_have(struct shared *shared, const char *line)
{
    struct admin_state now = serving();
    struct buf to;
    buf_init(&to, 65536);
    admin_metrics(shared, &now, &to);
    assert_true(buf_ok(&to));
    bool found = str_find(buf_str(&to), str_of(line)) >= 0;
    buf_release(&to);
    return found;
}

static void test_what_the_dead_counted_stays(void **state)
{
    struct shared *shared = shared_new();
    struct metrics_slot *first = shared_take(shared);
    struct metrics_slot *second = shared_take(shared);
    (void)state;
    first->at[METRIC_REPORTS_ACCEPTED] = 3;
    second->at[METRIC_REPORTS_ACCEPTED] = 4;
    assert_true(metrics_have(shared, "\nmashang_reports_accepted_total 7\n"));
    shared_give_back(shared, &first);
    assert_null(first);
    assert_true(metrics_have(shared, "\nmashang_reports_accepted_total 7\n"));
    first = shared_take(shared);
    assert_int_equal(first->at[METRIC_REPORTS_ACCEPTED], 0);
    first->at[METRIC_REPORTS_ACCEPTED] = 1;
    assert_true(metrics_have(shared, "\nmashang_reports_accepted_total 8\n"));
    shared_free(&shared);
}

static void test_slots_run_out_and_come_back(void **state)
{
    struct shared *shared = shared_new();
    struct metrics_slot *slots[SHARED_SLOTS];
    (void)state;
    for (size_t i = 0; i < SHARED_SLOTS; i++) {
        slots[i] = shared_take(shared);
        assert_non_null(slots[i]);
    }
    assert_null(shared_take(shared));
    shared_give_back(shared, &slots[5]);
    assert_non_null(shared_take(shared));
    shared_free(&shared);
}

static void test_a_broken_law_shows(void **state)
{
    struct shared *shared = shared_new();
    struct queue_counts counts = {.made = 10,
                                  .held = 1,
                                  .ready = 1,
                                  .delayed = 1,
                                  .sending = 1,
                                  .delivered = 4,
                                  .buried = 1,
                                  .dropped = 1,
                                  .accepted = 6,
                                  .leads = 3,
                                  .promoted = 1,
                                  .records = 8};
    (void)state;
    assert_true(metrics_have(shared, "\nmashang_queue_known 0\n"));
    assert_false(metrics_have(shared, "mashang_queue_law_broken"));
    shared_queue_write(shared, &counts);
    assert_true(metrics_have(shared, "\nmashang_queue_law_broken 0\n"));
    assert_true(metrics_have(shared, "mashang_queue_events{place=\"delivered\"} 4\n"));
    counts.records = 7; /* one of them has vanished */
    shared_queue_write(shared, &counts);
    assert_true(metrics_have(shared, "\nmashang_queue_law_broken 1\n"));
    counts.records = 8;
    counts.dropped = 0;
    shared_queue_write(shared, &counts);
    assert_true(metrics_have(shared, "\nmashang_queue_law_broken 1\n"));
    shared_free(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readyz_names_each_part_that_is_down),
        cmocka_unit_test(test_what_the_dead_counted_stays),
        cmocka_unit_test(test_slots_run_out_and_come_back),
        cmocka_unit_test(test_a_broken_law_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
