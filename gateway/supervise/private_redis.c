#include "supervise/private_redis.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "store/private.h"

enum {
    PRIVATE_MAGIC = 0x50726976,
    START_WAIT_MS = 3000,
    PREDECESSOR_WAIT_MS = 5000,
    STOP_WAIT_MS = 5000,
    STEP_MS = 10,
    LOAD_AGAIN_MS = 100,
    LOAD_TIMEOUT_MS = 1000,
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 5000,
    STEADY_MS = 10000,
    PASSWORD_RANDOM_BYTES = 24,
    EXEC_FAILED = 127
};

struct private_redis {
    unsigned magic;
    struct loop *loop;
    char *server;
    char address[PRIVATE_PATH_BYTES + 16];
    char folder[PRIVATE_PATH_BYTES]; /* DATA/redis */
    char socket[PRIVATE_PATH_BYTES], conf[PRIVATE_PATH_BYTES], log[PRIVATE_PATH_BYTES];
    pid_t pid; /* 0: none */
    struct timer *again;
    struct timer *loading;
    int64_t started_ms;
    int64_t backoff_ms;
    uint64_t restarts;
    bool loaded;
};

static loop_fn on_again;
static loop_fn on_loading;

static const char conf_text[] = "# Written at each start. What is acknowledged is on the disk.\n"
                                "port 0\n"
                                "unixsocketperm 600\n"
                                "daemonize no\n"
                                "save \"\"\n"
                                "appendonly yes\n"
                                "appendfsync always\n"
                                "no-appendfsync-on-rewrite no\n"
                                "maxmemory-policy noeviction\n"
                                "hash-max-listpack-value 4096\n"
                                "loglevel notice\n";

static void hex(const unsigned char *bytes, size_t count, char *ret_text)
{
    for (size_t i = 0; i < count; i++) {
        snprintf(ret_text + i * 2, 3, "%02x", bytes[i]);
    }
}

/* An existing password is kept: other programs may have it open. */
static bool make_password(const struct private_redis *redis, const char *user,
                          char ret_hash[PRIVATE_PASSWORD_BYTES], struct err *err)
{
    unsigned char random[PASSWORD_RANDOM_BYTES];
    unsigned char digest[DIGEST_BYTES];
    char line[PASSWORD_RANDOM_BYTES * 2 + 2];
    struct private_login login;
    struct err none;
    if (!private_login(redis->address, user, &login, &none)) {
        char path[PRIVATE_PATH_BYTES + 32];
        rand_bytes(random, sizeof random);
        hex(random, sizeof random, login.password);
        snprintf(path, sizeof path, "%s/%s.password", redis->folder, user);
        snprintf(line, sizeof line, "%.*s\n", PASSWORD_RANDOM_BYTES * 2, login.password);
        if (!file_write(path, str_of(line), 0600, err)) {
            return false;
        }
    }
    digest_sha256(str_of(login.password), digest);
    hex(digest, sizeof digest, ret_hash);
    explicit_bzero(&login, sizeof login);
    explicit_bzero(line, sizeof line);
    return true;
}

static bool write_acl(const struct private_redis *redis, struct err *err)
{
    char gateway[PRIVATE_PASSWORD_BYTES];
    char deploy[PRIVATE_PASSWORD_BYTES];
    char path[PRIVATE_PATH_BYTES + 16];
    struct buf text;
    if (!make_password(redis, PRIVATE_USER_GATEWAY, gateway, err) ||
        !make_password(redis, PRIVATE_USER_DEPLOY, deploy, err)) {
        return false;
    }
    buf_init(&text, 4096);
    /* Off, so nobody can be it, but with rights: the server loads its own append-only file as this user, and without them
     * every transaction in the file is refused, silently but for the server's log. */
    buf_puts(&text, "user default off ~* &* +@all\n");
    buf_printf(&text, "user %s on #%s %s\n", PRIVATE_USER_GATEWAY, gateway, PRIVATE_RULES_GATEWAY);
    buf_printf(&text, "user %s on #%s %s\n", PRIVATE_USER_DEPLOY, deploy, PRIVATE_RULES_DEPLOY);
    CHECK(buf_ok(&text));
    snprintf(path, sizeof path, "%s/users.acl", redis->folder);
    bool written = file_write(path, buf_str(&text), 0600, err);
    buf_release(&text);
    return written;
}

static bool write_conf(const struct private_redis *redis, struct err *err)
{
    struct buf text;
    buf_init(&text, 16384);
    buf_puts(&text, conf_text);
    buf_printf(&text, "dir \"%s\"\nunixsocket \"%s\"\n", redis->folder, redis->socket);
    buf_printf(&text, "aclfile \"%s/users.acl\"\npidfile \"%s/redis.pid\"\nlogfile \"%s\"\n",
               redis->folder, redis->folder, redis->log);
    CHECK(buf_ok(&text));
    bool written = file_write(redis->conf, buf_str(&text), 0600, err);
    buf_release(&text);
    return written;
}

static bool make_paths(struct private_redis *redis, const char *data_dir, struct err *err)
{
    char whole[PATH_MAX];
    if (realpath(data_dir, whole) == NULL || strlen(whole) >= PRIVATE_PATH_BYTES - 16 ||
        strpbrk(whole, "\"\\\n") != NULL) {
        return err_set(err, "%s: must be a folder without quotes in its path", data_dir);
    }
    snprintf(redis->address, sizeof redis->address, PRIVATE_ADDRESS "%.*s", PRIVATE_PATH_BYTES,
             whole);
    const struct {
        const char *name;
        char *path;
    } paths[] = {
        {"redis.sock", redis->socket}, {"redis.conf", redis->conf}, {"redis.log", redis->log}};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (!private_path(whole, paths[i].name, paths[i].path, err)) {
            return false;
        }
    }
    if (strlen(redis->socket) > sizeof((struct sockaddr_un *)NULL)->sun_path - 1) {
        return err_set(err, "%s: a socket path has at most 107 bytes, use a shorter data folder",
                       redis->socket);
    }
    snprintf(redis->folder, sizeof redis->folder, "%s", redis->socket);
    *strrchr(redis->folder, '/') = '\0';
    return mkdir(redis->folder, 0700) == 0 || errno == EEXIST ||
           err_set(err, "%s: %s", redis->folder, strerror(errno));
}

static bool somebody_listens(const struct private_redis *redis)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.107s", redis->socket);
    bool listens = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return listens;
}

/* One that a killed master left behind is just dying; a socket without a listener is nobody's. */
static bool wait_for_predecessor(const struct private_redis *redis, struct err *err)
{
    int64_t until_ms = clock_mono_ms() + PREDECESSOR_WAIT_MS;
    while (somebody_listens(redis)) {
        if (clock_mono_ms() > until_ms) {
            return err_set(err, "%s: another redis-server runs in this data folder", redis->socket);
        }
        usleep(STEP_MS * 1000);
    }
    unlink(redis->socket);
    return true;
}

_Noreturn static void become_server(const struct private_redis *redis, pid_t master)
{
    sigset_t none;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* safe: what was acknowledged is on the disk */
    if (getppid() != master) {
        _exit(EXEC_FAILED);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int i = 1; i < NSIG; i++) {
        signal(i, SIG_DFL);
    }
    int log = open(redis->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(log >= 0 ? log : null, STDOUT_FILENO);
    dup2(log >= 0 ? log : null, STDERR_FILENO);
    close_range(3, ~0U, 0);
    execlp(redis->server, redis->server, redis->conf, (char *)NULL);
    dprintf(STDERR_FILENO, "%s: %s\n", redis->server, strerror(errno));
    _exit(EXEC_FAILED);
}

static bool spawn(struct private_redis *redis)
{
    pid_t master = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        become_server(redis, master);
    }
    redis->pid = pid > 0 ? pid : 0;
    redis->started_ms = clock_mono_ms();
    redis->loaded = false;
    return pid > 0;
}

/* True when its process has ended; then it is no more ours. */
static bool has_ended(struct private_redis *redis, int *ret_status)
{
    if (redis->pid == 0 || waitpid(redis->pid, ret_status, WNOHANG) != redis->pid) {
        return false;
    }
    redis->pid = 0;
    return true;
}

static bool load_functions(struct private_redis *redis, struct err *err)
{
    const struct store_options options = {.address = redis->address, .timeout_ms = LOAD_TIMEOUT_MS};
    redis->loaded = store_load_functions(&options, err);
    return redis->loaded;
}

static bool wait_until_loaded(struct private_redis *redis, struct err *err)
{
    int64_t until_ms = clock_mono_ms() + START_WAIT_MS;
    int status;
    struct err why = {""};
    while (!load_functions(redis, &why) && clock_mono_ms() < until_ms) {
        if (has_ended(redis, &status)) {
            bool unknown = WIFEXITED(status) && WEXITSTATUS(status) == EXEC_FAILED;
            return err_set(err, unknown ? "%s: cannot be run, see %s" : "%s: ended at once, see %s",
                           redis->server, redis->log);
        }
        usleep(STEP_MS * 1000);
    }
    if (!redis->loaded && strstr(why.text, "newer than this program") != NULL) {
        return err_set(err, "%.200s: %.250s", redis->folder, why.text);
    }
    return true;
}

struct private_redis *private_redis_start(struct loop *loop, const char *data_dir,
                                          const char *server, struct err *err)
{
    struct private_redis *redis = mem_alloc(sizeof *redis);
    redis->magic = PRIVATE_MAGIC;
    redis->loop = loop;
    redis->server = mem_strdup(server != NULL && server[0] != '\0' ? server : "redis-server");
    redis->backoff_ms = BACKOFF_MIN_MS;
    redis->again = timer_new(loop, on_again, redis);
    redis->loading = timer_new(loop, on_loading, redis);
    bool started = make_paths(redis, data_dir, err) && write_acl(redis, err) &&
                   write_conf(redis, err) && wait_for_predecessor(redis, err) &&
                   (spawn(redis) || err_set(err, "%s: %s", redis->server, strerror(errno))) &&
                   wait_until_loaded(redis, err);
    if (!started) {
        private_redis_stop(&redis);
        return NULL;
    }
    if (!redis->loaded) {
        timer_set(redis->loading, LOAD_AGAIN_MS);
    }
    return redis;
}

static void on_loading(void *arg)
{
    struct private_redis *redis = arg;
    CHECK_OBJ(redis, PRIVATE_MAGIC);
    struct err why;
    if (redis->pid != 0 && !load_functions(redis, &why)) {
        timer_set(redis->loading, LOAD_AGAIN_MS);
    }
}

void private_redis_reap(struct private_redis *redis)
{
    CHECK_OBJ(redis, PRIVATE_MAGIC);
    int status;
    if (!has_ended(redis, &status)) {
        return;
    }
    bool steady = clock_mono_ms() - redis->started_ms >= STEADY_MS;
    redis->backoff_ms = steady ? BACKOFF_MIN_MS : redis->backoff_ms;
    log_event(LOG_LEVEL_ERROR, "redis-ended", "%s=%d again_ms=%lld",
              WIFSIGNALED(status) ? "signal" : "exit",
              WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
              (long long)redis->backoff_ms);
    timer_set(redis->again, redis->backoff_ms);
    redis->backoff_ms = redis->backoff_ms * 2 < BACKOFF_MAX_MS ? redis->backoff_ms * 2
                                                               : BACKOFF_MAX_MS;
}

static void on_again(void *arg)
{
    struct private_redis *redis = arg;
    CHECK_OBJ(redis, PRIVATE_MAGIC);
    redis->restarts++;
    unlink(redis->socket);
    if (spawn(redis)) {
        timer_set(redis->loading, LOAD_AGAIN_MS);
    } else {
        timer_set(redis->again, BACKOFF_MAX_MS);
    }
}

const char *private_redis_address(const struct private_redis *redis)
{
    return redis->address;
}

uint64_t private_redis_restarts(const struct private_redis *redis)
{
    return redis->restarts;
}

static void end_server(struct private_redis *redis)
{
    int status;
    int64_t until_ms = clock_mono_ms() + STOP_WAIT_MS;
    kill(redis->pid, SIGTERM);
    while (!has_ended(redis, &status)) {
        if (clock_mono_ms() > until_ms) {
            kill(redis->pid, SIGKILL);
            waitpid(redis->pid, &status, 0);
            redis->pid = 0;
            return;
        }
        usleep(STEP_MS * 1000);
    }
}

void private_redis_stop(struct private_redis **redis)
{
    struct private_redis *gone = *redis;
    if (gone == NULL) {
        return;
    }
    CHECK_OBJ(gone, PRIVATE_MAGIC);
    *redis = NULL;
    timer_free(&gone->again);
    timer_free(&gone->loading);
    if (gone->pid != 0) {
        end_server(gone);
        unlink(gone->socket);
    }
    gone->magic = 0;
    free(gone->server);
    free(gone);
}
