/* Where a report is kept: by the areas of the day first, by what they were before behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flow/record.h"

static const char before[] = "id,parent,level,name\n"
                             "C,,county,甲县\nA,C,town,东镇\nB,C,town,西镇\n"
                             "D,A,district,东管区\nV,D,village,上村\nG,V,grid,一组\n";
static const char village_moves[] = "id,parent,level,name\n"
                                    "C,,county,甲县\nA,C,town,东镇\nB,C,town,西镇\n"
                                    "D,A,district,东管区\nV,B,village,上村\nG,V,grid,一组\n";
/* Two villages have become one, each a grid of it. */
static const char levels_change[] = "id,parent,level,name\n"
                                    "C,,county,甲县\nA,C,town,东镇\nB,C,town,西镇\n"
                                    "D,A,village,东村\nV,D,grid,上村\n";

static struct areas *load(const char *csv)
{
    struct err err = {{0}};
    struct areas *areas = areas_load(str_of(csv), "x.csv", &err);
    if (areas == NULL) {
        fail_msg("%s", err.text);
    }
    return areas;
}

static void assert_place(const struct record *record, const char *indexes, const char *path)
{
    struct str is = record_find(record, REPORT_INDEXES);
    if (!str_is(is, indexes)) {
        fail_msg("indexes \"%.*s\", expected \"%s\"", STR_ARG(is), indexes);
    }
    is = record_find(record, REPORT_PATH);
    if (!str_is(is, path)) {
        fail_msg("path \"%.*s\", expected \"%s\"", STR_ARG(is), path);
    }
}

static bool is_placed(const struct areas *areas, const struct record *record)
{
    area_index area = areas_find(areas, record_find(record, REPORT_AREA));
    return record_is_placed(areas, area, record_find(record, REPORT_INDEXES),
                            record_find(record, REPORT_PATH));
}

/* As the record is, kept anew under these areas. */
static void put_again(const struct areas *areas, struct record *record)
{
    struct record old = *record;
    record_put_place(record, areas, areas_find(areas, record_find(&old, REPORT_AREA)), STR("who"),
                     record_find(&old, REPORT_INDEXES), record_find(&old, REPORT_PATH));
    assert_true(is_placed(areas, record));
}

static void test_place(void **state)
{
    (void)state;
    struct areas *first = load(before);
    struct areas *later = load(village_moves);
    struct record record;
    record_init(&record);
    assert_false(record_is_placed(first, areas_find(first, STR("G")), STR(""), STR("")));
    record_put_place(&record, first, areas_find(first, STR("G")), STR("who"), STR(""), STR(""));
    assert_place(&record, "a:G a:V a:A o:who", "C A D V G");
    assert_true(is_placed(first, &record));
    assert_false(is_placed(later, &record));
    put_again(later, &record);
    assert_place(&record, "a:G a:V a:B o:who a:A", "C B V G A D");
    assert_false(is_placed(first, &record)); /* coming back is told too */
    put_again(first, &record);
    assert_place(&record, "a:G a:V a:A o:who a:B", "C A D V G B");
    areas_free(&first);
    areas_free(&later);
}

/* The path is the same, but there is an index more to stand in. */
static void test_levels(void **state)
{
    (void)state;
    struct areas *first = load(before);
    struct areas *later = load(levels_change);
    struct record record;
    record_init(&record);
    record_put_place(&record, first, areas_find(first, STR("V")), STR(""), STR(""), STR(""));
    assert_place(&record, "a:V a:A", "C A D V");
    assert_false(is_placed(later, &record));
    put_again(later, &record);
    assert_place(&record, "a:V a:D a:A o:who", "C A D V");
    areas_free(&first);
    areas_free(&later);
}

/* A path is no beginning of another one. */
static void test_words(void **state)
{
    (void)state;
    struct areas *areas = load(before);
    area_index town = areas_find(areas, STR("A"));
    assert_true(record_is_placed(areas, town, STR("a:A"), STR("C A")));
    assert_true(record_is_placed(areas, town, STR("a:B a:A"), STR("C A B V")));
    assert_false(record_is_placed(areas, town, STR("a:A"), STR("C AB")));
    assert_false(record_is_placed(areas, town, STR("a:A"), STR("C B A")));
    assert_false(record_is_placed(areas, town, STR("a:AB"), STR("C A")));
    areas_free(&areas);
}

/* However often it has moved, there is an end to what is kept, and what is of today is there. */
static void test_many_moves(void **state)
{
    (void)state;
    struct areas *areas = load(before);
    char olds[8000] = "";
    char old_indexes[8000] = "";
    for (int i = 0; i < 200; i++) {
        size_t at = strlen(olds);
        snprintf(olds + at, sizeof olds - at, "%sold%015d", i > 0 ? " " : "", i);
        at = strlen(old_indexes);
        snprintf(old_indexes + at, sizeof old_indexes - at, "%sa:old%015d", i > 0 ? " " : "", i);
    }
    struct record record;
    record_init(&record);
    record_put_place(&record, areas, areas_find(areas, STR("V")), STR("who"), str_of(old_indexes),
                     str_of(olds));
    assert_true(is_placed(areas, &record));
    struct str path = record_find(&record, REPORT_PATH);
    assert_true(str_starts(path, STR("C A D V old000000000000000 old")));
    assert_true(path.len <= 2048 && path.len > 2000);
    struct str indexes = record_find(&record, REPORT_INDEXES);
    assert_true(str_starts(indexes, STR("a:V a:A o:who a:old000000000000000 ")));
    assert_true(indexes.len <= 2048 && indexes.len > 2000);
    assert_int_equal((path.len + 1 - strlen("C A D V ")) % 19, 0); /* whole words */
    areas_free(&areas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_many_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
