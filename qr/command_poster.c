#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/mem.h"
#include "qr/commands.h"
#include "qr/poster.h"
#include "qr/setup.h"

const char command_poster_help[] =
    "mashang-qr poster --areas 370115 -o posters.pdf\n"
    "mashang-qr poster --areas 370115001 370115002 --placement leaflet\n"
    "mashang-qr poster --areas villages.txt --drill -o drill.pdf\n"
    "mashang-qr poster --areas 370115008218 -o poster.png\n\n"
    "Prints an A4 page for each village of the areas, sorted by town, each with a serial of its "
    "own.\n\n"
    "  --areas FILE|ID…  areas, or a list of ids (one per line), or an areas file (then all of "
    "it,\n"
    "                    instead of [areas] file)\n"
    "  --exact           a page for each area itself, not for its villages\n"
    "  --layout a4       the only one so far\n"
    "  --placement NAME  where they will hang: board (default), home, card, screen, leaflet\n"
    "  --drill           for exercises: marked 演练, nothing is reported\n"
    "  -o, --out FILE    posters.pdf; a name that ends in .png gives one page as an image\n"
    "  --json            file, pages, first and last serial as JSON\n"
    "  -c, --conf FILE   configuration; --set section.key=value overrides one setting\n";

enum { LIST_BYTES_MAX = 32 << 20, IMAGE_DPI = 200, BAR_WIDTH = 40, BAR_STEP_MS = 100 };

struct run {
    const struct args *args;
    struct setup setup;
    struct words words;
    struct code *made; /* owned; one per page */
    area_index *areas; /* owned; in the order of printing */
    size_t count;
    size_t room;
    size_t without_phone;
};

static void add_area(struct run *run, area_index area)
{
    if (run->count == run->room) {
        run->room = run->room ? 2 * run->room : 256;
        run->areas = mem_resize(run->areas, run->room, sizeof *run->areas);
    }
    run->areas[run->count++] = area;
}

/* Depth is bounded by AREA_DEPTH_MAX. Grids are printed with their village: one paper hangs for all of them. */
static void add_villages(struct run *run, area_index area)
{
    const struct areas *areas = run->setup.areas;
    size_t children = area_child_count(areas, area);
    if (area_takes_reports(areas, area) || children == 0) {
        add_area(run, area);
        return;
    }
    for (size_t i = 0; i < children; i++) {
        add_villages(run, area_child(areas, area, i));
    }
}

static bool add_id(struct run *run, struct str id, struct err *err)
{
    area_index area;
    if (!setup_area(&run->setup, id, &area, err)) {
        return false;
    }
    if (run->args->exact) {
        add_area(run, area);
    } else {
        add_villages(run, area);
    }
    return true;
}

static bool add_list(struct run *run, const char *path, struct err *err)
{
    struct buf text;
    struct str line;
    size_t number = 0;
    buf_init(&text, LIST_BYTES_MAX);
    bool good = file_read(path, &text, err);
    struct str rest = buf_str(&text);
    while (good && str_next(&rest, '\n', &line)) {
        struct str id;
        number++;
        (void)str_next(&line, ',', &id);
        if (str_ends(id, STR("\r"))) {
            id.len--;
        }
        id = str_trim(id);
        if (id.len > 0 && id.at[0] != '#' && !add_id(run, id, err)) {
            good = err_prefix(err, "%s:%zu: ", path, number);
        }
    }
    buf_release(&text);
    return good;
}

static bool names_file(const char *word)
{
    return !code_area_ok(str_of(word)) || access(word, F_OK) == 0;
}

/* An areas file is told from a list of ids by its header. */
static bool is_areas_file(const char *path)
{
    char head[16] = "";
    FILE *file = fopen(path, "re");
    size_t got = file ? fread(head, 1, sizeof head - 1, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    struct str text = str_make(head, got);
    if (str_starts(text, STR("\xEF\xBB\xBF"))) {
        text = str_from(text, 3);
    }
    return str_starts(text, STR("id,")) || str_starts(text, STR("code,"));
}

static const struct areas *compared; /* qsort has no argument; one thread */

/* An area above the towns stands for itself, and so comes before those below it. */
static area_index town_of(area_index area)
{
    area_index town = area_up(compared, area, AREA_TOWN);
    return town == AREA_NONE ? area : town;
}

static int compare_places(const void *a, const void *b)
{
    const area_index x = *(const area_index *)a;
    const area_index y = *(const area_index *)b;
    const area_index town_x = town_of(x);
    const area_index town_y = town_of(y);
    if (town_x != town_y) {
        return town_x < town_y ? -1 : 1;
    }
    return (x > y) - (x < y);
}

static void sort_by_town(struct run *run)
{
    size_t kept = 0;
    compared = run->setup.areas;
    qsort(run->areas, run->count, sizeof *run->areas, compare_places);
    for (size_t i = 0; i < run->count; i++) {
        if (kept == 0 || run->areas[kept - 1] != run->areas[i]) {
            run->areas[kept++] = run->areas[i];
        }
    }
    run->count = kept;
}

static bool collect(struct run *run, const char *areas_file, struct err *err)
{
    const struct args *args = run->args;
    bool good = true;
    if (areas_file != NULL) {
        add_villages(run, areas_root(run->setup.areas));
    }
    for (size_t i = 0; good && areas_file == NULL && i < args->word_count; i++) {
        const char *word = args->words[i];
        good = names_file(word) ? add_list(run, word, err) : add_id(run, str_of(word), err);
    }
    if (good && run->count == 0) {
        good = err_set(err, "no area to print");
    }
    sort_by_town(run);
    return good;
}

static bool make_codes(struct run *run, struct err *err)
{
    uint32_t first = 0;
    enum code_placement placement = CODE_BOARD;
    CHECK(code_placement_parse(str_of(run->args->placement), &placement));
    run->made = mem_array(run->count, sizeof *run->made);
    for (size_t i = 0; i < run->count; i++) {
        struct str id = area_id(run->setup.areas, run->areas[i]);
        run->made[i] = (struct code){.placement = placement, .drill = run->args->drill};
        memcpy(run->made[i].area, id.at, id.len);
    }
    if (run->setup.options.areas.codes[0] == '\0') {
        return true; /* no file, no serials */
    }
    if (!codes_file_next_serials(run->setup.codes, run->made, run->count, &first, err)) {
        return false;
    }
    for (size_t i = 0; i < run->count; i++) {
        run->made[i].serial = first + (uint32_t)i;
    }
    return true;
}

static struct str hotline(const struct run *run)
{
    struct str line = str_of(run->setup.options.site.hotline);
    return str_is(line, "未设置") ? STR("") : line;
}

static struct str host_of(const char *base_url)
{
    struct str base = str_of(base_url);
    ptrdiff_t at = str_find(base, STR("://"));
    return at < 0 ? base : str_from(base, (size_t)at + 3);
}

static bool draw_page(struct run *run, struct paper *paper, size_t i, struct err *err)
{
    const struct areas *areas = run->setup.areas;
    area_index area = run->areas[i];
    area_index town = area_up(areas, area, AREA_TOWN);
    struct poster poster = {
        .town = town == AREA_NONE || town == area ? STR("") : area_shown(areas, town),
        .village = area_shown(areas, area),
        .contact = area_contact(areas, area),
        .phone = area_phone(areas, area),
        .authority = str_of(run->setup.options.site.authority),
        .host = host_of(run->setup.options.site.base_url),
        .serial = run->made[i].serial,
        .drill = run->made[i].drill,
    };
    struct buf link;
    if (poster.phone.len == 0) {
        poster.contact = STR("");
        poster.phone = hotline(run);
    }
    run->without_phone += poster.phone.len == 0;
    buf_init(&link, 1024);
    setup_link(&run->setup, &run->made[i], &link);
    poster.link = buf_str(&link);
    bool done = poster_draw(paper, &run->words, &poster, err);
    buf_release(&link);
    return done;
}

static void show_progress(size_t done, size_t of)
{
    static int64_t shown_ms;
    int64_t now_ms = clock_mono_ms();
    if (!isatty(STDERR_FILENO) || (done < of && now_ms - shown_ms < BAR_STEP_MS)) {
        return;
    }
    shown_ms = now_ms;
    int filled = (int)(done * BAR_WIDTH / of);
    fprintf(stderr, "\r[%.*s%*s] %zu/%zu%s", filled, "########################################",
            BAR_WIDTH - filled, "", done, of, done == of ? "\n" : "");
}

static bool draw_pages(struct run *run, struct paper *paper, struct err *err)
{
    for (size_t i = 0; i < run->count; i++) {
        if (!draw_page(run, paper, i, err)) {
            return false;
        }
        show_progress(i + 1, run->count);
    }
    return true;
}

static bool write_image(struct run *run, const char *path, struct err *err)
{
    struct paper *paper = paper_image(POSTER_WIDTH_MM, POSTER_HEIGHT_MM, IMAGE_DPI);
    struct err ignored;
    bool drawn = draw_pages(run, paper, err);
    return paper_close(&paper, drawn ? path : NULL, drawn ? err : &ignored) && drawn;
}

/* Beside the goal first: a run that fails half-way leaves no half a file under a good name. */
static bool write_pdf(struct run *run, const char *path, struct err *err)
{
    char beside[PATH_MAX];
    struct err ignored;
    if (snprintf(beside, sizeof beside, "%s~", path) >= (int)sizeof beside) {
        return err_set(err, "%s: path too long", path);
    }
    FILE *to = fopen(beside, "we");
    if (to == NULL) {
        return err_set(err, "%s: %s", beside, strerror(errno));
    }
    struct paper *paper = paper_pdf(to, POSTER_WIDTH_MM, POSTER_HEIGHT_MM,
                                    run->setup.options.site.title);
    bool done = draw_pages(run, paper, err);
    bool closed = paper_close(&paper, NULL, done ? err : &ignored);
    bool flushed = fclose(to) == 0;
    if (done && closed && (!flushed || rename(beside, path) != 0)) {
        done = err_set(err, "%s: %s", path, strerror(errno));
    }
    if (!done || !closed) {
        unlink(beside);
    }
    return done && closed;
}

static void report(const struct run *run, const char *path)
{
    uint32_t first = run->made[0].serial;
    uint32_t last = run->made[run->count - 1].serial;
    if (run->args->json) {
        struct buf escaped;
        buf_init(&escaped, 2 * PATH_MAX);
        escape_json(&escaped, str_of(path));
        printf("{\"file\": \"%s\", \"pages\": %zu, \"first_serial\": %u, \"last_serial\": %u}\n",
               buf_text(&escaped), run->count, first, last);
        buf_release(&escaped);
    } else {
        printf("%s: %zu page%s", path, run->count, run->count == 1 ? "" : "s");
        if (first > 0) {
            printf(", serials %u to %u", first, last);
        }
        putchar('\n');
    }
    if (run->without_phone > 0) {
        fprintf(stderr,
                "mashang-qr: %zu of %zu pages have no telephone (neither in the areas file nor "
                "public.hotline): a line to write it on is printed\n",
                run->without_phone, run->count);
    }
}

static bool load_words(struct run *run, struct err *err)
{
    const struct options *options = &run->setup.options;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/posters/%s.json", options->forms.dir, options->site.locale);
    return words_load(&run->words, path, err);
}

/* Tried before serials are taken: they are gone for good, and a county prints thousands. What was there stays as it is. */
static bool goal_ok(const struct run *run, const char *path, bool image, struct err *err)
{
    char beside[PATH_MAX];
    struct stat at;
    if (image && run->count != 1) {
        return err_set(err, "%s: an image holds one page, not %zu; name a .pdf", path, run->count);
    }
    if (stat(path, &at) == 0 && S_ISDIR(at.st_mode)) {
        return err_set(err, "%s: %s", path, strerror(EISDIR));
    }
    if (snprintf(beside, sizeof beside, "%s~", path) >= (int)sizeof beside) {
        return err_set(err, "%s: path too long", path);
    }
    bool was_there = access(beside, F_OK) == 0;
    int fd = open(beside, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) {
        return err_set(err, "%s: %s", beside, strerror(errno));
    }
    close(fd);
    if (!was_there) {
        unlink(beside);
    }
    return true;
}

static int print_posters(struct run *run, const char *areas_file)
{
    struct err err = {""};
    const char *path = run->args->out ? run->args->out : "posters.pdf";
    if (!load_words(run, &err)) {
        return command_failed(EXIT_CONFIG, &err);
    }
    bool image = str_ends(str_of(path), STR(".png"));
    bool done = collect(run, areas_file, &err) && goal_ok(run, path, image, &err) &&
                make_codes(run, &err) && (image ? write_image : write_pdf)(run, path, &err);
    words_release(&run->words);
    if (!done) {
        return command_failed(EXIT_FAILED, &err);
    }
    report(run, path);
    return EXIT_DONE;
}

static bool usage_ok(const struct args *args, struct err *err)
{
    enum code_placement placement;
    if (args->word_count == 0) {
        return err_set(err, "poster: --areas FILE|ID… is needed, see --help");
    }
    if (strcmp(args->layout, "a4") != 0) {
        return err_set(err, "--layout: %s is not built, allowed is a4", args->layout);
    }
    if (!code_placement_parse(str_of(args->placement), &placement) || placement == CODE_LIST) {
        return err_set(err, "--placement: allowed are board, home, card, screen and leaflet");
    }
    return true;
}

int command_poster(const struct args *args)
{
    struct run run = {.args = args};
    struct err err = {""};
    if (!usage_ok(args, &err)) {
        return command_failed(EXIT_USAGE, &err);
    }
    const char *areas_file = args->word_count == 1 && is_areas_file(args->words[0]) ? args->words[0]
                                                                                    : NULL;
    if (!setup_load(&run.setup, args, areas_file, &err)) {
        return command_failed(EXIT_CONFIG, &err);
    }
    int code = print_posters(&run, areas_file);
    free(run.areas);
    free(run.made);
    setup_release(&run.setup);
    return code;
}
