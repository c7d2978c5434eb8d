/*
 * api_bodies.h - the members of each JSON body of /api/v1 (gateway/web/openapi.json says the same to others).
 */
#ifndef WEB_API_BODIES_H
#define WEB_API_BODIES_H

#include "domain/json_check.h"

enum { API_NOTE_CHARS_MAX = 500, API_PUBLIC_NOTE_CHARS_MAX = 200 };

extern const struct json_member api_claim_members[], api_release_members[], api_step_members[],
    api_transfer_members[], api_ask_members[], api_note_members[], api_pause_members[],
    api_merge_members[], api_object_members[], api_correct_members[], api_push_members[],
    api_search_members[];

#endif
