#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "qr/commands.h"
#include "qr/png.h"
#include "qr/setup.h"
#include "qr/svg.h"

const char command_code_help[] =
    "mashang-qr code --area 370115008218\n"
    "mashang-qr code --area 370115008218 --placement home --svg code.svg --png code.png\n"
    "mashang-qr code --area 370115008 --drill --json\n\n"
    "Prints the signed link of an area (county or below), and its QR code on a terminal.\n\n"
    "  --area ID         the area\n"
    "  --placement NAME  where it will hang: board (default), home, card, screen, leaflet\n"
    "  --drill           for exercises: the pages say so, nothing is reported\n"
    "  --serial          take a number of its own, so that this one paper can be revoked\n"
    "                    (done by itself when earlier codes of the area were revoked)\n"
    "  --svg FILE        write the symbol (level H) as SVG\n"
    "  --png FILE        write the symbol (level H) as PNG\n"
    "  --qr              print the QR code even when stdout is no terminal\n"
    "  --json            link, code, area, placement, drill, serial as JSON\n"
    "  -c, --conf FILE   configuration; --set section.key=value overrides one setting\n";

enum { LINK_BYTES_MAX = 1024, FILE_BYTES_MAX = 1 << 20 };

static bool symbol_files(const struct args *args, struct str link, struct err *err)
{
    struct symbol symbol;
    struct buf svg;
    if (args->svg == NULL && args->png == NULL) {
        return true;
    }
    if (!symbol_make(&symbol, link, SYMBOL_H, err)) {
        return false;
    }
    bool done = true;
    if (args->svg != NULL) {
        buf_init(&svg, FILE_BYTES_MAX);
        svg_put(&symbol, "", &svg);
        done = file_write(args->svg, buf_str(&svg), 0644, err);
        buf_release(&svg);
    }
    done = done && (args->png == NULL || png_write(&symbol, args->png, err));
    symbol_release(&symbol);
    return done;
}

static bool terminal_symbol(struct str link, struct err *err)
{
    struct symbol symbol;
    struct buf text;
    /* Level M: a screen gets no scratches, and a smaller symbol fits 80 columns. */
    if (!symbol_make(&symbol, link, SYMBOL_M, err)) {
        return false;
    }
    buf_init(&text, FILE_BYTES_MAX);
    symbol_terminal(&symbol, &text);
    fputs(buf_text(&text), stdout);
    buf_release(&text);
    symbol_release(&symbol);
    return true;
}

static void print_json(const struct setup *setup, const struct code *code, area_index area,
                       const char *link)
{
    struct buf path;
    buf_init(&path, LINK_BYTES_MAX);
    setup_path(setup, area, &path);
    json_t *root = json_pack("{s:s, s:s, s:{s:s, s:s}, s:s, s:b, s:i}", "link", link, "code",
                             strrchr(link, '/') + 1, "area", "id", code->area, "path",
                             buf_text(&path), "placement", code_placement_name(code->placement),
                             "drill", code->drill, "serial", (int)code->serial);
    json_dumpf(root, stdout, 0);
    putchar('\n');
    json_decref(root);
    buf_release(&path);
}

static bool take_serial(struct setup *setup, const struct args *args, struct code *code,
                        struct err *err)
{
    struct str hint;
    if (!args->serial && !codes_file_revoked(setup->codes, code, &hint)) {
        return true;
    }
    return codes_file_next_serials(setup->codes, code, 1, &code->serial, err);
}

static bool show(const struct setup *setup, const struct args *args, const struct code *code,
                 area_index area, struct err *err)
{
    struct buf link;
    buf_init(&link, LINK_BYTES_MAX);
    setup_link(setup, code, &link);
    bool done = symbol_files(args, buf_str(&link), err);
    if (done && args->json) {
        print_json(setup, code, area, buf_text(&link));
    } else if (done) {
        puts(buf_text(&link));
        done = !(args->qr || isatty(STDOUT_FILENO)) || terminal_symbol(buf_str(&link), err);
    }
    buf_release(&link);
    return done;
}

int command_code(const struct args *args)
{
    struct setup setup;
    struct err err = {""};
    struct code code = {.drill = args->drill};
    area_index area;
    if (args->area == NULL || args->word_count > 0) {
        err_set(&err, "code: --area ID is needed, see --help");
        return command_failed(EXIT_USAGE, &err);
    }
    if (!code_placement_parse(str_of(args->placement), &code.placement) ||
        code.placement == CODE_LIST) {
        err_set(&err, "--placement: allowed are board, home, card, screen and leaflet");
        return command_failed(EXIT_USAGE, &err);
    }
    if (!setup_load(&setup, args, NULL, &err)) {
        return command_failed(EXIT_CONFIG, &err);
    }
    bool done = setup_area(&setup, str_of(args->area), &area, &err);
    if (done) {
        snprintf(code.area, sizeof code.area, "%s", args->area);
        done = take_serial(&setup, args, &code, &err) && show(&setup, args, &code, area, &err);
    }
    setup_release(&setup);
    return done ? EXIT_DONE : command_failed(EXIT_FAILED, &err);
}
