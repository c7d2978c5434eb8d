#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/loop.h"

struct story {
    struct loop *loop;
    struct buf text;
    struct timer *timer;
    int64_t began_ms;
    int64_t rang_ms;
    int rings;
};

static int begin(void **state)
{
    static struct story story;
    story = (struct story){.loop = loop_new()};
    buf_init(&story.text, 1000);
    *state = &story;
    return 0;
}

static int end(void **state)
{
    struct story *story = *state;
    timer_free(&story->timer);
    loop_free(&story->loop);
    buf_release(&story->text);
    return 0;
}

static void stop(void *arg)
{
    loop_stop(((struct story *)arg)->loop);
}

static void say_b(void *arg)
{
    buf_putc(&((struct story *)arg)->text, 'b');
}

static void say_a_then_b_next_turn(void *arg)
{
    struct story *story = arg;
    buf_putc(&story->text, 'a');
    loop_later(story->loop, say_b, story);
    loop_later(story->loop, stop, story);
}

static void say_c(void *arg)
{
    buf_putc(&((struct story *)arg)->text, 'c');
}

static void test_later_runs_in_order_and_new_work_a_turn_later(void **state)
{
    struct story *story = *state;
    loop_later(story->loop, say_a_then_b_next_turn, story);
    loop_later(story->loop, say_c, story);
    loop_run(story->loop);
    assert_string_equal(buf_text(&story->text), "acb");
    assert_int_equal(loop_turns(story->loop), 2);
}

static void test_free_runs_what_was_left_for_later(void **state)
{
    struct story *story = *state;
    loop_later(story->loop, say_a_then_b_next_turn, story);
    loop_free(&story->loop);
    assert_string_equal(buf_text(&story->text), "ab");
    story->loop = loop_new();
}

static void on_ring(void *arg)
{
    struct story *story = arg;
    story->rang_ms = clock_mono_ms();
    story->rings++;
    buf_putc(&story->text, 'r');
    loop_stop(story->loop);
}

static void test_timer_is_never_early_and_rings_once(void **state)
{
    struct story *story = *state;
    story->timer = timer_new(story->loop, on_ring, story);
    for (int i = 1; i <= 20; i++) {
        story->began_ms = clock_mono_ms();
        timer_set(story->timer, i % 7);
        loop_run(story->loop);
        assert_true(story->rang_ms - story->began_ms >= i % 7);
        assert_int_equal(story->rings, i);
    }
}

static void test_timer_set_replaces_and_stop_silences(void **state)
{
    struct story *story = *state;
    struct timer *ender = timer_new(story->loop, stop, story);
    story->timer = timer_new(story->loop, on_ring, story);
    timer_set(story->timer, 1);
    timer_set(story->timer, 100000);
    timer_set(ender, 30);
    loop_run(story->loop);
    assert_int_equal(story->rings, 0);
    timer_set(story->timer, 1);
    timer_stop(story->timer);
    timer_set(ender, 30);
    loop_run(story->loop);
    assert_int_equal(story->rings, 0);
    timer_free(&ender);
    assert_null(ender);
}

static void on_ring_free(void *arg)
{
    struct story *story = arg;
    timer_free(&story->timer);
    loop_stop(story->loop);
}

static void test_timer_may_free_itself(void **state)
{
    struct story *story = *state;
    story->timer = timer_new(story->loop, on_ring_free, story);
    timer_set(story->timer, -5);
    loop_run(story->loop);
    assert_null(story->timer);
}

static void note_time(void *arg)
{
    struct story *story = arg;
    story->began_ms = loop_now_ms(story->loop);
    int64_t until = clock_mono_ms() + 5;
    while (clock_mono_ms() < until) {
    }
    story->rang_ms = loop_now_ms(story->loop);
    stop(story);
}

static void test_now_stands_still_within_a_turn(void **state)
{
    struct story *story = *state;
    loop_later(story->loop, note_time, story);
    loop_run(story->loop);
    assert_int_equal(story->began_ms, story->rang_ms);
    assert_true(loop_now_ms(story->loop) >= story->began_ms + 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_later_runs_in_order_and_new_work_a_turn_later, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_free_runs_what_was_left_for_later, begin, end),
        cmocka_unit_test_setup_teardown(test_timer_is_never_early_and_rings_once, begin, end),
        cmocka_unit_test_setup_teardown(test_timer_set_replaces_and_stop_silences, begin, end),
        cmocka_unit_test_setup_teardown(test_timer_may_free_itself, begin, end),
        cmocka_unit_test_setup_teardown(test_now_stands_still_within_a_turn, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
