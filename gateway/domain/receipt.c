#include "domain/receipt.h"

#include <stdio.h>
#include <zlib.h>

#include "base/check.h"
#include "domain/person.h"

enum { GROUP_DIGITS = 4, FOLDED_BYTES_MAX = 64 };

/* ISO 7064 MOD 11,10: the carry after these digits. */
static unsigned carry_of(const char *digits, size_t count)
{
    unsigned carry = 10;
    for (size_t i = 0; i < count; i++) {
        unsigned sum = (carry + (unsigned)(digits[i] - '0')) % 10;
        carry = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    return carry;
}

static char check_digit(const char *digits)
{
    return (char)('0' + (11 - carry_of(digits, RECEIPT_DIGITS - 1)) % 10);
}

void receipt_make(unsigned bucket, uint64_t random, char ret_receipt[RECEIPT_BYTES])
{
    CHECK(bucket < BUCKETS && random < RECEIPT_RANDOM_MAX);
    snprintf(ret_receipt, RECEIPT_BYTES, "%02u%09u", bucket, (unsigned)random);
    ret_receipt[RECEIPT_DIGITS - 1] = check_digit(ret_receipt);
    ret_receipt[RECEIPT_DIGITS] = '\0';
}

static bool digits_fit(struct str digits)
{
    return digits.len == RECEIPT_DIGITS && str_only(digits, STR_DIGITS) &&
           check_digit(digits.at) == digits.at[RECEIPT_DIGITS - 1];
}

bool receipt_parse(struct str typed, char ret_receipt[RECEIPT_BYTES])
{
    struct buf folded;
    buf_init(&folded, FOLDED_BYTES_MAX);
    person_fold_number(typed, &folded);
    bool fits = buf_ok(&folded) && digits_fit(buf_str(&folded));
    ret_receipt[0] = '\0';
    if (fits) {
        memcpy(ret_receipt, buf_text(&folded), RECEIPT_BYTES);
    }
    buf_release(&folded);
    return fits;
}

void receipt_show(const char *receipt, char ret_shown[RECEIPT_SHOWN_BYTES])
{
    snprintf(ret_shown, RECEIPT_SHOWN_BYTES, "%.4s %.4s %.4s", receipt, receipt + GROUP_DIGITS,
             receipt + 2 * (size_t)GROUP_DIGITS);
}

unsigned receipt_bucket(const char *receipt)
{
    return (unsigned)(receipt[0] - '0') * 10 + (unsigned)(receipt[1] - '0');
}

unsigned bucket_of_area(struct str county_id)
{
    return (unsigned)(crc32(0, (const Bytef *)county_id.at, (uInt)county_id.len) % BUCKETS);
}
