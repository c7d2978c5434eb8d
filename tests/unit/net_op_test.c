#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/op.h"

/* The four promises of net/op.h, without any outside. */
struct told {
    struct loop *loop;
    int times;
    enum op_status status;
    const void *answer;
    int64_t at_ms;
    struct op *op;
    struct timer *timer;
    bool dropped;
};

static void on_done(void *arg, enum op_status status, const void *answer)
{
    struct told *told = arg;
    told->times++;
    told->status = status;
    told->answer = answer;
    told->at_ms = clock_mono_ms();
}

static void on_stop(void *arg)
{
    struct told *told = arg;
    loop_stop(told->loop);
}

static void run_for(struct told *told, int64_t ms)
{
    struct timer *timer = timer_new(told->loop, on_stop, told);
    timer_set(timer, ms);
    loop_run(told->loop);
    timer_free(&timer);
}

static int begin(void **state)
{
    static struct told told;
    told = (struct told){.loop = loop_new()};
    *state = &told;
    return 0;
}

static int end(void **state)
{
    struct told *told = *state;
    loop_free(&told->loop);
    return 0;
}

static void on_answered(void *arg)
{
    struct told *told = arg;
    if (!op_finished(told->op)) {
        op_finish(told->op, OP_OK, "answer");
    }
    op_drop(&told->op);
    told->dropped = true;
}

static void test_answer_in_time(void **state)
{
    struct told *told = *state;
    told->op = op_new(told->loop, loop_now_ms(told->loop) + 1000, on_done, told);
    op_hold(told->op);
    told->timer = timer_new(told->loop, on_answered, told);
    timer_set(told->timer, 5);
    assert_int_equal(told->times, 0);
    run_for(told, 30);
    assert_int_equal(told->times, 1);
    assert_int_equal(told->status, OP_OK);
    assert_string_equal(told->answer, "answer");
    assert_true(told->dropped);
    timer_free(&told->timer);
}

static void test_answer_too_late(void **state)
{
    struct told *told = *state;
    int64_t began_ms = clock_mono_ms();
    told->op = op_new(told->loop, loop_now_ms(told->loop) + 20, on_done, told);
    op_hold(told->op);
    told->timer = timer_new(told->loop, on_answered, told);
    timer_set(told->timer, 60);
    run_for(told, 100);
    assert_int_equal(told->times, 1); /* the late answer is dropped */
    assert_int_equal(told->status, OP_TIMEOUT);
    assert_null(told->answer);
    assert_in_range(told->at_ms - began_ms, 20, 55);
    assert_true(told->dropped);
    timer_free(&told->timer);
}

static void test_failure_known_at_once(void **state)
{
    struct told *told = *state;
    struct op *op = op_new(told->loop, loop_now_ms(told->loop) + 10, on_done, told);
    op_finish_later(op, OP_DOWN);
    assert_int_equal(told->times, 0); /* never before it returns */
    assert_true(op_finished(op));
    run_for(told, 30); /* past its deadline */
    assert_int_equal(told->times, 1);
    assert_int_equal(told->status, OP_DOWN);
}

static void test_deadline_past(void **state)
{
    struct told *told = *state;
    op_new(told->loop, loop_now_ms(told->loop) - 5, on_done, told);
    assert_int_equal(told->times, 0);
    run_for(told, 10);
    assert_int_equal(told->times, 1);
    assert_int_equal(told->status, OP_TIMEOUT);
}

static void test_pending_at_the_end_of_the_loop(void **state)
{
    struct told *told = *state;
    op_finish_later(op_new(told->loop, loop_now_ms(told->loop) + 10, on_done, told), OP_REFUSED);
    loop_free(&told->loop);
    assert_int_equal(told->times, 1); /* also when the loop never turns again */
    told->loop = loop_new();
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(op_status_name(OP_OK), "ok");
    assert_string_equal(op_status_name(OP_REFUSED), "refused");
    assert_string_equal(op_status_name(OP_DOWN), "down");
    assert_string_equal(op_status_name(OP_LOST), "lost");
    assert_string_equal(op_status_name(OP_TIMEOUT), "timeout");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answer_in_time, begin, end),
        cmocka_unit_test_setup_teardown(test_answer_too_late, begin, end),
        cmocka_unit_test_setup_teardown(test_failure_known_at_once, begin, end),
        cmocka_unit_test_setup_teardown(test_deadline_past, begin, end),
        cmocka_unit_test_setup_teardown(test_pending_at_the_end_of_the_loop, begin, end),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
