/*
 * app.h - what the handlers of one worker share, and the handlers themselves.
 *
 *   GET  /                    farmer_list      the county's towns
 *   GET  /V/{code}            farmer_form      the form, or a list above village level
 *   POST /V/{code}            farmer_submit    check, edit, submit
 *   GET  /r/{receipt}-{sig}   farmer_receipt
 *   POST /r/{receipt}-{sig}   farmer_acts      add, nudge, visited, withdraw, object
 *   GET  /progress, POST      farmer_progress
 *   POST /hooks/upstream      hooks
 *
 * The office's, under /api (contract §7), has a table and, when [listen] office says so, a listener of its own.
 */
#ifndef WEB_APP_H
#define WEB_APP_H

#include "flow/feed_hub.h"
#include "flow/setup.h"
#include "http/exchange.h"
#include "http/router.h"
#include "qr/code.h"
#include "qr/codes_file.h"
#include "web/form_cache.h"
#include "web/open_counts.h"
#include "web/receipt_cache.h"
#include "web/token_limits.h"
#include "web/web.h"

enum { WEB_MAGIC = 0x3EB, PAGE_BYTES_MAX = 1 << 20, PAGE_HEADERS_BYTES = 1024 };

struct web {
    unsigned magic;
    struct loop *loop;
    const struct setup *setup;
    struct store *store;
    struct codes_file *codes;
    struct form_cache *forms;
    struct receipt_cache *receipts;
    struct token_limits *token_limits;
    struct feed_hub *feed;
    struct open_counts *opens;
    struct router farmers, office;
    char headers[PAGE_HEADERS_BYTES]; /* the lines of every answer, see send.c */
};

http_handler_fn farmer_root;
http_handler_fn farmer_code;
http_handler_fn farmer_submit;
http_handler_fn farmer_receipt;
http_handler_fn farmer_act;
http_handler_fn farmer_progress;
http_handler_fn farmer_progress_ask;
http_handler_fn hooks_upstream;

/* The list page of the towns or villages below an area; code says placement, serial and drill of what led here. */
void farmer_list(struct web *web, struct exchange *exchange, area_index above,
                 const struct code *code, const char *merged_from);

#endif
