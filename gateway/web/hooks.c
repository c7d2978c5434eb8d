/* POST /hooks/upstream: the monitoring system's callbacks (flow/callback.h), answered as problems by RFC 9457. */
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "flow/callback.h"
#include "web/app.h"
#include "web/send.h"

enum { HOOK_MAGIC = 0x400C };

struct hook {
    unsigned magic;
    struct web *web;
    struct exchange *exchange; /* held */
};

static callback_done_fn on_applied;

void hooks_upstream(struct exchange *exchange, void *arg)
{
    struct web *web = arg;
    const struct request *request = exchange_request(exchange);
    CHECK_OBJ(web, WEB_MAGIC);
    struct hook *hook = mem_alloc(sizeof *hook);
    *hook = (struct hook){HOOK_MAGIC, web, exchange_hold(exchange)};
    const struct callback_request callback = {
        .id = request_header(request, "webhook-id"),
        .timestamp = request_header(request, "webhook-timestamp"),
        .signature = request_header(request, "webhook-signature"),
        .body = request->body,
        .rid = request->rid,
    };
    callback_apply(web->setup, web->store, web->loop, &callback, on_applied, hook);
}

static void on_applied(void *arg, const struct callback_answer *answer)
{
    static const struct {
        int status;
        const char *title;
    } answers[] = {
        [CALLBACK_DONE] = {204, ""},
        [CALLBACK_OFF] = {404, "Not found"},
        [CALLBACK_BAD_SIGNATURE] = {401, "Signature does not fit"},
        [CALLBACK_UNKNOWN] = {404, "No such report"},
        [CALLBACK_REFUSED] = {422, "Not applied"},
        [CALLBACK_LATER] = {503, "Try again later"},
    };
    struct hook *hook = arg;
    CHECK_OBJ(hook, HOOK_MAGIC);
    int status = answers[answer->kind].status;
    if (status == 503) {
        exchange_header(hook->exchange, "Retry-After", "10");
    }
    if (status == 204) {
        send_empty(hook->web, hook->exchange, 204);
    } else {
        send_problem(hook->web, hook->exchange, status, answers[answer->kind].title,
                     answer->pointer, answer->detail);
    }
    exchange_drop(&hook->exchange);
    hook->magic = 0;
    free(hook);
}
