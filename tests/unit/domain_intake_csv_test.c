#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "domain/intake_csv.h"

static const char *risk(void *arg, struct str word)
{
    static const char *const words[][2] = {
        {"illness", "illness"}, {"看病花钱多", "illness"},
        {"jobs", "jobs"},       {"没活干、工资少、收入断了", "jobs"},
        {"没活干", "jobs"},
    };
    (void)arg;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (str_is(word, words[i][0])) {
            return words[i][1];
        }
    }
    return NULL;
}

#define HEAD "姓名,身份证号,乡镇,村,困难类型,发现日期,紧急\n"

static const struct {
    const char *text;
    const char *bodies; /* sorted, compact, one a line, or an error behind "!" */
} cases[] = {
    {"name,id_number,area\n试验甲,1,2\n",
     "{\"area\":\"2\",\"id_number\":\"1\",\"name\":\"试验甲\",\"source\":\"cadre\"}\n"},
    {"\xEF\xBB\xBF姓名,来源\r\n试验甲,hotline\r\n试验乙,\r\n",
     "{\"name\":\"试验甲\",\"source\":\"hotline\"}\n{\"name\":\"试验乙\",\"source\":\"cadre\"}\n"},
    {"姓名,身份证号,,\n 试验甲 ,'11010519491231002X,,\n,,,\n\n\"试验\n乙\",2\n",
     "{\"id_number\":\"11010519491231002X\",\"name\":\"试验甲\",\"source\":\"cadre\"}\n"
     "{\"id_number\":\"2\",\"name\":\"试验\\n乙\",\"source\":\"cadre\"}\n"},
    /* risks */
    {"困难类型\n看病花钱多、jobs\n\"没活干、工资少、收入断了\"\n\"illness, "
     "看病花钱多;没活干\"\n运气 /jobs\n",
     "{\"risks\":[\"illness\",\"jobs\"],\"source\":\"cadre\"}\n"
     "{\"risks\":[\"jobs\"],\"source\":\"cadre\"}\n"
     "{\"risks\":[\"illness\",\"jobs\"],\"source\":\"cadre\"}\n"
     "{\"risks\":[\"运气\",\"jobs\"],\"source\":\"cadre\"}\n"},
    /* days */
    {"发现日期\n2026-11-20\n2026/1/5\n2026.1.5\n2026年1月5日\n2026/1/5 "
     "9:30\n2026/2/30\n昨天\n20260105\n",
     "{\"found_at\":\"2026-11-20\",\"source\":\"cadre\"}\n"
     "{\"found_at\":\"2026-01-05\",\"source\":\"cadre\"}\n"
     "{\"found_at\":\"2026-01-05\",\"source\":\"cadre\"}\n"
     "{\"found_at\":\"2026-01-05\",\"source\":\"cadre\"}\n"
     "{\"found_at\":\"2026-01-05\",\"source\":\"cadre\"}\n"
     "{\"found_at\":\"2026/2/30\",\"source\":\"cadre\"}\n"
     "{\"found_at\":\"昨天\",\"source\":\"cadre\"}\n"
     "{\"found_at\":\"20260105\",\"source\":\"cadre\"}\n"},
    {"紧急\n是\n否\n1\n也许\n",
     "{\"source\":\"cadre\",\"urgent\":true}\n{\"source\":\"cadre\",\"urgent\":false}\n"
     "{\"source\":\"cadre\",\"urgent\":true}\n{\"source\":\"cadre\",\"urgent\":\"也许\"}\n"},
    {"姓名\n\xff\xfe\n", "{\"name\":\"\xEF\xBF\xBD\",\"source\":\"cadre\"}\n"},
    /* what is wrong with the file */
    {"", "!1: the file is empty"},
    {"姓名,年龄\n", "!1: column 2: 年龄: unknown; known are 姓名"},
    {"姓名,name\n", "!1: column 2: name: stands here twice (姓名)"},
    {"姓名,村\n试验甲,x\n试验乙,y,z\n", "!3: 3 fields, the first line names 2"},
    {"姓名\n\"试验甲\n", "!2: a quoted field has no end"},
};

static void test_tables(void **state)
{
    (void)state;
    json_t *defaults = json_pack("{s:s}", "source", "cadre");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct intake_csv csv;
        struct err err = {0};
        struct buf said;
        buf_init(&said, 8192);
        json_t *body;
        bool begun = intake_csv_begin(&csv, str_of(cases[i].text), defaults, risk, NULL, &err);
        while (begun && (body = intake_csv_next(&csv, &err)) != NULL) {
            char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
            buf_printf(&said, "%s\n", text);
            free(text);
            json_decref(body);
        }
        print_message("%s%s\n", buf_text(&said), err.text);
        if (cases[i].bodies[0] == '!') {
            assert_ptr_equal(strstr(err.text, cases[i].bodies + 1), err.text);
        } else {
            assert_string_equal(buf_text(&said), cases[i].bodies);
            assert_string_equal(err.text, "");
        }
        buf_release(&said);
    }
    json_decref(defaults);
}

static void test_titles(void **state)
{
    (void)state;
    struct intake_csv csv;
    struct err err;
    char room[64];
    assert_true(intake_csv_begin(&csv, STR("联系电话,risks\n"), NULL, risk, NULL, &err));
    assert_string_equal(intake_csv_title(&csv, "/phone", room), "联系电话");
    assert_string_equal(intake_csv_title(&csv, "/risks/3", room), "risks");
    assert_string_equal(intake_csv_title(&csv, "/name", room), "姓名");
    assert_string_equal(intake_csv_title(&csv, "/helper", room), "helper");
    assert_string_equal(intake_csv_title(&csv, "", room), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables),
                                       cmocka_unit_test(test_titles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
