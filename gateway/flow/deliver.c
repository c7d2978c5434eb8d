#include "flow/deliver.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum { DELIVER_MAGIC = 0xDE117E };

struct deliver {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    area_index area;
    struct deliveries_county county;
    struct date today;
    const struct push *push; /* of a word; NULL: all are read */
    enum deliveries_word word;
    struct date day;
    bool said;
    deliver_done_fn *done;
    void *arg;
};

static void read_all(struct deliver *deliver);
static deliveries_read_done_fn on_read;
static deliveries_note_done_fn on_noted;
static void finish(struct deliver *deliver, enum deliver_kind kind,
                   const struct deliver_push *pushes, size_t count);

static struct deliver *deliver_new(const struct setup *setup, struct store *store,
                                   area_index county, deliver_done_fn *done, void *arg)
{
    struct deliver *deliver = mem_alloc(sizeof *deliver);
    *deliver = (struct deliver){
        .magic = DELIVER_MAGIC,
        .setup = setup,
        .store = store,
        .area = county,
        .county = {area_bucket(setup->areas, county), area_id(setup->areas, county)},
        .today = date_of_ms(clock_wall_ms()),
        .done = done,
        .arg = arg,
    };
    return deliver;
}

void deliver_read(const struct setup *setup, struct store *store, area_index county,
                  deliver_done_fn *done, void *arg)
{
    read_all(deliver_new(setup, store, county, done, arg));
}

void deliver_say(const struct setup *setup, struct store *store, area_index county,
                 const struct push *push, enum deliveries_word word, struct date day,
                 deliver_done_fn *done, void *arg)
{
    struct deliver *deliver = deliver_new(setup, store, county, done, arg);
    deliver->push = push;
    deliver->word = word;
    deliver->day = day;
    read_all(deliver);
}

static void read_all(struct deliver *deliver)
{
    deliveries_read(deliver->store, &deliver->county, deliver->setup->pushes, deliver->today,
                    on_read, deliver);
}

static struct deliver_push *judge(const struct deliver *deliver,
                                  const struct deliveries *deliveries)
{
    const struct pushes *pushes = deliver->setup->pushes;
    struct deliver_push *judged = mem_array(pushes->count + 1, sizeof *judged);
    for (size_t i = 0; i < pushes->count; i++) {
        judged[i].push = &pushes->at[i];
        judged[i].count = push_periods(&pushes->at[i], deliver->setup->calendar, deliveries->since,
                                       deliver->today, deliveries->at[i].entries,
                                       deliveries->at[i].count, judged[i].periods);
    }
    return judged;
}

static bool begins_one_of(const struct deliver_push *judged, struct date day)
{
    size_t i = 0;
    while (i < judged->count && date_compare(judged->periods[i].first, day) != 0) {
        i++;
    }
    return i < judged->count;
}

/* The day of the word, when it is one that can be said: whatever is taken is listed afterwards. */
static bool find_day(struct deliver *deliver, const struct deliver_push *judged)
{
    struct date today = deliver->today;
    if (deliver->day.year == 0) {
        return push_period_owed(deliver->push, judged->periods, judged->count, today,
                                &deliver->day);
    }
    int64_t ago = date_to_days(today) - date_to_days(deliver->day);
    return deliver->push->every == PUSH_EVENT ? ago >= 0 && ago <= PUSH_LOOK_BACK_DAYS
                                              : begins_one_of(judged, deliver->day);
}

static void say(struct deliver *deliver, const struct deliver_push *judged)
{
    if (!find_day(deliver, judged)) {
        finish(deliver, DELIVER_NO_PERIOD, NULL, 0);
        return;
    }
    deliveries_note(deliver->store, &deliver->county, deliver->push->id, deliver->word,
                    deliver->day, deliver->today, on_noted, deliver);
}

static void on_read(void *arg, enum op_status status, const struct deliveries *deliveries)
{
    struct deliver *deliver = arg;
    CHECK_OBJ(deliver, DELIVER_MAGIC);
    const struct pushes *pushes = deliver->setup->pushes;
    if (status != OP_OK) {
        log_event(LOG_LEVEL_WARNING, "pushes", "why=%s", op_status_name(status));
        finish(deliver, DELIVER_LATER, NULL, 0);
        return;
    }
    struct deliver_push *judged = judge(deliver, deliveries);
    size_t nth = deliver->push ? (size_t)(deliver->push - pushes->at) : 0;
    if (deliver->push == NULL) {
        finish(deliver, DELIVER_DONE, judged, pushes->count);
    } else if (deliver->said) {
        finish(deliver, DELIVER_DONE, &judged[nth], 1);
    } else {
        say(deliver, &judged[nth]);
    }
    free(judged);
}

static void on_noted(void *arg, enum op_status status)
{
    struct deliver *deliver = arg;
    CHECK_OBJ(deliver, DELIVER_MAGIC);
    if (status != OP_OK) {
        log_event(LOG_LEVEL_WARNING, "pushes", "why=%s", op_status_name(status));
        finish(deliver, DELIVER_LATER, NULL, 0);
        return;
    }
    deliver->said = true;
    read_all(deliver);
}

static void finish(struct deliver *deliver, enum deliver_kind kind,
                   const struct deliver_push *pushes, size_t count)
{
    const struct deliver_answer answer = {kind, deliver->area, pushes, count};
    deliver->done(deliver->arg, &answer);
    deliver->magic = 0;
    free(deliver);
}
