#include "domain/area_rows.h"

#include <stdlib.h>

#include "base/csv.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "domain/area_block.h"

enum { FILE_BYTES_MAX = 1 << 30, PHONE_BYTES_MAX = 40, CONTACT_BYTES_MAX = 90, LINE_BYTES = 24 };

enum column { ID, PARENT, LEVEL, NAME, SHORT, PHONE, CONTACT, COLUMNS };

/* Where each column stands in this file; SIZE_MAX: it has none. */
struct header {
    size_t at[COLUMNS];
    size_t count;
};

/* How a name is shown: a head of it, and perhaps something else behind. */
struct shown {
    size_t head_len;
    struct str tail;
};

/* NULL when people can read it; else what is wrong with it. */
static const char *fault_of_text(struct str text, size_t bytes_max)
{
    uint32_t code;
    struct str rest = text;
    while (utf8_next(&rest, &code)) {
        if (code < 0x20 || (code >= 0x7F && code < 0xA0)) {
            return "holds a control character";
        }
    }
    if (rest.len > 0) {
        return "is not UTF-8, save the file as CSV UTF-8";
    }
    return text.len > bytes_max ? "is too long" : NULL;
}

static bool wrong(const struct area_rows *rows, size_t line, struct err *err, const char *column,
                  struct str value, const char *what)
{
    struct str cut = fault_of_text(value, SIZE_MAX) == NULL ? utf8_head(value, 40) : STR("?");
    return err_set(err, "%s:%zu: %s: \"%.*s\" %s", rows->file, line, column, STR_ARG(cut), what);
}

static uint32_t add_text(struct area_rows *rows, struct str text)
{
    if (text.len > rows->texts_room - rows->texts_len) {
        rows->texts_room = rows->texts_room * 2 + text.len;
        rows->texts = mem_resize(rows->texts, rows->texts_room, 1);
    }
    uint32_t at = (uint32_t)rows->texts_len;
    if (text.len > 0) {
        memcpy(rows->texts + at, text.at, text.len);
        rows->texts_len += text.len;
    }
    return at;
}

static bool is_area_id(struct str id)
{
    if (id.len == 0 || id.len > AREA_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < id.len; i++) {
        char c = id.at[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
            c != '-') {
            return false;
        }
    }
    return true;
}

static bool is_phone(struct str phone)
{
    size_t digits = 0;
    for (size_t i = 0; i < phone.len; i++) {
        bool digit = phone.at[i] >= '0' && phone.at[i] <= '9';
        if (!digit && str_find_char(STR("+-() "), phone.at[i]) < 0) {
            return false;
        }
        digits += digit;
    }
    return digits >= 3;
}

/* Contract §4: 葛家村民委员会 and 葛家村村委会 are 葛家村 to those who live there. */
static struct shown shown_of(struct str name)
{
    static const struct {
        struct str official;
        size_t drop; /* bytes from the end */
    } villages[] = {{{"村民委员会", 15}, 12}, {{"村委会", 9}, 6}};
    for (size_t i = 0; i < 2; i++) {
        if (str_ends(name, villages[i].official) && name.len > villages[i].official.len) {
            struct str head = str_sub(name, 0, name.len - villages[i].drop);
            return (struct shown){head.len - (str_ends(head, STR("村村")) ? 3 : 0), {NULL, 0}};
        }
    }
    if (str_ends(name, STR("社区居民委员会"))) {
        return (struct shown){name.len - STR("居民委员会").len, {NULL, 0}};
    }
    if (str_ends(name, STR("社区居委会"))) {
        return (struct shown){name.len - STR("居委会").len, {NULL, 0}};
    }
    if (str_ends(name, STR("居民委员会"))) {
        return (struct shown){name.len - STR("居民委员会").len, STR("居委会")};
    }
    return (struct shown){name.len, {NULL, 0}};
}

static void add_names(struct area_rows *rows, struct area_row *row, struct str id, struct str name,
                      struct str given)
{
    struct shown shown = shown_of(name);
    row->text_at = add_text(rows, id);
    add_text(rows, name);
    row->id_len = (uint8_t)id.len;
    row->name_len = (uint8_t)name.len;
    row->shown_len = (uint8_t)(shown.head_len + shown.tail.len);
    row->own_shown = given.len > 0 || shown.tail.len > 0;
    if (given.len > 0) {
        add_text(rows, given);
        row->shown_len = (uint8_t)given.len;
    } else if (shown.tail.len > 0) {
        add_text(rows, str_sub(name, 0, shown.head_len));
        add_text(rows, shown.tail);
    }
}

static void add_contact(struct area_rows *rows, struct area_row *row, struct str phone,
                        struct str contact)
{
    char phone_len = (char)phone.len, contact_len = (char)contact.len;
    if (phone.len + contact.len > 0) {
        row->contact_at = add_text(rows, str_make(&phone_len, 1));
        add_text(rows, phone);
        add_text(rows, str_make(&contact_len, 1));
        add_text(rows, contact);
    }
}

static struct str column(const struct header *header, const struct csv_record *record,
                         enum column which)
{
    return str_trim(csv_field(record, header->at[which]));
}

static bool check_texts(const struct area_rows *rows, const struct header *header,
                        const struct csv_record *record, struct err *err)
{
    static const struct {
        enum column column;
        const char *name;
        size_t bytes_max;
    } texts[] = {{NAME, "name", AREA_NAME_BYTES_MAX},
                 {SHORT, "short", AREA_NAME_BYTES_MAX},
                 {PHONE, "phone", PHONE_BYTES_MAX},
                 {CONTACT, "contact", CONTACT_BYTES_MAX}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct str text = column(header, record, texts[i].column);
        const char *fault = fault_of_text(text, texts[i].bytes_max);
        if (fault != NULL) {
            return wrong(rows, record->line, err, texts[i].name, text, fault);
        }
    }
    struct str phone = column(header, record, PHONE);
    if (phone.len > 0 && !is_phone(phone)) {
        return wrong(rows, record->line, err, "phone", phone,
                     "is no phone number, allowed are digits, blanks and + - ( )");
    }
    return true;
}

static bool read_level(const struct area_rows *rows, struct str name, size_t line, uint8_t *ret,
                       struct err *err)
{
    *ret = AREA_LEVELS;
    for (unsigned level = 0; level < AREA_LEVELS && rows->long_form; level++) {
        if (str_is(name, area_level_name((enum area_level)level))) {
            *ret = (uint8_t)level;
        }
    }
    return !rows->long_form || *ret < AREA_LEVELS ||
           wrong(rows, line, err, "level", name,
                 "is unknown, allowed are province city county town district village grid");
}

static bool add_row(struct area_rows *rows, const struct header *header,
                    const struct csv_record *record, struct err *err)
{
    struct area_row row = {.line = (uint32_t)record->line, .up = AREA_NONE, .alias = AREA_NONE};
    struct str id = column(header, record, ID);
    struct str parent = column(header, record, PARENT);
    struct str name = column(header, record, NAME);
    if (record->count > header->count) {
        return err_set(err, "%s:%zu: %zu fields, the header has %zu", rows->file, record->line,
                       record->count, header->count);
    }
    if (!is_area_id(id)) {
        return wrong(rows, record->line, err, rows->long_form ? "id" : "code", id,
                     "is no id, allowed are 1 to 20 of 0-9 A-Z a-z -");
    }
    if (parent.len > 0 && !is_area_id(parent)) {
        return wrong(rows, record->line, err, "parent", parent,
                     "is no id, allowed are 1 to 20 of 0-9 A-Z a-z -");
    }
    if (name.len == 0) {
        return wrong(rows, record->line, err, "name", id, "has no name");
    }
    if (!check_texts(rows, header, record, err) ||
        !read_level(rows, column(header, record, LEVEL), record->line, &row.level, err)) {
        return false;
    }
    row.parent_at = parent.len > 0 ? (uint32_t)(parent.at - rows->csv.at) : 0;
    row.parent_len = (uint8_t)parent.len;
    add_names(rows, &row, id, name, column(header, record, SHORT));
    add_contact(rows, &row, column(header, record, PHONE), column(header, record, CONTACT));
    if (rows->count == rows->room) {
        rows->room = rows->room * 2 + 64;
        rows->at = mem_resize(rows->at, rows->room, sizeof *rows->at);
    }
    rows->at[rows->count++] = row;
    return true;
}

static bool add_alias(struct area_rows *rows, const struct csv_record *record, struct err *err)
{
    struct str old = str_trim(csv_field(record, 1));
    struct str new = str_trim(csv_field(record, 2));
    struct str name = str_trim(csv_field(record, 3));
    for (size_t i = 4; i < record->count; i++) {
        if (str_trim(record->at[i]).len > 0) {
            return err_set(err, "%s:%zu: allowed is alias,OLD,NEW[,NAME]", rows->file,
                           record->line);
        }
    }
    if (!is_area_id(old) || !is_area_id(new)) {
        return wrong(rows, record->line, err, "alias", is_area_id(old) ? new : old,
                     "is no id, allowed is alias,OLD,NEW[,NAME]");
    }
    const char *fault = fault_of_text(name, AREA_NAME_BYTES_MAX);
    if (fault != NULL) {
        return wrong(rows, record->line, err, "alias", name, fault);
    }
    struct area_row texts = {0};
    if (name.len > 0) {
        add_names(rows, &texts, (struct str){NULL, 0}, name, (struct str){NULL, 0});
    }
    if (rows->alias_count == rows->alias_room) {
        rows->alias_room = rows->alias_room * 2 + 16;
        rows->aliases = mem_resize(rows->aliases, rows->alias_room, sizeof *rows->aliases);
    }
    rows->aliases[rows->alias_count++] = (struct area_alias_row){
        .old_at = (uint32_t)(old.at - rows->csv.at),
        .new_at = (uint32_t)(new.at - rows->csv.at),
        .name_at = texts.text_at + (texts.own_shown ? texts.name_len : 0u),
        .line = (uint32_t)record->line,
        .old_len = (uint8_t)old.len,
        .new_len = (uint8_t) new.len,
        .name_len = texts.shown_len,
    };
    return true;
}

static bool read_header(struct area_rows *rows, const struct csv_record *record,
                        struct header *header, struct err *err)
{
    static const char *const names[COLUMNS] = {"id",    "parent", "level",  "name",
                                               "short", "phone",  "contact"};
    header->count = record->count;
    rows->long_form = str_is(str_trim(record->at[0]), "id");
    for (size_t i = 0; i < COLUMNS; i++) {
        header->at[i] = SIZE_MAX;
    }
    for (size_t i = 0; i < record->count; i++) {
        struct str name = str_trim(record->at[i]);
        size_t known = 0;
        while (known < COLUMNS &&
               !str_is(name, !rows->long_form && known == ID ? "code" : names[known])) {
            known++;
        }
        bool fits = known < COLUMNS && (rows->long_form || (known != PARENT && known != LEVEL));
        if (!fits || header->at[known] != SIZE_MAX) {
            return wrong(rows, record->line, err, "header", name,
                         "is unexpected, allowed are id,parent,level,name[,short,phone,contact] "
                         "or code,name[,short,phone,contact]");
        }
        header->at[known] = i;
    }
    bool whole = header->at[ID] != SIZE_MAX && header->at[NAME] != SIZE_MAX &&
                 (!rows->long_form ||
                  (header->at[PARENT] != SIZE_MAX && header->at[LEVEL] != SIZE_MAX));
    return whole || err_set(err, "%s:%zu: header: a column is missing, needed are %s", rows->file,
                            record->line, rows->long_form ? "id,parent,level,name" : "code,name");
}

static bool is_blank(const struct csv_record *record)
{
    for (size_t i = 0; i < record->count; i++) {
        if (str_trim(record->at[i]).len > 0) {
            return false;
        }
    }
    return true;
}

static bool read_records(struct area_rows *rows, struct err *err)
{
    struct csv reader;
    struct csv_record record;
    struct header header;
    const char *fault;
    bool header_read = false;
    csv_init(&reader, rows->csv);
    while (csv_next(&reader, &record, &fault)) {
        bool taken = true;
        if (is_blank(&record)) {
            continue;
        }
        if (!header_read) {
            taken = header_read = read_header(rows, &record, &header, err);
        } else if (str_is(str_trim(record.at[0]), "alias")) {
            taken = add_alias(rows, &record, err);
        } else {
            taken = add_row(rows, &header, &record, err);
        }
        if (!taken) {
            return false;
        }
    }
    if (fault != NULL) {
        return err_set(err, "%s:%zu: %s", rows->file, record.line, fault);
    }
    return rows->count > 0 || err_set(err, "%s:%zu: no area is given", rows->file, record.line);
}

bool area_rows_read(struct area_rows *rows, struct str csv, const char *file, struct err *err)
{
    *rows = (struct area_rows){.csv = csv, .file = file};
    if (csv.len > FILE_BYTES_MAX) {
        return err_set(err, "%s:1: larger than 1 GiB", file);
    }
    rows->room = csv.len / LINE_BYTES + 1;
    rows->at = mem_array(rows->room, sizeof *rows->at);
    rows->texts_room = csv.len + 1;
    rows->texts = mem_alloc(rows->texts_room);
    rows->texts_len = 1;
    return read_records(rows, err);
}

void area_rows_release(struct area_rows *rows)
{
    free(rows->at);
    free(rows->aliases);
    free(rows->texts);
    *rows = (struct area_rows){0};
}
