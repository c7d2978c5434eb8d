/*
 * domain_procedures.h - the shipped procedures and calendar, and moves written as words, for the tests of progress and signals.
 *
 * A move: who (s staff, f farmer, u upstream), what, its names. "s visit passed", "s visit passed plain", "s visit passed signed", "s = declined solved",
 * "s = admitted sudden 3", "s transfer a b", "s ask 缺材料", "s pause 10", "s merge 412938471655", "f nudge".
 */
#ifndef TESTS_DOMAIN_PROCEDURES_H
#define TESTS_DOMAIN_PROCEDURES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "domain/progress.h"

static inline struct procedure *procedures_load(const char *name)
{
    struct buf text;
    struct err err = {{0}};
    char path[80];
    buf_init(&text, 65536);
    snprintf(path, sizeof path, "templates/procedures/%s.json", name);
    assert_true(file_read(path, &text, &err));
    struct procedure *procedure = procedure_load(buf_str(&text), path, &err);
    buf_release(&text);
    if (procedure == NULL) {
        fail_msg("%s", err.text);
    }
    return procedure;
}

static inline struct calendar *procedures_calendar(void)
{
    struct calendar *calendar = calendar_new();
    struct buf text;
    struct err err = {{0}};
    buf_init(&text, 65536);
    assert_true(file_read("deploy/calendar/CN-2026.csv", &text, &err));
    assert_true(calendar_add(calendar, buf_str(&text), "CN-2026.csv", &err));
    buf_release(&text);
    return calendar;
}

/* "2026-11-23", at 09:15, or "2026-11-23 24:00" */
static inline int64_t procedures_at(const char *time)
{
    char iso[40];
    int64_t ms;
    bool midnight = strlen(time) > 10 && strcmp(time + 11, "24:00") == 0;
    snprintf(iso, sizeof iso, "%.10sT%.5s:00+08:00", time,
             midnight            ? "00:00"
             : strlen(time) > 10 ? time + 11
                                 : "09:15");
    assert_true(clock_parse_iso(str_of(iso), &ms));
    return ms + (midnight ? 86400000 : 0);
}

static inline struct progress_move procedures_move(const char *what, int64_t at_ms)
{
    static const enum progress_mover movers[128] = {
        ['u'] = MOVER_UPSTREAM, ['s'] = MOVER_STAFF, ['f'] = MOVER_FARMER};
    struct progress_move move = {.by = movers[what[0] & 127], .at_ms = at_ms};
    struct str rest = str_of(what + 2), kind, a = {0}, b = {0}, c = {0};
    uint64_t number = 0;
    str_next(&rest, ' ', &kind);
    str_next(&rest, ' ', &a);
    str_next(&rest, ' ', &b);
    str_next(&rest, ' ', &c);
    if (str_is(kind, "=")) {
        move.kind = MOVE_DECIDE;
        move.decision = a;
        move.reason = move.category = b;
        move.members = str_to_u64(c, 1000, &number) ? (int)number : 0;
        return move;
    }
    for (int i = MOVE_CLEAR; i < MOVES; i++) {
        if (str_is(kind, progress_move_name((enum progress_move_kind)i))) {
            move.kind = (enum progress_move_kind)i;
            move.area_from = a;
            move.area_to = b;
            move.leader = move.note = a;
            move.days = str_to_u64(a, 1000, &number) ? (int)number : 0;
            return move;
        }
    }
    move.kind = MOVE_STEP;
    move.step = kind;
    move.outcome = a;
    move.plain = str_is(b, "plain");
    move.authorised = str_is(b, "signed");
    return move;
}

/* States of all steps, one letter each (w o p f s), the report's state, the current step and its last day. */
static inline void procedures_show(const struct procedure *procedure,
                                   const struct progress *progress, char ret[200])
{
    const struct procedure *route = progress_route(procedure, progress);
    int len = 0;
    for (size_t i = 0; i < route->step_count; i++) {
        ret[len++] = "wopfs"[progress->steps[i].state];
    }
    len += snprintf(ret + len, 200 - (size_t)len, " %s", progress_state_name(progress->state));
    int current = progress_current(procedure, progress);
    if (current >= 0) {
        struct date due = date_of_ms(progress->steps[current].due_ms - 1);
        snprintf(ret + len, 200 - (size_t)len, " %s %02d-%02d", route->steps[current].id, due.month,
                 due.day);
    }
}

/* Through JSON, as the store does it: nothing is lost, and written again it is the same text. */
static inline void procedures_through_json(const struct procedure *procedure,
                                           struct progress *progress)
{
    struct progress read;
    json_t *json = progress_to_json(procedure, progress);
    assert_true(progress_from_json(procedure, json, &read));
    json_t *again = progress_to_json(procedure, &read);
    assert_true(json_equal(json, again));
    assert_memory_equal(&read, progress, sizeof read);
    json_decref(json);
    json_decref(again);
    *progress = read;
}

#endif
