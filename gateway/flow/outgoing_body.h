/*
 * outgoing_body.h - the body for systems that exist: maps, template, and the proof that the result can be read.
 */
#ifndef FLOW_OUTGOING_BODY_H
#define FLOW_OUTGOING_BODY_H

#include <jansson.h>

#include "base/buf.h"
#include "flow/setup.h"

enum body_kind { BODY_JSON, BODY_FORM, BODY_XML };

struct outgoing_body; /* NULL template and maps: bodies are CloudEvents */

struct outgoing_body *outgoing_body_load(const struct setup *setup, struct err *err) MUST_CHECK;
void outgoing_body_free(struct outgoing_body **body);
const char *outgoing_body_type(const struct outgoing_body *body); /* Content-Type */
bool outgoing_body_make(const struct outgoing_body *body, struct str cloud_event, struct buf *to,
                        struct err *err) MUST_CHECK;

#endif
