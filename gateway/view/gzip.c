#include "view/gzip.h"

#include <string.h>
#include <zlib.h>

#include "base/check.h"

enum { RAW_DEFLATE = -15, MEMORY_LEVEL = 8, WORK_BYTES = 16 * 1024 };

/* magic, deflate, no flags, no time (the same page is the same bytes), best compression, unknown system */
static const char gzip_header[10] = {'\x1f', '\x8b', 8, 0, 0, 0, 0, 0, 2, '\xff'};

static void put_deflated(struct str plain, int flush, struct buf *to)
{
    z_stream stream = {0};
    unsigned char work[WORK_BYTES];
    CHECK(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, RAW_DEFLATE, MEMORY_LEVEL,
                       Z_DEFAULT_STRATEGY) == Z_OK);
    stream.next_in = (z_const Bytef *)plain.at;
    stream.avail_in = (uInt)plain.len;
    do {
        stream.next_out = work;
        stream.avail_out = sizeof work;
        int did = deflate(&stream, flush);
        CHECK(did == Z_OK || did == Z_STREAM_END || did == Z_BUF_ERROR);
        buf_put(to, str_make(work, sizeof work - stream.avail_out));
    } while (stream.avail_out == 0);
    deflateEnd(&stream); /* says Z_DATA_ERROR where the stream goes on elsewhere: expected */
}

static uint32_t crc_of(struct str bytes)
{
    return (uint32_t)crc32(crc32(0, NULL, 0), (const Bytef *)bytes.at, (uInt)bytes.len);
}

static void little_endian(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (unsigned char)(value >> (8 * i));
    }
}

static void fill_end(unsigned char end[GZIP_END_BYTES], uint32_t crc, size_t len)
{
    little_endian(end, crc);
    little_endian(end + 4, (uint32_t)len);
}

void gzip_put(struct str plain, struct buf *to)
{
    unsigned char end[GZIP_END_BYTES];
    buf_put(to, str_make(gzip_header, sizeof gzip_header));
    put_deflated(plain, Z_FINISH, to);
    fill_end(end, plain.len ? crc_of(plain) : 0, plain.len);
    buf_put(to, str_make(end, sizeof end));
}

void gzip_around_make(struct gzip_around *ret, struct str before, struct str after)
{
    struct buf work;
    buf_init(&work, before.len + after.len + WORK_BYTES);
    buf_put(&work, str_make(gzip_header, sizeof gzip_header));
    put_deflated(before, Z_FULL_FLUSH, &work);
    CHECK(buf_ok(&work));
    ret->head = blob_new(buf_str(&work));
    buf_clear(&work);
    /* A stream of its own: its matches can only reach back to its own beginning, so the hole may hold anything. */
    put_deflated(after, Z_FINISH, &work);
    CHECK(buf_ok(&work));
    ret->tail = blob_new(buf_str(&work));
    buf_release(&work);
    ret->head_crc = before.len ? crc_of(before) : 0;
    ret->tail_crc = after.len ? crc_of(after) : 0;
    ret->tail_operator = (uint32_t)crc32_combine_gen((z_off_t)after.len);
    ret->head_len = before.len;
    ret->tail_len = after.len;
}

void gzip_around_release(struct gzip_around *around)
{
    blob_drop(&around->head);
    blob_drop(&around->tail);
}

size_t gzip_around_fill(const struct gzip_around *around, struct str hole,
                        unsigned char ret_middle[GZIP_MIDDLE_BYTES],
                        unsigned char ret_end[GZIP_END_BYTES])
{
    CHECK(hole.len <= GZIP_HOLE_BYTES_MAX);
    uLong crc = around->head_crc;
    if (hole.len > 0) {
        crc = crc32(crc, (const Bytef *)hole.at, (uInt)hole.len);
    }
    crc = crc32_combine_op(crc, around->tail_crc, around->tail_operator);
    fill_end(ret_end, (uint32_t)crc, around->head_len + hole.len + around->tail_len);

    /* RFC 1951 §3.2.4: three zero bits (a stored block that is not the last, the head ended on a byte), then LEN and NLEN. */
    ret_middle[0] = 0;
    ret_middle[1] = (unsigned char)hole.len;
    ret_middle[2] = 0;
    ret_middle[3] = (unsigned char)~hole.len;
    ret_middle[4] = 0xff;
    if (hole.len > 0) {
        memcpy(ret_middle + 5, hole.at, hole.len);
    }
    return 5 + hole.len;
}
