/*
 * Any bytes as a head: fed whole and byte by byte the check comes to the same verdict at the same byte; what it lets through has CRLF line ends and no
 * controls, and llhttp never sees more fields than the check did.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"
#include "http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clean(struct str head)
{
    for (size_t i = 0; i < head.len; i++) {
        unsigned char c = (unsigned char)head.at[i];
        CHECK(c >= ' ' || c == '\t' || c == '\r' || c == '\n');
        CHECK(c != 0x7f);
        CHECK((c == '\n') == (i > 0 && head.at[i - 1] == '\r'));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct head whole;
    static struct head sliced;
    struct str bytes = str_make(data, size);
    size_t used = 0;
    size_t used_sliced = 0;
    head_init(&whole);
    head_init(&sliced);
    enum head_result result = head_feed(&whole, bytes, &used);
    enum head_result result_sliced = HEAD_MORE;
    for (size_t i = 0; i < size && result_sliced == HEAD_MORE; i++) {
        size_t one;
        result_sliced = head_feed(&sliced, str_sub(bytes, i, 1), &one);
        used_sliced += one;
    }
    CHECK(result == result_sliced && used == used_sliced && whole.status == sliced.status);
    CHECK((result == HEAD_BAD) == (whole.status != 0));
    if (result == HEAD_WHOLE) {
        struct head_facts facts;
        check_clean(str_sub(bytes, 0, used));
        int status = head_judge(&whole, bytes.at, &facts);
        CHECK(status != 0 || (facts.path.len > 0 && facts.path.at[0] == '/'));
        CHECK(status != 0 || !(facts.chunked && facts.has_length));
        for (size_t i = 0; i < whole.field_count; i++) {
            struct str value = head_value(&whole, bytes.at, i);
            CHECK(head_name(&whole, bytes.at, i).len > 0);
            CHECK(str_trim(value).len == value.len);
        }
    }
    return 0;
}
