#include "domain/answer_value.h"

#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "domain/person.h"
#include "domain/phone.h"

enum {
    TEXT_TIMES = 4, /* before folding a text may have so many times the characters allowed */
    BYTES_PER_CHAR = 4
};

static size_t number_characters(struct str typed)
{
    struct buf folded;
    buf_init(&folded, typed.len * 3 + 1);
    person_fold_number(typed, &folded);
    size_t count = utf8_length(buf_str(&folded));
    buf_release(&folded);
    return count;
}

void answer_value_name(struct str typed, struct answer_value *ret)
{
    static const char *const kinds[] = {
        [PERSON_SHORT] = "short",   [PERSON_LONG] = "long", [PERSON_CHARACTERS] = "characters",
        [PERSON_HIDDEN] = "hidden", [PERSON_DOTS] = "dots",
    };
    char name[PERSON_NAME_BYTES];
    enum person_fault fault = person_name_parse(typed, name);
    if (fault == PERSON_OK) {
        ret->value = json_string(name);
    } else if (fault != PERSON_EMPTY) {
        ret->fault = kinds[fault];
    }
}

void answer_value_resident_id(struct str typed, struct date today, struct answer_value *ret)
{
    static const char *const kinds[] = {
        [RESIDENT_ID_CHARACTERS] = "characters",   [RESIDENT_ID_LENGTH] = "length",
        [RESIDENT_ID_FIFTEEN] = "fifteen",         [RESIDENT_ID_PROVINCE] = "province",
        [RESIDENT_ID_CERTIFICATE] = "certificate", [RESIDENT_ID_BIRTH] = "birth",
        [RESIDENT_ID_FUTURE] = "future",           [RESIDENT_ID_CHECK] = "check",
    };
    char id[RESIDENT_ID_BYTES];
    enum resident_id_fault fault = resident_id_parse(typed, today, id);
    if (fault == RESIDENT_ID_OK) {
        ret->value = json_string(id);
    } else if (fault != RESIDENT_ID_EMPTY) {
        ret->fault = kinds[fault];
        ret->count = number_characters(typed);
        memcpy(ret->offer, id, sizeof id);
    }
}

void answer_value_phone(struct str typed, struct answer_value *ret)
{
    static const char *const kinds[] = {
        [PHONE_CHARACTERS] = "characters",
        [PHONE_LENGTH] = "length",
        [PHONE_AREA] = "area",
        [PHONE_UNKNOWN] = "unknown",
    };
    char phone[PHONE_BYTES];
    enum phone_fault fault = phone_parse(typed, phone);
    if (fault == PHONE_OK) {
        ret->value = json_string(phone);
    } else if (fault != PHONE_EMPTY) {
        ret->fault = kinds[fault];
        ret->count = number_characters(typed);
    }
}

void answer_value_text(struct str typed, size_t chars_max, struct answer_value *ret)
{
    struct buf text;
    buf_init(&text, chars_max * TEXT_TIMES * BYTES_PER_CHAR);
    if (!person_text_clean(typed, &text)) {
        ret->fault = "characters";
    } else if (!buf_ok(&text) || utf8_length(buf_str(&text)) > chars_max) {
        ret->fault = "long";
        ret->count = utf8_length(typed);
    } else if (text.len > 0) {
        ret->value = json_stringn(text.at, text.len);
    }
    buf_release(&text);
}
