#include "domain/stats.h"

#include <stdio.h>

enum { ENTRIES_MAX = 192, NAME_BYTES = 56, DIM_BYTES_MAX = 32, PATH_BYTES_MAX = 200 };

/* What happened: a name on a day. */
struct entry {
    int64_t day; /* since 1970-01-01, of the place */
    int by;
    char name[NAME_BYTES];
};

static const struct stats_facts nothing; /* has happened */

/* Lines in the making, all of one report in one place. */
struct sheet {
    const struct stats_facts *facts; /* what happened there; those that are written have a path */
    struct str head;                 /* instead of facts: path TAB dims */
    size_t count;
    struct entry entries[ENTRIES_MAX];
};

/* Lines --------------------------------------------------------------------------------------------------------------------- */

static const char *prefix_of(const struct stats_facts *facts)
{
    static const char *const prefixes[] = {
        [STATS_REPORT] = "", [STATS_LEAD] = "lead.", [STATS_CLEARING] = "clearing."};
    return prefixes[facts->kind];
}

static bool is_slug(struct str text)
{
    return text.len > 0 && text.len <= DIM_BYTES_MAX &&
           str_only(text, STR_LOWER STR_UPPER STR_DIGITS "_-");
}

static void put_dim(struct buf *to, const char *name, struct str value, const char **blank)
{
    if (is_slug(value)) {
        buf_printf(to, "%s%s:%.*s", *blank, name, STR_ARG(value));
        *blank = " ";
    }
}

static void put_dims(struct buf *to, const struct stats_facts *facts)
{
    const char *blank = "";
    struct str rest = facts->risks, risk;
    put_dim(to, "source", facts->source, &blank);
    put_dim(to, "filed_by", facts->filed_by, &blank);
    put_dim(to, "placement", facts->placement, &blank);
    while (str_next(&rest, ' ', &risk)) {
        put_dim(to, "risk", risk, &blank);
    }
}

static void put_head(struct buf *to, int64_t day, struct str path, const struct stats_facts *facts)
{
    struct date date = date_from_days(day);
    buf_printf(to, "%04d%02d%02d\t%.*s", date.year, date.month, date.day, STR_ARG(path));
    if (facts != NULL) {
        buf_putc(to, '\t');
        put_dims(to, facts);
    }
    buf_putc(to, '\t');
}

static void add_named(struct sheet *sheet, int64_t at_ms, int by, struct str name)
{
    if (by != 0 && name.len > 0 && sheet->count < ENTRIES_MAX) {
        struct entry *entry = &sheet->entries[sheet->count++];
        entry->day = date_to_days(date_of_ms(at_ms));
        entry->by = by;
        snprintf(entry->name, sizeof entry->name, "%.*s", STR_ARG(name));
    }
}

static void add(struct sheet *sheet, int64_t at_ms, int by, const char *kind, const char *name)
{
    char full[NAME_BYTES];
    snprintf(full, sizeof full, "%s%s%s", prefix_of(sheet->facts), kind, name);
    add_named(sheet, at_ms, by, str_of(full));
}

static void add_days(struct sheet *sheet, int64_t at_ms, int by, const char *what, int days)
{
    char name[NAME_BYTES];
    if (days >= 0) {
        snprintf(name, sizeof name, "%s.%d", what, days < STATS_DAYS_MAX ? days : STATS_DAYS_MAX);
        add(sheet, at_ms, by, "days.", name);
    }
}

/* One line for each day. */
static void write_sheet(struct sheet *sheet, struct buf *to)
{
    for (size_t i = 0; i < sheet->count; i++) {
        int64_t day = sheet->entries[i].day;
        const char *blank = "";
        if (sheet->entries[i].by == 0) {
            continue;
        }
        put_head(to, day, sheet->facts ? sheet->facts->path : sheet->head, sheet->facts);
        for (size_t j = i; j < sheet->count; j++) {
            struct entry *entry = &sheet->entries[j];
            if (entry->by != 0 && entry->day == day) {
                buf_printf(to, "%s%s=%+d", blank, entry->name, entry->by);
                entry->by = 0;
                blank = " ";
            }
        }
        buf_putc(to, '\n');
    }
    sheet->count = 0;
}

/* Gauges -------------------------------------------------------------------------------------------------------------------- */

static void gauge(struct buf *to, const struct stats_facts *facts, bool holds, const char *kind,
                  const char *name, const char **blank)
{
    if (holds) {
        buf_printf(to, "%snow.%s%s%s", *blank, prefix_of(facts), kind, name);
        *blank = " ";
    }
}

/* Steps under way and clocks; the clearing's instead of the report's while one runs. */
static void clock_gauges(struct buf *to, const struct stats_facts *facts, const char **blank)
{
    bool clears = facts->kind == STATS_CLEARING; /* "now.clearing" itself says that it is open */
    gauge(to, facts, !facts->decided && !clears, "open", "", blank);
    gauge(to, facts, facts->state == PROGRESS_NEW, "new", "", blank);
    gauge(to, facts, !facts->decided, "signal.", signal_name(facts->signal), blank);
    gauge(to, facts, facts->late, "late", "", blank);
    for (size_t i = 0; i < facts->step_count; i++) {
        const struct stats_step *step = &facts->steps[i];
        bool under_way = step->state == STEP_OPEN || step->state == STEP_FAILED;
        gauge(to, facts, under_way, "step.", step->id, blank);
        gauge(to, facts, step->late_now, "late.", step->id, blank);
    }
    gauge(to, facts, facts->paused, "paused", "", blank);
    gauge(to, facts, facts->asked, "asked", "", blank);
    gauge(to, facts, facts->claimed && !facts->decided, "claimed", "", blank);
}

/* path TAB dims TAB names */
static void put_gauges(struct buf *to, const struct stats_facts *facts)
{
    struct buf names;
    const char *blank = "";
    bool clears = facts->clearing != NULL && !facts->clearing->decided;
    buf_init(&names, STATS_GAUGES_BYTES_MAX);
    clock_gauges(&names, clears ? facts->clearing : facts, &blank);
    gauge(&names, facts, facts->objection, "objection", "", &blank);
    gauge(&names, facts, clears, "clearing", "", &blank);
    buf_printf(to, "%.*s\t", STR_ARG(facts->path));
    put_dims(to, facts);
    buf_printf(to, "\t%s", buf_text(&names));
    buf_release(&names);
}

struct counted {
    struct str head; /* path TAB dims */
    struct str names;
};

static struct counted read_counted(struct str text)
{
    struct counted counted = {STR(""), STR("")};
    for (size_t i = text.len; i > 0 && counted.head.len == 0; i--) {
        if (text.at[i - 1] == '\t') { /* the last one */
            counted.head = str_sub(text, 0, i - 1);
            counted.names = str_from(text, i);
        }
    }
    return counted;
}

static bool has_name(struct str names, struct str name)
{
    struct str one;
    while (str_next(&names, ' ', &one)) {
        if (str_eq(one, name)) {
            return true;
        }
    }
    return false;
}

/* Those names of it that are not in without. */
static void add_gauges(struct sheet *sheet, int64_t now_ms, struct str names, struct str without,
                       int by)
{
    struct str name;
    while (str_next(&names, ' ', &name)) {
        if (!has_name(without, name)) {
            add_named(sheet, now_ms, by, name);
        }
    }
}

/* What was counted under other areas or dims is taken away there. */
static void gauges(struct sheet *sheet, struct str text, int64_t now_ms, struct buf *to,
                   struct buf *ret_counted)
{
    struct counted old = read_counted(text), new;
    buf_clear(ret_counted);
    put_gauges(ret_counted, sheet->facts);
    new = read_counted(buf_str(ret_counted));
    bool same_place = str_eq(old.head, new.head);
    if (!same_place && old.names.len > 0) {
        struct sheet there = {.head = old.head};
        add_gauges(&there, now_ms, old.names, STR(""), -1);
        write_sheet(&there, to);
    } else if (same_place) {
        add_gauges(sheet, now_ms, old.names, new.names, -1);
    }
    add_gauges(sheet, now_ms, new.names, same_place ? old.names : STR(""), +1);
    if (new.names.len == 0) { /* nothing to remember, but that it was counted */
        buf_clear(ret_counted);
        buf_putc(ret_counted, '-');
    }
}

/* What happened ------------------------------------------------------------------------------------------------------------- */

static const struct stats_step *step_of(const struct stats_facts *facts, const char *id)
{
    for (size_t i = 0; i < facts->step_count; i++) {
        if (strcmp(facts->steps[i].id, id) == 0) {
            return &facts->steps[i];
        }
    }
    return NULL;
}

static bool is_closed(const struct stats_step *step)
{
    return step != NULL && (step->state == STEP_PASSED || step->state == STEP_SKIPPED);
}

static void steps(struct sheet *sheet, const struct stats_facts *before)
{
    const struct stats_facts *after = sheet->facts;
    for (size_t i = 0; i < after->step_count; i++) {
        const struct stats_step *step = &after->steps[i];
        if (!is_closed(step) || is_closed(step_of(before, step->id))) {
            continue;
        }
        if (step->state == STEP_SKIPPED) {
            add(sheet, step->closed_ms, !step->cut_off, "skipped.", step->id);
            continue;
        }
        add(sheet, step->closed_ms, 1, "done.", step->id);
        add(sheet, step->closed_ms, step->due_ms > 0,
            step->closed_ms < step->due_ms ? "in_time." : "late.", step->id);
        add_days(sheet, step->closed_ms, 1, step->id, step->days);
    }
}

/* by -1: taken back; what was declined was so where steps are reported, whatever the settings say now. */
static void ending(struct sheet *sheet, int by)
{
    const struct stats_facts *facts = sheet->facts;
    int64_t at_ms = facts->decided_ms;
    bool clocked = facts->clocked || by < 0;
    bool admitted = strcmp(facts->decision, procedure_ending_name(ENDING_ADMITTED)) == 0;
    add(sheet, at_ms, by, "end.", facts->decision);
    add(sheet, at_ms, facts->reason[0] ? by : 0, "reason.", facts->reason);
    add(sheet, at_ms, admitted && facts->category[0] ? by : 0, "category.", facts->category);
    add(sheet, at_ms, clocked && facts->total_due_ms > 0 ? by : 0,
        facts->total_done_ms < facts->total_due_ms ? "in_time" : "late", "");
    add_days(sheet, at_ms, by, "total", facts->days);
    add(sheet, at_ms, admitted ? by : 0, "households", "");
    add(sheet, at_ms, admitted ? by * facts->members : 0, "people", "");
}

static int more(int before, int after)
{
    return after > before ? after - before : 0;
}

static void acts(struct sheet *sheet, const struct stats_facts *before, int64_t now_ms)
{
    const struct stats_facts *after = sheet->facts;
    const struct {
        const char *name;
        int by;
    } table[] = {
        {"additions", more(before->additions, after->additions)},
        {"corrections", more(before->corrections, after->corrections)},
        {"paused", more(before->pauses, after->pauses)},
        {"asked", more(before->asks, after->asks)},
        {"nudges", more(before->nudges, after->nudges)},
        {"not_visited", after->not_visited_ms > before->not_visited_ms},
        {"objections", after->objected_ms > before->objected_ms},
        {"upheld", after->upheld && !before->upheld},
        {"reopened", more(before->reopens, after->reopens)},
        {"green", after->green && !before->green},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        add(sheet, now_ms, table[i].by, table[i].name, "");
    }
}

/* Those of path that are (not) in other. */
static void put_part(struct buf *to, struct str path, struct str other, bool shared)
{
    struct str id;
    buf_clear(to);
    while (str_next(&path, ' ', &id)) {
        if (has_name(other, id) == shared) {
            buf_printf(to, "%s%.*s", to->len ? " " : "", STR_ARG(id));
        }
    }
}

static void transfer_line(const struct stats_facts *facts, struct str other, bool shared,
                          const char *name, int64_t now_ms, struct buf *to)
{
    struct buf part;
    buf_init(&part, PATH_BYTES_MAX);
    put_part(&part, facts->path, other, shared);
    if (part.len > 0) {
        put_head(to, date_to_days(date_of_ms(now_ms)), buf_str(&part), facts);
        buf_printf(to, "%stransfers.%s=+1\n", prefix_of(facts), name);
    }
    buf_release(&part);
}

/* Each area counts it once, whichever way it came to know of it. */
static void transfer(const struct stats_facts *before, const struct stats_facts *after,
                     int64_t now_ms, struct buf *to)
{
    if (after->transfers > before->transfers && !str_eq(before->path, after->path)) {
        transfer_line(before, after->path, false, "out", now_ms, to);
        transfer_line(after, before->path, false, "in", now_ms, to);
        transfer_line(after, before->path, true, "within", now_ms, to);
    }
}

/* Its place may lie under other areas by now. */
static void taken_back(const struct stats_facts *before, struct buf *to)
{
    struct stats_facts there = *before;
    struct sheet sheet = {.facts = &there};
    there.path = before->ending_path.len > 0 ? before->ending_path : before->path;
    ending(&sheet, -1);
    write_sheet(&sheet, to);
}

/* What was done on the way, and its end. */
static void course(struct sheet *sheet, const struct stats_facts *before, int64_t now_ms)
{
    acts(sheet, before, now_ms);
    steps(sheet, before);
    if (sheet->facts->decided && !before->decided) {
        ending(sheet, 1);
    }
}

static void clearing(struct sheet *sheet, const struct stats_facts *before, int64_t now_ms)
{
    const struct stats_facts *report = sheet->facts;
    if (report->clearing != NULL) {
        sheet->facts = report->clearing;
        course(sheet, before->clearing ? before->clearing : &nothing, now_ms);
        sheet->facts = report;
    }
}

void stats_lines(const struct stats_facts *before, const struct stats_facts *after,
                 struct str counted, int64_t now_ms, struct buf *to, struct buf *ret_counted)
{
    const char *cleared = procedure_ending_name(ENDING_CLEARED);
    struct sheet sheet = {.facts = after};
    bool was = before != NULL && counted.len > 0;
    if (after->drill) {
        buf_clear(ret_counted);
        return;
    }
    if (was && before->decided && !after->decided) {
        taken_back(before, to);
    }
    before = was ? before : &nothing;
    add(&sheet, after->accepted_ms, !was, "reports", "");
    course(&sheet, before, now_ms);
    bool told = strcmp(after->decision, cleared) == 0; /* a procedure whose decision it is */
    add(&sheet, after->cleared_ms, after->cleared_ms > 0 && before->cleared_ms == 0 && !told,
        "end.", cleared);
    clearing(&sheet, before, now_ms);
    gauges(&sheet, counted, now_ms, to, ret_counted);
    write_sheet(&sheet, to);
    if (was) {
        transfer(before, after, now_ms, to);
    }
}

void stats_forget(struct str counted, int64_t now_ms, struct buf *to)
{
    struct counted old = read_counted(counted);
    struct sheet there = {.head = old.head};
    add_gauges(&there, now_ms, old.names, STR(""), -1);
    write_sheet(&there, to);
}
