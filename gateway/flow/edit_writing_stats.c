/* What one write means for the statistics: the version that was read beside the one that is written. */
#include "flow/edit_writing.h"

enum { PATH_BYTES_MAX = 512 };

/* The procedure of the version that was read. */
static const struct procedure *procedure_before(const struct writing *writing)
{
    const struct edit_view *view = &writing->view;
    return writing->draft.procedure == NULL
               ? view->procedure
               : procedures_find(view->setup->procedures,
                                 record_get(view->record, REPORT_PROCEDURE));
}

static struct stats_facts facts_before(const struct writing *writing)
{
    const struct edit_view *view = &writing->view;
    const struct report_record *record = view->record;
    return (struct stats_facts){
        .path = buf_str(&writing->path_before),
        .ending_path = record_get(record, REPORT_ENDED_PATH),
        .source = record_get(record, REPORT_SOURCE),
        .filed_by = record_get(record, REPORT_FILED_BY),
        .placement = record_get(record, REPORT_PLACEMENT),
        .risks = record_get(record, REPORT_RISKS),
        .kind = view->lead ? STATS_LEAD : STATS_REPORT,
        .clocked = setup_clocked(view->setup),
        .drill = view->drill,
        .urgent = str_is(record_get(record, REPORT_URGENT), "1"),
        .claimed = record_get(record, REPORT_CLAIM).len > 0,
    };
}

static struct stats_facts facts_after(const struct writing *writing)
{
    const struct report_record *record = writing->view.record;
    const struct edit_draft *draft = &writing->draft;
    struct stats_facts facts = facts_before(writing);
    facts.path = buf_str(&writing->path_after);
    facts.risks = record_now(&draft->record, record, REPORT_RISKS);
    facts.kind = draft->promote ? STATS_REPORT : facts.kind;
    facts.urgent = str_is(record_now(&draft->record, record, REPORT_URGENT), "1");
    facts.claimed = draft->claim_holder != NULL ||
                    record_now(&draft->record, record, REPORT_CLAIM).len > 0;
    facts.additions = draft->addition ? 1 : 0;
    facts.corrections = draft->correction ? 1 : 0;
    return facts;
}

/* A 风险消除 beside the report that it belongs to. */
static void add_clearing(const struct edit_view *view, const struct progress *progress,
                         struct stats_facts *report, struct stats_facts *clearing)
{
    *clearing = (struct stats_facts){.kind = STATS_CLEARING,
                                     .clocked = report->clocked,
                                     .urgent = report->urgent,
                                     .claimed = report->claimed};
    stats_facts_of(view->clearing_procedure, view->setup->calendar, progress, view->now_ms,
                   clearing);
    report->clearing = clearing;
}

/* What the lead was when its end made it a report. */
static void count_lead(struct writing *writing, const struct stats_facts *before,
                       const struct stats_facts *after)
{
    const struct edit_view *view = &writing->view;
    struct stats_facts *ended = &writing->stats_lead;
    *ended = *after;
    ended->kind = STATS_LEAD;
    stats_facts_of(procedure_before(writing), view->setup->calendar, view->lead_ended, view->now_ms,
                   ended);
    stats_lines(before, ended, record_get(view->record, REPORT_GAUGES), view->now_ms,
                &writing->stat, &writing->gauges_lead);
}

void writing_count(struct writing *writing)
{
    const struct edit_view *view = &writing->view;
    const struct calendar *calendar = view->setup->calendar;
    struct stats_facts *before = &writing->stats_before, *after = &writing->stats_after;
    struct str counted = record_get(view->record, REPORT_GAUGES);
    area_index to = writing->draft.area != AREA_NONE ? writing->draft.area : view->area;
    buf_init(&writing->path_before, PATH_BYTES_MAX);
    buf_init(&writing->path_after, PATH_BYTES_MAX);
    buf_init(&writing->stat, STATS_LINES_BYTES_MAX);
    buf_init(&writing->gauges, STATS_GAUGES_BYTES_MAX);
    buf_init(&writing->gauges_lead, STATS_GAUGES_BYTES_MAX);
    if (view->area == AREA_NONE || view->drill) {
        return; /* of a place that is no more, nothing can be counted; of drills nothing is */
    }
    record_path(view->setup->areas, view->area, &writing->path_before);
    record_path(view->setup->areas, to, &writing->path_after);
    *before = facts_before(writing);
    *after = facts_after(writing);
    stats_facts_of(procedure_before(writing), calendar, &writing->progress_before, view->now_ms,
                   before);
    stats_facts_of(view->procedure, calendar, view->progress, view->now_ms, after);
    if (writing->clearing_ran) {
        add_clearing(view, &writing->clearing_before, before, &writing->clearing_stats_before);
    }
    bool cut_off = !view->clearing_runs && !progress_decided(view->clearing); /* from outside */
    if ((writing->clearing_ran || view->clearing_runs) && !cut_off) {
        add_clearing(view, view->clearing, after, &writing->clearing_stats_after);
    }
    if (writing->draft.promote) {
        count_lead(writing, before, after);
        before = NULL;
        counted = buf_str(&writing->gauges_lead);
    }
    stats_lines(before, after, counted, view->now_ms, &writing->stat, &writing->gauges);
    record_put(&writing->draft.record, REPORT_GAUGES, buf_str(&writing->gauges));
    bool was = before != NULL && before->decided && counted.len > 0;
    if (after->decided && !was) {
        record_put(&writing->draft.record, REPORT_ENDED_PATH, after->path);
    }
}
