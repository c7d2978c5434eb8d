#include <string.h>

#include "cli/commands.h"
#include "cli/load.h"
#include "flow/forward.h"
#include "flow/sample.h"

/* NULL: none is called so. */
static const char *kind_of(const char *name)
{
    size_t i = 0;
    while (sample_kinds[i] != NULL && strcmp(sample_kinds[i], name) != 0) {
        i++;
    }
    return sample_kinds[i];
}

static int run(const struct args *args)
{
    if (args->word_count != 1 || strcmp(args->words[0], "try") != 0) {
        return cli_fail(CLI_USAGE, "upstream: `try` is expected");
    }
    const char *name = args_get(args, "--event");
    const char *kind = kind_of(name ? name : "accepted");
    if (kind == NULL) {
        return cli_fail(CLI_USAGE,
                        "upstream try: --event: %s: unknown, allowed: accepted added corrected "
                        "transferred merged withdrawn step decided",
                        name);
    }
    struct setup *setup = load_setup(args);
    if (setup == NULL) {
        return CLI_CONFIG;
    }
    int code = forward_try(setup, kind, args_get(args, "--send") != NULL, args->json);
    setup_free(&setup);
    return code;
}

static const struct arg_spec specs[] = {{"--send", false}, {"--event", true}, {NULL, false}};

const struct command command_upstream = {
    .name = "upstream",
    .summary = "print or send the request for a sample report",
    .help =
        "  mashang upstream try -c FILE\n"
        "  mashang upstream try --send -c FILE\n"
        "  mashang upstream try --event withdrawn -c FILE\n"
        "\n"
        "Prints the exact request (secrets masked). --send sends it, marked as a sample, and "
        "prints the\n"
        "answer and what the gateway would make of it. Exit 1 when it was not delivered.\n"
        "--event: another kind than accepted: added, corrected, transferred, merged, withdrawn, "
        "step, decided.\n",
    .specs = specs,
    .run = run,
};
