#include "base/conf.h"

#include "base/utf8.h"

static bool is_name(struct str text)
{
    return text.len > 0 && str_only(text, STR_LOWER STR_DIGITS "_");
}

static bool read_section(struct str line, struct conf_entry *entry, struct err *err)
{
    struct str name = str_sub(line, 1, line.len - 2);
    if (!str_ends(line, STR("]")) || !is_name(name)) {
        return err_set(err, "%s:%d: [section] in lower case is expected", entry->file, entry->line);
    }
    entry->section = name;
    return true;
}

static bool read_pair(struct str line, struct conf_entry *entry, struct err *err)
{
    ptrdiff_t equals = str_find_char(line, '=');
    struct str key = str_trim(str_sub(line, 0, equals < 0 ? 0 : (size_t)equals));
    if (equals < 0 || !is_name(key)) {
        return err_set(err, "%s:%d: `key = value` is expected, the key in lower case", entry->file,
                       entry->line);
    }
    if (entry->section.len == 0) {
        return err_set(err, "%s:%d: %.*s: stands before the first [section]", entry->file,
                       entry->line, STR_ARG(key));
    }
    entry->key = key;
    entry->value = str_trim(str_from(line, (size_t)equals + 1));
    return true;
}

static bool read_line(struct str line, struct conf_entry *entry, conf_entry_fn *each, void *arg,
                      struct err *err)
{
    if (!utf8_valid(line)) {
        return err_set(err, "%s:%d: is not UTF-8", entry->file, entry->line);
    }
    for (size_t i = 0; i < line.len; i++) {
        if ((unsigned char)line.at[i] < 0x20 && line.at[i] != '\t') {
            return err_set(err, "%s:%d: holds a control character", entry->file, entry->line);
        }
    }
    line = str_trim(line);
    if (line.len == 0 || line.at[0] == '#' || line.at[0] == ';') {
        return true;
    }
    if (line.at[0] == '[') {
        return read_section(line, entry, err);
    }
    return read_pair(line, entry, err) && each(arg, entry, err);
}

bool conf_read(struct str text, const char *file, conf_entry_fn *each, void *arg, struct err *err)
{
    struct conf_entry entry = {.file = file};
    struct str line;
    if (str_starts(text, STR("\xEF\xBB\xBF"))) {
        text = str_from(text, 3);
    }
    while (str_next(&text, '\n', &line)) {
        entry.line++;
        if (str_ends(line, STR("\r"))) {
            line.len--;
        }
        if (!read_line(line, &entry, each, arg, err)) {
            return false;
        }
    }
    return true;
}
