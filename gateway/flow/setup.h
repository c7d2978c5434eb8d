/*
 * setup.h - everything the gateway reads from files, loaded and checked before anything is served or swapped in by SIGHUP.
 *
 *   options ─► keyring ─► areas ─► calendar, procedure ─► catalog, help, form, intake, pushes ─► pages ─► codes file
 *
 * Built in the master before the fork (areas are one shared block); immutable afterwards but for the codes file, which rereads itself.
 */
#ifndef FLOW_SETUP_H
#define FLOW_SETUP_H

#include "base/options.h"
#include "crypto/keyring.h"
#include "domain/area.h"
#include "domain/deadline.h"
#include "domain/form.h"
#include "domain/help.h"
#include "domain/intake.h"
#include "domain/progress.h"
#include "domain/pushes.h"
#include "domain/receipt.h"
#include "flow/procedures.h"
#include "store/store.h"
#include "view/catalog.h"
#include "view/pages.h"

struct setup {
    struct options options;
    int64_t loaded_ms;
    struct keyring keyring;
    struct areas *areas;
    struct calendar *calendar;
    struct procedures
        *procedures; /* grows by versions that are fetched, in each process for itself */
    const struct procedure *procedure; /* the main one of them */
    struct form *form;
    struct catalog *catalog;
    struct pages *pages;
    struct intake_rules *intake;
    struct pushes *pushes;
    struct help *help; /* for those who are not admitted */
    char *hook_secret; /* decoded bytes of callback_secret_file; NULL: no hooks */
    size_t hook_secret_len;
    char *redis_password;    /* "" when none */
    char redis_address[128]; /* HOST:PORT of a redis:// url, else "" */
    int64_t redis_database;
    char *notice; /* text of privacy_file, or "" */
    unsigned char
        buckets[BUCKETS]; /* all that the areas fall into, and those served before (served.h) */
    size_t bucket_count;
    char warnings[8][256]; /* for the log and check-config: nothing that stops the start */
    size_t warning_count;
};

/* Takes the options over, also on failure. */
struct setup *setup_load(struct options *take_options, struct err *err) MUST_CHECK;
void setup_free(struct setup **setup);
/* False: nobody reports steps here ([progress] source = none), so there are none and nothing is late. */
static inline bool setup_clocked(const struct setup *setup)
{
    return !str_is(str_of(setup->options.progress.source), "none");
}
void setup_warn(struct setup *setup, const char *text); /* what there is no room for is left out */
bool setup_is_calendar_file(const char *name); /* CN-2026.csv: what is read in [areas] calendar */
/* Address, user, password, durability from the options; address is given for private: (unix:…). */
void setup_store_options(const struct setup *setup, const char *private_address,
                         struct store_options *ret);
/* One line `whsec_` + base64 of 24–64 bytes; a trailing newline is ignored (Standard Webhooks). Wipe after use. */
bool setup_read_secret(const char *path, char **ret_bytes, size_t *ret_len,
                       struct err *err) MUST_CHECK;

#endif
