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

/* "gzip;q=0.5" into its coding, or media range, and weight. */
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

/* How closely a media range names a type: 2 itself, 1 all of its kind, 0 all, -1 not. */
static int closeness(struct str range, struct str type)
{
    size_t kind = (size_t)str_find_char(type, '/') + 1;
    if (str_eq_nocase(range, type)) {
        return 2;
    }
    if (range.len == kind + 1 && range.at[kind] == '*' &&
        str_eq_nocase(str_sub(range, 0, kind), str_sub(type, 0, kind))) {
        return 1;
    }
    return str_is(range, "*/*") ? 0 : -1;
}

/* The weight of a type by the closest range for it; 0 when there is none. Parameters but q make no difference. */
static int weight_of_type(const struct request *request, const char *type, int *ret_closeness)
{
    int weight = 0;
    *ret_closeness = -1;
    for (size_t i = 0; i < request->header_count; i++) {
        struct str list = request->headers[i].value;
        struct str element;
        bool accept = str_eq_nocase(request->headers[i].name, STR("accept"));
        while (accept && str_next(&list, ',', &element)) {
            struct str range;
            int its = read_coding(element, &range);
            int close = closeness(range, str_of(type));
            if (close > *ret_closeness || (close >= 0 && close == *ret_closeness && its > weight)) {
                weight = its > 0 ? its : 0;
                *ret_closeness = close;
            }
        }
    }
    return weight;
}

bool request_prefers(const struct request *request, const char *wanted, const char *otherwise)
{
    int close;
    int other_close;
    int weight = weight_of_type(request, wanted, &close);
    int other = weight_of_type(request, otherwise, &other_close);
    if (weight != other) {
        return weight > other;
    }
    return weight > 0 && (close > other_close || (close == other_close && close == 2));
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
