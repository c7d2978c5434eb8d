/* Where the reports of a bucket are kept, slice by slice, and how far that was worked off under which areas. */
#include "store_redis.h"

#include "store/places.h"

enum { SHAPE = 0xABC, OTHER_SHAPE = 0xABD, PURGED = 3 };

struct got {
    bool done;
    enum op_status status;
    size_t count;
    int64_t upto;
    bool ended;
    char first[16], last[128];
};

static void on_slice(void *arg, enum op_status status, const struct places_slice *slice)
{
    struct got *got = arg;
    assert_false(got->done);
    *got = (struct got){.done = true, .status = status};
    if (slice == NULL) {
        return;
    }
    got->count = slice->count;
    got->upto = slice->upto;
    got->ended = slice->ended;
    if (slice->count > 0) {
        const struct places_row *row = &slice->rows[slice->count - 1];
        snprintf(got->first, sizeof got->first, "%.*s", STR_ARG(slice->rows[0].receipt));
        snprintf(got->last, sizeof got->last, "%.*s %.*s|%.*s|%.*s", STR_ARG(row->receipt),
                 STR_ARG(row->area), STR_ARG(row->path), STR_ARG(row->indexes));
    }
}

static int64_t loaded_ms; /* when whoever asks loaded his areas */

static struct got slice(uint64_t shape, int64_t worked_off)
{
    struct got got = {0};
    const struct places_areas areas = {shape, loaded_ms};
    places_read(bench.store, 7, &areas, worked_off, on_slice, &got);
    assert_false(got.done);
    run_until(bench.loop, &got.done);
    assert_int_equal(got.status, OP_OK);
    return got;
}

static const char *noted(void)
{
    return redis_ask(&bench.redis, "HGET ms:{07}:n places");
}

/* from…to by their numbers, one of them without a person. */
static void seed(int from, int to)
{
    redis_ask(&bench.redis, "EVAL %s 0 %d %d %d",
              "for i=tonumber(ARGV[1]),tonumber(ARGV[2]) do local r=string.format('07%010d',i) "
              "redis.call('HSET','ms:{07}:r:'..r,'v',1,'area','v'..i,'path','c t v'..i,'idx','a:t',"
              "'purged',i==tonumber(ARGV[3]) and '5' or '') "
              "redis.call('ZADD','ms:{07}:changes',i,r) end",
              from, to, PURGED);
}

static void test_slices(void **state)
{
    (void)state;
    loaded_ms = 1000;
    seed(1, 450);
    struct got got = slice(SHAPE, PLACES_AS_NOTED);
    assert_int_equal(got.count, 199);
    assert_int_equal(got.upto, 200);
    assert_false(got.ended);
    assert_string_equal(got.first, "070000000001");
    assert_string_equal(got.last, "070000000200 v200|c t v200|a:t");
    assert_string_equal(noted(), "0000000000000abc 0 1000"); /* not worked off yet */
    got = slice(SHAPE, 200);
    assert_int_equal(got.count, 200);
    assert_string_equal(noted(), "0000000000000abc 200 1000");
    got = slice(SHAPE, 400);
    assert_int_equal(got.count, 50);
    assert_int_equal(got.upto, 450);
    assert_true(got.ended);
    got = slice(SHAPE, 450);
    assert_int_equal(got.count, 0);
    assert_int_equal(got.upto, 450);
    assert_true(got.ended);
    assert_string_equal(noted(), "0000000000000abc 450 1000");
}

/* Under the same areas it goes on with what is new; under others it begins again. */
static void test_goes_on(void **state)
{
    (void)state;
    loaded_ms = 1000;
    seed(1, 10);
    assert_int_equal(slice(SHAPE, PLACES_AS_NOTED).count, 9);
    assert_int_equal(slice(SHAPE, 10).count, 0);
    seed(11, 12);
    struct got got = slice(SHAPE, PLACES_AS_NOTED);
    assert_string_equal(got.first, "070000000011");
    assert_int_equal(got.upto, 12);
    loaded_ms = 2000;
    assert_int_equal(slice(OTHER_SHAPE, PLACES_AS_NOTED).count, 11);
    assert_string_equal(noted(), "0000000000000abd 0 2000");
    assert_int_equal(slice(OTHER_SHAPE, 12).count, 0);
    assert_string_equal(noted(), "0000000000000abd 12 2000");
    loaded_ms = 3000; /* the first areas again, loaded anew */
    assert_int_equal(slice(SHAPE, PLACES_AS_NOTED).count, 11);
}

/* Two gateways with different areas: who loaded his last leads, and the other leaves the reports alone, whatever is written. */
static void test_the_newest_areas_lead(void **state)
{
    (void)state;
    seed(1, 10);
    redis_ask(&bench.redis, "HSET ms:{07}:n places %s",
              "0000000000000abc 10"); /* of an earlier release */
    loaded_ms = 1000;
    assert_int_equal(slice(SHAPE, 10).count, 0);
    loaded_ms = 2000;
    assert_int_equal(slice(OTHER_SHAPE, PLACES_AS_NOTED).count, 9);
    seed(11, 12);
    loaded_ms = 1000;
    struct got got = slice(SHAPE, 10);
    assert_int_equal(got.count, 0);
    assert_int_equal(got.upto, 10);
    assert_true(got.ended);
    assert_int_equal(slice(SHAPE, PLACES_AS_NOTED).count, 0);
    assert_string_equal(noted(), "0000000000000abd 0 2000");
    loaded_ms = 2000;
    assert_int_equal(slice(OTHER_SHAPE, 10).count, 2);
    assert_int_equal(slice(SHAPE, PLACES_AS_NOTED).count,
                     0); /* at the same moment: one of the two */
    assert_int_equal(slice(OTHER_SHAPE, 12).count, 0);
    assert_string_equal(noted(), "0000000000000abd 12 2000");
}

/* A moment beyond Redis's own now is that of a clock that ran ahead: it leads nobody, and a gateway whose clock does so now is no newer than now. */
static void test_a_clock_that_ran_ahead(void **state)
{
    (void)state;
    seed(1, 10);
    redis_ask(&bench.redis, "HSET ms:{07}:n places %s", "0000000000000abc 10 4102444800000");
    loaded_ms = 2000;
    assert_int_equal(slice(OTHER_SHAPE, PLACES_AS_NOTED).count, 9);
    assert_string_equal(noted(), "0000000000000abd 0 2000");
    redis_ask(&bench.redis, "HSET ms:{07}:n places %s", "0000000000000abd 10 4102444800000");
    assert_int_equal(slice(OTHER_SHAPE, 10).count, 0); /* the same areas: it is mended */
    assert_string_equal(noted(), "0000000000000abd 10 2000");
    loaded_ms = INT64_C(4102444800000);
    assert_int_equal(slice(SHAPE, PLACES_AS_NOTED).count, 9);
    assert_true(strstr(noted(), " 4102444800000") == NULL);
    loaded_ms = 2000;
    assert_int_equal(slice(OTHER_SHAPE, PLACES_AS_NOTED).count, 0);
}

static void test_nothing_there(void **state)
{
    (void)state;
    struct got got = slice(SHAPE, PLACES_AS_NOTED);
    assert_int_equal(got.count, 0);
    assert_int_equal(got.upto, 0);
    assert_true(got.ended);
    assert_int_equal(slice(SHAPE, 0).upto, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_slices, wipe),
        cmocka_unit_test_setup(test_goes_on, wipe),
        cmocka_unit_test_setup(test_the_newest_areas_lead, wipe),
        cmocka_unit_test_setup(test_a_clock_that_ran_ahead, wipe),
        cmocka_unit_test_setup(test_nothing_there, wipe),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
