#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "qr/svg.h"
#include "qr/symbol.h"

static void make(struct symbol *symbol, const char *text, enum symbol_level level)
{
    struct err err = {""};
    if (!symbol_make(symbol, str_of(text), level, &err)) {
        fail_msg("%s", err.text);
    }
}

/* ISO/IEC 18004 table 7: the version that the bits need when host and code travel in modes of their own. */
static void test_versions_are_the_smallest(void **state)
{
    static const struct {
        const char *text;
        enum symbol_level level;
        size_t version;
    } cases[] = {
        {"HTTP://A.CN/V/0123456789", SYMBOL_L, 1},   /* 24 alphanumeric of 25 */
        {"HTTP://A.CN/V/0123456789AB", SYMBOL_L, 2}, /* 26 */
        {"aaaaaaaaaaaaaaaaa", SYMBOL_L, 1},          /* 17 bytes of 17 */
        {"aaaaaaaaaaaaaaaaaa", SYMBOL_L, 2},
        /* 23 bytes, then /V/ and 26: 196 + 173 bits of 368 at 5-H would not fit, of 480 at 6-H do */
        {"https://mashang.jy.test/V/2G0G6003B5V2TCQJRJBQCDG123", SYMBOL_H, 6},
        {"https://m.example.cn/V/2G0G6003B5V2TCQJRJBQCD", SYMBOL_H, 5},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct symbol symbol;
        make(&symbol, cases[i].text, cases[i].level);
        if (symbol.width != 17 + 4 * cases[i].version) {
            fail_msg("%s: %zu modules, wanted version %zu", cases[i].text, symbol.width,
                     cases[i].version);
        }
        symbol_release(&symbol);
        assert_null(symbol.modules);
    }
}

static void test_finders_and_outside(void **state)
{
    struct symbol symbol;
    (void)state;
    make(&symbol, "https://m.example.cn/V/2G0G", SYMBOL_H);
    size_t far = symbol.width - 7;
    const size_t corners[][2] = {{0, 0}, {far, 0}, {0, far}};
    for (size_t c = 0; c < 3; c++) {
        for (size_t i = 0; i < 49; i++) {
            size_t x = i % 7;
            size_t y = i / 7;
            bool edge = x == 0 || x == 6 || y == 0 || y == 6;
            bool core = x >= 2 && x <= 4 && y >= 2 && y <= 4;
            assert_int_equal(symbol_dark(&symbol, corners[c][0] + x, corners[c][1] + y),
                             edge || core);
        }
    }
    assert_false(symbol_dark(&symbol, symbol.width, 0));
    assert_false(symbol_dark(&symbol, 0, symbol.width));
    assert_false(symbol_dark(&symbol, SIZE_MAX, 0));
    symbol_release(&symbol);
}

static void test_runs_are_the_rows(void **state)
{
    struct symbol symbol;
    (void)state;
    make(&symbol, "https://m.example.cn/V/2G0G", SYMBOL_M);
    for (size_t y = 0; y < symbol.width; y++) {
        unsigned char row[177] = {0};
        size_t x = 0;
        size_t length = 0;
        while (symbol_run(&symbol, y, &x, &length)) {
            assert_true(length > 0 && x + length <= symbol.width);
            assert_true(x == 0 || row[x - 1] == 0); /* neighbours are one run */
            memset(row + x, 1, length);
        }
        assert_memory_equal(row, symbol.modules + y * symbol.width, symbol.width);
    }
    symbol_release(&symbol);
}

static void test_what_no_symbol_holds_is_refused(void **state)
{
    char longest[1026];
    struct symbol symbol;
    struct err err;
    (void)state;
    memset(longest, 'a', sizeof longest);
    assert_false(symbol_make(&symbol, STR(""), SYMBOL_H, &err));
    assert_false(symbol_make(&symbol, str_make(longest, 1025), SYMBOL_H, &err));
    assert_null(symbol.modules);
    assert_true(symbol_make(&symbol, str_make(longest, 1024), SYMBOL_H, &err));
    symbol_release(&symbol);
}

/* The path is read back into modules, and the symbol must come out. */
static void test_svg_holds_every_module(void **state)
{
    struct symbol symbol;
    struct buf svg;
    unsigned char seen[64][64] = {{0}};
    (void)state;
    make(&symbol, "https://m.example.cn/V/2G0G6003B5V2TC", SYMBOL_Q);
    buf_init(&svg, 65536);
    svg_put(&symbol, "width=\"160\" role=\"img\"", &svg);
    assert_true(buf_ok(&svg));
    assert_non_null(strstr(buf_text(&svg), " width=\"160\" role=\"img\">"));
    assert_null(strstr(buf_text(&svg), "style"));
    const char *at = strstr(buf_text(&svg), "stroke=\"#000\" d=\"");
    size_t x = 0;
    size_t y = 0;
    assert_non_null(at);
    for (at += strlen("stroke=\"#000\" d=\""); *at != '"';) {
        char kind = *at++;
        size_t value = strtoul(at, (char **)&at, 10);
        assert_true(kind == 'M' || kind == 'm' || kind == 'h');
        if (kind == 'h') {
            memset(&seen[y][x], 1, value);
            x += value;
            continue;
        }
        x = kind == 'M' ? value : x + value;
        assert_true(*at++ == ' ');
        y = kind == 'M' ? strtoul(at, (char **)&at, 10) : y;
        at += strncmp(at, ".5", 2) == 0 ? 2 : 1;
    }
    for (size_t i = 0; i < 64 * 64; i++) {
        assert_int_equal(seen[i / 64][i % 64],
                         symbol_dark(&symbol, i % 64 - SYMBOL_QUIET, i / 64 - SYMBOL_QUIET));
    }
    buf_release(&svg);
    symbol_release(&symbol);
}

static void test_terminal_has_quiet_zone_and_fixed_colours(void **state)
{
    struct symbol symbol;
    struct buf text;
    struct str rest;
    struct str line;
    size_t lines = 0;
    (void)state;
    make(&symbol, "https://m.example.cn/V/2G0G", SYMBOL_M);
    buf_init(&text, 65536);
    symbol_terminal(&symbol, &text);
    assert_true(buf_ok(&text));
    rest = buf_str(&text);
    while (str_next(&rest, '\n', &line) && line.len > 0) {
        assert_true(str_starts(line, STR("\033[38;5;16;48;5;231m    ")));
        assert_true(str_ends(line, STR("    \033[0m")));
        lines++;
    }
    assert_int_equal(lines, (symbol.width + 2 * SYMBOL_QUIET + 1) / 2);
    buf_release(&text);
    symbol_release(&symbol);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_are_the_smallest),
        cmocka_unit_test(test_finders_and_outside),
        cmocka_unit_test(test_runs_are_the_rows),
        cmocka_unit_test(test_what_no_symbol_holds_is_refused),
        cmocka_unit_test(test_svg_holds_every_module),
        cmocka_unit_test(test_terminal_has_quiet_zone_and_fixed_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
