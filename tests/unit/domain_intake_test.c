#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "domain/area_search.h"
#include "domain/intake.h"

/* Two counties: 东河村 lies in two towns of the first and in one of the second; 老庄村 was merged into 新庄村. */
static const char areas_csv[] = "id,parent,level,name\n"
                                "11,,city,试验市\n"
                                "1101,11,county,甲县\n"
                                "1102,11,county,乙县\n"
                                "110101,1101,town,东镇\n"
                                "110102,1101,town,西镇\n"
                                "110201,1102,town,东镇\n"
                                "1101011,110101,village,东河村民委员会\n"
                                "1101012,110101,village,新庄村民委员会\n"
                                "1101021,110102,village,东河村委会\n"
                                "1101022,110102,village,山口村委会\n"
                                "1102011,110201,village,东河村民委员会\n"
                                "1102012,110201,village,山口村民委员会\n"
                                "11020121,1102012,grid,第一联户\n"
                                "alias,1101013,1101012,老庄村\n";

enum { NOW_S = 1795744800 }; /* 2026-11-27T10:00:00+08:00 */

static struct areas *areas;
static struct form *form;
static struct intake_rules *rules;
/* medical owes two, health one */
static const struct pushes pushes = {.at = {{.id = "medical_bills", .org = "medical"},
                                            {.id = "medical_aid", .org = "medical"},
                                            {.id = "serious_illness", .org = "health"}},
                                     .count = 3};

static void read_all(const char *path, struct buf *to)
{
    struct err err;
    buf_init(to, 1 << 20);
    if (!file_read(path, to, &err)) {
        print_message("%s\n", err.text);
        fail();
    }
}

static int load(void **state)
{
    (void)state;
    struct err err = {0};
    struct buf text;
    areas = areas_load(STR(areas_csv), "areas.csv", &err);
    read_all("templates/forms/report.json", &text);
    form = form_load(buf_str(&text), "report.json", &err);
    buf_release(&text);
    read_all("templates/intake.json", &text);
    rules = intake_rules_load(buf_str(&text), "intake.json", form, &err);
    buf_release(&text);
    print_message("%s\n", err.text);
    return areas != NULL && form != NULL && rules != NULL ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    intake_rules_free(&rules);
    form_free(&form);
    areas_free(&areas);
    return 0;
}

/* ---- bodies ---- */

#define WHO  "'area':'1101011','name':'试验甲','risks':['illness']"
#define ID   "'id_number':'11010519491231002X'"
#define CALL "{'source':'hotline','basis':'spoken','found_at':'2026-11-20'," WHO
#define DEPT "{'source':'department','source_org':'medical'," WHO "," ID

static const struct {
    const char *body;
    const char *scope, *org;
    const char *faults; /* "pointer code;…" sorted as they came, or "" */
} bodies[] = {
    {CALL "}", "11", "", ""},
    {CALL ",'phone':'0531-84232015','detail':'住院','urgent':true}", "11", "", ""},
    {DEPT "}", "11", "", ""},
    {"{'source':'department'," WHO "," ID "}", "11", "medical", ""},
    {"{'source':'system'," WHO "," ID "}", "11", "", ""},
    {"{'source':'cadre'," WHO ",'phone':'19900000000'}", "11", "", ""},
    {"{'source':'public'," WHO "}", "11", "", ""},
    /* the table */
    {"{}", "11", "", "/source required;/name required;/risks required;/area required"},
    {"{'source':'self'," WHO "}", "11", "", "/source not_allowed"},
    {CALL ",'helper_name':'x'}", "11", "", "/helper_name unknown_member"},
    {CALL ",'urgent':1}", "11", "", "/urgent type"},
    /* what each source must give */
    {"{'source':'petition'," WHO "}", "11", "", "/basis required;/found_at required"},
    {"{'source':'hotline','basis':'duty','found_at':'2026-11-20'," WHO "}", "11", "",
     "/basis not_allowed"},
    {"{'source':'hotline','basis':'word','found_at':'2026-11-20'," WHO "}", "11", "",
     "/basis not_allowed"},
    {"{'source':'department'," WHO "," ID "}", "11", "", "/source_org required"},
    {"{'source':'department','source_org':'medical'," WHO "}", "11", "", "/id_number required"},
    {"{'source':'cadre'," WHO "}", "11", "", "/id_number required"},
    {"{'source':'cadre'," WHO ",'id_number':'','phone':''}", "11", "", "/id_number required"},
    {"{'source':'cadre'," WHO ",'phone':' '}", "11", "", "/id_number required"},
    {"{'source':'cadre'," WHO ",'id_number':' - ','phone':'\\u200b'}", "11", "",
     "/id_number required"},
    {"{'source':'cadre'," WHO ",'id_number':null,'phone':'19900000000'}", "11", "", ""},
    {"{'source':'cadre'," WHO ",'phone':'5'}", "11", "", "/phone length"},
    {"{'source':'cadre'," WHO ",'phone':5}", "11", "", "/phone type"},
    /* the place */
    {"{'source':'public','name':'试验甲','risks':['illness']}", "11", "", "/area required"},
    {"{'source':'public','town':'东镇','name':'试验甲','risks':['illness']}", "11", "",
     "/village required"},
    {"{'source':'public','village':'x'," WHO "}", "11", "", "/area not_allowed"},
    {"{'source':'public','area':'1101013','name':'试验甲','risks':['illness']}", "11", "", ""},
    {"{'source':'public','area':'9999','name':'试验甲','risks':['illness']}", "11", "",
     "/area unknown"},
    {"{'source':'public','area':'1101011','name':'试验甲','risks':['illness']}", "1102", "",
     "/area unknown"},
    {"{'source':'public','area':'110101','name':'试验甲','risks':['illness']}", "11", "",
     "/area level"},
    {"{'source':'public','area':'11020121','name':'试验甲','risks':['illness']}", "11", "", ""},
    /* the person */
    {"{'source':'public','area':'1101011','name':'  ','risks':['illness']}", "11", "",
     "/name short"},
    {"{'source':'public','area':'1101011','name':'甲2','risks':['illness']}", "11", "",
     "/name characters"},
    {CALL ",'id_number':'110105194912310021'}", "11", "", "/id_number check"},
    {CALL ",'id_number':'110105491231002'}", "11", "", "/id_number fifteen"},
    {CALL ",'id_number':'11010519491231002X44'}", "11", "", "/id_number certificate"},
    {CALL ",'id_number':''}", "11", "", ""},
    {CALL ",'phone':'1990000000'}", "11", "", "/phone length"},
    {CALL ",'phone':'84232015'}", "11", "", "/phone area"},
    {CALL ",'phone':5}", "11", "", "/phone type"},
    /* the need */
    {"{'source':'public','area':'1101011','name':'试验甲','risks':['epidemic']}", "11", "",
     "/risks/0 not_allowed"},
    {"{'source':'public','area':'1101011','name':'试验甲','risks':['jobs','jobs']}", "11", "",
     "/risks/1 repeated"},
    {"{'source':'public','area':'1101011','name':'试验甲','risks':[]}", "11", "", "/risks few"},
    {"{'source':'public','area':'1101011','name':'试验甲','risks':['jobs','other']}", "11", "",
     "/detail required"},
    {"{'source':'public','area':'1101011','name':'试验甲','risks':['other'],'detail':'说不清'}",
     "11", "", ""},
    {"{'source':'public','area':'1101011','name':'试验甲','risks':['other'],'detail':' '}", "11",
     "", "/detail required"},
    {CALL ",'detail':'a\\u202eb'}", "11", "", "/detail characters"},
    /* where it comes from */
    {"{'source':'public','found_at':'2026-11-28'," WHO "}", "11", "", "/found_at future"},
    {"{'source':'public','found_at':'2026-11-27T10:09:00+08:00'," WHO "}", "11", "", ""},
    {"{'source':'public','found_at':'2026-11-27T10:11:00+08:00'," WHO "}", "11", "",
     "/found_at future"},
    {"{'source':'public','found_at':'2021-11-28'," WHO "}", "11", "", ""},
    {"{'source':'public','found_at':'2021-11-26'," WHO "}", "11", "", "/found_at old"},
    {"{'source':'public','found_at':'last week'," WHO "}", "11", "", "/found_at time"},
    {"{'source':'public','source_org':'medicine'," WHO "}", "11", "", "/source_org unknown"},
    {"{'source':'public','source_org':'区医保局'," WHO "}", "11", "", ""},
    {"{'source':'public','source_org':'医保'," WHO "}", "11", "medical", ""},
    {"{'source':'public','source_org':'health'," WHO "}", "11", "medical", "/source_org org"},
    {"{'source':'public','source_org':'ours'," WHO "}", "11", "ours", ""},
    {DEPT ",'push':'medical_aid'}", "11", "", ""},
    {DEPT ",'push':'medical_kit'}", "11", "", "/push unknown"},
    {DEPT ",'push':'serious_illness'}", "11", "", "/push org"},
    {CALL ",'push':'serious_illness'}", "11", "", "/push org"},
    {"{'source':'public','external_ref':'a\\nb'," WHO "}", "11", "", "/external_ref characters"},
};

static json_t *parse(const char *quoted)
{
    char text[1024];
    struct json_fault fault;
    snprintf(text, sizeof text, "%s", quoted);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '\'' ? '"' : *at;
    }
    json_t *json = json_body_parse(str_of(text), &fault);
    assert_non_null(json);
    return json;
}

static bool read_body(const char *body, const char *scope_text, const char *org, struct intake *ret,
                      struct json_faults *faults)
{
    struct scope scope;
    json_t *json = parse(body);
    scope_read(areas, str_of(scope_text), &scope);
    struct intake_context context = {.rules = rules,
                                     .form = form,
                                     .areas = areas,
                                     .scope = &scope,
                                     .pushes = &pushes,
                                     .org = str_of(org),
                                     .now_ms = INT64_C(1000) * NOW_S};
    *faults = (struct json_faults){0};
    bool passed = intake_read(&context, json, ret, faults);
    json_decref(json);
    return passed;
}

static void test_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct json_faults faults;
        struct intake intake;
        char said[512] = "";
        bool passed = read_body(bodies[i].body, bodies[i].scope, bodies[i].org, &intake, &faults);
        for (size_t j = 0; j < faults.count; j++) {
            size_t used = strlen(said);
            snprintf(said + used, sizeof said - used, "%s%s %s", j ? ";" : "", faults.at[j].pointer,
                     faults.at[j].code);
        }
        print_message("%s ~ %s\n", bodies[i].body, said);
        assert_string_equal(said, bodies[i].faults);
        assert_int_equal(passed, bodies[i].faults[0] == '\0');
        intake_release(&intake);
    }
}

static void test_result(void **state)
{
    (void)state;
    struct json_faults faults;
    struct intake intake;
    assert_true(
        read_body("{'source':'department','source_org':'县医保局','area':'1101013',"
                  "'name':'试验·甲','id_number':'１１０１０５ 19491231002x',"
                  "'phone':'+86 199-0000-0000','risks':['jobs','illness'],'detail':'a\\r\\nb',"
                  "'urgent':true,'found_at':'2026-11-20','external_ref':'YB-7',"
                  "'push':'medical_bills'}",
                  "11", "", &intake, &faults));
    char *text = json_dumps(intake.values, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(text, "{\"detail\":\"a\\nb\",\"id_number\":\"11010519491231002X\","
                              "\"name\":\"试验·甲\",\"phone\":\"19900000000\","
                              "\"risk\":[\"illness\",\"jobs\"],\"urgent\":true}");
    free(text);
    assert_true(str_is(area_id(areas, intake.area), "1101012"));
    assert_string_equal(intake.rule->source, "department");
    assert_true(intake.rule->lead);
    assert_true(intake.rule->total_from_found);
    assert_string_equal(intake.basis, "duty");
    assert_string_equal(intake.org, "medical");
    assert_string_equal(intake.external_ref, "YB-7");
    assert_string_equal(intake.push->id, "medical_bills");
    assert_int_equal(intake.found_ms, INT64_C(1795104000000)); /* 2026-11-20T00:00:00+08:00 */
    assert_int_equal(intake.age, 76);
    intake_release(&intake);

    assert_true(
        read_body("{'source':'cadre','phone':'19900000000'," WHO "}", "11", "", &intake, &faults));
    assert_false(intake.rule->lead);
    assert_string_equal(json_string_value(json_object_get(intake.values, "filed_by")), "cadre");
    assert_null(intake.push);
    assert_int_equal(intake.found_ms, 0);
    assert_int_equal(intake.age, -1);
    intake_release(&intake);
    /* the only push of an organisation is meant, one of two must be named */
    assert_true(
        read_body("{'source':'public','source_org':'health'," WHO "}", "11", "", &intake, &faults));
    assert_string_equal(intake.push->id, "serious_illness");
    intake_release(&intake);
    assert_true(read_body("{'source':'public','source_org':'medical'," WHO "}", "11", "", &intake,
                          &faults));
    assert_null(intake.push);
    intake_release(&intake);
    /* a clock that goes a little ahead does not carry the finding into the future */
    assert_true(read_body("{'source':'public','found_at':'2026-11-27T10:09:00+08:00'," WHO "}",
                          "11", "", &intake, &faults));
    assert_int_equal(intake.found_ms, INT64_C(1000) * NOW_S);
    intake_release(&intake);
}

/* What a county's own file demands of a source must hold something: blanks are as good as nothing. */
static void test_demanded(void **state)
{
    static const char *const demanded[] = {"id_number", "phone", "detail", "external_ref"};
    (void)state;
    for (size_t i = 0; i < sizeof demanded / sizeof demanded[0]; i++) {
        char file[256], body[256], pointer[32];
        struct err err = {0};
        struct json_faults faults;
        struct intake intake;
        struct intake_rules *shipped = rules;
        snprintf(file, sizeof file,
                 "{\"found_days_max\":10,\"sources\":{\"public\":{\"name\":\"x\",\"basis\":"
                 "[\"duty\"],\"required\":[\"%s\"]}}}",
                 demanded[i]);
        snprintf(body, sizeof body, "{'source':'public'," WHO ",'%s':'  '}", demanded[i]);
        snprintf(pointer, sizeof pointer, "/%s", demanded[i]);
        rules = intake_rules_load(str_of(file), "intake.json", form, &err);
        assert_non_null(rules);
        assert_false(read_body(body, "11", "", &intake, &faults));
        assert_int_equal(faults.count, 1);
        assert_string_equal(faults.at[0].pointer, pointer);
        assert_string_equal(faults.at[0].code, "required");
        intake_release(&intake);
        intake_rules_free(&rules);
        rules = shipped;
    }
}

/* ---- places by name ---- */

static const struct {
    const char *scope, *town, *village;
    const char *found; /* ids, blank-separated */
} places[] = {
    {"11", "东镇", "新庄村", "1101012"},
    {"11", "东镇", "新庄村民委员会", "1101012"},
    {"11", "东镇", "老庄村", "1101012"},
    {"11", "", "老庄村", "1101012"},
    {"11", "西镇", "老庄村", ""},
    {"1102", "", "老庄村", ""},
    {"11", "东镇", "东河村", "1101011 1102011"},
    {"11", "", "东河村", "1101011 1101021 1102011"},
    {"1101", "东镇", "东河村", "1101011"},
    {"11", "乙县", "东河村", "1102011"},
    {"110102", "西镇", "东河村", "1101021"},
    {"1101021", "西镇", "东河村", "1101021"},
    {"1101021", "东镇", "东河村", ""},
    {"110101,110201", "", "东河村", "1101011 1102011"},
    {"11", "", "第一联户", ""},
    {"11", "", "山口村", "1101022 1102012"},
    {"11", "", "山口", ""},
    {"11", "", "东镇", ""},
    {"11", "东镇", "", ""},
};

static void test_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        area_index found[AREA_SEARCH_MAX];
        struct scope scope;
        char ids[256] = "";
        scope_read(areas, str_of(places[i].scope), &scope);
        size_t count = area_search(areas, &scope, str_of(places[i].town), str_of(places[i].village),
                                   found);
        for (size_t j = 0; j < count; j++) {
            struct str id = area_id(areas, found[j]);
            size_t used = strlen(ids);
            snprintf(ids + used, sizeof ids - used, "%s%.*s", j ? " " : "", STR_ARG(id));
        }
        print_message("%s / %s / %s: %s\n", places[i].scope, places[i].town, places[i].village,
                      ids);
        assert_string_equal(ids, places[i].found);
    }
}

static void test_candidates(void **state)
{
    (void)state;
    struct json_faults faults;
    struct intake intake;
    const char *body = "{'source':'public','town':'东镇','village':'东河村','name':'试验甲',"
                       "'risks':['jobs']}";
    assert_false(read_body(body, "11", "", &intake, &faults));
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.at[0].pointer, "/village");
    assert_string_equal(faults.at[0].code, "ambiguous");
    char *text = json_dumps(intake.candidates, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text,
                        "[{\"id\":\"1101011\",\"path\":[\"试验市\",\"甲县\",\"东镇\",\"东河村\"]},"
                        "{\"id\":\"1102011\",\"path\":[\"试验市\",\"乙县\",\"东镇\",\"东河村\"]}]");
    free(text);
    intake_release(&intake);
    assert_true(read_body(body, "1102", "", &intake, &faults));
    assert_true(str_is(area_id(areas, intake.area), "1102011"));
    assert_null(intake.candidates);
    intake_release(&intake);
}

/* ---- the file ---- */

#define FILE_OF(more) "{'found_days_max':10," more "}"
#define ONE(members)  FILE_OF("'sources':{'cadre':{'name':'干部','basis':['duty']" members "}}")
#define ORGS(orgs)    FILE_OF("'sources':{},'orgs':[" orgs "]")
#define ORG_A         "{'id':'a','name':'甲','names':['甲局']}"

static const struct {
    const char *json, *says;
} broken[] = {
    {"{", "intake.json:1: "},
    {"{'sources':{}}", "intake.json: /found_days_max: is required"},
    {FILE_OF("'sorces':{}"), "intake.json: /sources: is required"},
    {FILE_OF("'sources':{'self':{}}"), "intake.json: /sources/self: allowed are: cadre, depar"},
    {FILE_OF("'sources':{'cadre':{'name':'干部'}}"), "/sources/cadre/basis: is required"},
    {FILE_OF("'sources':{'cadre':{'name':'干部','basis':[]}}"), "/sources/cadre/basis: at least"},
    {ONE(",'basis_':1"), "/sources/cadre/basis_: allowed are"},
    {ONE(",'required':['name']"), "/sources/cadre/required/0: must be one of: basis"},
    {ONE(",'filed_by':'me'"), "/sources/cadre/filed_by: must be one of: self"},
    {ONE(",'total_from':'now'"), "/sources/cadre/total_from: must be one of"},
    {ONE(",'lead':'yes'"), "/sources/cadre/lead: must be true or false"},
    {FILE_OF("'sources':{},'detail_with':['luck']"), "/detail_with/0: the form has no such risk"},
    {ORGS("{'id':'A','name':'x'}"), "/orgs/0/id: must be 0-9, a-z and -"},
    {ORGS(ORG_A ",{'id':'a','name':'x'}"), "/orgs/1/id: stands here twice"},
    {ORGS(ORG_A ",{'id':'b','name':'甲'}"), "/orgs/1/name: stands here twice"},
    {ORGS(ORG_A ",{'id':'b','name':'乙','names':['乙局','甲局']}"), "/orgs/1/names/1: stands"},
};

static void test_broken_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct err err = {0};
        char text[1024];
        snprintf(text, sizeof text, "%s", broken[i].json);
        for (char *at = text; *at != '\0'; at++) {
            *at = *at == '\'' ? '"' : *at;
        }
        assert_null(intake_rules_load(str_of(text), "intake.json", form, &err));
        print_message("%s\n", err.text);
        assert_non_null(strstr(err.text, broken[i].says));
    }
}

static void test_orgs(void **state)
{
    (void)state;
    assert_string_equal(intake_org(rules, STR("医保局")), "medical");
    assert_string_equal(intake_org(rules, STR("medical")), "medical");
    assert_null(intake_org(rules, STR("")));
    assert_null(intake_org(rules, STR("局")));
    assert_true(str_is(intake_org_name(rules, STR("medical")), "医保"));
    assert_true(str_is(intake_org_name(rules, STR("ours")), "ours"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),     cmocka_unit_test(test_result),
        cmocka_unit_test(test_demanded),   cmocka_unit_test(test_places),
        cmocka_unit_test(test_candidates), cmocka_unit_test(test_broken_files),
        cmocka_unit_test(test_orgs),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
