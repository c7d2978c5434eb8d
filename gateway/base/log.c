#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { LINE_BYTES = 1024 };

static enum log_level least_level = LOG_LEVEL_INFO;

void log_level_set(enum log_level least)
{
    least_level = least;
}

/* One write per line, so that the lines of several processes do not mix. */
void log_event(enum log_level level, const char *ev, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    char line[LINE_BYTES];
    char now[CLOCK_ISO_BYTES];
    if (level < least_level) {
        return;
    }
    clock_iso(clock_wall_ms(), now);
    int head = snprintf(line, sizeof line, "%s %s ev=%s ", now, names[level], ev);
    va_list args;
    va_start(args, format);
    int tail = vsnprintf(line + head, sizeof line - (size_t)head - 1, format, args);
    va_end(args);
    size_t len = strnlen(line, sizeof line - 2);
    (void)tail;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F) {
            line[i] = ' ';
        }
    }
    line[len] = '\n';
    (void)!write(STDERR_FILENO, line, len + 1);
}

struct log_masked log_receipt(const char *receipt)
{
    struct log_masked masked;
    size_t len = strlen(receipt);
    if (len < 12) {
        snprintf(masked.text, sizeof masked.text, "?");
    } else {
        snprintf(masked.text, sizeof masked.text, "%.4s******%.2s", receipt, receipt + 10);
    }
    return masked;
}
