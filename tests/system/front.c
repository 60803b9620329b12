/* Starts the programs between the daemon and the sandbox. Apache is the TLS front because Debian has it without a
 * service that would be started by installing it (apache2-bin), and because it speaks HTTP/2 to the one side and
 * HTTP/1.1 to the other. It runs as one process. Started by root it opens its files and becomes nobody, for it refuses
 * to be root; libgcc, which the end of a thread asks for, is loaded before, since nobody may not be able to look for
 * it. Certificates are made anew each time. */
#include "tests/system/front.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/certificate.h"

enum { START_MS = 10000, CONNECTIONS_MAX = 8192 };

static const char *const programs[FRONT_PART_COUNT] = {"/usr/sbin/apache2", "/usr/bin/microsocks",
                                                       "/usr/bin/tinyproxy"};
static const char *const packages[FRONT_PART_COUNT] = {"apache2-bin", "microsocks", "tinyproxy-bin"};

/* Its own paths are relative to ServerRoot. The log: which connection, protocol, type of the body, path. */
static const char apache_config[] = "ServerName localhost\n"
                                    "ServerRoot %s\n"
                                    "DefaultRuntimeDir .\n"
                                    "PidFile pid\n"
                                    "User #65534\n"
                                    "Group #65534\n"
                                    "ErrorLog error.log\n"
                                    "LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\n"
                                    "LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\n"
                                    "LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so\n"
                                    "LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so\n"
                                    "LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so\n"
                                    "LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so\n"
                                    "ThreadsPerChild 64\n"
                                    "MaxRequestWorkers 64\n"
                                    "ServerLimit 1\n"
                                    "Listen 127.0.0.1:%d\n"
                                    "SSLEngine on\n"
                                    "SSLCertificateFile cert.pem\n"
                                    "SSLCertificateKeyFile key.pem\n"
                                    "Protocols h2 http/1.1\n"
                                    "KeepAliveTimeout 100\n"
                                    "MaxKeepAliveRequests 0\n"
                                    "ProxyPass / %s/\n"
                                    "LogFormat \"%%{remote}p %%H %%{Content-Type}i %%U\" seen\n"
                                    "CustomLog access.log seen\n";

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, length) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &length) == 0 && close(fd) == 0);
    return ntohs(address.sin_port);
}

static bool listens(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return good;
}

static char *path_in(const struct front *front, const char *name)
{
    return arena_format(&front->world->arena, "%s/%s", front->dir, name);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void make_certificates(const struct front *front)
{
    struct certificate authority = certificate_new(NULL, NULL, 24L * 3600);
    struct certificate server = certificate_new(&authority, "DNS:localhost", 24L * 3600);
    certificate_write(&authority, arena_format(&front->world->arena, "%s/ca.pem", front->world->dir), NULL);
    certificate_write(&server, path_in(front, "cert.pem"), path_in(front, "key.pem"));
    certificate_free(&authority);
    certificate_free(&server);
}

static void write_configs(const struct front *front)
{
    struct arena *arena = &front->world->arena;
    write_text(path_in(front, "front.conf"),
               arena_format(arena, apache_config, front->dir, front->ports[FRONT_TLS], front->world->base));
    write_text(path_in(front, "tinyproxy.conf"),
               arena_format(arena, "Port %d\nListen 127.0.0.1\nTimeout 600\nBasicAuth %s %s\n",
                            front->ports[FRONT_CONNECT], FRONT_USER, FRONT_PASSWORD));
}

static struct front *only; /* for the end of a failing test: a new user forgets whose death it was to die with */

static void leave(void)
{
    front_end(only);
}

void front_begin(struct front *front, struct world *world)
{
    *front = (struct front){.world = world};
    (void)snprintf(front->dir, sizeof front->dir, "%s/front", world->dir);
    for (int part = 0; part < FRONT_PART_COUNT; part++) {
        if (access(programs[part], X_OK) != 0) {
            fprintf(stderr, "%s is missing: apt-get install %s (or tests/install)\n", programs[part], packages[part]);
            exit(1);
        }
        front->ports[part] = free_port();
    }
    CHECK(mkdir(front->dir, 0700) == 0);
    make_certificates(front);
    write_configs(front);
    only = front;
    (void)atexit(leave);
    for (int part = 0; part < FRONT_PART_COUNT; part++)
        front_start(front, (enum front_part)part);
    (void)snprintf(world->api, sizeof world->api, "https://localhost:%d", front->ports[FRONT_TLS]);
}

void front_start(struct front *front, enum front_part part)
{
    char port[16];
    (void)snprintf(port, sizeof port, "%d", front->ports[part]);
    const char *const args[FRONT_PART_COUNT][12] = {
        {"/usr/bin/env", "LD_PRELOAD=libgcc_s.so.1", programs[FRONT_TLS], "-X", "-f", path_in(front, "front.conf"),
         NULL},
        {programs[FRONT_SOCKS], "-i", "127.0.0.1", "-p", port, "-u", FRONT_USER, "-P", FRONT_PASSWORD, NULL},
        {programs[FRONT_CONNECT], "-d", "-c", path_in(front, "tinyproxy.conf"), NULL}};
    int64_t end_ms = net_now_ms() + START_MS;
    int status;
    front->pids[part] = world_spawn(args[part], path_in(front, part == FRONT_TLS ? "output.log" : "proxies.log"));
    while (!listens(front->ports[part])) {
        if (waitpid(front->pids[part], &status, WNOHANG) != 0 || net_now_ms() > end_ms) {
            fprintf(stderr, "%s does not start:\n%s%s", programs[part], world_read(path_in(front, "output.log")),
                    world_read(path_in(front, "proxies.log")));
            exit(1);
        }
        (void)usleep(20 * 1000);
    }
}

void front_stop(struct front *front, enum front_part part)
{
    if (front->pids[part] == 0)
        return;
    (void)kill(front->pids[part], SIGKILL);
    (void)waitpid(front->pids[part], NULL, 0);
    front->pids[part] = 0;
}

void front_end(struct front *front)
{
    for (int part = 0; part < FRONT_PART_COUNT; part++)
        front_stop(front, (enum front_part)part);
}

const char *front_proxy(const struct front *front, enum front_part part, const char *password)
{
    return arena_format(&front->world->arena, "%s://%s%s%s@127.0.0.1:%d", part == FRONT_SOCKS ? "socks5h" : "http",
                        FRONT_USER, password == NULL ? "" : ":", password == NULL ? "" : password, front->ports[part]);
}

static bool is_new(int *known, int *count, int port)
{
    for (int i = 0; i < *count; i++)
        if (known[i] == port)
            return false;
    CHECK(*count < CONNECTIONS_MAX);
    known[(*count)++] = port;
    return true;
}

struct front_seen front_look(const struct front *front)
{
    static int known[CONNECTIONS_MAX];
    struct front_seen seen = {0};
    char *text = world_read(path_in(front, "access.log")), *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
        bool h2 = strstr(line, " HTTP/2") != NULL, poll = strstr(line, "/getUpdates") != NULL;
        bool upload = strstr(line, "multipart/form-data") != NULL, download = strstr(line, "/file/bot") != NULL;
        bool fresh = is_new(known, &seen.connections, (int)strtol(line, NULL, 10));
        seen.requests++;
        seen.over_h2 += h2;
        seen.polls += poll;
        seen.uploads += upload;
        seen.downloads += download;
        seen.large_h2 += h2 && (poll || upload || download);
        seen.small_h1 += !h2 && !poll && !upload && !download;
        seen.h2_connections += h2 && fresh;
    }
    free(text);
    return seen;
}

void front_tell(const struct front_seen *seen)
{
    printf("front: %d requests (%d small ones over HTTP/2, %d over HTTP/1.1; %d polls, %d uploads, %d downloads)"
           " on %d TLS connections (%d HTTP/2)\n",
           seen->requests, seen->over_h2, seen->small_h1, seen->polls, seen->uploads, seen->downloads,
           seen->connections, seen->h2_connections);
}
