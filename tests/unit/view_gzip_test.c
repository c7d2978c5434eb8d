#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

#include "view/gzip.h"

enum { GZIP_WINDOW = 15 + 16, PLAIN_BYTES_MAX = 1 << 18 };

/* What an ordinary client makes of the bytes; checks the CRC and the length too. */
static void unzip(struct str zipped, struct buf *to)
{
    z_stream stream = {.next_in = (z_const Bytef *)zipped.at, .avail_in = (uInt)zipped.len};
    assert_int_equal(inflateInit2(&stream, GZIP_WINDOW), Z_OK);
    char *out = buf_room(to, PLAIN_BYTES_MAX);
    stream.next_out = (Bytef *)out;
    stream.avail_out = PLAIN_BYTES_MAX;
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    buf_wrote(to, PLAIN_BYTES_MAX - stream.avail_out);
    inflateEnd(&stream);
}

/* Text that repeats, so that a match across the hole would be found if one could be made. */
static void put_text(struct buf *to, size_t bytes)
{
    for (size_t i = 0; to->len < bytes; i++) {
        buf_printf(to, "<p class=\"曲堤街道\">%zu</p>", i * 7919 % 1000);
    }
    to->len = bytes;
}

static void test_whole_bodies(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 65535, 200000};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buf plain;
        struct buf zipped;
        struct buf back;
        buf_init(&plain, PLAIN_BYTES_MAX);
        buf_init(&zipped, PLAIN_BYTES_MAX);
        buf_init(&back, PLAIN_BYTES_MAX);
        put_text(&plain, sizes[i]);
        gzip_put(buf_str(&plain), &zipped);
        unzip(buf_str(&zipped), &back);
        assert_true(str_eq(buf_str(&plain), buf_str(&back)));
        buf_release(&plain);
        buf_release(&zipped);
        buf_release(&back);
    }
}

static void fill_and_compare(const struct gzip_around *around, struct str before, struct str hole,
                             struct str after)
{
    unsigned char middle[GZIP_MIDDLE_BYTES];
    unsigned char end[GZIP_END_BYTES];
    struct buf zipped;
    struct buf back;
    buf_init(&zipped, PLAIN_BYTES_MAX * 2);
    buf_init(&back, PLAIN_BYTES_MAX);
    size_t len = gzip_around_fill(around, hole, middle, end);
    assert_true(len <= sizeof middle);
    buf_put(&zipped, blob_str(around->head));
    buf_put(&zipped, str_make(middle, len));
    buf_put(&zipped, blob_str(around->tail));
    buf_put(&zipped, str_make(end, sizeof end));
    unzip(buf_str(&zipped), &back);
    assert_int_equal(back.len, before.len + hole.len + after.len);
    assert_true(str_starts(buf_str(&back), before));
    assert_true(str_ends(buf_str(&back), after));
    assert_true(str_eq(str_sub(buf_str(&back), before.len, hole.len), hole));
    buf_release(&zipped);
    buf_release(&back);
}

static void test_holes(void **state)
{
    static const struct {
        size_t before, after;
    } sizes[] = {{0, 0}, {0, 5}, {5, 0}, {9000, 4000}, {100000, 70000}};
    (void)state;
    srand(20261123);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buf before;
        struct buf after;
        struct gzip_around around;
        char hole[GZIP_HOLE_BYTES_MAX];
        buf_init(&before, PLAIN_BYTES_MAX);
        buf_init(&after, PLAIN_BYTES_MAX);
        put_text(&before, sizes[i].before);
        put_text(&after, sizes[i].after);
        gzip_around_make(&around, buf_str(&before), buf_str(&after));
        for (size_t len = 0; len <= sizeof hole; len += len < 3 ? 1 : 25) {
            for (size_t k = 0; k < len; k++) {
                hole[k] = (char)rand();
            }
            fill_and_compare(&around, buf_str(&before), str_make(hole, len), buf_str(&after));
        }
        gzip_around_release(&around);
        assert_null(around.head);
        buf_release(&before);
        buf_release(&after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_bodies),
        cmocka_unit_test(test_holes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
