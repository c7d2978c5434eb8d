/*
 * Any bytes as a cursor, and as the bytes inside one (the text then fits by its shape and is wrong by its content only): none of ours, or one
 * that is printed as it was read, of the numbers the store can count.
 */
#include "base/escape.h"
#include "domain/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void read_text(struct str text)
{
    static struct cursor cursor, again;
    char printed[CURSOR_TEXT_BYTES];
    if (!cursor_parse(text, &cursor)) {
        return;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        CHECK(cursor.seq[i] >= 0 && cursor.seq[i] <= CURSOR_SEQ_MAX);
    }
    cursor_print(&cursor, printed);
    CHECK(str_is(text, printed));
    CHECK(cursor_parse(str_of(printed), &again) && memcmp(&cursor, &again, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct buf text;
    read_text(str_make(bytes, len));
    buf_init(&text, 2 * len + 4);
    base64url_put(&text, str_make(bytes, len));
    CHECK(buf_ok(&text));
    read_text(buf_str(&text));
    buf_release(&text);
    return 0;
}
