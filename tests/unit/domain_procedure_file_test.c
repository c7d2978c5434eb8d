/* Procedure files that are refused, each with the path of what is wrong. */
#include "domain_procedures.h"

/* Three steps a, b, c; what is put in place of the marks makes them wrong. */
static struct procedure *load(const char *a, const char *b, const char *c, const char *rest,
                              struct err *err)
{
    static const char words[] = "\"word\":\"待上门\",\"name\":\"入户\",\"who\":\"村里\"";
    struct buf text;
    buf_init(&text, 65536);
    buf_printf(&text,
               "{\"id\":\"x\",\"name\":\"某县\",\"steps\":[{\"id\":\"a\",%s%s},"
               "{\"id\":\"b\",%s%s},{\"id\":\"c\",%s%s}],"
               "\"reasons\":[{\"id\":\"solved\",\"words\":\"这个困难已经解决\"}]%s}",
               words, a, words, b, words, c, rest);
    struct procedure *procedure = procedure_load(buf_str(&text), "x.json", err);
    buf_release(&text);
    return procedure;
}

struct file {
    const char *a, *b, *c, *rest, *says; /* says "": it loads */
};

static void refuse(const struct file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err err = {{0}};
        struct procedure *procedure = load(files[i].a, files[i].b, files[i].c, files[i].rest, &err);
        char says[300];
        snprintf(says, sizeof says, "x.json: %s", files[i].says);
        bool right = files[i].says[0] ? procedure == NULL && strstr(err.text, says) == err.text
                                      : procedure != NULL;
        if (!right) {
            fail_msg("file %zu: %s", i, procedure ? "loaded" : err.text);
        }
        if (procedure != NULL) {
            procedure_free(&procedure);
        }
    }
}

#define AFTER_A      ",\"after\":[\"a\"]"
#define DUE(d, from) ",\"deadline\":{\"days\":" #d ",\"unit\":\"working\",\"from\":\"" from "\"}"

static void test_steps(void **state)
{
    static const struct file files[] = {
        {"", AFTER_A, ",\"after\":[\"b\"]", "", ""},
        {"", ",\"after\":[\"c\"]", ",\"after\":[\"b\"]", "",
         "steps[1].after: is never reached, the steps wait for one another in a circle: b, c, b"},
        {",\"after\":[\"b\"]", ",\"after\":[\"c\"]", ",\"after\":[\"c\"]", "",
         "steps[0].after: is never reached, the steps wait for one another in a circle: a, b, c, "
         "c"},
        {"", AFTER_A DUE(5, "a"), "", "", ""},
        {"", AFTER_A DUE(5, "filed"), "", "", ""},
        {"", AFTER_A DUE(5, "opened"), "", "", ""},
        {"", DUE(5, "a"), "", "", "steps[1].deadline.from: must be opened, filed or"},
        {"", AFTER_A DUE(5, "b"), "", "", "steps[1].deadline.from: must be"},
        {"", AFTER_A DUE(5, "nobody"), "", "", "steps[1].deadline.from: must be"},
        {"", AFTER_A DUE(5, ""), "", "", "steps[1].deadline.from: must be"},
        {"", AFTER_A DUE(367, "a"), "", "",
         "steps[1].deadline.days: must be a whole number from 1"},
        {",\"deadline\":{\"unit\":\"working\"}", "", "", "", "steps[0].deadline.days: must be"},
        {",\"deadline\":null", "", "", "", "steps[0].deadline: must be an object"},
        {",\"by\":\"king\"", "", "", "", "steps[0].by: unknown, allowed are village"},
        {",\"by\":1", "", "", "", "steps[0].by: unknown"},
        {",\"by\":\"county\",\"task\":\"当面签承诺授权书\"", "", "", "", ""},
        {",\"task\":1", "", "", "", "steps[0].task: a text is needed"},
        {DUE(4, "opened") ",\"notice_days_min\":5", "", "", "",
         "steps[0].deadline.days: is shorter than the notice stands"},
        {DUE(5, "opened") ",\"notice_days_min\":5", "", "", "", ""},
        {",\"skip_when\":\"plain_risk\"", "", "", "", "steps[0].skip_when: must be a list"},
        {",\"skip_when\":[\"rain\"]", "", "", "",
         "steps[0].skip_when[0]: unknown, allowed are plain"},
        {",\"skip_when\":[\"no_objection\"]", "", "", "", "steps[0].skip_when: no notice comes"},
        {",\"skip_when\":[],\"outcomes\":[\"passed\"]", "", "", "",
         "steps[0].skip_when: the outcomes do not allow skipped"},
        {",\"skip_when\":[]", "", "", "", ""},
        {"", "", ",\"result\":1", "", "steps[2].result: must be true or false"},
        {"", "", ",\"result\":true", "", ""},
        {"", "", ",\"result\":true" AFTER_A, "", "steps[2].after: a result step opens when"},
        {",\"result\":true", AFTER_A, "", "", "steps[0].result: another step waits for it"},
        {",\"result\":true", ",\"result\":true", ",\"result\":true", "",
         "steps[0].result: no other step comes before it"},
        {"", "", ",\"result\":true", ",\"endings\":[\"declined\"]",
         "steps[2].result: is never reached, there is no ending admitted"},
        {",\"afterwards\":true", "", "", "", "steps[0].afterwards: needs a deadline"},
        {",\"afterwards\":true" DUE(5, "opened"), "", "", "", ""},
        {"", "", "", ",\"total\":{\"days\":5,\"unit\":\"working\",\"from\":\"a\"}",
         "total.from: the total runs from filed"},
    };
    (void)state;
    refuse(files, sizeof files / sizeof files[0]);
}

static void test_moves(void **state)
{
    static const struct file files[] = {
        {"", "", "", ",\"moves\":[\"ask\",{\"id\":\"pause\",\"days_max\":10}]", ""},
        {"", "", "", ",\"moves\":[{\"id\":\"fly\"}]",
         "moves[0]: unknown, allowed are transfer ask"},
        {"", "", "", ",\"moves\":[{}]", "moves[0]: unknown"},
        {"", "", "", ",\"moves\":[1]", "moves[0]: unknown"},
        {"", "", "", ",\"moves\":{}", "moves: must be a list"},
        {"", "", "", ",\"moves\":[\"ask\",{\"id\":\"ask\"}]", "moves[1]: stands twice"},
        {"", "", "", ",\"moves\":[{\"id\":\"merge\",\"times_max\":2}]",
         "moves[0].times_max: unknown key, allowed are id word"},
        {"", "", "", ",\"moves\":[{\"id\":\"pause\",\"times_max\":5}]",
         "moves[0].times_max: must be a whole number from 1 to 4"},
        {"", "", "", ",\"moves\":[{\"id\":\"pause\",\"days_max\":0}]",
         "moves[0].days_max: must be"},
        {"", "", "", ",\"moves\":[{\"id\":\"pause\",\"days_max\":30}]", ""},
        {"", "", "", ",\"moves\":[{\"id\":\"pause\",\"days_max\":31}]",
         "moves[0].days_max: must be a whole number from 1 to 30"},
        {"", "", "", ",\"moves\":[{\"id\":\"transfer\",\"times_max\":9}]",
         "moves[0].times_max: must be a whole number from 1 to 8"},
        {"", "", "", ",\"moves\":[{\"id\":\"nudge\",\"every_days\":\"3\"}]",
         "moves[0].every_days: must be"},
        {"", "", "", ",\"moves\":[{\"id\":\"ask\",\"word\":\"一二三四五六\"}]",
         "moves[0].word: is longer than 5"},
        {"", "", "", ",\"moves\":[{\"id\":\"object\",\"reopens\":\"z\"}]",
         "moves[0].reopens: no such step"},
        {"", "", ",\"result\":true", ",\"moves\":[{\"id\":\"object\",\"reopens\":\"c\"}]",
         "moves[0].reopens: no such step"},
        {"", "", "", ",\"moves\":[{\"id\":\"object\",\"deadline\":{\"days\":5}}]",
         "moves[0].deadline.unit: must be"},
        {"", "", "", ",\"moves\":[{\"id\":\"object\"" DUE(5, "filed") "}]",
         "moves[0].deadline.from: an objection's clock"},
        {"", "", "", ",\"moves\":[\"merge\"],\"endings\":[\"admitted\"]",
         "moves[0]: needs the ending merged"},
        {"", "", "", ",\"moves\":[{\"id\":\"withdraw\"}],\"endings\":[\"admitted\"]",
         "moves[0]: needs the ending withdrawn"},
        {"", "", "", ",\"moves\":[\"object\"],\"endings\":[\"admitted\"]",
         "moves[0]: needs the ending declined"},
    };
    (void)state;
    refuse(files, sizeof files / sizeof files[0]);
}

static void test_endings(void **state)
{
    static const struct file files[] = {
        {"", "", "", ",\"endings\":[\"admitted\",{\"id\":\"declined\",\"after\":[\"a\"]}]", ""},
        {"", "", "", ",\"endings\":[]", "endings: must be a list of endings"},
        {"", "", "", ",\"endings\":{}", "endings: must be a list of endings"},
        {"", "", "", ",\"endings\":[\"lost\"]",
         "endings[0]: unknown, allowed are admitted declined"},
        {"", "", "", ",\"endings\":[\"already\",\"already\"]", "endings[1]: stands twice"},
        {"", "", "", ",\"endings\":[{\"id\":\"admitted\",\"after\":[\"z\"]}]",
         "endings[0].after[0]: no such step"},
        {"", "", ",\"result\":true", ",\"endings\":[{\"id\":\"admitted\",\"after\":[\"c\"]}]",
         "endings[0].after: a result step opens"},
        {"", "", "", ",\"endings\":[{\"id\":\"admitted\",\"reason\":1}]",
         "endings[0].reason: must be true or false"},
        {"", "", "", ",\"endings\":[{\"id\":\"admitted\",\"at\":1}]", "endings[0].at: unknown key"},
        {"", "", "", ",\"categories\":[]", "categories: must be a list of 1 to 16"},
        {"", "", "", ",\"categories\":[{\"id\":\"A\",\"words\":\"x\"}]",
         "categories[0].id: must be"},
        {"", "", "",
         ",\"categories\":[{\"id\":\"a\",\"words\":\"x\"},{\"id\":\"a\",\"words\":\"y\"}]",
         "categories[1].id: stands twice"},
    };
    (void)state;
    refuse(files, sizeof files / sizeof files[0]);
}

#define GREEN(steps) ",\"green_channel\":{\"name\":\"绿色通道\",\"steps\":[" steps "]}"

static void test_green_channel(void **state)
{
    static const struct file files[] = {
        {"", "", "", GREEN("{\"id\":\"c\"},{\"id\":\"a\",\"after\":[\"c\"]},{\"id\":\"b\"}"), ""},
        {"", "", "", GREEN("{\"id\":\"c\"},{\"id\":\"a\"}"),
         "green_channel.steps: b is missing, an ending or a move names it"},
        {"", "", "",
         ",\"endings\":[{\"id\":\"admitted\",\"after\":[\"a\"]},\"declined\"],\"moves\":"
         "[{\"id\":\"object\",\"reopens\":\"b\"}]" GREEN("{\"id\":\"a\"}"),
         "green_channel.steps: b is missing"},
        {"", "", "",
         ",\"endings\":[{\"id\":\"admitted\",\"after\":[\"a\"]}]" GREEN("{\"id\":\"a\"}"), ""},
        {"", "", "", GREEN("{\"id\":\"a\",\"after\":[\"z\"]}"),
         "green_channel.steps[0].after[0]: no such step"},
        {"", "", "",
         GREEN("{\"id\":\"a\",\"after\":[\"b\"]},{\"id\":\"b\",\"after\":[\"a\"]},{\"id\":\"c\"}"),
         "green_channel.steps[0].after: is never reached"},
        {"", "", "", GREEN("{\"id\":\"a\"" DUE(5, "b") "},{\"id\":\"b\"},{\"id\":\"c\"}"),
         "green_channel.steps[0].deadline.from: must be"},
        {"", "", "", GREEN("1"), "green_channel.steps[0]: must be an object"},
        {"", "", "",
         ",\"green_channel\":{\"name\":\"绿色通道\",\"total\":{\"days\":1},\"steps\":[]}",
         "green_channel.total.unit: must be"},
    };
    (void)state;
    refuse(files, sizeof files / sizeof files[0]);
}

static void test_what_holds_when_nothing_is_said(void **state)
{
    struct err err = {{0}};
    struct procedure *procedure = load(
        "", "", "", ",\"moves\":[\"transfer\",\"ask\",\"pause\",\"nudge\",\"object\"]", &err);
    const struct procedure_move *moves = procedure->moves;
    (void)state;
    assert_int_equal(moves[PROCEDURE_TRANSFER].times_max, 3);
    assert_int_equal(moves[PROCEDURE_PAUSE].days, 30);
    assert_int_equal(moves[PROCEDURE_PAUSE].times_max, 2);
    assert_int_equal(moves[PROCEDURE_NUDGE].days, 3);
    assert_int_equal(moves[PROCEDURE_OBJECT].days, 30);
    assert_int_equal(moves[PROCEDURE_OBJECT].deadline.days, 5);
    assert_int_equal(moves[PROCEDURE_OBJECT].deadline.unit, DEADLINE_WORKING);
    assert_int_equal(moves[PROCEDURE_OBJECT].step, -1);
    assert_false(moves[PROCEDURE_MERGE].allowed || moves[PROCEDURE_WITHDRAW].allowed);
    assert_int_equal(procedure->endings[ENDING_ADMITTED].after, 7);
    assert_true(procedure->endings[ENDING_DECLINED].reason);
    assert_false(procedure->endings[ENDING_CLEARED].allowed);
    procedure_free(&procedure);
}

static void join_paths(void *arg, const char *path, const char *name, int days,
                       enum deadline_unit unit)
{
    char *text = arg;
    size_t len = strlen(text);
    (void)unit;
    snprintf(text + len, 300 - len, "%s %s %d;", path, name, days);
}

/* Each where it stands: the green channel's own, not what it has from the procedure. */
static void test_unconfirmed(void **state)
{
    static const char maybe[] =
        ",\"deadline\":{\"days\":7,\"unit\":\"working\",\"basis\":\"unconfirmed\"}";
    struct err err = {{0}};
    struct procedure *procedure = load(
        maybe, DUE(3, "opened"), "",
        ",\"moves\":[\"ask\",\"object\"]"
        ",\"green_channel\":{\"name\":\"绿色通道\",\"total\":{\"days\":2,\"unit\":\"working\","
        "\"basis\":\"unconfirmed\"},\"steps\":[{\"id\":\"a\"},{\"id\":\"c\"},{\"id\":\"b\"}]}",
        &err);
    char text[300] = "";
    (void)state;
    procedure_unconfirmed(procedure, join_paths, text);
    assert_string_equal(
        text,
        "steps[0].deadline 入户 7;moves[1].deadline object 5;green_channel.total 绿色通道 2;");
    procedure_free(&procedure);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_endings),
        cmocka_unit_test(test_green_channel),
        cmocka_unit_test(test_what_holds_when_nothing_is_said),
        cmocka_unit_test(test_unconfirmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
