#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "domain/receipt.h"
#include "domain/scope.h"

/*
 * Two provinces; C1 with towns, a district, grids; C0 went into C1, T9 into T1, and villages of theirs. Bucket words are asked of the areas, not
 * written down here.
 */
static const char csv[] = "id,parent,level,name\n"
                          "P,,province,甲省\n"
                          "S,P,city,甲市\n"
                          "C1,S,county,一县\n"
                          "C2,S,county,二县\n"
                          "SV,S,village,直属村\n"
                          "C0,S,county,旧县\n"
                          "T1,C1,town,一镇\n"
                          "T2,C1,town,二镇\n"
                          "T3,C2,town,三镇\n"
                          "T9,C1,town,旧镇\n"
                          "T0,C0,town,老县的镇\n"
                          "D1,T2,district,一管区\n"
                          "D2,T2,district,空管区\n"
                          "V1,T1,village,一村\n"
                          "V2,T1,village,二村\n"
                          "V3,D1,village,三村\n"
                          "V4,D1,village,四村\n"
                          "V5,T3,village,五村\n"
                          "V9,T9,village,旧镇的村\n"
                          "X1,T1,village,并掉的村\n"
                          "X3,D1,village,并掉的管区村\n"
                          "G1,V1,grid,一联户\n"
                          "alias,C0,C1\n"
                          "alias,T9,T1\n"
                          "alias,X1,V2\n"
                          "alias,X3,V3\n"
                          "alias,X5,V5,早没了的村\n"
                          "alias,X8,X5,更早的村\n";

static struct areas *areas;

static struct areas *load(const char *text)
{
    struct err err = {{0}};
    struct areas *loaded = areas_load(str_of(text), "x.csv", &err);
    if (loaded == NULL) {
        fail_msg("%s", err.text);
    }
    return loaded;
}

static int open_areas(void **state)
{
    (void)state;
    areas = load(csv);
    return 0;
}

static int close_areas(void **state)
{
    (void)state;
    areas_free(&areas);
    return 0;
}

static area_index find(const char *id)
{
    area_index area = areas_find(areas, str_of(id));
    if (area == AREA_NONE) {
        fail_msg("%s is not there", id);
    }
    return area;
}

static struct scope parse(const char *text)
{
    struct scope scope;
    struct err err = {{0}};
    if (!scope_parse(areas, str_of(text), &scope, &err)) {
        fail_msg("%s: %s", text, err.text);
    }
    return scope;
}

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        const char *printed; /* NULL: refused */
        const char *error;
    } cases[] = {
        {"C1", "C1", NULL},
        {"V1, V5", "V1,V5", NULL},
        {"V5,V1", "V5,V1", NULL},
        {"V1,V1", "V1", NULL},
        {"V1,T1", "T1", NULL}, /* the wider one holds the other */
        {"T1,V1,G1", "T1", NULL},
        {"V1,V5,V2,C1", "V5,C1", NULL},
        {"X1", "V2", NULL},    /* merged */
        {"X8,V5", "V5", NULL}, /* twice merged */
        {"", NULL, "an area's id is missing, allowed: ID[,ID…]"},
        {"V1,", NULL, "an area's id is missing, allowed: ID[,ID…]"},
        {"V1,,V2", NULL, "an area's id is missing, allowed: ID[,ID…]"},
        {"V1,nowhere", NULL, "nowhere: no such area, allowed: ids of the areas file"},
        {"v1", NULL, "v1: no such area, allowed: ids of the areas file"},
        {"V1 V2", NULL, "V1 V2: no such area, allowed: ids of the areas file"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scope scope;
        struct err err = {{0}};
        char printed[SCOPE_TEXT_BYTES];
        bool parsed = scope_parse(areas, str_of(cases[i].text), &scope, &err);
        if (parsed != (cases[i].printed != NULL)) {
            fail_msg("\"%s\": %s", cases[i].text, parsed ? "was taken" : err.text);
        }
        if (!parsed) {
            assert_string_equal(err.text, cases[i].error);
            continue;
        }
        scope_print(areas, &scope, printed);
        assert_string_equal(printed, cases[i].printed);
    }
}

/* What was kept outlives areas that are gone. */
static void test_read(void **state)
{
    struct scope scope;
    char printed[SCOPE_TEXT_BYTES];
    (void)state;
    scope_read(areas, STR("gone,V1,X1,"), &scope);
    scope_print(areas, &scope, printed);
    assert_string_equal(printed, "V1,V2");
    scope_read(areas, STR("gone"), &scope);
    assert_int_equal(scope.count, 0);
    assert_false(scope_has(areas, &scope, find("P")));
    scope_read(areas, STR(""), &scope);
    assert_int_equal(scope.count, 0);
}

static void test_full(void **state)
{
    char text[40000] = "code,name\n1,顶\n";
    char ids[4000] = "";
    char printed[SCOPE_TEXT_BYTES];
    struct scope scope;
    struct err err = {{0}};
    (void)state;
    for (int i = 0; i <= SCOPE_AREAS_MAX; i++) { /* the longest ids */
        sprintf(text + strlen(text), "1%019d,村%d\n", i, i);
        sprintf(ids + strlen(ids), "%s1%019d", i ? "," : "", i);
    }
    struct areas *many = load(text);
    assert_false(scope_parse(many, str_of(ids), &scope, &err));
    assert_string_equal(err.text, "10000000000000000064: at most 64 areas");
    *strrchr(ids, ',') = '\0';
    assert_true(scope_parse(many, str_of(ids), &scope, &err));
    scope_print(many, &scope, printed);
    assert_string_equal(printed, ids);
    strcat(ids, ",1");
    assert_true(scope_parse(many, str_of(ids), &scope, &err)); /* it takes the others' place */
    assert_int_equal(scope.count, 1);
    assert_true(scope_all(many, &scope));
    assert_int_equal(scope.count, 1);
    areas_free(&many);
}

static void test_has(void **state)
{
    static const struct {
        const char *scope, *inside, *outside;
    } cases[] = {
        {"V1", "V1 G1", "V2 T1 C1 P"},           {"T1", "T1 V1 V2 G1 V9", "T2 V3 C1"},
        {"D1", "D1 V3 V4", "D2 T2 V1"},          {"T1,V5", "V1 V5 G1", "T3 V3 C2 S"},
        {"C2,D1", "T3 V5 V4 C2", "C1 T2 V1 SV"}, {"P", "P S C1 SV G1 V5", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scope scope = parse(cases[i].scope);
        struct str rest = str_of(cases[i].inside);
        struct str id;
        for (int outside = 0; outside < 2; outside++, rest = str_of(cases[i].outside)) {
            while (str_next(&rest, ' ', &id) && id.len > 0) {
                if (scope_has(areas, &scope, areas_find(areas, id)) == (outside == 1)) {
                    fail_msg("%s: %.*s is %s it", cases[i].scope, STR_ARG(id),
                             outside ? "in" : "not in");
                }
            }
        }
        assert_false(scope_has(areas, &scope, AREA_NONE));
    }
}

static void test_has_path(void **state)
{
    static const struct {
        const char *scope, *path;
        bool has;
    } cases[] = {
        {"T1", "P S C1 T1 V1", true},
        {"T2", "P S C1 T1 V1", false},
        {"V1", "P S C1 T1", false},
        {"T2", "P S C1 T1 V1 T2 D1 V3", true}, /* after a transfer both see it */
        {"T1", "P S C1 T9 V9", true},          /* the town was merged afterwards */
        {"V2", "P S C1 T1 X1", true},
        {"T3", "P S C2 lost X5", true},
        {"T3", "P S C2 lost lostvillage", false},
        {"C2", "P S C2 lost lostvillage", true},
        {"P", "", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scope scope = parse(cases[i].scope);
        if (scope_has_path(areas, &scope, str_of(cases[i].path)) != cases[i].has) {
            fail_msg("%s: %s", cases[i].scope, cases[i].path);
        }
    }
}

/* "C1: V1 V2 / C2* C2": per bucket (named by the county that made it) the ids, * for `changes`; buckets in the order of the names given. */
static void print_indexes(const struct areas *in, const struct scope *scope, area_index narrow,
                          const char *owners, char *ret, size_t room)
{
    struct scope_indexes indexes;
    struct str rest = str_of(owners);
    struct str owner;
    size_t printed = 0, len = 0;
    scope_indexes(in, scope, narrow, &indexes);
    ret[0] = '\0';
    while (str_next(&rest, ' ', &owner)) {
        for (size_t i = 0; i < indexes.count; i++) {
            const struct scope_bucket *at = &indexes.at[i];
            assert_true(i == 0 || indexes.at[i - 1].bucket < at->bucket);
            assert_true(at->id_count > 0 && (at->changes || at->id_count <= SCOPE_INDEXES_MAX));
            if (at->bucket != bucket_of_area(owner)) {
                continue;
            }
            len += (size_t)snprintf(ret + len, room - len, "%s%.*s%s", len ? " / " : "",
                                    STR_ARG(owner), at->changes ? "*:" : ":");
            for (size_t k = 0; k < at->id_count; k++) {
                len += (size_t)snprintf(ret + len, room - len, " %.*s", STR_ARG(at->ids[k]));
            }
            printed++;
        }
    }
    assert_int_equal(printed, indexes.count);
    scope_indexes_release(&indexes);
}

static void test_indexes(void **state)
{
    static const struct {
        const char *scope, *narrow, *expected;
    } cases[] = {
        {"V1", NULL, "C1: V1 / C0: V1"}, /* C0 went into C1: its reports stay in its bucket */
        {"G1", NULL, "C1: G1 / C0: G1"},
        {"V5", NULL, "C2: V5 X5 X8"}, /* nobody knows where X5 and X8 lay */
        {"T3", NULL, "C2: T3 X5 X8"},
        {"V2", NULL, "C1: V2 X1 / C0: V2 X1"},
        {"T1", NULL, "C1: T1 T9 / C0: T1 T9"}, /* X1 lay in T1: its reports stand in a:T1 */
        {"D1", NULL, "C1: V3 V4 X3 / C0: V3 V4 X3"},
        {"D2", NULL, "C1: D2 / C0: D2"}, /* reports are filed at it itself */
        {"T2,V5", NULL, "C1: T2 / C2: V5 X5 X8 / C0: T2"},
        {"C2", NULL, "C2*: C2 X5 X8"},
        {"C1", NULL, "C1*: C1 / C0*: C0"},
        {"SV", NULL, "S: SV"},
        {"C2,SV", NULL, "C2*: C2 X5 X8 / S: SV"},
        {"S", NULL, "C1*: S / C2*: S X5 X8 / C0*: C0 / S*: S"},
        {"P", NULL, "C1*: P / C2*: P X5 X8 / C0*: C0 / S*: P"},
        /* narrowed */
        {"P", "V1", "C1: V1 / C0: V1"},
        {"P", "C2", "C2*: C2 X5 X8"},
        {"T1,T2,V5", "C1", "C1: T1 T9 T2 / C0: T1 T9 T2"},
        {"V1", "C1", "C1: V1 / C0: V1"},
        {"V1", "V1", "C1: V1 / C0: V1"},
        {"V1,V5", "T2", ""},
        {"V1", "V2", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[400];
        struct scope scope = parse(cases[i].scope);
        area_index narrow = cases[i].narrow != NULL ? find(cases[i].narrow) : AREA_NONE;
        print_indexes(areas, &scope, narrow, "C1 C2 C0 S", text, sizeof text);
        if (strcmp(text, cases[i].expected) != 0) {
            fail_msg("%s in %s: \"%s\", expected \"%s\"", cases[i].scope,
                     cases[i].narrow ? cases[i].narrow : "all", text, cases[i].expected);
        }
    }
}

static void test_all(void **state)
{
    char text[4000] = "id,parent,level,name\n";
    struct scope scope;
    (void)state;
    assert_true(scope_all(areas, &scope));
    assert_true(scope.count == 1 && scope.at[0] == find("P"));
    for (int i = 0; i <= SCOPE_AREAS_MAX; i++) {
        sprintf(text + strlen(text), "P%d,,province,省%d\n", i, i);
    }
    struct areas *many = load(text);
    assert_false(scope_all(many, &scope));
    areas_free(&many);
}

/* Counties whose ids fall into one bucket share its `changes`; what lies below county level is then filtered by path as well. */
static void test_shared_bucket(void **state)
{
    char other[16] = "";
    char text[400];
    char printed[400];
    (void)state;
    for (int i = 0; other[0] == '\0'; i++) {
        char id[16];
        sprintf(id, "K%d", i);
        if (bucket_of_area(str_of(id)) == bucket_of_area(STR("C1"))) {
            strcpy(other, id);
        }
    }
    sprintf(text,
            "id,parent,level,name\nC1,,county,一县\n%s,,county,同桶县\nV,C1,village,村\n"
            "T,%s,town,镇\nD,T,district,管区\nW,D,village,村二\nY,T,village,村三\n",
            other, other);
    struct areas *two = load(text);
    struct scope scope;
    assert_true(scope_parse(two, STR("C1,D"), &scope, NULL));
    print_indexes(two, &scope, AREA_NONE, "C1", printed, sizeof printed);
    assert_string_equal(printed, "C1*: C1 D");
    assert_true(scope_parse(two, STR("V,D"), &scope, NULL));
    print_indexes(two, &scope, AREA_NONE, "C1", printed, sizeof printed);
    assert_string_equal(printed, "C1: V W");
    areas_free(&two);
}

/* 128 indexes are read one by one; one more, and the whole county's changes are filtered instead. */
static void test_too_many(void **state)
{
    (void)state;
    for (int villages = SCOPE_INDEXES_MAX; villages <= SCOPE_INDEXES_MAX + 1; villages++) {
        char text[16000] = "id,parent,level,name\nC,,county,县\nT,C,town,镇\nD,T,district,管区\n";
        struct scope scope;
        struct scope_indexes indexes;
        for (int i = 0; i < villages; i++) {
            sprintf(text + strlen(text), "V%d,D,village,村%d\n", i, i);
        }
        struct areas *many = load(text);
        assert_true(scope_parse(many, STR("D"), &scope, NULL));
        scope_indexes(many, &scope, AREA_NONE, &indexes);
        assert_int_equal(indexes.count, 1);
        assert_int_equal(indexes.at[0].changes, villages > SCOPE_INDEXES_MAX);
        assert_int_equal(indexes.at[0].id_count, villages > SCOPE_INDEXES_MAX ? 1 : villages);
        assert_true(indexes.at[0].changes ? str_is(indexes.at[0].ids[0], "D")
                                          : str_is(indexes.at[0].ids[villages - 1], "V127"));
        scope_indexes_release(&indexes);
        areas_free(&many);
    }
}

/* In a short file the code tells where a village that has no row lay. */
static void test_short_file(void **state)
{
    struct scope scope;
    char printed[400];
    (void)state;
    struct areas *codes = load("code,name\n370115,济阳区\n370116,莱芜区\n370115008,曲堤街道\n"
                               "370115009,仁风镇\n370115008218,葛家村\n370115009201,甲村\n"
                               "370116001,某镇\n370116001201,乙村\n"
                               "alias,370115008219,370115008218\n"
                               "alias,370115009299,370116001201\nalias,370125,370115\n");
    assert_true(scope_parse(codes, STR("370115008218"), &scope, NULL));
    print_indexes(codes, &scope, AREA_NONE, "370115 370125", printed, sizeof printed);
    assert_string_equal(printed, "370115: 370115008218 370115008219 / 370125: 370115008218 "
                                 "370115008219");
    assert_true(scope_parse(codes, STR("370115008"), &scope, NULL));
    print_indexes(codes, &scope, AREA_NONE, "370115 370125", printed, sizeof printed);
    assert_string_equal(printed, "370115: 370115008 / 370125: 370115008");
    assert_true(scope_parse(codes, STR("370116"), &scope, NULL)); /* one came from the neighbour */
    print_indexes(codes, &scope, AREA_NONE, "370116 370115 370125", printed, sizeof printed);
    assert_string_equal(printed, "370116*: 370116 / 370115: 370115009299 / 370125: 370115009299");
    areas_free(&codes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),         cmocka_unit_test(test_read),
        cmocka_unit_test(test_full),          cmocka_unit_test(test_has),
        cmocka_unit_test(test_has_path),      cmocka_unit_test(test_indexes),
        cmocka_unit_test(test_shared_bucket), cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_all),           cmocka_unit_test(test_short_file),
    };
    return cmocka_run_group_tests(tests, open_areas, close_areas);
}
