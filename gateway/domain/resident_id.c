#include "domain/resident_id.h"

#include "domain/person.h"

enum {
    ID_DIGITS = 18,
    FIFTEEN = 15,
    CERTIFICATE = 20,
    CERTIFICATE_AGAIN = 22,
    FOLDED_BYTES_MAX = 128
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool province_exists(int province)
{
    static const struct {
        int first, last;
    } ranges[] = {{11, 15}, {21, 23}, {31, 37}, {41, 46}, {50, 54}, {61, 65}, {71, 71}, {81, 83}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (province >= ranges[i].first && province <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static int number(const char *digits, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        value = value * 10 + (digits[i] - '0');
    }
    return value;
}

static struct date birth_of(const char *id)
{
    return (struct date){number(id + 6, 4), number(id + 10, 2), number(id + 12, 2)};
}

/* GB 11643-1999 §4.2.3, ISO 7064 MOD 11-2. */
static char check_character(const char *id)
{
    static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (size_t i = 0; i < ID_DIGITS - 1; i++) {
        sum += (id[i] - '0') * weights[i];
    }
    return "10X98765432"[sum % 11];
}

/* Only characters an ID or certificate holds at that place. */
static bool characters_fit(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool x = text[i] == 'X' && i == ID_DIGITS - 1;
        /* A certificate issued again ends in B and a number. */
        bool again = len == CERTIFICATE_AGAIN && i >= CERTIFICATE && text[i] >= 'A' &&
                     text[i] <= 'Z';
        if (!is_digit(text[i]) && !x && !again) {
            return false;
        }
    }
    return true;
}

static enum resident_id_fault id_check(const char *id, struct date today)
{
    struct date birth = birth_of(id);
    if (!province_exists(number(id, 2))) {
        return RESIDENT_ID_PROVINCE;
    }
    if (!date_exists(birth)) {
        return RESIDENT_ID_BIRTH;
    }
    if (date_compare(birth, today) > 0) {
        return RESIDENT_ID_FUTURE;
    }
    return check_character(id) == id[ID_DIGITS - 1] ? RESIDENT_ID_OK : RESIDENT_ID_CHECK;
}

static enum resident_id_fault folded_parse(struct buf *folded, struct date today,
                                           char ret_id[RESIDENT_ID_BYTES])
{
    size_t len = folded->len;
    if (len == 0) {
        return RESIDENT_ID_EMPTY;
    }
    for (size_t i = 0; i < len; i++) {
        folded->at[i] = upper(folded->at[i]);
    }
    if (!characters_fit(folded->at, len)) {
        return RESIDENT_ID_CHARACTERS;
    }
    bool certificate = len == CERTIFICATE || len == CERTIFICATE_AGAIN;
    if (len != ID_DIGITS && !certificate) {
        return len == FIFTEEN ? RESIDENT_ID_FIFTEEN : RESIDENT_ID_LENGTH;
    }
    enum resident_id_fault fault = id_check(folded->at, today);
    if (certificate) {
        fault = fault == RESIDENT_ID_OK ? RESIDENT_ID_CERTIFICATE : RESIDENT_ID_LENGTH;
    }
    if (fault == RESIDENT_ID_OK || fault == RESIDENT_ID_CERTIFICATE) {
        memcpy(ret_id, folded->at, ID_DIGITS);
        ret_id[ID_DIGITS] = '\0';
    }
    return fault;
}

enum resident_id_fault resident_id_parse(struct str typed, struct date today,
                                         char ret_id[RESIDENT_ID_BYTES])
{
    struct buf folded;
    buf_init(&folded, FOLDED_BYTES_MAX);
    ret_id[0] = '\0';
    person_fold_number(typed, &folded);
    enum resident_id_fault fault = buf_ok(&folded) ? folded_parse(&folded, today, ret_id)
                                                   : RESIDENT_ID_LENGTH;
    buf_release(&folded);
    return fault;
}

int resident_id_age(const char *id, struct date today)
{
    struct date birth = birth_of(id);
    int age = today.year - birth.year;
    bool before_birthday = today.month < birth.month ||
                           (today.month == birth.month && today.day < birth.day);
    return before_birthday ? age - 1 : age;
}
