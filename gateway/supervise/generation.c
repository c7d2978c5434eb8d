#include "supervise/generation.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "supervise/child.h"

enum {
    GENERATION_MAGIC = 0x47656e65,
    HEARTBEAT_MAX_MS = 5000,
    START_MAX_MS = 20000,
    CRASHES = 3,
    CRASHES_WITHIN_MS = 10000,
    PAUSE_MIN_MS = 200,
    PAUSE_MAX_MS = 5000
};

struct member {
    struct generation *generation;
    enum worker_kind kind;
    size_t index;
    pid_t pid; /* 0: none */
    bool ready;
    int control_fd;
    struct event *control;
    struct metrics_slot *slot;
    int64_t started_ms;
    int64_t crash_ms[CRASHES]; /* newest first */
    int64_t pause_ms;
    struct timer *successor;
    size_t
        adopter; /* web: index + 1 of the living worker that was given this one's sockets, 0 none */
};

struct generation {
    unsigned magic;
    struct generation_host host;
    struct setup *setup;
    struct member *members; /* the web workers, then the forward worker */
    size_t count;
    bool was_ready, failed, stopping[2], told;
    uint64_t restarts, killed;
};

static loop_fn tell;
static loop_fn on_successor_due;

static void tell(void *arg)
{
    struct generation *generation = arg;
    CHECK_OBJ(generation, GENERATION_MAGIC);
    generation->told = false;
    generation->host.changed(generation->host.arg, generation);
}

static void tell_later(struct generation *generation)
{
    if (!generation->told) {
        generation->told = true;
        loop_later(generation->host.loop, tell, generation);
    }
}

static const char *kind_name(enum worker_kind kind)
{
    return kind == WORKER_WEB ? "web" : "forward";
}

static void on_word(evutil_socket_t fd, short what, void *arg)
{
    struct member *member = arg;
    (void)what;
    if (!child_heard_ready(fd)) {
        event_del(member->control); /* gone: SIGCHLD tells the rest */
        return;
    }
    member->ready = true;
    bool all = true;
    for (size_t i = 0; i < member->generation->count; i++) {
        all = all && member->generation->members[i].ready;
    }
    member->generation->was_ready = member->generation->was_ready || all;
    tell_later(member->generation);
}

static _Noreturn void live_as_worker(const struct member *member, int control_fd,
                                     const int listen_fds[DOORS])
{
    const struct generation *generation = member->generation;
    struct worker_start start = {
        .kind = member->kind,
        .setup = generation->setup,
        .private_address = generation->host.private_address,
        .shared = generation->host.shared,
        .slot = member->slot,
        .control_fd = control_fd,
    };
    memcpy(start.listen_fds, listen_fds, sizeof start.listen_fds);
    (void)prctl(PR_SET_NAME, member->kind == WORKER_WEB ? "mashang-web" : "mashang-forward");
    _exit(worker_run(&start));
}

static void start_member(struct member *member)
{
    struct generation *generation = member->generation;
    int listen_fds[DOORS];
    int control_fd;
    for (enum door door = 0; door < DOORS; door++) {
        listen_fds[door] = member->kind == WORKER_WEB
                               ? sockets_of(&generation->host.sockets[door], member->index)
                               : -1;
    }
    member->slot = shared_take(generation->host.shared);
    CHECK(member->slot != NULL);
    member->ready = false;
    member->started_ms = clock_mono_ms();
    pid_t pid = child_fork(listen_fds, &control_fd);
    if (pid == 0) {
        live_as_worker(member, control_fd, listen_fds);
    }
    if (pid < 0) {
        log_event(LOG_LEVEL_ERROR, "fork", "kind=%s why=%s", kind_name(member->kind),
                  strerror(errno));
        shared_give_back(generation->host.shared, &member->slot);
        timer_set(member->successor, PAUSE_MAX_MS);
        return;
    }
    member->pid = pid;
    member->control_fd = control_fd;
    member->control = event_new(loop_base(generation->host.loop), control_fd, EV_READ | EV_PERSIST,
                                on_word, member);
    CHECK(member->control != NULL && event_add(member->control, NULL) == 0);
}

static void on_successor_due(void *arg)
{
    struct member *member = arg;
    if (!member->generation->stopping[member->kind] && member->pid == 0) {
        start_member(member);
    }
}

struct generation *generation_start(const struct generation_host *host, struct setup *take_setup,
                                    size_t web_workers)
{
    struct generation *generation = mem_alloc(sizeof *generation);
    generation->magic = GENERATION_MAGIC;
    generation->host = *host;
    generation->setup = take_setup;
    generation->count = web_workers + 1;
    generation->members = mem_array(generation->count, sizeof generation->members[0]);
    for (size_t i = 0; i < generation->count; i++) {
        struct member *member = &generation->members[i];
        member->generation = generation;
        member->index = i;
        member->kind = i < web_workers ? WORKER_WEB : WORKER_FORWARD;
        member->successor = timer_new(host->loop, on_successor_due, member);
        start_member(member);
    }
    return generation;
}

/* A socket that all share needs no other keeper. */
static bool lend_to(const struct member *member, const struct member *other)
{
    for (enum door door = 0; door < DOORS; door++) {
        const struct sockets *sockets = &member->generation->host.sockets[door];
        int fd = sockets->single ? -1 : sockets_of(sockets, member->index);
        if (fd >= 0 && !child_send_socket(other->control_fd, door, fd)) {
            return false;
        }
    }
    return true;
}

/* Until the successor stands, a living worker serves what comes in on this one's sockets. */
static void lend_sockets(struct member *member)
{
    struct generation *generation = member->generation;
    if (member->kind != WORKER_WEB || member->adopter > 0) {
        return;
    }
    for (size_t i = 0; i < generation->count; i++) {
        const struct member *other = &generation->members[i];
        if (other != member && other->kind == WORKER_WEB && other->ready &&
            lend_to(member, other)) {
            member->adopter = i + 1;
            return;
        }
    }
}

/* The first two crashes in 10 s are answered at once, the third with a pause that doubles. */
static int64_t pause_after_crash(struct member *member, int64_t now_ms)
{
    memmove(&member->crash_ms[1], &member->crash_ms[0], sizeof member->crash_ms - sizeof(int64_t));
    member->crash_ms[0] = now_ms;
    int64_t oldest_ms = member->crash_ms[CRASHES - 1];
    if (oldest_ms == 0 || now_ms - oldest_ms > CRASHES_WITHIN_MS) {
        member->pause_ms = 0;
    } else {
        member->pause_ms = member->pause_ms ? member->pause_ms * 2 : PAUSE_MIN_MS;
    }
    member->pause_ms = member->pause_ms < PAUSE_MAX_MS ? member->pause_ms : PAUSE_MAX_MS;
    return member->pause_ms;
}

static void forget_process(struct member *member)
{
    struct generation *generation = member->generation;
    event_free(member->control);
    member->control = NULL;
    close(member->control_fd);
    shared_give_back(generation->host.shared, &member->slot);
    member->pid = 0;
    member->ready = false;
    for (size_t i = 0; i < generation->count; i++) { /* what it had adopted is orphaned again */
        if (generation->members[i].adopter == member->index + 1) {
            generation->members[i].adopter = 0;
        }
    }
}

static void on_member_end(struct member *member, int status)
{
    struct generation *generation = member->generation;
    bool config = WIFEXITED(status) && WEXITSTATUS(status) == WORKER_CONFIG_EXIT;
    pid_t pid = member->pid;
    forget_process(member);
    tell_later(generation);
    if (generation->stopping[member->kind]) {
        return;
    }
    if (config && !generation->was_ready) {
        generation->failed = true;
        return;
    }
    int64_t pause_ms = pause_after_crash(member, clock_mono_ms());
    generation->restarts++;
    log_event(LOG_LEVEL_ERROR, "worker-died", "kind=%s nth=%zu pid=%d %s=%d successor_in_ms=%lld",
              kind_name(member->kind), member->index, (int)pid,
              WIFSIGNALED(status) ? "signal" : "exit",
              WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), (long long)pause_ms);
    if (pause_ms == 0) {
        start_member(member);
        return;
    }
    lend_sockets(member);
    timer_set(member->successor, pause_ms);
}

void generation_reap(struct generation *generation)
{
    CHECK_OBJ(generation, GENERATION_MAGIC);
    for (size_t i = 0; i < generation->count; i++) {
        int status;
        struct member *member = &generation->members[i];
        if (member->pid > 0 && waitpid(member->pid, &status, WNOHANG) == member->pid) {
            on_member_end(member, status);
        }
    }
}

void generation_watch(struct generation *generation, int64_t now_ms)
{
    for (size_t i = 0; i < generation->count; i++) {
        struct member *member = &generation->members[i];
        if (member->pid == 0) {
            continue;
        }
        int64_t beat_ms = __atomic_load_n(&member->slot->heartbeat_ms, __ATOMIC_RELAXED);
        int64_t since_ms = now_ms - (member->ready ? beat_ms : member->started_ms);
        if (since_ms > (member->ready ? HEARTBEAT_MAX_MS : START_MAX_MS)) {
            log_event(LOG_LEVEL_ERROR, "worker-stuck", "kind=%s nth=%zu pid=%d still_ms=%lld",
                      kind_name(member->kind), member->index, (int)member->pid,
                      (long long)since_ms);
            generation->killed++;
            kill(member->pid, SIGKILL);
        }
    }
}

void generation_stop(struct generation *generation, enum worker_kind kind)
{
    generation->stopping[kind] = true;
    for (size_t i = 0; i < generation->count; i++) {
        struct member *member = &generation->members[i];
        if (member->kind == kind) {
            timer_stop(member->successor);
            if (member->pid > 0) {
                kill(member->pid, SIGTERM);
            }
        }
    }
    tell_later(generation);
}

void generation_kill(struct generation *generation)
{
    generation->stopping[WORKER_WEB] = true;
    generation->stopping[WORKER_FORWARD] = true;
    for (size_t i = 0; i < generation->count; i++) {
        timer_stop(generation->members[i].successor);
        if (generation->members[i].pid > 0) {
            kill(generation->members[i].pid, SIGKILL);
        }
    }
    tell_later(generation);
}

void generation_state(const struct generation *generation, struct generation_state *ret)
{
    *ret = (struct generation_state){
        .ready = generation->was_ready,
        .failed = generation->failed,
        .web = generation->count - 1,
        .restarts = generation->restarts,
        .killed = generation->killed,
    };
    for (size_t i = 0; i < generation->count; i++) {
        const struct member *member = &generation->members[i];
        bool web = member->kind == WORKER_WEB;
        ret->web_up += web && member->ready;
        ret->web_alive += web && member->pid > 0;
        ret->forward_up = ret->forward_up || (!web && member->ready);
        ret->forward_alive += !web && member->pid > 0;
    }
}

const struct setup *generation_setup(const struct generation *generation)
{
    return generation->setup;
}

void generation_free(struct generation **generation)
{
    struct generation *gone = *generation;
    if (gone == NULL) {
        return;
    }
    CHECK_OBJ(gone, GENERATION_MAGIC);
    CHECK(!gone->told);
    for (size_t i = 0; i < gone->count; i++) {
        CHECK(gone->members[i].pid == 0);
        timer_free(&gone->members[i].successor);
    }
    free(gone->members);
    setup_free(&gone->setup);
    gone->magic = 0;
    free(gone);
    *generation = NULL;
}
