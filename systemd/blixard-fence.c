/*
 * blixard-fence: what PID 1 runs when this host's lease has run out. It kills every strict VM, and is done only when
 * the kernel says that none is left.
 *
 *   blixard-fence NUMBER        removes the lease, then empties blixard-strict.slice; NUMBER names the deadline
 *   blixard-fence canary        the same with the lease and the slice of the canary, which no VM is in
 *   blixard-fence install FILE  copies itself to FILE, with a rename, so that FILE is whole or not there
 *   blixard-fence wait          does nothing for ever: the canary's process
 *
 * Exit status 0: done. 2: used wrongly, or there is no cgroup v2 here: nothing can be proven. Otherwise it goes on, and
 * the unit's limit of time resets the host (docs/decisions/0021-the-fence-on-the-host.md).
 *
 * No C library, no allocation, no file but those it is for: everything it needs is in its own pages, on a tmpfs, for
 * the case that the disk under / no longer answers. Built by scripts/build-fence.
 */

#if defined(__x86_64__)
enum { SYS_read = 0, SYS_write = 1, SYS_close = 3, SYS_nanosleep = 35, SYS_exit = 231, SYS_openat = 257,
       SYS_unlinkat = 263, SYS_renameat = 264, SYS_fchmod = 91 };

static long call(long number, long a, long b, long c, long d)
{
    register long r10 __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}

__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#elif defined(__aarch64__)
enum { SYS_read = 63, SYS_write = 64, SYS_close = 57, SYS_nanosleep = 101, SYS_exit = 94, SYS_openat = 56,
       SYS_unlinkat = 35, SYS_renameat = 38, SYS_fchmod = 52 };

static long call(long number, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}

__asm__(".globl _start\n_start:\n mov x29, #0\n mov x0, sp\n bl begin\n");
#else
#error "blixard-fence knows the system calls of x86_64 and aarch64 only"
#endif

enum { AT_FDCWD = -100, O_RDONLY = 0, O_WRONLY = 1, O_CREAT = 0100, O_TRUNC = 01000, O_CLOEXEC = 02000000, ENOENT = 2 };

/* Absent on a host whose cgroup v2 is not mounted here: then a missing slice proves nothing. */
static const char V2_ROOT[] = "/sys/fs/cgroup/cgroup.controllers";

struct target {
    const char *lease, *events, *kill;
};

static const struct target STRICT = {
    "/run/blixard/lease",
    "/sys/fs/cgroup/blixard.slice/blixard-strict.slice/cgroup.events",
    "/sys/fs/cgroup/blixard.slice/blixard-strict.slice/cgroup.kill",
};

static const struct target CANARY = {
    "/run/blixard/canary",
    "/sys/fs/cgroup/blixard.slice/blixard-canary.slice/cgroup.events",
    "/sys/fs/cgroup/blixard.slice/blixard-canary.slice/cgroup.kill",
};

static void leave(int status)
{
    for (;;)
        call(SYS_exit, status, 0, 0, 0);
}

static void pause_ms(long milliseconds)
{
    long time[2] = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
    call(SYS_nanosleep, (long)time, 0, 0, 0);
}

static long open_file(const char *path, long flags, long mode)
{
    return call(SYS_openat, AT_FDCWD, (long)path, flags | O_CLOEXEC, mode);
}

static int same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

/* Whether the text has "populated 0" in it (cgroup v2, cgroup.events). */
static int says_empty(const char *text, long length)
{
    static const char word[] = "populated 0";
    const long size = sizeof word - 1;
    for (long at = 0; at + size <= length; at++) {
        long i = 0;
        while (i < size && text[at + i] == word[i])
            i++;
        if (i == size && (at + size == length || text[at + size] == '\n'))
            return 1;
    }
    return 0;
}

/* True if no process is in the slice: the kernel says so, or there is no such cgroup. */
static int is_empty(const struct target *target)
{
    char text[256];
    long file = open_file(target->events, O_RDONLY, 0);
    if (file < 0)
        return file == -ENOENT;
    long length = call(SYS_read, file, (long)text, sizeof text, 0);
    call(SYS_close, file, 0, 0, 0);
    return length > 0 && says_empty(text, length);
}

static void kill_all(const struct target *target)
{
    long file = open_file(target->kill, O_WRONLY, 0);
    if (file < 0)
        return;
    call(SYS_write, file, (long)"1", 1, 0);
    call(SYS_close, file, 0, 0, 0);
}

/* The lease goes first: what passed the gate before is in the slice and dies, what comes later finds no lease. */
static void fence(const struct target *target)
{
    long root = open_file(V2_ROOT, O_RDONLY, 0);
    if (root < 0)
        leave(2);
    for (;;) {
        long removed = call(SYS_unlinkat, AT_FDCWD, (long)target->lease, 0, 0);
        kill_all(target);
        if ((removed == 0 || removed == -ENOENT) && is_empty(target))
            leave(0);
        pause_ms(50);
    }
}

static void install(const char *path)
{
    static char beside[4096], block[65536];
    static const char suffix[] = ".new";
    long size = 0, from, to, length;
    while (path[size] && size < (long)(sizeof beside - sizeof suffix))
        beside[size] = path[size], size++;
    if (path[size])
        leave(2);
    for (long i = 0; i < (long)sizeof suffix; i++)
        beside[size + i] = suffix[i];
    from = open_file("/proc/self/exe", O_RDONLY, 0);
    to = open_file(beside, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    if (from < 0 || to < 0)
        leave(1);
    while ((length = call(SYS_read, from, (long)block, sizeof block, 0)) > 0)
        if (call(SYS_write, to, (long)block, length, 0) != length)
            leave(1);
    /* Whatever the umask was. */
    if (length < 0 || call(SYS_fchmod, to, 0755, 0, 0) < 0 || call(SYS_close, to, 0, 0, 0) < 0)
        leave(1);
    leave(call(SYS_renameat, AT_FDCWD, (long)beside, AT_FDCWD, (long)path) < 0 ? 1 : 0);
}

static int is_number(const char *text)
{
    const char *at = text;
    while (*at >= '0' && *at <= '9')
        at++;
    return at > text && !*at;
}

/* stack: argc, argv[0], argv[1] ... as the kernel leaves it (execve(2)). */
__attribute__((noreturn, used)) void begin(const long *stack)
{
    const char *const *argument = (const char *const *)(stack + 1);
    if (stack[0] == 2 && is_number(argument[1]))
        fence(&STRICT);
    if (stack[0] == 2 && same(argument[1], "canary"))
        fence(&CANARY);
    if (stack[0] == 3 && same(argument[1], "install"))
        install(argument[2]);
    if (stack[0] == 2 && same(argument[1], "wait"))
        for (;;)
            pause_ms(3600000);
    leave(2);
    __builtin_unreachable();
}
