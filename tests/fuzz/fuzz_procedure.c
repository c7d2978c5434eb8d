/*
 * Any bytes as a procedure file: refused with a sentence, or a procedure in which staff comes from the beginning to an end; and any bytes
 * as a report's progress: refused, or the same once more when it is written and read again.
 */
#include <stdlib.h>

#include "base/file.h"
#include "domain/progress.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const int64_t filed_ms = INT64_C(1795396500000);

static void walk(const struct procedure *procedure, const struct calendar *calendar)
{
    static struct progress progress;
    int64_t at_ms = filed_ms;
    int current;
    progress_begin(procedure, calendar, at_ms, &progress);
    for (size_t i = 0; (current = progress_current(procedure, &progress)) >= 0; i++) {
        struct progress_move move = {.kind = MOVE_STEP,
                                     .step = str_of(procedure->steps[current].id),
                                     .outcome = STR("passed"),
                                     .at_ms = at_ms += 86400000};
        if ((procedure->steps[current].outcomes >> OUTCOME_PASSED & 1) == 0) {
            return; /* a county may forbid it, and then only an ending closes the step */
        }
        CHECK(i < PROCEDURE_STEPS_MAX);
        CHECK(progress_apply(procedure, calendar, &progress, &move) == PROGRESS_APPLIED);
    }
}

static void read_twice(const struct procedure *procedure, struct str bytes)
{
    static struct progress progress, read;
    json_t *json = json_loadb(bytes.at, bytes.len, 0, NULL);
    if (json != NULL && progress_from_json(procedure, json, &progress)) {
        json_t *again = progress_to_json(procedure, &progress);
        CHECK(progress_from_json(procedure, again, &read));
        CHECK(memcmp(&progress, &read, sizeof read) == 0);
        json_decref(again);
    }
    json_decref(json);
}

static struct procedure *shipped(void)
{
    struct buf text;
    struct err err = {{0}};
    buf_init(&text, 1 << 20);
    CHECK(file_read("templates/procedures/laiyuan.json", &text, &err));
    struct procedure *procedure = procedure_load(buf_str(&text), "laiyuan.json", &err);
    CHECK(procedure != NULL);
    buf_release(&text);
    return procedure;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct procedure *laiyuan;
    static struct calendar *calendar;
    struct err err = {{0}};
    struct str text = str_make(bytes, len);
    laiyuan = laiyuan ? laiyuan : shipped();
    calendar = calendar ? calendar : calendar_new();
    struct procedure *procedure = procedure_load(text, "any.json", &err);
    CHECK((procedure == NULL) == (err.text[0] != '\0'));
    if (procedure != NULL) {
        walk(procedure, calendar);
        procedure_free(&procedure);
    }
    read_twice(laiyuan, text);
    return 0;
}
