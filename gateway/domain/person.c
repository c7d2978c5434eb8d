#include "domain/person.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/utf8.h"

enum {
    MIDDLE_DOT = 0xB7,
    REPLACEMENT = 0xFFFD,
    NAME_TYPED_BYTES_MAX = 2048 /* bounds the work of NFC, which is quadratic in runs of marks */
};

static bool in(uint32_t code, uint32_t first, uint32_t last)
{
    return code >= first && code <= last;
}

static bool is_dropped(uint32_t code)
{
    return code == 0xAD || in(code, 0x200B, 0x200F) || code == 0x2060 || code == 0xFEFF;
}

static bool is_bidi(uint32_t code)
{
    return code == 0x61C || in(code, 0x202A, 0x202E) || in(code, 0x2066, 0x2069);
}

static bool is_noncharacter(uint32_t code)
{
    return in(code, 0xFDD0, 0xFDEF) || (code & 0xFFFE) == 0xFFFE;
}

static bool is_blank(uint32_t code)
{
    return utf8proc_category((utf8proc_int32_t)code) == UTF8PROC_CATEGORY_ZS;
}

static bool is_dash(uint32_t code)
{
    return utf8proc_category((utf8proc_int32_t)code) == UTF8PROC_CATEGORY_PD || code == 0x2212;
}

static uint32_t fold_width(uint32_t code)
{
    if (in(code, 0xFF01, 0xFF5E)) {
        return code - 0xFF01 + '!';
    }
    return code == 0x3000 ? ' ' : code;
}

/* Letters and marks that show nothing: fillers, joiners, selectors. A name of them would be an empty line. */
static bool is_unseen(uint32_t code)
{
    static const uint32_t ranges[][2] = {
        {0x034F, 0x034F}, {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F},   {0x3164, 0x3164},
        {0xFE00, 0xFE0F}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0xE0000, 0xE0FFF},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (in(code, ranges[i][0], ranges[i][1])) {
            return true;
        }
    }
    return false;
}

/* Planes 2 and 3 and the gaps of the main block are kept for ideographs; people bear new ones before the library's tables do. */
static bool is_ideograph_to_come(uint32_t code)
{
    return in(code, 0x3400, 0x9FFF) || in(code, 0x20000, 0x3FFFD);
}

enum sign { LETTER, MARK, DOT, STOP, BLANK, HIDDEN, OTHER };

static enum sign sign_of(uint32_t code)
{
    static const uint32_t dots[] = {MIDDLE_DOT, 0x2022, 0x30FB, 0xFF65, 0x2027, 0x22C5, 0x2219};
    for (size_t i = 0; i < sizeof dots / sizeof dots[0]; i++) {
        if (code == dots[i]) {
            return DOT;
        }
    }
    if (code == '.' || code == 0xFF0E) {
        return STOP;
    }
    if (is_unseen(code) || is_noncharacter(code)) {
        return HIDDEN;
    }
    switch (utf8proc_category((utf8proc_int32_t)code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return LETTER;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return MARK;
    case UTF8PROC_CATEGORY_ZS:
        return BLANK;
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return HIDDEN;
    case UTF8PROC_CATEGORY_CN:
        return is_ideograph_to_come(code) ? LETTER : OTHER;
    default:
        return OTHER;
    }
}

/* False on broken UTF-8. */
static bool put_nfc(struct buf *to, struct str text)
{
    utf8proc_uint8_t *composed = NULL;
    utf8proc_ssize_t len = utf8proc_map((const utf8proc_uint8_t *)text.at,
                                        (utf8proc_ssize_t)text.len, &composed,
                                        UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (len >= 0) {
        buf_put(to, str_make(composed, (size_t)len));
    }
    free(composed);
    return len >= 0;
}

/* A name while it is read: separators and blanks wait until the letter after them is there. */
struct name {
    struct buf *to;
    size_t codes, letters;
    bool dot, stop, blank;
};

static void name_put(struct name *name, uint32_t code)
{
    utf8_put(name->to, code);
    name->codes++;
}

static enum person_fault name_take_letter(struct name *name, uint32_t code)
{
    if (name->dot) {
        name_put(name, MIDDLE_DOT);
    } else if (name->blank && name->codes > 0) {
        name_put(name, ' ');
    }
    name->dot = name->stop = name->blank = false;
    name->letters++;
    name_put(name, code);
    return PERSON_OK;
}

static enum person_fault name_take(struct name *name, uint32_t code)
{
    switch (sign_of(code)) {
    case LETTER:
        return name_take_letter(name, code);
    case MARK:
        if (name->codes == 0 || name->dot || name->blank) {
            return PERSON_CHARACTERS;
        }
        name_put(name, code);
        return PERSON_OK;
    case STOP: /* a full stop stands for the separator only right between letters */
        if (name->blank) {
            return PERSON_DOTS;
        }
        name->stop = true;
        __attribute__((fallthrough));
    case DOT:
        if (name->codes == 0 || name->dot) {
            return PERSON_DOTS;
        }
        name->dot = true;
        return PERSON_OK;
    case BLANK:
        name->blank = true;
        return name->stop ? PERSON_DOTS : PERSON_OK;
    case HIDDEN:
        return PERSON_HIDDEN;
    case OTHER:
        return PERSON_CHARACTERS;
    }
    return PERSON_CHARACTERS;
}

static enum person_fault name_read(struct str text, struct name *name)
{
    uint32_t code;
    while (utf8_next(&text, &code)) {
        enum person_fault fault = name_take(name, code);
        if (fault != PERSON_OK) {
            return fault;
        }
        if (name->codes > PERSON_NAME_MAX) {
            return PERSON_LONG;
        }
    }
    if (name->codes == 0) {
        return PERSON_EMPTY;
    }
    if (name->dot) {
        return PERSON_DOTS;
    }
    return name->letters < PERSON_NAME_MIN ? PERSON_SHORT : PERSON_OK;
}

/* False on broken UTF-8. */
static bool put_seen(struct buf *to, struct str typed)
{
    uint32_t code;
    while (utf8_next(&typed, &code)) {
        if (!is_dropped(code)) {
            utf8_put(to, code);
        }
    }
    return typed.len == 0;
}

enum person_fault person_name_parse(struct str typed, char ret_name[PERSON_NAME_BYTES])
{
    struct buf seen, composed, kept;
    buf_init(&seen, NAME_TYPED_BYTES_MAX);
    buf_init(&composed, (size_t)NAME_TYPED_BYTES_MAX * 3);
    buf_init(&kept, PERSON_NAME_BYTES + 8);
    struct name name = {.to = &kept};
    enum person_fault fault = PERSON_HIDDEN;
    ret_name[0] = '\0';
    if (put_seen(&seen, typed)) {
        fault = PERSON_LONG;
        if (buf_ok(&seen) && put_nfc(&composed, buf_str(&seen)) && buf_ok(&composed)) {
            fault = name_read(buf_str(&composed), &name);
        }
    }
    if (fault == PERSON_OK) {
        CHECK(kept.len < PERSON_NAME_BYTES);
        memcpy(ret_name, buf_text(&kept), kept.len + 1);
    }
    buf_release(&seen);
    buf_release(&composed);
    buf_release(&kept);
    return fault;
}

void person_name_mask(struct str name, char ret_mask[PERSON_MASK_BYTES])
{
    struct str first = utf8_head(name, 1);
    size_t len = first.len;
    if (len > 0) {
        memcpy(ret_mask, first.at, len);
    }
    memcpy(ret_mask + len, "**", 3);
}

/* One code point, or U+FFFD for a broken byte. */
static bool next_or_replacement(struct str *rest, uint32_t *ret_code)
{
    if (utf8_next(rest, ret_code)) {
        return true;
    }
    if (rest->len == 0) {
        return false;
    }
    *rest = str_from(*rest, 1);
    *ret_code = REPLACEMENT;
    return true;
}

void person_fold_digits(struct str typed, struct buf *to)
{
    uint32_t code;
    while (next_or_replacement(&typed, &code)) {
        if (!is_dropped(code)) {
            utf8_put(to, fold_width(code));
        }
    }
}

void person_fold_number(struct str typed, struct buf *to)
{
    uint32_t code;
    while (next_or_replacement(&typed, &code)) {
        if (!is_dropped(code) && !is_blank(code) && !is_dash(code) && code != '\t') {
            utf8_put(to, fold_width(code));
        }
    }
}

/* What stands for this code in a free text: 0 nothing, REFUSED the text is refused. */
enum { REFUSED = UINT32_MAX };

static uint32_t text_code(uint32_t code)
{
    if (code == '\n' || code == '\r' || code == 0x2028 || code == 0x2029) {
        return '\n';
    }
    if (code == '\t') {
        return ' ';
    }
    if (is_dropped(code)) {
        return 0;
    }
    if (is_bidi(code) || is_noncharacter(code)) {
        return REFUSED;
    }
    switch (utf8proc_category((utf8proc_int32_t)code)) {
    case UTF8PROC_CATEGORY_CC:
        return REFUSED;
    case UTF8PROC_CATEGORY_CF:
        return 0;
    default:
        return code;
    }
}

/* Trimmed on the way: `end` follows the last character that is no blank. */
static bool put_text(struct buf *to, struct str typed, size_t *ret_end)
{
    uint32_t code, before = 0;
    *ret_end = 0;
    while (utf8_next(&typed, &code)) {
        uint32_t kept = before == '\r' && code == '\n' ? 0 : text_code(code);
        before = code;
        if (kept == REFUSED) {
            return false;
        }
        bool blank = kept == '\n' || is_blank(kept);
        if (kept == 0 || (blank && to->len == 0)) {
            continue;
        }
        utf8_put(to, kept);
        *ret_end = blank ? *ret_end : to->len;
    }
    return typed.len == 0;
}

bool person_text_clean(struct str typed, struct buf *to)
{
    struct buf kept;
    size_t end;
    buf_init(&kept, to->bytes_max);
    bool clean = put_text(&kept, typed, &end);
    if (clean && !buf_ok(&kept)) {
        to->over = true;
    } else if (clean && end > 0) {
        clean = put_nfc(to, str_make(kept.at, end));
    }
    buf_release(&kept);
    return clean;
}
