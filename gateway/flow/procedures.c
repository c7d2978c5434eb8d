#include "flow/procedures.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/reports.h"

enum { FETCHING_MAGIC = 0xFE7C4, TEXT_BYTES_MAX = 4 << 20, SOURCES_MAX = 8, SOURCE_BYTES = 16 };

struct procedures {
    struct procedure *at
        [PROCEDURES_MAX]; /* owned; the main one first, then clearing, then by source, then fetched ones */
    size_t count, loaded;
    struct {
        char source[SOURCE_BYTES];
        const struct procedure *procedure;
    } sources[SOURCES_MAX];
    size_t source_count;
};

struct fetching {
    unsigned magic;
    struct procedures *procedures;
    char name[PROCEDURES_NAME_BYTES];
    procedures_fetch_done_fn *done;
    void *arg;
};

static reports_text_done_fn on_text;

static struct procedure *read_file(const char *path, struct err *err)
{
    struct buf text;
    struct procedure *procedure = NULL;
    buf_init(&text, TEXT_BYTES_MAX);
    if (file_read(path, &text, err)) {
        procedure = procedure_load(buf_str(&text), path, err);
    }
    buf_release(&text);
    return procedure;
}

/* Takes the procedure over; one of the same name that is there stays in its place. */
static const struct procedure *keep(struct procedures *procedures, struct procedure *take)
{
    char name[PROCEDURES_NAME_BYTES];
    procedures_name(take, name);
    const struct procedure *there = procedures->count > 0
                                        ? procedures_find(procedures, str_of(name))
                                        : NULL;
    if (there != NULL) {
        procedure_free(&take);
        return there;
    }
    CHECK(procedures->count < PROCEDURES_MAX);
    procedures->at[procedures->count++] = take;
    return take;
}

static const struct procedure *load(struct procedures *procedures, const char *path,
                                    struct err *err)
{
    struct procedure *procedure = read_file(path, err);
    return procedure ? keep(procedures, procedure) : NULL;
}

/* One `source=PATH` a line. */
static bool load_sources(struct procedures *procedures, struct str lines, struct err *err)
{
    struct str line;
    while (str_next(&lines, '\n', &line)) {
        char path[4096];
        ptrdiff_t equals = str_find_char(line, '=');
        if (equals <= 0) {
            continue;
        }
        CHECK(procedures->source_count < SOURCES_MAX);
        snprintf(path, sizeof path, "%.*s", STR_ARG(str_from(line, (size_t)equals + 1)));
        const struct procedure *procedure = load(procedures, path, err);
        if (procedure == NULL) {
            return false;
        }
        size_t i = procedures->source_count++;
        snprintf(procedures->sources[i].source, SOURCE_BYTES, "%.*s", (int)equals, line.at);
        procedures->sources[i].procedure = procedure;
    }
    return true;
}

struct procedures *procedures_load(const struct options *options, struct err *err)
{
    struct procedures *procedures = mem_alloc(sizeof *procedures);
    *procedures = (struct procedures){0};
    if (load(procedures, options->procedure.file, err) == NULL ||
        load(procedures, options->procedure.clearing, err) == NULL ||
        !load_sources(procedures, str_of(options->procedure.by_source), err)) {
        procedures_free(&procedures);
        return NULL;
    }
    if (procedures_clearing(procedures)->endings[ENDING_CLEARED].allowed == false) {
        err_set(err, "%s: endings: cleared: missing, 风险消除 must be able to end so",
                options->procedure.clearing);
        procedures_free(&procedures);
        return NULL;
    }
    procedures->loaded = procedures->count;
    return procedures;
}

void procedures_free(struct procedures **procedures)
{
    if (*procedures != NULL) {
        for (size_t i = 0; i < (*procedures)->count; i++) {
            procedure_free(&(*procedures)->at[i]);
        }
        free(*procedures);
        *procedures = NULL;
    }
}

const struct procedure *procedures_main(const struct procedures *procedures)
{
    return procedures->at[0];
}

const struct procedure *procedures_clearing(const struct procedures *procedures)
{
    return procedures->at[procedures->count > 1 ? 1 : 0];
}

const struct procedure *procedures_of_source(const struct procedures *procedures, struct str source)
{
    for (size_t i = 0; i < procedures->source_count; i++) {
        if (str_is(source, procedures->sources[i].source)) {
            return procedures->sources[i].procedure;
        }
    }
    return procedures_main(procedures);
}

const struct procedure *procedures_at(const struct procedures *procedures, size_t i)
{
    return i < procedures->loaded ? procedures->at[i] : NULL;
}

void procedures_name(const struct procedure *procedure, char ret_name[PROCEDURES_NAME_BYTES])
{
    snprintf(ret_name, PROCEDURES_NAME_BYTES, "%s@%s", procedure->id, procedure->version);
}

const struct procedure *procedures_find(const struct procedures *procedures, struct str id_version)
{
    if (id_version.len == 0) {
        return procedures_main(procedures);
    }
    for (size_t i = 0; i < procedures->count; i++) {
        char name[PROCEDURES_NAME_BYTES];
        procedures_name(procedures->at[i], name);
        if (str_is(id_version, name)) {
            return procedures->at[i];
        }
    }
    return NULL;
}

void procedures_fetch(struct procedures *procedures, struct store *store, struct str id_version,
                      procedures_fetch_done_fn *done, void *arg)
{
    struct fetching *fetching = mem_alloc(sizeof *fetching);
    *fetching = (struct fetching){FETCHING_MAGIC, procedures, "", done, arg};
    snprintf(fetching->name, sizeof fetching->name, "%.*s", STR_ARG(id_version));
    reports_read_text(store, "procedure", fetching->name, on_text, fetching);
}

static void on_text(void *arg, enum op_status status, struct str text)
{
    struct fetching *fetching = arg;
    CHECK_OBJ(fetching, FETCHING_MAGIC);
    const struct procedure *found = procedures_find(fetching->procedures, str_of(fetching->name));
    struct err err;
    if (status == OP_OK && found == NULL && text.len > 0 &&
        fetching->procedures->count < PROCEDURES_MAX) {
        struct procedure *procedure = procedure_load(text, fetching->name, &err);
        if (procedure != NULL) {
            keep(fetching->procedures, procedure);
            found = procedures_find(fetching->procedures, str_of(fetching->name));
        }
    }
    fetching->done(fetching->arg, status, found);
    fetching->magic = 0;
    free(fetching);
}
