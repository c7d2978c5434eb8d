#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "domain/area.h"
#include "domain/receipt.h"

static struct areas *load(const char *csv)
{
    struct err err = {{0}};
    struct areas *areas = areas_load(str_of(csv), "x.csv", &err);
    if (areas == NULL) {
        fail_msg("%s", err.text);
    }
    return areas;
}

static struct areas *load_file(const char *path)
{
    struct buf text;
    struct err err = {{0}};
    buf_init(&text, 100 << 20);
    struct areas *areas = NULL;
    if (file_read(path, &text, &err)) {
        areas = areas_load(buf_str(&text), path, &err);
    }
    buf_release(&text);
    if (areas == NULL) {
        fail_msg("%s", err.text);
    }
    return areas;
}

static void assert_str(struct str text, const char *expected)
{
    if (!str_is(text, expected)) {
        fail_msg("\"%.*s\", expected \"%s\"", STR_ARG(text), expected);
    }
}

static area_index find(const struct areas *areas, const char *id)
{
    area_index area = areas_find(areas, str_of(id));
    if (area == AREA_NONE) {
        fail_msg("%s is not there", id);
    }
    return area;
}

/* The ids from the top to the area, and the levels' initials: "37/3701/370115 pcC". */
static void assert_path(const struct areas *areas, const char *id, const char *expected)
{
    area_index path[AREA_DEPTH_MAX];
    size_t depth = area_path(areas, find(areas, id), path);
    struct buf text;
    buf_init(&text, 1000);
    for (size_t i = 0; i < depth; i++) {
        buf_puts(&text, i ? "/" : "");
        buf_put(&text, area_id(areas, path[i]));
    }
    buf_printf(&text, " %s", area_level_name(area_level(areas, path[depth - 1])));
    assert_string_equal(buf_text(&text), expected);
    buf_release(&text);
}

/* What must hold in any tree that loaded. */
static void assert_sound(const struct areas *areas)
{
    size_t reached = area_child_count(areas, AREA_NONE);
    for (area_index i = 0; i < areas_count(areas); i++) {
        area_index parent = area_parent(areas, i);
        assert_true(areas_find(areas, area_id(areas, i)) == i);
        assert_true(parent == AREA_NONE || parent < i);
        assert_true(parent == AREA_NONE || area_level(areas, parent) < area_level(areas, i));
        assert_true(area_shown(areas, i).len > 0 && area_name(areas, i).len > 0);
        assert_true(area_bucket(areas, i) < BUCKETS);
        for (size_t c = 0; c < area_child_count(areas, i); c++) {
            assert_true(area_parent(areas, area_child(areas, i, c)) == i);
            reached++;
        }
    }
    assert_true(reached == areas_count(areas));
}

static void test_short_form(void **state)
{
    struct areas *areas = load("code,name\n37,山东省\n3701,济南市\n370115,济阳区\n"
                               "370115008,曲堤街道\n370115008218,葛家村民委员会\n"
                               "370115008218001,一组\n370115009201,没有镇的村\n"
                               "3701159,怪码\n37011591,更怪\n");
    (void)state;
    assert_sound(areas);
    assert_int_equal(areas_count(areas), 9);
    assert_path(areas, "37", "37 province");
    assert_path(areas, "370115008218", "37/3701/370115/370115008/370115008218 village");
    assert_path(areas, "370115008218001",
                "37/3701/370115/370115008/370115008218/370115008218001 grid");
    assert_path(areas, "370115009201", "37/3701/370115/370115009201 village");
    assert_path(areas, "3701159", "37/3701/370115/3701159 town");
    assert_path(areas, "37011591", "37/3701/370115/3701159/37011591 village");
    area_index village = find(areas, "370115008218");
    assert_str(area_name(areas, village), "葛家村民委员会");
    assert_str(area_shown(areas, village), "葛家村");
    assert_str(area_id(areas, area_up(areas, village, AREA_TOWN)), "370115008");
    assert_true(area_up(areas, village, AREA_VILLAGE) == village);
    assert_true(area_up(areas, village, AREA_DISTRICT) == AREA_NONE);
    assert_true(area_up(areas, find(areas, "370115008"), AREA_VILLAGE) == AREA_NONE);
    assert_str(area_id(areas, areas_root(areas)), "370115");
    assert_true(areas_find(areas, STR("3701150082")) == AREA_NONE);
    assert_true(areas_find(areas, STR("")) == AREA_NONE);
    assert_true(areas_find(areas, STR("370115008218370115008218")) == AREA_NONE);
    areas_free(&areas);
    assert_null(areas);
}

static void test_long_form(void **state)
{
    struct areas *areas = load(
        "\xEF\xBB\xBFid,parent,level,name,short,phone,contact\r\n"
        "v1,d1,village,\"曲堤, \"\"东\"\"村委会\",东村,,\r\n" /* before its parent */
        "C-1,,county,济阳区,,0531-00000000,县里\r\n"
        " t1 , C-1 ,town, 曲堤街道 ,,,镇里\r\n"
        "d1,t1,district,一管区,,,\r\n"
        "v2,d1,village,葛家村委会,,(0531) 0000 0002,村里\r\n"
        "v3,t1,village,安上村委会,,+86 0531 00000003\r\n"
        "\r\n,,,,,,\r\n"
        "g1,v2,grid,一组,,,\r\n");
    (void)state;
    assert_sound(areas);
    assert_path(areas, "v1", "C-1/t1/d1/v1 village");
    assert_path(areas, "g1", "C-1/t1/d1/v2/g1 grid");
    assert_str(area_name(areas, find(areas, "v1")), "曲堤, \"东\"村委会");
    assert_str(area_shown(areas, find(areas, "v1")), "东村");
    assert_str(area_shown(areas, find(areas, "t1")), "曲堤街道");
    /* the nearest upward, but never a county's name beside a village's phone */
    assert_str(area_phone(areas, find(areas, "v1")), "0531-00000000");
    assert_str(area_contact(areas, find(areas, "v1")), "镇里");
    assert_str(area_phone(areas, find(areas, "g1")), "(0531) 0000 0002");
    assert_str(area_contact(areas, find(areas, "g1")), "村里");
    assert_str(area_phone(areas, find(areas, "v3")), "+86 0531 00000003");
    assert_str(area_contact(areas, find(areas, "v3")), "");
    assert_true(area_takes_reports(areas, find(areas, "v2")));
    assert_true(area_takes_reports(areas, find(areas, "g1")));
    assert_false(area_takes_reports(areas, find(areas, "d1")));
    /* siblings as in the file */
    area_index town = find(areas, "t1");
    assert_int_equal(area_child_count(areas, town), 2);
    assert_str(area_id(areas, area_child(areas, town, 0)), "d1");
    assert_str(area_id(areas, area_child(areas, town, 1)), "v3");
    areas_free(&areas);
}

static void test_shown_names(void **state)
{
    static const char *const names[][2] = {
        {"葛家村民委员会", "葛家村"},
        {"安上村委会", "安上村"},
        {"三间房东村村委会", "三间房东村"},
        {"葛家村村民委员会", "葛家村"},
        {"阳光社区居民委员会", "阳光社区"},
        {"阳光社区居委会", "阳光社区"},
        {"城关居民委员会", "城关居委会"},
        {"城关居委会", "城关居委会"},
        {"村民委员会", "村民委员会"},
        {"村委会", "村委会"},
        {"曲堤街道", "曲堤街道"},
        {"三村", "三村"},
        {"东村村", "东村村"},
        {"委员会", "委员会"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char csv[200];
        snprintf(csv, sizeof csv, "code,name\n370115,济阳区\n370115008218,%s\n", names[i][0]);
        struct areas *areas = load(csv);
        assert_str(area_shown(areas, 1), names[i][1]);
        assert_str(area_name(areas, 1), names[i][0]);
        areas_free(&areas);
    }
}

static void test_aliases(void **state)
{
    static const struct {
        const char *id, *to, *old_name;
    } cases[] = {
        {"370115008218", "370115008219", "葛家村"}, /* has a row of its own */
        {"370115008301", "370115008219", ""},
        {"370115008302", "370115008219", "柳家村"}, /* a name given; a chain of two */
        {"370115009", "370115008", "旧镇"},
        {"370115009201", "370115009201", ""}, /* lay below the merged town */
        {"370115010777", "370115010777", ""}, /* its town is known by alias only */
        {"370115008219", "370115008219", ""},
    };
    struct areas *areas = load(
        "code,name\nalias,370115008218,370115008219\n370115,济阳区\n370115008,曲堤街道\n"
        "370115009,旧镇\n370115008218,葛家村民委员会\n370115008219,安上村委会\n"
        "alias,370115008301,370115008219\nalias,370115008302,370115008218,柳家村委会\n"
        "alias,370115009,370115008\n370115009201,下村\nalias,370115010,370115008,,\n"
        "370115010777,远村\n");
    struct str old_name;
    (void)state;
    assert_sound(areas);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        area_index area = areas_resolve(areas, str_of(cases[i].id), &old_name);
        assert_str(area_id(areas, area), cases[i].to);
        assert_str(old_name, cases[i].old_name);
    }
    assert_true(areas_find(areas, STR("370115008218")) == AREA_NONE);
    assert_true(areas_find(areas, STR("370115009")) == AREA_NONE);
    assert_true(areas_resolve(areas, STR("370115008399"), &old_name) == AREA_NONE);
    assert_path(areas, "370115009201", "370115/370115008/370115009201 village");
    assert_path(areas, "370115010777", "370115/370115008/370115010777 village");
    assert_int_equal(area_child_count(areas, find(areas, "370115008")), 3);
    areas_free(&areas);

    areas = load("id,parent,level,name\nc,,county,甲县\nold,c,town,旧镇\nv,old,village,村\n"
                 "new,c,town,新镇\nalias,old,new\n");
    assert_path(areas, "v", "c/new/v village");
    areas_free(&areas);
}

static void test_root(void **state)
{
    static const struct {
        const char *csv, *root; /* NULL: several at the top */
    } cases[] = {
        {"code,name\n37,省\n3701,市\n370115,区\n370115001,甲\n370115002,乙\n", "370115"},
        {"code,name\n37,省\n3701,市\n3702,市\n370115,区\n", "37"},
        {"code,name\n370115,区\n370115001,甲\n370115001201,村\n", "370115001"},
        {"code,name\n370115,区\n", "370115"},
        {"code,name\n37,省\n13,省\n", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct areas *areas = load(cases[i].csv);
        area_index root = areas_root(areas);
        assert_true((root == AREA_NONE) == (cases[i].root == NULL));
        if (root != AREA_NONE) {
            assert_str(area_id(areas, root), cases[i].root);
        } else {
            assert_int_equal(area_child_count(areas, AREA_NONE), 2);
            assert_true(area_child(areas, AREA_NONE, 1) == 1);
        }
        areas_free(&areas);
    }
}

static void test_buckets(void **state)
{
    struct areas *areas = load(
        "id,parent,level,name\nP,,province,省\nC,P,city,市\nX,C,county,县\nT,X,town,镇\n"
        "V,T,village,村\nT2,C,town,直管镇\nV2,T2,village,村\nO,,town,独镇\nOV,O,village,村\n");
    static const char *const of[][2] = {{"P", "P"},  {"C", "C"}, {"X", "X"},
                                        {"T", "X"},  {"V", "X"}, {"T2", "C"},
                                        {"V2", "C"}, {"O", "O"}, {"OV", "O"}};
    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        assert_int_equal(area_bucket(areas, find(areas, of[i][0])),
                         bucket_of_area(str_of(of[i][1])));
    }
    areas_free(&areas);
}

/* A pilot of one town, later the county's file: reports of before stay where they are looked for. Codes of one's own tell no county. */
static void test_buckets_before_the_county_comes(void **state)
{
    static const char *const files[] = {
        "code,name\n370115,区\n370115008,镇\n370115008218,村\n",
        "code,name\n370115008,镇\n370115008218,村\n",
        "code,name\n370115008218,村\n",
        "code,name\n37,省\n3701,市\n370115008,镇\n370115008218,村\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct areas *areas = load(files[i]);
        assert_int_equal(area_bucket(areas, find(areas, "370115008218")),
                         bucket_of_area(STR("370115")));
        areas_free(&areas);
    }
    struct areas *areas = load("id,parent,level,name\n37011500x,,town,镇\n12345678,,town,乡\n");
    assert_int_equal(area_bucket(areas, find(areas, "37011500x")),
                     bucket_of_area(STR("37011500x")));
    assert_int_equal(area_bucket(areas, find(areas, "12345678")), bucket_of_area(STR("12345678")));
    areas_free(&areas);
}

#define LONG_ID "123456789012345678901"

static void test_files_that_are_refused(void **state)
{
    static const struct {
        const char *csv, *says;
    } cases[] = {
        {"", "x.csv:1: no area is given"},
        {"code,name\n", "x.csv:2: no area is given"},
        {"37,山东省\n", "x.csv:1: header: \"37\" is unexpected"},
        {"code,name,colour\n", "x.csv:1: header: \"colour\" is unexpected"},
        {"code,code\n", "x.csv:1: header: \"code\" is unexpected"},
        {"code,parent,name\n", "x.csv:1: header: \"parent\" is unexpected"},
        {"id,name\n", "x.csv:1: header: a column is missing"},
        {"id,parent,name\n", "x.csv:1: header: a column is missing"},
        {"code\n", "x.csv:1: header: a column is missing"},
        {"code,name\n37,省\n3 7,省\n", "x.csv:3: code: \"3 7\" is no id"},
        {"code,name\n,省\n", "x.csv:2: code: \"\" is no id"},
        {"code,name\n" LONG_ID ",省\n", "x.csv:2: code: \"" LONG_ID "\" is no id"},
        {"code,name\n３７,省\n", "x.csv:2: code: \"３７\" is no id"},
        {"code,name\n37\n", "x.csv:2: name: \"37\" has no name"},
        {"code,name\n37, \n", "x.csv:2: name: \"37\" has no name"},
        {"code,name\n37,\xC9\xBD\xB6\xAB\n", "x.csv:2: name: \"?\" is not UTF-8"},
        {"code,name\n37,\"a\nb\"\n", "x.csv:2: name: \"?\" holds a control character"},
        {"code,name\n37,省,x\n", "x.csv:2: 3 fields, the header has 2"},
        {"code,name\n37,\"省\n", "x.csv:2: a quoted field has no end"},
        {"code,name,phone\n37,省,call me\n", "x.csv:2: phone: \"call me\" is no phone number"},
        {"code,name,phone\n37,省,12\n", "x.csv:2: phone: \"12\" is no phone number"},
        {"code,name\n37,省\r\n\r\n37,又\n", "x.csv:4: 37: stands in line 2 already"},
        {"code,name\n37,省\n130630,县\n", "x.csv:3: 130630: an orphan"},
        {"code,name\n370115008218001,组\n3701150082180011,又\n",
         "x.csv:3: 3701150082180011: its level is not below"},
        {"id,parent,level,name\na,,county,县\nb,x,town,镇\n",
         "x.csv:3: x: the parent is not in the file"},
        {"id,parent,level,name\na,,county,县\nb,?,town,镇\n", "x.csv:3: parent: \"?\" is no id"},
        {"id,parent,level,name\na,,County,县\n", "x.csv:2: level: \"County\" is unknown"},
        {"id,parent,level,name\na,,,县\n", "x.csv:2: level: \"\" is unknown"},
        {"id,parent,level,name\na,a,county,县\n", "x.csv:2: a: its parents lead in a circle"},
        {"id,parent,level,name\nt,,county,县\na,b,town,镇\nb,c,village,村\nc,a,grid,组\n",
         "x.csv:3: a: its parents lead in a circle"},
        {"id,parent,level,name\na,,town,镇\nb,a,town,镇\n", "x.csv:3: b: its level is not below"},
        {"id,parent,level,name\na,,village,村\nb,a,town,镇\n",
         "x.csv:3: b: its level is not below"},
        {"code,name\n37,省\nalias,38,39\n", "x.csv:3: 39: the alias leads to no area"},
        {"code,name\n37,省\nalias,38,39\nalias,39,38\n",
         "x.csv:3: 39: the aliases lead in a circle"},
        {"code,name\n37,省\nalias,37,37\n", "x.csv:3: 37: the aliases lead in a circle"},
        {"code,name\n37,省\nalias,38,37\nalias,38,37\n", "x.csv:4: 38: has an alias already"},
        {"code,name\n37,省\n38,省\nalias,38,37\nalias,38,37\n",
         "x.csv:5: 38: has an alias already"},
        {"code,name\n37,省\nalias,38\n", "x.csv:3: alias: \"\" is no id"},
        {"code,name\n37,省\nalias,38,37,a,b\n", "x.csv:3: allowed is alias,OLD,NEW[,NAME]"},
        {"code,name\n37,省\nalias,38,37,\xFF\n", "x.csv:3: alias: \"?\" is not UTF-8"},
        {"code,name\n37,省\n3701,市\nalias,37,3701\n",
         "x.csv:3: 3701: its parents lead in a circle"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {{0}};
        struct areas *areas = areas_load(str_of(cases[i].csv), "x.csv", &err);
        if (areas != NULL || strncmp(err.text, cases[i].says, strlen(cases[i].says)) != 0) {
            fail_msg("case %zu: %s", i, areas ? "loaded" : err.text);
        }
    }
}

static void test_too_deep(void **state)
{
    static const char csv[] =
        "id,parent,level,name\n1,,province,a\n2,1,city,a\n3,2,county,a\n4,3,town,a\n"
        "5,4,district,a\n6,5,village,a\n7,6,grid,a\n";
    struct areas *areas = load(csv);
    (void)state;
    assert_path(areas, "7", "1/2/3/4/5/6/7 grid"); /* the levels bound the depth */
    areas_free(&areas);
}

static void test_counties_that_ship(void **state)
{
    static const struct {
        const char *path, *root;
        size_t count;
    } files[] = {{"deploy/areas/130630.csv", "130630", 315},
                 {"deploy/areas/370115.csv", "370115", 862},
                 {"deploy/areas/370304.csv", "370304", 309}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct areas *areas = load_file(files[i].path);
        assert_sound(areas);
        assert_int_equal(areas_count(areas), files[i].count);
        assert_str(area_id(areas, areas_root(areas)), files[i].root);
        areas_free(&areas);
    }
}

/* 660,000 areas of an invented nation: as many as there are, loaded in time and space (contract §4). */
static void test_a_nation(void **state)
{
    struct buf csv;
    struct err err = {{0}};
    (void)state;
    buf_init(&csv, 64 << 20);
    buf_puts(&csv, "code,name\n");
    for (unsigned province = 11; province < 42; province++) {
        buf_printf(&csv, "%u,某某省\n", province);
        for (unsigned county = 0; county < 94; county++) {
            buf_printf(&csv, "%u01%02u,某某县\n", province, county);
            for (unsigned i = 0; i < 14 * 16; i++) {
                if (i % 16 == 0) {
                    buf_printf(&csv, "%u01%02u%03u,某某镇\n", province, county, i / 16);
                }
                buf_printf(&csv, "%u01%02u%03u%03u,某某村民委员会\n", province, county, i / 16,
                           i % 16 + 200);
            }
        }
    }
    assert_true(buf_ok(&csv));
    struct areas *areas = areas_load(buf_str(&csv), "nation.csv", &err);
    buf_release(&csv);
    assert_non_null(areas);
    assert_true(areas_count(areas) > 660000);
    assert_true(areas_bytes(areas) < (size_t)40 << 20);
    assert_str(area_shown(areas, find(areas, "410193013215")), "某某村");
    print_message("%zu areas, %zu KiB\n", areas_count(areas), areas_bytes(areas) / 1024);
    areas_free(&areas);
}

/* The generations below an area, each in one stretch: "T1 T2 | V1 V2". */
static void assert_generations(const struct areas *areas, area_index area, const char *expected)
{
    struct buf text;
    area_index first, end;
    buf_init(&text, 1000);
    for (size_t depth = 0; area_generation(areas, area, depth, &first, &end); depth++) {
        buf_puts(&text, depth > 0 ? " |" : "");
        for (area_index at = first; at < end; at++) {
            buf_puts(&text, text.len > 0 ? " " : "");
            buf_put(&text, area_id(areas, at));
        }
    }
    assert_string_equal(buf_text(&text), expected);
    buf_release(&text);
}

/* The old ids that lead below an area: "OLD>NEW level home bucket's county". */
static void assert_olds(const struct areas *areas, area_index area, const char *expected)
{
    struct buf text;
    struct area_old_walk walk = {.areas = areas, .area = area};
    struct area_old old;
    buf_init(&text, 1000);
    while (area_old_next(&walk, &old)) {
        struct str home = old.home == AREA_NONE ? STR("-") : area_id(areas, old.home);
        buf_printf(&text, "%s%.*s>%.*s %s %.*s", text.len > 0 ? ", " : "", STR_ARG(old.id),
                   STR_ARG(area_id(areas, old.now)), area_level_name(old.level), STR_ARG(home));
        unsigned bucket = old.level <= AREA_COUNTY
                              ? bucket_of_area(old.id)
                              : area_bucket(areas, old.home == AREA_NONE ? old.now : old.home);
        assert_int_equal(old.bucket, bucket);
    }
    assert_string_equal(buf_text(&text), expected);
    buf_release(&text);
}

static void test_below(void **state)
{
    struct areas *areas = load("id,parent,level,name\nC1,,county,一县\nC2,,county,二县\n"
                               "T1,C1,town,一镇\nT2,C1,town,二镇\nT3,C2,town,三镇\n"
                               "V3,T3,village,三村\nV1,T1,village,一村\nV2,T2,village,二村\n"
                               "X2,T2,village,旧村\nC0,,county,旧县\nG1,V1,grid,一组\n"
                               "alias,X1,V1,旧一\nalias,X2,V1\nalias,C0,C2\nalias,X3,X2\n");
    (void)state;
    assert_sound(areas);
    assert_generations(areas, AREA_NONE, "C1 C2 | T1 T2 T3 | V1 V2 V3 | G1");
    assert_generations(areas, find(areas, "C1"), "C1 | T1 T2 | V1 V2 | G1");
    assert_generations(areas, find(areas, "C2"), "C2 | T3 | V3");
    assert_generations(areas, find(areas, "G1"), "G1");
    assert_olds(areas, find(areas, "V1"), "X1>V1 village -, X2>V1 village T2, X3>V1 village -");
    assert_olds(areas, find(areas, "T1"), "X1>V1 village -, X2>V1 village T2, X3>V1 village -");
    assert_olds(areas, find(areas, "T2"), "");
    assert_olds(areas, find(areas, "G1"), "");
    assert_olds(areas, AREA_NONE,
                "C0>C2 county -, X1>V1 village -, X2>V1 village T2, X3>V1 village -");
    areas_free(&areas);
}

static uint64_t shape_of(const char *rows)
{
    char csv[512];
    snprintf(csv, sizeof csv, "id,parent,level,name\n%s", rows);
    struct areas *areas = load(csv);
    uint64_t shape = areas_shape(areas);
    areas_free(&areas);
    return shape;
}

/* What moves a report counts, what it is called does not. */
static void test_above_what_is_gone(void **state)
{
    static const struct {
        const char *path, *id, *above; /* "": none */
    } cases[] = {
        {"c ta v", "v", "ta"},
        {"c ta v g", "g", "ta"},
        {"c ta d v", "v", "ta"},    /* the district above it is gone too */
        {"c t-old v", "v", "tb"},   /* its town was merged */
        {"c ta v tb w", "v", "ta"}, /* where it was before does not count */
        {"c tb w ta v", "v", "w"},  /* it had gone into w, whose row is there */
        {"c tb x ta v", "v", "tb"}, /* nor x any more */
        {"gone also v", "v", ""},
        {"v", "v", ""},
        {"", "v", ""},
        {"c", "v", "c"},
    };
    struct areas *areas = load(
        "id,parent,level,name\nc,,county,县\nta,c,town,东镇\ntb,c,town,西镇\n"
        "w,tb,village,下村\nalias,t-old,tb\n");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        area_index above = area_above_gone(areas, str_of(cases[i].path), str_of(cases[i].id));
        assert_str(above != AREA_NONE ? area_id(areas, above) : STR(""), cases[i].above);
    }
    areas_free(&areas);
}

static void test_shape(void **state)
{
    (void)state;
    uint64_t shape = shape_of(
        "C,,county,县\nA,C,town,东\nB,C,town,西\nV,A,village,村\nW,B,village,屯\n");
    static const char *const same[] = {
        "C,,county,某县\nA,C,town,东镇\nB,C,town,西镇\nV,A,village,上村\nW,B,village,下屯\n",
        "C,,county,县\nB,C,town,西\nA,C,town,东\nW,B,village,屯\nV,A,village,村\n",
    };
    static const char *const others[] = {
        "C,,county,县\nA,C,town,东\nB,C,town,西\nV,B,village,村\nW,B,village,屯\n",
        "C,,county,县\nA,C,town,东\nB,C,town,西\nV,B,village,村\nW,A,village,屯\n",
        "C,,county,县\nA,C,town,东\nB,C,town,西\nV,A,grid,村\nW,B,village,屯\n",
        "C,,county,县\nA,C,town,东\nB,C,town,西\nV,A,village,村\n",
        "C,,county,县\nA,C,town,东\nB,C,town,西\nV,A,village,村\nW,B,village,屯\nX,B,village,"
        "庄\n",
        "C,,county,县\nA,C,town,东\nB,C,town,西\nV,A,village,村\nW,B,village,屯\nalias,V,W\n",
        "C,,county,县\nA,C,town,东\nB,C,town,西\nV,A,village,村\nW,B,village,屯\nalias,X,V\n",
        "C,,county,县\nA,C,town,东\nB,C,town,西\nV,A,village,村\nW,B,village,屯\nalias,X,W\n",
    };
    uint64_t seen[8];
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_true(shape_of(same[i]) == shape);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        seen[i] = shape_of(others[i]);
        assert_true(seen[i] != shape);
        for (size_t j = 0; j < i; j++) {
            assert_true(seen[i] != seen[j]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_form),
        cmocka_unit_test(test_long_form),
        cmocka_unit_test(test_shown_names),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_buckets_before_the_county_comes),
        cmocka_unit_test(test_files_that_are_refused),
        cmocka_unit_test(test_too_deep),
        cmocka_unit_test(test_counties_that_ship),
        cmocka_unit_test(test_a_nation),
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_above_what_is_gone),
        cmocka_unit_test(test_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
