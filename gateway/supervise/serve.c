#include "supervise/serve.h"

#include "supervise/master.h"

static int run(const struct args *args)
{
    if (args->word_count > 0) {
        return cli_fail(CLI_USAGE, "serve: %s: no word is expected", args->words[0]);
    }
    const struct master_start start = {args->file, args->set, args->set_count};
    return master_run(&start);
}

const struct command command_serve = {
    .name = "serve",
    .summary = "run the gateway until SIGTERM",
    .help = "  mashang serve -c /etc/mashang/mashang.conf\n"
            "  mashang serve -c FILE --set listen.workers=1\n"
            "\n"
            "SIGTERM, SIGINT: finish what is in flight and end within 10 s. SIGHUP: load "
            "configuration, templates,\n"
            "forms, procedure and areas anew, or keep the old and say why. Watch: /readyz, "
            "/metrics on [listen] admin.\n",
    .run = run,
};
