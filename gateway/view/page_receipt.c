/* The receipt with its progress, and the way to it. */
#include <stdlib.h>

#include "view/pages_inside.h"

/* Templates know no unescaped holes; the symbol, which is ours, is set in where this stands. */
#define QR_MARK "\x01QR\x01"

/* A body of 64 KiB is shown again where it was not taken, and each of its characters may need six bytes (&quot;). */
enum { RECEIPT_BYTES_MAX = 1 << 20 };

static json_t *step_view(const struct pages *pages, const struct page_step *in)
{
    const char *class = in->skipped ? "skip" : in->done ? "done" : in->current ? "now" : "next";
    const char *state = in->skipped ? "receipt.step_skipped"
                        : in->done  ? "receipt.step_done"
                                    : "receipt.step_next";
    bool under_way = in->current && !in->done && !in->skipped;
    json_t *step = json_object();
    page_put(step, "name", in->name);
    page_put(step, "word", in->word);
    page_put(step, "date", in->date);
    page_put(step, "note", in->note);
    page_put(step, "who", in->done || in->skipped ? "" : in->who);
    page_put(step, "class", class);
    page_put(step, "state", under_way ? in->word : catalog_text(pages->catalog, state));
    page_put_bool(step, "current", in->current);
    return step;
}

static void put_person(json_t *page, const struct page_receipt *in)
{
    /* a link of the short kind says nothing about the household, whatever the caller gave, and of what is closed there is one sentence */
    bool told = in->full && !in->closed;
    page_put(page, "mask", told ? in->mask : "");
    page_put(page, "place_name", told ? in->place : "");
    page_put(page, "ending", in->full || in->closed ? in->ending : "");
    page_put(page, "ending_note", told ? in->ending_note : "");
    page_put(page, "reason", told ? in->reason : "");
    page_put(page, "who_comes", told && !in->drill ? in->who_comes : "");
    page_put(page, "urgent", told ? in->urgent : "");
    page_put(page, "qr", in->qr_svg != NULL && in->qr_svg[0] && !in->closed ? QR_MARK : "");
    page_put(page, "link", in->closed ? "" : in->link);
    page_put(page, "next_href", told ? in->next_href : "");
}

static void put_help(json_t *page, const struct page_receipt *in)
{
    char tel[PAGES_TEL_BYTES];
    json_t *help = json_array();
    for (size_t i = 0; in->full && i < in->help_count; i++) {
        json_t *one = json_object();
        page_put(one, "name", in->help[i].name);
        page_put(one, "whom", in->help[i].whom);
        page_put(one, "phone", in->help[i].phone);
        page_tel(in->help[i].phone, tel);
        page_put(one, "tel", tel);
        json_array_append_new(help, one);
    }
    json_object_set_new(page, "help", help);
}

static void put_notices(json_t *page, const struct page_receipt *in)
{
    json_t *notices = json_array();
    for (size_t i = 0; in->full && i < in->notice_count; i++) {
        json_array_append_new(notices, json_string(in->notices[i]));
    }
    page_put_bool(page, "has_notices", json_array_size(notices) > 0);
    json_object_set_new(page, "notices", notices);
}

static void put_steps(const struct pages *pages, json_t *page, const struct page_receipt *in)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < in->step_count; i++) {
        struct page_step step = in->steps[i];
        step.note = in->full ? step.note : "";
        json_array_append_new(steps, step_view(pages, &step));
    }
    page_put_bool(page, "has_steps", in->step_count > 0 && !in->upstream_only_note);
    json_object_set_new(page, "steps", steps);
}

static json_t *receipt_view(const struct pages *pages, const struct page_receipt *in)
{
    const char *heading = in->fresh ? "receipt.fresh" : "receipt.heading";
    const struct page_acts *acts = in->acts;
    bool wrong = acts != NULL && (acts->show_faults || acts->last4_fault || acts->add_empty);
    json_t *page = page_begin(pages, heading, wrong, in->drill);
    page_put(page, "shown", in->shown);
    page_put(page, "heading", catalog_text(pages->catalog, heading));
    page_put_bool(page, "fresh", in->fresh);
    page_put_bool(page, "added", in->added);
    page_put(page, "done", in->done);
    page_put_bool(page, "full", in->full);
    page_put_bool(page, "decided", in->decided);
    page_put_bool(page, "closed", in->closed);
    page_put(page, "submitted", in->submitted);
    page_put(page, "state_word", in->state_word);
    put_steps(pages, page, in);
    put_person(page, in);
    put_notices(page, in);
    put_help(page, in);
    page_put_acts(pages, page, acts);
    return page;
}

bool pages_receipt(const struct pages *pages, const struct page_receipt *in, struct buf *to)
{
    struct buf html;
    buf_init(&html, RECEIPT_BYTES_MAX);
    bool rendered = page_end(pages, PAGE_RECEIPT, receipt_view(pages, in), &html);
    ptrdiff_t mark = str_find(buf_str(&html), STR(QR_MARK));
    if (rendered && mark >= 0) {
        buf_put(to, str_sub(buf_str(&html), 0, (size_t)mark));
        buf_puts(to, in->qr_svg);
        buf_put(to, str_from(buf_str(&html), (size_t)mark + sizeof QR_MARK - 1));
    } else {
        buf_put(to, buf_str(&html));
    }
    buf_release(&html);
    return rendered && buf_ok(to);
}

bool pages_progress(const struct pages *pages, const struct page_progress *in, struct buf *to)
{
    json_t *page = page_begin(pages, "progress.title", in->wrong, false);
    page_put(page, "receipt", in->receipt);
    page_put(page, "last4", in->last4);
    page_put(page, "id_number", in->id_number);
    page_put(page, "phone", in->phone);
    page_put_bool(page, "wrong", in->wrong);
    page_put_bool(page, "wrong_receipt", in->wrong && !in->by_id);
    page_put_bool(page, "wrong_id", in->wrong && in->by_id);
    page_put_bool(page, "by_id", in->by_id);
    page_put_bool(page, "locked", in->locked);
    page_put_bool(page, "busy", in->busy);
    page_put(page, "fault_href", in->by_id ? "#f-id_number" : "#f-receipt");
    /* by number for an hour, by ID for the day: whatever there is to find */
    page_put_filled(pages, page, "locked_text",
                    in->by_id ? "progress.locked_today" : "progress.locked", NULL);
    return page_end(pages, PAGE_PROGRESS, page, to);
}
