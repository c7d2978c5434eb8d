#include "web/api_bodies.h"

#include "domain/area.h"
#include "domain/procedure.h"
#include "domain/progress.h"

#define FENCE                                                                                      \
    {                                                                                              \
        .name = "fence", .kinds = JSON_KIND_WHOLE, .min = 1, .max = INT64_MAX                      \
    }
#define NOTE                                                                                       \
    {                                                                                              \
        .name = "note", .kinds = JSON_KIND_TEXT, .chars_max = API_NOTE_CHARS_MAX                   \
    }
#define PUBLIC_NOTE                                                                                \
    {                                                                                              \
        .name = "public_note", .kinds = JSON_KIND_TEXT, .chars_max = API_PUBLIC_NOTE_CHARS_MAX     \
    }
#define SLUG(member)                                                                               \
    {                                                                                              \
        .name = (member), .kinds = JSON_KIND_TEXT, .chars_min = 1,                                 \
        .chars_max = PROCEDURE_ID_BYTES - 1                                                        \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

const struct json_member api_claim_members[] = {
    {.name = "minutes", .kinds = JSON_KIND_WHOLE, .min = 1, .max = 480},
    END,
};

const struct json_member api_release_members[] = {FENCE, END};

const struct json_member api_step_members[] = {
    SLUG("step"),
    {.name = "outcome", .kinds = JSON_KIND_TEXT, .words = "passed failed skipped"},
    {.name = "decision",
     .kinds = JSON_KIND_TEXT,
     .words = "admitted declined already out_of_area merged not_by_person withdrawn cleared kept "
              "no_risk report"},
    SLUG("reason"),
    SLUG("category"),
    {.name = "members", .kinds = JSON_KIND_WHOLE, .min = 1, .max = PROGRESS_MEMBERS_MAX},
    {.name = "at", .kinds = JSON_KIND_TIME},
    {.name = "plain", .kinds = JSON_KIND_BOOL},
    {.name = "authorised", .kinds = JSON_KIND_BOOL},
    FENCE,
    NOTE,
    PUBLIC_NOTE,
    END,
};

const struct json_member api_transfer_members[] = {
    {.name = "area",
     .kinds = JSON_KIND_TEXT,
     .required = true,
     .chars_min = 1,
     .chars_max = PROGRESS_AREA_BYTES - 1},
    FENCE,
    NOTE,
    PUBLIC_NOTE,
    END,
};

const struct json_member api_ask_members[] = {
    {.name = "public_note",
     .kinds = JSON_KIND_TEXT,
     .required = true,
     .chars_min = 1,
     .chars_max = API_PUBLIC_NOTE_CHARS_MAX},
    FENCE,
    NOTE,
    END,
};

const struct json_member api_note_members[] = {FENCE, NOTE, PUBLIC_NOTE, END};

const struct json_member api_pause_members[] = {
    {.name = "days", .kinds = JSON_KIND_WHOLE, .required = true, .min = 1, .max = 30},
    FENCE,
    NOTE,
    PUBLIC_NOTE,
    END,
};

const struct json_member api_merge_members[] = {
    {.name = "leader",
     .kinds = JSON_KIND_TEXT,
     .required = true,
     .chars_min = RECEIPT_DIGITS,
     .chars_max = RECEIPT_DIGITS},
    FENCE,
    NOTE,
    PUBLIC_NOTE,
    END,
};

const struct json_member api_object_members[] = {
    {.name = "outcome", .kinds = JSON_KIND_TEXT, .words = "upheld reopened"},
    FENCE,
    NOTE,
    PUBLIC_NOTE,
    END,
};

const struct json_member api_correct_members[] = {
    {.name = "id_number", .kinds = JSON_KIND_TEXT, .chars_max = 64},
    {.name = "name", .kinds = JSON_KIND_TEXT, .chars_max = 200},
    {.name = "phone", .kinds = JSON_KIND_TEXT, .chars_max = 64},
    FENCE,
    NOTE,
    END,
};

const struct json_member api_push_members[] = {
    {.name = "push", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = 23},
    {.name = "area", .kinds = JSON_KIND_TEXT, .chars_max = AREA_ID_MAX},
    {.name = "period", .kinds = JSON_KIND_DAY},
    {.name = "nothing", .kinds = JSON_KIND_BOOL},
    {.name = "happened", .kinds = JSON_KIND_DAY},
    END,
};

const struct json_member api_search_members[] = {
    {.name = "receipt", .kinds = JSON_KIND_TEXT, .chars_min = 1, .chars_max = 64},
    {.name = "id_number", .kinds = JSON_KIND_TEXT, .chars_min = 1, .chars_max = 64},
    {.name = "phone", .kinds = JSON_KIND_TEXT, .chars_min = 1, .chars_max = 64},
    {.name = "name", .kinds = JSON_KIND_TEXT, .chars_min = 1, .chars_max = 64},
    {.name = "area", .kinds = JSON_KIND_TEXT, .chars_min = 1, .chars_max = AREA_ID_MAX},
    END,
};
