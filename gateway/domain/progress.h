/*
 * progress.h - how far one report is: plain data that the store keeps as JSON, and the moves on it. Pure: time comes in.
 *
 * A move is applied or answered with why not; repeated and late moves change nothing; nothing moves a report back but MOVE_REOPEN
 * (an objection was right) and MOVE_GREEN (open steps get the green channel's order).
 *
 * Who moves it decides how strictly it is taken:
 * - MOVER_UPSTREAM tells what has happened elsewhere, perhaps out of order. A step reported before an earlier one: the earlier ones count
 *   as passed at the same time; the earlier one's own event then is PROGRESS_UNCHANGED. A decision may come at any step. Another outcome of what is
 *   closed, or a step of what is decided, is PROGRESS_NOT_ALLOWED when it happened after what is on record, else PROGRESS_UNCHANGED.
 * - MOVER_STAFF works here and now: only steps under way, notices only after they stood long enough, skips only on the procedure's
 *   conditions, endings only after their steps, with what they must name.
 * - MOVER_FARMER asks: nudge, visited, not_visited, answer; withdraw and object are kept as requests until staff makes the same move. A request to
 *   withdraw also ends with any decision, and with a step that staff closes after it with a note to the household: it thought better of it.
 *
 * - passed and skipped close a step and open those for which all before is closed, each with its due time: from the end of the last of them,
 *   in whatever order they were told.
 * - failed means tried in vain (nobody at home, an objection to the notice): the step stays open under its old due time with the note;
 *   state STEP_FAILED, done_ms is the time of the try. It may still be passed or skipped; an older failed changes nothing.
 * - A decision ends all: admitted passes the steps that are left and opens the result steps, every other decision skips them. A second,
 *   different decision is PROGRESS_NOT_ALLOWED, the same one PROGRESS_UNCHANGED. Only an admitted report can be cleared; that skips the
 *   result steps that are still under way.
 * - transfer restarts the clock of the open steps and of the whole. pause stops it: the days that were left are left when it ends, at the
 *   latest by itself (progress_tick). A step, an ending, a transfer end a pause.
 * - object: the farmer's request starts its clock; staff confirms it, then upheld (stays declined) or reopened (the procedure's step
 *   and what follows it are worked again, with a new clock). The days for it run from when the decision is recorded, if it was told late.
 * - not_visited is said once, and once more of a visit that was recorded since.
 * - Times before the report was accepted count as the time of acceptance. Notes are cut to 200 characters.
 *
 * Due times: a step's days from its beginning (deadline.from), not beyond the total while that lies ahead, never before a notice has
 * stood its least days. Once stored, a due time never becomes earlier, except by MOVE_GREEN.
 */
#ifndef DOMAIN_PROGRESS_H
#define DOMAIN_PROGRESS_H

#include "domain/procedure.h"
#include "domain/receipt.h"

enum {
    PROGRESS_NOTE_BYTES = 801,
    PROGRESS_AREA_BYTES = 21,
    PROGRESS_TRANSFERS_MAX = 8,
    PROGRESS_MEMBERS_MAX = 99,
    PROGRESS_VISITS_SAID_MAX = 20 /* how often a household may say whether somebody came */
};

/* OPEN and FAILED are under way. */
enum progress_step_state { STEP_WAITING, STEP_OPEN, STEP_PASSED, STEP_FAILED, STEP_SKIPPED };

/* new: nothing happened yet. The decided ones are final, but admitted may become cleared and declined may be reopened. */
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
    int tries;                          /* how often it failed */
    int64_t opened_ms, due_ms, done_ms; /* wall ms; 0: not yet */
    char note[PROGRESS_NOTE_BYTES];     /* public note, UTF-8 */
};

struct progress_pause {
    int64_t from_ms, to_ms; /* to: while it runs, its planned end */
};

struct progress_transfer {
    int64_t at_ms;
    char from[PROGRESS_AREA_BYTES], to[PROGRESS_AREA_BYTES];
};

enum progress_objection {
    OBJECTION_NONE,
    OBJECTION_ASKED, /* by the farmer, not confirmed yet; the clock runs */
    OBJECTION_OPEN,
    OBJECTION_UPHELD,
    OBJECTION_REOPENED
};

enum progress_visit_said { VISIT_NOT_SAID, VISIT_SAID_DONE, VISIT_SAID_NOT };

enum progress_move_kind {
    MOVE_STEP,
    MOVE_DECIDE,
    MOVE_CLEAR,
    MOVE_TRANSFER,
    MOVE_ASK,
    MOVE_ANSWER, /* what was asked has come */
    MOVE_PAUSE,
    MOVE_RESUME,
    MOVE_MERGE, /* MOVE_DECIDE merged, with the leader */
    MOVE_NUDGE,
    MOVE_VISITED,
    MOVE_NOT_VISITED,
    MOVE_WITHDRAW, /* by staff: MOVE_DECIDE withdrawn */
    MOVE_OBJECT,
    MOVE_UPHOLD, /* the refusal stands */
    MOVE_REOPEN, /* the objection was right */
    MOVE_GREEN,  /* onto the green channel */
    MOVES
};

struct progress {
    enum progress_state state;
    char decision[PROCEDURE_ID_BYTES]; /* an ending, or "" */
    char reason[PROCEDURE_ID_BYTES];
    char category[PROCEDURE_ID_BYTES]; /* of those admitted, or "" */
    int members;                       /* of the household admitted; 0: not known */
    int worked_days; /* decided: working days it took, by the calendar of then; -1: an earlier release did not say */
    char leader[RECEIPT_BYTES]; /* merged into this receipt, or "" */
    char note[PROGRESS_NOTE_BYTES];
    bool green;      /* on the green channel: steps are those of procedure->green */
    bool plain;      /* staff found the risk plain */
    bool authorised; /* the 承诺授权书 was signed, so data may be compared; false: outstanding */
    int64_t accepted_ms, found_ms, total_due_ms, decided_ms, cleared_ms;
    int64_t told_ms;      /* when the decision was recorded, after decided; 0: then */
    int64_t restarted_ms; /* the clock began again: transferred or reopened; 0: never */
    struct progress_step steps[PROCEDURE_STEPS_MAX]; /* parallel to progress_route()->steps */

    bool paused; /* the last of pauses runs */
    int pause_count;
    struct progress_pause pauses[PROCEDURE_PAUSES_MAX];
    int transfer_count;
    struct progress_transfer transfers[PROGRESS_TRANSFERS_MAX];
    int ask_count;
    int64_t asked_ms; /* 0: nothing is asked now */
    char ask_note[PROGRESS_NOTE_BYTES];
    char move_note[PROGRESS_NOTE_BYTES]; /* the newest word of staff beside a move; or "" */
    enum progress_move_kind move_noted;  /* beside which; MOVE_STEP: there is none */
    int nudge_count;
    int64_t nudged_ms;
    enum progress_visit_said visit_said;
    int64_t visit_said_ms;
    int visit_said_count;
    int64_t withdraw_asked_ms;
    enum progress_objection objection;
    int64_t
        object_end_ms; /* the end of the days for an objection, as the household read it; 0: not kept */
    int64_t objected_ms, objection_due_ms;
    int reopen_count;
    int64_t reopened_ms;
};

enum progress_mover { MOVER_UPSTREAM, MOVER_STAFF, MOVER_FARMER, MOVERS };

struct progress_move {
    enum progress_move_kind kind;
    enum progress_mover by;
    struct str step;     /* MOVE_STEP: its id */
    struct str outcome;  /* passed failed skipped */
    struct str decision; /* MOVE_DECIDE */
    struct str
        reason; /* MOVE_DECIDE declined: a reason id of the procedure, may be empty from upstream */
    struct str category; /* MOVE_DECIDE admitted; may be empty from upstream, as members 0 */
    int members;
    struct str leader;             /* MOVE_MERGE: a receipt */
    struct str area_from, area_to; /* MOVE_TRANSFER */
    int days;                      /* MOVE_PAUSE */
    bool plain;                    /* MOVE_STEP, MOVE_DECIDE: the risk is plain */
    bool authorised;               /* MOVE_STEP, MOVE_DECIDE: the authorisation was signed */
    struct str note;               /* public_note, ≤ 200 characters; MOVE_ASK: what is missing */
    int64_t at_ms;
    int64_t now_ms; /* when it is recorded, after at; 0: at */
};

enum progress_result {
    PROGRESS_APPLIED,
    PROGRESS_UNCHANGED, /* already so, or the report is further: repeated or out of order */
    PROGRESS_UNKNOWN,   /* no such step, outcome, decision or reason; or something is not named */
    PROGRESS_NOT_ALLOWED /* the procedure does not allow it now: progress_choices says what it does */
};

/* Why a move is not applied. The result that progress_apply gives: ALREADY unchanged; UNKNOWN and INCOMPLETE unknown; the rest not allowed. */
enum progress_refusal {
    REFUSAL_NONE,
    REFUSAL_ALREADY,
    REFUSAL_UNKNOWN,       /* no such step, outcome, decision, reason, category */
    REFUSAL_INCOMPLETE,    /* reason, category, members, leader, area, days or note is not named */
    REFUSAL_NOT_HERE,      /* not in this procedure, or not this mover's */
    REFUSAL_ENDED,         /* the report is decided */
    REFUSAL_NOT_ENDED,     /* it is not (so) decided */
    REFUSAL_STEP_NOT_OPEN, /* closed, or waits for others */
    REFUSAL_TOO_EARLY,     /* the notice still stands, steps are left, or a nudge before its time */
    REFUSAL_TOO_LATE,      /* the days for an objection are over */
    REFUSAL_USED_UP,       /* as often as the procedure allows */
    REFUSAL_CONDITION,     /* a skip whose conditions do not hold */
    REFUSALS
};

void progress_begin(const struct procedure *procedure, const struct calendar *calendar,
                    int64_t accepted_ms, struct progress *ret);
/* Findings of cadres and departments: the total runs from the day they were found. */
void progress_begin_found(const struct procedure *procedure, const struct calendar *calendar,
                          int64_t accepted_ms, int64_t found_ms, struct progress *ret);
enum progress_result progress_apply(const struct procedure *procedure,
                                    const struct calendar *calendar, struct progress *progress,
                                    const struct progress_move *move);
/* What progress_apply would say, and why. */
enum progress_refusal progress_check(const struct procedure *procedure,
                                     const struct calendar *calendar,
                                     const struct progress *progress,
                                     const struct progress_move *move);
/* Of a move that is unknown or incomplete: the member of it that is wrong or missing, as contract §7 calls it (step, outcome, decision, reason,
 * category, members, leader, area, public_note, days); "" when it has none. */
const char *progress_fault(const struct procedure *procedure, const struct progress *progress,
                           const struct progress_move *move);
const char *progress_refusal_name(enum progress_refusal refusal); /* too_early … */
const char *progress_move_name(enum progress_move_kind kind);     /* step decide clear … */
/*
 * From when the household may nudge: when something is late, and from the day on which the days between two are over. 0: not by time alone
 * (the clock stands, or nothing has a due time).
 */
int64_t progress_nudge_from(const struct procedure *procedure, const struct progress *progress);
/* The end of the days in which a declined household may object; a new calendar makes it later only. 0: this procedure knows no objection. */
int64_t progress_object_end(const struct procedure *procedure, const struct calendar *calendar,
                            const struct progress *progress);
/*
 * What staff says to the household beside a move that is neither step nor ending, in the place of what was said before; the empty text takes back only
 * what was said beside a move of this kind. The next step takes back what concerned the way to it (transfer, answer, resume, decide).
 */
void progress_say(struct progress *progress, enum progress_move_kind beside, struct str note);
bool progress_has_said(const struct progress *progress, enum progress_move_kind beside);
/*
 * What a move of staff that is on record already (REFUSAL_ALREADY) still brings: a public note other than the one that stands there, that the risk is
 * plain, that the authorisation was signed. It is on record then and nothing else is changed; false: there is nothing new. progress_say_anew: the
 * note of a move that is worked on another progress.
 */
bool progress_amend(const struct procedure *procedure, struct progress *progress,
                    const struct progress_move *move);
bool progress_say_anew(struct progress *progress, enum progress_move_kind beside, struct str note);
/* Another place has it now, whose work is on another progress (风险消除): nothing begins again. */
void progress_put_transfer(struct progress *progress, int64_t at_ms, struct str from,
                           struct str to);
/* What time does by itself: ends a pause whose days are over. True when something changed. */
bool progress_tick(const struct procedure *procedure, const struct calendar *calendar,
                   struct progress *progress, int64_t now_ms);

struct progress_choice {
    enum progress_move_kind kind;
    const char *step, *outcome; /* MOVE_STEP, else NULL */
    const char *decision;       /* MOVE_DECIDE, else NULL */
};
enum { PROGRESS_CHOICES_MAX = PROCEDURE_STEPS_MAX * OUTCOMES + ENDINGS + MOVES };
/* The moves that would be taken now from this mover, when all they must name is named. Returns how many. */
size_t progress_choices(const struct procedure *procedure, const struct calendar *calendar,
                        const struct progress *progress, enum progress_mover by, int64_t now_ms,
                        struct progress_choice ret[PROGRESS_CHOICES_MAX]);
/* [{"move": "step", "step": "visit", "outcome": "passed"}, {"move": "pause"}, …]; the caller owns it. */
json_t *progress_choices_json(const struct progress_choice *choices, size_t count);

/* The steps that the report goes through: the procedure's or its green channel's. */
const struct procedure *progress_route(const struct procedure *procedure,
                                       const struct progress *progress);
json_t *progress_to_json(const struct procedure *procedure,
                         const struct progress *progress); /* steps by id; the caller owns it */
/* Also what an earlier release wrote. */
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
bool progress_decided(const struct progress *progress);
bool progress_step_closed(const struct progress *progress, size_t step);
bool progress_step_under_way(const struct progress *progress, size_t step);
/* An ending left it out: it was neither done nor skipped by anybody. */
bool progress_step_cut_off(const struct progress *progress, size_t step);
/* The index of the step under way that is due first (without a due time: last), -1 when none is. */
int progress_current(const struct procedure *procedure, const struct progress *progress);
/* The farmer's word for now: 复核中, 待补充, 已转办 (until the next step there), the current step's, or the ending's; NULL when the file has none. */
const char *progress_word(const struct procedure *procedure, const struct progress *progress);
/* It has come to another place, and no step has been done there. */
bool progress_just_transferred(const struct procedure *procedure, const struct progress *progress);
/* The farmer says nobody came, and staff says the visit was made, by then. */
bool progress_disputed(const struct procedure *procedure, const struct progress *progress);

#endif
