/*
 * pages.h - the farmers' pages: struct in, HTML bytes out. Templates in templates/pages/NAME.mustache, texts in the catalog, one stylesheet inlined by hash.
 *
 * Loaded and checked at start (unknown names, missing texts: errors that name file and line). Immutable afterwards. Each page function writes the whole HTML document.
 * No JavaScript, no cookies, no outside resource. All texts given are plain text (escaped here).
 */
#ifndef VIEW_PAGES_H
#define VIEW_PAGES_H

#include "base/buf.h"
#include "base/err.h"
#include "domain/answers.h"
#include "domain/form.h"
#include "view/catalog.h"

struct pages;

/* What stands on every page; copied by pages_load. */
struct pages_site {
    const char *title, *authority, *hotline, *icp, *police_beian, *upstream_name;
    int decided_days;        /* the notice's N */
    const char *notice;      /* privacy_file's text; "" : the catalog's */
    const char *risks_first; /* blank-separated slugs shown before 其他困难 */
};

/* templates_dir holds pages/ and assets/. The catalog and the form are borrowed for the life of pages. */
struct pages *pages_load(const char *templates_dir, const struct catalog *catalog,
                         const struct form *form, const struct pages_site *site,
                         struct err *err) MUST_CHECK;
void pages_free(struct pages **pages);
/* For Content-Security-Policy: `'sha256-…'` of the stylesheet. */
const char *pages_style_hash(const struct pages *pages);
const char *
pages_version(const struct pages *pages); /* changes with templates, catalog, site: for ETags */
const char *
pages_notice_version(const struct pages *pages); /* 16 hex digits: frozen into each report */

/* Where a report goes. All borrowed. */
struct page_place {
    const char *code;        /* of the link, for actions */
    const char *town;        /* 曲堤街道 */
    const char *village;     /* 葛家村 */
    const char *phone;       /* nearest upward, or "" */
    const char *contact;     /* or "" */
    const char *merged_from; /* 葛家村已并入…: the old name, or "" */
    const char *other_href;  /* 不是这个村？换一个 */
    bool drill;
};

/* PAGES_TOKEN_HOLE stands where the token goes, so that the page around it can be kept: exactly once. */
#define PAGES_TOKEN_HOLE "\x01TOKEN\x01"

struct page_form {
    struct page_place place;
    const struct answers *answers; /* NULL: empty form */
    bool show_faults;              /* 422: summary, <title>错误…, each fault linked */
    const char *token;
    bool not_stored; /* 503: 还没有提交成功。… */
};
bool pages_form(const struct pages *pages, const struct page_form *in, struct buf *to) MUST_CHECK;

struct page_check {
    struct page_place place;
    const struct answers *answers;
    const char *token;
    bool show_faults; /* ticks are missing: 422 */
    bool stale;       /* 放久了,请再点一次提交 */
    bool not_stored;  /* 503 */
    const char *mask; /* 王** for the helper's tick */
};
bool pages_check(const struct pages *pages, const struct page_check *in, struct buf *to) MUST_CHECK;

struct page_list_item {
    const char *href;
    const char *name;
    const char *note; /* or "" */
};
struct page_list {
    const char *above; /* 济阳区 */
    bool of_towns;     /* the first tap, else villages */
    const struct page_list_item *items;
    size_t item_count;
    bool drill;
    const char *merged_from;
    const char *back_href; /* or "" */
};
bool pages_list(const struct pages *pages, const struct page_list *in, struct buf *to) MUST_CHECK;

struct page_step {
    const char *word; /* 待上门 */
    const char *name; /* 入户核查 */
    const char *date; /* done: 11月24日; to come: 最晚11月30日（周一） or "" */
    const char *note; /* public note or "" */
    const char *who;
    bool done, current, unconfirmed /* 一般 instead of 最晚 */, skipped;
};
struct page_help {
    const char *name, *whom, *phone; /* whom it is for and phone may be "" */
};
/* What the household can do on its page (POST to action), and what it has just sent that was not taken. */
struct page_acts {
    const char *action;                                      /* /r/… */
    bool visited, not_visited, nudge, add, withdraw, object; /* allowed now */
    const char *visit_said;                                  /* 您说过：来过了。 or "" */
    const char *nudge_when;                                  /* from when, or "" */
    const char *withdraw_hint;                               /* with withdraw */
    const char *by_receipt; /* of the short kind: how to the rest, or "" */
    const char *call_phone; /* or "" */
    bool add_first;         /* something is asked */
    /* sent */
    const char *problem;           /* a sentence above all, or "" */
    const char *open;              /* add, withdraw, object: whose form is shown open; or "" */
    const struct answers *answers; /* as typed into add, or object's detail; NULL: nothing */
    bool show_faults;              /* of answers, as far as the add form asks them */
    bool add_empty;                /* nothing was written in it */
    const char *last4_fault;       /* a catalog's key, or NULL */
    const char *last4;             /* as typed */
};
struct page_receipt {
    const char *shown;      /* 4129 3847 1655 */
    const char *mask;       /* 王** or "" (kind s) */
    const char *place;      /* 曲堤街道 葛家村 or "" (kind s) */
    const char *state_word; /* one of the step words: 已收到 … */
    const char *ending;     /* the sentence of an ending, or "" */
    const char *reason;
    const char *ending_note; /* what staff wrote for the household, or "" */
    const char *who_comes;   /* the sentence, or "" */
    const char *urgent;      /* the sentence of an urgent report that is open, or "" */
    const char *submitted;   /* 11月23日 */
    bool fresh;              /* just filed: 已收到您的申报 … 请截屏或抄下编号 */
    bool added;              /* 您之前报过,编号不变。… */
    const char *done;        /* what was just done on this page, or "" */
    bool full;               /* kind f */
    bool drill;
    bool upstream_only_note; /* progress none: only the sentence, no steps */
    const char *qr_svg;      /* trusted SVG, or "" */
    const char *link;        /* the address shown in text under the QR, or "" */
    const char *next_href;   /* the form again, for whoever files for several households; or "" */
    bool decided;            /* nothing is promised and nothing waits any more */
    bool closed;             /* only that it is closed: another filer's */
    const struct page_step *steps;
    size_t step_count;
    const char *const *notices; /* sentences about how it stands */
    size_t notice_count;
    const struct page_help *help; /* what else there is, of those with a phone */
    size_t help_count;
    const struct page_acts *acts; /* NULL: none */
};
bool pages_receipt(const struct pages *pages, const struct page_receipt *in,
                   struct buf *to) MUST_CHECK;

struct page_progress {
    const char *receipt, *last4; /* as typed; shown again */
    const char *id_number, *phone;
    bool wrong;  /* 422: alike whatever was wrong */
    bool by_id;  /* the second form was used */
    bool locked; /* 429 */
    bool busy;   /* 503 */
};
bool pages_progress(const struct pages *pages, const struct page_progress *in,
                    struct buf *to) MUST_CHECK;

/* Everything that is a sentence and a way on: not_found, code_unknown, code_gone, receipt_unknown (404), code_revoked, receipt_purged (410), too_large, busy, bad_request, bad_method, too_many, timeout, forbidden (cross-site), error.
 * The catalog holds message.<name>.title, .text, .next. */
struct page_message {
    const char *name;
    const char *hint; /* where the new code hangs; or "" */
    const char *href; /* a way on, default "/" */
};
bool pages_message(const struct pages *pages, const struct page_message *in,
                   struct buf *to) MUST_CHECK;

#endif
