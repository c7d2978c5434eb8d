/*
 * log.h - one line per event on stderr: time, level, `ev=` and what belongs to it. Only flow, web, supervise, cli and main log.
 *
 *   2026-11-23T09:15:02+08:00 info ev=accepted rid=9f2c… receipt=4129******55
 *
 * Persons never reach a log: names, ID numbers, phones, details, codes and signatures are not values for it. A receipt goes
 * through log_receipt. Control characters in values are replaced.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/check.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

void log_level_set(enum log_level least);
/* log_event(LOG_LEVEL_INFO, "forward", "event=%s why=%s", …) */
void log_event(enum log_level level, const char *ev, const char *format, ...) PRINTF_LIKE(3, 4);

struct log_masked {
    char text[16];
};
struct log_masked log_receipt(const char *receipt); /* first four and last two digits stay */

#endif
