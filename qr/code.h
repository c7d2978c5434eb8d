/*
 * code.h - the signed printed link /V/<code> (contract §5).
 *
 * Bytes: version 1 and drill mark, key id, placement, serial (24 bits, when there is one), area id, 40 bits of HMAC-SHA-256 under a link
 * key. A purely decimal area id is packed as a number so that a village's code stays short (a small symbol reads better on a cheap phone): 21
 * characters for a village, 26 with a serial.
 * Text: Crockford base32, upper case; read in either case with O/0 and I/L/1 folded.
 */
#ifndef QR_CODE_H
#define QR_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "crypto/keyring.h"

enum { CODE_TEXT_BYTES = 64, CODE_AREA_BYTES = 21, CODE_SERIAL_MAX = 0xFFFFFF };

/* The order is printed on paper: append only. */
enum code_placement {
    CODE_BOARD,
    CODE_HOME,
    CODE_CARD,
    CODE_SCREEN,
    CODE_LEAFLET,
    CODE_LIST,
    CODE_PLACEMENTS
};

struct code {
    char area[CODE_AREA_BYTES];
    enum code_placement placement; /* CODE_LIST: made on the fly by a list page */
    bool drill;
    uint32_t serial; /* 0: none */
};

enum code_fault { CODE_OK, CODE_MALFORMED, CODE_FORGED };

void code_make(const struct keyring *keyring, const struct code *code,
               char ret_text[CODE_TEXT_BYTES]);
enum code_fault code_read(const struct keyring *keyring, struct str text, struct code *ret);
const char *
code_placement_name(enum code_placement placement); /* board home card screen leaflet list */
bool code_placement_parse(struct str name, enum code_placement *ret);
bool code_area_ok(struct str area); /* 1–20 of 0–9 A–Z a–z - */

#endif
