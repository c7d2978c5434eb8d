#include "domain/phone.h"

#include "domain/person.h"

enum { MOBILE_DIGITS = 11, FOLDED_BYTES_MAX = 128 };

static bool is_mobile(struct str text)
{
    return text.len == MOBILE_DIGITS && text.at[0] == '1' && text.at[1] >= '3';
}

/* Digits of the area code with its 0: 010 and 02x have three, 03xx to 09xx four; 0 when there is no such code. */
static size_t area_code_digits(struct str text)
{
    if (text.len < 3 || text.at[0] != '0') {
        return 0;
    }
    if (str_starts(text, STR("010")) || text.at[1] == '2') {
        return 3;
    }
    return text.at[1] >= '3' ? 4 : 0;
}

static bool landline_length_fits(struct str text)
{
    size_t area = area_code_digits(text);
    return area > 0 && (text.len == area + 7 || text.len == area + 8);
}

static bool is_landline(struct str text)
{
    return landline_length_fits(text) && text.at[area_code_digits(text)] != '0';
}

/* Takes the country's own code off. */
static bool strip_country(struct str *text)
{
    static const char *const codes[] = {"+86", "0086", "86"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct str code = str_of(codes[i]);
        if (str_starts(*text, code)) {
            *text = str_from(*text, code.len);
            return true;
        }
    }
    return false;
}

/* (0531)84232015: one pair around what stands first. */
static void strip_brackets(struct buf *number)
{
    struct str text = buf_str(number);
    ptrdiff_t close = str_find_char(text, ')');
    if (text.len == 0 || text.at[0] != '(' || close < 3 || close > 5) {
        return;
    }
    memmove(number->at + close, number->at + close + 1, number->len - (size_t)close);
    number->len--;
    buf_shift(number, 1);
}

static enum phone_fault fault_of(struct str text)
{
    bool mobile = text.at[0] == '1' && text.len > 1 && text.at[1] >= '3';
    if (landline_length_fits(text)) {
        return PHONE_UNKNOWN;
    }
    if (mobile || area_code_digits(text) > 0 || text.len < 7 || text.len > 12) {
        return PHONE_LENGTH;
    }
    return text.at[0] >= '2' && text.len <= 8 ? PHONE_AREA : PHONE_UNKNOWN;
}

static enum phone_fault folded_parse(struct buf *folded, char ret_phone[PHONE_BYTES])
{
    strip_brackets(folded);
    struct str text = buf_str(folded);
    if (text.len == 0) {
        return PHONE_EMPTY;
    }
    bool abroad = strip_country(&text);
    if (text.len == 0) {
        return PHONE_LENGTH;
    }
    if (!str_only(text, STR_DIGITS)) {
        return PHONE_CHARACTERS;
    }
    char with_zero[FOLDED_BYTES_MAX + 2] = "0";
    if (abroad && text.at[0] != '0' && !is_mobile(text)) {
        memcpy(with_zero + 1, text.at, text.len);
        struct str landline = str_make(with_zero, text.len + 1);
        text = is_landline(landline) ? landline : text;
    }
    if (!is_mobile(text) && !is_landline(text)) {
        return fault_of(text);
    }
    memcpy(ret_phone, text.at, text.len);
    ret_phone[text.len] = '\0';
    return PHONE_OK;
}

enum phone_fault phone_parse(struct str typed, char ret_phone[PHONE_BYTES])
{
    struct buf folded;
    buf_init(&folded, FOLDED_BYTES_MAX);
    ret_phone[0] = '\0';
    person_fold_number(typed, &folded);
    enum phone_fault fault = buf_ok(&folded) ? folded_parse(&folded, ret_phone) : PHONE_LENGTH;
    buf_release(&folded);
    return fault;
}
