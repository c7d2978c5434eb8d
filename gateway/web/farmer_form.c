/* GET /V/{code}: the form in one request, needing neither Redis nor deflate once it is in the cache. */
#include "base/check.h"
#include "base/metrics.h"
#include "crypto/token.h"
#include "web/app.h"
#include "web/place.h"
#include "web/send.h"

static int64_t today(void)
{
    return date_to_days(date_of_ms(clock_wall_ms()));
}

static void send_form(const struct web *web, struct exchange *exchange,
                      const struct form_entry *entry)
{
    const struct request *request = exchange_request(exchange);
    bool packed = request_takes_gzip(request);
    const char *etag = packed ? entry->etag_gzip : entry->etag_plain;
    char token[TOKEN_TEXT_BYTES];
    if (request->method == HTTP_GET) {
        open_counts_add(web->opens, entry->area, &entry->code, OPEN_SHOWN);
    }
    send_headers(web, exchange, SEND_NO_CACHE);
    exchange_header(exchange, "ETag", etag);
    exchange_header(exchange, "Vary", "Accept-Encoding");
    if (request_etag_matches(request, etag)) {
        exchange_send(exchange, 304);
        return;
    }
    token_issue(&web->setup->keyring, clock_wall_ms(), token);
    exchange_header(exchange, "Content-Type", "text/html; charset=utf-8");
    if (packed) {
        unsigned char middle[GZIP_MIDDLE_BYTES];
        unsigned char end[GZIP_END_BYTES];
        size_t len = gzip_around_fill(&entry->gzip, str_of(token), middle, end);
        exchange_header(exchange, "Content-Encoding", "gzip");
        exchange_body_blob(exchange, entry->gzip.head);
        exchange_body_copy(exchange, str_make(middle, len));
        exchange_body_blob(exchange, entry->gzip.tail);
        exchange_body_copy(exchange, str_make(end, sizeof end));
    } else {
        exchange_body_blob(exchange, entry->before);
        exchange_body_copy(exchange, str_of(token));
        exchange_body_blob(exchange, entry->after);
    }
    metrics_add(METRIC_FORMS_SHOWN, 1);
    exchange_send(exchange, 200);
}

static const struct form_entry *make_form(struct web *web, struct place *place, int64_t day)
{
    struct buf html;
    place_texts(web, place);
    const struct page_form page = {.place = place_page(place), .token = PAGES_TOKEN_HOLE};
    buf_init(&html, PAGE_BYTES_MAX);
    bool rendered = pages_form(web->setup->pages, &page, &html);
    CHECK(rendered);
    const struct form_entry *entry = form_cache_put(web->forms, str_of(place->code_text), day,
                                                    &place->code, place->area, buf_str(&html));
    buf_release(&html);
    return entry;
}

/* One look at the codes file per millisecond: a stat is a tenth of the answer's time. */
static bool still_good(struct web *web, struct form_entry *entry)
{
    struct str hint;
    int64_t now_ms = loop_now_ms(web->loop);
    if (entry->looked_ms != now_ms) {
        if (codes_file_revoked(web->codes, &entry->code, &hint)) {
            return false;
        }
        entry->looked_ms = now_ms;
    }
    return true;
}

void farmer_code(struct exchange *exchange, void *arg)
{
    struct web *web = arg;
    struct place place;
    CHECK_OBJ(web, WEB_MAGIC);
    struct str text = route_rest(exchange, "/V/");
    int64_t day = today();
    struct form_entry *entry = form_cache_find(web->forms, text, day);
    if (entry != NULL && still_good(web, entry)) {
        send_form(web, exchange, entry);
        return;
    }
    switch (place_read(web, text, &place)) {
    case PLACE_UNKNOWN:
        send_message(web, exchange, 404, "code_unknown", NULL, NULL);
        return;
    case PLACE_GONE:
        send_message(web, exchange, 404, "code_gone", NULL, NULL);
        return;
    case PLACE_REVOKED:
        send_message(web, exchange, 410, "code_revoked", place.hint, NULL);
        return;
    case PLACE_OK:
        break;
    }
    if (!area_takes_reports(web->setup->areas, place.area)) {
        farmer_list(web, exchange, place.area, &place.code, place.merged_from);
        return;
    }
    send_form(web, exchange, make_form(web, &place, day));
}
