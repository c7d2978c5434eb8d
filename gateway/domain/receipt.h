/*
 * receipt.h - the 12-digit number a farmer keeps: two digits of the bucket, nine random, one check digit (ISO 7064 MOD 11,10).
 * Shown 4-4-4. Read with blanks, dashes and full-width digits.
 */
#ifndef DOMAIN_RECEIPT_H
#define DOMAIN_RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum {
    RECEIPT_DIGITS = 12,
    RECEIPT_BYTES = 13,
    RECEIPT_SHOWN_BYTES = 15,
    RECEIPT_RANDOM_MAX = 1000000000,
    BUCKETS = 100
};

/* bucket 0–99, random 0–999,999,999 */
void receipt_make(unsigned bucket, uint64_t random, char ret_receipt[RECEIPT_BYTES]);
bool receipt_parse(struct str typed,
                   char ret_receipt[RECEIPT_BYTES]); /* false also for a wrong check digit */
void receipt_show(const char *receipt, char ret_shown[RECEIPT_SHOWN_BYTES]); /* 4129 3847 1655 */
unsigned receipt_bucket(const char *receipt);
unsigned bucket_of_area(struct str county_id); /* CRC-32 (IEEE 802.3) of the county's id mod 100 */

#endif
