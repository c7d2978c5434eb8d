#include "base/csv.h"

#include "base/check.h"

void csv_init(struct csv *csv, struct str text)
{
    static const char mark[] = "\xEF\xBB\xBF";
    csv->rest = str_starts(text, STR(mark)) ? str_from(text, sizeof mark - 1) : text;
    csv->line = 1;
    csv->scratch_len = 0;
}

static bool at_end(struct str rest)
{
    return rest.len == 0 || rest.at[0] == '\n' ||
           (rest.at[0] == '\r' && (rest.len == 1 || rest.at[1] == '\n'));
}

static void skip_line_end(struct csv *csv)
{
    if (csv->rest.len == 0) {
        return;
    }
    csv->rest = str_from(csv->rest, csv->rest.at[0] == '\r' && csv->rest.len > 1 ? 2 : 1);
    csv->line++;
}

static void plain_field(struct csv *csv, struct str *ret)
{
    const char *from = csv->rest.at;
    size_t len = 0;
    while (len < csv->rest.len && from[len] != ',' && from[len] != '\n') {
        len++;
    }
    csv->rest = str_from(csv->rest, len);
    if (len > 0 && from[len - 1] == '\r' && at_end(csv->rest)) {
        len--;
    }
    *ret = str_make(from, len);
}

/* Puts the piece behind what the field has in scratch. */
static bool keep_piece(struct csv *csv, struct str piece)
{
    if (piece.len > sizeof csv->scratch - csv->scratch_len) {
        return false;
    }
    if (piece.len > 0) {
        memcpy(csv->scratch + csv->scratch_len, piece.at, piece.len);
        csv->scratch_len += piece.len;
    }
    return true;
}

static const char *quoted_field(struct csv *csv, struct str *ret)
{
    size_t scratch_from = csv->scratch_len;
    csv->rest = str_from(csv->rest, 1);
    for (;;) {
        ptrdiff_t quote = str_find_char(csv->rest, '"');
        if (quote < 0) {
            return "a quoted field has no end";
        }
        struct str piece = str_sub(csv->rest, 0, (size_t)quote);
        for (size_t i = 0; i < piece.len; i++) {
            csv->line += piece.at[i] == '\n';
        }
        csv->rest = str_from(csv->rest, (size_t)quote + 1);
        bool doubled = csv->rest.len > 0 && csv->rest.at[0] == '"';
        if (!doubled && csv->scratch_len == scratch_from) {
            *ret = piece;
            break;
        }
        if (!keep_piece(csv, piece) || (doubled && !keep_piece(csv, STR("\"")))) {
            return "a field with doubled quotes is too long";
        }
        if (!doubled) {
            *ret = str_make(csv->scratch + scratch_from, csv->scratch_len - scratch_from);
            break;
        }
        csv->rest = str_from(csv->rest, 1);
    }
    if (!at_end(csv->rest) && csv->rest.at[0] != ',') {
        return "something stands behind a closing quote";
    }
    return NULL;
}

bool csv_next(struct csv *csv, struct csv_record *ret, const char **ret_wrong)
{
    *ret_wrong = NULL;
    csv->scratch_len = 0;
    while (csv->rest.len > 0 && at_end(csv->rest)) {
        skip_line_end(csv);
    }
    ret->line = csv->line;
    ret->count = 0;
    if (csv->rest.len == 0) {
        return false;
    }
    for (;;) {
        if (ret->count == CSV_FIELDS_MAX) {
            *ret_wrong = "too many fields";
            return false;
        }
        struct str *field = &ret->at[ret->count++];
        if (csv->rest.len > 0 && csv->rest.at[0] == '"') {
            *ret_wrong = quoted_field(csv, field);
        } else {
            plain_field(csv, field);
        }
        if (*ret_wrong != NULL) {
            return false;
        }
        if (at_end(csv->rest)) {
            skip_line_end(csv);
            return true;
        }
        csv->rest = str_from(csv->rest, 1);
    }
}

struct str csv_field(const struct csv_record *record, size_t nth)
{
    return nth < record->count ? record->at[nth] : (struct str){NULL, 0};
}
