/* What of [upstream] and [forward] can be known before anything is sent. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "flow/forward.h"
#include "flow/outgoing.h"
#include "flow/sample.h"
#include "flow/snapshot.h"

enum { KINDS_BYTES = 128 };

static bool make(const struct outgoing *outgoing, const char *id, struct str cloud_event,
                 struct outgoing_request *ret, struct err *err)
{
    const struct outgoing_event event = {
        .id = id,
        .receipt = SAMPLE_RECEIPT,
        .cloud_event = cloud_event,
        .bearer = "",
        .now_wall_ms = clock_wall_ms(),
    };
    return outgoing_make(outgoing, &event, ret, err);
}

/* Whether the same report with nothing that happened would be the same body: then the monitoring system takes the one for the other. */
static bool looks_like_another(const struct outgoing *outgoing, const struct sample *sample,
                               const char *kind, const struct outgoing_request *request)
{
    struct err ignored;
    struct outgoing_request plain;
    json_t *event = json_loads(sample->text, 0, NULL);
    json_object_del(json_object_get(event, "data"), kind);
    json_object_set_new(event, "type", json_string("cn.mashang.report.added.v1"));
    char *text = json_dumps(event, JSON_COMPACT);
    bool made = make(outgoing, sample->id, str_of(text), &plain, &ignored);
    bool same = made && str_eq(buf_str(&plain.body), buf_str(&request->body));
    outgoing_request_release(&plain);
    free(text);
    json_decref(event);
    return same;
}

/* A template that makes something unreadable would bury each report: better refused than found out later. */
static bool check_kind(const struct setup *setup, const struct outgoing *outgoing, size_t kind,
                       char alike[KINDS_BYTES], struct err *err)
{
    struct outgoing_request request;
    struct sample sample;
    const char *name = sample_kinds[kind];
    sample_event(setup, name, &sample);
    bool made = make(outgoing, sample.id, str_of(sample.text), &request, err);
    if (!made && kind > 0) {
        size_t used = strlen(err->text);
        snprintf(err->text + used, sizeof err->text - used, ": %s", name);
    } else if (made && kind >= SAMPLE_TELLING &&
               looks_like_another(outgoing, &sample, name, &request)) {
        size_t used = strlen(alike);
        snprintf(alike + used, KINDS_BYTES - used, " %s", name);
    }
    outgoing_request_release(&request);
    sample_release(&sample);
    return made;
}

static bool check_body(struct setup *setup, const struct outgoing *outgoing, struct err *err)
{
    char alike[KINDS_BYTES] = "";
    char text[256];
    bool good = true;
    for (size_t i = 0; good && sample_kinds[i] != NULL; i++) {
        if (i == 0 || snapshot_is_sent(&setup->options, sample_kinds[i])) {
            good = check_kind(setup, outgoing, i, alike, err);
        }
    }
    if (good && alike[0] != '\0') {
        snprintf(text, sizeof text,
                 "upstream.body_template: these look like any other event in it:%s: name type, or "
                 "data and the kind, or take them out of [forward] events",
                 alike);
        setup_warn(setup, text);
    }
    return good;
}

bool forward_check(struct setup *setup, struct err *err)
{
    if (setup->options.upstream.url[0] == '\0') {
        return true;
    }
    const struct fetch_options fetching = {
        .ca_file = setup->options.upstream.ca_file,
        .client_cert = setup->options.upstream.client_cert,
        .client_key = setup->options.upstream.client_key,
    };
    if (!fetch_check(&fetching, err)) {
        return false;
    }
    struct outgoing *outgoing = outgoing_load(setup, err);
    bool good = outgoing != NULL && check_body(setup, outgoing, err);
    outgoing_free(&outgoing);
    return good;
}
