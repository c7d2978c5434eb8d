#include "view/pages_inside.h"

#define EVERY_PAGE                                                                                 \
    "site", "site.title", "site.authority", "site.hotline", "site.hotline_tel", "site.icp",        \
        "site.police_beian", "site.upstream_name", "title", "error", "drill"

#define PLACE                                                                                      \
    "place", "place.town", "place.village", "place.other_href", "place.merged", "place.call_tel",  \
        "place.call_shown"

#define FIELDS                                                                                     \
    "fields", "fields.name", "fields.id", "fields.label", "fields.hint", "fields.optional",        \
        "fields.fault", "fields.described", "fields.class", "fields.value", "fields.checked",      \
        "fields.input_mode", "fields.input_type", "fields.autocomplete", "fields.line",            \
        "fields.area", "fields.tick", "fields.has_danger", "fields.danger", "fields.danger.text",  \
        "fields.danger.tel", "fields.rows", "fields.group", "fields.input", "fields.short",        \
        "fields.options", "fields.options.id", "fields.options.value", "fields.options.label",     \
        "fields.options.hint", "fields.options.checked", "fields.options.heading", "fields.more",  \
        "fields.more.open", "fields.more.label", "fields.more.options", "fields.more.options.id",  \
        "fields.more.options.value", "fields.more.options.label", "fields.more.options.hint",      \
        "fields.more.options.checked", "fields.more.options.heading", "fields.inside"

#define FAULTS "has_faults", "faults", "faults.href", "faults.text"

static const char *const form_names[] = {
    EVERY_PAGE, PLACE, FAULTS, "action", "token", "not_stored", "notice", FIELDS, NULL,
};

static const char *const check_names[] = {
    EVERY_PAGE,
    PLACE,
    FAULTS,
    "action",
    "token",
    "not_stored",
    "stale",
    "notice",
    "rows",
    "rows.label",
    "rows.value",
    "rows.href",
    "rows.change",
    "hidden",
    "hidden.name",
    "hidden.value",
    "ticks",
    "ticks.name",
    "ticks.id",
    "ticks.label",
    "ticks.hint",
    "ticks.has_danger",
    "ticks.danger",
    "ticks.danger.text",
    "ticks.danger.tel",
    "ticks.fault",
    "ticks.checked",
    "ticks.described",
    NULL,
};

static const char *const list_names[] = {
    EVERY_PAGE,   "heading",    "hint",       "merged",    "items",
    "items.href", "items.name", "items.note", "back_href", NULL,
};

static const char *const receipt_names[] = {
    EVERY_PAGE,
    "shown",
    "heading",
    "fresh",
    "added",
    "mask",
    "place_name",
    "submitted",
    "state_word",
    "ending",
    "reason",
    "who_comes",
    "full",
    "has_steps",
    "steps",
    "steps.name",
    "steps.word",
    "steps.date",
    "steps.note",
    "steps.who",
    "steps.class",
    "steps.state",
    "steps.current",
    "qr",
    "link",
    "next_href",
    "urgent",
    FAULTS,
    FIELDS,
    "decided",
    "closed",
    "done",
    "has_notices",
    "ending_note",
    "notices",
    "help",
    "help.name",
    "help.whom",
    "help.phone",
    "help.tel",
    "call_tel",
    "call_shown",
    "has_acts",
    "action",
    "problem",
    "visit",
    "visited",
    "not_visited",
    "visit_said",
    "nudge",
    "nudge_when",
    "add",
    "add.open",
    "add.id",
    "add.last4",
    "add.wrong",
    "object",
    "object.open",
    "object.id",
    "object.last4",
    "object.wrong",
    "object.detail",
    "object.detail_fault",
    "withdraw",
    "withdraw.open",
    "withdraw.id",
    "withdraw.last4",
    "withdraw.wrong",
    "withdraw.hint",
    "by_receipt",
    NULL,
};

static const char *const progress_names[] = {
    EVERY_PAGE, "receipt", "last4",         "id_number", "phone",      "wrong",       "by_id",
    "locked",   "busy",    "wrong_receipt", "wrong_id",  "fault_href", "locked_text", NULL,
};

static const char *const message_names[] = {
    EVERY_PAGE, "text", "next", "hint", "href", "href_label", NULL,
};

const char *const *page_names(enum page_kind kind)
{
    static const char *const *const names[PAGE_KINDS] = {
        [PAGE_FORM] = form_names,         [PAGE_CHECK] = check_names,
        [PAGE_LIST] = list_names,         [PAGE_RECEIPT] = receipt_names,
        [PAGE_PROGRESS] = progress_names, [PAGE_MESSAGE] = message_names,
    };
    return names[kind];
}

/* Texts that code asks for by name; those that templates ask for are checked with the templates. */
const char *const page_texts[] = {
    "site.title",
    "site.unset",
    "site.upstream_name",
    "page.more",
    "place.merged",
    "fill.title",
    "check.title",
    "check.title_not_stored",
    "check.yes",
    "check.change_what",
    "notice.text",
    "list.towns",
    "list.villages",
    "list.towns_of",
    "list.villages_of",
    "list.hint",
    "receipt.fresh",
    "receipt.heading",
    "receipt.urgent",
    "receipt.urgent_phone",
    "receipt.step_done",
    "receipt.step_next",
    "receipt.step_skipped",
    "acts.wrong_last4",
    "acts.empty_last4",
    "acts.add_empty",
    "progress.title",
    "progress.locked",
    "progress.locked_today",
    "message.to_progress",
    "message.to_form",
    "message.error.title",
    "message.error.text",
    "message.error.next",
    NULL,
};
