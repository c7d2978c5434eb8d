/*
 * Any bytes as a request with its body: whole, cut in two (the first byte says where) and byte by byte give the same request or the same refusal.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"
#include "http/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_BYTES_MAX = 64 };

struct outcome {
    enum reader_result result;
    size_t used;
};

static struct outcome read_all(struct reader *reader, struct str bytes, size_t first, size_t then)
{
    struct outcome outcome = {READER_MORE, 0};
    reader_reset(reader, BODY_BYTES_MAX);
    for (size_t at = 0, len = first; at < bytes.len && outcome.result == READER_MORE;
         at += len, len = then) {
        struct str part = str_sub(bytes, at, len);
        do {
            size_t used;
            outcome.result = reader_feed(reader, part, &used);
            part = str_from(part, used);
            outcome.used += used;
        } while (outcome.result == READER_HEAD || (outcome.result == READER_MORE && part.len > 0));
    }
    return outcome;
}

static void check_same(const struct reader *a, const struct reader *b)
{
    CHECK(a->keep_alive == b->keep_alive && a->request.method == b->request.method);
    CHECK(str_eq(a->request.path, b->request.path) && str_eq(a->request.query, b->request.query));
    CHECK(str_eq(a->request.body, b->request.body));
    CHECK(a->request.header_count == b->request.header_count);
    for (size_t i = 0; i < a->request.header_count; i++) {
        CHECK(str_eq(a->request.headers[i].name, b->request.headers[i].name));
        CHECK(str_eq(a->request.headers[i].value, b->request.headers[i].value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reader whole;
    static struct reader sliced;
    static bool ready;
    if (!ready) {
        reader_init(&whole);
        reader_init(&sliced);
        ready = true;
    }
    if (size < 2) {
        return 0;
    }
    struct str bytes = str_make(data + 1, size - 1);
    struct outcome expected = read_all(&whole, bytes, bytes.len, 1);
    const size_t cuts[][2] = {{data[0] % bytes.len + 1, bytes.len}, {1, 1}};
    for (size_t i = 0; i < 2; i++) {
        struct outcome outcome = read_all(&sliced, bytes, cuts[i][0], cuts[i][1]);
        /* of a body both too long and ill-formed either may be said */
        bool both = sliced.status == 413 || whole.status == 413;
        CHECK(outcome.result == expected.result && (both || sliced.status == whole.status));
        CHECK(expected.result == READER_REFUSED || outcome.used == expected.used);
        if (expected.result == READER_WHOLE) {
            check_same(&whole, &sliced);
        }
    }
    return 0;
}
