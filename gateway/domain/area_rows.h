/*
 * area_rows.h - an areas file read into rows, checked one by one; for area*.c only. What rows say of one another (parents, aliases, order)
 * is settled in area_load.c.
 */
#ifndef DOMAIN_AREA_ROWS_H
#define DOMAIN_AREA_ROWS_H

#include "domain/area.h"

struct area_row {
    uint32_t text_at;    /* in texts: id, name, shown name (when own_shown) */
    uint32_t contact_at; /* in texts, 0: none */
    uint32_t parent_at;  /* long form: the parent's id in the file's text */
    uint32_t line;
    uint32_t up;    /* the parent's row, AREA_NONE at the top; filled by area_load */
    uint32_t alias; /* the alias that retired this area, or AREA_NONE; filled by area_load */
    uint8_t id_len, name_len, shown_len, parent_len;
    uint8_t level; /* AREA_LEVELS: not said (short form) */
    bool own_shown;
};

/* `alias,OLD,NEW[,NAME]`: ids in the file's text. */
struct area_alias_row {
    uint32_t old_at, new_at, name_at, line;
    uint8_t old_len, new_len, name_len;
};

struct area_rows {
    struct area_row *at;
    struct area_alias_row *aliases;
    size_t count, room, alias_count, alias_room;
    struct str csv;
    const char *file;
    char *texts; /* the first byte is nobody's, so that offset 0 means none */
    size_t texts_len, texts_room;
    bool long_form;
};

bool area_rows_read(struct area_rows *rows, struct str csv, const char *file,
                    struct err *err) MUST_CHECK;
void area_rows_release(struct area_rows *rows);

static inline struct str area_row_id(const struct area_rows *rows, size_t row)
{
    return str_make(rows->texts + rows->at[row].text_at, rows->at[row].id_len);
}

#endif
