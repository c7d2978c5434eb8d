#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "qr/codes_file.h"

enum { DRAWERS = 4, DRAWS = 40, BATCH = 3 };

static char folder[] = "/tmp/codes.XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL &&
                   snprintf(path, sizeof path, "%s/codes.csv", folder) < (int)sizeof path
               ? 0
               : 1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int remove_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void put(const char *text)
{
    struct err err;
    assert_true(file_write(path, str_of(text), 0600, &err));
}

static void append(const char *text)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static void assert_content(const char *text)
{
    struct buf got;
    struct err err;
    buf_init(&got, 65536);
    assert_true(file_read(path, &got, &err));
    assert_string_equal(buf_text(&got), text);
    buf_release(&got);
}

static struct codes_file *open_codes(void)
{
    struct err err = {""};
    struct codes_file *file = codes_file_open(path, &err);
    if (file == NULL) {
        fail_msg("%s", err.text);
    }
    return file;
}

static struct code code_of(const char *area, uint32_t serial)
{
    struct code code = {.serial = serial};
    snprintf(code.area, sizeof code.area, "%s", area);
    return code;
}

static bool revoked(struct codes_file *file, const char *area, uint32_t serial, const char *hint)
{
    struct code code = code_of(area, serial);
    struct str got;
    bool is = codes_file_revoked(file, &code, &got);
    assert_true(str_is(got, is ? hint : ""));
    return is;
}

static void test_serials_go_on_from_the_file(void **state)
{
    const struct code codes[] = {code_of("370115", 0), code_of("370115008218", 0)};
    struct codes_file *file = open_codes();
    uint32_t first;
    struct err err;
    (void)state;
    assert_true(codes_file_next_serials(file, codes, 2, &first, &err));
    assert_int_equal(first, 1);
    assert_true(codes_file_next_serials(file, codes, 1, &first, &err));
    assert_int_equal(first, 3);
    codes_file_close(&file);
    assert_null(file);
    file = open_codes();
    assert_true(codes_file_next_serials(file, codes, 2, &first, &err));
    assert_int_equal(first, 4);
    codes_file_close(&file);
}

static void test_lines_are_the_header_s(void **state)
{
    struct code code = code_of("370115008218", 0);
    struct code paper = code_of("370115008218", 17);
    struct codes_file *file;
    uint32_t first;
    struct err err;
    char want[256];
    time_t now = time(NULL) + 8 * 3600;
    struct tm day;
    (void)state;
    put("serial,16,370115008218,board,2026-01-02\n");
    file = open_codes();
    code.placement = CODE_HOME;
    gmtime_r(&now, &day);
    assert_true(codes_file_next_serials(file, &code, 1, &first, &err));
    assert_true(codes_file_revoke(file, &paper, STR("在村委会,门口"), &err));
    assert_true(codes_file_revoke(file, &code, STR(""), &err));
    char today[32];
    strftime(today, sizeof today, "%Y-%m-%d", &day);
    snprintf(want, sizeof want,
             "serial,16,370115008218,board,2026-01-02\n"
             "serial,17,370115008218,home,%s\n"
             "revoked,#17,%s,在村委会,门口\n"
             "revoked,370115008218,%s\n",
             today, today, today);
    assert_content(want);
    codes_file_close(&file);
}

static void test_paper_and_area_revocations(void **state)
{
    (void)state;
    put("serial,1,A,board,2026-01-01\n"
        "serial,2,B,board,2026-01-01\n"
        "serial,3,A,board,2026-01-01\n"
        "revoked,#1,2026-02-01,hint one\n"
        "revoked,B,2026-02-02,新码在村口\n"
        "revoked,B,2026-02-02\n" /* again, without a hint: the one given stays */
        "serial,4,B,board,2026-02-03\r\n"
        "\n"
        "serial,5,A,board,2026-02-03\n"
        "revoked,370115,2026-02-04\n");
    struct codes_file *file = open_codes();
    assert_true(revoked(file, "A", 1, "hint one"));
    assert_true(revoked(file, "B", 2, "新码在村口"));
    assert_true(revoked(file, "B", 0, "新码在村口"));
    assert_false(revoked(file, "B", 4, ""));
    assert_false(revoked(file, "A", 3, ""));
    assert_false(revoked(file, "A", 5, ""));
    assert_false(revoked(file, "A", 0, ""));
    assert_true(revoked(file, "370115", 0, ""));
    assert_false(revoked(file, "370115008218", 0, ""));
    struct code on_the_fly = code_of("B", 0);
    struct str hint;
    on_the_fly.placement = CODE_LIST;
    assert_false(codes_file_revoked(file, &on_the_fly, &hint));
    codes_file_close(&file);
}

static void test_readers_see_what_others_append(void **state)
{
    struct codes_file *file = open_codes();
    (void)state;
    assert_false(revoked(file, "A", 0, ""));
    put("serial,1,A,board,2026-01-01\n");
    assert_false(revoked(file, "A", 1, ""));
    append("revoked,A,2026-01-02,x\n");
    assert_true(revoked(file, "A", 1, "x"));
    append("serial,2,A,board,2026-01-02\nrevoked,#2,2026-01-0");
    assert_false(revoked(file, "A", 2, ""));
    append("3,y\n");
    assert_true(revoked(file, "A", 2, "y"));
    append("what is this\nrevoked,C,2026-01-04\n"); /* a running gateway keeps what it can read */
    assert_true(revoked(file, "C", 0, ""));
    put("serial,1,A,board,2026-01-01\n"); /* a backup was restored */
    assert_false(revoked(file, "A", 1, ""));
    assert_int_equal(unlink(path), 0);
    codes_file_close(&file);
}

static void test_half_a_last_line_is_cut_off_by_the_next_writer(void **state)
{
    struct code code = code_of("A", 0);
    uint32_t first;
    struct err err;
    (void)state;
    put("serial,1,A,board,2026-01-01\nserial,2,A,boa");
    struct codes_file *file = open_codes();
    assert_true(codes_file_next_serials(file, &code, 1, &first, &err));
    assert_int_equal(first, 2);
    codes_file_close(&file);
    file = open_codes();
    codes_file_close(&file);
}

static void test_wrong_lines_are_named(void **state)
{
    static const char *const wrong[] = {
        "serial,0,A,board,2026-01-01",   "serial,x,A,board,2026-01-01",
        "serial,1,A_B,board,2026-01-01", "serial,1,A,wall,2026-01-01",
        "serial,1,A,board,2026-02-30",   "serial,1,A,board",
        "serial,1,A,board,2026-01-01,x", "serial,16777216,A,board,2026-01-01",
        "revoked,#0,2026-01-01",         "revoked,#x,2026-01-01",
        "revoked,,2026-01-01",           "revoked,A",
        "revoked,A,yesterday",           "revoked,A,2026-01-01,\xFF",
        "Serial,1,A,board,2026-01-01",   "revoked,123456789012345678901,2026-01-01",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct err err = {""};
        char text[128];
        char place[96];
        snprintf(text, sizeof text, "serial,1,A,board,2026-01-01\n%s\n", wrong[i]);
        snprintf(place, sizeof place, "%s:2: ", path);
        put(text);
        struct codes_file *file = codes_file_open(path, &err);
        if (file != NULL || strncmp(err.text, place, strlen(place)) != 0) {
            fail_msg("%s: %s", wrong[i], err.text);
        }
    }
}

static void test_what_cannot_be_written_is_refused(void **state)
{
    struct code code = code_of("A", 0);
    struct codes_file *file;
    uint32_t first;
    struct err err;
    char longer[3 * 201 + 1] = "";
    (void)state;
    file = codes_file_open("", &err);
    assert_non_null(file);
    assert_false(codes_file_next_serials(file, &code, 1, &first, &err));
    assert_false(codes_file_revoke(file, &code, STR(""), &err));
    codes_file_close(&file);

    put("serial,16777214,A,board,2026-01-01\n");
    file = open_codes();
    const struct code two[] = {code, code};
    assert_false(codes_file_next_serials(file, two, 2, &first, &err));
    assert_true(codes_file_next_serials(file, two, 1, &first, &err));
    assert_int_equal(first, CODE_SERIAL_MAX);
    assert_false(codes_file_next_serials(file, two, 1, &first, &err));
    assert_false(codes_file_revoke(file, &code, STR("two\nlines"), &err));
    assert_false(codes_file_revoke(file, &code, STR("\xC3"), &err));
    for (int i = 0; i < 200; i++) {
        strcat(longer, "村");
    }
    assert_true(codes_file_revoke(file, &code, str_of(longer), &err));
    strcat(longer, "村");
    assert_false(codes_file_revoke(file, &code, str_of(longer), &err));
    codes_file_close(&file);
}

static _Noreturn void draw_serials(int n)
{
    struct err err;
    struct codes_file *file = codes_file_open(path, &err);
    struct code codes[BATCH];
    char area[8];
    uint32_t first;
    snprintf(area, sizeof area, "P%d", n);
    for (int i = 0; i < BATCH; i++) {
        codes[i] = code_of(area, 0);
    }
    for (int i = 0; i < DRAWS; i++) {
        if (file == NULL || !codes_file_next_serials(file, codes, BATCH, &first, &err)) {
            _exit(1);
        }
    }
    codes_file_close(&file);
    _exit(0);
}

struct seen {
    uint32_t next;
    bool in_order;
};

static void on_seen(const struct codes_entry *entry, void *arg)
{
    struct seen *seen = arg;
    seen->in_order = seen->in_order && entry->code.serial == seen->next;
    seen->next++;
}

static void test_processes_never_share_a_serial(void **state)
{
    pid_t drawers[DRAWERS];
    struct seen seen = {1, true};
    struct err err;
    (void)state;
    for (int i = 0; i < DRAWERS; i++) {
        drawers[i] = fork();
        if (drawers[i] == 0) {
            draw_serials(i);
        }
    }
    for (int i = 0; i < DRAWERS; i++) {
        int status;
        assert_int_equal(waitpid(drawers[i], &status, 0), drawers[i]);
        assert_int_equal(status, 0);
    }
    struct codes_file *file = open_codes();
    assert_true(codes_file_each(file, on_seen, &seen, &err));
    assert_true(seen.in_order);
    assert_int_equal(seen.next, DRAWERS * DRAWS * BATCH + 1);
    codes_file_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_serials_go_on_from_the_file, remove_file),
        cmocka_unit_test_teardown(test_lines_are_the_header_s, remove_file),
        cmocka_unit_test_teardown(test_paper_and_area_revocations, remove_file),
        cmocka_unit_test_teardown(test_readers_see_what_others_append, remove_file),
        cmocka_unit_test_teardown(test_half_a_last_line_is_cut_off_by_the_next_writer, remove_file),
        cmocka_unit_test_teardown(test_wrong_lines_are_named, remove_file),
        cmocka_unit_test_teardown(test_what_cannot_be_written_is_refused, remove_file),
        cmocka_unit_test_teardown(test_processes_never_share_a_serial, remove_file),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
