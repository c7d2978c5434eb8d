/*
 * procedure.h - how a county works a report, as data (templates/procedures/NAME.json). How far one report is: progress.h.
 *
 * {"id", "name", "source", "total": deadline, "steps": […], "moves": […], "endings": […], "reasons": [{"id", "words"}],
 *  "categories": [{"id", "words"}], "green_channel": {"name", "risks", "total", "steps"}}
 *
 * - Step {"id", "word", "name", "who", "by", "task", "after", "deadline", "outcomes", "skip_when", "notice_days_min", "result", "afterwards",
 *   "authorisation"}.
 *   Two steps with the same "after" run in parallel. "by" is village, town, county or department, "task" what staff reads of it. "skip_when" lists what must hold before
 *   staff may skip it (plain_risk, no_objection; an empty list: whenever they like; without it staff never may). "result": it opens when
 *   the household is admitted (结果公告) and decides nothing. "afterwards": it follows help that was given first; the total does not bound it.
 *   "authorisation": the 承诺授权书 is signed at it, so that it may be outstanding afterwards; when nothing is said, true of the step "visit".
 * - Deadline {"days", "unit": working|calendar, "from": opened|filed|STEP, "basis"}: opened (the step, default), filed (or found), or the
 *   end of a step before it. "basis": "unconfirmed" means that no document says it; the farmer reads 一般, check-config lists it.
 * - Move: an id, or {"id", "word", …} with what bounds it: transfer times_max, ask times_max, pause days_max times_max, nudge every_days,
 *   object within_days deadline reopens (the step where the work begins again). Moves that are not listed do not exist here. visited is the
 *   farmer's 来过了/没来过.
 * - Ending: an id, or {"id", "word", "after": [steps that must be closed first], "reason": true (staff must name one)}. Without "endings":
 *   those of a report, admitted after all steps.
 * - Green channel: steps in another order, with their own "after", "deadline" and "afterwards", and further steps; "risks" are those it is
 *   offered for.
 * Checked at load: unknown keys and ids, circles and steps that nothing reaches are errors with their path. A report keeps the version
 * (content hash) it began with.
 */
#ifndef DOMAIN_PROCEDURE_H
#define DOMAIN_PROCEDURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "domain/deadline.h"

enum { PROCEDURE_STEPS_MAX = 16, PROCEDURE_ID_BYTES = 24, PROCEDURE_PAUSES_MAX = 4 };

enum procedure_outcome { OUTCOME_PASSED, OUTCOME_FAILED, OUTCOME_SKIPPED, OUTCOMES };

enum { SKIP_PLAIN_RISK = 1, SKIP_NO_OBJECTION = 2 };

enum procedure_from { FROM_OPENED, FROM_FILED, FROM_STEP };

struct procedure_deadline {
    int days; /* 0: none */
    enum deadline_unit unit;
    bool confirmed; /* false: no document says it ("basis": "unconfirmed"), the farmer reads 一般 */
    enum procedure_from from;
    int from_step;       /* FROM_STEP: index */
    const char *from_id; /* as written, or NULL */
};

struct procedure_step {
    char id[PROCEDURE_ID_BYTES];
    const char *word; /* at most 5 characters: 待上门 */
    const char *name; /* for the list: 入户核查 */
    const char *who;  /* for the farmer: 村里和镇里的工作人员 */
    const char *by;   /* village town county department, or NULL */
    const char *task; /* for staff: 当面签承诺授权书…, or NULL */
    struct procedure_deadline deadline;
    int notice_days_min; /* a public notice stands at least so long; 0: this step is none */
    unsigned outcomes;   /* bit set of enum procedure_outcome that may be reported */
    bool may_skip;       /* by staff, when all of skip_when holds */
    unsigned skip_when;  /* bit set of SKIP_… */
    bool result;         /* opens when admitted */
    bool afterwards;     /* not bounded by the total */
    bool authorisation;  /* the 承诺授权书 is signed at it */
    uint32_t after;      /* bit set of steps that must be done before */
    uint32_t before;     /* the same, through all steps between */
};

struct procedure_reason { /* of declining; a category of those admitted has the same shape */
    char id[PROCEDURE_ID_BYTES];
    const char *words; /* for the farmer; may hold {town} */
};

enum procedure_move_id {
    PROCEDURE_TRANSFER,
    PROCEDURE_ASK,
    PROCEDURE_PAUSE,
    PROCEDURE_MERGE,
    PROCEDURE_NUDGE,
    PROCEDURE_VISITED,
    PROCEDURE_WITHDRAW,
    PROCEDURE_OBJECT,
    PROCEDURE_MOVES
};

struct procedure_move {
    bool allowed;
    const char *word; /* 待补充 已转办 复核中, or NULL */
    int times_max;
    int days;                           /* pause: at most; nudge: between two; object: within */
    struct procedure_deadline deadline; /* object: its own clock */
    int step;                           /* object: where it begins again; -1: none named */
};

enum procedure_ending_id {
    ENDING_ADMITTED,
    ENDING_DECLINED,
    ENDING_ALREADY,
    ENDING_OUT_OF_AREA,
    ENDING_MERGED,
    ENDING_NOT_BY_PERSON,
    ENDING_WITHDRAWN,
    ENDING_CLEARED, /* of a clearing */
    ENDING_KEPT,    /* of a clearing: stays on the list */
    ENDING_NO_RISK, /* of a lead */
    ENDING_REPORT,  /* of a lead: has become a report */
    ENDINGS
};

struct procedure_ending {
    bool allowed;
    bool reason;      /* staff must name one */
    const char *word; /* 已纳入 未纳入 已撤回, or NULL */
    uint32_t after;
};

struct procedure {
    char id[PROCEDURE_ID_BYTES];
    char version[17];
    const char *name;
    struct procedure_step steps[PROCEDURE_STEPS_MAX];
    size_t step_count;
    struct procedure_reason reasons[PROCEDURE_STEPS_MAX];
    size_t reason_count;
    struct procedure_reason categories[PROCEDURE_STEPS_MAX];
    size_t category_count;
    struct procedure_move moves[PROCEDURE_MOVES];
    struct procedure_ending endings[ENDINGS];
    struct procedure_deadline total;
    struct procedure
        *green; /* owned, or NULL: the same with the green channel's steps, total and name */
    const json_t *green_risks; /* borrowed from source; NULL: none are named */
    json_t *source;            /* owned; the texts above are borrowed from it; NULL in green */
};

struct procedure *procedure_load(struct str json, const char *file, struct err *err) MUST_CHECK;
void procedure_free(struct procedure **procedure);
bool procedure_is_id(struct str id); /* of a step, reason, category … in any procedure */
int procedure_step_index(const struct procedure *procedure, struct str id); /* -1: none */
const struct procedure_reason *procedure_reason(const struct procedure *procedure, struct str id);
const struct procedure_reason *procedure_category(const struct procedure *procedure, struct str id);
/* "admitted" …; ENDINGS when there is no such ending anywhere. */
enum procedure_ending_id procedure_ending_of(struct str id);
const char *procedure_ending_name(enum procedure_ending_id id);
const char *procedure_move_name(enum procedure_move_id id);
const char *procedure_outcome_name(enum procedure_outcome outcome);
enum procedure_outcome procedure_outcome_of(struct str name); /* OUTCOMES: none */
/* Whether the green channel is offered for a report with this risk. */
bool procedure_green_fits(const struct procedure *procedure, struct str risk);

typedef void procedure_unconfirmed_fn(void *arg, const char *path, const char *name, int days,
                                      enum deadline_unit unit);
/* Every deadline that no document says, in the file's order; path like "steps[1].deadline", name as the staff reads it. */
void procedure_unconfirmed(const struct procedure *procedure, procedure_unconfirmed_fn *each,
                           void *arg);

#endif
