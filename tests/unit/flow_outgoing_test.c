#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/hmac.h>

#include "base/escape.h"
#include "base/file.h"
#include "flow/outgoing.h"

/* Made with Python's hmac and hashlib: key 00 01 … 1f, text "id.timestamp.body". */
#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define EVENT                                                                                      \
    "{\"specversion\":\"1.0\",\"id\":\"412938471655\",\"data\":{\"receipt\":\"412938471655\"}}"
#define SENT_MS   1795400102999
#define TIMESTAMP "1795400102"
#define EVENT_SUM "adfd47e0dbd4394176180a965ee9118669528a257083af7c86d06bfc2eabbc8e"

/* A report whose words try to break out of every kind of body. */
#define HOSTILE "甲\\\"乙</d>&c=1\\n尾"
#define REPORT                                                                                     \
    "{\"id\":\"412938471655-2\",\"data\":{\"receipt\":\"412938471655\",\"area\":{\"id\":"          \
    "\"370115008218\"},\"risks\":[\"accident\",\"jobs\"],\"detail\":\"" HOSTILE "\","              \
    "\"urgent\":true}}"

static char folder[] = "/tmp/mashang-outgoing-XXXXXX";

static const char *write_file(const char *name, const char *text)
{
    static char paths[8][160];
    static int turn;
    struct err err;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    assert_true(file_write(path, str_of(text), 0600, &err));
    return path;
}

/* A setup with what outgoing looks at. */
static void open_setup(struct setup *setup, const struct option_flag *flags, size_t count)
{
    static const char areas[] = "id,parent,level,name\n"
                                "370115,,county,甲区\n"
                                "370115008,370115,town,乙街道\n"
                                "370115008218,370115008,village,丙村村民委员会\n";
    struct err err;
    struct buf form;
    *setup = (struct setup){0};
    if (!options_load(&setup->options, NULL, flags, count, &err)) {
        fail_msg("%s", err.text);
    }
    buf_init(&form, 1 << 20);
    assert_true(file_read("templates/forms/report.json", &form, &err));
    setup->form = form_load(buf_str(&form), "report.json", &err);
    buf_release(&form);
    setup->areas = areas_load(STR(areas), "areas.csv", &err);
    assert_non_null(setup->form);
    assert_non_null(setup->areas);
}

static void close_setup(struct setup *setup)
{
    form_free(&setup->form);
    areas_free(&setup->areas);
    options_release(&setup->options);
}

/* The value of a header, or NULL. */
static const char *header(const struct outgoing_request *request, const char *name)
{
    const char *found = NULL;
    for (size_t i = 0; i < request->header_count; i++) {
        struct str line = buf_str(&request->headers[i]);
        ptrdiff_t colon = str_find_char(line, ':');
        assert_true(colon > 0);
        assert_true(str_find_char(line, '\n') < 0 && str_find_char(line, '\r') < 0);
        if (str_eq_nocase(str_sub(line, 0, (size_t)colon), str_of(name))) {
            assert_null(found); /* once */
            found = buf_text(&request->headers[i]) + colon + 1;
            found += *found == ' ';
        }
    }
    return found;
}

struct made {
    struct setup setup;
    struct outgoing *outgoing;
    struct outgoing_request request;
    bool good;
    struct err err;
};

static void make(struct made *made, const struct option_flag *flags, size_t count, const char *id,
                 const char *cloud_event, const char *bearer)
{
    const struct outgoing_event event = {
        .id = id,
        .receipt = "412938471655",
        .cloud_event = str_of(cloud_event),
        .bearer = bearer,
        .now_wall_ms = SENT_MS,
    };
    *made = (struct made){0};
    open_setup(&made->setup, flags, count);
    made->outgoing = outgoing_load(&made->setup, &made->err);
    if (made->outgoing == NULL) {
        fail_msg("%s", made->err.text);
    }
    made->good = outgoing_make(made->outgoing, &event, &made->request, &made->err);
}

static void release(struct made *made)
{
    outgoing_request_release(&made->request);
    outgoing_free(&made->outgoing);
    close_setup(&made->setup);
}

static void test_signature(void **state)
{
    static const struct {
        const char *id, *signature, *trace;
    } cases[] = {
        {"412938471655",
         "v1,0js7PyN6YC4s7xaAaovc59nlrYSElk+zGcPRfuVvpT4=", "00-0741b733fa2ff66590e6031a1233b299-"},
        {"412938471655-2",
         "v1,szFuWPOMNsaRyll+JTPTOIb9oINCIuXbuzoIx+raXAM=", "00-5ba309dbed64b464c4039ae29ec72855-"},
    };
    const struct option_flag flags[] = {{"upstream.secret_file", write_file("secret", SECRET)}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct made made;
        make(&made, flags, 1, cases[i].id, EVENT, NULL);
        assert_true(made.good);
        assert_string_equal(buf_text(&made.request.body), EVENT);
        assert_string_equal(header(&made.request, "content-type"), "application/cloudevents+json");
        assert_string_equal(header(&made.request, "webhook-id"), cases[i].id);
        assert_string_equal(header(&made.request, "webhook-timestamp"), TIMESTAMP);
        assert_string_equal(header(&made.request, "webhook-signature"), cases[i].signature);
        assert_string_equal(header(&made.request, "idempotency-key"), cases[i].id);
        assert_null(header(&made.request, "authorization"));
        const char *trace = header(&made.request, "traceparent");
        assert_int_equal(strlen(trace), 55);
        assert_memory_equal(trace, cases[i].trace, 36);
        assert_string_equal(trace + 52, "-01");
        release(&made);
    }
}

static void test_bearer(void **state)
{
    const struct option_flag flags[] = {
        {"upstream.auth", "bearer"}, {"upstream.secret_file", write_file("bearer", "abc.def\n")}};
    struct made made;
    (void)state;
    make(&made, flags, 2, "412938471655", EVENT, NULL);
    assert_true(made.good);
    assert_string_equal(header(&made.request, "authorization"), "Bearer abc.def");
    assert_null(header(&made.request, "webhook-signature"));
    assert_string_equal(header(&made.request, "webhook-id"), "412938471655");
    release(&made);
}

static void test_token_request(void **state)
{
    const struct option_flag flags[] = {
        {"upstream.auth", "token-request"},
        {"upstream.token_url", "http://127.0.0.1:1/token"},
        {"upstream.token_body_file", write_file("body", "{\"key\": \"k\"}")},
    };
    struct made made;
    (void)state;
    make(&made, flags, 3, "412938471655", EVENT, "fresh");
    assert_string_equal(header(&made.request, "authorization"), "Bearer fresh");
    assert_string_equal(outgoing_token_body_type(made.outgoing), "application/json");
    release(&made);
}

/* hmac_sha256 is over timestamp, nonce and body; counted again here by OpenSSL's own call. */
static void test_header_lines(void **state)
{
    const struct option_flag flags[] = {
        {"upstream.secret_file", write_file("secret", SECRET)},
        {"upstream.headers_file",
         write_file("headers", "# for the gateway in front\r\nX-Time: {{timestamp}}\r\n\n"
                               "X-Nonce: {{nonce}}\nX-Sum: {{body_sha256}}\n"
                               "X-Mac: {{hmac_sha256}}\nX-App: mashang")},
    };
    unsigned char key[32], mac[32];
    char text[512];
    struct buf hex;
    struct made made;
    (void)state;
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (unsigned char)i;
    }
    make(&made, flags, 2, "412938471655", EVENT, NULL);
    assert_string_equal(header(&made.request, "x-time"), TIMESTAMP);
    assert_string_equal(header(&made.request, "x-sum"), EVENT_SUM);
    assert_string_equal(header(&made.request, "x-app"), "mashang");
    const char *nonce = header(&made.request, "x-nonce");
    assert_int_equal(strlen(nonce), 32);
    snprintf(text, sizeof text, "%s%s%s", TIMESTAMP, nonce, EVENT);
    HMAC(EVP_sha256(), key, sizeof key, (unsigned char *)text, strlen(text), mac, NULL);
    buf_init(&hex, 64);
    hex_put(&hex, str_make(mac, sizeof mac));
    assert_string_equal(header(&made.request, "x-mac"), buf_text(&hex));
    buf_release(&hex);
    release(&made);
}

#define MAPS                                                                                       \
    "{\"risks\":{\"illness\":\"01\",\"disability\":\"02\",\"disaster\":\"03\",\"accident\":"       \
    "\"04\","                                                                                      \
    "\"jobs\":\"05\",\"schooling\":\"06\",\"housing\":\"07\",\"water\":\"08\",\"dropout\":\"09\"," \
    "\"business\":\"10\",\"labour\":\"11\",\"epidemic\":\"12\",\"in_person\":\"13\",\"other\":"    \
    "\"14\"},\"areas\":{\"370115008218\":\"A-218\"}}"

static void test_bodies(void **state)
{
    static const struct {
        const char *kind, *template, *type, *body; /* body NULL: cannot be read as its kind */
    } cases[] = {
        {"json",
         "{\"no\":\"{{id}}\",\"area\":\"{{data.area.mapped}}\",\"r\":[{{#data.mapped_risks}}"
         "\"{{code}}\"{{^last}},{{/last}}{{/data.mapped_risks}}],\"d\":\"{{data.detail}}\"}\n",
         "application/json",
         "{\"no\":\"412938471655-2\",\"area\":\"A-218\",\"r\":[\"04\",\"05\"],\"d\":"
         "\"甲\\\"乙</d>&c=1\\n尾\"}"},
        {"form", "no={{id}}&d={{data.detail}}\n", "application/x-www-form-urlencoded",
         "no=412938471655-2&d=%E7%94%B2%22%E4%B9%99%3C%2Fd%3E%26c%3D1%0A%E5%B0%BE"},
        {"xml", "<d no=\"{{id}}\">{{data.detail}}</d>", "application/xml; charset=utf-8",
         "<d no=\"412938471655-2\">甲&quot;乙&lt;/d&gt;&amp;c=1\n尾</d>"},
        {"json", "{\"no\": {{id}}}", NULL, NULL}, /* 412938471655-2 without quotes */
        {"json", "{\"a\":1,}", NULL, NULL},
        {"json", "{\"a\":1} {}", NULL, NULL},
        {"form", "{{id}}", NULL, NULL},
        {"form", "a=%zz", NULL, NULL},
        {"xml", "<a>{{id}}</b>", NULL, NULL},
        {"xml", "<a>{{id}}", NULL, NULL},
        {"xml", "<a b=1/>", NULL, NULL},
        {"xml", "<a/><b/>", NULL, NULL},
        {"xml", "{{id}}", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct option_flag flags[] = {
            {"upstream.secret_file", write_file("secret", SECRET)},
            {"upstream.body_kind", cases[i].kind},
            {"upstream.body_template", write_file("template", cases[i].template)},
            {"upstream.maps_file", write_file("maps", MAPS)},
        };
        struct made made;
        print_message("  %s %s\n", cases[i].kind, cases[i].template);
        make(&made, flags, 4, "412938471655-2", REPORT, NULL);
        assert_int_equal(made.good, cases[i].body != NULL);
        if (made.good) {
            assert_string_equal(buf_text(&made.request.body), cases[i].body);
            assert_string_equal(header(&made.request, "content-type"), cases[i].type);
        } else {
            assert_non_null(strstr(made.err.text, "body_template"));
            assert_null(strstr(made.err.text, "甲")); /* nothing of the person */
        }
        release(&made);
    }
}

/* What cannot be right is said at start, with the file or the key. */
static void test_faults_at_start(void **state)
{
    static const struct {
        const char *key, *text; /* a file option and what stands in the file */
        const char *also, *value;
        const char *says;
    } cases[] = {
        {"upstream.secret_file", "whsec_c2hvcnQ=", NULL, NULL, "whsec_"},
        {"upstream.secret_file", "no secret", NULL, NULL, "whsec_"},
        {"upstream.secret_file", "", NULL, NULL, "whsec_"},
        {"upstream.secret_file", "two words", "upstream.auth", "bearer", "not a token"},
        {"upstream.secret_file", "\n", "upstream.auth", "bearer", "empty"},
        {"upstream.headers_file", "X-Mac: {{hmac}}", NULL, NULL, "hmac"},
        {"upstream.headers_file", "a\nb: c", NULL, NULL, ":1: "},
        {"upstream.body_template", "{\"a\":\"{{data.nmae}}\"}", NULL, NULL, "nmae"},
        {"upstream.body_template", "{\"a\":\"{{{data.name}}}\"}", NULL, NULL, ":1: "},
        {"upstream.maps_file", "{", NULL, NULL, ":1: "},
        {"upstream.maps_file", "[]", NULL, NULL, "not an object"},
        {"upstream.maps_file", "{\"risk\":{}}", NULL, NULL, "risk"},
        {"upstream.maps_file", "{\"risks\":{\"illness\":\"1\"}}", NULL, NULL, "no entry for "},
        {"upstream.maps_file", "{\"areas\":{}}", NULL, NULL, "no entry for 370115008218"},
        {"upstream.maps_file", "{\"areas\":{\"370115008218\":7}}", NULL, NULL, "370115008218"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct option_flag flags[] = {
            {"upstream.secret_file", write_file("secret", SECRET)},
            {cases[i].key, write_file("wrong", cases[i].text)},
            {cases[i].also, cases[i].value},
        };
        struct setup setup;
        struct err err = {""};
        open_setup(&setup, flags, cases[i].also ? 3 : 2);
        print_message("  %s: %s\n", cases[i].key, cases[i].text);
        assert_null(outgoing_load(&setup, &err));
        print_message("    %s\n", err.text);
        assert_non_null(strstr(err.text, cases[i].says));
        assert_non_null(strstr(err.text, folder)); /* the file */
        close_setup(&setup);
    }
}

static void test_what_auth_needs(void **state)
{
    static const struct {
        const char *auth, *says;
    } cases[] = {{"webhook", "upstream.secret_file"},
                 {"bearer", "upstream.secret_file"},
                 {"token-request", "upstream.token_url"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct option_flag flags[] = {{"upstream.auth", cases[i].auth}};
        struct setup setup;
        struct err err = {""};
        open_setup(&setup, flags, 1);
        assert_null(outgoing_load(&setup, &err));
        assert_non_null(strstr(err.text, cases[i].says));
        close_setup(&setup);
    }
}

static int open_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int close_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signature),       cmocka_unit_test(test_bearer),
        cmocka_unit_test(test_token_request),   cmocka_unit_test(test_header_lines),
        cmocka_unit_test(test_bodies),          cmocka_unit_test(test_faults_at_start),
        cmocka_unit_test(test_what_auth_needs),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
