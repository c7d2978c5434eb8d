#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/options.h"

static char folder[] = "/tmp/mashang-options-XXXXXX";
static char file[128];

static bool load(struct options *options, const char *text, struct err *err)
{
    err->text[0] = '\0';
    assert_true(file_write(file, str_of(text), 0600, err));
    return options_load(options, file, NULL, 0, err);
}

static const struct {
    const char *text;
    const char *error; /* what follows the file's name, or NULL */
} cases[] = {
    {"", NULL},
    {"[listen]\nhttp = [::]:80\nadmin =\nworkers = 4\n", NULL},
    {"[listen]\nhttp = unix:run/sock\n", NULL},
    {"[listen]\nhttp = localhost\n", ":2: listen.http: localhost is no address"},
    {"[listen]\nhttp = 127.0.0.1:65536\n", ":2: listen.http: 127.0.0.1:65536 is no address"},
    {"[listen]\nhttp = :80\n", ":2: listen.http: :80 is no address"},
    {"[listen]\nhttp =\n", ": listen.http: is empty"},
    {"[listen]\nworkers = 257\n", ":2: listen.workers: 257 is no such number, allowed: 0 to 256"},
    {"[listen]\nworkers = -1\n", ":2: listen.workers: -1 is no such number"},
    {"[listen]\nworkers = 4 # four\n", ":2: listen.workers: 4 # four is no such number"},
    {"[listen]\nhttps = 127.0.0.1:1\n", ":2: listen.https: unknown key, allowed: http office"},
    {"[listen]\noffice = unix:run/office\n", NULL},
    {"[listen]\noffice = office\n", ":2: listen.office: office is no address"},
    {"[listen]\nhttp = 127.0.0.1:1\noffice = 127.0.0.1:1\n", ": listen.office: is the same as"},
    {"[claims]\nrequired = yes\nminutes = 480\n", NULL},
    {"[claims]\nrequired = maybe\n", ":2: claims.required: maybe is unknown, allowed: yes no"},
    {"[claims]\nminutes = 0\n", ":2: claims.minutes: 0 is no such number, allowed: 1 to 480"},
    {"[retention]\naudit_days = 179\n",
     ":2: retention.audit_days: 179 is no such number, allowed: 180"},
    {"[limits]\ntoken_per_min = 0\n", ":2: limits.token_per_min: 0 is no such number"},
    {"[procedure]\nby_source = cadre=c.json, petition=p.json\n", NULL},
    {"[procedure]\nby_source = self=c.json\n",
     ":2: procedure.by_source: self=c.json is unknown, allowed: WORD=FILE with cadre department"},
    {"[procedure]\nby_source = lead.json\n", ":2: procedure.by_source: lead.json is unknown"},
    {"[procedure]\nby_source = cadre=\n", ":2: procedure.by_source: cadre= is unknown"},
    {"[procedure]\nby_source = cadre=a cadre=b\n", ":2: procedure.by_source: cadre is named twice"},
    {"[listen]\nworkers = 1\nworkers = 2\n", ":3: listen.workers: is set twice"},
    {"[listen]\ntrusted_proxies = 10.0.0.0/8, ::1 192.168.1.1\n", NULL},
    {"[listen]\ntrusted_proxies = 10.0.0.0/33\n", ":2: listen.trusted_proxies: 10.0.0.0/33 is no"},
    {"[listen]\ntrusted_proxies = proxy\n", ":2: listen.trusted_proxies: proxy is no network"},
    {"[wechat]\nappid = x\n", ":2: wechat.appid: unknown section"},
    {"[forward]\nwhen = checked\n",
     ":2: forward.when: checked is not built yet, allowed: accepted"},
    {"[forward]\nwhen = never\n", ":2: forward.when: never is unknown, allowed: accepted"},
    {"[forward]\nevents = accepted, withdrawn, step decided\n", NULL},
    {"[forward]\nevents = accepted, deleted\n", ":2: forward.events: deleted is unknown, allowed:"},
    {"[forward]\nbackoff_min_ms = 2000\nbackoff_max_ms = 1000\n",
     ": forward.backoff_min_ms: is more"},
    {"[crypto]\nsuite = gm\n", ":2: crypto.suite: gm is not built yet"},
    {"[progress]\nsource = both\n", NULL},
    {"[progress]\nsource = console\n", NULL},
    {"[progress]\nsource = staff\n", ":2: progress.source: staff is unknown, allowed: console"},
    {"[redis]\nurl = redis://127.0.0.1:6379/3\n", NULL},
    {"[redis]\nurl = redis://[::1]:6379\n", NULL},
    {"[redis]\nurl = redis://localhost:6379\n",
     ":2: redis.url: redis://localhost:6379 is no place"},
    {"[redis]\nurl = redis://127.0.0.1:6379/x\n", ":2: redis.url: redis://127.0.0.1:6379/x is no"},
    {"[redis]\nurl = sentinel://a:1\n", ":2: redis.url: sentinel://a:1 is not built yet"},
    {"[redis]\nurl = cluster://a:1\n", ":2: redis.url: cluster://a:1 is not built yet"},
    {"[redis]\nurl = unix:\n", ":2: redis.url: unix: needs a path"},
    {"[redis]\ndurability = replicated:2\n", NULL},
    {"[redis]\ndurability = replicated:0\n", ":2: redis.durability: replicated:0 is unknown"},
    {"[redis]\ndurability = replicated:9\n", NULL},
    {"[redis]\ndurability = replicated:10\n", ":2: redis.durability: replicated:10 is unknown"},
    {"[redis]\ndurability = always\n", ":2: redis.durability: always is unknown, allowed: fsync"},
    {"[public]\nbase_url = https://a.example/\nauthority = 甲\nhotline = 1\nicp = 2\n", NULL},
    {"[public]\nbase_url = https://a.example\nhotline = 1\nicp = 2\n",
     ": public.authority: is needed"},
    {"[public]\nbase_url = https://a.example\nauthority = 甲\nicp = 2\n",
     ": public.hotline: is needed"},
    {"[public]\nbase_url = https://a.example\nauthority = 甲\nhotline = 未设置\nicp = 2\n",
     ": public.hotline: is needed"},
    {"[public]\nbase_url = https://a.example\nauthority = 甲\nhotline = 1\n",
     ": public.icp: is needed"},
    {"[public]\nbase_url = http://a.example/path\n",
     ":2: public.base_url: http://a.example/path is"},
    {"[public]\nbase_url = a.example\n", ":2: public.base_url: a.example is no address"},
    {"[upstream]\nurl = ftp://a\n", ":2: upstream.url: is no address"},
    {"[upstream]\nurl = http:///x\n", ":2: upstream.url: is no address"},
    {"[upstream]\nauth = basic\n", ":2: upstream.auth: basic is unknown, allowed: webhook bearer"},
};

static void test_accepts_and_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct options options;
        struct err err;
        bool fits = load(&options, cases[i].text, &err);
        if (cases[i].error == NULL) {
            assert_string_equal(err.text, "");
        } else {
            char expected[512];
            int len = snprintf(expected, sizeof expected, "%s%s", file, cases[i].error);
            assert_true(len > 0 && (size_t)len < sizeof expected);
            err.text[strlen(err.text) < (size_t)len ? strlen(err.text) : (size_t)len] = '\0';
            assert_string_equal(err.text, expected);
        }
        assert_int_equal(fits, cases[i].error == NULL);
        options_release(&options);
    }
}

static void test_later_layers_win(void **state)
{
    struct options options;
    struct err err;
    const struct option_flag flag = {"listen.workers", "3"};
    const char *text = "[listen]\nworkers = 1\n[forward]\nwindow = 7\n";
    (void)state;
    assert_true(load(&options, text, &err));
    assert_int_equal(options.listen.workers, 1);
    assert_int_equal(options.forward.window, 7);
    assert_int_equal(options.upstream.timeout_ms, 10000);
    options_release(&options);
    setenv("MASHANG_LISTEN_WORKERS", "2", 1);
    assert_true(options_load(&options, file, NULL, 0, &err));
    assert_int_equal(options.listen.workers, 2);
    options_release(&options);
    assert_true(options_load(&options, file, &flag, 1, &err));
    assert_int_equal(options.listen.workers, 3);
    options_release(&options);
    unsetenv("MASHANG_LISTEN_WORKERS");
}

static void test_unknown_variables_and_flags_are_errors(void **state)
{
    struct options options;
    struct err err;
    const struct option_flag flag = {"listen.wrokers", "3"};
    (void)state;
    setenv("MASHANG_LISTEN_WROKERS", "2", 1);
    assert_false(options_load(&options, NULL, NULL, 0, &err));
    assert_non_null(strstr(err.text, "MASHANG_LISTEN_WROKERS: unknown variable"));
    unsetenv("MASHANG_LISTEN_WROKERS");
    setenv("MASHANG_LISTEN_WORKERS", "many", 1);
    assert_false(options_load(&options, NULL, NULL, 0, &err));
    assert_non_null(strstr(err.text, "MASHANG_LISTEN_WORKERS: listen.workers: many"));
    unsetenv("MASHANG_LISTEN_WORKERS");
    assert_false(options_load(&options, NULL, &flag, 1, &err));
    assert_non_null(strstr(err.text, "--set: listen.wrokers: unknown key"));
}

static void test_paths_are_relative_to_the_file(void **state)
{
    struct options options;
    struct err err;
    char expected[256];
    (void)state;
    assert_true(load(&options,
                     "[areas]\nfile = a/b.csv\n[redis]\nurl = unix:r.sock\n"
                     "password_file = /run/p\n[forms]\ndir = t\n",
                     &err));
    snprintf(expected, sizeof expected, "%s/a/b.csv", folder);
    assert_string_equal(options.areas.file, expected);
    snprintf(expected, sizeof expected, "unix:%s/r.sock", folder);
    assert_string_equal(options.redis.url, expected);
    assert_string_equal(options.redis.password_file, "/run/p");
    snprintf(expected, sizeof expected, "%s/keyring.json", folder);
    assert_string_equal(options.crypto.keyring_file, expected);
    snprintf(expected, sizeof expected, "%s/t/procedures/laiyuan.json", folder);
    assert_string_equal(options.procedure.file, expected);
    options_release(&options);
    setenv("MASHANG_AREAS_FILE", "here.csv", 1); /* what a shell gives is relative to the shell */
    assert_true(options_load(&options, file, NULL, 0, &err));
    assert_string_equal(options.areas.file, "here.csv");
    options_release(&options);
    unsetenv("MASHANG_AREAS_FILE");
}

static void write_beside(const char *name)
{
    char path[256];
    struct err err;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_true(file_write(path, STR("{}"), 0600, &err));
}

static void test_procedures_lie_beside_the_first_one_or_ship(void **state)
{
    struct options options;
    struct err err;
    char expected[512];
    const char *text = "[forms]\ndir = /t\n[procedure]\nfile = mine.json\n";
    (void)state;
    assert_true(load(&options, text, &err));
    assert_string_equal(options.procedure.by_source, "department=/t/procedures/lead.json\n"
                                                     "system=/t/procedures/lead.json");
    assert_string_equal(options.procedure.clearing, "/t/procedures/clearing.json");
    options_release(&options);
    write_beside("lead.json");
    write_beside("clearing.json");
    assert_true(load(&options, text, &err));
    snprintf(expected, sizeof expected, "department=%s/lead.json\nsystem=%s/lead.json", folder,
             folder);
    assert_string_equal(options.procedure.by_source, expected);
    snprintf(expected, sizeof expected, "%s/clearing.json", folder);
    assert_string_equal(options.procedure.clearing, expected);
    options_release(&options);
    assert_true(load(&options,
                     "[procedure]\nby_source = cadre=p/c.json, system=/s.json\nclearing = c.json\n",
                     &err));
    snprintf(expected, sizeof expected, "cadre=%s/p/c.json\nsystem=/s.json", folder);
    assert_string_equal(options.procedure.by_source, expected);
    snprintf(expected, sizeof expected, "%s/c.json", folder);
    assert_string_equal(options.procedure.clearing, expected);
    options_release(&options);
}

static void test_lists_and_slashes_are_made_alike(void **state)
{
    struct options options;
    struct err err;
    (void)state;
    assert_true(load(&options,
                     "[forward]\nevents = accepted,added\t corrected \n"
                     "[public]\nbase_url = http://a.example:8080//\n",
                     &err));
    assert_string_equal(options.forward.events, "accepted added corrected");
    assert_string_equal(options.site.base_url, "http://a.example:8080");
    options_release(&options);
}

static void test_the_example_is_valid_with_every_line_in_force(void **state)
{
    struct options options;
    struct err err;
    struct buf example;
    struct buf live;
    (void)state;
    buf_init(&example, 65536);
    buf_init(&live, 65536);
    options_print_example(&example);
    struct str rest = buf_str(&example);
    struct str line;
    while (str_next(&rest, '\n', &line)) {
        bool setting = str_starts(line, STR("#")) && !str_starts(line, STR("# ")) &&
                       str_find(line, STR("(what ships")) < 0;
        buf_put(&live, setting ? str_from(line, 1) : line);
        buf_putc(&live, '\n');
    }
    assert_true(load(&options, buf_text(&live), &err));
    options_release(&options);
    buf_release(&example);
    buf_release(&live);
}

static int on_start(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    snprintf(file, sizeof file, "%s/mashang.conf", folder);
    return 0;
}

static int on_end(void **state)
{
    (void)state;
    static const char *const made[] = {"mashang.conf", "lead.json", "clearing.json"};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", folder, made[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts_and_refuses),
        cmocka_unit_test(test_later_layers_win),
        cmocka_unit_test(test_unknown_variables_and_flags_are_errors),
        cmocka_unit_test(test_paths_are_relative_to_the_file),
        cmocka_unit_test(test_procedures_lie_beside_the_first_one_or_ship),
        cmocka_unit_test(test_lists_and_slashes_are_made_alike),
        cmocka_unit_test(test_the_example_is_valid_with_every_line_in_force),
    };
    return cmocka_run_group_tests(tests, on_start, on_end);
}
