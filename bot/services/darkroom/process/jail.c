/* The walls round the decoders. A decoder that a hostile picture has taken over finds no network, no files, no other
 * processes and a hard end of memory; the most it can do is answer nonsense, and the daemon checks answers.
 *
 * The seccomp filter is an allow-list (what memory, threads, time and fd 3 need); everything else is EPERM and not a
 * kill, because libraries probe for things (a config file, a font) and live well without. A foreign syscall table is
 * killed. libvips makes threads, so clone is allowed for threads only; clone3 hides its flags from filters, so it is
 * ENOSYS and glibc falls back to clone. */
#include "bot/services/darkroom/process/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bot/services/darkroom/wire.h"

#if defined(__x86_64__)
#define JAIL_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define JAIL_ARCH AUDIT_ARCH_AARCH64
#endif

/* AddressSanitizer reserves terabytes of address space for itself, so that limit is left out under it. */
#if defined(__SANITIZE_ADDRESS__)
#define JAIL_LIMIT_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define JAIL_LIMIT_MEMORY 0
#endif
#endif
#ifndef JAIL_LIMIT_MEMORY
#define JAIL_LIMIT_MEMORY 1
#endif

enum { JAIL_THREAD_FLAG = 0x00010000 /* CLONE_THREAD, which needs _GNU_SOURCE */, JAIL_FD_MAX = 65536 };
#define JAIL_MEMORY_MAX_BYTES ((rlim_t)1536 * 1024 * 1024)

static bool set_limit(int which, rlim_t value)
{
    struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    return setrlimit((__rlimit_resource_t)which, &limit) == 0;
}

void jail_close_inherited(void)
{
    struct rlimit limit = {0};
    int end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < JAIL_FD_MAX ? (int)limit.rlim_cur : JAIL_FD_MAX;
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)WIRE_FD + 1, ~0u, 0) == 0)
        return;
#endif
    for (int fd = WIRE_FD + 1; fd < end; fd++)
        (void)close(fd);
}

#ifdef JAIL_ARCH
#define ALLOW(name)                                                                                                    \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define DENY_AS(name, code)                                                                                            \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)SYS_##name, 0, 1),                                                   \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)(code))
/* Allowed when the low half of an argument has this bit (or, next, equals this value); re-reads the number after. */
#define ALLOW_IF_BIT(name, arg, bit)                                                                                   \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)SYS_##name, 0, 4),                                                   \
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[arg])),                        \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(bit), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),     \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define ALLOW_IF_EQUAL(name, arg, value)                                                                               \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)SYS_##name, 0, 4),                                                   \
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[arg])),                        \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),    \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

/* What the process may still ask of the kernel. */
static const struct sock_filter PROGRAM[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, JAIL_ARCH, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, nr)),
    ALLOW(read),
    ALLOW(write),
    ALLOW(readv),
    ALLOW(writev),
    ALLOW(close),
    ALLOW(lseek),
    ALLOW(fstat),
    ALLOW(ppoll),
    ALLOW(mmap),
    ALLOW(munmap),
    ALLOW(mremap),
    ALLOW(mprotect),
    ALLOW(madvise),
    ALLOW(brk),
    ALLOW(futex),
    ALLOW(sched_yield),
    ALLOW(sched_getaffinity),
    ALLOW(set_robust_list),
    ALLOW(exit),
    ALLOW(exit_group),
    ALLOW(rt_sigaction),
    ALLOW(rt_sigprocmask),
    ALLOW(rt_sigreturn),
    ALLOW(sigaltstack),
    ALLOW(restart_syscall),
    ALLOW(clock_gettime),
    ALLOW(clock_nanosleep),
    ALLOW(nanosleep),
    ALLOW(gettimeofday),
    ALLOW(getpid),
    ALLOW(gettid),
    ALLOW(getrusage),
    ALLOW(getrandom),
    ALLOW(uname),
    ALLOW(sysinfo),
#ifdef SYS_rseq
    ALLOW(rseq),
#endif
#ifdef SYS_poll
    ALLOW(poll),
#endif
#ifdef SYS_time
    ALLOW(time),
#endif
#ifdef SYS_clone3
    DENY_AS(clone3, ENOSYS),
#endif
    DENY_AS(openat, EACCES),
    ALLOW_IF_BIT(clone, 0, JAIL_THREAD_FLAG),
    ALLOW_IF_EQUAL(prctl, 0, PR_SET_NAME),
    ALLOW_IF_EQUAL(prlimit64, 2, 0), /* reading a limit only */
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
};

static enum err install_filter(void)
{
    struct sock_filter program[sizeof PROGRAM / sizeof *PROGRAM];
    memcpy(program, PROGRAM, sizeof PROGRAM);
    struct sock_fprog filter = {.len = (unsigned short)(sizeof PROGRAM / sizeof *PROGRAM), .filter = program};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0)
        return ERR_UNSUPPORTED;
    return ERR_OK;
}
#else
static enum err install_filter(void)
{
    return ERR_UNSUPPORTED;
}
#endif

enum err jail_enter(bool strict)
{
    bool limited = set_limit(RLIMIT_CORE, 0) && set_limit(RLIMIT_FSIZE, 0) && set_limit(RLIMIT_NOFILE, WIRE_FD + 1) &&
                   (!JAIL_LIMIT_MEMORY || set_limit(RLIMIT_AS, JAIL_MEMORY_MAX_BYTES));
    if (!limited || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return ERR_IO;
    enum err err = install_filter();
    return err == ERR_UNSUPPORTED && !strict ? ERR_OK : err;
}

bool jail_holds(void)
{
    char *const argv[] = {(char[]){"/bin/true"}, NULL};
    return socket(AF_INET, SOCK_STREAM, 0) < 0 && socket(AF_UNIX, SOCK_STREAM, 0) < 0 &&
           open("/dev/null", O_RDONLY) < 0 && open("/tmp", O_WRONLY | O_DIRECTORY) < 0 &&
           execve("/bin/true", argv, argv + 1) < 0 && fork() < 0 && kill(getppid(), 0) < 0;
}
