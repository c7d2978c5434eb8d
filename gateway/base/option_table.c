#include "base/option_table.h"

#define AT(member) offsetof(struct options, member)
#define TEXT(section, key, member, fallback, help)                                                 \
    {                                                                                              \
        section, key, OPTION_TEXT, AT(member), fallback, 0, 0, "", "", help                        \
    }
#define NUMBER(section, key, member, fallback, least, most, help)                                  \
    {                                                                                              \
        section, key, OPTION_NUMBER, AT(member), fallback, least, most, "", "", help               \
    }
#define WORD(section, key, member, fallback, allowed, unbuilt, help)                               \
    {                                                                                              \
        section, key, OPTION_WORD, AT(member), fallback, 0, 0, allowed, unbuilt, help              \
    }
#define WORDS(section, key, member, fallback, allowed, unbuilt, help)                              \
    {                                                                                              \
        section, key, OPTION_WORDS, AT(member), fallback, 0, 0, allowed, unbuilt, help             \
    }
#define PATH(section, key, member, fallback, help)                                                 \
    {                                                                                              \
        section, key, OPTION_PATH, AT(member), fallback, 0, 0, "", "", help                        \
    }
#define FILES(section, key, member, fallback, allowed, help)                                       \
    {                                                                                              \
        section, key, OPTION_FILES, AT(member), fallback, 0, 0, allowed, "", help                  \
    }
#define KIND(type, section, key, member, fallback, unbuilt, help)                                  \
    {                                                                                              \
        section, key, type, AT(member), fallback, 0, 0, "", unbuilt, help                          \
    }

const struct option option_table[] = {
    KIND(OPTION_LISTEN, "listen", "http", listen.http, "127.0.0.1:8080", "",
         "Where farmers' pages and hooks are served: HOST:PORT, [::]:PORT or unix:PATH."),
    KIND(OPTION_LISTEN, "listen", "office", listen.office, "", "",
         "Where /api is served, and only there: HOST:PORT, [::]:PORT or unix:PATH. Empty: on http, "
         "beside the farmers' pages."),
    KIND(OPTION_LISTEN, "listen", "admin", listen.admin, "127.0.0.1:9100", "",
         "Where /livez, /readyz and /metrics are served. Keep it off the public network. Empty: "
         "nowhere."),
    NUMBER("listen", "workers", listen.workers, "0", 0, 256,
           "Web workers. 0: one per processor core."),
    KIND(OPTION_NETWORKS, "listen", "trusted_proxies", listen.trusted_proxies, "", "",
         "Networks whose X-Forwarded-For is believed, e.g. 127.0.0.1/32."),

    KIND(OPTION_BASE_URL, "public", "base_url", site.base_url, "http://127.0.0.1:8080", "",
         "The address printed in codes and links. With https, authority, hotline and icp are "
         "needed."),
    TEXT("public", "title", site.title, "码上报", "Name of the service on every page."),
    TEXT("public", "authority", site.authority, "",
         "Who runs it and collects the data; foot of every page."),
    TEXT("public", "hotline", site.hotline, "", "Telephone number on every page."),
    TEXT("public", "icp", site.icp, "", "ICP number (beian.miit.gov.cn)."),
    TEXT("public", "police_beian", site.police_beian, "",
         "Number of the public security record, if any."),
    TEXT("public", "upstream_name", site.upstream_name, "上级监测系统",
         "What the privacy notice calls the monitoring system."),
    PATH("public", "privacy_file", site.privacy_file, "",
         "A text file that replaces the privacy notice of the catalog."),
    WORD("public", "locale", site.locale, "zh-CN", "zh-CN", "", "Catalog of texts."),

    PATH("areas", "file", areas.file, NULL, "Areas as CSV: towns, villages, telephones."),
    PATH("areas", "codes", areas.codes, "codes.csv",
         "Serials handed out and codes revoked; append-only."),
    PATH("areas", "calendar", areas.calendar, NULL,
         "Folder of CN-YYYY.csv: public holidays and make-up working days."),

    PATH("forms", "dir", forms.dir, NULL, "Templates: pages, forms, procedures, catalogs."),
    WORDS("forms", "risks_first", forms.risks_first,
          "illness disability disaster accident jobs schooling", "", "",
          "Risks shown first; the others stand under 其他困难."),
    PATH("forms", "pushes", forms.pushes, NULL,
         "What departments push, and when (JSON). Unset: pushes/laiyuan.json in dir."),

    PATH("procedure", "file", procedure.file, NULL,
         "Steps, deadlines and moves of this place (JSON)."),
    FILES(
        "procedure", "by_source", procedure.by_source, NULL,
        "cadre department petition hotline public system",
        "Procedures of reports that came another way: SOURCE=FILE, blank-separated. A source that "
        "is not named goes by file. Unset: department=lead.json system=lead.json, beside file."),
    PATH("procedure", "clearing", procedure.clearing, NULL,
         "Steps of 风险消除, leaving the list. Unset: clearing.json beside file."),
    WORD("progress", "source", progress.source, "both", "console upstream both none", "",
         "Who reports the steps: the township's staff (console; callbacks are then refused), the "
         "monitoring system's callbacks (upstream), both, or nobody (none)."),

    KIND(OPTION_REDIS, "redis", "url", redis.url, "private:", "sentinel:// cluster://",
         "private: (a redis-server of our own), unix:PATH or redis://HOST:PORT/DB."),
    TEXT("redis", "user", redis.user, "", "ACL user. Empty: the default user."),
    PATH("redis", "password_file", redis.password_file, "", "File with the password."),
    KIND(
        OPTION_DURABILITY, "redis", "durability", redis.durability, "fsync", "",
        "What a stored report must have survived: fsync, replicated:N (1 to 9), declared or none."),
    PATH("redis", "data_dir", redis.data_dir, "data",
         "Data folder: lock of this gateway and the private Redis."),
    TEXT("redis", "server", redis.server, "redis-server", "Program of the private Redis."),

    PATH("crypto", "keyring_file", crypto.keyring_file, "keyring.json",
         "The keys, made by `mashang init`, mode 0600. Back it up: nothing opens without it."),
    WORD("crypto", "suite", crypto.suite, "aes", "aes", "gm", "Algorithms."),

    WORD("forward", "when", forward.when, "accepted", "accepted", "checked",
         "When a report is sent to the monitoring system."),
    WORDS("forward", "events", forward.events,
          "accepted added corrected transferred merged withdrawn",
          "accepted added corrected transferred merged withdrawn step decided", "",
          "Which events are sent."),
    WORD("forward", "without_id", forward.without_id, "send", "send hold", "",
         "Reports without an ID number: send them, or hold them until it is known."),
    NUMBER("forward", "window", forward.window, "32", 1, 1024,
           "Events in flight, over all gateways on one Redis."),
    NUMBER("forward", "backoff_min_ms", forward.backoff_min_ms, "1000", 1, 3600000,
           "First delay after a failure."),
    NUMBER("forward", "backoff_max_ms", forward.backoff_max_ms, "600000", 1, 86400000,
           "Longest delay after a failure."),
    NUMBER("forward", "breaker_open_ms", forward.breaker_open_ms, "30000", 1, 3600000,
           "Pause after an answer that says we are configured wrongly."),
    NUMBER("forward", "give_up_hours", forward.give_up_hours, "168", 1, 8760,
           "After so many hours of tries in vain an event is buried. Time in which nothing can be "
           "sent does not count."),

    KIND(OPTION_URL, "upstream", "url", upstream.url, "", "",
         "Where events are posted. Empty: everything is held."),
    WORD("upstream", "auth", upstream.auth, "webhook", "webhook bearer token-request", "",
         "How we show who we are."),
    PATH("upstream", "secret_file", upstream.secret_file, "",
         "webhook: one line whsec_ + base64; bearer: the token."),
    PATH("upstream", "callback_secret_file", upstream.callback_secret_file, "",
         "Secret of POST /hooks/upstream, another than secret_file. Empty: no callbacks."),
    PATH("upstream", "headers_file", upstream.headers_file, "",
         "More header lines (Mustache: timestamp, nonce, body_sha256, hmac_sha256)."),
    KIND(OPTION_URL, "upstream", "token_url", upstream.token_url, "", "",
         "token-request: where the token is asked for."),
    PATH("upstream", "token_body_file", upstream.token_body_file, "",
         "token-request: the body of that request."),
    TEXT("upstream", "token_pointer", upstream.token_pointer, "/access_token",
         "token-request: where the token stands in the answer (JSON pointer)."),
    NUMBER("upstream", "token_ttl_s", upstream.token_ttl_s, "3600", 1, 2592000,
           "token-request: how long a token is used."),
    NUMBER("upstream", "timeout_ms", upstream.timeout_ms, "10000", 100, 120000,
           "Longest wait for an answer."),
    PATH("upstream", "ca_file", upstream.ca_file, "",
         "Certificates that may sign the other side's. Empty: the system's."),
    PATH("upstream", "client_cert", upstream.client_cert, "", "Our certificate (PEM)."),
    PATH("upstream", "client_key", upstream.client_key, "", "Its key (PEM)."),
    PATH("upstream", "body_template", upstream.body_template, "",
         "Mustache file for a body of another shape. Empty: CloudEvents."),
    WORD("upstream", "body_kind", upstream.body_kind, "json", "json form xml", "",
         "How values are escaped in body_template."),
    PATH("upstream", "maps_file", upstream.maps_file, "",
         "JSON file that turns slugs and areas into the other side's codes."),
    TEXT("upstream", "ok_pointer", upstream.ok_pointer, "",
         "Where a 2xx body says how it went (JSON pointer). Empty: the status decides."),
    WORDS("upstream", "ok_values", upstream.ok_values, "", "", "", "Values that mean delivered."),
    WORDS("upstream", "duplicate_values", upstream.duplicate_values, "", "", "",
          "Values that mean it has it already."),
    WORDS("upstream", "refused_values", upstream.refused_values, "", "", "",
          "Values that mean refused: buried."),
    WORDS("upstream", "auth_values", upstream.auth_values, "", "", "",
          "Values that mean we are configured wrongly."),
    TEXT("upstream", "msg_pointer", upstream.msg_pointer, "",
         "Where the answer's message stands (JSON pointer)."),

    WORD("claims", "required", claims.required, "no", "yes no", "",
         "Whether only who has claimed a report may read its personal data and record steps."),
    NUMBER("claims", "minutes", claims.minutes, "60", 1, 480,
           "How long a claim lasts that names no minutes."),

    NUMBER("limits", "connections_max", limits.connections_max, "10000", 1, 1000000,
           "Open connections per worker."),
    NUMBER("limits", "waits_max", limits.waits_max, "5000", 0, 1000000,
           "Waiting readers of the change feed (long polls) per worker."),
    NUMBER("limits", "token_per_min", limits.token_per_min, "600", 1, 1000000,
           "API requests per minute and token, in each worker."),
    NUMBER("limits", "address_per_s", limits.address_per_s, "300", 1, 1000000,
           "Requests per second and address. A whole village may share one."),
    KIND(OPTION_NETWORKS, "limits", "address_exempt", limits.address_exempt, "127.0.0.0/8 ::1", "",
         "Networks without that ceiling."),
    NUMBER("limits", "receipt_failures_hour", limits.receipt_failures_hour, "5", 1, 1000000,
           "Wrong guesses per receipt and hour."),
    NUMBER("limits", "receipt_failures_life", limits.receipt_failures_life, "20", 1, 1000000,
           "Wrong guesses per receipt, ever."),
    NUMBER("limits", "id_failures_day", limits.id_failures_day, "5", 1, 1000000,
           "Wrong guesses per ID number and day."),
    NUMBER("limits", "accept_timeout_ms", limits.accept_timeout_ms, "3000", 10, 30000,
           "Longest wait for Redis before a farmer reads 还没有提交成功."),
    NUMBER("limits", "head_ms", limits.head_ms, "10000", 10, 600000,
           "Longest time for the head of a request."),
    NUMBER("limits", "body_ms", limits.body_ms, "30000", 10, 600000,
           "Longest time for the body of a request."),
    NUMBER("limits", "idle_ms", limits.idle_ms, "75000", 10, 600000,
           "How long an idle connection stays open."),

    NUMBER("retention", "decided_days", retention.decided_days, "180", 1, 36500,
           "Days after the decision (and after 风险消除) until what is personal of a report is "
           "deleted, as the privacy notice says."),
    NUMBER("retention", "undecided_days", retention.undecided_days, "365", 1, 36500,
           "Days after the last event until the same happens to a report that was never decided."),
    NUMBER("retention", "audit_days", retention.audit_days, "180", 180, 36500,
           "Days for which records of who has searched for whom are kept. Who has read a person's "
           "data stands in the report's audit chain, which names no household and stays: the "
           "statistics are recounted from it."),

    WORD("log", "level", log.level, "info", "debug info warning error", "", "Least level written."),
};

const size_t option_count = sizeof option_table / sizeof option_table[0];
