/*
 * procedure.h - how a county works a report, as data (templates/procedures/NAME.json), and how far one report is.
 *
 * The procedure: steps with order ("after": [ids]; two steps with the same "after" run in parallel), who, deadline {days, unit, basis},
 * outcomes, words, reasons of a refusal; total deadline. "green_channel" and "moves" are checked but not yet followed. Checked at load:
 * unknown keys and ids, circles (whose steps nothing reaches) are errors with the path. A report keeps the version (content hash) it
 * began with.
 *
 * Progress: the state of one report, plain data that the store keeps as JSON. A move is applied or answered with why not; repeated
 * and late moves change nothing; nothing moves a report back.
 * - passed and skipped close a step and open those whose "after" are all closed, each with its due time: the step's own days, but not
 *   beyond the total while that lies ahead.
 * - A step reported before an earlier one (the upstream's events came out of order): the earlier ones count as passed at the same time,
 *   for the farmer sees that the report went on; the earlier one's own event then is PROGRESS_UNCHANGED.
 * - failed means tried in vain (nobody at home, an objection to the notice): the step stays open under its old due time with the note;
 *   state STEP_FAILED, done_ms is the time of the try. It may still be passed or skipped; an older failed changes nothing.
 * - A decision ends all: admitted passes the steps that are left, every other decision skips them. A second, different decision is
 *   PROGRESS_NOT_ALLOWED, the same one PROGRESS_UNCHANGED. Only an admitted report can be cleared.
 * - Times before the report was accepted count as the time of acceptance. Notes are cut to 200 characters.
 */
#ifndef DOMAIN_PROCEDURE_H
#define DOMAIN_PROCEDURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "domain/deadline.h"

enum { PROCEDURE_STEPS_MAX = 16, PROCEDURE_ID_BYTES = 24, PROGRESS_NOTE_BYTES = 801 };

enum procedure_outcome { OUTCOME_PASSED, OUTCOME_FAILED, OUTCOME_SKIPPED, OUTCOMES };

struct procedure_step {
    char id[PROCEDURE_ID_BYTES];
    const char *word; /* at most 5 characters: 待上门 */
    const char *name; /* for the list: 入户核查 */
    const char *who;  /* for the farmer: 村里和镇里的工作人员 */
    int days;         /* 0: none */
    enum deadline_unit unit;
    bool confirmed; /* false: no document says it ("basis": "unconfirmed"), the farmer reads 一般 */
    int notice_days_min; /* a public notice stands at least so long; 0: this step is none */
    unsigned outcomes;   /* bit set of enum procedure_outcome that may be reported */
    uint32_t after;      /* bit set of steps that must be done before */
    uint32_t before;     /* the same, through all steps between */
};

struct procedure_reason {
    char id[PROCEDURE_ID_BYTES];
    const char *words; /* for the farmer; may hold {town} */
};

struct procedure {
    char id[PROCEDURE_ID_BYTES];
    char version[17];
    struct procedure_step steps[PROCEDURE_STEPS_MAX];
    size_t step_count;
    struct procedure_reason reasons[PROCEDURE_STEPS_MAX];
    size_t reason_count;
    int total_days;
    enum deadline_unit total_unit;
    json_t *source; /* owned; the texts above are borrowed from it */
};

struct procedure *procedure_load(struct str json, const char *file, struct err *err) MUST_CHECK;
void procedure_free(struct procedure **procedure);
int procedure_step_index(const struct procedure *procedure, struct str id); /* -1: none */
const struct procedure_reason *procedure_reason(const struct procedure *procedure, struct str id);

/* OPEN and FAILED are under way. */
enum progress_step_state { STEP_WAITING, STEP_OPEN, STEP_PASSED, STEP_FAILED, STEP_SKIPPED };

/* new: nothing happened yet. The decided ones are final, but admitted may become cleared. */
enum progress_state {
    PROGRESS_NEW,
    PROGRESS_OPEN,
    PROGRESS_ADMITTED,
    PROGRESS_DECLINED,
    PROGRESS_CLOSED,
    PROGRESS_CLEARED,
    PROGRESS_WITHDRAWN
};

struct progress_step {
    enum progress_step_state state;
    int64_t opened_ms, due_ms, done_ms; /* wall ms; 0: not yet */
    char note[PROGRESS_NOTE_BYTES];     /* public note, UTF-8 */
};

struct progress {
    enum progress_state state;
    char decision
        [PROCEDURE_ID_BYTES]; /* admitted declined already out_of_area merged not_by_person, or "" */
    char reason[PROCEDURE_ID_BYTES];
    char note[PROGRESS_NOTE_BYTES];
    int64_t accepted_ms, total_due_ms, decided_ms, cleared_ms;
    struct progress_step steps[PROCEDURE_STEPS_MAX]; /* parallel to procedure->steps */
};

enum progress_move_kind { MOVE_STEP, MOVE_DECIDE, MOVE_CLEAR };

struct progress_move {
    enum progress_move_kind kind;
    struct str step;     /* MOVE_STEP: its id */
    struct str outcome;  /* passed failed skipped */
    struct str decision; /* MOVE_DECIDE */
    struct str
        reason; /* MOVE_DECIDE declined: a reason id of the procedure, may be empty from upstream */
    struct str note; /* public_note, ≤ 200 characters */
    int64_t at_ms;
};

enum progress_result {
    PROGRESS_APPLIED,
    PROGRESS_UNCHANGED,  /* already so, or the report is further: repeated or out of order */
    PROGRESS_UNKNOWN,    /* no such step, outcome, decision or reason */
    PROGRESS_NOT_ALLOWED /* the procedure does not allow it now */
};

void progress_begin(const struct procedure *procedure, const struct calendar *calendar,
                    int64_t accepted_ms, struct progress *ret);
enum progress_result progress_apply(const struct procedure *procedure,
                                    const struct calendar *calendar, struct progress *progress,
                                    const struct progress_move *move);
json_t *progress_to_json(const struct procedure *procedure,
                         const struct progress *progress); /* steps by id; the caller owns it */
bool progress_from_json(const struct procedure *procedure, const json_t *json,
                        struct progress *ret) MUST_CHECK;
const char *progress_state_name(
    enum progress_state state); /* new open admitted declined closed cleared withdrawn */
/*
 * The day each step was done or will be done by: as stored, else counted on from the steps before it, never beyond the total while that
 * lies ahead. A step without a deadline of its own passes on the day of those before it.
 */
void progress_expected(const struct procedure *procedure, const struct calendar *calendar,
                       const struct progress *progress, struct date ret_days[PROCEDURE_STEPS_MAX]);
bool progress_step_under_way(const struct progress *progress, size_t step);
/* The index of the step under way that is due first (without a due time: last), -1 when none is. */
int progress_current(const struct procedure *procedure, const struct progress *progress);

#endif
