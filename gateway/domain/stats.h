/*
 * stats.h - what one change of a report means for the statistics: lines for the journal of its bucket. Pure: time comes in.
 *
 * A line:  YYYYMMDD TAB path TAB dims TAB measures      (each a blank-separated list; lines end with a newline)
 * - The day is the one on which it happened (Asia/Shanghai): of acceptance, of the step's closing, of the decision, else of the change.
 * - path: ids of the areas it counts for, from the top down. dims: source:… filed_by:… placement:… risk:… (one for each risk).
 * - measures: name=±n. Those beginning with "now." are gauges: they know no day and say how many there are.
 * The journal is folded into sums per area and day, month and dim (store/stats.h), so that a figure is the plain sum of its lines.
 *
 *   reports                       accepted as reports (a lead: on the day it became one)
 *   additions, corrections        made later by the same household
 *   in_time, late                 decided within the total's deadline, or after it; where steps come afterwards (绿色通道), what goes before them
 *                                 was done within it, or not; on the day of the decision
 *   done.S, in_time.S, late.S     step S was passed (decided over counts as passed); S had a due time and kept it, or not
 *   skipped.S                     staff or upstream skipped S (not: cut off by a decision or a clearing)
 *   days.S.N, days.total.N        S, or the way from acceptance to decision, took N working days (0–60, more count as 60); the day of the
 *                                 beginning is not counted, nor are days in pauses
 *   paused, asked, nudges, not_visited, objections, upheld, reopened, green    how often
 *   transfers.out, .in, .within   left these areas, came to them, moved below them
 *   end.D, reason.R, category.C   decided D (admitted declined already out_of_area merged not_by_person withdrawn); cleared later
 *                                 counts end.cleared as well. A reopened report takes its ending back, on the day and in the areas it was counted
 *   households, people            admitted, and their members
 *   now.open, now.new             not decided; nothing done yet
 *   now.late, now.late.S          a clock is over its time; step S is
 *   now.paused, now.asked, now.claimed, now.objection, now.clearing, now.signal.X, now.step.S (under way)
 *   opens, forms                  pages (web/open_counts.h), not from here: best effort
 * Of leads all names begin with "lead." ("now.lead."): lead.reports, lead.end.no_risk … What is done in a 风险消除 begins with "clearing."
 * ("now.clearing."): clearing.late.look, clearing.end.kept, now.clearing.signal.red …; while it runs, the report's own steps under way and clocks
 * are not among the gauges, as readers of the queue see it (facts.h). Drills count nowhere.
 * Where nobody reports steps ([progress] source = none) no step is counted, nothing is late and every signal is green.
 *
 * Gauges are the difference to what the record itself last counted (its field REPORT_GAUGES), so that they are always the sum over the
 * records, whatever the clock, a new procedure or a changed areas file did in between.
 */
#ifndef DOMAIN_STATS_H
#define DOMAIN_STATS_H

#include "base/buf.h"
#include "domain/progress.h"
#include "domain/signal.h"

enum {
    STATS_DAYS_MAX = 60,
    STATS_LINES_BYTES_MAX =
        16 << 10, /* a cap for the caller's buf; real ones have some hundred bytes */
    STATS_GAUGES_BYTES_MAX = 2048
};

struct stats_step {
    char id[PROCEDURE_ID_BYTES];
    enum progress_step_state state;
    int64_t due_ms, closed_ms; /* 0: none */
    int days;                  /* closed: working days it took; -1: not closed */
    bool late_now;             /* under way and over its time */
    bool cut_off;              /* left out by an ending */
};

enum stats_kind { STATS_REPORT, STATS_LEAD, STATS_CLEARING };

struct stats_facts {
    /* The caller's, before stats_facts_of. Texts are borrowed. */
    struct str
        path; /* ids of its area and those above, from the top down, blank-separated; after a transfer of the new one only */
    struct str
        ending_path; /* of what was before: the path under which its ending was counted; empty: path */
    struct str source, filed_by, placement; /* slugs; empty: unknown */
    struct str risks;                       /* slugs, blank-separated */
    enum stats_kind kind;
    bool clocked; /* false: nobody reports the steps ([progress] source = none) */
    bool drill, urgent;
    bool claimed;               /* somebody holds it now */
    int additions, corrections; /* so far; or 0 before and 1 after */
    const struct stats_facts *
        clearing; /* borrowed; a 风险消除 that runs or ends with this version: kind, clocked, urgent, claimed and what stats_facts_of fills; NULL: none */

    /* stats_facts_of */
    bool decided;
    enum progress_state state;
    char decision[PROCEDURE_ID_BYTES], reason[PROCEDURE_ID_BYTES], category[PROCEDURE_ID_BYTES];
    int members;
    int64_t accepted_ms, decided_ms, cleared_ms, total_due_ms;
    int64_t total_done_ms; /* decided: when what the total bounds was done (progress_work.h) */
    int days;              /* decided: working days from acceptance */
    size_t step_count;
    struct stats_step steps[PROCEDURE_STEPS_MAX];
    int pauses, asks, nudges, transfers, reopens;
    int64_t objected_ms, not_visited_ms; /* 0: never, or taken back */
    bool upheld, green, paused, asked, objection, late;
    enum signal signal;
};

/* Fills the second half. now: where the clock stands. */
void stats_facts_of(const struct procedure *procedure, const struct calendar *calendar,
                    const struct progress *progress, int64_t now_ms, struct stats_facts *facts);

/*
 * What the change from before to after means. before NULL, or an empty `counted`: it was never counted (accepted now, or by an earlier
 * release), so all that has happened to it counts. counted: the record's REPORT_GAUGES; ret_counted its new value, to be stored with the same
 * change (always, it tells that the report was counted). Nothing is written of drills.
 *
 * A lead that becomes a report takes two calls: (lead before, lead decided, counted, to, middle), (NULL, report, middle, to, ret_counted).
 */
void stats_lines(const struct stats_facts *before, const struct stats_facts *after,
                 struct str counted, int64_t now_ms, struct buf *to, struct buf *ret_counted);

/* The report is not worked on any more and nothing has happened to it: its gauges are taken back. The new REPORT_GAUGES is STATS_NO_GAUGES. */
#define STATS_NO_GAUGES "-"
void stats_forget(struct str counted, int64_t now_ms, struct buf *to);

#endif
