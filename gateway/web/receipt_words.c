/* What the household reads of how its report stands: the word, what concerns it now, the ending, who comes. */
#include <stdio.h>
#include <string.h>

#include "web/receipt_view.h"

static bool is_open(const struct progress *progress)
{
    return !progress_decided(progress);
}

static bool is_decision(const struct progress *progress, const char *name)
{
    return str_is(str_of(progress->decision), name);
}

/* ── the word ── */

static const char *ending_word(const struct receipt_view *view, enum progress_state state)
{
    char key[64];
    snprintf(key, sizeof key, "outcome.word.%s", progress_state_name(state));
    return catalog_text(view->setup->catalog, key);
}

/* The step that the ending cut off, which was under way: what stood here before. */
static const char *word_before(const struct receipt_view *view)
{
    const struct progress *progress = &view->report->progress;
    const struct procedure *route = progress_route(view->report->procedure, progress);
    bool begun = progress->green || progress->ask_count > 0 || progress->pause_count > 0;
    const char *word = NULL;
    for (size_t i = 0; i < route->step_count; i++) {
        const struct progress_step *step = &progress->steps[i];
        begun = begun || step->state == STEP_PASSED || step->tries > 0;
        if (progress_step_cut_off(progress, i) && step->opened_ms < progress->decided_ms &&
            word == NULL) {
            word = route->steps[i].word;
        }
    }
    return begun && word != NULL ? word : ending_word(view, PROGRESS_NEW);
}

static const char *state_word(const struct receipt_view *view)
{
    const struct progress *progress = &view->report->progress;
    bool untouched = progress->state == PROGRESS_NEW && progress->transfer_count == 0;
    if (view->report->withdrawal_on_its_way && progress->state == PROGRESS_WITHDRAWN) {
        return word_before(view);
    }
    bool cleared = progress->state == PROGRESS_CLEARED;
    const char *word = untouched || cleared || !view->steps_shown
                           ? NULL
                           : progress_word(view->report->procedure, progress);
    if (word == NULL) {
        word = ending_word(view, is_open(progress) ? PROGRESS_NEW : progress->state);
    }
    return word;
}

/* ── what concerns it now ── */

static void notice(struct receipt_view *view, const char *key, const struct catalog_value *values)
{
    size_t count = view->page.notice_count;
    if (count < RECEIPT_NOTICES_MAX) {
        receipt_view_fill(view, key, values, &view->notices[count]);
        view->notice_texts[count] = buf_text(&view->notices[count]);
        view->page.notice_count++;
    }
}

static void notice_day(struct receipt_view *view, const char *key, struct date date)
{
    char shown[DEADLINE_SHOWN_BYTES];
    deadline_show(date, shown);
    const struct catalog_value values[] = {{"date", shown}, {NULL, NULL}};
    notice(view, key, values);
}

static void notice_said(struct receipt_view *view, const char *note)
{
    const struct catalog_value said[] = {{"note", note}, {NULL, NULL}};
    if (note[0] != '\0') {
        notice(view, "state.said", said);
    }
}

/* What staff said beside this move stands behind the move's own sentence. */
static void notice_beside(struct receipt_view *view, enum progress_move_kind move)
{
    if (progress_has_said(&view->report->progress, move)) {
        notice_said(view, view->report->progress.move_note);
    }
}

static void notices_way(struct receipt_view *view)
{
    const struct progress *progress = &view->report->progress;
    if (progress->paused) {
        int64_t to_ms = progress->pauses[progress->pause_count - 1].to_ms;
        if (!progress_has_said(progress, MOVE_PAUSE)) {
            notice(view, "state.paused", NULL);
        }
        notice_beside(view, MOVE_PAUSE);
        notice_day(view, "state.paused_until", date_of_ms(to_ms - 1));
    }
    if (progress_just_transferred(view->report->procedure, progress)) {
        int64_t at_ms = progress->transfers[progress->transfer_count - 1].at_ms;
        notice_day(view, "state.transferred", date_of_ms(at_ms));
        notice_beside(view, MOVE_TRANSFER);
    }
    if (progress->green && view->steps_shown) {
        notice(view, "state.green", NULL);
    }
    notice_beside(view, MOVE_GREEN);
    if (progress->objection == OBJECTION_REOPENED) {
        notice(view, "state.reopened", NULL);
        notice_beside(view, MOVE_REOPEN);
    }
    notice_beside(view, MOVE_ANSWER);
    notice_beside(view, MOVE_RESUME);
    notice_beside(view, MOVE_DECIDE);
}

static void notices_open(struct receipt_view *view)
{
    const struct progress *progress = &view->report->progress;
    const struct catalog_value asked[] = {{"note", progress->ask_note}, {NULL, NULL}};
    if (progress->asked_ms > 0) {
        notice(view, "state.asked", asked);
        notice(view, view->follows ? "state.asked_call" : "state.asked_how", NULL);
    }
    notices_way(view);
    if (progress->withdraw_asked_ms > 0) {
        notice(view, "state.withdraw_asked", NULL);
    }
    if (progress->nudged_ms > 0 && !view->nudge_said) {
        notice_day(view, "state.nudged", date_of_ms(progress->nudged_ms));
    }
}

/* 最晚 is what a document says; else it is how long it usually takes. */
static void notice_objected(struct receipt_view *view)
{
    const struct progress *progress = &view->report->progress;
    const struct procedure *route = progress_route(view->report->procedure, progress);
    bool confirmed = route->moves[PROCEDURE_OBJECT].deadline.confirmed;
    notice_day(view, confirmed ? "state.objected" : "state.objected_usual",
               receipt_view_last_day(progress->objection_due_ms));
}

static void fill_notices(struct receipt_view *view)
{
    const struct progress_report *report = view->report;
    const struct progress *progress = &report->progress;
    view->page.notices = view->notice_texts;
    if (view->follows) {
        notice(view, "state.merged", NULL);
        notice_said(view, view->merged_note);
    }
    if (is_open(progress)) {
        notices_open(view);
    }
    if (report->withdrawal_on_its_way && progress->state == PROGRESS_WITHDRAWN) {
        notice(view, "state.withdrawal_on_its_way", NULL);
        notice_said(view, progress->note);
    }
    if (progress->state == PROGRESS_DECLINED) {
        if (progress->objection == OBJECTION_ASKED || progress->objection == OBJECTION_OPEN) {
            notice_objected(view);
            notice_beside(view, MOVE_OBJECT);
        } else if (progress->objection == OBJECTION_UPHELD) {
            notice(view, "state.upheld", NULL);
        }
    }
    if (report->clearing_runs) {
        notice(view, "state.clearing", NULL);
    }
    if (progress->state == PROGRESS_ADMITTED) {
        notice_beside(view, MOVE_CLEAR);
    }
}

/* ── the ending ── */

/* The reason is the procedure's words, never more. */
static void put_because(const struct receipt_view *view, struct buf *to)
{
    const struct procedure_reason *reason = procedure_reason(view->report->procedure,
                                                             str_of(view->report->progress.reason));
    struct buf words;
    if (reason == NULL) {
        return;
    }
    const struct catalog_value values[] = {
        {"reason", reason->words}, {"town", view->town}, {NULL, NULL}};
    buf_init(&words, RECEIPT_SENTENCES_BYTES_MAX);
    receipt_view_fill(view, "outcome.because", values, &words);
    catalog_fill_text(buf_text(&words), values, to);
    buf_release(&words);
}

static const char *ending_key(const struct receipt_view *view)
{
    const struct progress *progress = &view->report->progress;
    switch (progress->state) {
    case PROGRESS_NEW:
    case PROGRESS_OPEN:
        break;
    case PROGRESS_ADMITTED:
        return view->contact[0] && view->phone[0] ? "outcome.contact" : "outcome.admitted";
    case PROGRESS_DECLINED:
        return !view->follows && receipt_act_refused(view->setup, view->report, MOVE_OBJECT,
                                                     view->now_ms) == REFUSAL_NONE
                   ? "outcome.declined"
                   : "outcome.declined_final";
    case PROGRESS_CLOSED:
        return is_decision(progress, "already") ? "outcome.already" : "outcome.closed";
    case PROGRESS_CLEARED:
        return "outcome.cleared";
    case PROGRESS_WITHDRAWN:
        return view->report->withdrawal_on_its_way ? NULL : "outcome.withdrawn";
    }
    return NULL;
}

/* Who else may help: all by name in the sentence, those that can be rung below it. */
static void fill_help(struct receipt_view *view)
{
    const struct help *help = view->setup->help;
    struct buf list;
    buf_init(&list, RECEIPT_SENTENCES_BYTES_MAX);
    for (size_t i = 0; i < help->count; i++) {
        buf_puts(&list, i > 0 ? "、" : "");
        buf_puts(&list, help->at[i].name);
        if (help->at[i].phone[0] != '\0') {
            view->help[view->page.help_count++] = (struct page_help){
                help->at[i].name, help->at[i].whom, help->at[i].phone};
        }
    }
    const struct catalog_value values[] = {{"list", buf_text(&list)}, {NULL, NULL}};
    if (help->count > 0) {
        receipt_view_fill(view, "outcome.help", values, &view->ending);
    }
    view->page.help = view->help;
    buf_release(&list);
}

/* A step and the decision that followed from it came with one note: it stands at the step. */
static bool is_said_already(const struct receipt_view *view)
{
    for (size_t i = 0; i < view->page.step_count; i++) {
        if (strcmp(view->steps[i].note, view->report->progress.note) == 0) {
            return true;
        }
    }
    return false;
}

static void fill_ending(struct receipt_view *view)
{
    const struct progress *progress = &view->report->progress;
    const char *key = ending_key(view);
    char date[DEADLINE_SHOWN_BYTES];
    struct buf because;
    if (key == NULL) {
        return;
    }
    int64_t object_end_ms = progress_object_end(view->report->procedure, view->setup->calendar,
                                                progress);
    deadline_show(receipt_view_last_day(object_end_ms), date);
    buf_init(&because, RECEIPT_SENTENCES_BYTES_MAX);
    put_because(view, &because);
    const struct catalog_value values[] = {
        {"because", buf_text(&because)}, {"date", date}, {"name", view->contact},
        {"phone", view->phone},          {NULL, NULL},
    };
    receipt_view_fill(view, key, values, &view->ending);
    buf_release(&because);
    if (progress->state == PROGRESS_DECLINED) {
        fill_help(view);
    }
    view->page.ending_note = view->page.closed || is_said_already(view) ? "" : progress->note;
}

/* ── who comes ── */

/* The visit, while it is under way: a step before which there is none. Of several the one due first; -1: somebody has come. */
static int visit_under_way(const struct procedure *route, const struct progress *progress)
{
    int first = -1;
    int64_t first_ms = INT64_MAX;
    for (size_t i = 0; i < route->step_count; i++) {
        int64_t due_ms = progress->steps[i].due_ms ? progress->steps[i].due_ms : INT64_MAX;
        if (route->steps[i].before == 0 && progress_step_under_way(progress, i) &&
            (first < 0 || due_ms < first_ms)) {
            first = (int)i;
            first_ms = due_ms;
        }
    }
    return first;
}

/* Until when somebody comes, or, where no steps are shown, rings; 0: nobody says. */
static int64_t coming_due(const struct receipt_view *view, int step)
{
    const struct progress *progress = &view->report->progress;
    int64_t due_ms = view->steps_shown ? progress->steps[step].due_ms : 0;
    return due_ms != 0 ? due_ms : progress->total_due_ms;
}

static const char *coming_key(const struct receipt_view *view, const struct procedure *route,
                              int64_t due_ms)
{
    bool contact = view->contact[0] && view->phone[0];
    if (!view->steps_shown) {
        return due_ms == 0              ? "coming.transferred_undated"
               : route->total.confirmed ? "coming.transferred"
                                        : "coming.transferred_usual";
    }
    if (due_ms == 0) {
        return contact ? "coming.contact_undated" : "coming.office_undated";
    }
    if (view->now_ms >= due_ms) {
        return contact ? "coming.contact_late" : "coming.office_late";
    }
    return contact ? "coming.contact" : "coming.office";
}

static void fill_who_comes(struct receipt_view *view)
{
    const struct progress *progress = &view->report->progress;
    const struct procedure *route = progress_route(view->report->procedure, progress);
    int step = view->steps_shown ? visit_under_way(route, progress)
                                 : progress_current(view->report->procedure, progress);
    char date[DEADLINE_SHOWN_BYTES] = "";
    if (!is_open(progress) || step < 0 || progress->paused || view->report->drill) {
        return;
    }
    int64_t due_ms = coming_due(view, step);
    if (due_ms != 0) {
        deadline_show(receipt_view_last_day(due_ms), date);
    }
    const char *phone = view->phone[0] ? view->phone : view->setup->options.site.hotline;
    const struct catalog_value values[] = {
        {"name", view->contact},
        {"phone", phone[0] ? phone : catalog_text(view->setup->catalog, "site.unset")},
        {"date", date},
        {NULL, NULL},
    };
    receipt_view_fill(view, coming_key(view, route, due_ms), values, &view->who_comes);
}

/* Whoever cannot wait rings the place, else the hotline; a drill hurries nobody. */
static void fill_urgent(struct receipt_view *view)
{
    const char *phone = view->phone[0] ? view->phone : view->setup->options.site.hotline;
    const struct catalog_value values[] = {{"phone", phone}, {NULL, NULL}};
    if (!view->report->urgent || view->report->drill || !is_open(&view->report->progress)) {
        return;
    }
    receipt_view_fill(view, phone[0] ? "receipt.urgent_phone" : "receipt.urgent", values,
                      &view->urgent);
}

void receipt_view_words(struct receipt_view *view)
{
    struct page_receipt *page = &view->page;
    if (page->closed) {
        fill_ending(view); /* the one sentence, by either kind of link */
    } else if (page->full) {
        fill_notices(view);
        fill_ending(view);
        fill_who_comes(view);
        fill_urgent(view);
    }
    page->state_word = state_word(view);
    page->ending = buf_text(&view->ending);
    page->who_comes = buf_text(&view->who_comes);
    page->urgent = buf_text(&view->urgent);
}
