#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "view/mustache.h"

static bool find_partial(void *arg, struct str name, struct buf *to)
{
    const json_t *text = json_object_getn(arg, name.at, name.len);
    buf_puts(to, text ? json_string_value(text) : "");
    return text != NULL;
}

/* Renders or, when the template is refused, gives the error. */
static void render(const char *text, const char *data, const char *partials,
                   struct mustache_options options, struct buf *to)
{
    struct err err = {""};
    json_t *json = json_loads(data, JSON_DECODE_ANY, NULL);
    json_t *texts = json_loads(partials ? partials : "{}", 0, NULL);
    assert_non_null(json);
    assert_non_null(texts);
    options.partial = find_partial;
    options.partial_arg = texts;
    struct mustache *template = mustache_compile(str_of(text), "t", &options, &err);
    if (template == NULL) {
        buf_puts(to, err.text);
    } else if (!mustache_render(template, json, to)) {
        buf_puts(to, "!over");
    }
    mustache_free(&template);
    json_decref(json);
    json_decref(texts);
}

static size_t run_spec_case(const json_t *test, const char *file)
{
    struct buf out;
    char *data = json_dumps(json_object_get(test, "data"), JSON_ENCODE_ANY);
    char *partials = json_dumps(json_object_get(test, "partials"), 0);
    const char *expected = json_string_value(json_object_get(test, "expected"));
    buf_init(&out, 1 << 16);
    render(json_string_value(json_object_get(test, "template")), data, partials,
           (struct mustache_options){.escape = MUSTACHE_HTML}, &out);
    /* the specification leaves the spelling of the apostrophe's entity open and tests none */
    bool same = str_is(buf_str(&out), expected);
    if (!same) {
        print_message("%s: %s\n expected: [%s]\n rendered: [%s]\n", file,
                      json_string_value(json_object_get(test, "name")), expected, buf_text(&out));
    }
    buf_release(&out);
    free(data);
    free(partials);
    return !same;
}

static void test_specification(void **state)
{
    static const char *const files[] = {"comments", "delimiters", "interpolation",
                                        "inverted", "partials",   "sections"};
    const char *folder = getenv("MUSTACHE_SPEC");
    size_t cases = 0;
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[512];
        json_error_t error;
        snprintf(path, sizeof path, "%s/%s.json", folder ? folder : "../shared/data/mustache-spec",
                 files[i]);
        json_t *spec = json_load_file(path, 0, &error);
        if (spec == NULL) {
            print_message("skipped: the Mustache specification is not in %s (MUSTACHE_SPEC)\n",
                          path);
            skip();
        }
        size_t at;
        json_t *test;
        json_array_foreach(json_object_get(spec, "tests"), at, test)
        {
            wrong += run_spec_case(test, files[i]);
            cases++;
        }
        json_decref(spec);
    }
    print_message("%zu cases of the specification, %zu wrong\n", cases, wrong);
    assert_int_equal(wrong, 0);
    assert_int_equal(cases, 136);
}

struct sample {
    const char *text, *data, *partials, *out;
};

static void run(const struct sample *samples, size_t count, struct mustache_options options)
{
    for (size_t i = 0; i < count; i++) {
        struct buf out;
        buf_init(&out, 1 << 16);
        render(samples[i].text, samples[i].data, samples[i].partials, options, &out);
        assert_string_equal(buf_text(&out), samples[i].out);
        buf_release(&out);
    }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_values(void **state)
{
    static const struct sample samples[] = {
        {"{{a}}", "{\"a\":9007199254740993}", NULL, "9007199254740993"},
        {"{{a}}", "{\"a\":0.1}", NULL, "0.1"},
        {"{{a}}", "{\"a\":-2.5e-7}", NULL, "-2.5e-07"},
        {"{{a}} {{b}}", "{\"a\":true,\"b\":false}", NULL, "true false"},
        {"{{a}}{{b}}{{c}}|", "{\"a\":null,\"b\":[1],\"c\":{\"x\":1}}", NULL, "|"},
        {"{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\":\"\"}", NULL, "no"},
        {"{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\":0}", NULL, "yes"},
        {"{{a.b.c}}", "{\"a\":{\"b\":\"text\"}}", NULL, ""},
        {"{{a}}", "{\"a\":\"<曲'\\\"&>\"}", NULL, "&lt;曲&#39;&quot;&amp;&gt;"},
    };
    (void)state;
    run(samples, COUNT(samples), (struct mustache_options){.escape = MUSTACHE_HTML});
}

static void test_escaping_follows_the_kind(void **state)
{
    static const struct {
        enum mustache_escape escape;
        const char *out;
    } cases[] = {
        {MUSTACHE_HTML, "a &lt;b&gt;\n&quot;|a <b>\n\""},
        {MUSTACHE_JSON, "a <b>\\n\\\"|a <b>\n\""},
        {MUSTACHE_FORM, "a+%3Cb%3E%0A%22|a <b>\n\""},
        {MUSTACHE_XML, "a &lt;b&gt;\n&quot;|a <b>\n\""},
        {MUSTACHE_NONE, "a <b>\n\"|a <b>\n\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct sample sample = {"{{v}}|{{{v}}}", "{\"v\":\"a <b>\\n\\\"\"}", NULL,
                                      cases[i].out};
        run(&sample, 1, (struct mustache_options){.escape = cases[i].escape});
    }
}

static void test_item_marks(void **state)
{
    static const struct sample samples[] = {
        {"[{{#l}}{{v}}{{^last}},{{/last}}{{/l}}]", "{\"l\":[{\"v\":1},{\"v\":2}]}", NULL, "[1,2]"},
        {"{{#l}}{{#first}}<{{/first}}{{.}}{{#last}}>{{/last}}{{/l}}", "{\"l\":[1,2,3]}", NULL,
         "<123>"},
        {"{{#l}}{{first}}{{/l}}", "{\"l\":[{\"first\":\"own\"}]}", NULL, "own"},
    };
    static const struct sample unmarked[] = {
        {"{{#l}}{{first}};{{/l}}", "{\"l\":[1,2]}", NULL, ";;"}};
    (void)state;
    run(samples, COUNT(samples),
        (struct mustache_options){.escape = MUSTACHE_JSON, .item_marks = true});
    run(unmarked, COUNT(unmarked), (struct mustache_options){.escape = MUSTACHE_JSON});
}

static void test_faults_name_the_line(void **state)
{
    static const struct sample samples[] = {
        {"a\n{{b", "{}", NULL, "t:2: a tag begins here and is not closed"},
        {"a\n\n{{#b}}\n", "{}", NULL, "t:3: this section is not closed: b"},
        {"{{#b}}\n{{/c}}", "{}", NULL, "t:2: the section open here is b (line 1), not c"},
        {"\n{{/c}}", "{}", NULL, "t:2: no section is open here to be closed by c"},
        {"{{a b}}", "{}", NULL, "t:1: not a name: a b"},
        {"{{a..b}}", "{}", NULL, "t:1: not a name: a..b"},
        {"{{}}", "{}", NULL, "t:1: not a name:"},
        {"{{=| |", "{}", NULL, "t:1: a tag begins here and is not closed"},
        {"{{=|=}}", "{}", NULL, "t:1: not a pair of delimiters: |"},
        {"{{>p}}", "{}", "{\"p\":\"\\n{{#x}}\"}", "p:2: this section is not closed: x"},
    };
    (void)state;
    run(samples, COUNT(samples), (struct mustache_options){.escape = MUSTACHE_HTML});
}

static void test_strict_refuses(void **state)
{
    static const char *const names[] = {"a", "l", "l.x", "o.p", NULL};
    static const struct sample samples[] = {
        {"{{a}}{{o.p}}{{#l}}{{x}}{{a}}{{.}}{{/l}}", "{\"a\":\"1\"}", NULL, "1"},
        {"{{b}}", "{}", NULL, "t:1: unknown name: b"},
        {"{{#a}}\n{{#l}}{{y}}{{/l}}{{/a}}", "{}", NULL, "t:2: unknown name: y"},
        {"{{x}}", "{}", NULL, "t:1: unknown name: x"},
        {"{{#l}}{{/l}}{{x}}", "{}", NULL, "t:1: unknown name: x"},
        {"{{^z}}{{/z}}", "{}", NULL, "t:1: unknown name: z"},
        {"{{first}}", "{}", NULL, "t:1: unknown name: first"},
        {"{{{a}}}", "{}", NULL, "t:1: unescaped holes are not allowed: a"},
        {"{{&a}}", "{}", NULL, "t:1: unescaped holes are not allowed: a"},
        {"{{>p}}", "{}", NULL, "t:1: no such partial: p"},
        {"{{>p}}", "{}", "{\"p\":\"x\\n{{q}}\"}", "t: partial p:2: unknown name: q"},
        {"{{#l}}{{>p}}{{/l}}", "{}", "{\"p\":\"{{x}}\"}", ""},
        {"<b c={{a}}>", "{}", NULL, "t:1: a hole in an unquoted attribute: a"},
        {"<b c=d{{a}}>", "{}", NULL, "t:1: a hole in an unquoted attribute: a"},
        {"<b {{a}}>", "{}", NULL, "t:1: a hole in a tag: a"},
        {"<{{a}}>", "{}", NULL, "t:1: a hole in a tag: a"},
        {"<!-- - -- {{a}} -->", "{}", NULL, "t:1: a hole in a comment: a"},
        {"<style>b{}\n{{a}}</style>", "{}", NULL, "t:2: a hole in a <style>: a"},
        {"<SCRIPT type='x'>{{a}}", "{}", NULL, "t:1: a hole in a <script>: a"},
        {"<b c=\"{{#a}}\">{{/a}}", "{}", NULL,
         "t:1: the section ends in another kind of place than it began: a"},
        {"<b c='{{a}}' d=\"{{a}}\"{{#a}} e{{/a}}>{{a}} < {{a}}<!-- --->{{a}}<style></style>{{a}}",
         "{\"a\":1}", NULL, "<b c='1' d=\"1\" e>1 < 1<!-- --->1<style></style>1"},
    };
    (void)state;
    run(samples, COUNT(samples),
        (struct mustache_options){.escape = MUSTACHE_HTML, .strict = true, .names = names});
}

static void test_limits(void **state)
{
    static const struct sample endless[] = {
        {"{{>p}}", "{}", "{\"p\":\"{{>p}}\"}", "!over"},
        {"{{>p}}", "{\"a\":{}}", "{\"p\":\"{{#a}}{{>p}}{{/a}}\"}", "!over"},
    };
    struct buf out;
    (void)state;
    run(endless, COUNT(endless), (struct mustache_options){.escape = MUSTACHE_HTML});
    buf_init(&out, 10);
    render("{{#l}}abcdef{{/l}}", "{\"l\":[1,2]}", NULL, (struct mustache_options){.strict = false},
           &out);
    assert_string_equal(buf_text(&out), "abcdef");
    assert_false(buf_ok(&out));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_specification),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_escaping_follows_the_kind),
        cmocka_unit_test(test_item_marks),
        cmocka_unit_test(test_faults_name_the_line),
        cmocka_unit_test(test_strict_refuses),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
