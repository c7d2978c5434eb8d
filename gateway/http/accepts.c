/* What a request says about itself, read from its headers. */
#include "http/exchange.h"

struct str request_header(const struct request *request, const char *name)
{
    struct str wanted = str_of(name);
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_eq_nocase(request->headers[i].name, wanted)) {
            return request->headers[i].value;
        }
    }
    return STR("");
}

/* RFC 9110 §12.4.2: 0, 1, 0.5, 0.001 … in thousandths; -1 when it is no weight. */
static int weight_of(struct str text)
{
    int weight = 0;
    int scale = 100;
    if (text.len == 0 || text.len > 5 || (text.at[0] != '0' && text.at[0] != '1')) {
        return -1;
    }
    weight = (text.at[0] - '0') * 1000;
    if (text.len > 1 && text.at[1] != '.') {
        return -1;
    }
    for (size_t i = 2; i < text.len; i++, scale /= 10) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return -1;
        }
        weight += (text.at[i] - '0') * scale;
    }
    return weight <= 1000 ? weight : -1;
}

/* "gzip;q=0.5" into its coding and weight. */
static int read_coding(struct str element, struct str *ret_coding)
{
    struct str part;
    int weight = 1000;
    str_next(&element, ';', &part);
    *ret_coding = str_trim(part);
    while (str_next(&element, ';', &part)) {
        part = str_trim(part);
        if (str_eq_nocase(str_sub(part, 0, 2), STR("q="))) {
            weight = weight_of(str_from(part, 2));
        }
    }
    return weight;
}

bool request_takes_gzip(const struct request *request)
{
    int gzip = -1;
    int any = -1;
    int identity = -1;
    for (size_t i = 0; i < request->header_count; i++) {
        if (!str_eq_nocase(request->headers[i].name, STR("accept-encoding"))) {
            continue;
        }
        struct str list = request->headers[i].value;
        struct str element;
        while (str_next(&list, ',', &element)) {
            struct str coding;
            int weight = read_coding(element, &coding);
            if (str_eq_nocase(coding, STR("gzip")) || str_eq_nocase(coding, STR("x-gzip"))) {
                gzip = weight > gzip ? weight : gzip;
            } else if (str_is(coding, "*")) {
                any = weight;
            } else if (str_eq_nocase(coding, STR("identity"))) {
                identity = weight;
            }
        }
    }
    gzip = gzip >= 0 ? gzip : any;
    return gzip > 0 && gzip >= identity;
}

static struct str opaque_tag(struct str tag)
{
    return str_starts(tag, STR("W/")) ? str_from(tag, 2) : tag;
}

/* A list of entity tags; a tag may hold commas, so it is read from quote to quote. */
static bool list_holds(struct str list, struct str wanted)
{
    while (list.len > 0) {
        ptrdiff_t open = str_find_char(list, '"');
        if (open < 0) {
            return false;
        }
        struct str rest = str_from(list, (size_t)open + 1);
        ptrdiff_t close = str_find_char(rest, '"');
        if (close < 0) {
            return false;
        }
        if (str_eq(str_sub(list, (size_t)open, (size_t)close + 2), wanted)) {
            return true;
        }
        list = str_from(rest, (size_t)close + 1);
    }
    return false;
}

bool request_etag_matches(const struct request *request, const char *etag)
{
    struct str wanted = opaque_tag(str_of(etag));
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_eq_nocase(request->headers[i].name, STR("if-none-match")) &&
            (str_is(request->headers[i].value, "*") ||
             list_holds(request->headers[i].value, wanted))) {
            return true;
        }
    }
    return false;
}

bool request_is_cross_site(const struct request *request)
{
    return str_eq_nocase(request_header(request, "sec-fetch-site"), STR("cross-site"));
}
