/* Starts and stops the parts of a test's world. Every process is its child and is ended by its id; ports are picked by
 * the kernel; files lie in one directory under /tmp that goes when all went well. When the test dies the children get
 * SIGKILL from the kernel, so that nothing is left behind. */
#include "tests/system/world.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SQL_TIMEOUT_MS = 30000, STOP_TIMEOUT_MS = 40000, ARGS_MAX = 24, TAIL_BYTES = 6000 };

static struct world *only; /* for the end of a failing test */

char *world_read(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1);
    size_t length = 0;
    if (text == NULL)
        abort();
    while (file != NULL && !feof(file)) {
        text = realloc(text, length + 65536 + 1);
        if (text == NULL)
            abort();
        length += fread(text + length, 1, 65536, file);
        text[length] = '\0';
        if (ferror(file))
            break;
    }
    if (file != NULL)
        (void)fclose(file);
    return text;
}

static void print_tail(const char *title, const char *path)
{
    char *text = world_read(path);
    size_t length = strlen(text);
    fprintf(stderr, "---- the end of %s\n%s\n", title, text + (length > TAIL_BYTES ? length - TAIL_BYTES : 0));
    free(text);
}

void world_fail(struct world *world, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: FAILED: ", world->options.name);
    (void)vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    print_tail("the daemon's log", world->log);
    exit(1);
}

static void write_file(const char *path, mode_t mode, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0) {
        perror(path);
        exit(1);
    }
}

static pid_t spawn(const char *const *args, const char *kill_at, const char *log)
{
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(1);
    }
    if (pid > 0)
        return pid;
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), null = open("/dev/null", O_RDONLY);
    if (fd < 0 || null < 0 || dup2(null, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
        _exit(127);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    if (kill_at != NULL)
        (void)setenv("FOTOSET_KILL_AT", kill_at, 1);
    else
        (void)unsetenv("FOTOSET_KILL_AT");
    execv(args[0], (char *const *)(uintptr_t)args);
    perror(args[0]);
    _exit(127);
}

pid_t world_spawn(const char *const *args, const char *log)
{
    return spawn(args, NULL, log);
}

static void start_sandbox(struct world *world)
{
    char log[128], seed[32], busy[16];
    (void)snprintf(log, sizeof log, "%s/sandbox.log", world->dir);
    (void)snprintf(seed, sizeof seed, "%" PRIu64, world->options.seed);
    (void)snprintf(busy, sizeof busy, "%d", world->options.busy);
    const char *args[ARGS_MAX] = {BINARY_DIR "/tests/sandbox/fotoset-sandbox",
                                  "--port",
                                  "0",
                                  "--token",
                                  WORLD_TOKEN,
                                  "--shop-secret",
                                  WORLD_SHOP_SECRET,
                                  "--record",
                                  world->record,
                                  "--seed",
                                  seed,
                                  "--busy",
                                  busy,
                                  "--receipts",
                                  "required",
                                  world->options.fast ? "--flood-chat=0" : NULL,
                                  "--flood-global=0",
                                  NULL};
    world->sandbox = spawn(args, NULL, log);
    for (int i = 0; i < 200; i++) {
        char *text = world_read(log), *at = strstr(text, "listens on ");
        if (at != NULL && strchr(at, '\n') != NULL) {
            (void)snprintf(world->base, sizeof world->base, "%.*s", (int)strcspn(at + 11, "\n"), at + 11);
            (void)snprintf(world->api, sizeof world->api, "%s", world->base);
            free(text);
            return;
        }
        free(text);
        (void)usleep(20 * 1000);
    }
    fprintf(stderr, "the sandbox does not start\n");
    exit(1);
}

struct cheap_style {
    const char *id, *price;
    int looks;
};

static void write_style(struct world *world, const struct cheap_style *style, int number)
{
    static const char *const crops[] = {"portrait", "half", "close"};
    char path[128];
    char *text = arena_format(&world->arena,
                              "id = \"%s\"; name = { ru = \"Стиль %s\"; en = \"Style %s\"; };\n"
                              "description = { ru = \"Проба.\"; en = \"A test.\"; };\n"
                              "cover = \"" SOURCE_DIR "/config/styles/professional.jpg\";\n"
                              "price = \"%s\"; looks = (\n",
                              style->id, style->id, style->id, style->price);
    for (int look = 0; look < style->looks; look++)
        text = arena_format(
            &world->arena, "%s{ prompt = \"Look %d of %s\"; recipe = \"crop=%s; mirror=%d; exposure=%d\"; }%s\n", text,
            look + 1, style->id, crops[look % 3], look % 2, look - 11 + number, look == style->looks - 1 ? ");" : ",");
    (void)snprintf(path, sizeof path, "%s/styles/%s.cfg", world->dir, style->id);
    write_file(path, 0600, text);
}

/* Looks that differ and cost little: only crops, mirrors and light changes of colour. The product's number of them, or
 * small sets. */
static void write_cheap_styles(struct world *world)
{
    static const struct cheap_style whole[] = {{"plain", "400.00", 23}, {"other", "500.00", 23}};
    static const struct cheap_style small[WORLD_SMALL_STYLES] = {
        {"one", "199.99", 1}, {"two", "350.00", 2}, {"three", "100.01", 3}, {"cheap", "2.00", 3}};
    const struct cheap_style *styles = world->options.small_styles ? small : whole;
    int count = world->options.small_styles ? WORLD_SMALL_STYLES : (int)(sizeof whole / sizeof whole[0]);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/styles", world->dir);
    (void)mkdir(path, 0700);
    for (int i = 0; i < count; i++)
        write_style(world, &styles[i], i);
    (void)snprintf(path, sizeof path, "%s/styles/examples", world->dir);
    if (symlink(SOURCE_DIR "/config/styles/examples", path) != 0)
        abort();
}

static const char *text_or(const char *text, const char *otherwise)
{
    return text == NULL ? otherwise : text;
}

static void write_secrets(struct world *world)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/token", world->dir);
    write_file(path, 0600, WORLD_TOKEN "\n");
    (void)snprintf(path, sizeof path, "%s/secret", world->dir);
    write_file(path, 0600, WORLD_SHOP_SECRET "\n");
}

void world_write_config(struct world *world)
{
    const struct world_options *options = &world->options;
    write_file(world->config, 0600,
               arena_format(&world->arena,
                            "telegram: { token_file = \"token\"; api_url = \"%s\"; %s album_wait_ms = 300; %s };\n"
                            "yookassa: { shop_id = \"100500\"; secret_file = \"secret\"; api_url = \"%s/yookassa/v3\";"
                            " request_timeout_s = 5; test_shop = %s; %s };\n"
                            "database: { conninfo = \"%s\"; };\nstore: { path = \"store\"; };\n"
                            "darkroom: { program = \"%s\"; %s };\nmaking: { %s };\n"
                            "shop: { offer_url = \"https://example.org/offer\";"
                            " privacy_url = \"https://example.org/privacy\"; %s };\n"
                            "texts_dir = \"%s\";\nstyles_dir = \"%s\";\n%s",
                            world->api, options->fast ? "global_per_s = 0; per_chat_per_s = 0;" : "",
                            text_or(options->telegram, ""), world->api, options->live ? "false" : "true",
                            text_or(options->yookassa, ""),
                            arena_format(&world->arena, "%s%s%s", world->conninfo, options->bad_line ? " host=" : "",
                                         options->bad_line ? world->dir : ""),
                            text_or(options->darkroom_program, BINARY_DIR "/fotoset-darkroom"),
                            text_or(options->darkroom, ""), text_or(options->making, ""), text_or(options->shop, ""),
                            SOURCE_DIR "/config/texts",
                            options->cheap_styles || options->small_styles ? "styles" : SOURCE_DIR "/config/styles",
                            text_or(options->config, "")));
}

/* The socket's directory out of the connection string that tests/postgres makes. */
static void start_relay(struct world *world)
{
    const char *host = strstr(world->conninfo, "host=");
    if (host == NULL) {
        fprintf(stderr, "no host= in $FOTOSET_TEST_CONNINFO\n");
        exit(2);
    }
    host += strlen("host=");
    world->relay = relay_new(arena_format(&world->arena, "%.*s", (int)strcspn(host, " "), host), world->dir,
                             world->options.seed);
}

static void leave(void)
{
    if (only != NULL && getenv("FOTOSET_KEEP") != NULL) {
        fprintf(stderr, "what is left of it: %s\n", only->dir);
        only->dir[0] = '\0';
    }
    if (only != NULL)
        world_end(only);
}

void world_begin(struct world *world, const struct world_options *options)
{
    *world = (struct world){.options = *options, .conninfo = getenv("FOTOSET_TEST_CONNINFO"), .begun_ms = net_now_ms()};
    if (world->conninfo == NULL) {
        fprintf(stderr, "FOTOSET_TEST_CONNINFO is not set: run it through tests/postgres run\n");
        exit(2);
    }
    arena_init(&world->arena);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)snprintf(world->dir, sizeof world->dir, "/tmp/fotoset-system.XXXXXX");
    if (mkdtemp(world->dir) == NULL) {
        perror(world->dir);
        exit(1);
    }
    (void)snprintf(world->record, sizeof world->record, "%s/record.jsonl", world->dir);
    (void)snprintf(world->log, sizeof world->log, "%s/daemon.log", world->dir);
    (void)snprintf(world->config, sizeof world->config, "%s/fotoset.conf", world->dir);
    only = world;
    (void)atexit(leave);
    start_sandbox(world);
    if (options->prepare != NULL)
        options->prepare(world);
    world->net = net_new(world->base);
    world->db = db_new(world->conninfo, NULL);
    if (options->bad_line)
        start_relay(world);
    write_secrets(world);
    if (options->cheap_styles || options->small_styles)
        write_cheap_styles(world);
    world_write_config(world);
}

void world_start_daemon(struct world *world, const char *kill_at)
{
    const char *other = getenv("FOTOSET_DAEMON"); /* with a bug planted by hand, to see that a test finds it */
    const char *args[] = {other != NULL ? other : BINARY_DIR "/fotosetd", "run", "-c", world->config, NULL};
    world->daemon = spawn(args, kill_at, world->log);
    world->started_ms = net_now_ms();
    world->starts++;
}

bool world_daemon_ended(struct world *world, int *ret_status)
{
    int status = 0;
    if (world->daemon == 0 || waitpid(world->daemon, &status, WNOHANG) != world->daemon)
        return false;
    world->daemon = 0;
    *ret_status = status;
    return true;
}

int world_stop_daemon(struct world *world, int signal_number)
{
    int status = 0;
    int64_t end_ms = net_now_ms() + STOP_TIMEOUT_MS;
    if (world->daemon == 0)
        return 0;
    (void)kill(world->daemon, signal_number);
    while (waitpid(world->daemon, &status, signal_number == SIGKILL ? 0 : WNOHANG) == 0) {
        if (net_now_ms() > end_ms)
            world_fail(world, "the daemon does not end by signal %d", signal_number);
        (void)usleep(2000);
    }
    world->daemon = 0;
    return status;
}

void world_end(struct world *world)
{
    char command[160];
    only = NULL;
    (void)world_stop_daemon(world, SIGKILL);
    if (world->options.finish != NULL)
        world->options.finish(world);
    if (world->sandbox != 0) {
        (void)kill(world->sandbox, SIGKILL);
        (void)waitpid(world->sandbox, NULL, 0);
    }
    relay_free(world->relay);
    net_free(world->net);
    db_free(world->db);
    arena_done(&world->arena);
    if (world->dir[0] == '\0')
        return;
    const char *args[] = {"/bin/rm", "-rf", world->dir, NULL};
    (void)snprintf(command, sizeof command, "/dev/null");
    pid_t pid = spawn(args, NULL, command);
    (void)waitpid(pid, NULL, 0);
}

struct db_result *world_sql(struct world *world, const char *sql)
{
    struct db_result *result = NULL;
    struct db_failure failure;
    struct db_unit *unit = db_unit_new();
    (void)db_unit_add(unit, sql, 0, NULL);
    if (db_run(world->db, unit, SQL_TIMEOUT_MS, &result, &failure) != ERR_OK)
        world_fail(world, "%s: %s", failure.message, sql);
    return result;
}

int64_t world_int(struct world *world, const char *format, ...)
{
    struct arena arena;
    va_list args;
    arena_init(&arena);
    va_start(args, format);
    const char *sql = arena_vformat(&arena, format, args);
    va_end(args);
    struct db_result *result = world_sql(world, sql);
    int64_t value = db_rows(result, 0) == 0 ? 0 : db_int64(result, 0, 0, 0);
    db_result_free(result);
    arena_done(&arena);
    return value;
}
