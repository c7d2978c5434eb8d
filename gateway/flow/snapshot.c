#include "flow/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "crypto/seal.h"

/* The plain text is wiped: it names a person. */
static void seal_json(const struct snapshot_request *request, const char *what, json_t *take_json,
                      struct buf *to)
{
    char *plain = json_dumps(take_json, JSON_COMPACT);
    CHECK(plain != NULL);
    json_decref(take_json);
    size_t len = strlen(plain);
    buf_init(to, SNAPSHOT_BYTES_MAX);
    seal_close(&request->setup->keyring, str_of(request->receipt), str_of(what),
               str_make(plain, len), to);
    CHECK(buf_ok(to));
    explicit_bzero(plain, len);
    free(plain);
}

static json_t *event_json(const struct snapshot_request *request, const char *event_id)
{
    struct str version = request->form;
    struct str form = {NULL, 0};
    (void)str_next(&version, '@', &form);
    const struct report_event event = {
        .type = request->type,
        .id = event_id,
        .receipt = request->receipt,
        .version = request->version,
        .at_ms = request->at_ms,
        .submitted_ms = request->submitted_ms,
        .areas = request->setup->areas,
        .area = request->area,
        .place_id = request->place_id,
        .place_path = request->place_path,
        .placement = request->placement,
        .source = request->source,
        .values = request->values,
        .flags = request->flags,
        .more = request->more,
        .form_id = form,
        .form_version = version,
        .consent = request->consent,
    };
    return report_event_json(&event);
}

void snapshot_make(const struct snapshot_request *request, struct snapshot *ret)
{
    if (request->version == 1 || request->first) {
        snprintf(ret->event_id, sizeof ret->event_id, "%s", request->receipt);
    } else {
        snprintf(ret->event_id, sizeof ret->event_id, "%s-%lld", request->receipt,
                 (long long)request->version);
    }
    json_t *kept = json_pack("{s:O}", "values", request->values);
    if (request->filed != NULL) {
        json_object_set(kept, "filed", (json_t *)request->filed);
    }
    if (request->notes != NULL) {
        json_object_set(kept, "notes", (json_t *)request->notes);
    }
    seal_json(request, SNAPSHOT_REPORT, kept, &ret->report);
    if (request->type != NULL) {
        seal_json(request, SNAPSHOT_EVENT, event_json(request, ret->event_id), &ret->event);
    }
}

void snapshot_release(struct snapshot *snapshot)
{
    buf_release(&snapshot->report);
    buf_release(&snapshot->event);
}

json_t *snapshot_open_all(const struct keyring *keyring, const char *receipt, struct str sealed)
{
    struct buf plain;
    json_t *all = NULL;
    buf_init(&plain, SNAPSHOT_BYTES_MAX);
    if (seal_open(keyring, str_of(receipt), str_of(SNAPSHOT_REPORT), sealed, &plain)) {
        all = json_loadb(plain.at, plain.len, 0, NULL);
        explicit_bzero(plain.at, plain.len);
    }
    buf_release(&plain);
    return all;
}

json_t *snapshot_open(const struct keyring *keyring, const char *receipt, struct str sealed)
{
    json_t *all = snapshot_open_all(keyring, receipt, sealed);
    json_t *values = json_incref(json_object_get(all, "values"));
    json_decref(all);
    return values;
}

bool snapshot_is_sent(const struct options *options, const char *type)
{
    struct str rest = str_of(options->forward.events);
    struct str word;
    while (str_next(&rest, ' ', &word)) {
        if (str_is(word, type)) {
            return true;
        }
    }
    return false;
}

const char *snapshot_hold_reason(const struct options *options, bool has_id)
{
    if (!has_id && str_is(str_of(options->forward.without_id), "hold")) {
        return "id"; /* goes on when the ID is known; an upstream that comes to be does not release it */
    }
    return options->upstream.url[0] == '\0' ? "upstream" : NULL;
}
